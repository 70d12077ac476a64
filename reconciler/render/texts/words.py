"""Which words of two texts differ: both as runs of characters, marked or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter

_BREAK = "\n"
_TOKEN = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
_TOO_MANY_PAIRS = 60_000  # beyond this the middle is marked as one: comparing costs more than linearly
_ALIKE = 0.3  # of the words of the shorter text: below it, marks would be noise


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters within one line."""

    text: str
    marked: bool = False


def compare_words(before: str, after: str) -> tuple[list[list[Piece]], list[list[Piece]]]:
    """The lines of both texts with what differs marked; nothing is, where little is alike."""
    one, other = _TOKEN.findall(before), _TOKEN.findall(after)
    kept_one, kept_other = _kept(one, other)
    alike = _weight([one[i] for i in kept_one])
    if alike < _ALIKE * min(_weight(one), _weight(other)):
        return _unmarked(before), _unmarked(after)
    return _lines(one, kept_one), _lines(other, kept_other)


def _unmarked(text: str) -> list[list[Piece]]:
    return [[Piece(line)] for line in text.split("\n")]


def _weight(tokens: list[str]) -> int:
    """How many characters of words there are: shared punctuation makes no two texts alike."""
    return sum(len(token) for token in tokens if token.isalnum())


def _kept(one: list[str], other: list[str]) -> tuple[set[int], set[int]]:
    """The positions of the tokens that both have."""
    start = _common(one, other)
    end = _common(one[start:][::-1], other[start:][::-1])
    kept_one = {*range(start), *range(len(one) - end, len(one))}
    kept_other = {*range(start), *range(len(other) - end, len(other))}
    middle, other_middle = one[start : len(one) - end], other[start : len(other) - end]
    if len(middle) * len(other_middle) <= _TOO_MANY_PAIRS:
        for block in SequenceMatcher(None, middle, other_middle, autojunk=False).get_matching_blocks():
            kept_one.update(range(start + block.a, start + block.a + block.size))
            kept_other.update(range(start + block.b, start + block.b + block.size))
    return kept_one, kept_other


def _common(one: list[str], other: list[str]) -> int:
    """How many tokens at the beginning are the same."""
    pairs = zip(one, other, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _lines(tokens: list[str], kept: set[int]) -> list[list[Piece]]:
    lines: list[list[tuple[str, bool]]] = [[]]
    for position, token in enumerate(tokens):
        if token == _BREAK:
            lines.append([])
        else:
            lines[-1].append((token, position not in kept))
    return [_pieces(line) for line in lines]


def _pieces(tokens: list[tuple[str, bool]]) -> list[Piece]:
    """Runs of tokens; a space between two marked words is marked with them, a line marked whole is not."""
    bridged = [(text, marked or _bridges(tokens, i)) for i, (text, marked) in enumerate(tokens)]
    if all(marked for text, marked in bridged if text.strip()) and any(text.strip() for text, _ in bridged):
        return [Piece("".join(text for text, _ in bridged))]
    runs = groupby(bridged, key=itemgetter(1))
    return [Piece("".join(text for text, _ in run), marked) for marked, run in runs]


def _bridges(tokens: list[tuple[str, bool]], position: int) -> bool:
    inside = 0 < position < len(tokens) - 1
    return inside and tokens[position][0].isspace() and tokens[position - 1][1] and tokens[position + 1][1]
