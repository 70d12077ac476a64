"""The output of `pull` as text: each file with its values and diff, what else changes, and what was left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.canonical import ABSENT, Absent, Json
from reconciler.diagnostics import Location
from reconciler.model import Address
from reconciler.paths import Path, show
from reconciler.render.sentences import count
from reconciler.render.style import Style, paint
from reconciler.render.text import painted
from reconciler.render.text_diff import compare, fold, whole
from reconciler.render.values import compact, inert, one_line, shortened

_INDENT = " " * 4
_ROOM = 40
_MOST = 60
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class EditedFile:
    """A file that is written: the values that it holds, and its text on both sides."""

    file: str
    holds: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class LeftField:
    """A value that was not taken: its location in Git, the reason, and both sides if that helps to decide."""

    address: Address
    path: Path
    place: Location
    why: str
    sides: tuple[Json | Absent, Json | Absent] | None = None
    """What is live, and what Git states."""


@dataclass(frozen=True, slots=True)
class PulledText:
    """Everything that `pull` prints, in order."""

    environment: str
    address: str
    """The address of the server, and the stack."""
    files: Sequence[EditedFile]
    beside: Sequence[str]
    """Files that are written so that a person can merge a text."""
    also: Sequence[str]
    """What else changes with the same files."""
    left: Sequence[LeftField]
    notes: Sequence[str]
    values: int
    is_written: bool
    is_only: bool = False
    """Whether everything is written for the environment alone."""


def lines(pulled: PulledText, style: Style) -> Iterator[str]:
    """The output line by line, beginning with the environment and its address."""
    yield inert(f"{pulled.environment} {pulled.address}")
    for edited in pulled.files:
        yield ""
        yield from _file_lines(edited, style)
    if pulled.beside:
        yield ""
        yield from (f"  {paint(one_line(file), 'bold', style)}" for file in pulled.beside)
    if pulled.also:
        yield ""
        yield from _also_lines(pulled)
    if pulled.left:
        yield ""
        yield "Not taken:"
        yield from (line for one in pulled.left for line in _left_lines(one))
    yield ""
    yield paint(_values_total(pulled), "bold", style)
    yield from map(inert, pulled.notes)


def _also_lines(pulled: PulledText) -> Iterator[str]:
    """What else changes with the files, shortened if there is much, and how to avoid it."""
    shown = pulled.also[:_SHOWN]
    more = len(pulled.also) - len(shown)
    yield f"Also changes: {one_line('; '.join(shown))}{f'; and {more} more' if more else ''}"
    if not pulled.is_only:
        yield f"{_INDENT}To write the values for {pulled.environment} alone, pass `--only {pulled.environment}`."


def _file_lines(edited: EditedFile, style: Style) -> Iterator[str]:
    yield f"  {paint(one_line(edited.file), 'bold', style)}    {one_line(edited.holds)}"
    is_text = edited.file.endswith((".md", ".txt"))
    sides = [_shown(text) for text in (edited.before, edited.after)]
    rows = compare(*sides) if is_text else compare(*(side.split("\n") for side in sides))
    rows = whole("+", sides[1], _MOST) if not edited.before else rows
    for line in fold(rows, max(style.width, _ROOM) - 8):
        yield f"{_INDENT}{painted(line, style)}".rstrip()


def _shown(text: str) -> str:
    """The text without what every line of it has, and what does not change: a byte-order mark, CRLF."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n")


def _left_lines(left: LeftField) -> Iterator[str]:
    at = f"{left.place.file}:{left.place.line}"
    yield f"  {one_line(str(left.address))} {one_line(show(left.path))} ({one_line(at)})"
    yield f"{_INDENT}{one_line(left.why)}"
    if left.sides is not None:
        live, git = map(_side, left.sides)
        yield f"{_INDENT}live {live}, Git {git}"


def _side(value: Json | Absent) -> str:
    return "nothing" if value is ABSENT or value is None else shortened(compact(value), _ROOM)


def _values_total(pulled: PulledText) -> str:
    if not pulled.values:
        return "No value was taken." if pulled.left else "Nothing to pull: no value changed on the server alone."
    done = "written to" if pulled.is_written else "would be written to"
    return f"{count(pulled.values, 'value')} {done} {count(len(pulled.files), 'file')}."


def holding(parts: Iterable[tuple[Address, str]]) -> str:
    """What a file holds: `assistant.hr-helper instructions, name`."""
    names: dict[str, dict[str, None]] = {}
    for address, name in sorted(parts):
        names.setdefault(str(address), {})[name] = None
    return "; ".join(f"{address} {', '.join(held)}" for address, held in names.items())
