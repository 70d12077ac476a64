"""YAML text → nodes, straight from the parser's events.

Events, rather than PyYAML's own nodes: they carry every position, they show a key that a mapping would
swallow, they never recurse, and libyaml makes them at C speed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml

from reconciler.diagnostics import Diagnostic, Location
from reconciler.source import nodes, scalars, yaml_words
from reconciler.source.nodes import Node, ParsedText, Positions, ReadError, Scalar

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE: Final = "tag:yaml.org,2002:"
_SCALAR_TAGS: Final[dict[str, tuple[type, ...]]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}
# Line breaks to YAML, but to no editor: after one of them the parser's own line numbers are no use.
_ODD_BREAKS = re.compile("[\x85\u2028\u2029]")


def read(text: str, positions: Positions, *, loader: Any = _LOADER) -> ParsedText:
    """Every document up to the first thing that is no YAML; an empty text is one document that is null."""
    builder = _Builder(positions, yaml.parse(text, Loader=loader))
    documents: list[Node] = []
    try:
        documents.extend(builder.documents())
    except yaml.YAMLError as error:
        builder.faults.append(yaml_words.fault(error, positions))
    except ReadError as stop:
        builder.faults.append(stop.fault)
    else:
        documents = documents or [Node(None, Location(positions.file, 1, 1))]
    return ParsedText(tuple(documents), tuple(builder.faults))


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A value that aliases may stand for, and what it costs to unfold it."""

    node: Node
    size: int
    height: int


class _Builder:
    """Builds nodes while events last, and counts what they would unfold to."""

    def __init__(self, positions: Positions, events: Iterator[Any]) -> None:
        self.events = events
        self.faults: list[Diagnostic] = []
        self._file = positions.file
        self._place = self._slow_place if _ODD_BREAKS.search(positions.text) else self._quick_place
        self._positions = positions
        self._anchors: dict[str, _Anchored | None] = {}
        self._size = 0
        self._deepest = 0
        self._aliases = False
        self._build: dict[type, Callable[[Any, int], Node]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: self._sequence,
            yaml.MappingStartEvent: self._mapping,
        }

    def documents(self) -> Iterator[Node]:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}
                yield self._node(next(self.events), 0)

    def _quick_place(self, mark: Any) -> Location:
        return Location(self._file, mark.line + 1, mark.column + 1)

    def _slow_place(self, mark: Any) -> Location:
        return self._positions.place(mark.index)

    def _fault(self, event: Any, code: str, message: str, remedy: str) -> None:
        self.faults.append(Diagnostic(self._place(event.start_mark), code, message, remedy))

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._count(event, 1, depth)
        if event.anchor is None:
            return self._build[type(event)](event, depth)
        return self._anchor(event, depth)

    def _count(self, event: Any, size: int, depth: int) -> None:
        self._size += size
        self._deepest = max(self._deepest, depth)
        if depth > nodes.DEPTH:
            raise ReadError(nodes.too_deep(self._place(event.start_mark)))
        if self._size > nodes.SIZE:
            code, what = ("alias-bomb", ", aliases unfolded") if self._aliases else ("too-large", "")
            message = f"More than {nodes.SIZE:,} values{what}."
            raise ReadError(Diagnostic(self._place(event.start_mark), code, message, "split the file, or repeat less"))

    def _anchor(self, event: Any, depth: int) -> Node:
        self._anchors[event.anchor] = None
        size, deepest, self._deepest = self._size, self._deepest, depth
        node = self._build[type(event)](event, depth)
        self._anchors[event.anchor] = _Anchored(node, self._size - size + 1, self._deepest - depth)
        self._deepest = max(deepest, self._deepest)
        return node

    def _alias(self, event: Any, depth: int) -> Node:
        if event.anchor not in self._anchors:
            self._fault(event, "syntax", f"The alias `*{event.anchor}` has no anchor before it.", "define it first")
            return self._nothing(event)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            self._fault(event, "alias-bomb", f"The alias `*{event.anchor}` stands within itself.", "write it out")
            return self._nothing(event)
        self._aliases = True
        self._count(event, anchored.size, depth + anchored.height)
        return anchored.node

    def _nothing(self, event: Any) -> Node:
        return Node(None, self._place(event.start_mark))

    def _sequence(self, start: Any, depth: int) -> Node:
        self._refuse_tag(start, "seq")
        members = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            members.append(self._node(event, depth + 1))
        return Node(tuple(members), self._place(start.start_mark))

    def _mapping(self, start: Any, depth: int) -> Node:
        self._refuse_tag(start, "map")
        members: dict[str, Node] = {}
        keys: dict[str, Location] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key, place = self._key(event, depth + 1), self._place(event.start_mark)
            value = self._node(next(self.events), depth + 1)
            if key is None:
                continue
            if key in keys:
                self.faults.append(nodes.repeated(key, place, keys[key]))
                continue
            keys[key] = place
            members[key] = value
            if _merges(event):
                merged = self._merged(members.pop(key))
        _merge(members, keys, merged)
        return Node(members, self._place(start.start_mark), keys)

    def _key(self, event: Any, depth: int) -> str | None:
        """A key is the text that was written, whatever it would mean as a value: `no:` is "no"."""
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event, "str")
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchored(Node(event.value, self._place(event.start_mark)), 1, 0)
            return event.value
        node = self._node(event, depth)
        if isinstance(node.value, str):
            return node.value
        self._fault(event, "wrong-type", "A key must be text.", "write the key out, in quotes if need be")
        return None

    def _merged(self, value: Node) -> list[Node]:
        found = list(value.value) if isinstance(value.value, tuple) else [value]
        wrong = [node for node in found if not isinstance(node.value, dict)]
        remedy = "name a mapping by its alias, or a list of them"
        self.faults += (Diagnostic(node.place, "wrong-type", "`<<` merges mappings only", remedy) for node in wrong)
        return [node for node in found if isinstance(node.value, dict)]

    def _refuse_tag(self, event: Any, own: str) -> None:
        if event.tag not in (None, "!", _CORE + own):
            self._foreign(event, f"The tag `{_short(event.tag)}`", "remove the tag")

    def _foreign(self, event: Any, what: str, remedy: str = "quote it, so that it is text") -> None:
        self._fault(event, "not-json", f"{what}, which JSON does not have.", remedy)

    def _scalar(self, event: Any, _depth: int) -> Node:
        place = self._place(event.start_mark)
        text: str = event.value
        half = nodes.half_character(text, place)
        if half:
            self.faults.append(half)
        if event.tag is not None:
            return Node(self._tagged(event, text), place)
        return Node(text if event.style else self._resolved(event, text), place)

    def _resolved(self, event: Any, text: str) -> Scalar:
        try:
            return scalars.resolve(text)
        except scalars.NotJsonError as error:
            told = f"`{nodes.short(text)}` is {error}"
            if error.is_number:
                self._foreign(event, told, "write a number, or quote it if it is text")
                return None  # nothing rather than text: one fault is enough where a number belongs
            self._foreign(event, told)
        except scalars.LongNumberError:
            self.faults.append(nodes.long_number(self._place(event.start_mark)))
        return text

    def _tagged(self, event: Any, text: str) -> Scalar:
        name = event.tag.removeprefix(_CORE)
        if event.tag == "!" or name == "str":
            return text
        if name not in _SCALAR_TAGS:
            self._foreign(event, f"The tag `{_short(event.tag)}`", "remove the tag, and quote the text")
            return text
        value = self._resolved(event, text)
        if type(value) not in _SCALAR_TAGS[name]:
            self._fault(event, "wrong-type", f"`{nodes.short(text)}` is no {name}.", "remove the tag, or fix the value")
        return value


def _short(tag: str) -> str:
    return nodes.short(f"!!{tag.removeprefix(_CORE)}" if tag.startswith(_CORE) else tag)


def _merges(key: Any) -> bool:
    return isinstance(key, yaml.ScalarEvent) and key.value == "<<" and not key.style and key.tag is None


def _merge(members: dict[str, Node], keys: dict[str, Location], merged: list[Node]) -> None:
    """What the mapping states itself goes before what it merges, and the first merged before the next."""
    if "<<" not in members:
        keys.pop("<<", None)
    for node in merged:
        for key, place in node.keys.items():
            if key not in members:
                members[key], keys[key] = nodes.mapping(node)[key], place
