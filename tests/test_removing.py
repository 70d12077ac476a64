"""What is taken out goes, whatever a server understands by that: metadata keys, and texts."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx
import pytest

from reconciler.apply.engine import PARALLELISM, Listener, RunContext, apply
from reconciler.canonical import Json
from reconciler.emulator import Settings
from reconciler.model import Desired, Failed, Outcome
from reconciler.providers.openai import local_server
from support.faults import TIME, faulty, run, wire_clock
from support.world import EVERY_SERVER, World, desired

pytestmark = pytest.mark.no_cover

MANY = tuple(f"k{number}" for number in range(32))


def bodies(*keys: str, **more: Json) -> tuple[Desired, ...]:
    return desired(*({"model": "gpt-4o", "name": f"I am {key}", **more} for key in keys), keys=keys)


class Uneven(httpx.AsyncBaseTransport):
    """A server that takes longer for some requests than for others."""

    def __init__(self, inner: httpx.AsyncBaseTransport, seed: int) -> None:
        self.inner = inner
        self.seed = seed
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await anyio.sleep(0.05 + (len(self.requests) * 7919 + self.seed * 104729) % 13 / 13)
        return await self.inner.handle_async_request(request)


async def settled(settings: Settings, wanted: tuple[Desired, ...]) -> World:
    world = World(settings)
    faulty(world)
    await apply(await world.plan(wanted), world.provider, RunContext("n1"), Listener(), clock=TIME)
    return world


async def applied(world: World, transport: Any, wanted: tuple[Desired, ...], nonce: str = "n2") -> tuple[Outcome, ...]:
    world.provider = local_server(transport, lambda line: None, lambda: None, wire_clock())
    return await apply(await world.plan(wanted), world.provider, RunContext(nonce), Listener(), clock=TIME)


def kinds(outcomes: tuple[Outcome, ...]) -> Counter[str]:
    return Counter(type(outcome).__name__ for outcome in outcomes)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("settings", [one for one in EVERY_SERVER if one.echo == "defaults"], ids=lambda s: s.metadata)
def test_keys_dropped_from_many_at_once_are_gone_from_all(settings: Settings, seed: int) -> None:
    async def story() -> tuple[Counter[str], list[Any], int, int]:
        world = await settled(settings, bodies(*MANY, metadata={"team": "people", "tier": "gold"}))
        uneven = Uneven(httpx.ASGITransport(app=world.emulator), seed)
        wanted = bodies(*MANY, metadata={"team": "people"})
        outcomes = await applied(world, uneven, wanted)
        again = await world.plan(wanted)
        left = [one for one in await world.live() if "tier" in one.fields["metadata"]]
        return kinds(outcomes), left, len(again.changes), sum(one.method == "POST" for one in uneven.requests)

    outcomes, left, changes, writes = run(story)

    assert (outcomes, left, changes) == ({"Done": 32}, [], 0)
    assert writes <= 32 + PARALLELISM + 1


TEXTS = ("name", "description", "instructions")


@dataclass
class Texts(httpx.AsyncBaseTransport):
    """A server that ignores null for a text, or refuses it; an empty one it may take, or keep the text all the same."""

    inner: httpx.AsyncBaseTransport
    null: str = "ignored"
    empty: str = "taken"
    writes: list[dict[str, Json]] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "POST":
            return await self.inner.handle_async_request(request)
        body = json.loads(request.content)
        self.writes.append(body)
        for how, value in ((self.null, None), (self.empty, "")):
            if any(body.get(name, "-") == value for name in TEXTS) and how == "refused":
                return httpx.Response(422, json={"detail": "input should be a valid string"})
        meant = {None: self.null, "": self.empty}
        kept = {name: value for name, value in body.items() if name not in TEXTS or meant.get(value) != "ignored"}
        return await self.inner.handle_async_request(_sending(kept, request))


def _sending(body: Any, request: httpx.Request) -> httpx.Request:
    headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
    return httpx.Request(request.method, request.url, headers=headers, json=body)


def emptied(server: dict[str, str], *names: str, keys: str = "a", **settings: Any) -> list[Any]:
    """What came of texts that were taken out of manifests, what the server holds, what it was sent, what is planned."""

    async def story() -> list[Any]:
        stated = {name: f"old {name}" for name in TEXTS}
        world = await settled(Settings(**settings), desired(*({"model": "gpt-4o", **stated} for _ in keys), keys=keys))
        transport = Texts(httpx.ASGITransport(app=world.emulator), **server)
        rest = {name: text for name, text in stated.items() if name not in names}
        wanted = desired(*({"model": "gpt-4o", **rest} for _ in keys), keys=keys)
        outcomes = await applied(world, transport, wanted)
        again = await world.plan(wanted)
        held = [{name: one.fields[name] for name in names} for one in await world.live()]
        return [kinds(outcomes), held, transport.writes, [*again.changes, *again.marks]]

    return list(run(story))


@pytest.mark.parametrize("null", ["taken", "ignored", "refused"])
@pytest.mark.parametrize("modify", ["partial", "upsert"])
@pytest.mark.parametrize("metadata", ["merge-null", "merge-empty", "replace"])
@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_is_taken_out_is_emptied_where_null_is_not_understood(
    name: str, metadata: str, modify: str, null: str
) -> None:
    outcomes, held, _, again = emptied({"null": null}, name, metadata=metadata, modify=modify)

    assert (outcomes, held, again) == ({"Done": 1}, [{name: None}], [])


@pytest.mark.parametrize(("null", "most"), [("ignored", 2), ("refused", 8)])
def test_how_a_text_is_taken_out_is_found_out_once_a_run(null: str, most: int) -> None:
    outcomes, held, writes, again = emptied({"null": null}, *TEXTS, keys="abcdefghijklmnopqrstuvwxyz")

    assert (outcomes, again) == ({"Done": 26}, [])
    assert held == [dict.fromkeys(TEXTS)] * 26
    assert len(writes) <= 26 + most * PARALLELISM
    assert writes[-1]["name"] == ""


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("null", ["ignored", "refused"])
def test_a_null_that_was_on_its_way_when_another_worker_learnt_better_is_no_failure(null: str, seed: int) -> None:
    async def story() -> tuple[Counter[str], list[Json], int]:
        world = await settled(Settings(), bodies(*MANY))
        texts = Texts(httpx.ASGITransport(app=world.emulator), null)
        wanted = desired(*({"model": "gpt-4o"} for _ in MANY), keys=MANY)
        outcomes = await applied(world, Uneven(texts, seed), wanted)
        again = await world.plan(wanted)
        return kinds(outcomes), [one.fields["name"] for one in await world.live()], len(again.changes)

    assert run(story) == ({"Done": 32}, [None] * 32, 0)


@pytest.mark.parametrize("null", ["ignored", "refused"])
def test_a_text_that_a_server_keeps_whatever_it_is_sent_is_told_and_not_sent_again(null: str) -> None:
    outcomes, held, writes, again = emptied({"null": null, "empty": null}, "name")

    assert outcomes == {{"ignored": "Unsettled", "refused": "Failed"}[null]: 1}
    assert held == [{"name": "old name"}]
    assert [body["name"] for body in writes if "name" in body] == [None, ""]
    assert (again == []) == (null == "ignored")


def test_what_is_refused_for_another_reason_says_that_one() -> None:
    async def refusing(request: httpx.Request) -> httpx.Response:
        empty = json.loads(request.content)["name"] == ""
        return httpx.Response(400, json={"error": {"message": "no empty name" if empty else "the model is retired"}})

    async def story() -> tuple[Outcome, ...]:
        world = await settled(Settings(), bodies("a"))
        plan = await world.plan(desired({"model": "gpt-4o"}, keys="a"))
        world.provider = local_server(httpx.MockTransport(refusing), lambda line: None, lambda: None, wire_clock())
        return await apply(plan, world.provider, RunContext("n2"), Listener(), clock=TIME)

    (outcome,) = run(story)
    assert isinstance(outcome, Failed)
    assert outcome.message == "400: the model is retired"
