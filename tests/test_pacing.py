"""One limiter for a run: nothing is held up while nobody refuses, and what a server allows is used nearly whole."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import anyio
import httpx
import pytest

from reconciler.apply.engine import Listener, RunContext, apply
from reconciler.emulator import Emulator
from reconciler.model import Done, Outcome
from reconciler.plan.make import make_plan
from reconciler.providers.openai import local_server
from reconciler.providers.pacing import Pacer
from support.faults import TIME, clock, run, wire_clock
from support.lives import wanted
from support.world import WHERE

pytestmark = pytest.mark.no_cover

WORKERS = 8


class Limit(Protocol):
    def admits(self, now: float) -> bool: ...


@dataclass
class Bucket:
    """So many requests a second, and as many at once as have been saved up."""

    rate: float
    burst: float
    tokens: float = 0.0
    at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.burst

    def admits(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


@dataclass
class Window:
    """So many requests in every whole second."""

    rate: int
    second: int = -1
    used: int = 0

    def admits(self, now: float) -> bool:
        if int(now) != self.second:
            self.second, self.used = int(now), 0
        self.used += 1
        return self.used <= self.rate


@dataclass
class Anything:
    def admits(self, now: float) -> bool:
        return True


@dataclass
class Chance:
    """Refuses at random, however slowly it is asked."""

    share: float
    seed: int

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def admits(self, now: float) -> bool:
        return self.random.random() >= self.share


@dataclass
class Told:
    """How a load went."""

    took: float = 0.0
    sent: int = 0
    refused: int = 0
    times: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        return self.refused / self.sent


async def _load(requests: int, limit: Callable[[float], Limit], retry_after: float | None, latency: float) -> Told:
    """Workers who send so many requests through one pacer, each until it is let through."""
    told, pacer, left = Told(), Pacer(clock, anyio.sleep), list(range(requests))
    began = clock()

    async def work() -> None:
        while left:
            left.pop()
            while True:
                sent = await pacer.turn()
                told.sent += 1
                await anyio.sleep(latency)
                if limit(clock()).admits(clock()):
                    pacer.accepted(sent)
                    told.times.append(clock())
                    break
                told.refused += 1
                pacer.throttled(sent, retry_after)
                await anyio.sleep(retry_after or 0.25)

    async with anyio.create_task_group() as group:
        for _ in range(WORKERS):
            group.start_soon(work)
    told.took = clock() - began
    return told


def load(
    requests: int, limit: Limit | Callable[[float], Limit], retry_after: float | None = None, latency: float = 0.05
) -> Told:
    chosen: Callable[[float], Limit] = limit if callable(limit) else lambda now: limit
    told: Told = run(_load, requests, chosen, retry_after, latency)
    return told


@pytest.mark.parametrize("retry_after", [None, 0.2, 1.0])
@pytest.mark.parametrize("rate", [5, 20])
@pytest.mark.parametrize("saved", [1, 20])
def test_a_bucket_is_used_nearly_whole_with_few_refusals(rate: int, saved: int, retry_after: float | None) -> None:
    told = load(300, Bucket(rate, saved), retry_after)

    assert told.took <= 1.3 * (300 - saved) / rate
    assert told.refused - WORKERS <= 0.04 * 300
    assert told.share < 0.05 or rate == 5


@pytest.mark.parametrize("rate", [5, 20])
def test_a_fixed_window_is_used_nearly_whole_with_few_refusals(rate: int) -> None:
    told = load(300, Window(rate))

    assert told.took <= 1.3 * 300 / rate
    assert told.share < 0.05


def test_what_was_saved_up_before_is_spent_first_and_then_unlearnt() -> None:
    told = load(600, Bucket(20, 100))

    assert told.took <= 1.1 * 500 / 20
    assert told.share < 0.05


def test_nothing_is_held_up_while_nobody_refuses() -> None:
    told = load(400, Anything(), latency=0.05)

    assert told.took == pytest.approx(400 / WORKERS * 0.05)
    assert told.refused == 0


def test_a_server_that_recovers_is_soon_used_again() -> None:
    slow, fast = Bucket(5, 1), Bucket(40, 1)

    told = load(900, lambda now: slow if now < 20 else fast)

    assert told.took <= 20 + 2 * 800 / 40
    assert told.share < 0.05


def test_a_server_that_grows_slow_is_followed() -> None:
    fast, slow = Bucket(40, 1), Bucket(5, 1)

    told = load(500, lambda now: fast if now < 5 else slow)

    assert told.took <= 5 + 1.3 * 350 / 5
    assert told.share < 0.08


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_refusals_at_random_are_no_limit(share: float, seed: int) -> None:
    told = load(600, Chance(share, seed), retry_after=0.0)

    assert told.took < 120


def test_a_limit_that_looked_like_refusals_at_random_is_found_out() -> None:
    chance, bucket = Chance(0.3, 1), Bucket(5, 1)

    told = load(900, lambda now: chance if now < 20 else bucket)
    after = [moment for moment in told.times if moment > 20]

    assert told.took - 20 <= 1.2 * len(after) / 5
    assert told.refused < 0.4 * 900


def test_while_a_server_takes_nothing_one_request_at_a_time_asks_and_ever_more_seldom() -> None:
    told = load(20, lambda now: Anything() if now > 60 else Window(0))

    assert told.refused < 8 + 20
    assert told.took < 60 + 20


class Moody(httpx.AsyncBaseTransport):
    """The embedded server behind one that turns away a share of the requests."""

    def __init__(self, share: float, seed: int) -> None:
        self.emulator = Emulator(":memory:")
        self.inner = httpx.ASGITransport(app=self.emulator)
        self.limit = Chance(share, seed)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.sleep(0.02)
        if self.limit.admits(clock()):
            return await self.inner.handle_async_request(request)
        return httpx.Response(429, json={"error": {"message": "Too fast."}}, headers={"Retry-After": "0"})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("share", "seconds"), [(0.3, 60), (0.4, 120)])
def test_creates_that_a_server_turns_away_at_random_all_happen(share: float, seconds: float, seed: int) -> None:
    server = Moody(share, seed)
    provider = local_server(server, lambda line: None, server.emulator.close, wire_clock())
    plan = make_plan([wanted(f"a{n:02}", name=f"A{n}") for n in range(24)], (), WHERE)

    async def story() -> tuple[tuple[Outcome, ...], float]:
        outcomes = await apply(plan, provider, RunContext("now"), Listener(), clock=TIME)
        took = clock()
        await provider.aclose()
        return outcomes, took

    outcomes, took = run(story)
    assert [type(outcome) for outcome in outcomes] == [Done] * 24
    assert took < seconds


def test_everybody_waits_for_as_long_as_the_server_asked() -> None:
    async def story() -> tuple[float, float]:
        pacer = Pacer(clock, anyio.sleep)
        sent = await pacer.turn()
        pacer.throttled(sent, 7.0)
        return pacer.wait(), await pacer.turn()

    assert run(story) == (7.0, 7.0)


def test_a_refusal_of_what_was_sent_before_the_last_one_says_nothing_new() -> None:
    async def story() -> tuple[float, float]:
        pacer = Pacer(clock, anyio.sleep)
        sent = [await pacer.turn() for _ in range(8)]
        await anyio.sleep(1)
        pacer.throttled(sent[0], None)
        once = pacer.wait()
        for one in sent[1:]:
            pacer.throttled(one, None)
        return once, pacer.wait()

    once, often = run(story)
    assert once == often


def test_the_pace_is_known_only_once_somebody_refused() -> None:
    async def story() -> list[float | None]:
        pacer = Pacer(clock, anyio.sleep)
        rates = [pacer.rate]
        sent = await pacer.turn()
        pacer.throttled(sent, None)
        await anyio.sleep(0.5)
        pacer.accepted()
        rates.append(pacer.rate)
        await anyio.sleep(5_000)
        return [*rates, pacer.rate]

    assert run(story) == [None, pytest.approx(2.0), 10_000.0]


@pytest.mark.parametrize(("told", "goes_on"), [(None, False), (1.0, True)])
def test_what_was_on_its_way_when_the_server_refused_says_nothing_of_now(told: float | None, goes_on: bool) -> None:
    async def story() -> bool:
        pacer = Pacer(clock, anyio.sleep)
        sent = await pacer.turn()
        await anyio.sleep(0.1)
        pacer.throttled(clock(), told)
        pacer.accepted(sent)
        return pacer._hold is None

    assert run(story) is goes_on


def test_what_is_urgent_waits_behind_one_at_most_that_is_not() -> None:
    async def story() -> list[str]:
        pacer, went = Pacer(clock, anyio.sleep), list[str]()
        pacer.throttled(clock(), 1.0)

        async def one(name: str, *, urgent: bool) -> None:
            await pacer.turn(urgent=urgent)
            went.append(name)

        async with anyio.create_task_group() as group:
            for name in ("a", "b", "c"):
                group.start_soon(partial(one, name, urgent=False))
            await anyio.sleep(0.1)
            for name in ("D", "E"):
                group.start_soon(partial(one, name, urgent=True))
        return went

    assert run(story) == ["a", "D", "E", "b", "c"]


def test_a_turn_that_is_given_back_is_the_next_ones() -> None:
    async def story() -> tuple[float, float]:
        pacer = Pacer(clock, anyio.sleep)
        pacer.throttled(clock(), 5.0)
        before = await pacer.turn()
        pacer.give_back()
        return before, await pacer.turn()

    assert run(story) == (5.0, 5.0)
