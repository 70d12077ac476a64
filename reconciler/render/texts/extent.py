"""How much of a text is looked at: more than any API takes, and no more, for comparing costs time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LONGEST: Final = 300_000  # characters


def beginning(lines: Sequence[str]) -> list[str]:
    """The first of the lines, as many characters as are looked at; the last of them may be cut."""
    room, found = LONGEST, []
    for line in lines:
        if room <= 0:
            break
        found.append(line[:room])
        room -= len(line) + 1
    return found


def beyond(*sides: str | Sequence[str], done: str) -> str:
    """That one of these texts goes on, and what was done with its beginning only; else nothing."""
    longest = max(len(side) if isinstance(side, str) else sum(map(len, side)) + len(side) - 1 for side in sides)
    return f"only the first {LONGEST:,} characters are {done}" if longest > LONGEST else ""
