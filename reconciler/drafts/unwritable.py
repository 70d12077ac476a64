"""Live values that no manifest can express."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.canonical import Json
from reconciler.manifests.references import taken_for_references
from reconciler.paths import quoted, show

_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def why_unwritable(body: Mapping[str, Json]) -> str | None:
    """Why no manifest can express a body; None if one can."""
    for path in _halves(dict(body), ()):
        return f"{quoted(show(path))} holds half a character (a lone surrogate), which no file can hold"
    for steps in taken_for_references(body):
        return f"{quoted(show(map(str, steps)))} looks like a reference, and a manifest would read it as one"
    return None


def _halves(value: Json, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The paths of texts that hold half a character; of a key that does, the path of its mapping."""
    if isinstance(value, str) and not value.isascii() and _HALF_CHARACTER.search(value):
        yield path
    if isinstance(value, list):
        for index, member in enumerate(value):
            yield from _halves(member, (*path, str(index)))
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _halves(key, path)
            yield from _halves(member, (*path, key))
