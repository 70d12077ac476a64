"""Values set and removed in texts that people write, with every other character as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Final

from reconciler.canonical import Absent, Json, equal
from reconciler.diagnostics import Location
from reconciler.source import front_matter, json_splices, json_text, text_splices, yaml_splices, yaml_text
from reconciler.source.edits import Edit, UnsafeError, in_order, parts, put, value_at
from reconciler.source.extents import Extent, Spot, json_extent, spots, yaml_extents
from reconciler.source.flow_splices import Proposal, nested
from reconciler.source.nodes import Node, ParsedText, Positions, plain

_BOM: Final = "\ufeff"
_MANY: Final = 200
"""A value that differs in more parts is written anew."""


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
    """The text with each value at its path in the document that begins there; None where it cannot be done in safety.

    Every path is one of the document as it is now. Mappings that a path leads through are made where they are missing,
    an index behind the last one appends, and of two mappings or lists only what differs is touched. What is returned
    was read again: it has the wanted data, and each character that is not of a changed value is as it was.
    """
    mark = _BOM if text.startswith(_BOM) else ""
    try:
        document = _document_at(text.removeprefix(_BOM), at, _syntax_of(text, file, edits))
        for edit in in_order(edits):
            document = _applied(document, edit)
    except UnsafeError:
        return None
    return mark + document.text


def _document_at(text: str, at: Location, syntax: _Syntax) -> _Document:
    documents = syntax.documents(text, at.file)
    for number, each in enumerate(documents):
        if syntax.is_one or each.place == at:
            return _Document(syntax, text, number, syntax.data(documents))
    raise UnsafeError


def _applied(document: _Document, edit: Edit) -> _Document:
    """The document after one edit, read again."""
    syntax, before = document.syntax, document.data[document.number]
    wanted = [*document.data]
    wanted[document.number] = syntax.normal(put(before, edit.path, edit.value))
    if equal(wanted, document.data):
        return document
    smaller = parts(value_at(before, edit.path), edit)
    if 0 < len(smaller) <= _MANY:
        with suppress(UnsafeError):
            return _applied_in_turn(document, smaller)
    for proposal in syntax.proposals(document, edit):
        text = _spliced(document.text, proposal)
        if equal(syntax.data(syntax.documents(text, "")), wanted):
            return replace(document, text=text, data=wanted)
    raise UnsafeError


def _applied_in_turn(document: _Document, edits: Sequence[Edit]) -> _Document:
    for edit in edits:
        document = _applied(document, edit)
    return document


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
    matter = front_matter.front_matter(document.text)
    end = matter.end if matter else 0
    extent = yaml_extents(document.text[:end])[0]
    states_body = any(member.key == front_matter.BODY for member in extent.members)
    if edit.path != (front_matter.BODY,) or states_body:
        yield from _proposals(document.text[:end], extent, edit, yaml_splices)
    elif isinstance(edit.value, str | Absent):
        yield text_splices.body_replaced(document.text, "" if isinstance(edit.value, Absent) else edit.value)


def _of_text(document: _Document, edit: Edit) -> Iterator[Proposal]:
    if isinstance(edit.value, str):
        yield text_splices.replaced(document.text, 0, edit.value)


def _proposals(text: str, extent: Extent, edit: Edit, dialect: ModuleType) -> Iterator[Proposal]:
    """How the edit could be made in a document of values, the best way first."""
    chain = spots(text, extent, edit.path)
    spot, rest = chain[-1], edit.path[len(chain) - 1 :]
    keys = tuple(step for step in rest if isinstance(step, str))
    if isinstance(edit.value, Absent):
        if not rest and spot.parent is not None:
            yield from _removing(chain, spot.parent, dialect)
    elif not rest:
        yield from dialect.replaced(spot, edit.value)
    elif len(keys) < len(rest):
        yield from dialect.inserted(spot, (), nested(keys, edit.value))
    elif spot.old.style in (":", "{") or spot.old.start == spot.old.end:
        yield from dialect.inserted(spot, keys, edit.value)


def _removing(chain: Sequence[Spot], parent: Extent, dialect: ModuleType) -> Iterator[Proposal]:
    """How a member could be removed; where it is the only one, an empty list or mapping is left."""
    if len(parent.members) > 1:
        yield dialect.removed(chain[-1], parent)
    else:
        yield from dialect.replaced(chain[-2], [] if parent.style in ("-", "[") else {})


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
