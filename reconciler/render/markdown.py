"""A plan for a pull request: the verdict first, then a table, then each change to unfold."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.render import sentences
from reconciler.render.entries import Entry, entries
from reconciler.render.lines import Line, bracketed
from reconciler.render.markup import fence, prose, span, tag
from reconciler.render.style import Style
from reconciler.render.values import inert
from reconciler.render.view import ChangeView, Document, ObjectionView, View, view


def render(document: Document, style: Style) -> str:
    """The plan as GitHub's Markdown, in which no live text acts."""
    plan = view(document)
    return "\n\n".join("\n".join(block) for block in _blocks(plan, style)) + "\n"


def _blocks(plan: View, style: Style) -> Iterator[list[str]]:
    yield [f"### {_verdict(plan)} {span(plan.environment)}"]
    yield [f"{span(plan.environment)} ({span(sentences.address_of(plan))}), stack {span(plan.stack)}"]
    yield from (_objection(objection) for objection in plan.objections)
    if plan.changes:
        yield ["| | Action | Address | What |", "|---|---|---|---|", *map(_row, plan.changes)]
    for change in filter(_has_fields, plan.changes):
        yield from _details(change, style)
    yield from ([f"**Note:** {prose(note)}"] for note in plan.notes)
    yield [_closing(plan)]


def _verdict(plan: View) -> str:
    standing = len(plan.standing)
    return (f"{sentences.count(standing, 'objection')}. " if standing else "") + sentences.verdict(plan)


def _closing(plan: View) -> str:
    narrowed = "Only what was selected: the whole plan may hold more." if plan.narrowed else ""
    counts = " ".join(filter(None, [narrowed, sentences.rest(plan), sentences.marks(plan)]))
    return f"{counts} Fingerprint {span(plan.fingerprint)}."


def _objection(objection: ObjectionView) -> list[str]:
    word, alert = ("Allowed", "NOTE") if objection.allowed else ("Objection", "CAUTION")
    subject = f" {span(objection.address)}" if objection.address else ""
    head = f"**{word}** {span(objection.code)}{subject}: {prose(objection.message)}"
    permission = f"({prose(sentences.permission(objection))})"
    lines = [f"[!{alert}]", *_with_remedy(head, objection.remedy, permission)]
    return [f"> {line}".rstrip() for line in lines]


def _with_remedy(head: str, remedy: str, permission: str) -> list[str]:
    """A remedy is a sentence; further lines of it are something to paste, and keep their indentation."""
    first, *others = inert(remedy).split("\n")
    sentence = f"{head}<br>{prose(first)}" if first else head
    return [sentence, "", *fence("yaml", others), "", permission] if others else [f"{sentence} {permission}"]


def _has_fields(change: ChangeView) -> bool:
    return bool(change.fields)


def _row(change: ChangeView) -> str:
    held = ", ".join(span(code) for code in change.held_by)
    what = f"{_what(change)}; held back: {held}" if held else _what(change)
    return f"| {span(sentences.sign(change))} | {prose(change.action)} | {span(change.address)} | {what} |"


def _what(change: ChangeView) -> str:
    """The fields that change and why; of what comes or goes whole, that it does."""
    if change.action in ("create", "delete") or not change.fields:
        place = sentences.place(change)
        names = [span(name) for name in (change.id, place) if name]
        return " ".join([prose(sentences.will(change)), *([f"({', '.join(names)})"] if names else [])])
    causes: dict[str, list[str]] = {}
    for field in change.fields:
        causes.setdefault(field.cause, []).append(span(field.path))
    return "; ".join(f"{prose(cause)}: {', '.join(paths)}" for cause, paths in causes.items())


def _details(change: ChangeView, style: Style) -> Iterator[list[str]]:
    place = sentences.place(change)
    names = [change.address, *filter(None, [change.id, place])]
    tags = " ".join(tag(name) for name in names)
    yield [f"<details><summary>{tags} {tag(sentences.will(change))}</summary>"]
    found = entries(change, style.width)
    yield from _inline([entry for entry in found if entry.value])
    for entry in found:
        if not entry.value:
            yield [
                f"{span(entry.path)} ({prose(entry.cause)})",
                "",
                *fence("diff", [_line(line) for line in entry.lines]),
            ]
    if change.meanings:
        yield [f"- {prose(sentences.meaning(meaning))}" for meaning in change.meanings]
    if change.unchanged_fields:
        yield [f"{sentences.remains(change)}."]
    yield ["</details>"]


def _inline(found: list[Entry]) -> Iterator[list[str]]:
    if found:
        rows = [f"| {span(e.sign)} | {span(e.path)} | {span(e.value)} | {prose(e.cause)} |" for e in found]
        yield ["| | Field | Value | Cause |", "|---|---|---|---|", *rows]


def _line(line: Line) -> str:
    return line.text if line.sign == "@" else f"{line.sign} {bracketed(line)}".rstrip()
