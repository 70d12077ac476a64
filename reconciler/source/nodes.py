"""The nodes themselves, how they become plain data, how one is merged over another, and how a path finds its place."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Final, TypeAlias

from reconciler.canonical import Json, equal
from reconciler.diagnostics import Diagnostic, Location

DEPTH: Final = 64
"""How deep values may nest, aliases unfolded."""
SIZE: Final = 1_600_000
"""How many values one text may hold, aliases unfolded. An agent may have 3 MiB of tools, and each takes two bytes."""
DIGITS: Final = 300
"""How long a number may be: Python itself stops at 4,300 digits, real ones have twenty."""

Scalar: TypeAlias = bool | int | float | str | None
Mark: TypeAlias = tuple[int, int]
"""A line and a column."""

_FEW: Final = 16
_NO_KEYS: Final[Mapping[str, Location]] = MappingProxyType({})
_BREAK = re.compile(r"\r\n|\n|\r")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Node:
    """One value, where it begins, and for a mapping where each key stands."""

    value: Scalar | tuple[Node, ...] | dict[str, Node]
    place: Location
    keys: Mapping[str, Location] = field(default_factory=lambda: _NO_KEYS)


def places_of_keys(file: str, marks: Mapping[str, Mark]) -> Mapping[str, Location]:
    """Where the keys of a mapping stand in their file; in few bytes where they are few, as they mostly are."""
    few = len(marks) <= _FEW
    return _FewKeys(file, marks) if few else {key: Location(file, *mark) for key, mark in marks.items()}


class _FewKeys(Mapping[str, Location]):
    __slots__ = ("_file", "_names", "_numbers")

    def __init__(self, file: str, marks: Mapping[str, Mark]) -> None:
        self._file, self._names = file, _kept_names(tuple(marks))
        self._numbers = array("I", chain.from_iterable(marks.values())).tobytes()

    def __getitem__(self, key: str) -> Location:
        if key not in self._names:
            raise KeyError(key)
        at = 2 * self._names.index(key)
        return Location(self._file, *array("I", self._numbers)[at : at + 2])

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@lru_cache(maxsize=4096)
def _kept_names(names: tuple[str, ...]) -> tuple[str, ...]:
    """The same names, in memory once: many manifests have the same mappings."""
    return names


@dataclass(frozen=True, slots=True)
class ParsedText:
    """The documents of one text, and what is wrong with them."""

    documents: tuple[Node, ...]
    faults: tuple[Diagnostic, ...]


class ReadError(Exception):
    """The rest of a text cannot be read; carries the error that says why."""

    def __init__(self, fault: Diagnostic) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Positions:
    """Which line and column an offset of a text is at, as editors count them."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self._starts: list[int] = []

    def place(self, offset: int) -> Location:
        """The location of the character at the offset."""
        if not self._starts:
            self._starts = [0, *(match.end() for match in _BREAK.finditer(self.text))]
        line = bisect_right(self._starts, offset)
        return Location(self.file, line, offset - self._starts[line - 1] + 1)

    def line(self, place: Location) -> str:
        """The text of the line that the location is on."""
        return _BREAK.split(self.text)[place.line - 1]


def fields(node: Node | None) -> dict[str, Node]:
    """The members of a mapping; of anything else, none."""
    return node.value if node is not None and isinstance(node.value, dict) else {}


def member(node: Node | None, key: str) -> Node | None:
    """What a mapping has under a key."""
    return fields(node).get(key)


def items(node: Node | None) -> tuple[Node, ...]:
    """The entries of a list; of anything else, none."""
    return node.value if node is not None and isinstance(node.value, tuple) else ()


def plain(node: Node) -> Json:
    """The node's value as plain data, without locations."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    return value


def node_of(value: Json, place: Location) -> Node:
    """Plain data as nodes that all stand at one place."""
    if isinstance(value, dict):
        return Node({key: node_of(inner, place) for key, inner in value.items()}, place)
    return Node(tuple(node_of(inner, place) for inner in value) if isinstance(value, list) else value, place)


def merged(base: Node, patch: Node) -> Node:
    """A JSON merge patch on nodes, so that everything keeps its location."""
    if not isinstance(patch.value, dict):
        return patch
    members = dict(fields(base))
    for key, inner in patch.value.items():
        if inner.value is None:
            members.pop(key, None)
        else:
            members[key] = merged(members.get(key, Node({}, inner.place)), inner)
    return Node(members, base.place, {**base.keys, **patch.keys})


def merge_patch(before: Json, after: Json) -> Json | None:
    """The smallest JSON merge patch that makes one of the other; None where none can, since null there removes."""
    if not isinstance(after, dict):
        return after
    members = before if isinstance(before, dict) else {}
    patch: dict[str, Json] = {key: None for key in members if key not in after}
    for key, value in after.items():
        if key not in members or not equal(members[key], value):
            inner = merge_patch(members.get(key), value)
            if inner is None:
                return None
            patch[key] = inner
    return patch


def locate(node: Node, path: Iterable[str | int], *, key: bool = False) -> Location:
    """The location of the deepest value on the path, or with `key` of the last key that leads to it.

    Steps that match nothing are skipped: pydantic puts the tags of unions into its paths.
    """
    place = node.place
    for step in path:
        inner = member(node, str(step))
        if isinstance(node.value, tuple) and isinstance(step, int) and 0 <= step < len(node.value):
            inner = node.value[step]
        if inner is not None:
            place = node.keys[str(step)] if key and isinstance(node.value, dict) else inner.place
            node = inner
    return place


def short(text: str) -> str:
    """As much of a text as a message has room for."""
    return text if len(text) <= 60 else f"{text[:60]}…"


def too_deep(place: Location) -> Diagnostic:
    """The error of a value nested deeper than anything real."""
    return Diagnostic(place, "too-deep", f"Values nest deeper than {DEPTH} levels.", "flatten them")


def repeated(key: str, place: Location, first: Location) -> Diagnostic:
    """The error of a key that its mapping has already."""
    message = f"`{short(key)}` stands here a second time; the first is at line {first.line}, column {first.column}."
    return Diagnostic(place, "duplicate-key", message, "remove one of the two")


def long_number(place: Location) -> Diagnostic:
    """The error of a number with absurdly many digits."""
    return Diagnostic(place, "too-large", f"A number of more than {DIGITS} digits.", "quote it if it is text")


def half_characters(text: str, place: Location) -> list[Diagnostic]:
    """The error of a text that holds half a character, which UTF-8 cannot carry; none where it holds none."""
    match = None if text.isascii() else _SURROGATE.search(text)
    if match is None:
        return []
    message = f"The escape \\u{ord(match[0]):04x} is half a character (a lone surrogate)."
    return [Diagnostic(place, "encoding", message, "write the character itself, or both halves of it")]
