"""A checkout in a temporary folder, and the command line run in it: in process, or as a user would."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from reconciler.cli import run
from reconciler.emulator import Emulator
from reconciler.model import Desired, Target
from reconciler.plan import marker as markers
from support import forking
from support.emulator_world import call
from support.lives import KIND, stamped

LOCAL = Target("default", "local", "local", ".reconciler/local.db")


@dataclass(frozen=True)
class Told:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


class Checkout:
    """A folder of manifests; commands run in it."""

    def __init__(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **files: str
    ) -> None:
        self.root = root
        self._capsys = capsys
        monkeypatch.chdir(root)
        (root / "assistants").mkdir()
        self.write(**files)

    def write(self, **files: str) -> None:
        """Manifests, by key."""
        for key, text in files.items():
            (self.root / "assistants" / f"{key}.yaml").write_text(text)

    def config(self, text: str) -> None:
        """The configuration, less its version."""
        (self.root / "reconciler.yaml").write_text(f"version: 1\n{text}")

    def run(self, *arguments: str) -> Told:
        """The command in this process."""
        self._capsys.readouterr()
        code = run(arguments)
        told = self._capsys.readouterr()
        assert "Traceback" not in told.out + told.err, told
        assert "Internal error in reconciler" not in told.err, told.err
        return Told(code, told.out, told.err)

    def process(self, *arguments: str, **environ: str) -> Told:
        """The command in a process of its own."""
        with forking.Process(*arguments, cwd=self.root, env=plain(**environ), stdout=PIPE, stderr=PIPE) as process:
            out, err = process.communicate()
        return Told(process.wait(), out, err)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Somebody does something in the dashboard of the embedded server."""
        (self.root / ".reconciler").mkdir(exist_ok=True)
        emulator = Emulator(self.root / ".reconciler" / "local.db")
        try:
            answer = call(emulator, method, f"/v1/assistants{path}", body)
        finally:
            emulator.close()
        assert answer.status_code == 200, answer.text
        return answer.json()

    def live(self) -> dict[str, Any]:
        """What the embedded server holds, by id."""
        return {one["id"]: one for one in self.call("GET", "?limit=100")["data"]}

    def applied(self, one: Desired, where: Target = LOCAL, **moved: Any) -> str:
        """Puts an object there as an apply of a manifest would; its id."""
        return str(self.call("POST", "", body_of(one, where, **moved))["id"])


def body_of(one: Desired, where: Target = LOCAL, id: str | None = None, **moved: Any) -> dict[str, Any]:
    """What an apply of a manifest sends, marker and all."""
    stamp = markers.stamp(one, KIND, (where.stack, where.environment), id=id, nonce="n1", commit=None)
    return {name: value for name, value in stamped(one, stamp, **moved).raw.items() if name != "id"}


def command(*arguments: str) -> list[str]:
    """What runs `reconciler` in a process that is forked."""
    return [str(forking.command()), *arguments]


def interpreted(*arguments: str) -> list[str]:
    """What runs `reconciler` in an interpreter that has just begun."""
    return [sys.executable, "-m", "reconciler", *arguments]


def plain(**environ: str) -> dict[str, str]:
    """The environment of a process: this one's, as the tests have it, and more."""
    return {**os.environ, "PYTHONWARNINGS": "error", **environ}


class Answering(ThreadingHTTPServer):
    """A server on loopback that answers everything alike, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self, status: int, body: str, content_type: str, headers: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = (status, body.encode(), {"Content-Type": content_type, **headers})
        self.asked: list[tuple[str, dict[str, str]]] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Somebody who does not wait for an answer is no fault of this server's."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))
        status, body, headers = self.server.answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None: ...


@contextmanager
def answering(status: int, body: str, content_type: str = "application/json", **headers: str) -> Iterator[Answering]:
    """The server, for as long as it is needed."""
    with Answering(status, body, content_type, headers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
