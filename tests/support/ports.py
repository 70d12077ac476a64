"""The emulator on a port of this process, with a gate before it: requests wait there until a test lets them in."""

from __future__ import annotations

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from reconciler.emulator import Emulator, Settings
from support.emulator_world import call
from support.needing import PATIENCE


class Gate:
    """An embedded server whose writes, or whose every request, wait until they are let in."""

    def __init__(self, settings: Settings = Settings(), *, free: int = 10**9, reads: bool = False) -> None:  # noqa: B008
        self.settings = settings
        self.free = free
        """How many get in before the gate is shut."""
        self.reads = reads
        self.arrived: queue.Queue[str] = queue.Queue()
        self.answered: queue.Queue[str] = queue.Queue()
        self.writes: list[str] = []
        self._open = threading.Event()
        self.url = ""
        self.emulator: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        method = scope["method"]
        if method == "GET" and not self.reads:
            await self.emulator(scope, receive, send)
            return
        self.writes += [method] if method != "GET" else []
        self.arrived.put(method)
        self.free -= 1
        body = await _body(receive)
        if self.free < 0:
            await asyncio.to_thread(self._open.wait, PATIENCE)
        await self.emulator(scope, body, send)
        self.answered.put(method)

    def open(self) -> None:
        """Lets in who waits, and everybody from now on."""
        self._open.set()

    def wait(self, number: int) -> None:
        """Returns once so many have arrived at the gate."""
        for _ in range(number):
            self.arrived.get(timeout=PATIENCE)

    def names(self) -> list[str]:
        """What the server holds."""
        page = call(self.emulator, "GET", "/v1/assistants?limit=100").json()
        return sorted(one["name"] for one in page["data"])


async def _body(receive: Any) -> Any:
    """The whole request, kept: whoever sent it may be gone by the time it is let in."""
    content, more = b"", True
    while more:
        message = await receive()
        content, more = content + message.get("body", b""), message.get("more_body", False)

    async def kept() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    return kept


@contextmanager
def on_port(gate: Gate) -> Iterator[Gate]:
    """The gate, reachable, for as long as it is needed."""
    listener = socket.create_server(("127.0.0.1", 0))
    gate.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    gate.emulator = Emulator(":memory:", gate.settings)
    config = uvicorn.Config(
        gate, lifespan="off", ws="none", log_config=None, access_log=False, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield gate
    finally:
        gate.open()
        server.should_exit = True
        thread.join(PATIENCE)
        listener.close()
        gate.emulator.close()
