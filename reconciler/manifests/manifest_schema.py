"""The JSON Schema of a kind's manifests: its fields, references, the `reconciler:` block and environments' patches.

Whatever the parser accepts is accepted. So what a patch may supply is required only where there are no patches, and
members that are not known here are errors only where `unknown_members` lists none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final, TypeAlias

from reconciler.kinds import Kind
from reconciler.kinds.model_schema import Schema, model_schema, nullable, types_of, united
from reconciler.manifests.block import PATCHED, ReconcilerBlock
from reconciler.manifests.references import may_hold_file, may_hold_value

_Steps: TypeAlias = tuple[str, ...]
_Rewrite: TypeAlias = Callable[[Schema, _Steps], Schema]

_WHOLE: Final = ("required", "maxProperties", "propertyNames", "patternProperties", "if", "then", "else")
"""What holds for a field once the patch of an environment is merged into it."""
_REFERENCES: Final[Schema] = {
    "file": {
        "description": "The file that has the content: `.md` and `.txt` are text, `.json`, `.yaml` and `.yml` data.",
        "type": "string",
    },
    "files": {
        "description": "Text files, joined by one blank line.",
        "type": "array",
        "items": {"type": "string"},
        "minItems": 1,
    },
    "value": {"description": "The name of a text under `values` of the environment.", "type": "string"},
}
_LIKE_A_FILE: Final = {"description": _REFERENCES["file"]["description"]}
"""What is a reference only where it stands alone, in a mapping that may have any members."""


def manifest_schema(kind: Kind) -> Schema:
    """What a manifest of the kind may be."""
    fields = {name: _referring(schema, (name,)) for name, schema in _field_schemas(kind).items()}
    whole = {"properties": fields, "required": [name for name, rules in kind.table.items() if rules.required]}
    named = {name: {"$ref": f"#/definitions/{name}"} for name in fields}
    known: Schema = {"$ref": "#/definitions/known"}
    block = _block_schema(kind, named)
    patches = _description_of(block["properties"]["environments"]) | {"additionalProperties": known}
    in_patches = {"reconciler": _description_of(block) | {"properties": {"environments": patches}}}
    return {
        "type": "object",
        "properties": {**named, "reconciler": block},
        "additionalProperties": False,
        "allOf": [
            {
                "if": {"not": _states("environments")},
                "then": _requirements(whole),
            },
            {"if": {"not": _states("unknown_members")}, "then": {"allOf": [known], "properties": in_patches}},
        ],
        "definitions": {
            **{name: _unclosed(_patchable(schema)) for name, schema in fields.items()},
            "known": {"properties": {name: found for name, schema in fields.items() if (found := _closed(schema))}},
            **dict(map(_reference, (("file", "files", "value"), ("file",), ("value",)))),
        },
    }


def _field_schemas(kind: Kind) -> dict[str, Schema]:
    fields: dict[str, Schema] = model_schema(kind.model)["properties"]
    usual = {name: rules.default for name, rules in kind.table.items()}
    short = {name: value for name, value in usual.items() if not isinstance(value, dict | list | None)}
    return {name: schema | ({"default": short[name]} if name in short else {}) for name, schema in fields.items()}


def _states(name: str) -> Schema:
    """A manifest whose block has the member."""
    return {"required": ["reconciler"], "properties": {"reconciler": {"type": "object", "required": [name]}}}


def _block_schema(kind: Kind, fields: Schema) -> Schema:
    block = model_schema(ReconcilerBlock)
    members = block["properties"]
    patch = {
        "type": ["object", "boolean"],
        "anyOf": [{"enum": [False]}, {"type": "object"}],
        "properties": {**fields, **{name: members[name] for name in PATCHED}},
        "additionalProperties": False,
    }
    members["kind"] |= {"enum": [kind.name, None]}
    members["environments"] |= {"additionalProperties": patch}
    return {"description": "The settings of reconciler itself, which are never sent.", **nullable(block)}


# References


def _referring(schema: Schema, path: _Steps) -> Schema:
    """The schema, with references wherever the parser takes them."""
    schema = _deeper(schema, path, _referring)
    names = _reference_names(path, is_text="string" in types_of(schema))
    if not names or types_of(schema) == ("null",):
        return schema
    if "object" not in types_of(schema):
        return united(schema, {"type": "object", "allOf": [{"$ref": f"#/definitions/{_reference(names)[0]}"}]})
    if "properties" not in schema:
        return {**schema, "properties": {"file": _LIKE_A_FILE}}
    return _or_reference(schema, names)


def _or_reference(schema: Schema, names: Collection[str]) -> Schema:
    """A mapping that is a reference where it has a member of one: nothing else is required then, nor taken."""
    requirements = {key: schema[key] for key in ("required",) if key in schema}
    if cases := [each for each in schema.get("allOf", ()) if _is_case(each)]:
        requirements["allOf"] = cases
    less = {key: value for key, value in schema.items() if key not in ("required", "allOf")}
    members = {**schema["properties"], **{name: _REFERENCES[name] for name in names}}
    is_reference = {"anyOf": [{"required": [name]} for name in names]}
    return {**less, "properties": members, "if": is_reference, "then": {"maxProperties": 1}, "else": requirements}


def _reference_names(path: _Steps, *, is_text: bool) -> tuple[str, ...]:
    holds_file, holds_value = may_hold_file(path), is_text and may_hold_value(path)
    files = ("file", "files") if is_text else ("file",)
    return (*(files if holds_file else ()), *(("value",) if holds_value else ()))


def _reference(names: Collection[str]) -> tuple[str, Schema]:
    """What references with one of these names are called, and what they may be."""
    name = "text_reference" if len(names) > 1 else f"{next(iter(names))}_reference"
    members = {each: _REFERENCES[each] for each in names}
    only_one = [{"maxProperties": 1}]  # apart from the members: with it beside them, editors offer none of them
    return name, {"properties": members, "additionalProperties": False, "minProperties": 1, "allOf": only_one}


# Parts of a schema


def _deeper(schema: Schema, path: _Steps, rewrite: _Rewrite) -> Schema:
    """The schema with everything within it rewritten."""
    within = {name: rewrite(inner, (*path, name)) for name, inner in schema.get("properties", {}).items()}
    changed: Schema = {"properties": within} if within else {}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict) and schema[key]:
            changed[key] = rewrite(schema[key], (*path, "*"))
    if "allOf" in schema:
        cases = [each | {"then": _deeper(each["then"], path, rewrite)} for each in schema["allOf"] if "then" in each]
        changed["allOf"] = [*cases, *(each for each in schema["allOf"] if "then" not in each)]
    return {**schema, **changed}


def _is_case(rule: Any) -> bool:
    """Whether a rule of a mapping depends on its type, which a patch may change."""
    return "properties" in rule.get("if", ())


def _requirements(schema: Schema) -> Schema:
    """What only the whole field has to meet, once patches are merged into it: which members it has."""
    own: Schema = {key: schema[key] for key in _WHOLE if key in schema}
    if cases := [each for each in schema.get("allOf", ()) if _is_case(each)]:
        own["allOf"] = cases
    members = schema.get("properties", {})
    if within := {name: found for name, inner in members.items() if (found := _requirements(inner))}:
        own["properties"] = within
    return _description_of(schema) | own if own else {}


def _patchable(schema: Schema) -> Schema:
    """The rest of the schema: what a part of the field has to meet as well."""
    less = {key: value for key, value in schema.items() if key not in (*_WHOLE, "allOf")}
    if rules := [each for each in schema.get("allOf", ()) if not _is_case(each)]:
        less["allOf"] = rules
    if "properties" in schema:
        less["properties"] = {name: _patchable(inner) for name, inner in schema["properties"].items()}
    return less


def _unclosed(schema: Schema, path: _Steps = ()) -> Schema:
    """The schema without its word on members that it does not know."""
    less = _deeper(schema, path, _unclosed)
    return {key: value for key, value in less.items() if (key, value) != ("additionalProperties", False)}


def _closed(schema: Schema) -> Schema:
    """What the schema says of members that it does not know, and nothing else."""
    closed = schema.get("additionalProperties") is False
    within = {name: _closed(inner) for name, inner in schema.get("properties", {}).items()}
    kept = {name: found or True for name, found in within.items() if found or closed}
    found: Schema = {"properties": kept} if kept else {}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict) and (inner := _closed(schema[key])):
            found[key] = inner
    cases = [{**each, "then": inner} for each in schema.get("allOf", ()) if (inner := _closed(each.get("then", {})))]
    found |= ({"allOf": cases} if cases else {}) | ({"additionalProperties": False} if closed else {})
    return _description_of(schema) | found if found else {}


def _description_of(schema: Schema) -> Schema:
    """The description, which every part needs that an editor may look at."""
    return {key: value for key, value in schema.items() if key == "description"}
