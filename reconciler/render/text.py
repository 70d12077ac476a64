"""A plan for a terminal. No line of live text begins at the left margin, and none reads as our last line anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from reconciler.render import sentences
from reconciler.render.entries import Entry, entries, new_lines
from reconciler.render.style import Style, paint
from reconciler.render.text_diff import Line, bracketed
from reconciler.render.values import inert, one_line, shortened
from reconciler.render.verdict.halves import Half, halves
from reconciler.render.view import ChangeView, Document, ObjectionView, View, view

_CAUSE_INKS = {"drift": "~", "conflict": "bad"}
_FIGURES = re.compile(r"Plan:(?= (?:\d+ to import, )?\d+ to add, )")  # what wrappers look for within lines too
_NAMED = ("name", "model")  # what a person knows an assistant by


def render(document: Document, style: Style) -> str:
    """First where, then change by change, then what speaks against it, and last the figures."""
    plan = view(document)
    *lines, last = _lines(plan, style)
    return "\n".join([*(_FIGURES.sub("Plan<U+003A>", line) for line in lines), last]) + "\n"


def _lines(plan: View, style: Style) -> Iterator[str]:
    yield _where(plan, style)
    for line in sentences.beside(plan):
        yield paint(line, "warning" if plan.offline is not None else "dim", style)
    yield ""
    most = new_lines((*plan.changes, *plan.pending))
    for half in halves(plan):
        yield from _half(half, style, most)
    for objection in plan.objections:
        yield from _objection(objection, style)
    for note in sentences.notes(plan):
        yield from _paragraph("Note: ", note, "dim", style)
        yield ""
    yield from _closing(plan, style)


def _half(half: Half, style: Style, most: int) -> Iterator[str]:
    if half.title:
        yield paint(f"{half.title}:{'' if half.has_any else ' nothing.'}", "bold", style)
        yield ""
    for is_block, changes in groupby(half.changes, _is_block):
        for change in changes:
            yield from _block(change, style, most) if is_block else _short(change, style)
        yield from [] if is_block else [""]
    for objection in half.objections:
        yield from _paragraph("  ", sentences.blocked(objection), "dim", style)
        yield ""


def _where(plan: View, style: Style) -> str:
    name = paint(one_line(plan.environment), "bold", style)
    return f"{name} ({sentences.address_of(plan)}), stack {one_line(plan.stack)}"


def _closing(plan: View, style: Style) -> Iterator[str]:
    if plan.narrowed:
        yield "Only what was selected: the whole plan may hold more."
    yield sentences.rest(plan)
    if plan.marks:
        yield sentences.marks(plan)
    yield paint(sentences.verdict(plan), "bold" if plan.changes or plan.standing or plan.mismatches else "good", style)


def _is_block(change: ChangeView) -> bool:
    return bool(change.fields) and change.action != "delete"


def _short(change: ChangeView, style: Style) -> Iterator[str]:
    yield f"  {_title(change, style)}  {_remark(change)}"
    yield from _held(change, style)


def _block(change: ChangeView, style: Style, most: int) -> Iterator[str]:
    found = entries(change, style.width, most)
    room = max((len(entry.path) for entry in found if entry.value), default=0)
    yield paint(f"  # {one_line(change.address)} {_remark(change)}", "bold", style)
    yield from _held(change, style)
    yield f"  {_title(change, style)}"
    for entry in found:
        yield from _entry(entry, room, style, causes=change.action != "create")
    for meaning in change.meanings:
        yield "      " + paint(f"# {sentences.meaning(meaning)}", "bad" if meaning.breaking else "dim", style)
    if change.unchanged_fields:
        yield "      " + paint(f"# ({sentences.remains(change)})", "dim", style)
    yield ""


def _title(change: ChangeView, style: Style) -> str:
    sign = sentences.sign(change)
    id_ = f"  {one_line(change.id)}" if change.id else ""
    return f"{paint(sign, sign, style)} {paint(one_line(change.address), 'bold', style)}{id_}"


def _remark(change: ChangeView) -> str:
    known = {field.path: field.before for field in change.fields} if change.action == "delete" else {}
    names = [shortened(one_line(str(known[path])), 40) for path in _NAMED if known.get(path)]
    more = [*names, *filter(None, [sentences.place(change)])]
    return sentences.will(change) + (f" ({', '.join(more)})" if more else "")


def _held(change: ChangeView, style: Style) -> Iterator[str]:
    if change.held_by:
        codes = ", ".join(one_line(code) for code in change.held_by)
        yield paint(f"  # held back: {codes}", "warning", style)


def _entry(entry: Entry, room: int, style: Style, *, causes: bool) -> Iterator[str]:
    cause = "  " + paint(f"# {one_line(entry.cause)}", _CAUSE_INKS.get(entry.cause, "dim"), style) if causes else ""
    head = f"      {paint(entry.sign, entry.sign, style)} "
    if entry.value:
        yield f"{head}{entry.path.ljust(room)}  {entry.value}{cause}"
        return
    yield f"{head}{entry.path}{cause}"
    for line in entry.lines:
        yield f"          {_painted(line, style)}".rstrip()


def _painted(line: Line, style: Style) -> str:
    """With colour the marked words stand out by themselves, without it they stand in brackets."""
    if line.sign in "@…":
        return paint(f"{'' if line.sign == '@' else '… '}{line.text}", "@" if line.sign == "@" else "dim", style)
    text = "".join(
        paint(piece.text, f"{line.sign} marked" if piece.marked else line.sign, style) for piece in line.pieces
    )
    return f"{paint(line.sign, line.sign, style)} {text if style.colour else bracketed(line)}"


def _objection(objection: ObjectionView, style: Style) -> Iterator[str]:
    word, ink = ("Allowed", "dim") if objection.allowed else ("Objection", "warning")
    subject = f" {one_line(objection.address)}" if objection.address else ""
    head = f"{word} ({one_line(objection.code)}){subject}: "
    anyway = "\nIt stands without this change too." if objection.origin == "pending" else ""
    yield from _paragraph(head, objection.message + anyway, ink, style)
    remedy = [objection.remedy] if objection.remedy else []
    yield from _paragraph("  ", "\n".join([*remedy, f"({sentences.permission(objection)})"]), "", style)
    yield ""


def _paragraph(head: str, text: str, ink: str, style: Style) -> Iterator[str]:
    """The text behind its heading; further lines of it are indented."""
    first, *others = inert(text).split("\n")
    yield paint(head, ink, style) + first
    yield from (f"  {line}" for line in others)
