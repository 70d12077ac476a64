"""What a changed JSON Schema means for those who call, in words."""

from __future__ import annotations

import pytest

from reconciler.canonical import Json
from reconciler.plan.schema_changes import meanings

OBJECT: dict[str, Json] = {"type": "object"}
DEFINITIONS = ['! `["$defs"].a`: string → null', '! `["$defs"].b` is gone', '  `["$defs"].c` is new']


def told(before: Json, after: Json) -> list[str]:
    return [f"{'!' if meaning.breaking else ' '} {meaning.text}" for meaning in meanings(before, after)]


def having(required: list[Json] | None = None, **properties: Json) -> Json:
    return {**OBJECT, "properties": properties, **({"required": required} if required is not None else {})}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (having(city={}), having(["city"], city={}), ["! `city` became required"]),
        (having(["city"], city={}), having(city={}), ["  `city` became optional"]),
        (having(), having(["city"], city={"type": "string"}), ["! `city` is new and required (string)"]),
        (having(), having(city={"type": "string"}), ["  `city` is new (string)"]),
        (having(["city"], city={}), having(), ["! `city` is gone"]),
        (having(n={"type": "integer"}), having(n={"type": "string"}), ["! `n`: integer → string"]),
        (having(n={"type": "integer"}), having(n={"type": "number"}), ["  `n`: integer → number"]),
        (having(n={"type": "integer"}), having(n={"type": ["integer", "null"]}), ["  `n`: integer → integer or null"]),
        (having(n={"type": "string"}), having(n={}), ["  `n`: string → any type"]),
        (having(n={}), having(n={"type": "string"}), ["! `n`: any type → string"]),
        (
            having(c={"enum": ["USD", "EUR"]}),
            having(c={"enum": ["USD", "GBP"]}),
            ["! `c`: enum lost `EUR`", "  `c`: enum gained `GBP`"],
        ),
        (having(c={"enum": [1, 2]}), having(c={"enum": [1]}), ["! `c`: enum lost `2`"]),
        (having(c={"enum": [1]}), having(c={"enum": [1, 2]}), ["  `c`: enum gained `2`"]),
        (having(c={}), having(c={"enum": ["a"]}), ["! `c` takes only `a`"]),
        (having(c={"enum": ["a"]}), having(c={}), ["  `c` takes any value"]),
        (having(n={"maximum": 10}), having(n={"maximum": 5}), ["! `n`: maximum 10 → 5"]),
        (having(n={"maximum": 5}), having(n={"maximum": 10}), ["  `n`: maximum 5 → 10"]),
        (having(n={"minLength": 1}), having(n={"minLength": 2}), ["! `n`: minLength 1 → 2"]),
        (having(n={"minLength": 2}), having(n={}), ["  `n`: minLength 2 → nothing"]),
        (having(n={}), having(n={"minLength": 2}), ["! `n`: minLength nothing → 2"]),
        (having(n={"description": "a"}), having(n={"description": "b"}), ["  `n`: description changed"]),
        (OBJECT, {**OBJECT, "additionalProperties": False}, ["! the arguments take no other properties any more"]),
        ({**OBJECT, "additionalProperties": False}, OBJECT, ["  the arguments take other properties"]),
        (
            OBJECT,
            {**OBJECT, "additionalProperties": {"type": "string"}},
            ["! the arguments take only some other properties"],
        ),
        (
            {**OBJECT, "additionalProperties": False},
            {**OBJECT, "additionalProperties": {"type": "string"}},
            ["  the arguments take other properties"],
        ),
        (
            {**OBJECT, "additionalProperties": {"type": "string"}},
            {**OBJECT, "additionalProperties": {"type": "integer"}},
            ['! `["*"]`: string → integer'],
        ),
        (
            having(l={"items": {"type": "string"}}),
            having(l={"items": {"type": "integer"}}),
            ['! `l["[]"]`: string → integer'],
        ),
        (having(n={"pattern": "a"}), having(n={"pattern": "b"}), ['! `n`: pattern "a" → "b"']),
        (having(n={"pattern": "a" * 60}), having(n={}), [f'  `n`: pattern "{"a" * 39}… → nothing']),
        (
            having(x=having(y={"type": "string"})),
            having(x=having(y={"type": "string"}, z={})),
            ["  `x.z` is new (any type)"],
        ),
        ({"$defs": {"a": {"type": "string"}, "b": {}}}, {"$defs": {"a": {"type": "null"}, "c": {}}}, DEFINITIONS),
        (having(a={}), having(a={}), []),
        (having(a={}), {"properties": {"a": {}}, "type": "object"}, []),
        (True, OBJECT, ["! the arguments: any type → object"]),
    ],
)
def test_every_change_has_its_words(before: Json, after: Json, words: list[str]) -> None:
    assert told(before, after) == words


def test_what_breaks_comes_first() -> None:
    found = told(having(a={}, b={"type": "string"}), having(["a"], a={"title": "x"}, b={"type": "integer"}, c={}))

    assert found == [
        "! `a` became required",
        "! `b`: string → integer",
        "  `a`: title changed",
        "  `c` is new (any type)",
    ]
