"""An assistant as an agent: what is told of it is what is done, and agents take the result."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from reconciler.canonical import Fields, equal
from reconciler.kinds import KINDS, ServerTraits
from reconciler.kinds.conversion import Converted, converted, unresolved_words
from reconciler.kinds.migration import verdicts
from reconciler.kinds.requests import misfits, object_of, request_of
from support.bodies import bodies

ASSISTANT, AGENT = KINDS["assistant"], KINDS["agent"]
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}


def as_agent(**body: Any) -> Converted:
    return converted(ASSISTANT.read({"model": "m", **body}), ASSISTANT)


def told(fields: Fields, verdict: str) -> list[tuple[str, ...]]:
    return [each.path for each in verdicts(fields, ASSISTANT, "agent") if each.verdict == verdict]


@pytest.mark.no_cover
@given(bodies())
def test_what_is_told_is_what_is_done_and_agents_take_it(body: dict[str, Any]) -> None:
    fields = ASSISTANT.check(body, ServerTraits()).fields
    result = converted(fields, ASSISTANT)
    checked = AGENT.check(result.body, ServerTraits())

    assert [problem for problem in checked.problems if problem.severity == "error"] == []
    assert all(equal(checked.fields[name], fields[name]) for (name, *_) in told(fields, "same"))
    assert result.unresolved == unresolved_words(verdicts(fields, ASSISTANT, "agent"))
    assert {*result.body} <= {"tools", "text", "reasoning", "instructions", *(path[0] for path in told(fields, "same"))}
    if not result.unresolved:
        assert {path[0] for path in told(fields, "changed")} | {path[0] for path in told(fields, "same")} == {
            name for name in ASSISTANT.fields if not equal(fields[name], ASSISTANT.default(name))
        }


@pytest.mark.no_cover
@given(bodies())
def test_a_request_says_everything_but_what_is_told_to_be_lost(body: dict[str, Any]) -> None:
    fields = ASSISTANT.check(body, ServerTraits()).fields
    result = converted(fields, ASSISTANT, "responses")
    kept = ASSISTANT.check(result.body, ServerTraits()).fields
    back = ASSISTANT.read(object_of(request_of(result.body)))

    assert bool(result.unresolved) == bool([*misfits(ASSISTANT.manifest(fields))])
    assert [*misfits(result.body)] == []
    assert {**back, "name": None, "description": None} == {**kept, "name": None, "description": None}
    assert result.unresolved or equal({**kept}, {**fields})


def test_everything_that_an_agent_can_have_is_in_its_body() -> None:
    schema = {"name": "s", "schema": SCHEMA, "description": "d"}
    function = {"name": "f", "description": "d", "parameters": SCHEMA, "strict": True}
    result = as_agent(
        name="n",
        instructions="i",
        metadata={"team": "people"},
        reasoning_effort="low",
        response_format={"type": "json_schema", "json_schema": schema},
        tools=[{"type": "function", "function": function}, {"type": "function", "function": {"name": "g"}}],
    )

    assert result.body == {
        "model": "m",
        "name": "n",
        "instructions": "i",
        "metadata": {"team": "people"},
        "reasoning": {"effort": "low"},
        "text": {"format": {"type": "json_schema", "schema": SCHEMA}},
        "tools": [
            {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA},
            {"type": "function", "name": "g", "description": "", "parameters": {"type": "object", "properties": {}}},
        ],
    }
    assert result.unresolved == (
        "tools.functions.f.strict",
        "response_format.json_schema.name",
        "response_format.json_schema.description",
    )


def test_a_tool_and_its_resources_are_one_word() -> None:
    result = as_agent(
        temperature=0,
        tools=[{"type": "file_search"}, {"type": "code_interpreter"}],
        tool_resources={"file_search": {"vector_store_ids": ["vs_1"]}, "code_interpreter": {"file_ids": ["file_1"]}},
    )

    assert result == Converted({"model": "m"}, ("file_search", "code_interpreter", "temperature"))


def test_what_no_request_can_say_is_left_out_and_named() -> None:
    tools = [{"type": "file_search"}, {"type": "browser"}, {"type": "web_search", "size": 1}]
    resources = {"browser": {"tabs": ["a"]}}
    answer = {"type": "json_schema", "json_schema": {"name": "s"}}
    fields = ASSISTANT.read({"model": "m", "tools": tools, "tool_resources": resources, "response_format": answer})

    assert converted(fields, ASSISTANT, "responses") == Converted(
        {"model": "m", "tools": [{"type": "web_search", "size": 1}]}, ("file_search", "browser", "response_format")
    )


ODD: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"tools": "many"}, ("tools",)),
    ({"tools": [{"type": "function", "function": {"name": "f", "speed": 1}}]}, ("tools.functions.f.speed",)),
    ({"tools": [{"type": "file_search"}], "tool_resources": "some"}, ("file_search", "tool_resources")),
    ({"response_format": {"type": "json_schema", "json_schema": {"name": "s"}}}, ("response_format",)),
    ({"response_format": {"type": "json_object"}}, ("response_format",)),
    ({"response_format": {"type": "text"}}, ()),
    ({"name": "n" * 129}, ("name",)),
]


@pytest.mark.parametrize(("body", "words"), ODD)
def test_nothing_is_dropped_without_a_word(body: dict[str, Any], words: tuple[str, ...]) -> None:
    result = as_agent(**body)

    assert result.unresolved == words
    assert AGENT.check(result.body, ServerTraits()).problems == ()


def test_a_field_without_a_rule_is_lost() -> None:
    fields = KINDS["agent"].read({"model": "m", "service_tier": "flex"})

    assert converted(fields, KINDS["agent"]) == Converted({"model": "m"}, ("service_tier",))


def test_more_tools_than_an_agent_can_have_are_lost_together() -> None:
    long = {"type": "object", "description": "d" * 800_000}
    functions = [{"type": "function", "function": {"name": f"f{n}", "parameters": long}} for n in range(4)]

    result = as_agent(tools=[*functions, {"type": "file_search"}])

    assert (result.body, {*result.unresolved}) == ({"model": "m"}, {"tools.functions", "file_search"})
