"""A text in short lines for display, broken where people pause, so that a small edit is a small diff."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import takewhile
from zlib import crc32

from reconciler.render.texts.stops import sentences
from reconciler.render.values import inert

END = "↵"
"""What marks a real line end; one in the text itself shows as `<U+21B5>`."""

_WORD = 20  # characters of a word: the beginning of a longer one tells enough
_SPACE = re.compile(rf"(\S) (?=(\S{{1,{_WORD}}}))")
_CLAUSE = frozenset(",;:)—–")
_PARTS = frozenset({
    "and", "or", "but", "that", "which", "who", "whose", "when", "where", "while", "if", "then", "than", "because",
    "unless", "until", "so", "as", "of", "in", "on", "at", "to", "for", "from", "with", "without", "by", "about",
    "into", "only",
})  # fmt: skip
"""Words that begin a part of a sentence; of a language that has none of them, any word may."""
_DISARMED = len("<U+003A>:") - len("::")
_TAB = 4  # columns, as much as it may take where it is shown
_NUMBERED = len("<U+00A0>")  # how spaces of other kinds are shown where they changed


def phrases(text: str, width: int = 60) -> list[str]:
    """The text's sentences, each from the start of a line, none wider than the width; `↵` where a line really ends.

    Less those signs, the lines are the text as it may be shown, with no character dropped.
    """
    lines = [_broken(line, width) for line in text.split("\n")]
    return [piece for line in lines[:-1] for piece in (*line[:-1], line[-1] + END)] + lines[-1]


def _broken(line: str, width: int) -> list[str]:
    shown = inert(line).replace(END, "<U+21B5>")
    rows = [row for sentence in sentences(shown) for row in _wrapped(sentence, width - len(END))]
    if rows and shown.endswith(" ") and _columns_of(rows[-1]) > width - len(END):
        rows[-1:] = [rows[-1][:-1], " "]  # where the line ends, its mark has to fit behind the space
    return [inert(row) for row in rows] or [""]


def _wrapped(sentence: str, room: int) -> list[str]:
    """The sentence in rows; which they are does not depend on the space behind it, and so not on what follows."""
    words = sentence.rstrip(" \t")
    rows, space = list(_rows(words, room)), sentence[len(words) :]
    if not rows:
        return list(_rows(space, room))
    fits = 1 if space == " " else max(_fitting(rows[-1] + space, 0, room) - len(rows[-1]), 0)
    return [*rows[:-1], rows[-1] + space[:fits], *_rows(space[fits:], room)]


def _rows(text: str, room: int) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = start + _fitting(text, start, room)
        if end < len(text):
            end = _pause(text, start, end)
        yield text[start:end]
        start = end


def _fitting(text: str, start: int, room: int) -> int:
    """How many characters from there fit, at least one; what is disarmed at a line's start takes more."""
    row = text[start : start + room + 1]
    room -= _DISARMED if row.lstrip().startswith("::") else 0
    if row.isascii() and "\t" not in row:
        return min(max(room, 1), len(row))
    columns = 0
    for i, character in enumerate(row):
        columns += _columns(character)
        if columns > room and i:
            return i
    return len(row)


def _columns_of(row: str) -> int:
    return sum(map(_columns, row))


def _columns(character: str) -> int:
    if character.isspace() and character != " ":
        return _TAB if character == "\t" else _NUMBERED
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _pause(text: str, start: int, end: int) -> int:
    """Where to break: at the end of a clause, before a word that begins a part, else before any; in a word at last.

    Which of several it is depends on the words alone, so that behind an edit the lines soon are the same again.
    """
    half = (start + end) // 2
    spaces = takewhile(lambda space: space.end() <= end, _SPACE.finditer(text, half, end + _WORD))
    found = [(_rank(space), space.end()) for space in spaces]
    if found:
        return min(found)[1]
    space = text.rfind(" ", start + 1, half)
    return space + 1 if space > start and text[start:space].strip() else end


def _rank(space: re.Match[str]) -> tuple[int, int]:
    before, word = space[1], space[2]
    return 0 if before in _CLAUSE else 1 if word.lower() in _PARTS else 2, crc32(word.encode())
