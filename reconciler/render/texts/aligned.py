"""Which lines of two texts are the same, by patience: lines that both have once hold the rest in place.

Where many lines lie between those, the first of a kind goes with the first, the second with the second. So comparing
costs little more than linearly, whatever the texts are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import count
from typing import TypeAlias, TypeVar

Block: TypeAlias = tuple[bool, int, int, int, int]
"""Whether it is the same on both sides; from where to where on the one, and on the other."""

Span: TypeAlias = tuple[int, int]

T = TypeVar("T", str, tuple[str, int])

_TOO_MANY_PAIRS = 60_000  # of lines that are compared each with each: that costs more than linearly


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
    def between(here: Span, there: Span) -> Iterator[Block]:
        if _are_few(here, there):
            return _each_with_each(one, other, here, there)
        return _held(_anchors(_numbered(one, here), _numbered(other, there)), here, there, rest)

    def rest(here: Span, there: Span) -> Iterator[Block]:
        return _each_with_each(one, other, here, there) if _are_few(here, there) else iter([(False, *here, *there)])

    return _held(_anchors(one, other), (0, len(one)), (0, len(other)), between)


def _held(
    anchors: Sequence[Span], here: Span, there: Span, between: Callable[[Span, Span], Iterator[Block]]
) -> Iterator[Block]:
    """The anchors, and what lies before, between and behind them."""
    (i, i_end), (j, j_end) = here, there
    for a, b in anchors:
        yield from between((i, here[0] + a), (j, there[0] + b))
        i, j = here[0] + a + 1, there[0] + b + 1
        yield True, i - 1, i, j - 1, j
    yield from between((i, i_end), (j, j_end))


def _are_few(here: Span, there: Span) -> bool:
    return (here[1] - here[0]) * (there[1] - there[0]) <= _TOO_MANY_PAIRS


def _each_with_each(one: Sequence[str], other: Sequence[str], here: Span, there: Span) -> Iterator[Block]:
    (i, i_end), (j, j_end) = here, there
    if i == i_end and j == j_end:
        return
    matcher = SequenceMatcher(None, one[i:i_end], other[j:j_end])
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        yield tag == "equal", i + a, i + a_end, j + b, j + b_end


def _numbered(lines: Sequence[str], span: Span) -> list[tuple[str, int]]:
    """Each line and how many of its kind are before it."""
    numbers: defaultdict[str, count[int]] = defaultdict(count)
    return [(line, next(numbers[line])) for line in lines[slice(*span)]]


def _anchors(one: Sequence[T], other: Sequence[T]) -> list[tuple[int, int]]:
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
