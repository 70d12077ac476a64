"""Every field of an agent: created, read back with what a server resolves, changed, taken out and adopted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from reconciler.canonical import ABSENT, Json
from reconciler.diagnostics import CODES, Location
from reconciler.emulator import Settings
from reconciler.kinds import Problem, ServerTraits
from reconciler.kinds.agent import AGENT, TOOLS
from reconciler.kinds.assistant import ASSISTANT
from reconciler.model import Address, Desired, Live
from reconciler.paths import show
from reconciler.plan import marker as markers
from reconciler.plan.changes import creation
from reconciler.plan.diff import Comparison, compare
from support.bodies import agent_bodies
from support.emulator_world import World
from support.official import judge_answer, judge_request

Body = dict[str, Any]
MODEL = "gpt-5.1"
SCHEMA: Body = {"type": "object", "properties": {"city": {"type": "string"}}}


def function(name: str = "look_up", **more: Json) -> Body:
    return {"type": "function", "name": name, "description": "Looks up.", "parameters": SCHEMA, **more}


def server(label: str = "docs", **more: Json) -> Body:
    http: Body = {"type": "http", "server_url": "https://docs.example.com/mcp"}
    return {"type": "mcp", "server_label": label, "transport": http, **more}


STDIO: Body = {"type": "stdio", "command": "uvx", "cwd": "/srv"}
HEADED: Body = {"type": "http", "server_url": "https://x.example.com", "headers": {"X-Team": "people"}}


def problems(body: Body, traits: ServerTraits | None = None) -> tuple[Problem, ...]:
    return AGENT.check({"model": MODEL, **body}, traits or ServerTraits()).problems


def wanted(body: Body) -> Desired:
    checked = AGENT.check({"model": MODEL, **body}, ServerTraits())
    assert [problem for problem in checked.problems if problem.severity == "error"] == []
    return Desired(Address("agent", "a"), checked.fields, Location("a.yaml"), checked.left_to_server)


def live(raw: Mapping[str, Json], stamped: Desired | None = None) -> Live:
    """The object as it was answered, as if it bore the marker of what was applied."""
    marker = None
    if stamped is not None:
        stamp = markers.stamp(stamped, AGENT, ("acme", "production"), id="agent_1", nonce="n", commit=None)
        marker = markers.decode(markers.encode(stamp, AGENT), AGENT)
    return Live("agent", "agent_1", AGENT.read(raw), raw, marker)


def compared(one: Desired, there: Live) -> Comparison:
    return compare(one, there, AGENT, there.marker)


FIELDS: dict[str, tuple[Body, Body, Body]] = {
    # stated, stated otherwise, and what is sent to take it out
    "name": ({"name": "HR"}, {"name": "People"}, {"name": None}),
    "instructions": ({"instructions": "Be kind."}, {"instructions": "Be brief."}, {"instructions": None}),
    "metadata": ({"metadata": {"team": "hr"}}, {"metadata": {"a": "b"}}, {"metadata": {}}),
    "model": ({}, {"model": "o3"}, {"model": MODEL}),
    "effort": ({"reasoning": {"effort": "low"}}, {"reasoning": {"effort": "max"}}, {"reasoning": None}),
    "summary": ({"reasoning": {"summary": "auto"}}, {"reasoning": {"summary": "concise"}}, {"reasoning": None}),
    "both of reasoning": (
        {"reasoning": {"effort": "low", "summary": "auto"}},
        {"reasoning": {"effort": "low"}},
        {"reasoning": None},
    ),
    "verbosity": (
        {"text": {"verbosity": "low"}},
        {"text": {"verbosity": "high", "format": {"type": "text"}}},
        {"text": {"format": {"type": "text"}, "verbosity": "medium"}},
    ),
    "format": (
        {"text": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {"text": {"format": {"type": "json_schema", "schema": {"type": "object"}}, "verbosity": "low"}},
        {"text": {"format": {"type": "text"}, "verbosity": "medium"}},
    ),
    "service_tier": ({"service_tier": "flex"}, {"service_tier": "priority"}, {"service_tier": None}),
    "multi_agent": (
        {"multi_agent": {"enabled": True}},
        {"multi_agent": {"enabled": True, "max_concurrent_subagents": 2}},
        {"multi_agent": {"enabled": False}},
    ),
    "compaction": ({"compaction": {"async": True}}, {"compaction": {}}, {"compaction": None}),
    "experimental": (
        {"experimental": {"time_awareness": True}},
        {"experimental": {"time_awareness": False}},
        {"experimental": {"time_awareness": False}},
    ),
    "function": (
        {"tools": [function()]},
        {"tools": [function(defer_loading=True, **{"async": True}), {"type": "tool_search"}]},
        {"tools": []},
    ),
    "a function that says nothing": (
        {"tools": [function(description="", parameters={})]},
        {"tools": [function()]},
        {"tools": []},
    ),
    "programmatic_tool_calling": (
        {"tools": [{"type": "programmatic_tool_calling"}]},
        {"tools": [{"type": "programmatic_tool_calling", "enabled": False}]},
        {"tools": []},
    ),
    "mcp over HTTP": (
        {"tools": [server()]},
        {"tools": [server(transport=HEADED, allowed_tools=["b", "a"], connection_origin="environment")]},
        {"tools": []},
    ),
    "mcp as a process": (
        {"tools": [server(transport=STDIO, credential_id="cred_1", required=True, request_metadata={"a": [1]})]},
        {"tools": [server(transport={**STDIO, "args": ["b", "a"], "env_vars": ["TOKEN"]}), server("more")]},
        {"tools": []},
    ),
    "web_search": (
        {"tools": [{"type": "web_search", "allowed_domains": []}]},
        {
            "tools": [
                {
                    "type": "web_search",
                    "mode": "cached",
                    "context_size": "high",
                    "allowed_domains": ["example.com"],
                    "location": {"city": "Bonn", "country": "DE", "region": None, "timezone": "Europe/Berlin"},
                }
            ]
        },
        {"tools": []},
    ),
    "computer_use": (
        {"tools": [{"type": "computer_use", "include_screenshots": True}]},
        {"tools": [{"type": "computer_use"}]},
        {"tools": []},
    ),
    "automations": ({"tools": [{"type": "automations"}]}, {"tools": []}, {"tools": []}),
}


@pytest.mark.parametrize("echo", ["defaults", "nulls", "sparse"])
@pytest.mark.parametrize(("stated", "other", "cleared"), FIELDS.values(), ids=list(FIELDS))
def test_a_field_is_created_read_changed_cleared_and_adopted(
    stated: Body, other: Body, cleared: Body, echo: Any
) -> None:
    world = World(Settings(echo=echo), api="agents")
    before, bare = wanted(stated), wanted({})

    def settled(raw: Body, one: Desired) -> Live:
        if echo == "defaults":
            judge_answer(raw)
        assert compared(one, live(raw, one)).fields == ()
        assert compared(wanted(AGENT.manifest(AGENT.read(raw))), live(raw)).fields == ()
        return live(raw, one)

    def modified(one: Desired, there: Live) -> Live:
        patch = dict(compared(one, there).patch)
        judge_request(patch, creating=False)
        return settled(world.modify(str(there.raw["id"]), **patch), one)

    body = dict(creation(before, AGENT).patch)
    judge_request(body, creating=True)
    there = settled(world.create(**body), before)
    there = modified(wanted(other), there)
    there = modified(before, there)
    assert compared(bare, there).patch == (cleared if stated else {})
    gone = modified(bare, there)
    if echo == "defaults":
        own = ("id", "created_at", "updated_at")
        new = world.create(model=MODEL)
        assert {k: v for k, v in gone.raw.items() if k not in own} == {k: v for k, v in new.items() if k not in own}


@given(agent_bodies())
def test_any_body_is_settled_by_its_create_and_adopted_as_it_is(body: Body) -> None:
    world = World(api="agents")
    one = wanted(body)
    sent = dict(creation(one, AGENT).patch)
    judge_request(sent, creating=True)

    raw = world.create(**sent)

    assert compared(one, live(raw, one)).fields == ()
    again = AGENT.manifest(AGENT.read(raw))
    assert [problem for problem in problems(again) if problem.severity == "error"] == []
    assert compared(wanted(again), live(raw)).fields == ()
    assert AGENT.read(again) == AGENT.read(raw)


@given(agent_bodies(), agent_bodies())
def test_any_body_becomes_any_other_in_one_modify(before: Body, after: Body) -> None:
    world = World(api="agents")
    one, other = wanted(before), wanted(after)
    there = live(world.create(**creation(one, AGENT).patch), one)
    patch = dict(compared(other, there).patch)
    judge_request(patch, creating=False)

    raw = world.modify(str(there.raw["id"]), **patch)

    assert compared(other, live(raw, other)).fields == ()
    assert set(patch) == {field.path[0] for field in compared(other, there).fields}


def test_what_a_server_chose_is_reset_once_when_it_is_no_longer_stated() -> None:
    stated: Body = {
        "reasoning": {"effort": "high"},
        "service_tier": "flex",
        "tools": [server(connection_origin="environment")],
    }
    there = live({"model": MODEL, **stated}, wanted(stated))
    less = wanted({"tools": [server()]})

    found = compared(less, there)

    assert {show(field.path): (field.after, field.cause) for field in found.fields} == {
        "tools.mcp.docs.connection_origin": (ABSENT, "edit"),
        "reasoning.effort": (ABSENT, "edit"),
        "service_tier": (None, "edit"),
    }
    assert found.patch == {"tools": [server()], "reasoning": None, "service_tier": None}
    assert compared(less, live(there.raw, less)).fields == ()


def test_a_new_model_resets_the_effort_beside_a_summary_that_is_stated() -> None:
    before, after = (
        wanted({"reasoning": {"summary": "auto"}}),
        wanted({"reasoning": {"summary": "auto"}, "model": "o3"}),
    )
    raw: Body = {"model": MODEL, "reasoning": {"summary": "auto", "effort": "medium"}}

    found = compared(after, live(raw, before))

    assert found.patch == {"model": "o3", "reasoning": {"summary": "auto", "effort": None}}
    assert [field.reason for field in found.fields] == [None, "o3 chooses its own"]
    ignoring = replace(after, ignore=(("reasoning", "effort"),))
    assert compared(ignoring, live(raw, replace(before, ignore=ignoring.ignore))).patch == {"model": "o3"}


def test_a_search_says_its_mode_to_a_server_and_not_in_a_manifest() -> None:
    one = wanted({"tools": [{"type": "web_search"}]})

    assert creation(one, AGENT).patch["tools"] == [{"type": "web_search", "mode": "live"}]
    assert AGENT.manifest(one.fields)["tools"] == [{"type": "web_search"}]


def test_what_is_merged_by_key_is_never_told_of_keys_that_are_not_known() -> None:
    there = live({"model": MODEL, "experimental": {"time_awareness": True, "next": True}})

    assert compared(wanted({}), there).patch == {"experimental": {"time_awareness": False}}


def test_a_tool_of_tomorrow_is_kept_as_it_stands() -> None:
    tool: Json = {"type": "telepathy", "range": {"far": True}, "since": None}

    assert [(p.code, p.severity) for p in problems({"tools": [tool]})] == [("unknown-tool", "warning")]
    assert creation(wanted({"tools": [tool]}), AGENT).patch["tools"] == [{"type": "telepathy", "range": {"far": True}}]
    listed = ServerTraits(tools={"agent": frozenset(TOOLS)})
    assert [(p.code, p.severity) for p in problems({"tools": [tool]}, listed)] == [("unknown-tool", "error")]


def test_a_live_tool_keeps_members_that_are_not_known() -> None:
    there = live({"model": MODEL, "tools": [function(cost=3)]})

    assert [show(field.path) for field in compared(wanted({"tools": [function()]}), there).fields] == [
        "tools.functions.look_up.cost"
    ]


LARGE: Body = function(description="ä" * 1_600_000)
WRONG: dict[str, tuple[Body, list[str]]] = {
    "limits": ({"name": "x" * 129, "instructions": "y" * 1_048_577}, ["name too-large", "instructions too-large"]),
    "tools by their bytes": ({"tools": [LARGE]}, ["tools too-large"]),
    "sixteen pairs": ({"metadata": {str(n): "x" for n in range(16)}}, ["metadata metadata-pairs"]),
    "words": (
        {"service_tier": "slow", "reasoning": {"effort": "huge", "summary": "long"}, "text": {"verbosity": "mute"}},
        [
            "reasoning.effort unknown-value",
            "reasoning.summary unknown-value",
            "text.verbosity unknown-value",
            "service_tier unknown-value",
        ],
    ),
    "a function without what is required": (
        {"tools": [{"type": "function", "name": "a"}]},
        ["tools.0 missing-field", "tools.0 missing-field"],
    ),
    "a function with a bad name and schema": (
        {"tools": [function("a b", parameters={"type": "objekt"})]},
        ["tools.0.parameters.type bad-schema", "tools.0.name bad-name"],
    ),
    "two functions and two servers": (
        {"tools": [function(), function(), server(), server(), {"type": "automations"}, {"type": "automations"}]},
        ["tools.5 unknown-tool", "tools.1.name duplicate-function", "tools.3.server_label duplicate-function"],
    ),
    "a transport": (
        {"tools": [server(transport={"type": "pigeon"})]},
        ["tools.0.transport.type unknown-value"],
    ),
    "members of the other transport": (
        {"tools": [server(transport={"type": "http", "command": "x"})]},
        ["tools.0.transport missing-field", "tools.0.transport.command unknown-field"],
    ),
    "a process without a folder": (
        {"tools": [server(transport={"type": "stdio", "command": "x"})]},
        ["tools.0.transport missing-field"],
    ),
    "a header that holds a secret": (
        {"tools": [server(transport={**HEADED, "headers": {"Authorization": "Bearer x", "X-Team": "people"}})]},
        ["tools.0.transport.headers.Authorization secret-in-file"],
    ),
    "formats": ({"text": {"format": {"type": "jason"}}}, ["text.format.type unknown-value"]),
    "a format without a schema": ({"text": {"format": {"type": "json_schema"}}}, ["text.format missing-field"]),
    "a schema without its type": (
        {"text": {"format": {"type": "text", "schema": {}}}},
        ["text.format.schema unknown-field"],
    ),
    "subagents that may not be": (
        {"multi_agent": {"enabled": False, "max_concurrent_subagents": 2}},
        ["multi_agent.max_concurrent_subagents no-effect"],
    ),
    "a function that is never found": ({"tools": [function(defer_loading=True)]}, ["tools.0.defer_loading no-effect"]),
    "a model that does not reason": ({"model": "gpt-4o", "reasoning": {"effort": "low"}}, ["reasoning model-family"]),
    "a model a letter off": ({"model": "gpt-5-mni"}, ["model unknown-model"]),
    "a type that is none": ({"tools": [{"type": 3}, {}]}, ["tools.0.type wrong-type", "tools.1.type missing-field"]),
}


@pytest.mark.parametrize(("body", "found"), WRONG.values(), ids=list(WRONG))
def test_what_an_agent_may_not_be_is_told(body: Body, found: list[str]) -> None:
    told = problems(body)

    assert all(problem.code in CODES and problem.message and problem.remedy for problem in told)
    assert [f"{'.'.join(map(str, problem.loc))} {problem.code}" for problem in told] == found


HABITS: dict[str, Body] = {
    "description": {"description": "x"},
    "temperature": {"temperature": 1},
    "top_p": {"top_p": 1},
    "tool_resources": {"tool_resources": {}},
    "response_format": {"response_format": "auto"},
    "reasoning_effort": {"reasoning_effort": "low"},
    "text.format.json_schema": {"text": {"format": {"type": "json_schema", "json_schema": {}, "schema": {}}}},
    "text.format.strict": {"text": {"format": {"type": "json_schema", "schema": {}, "strict": True}}},
    "tools.0.strict": {"tools": [function(strict=True)]},
    "tools.0.function": {"tools": [{"type": "function", "function": {"name": "a"}}]},
    "tools.0.type": {"tools": [{"type": "file_search"}]},
    "tools.0.server_url": {"tools": [server(server_url="https://x.example.com")]},
    "updated_at": {"updated_at": 1},
}


@pytest.mark.parametrize(("path", "body"), HABITS.items(), ids=list(HABITS))
def test_the_habits_of_another_api_are_told_what_to_do_here(path: str, body: Body) -> None:
    (problem,) = problems(body)

    assert (".".join(map(str, problem.loc)), problem.severity) == (path, "error")
    assert problem.remedy
    assert "did you mean" not in problem.remedy
    assert "known here" not in problem.remedy


def test_the_format_that_agents_have_anyway_is_to_be_left_out() -> None:
    (problem,) = problems({"response_format": "auto"})

    assert problem.remedy.endswith("leave out any other format, such as `auto`")


def test_every_field_of_an_assistant_is_one_of_agents_or_has_a_remedy() -> None:
    foreign = set(ASSISTANT.fields) - set(AGENT.fields)

    assert {(name,) for name in foreign} <= AGENT.elsewhere.keys()
    assert {(name,) for name in set(AGENT.fields) & {"reasoning", "text"}} <= ASSISTANT.elsewhere.keys()


def test_fields_keep_their_place_for_ever() -> None:
    assert AGENT.fields == (
        "model",
        "name",
        "instructions",
        "tools",
        "metadata",
        "reasoning",
        "text",
        "service_tier",
        "multi_agent",
        "compaction",
        "experimental",
    )
    assert (AGENT.name, AGENT.plural, AGENT.form, AGENT.texts) == ("agent", "agents", 1, ("name", "instructions"))


def test_the_largest_tools_are_taken() -> None:
    room = 3 * 1024 * 1024 - len(json.dumps([function(description="")], separators=(",", ":")))

    assert problems({"tools": [function(description="x" * room)]}) == ()
    assert [p.code for p in problems({"tools": [function(description="x" * (room + 1))]})] == ["too-large"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("tools", "odd"), ("tools", {"functions": "odd", "mcp": {"a": 1}}), ("text", "odd"), ("multi_agent", "odd")],
)
def test_a_live_field_of_an_unexpected_shape_is_kept_as_it_came(field: str, value: Json) -> None:
    there = live({"model": MODEL, field: value})

    assert there.fields[field] == value
    assert AGENT.wire(field, value, there) in (value, [])


def test_odd_reasoning_and_experiments_are_sent_as_little_as_may_be() -> None:
    there = live({"model": MODEL})

    assert AGENT.wire("reasoning", "odd", there) is None
    assert AGENT.wire("experimental", "odd", there) == "odd"
