"""What others would do with the same manifests and server: each a process of its own.

`python -m benchmarks.peers NAME URL`, in the folder of the manifests, where ids.json has the ids by name.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

AT_ONCE = 10
_BETA = {"OpenAI-Beta": "assistants=v2"}


def parsed() -> Iterator[dict[str, Any]]:
    """The manifests, parsed by PyYAML's fastest loader and not judged at all, with the texts of their prompts."""
    import yaml

    for path in sorted(Path("assistants").glob("*.yaml")):
        body = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
        yield {**body, "instructions": (path.parent / body["instructions"]["file"]).read_text()}


def parse(_: str) -> None:
    """Reads and parses every file and no more."""
    for _body in parsed():
        pass


def script(url: str) -> None:
    """A plain script on the official package, which retrieves and updates each."""
    import openai

    warnings.simplefilter("ignore", DeprecationWarning)
    ids = json.loads(Path("ids.json").read_text())
    assistants = openai.OpenAI(api_key="none", base_url=url).beta.assistants
    for body in parsed():
        assistants.retrieve(ids[body["name"]])
        assistants.update(ids[body["name"]], **body)


def gets(url: str) -> None:
    """A GET for each, ten at once."""
    import anyio
    import httpx

    ids = iter(json.loads(Path("ids.json").read_text()).values())

    async def some(client: httpx.AsyncClient) -> None:
        for each in ids:
            (await client.get(f"/assistants/{each}")).raise_for_status().json()

    async def everything() -> None:
        async with httpx.AsyncClient(base_url=url, headers=_BETA) as client, anyio.create_task_group() as tasks:
            for _ in range(AT_ONCE):
                tasks.start_soon(some, client)

    anyio.run(everything)


def pages(url: str) -> None:
    """Every page of the list, one after the other over one connection, and no more."""
    import http.client
    from urllib.parse import urlsplit

    at = urlsplit(url)
    connection = http.client.HTTPConnection(at.netloc)
    after = ""
    while True:
        connection.request("GET", f"{at.path}/assistants?limit=100&order=desc{after}", headers=_BETA)
        page = json.loads(connection.getresponse().read())
        if not page["has_more"]:
            return
        after = f"&after={page['last_id']}"


def observe(url: str) -> None:
    """What `plan` lists, and nothing else of it."""
    import anyio

    from reconciler.providers.openai import COLLECTIONS
    from reconciler.providers.server import Server
    from reconciler.providers.wire import Wire, client

    async def everything() -> None:
        opened = Server(Wire(client(url, {}), lambda line: None), COLLECTIONS.values())
        await opened.observe("assistant")
        await opened.aclose()

    anyio.run(everything)


PEERS: dict[str, Callable[[str], None]] = {
    "parse": parse,
    "script": script,
    "gets": gets,
    "pages": pages,
    "observe": observe,
}

if __name__ == "__main__":
    PEERS[sys.argv[1]](sys.argv[2])
