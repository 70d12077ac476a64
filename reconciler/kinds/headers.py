"""Headers and tokens that servers of tools are sent, as people set them in a dashboard: which of them are secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reconciler.canonical import Json

_LIKE_A_SECRET: Final = re.compile(r"(?:^|[_-])(?:auth|authorization|cookie|key|password|secret|token)$", re.IGNORECASE)
_DEEPEST: Final = 5
"""How deep a server of tools stands in an object: `tools`, one of them, its `transport`, `headers`."""


def secret_headers(value: Json, depth: int = _DEEPEST) -> Iterator[tuple[str, str]]:
    """The headers and tokens in a live object that are named like a secret, and what they hold, without `Bearer`."""
    if depth and isinstance(value, list):
        for each in value:
            yield from secret_headers(each, depth - 1)
    elif depth and isinstance(value, dict):
        headers, token = value.get("headers"), value.get("authorization")
        if isinstance(token, str):
            yield "authorization", token
        for name, text in headers.items() if isinstance(headers, dict) else ():
            if isinstance(text, str) and _LIKE_A_SECRET.search(name):
                scheme, _, rest = text.partition(" ")
                yield name, rest if scheme.isalpha() and rest else text
        for each in value.values():
            yield from secret_headers(each, depth - 1)
