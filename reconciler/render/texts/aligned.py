"""Which lines of two texts are the same, by patience: lines that both have once hold the rest in place.

Comparing costs little more than linearly, unless the texts are long and have hardly a line that is one of its kind.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TypeAlias

Block: TypeAlias = tuple[bool, int, int, int, int]
"""Whether it is the same on both sides; from where to where on the one, and on the other."""


def aligned(one: Sequence[str], other: Sequence[str]) -> Iterator[Block]:
    """Both texts from beginning to end, block by block; neighbours differ in whether they are the same."""
    start: Block | None = None
    for block in _blocks(one, other):
        if start is not None and block[0] == start[0]:
            start = (start[0], start[1], block[2], start[3], block[4])
            continue
        yield from [start] if start else []
        start = block
    yield from [start] if start else []


def _blocks(one: Sequence[str], other: Sequence[str]) -> Iterator[Block]:
    anchors = [(-1, -1), *_anchors(one, other), (len(one), len(other))]
    for (i, j), (i_next, j_next) in pairwise(anchors):
        yield from _between(one, other, (i + 1, i_next), (j + 1, j_next))
        if i_next < len(one):
            yield True, i_next, i_next + 1, j_next, j_next + 1


def _between(
    one: Sequence[str], other: Sequence[str], here: tuple[int, int], there: tuple[int, int]
) -> Iterator[Block]:
    (i, i_end), (j, j_end) = here, there
    if i == i_end and j == j_end:
        return
    matcher = SequenceMatcher(None, one[i:i_end], other[j:j_end])
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        yield tag == "equal", i + a, i + a_end, j + b, j + b_end


def _anchors(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """The longest series of lines that are once in both and in one order."""
    once, once_there = ({line for line, times in Counter(side).items() if times == 1} for side in (one, other))
    places = {line: j for j, line in enumerate(other) if line in once_there}
    pairs = [(i, places[line]) for i, line in enumerate(one) if line in once and line in places]
    ends: list[int] = []  # the least last place of a series of each length
    series: list[int] = []  # by pair, how long the best series is that ends with it
    for _, j in pairs:
        length = bisect_left(ends, j)
        ends[length : length + 1] = [j]
        series.append(length)
    found: list[tuple[int, int]] = []
    for pair, length in zip(reversed(pairs), reversed(series), strict=True):
        if length == len(ends) - len(found) - 1 and (not found or pair[1] < found[-1][1]):
            found.append(pair)
    return found[::-1]
