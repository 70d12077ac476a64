"""How a rendering may look: the room there is, and whether there is colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Style:
    """What the caller knows about the place where the text will be read."""

    width: int = 80
    colour: bool = False
    is_piped: bool = False
    """Whether a file or program reads it, which has room for every column of a table."""


_CODES: Final = {
    "+": "32",
    "-": "31",
    "@": "36",
    "…": "2",
    "+ marked": "7;32",
    "- marked": "7;31",
    "bold": "1",
    "dim": "2",
    "good": "1;32",
    "blocked": "1;33",
    "warning": "1;33",
    "bad": "1;31",
    "strong": "1",
    "gone": "31",
    "new": "32",
}
"""Red is what is deleted or breaks, yellow what is blocked."""


def paint(text: str, ink: str, style: Style) -> str:
    """The text in one of the inks of the table; plain where the style has no colour."""
    code = _CODES.get(ink)
    return f"\x1b[{code}m{text}\x1b[0m" if style.colour and code and text else text
