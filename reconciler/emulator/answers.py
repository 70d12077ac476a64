"""Answers, and how they leave over ASGI."""

import json
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from reconciler import __version__
from reconciler.emulator.refusals import WireError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """One JSON answer."""

    body: dict[str, Any]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_fault(cls, fault: WireError, *headers: tuple[str, str]) -> "JsonAnswer":
        return cls(fault.body(), fault.status, headers)

    async def send(self, send: Send, *headers: tuple[str, str]) -> None:
        """Send it whole, with the headers every answer has."""
        # escaped to ASCII: a lone surrogate in a prompt has no encoding, and must not end the answer
        body = json.dumps(self.body).encode("ascii")
        standing = (
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("x-request-id", f"req_{uuid.uuid4().hex}"),
            ("openai-version", "2020-10-01"),
            ("server", f"reconciler-emulator/{__version__}"),
        )
        encoded = [(name.encode(), value.encode()) for name, value in (*standing, *headers, *self.headers)]
        await send({"type": "http.response.start", "status": self.status, "headers": encoded})
        await send({"type": "http.response.body", "body": body})


def header(scope: Scope, name: str) -> str | None:
    """The value of a request header; None when it was not sent."""
    wanted = name.lower().encode()
    found = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted]
    return ", ".join(found) if found else None
