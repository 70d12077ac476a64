"""YAML text → nodes, straight from the parser's events, by the rules of YAML 1.1 and within what JSON can say.

Events, rather than PyYAML's own nodes: they carry every position, they show a key that a mapping would
swallow, they never recurse, and libyaml makes them at C speed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import yaml

from reconciler.diagnostics import Diagnostic, Location
from reconciler.source import nodes
from reconciler.source.nodes import Mark, Node, ParsedText, Positions, ReadError, Scalar, short

# What neither libyaml nor the pure-Python reader takes; both would say so less clearly.
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

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

_NUMBER_STARTS: Final = frozenset("+-.0123456789")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"], None),
    **dict.fromkeys([form for word in ("yes", "true", "on") for form in (word, word.title(), word.upper())], True),
    **dict.fromkeys([form for word in ("no", "false", "off") for form in (word, word.title(), word.upper())], False),
}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0b_*(?P<binary>[01][01_]*)|0x_*(?P<hex>[0-9a-fA-F][0-9a-fA-F_]*)"
    r"|0_*(?P<octal>[0-7][0-7_]*)|(?P<decimal>0_*|[1-9][0-9_]*))"
)
_BASES: Final = {"binary": 2, "hex": 16, "octal": 8, "decimal": 10}
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?")
_NO_NUMBERS: Final = (
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)"), "infinity"),
    (re.compile(r"\.(?:nan|NaN|NAN)"), "not a number"),
)
_FOREIGN: Final = (
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "a number to the base of sixty"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "a date"),
    (
        re.compile(
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"
        ),
        "a point in time",
    ),
)

_TAB: Final = ("A tab where spaces must be", "indent with spaces: YAML takes no tabs")
_INDENTATION: Final = "check the indentation, and the quotes of the lines above"
_NO_COLON: Final = ("A key without a `:`", "write `key: value`; text of several lines needs `|`")
# By what the parser says (libyaml, then PyYAML where it says it otherwise): our words, and the remedy.
_MESSAGES: Final[tuple[tuple[str, str, str], ...]] = (
    ("tab character", *_TAB),
    ("'\\t' that cannot start", *_TAB),
    (
        "mapping values are not allowed",
        "A `:` where no key can be",
        "quote the text if the colon belongs to it, or fix the indentation",
    ),
    ("cannot start any token", "A character that no unquoted text may begin with", "put the text in quotes"),
    ("unexpected end of stream", "A quote that is never closed", "close the quote"),
    ("unexpected document", "A quote that is not closed before the document ends", "close the quote"),
    (
        "unknown escape character",
        "An escape that YAML does not know",
        "write `\\\\` for a backslash, or use single quotes, where nothing is an escape",
    ),
    (
        "invalid Unicode character escape",
        "An escape that stands for no character",
        "write the character itself: YAML does not join two halves",
    ),
    ("find expected ':'", *_NO_COLON),
    ("expected ':'", *_NO_COLON),
    ("',' or ']'", "A `[` that is not closed, or a `,` missing within it", "add the `]` or the `,`"),
    ("',' or '}'", "A `{` that is not closed, or a `,` missing within it", "add the `}` or the `,`"),
    ("'-' indicator", "Something other than `-` in a list", _INDENTATION),
    ("expected key", "Something that does not continue the mapping", _INDENTATION),
    ("<block end>", "Something that does not continue what stands above", _INDENTATION),
    ("node content", "Expected a value", "write a value, or put the text in quotes"),
    ("<document start>", "A second document without `---` before it", "put `---` on a line of its own"),
    ("directive", "A `%` that begins no directive known here", "put the text in quotes"),
    ("undefined tag handle", "A tag that is not defined", "put the text in quotes: `!` begins a tag"),
)
# The parser says where it gave up; what is wrong is where it began to read.
_NOTICED_LATE: Final = ("expected ':'", "unexpected end of stream", "unexpected document")


def read_untrusted(text: str, positions: Positions) -> ParsedText:
    """The same of a text that may have characters which YAML does not take."""
    if bad := _NOT_YAML.search(text):
        message = f"The character U+{ord(bad[0]):04X} may not stand in YAML."
        remedy = "remove it, or write it as an escape within double quotes"
        return ParsedText((), (Diagnostic(positions.place(bad.start()), "syntax", message, remedy),))
    return read(text, positions)


def read(text: str, positions: Positions, *, loader: Any = _LOADER) -> ParsedText:
    """Every document up to the first thing that is not YAML; an empty text is one document that is null."""
    builder = _Builder(positions, yaml.parse(text, Loader=loader))
    documents: list[Node] = []
    try:
        documents.extend(builder.documents())
    except yaml.YAMLError as error:
        builder.faults.append(_syntax_error(error, positions))
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
        self._positions = positions
        self._file = positions.file
        self._has_odd_breaks = bool(_ODD_BREAKS.search(positions.text))
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

    def _place(self, event: Any) -> Location:
        line, column = self._mark(event)
        return Location(self._file, line, column)

    def _mark(self, event: Any) -> Mark:
        mark = event.start_mark
        if self._has_odd_breaks:
            place = self._positions.place(mark.index)
            return place.line, place.column
        return mark.line + 1, mark.column + 1

    def _fault(self, event: Any, code: str, message: str, remedy: str) -> None:
        self.faults.append(Diagnostic(self._place(event), code, message, remedy))

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._count(event, 1, depth)
        if event.anchor is None:
            return self._build[type(event)](event, depth)
        self._anchors[event.anchor] = None
        size, deepest, self._deepest = self._size, self._deepest, depth
        node = self._build[type(event)](event, depth)
        self._anchors[event.anchor] = _Anchored(node, self._size - size + 1, self._deepest - depth)
        self._deepest = max(deepest, self._deepest)
        return node

    def _count(self, event: Any, size: int, depth: int) -> None:
        self._size += size
        if depth > self._deepest:
            self._deepest = depth
        if depth > nodes.DEPTH:
            raise ReadError(nodes.too_deep(self._place(event)))
        if self._size > nodes.SIZE:
            code, what = ("alias-bomb", ", aliases unfolded") if self._aliases else ("too-large", "")
            message = f"More than {nodes.SIZE:,} values{what}."
            raise ReadError(Diagnostic(self._place(event), code, message, "split the file, or repeat less"))

    def _alias(self, event: Any, depth: int) -> Node:
        anchored = self._anchors.get(event.anchor)
        if anchored is not None:
            self._aliases = True
            self._count(event, anchored.size, depth + anchored.height)
            return anchored.node
        if event.anchor in self._anchors:
            self._fault(event, "alias-bomb", f"The alias `*{event.anchor}` stands within itself.", "write it out")
        else:
            self._fault(event, "syntax", f"The alias `*{event.anchor}` has no anchor before it.", "define it first")
        return Node(None, self._place(event))

    def _sequence(self, start: Any, depth: int) -> Node:
        self._check_tag(start, "seq")
        members = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            members.append(self._node(event, depth + 1))
        return Node(tuple(members), self._place(start))

    def _mapping(self, start: Any, depth: int) -> Node:
        self._check_tag(start, "map")
        members: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        merged: list[Node] = []
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key, mark = self._key_text(event, depth + 1), self._mark(event)
            value = self._node(next(self.events), depth + 1)
            if key is None:
                continue
            if key in keys:
                first = Location(self._file, *keys[key])
                self.faults.append(nodes.repeated(key, self._place(event), first))
                continue
            keys[key] = mark
            members[key] = value
            if key == "<<" and isinstance(event, yaml.ScalarEvent) and not event.style and event.tag is None:
                merged = self._merged_mappings(members.pop(key))
        _add_merged(members, keys, merged)
        return Node(members, self._place(start), nodes.places_of_keys(self._file, keys))

    def _key_text(self, event: Any, depth: int) -> str | None:
        """A key is the text that was written, whatever it would mean as a value: `no:` is "no"."""
        if isinstance(event, yaml.ScalarEvent):
            self._check_tag(event, "str")
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchored(Node(event.value, self._place(event)), 1, 0)
            return _kept_key(event.value)
        node = self._node(event, depth)
        if isinstance(node.value, str):
            return node.value
        self._fault(event, "wrong-type", "A key must be text.", "write the key out, in quotes if need be")
        return None

    def _merged_mappings(self, value: Node) -> list[Node]:
        stated = list(value.value) if isinstance(value.value, tuple) else [value]
        remedy = "name a mapping by its alias, or a list of them"
        self.faults += (
            Diagnostic(node.place, "wrong-type", "`<<` merges mappings only", remedy)
            for node in stated
            if not isinstance(node.value, dict)
        )
        return [node for node in stated if isinstance(node.value, dict)]

    def _check_tag(self, event: Any, own: str) -> None:
        if event.tag not in (None, "!", _CORE + own):
            self._foreign(event, f"The tag `{_shown_tag(event.tag)}`", "remove the tag")

    def _foreign(self, event: Any, what: str, remedy: str = "quote it, so that it is text") -> None:
        self._fault(event, "not-json", f"{what}, which JSON does not have.", remedy)

    def _scalar(self, event: Any, _depth: int) -> Node:
        place = self._place(event)
        text: str = event.value
        if not text.isascii():
            self.faults += nodes.half_characters(text, place)
        if event.tag is not None:
            return Node(self._tagged_value(event, text), place)
        return Node(text if event.style else self._value_of(event, text), place)

    def _value_of(self, event: Any, text: str) -> Scalar:
        """What an unquoted scalar means."""
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMBER_STARTS:
            return text
        integer = _INTEGER.fullmatch(text)
        digits = integer[str(integer.lastgroup)].replace("_", "") if integer else text
        is_float = integer is None and _FLOAT.fullmatch(text) is not None
        if (integer or is_float) and len(digits) > nodes.DIGITS:
            self.faults.append(nodes.long_number(self._place(event)))
            return text
        if integer:
            return int(integer["sign"] + digits, _BASES[str(integer.lastgroup)])
        value = float(text.replace("_", "")) if is_float else 0.0
        if is_float and value not in (float("inf"), float("-inf")):
            return value
        no_number = "a number beyond the largest there is" if is_float else _meaning_of(text, _NO_NUMBERS)
        if no_number:
            self._foreign(event, f"`{short(text)}` is {no_number}", "write a number, or quote it if it is text")
            return None  # nothing rather than text: one error is enough where a number belongs
        if foreign := _meaning_of(text, _FOREIGN):
            self._foreign(event, f"`{short(text)}` is {foreign}")
        return text

    def _tagged_value(self, event: Any, text: str) -> Scalar:
        name = event.tag.removeprefix(_CORE)
        if event.tag == "!" or name == "str":
            return text
        if name not in _SCALAR_TAGS:
            self._foreign(event, f"The tag `{_shown_tag(event.tag)}`", "remove the tag, and quote the text")
            return text
        value = self._value_of(event, text)
        if type(value) not in _SCALAR_TAGS[name]:
            self._fault(event, "wrong-type", f"`{short(text)}` is no {name}.", "remove the tag, or fix the value")
        return value


@lru_cache(maxsize=4096)
def _kept_key(key: str) -> str:
    """The same text, in memory once: a few keys stand in every manifest."""
    return key


def _meaning_of(text: str, patterns: tuple[tuple[re.Pattern[str], str], ...]) -> str | None:
    return next((meaning for pattern, meaning in patterns if pattern.fullmatch(text)), None)


def _shown_tag(tag: str) -> str:
    return short(f"!!{tag.removeprefix(_CORE)}" if tag.startswith(_CORE) else tag)


def _add_merged(members: dict[str, Node], keys: dict[str, Mark], merged: list[Node]) -> None:
    """What the mapping states itself goes before what it merges, and the first merged before the next."""
    if "<<" not in members:
        keys.pop("<<", None)
    for node in merged:
        for key, place in node.keys.items():
            if key not in members:
                members[key], keys[key] = nodes.fields(node)[key], (place.line, place.column)


def _syntax_error(error: yaml.YAMLError, positions: Positions) -> Diagnostic:
    """What the parser complains about, in words that say what to do, where the parser stopped."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Diagnostic(Location(positions.file), "syntax", f"Invalid YAML: {error}", "")
    place = positions.place(error.problem_mark.index)
    start = positions.place(error.context_mark.index) if error.context_mark else place
    problem = str(error.problem)
    if "maximum nesting depth" in problem:  # a libyaml that has a limit of its own, which is far beyond ours
        return nodes.too_deep(place)
    before = positions.line(place)[: place.column]
    message, remedy = next(
        (words for sign, *words in _MESSAGES if sign in problem), [f"Invalid YAML: {problem}", _INDENTATION]
    )
    if "\t" in before and not before.strip():
        message, remedy = _TAB
    place = start if any(sign in problem for sign in _NOTICED_LATE) else place
    since = f", in what begins at line {start.line}" if start.line != place.line else ""
    return Diagnostic(place, "syntax", f"{message}{since}.", remedy)
