"""JSON Schemas are judged where they stand: nothing is fetched, nothing opened, and data is no schema."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import Json
from reconciler.diagnostics import CODES
from reconciler.kinds.problems import Problem
from reconciler.kinds.schemas import check_schema, check_strict

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2019 = "https://json-schema.org/draft/2019-09/schema"


def told(problems: Iterator[Problem]) -> list[str]:
    """Each problem's path and code."""
    found = list(problems)
    assert all(problem.code in CODES and problem.message and problem.remedy for problem in found)
    return [f"{'.'.join(map(str, problem.loc))} {problem.code}" for problem in found]


def judged(schema: Json) -> list[str]:
    return told(check_schema(schema, ("p",)))


def nested(levels: int) -> Json:
    schema: dict[str, Json] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"], "additionalProperties": False}
    return schema


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"type": "object", "properties": {"a": {"type": ["string", "null"]}}},
        {"$schema": DRAFT_7},
        {"$schema": DRAFT_7.rstrip("#")},
        {"$schema": DRAFT_4, "definitions": {"a": {"$ref": "#"}}},
        {"$schema": DRAFT_2019, "$recursiveRef": "#"},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"$anchor": "a", "properties": {"x": {"$ref": "#a"}}},
        {"$dynamicAnchor": "a", "properties": {"x": {"$dynamicRef": "#a"}}},
        {"$id": "file:///etc/passwd", "$ref": "#"},
        {"properties": {"a": {"$id": "http://example.com/a", "$defs": {"b": {}}, "$ref": "#/$defs/b"}}},
        {"pattern": "(?<=a)b"},
        {"maximum": 2**60, "minimum": -1.5e300},
        {"format": "nothing known", "nullable": True},
        nested(60),
    ],
)
def test_a_schema_that_stands_on_its_own_is_in_order(schema: Json) -> None:
    assert judged(schema) == []


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "objekt"}, "p.type bad-schema"),
        ({"properties": {"a": {"type": ["x"]}}}, "p.properties.a.type bad-schema"),
        ({"properties": {"a": 3}}, "p.properties.a bad-schema"),
        ({"properties": {"type": "objekt"}}, "p.properties.type bad-schema"),
        ({"properties": []}, "p.properties bad-schema"),
        ({"required": "a"}, "p.required bad-schema"),
        ({"minLength": -1}, "p.minLength bad-schema"),
        ({"$ref": 3}, "p.$ref bad-schema"),
        ({"$schema": 3}, "p.$schema bad-schema"),
        ({"$schema": None}, "p.$schema bad-schema"),
        ({"$schema": {}}, "p.$schema bad-schema"),
        ({"$ref": "#/nope"}, "p bad-schema"),
        ({"$ref": "#nope"}, "p bad-schema"),
        ({"$id": "::"}, "p bad-schema"),
        ({"$id": "http://example.com", "properties": {"a": {"$id": "b", "$ref": "#/c"}}}, "p bad-schema"),
        ({"$schema": DRAFT_7, "required": "a"}, "p.required bad-schema"),
    ],
)
def test_a_schema_that_is_none_is_told_where(schema: Json, problem: str) -> None:
    assert judged(schema) == [problem]


def test_a_pattern_that_is_no_regular_expression_is_told() -> None:
    (problem,) = check_schema({"properties": {"a": {"pattern": "("}}}, ())

    assert (problem.code, problem.loc[:2]) == ("bad-schema", ("properties", "a"))


def test_everything_wrong_is_told_at_once_and_each_place_once() -> None:
    schema: Json = {"type": "objekt", "required": [1, 1], "properties": {"a": {"minimum": "x", "type": "strng"}}}

    assert sorted(judged(schema)) == [
        "p.properties.a.minimum bad-schema",
        "p.properties.a.type bad-schema",
        "p.required bad-schema",
        "p.required.0 bad-schema",
        "p.required.1 bad-schema",
        "p.type bad-schema",
    ]


@pytest.mark.parametrize(
    ("schema", "remedy"),
    [
        ({"type": "objekt"}, "did you mean `object`?"),
        ({"type": "str"}, "did you mean `string`?"),
        ({"type": ["objekt"]}, "see https://json-schema.org/understanding-json-schema"),
        ({"properties": {"type": "objekt"}}, "see https://json-schema.org/understanding-json-schema"),
    ],
)
def test_a_misspelt_type_has_its_remedy(schema: Json, remedy: str) -> None:
    assert [problem.remedy for problem in check_schema(schema, ())] == [remedy]


@pytest.mark.parametrize("number", [2**70, -(10**250), 1e308])
def test_an_absurd_number_is_in_order_or_told_but_no_crash(number: float) -> None:
    """The older validators stop at 64 bits."""
    assert set(judged({"maximum": number, "properties": {"a": {"const": number}}})) <= {"p bad-schema"}


def test_a_long_message_is_cut() -> None:
    (problem,) = check_schema({"type": "x" * 10_000}, ())

    assert len(problem.message) < 300


@pytest.mark.parametrize(
    "target", ["http://example.com/x", "file:///etc/passwd", "other.json", "", "/etc/passwd", " #", "urn:x"]
)
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef", "$recursiveRef"])
def test_a_reference_that_leads_out_is_refused(keyword: str, target: str) -> None:
    assert judged({keyword: target}) == [f"p.{keyword} foreign-schema"]


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"properties": {"a": {"$ref": "x"}}}, "p.properties.a.$ref"),
        ({"properties": {"default": {"$ref": "x"}}}, "p.properties.default.$ref"),
        ({"properties": {"enum": {"$ref": "x"}}}, "p.properties.enum.$ref"),
        ({"$defs": {"const": {"$ref": "x"}}}, "p.$defs.const.$ref"),
        ({"dependencies": {"default": {"$ref": "x"}}}, "p.dependencies.default.$ref"),
        ({"allOf": [{}, {"$ref": "x"}]}, "p.allOf.1.$ref"),
        ({"not": {"$ref": "x"}}, "p.not.$ref"),
        ({"x-unknown": {"deep": {"$ref": "x"}}}, "p.x-unknown.deep.$ref"),
        ({"items": [{"$ref": "x"}]}, "p.items.0.$ref"),
    ],
)
def test_a_reference_that_leads_out_is_found_wherever_a_schema_may_be(schema: Json, place: str) -> None:
    assert judged(schema) == [f"{place} foreign-schema"]


@pytest.mark.parametrize(
    "stated",
    [
        "",
        "http://127.0.0.1/schema",
        "HTTP://json-schema.org/draft-07/schema#",
        "http://json-schema.org/draft-03/schema#",
    ],
)
def test_an_unknown_schema_of_schemas_is_refused(stated: str) -> None:
    assert judged({"$schema": stated}) == ["p.$schema foreign-schema"]
    assert judged({"$defs": {"a": {"$schema": stated}}}) == ["p.$defs.a.$schema foreign-schema"]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"$ref": {"type": "string"}, "$schema": {"type": "string"}, "$id": {"type": "string"}}},
        {"required": ["$ref"]},
        {"enum": [{"$ref": "http://example.com"}]},
        {"const": {"$ref": "http://example.com", "$schema": "http://example.com"}},
        {"default": {"$ref": "http://example.com"}},
        {"examples": [{"$ref": "http://example.com", "$id": "http://example.com/x"}]},
        {"properties": {"a": {"enum": [{"$ref": "file:///etc/passwd"}], "default": {"$schema": "x"}}}},
        {"title": "$ref", "description": "http://example.com"},
    ],
)
def test_what_is_data_may_look_like_a_reference(schema: Json) -> None:
    assert judged(schema) == []


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server of loopback on which nobody must ever knock."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "URL"},
        {"$schema": "URL"},
        {"$schema": "URL", "$ref": "#"},
        {"$dynamicRef": "URL"},
        {"$id": "URL", "$ref": "#"},
        {"$id": "URL", "$ref": "#/nope"},
        {"$id": "URL", "$ref": "x"},
        {"$id": "URL", "properties": {"a": {"$id": "b", "$ref": "#/c"}}},
        {"$schema": DRAFT_4, "id": "URL", "properties": {"a": {"id": "b", "$ref": "#/c"}}},
        {"$ref": "#/default", "default": {"$ref": "URL"}},
        {"$ref": "#/enum/0", "enum": [{"$ref": "URL"}]},
        {"$defs": {"a": {"$id": "URL", "$schema": "URL"}}, "$ref": "#/$defs/a"},
        {"enum": [{"$ref": "URL"}], "const": {"$id": "URL", "$schema": "URL"}},
        {"$vocabulary": {"URL": True}},
    ],
)
def test_no_schema_makes_a_request(schema: Json, listener: socket.socket) -> None:
    host, port = listener.getsockname()
    stated = filled(schema, f"http://{host}:{port}/x")

    judged(stated)
    told(check_strict(stated, ()))

    with pytest.raises(BlockingIOError):
        listener.accept()


def filled(schema: Json, url: str) -> Json:
    """The schema with the address of the listener in it."""
    match schema:
        case dict():
            return {key.replace("URL", url): filled(member, url) for key, member in schema.items()}
        case list():
            return [filled(member, url) for member in schema]
        case str():
            return schema.replace("URL", url)
        case _:
            return schema


def test_data_that_a_reference_makes_a_schema_of_is_not_fetched_either() -> None:
    (problem,) = check_schema({"$ref": "#/default", "default": {"$ref": "http://127.0.0.1:9/x"}}, ())

    assert problem.code == "bad-schema"
    assert "is not fetched" in problem.message


@pytest.mark.parametrize(
    "schema", [{"title": "\ud83d"}, {"properties": {"\ud83d": {}}}, {"enum": ["\ud83d"]}, {"const": {"a": ["\udc00"]}}]
)
def test_half_a_character_is_left_to_the_reader_of_the_text(schema: Json) -> None:
    assert judged(schema) == []


CLOSED: dict[str, Json] = {"type": "object", "additionalProperties": False}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "string"},
        CLOSED,
        {**CLOSED, "properties": {}},
        {**CLOSED, "properties": {"a": {"type": ["string", "null"]}}, "required": ["a"]},
        {**CLOSED, "properties": {"a": {"$ref": "#/$defs/b"}}, "required": ["a"], "$defs": {"b": CLOSED}},
        {**CLOSED, "properties": {"a": {"anyOf": [CLOSED, {"type": "null"}]}}, "required": ["a"]},
        {**CLOSED, "properties": {"a": {"items": CLOSED}}, "required": ["a", "b"]},
        {**CLOSED, "properties": {"a": {"default": {"type": "object"}}}, "required": ["a"]},
        {**CLOSED, "properties": {"properties": {"type": "string"}}, "required": ["properties"]},
        nested(60),
    ],
)
def test_a_strict_schema_is_closed_at_every_level(schema: Json) -> None:
    assert told(check_strict(schema, ("p",))) == []


@pytest.mark.parametrize(
    ("schema", "problems"),
    [
        ({"type": "object"}, ["p"]),
        ({"type": ["object", "null"]}, ["p"]),
        ({"properties": {}}, ["p"]),
        ({**CLOSED, "additionalProperties": True}, ["p"]),
        ({**CLOSED, "additionalProperties": {}}, ["p"]),
        ({**CLOSED, "additionalProperties": 0}, ["p"]),
        ({**CLOSED, "properties": {"a": {}}}, ["p"]),
        ({**CLOSED, "properties": {"a": {}}, "required": "a"}, ["p"]),
        ({"properties": {"a": {}}}, ["p", "p"]),
        ({**CLOSED, "properties": {"a": {"type": "object"}}, "required": ["a"]}, ["p.properties.a"]),
        ({**CLOSED, "$defs": {"a": {"type": "object"}}}, ["p.$defs.a"]),
        ({"anyOf": [{"type": "object"}, CLOSED]}, ["p.anyOf.0"]),
        ({"items": {"type": "object"}}, ["p.items"]),
        ({"type": "object", "properties": []}, ["p"]),
    ],
)
def test_a_strict_schema_that_is_open_is_told_where(schema: Json, problems: list[str]) -> None:
    assert told(check_strict(schema, ("p",))) == [f"{place} not-strict" for place in problems]


def test_properties_that_are_not_required_are_named() -> None:
    (problem,) = check_strict({**CLOSED, "properties": {"b": {}, "a": {}, "c": {}}, "required": ["b"]}, ())

    assert "missing: `a`, `c`." in problem.message
    assert "nullable" in problem.remedy


WORDS = st.sampled_from(
    ["$ref", "$id", "$schema", "$defs", "type", "properties", "required", "enum", "items", "anyOf", "pattern", "a"]
)
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.sampled_from(["#", "#/a", "object"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, ODD, max_size=4))
def test_no_schema_is_too_odd_to_be_judged(schema: dict[str, Json]) -> None:
    assert isinstance(judged(schema), list)
    assert isinstance(told(check_strict(schema, ())), list)
