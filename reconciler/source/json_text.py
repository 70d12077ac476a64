"""JSON text → nodes. The standard library's reader knows no positions and keeps the last of two keys."""

from __future__ import annotations

import re
from json.decoder import JSONDecodeError, scanstring  # type: ignore[attr-defined]
from math import isinf
from typing import Final

from reconciler.diagnostics import Diagnostic, Location
from reconciler.source import nodes
from reconciler.source.nodes import Node, ParsedText, Positions, ReadError, Scalar

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<float>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![0-9A-Za-z_.])")
_WORD = re.compile(r"[-+]?[A-Za-z0-9_.]+")
_WORDS: Final[dict[str, Scalar]] = {"true": True, "false": False, "null": None}
_FOREIGN: Final = frozenset({"NaN", "Infinity", "-Infinity"})
_REMEDIES: Final = {
    "'": "JSON takes double quotes only",
    "/": "JSON has no comments",
    "#": "JSON has no comments",
    "": "the file ends too early: close what is open",
}
_BAD_TEXTS: Final = (
    ("Unterminated", "A text in quotes that is never closed.", "close the quote"),
    ("control", "A control character within a text.", "write a line break as `\\n` and a tab as `\\t`"),
    ("", "An escape that JSON does not know.", "write a backslash as `\\\\`"),
)
"""By what the standard library says: our words, and the remedy."""


def read(text: str, positions: Positions) -> ParsedText:
    """The one document of the text, or what is wrong with it."""
    reader = _JsonReader(text, positions)
    try:
        document = reader.document()
    except ReadError as stop:
        return ParsedText((), (*reader.faults, stop.fault))
    return ParsedText((document,), tuple(reader.faults))


class _JsonReader:
    """Walks the text once; `_at` is the offset of what comes next."""

    def __init__(self, text: str, positions: Positions) -> None:
        self.faults: list[Diagnostic] = []
        self._text = text
        self._positions = positions
        self._at = 0
        self._size = 0

    def document(self) -> Node:
        if not self._next():
            raise self._stop("The file is empty.", "write a JSON value")
        node = self._value(0)
        if self._next():
            raise self._stop("Something follows the JSON value.", "remove it: a file is one value")
        return node

    def _next(self) -> str:
        """The next character that is no white space; empty at the end."""
        match = _SPACE.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return self._text[self._at : self._at + 1]

    def _place(self) -> Location:
        return self._positions.place(self._at)

    def _stop(self, message: str, remedy: str = "") -> ReadError:
        remedy = remedy or _REMEDIES.get(self._text[self._at : self._at + 1], "")
        return ReadError(Diagnostic(self._place(), "syntax", message, remedy))

    def _value(self, depth: int) -> Node:
        first, place = self._next(), self._place()
        self._size += 1
        if depth > nodes.DEPTH:
            raise ReadError(nodes.too_deep(place))
        if self._size > nodes.SIZE:
            raise ReadError(Diagnostic(place, "too-large", f"More than {nodes.SIZE:,} values.", "split the file"))
        if first == "{":
            return self._mapping(place, depth)
        if first == "[":
            members: list[Node] = []
            while self._has_member("]", first=not members):
                members.append(self._value(depth + 1))
            return Node(tuple(members), place)
        if first == '"':
            return Node(self._quoted_text(place), place)
        return Node(self._plain_value(place), place)

    def _plain_value(self, place: Location) -> Scalar:
        number = _NUMBER.match(self._text, self._at)
        if number:
            self._at = number.end()
            return self._number_of(number, place)
        word = _WORD.match(self._text, self._at)
        if word is None or word[0] not in _WORDS.keys() | _FOREIGN:
            raise self._stop(
                "Expected a JSON value." if word is None else f"`{nodes.short(word[0])}` is not a JSON value."
            )
        self._at = word.end()
        if word[0] in _FOREIGN:
            self.faults.append(Diagnostic(place, "not-json", f"JSON has no {word[0]}.", "write a number or null"))
        return _WORDS.get(word[0])

    def _number_of(self, match: re.Match[str], place: Location) -> int | float:
        if len(match[0]) > nodes.DIGITS:
            self.faults.append(nodes.long_number(place))
            return 0
        value = float(match[0]) if match["float"] else int(match[0])
        if not isinf(value):
            return value
        self.faults.append(
            Diagnostic(place, "not-json", f"`{match[0]}` is beyond the largest number.", "write it smaller")
        )
        return 0

    def _quoted_text(self, place: Location) -> str:
        text: str
        try:
            text, self._at = scanstring(self._text, self._at + 1)
        except JSONDecodeError as error:
            self._at = error.pos
            raise self._stop(*next(words for sign, *words in _BAD_TEXTS if sign in error.msg)) from error
        self.faults += nodes.half_characters(text, place)
        return text

    def _mapping(self, place: Location, depth: int) -> Node:
        members: dict[str, Node] = {}
        keys: dict[str, Location] = {}
        first = True
        while self._has_member("}", first=first):
            first = False
            if self._next() != '"':
                raise self._stop("Expected a key in double quotes.")
            at = self._place()
            key = self._quoted_text(at)
            if self._next() != ":":
                raise self._stop("Expected `:`.")
            self._at += 1
            value = self._value(depth + 1)
            if key in keys:
                self.faults.append(nodes.repeated(key, at, keys[key]))
            else:
                members[key], keys[key] = value, at
        return Node(members, place, keys)

    def _has_member(self, end: str, *, first: bool) -> bool:
        """Steps over the bracket or comma; whether another member follows."""
        if first:
            self._at += 1
            return not self._ends(end)
        if self._ends(end):
            return False
        if self._next() != ",":
            raise self._stop(f"Expected `,` or `{end}`.")
        comma = self._place()
        self._at += 1
        if not self._ends(end):
            return True
        self.faults.append(Diagnostic(comma, "syntax", f"A `,` before the closing `{end}`.", "remove the comma"))
        return False

    def _ends(self, end: str) -> bool:
        if self._next() != end:
            return False
        self._at += 1
        return True
