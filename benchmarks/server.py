"""The embedded server in a process of its own: it answers after a while, may limit how often, and counts.

`python -m benchmarks.server DATABASE [--latency SECONDS] [--rate REQUESTS]` prints its address.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio

from reconciler.emulator import Emulator
from reconciler.emulator.exchange import App, JsonAnswer, Receive, Scope, Send
from reconciler.emulator.serve import serve

_ROOT = Path(__file__).parents[1]
_COUNTED = "/counted"
_TOO_FAST = {"error": {"message": "Too fast.", "type": "rate_limit", "param": None, "code": None}}


@dataclass(frozen=True, slots=True)
class Counted:
    """What the server was asked since it was asked for this before."""

    calls: int
    bytes: int
    """In all bodies, sent and received."""


@contextmanager
def server(data: Path, *, latency: float = 0.0, rate: float | None = None) -> Iterator[str]:
    """The address of a server, which ends afterwards."""
    options = ["--latency", str(latency), *(["--rate", str(rate)] if rate is not None else [])]
    command = [sys.executable, "-m", "benchmarks.server", str(data), *options]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip() if process.stdout else ""
        finally:
            process.terminate()


def counted(url: str) -> Counted:
    """What the server was asked since the last call."""
    return Counted(**_get(url + _COUNTED))


def listed(url: str) -> dict[str, str]:
    """The ids of all assistants, by name."""
    ids: dict[str, str] = {}
    after = ""
    while True:
        page = _get(f"{url}/assistants?limit=100{after}")
        ids.update({one["name"]: one["id"] for one in page["data"]})
        if not page["has_more"]:
            return ids
        after = f"&after={page['last_id']}"


def _get(url: str) -> Any:
    request = urllib.request.Request(url, headers={"OpenAI-Beta": "assistants=v2"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@dataclass
class Measuring:
    """An application that answers after the latency, and counts what it is asked."""

    app: App
    latency: float
    calls: int = 0
    bytes: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["path"].endswith(_COUNTED):
            await JsonAnswer({"calls": self.calls, "bytes": self.bytes}).send(send)
            self.calls = self.bytes = 0
            return
        self.calls += 1
        if self.latency:
            await anyio.sleep(self.latency)
        await self.app(scope, self._counting(receive), self._counting(send))

    def _counting(self, pass_on: Any) -> Any:
        async def counting(*messages: Any) -> Any:
            passed = await pass_on(*messages)
            self.bytes += sum(len(message.get("body", b"")) for message in (*messages, passed) if message)
            return passed

        return counting


@dataclass
class Limited:
    """An application that takes so many requests a second, and as many at once as one second brings."""

    app: App
    rate: float
    _tokens: float = field(init=False)
    _at: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self._tokens = self.rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = time.monotonic()
        self._tokens, self._at = min(self.rate, self._tokens + (now - self._at) * self.rate), now
        if self._tokens >= 1:
            self._tokens -= 1
            await self.app(scope, receive, send)
        else:
            await JsonAnswer(_TOO_FAST, 429).send(send)


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server")
    parser.add_argument("data", type=Path)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--rate", type=float)
    given = parser.parse_args()
    with closing(Emulator(given.data)) as emulator:
        app: App = emulator if given.rate is None else Limited(emulator, given.rate)
        ready = lambda host, port: print(f"http://{host}:{port}/v1", flush=True)  # noqa: E731
        serve(Measuring(app, given.latency), port=0, ready=ready)


if __name__ == "__main__":
    main()
