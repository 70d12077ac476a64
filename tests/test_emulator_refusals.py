"""What the embedded server refuses, and in which words."""

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.emulator.exchange import DEEPEST
from reconciler.emulator.shapes import listed
from support.emulator_world import World, call


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    world = World()
    yield world
    world.emulator.close()


def function(**fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", **fields}}


def search(**fields: Any) -> dict[str, Any]:
    return {"type": "file_search", "file_search": fields}


def schema(**fields: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "s", **fields}}


MESSAGES = [
    ({"foo": 1}, "foo", "unknown_parameter", "Unknown parameter: 'foo'."),
    (
        {"tools": [function(foo=1)]},
        "tools[0].function.foo",
        "unknown_parameter",
        "Unknown parameter: 'tools[0].function.foo'.",
    ),
    (
        {"name": 7},
        "name",
        "invalid_type",
        "Invalid type for 'name': expected a string, but got an integer instead.",
    ),
    (
        {"tools": None},
        "tools",
        "invalid_type",
        "Invalid type for 'tools': expected an array of objects, but got null instead.",
    ),
    (
        {"name": "n" * 300},
        "name",
        "string_above_max_length",
        (
            "Invalid 'name': string too long. Expected a string with maximum length 256, "
            "but got a string with length 300 instead."
        ),
    ),
    (
        {"temperature": 3},
        "temperature",
        "decimal_above_max_value",
        "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
    ),
    (
        {"top_p": -0.5},
        "top_p",
        "decimal_below_min_value",
        "Invalid 'top_p': decimal below minimum value. Expected a value >= 0, but got -0.5 instead.",
    ),
    (
        {"tools": [search(max_num_results=51)]},
        "tools[0].file_search.max_num_results",
        "integer_above_max_value",
        (
            "Invalid 'tools[0].file_search.max_num_results': integer above maximum value. "
            "Expected a value <= 50, but got 51 instead."
        ),
    ),
    (
        {"tools": [{"type": "code_interpreter"}] * 129},
        "tools",
        "array_above_max_length",
        (
            "Invalid 'tools': array too long. Expected an array with maximum length 128, "
            "but got an array with length 129 instead."
        ),
    ),
    (
        {"metadata": {str(number): "" for number in range(17)}},
        "metadata",
        "object_above_max_properties",
        (
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, "
            "but got an object with 17 properties instead."
        ),
    ),
    (
        {"metadata": {"a" * 33 + "b" * 33: ""}},
        "metadata." + "a" * 33 + "b" * 33,
        "property_name_above_max_length",
        (
            "Invalid property name in 'metadata': 'aaa...bbb' is too long. "
            "Expected a string with maximum length 64, but got a string with length 66 instead."
        ),
    ),
    (
        {"tools": [{"type": "browser"}]},
        "tools[0].type",
        "invalid_value",
        "Invalid value: 'browser'. Supported values are: 'code_interpreter', 'file_search', and 'function'.",
    ),
    (
        {"tools": [search(ranking_options={"ranker": "best", "score_threshold": 0})]},
        "tools[0].file_search.ranking_options.ranker",
        "invalid_value",
        "Invalid value: 'best'. Supported values are: 'auto' and 'default_2024_08_21'.",
    ),
    (
        {"tools": [{"type": "function", "function": {"name": "look up"}}]},
        "tools[0].function.name",
        "invalid_value",
        (
            "Invalid 'tools[0].function.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        ),
    ),
    (
        {"model": ""},
        "model",
        "empty_string",
        "Invalid 'model': empty string. Expected a string with minimum length 1, but got an empty string instead.",
    ),
    (
        {"tools": [function(), function()]},
        "tools[1].function.name",
        "invalid_value",
        "Invalid 'tools[1].function.name': duplicate function name 'f'.",
    ),
    (
        {"temperature": 1, "model": "o3-mini"},
        "temperature",
        "unsupported_parameter",
        "Unsupported parameter: 'temperature' is not supported with this model.",
    ),
    (
        {"reasoning_effort": "low"},
        "reasoning_effort",
        "unsupported_parameter",
        "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
    ),
    (
        {"response_format": schema(), "tools": [{"type": "code_interpreter"}]},
        "response_format",
        None,
        "Invalid tools: all tools must be of type `function` when `response_format` is of type `json_schema`.",
    ),
    (
        {"tools": [function(strict=True, parameters={"type": "object"})]},
        "tools[0].function.parameters",
        "invalid_function_parameters",
        (
            "Invalid schema for function 'f': In context=(), 'additionalProperties' is required to be supplied "
            "and to be false."
        ),
    ),
    (
        {"response_format": schema(strict=True, schema={"type": "array"})},
        "response_format",
        None,
        (
            "Invalid schema for response_format 's': schema must be a JSON Schema of 'type: \"object\"', "
            "got 'type: \"array\"'."
        ),
    ),
]


@pytest.mark.parametrize(("fields", "param", "code", "message"), MESSAGES)
def test_a_refusal_has_the_hosted_words(world: World, fields: dict, param: str, code: str | None, message: str) -> None:
    assert world.refused_create(**fields) == {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": code,
    }


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"model": None}, "model", "invalid_type"),
        ({"description": "d" * 513}, "description", "string_above_max_length"),
        ({"instructions": "i" * 256_001}, "instructions", "string_above_max_length"),
        ({"temperature": True}, "temperature", "invalid_type"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"top_p": 1.1}, "top_p", "decimal_above_max_value"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort", "invalid_value"),
        ({"metadata": []}, "metadata", "invalid_type"),
        ({"metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        ({"metadata": {"a": "v" * 513}}, "metadata.a", "string_above_max_length"),
        ({"tools": {}}, "tools", "invalid_type"),
        ({"tools": ["function"]}, "tools[0]", "invalid_type"),
        ({"tools": [{}]}, "tools[0].type", "missing_required_parameter"),
        ({"tools": [{"type": 1}]}, "tools[0].type", "invalid_type"),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "missing_required_parameter"),
        (
            {"tools": [{"type": "function", "function": {}}]},
            "tools[0].function.name",
            "missing_required_parameter",
        ),
        ({"tools": [function(name="n" * 65)]}, "tools[0].function.name", "string_above_max_length"),
        ({"tools": [function(name="")]}, "tools[0].function.name", "empty_string"),
        ({"tools": [function(name="n\n")]}, "tools[0].function.name", "invalid_value"),
        ({"tools": [function(strict="yes")]}, "tools[0].function.strict", "invalid_type"),
        ({"tools": [function(parameters=[])]}, "tools[0].function.parameters", "invalid_type"),
        ({"tools": [function(description=None)]}, "tools[0].function.description", "invalid_type"),
        ({"tools": [{"type": "code_interpreter", "x": 1}]}, "tools[0].x", "unknown_parameter"),
        (
            {"tools": [search(max_num_results=0)]},
            "tools[0].file_search.max_num_results",
            "integer_below_min_value",
        ),
        ({"tools": [search(max_num_results=2.0)]}, "tools[0].file_search.max_num_results", "invalid_type"),
        (
            {"tools": [search(ranking_options={"ranker": "auto"})]},
            "tools[0].file_search.ranking_options.score_threshold",
            "missing_required_parameter",
        ),
        (
            {"tool_resources": {"code_interpreter": {"file_ids": ["f"] * 21}}},
            "tool_resources.code_interpreter.file_ids",
            "array_above_max_length",
        ),
        (
            {"tool_resources": {"code_interpreter": {"file_ids": [1]}}},
            "tool_resources.code_interpreter.file_ids[0]",
            "invalid_type",
        ),
        (
            {"tool_resources": {"file_search": {"vector_store_ids": ["a", "b"]}}},
            "tool_resources.file_search.vector_store_ids",
            "array_above_max_length",
        ),
        (
            {"tool_resources": {"file_search": {"vector_stores": [{}, {}]}}},
            "tool_resources.file_search.vector_stores",
            "array_above_max_length",
        ),
        (
            {"tool_resources": {"file_search": {"vector_store_ids": ["a"], "vector_stores": [{}]}}},
            "tool_resources.file_search",
            "invalid_value",
        ),
        (
            {"tool_resources": {"file_search": {"vector_stores": {}}}},
            "tool_resources.file_search.vector_stores",
            "invalid_type",
        ),
        (
            {"tool_resources": {"code_interpreter": {"file_ids": "f"}}},
            "tool_resources.code_interpreter.file_ids",
            "invalid_type",
        ),
        ({"response_format": "text"}, "response_format", "invalid_type"),
        ({"response_format": {"type": "xml"}}, "response_format.type", "invalid_value"),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema",
            "missing_required_parameter",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {}}},
            "response_format.json_schema.name",
            "missing_required_parameter",
        ),
        ({"response_format": {"type": "text", "x": 1}}, "response_format.x", "unknown_parameter"),
        ({"response_format": {"type": "json_object"}, "tools": [search()]}, "response_format", None),
        ({"model": "gpt-5", "top_p": 0.5}, "top_p", "unsupported_parameter"),
    ],
)
def test_every_limit_is_kept(world: World, fields: dict, param: str, code: str | None) -> None:
    error = world.refused_create(**fields)

    assert (error["param"], error["code"]) == (param, code)


def test_a_list_as_long_as_may_be_is_taken(world: World) -> None:
    assert world.create(
        name="n" * 256,
        description="d" * 512,
        instructions="i" * 256_000,
        tools=[function(name=f"f{number}") for number in range(128)],
        tool_resources={"code_interpreter": {"file_ids": ["f"] * 20}},
        metadata={f"{number:064}": "v" * 512 for number in range(16)},
        temperature=2,
        top_p=1,
    )


def test_a_model_is_required_on_create(world: World) -> None:
    error = world.refused("POST", "/v1/assistants", {"name": "n"})

    assert error["message"] == "Missing required parameter: 'model'."
    assert (error["param"], error["code"]) == ("model", "missing_required_parameter")


def test_vector_stores_are_made_on_create_only(world: World) -> None:
    assistant = world.create()

    error = world.refused_modify(assistant["id"], tool_resources={"file_search": {"vector_stores": [{}]}})

    assert error["message"] == "Unknown parameter: 'tool_resources.file_search.vector_stores'."


def test_metadata_is_counted_after_it_is_merged(world: World) -> None:
    assistant = world.create(metadata={str(number): "" for number in range(16)})

    error = world.refused_modify(assistant["id"], metadata={"one more": ""})

    assert error["code"] == "object_above_max_properties"


@pytest.mark.parametrize(("words", "text"), [("a", "'a'"), ("ab", "'a' and 'b'"), ("abc", "'a', 'b', and 'c'")])
def test_words_are_listed_as_the_hosted_server_lists_them(words: str, text: str) -> None:
    assert listed(words) == text


# --- rules between fields: what is stored counts ---


def test_a_stored_temperature_keeps_a_reasoning_model_away(world: World) -> None:
    assistant = world.create()

    for left in ({}, {"top_p": None}):
        error = world.refused_modify(assistant["id"], model="o3-mini", **left)
        assert error["message"] == "Unsupported parameter: 'temperature' is not supported with this model."
        assert (error["param"], error["code"]) == ("model", "unsupported_model")
    assert world.retrieve(assistant["id"]) == assistant


def test_a_stored_effort_keeps_another_model_away(world: World) -> None:
    assistant = world.create(model="o3-mini", reasoning_effort="high")

    error = world.refused_modify(assistant["id"], model="gpt-4o")

    assert error["message"] == "Unsupported parameter: 'reasoning_effort' is not supported with this model."


def test_a_stored_tool_keeps_a_schema_away(world: World) -> None:
    assistant = world.create(tools=[search()])

    assert world.refused_modify(assistant["id"], response_format=schema())["param"] == "response_format"
    assert world.modify(assistant["id"], response_format=schema(), tools=[function()])


CLOSED = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
OPEN = {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("parameters", "objection"),
    [
        (OPEN | {"additionalProperties": True}, "In context=(), 'additionalProperties' is"),
        (CLOSED | {"properties": {"a": {}}}, "Missing 'a'."),
        (CLOSED | {"properties": {"a": {}}, "required": "a"}, "Missing 'a'."),
        (CLOSED | {"required": ["b"]}, "Extra required key 'b' supplied."),
        (CLOSED | {"properties": {"a": OPEN}, "required": ["a"]}, "In context=('properties', 'a'), 'add"),
        (
            CLOSED | {"properties": {"a": {"type": "array", "items": OPEN}}, "required": ["a"]},
            "In context=('properties', 'a', 'items'), 'add",
        ),
        (
            CLOSED | {"properties": {"a": {"anyOf": [{"type": "null"}, OPEN]}}, "required": ["a"]},
            "In context=('properties', 'a', 'anyOf', '1'), 'add",
        ),
        (CLOSED | {"$defs": {"d": {"type": ["object", "null"]}}}, "In context=('$defs', 'd'), 'add"),
        ({"properties": {}}, "got 'type: \"None\"'"),
    ],
)
def test_strict_mode_wants_every_object_closed(world: World, parameters: dict, objection: str) -> None:
    in_function = world.refused_create(tools=[function(strict=True, parameters=parameters)])
    in_response = world.refused_create(response_format=schema(strict=True, schema=parameters))

    assert objection in in_function["message"]
    assert objection in in_response["message"]


@pytest.mark.parametrize(
    "parameters",
    [
        CLOSED,
        CLOSED | {"properties": {"a": CLOSED}, "required": ["a"], "$defs": [], "anyOf": {}},
        {"type": "object", "properties": None, "additionalProperties": False},
    ],
)
def test_what_is_closed_is_strict(world: World, parameters: dict) -> None:
    assert world.create(tools=[function(strict=True, parameters=parameters)])
    assert world.create(response_format=schema(strict=True, schema=parameters))


def test_a_strict_function_without_parameters_is_taken(world: World) -> None:
    assistant = world.create(tools=[function(strict=True)])

    assert world.modify(assistant["id"], tools=assistant["tools"]) == assistant


def test_a_strict_response_format_without_a_schema_is_taken(world: World) -> None:
    assert world.create(response_format=schema(strict=True))


# --- bodies ---


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"\xff",
        b'{"temperature": NaN}',
        b'{"temperature": -Infinity}',
        b'{"temperature": 1e999}',
        b'{"temperature": ' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_not_json_is_refused(world: World, body: bytes) -> None:
    answer = call(world.emulator, "POST", "/v1/assistants", content=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("We could not parse the JSON body of your request.")


@pytest.mark.parametrize(
    ("body", "found"), [(b"[]", "an array"), (b'"x"', "a string"), (b"1.5", "a decimal number"), (b"null", "null")]
)
def test_a_body_is_an_object(world: World, body: bytes, found: str) -> None:
    answer = call(world.emulator, "POST", "/v1/assistants", content=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"Invalid type: expected an object, but got {found} instead."


@pytest.mark.parametrize("depth", [DEEPEST, 100_000])
def test_a_body_nested_too_deeply_is_refused(world: World, depth: int) -> None:
    body = b'{"model": "gpt-4o", "x": ' + b"[" * depth + b"]" * depth + b"}"

    answer = call(world.emulator, "POST", "/v1/assistants", content=body)

    assert answer.status_code == 400
    assert "nested too deeply" in answer.json()["error"]["message"]
