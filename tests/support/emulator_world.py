"""Support for the emulator's tests: calling an ASGI application in process."""

import itertools
from typing import Any

import anyio
import httpx

from reconciler.emulator import APIS, Emulator, Settings

BETA = {"OpenAI-Beta": "assistants=v2"}
BETAS = {"assistants": BETA, "agents": {"OpenAI-Beta": "agents=v1"}}


def call(
    app: Any,
    method: str,
    path: str,
    body: Any = None,
    *,
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """One request, without a network; the beta header is that of the API, unless `headers` are given."""
    beta = BETAS["agents" if "/agents" in path else "assistants"]

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            sent = {"json": body} if body is not None else {"content": content}
            return await client.request(method, path, headers=beta if headers is None else headers, **sent)

    return anyio.run(ask)


class World:
    """One emulator, its clock standing still and its ids counted, and the calls on it."""

    def __init__(
        self,
        settings: Settings = Settings(),  # noqa: B008 - frozen
        path: Any = ":memory:",
        api: str = "assistants",
    ) -> None:
        self.api = api
        self.collection = f"/v1/{api}"
        numbers = itertools.count(1)
        self.time = 1000.0
        self.emulator = Emulator(
            path, settings, now=lambda: self.time, new_id=lambda prefix: f"{prefix}{next(numbers)}"
        )

    def id(self, number: int) -> str:
        """The id of what was created as the first, the second and so on."""
        return f"{APIS[self.api].id_prefix}{number}"

    def create(self, **fields: Any) -> dict[str, Any]:
        return self.ok("POST", self.collection, {"model": "gpt-4o", **fields})

    def modify(self, id: str, **fields: Any) -> dict[str, Any]:
        return self.ok("POST", f"{self.collection}/{id}", fields)

    def retrieve(self, id: str) -> dict[str, Any]:
        return self.ok("GET", f"{self.collection}/{id}")

    def page(self, query: str = "") -> dict[str, Any]:
        return self.ok("GET", f"{self.collection}{query}")

    def ok(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = call(self.emulator, method, path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = call(self.emulator, method, path, body)
        assert answer.status_code == 400, answer.text
        return answer.json()["error"]

    def refused_create(self, **fields: Any) -> dict[str, Any]:
        return self.refused("POST", self.collection, {"model": "gpt-4o", **fields})

    def refused_modify(self, id: str, **fields: Any) -> dict[str, Any]:
        return self.refused("POST", f"{self.collection}/{id}", fields)
