"""Headers that servers of tools are sent, as people set them in a dashboard: which of them hold secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reconciler.canonical import Json

_LIKE_A_SECRET: Final = re.compile(r"(?:^|[_-])(?:auth|authorization|cookie|key|password|secret|token)$", re.IGNORECASE)
_DEEPEST: Final = 5
"""How deep a server of tools stands in an object: `tools`, one of them, its `transport`, `headers`."""


def secret_headers(value: Json, depth: int = _DEEPEST) -> Iterator[tuple[str, str]]:
    """The headers within a live object that are named like a secret, and what they hold, without `Bearer`."""
    if depth and isinstance(value, list):
        for each in value:
            yield from secret_headers(each, depth - 1)
    elif depth and isinstance(value, dict):
        headers = value.get("headers")
        for name, text in headers.items() if isinstance(headers, dict) else ():
            if isinstance(text, str) and _LIKE_A_SECRET.search(name):
                scheme, _, rest = text.partition(" ")
                yield name, rest if scheme.isalpha() and rest else text
        for each in value.values():
            yield from secret_headers(each, depth - 1)
