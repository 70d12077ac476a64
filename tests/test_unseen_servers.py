"""Servers nobody has seen yet: each answers a little differently, and all of them come to rest."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import anyio
import httpx
import pytest

from reconciler.apply.engine import Listener, RunContext, apply
from reconciler.canonical import digest
from reconciler.model import Desired, Done, Outcome, Plan, Unsettled
from reconciler.plan.diff import compare
from reconciler.plan.make import make_plan
from reconciler.providers.errors import Broken
from support.faults import Script, is_collection, ok, page, run, scripted
from support.lives import KIND, applied, causes, marked, wanted
from support.world import WHERE

pytestmark = pytest.mark.no_cover

Echo = Literal["whole", "part", "named", "bare", "null", "wrapped", "nothing"]
Reads = Literal["by id", "404", "405"]
ECHOES: list[Echo] = ["whole", "part", "named", "bare", "null", "wrapped", "nothing"]
READS: list[Reads] = ["by id", "404", "405"]


@dataclass
class Server:
    """Keeps what it is told, and tells of it in its own way."""

    echo: Echo = "whole"
    reads: Reads = "by id"
    drops_strict: bool = False
    defaults: dict[str, Any] = field(default_factory=dict)
    """What it takes for what a create leaves out."""
    upserts: bool = False
    keeps: bool = False
    """Whether it stays with that, whatever it is sent."""
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        id = request.url.path.rpartition("/")[2]
        if request.method == "GET":
            return (page(*self.kept.values()) if is_collection(request) else self._read(id))(request)
        self.writes.append(request.method)
        if is_collection(request):
            id = f"asst_{len(self.kept) + 1}"
            self.kept[id] = {"id": id, "object": "assistant", "created_at": len(self.kept), **self.defaults}
        elif self.upserts:
            self.kept[id] = {
                name: self.kept[id][name] for name in ("id", "object", "created_at", "model")
            } | self.defaults
        self.kept[id] |= {**json.loads(request.content), **(self.defaults if self.keeps else {})}
        if self.drops_strict:
            for tool in self.kept[id].get("tools", []):
                tool["function"].pop("strict", None)
        return self._told(self.kept[id])

    def _read(self, id: str) -> Any:
        if self.reads == "by id":
            return ok(self.kept[id])
        return ok({"detail": "Not Found" if self.reads == "404" else "Method Not Allowed"}, int(self.reads))

    def _told(self, one: dict[str, Any]) -> httpx.Response:
        named = {name: one[name] for name in ("id", "object", "created_at")}
        part = {**named, "model": one["model"], "metadata": one["metadata"]}
        texts = {"whole": one, "part": part, "named": named, "null": None, "wrapped": {"data": one}, "nothing": {}}
        return httpx.Response(200, content=b"" if self.echo == "bare" else json.dumps(texts[self.echo]))


def settled(server: Server, *desired: Desired, reread: bool = False) -> tuple[Plan, tuple[Outcome, ...]]:
    """One plan over what the server lists, and what its apply came to."""
    provider = scripted(server)

    async def story() -> tuple[Plan, tuple[Outcome, ...]]:
        plan = make_plan(desired, await provider.observe("assistant"), WHERE)
        return plan, await apply(plan, provider, RunContext(f"n{len(server.writes)}", reread=reread), Listener())

    return run(story)  # type: ignore[no-any-return]


@pytest.mark.parametrize("reads", READS)
@pytest.mark.parametrize("echo", ECHOES)
def test_a_write_is_verified_however_little_its_answer_says(echo: Echo, reads: Reads) -> None:
    server = Server(echo, reads)

    _, made = settled(server, wanted(name="HR", temperature=0.5))
    _, changed = settled(server, wanted(name="People", temperature=0.5), reread=True)
    plan, _ = settled(server, wanted(name="People", temperature=0.5))

    assert [type(outcome) for outcome in (*made, *changed)] == [Done, Done]
    assert (plan.changes, plan.marks) == ((), ())
    assert server.writes == ["POST", "POST"]
    assert server.kept["asst_1"]["temperature"] == 0.5


@pytest.mark.parametrize(("reads", "asked"), [("by id", [0, 20]), ("404", [3, 8]), ("405", [3, 8])])
def test_those_who_wait_for_a_server_without_reading_by_id_share_one_list(reads: Reads, asked: list[int]) -> None:
    """A list takes three requests where cursors are ignored; eight workers find out at once that ids are not read."""
    server, seen = Server(reads=reads), []
    keys = [f"a{number}" for number in range(20)]
    settled(server, *[wanted(key, name=key) for key in keys])

    def counted(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return server(request)

    async def story() -> tuple[Outcome, ...]:
        provider = scripted(counted)
        live = await provider.observe("assistant")
        plan = make_plan([wanted(key, name=f"New {key}") for key in keys], live, WHERE)
        await anyio.sleep(6)
        seen.clear()
        return await apply(plan, provider, RunContext("n2", reread=True), Listener())

    assert {type(outcome) for outcome in run(story)} == {Done}
    gets = [request for request in seen if request.method == "GET"]
    lists = sum(is_collection(request) for request in gets)
    assert [lists, len(gets) - lists] == asked


@pytest.mark.parametrize("reads", READS)
def test_what_a_create_leaves_out_is_sent_where_the_server_has_other_defaults(reads: Reads) -> None:
    server = Server(reads=reads, defaults={"temperature": 0.7, "top_p": 0.9})

    _, made = settled(server, wanted(name="HR", top_p=0.5))
    plan, _ = settled(server, wanted(name="HR", top_p=0.5))

    assert [type(outcome) for outcome in made] == [Done]
    assert (server.kept["asst_1"]["temperature"], server.kept["asst_1"]["top_p"]) == (1, 0.5)
    assert (plan.changes, plan.marks, plan.mismatches) == ((), (), ())
    assert server.writes == ["POST", "POST"]


def test_a_server_that_resets_what_is_left_out_to_defaults_of_its_own_is_sent_all_of_it() -> None:
    server = Server(defaults={"temperature": 0.7}, upserts=True)
    settled(server, wanted(name="HR", description="One"))

    _, changed = settled(server, wanted(name="HR", description="Two"))

    assert [type(outcome) for outcome in changed] == [Done]
    assert (server.kept["asst_1"]["name"], server.kept["asst_1"]["temperature"]) == ("HR", 1)


def test_a_default_that_a_server_keeps_whatever_it_is_sent_is_told_and_not_sent_again() -> None:
    server = Server(defaults={"temperature": 0.7}, keeps=True)

    _, made = settled(server, wanted(name="HR"))
    plan, _ = settled(server, wanted(name="HR"))

    assert [type(outcome) for outcome in made] == [Unsettled]
    assert ([one.address.key for one in plan.mismatches], plan.changes) == (["a"], ())


def test_an_edit_of_what_a_server_never_took_is_no_conflict() -> None:
    server = Server(drops_strict=True)
    tool = {"type": "function", "function": {"name": "f", "strict": True, "description": "One."}}
    parameters = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    tool["function"] |= {"parameters": parameters}  # type: ignore[operator]
    settled(server, wanted(tools=[tool]))
    tool["function"] |= {"description": "Two."}  # type: ignore[operator]

    plan, _ = settled(server, wanted(tools=[tool]))

    assert {change.cause for one in plan.changes for change in one.fields} == {"edit"}
    assert server.kept["asst_1"]["tools"][0]["function"]["description"] == "Two."
    assert settled(server, wanted(tools=[tool]))[0].changes == ()


def test_a_hand_on_what_a_server_never_took_is_still_seen() -> None:
    kept = {"name": digest("HR (kept)", 6)}
    live = marked(applied(wanted(name="HR"), name="by hand"), unsettled=kept)

    assert causes(compare(wanted(name="People"), live, KIND, live.marker).fields) == {"name": "conflict"}


def test_what_a_server_takes_at_last_leaves_nothing_behind() -> None:
    server = Server(drops_strict=True)
    body = {
        "name": "f",
        "strict": True,
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False, "required": []},
    }
    settled(server, wanted(tools=[{"type": "function", "function": body}]))
    loose = [{"type": "function", "function": {**body, "strict": False}}]

    first, refreshed = settled(server, wanted(tools=loose))
    second, _ = settled(server, wanted(tools=loose))

    assert (first.changes, [type(outcome) for outcome in refreshed]) == ((), [Done])
    assert (second.changes, second.marks) == ((), ())


@pytest.mark.parametrize(("last", "said"), [([], "no more of them"), ([{"id": "asst_1"}], "the same ones again")])
def test_a_list_that_never_ends_is_told_apart_from_one_that_repeats(last: list[Any], said: str) -> None:
    provider = scripted(Script(page({"id": "asst_1"}, has_more=True), page(*last, has_more=True)))

    with pytest.raises(Broken, match=f"more than 1 objects, and sends {said}"):
        run(provider.observe, "assistant")
