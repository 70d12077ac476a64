"""How close an apply comes to the least possible time: against a limit of requests, and against latency alone.

In real time and in this process: the embedded server behind a transport that refuses and delays.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, replace
from functools import partial
from math import ceil

import anyio
import httpx

from reconciler.apply.engine import PARALLELISM, Listener, RunContext, apply
from reconciler.canonical import Json
from reconciler.emulator import Emulator
from reconciler.manifests import parser, reading
from reconciler.model import Change, Desired, Done, Plan, Target
from reconciler.plan.make import make_plan
from reconciler.providers.openai import local_server
from reconciler.providers.pacing import Pacer
from reconciler.source import parse, write

WHERE = Target(stack="bench", environment="local", provider="local", base_url="http://localhost/v1")
LATENCY = 0.05


@dataclass
class Limited(httpx.AsyncBaseTransport):
    """A server that takes so many requests a second, and answers each after a while."""

    inner: httpx.AsyncBaseTransport
    rate: float | None = None
    retry_after: str | None = None
    latency: float = 0.0
    lists_only: bool = False
    """Whether it has no reading by id."""
    share: float = 0.0
    sent: int = 0
    refused: int = 0
    _tokens: float = 0.0
    _at: float = 0.0

    def begin(self, rate: float | None, retry_after: str | None, share: float) -> None:
        """From now on so many, and as many at once as one second brings; of these a share is refused at random."""
        self.rate, self.retry_after, self.latency, self.share = rate, retry_after, LATENCY, share
        self._tokens, self._at = rate or 0.0, time.monotonic()
        self.sent = self.refused = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.sent += 1
        await anyio.sleep(self.latency)
        if self.lists_only and request.method == "GET" and not request.url.path.endswith("/assistants"):
            return httpx.Response(405, json={"error": {"message": "No."}})
        if self._takes() and random.random() >= self.share:
            return await self.inner.handle_async_request(request)
        self.refused += 1
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        return httpx.Response(429, json={"error": {"message": "Too fast."}}, headers=headers)

    def _takes(self) -> bool:
        if self.rate is None:
            return True
        now = time.monotonic()
        self._tokens = min(self.rate, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def desired(count: int, text: str) -> tuple[Desired, ...]:
    """What so many small manifests ask for."""
    bodies: dict[str, dict[str, Json]] = {
        f"a{n:04}": {"model": "gpt-4o", "name": f"Assistant {n}", "instructions": text} for n in range(count)
    }
    documents = [
        reading.Manifest(f"assistants/{key}.yaml", key, parse(write(body), f"{key}.yaml").documents[0], alone=True)
        for key, body in bodies.items()
    ]
    return parser.parse(documents, parser.ManifestContext("local", ("local",), {})).desired


class Halving(Pacer):
    """The simple alternative: half the pace after a refusal, and one request a second more for each second of calm."""

    def __init__(self) -> None:
        super().__init__(time.monotonic, anyio.sleep)

    @property
    def rate(self) -> float | None:
        return None if self._peak is None else self._peak + self._clock() - self._taken_at

    def accepted(self, sent: float = float("inf")) -> None:
        self._recent.append(self._clock())
        self._forget(self._clock())

    def throttled(self, sent: float, retry_after: float | None) -> None:
        now = self._clock()
        if sent >= self._rejected_at:
            rate = self._in_a_second(now) if self.rate is None else self.rate / 2
            self._peak, self._taken_at, self._rejected_at = max(rate, 0.2), now, now
        self._next = max(self._next, now + (retry_after or 1 / (self.rate or 1.0)))


@dataclass(frozen=True, slots=True)
class Case:
    """One way to apply."""

    name: str
    rate: float | None = None
    retry_after: str | None = None
    creates: bool = False
    reread: bool = False
    """Whether each object is read again, however young its reading is."""
    ages: bool = False
    """Whether its reading grows old, as in every apply."""
    lists_only: bool = False
    share: float = 0.0
    """How many requests are refused at random."""
    count: int = 300
    halving: bool = False


CASES = (
    Case("300 updates, 20/s", rate=20),
    Case("300 updates, 20/s, Retry-After: 1", rate=20, retry_after="1"),
    Case("300 creates, 20/s", rate=20, creates=True),
    Case("300 updates, 20/s, halving", rate=20, halving=True),
    Case("300 updates, 5/s", rate=5),
    Case("300 updates, 5/s, halving", rate=5, halving=True),
    Case("24 creates, 30 % refused at random", share=0.3, creates=True, count=24, retry_after="0"),
    Case("300 updates, 50 ms"),
    Case("300 updates, 50 ms, read again", reread=True),
    Case("300 updates, 20/s, read after 5 s", rate=20, ages=True),
    Case("300 updates, 20/s, listed after 5 s", rate=20, ages=True, lists_only=True),
    Case("300 creates, 50 ms", creates=True),
)


async def measure(case: Case) -> str:
    """Applies once, and says how that compares with the least possible."""
    count, emulator = case.count, Emulator(":memory:")
    limited = Limited(httpx.ASGITransport(app=emulator))
    provider = local_server(limited, lambda line: None, emulator.close)

    async def planned(text: str) -> Plan:
        return make_plan(desired(count, text), await provider.observe("assistant"), WHERE)

    if case.creates:
        plan = replace(await planned("Answer."), ours=1)
    else:
        await apply(await planned("Answer."), provider, RunContext("before"), Listener())
        plan = await planned("Answer well.")
    limited.lists_only = case.lists_only
    observed_at = time.monotonic() if case.ages else float("inf")
    if case.halving:
        provider._wire.pacer = Halving()
    limited.begin(case.rate, case.retry_after, case.share)
    began = time.perf_counter()
    outcomes = await apply(plan, provider, RunContext("bench", reread=case.reread, observed_at=observed_at), Listener())
    took = time.perf_counter() - began
    await provider.aclose()
    assert [type(outcome) for outcome in outcomes] == [Done] * count, outcomes[:3]
    assert all(isinstance(outcome.task, Change) for outcome in outcomes)
    least = _least(case, count)
    share = limited.refused / limited.sent
    figures = f"{took:8.2f} s {took / least:6.2f} × {least:.2f} s{limited.sent:6} requests{share:7.1%} refused"
    return f"{case.name:36}{figures}"


def _least(case: Case, count: int) -> float:
    """Without the readings that age makes needed: what they cost shows."""
    requests = count * (2 if case.reread else 1) + (1 if case.creates else 0)
    rounds = ceil(count / PARALLELISM) * (2 if case.reread else 1) + (1 if case.creates else 0)
    return max((requests - case.rate) / case.rate, 0.0) if case.rate else rounds * LATENCY


def main() -> None:
    """Prints one line a case."""
    print(f"\nOne apply with {PARALLELISM} workers, in real time: what it took, and that over the least possible")
    for case in CASES:
        print(anyio.run(partial(measure, case)), flush=True)


if __name__ == "__main__":
    main()
