"""How long texts are, in words; in characters where they are written without spaces."""

from __future__ import annotations

from collections.abc import Sequence

_LONGEST = 15  # characters a word on average: beyond it, spaces do not part words there


def size(text: str) -> str:
    """`1,204 words`."""
    words = len(text.split())
    unit = _unit(len(text), words)
    number = words if unit == "word" else len(text)
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def grown(before: str | Sequence[str], after: str | Sequence[str]) -> str:
    """By how much a text grows, or several together: `+12 words`; in characters where the words are as many."""
    one, other = ([side] if isinstance(side, str) else side for side in (before, after))
    (length, words), (length_after, words_after) = _measured(one), _measured(other)
    found = {"word": words_after - words, "character": length_after - length}
    for unit in dict.fromkeys((_unit(length + length_after, words + words_after), "character")):
        more = found[unit]
        if more:
            return f"{more:+,} {unit}{'' if abs(more) == 1 else 's'}"
    return "same length"


def _unit(length: int, words: int) -> str:
    return "character" if length > _LONGEST * max(words, 1) else "word"


def _measured(texts: Sequence[str]) -> tuple[int, int]:
    """How many characters they have, and how many words."""
    return sum(map(len, texts)), sum(len(text.split()) for text in texts)
