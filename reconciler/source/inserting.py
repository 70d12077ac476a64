"""One more member in a mapping of a YAML text, with every other character as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.canonical import Json, equal
from reconciler.diagnostics import Location
from reconciler.source.nodes import Node, Positions, fields, plain
from reconciler.source.yaml_text import read

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_DOCUMENT_ENDS = re.compile(r"^(?:---|\.\.\.)(?=\s|$)", re.MULTILINE)
_KEY = re.compile(r"""(?:"[^"\n]*"|'[^'\n]*'|[^:\n]+):""")


@dataclass(frozen=True, slots=True)
class _Member:
    """What is to be inserted: a text, and the keys that lead to it."""

    keys: Sequence[str]
    value: str

    def flow(self, start: int, *, quoted: bool = False) -> str:
        """The member on one line, from one of its keys on."""
        key = _scalar(self.keys[start], quoted=quoted)
        if start == len(self.keys) - 1:
            return f"{key}: {_scalar(self.value, quoted=quoted)}"
        return f"{key}: {{{self.flow(start + 1, quoted=quoted)}}}"


def inserted(text: str, at: Location, keys: Sequence[str], value: str) -> str | None:
    """The text with `value` under the keys in the document that begins there; None where it cannot be done in safety.

    Mappings that the keys lead through are made where they are missing; a value that is there is never replaced. What
    is returned was read again: it has the same data, and that member.
    """
    positions = Positions(text, at.file)
    parsed = read(text, positions)
    index = next((number for number, each in enumerate(parsed.documents) if each.place == at), None)
    if index is None or parsed.faults:
        return None
    wanted = [plain(document) for document in parsed.documents]
    wanted[index] = _with_member(wanted[index], keys, value)
    for offset, addition in _edits(text, positions, parsed.documents[index], _Member(keys, value)):
        edited = text[:offset] + addition + text[offset:]
        result = read(edited, Positions(edited, at.file))
        if not result.faults and equal([plain(document) for document in result.documents], wanted):
            return edited
    return None


def _with_member(body: Json, keys: Sequence[str], value: str) -> Json:
    if not keys:
        return value
    members = body if isinstance(body, dict) else {}
    return {**members, keys[0]: _with_member(members.get(keys[0]), keys[1:], value)}


def _edits(text: str, positions: Positions, document: Node, member: _Member) -> Iterator[tuple[int, str]]:
    """Where something could be inserted, and what; the best place first."""
    node, depth = document, 0
    while depth < len(member.keys) and (inner := fields(node).get(member.keys[depth])) and inner.value is not None:
        node, depth = inner, depth + 1
    if depth == len(member.keys) or not isinstance(node.value, dict):
        return
    newline = "\r\n" if "\r\n" in text else "\n"
    if member.keys[depth] in node.value:
        yield from _edits_of_null(text, positions.offset(node.keys[member.keys[depth]]), member, depth)
    elif text.startswith("{", positions.offset(node.place)):
        yield _edit_of_flow(text, positions, node, member, depth, newline)
    else:
        yield from _edits_of_block(text, positions.offset(node.place), node.place.column - 1, member, depth, newline)


def _edits_of_null(text: str, offset: int, member: _Member, depth: int) -> Iterator[tuple[int, str]]:
    """The rest of the member behind a key that has no value."""
    key = _KEY.match(text, offset)
    if key and depth + 1 < len(member.keys):
        yield key.end(), f" {{{member.flow(depth + 1)}}}"


def _edits_of_block(
    text: str, start: int, width: int, member: _Member, depth: int, newline: str
) -> Iterator[tuple[int, str]]:
    """The member as lines of their own: behind everything else of a document, or else as the first."""
    indent = " " * width
    if depth == 0 and len(member.keys) > 1:
        block = f"{indent}{_scalar(member.keys[0], quoted=False)}:{newline}{indent}  {member.flow(1)}{newline}"
        ends = _DOCUMENT_ENDS.search(text, start)
        offset = ends.start() if ends else len(text)
        yield offset, block if text.endswith("\n", 0, offset) else f"{newline}{block}"
    yield start, f"{member.flow(depth)}{newline}{indent}"


def _edit_of_flow(
    text: str, positions: Positions, node: Node, member: _Member, depth: int, newline: str
) -> tuple[int, str]:
    """The member as the first in braces, laid out and quoted as what follows."""
    if not node.keys:
        return positions.offset(node.place) + 1, member.flow(depth)
    first = min(node.keys.values(), key=lambda place: (place.line, place.column))
    offset = positions.offset(first)
    between = f"{newline}{' ' * (first.column - 1)}" if first.line > node.place.line else " "
    is_quoted = text.startswith('"', offset)
    return offset, f"{member.flow(depth, quoted=is_quoted)},{between}"


def _scalar(word: str, *, quoted: bool) -> str:
    """A text as YAML takes it for one."""
    is_plain = _WORD.fullmatch(word) and plain(read(word, Positions(word, "")).documents[0]) == word
    return word if is_plain and not quoted else json.dumps(word)
