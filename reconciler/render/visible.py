"""What a reader could not see, made visible: the text shown is the text there is."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate
from unicodedata import combining, east_asian_width, normalize

_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for the tab and the line feed
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # soft hyphen, joiners and fillers
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, directions
    "\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb"  # fillers, variation selectors 1 to 14, byte-order mark
    "\ud800-\udfff"  # halves of a character
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # tags, variation selectors 17+
    "]"
)

_ODD_SPACE = re.compile(r"[^\S \t\n]")


def visible(text: str) -> str:
    """The text with every control, direction and zero-width character as `<U+XXXX>`.

    Line feeds and tabs stay. Joiners within emoji are shown as well: they hide text elsewhere.
    """
    return _INVISIBLE.sub(_number, text)


def numbered(text: str) -> str:
    """The text with every space but the usual ones by its number."""
    return text if text.isascii() and text.isprintable() else _ODD_SPACE.sub(_number, text)


def distinguished(before: str, after: str) -> tuple[str, str]:
    """Both texts; where only the marks of letters are written in another way, as part of them, by their numbers."""
    if before == after or normalize("NFC", before) != normalize("NFC", after):
        return before, after
    return _accented(before), _accented(after)


def _accented(text: str) -> str:
    return "".join(f"<U+{ord(c):04X}>" if combining(c) or normalize("NFD", c) != c else c for c in text)


def columns(text: str) -> int:
    """How many columns of a terminal it takes."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def fitting(text: str, width: int) -> int:
    """How many of its characters fit into so many columns; at least one."""
    if text[: width + 1].isascii():
        return max(min(len(text), width), 1)
    ends = list(accumulate(map(_columns_of, text[: 2 * width])))
    return max(bisect_right(ends, width), 1)


def _columns_of(character: str) -> int:
    return 0 if combining(character) else 2 if east_asian_width(character) in "WF" else 1


def _number(match: re.Match[str]) -> str:
    return f"<U+{ord(match[0]):04X}>"
