"""Lists that cannot be believed: nothing is ever made twice because a server did not show it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.apply.engine import Listener, RunContext, apply
from reconciler.model import Done, Outcome, Plan
from reconciler.plan.guards import PlanContext
from reconciler.plan.make import make_plan
from reconciler.providers import pages
from reconciler.providers.errors import Broken
from reconciler.providers.server import Server
from support import listings
from support.checkout import Checkout, answering, body_of
from support.faults import Script, ok, page, run, scripted
from support.listings import Lists, Way, refusing, unbelievable
from support.lives import wanted
from support.world import WHERE, World

pytestmark = pytest.mark.no_cover

PAGE = 20
COUNT = 32


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", PAGE)


def manifests(count: int) -> list[Any]:
    return [wanted(f"a{number}", name=f"Assistant {number}") for number in range(count)]


async def planned(provider: Server, count: int, **options: Any) -> Plan:
    live = await provider.observe("assistant")
    return make_plan(manifests(count), live, WHERE, facts=PlanContext(unreliable=provider.unreliable), **options)


async def applied(provider: Server, count: int, nonce: str) -> tuple[Plan, tuple[Outcome, ...]]:
    plan = await planned(provider, count)
    return plan, await apply(plan, provider, RunContext(nonce), Listener())


async def three_clones(way: Way, count: int = COUNT) -> tuple[list[int], list[list[str]], int]:
    """How many are live after each of three applies from fresh clones, what was objected, and what a list took."""
    world, figures, codes = World(ids=listings.ids()), [], []
    for nonce in ("n1", "n2", "n3"):
        lists, provider = unbelievable(httpx.ASGITransport(app=world.emulator), way)
        plan, _ = await applied(provider, count, nonce)
        figures.append(len(await world.live()))
        codes.append(sorted({objection.code for objection in plan.objections}))
    return figures, codes, len(lists.asked)


def few(way: Way, lists: Lists, rows: list[Any], asked: Any) -> httpx.Response:
    """The same with larger pages, so that one is enough."""
    return way(lists, rows, {**asked, "limit": "100"})


BELIEVED: dict[str, tuple[Way, int]] = {
    "pages as it says": (listings.honest, 2),
    "pages of ten at most, and no word of more": (listings.capped, 5),
    "pages of ten at most, and no word at all": (listings.capped_and_silent, 5),
    "pages of ten that begin with their cursor": (listings.inclusive_and_silent, 5),
    "everything at once": (listings.at_once, 3),
    "everything at once, in one order": (listings.unsorted, 3),
    "pages by id what fits on one": (partial(few, listings.by_id), 3),
    "cursors by their offset": (listings.by_offset, 2),
    "400 to a cursor": (refusing(400, "Unknown parameter: after"), 2),
    "400 that names it": (refusing(400, "What is {}?"), 2),
    "404 to a cursor": (refusing(404, "Not Found"), 2),
    "405 to a cursor": (refusing(405, "Method Not Allowed"), 2),
    "422 to a cursor": (refusing(422, "after: extra fields not permitted"), 2),
}


@pytest.mark.parametrize(("way", "requests"), BELIEVED.values(), ids=BELIEVED)
def test_three_applies_from_fresh_clones_make_everything_once(way: Way, requests: int) -> None:
    assert run(three_clones, way) == ([COUNT] * 3, [[], [], []], requests)


UNRELIABLE: dict[str, tuple[Way, int]] = {
    "sorts by time and pages by id": (listings.by_id, 8),
    "knows order and no cursor": (listings.first_page_only, 12),
    "shows rows twice": (listings.twice, 8),
}


@pytest.mark.parametrize(("way", "requests"), UNRELIABLE.values(), ids=UNRELIABLE)
def test_three_applies_from_fresh_clones_make_nothing_twice(way: Way, requests: int) -> None:
    assert run(three_clones, way) == ([COUNT] * 3, [[], *[["unreliable-list"]] * 2], requests)


def test_as_many_as_a_real_server_had_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sorts by time and pages by id went from 160 to 219 to 278."""
    monkeypatch.setattr(pages, "PAGE", 100)
    figures, codes, _ = run(three_clones, listings.by_id, 160)

    assert (figures, codes[1:]) == ([160] * 3, [["unreliable-list"]] * 2)


def test_a_thousand_objects_take_ten_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", 100)
    rows = [{"id": f"a{number}"} for number in range(1000)]
    asked: list[dict[str, str]] = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return listings.honest(Lists(httpx.MockTransport(server), listings.honest), rows, asked[-1])

    assert len(run(scripted(server).observe, "assistant")) == 1000
    assert len(asked) == 10


async def _seen(way: Way, meanwhile: Any, count: int = COUNT) -> tuple[Plan, Lists]:
    """A plan over what is live already, while something happens to the list."""
    world = World(ids=listings.ids())
    await world.settle(manifests(count))
    lists, provider = unbelievable(httpx.ASGITransport(app=world.emulator), way)
    lists.meanwhile = meanwhile
    return await planned(provider, count), lists


async def two_strangers(lists: Lists) -> None:
    for name in ("Ann", "Bob"):
        await lists.create({"model": "gpt-4o", "name": name})


def test_rows_that_repeat_because_something_was_made_meanwhile_are_listed_again() -> None:
    async def once(lists: Lists) -> None:
        if len(lists.asked) == 2:
            await two_strangers(lists)

    plan, lists = run(_seen, listings.by_offset, once)

    assert (plan.changes, plan.objections, plan.unmanaged) == ((), (), 2)
    assert len(lists.asked) == 4


def test_a_list_into_which_something_is_made_all_the_time_is_unreliable() -> None:
    plan, lists = run(_seen, listings.by_offset, two_strangers)

    assert [objection.code for objection in plan.objections] == ["unreliable-list"]
    assert "repeat" in plan.objections[0].message
    assert len(lists.asked) == 8


@pytest.mark.parametrize("way", [listings.honest, listings.capped])
def test_a_list_whose_cursor_is_deleted_meanwhile_starts_again(way: Way) -> None:
    async def once(lists: Lists) -> None:
        if len(lists.asked) == 2:
            await lists.delete(lists.asked[-1]["after"])

    plan, _ = run(_seen, way, once)

    assert [change.action for change in plan.changes] == ["create"]
    assert plan.objections == ()


@pytest.mark.parametrize("count", [COUNT, 2 * PAGE])
def test_an_empty_page_ends_a_list_that_always_has_more(count: int) -> None:
    plan, lists = run(_seen, listings.ever_more, None, count)

    assert (plan.changes, plan.objections) == ((), ())
    assert len(lists.asked) == 3


@pytest.mark.parametrize("count", [0, PAGE - 1])
def test_a_list_that_always_has_more_and_never_shows_it_is_an_error(count: int) -> None:
    with pytest.raises(Broken, match=f"more than {count} objects, and sends no more of them"):
        run(_seen, listings.ever_more, None, count)


def test_a_cursor_that_is_never_known_is_an_error() -> None:
    with pytest.raises(Broken, match="changed under every attempt"):
        run(_seen, refusing(404, "No assistant found with id '{}'."), None)


def test_a_cursor_that_includes_its_own_object_is_understood() -> None:
    plan, lists = run(_seen, listings.inclusive, None)

    assert (plan.changes, plan.objections) == ((), ())
    assert len(lists.asked) == 2


def _held(**options: Any) -> tuple[Counter[str], Counter[str], Plan]:
    """What is planned over an unreliable list, and which of it is held back."""

    async def story() -> Plan:
        world = World(ids=listings.ids())
        await world.settle(manifests(COUNT))
        _, provider = unbelievable(httpx.ASGITransport(app=world.emulator), listings.twice)
        live = await provider.observe("assistant")
        desired = [wanted("new"), *[wanted(f"a{number}", name="Another") for number in range(COUNT - 1)]]
        facts = PlanContext(unreliable=provider.unreliable)
        return make_plan(desired, live, WHERE, facts=facts, **options)

    plan: Plan = run(story)
    held = Counter(change.action for change in plan.changes if change.address in plan.held)
    return Counter(change.action for change in plan.ready), held, plan


def test_creates_and_deletes_wait_and_nothing_else_does() -> None:
    ready, held, _ = _held()

    assert (ready, held) == (Counter(update=COUNT - 1), Counter(create=1, delete=1))


def test_nobody_can_allow_what_an_unreliable_list_may_hide() -> None:
    _, held, plan = _held(allow=frozenset({"unreliable-list", "too-many-deletes"}))

    assert held == Counter(create=1, delete=1)
    assert [objection.allowed for objection in plan.objections] == [False]


def test_updates_go_on_where_the_list_is_unreliable() -> None:
    async def story() -> tuple[Outcome, ...]:
        world = World(ids=listings.ids())
        await world.settle(manifests(COUNT))
        _, provider = unbelievable(httpx.ASGITransport(app=world.emulator), listings.twice)
        live = await provider.observe("assistant")
        plan = make_plan([wanted("a0", name="New")], live, WHERE, facts=PlanContext(unreliable=provider.unreliable))
        return await apply(plan, provider, RunContext("n2"), Listener())

    assert sum(isinstance(outcome, Done) for outcome in run(story)) == 1


def test_a_server_that_answers_no_request_for_the_other_order_is_believed() -> None:
    whole = page({"id": "a2"}, {"id": "a1"})
    script = Script(whole, whole, ok({"detail": "order must be desc"}, 422))

    provider = scripted(script)

    assert len(run(provider.observe, "assistant")) == 2
    assert provider.unreliable == {}
    assert script.asked[-1].url.params["order"] == "asc"


# the command line


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Checkout]:
    """A checkout whose server shows `hr` twice, and whose manifests ask for one more."""
    checkout = Checkout(tmp_path, monkeypatch, capsys, hr="model: gpt-4o\n", it="model: gpt-4o\nname: IT\n")
    hr = {"id": "asst_1", "object": "assistant", **body_of(wanted("hr"), replace(WHERE, environment="far"), "asst_1")}
    with answering(200, json.dumps({"data": [hr, hr], "has_more": False})) as server:
        checkout.config(f"stack: acme\nenvironments:\n  far: {{provider: openai, base_url: '{server.url}'}}\n")
        yield checkout


SAID = "The server's list of assistants is unreliable: its pages repeat asst_1. What it leaves out cannot be known."


@pytest.mark.parametrize("shown_as", ["text", "markdown", "html", "github"])
def test_a_plan_over_an_unreliable_list_names_the_fault_and_offers_no_way_around(here: Checkout, shown_as: str) -> None:
    told = here.run("plan", "-e", "far", "--format", shown_as)

    assert told.code == 0
    assert "unreliable-list" in told.out
    assert "cannot be overridden" in told.out
    assert "--allow" not in told.out
    assert "reconciler/allow:" not in told.out


def test_an_apply_over_an_unreliable_list_makes_nothing(here: Checkout) -> None:
    told = here.run("apply", "-e", "far", "--auto-approve")

    assert told.code == 1
    assert SAID in " ".join(told.out.split())  # which is wrapped
    assert "Objections block every change; nothing was changed.\n  review them\n" in told.err


def test_a_fault_of_the_list_is_no_code_to_allow(here: Checkout) -> None:
    told = here.run("apply", "-e", "far", "--auto-approve", "--allow", "unreliable-list")

    assert told.code == 1
    assert "The objection `unreliable-list` cannot be overridden." in told.err


@pytest.mark.parametrize("command", [("output",), ("status",), ("show", "hr"), ("forget", "hr")])
def test_a_command_without_objections_warns_of_an_unreliable_list(here: Checkout, command: tuple[str, ...]) -> None:
    assert f"Warning: {SAID}" in here.run(*command, "-e", "far").err
