"""Strict schemas outside the subset that structured outputs support, as OpenAI documents it; other servers differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.diagnostics import Location
from reconciler.rules.rule import JudgedResource, Rule, RuleFinding
from reconciler.rules.settings import RuleSettings
from reconciler.source import Node, fields, items, member

_UNSUPPORTED: Final = (
    "allOf", "contains", "dependentRequired", "dependentSchemas", "else", "if", "maxContains", "maxProperties",
    "minContains", "minProperties", "not", "oneOf", "patternProperties", "propertyNames", "then", "unevaluatedItems",
    "unevaluatedProperties", "uniqueItems",
)  # fmt: skip
_FORMATS: Final = ("date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uuid")
_NAMED: Final = ("properties", "$defs", "definitions")
_ONE: Final = ("additionalProperties", "else", "if", "items", "not", "then")
_SEVERAL: Final = ("anyOf", "allOf", "oneOf", "prefixItems")
_LEVELS: Final = 10
_PROPERTIES: Final = 5_000
_CHARACTERS: Final = 120_000
_ENUM_VALUES: Final = 1_000
_LONG_ENUM: Final = 250
_ENUM_CHARACTERS: Final = 15_000
_LEAVE: Final = "or leave `strict` out"
_INSTEAD: Final = {"oneOf": "write `anyOf`", "allOf": "write its members out"}


@dataclass(slots=True)
class _Sizes:
    """What a whole schema comes to."""

    properties: int = 0
    characters: int = 0
    enum_values: int = 0
    levels: int = 0
    deepest: Location = field(default_factory=lambda: Location(""))


def _outside_subset(
    resource: JudgedResource, settings: RuleSettings, sources: Mapping[str, str]
) -> Iterator[RuleFinding]:
    for schema in _strict_schemas(resource):
        sizes = _Sizes()
        yield from _of_root(schema)
        yield from _of_part(schema, sizes, 0)
        yield from _of_sizes(schema, sizes)


def _strict_schemas(resource: JudgedResource) -> Iterator[Node]:
    answer = member(member(resource.body, "response_format"), "json_schema")
    named = (("parameters", each) for each in resource.functions())
    for name, holder in (*named, ("schema", answer)):
        strict, schema = member(holder, "strict"), member(holder, name)
        if strict is not None and strict.value is True and schema is not None and fields(schema):
            yield schema


def _of_root(schema: Node) -> Iterator[RuleFinding]:
    stated = member(schema, "type")
    if "anyOf" in fields(schema):
        message = "The root of a strict schema may not be `anyOf`."
        yield RuleFinding(schema.keys.get("anyOf", schema.place), message, f"put it into a property, {_LEAVE}")
    elif stated is not None and stated.value != "object":
        message = "The root of a strict schema must be an object."
        yield RuleFinding(stated.place, message, f"put it into a property, {_LEAVE}")


def _of_part(part: Node, sizes: _Sizes, level: int) -> Iterator[RuleFinding]:
    """What is wrong with a schema and all that it holds; adds to the sizes of the whole."""
    if level > sizes.levels:
        sizes.levels, sizes.deepest = level, part.place
    yield from _of_keywords(part)
    yield from _of_enum(part, sizes)
    sizes.properties += len(fields(member(part, "properties")))
    sizes.characters += sum(len(key) for name in _NAMED for key in fields(member(part, name)))
    for inner in _schemas_within(part):
        yield from _of_part(inner, sizes, level + ("properties" in fields(inner)))


def _schemas_within(part: Node) -> Iterator[Node]:
    members = fields(part)
    yield from (inner for name in _NAMED for inner in fields(members.get(name)).values())
    yield from (members[name] for name in _ONE if name in members)
    yield from (inner for name in _SEVERAL for inner in items(members.get(name)))


def _of_keywords(part: Node) -> Iterator[RuleFinding]:
    for name in (name for name in fields(part) if name in _UNSUPPORTED):
        remedy = f"{_INSTEAD.get(name, 'say it in the description instead')}, {_LEAVE}"
        yield RuleFinding(part.keys.get(name, part.place), f"Structured outputs do not support `{name}`.", remedy)
    stated = member(part, "format")
    if stated is not None and isinstance(stated.value, str) and stated.value not in _FORMATS:
        message = f"Structured outputs do not support the format `{stated.value}`."
        yield RuleFinding(stated.place, message, f"say it in the description instead, {_LEAVE}")


def _of_enum(part: Node, sizes: _Sizes) -> Iterator[RuleFinding]:
    values = items(member(part, "enum"))
    characters = sum(len(str(each.value)) for each in values)
    sizes.enum_values += len(values)
    sizes.characters += characters + len(str(getattr(member(part, "const"), "value", "")))
    if len(values) > _LONG_ENUM and characters > _ENUM_CHARACTERS:
        message = (
            f"An enum of {len(values):,} values has {characters:,} characters; {_ENUM_CHARACTERS:,} are supported."
        )
        yield RuleFinding(part.keys.get("enum", part.place), message, f"shorten it, {_LEAVE}")


def _of_sizes(schema: Node, sizes: _Sizes) -> Iterator[RuleFinding]:
    if sizes.levels > _LEVELS:
        message = f"A strict schema nests {sizes.levels} levels deep; {_LEVELS} are supported."
        yield RuleFinding(sizes.deepest, message, f"flatten it, {_LEAVE}")
    for count, most, what in (
        (sizes.properties, _PROPERTIES, "properties"),
        (sizes.enum_values, _ENUM_VALUES, "enum values"),
        (sizes.characters, _CHARACTERS, "characters of names and values"),
    ):
        if count > most:
            message = f"A strict schema has {count:,} {what}; {most:,} are supported."
            yield RuleFinding(schema.place, message, f"shorten it, {_LEAVE}")


STRICT_SUBSET = Rule(
    "strict-subset", "warning", "A strict schema has what structured outputs do not support.", _outside_subset
)
