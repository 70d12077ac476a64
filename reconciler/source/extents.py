"""Where each value of a text begins and ends, so that an edit can replace one and keep everything else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import yaml

from reconciler.source.lines import column

Path: TypeAlias = tuple[str | int, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*(?:\s+|$))*")
_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\r\n]*)*")
_COLON = re.compile(r"\s*:")
_JSON_SPACE = re.compile(r"[ \t\n\r]*")
_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_JSON_WORD = re.compile(r"[^\s,\]}]+")


@dataclass(frozen=True, slots=True)
class Extent:
    """A value from its first to behind its last character, without anchor, tag and comment.

    The style is `:` or `-` for a mapping or list as a block, `{` or `[` for one in brackets, `|` or `>` for a text as a
    block, a quote, `*` for an alias, else empty.
    """

    start: int
    end: int
    style: str
    members: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A value with where its key or dash begins, and what is behind the colon or dash."""

    start: int
    head: int
    key: str | None
    value: Extent


@lru_cache(maxsize=1)
def yaml_extents(text: str) -> tuple[Extent, ...]:
    """The extent of each document of a text that was read without errors, its merge keys as they are written."""
    walker = _Walker(text)
    return tuple(walker.documents()) or (Extent(len(text), len(text), ""),)


class _Walker:
    """Walks the events of the parser once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._end = 0

    def documents(self) -> Iterator[Extent]:
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                yield self._extent(self._next())

    def _extent(self, event: Any) -> Extent:
        start, end = _matched_to(_PROPERTIES, self._text, event.start_mark.index), event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            return Extent(start, end, "*")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(min(start, end), end, event.style or "")
        is_flow = bool(event.flow_style)
        if isinstance(event, yaml.MappingStartEvent):
            return self._collection(start, "{" if is_flow else ":", self._pairs())
        return self._collection(start, "[" if is_flow else "-", self._items(None if is_flow else start))

    def _scalar(self, start: int, end: int, style: str) -> Extent:
        return Extent(start, _end_of_block(self._text, start, end) if style in ("|", ">") else end, style)

    def _collection(self, start: int, style: str, members: Iterator[Entry]) -> Extent:
        found = tuple(members)
        if style in ("{", "["):
            return Extent(start, self._end, style, found)
        return Extent(found[0].start, found[-1].value.end, style, found)

    def _pairs(self) -> Iterator[Entry]:
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._extent(event)
            head = _matched_to(_COLON, self._text, key.end)
            name = event.value if isinstance(event, yaml.ScalarEvent) else None
            yield Entry(event.start_mark.index, head, name, self._extent(self._next()))

    def _items(self, dash: int | None) -> Iterator[Entry]:
        """The items of a list, each behind a dash, or without one."""
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            start = event.start_mark.index
            if dash is None:
                yield Entry(start, start, None, self._extent(event))
                continue
            dash = _matched_to(_SPACE, self._text, dash)
            value = self._extent(event)
            yield Entry(dash, dash + 1, None, value)
            dash = value.end

    def _next(self) -> Any:
        event = next(self._events)
        self._end = event.end_mark.index
        return event


def _matched_to(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _end_of_block(text: str, start: int, end: int) -> int:
    """The end of the last line of a text as a block; lines that it does not keep are not of it."""
    header, *lines = text[start:end].splitlines(keepends=True)
    if "+" not in header.partition("#")[0]:
        width = next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), 0)
        while lines and not lines[-1].strip() and len(lines[-1].rstrip("\r\n")) <= width:
            lines.pop()
    return start + len("".join([header, *lines]).removesuffix("\n").removesuffix("\r"))


@lru_cache(maxsize=1)
def json_extent(text: str) -> Extent:
    """The extent of the one value of a JSON text that was read without errors."""
    return _json_extent(text, _matched_to(_JSON_SPACE, text, 0))


def _json_extent(text: str, at: int) -> Extent:
    first = text[at]
    if first in "{[":
        members = tuple(_json_members(text, at))
        last = members[-1].value.end if members else at + 1
        return Extent(at, _matched_to(_JSON_SPACE, text, last) + 1, first, members)
    return Extent(at, _matched_to(_JSON_TEXT if first == '"' else _JSON_WORD, text, at), '"' if first == '"' else "")


def _json_members(text: str, opened: int) -> Iterator[Entry]:
    start = _matched_to(_JSON_SPACE, text, opened + 1)
    while text[start] not in "]}":
        head, key = start, None
        if text[opened] == "{":
            key = _matched_to(_JSON_TEXT, text, start)
            head = _matched_to(_COLON, text, key)
        value = _json_extent(text, _matched_to(_JSON_SPACE, text, head))
        yield Entry(start, head, None if key is None else json.loads(text[start:key]), value)
        comma = _matched_to(_JSON_SPACE, text, value.end)
        start = _matched_to(_JSON_SPACE, text, comma + 1) if text[comma] == "," else comma


@dataclass(frozen=True, slots=True)
class Spot:
    """A value in its text, the collection that it is a member of, and whether brackets are around it."""

    text: str
    member: Entry
    parent: Extent | None = None
    in_flow: bool = False

    @property
    def old(self) -> Extent:
        """What stands there."""
        return self.member.value

    @property
    def width(self) -> int:
        """The column of the key or dash; what belongs to it stands further right. Of a document there is none."""
        return -2 if self.parent is None else column(self.text, self.member.start)


def spots(text: str, document: Extent, path: Path) -> list[Spot]:
    """The document and each value that the path leads through, as far as they are written there."""
    found = [Spot(text, Entry(document.start, document.start, None, document))]
    for step in path:
        outer = found[-1].old
        key = step if isinstance(step, str) else None
        members = [each for each in outer.members if each.key == key] if outer.style else []
        place = 0 if key is not None else int(step)
        if not 0 <= place < len(members):
            break
        in_flow = found[-1].in_flow or outer.style in ("{", "[")
        found.append(Spot(text, members[place], outer, in_flow))
    return found
