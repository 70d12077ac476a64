"""How long texts are, in words; in characters where they are written without spaces."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 15  # characters a word on average: beyond it, spaces do not part words there


def size(text: str) -> str:
    """`1,204 words`."""
    unit = _unit([text])
    number = _measure([text], unit)
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def grown(before: str | Sequence[str], after: str | Sequence[str]) -> str:
    """By how much a text grows, or several together: `+12 words`; in characters where the words are as many."""
    one, other = ([side] if isinstance(side, str) else side for side in (before, after))
    for unit in dict.fromkeys((_unit([*one, *other]), "character")):
        more = _measure(other, unit) - _measure(one, unit)
        if more:
            return f"{more:+,} {unit}{'' if abs(more) == 1 else 's'}"
    return "same length"


def _unit(texts: Sequence[str]) -> str:
    words = sum(len(text.split()) for text in texts)
    return "character" if sum(map(len, texts)) > _LONGEST * max(words, 1) else "word"


def _measure(texts: Sequence[str], unit: str) -> int:
    return sum(len(text) if unit == "character" else len(text.split()) for text in texts)
