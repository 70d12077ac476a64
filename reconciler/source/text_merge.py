"""Three-way merges of texts, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TypeAlias

from reconciler.source.text_splices import normal

_MOST_CHANGES = 600
"""So many lines taken out or put in are compared exactly; the time grows with their square."""
_Block: TypeAlias = tuple[int, int, int]
"""Where equal lines begin in two texts, and how many they are."""
_Hunk: TypeAlias = tuple[int, int, tuple[str, ...]]
"""Which lines of the base a side replaced, from where and up to where, and by what."""


def merged_text(base: str, git: str, live: str) -> str | None:
    """The base with the changes of both; None where they overlap or touch, and a person has to decide.

    Line ends and final newlines do not count as changes: the result has LF, and ends as `git`.
    """
    merged = _lines_of(base)
    hunks = sorted(
        {*_edits_of_lines(merged, _lines_of(git)), *_edits_of_lines(merged, _lines_of(live))}
    )  # one of both counts once
    if any(start <= end for (_, end, _), (start, _, _) in pairwise(hunks)):
        return None
    for start, end, lines in reversed(hunks):
        merged[start:end] = lines
    return "\n".join(merged) + "\n" * (len(git) - len(git.rstrip("\n")))


def _lines_of(text: str) -> list[str]:
    return normal(text.removeprefix("\ufeff")).split("\n")


def _edits_of_lines(base: Sequence[str], side: Sequence[str]) -> Iterator[_Hunk]:
    """The changes of a side, separated by lines that it kept."""
    x = y = 0
    for start, other, size in _shared_lines(base, side):
        if (x, y) != (start, other):
            yield x, start, tuple(side[y:other])
        x, y = start + size, other + size


def _shared_lines(a: Sequence[str], b: Sequence[str]) -> list[_Block]:
    """The parts that two texts share, by the fewest changed lines, as in Git; an empty part comes last.

    difflib begins with the longest equal part: in a text that repeats itself that is often another repetition, and a
    merge by it has lines twice. It is only asked where nearly everything differs.
    """
    rows = _furthest(a, b)
    if rows is None:
        return [(*each,) for each in SequenceMatcher(None, a, b).get_matching_blocks()]
    size = len(a), len(b)
    return [*reversed(list(_blocks(rows, *size))), (*size, 0)]


def _furthest(a: Sequence[str], b: Sequence[str]) -> list[list[int]] | None:
    """For each number of changes how far they lead in `a`, on each diagonal; None where it takes too many (Myers)."""
    rows: list[list[int]] = []
    for changes in range(_MOST_CHANGES):
        row = _starts(rows[-1]) if rows else [0]
        for place, x in enumerate(row):
            skew = changes - 2 * place
            while x < len(a) and x + skew < len(b) and a[x] == b[x + skew]:
                x += 1
            row[place] = x
            if x >= len(a) and x + skew >= len(b):
                return [*rows, row]
        rows.append(row)
    return None


def _starts(row: list[int]) -> list[int]:
    """The position after one more change: an inserted line keeps it in `a`, a removed line advances it."""
    between = (max(taken + 1, put) for taken, put in pairwise(row))
    return [row[0], *between, row[-1] + 1]


def _blocks(rows: list[list[int]], x: int, y: int) -> Iterator[_Block]:
    """The equal parts on the way back from the end."""
    for changes in range(len(rows) - 1, 0, -1):
        row, place = rows[changes - 1], (x - y + changes) // 2
        start = _starts(row)[place]
        if x > start:
            yield start, start - x + y, x - start
        is_put = place < changes and row[place] == start
        x, y = (start, start - x + y - 1) if is_put else (start - 1, start - x + y)
    if x:
        yield 0, 0, x
