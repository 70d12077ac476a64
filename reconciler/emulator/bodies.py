"""The body of a request: read with a limit, parsed without trust."""

import json
import math
from typing import Any

from reconciler.emulator import refusals
from reconciler.emulator.answers import Receive
from reconciler.emulator.refusals import RequestRefused

LARGEST = 4 * 1024 * 1024
DEEPEST = 128


class Disconnected(Exception):
    """The client has gone; there is nobody to answer."""


async def read(receive: Receive) -> bytes:
    """The whole body; raises Refused where it is larger than LARGEST.

    One that is too large is read to its end and thrown away: a client that is cut off while it still sends
    sees a broken connection, and never the answer.
    """
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= LARGEST:
            chunks.append(chunk)
        more = message.get("more_body", False)
    if size > LARGEST:
        raise RequestRefused(refusals.too_large(LARGEST))
    return b"".join(chunks)


def parse(body: bytes) -> Any:
    """The JSON value of a body, an empty one being `{}`; raises Refused where it is none."""
    if not body:
        return {}
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise RequestRefused(refusals.too_deep()) from None
    except ValueError:
        raise RequestRefused(refusals.not_json()) from None
    if _depth_exceeds(value, DEEPEST):
        raise RequestRefused(refusals.too_deep())
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _depth_exceeds(value: Any, limit: int) -> bool:
    """Level by level rather than by recursion, which is what it guards."""
    level = [value]
    for _ in range(limit):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def _children(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []
