"""How many creates a second the embedded server takes: in this process, and from `reconciler serve` on a port."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import anyio
import httpx

from reconciler.emulator import Emulator

CREATES = 400
HEADERS = {"OpenAI-Beta": "assistants=v2"}


def main() -> None:
    """Prints one line a way to reach the server, and for one and eight clients at once."""
    print(f"\n{CREATES} creates, a second")
    with tempfile.TemporaryDirectory() as name:
        emulator = Emulator(Path(name) / "inside.db")
        inside = httpx.ASGITransport(app=emulator)
        _show("in this process", "http://localhost/v1", inside)
        emulator.close()
        _served(Path(name) / "served.db")


def _served(data: Path) -> None:
    command = [sys.executable, "-m", "reconciler", "serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        said = re.search(r"http://\S+/v1", process.stdout.readline() if process.stdout else "")
        if said is not None:
            _show("over a port", said.group(), None)
        process.terminate()


def _show(what: str, url: str, transport: httpx.AsyncBaseTransport | None) -> None:
    rates = [anyio.run(partial(_creates, url, transport, clients)) for clients in (1, 8)]
    print(f"{what:36}one client {rates[0]:7,.0f}   eight {rates[1]:7,.0f}", flush=True)


async def _creates(url: str, transport: httpx.AsyncBaseTransport | None, clients: int) -> float:
    async def some(client: httpx.AsyncClient) -> None:
        for _ in range(CREATES // clients):
            (await client.post("/assistants", json={"model": "gpt-4o"})).raise_for_status()

    async with httpx.AsyncClient(base_url=url, headers=HEADERS, transport=transport) as client:
        began = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for _ in range(clients):
                tasks.start_soon(some, client)
        return CREATES / (time.perf_counter() - began)
