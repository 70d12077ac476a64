"""The lines of a text around an offset, whatever ends them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

BREAK: Final = re.compile(r"\r\n|\n|\r")
_REST = re.compile(r"[^\r\n]*")
_BEFORE = re.compile(r"[^\r\n]*\Z")


def line_end(text: str, at: int) -> int:
    """The offset of what ends the line."""
    match = _REST.match(text, at)
    return match.end() if match else at


def next_line(text: str, at: int) -> int:
    """The offset of the next line, or the end of the text."""
    end = line_end(text, at)
    match = BREAK.match(text, end)
    return match.end() if match else end


def line_start(text: str, at: int) -> int:
    """The offset of the line's first character."""
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def column(text: str, at: int) -> int:
    """The number of characters before it on its line."""
    return at - line_start(text, at)


def begins_line(text: str, at: int) -> bool:
    """Whether only space precedes it on its line."""
    return not text[line_start(text, at) : at].strip(" \t")


def line_break(text: str) -> str:
    """What ends most lines of a text."""
    return "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"


def indented(lines: Iterable[str], width: int, newline: str) -> str:
    """The lines as one block further to the right, without a break at its end; empty lines stay empty."""
    return newline.join(f"{' ' * width}{line}" if line else "" for line in lines)


def indentation(text: str, at: int) -> str:
    """The space that the line begins with."""
    start = line_start(text, at)
    line = text[start : line_end(text, at)]
    return line[: len(line) - len(line.lstrip(" \t"))]


def break_before(text: str, at: int) -> int:
    """The offset of what ends the line before, or the start of the text."""
    return len(text[: line_start(text, at)].removesuffix("\n").removesuffix("\r"))
