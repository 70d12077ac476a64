"""Sets and removes values in texts that people write, and keeps every other character."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from types import ModuleType
from typing import Final

from reconciler.canonical import Absent, Json, equal
from reconciler.diagnostics import Location
from reconciler.source import front_matter, json_splices, json_text, text_splices, yaml_splices, yaml_text
from reconciler.source.edits import Edit, Insertion, UnsafeError, gathered, in_order, leaves, made, parts, value_at
from reconciler.source.extents import Extent, Spot, json_extent, spots, yaml_extents
from reconciler.source.flow_splices import Proposal, nested
from reconciler.source.nodes import Node, ParsedText, Positions, plain

_BOM: Final = "\ufeff"
_MANY: Final = 200
"""A value that differs in more parts is rewritten."""


@dataclass(frozen=True, slots=True)
class _Document:
    """One document of a text, and the data of all of them."""

    syntax: _Syntax
    text: str
    number: int
    data: list[Json]


@dataclass(frozen=True, slots=True)
class _Syntax:
    """How a text is read, what counts of its data, and how a value could be set in it."""

    read: Callable[[str, Positions], ParsedText]
    proposals: Callable[[_Document, Edit], Iterator[Proposal]]
    normal: Callable[[Json], Json] = lambda data: data
    is_one: bool = True
    """Whether a text is one document, wherever that begins."""

    def documents(self, text: str, file: str) -> tuple[Node, ...]:
        """The documents of a text without errors; of another none."""
        parsed = self.read(text, Positions(text, file))
        return () if parsed.faults else parsed.documents

    def data(self, documents: tuple[Node, ...]) -> list[Json]:
        """What counts of the documents."""
        return [self.normal(plain(each)) for each in documents]


def edited(text: str, file: str, at: Location, edits: Sequence[Edit]) -> str | None:
    """The text with each value at its path in the document that begins there; None where it cannot be done safely.

    Every path is one of the document as it is now. Mappings that a path leads through are made where they are missing,
    an index behind the last one appends, and of two mappings or lists only what differs is touched. What is returned
    was read again: it has the wanted data, and each character that is not of a changed value is as it was.
    """
    mark = _BOM if text.startswith(_BOM) else ""
    try:
        document = _document_at(text.removeprefix(_BOM), at, _syntax_of(text, file, edits))
        ordered = gathered(document.data[document.number], in_order(edits))
        document = _at_once(document, ordered) or _in_turn(document, ordered)
    except UnsafeError:
        return None
    return mark + document.text


def _document_at(text: str, at: Location, syntax: _Syntax) -> _Document:
    documents = syntax.documents(text, at.file)
    for number, each in enumerate(documents):
        if syntax.is_one or each.place == at:
            return _Document(syntax, text, number, syntax.data(documents))
    raise UnsafeError


def _at_once(document: _Document, edits: Sequence[Edit]) -> _Document | None:
    """The document with every edit in the best layout, if they do not touch each other and it reads as wanted."""
    before = document.data[document.number]
    proposals = [
        next(document.syntax.proposals(document, leaf), None) for edit in edits for leaf in leaves(before, edit)
    ]
    if None in proposals:
        return None
    splices = sorted(splice for proposal in proposals for splice in proposal or ())
    if any(one[1] > other[0] or one[:2] == other[:2] for one, other in pairwise(splices)):
        return None
    return _if_wanted(document, splices, reduce(made, edits, before))


def _in_turn(document: _Document, edits: Sequence[Edit]) -> _Document:
    return reduce(_applied, edits, document)


def _applied(document: _Document, edit: Edit) -> _Document:
    """The document after one edit, read again."""
    before = document.data[document.number]
    wanted = made(before, edit)
    if equal(wanted, before):
        return document
    smaller = parts(value_at(before, edit.path), edit)
    if 0 < len(smaller) <= _MANY:
        with suppress(UnsafeError):
            return _in_turn(document, smaller)
    for proposal in document.syntax.proposals(document, edit):
        after = _if_wanted(document, proposal, wanted)
        if after is not None:
            return after
    raise UnsafeError


def _if_wanted(document: _Document, proposal: Proposal, wanted: Json) -> _Document | None:
    """The document with the proposal, if it is exactly the wanted data and the other documents are unchanged."""
    syntax, text = document.syntax, _spliced(document.text, proposal)
    data = [*document.data]
    data[document.number] = syntax.normal(wanted)
    if not equal(syntax.data(syntax.documents(text, "")), data):
        return None
    return replace(document, text=text, data=data)


def _spliced(text: str, proposal: Proposal) -> str:
    for start, end, added in sorted(proposal, reverse=True):
        text = text[:start] + added + text[end:]
    return text


def _syntax_of(text: str, file: str, edits: Sequence[Edit]) -> _Syntax:
    suffix = file[file.rfind(".") :].lower()
    if suffix == ".json":
        return _JSON
    if suffix not in (".md", ".txt"):
        return _YAML
    is_manifest = suffix == ".md" and front_matter.has_front_matter(text) and all(edit.path for edit in edits)
    return _MARKDOWN if is_manifest else _TEXT


def _of_yaml(document: _Document, edit: Edit) -> Iterator[Proposal]:
    extents = yaml_extents(document.text)
    return _proposals(document.text, extents[document.number], edit, yaml_splices)


def _of_json(document: _Document, edit: Edit) -> Iterator[Proposal]:
    return _proposals(document.text, json_extent(document.text), edit, json_splices)


def _of_markdown(document: _Document, edit: Edit) -> Iterator[Proposal]:
    text = document.text
    matter = front_matter.front_matter(text)
    end = matter.end if matter else 0
    extent = yaml_extents(text[:end])[0]
    fields = _proposals(text[:end], extent, edit, yaml_splices)
    is_body = edit.path == (front_matter.BODY,) and all(each.key != front_matter.BODY for each in extent.members)
    if not is_body:
        yield from fields
    elif isinstance(edit.value, Absent):
        yield text_splices.without_body(text)
    elif isinstance(edit.value, str) and edit.value.strip():
        yield from text_splices.body_replaced(text, edit.value)
    else:  # what no body can say
        yield from ([*proposal, *text_splices.without_body(text)] for proposal in fields)


def _of_text(document: _Document, edit: Edit) -> Iterator[Proposal]:
    if isinstance(edit.value, str):
        yield text_splices.replaced(document.text, 0, edit.value)


def _proposals(text: str, extent: Extent, edit: Edit, dialect: ModuleType) -> Iterator[Proposal]:
    """How the edit could be made in a document of values, the best way first."""
    found = spots(text, extent, edit.path)
    spot, rest = found[-1], edit.path[len(found) - 1 :]
    keys = tuple(step for step in rest if isinstance(step, str))
    if isinstance(edit, Insertion) or isinstance(edit.value, Absent):
        if not rest and spot.parent is not None:
            yield from _moving(found, spot.parent, edit.value, dialect)
    elif not rest:
        yield from dialect.replaced(spot, edit.value)
    elif len(keys) < len(rest):
        yield from dialect.inserted(spot, (), nested(keys, edit.value))
    elif spot.old.style in (":", "{") or spot.old.start == spot.old.end:
        yield from dialect.inserted(spot, keys, edit.value)


def _moving(found: Sequence[Spot], parent: Extent, value: Json | Absent, dialect: ModuleType) -> Iterator[Proposal]:
    """How a member could be removed, or an item inserted before it; no member left is an empty list or mapping."""
    if not isinstance(value, Absent):
        yield from dialect.inserted_before(found[-1], parent, value)
    elif len(parent.members) > 1:
        yield from dialect.removed(found[-1], parent)
    else:
        yield from dialect.replaced(found[-2], [] if parent.style in ("-", "[") else {})


def _with_normal_body(data: Json) -> Json:
    body = data.get(front_matter.BODY) if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(body, str):
        return data
    return {**data, front_matter.BODY: text_splices.normal(body)}


def _normal_whole(data: Json) -> Json:
    return text_splices.normal(data) if isinstance(data, str) else data


def _read_text(text: str, positions: Positions) -> ParsedText:
    return ParsedText((Node(text, Location(positions.file, 1, 1)),), ())


_YAML: Final = _Syntax(yaml_text.read_untrusted, _of_yaml, is_one=False)
_JSON: Final = _Syntax(json_text.read, _of_json)
_MARKDOWN: Final = _Syntax(front_matter.read, _of_markdown, _with_normal_body)
_TEXT: Final = _Syntax(_read_text, _of_text, _normal_whole)
