"""Kill -9 at any request of an apply: one more run makes everything right, and the history explains the killed one."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE
from typing import Any

import anyio
import pytest

from reconciler.apply import creates, engine
from reconciler.emulator import Emulator
from reconciler.providers import creating
from support.checkout import Checkout, plain
from support.emulator_world import call
from support.forking import Process
from support.needing import PATIENCE

pytestmark = pytest.mark.no_cover

WORDS = ("before", "after")
PLURALS = ("agents", "assistants")
REQUESTS = 27
LISTING = 3
"""How many requests are made before anything is planned, and thus recorded."""
_MANIFEST = "model: gpt-5.4-mini\nname: I am {}\ninstructions: Be {}.\nmetadata: {{team: people}}\n"


class Deadly(ThreadingHTTPServer):
    """The emulator on loopback, which kills its client before or after it does what one request asks."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.emulator = Emulator(":memory:")
        self.client: Process | None = None
        self.at = 0
        self.word = "before"
        self.seen = 0
        self.unseen = 0
        """How many of the newest objects no list shows yet; one less with each list."""
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def kill(self) -> None:
        assert self.client is not None
        os.kill(self.client.pid, signal.SIGKILL)
        self.client.wait()

    def answer(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes] | None:
        """What the emulator answers; None where nobody is left to hear it."""
        with self.lock:
            self.seen += 1
            ends = self.client is not None and self.seen == self.at
            if ends and self.word == "before":
                self.kill()
                return None
            if self.client is not None and self.client.returncode is not None:
                return None
            found = call(self.emulator, method, path, content=body)
            if ends:
                self.kill()
                return None
            return found.status_code, self._less_the_newest(method, path, found.content)

    def _less_the_newest(self, method: str, path: str, content: bytes) -> bytes:
        if method != "GET" or not path.partition("?")[0].endswith("/assistants") or not self.unseen:
            return content
        told = json.loads(content)
        self.unseen -= 1
        return json.dumps({**told, "data": told["data"][self.unseen :]}).encode()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: nobody is left to hear the answer."""
        assert isinstance(sys.exception(), OSError)

    def all(self) -> list[dict[str, Any]]:
        lists = [call(self.emulator, "GET", f"/v1/{plural}?limit=100").json()["data"] for plural in PLURALS]
        return [one for listed in lists for one in listed]


class _Handler(BaseHTTPRequestHandler):
    server: Deadly
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length) if length else None
        answer = self.server.answer(self.command, self.path, body)
        if answer is None:
            self.close_connection = True
            return
        status, content = answer
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815  # the names that http.server calls

    def log_message(self, *arguments: Any) -> None: ...


@contextmanager
def deadly() -> Iterator[Deadly]:
    with Deadly() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            server.emulator.close()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys)


def _begin(here: Checkout, server: Deadly, agents: int) -> None:
    """A world in which eight are live, and manifests that ask for twenty changes, so many of them of agents."""
    here.config(f"stack: acme\nenvironments:\n  production: {{provider: openai, base_url: {server.url}}}\n")
    stranger = b'{"model": "gpt-4o", "name": "a stranger"}'
    call(server.emulator, "POST", "/v1/assistants", content=stranger)
    here.write(**{f"old{n}": _MANIFEST.format(f"old{n}", "kind") for n in range(8)})
    assert here.run("apply", "-e", "production", "--auto-approve").code == 0
    for number in range(3):
        (here.root / "assistants" / f"old{number}.yaml").unlink()
    here.write(**{f"old{n}": _MANIFEST.format(f"old{n}", "kinder") for n in range(3, 8)})
    here.write(**{f"new{n}": _MANIFEST.format(f"new{n}", "new") for n in range(agents, 12)})
    (here.root / "assistants" / "agents").mkdir()
    here.write(**{f"agents/new{n}": _MANIFEST.format(f"new{n}", "new") for n in range(agents)})


def _survives(here: Checkout, word: str, at: int, unseen: int = 0, agents: int = 6) -> None:
    allow = ("--allow", "too-many-deletes")
    with deadly() as server:
        _begin(here, server, agents)
        server.seen, server.at, server.word = 0, at, word
        arguments = ("apply", "-e", "production", "--auto-approve", *allow)
        with server.lock:  # its first request may come at once
            server.client = Process(*arguments, cwd=here.root, env=plain(), stdout=PIPE)
        with server.client:
            server.client.communicate(timeout=PATIENCE)
        killed = server.client.returncode == -signal.SIGKILL
        assert killed or server.seen < at
        server.client, server.unseen = None, unseen
        new = [one for one in server.all() if "new" in one["name"]]
        made = {one["name"].replace("I am ", f"{one['object']}.") for one in new}

        rest = here.run("apply", "-e", "production", "--auto-approve", *allow)
        assert rest.code == 0, rest
        server.unseen = 0  # a slow machine looks less often, and the lists have caught up all the same
        assert here.run("plan", "-e", "production", "--detailed-exitcode").code == 0
        live = server.all()
        wanted = {"a stranger", *(f"I am old{n}" for n in range(3, 8)), *(f"I am new{n}" for n in range(12))}
        assert sorted(one["name"] for one in live) == sorted(wanted)
        assert [one["metadata"] for one in live if one["name"] == "a stranger"] == [{}]
        _explains(here, made, was_recording=killed and at > LISTING)


def _explains(here: Checkout, made: set[str], *, was_recording: bool) -> None:
    """The killed run is in the history, unended; whatever it made is among what it had written ahead."""
    runs = here.run("history", "--format", "json").data
    cut = [one for one in runs if not one["complete"]]
    assert len(cut) == was_recording
    begun = {address for one in cut for address in (*one["outcomes"], *one["cut_off"])}
    assert made <= begun or not was_recording
    assert here.run("history").out.count("ended early: ") == was_recording


@pytest.mark.parametrize(("word", "at"), [("before", 4), ("after", 4), ("after", 12), ("after", 23)])
def test_a_killed_apply_is_made_right_by_the_next(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, word: str, at: int
) -> None:
    for module in (creates, creating):  # on loopback, what was cut off has happened at once or never will
        monkeypatch.setattr(module, "LANDS_SECONDS", 2.0)
    _survives(here, word, at)


def test_a_killed_apply_is_made_right_by_the_next_although_lists_lag(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def soon(seconds: float) -> None:
        await anyio.sleep(seconds / 100)

    monkeypatch.setattr(engine, "Clock", partial(engine.Clock, sleep=soon))
    _survives(here, "after", 19, unseen=8, agents=0)


@pytest.mark.soak
@pytest.mark.parametrize("at", range(1, REQUESTS))
@pytest.mark.parametrize("word", WORDS)
def test_an_apply_killed_anywhere_is_made_right_by_the_next(here: Checkout, word: str, at: int) -> None:
    _survives(here, word, at)
