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
    as_written = {" ".join(lines): lines for lines in before}
    lines: list[str] = []
    for each in paragraphs:
        lines += ["", *(as_written.get(each) or _folded_paragraph(each, before))]
    return [f">{chomping(text)}", *lines[1:], *[""] * (len(text) - len(kept) - 1)]


def _folded_paragraph(text: str, before: Sequence[Sequence[str]]) -> list[str]:
    """A paragraph that is new: what it has of the nearest one before, and the rest as wide as that."""
    found = [_kept_ends(text, lines) for lines in before]
    head, tail = max(found, key=lambda ends: len(ends[0]) + len(ends[1]), default=([], []))
    start, end = _length(head), len(text) - _length(tail)
    return [*head, *fold(text[start:end], _width(before)), *tail] if text else []


def _kept_ends(text: str, lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines that a text begins with, and those of the rest that it ends with; something is between them."""
    head: list[str] = []
    for line in lines:
        if not text.startswith(f"{line} ", _length(head)):
            break
        head.append(line)
    tail: list[str] = []
    for line in reversed(lines[len(head) :]):
        if not text.endswith(f" {line}", _length(head) + 1, len(text) - _length(tail)):
            break
        tail.insert(0, line)
    return head, tail


def _length(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _width(paragraphs: Sequence[Sequence[str]]) -> int:
    """How wide the lines are that go on in a next one, if that says anything."""
    widest = max((len(line) for lines in paragraphs for line in lines[:-1]), default=0)
    return widest if widest >= _NARROW else _WIDE
