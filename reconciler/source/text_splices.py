"""Replaces a whole text, or the body of a Markdown manifest, and keeps the line ends of its file."""

from __future__ import annotations

from collections.abc import Iterator
from operator import add

from reconciler.source.flow_splices import Proposal
from reconciler.source.front_matter import front_matter
from reconciler.source.lines import BREAK, line_break


def normal(text: str) -> str:
    """A text without what is of its file: kinds of line ends, and those at its end."""
    return BREAK.sub("\n", text).rstrip("\n")


def replaced(text: str, start: int, value: str) -> Proposal:
    """Another text from there to the end, with the line ends of the text and as many at its end.

    The lines that begin and end both keep their own, should they be of several kinds.
    """
    newline, before = line_break(text), text[start:]
    kept = before.rstrip("\r\n")
    last = before[len(kept) :] if before else newline
    old, lines, breaks = BREAK.split(kept), normal(value).split("\n"), BREAK.findall(kept)
    ends = [newline] * (len(lines) - 1)
    most = min(len(ends), len(breaks))
    first, behind = min(_shared_start(old, lines), most), min(_shared_start(old[::-1], lines[::-1]), most)
    ends[:first] = breaks[:first]
    ends[len(ends) - behind :] = breaks[len(breaks) - behind :]
    return [(start, len(text), "".join(map(add, lines, [*ends, last])))]


def _shared_start(one: list[str], other: list[str]) -> int:
    """How many lines are the same from the beginning on."""
    pairs = zip(one, other, strict=False)
    return next((number for number, (line, its) in enumerate(pairs) if line != its), min(len(one), len(other)))


def body_replaced(text: str, value: str) -> Iterator[Proposal]:
    """Another body behind the front matter; one that begins with an empty line needs another one before it."""
    start = _body_start(text)
    if text[start:].strip():
        yield replaced(text, start, value)
        yield replaced(text, start, f"\n{value}")
    else:
        newline, closed = line_break(text), text[:start].rstrip("\r\n")
        body = normal(value).replace("\n", newline)
        yield [(len(closed), len(text), f"{newline * 2}{body}{newline}")]


def without_body(text: str) -> Proposal:
    """Nothing behind the front matter."""
    return [(_body_start(text), len(text), "")]


def _body_start(text: str) -> int:
    parts = front_matter(text)
    return parts.body if parts else len(text)
