"""The JSON Schema of what people write for a pydantic model: its fields with types, limits and descriptions.

It is flat: what a text, a list and a mapping may be stands side by side in one schema, so that an editor names the
member that is wrong instead of "no alternative fits". It is not made by pydantic, so that files in repositories stay
the same whichever version is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo

from reconciler.kinds.fields import FieldPart, ValueLimits
from reconciler.model import NAME, NAME_RULE

Schema: TypeAlias = dict[str, Any]

NAME_SCHEMA: Final[Schema] = {
    "type": "string",
    "pattern": f"^{NAME.pattern}$",
    "patternErrorMessage": f"Write {NAME_RULE}.",
}
"""What stacks, environments and keys are called."""
WRITTEN_BY: Final = "written by reconciler schema"
"""How the comment of a schema begins that is a file for editors."""
_TYPES: Final[dict[Any, str]] = {str: "string", bool: "boolean", int: "integer", float: "number", NoneType: "null"}
_TYPE_OF_TOOL: Final = "The type of the tool."


@dataclass(frozen=True, slots=True)
class WrittenAs:
    """Beside a type: what its JSON Schema becomes, since more may be written than the type says."""

    change: Callable[[Schema], Schema]


def nullable(schema: Schema) -> Schema:
    """The schema of what may be null as well."""
    return united(schema, {"type": "null"})


def one_or_more(listed: Schema) -> Schema:
    """The schema of a list that may be written as its only entry."""
    return united(listed["items"], listed)


def united(*schemas: Schema) -> Schema:
    """One schema for values that any of the schemas takes; no two of them are for one type of JSON."""
    if any(not schema for schema in schemas):
        return {}
    types = dict.fromkeys(each for schema in schemas for each in types_of(schema))
    whole: Schema = {"type": next(iter(types)) if len(types) == 1 else list(types)}
    for schema in schemas:
        rules = [*whole.get("allOf", ()), *schema.get("allOf", ())]
        whole |= {key: value for key, value in schema.items() if key not in ("type", "enum", "anyOf", "allOf")}
        whole |= {"allOf": rules} if rules else {}
    listed = [each for schema in schemas for each in _enums(schema)]
    others = [name for name in types if name != "string" or any(_is_free_text(schema) for schema in schemas)]
    if listed:
        whole["anyOf"] = [*listed, *([{"type": others}] if others else [])]
    return whole


def types_of(schema: Schema) -> tuple[str, ...]:
    """The types of JSON that values of the schema have."""
    if "enum" in schema:
        return ("string",)
    stated = schema.get("type", ())
    return (stated,) if isinstance(stated, str) else tuple(stated)


def _enums(schema: Schema) -> list[Schema]:
    """Every list of words in the schema."""
    own = [{"enum": schema["enum"]}] if "enum" in schema else []
    return [*own, *(each for each in schema.get("anyOf", ()) if "enum" in each)]


def _is_free_text(schema: Schema) -> bool:
    others = [each["type"] for each in schema.get("anyOf", ()) if "type" in each]
    return "string" in types_of(schema) and (not _enums(schema) or any("string" in each for each in others))


def model_schema(model: type[BaseModel]) -> Schema:
    """What a mapping of the model may be: its members, each with its description, and nothing else."""
    members = {info.alias or name: info for name, info in model.model_fields.items()}
    schema: Schema = {
        "type": "object",
        "properties": {name: field_schema(info, _usual(model, name)) for name, info in members.items()},
    }
    if needed := [name for name, info in members.items() if info.is_required() or name in _needed(model)]:
        schema["required"] = needed
    if not (issubclass(model, FieldPart) and model.takes_others):
        schema["additionalProperties"] = False
    return schema | _rules_by_type(model)


def field_schema(info: FieldInfo, usual: Any = None) -> Schema:
    """What may be written for a field, with what it is where nothing is."""
    described = {} if info.description is None else {"description": info.description}
    schema = _with_metadata(value_schema(info.annotation), info.metadata)
    return {**described, **schema, **({} if usual is None else {"default": usual})}


def value_schema(annotation: Any) -> Schema:
    """What a value of a type may be."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        return _with_metadata(value_schema(inner), metadata)
    if annotation in _TYPES:
        return {"type": _TYPES[annotation]}
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return model_schema(annotation)
    return _of_generic(get_origin(annotation), get_args(annotation))


def _of_generic(origin: Any, arguments: tuple[Any, ...]) -> Schema:
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is list:
        return {"type": "array", "items": value_schema(arguments[0])}
    if origin is dict:
        names, values = map(value_schema, arguments)
        named = {key: value for key, value in names.items() if key != "type"}
        return {"type": "object", **({"propertyNames": named} if named else {}), "additionalProperties": values}
    if origin in (Union, UnionType):
        return _of_union(arguments)
    return {}


def _of_union(parts: Iterable[Any]) -> Schema:
    """Mappings that are told apart by their `type` are one schema, in which that decides the rest."""
    bare = [get_args(part)[0] if get_origin(part) is Annotated else part for part in parts]
    typed = {word: model for model in bare for word in _types_of_model(model)}
    if not typed:
        return united(*map(value_schema, parts))
    return _by_type({word: model_schema(model) for word, model in typed.items()})


def _types_of_model(model: Any) -> tuple[str, ...]:
    """The words by which a mapping is told from others."""
    info = model.model_fields.get("type") if isinstance(model, type) and issubclass(model, BaseModel) else None
    return get_args(info.annotation) if info is not None and get_origin(info.annotation) is Literal else ()


def _by_type(schemas: Mapping[str, Schema]) -> Schema:
    """A mapping whose `type` decides what else is in it; of an unknown type it may be anything."""
    told = [schema["properties"]["type"].get("description", "") for schema in schemas.values()]
    words = [{"enum": list(schemas), "enumDescriptions": told}, {"type": "string"}]
    known: Schema = {"description": _TYPE_OF_TOOL, "type": "string", "minLength": 1, "anyOf": words}
    cases = [{"if": _has_type(word), "then": schema} for word, schema in schemas.items()]
    return {"type": "object", "required": ["type"], "properties": {"type": known}, "allOf": cases}


def _has_type(word: str) -> Schema:
    return {"required": ["type"], "properties": {"type": {"const": word}}}


def _rules_by_type(model: type[BaseModel]) -> Schema:
    """Which members its `type` requires, and which it excludes."""
    if not (issubclass(model, FieldPart) and model.by_type):
        return {}
    names = dict.fromkeys(name for _, taken in model.by_type.values() for name in taken)
    cases = []
    for word, (needed, taken) in model.by_type.items():
        excluded = {name: {"type": "null"} for name in names if name not in taken}
        rule = {"required": list(needed)} if needed else {}
        cases.append({"if": _has_type(word), "then": rule | ({"properties": excluded} if excluded else {})})
    return {"allOf": cases}


def _needed(model: type[BaseModel]) -> tuple[str, ...]:
    return model.needed if issubclass(model, FieldPart) else ()


def _usual(model: type[BaseModel], name: str) -> Any:
    """The value that is the same as leaving a member out, where it is short."""
    same = model.same_as_absent.get(name, ()) if issubclass(model, FieldPart) else ()
    return next((value for value in same if not isinstance(value, dict | list)), None)


def _with_metadata(schema: Schema, metadata: Iterable[Any]) -> Schema:
    for each in metadata:
        if isinstance(each, WithJsonSchema):
            schema = dict(each.json_schema or {})
        elif isinstance(each, WrittenAs):
            schema = each.change(schema)
        elif isinstance(each, ValueLimits):
            schema = _limited(schema, each)
        elif isinstance(each, FieldInfo):
            schema = _with_metadata(schema, each.metadata)
        elif (least := getattr(each, "min_length", None)) is not None:
            schema = schema | {("minItems" if "array" in types_of(schema) else "minLength"): least}
    return schema


def _limited(schema: Schema, limits: ValueLimits) -> Schema:
    if limits.one_of:
        others = [{"type": name} for name in types_of(schema) if name != "string"]
        return united({"enum": list(limits.one_of)}, *others)
    return schema | dict(_limit_keywords(limits))


def _limit_keywords(limits: ValueLimits) -> Iterator[tuple[str, Any]]:
    if limits.longest is not None:
        # final newlines, a byte-order mark and CR do not count: a text with one is not judged
        yield "allOf", [{"if": {"not": {"pattern": "^\ufeff|\r|\n$"}}, "then": {"maxLength": limits.longest}}]
    if limits.between is not None:
        yield "minimum", limits.between[0]
        yield "maximum", limits.between[1]
    if limits.most is not None:
        yield "maxItems", limits.most
    if limits.name_of is not None:
        yield "pattern", f"^[A-Za-z0-9_-]{{1,{limits.name_of}}}$"
        yield "patternErrorMessage", f"Write 1 to {limits.name_of} letters of A to Z, digits, `_` and `-`."
