"""A text in short lines for display, broken where people pause, so that a small edit is a small diff."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import takewhile
from zlib import crc32

from reconciler.render.values import inert

END = "↵"
"""What marks a real line end; one in the text itself shows as `<U+21B5>`."""

_SENTENCE = re.compile(r"(?<=[.!?…])[\"'”’)\]*_]*[ \t]+(?![\sa-z])|(?<=[。！？])")
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


def phrases(text: str, width: int = 60) -> list[str]:
    """The text's sentences, each from the start of a line, none wider than the width; `↵` where a line really ends.

    Less those signs, the lines are the text as it may be shown, with no character dropped.
    """
    lines = [_broken(line, width) for line in text.split("\n")]
    return [piece for line in lines[:-1] for piece in (*line[:-1], line[-1] + END)] + lines[-1]


def _broken(line: str, width: int) -> list[str]:
    shown = inert(line).replace(END, "<U+21B5>")
    return [inert(piece) for sentence in _sentences(shown) for piece in _wrapped(sentence, width - len(END))] or [""]


def _sentences(line: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE.finditer(line):
        yield line[start : match.end()]
        start = match.end()
    if start < len(line):
        yield line[start:]


def _wrapped(sentence: str, room: int) -> Iterator[str]:
    start = 0
    while start < len(sentence):
        end = start + _fitting(sentence, start, room)
        if end < len(sentence):
            end = _pause(sentence, start, end)
        yield sentence[start:end]
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


def _columns(character: str) -> int:
    if character == "\t":
        return _TAB
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
