"""Agents and assistants on servers written from the facts: made, changed and let go, and at rest after each step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from reconciler.apply.context import Listener
from reconciler.apply.engine import RunContext, apply
from reconciler.model import Done, Failed, Outcome, Plan, Skipped
from reconciler.plan.make import make_plan
from reconciler.providers.server import Server
from support.apis import Api, Apis
from support.faults import TIME, over, run
from support.world import WHERE, desired

ALLOWED = frozenset({"no-manifests", "too-many-deletes", "kind-changed"})
LOOKUP = {"type": "function", "name": "lookup", "description": "Look up.", "parameters": {"type": "object"}}
PLAIN = {
    "model": "gpt-5.1",
    "name": "Helper",
    "instructions": "Be kind.",
    "metadata": {"team": "people", "tier": "gold"},
}
RICH = {**PLAIN, "reasoning": {"summary": "auto"}, "tools": [LOOKUP], "text": {"verbosity": "low"}}
STATES: list[list[tuple[str, dict[str, Any]]]] = [
    [("agent", PLAIN), ("agent", RICH), ("assistant", PLAIN)],
    [("agent", {**PLAIN, "metadata": {"team": "people"}}), ("agent", {**RICH, "instructions": "Be brief."}),
     ("assistant", {**PLAIN, "metadata": {"tier": "gold"}})],
    [("agent", {**PLAIN, "model": "gpt-5.2"}), ("agent", {**RICH, "model": "gpt-5.2"}), ("assistant", PLAIN)],
    [("agent", {"model": "gpt-5.2"}), ("agent", {"model": "gpt-5.2"}), ("assistant", {"model": "gpt-5.2"})],
    [("agent", {"model": "gpt-5.2", "name": "Helper"})],
]  # fmt: skip
SERVERS: dict[str, dict[str, Any]] = {
    "as the facts say": {},
    "an effort is chosen": {"effort": "high"},
    "an effort is chosen and told in lists alone": {"effort": "high", "echoes": False},
    "a modify drops what it leaves out": {"upserts": True},
    "a modify drops what it leaves out, and an effort is chosen": {"upserts": True, "effort": "high", "echoes": False},
    "metadata is merged": {"metadata": "merged"},
    "a list is an array": {"arrays": True},
    "null is no text": {"null": "refused"},
    "null leaves a text as it is": {"null": "ignored"},
    "every modify needs a model": {"needs_model": True},
    "what is written is only named": {"names_only": True, "gone": "nameless"},
    "what is gone has no name": {"gone": "nameless"},
    "what is gone is a web page": {"gone": "html"},
}


async def settled(server: Server, *stated: tuple[str, dict[str, Any]], nonce: str = "n1") -> tuple[Plan, list[Outcome]]:
    live = [each for kind in ("agent", "assistant") for each in await server.observe(kind)]
    plan = make_plan(desired(*stated), live, WHERE, allow=ALLOWED)
    return plan, [*await apply(plan, server, RunContext(nonce), Listener(), clock=TIME)]


class Refusing(Api):
    """Lists its objects, and takes none."""

    def answer(self, request: httpx.Request, id: str) -> httpx.Response:
        refusal = httpx.Response(400, json={"error": {"message": "No such model."}})
        return refusal if request.method == "POST" else super().answer(request, id)


@pytest.mark.parametrize("key", ["a", "of-another-key-but-that-name"])
def test_what_could_not_be_created_anew_as_another_kind_is_not_deleted(key: str) -> None:
    moved = ("agent", {**PLAIN, "reconciler": {"key": key}})
    apis = Apis(Refusing("agents"), Api("assistants"))

    async def story() -> list[Outcome]:
        await settled(over(apis), ("assistant", PLAIN))
        _, outcomes = await settled(over(apis), moved)
        apis.apis["agents"] = Api("agents")
        _, later = await settled(over(apis), moved)
        assert all(isinstance(outcome, Done) for outcome in later)
        return outcomes

    failed, kept = run(story)
    assert isinstance(failed, Failed)
    assert isinstance(kept, Skipped)
    assert kept.reason == f"agent.{key}, which replaces it, was not created"
    assert (len(apis.apis["agents"].kept), len(apis.apis["assistants"].kept)) == (1, 0)


def test_a_merge_deletes_nothing_of_which_the_replacement_is_pending_and_no_part_of_it() -> None:
    apis = Apis(Api("agents"), Api("assistants"))

    async def story() -> tuple[Outcome, ...]:
        await settled(over(apis), ("assistant", PLAIN))
        server = over(apis)
        plan = make_plan(desired(("agent", PLAIN)), await server.observe("assistant"), WHERE, allow=ALLOWED)
        create, delete = plan.changes
        merge = replace(plan, changes=(delete,), rest=(create,), applies="change")
        return await apply(merge, server, RunContext("n2"), Listener(), clock=TIME)

    (kept,) = run(story)
    assert isinstance(kept, Skipped)
    assert len(apis.apis["assistants"].kept) == 1


@pytest.mark.parametrize("agents", SERVERS.values(), ids=SERVERS)
def test_both_kinds_come_to_rest_on_any_server(agents: dict[str, Any]) -> None:
    apis = Apis(Api("agents", **agents), Api("assistants", metadata="merged"))

    async def story() -> None:
        for number, state in enumerate(STATES):
            _, outcomes = await settled(over(apis), *state, nonce=f"n{number}")
            assert [type(outcome).__name__ for outcome in outcomes] == ["Done"] * 3
            again, _ = await settled(over(apis), *state)
            assert (again.changes, again.marks, again.mismatches, again.objections) == ((), (), (), ())

    run(story)
    (kept,) = apis.apis["agents"].kept.values()
    assert (kept["model"], kept["name"], kept.get("instructions"), kept.get("tools") or []) == (
        "gpt-5.2",
        "Helper",
        None,
        [],
    )
    assert apis.apis["assistants"].kept == {}


def test_a_server_that_keeps_a_few_fields_is_told_what_it_did_not_keep_and_not_sent_it_again() -> None:
    apis = Apis(Api("agents", keeps=frozenset({"model", "name", "instructions"})), Api("assistants"))

    async def story() -> list[list[str]]:
        said = []
        for text in ("One.", "One.", "Two."):
            plan, outcomes = await settled(over(apis), ("agent", {**RICH, "instructions": text}))
            said.append([type(outcome).__name__ for outcome in outcomes] + [one.address.key for one in plan.mismatches])
        return said

    assert run(story) == [["Unsettled"], ["a"], ["Done", "a"]]


def test_what_a_server_states_beside_what_it_chooses_is_told_once_and_is_no_conflict() -> None:
    apis = Apis(Api("agents", effort="high", states={"reasoning": {"budget": 1000}}), Api("assistants"))

    async def story() -> list[list[str]]:
        said = []
        for summary in ("auto", "auto", "concise"):
            plan, outcomes = await settled(over(apis), ("agent", {**RICH, "reasoning": {"summary": summary}}))
            assert not plan.objections
            said.append([type(outcome).__name__ for outcome in outcomes] + [one.address.key for one in plan.mismatches])
        return said

    assert run(story) == [["Unsettled"], ["a"], ["Unsettled"]]


class Locating(Api):
    """A server that chooses in each tool, and states what it was not sent."""

    def _seen(self, row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "tools": [{"connection_origin": "service", "place": "near", **tool} for tool in row["tools"]]}


def test_what_did_not_settle_is_taken_out_again_without_a_conflict() -> None:
    apis = Apis(Locating("agents"), Api("assistants"))
    docs = {"type": "mcp", "server_label": "docs", "transport": {"type": "http", "server_url": "https://example.com"}}

    async def story() -> list[list[str]]:
        said = []
        for tools in ([docs], [docs], []):
            plan, outcomes = await settled(over(apis), ("agent", {**PLAIN, "tools": tools}))
            assert not plan.objections
            said.append([type(outcome).__name__ for outcome in outcomes])
        return said

    assert run(story) == [["Unsettled"], [], ["Done"]]


def test_what_a_create_leaves_out_within_a_field_is_sent_where_the_server_has_another_default() -> None:
    apis = Apis(Api("agents", states={"text": {"verbosity": "high"}}), Api("assistants"))
    agent = {**PLAIN, "text": {"format": {"type": "json_schema", "schema": {"type": "object"}}}}

    async def story() -> tuple[list[str], int]:
        _, outcomes = await settled(over(apis), ("agent", agent))
        again, _ = await settled(over(apis), ("agent", agent))
        return [type(outcome).__name__ for outcome in outcomes], len(again.changes) + len(again.mismatches)

    assert run(story) == (["Done"], 0)
    assert [body["text"].get("verbosity") for body in apis.apis["agents"].bodies] == [None, "medium"]


def test_a_modify_that_drops_what_it_leaves_out_is_sent_the_mode_of_a_search() -> None:
    apis = Apis(Api("agents", upserts=True), Api("assistants"))
    agent = {**PLAIN, "tools": [{"type": "web_search"}]}

    async def story() -> None:
        await settled(over(apis), ("agent", agent))
        await settled(over(apis), ("agent", {**agent, "instructions": "Be brief."}))

    run(story)
    (kept,) = apis.apis["agents"].kept.values()
    assert kept["tools"] == [{"type": "web_search", "mode": "live"}]


@pytest.mark.parametrize(("server", "left"), [({}, 0), ({"no_delete": (405, "Not Allowed")}, 1)])
def test_a_server_that_drops_metadata_is_told_at_the_first_create(server: dict[str, Any], left: int) -> None:
    apis = Apis(Api("agents", metadata="dropped", **server), Api("assistants"))

    async def story() -> list[Outcome]:
        return (await settled(over(apis), *STATES[0][:1]))[1]

    (outcome,) = run(story)
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith(
        "the server drops metadata, so ownership cannot be stored; agent_1 was created and"
    )
    assert ("This server does not delete agents: it answered 405" in outcome.message) == bool(left)
    assert len(apis.apis["agents"].kept) == left


def test_what_is_managed_of_one_kind_proves_nothing_of_another() -> None:
    """Else as many agents as are created at a time would be left behind, where they cannot be deleted."""
    apis = Apis(Api("agents", metadata="dropped", no_delete=(405, "Not Allowed")), Api("assistants"))

    async def story() -> list[str]:
        await settled(over(apis), ("assistant", PLAIN))
        _, outcomes = await settled(over(apis), ("assistant", PLAIN), *[("agent", PLAIN)] * 5)
        return [type(outcome).__name__ for outcome in outcomes]

    assert sorted(run(story)) == ["Failed", *["Skipped"] * 4]
    assert len(apis.apis["agents"].kept) == 1


@pytest.mark.parametrize("gone", ["named", "nameless", "html", "400"])
def test_a_list_whose_cursor_was_deleted_is_read_again(gone: Any) -> None:
    agents = Api("agents", gone=gone, kept={f"agent_{n}": {"id": f"agent_{n}", "model": "m"} for n in range(250)})
    apis = Apis(agents)
    doomed = ["agent_150"]

    def delete(request: httpx.Request) -> None:
        if request.url.params.get("after") in doomed:
            agents.kept.pop(doomed.pop())

    async def story() -> int:
        apis.meanwhile = delete
        return len(await over(apis).observe("agent"))

    assert run(story) == 249
    assert [request.url.params.get("after") for request in apis.asked] == [
        None, "agent_150", None, "agent_149", "agent_49",
    ]  # fmt: skip
