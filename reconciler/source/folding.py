"""A text as a folded block, with its line breaks where the block before had them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from reconciler.source.writing import can_be_folded, chomping, fold

_NARROW, _WIDE = 40, 100


def folded(text: str, written: Sequence[str]) -> list[str]:
    """The lines of a text as a folded block, its header first, in place of the written lines; none if it cannot be.

    Paragraphs that were there keep their lines. Of another, the lines stay that it begins and ends with.
    """
    kept = text.rstrip("\n")
    paragraphs = kept.split("\n")
    if not paragraphs[0] or not all(map(can_be_folded, paragraphs)):
        return []
    before = [[*lines] for has_text, lines in groupby(written, bool) if has_text]
    as_written = {" ".join(lines): lines for lines in before} | {"": []}
    width, still_there = _width(before), {*paragraphs}
    changed = [each for each in paragraphs if each not in as_written]
    gone = [lines for key, lines in as_written.items() if lines and key not in still_there]
    for number, each in enumerate(changed):
        nearest = [*gone[number : number + 1], *gone[number - len(changed) :][:1]]
        as_written[each] = _folded_paragraph(each, nearest, width)
    lines = [line for each in paragraphs for line in ("", *as_written[each])]
    return [f">{chomping(text)}", *lines[1:], *[""] * (len(text) - len(kept) - 1)]


def _folded_paragraph(text: str, before: Iterable[Sequence[str]], width: int) -> list[str]:
    """A paragraph that is new: what it has of the nearest ones before, and the rest no wider than it may be."""
    found = [_kept_ends(text, lines) for lines in before]
    head, tail = max(found, key=lambda ends: len(ends[0]) + len(ends[1]), default=([], []))
    start, end = _length(head), len(text) - _length(tail)
    return [*head, *fold(text[start:end], width), *tail]


def _kept_ends(text: str, lines: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The lines that a text begins with, and those of the rest that it ends with; something is between them."""
    head, start = 0, 0
    while head < len(lines) and text.startswith(f"{lines[head]} ", start):
        start += len(lines[head]) + 1
        head += 1
    tail, end = len(lines), len(text)
    while tail > head and text.endswith(f" {lines[tail - 1]}", start + 1, end):
        tail -= 1
        end -= len(lines[tail]) + 1
    return lines[:head], lines[tail:]


def _length(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _width(paragraphs: Sequence[Sequence[str]]) -> int:
    """How wide the lines are that go on in a next one, if that says anything."""
    widest = max((len(line) for lines in paragraphs for line in lines[:-1]), default=0)
    return widest if widest >= _NARROW else _WIDE
