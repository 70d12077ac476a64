"""What the embedded server knows of agents: what it accepts, keeps, resolves and rejects."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.emulator import Settings, agents
from support.emulator_world import World, call

MISSING, UNKNOWN = "missing_required_parameter", "unknown_parameter"
FUNCTION = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}
HTTP = {"type": "http", "server_url": "https://example.com/mcp"}
MCP = {"type": "mcp", "server_label": "wiki", "transport": HTTP}
PLAIN = {"format": {"type": "text"}, "verbosity": "medium"}
RESOLVED_MCP = {
    **MCP,
    "transport": {**HTTP, "headers": {}},
    "allowed_tools": None,
    "credential_id": None,
    "request_metadata": {},
    "required": False,
    "connection_origin": "service",
}


@pytest.fixture
def world() -> Iterator[World]:
    world = World(api="agents")
    yield world
    world.emulator.close()


def test_a_model_is_enough_and_the_rest_is_the_default(world: World) -> None:
    assert world.create() == {
        "id": "agent_1",
        "object": "agent",
        "created_at": 1000,
        "updated_at": 1000,
        "name": None,
        "model": "gpt-4o",
        "instructions": None,
        "reasoning": {"effort": None, "summary": None},
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "service_tier": "auto",
        "tools": [],
        "multi_agent": {"enabled": False, "max_concurrent_subagents": None},
        "compaction": {"async": False},
        "experimental": {"time_awareness": False},
        "metadata": {},
    }


# --- what a modify does ---


@pytest.mark.parametrize(
    ("field", "before", "sent", "after"),
    [
        ("metadata", {"a": "1", "b": "2"}, {"c": "3"}, {"c": "3"}),
        ("metadata", {"a": "1"}, None, {}),
        ("metadata", {"a": "1"}, {}, {}),
        ("tools", [FUNCTION], [MCP], [RESOLVED_MCP]),
        ("tools", [FUNCTION], None, []),
        ("name", "n", None, None),
        ("instructions", "i", None, None),
        ("reasoning", {"summary": "auto"}, None, {"effort": None, "summary": None}),
        (
            "text",
            {"verbosity": "low"},
            {"format": {"type": "text"}},
            {"format": {"type": "text"}, "verbosity": "medium"},
        ),
        ("text", {"verbosity": "low"}, None, {"format": {"type": "text"}, "verbosity": "medium"}),
        ("service_tier", "flex", None, "auto"),
        ("multi_agent", {"enabled": True}, {"enabled": True}, {"enabled": True, "max_concurrent_subagents": 6}),
        (
            "multi_agent",
            {"enabled": True, "max_concurrent_subagents": 2},
            {"enabled": False},
            {"enabled": False, "max_concurrent_subagents": None},
        ),
        ("multi_agent", {"enabled": True}, None, {"enabled": False, "max_concurrent_subagents": None}),
        ("compaction", {"async": True}, {}, {"async": False}),
        ("compaction", {"async": True}, {"async": None}, {"async": False}),
        ("compaction", {"async": True}, None, {"async": False}),
        ("experimental", {"time_awareness": True}, {}, {"time_awareness": True}),
        ("experimental", {"time_awareness": True}, {"time_awareness": False}, {"time_awareness": False}),
    ],
)
def test_a_modify_replaces_a_field_and_merges_experiments(
    world: World, field: str, before: Any, sent: Any, after: Any
) -> None:
    created = world.create(**{field: before})

    assert world.modify("agent_1", **{field: sent}) == {**created, field: after}


def test_metadata_is_replaced_whatever_assistants_do() -> None:
    for way in ("merge-null", "merge-empty", "replace"):
        world = World(Settings(metadata=way), api="agents")
        world.create(metadata={"a": "1"})

        assert world.modify("agent_1", metadata={"b": "2"})["metadata"] == {"b": "2"}
        assert world.refused_modify("agent_1", metadata={"b": None})["param"] == "metadata.b"


# --- models ---


def test_an_effort_that_was_not_chosen_is_that_of_the_model(world: World) -> None:
    created = world.create(model="gpt-5", reasoning={"summary": "auto"})

    plain = world.modify("agent_1", model="gpt-4o")
    back = world.modify("agent_1", model="o3")

    assert created["reasoning"] == {"effort": "medium", "summary": "auto"}
    assert plain["reasoning"] == {"effort": None, "summary": "auto"}
    assert back["reasoning"] == created["reasoning"]


def test_an_effort_that_was_chosen_keeps_a_plain_model_away(world: World) -> None:
    world.create(model="gpt-5", reasoning={"effort": "low"})

    error = world.refused_modify("agent_1", model="gpt-4o")
    modified = world.modify("agent_1", model="gpt-4o", reasoning=None)

    assert error["message"] == "Unsupported parameter: 'reasoning.effort' is not supported with this model."
    assert (error["param"], error["code"]) == ("model", "unsupported_model")
    assert modified["reasoning"] == {"effort": None, "summary": None}


def test_a_deployment_is_of_the_family_that_the_settings_say() -> None:
    world = World(Settings(models={"fast": "gpt-4o", "deep": "o3"}), api="agents")

    error = world.refused_create(model="fast", reasoning={"effort": "low"})

    assert (error["param"], error["code"]) == ("reasoning.effort", "unsupported_parameter")
    assert world.create(model="deep")["reasoning"]["effort"] == "medium"
    assert world.create(model="unknown", reasoning={"effort": "low"})["reasoning"]["effort"] == "low"


# --- the ways servers echo ---


def test_nulls_stand_for_everything_unset_and_are_taken_back() -> None:
    world = World(Settings(echo="nulls"), api="agents")
    place = dict.fromkeys(("city", "country", "region", "timezone"))
    unset = dict.fromkeys(("allowed_tools", "connection_origin", "credential_id", "request_metadata", "required"))

    bare = world.create()
    created = world.create(
        tools=[{"type": "web_search", "location": {}}, FUNCTION, MCP],
        multi_agent={"enabled": True},
        text={},
        experimental={},
    )

    assert {name for name, value in bare.items() if value is not None} == {
        "id", "object", "created_at", "updated_at", "model",
    }  # fmt: skip
    assert created["tools"] == [
        {"type": "web_search", "allowed_domains": None, "context_size": None, "location": place, "mode": None},
        {**FUNCTION, "defer_loading": None, "async": None},
        {**MCP, "transport": {**HTTP, "headers": None}, **unset},
    ]
    assert created["multi_agent"] == {"enabled": True, "max_concurrent_subagents": None}
    assert created["text"] == {"format": None, "verbosity": None}
    assert created["experimental"] == {"time_awareness": None}
    for agent in (bare, created):
        fields = {name: agent[name] for name in agents.BODY.members}
        assert world.modify(agent["id"], **fields) == agent
    assert world.refused_modify("agent_1", model=None)["param"] == "model"


def test_a_sparse_server_keeps_tools_as_they_were_sent() -> None:
    world = World(Settings(echo="sparse"), api="agents")

    created = world.create(tools=[MCP, FUNCTION], reasoning={}, experimental={"time_awareness": True})

    assert (created["tools"], created["reasoning"]) == ([MCP, FUNCTION], {})
    assert world.modify("agent_1", experimental={})["experimental"] == {"time_awareness": True}


# --- what is rejected ---


def stdio(**fields: Any) -> dict[str, Any]:
    return {**MCP, "transport": {"type": "stdio", "command": "c", "cwd": "/", **fields}}


def without(tool: dict[str, Any], member: str) -> dict[str, Any]:
    return {name: value for name, value in tool.items() if name != member}


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"description": "d"}, "description", UNKNOWN),
        ({"temperature": 1}, "temperature", UNKNOWN),
        ({"model": None}, "model", "invalid_type"),
        ({"name": "n" * 129}, "name", "string_above_max_length"),
        ({"metadata": {"a": None}}, "metadata.a", "invalid_type"),
        ({"metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        ({"metadata": {"a": "v" * 513}}, "metadata.a", "string_above_max_length"),
        ({"metadata": {"k" * 65: ""}}, "metadata." + "k" * 65, "property_name_above_max_length"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata", "object_above_max_properties"),
        ({"reasoning": {"effort": "extreme"}}, "reasoning.effort", "invalid_value"),
        ({"reasoning": {"summary": "long"}}, "reasoning.summary", "invalid_value"),
        ({"reasoning": "low"}, "reasoning", "invalid_type"),
        ({"reasoning": {"effort": "low"}}, "reasoning.effort", "unsupported_parameter"),
        ({"text": {"format": {"type": "json_object"}}}, "text.format.type", "invalid_value"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format.schema", MISSING),
        (
            {"text": {"format": {"type": "json_schema", "schema": {}, "name": "n"}}},
            "text.format.name",
            UNKNOWN,
        ),
        ({"text": {"verbosity": "loud"}}, "text.verbosity", "invalid_value"),
        ({"service_tier": "gold"}, "service_tier", "invalid_value"),
        ({"multi_agent": {}}, "multi_agent.enabled", MISSING),
        ({"multi_agent": {"enabled": None}}, "multi_agent.enabled", "invalid_type"),
        (
            {"multi_agent": {"enabled": True, "max_concurrent_subagents": 0}},
            "multi_agent.max_concurrent_subagents",
            "integer_below_min_value",
        ),
        (
            {"multi_agent": {"enabled": False, "max_concurrent_subagents": None}},
            "multi_agent.max_concurrent_subagents",
            "invalid_type",
        ),
        ({"compaction": {"async": 1}}, "compaction.async", "invalid_type"),
        ({"experimental": None}, "experimental", "invalid_type"),
        ({"experimental": {"time_awareness": None}}, "experimental.time_awareness", "invalid_type"),
        ({"experimental": {"telepathy": True}}, "experimental.telepathy", UNKNOWN),
        ({"tools": [{"type": "file_search"}]}, "tools[0].type", "invalid_value"),
        ({"tools": [{**FUNCTION, "strict": True}]}, "tools[0].strict", UNKNOWN),
        ({"tools": [without(FUNCTION, "description")]}, "tools[0].description", MISSING),
        ({"tools": [without(FUNCTION, "parameters")]}, "tools[0].parameters", MISSING),
        ({"tools": [{**FUNCTION, "name": "look up"}]}, "tools[0].name", "invalid_value"),
        ({"tools": [FUNCTION, MCP, FUNCTION]}, "tools[2].name", "invalid_value"),
        ({"tools": [MCP, MCP]}, "tools[1].server_label", "invalid_value"),
        ({"tools": [without(MCP, "transport")]}, "tools[0].transport", MISSING),
        ({"tools": [{**MCP, "authorization": "secret"}]}, "tools[0].authorization", UNKNOWN),
        ({"tools": [{**MCP, "connection_origin": "moon"}]}, "tools[0].connection_origin", "invalid_value"),
        (
            {"tools": [{**MCP, "transport": {"type": "http"}}]},
            "tools[0].transport.server_url",
            MISSING,
        ),
        ({"tools": [stdio(env_vars=[1])]}, "tools[0].transport.env_vars[0]", "invalid_type"),
        ({"tools": [stdio(env={"A": "b"})]}, "tools[0].transport.env", UNKNOWN),
        ({"tools": [{"type": "web_search", "mode": "slow"}]}, "tools[0].mode", "invalid_value"),
        (
            {"tools": [{"type": "web_search", "location": {"street": ""}}]},
            "tools[0].location.street",
            UNKNOWN,
        ),
        ({"tools": [{"type": "automations", "x": 1}]}, "tools[0].x", UNKNOWN),
    ],
)
def test_every_limit_of_an_agent_is_kept(world: World, fields: dict[str, Any], param: str, code: str) -> None:
    error = world.refused_create(**fields)

    assert (error["param"], error["code"]) == (param, code)


def test_what_is_as_large_as_may_be_fits_into_a_body_that_is_escaped(world: World) -> None:
    """The worst case of the arithmetic: every character takes twelve bytes."""
    largest = "\N{ROCKET}" * (agents.LARGEST_TOOLS // 4 - 100)

    body = {
        "model": "gpt-4o",
        "name": "\N{ROCKET}" * 128,
        "instructions": "\N{ROCKET}" * agents.LONGEST_INSTRUCTIONS,
        "tools": [{**FUNCTION, "description": largest}],
        "metadata": {f"{number:064}": "\N{ROCKET}" * 512 for number in range(16)},
    }

    answer = call(world.emulator, "POST", world.collection, content=json.dumps(body).encode("ascii"))

    assert answer.status_code == 200
    assert world.retrieve("agent_1")["tools"][0]["description"] == largest
