"""One request and its answer: headers, the body read and parsed, JSON sent."""

import json
import math
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

from reconciler import __version__
from reconciler.emulator.shapes import Fields, WireError

DEEPEST = 128

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class DisconnectedError(Exception):
    """The client has gone; no answer can be sent."""


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """One JSON answer."""

    body: Fields
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_error(cls, error: WireError, *headers: tuple[str, str]) -> "JsonAnswer":
        return cls(error.body, error.status, headers)

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
    values = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted]
    return ", ".join(values) if values else None


async def read_json(receive: Receive, largest: int) -> Any:
    """The JSON value of the body, an empty one being `{}`; raises WireError where it is none, or too large."""
    return _parsed_json(await _read_request(receive, largest))


async def _read_request(receive: Receive, largest: int) -> bytes:
    """The whole body.

    One that is too large is read to its end and thrown away: a client that is cut off while it still sends
    sees a broken connection, and never the answer.
    """
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= largest:
            chunks.append(chunk)
        more = message.get("more_body", False)
    if size > largest:
        raise WireError(f"Request body too large: at most {largest} bytes are accepted.", code="too_large", status=413)
    return b"".join(chunks)


def _parsed_json(body: bytes) -> Any:
    if not body:
        return {}
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
    except ValueError:
        message = (
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
            "HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
        )
        raise WireError(message) from None
    except RecursionError:
        value = None
    else:
        if _depth_within(value, DEEPEST):
            return value
    raise WireError("The JSON body of your request is nested too deeply.", code="invalid_json")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _depth_within(value: Any, limit: int) -> bool:
    """Level by level rather than by recursion, which is what it guards."""
    level = [value]
    for _ in range(limit):
        inner = (node.values() if isinstance(node, dict) else node for node in level if isinstance(node, dict | list))
        level = [child for children in inner for child in children]
        if not level:
            return True
    return False
