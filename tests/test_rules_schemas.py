"""Strict schemas: what structured outputs do not support, and where that is reported."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.diagnostics import Location
from reconciler.kinds import KINDS
from reconciler.rules import RULES, JudgedResource, RuleSettings
from reconciler.source import node_of

TEXT = {"type": "string"}

CONDITION = ("if", "not")


def nested(levels: int) -> dict[str, Any]:
    """A schema of objects within objects."""
    return {"type": "object", "properties": {"a": nested(levels - 1)}} if levels else TEXT


def having(**properties: Any) -> dict[str, Any]:
    """A schema with these properties."""
    return {"type": "object", "properties": properties}


OUTSIDE = {
    "a root that is a choice": ({"anyOf": [having(a=TEXT)]}, ["The root of a strict schema may not be `anyOf`."]),
    "a root that is a list": ({"type": "array", "items": TEXT}, ["The root of a strict schema must be an object."]),
    "a format": (having(a={"format": "uri"}), ["Structured outputs do not support the format `uri`."]),
    "a condition": (having(a={"if": {"not": TEXT}}), [f"Structured outputs do not support `{w}`." for w in CONDITION]),
    "deep objects": (nested(12), ["A strict schema nests 11 levels deep; 10 are supported."]),
    "an enum of long values": (
        having(a={"enum": ["x" * 60 + str(n) for n in range(251)]}),
        ["An enum of 251 values has 15,703 characters; 15,000 are supported."],
    ),
    "many values": (
        having(**{name: {"enum": [str(n) for n in range(250)]} for name in "abcde"}),
        ["A strict schema has 1,250 enum values; 1,000 are supported."],
    ),
    "many properties": (
        having(**{f"p{n}": {} for n in range(5_001)}), ["A strict schema has 5,001 properties; 5,000 are supported."]
    ),
    "long names": (
        having(**{"n" * 120_001: {"const": "x"}}),
        ["A strict schema has 120,002 characters of names and values; 120,000 are supported."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", OUTSIDE)
def test_what_structured_outputs_do_not_support_is_reported(case: str) -> None:
    schema, messages = OUTSIDE[case]
    assert found(schema, strict=True) == messages
    assert found(schema, strict=False) == []


SUPPORTED = {
    "ten levels": nested(11),
    "a recursive definition": {**having(a={"$ref": "#/$defs/b"}), "$defs": {"b": having(c={"$ref": "#/$defs/b"})}},
    "properties that are called like keywords": having(**{"oneOf": TEXT, "not": TEXT, "format": TEXT, "enum": TEXT}),
    "a nullable choice": having(a={"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}),
    "nothing": {},
}


@pytest.mark.parametrize("case", SUPPORTED)
def test_what_structured_outputs_support_is_not_reported(case: str) -> None:
    assert found(SUPPORTED[case], strict=True) == []


def found(schema: dict[str, Any], *, strict: bool) -> list[str]:
    """What is reported of the parameters of a function."""
    tool = {"type": "function", "function": {"name": "f", "strict": strict, "parameters": schema}}
    body = node_of({"model": "m", "tools": [tool]}, Location("a.yaml", 1, 1))
    resource = JudgedResource(KINDS["assistant"], body)
    return [each.message for each in RULES["strict-subset"].of_resource(resource, RuleSettings(), {})]
