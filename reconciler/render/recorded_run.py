"""One recorded run in full: what it did, field by field, what failed or was cut off, and how to undo it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model import Plan
from reconciler.plan.recorded import RecordedChange
from reconciler.plan.run_record import IN_DOUBT, Head, RunRecord
from reconciler.render import tree
from reconciler.render.document import change_document, document
from reconciler.render.history import as_dict, outcome_counts
from reconciler.render.page import part_of
from reconciler.render.sentences import address_of
from reconciler.render.style import Style
from reconciler.render.text import flow, paragraph, part_lines
from reconciler.render.values import one_line
from reconciler.render.view import Document, view

_CUT_OFF = ""
_TITLES: Mapping[str, tuple[str, str]] = {
    "done": ("Done", "was"),
    "unsettled": ("Done, and the server returned other values than were sent", "was"),
    IN_DOUBT: ("In doubt: the server may have done it", "may have been"),
    _CUT_OFF: ("Cut off: begun, and no outcome was recorded", "may have been"),
    "failed": ("Failed", "was not"),
    "stale": ("Not done, since it changed on the server after planning", "was not"),
    "skipped": ("Not done", "was not"),
}
"""By outcome, the title above such changes, and what each was; in this order."""
_IN_FLIGHT = ("In flight", "is being")
_DONE = ("done", "unsettled")
_PAST: Mapping[str, tree.Phrase] = {
    "create": (tree.Run("created", "good"),),
    "delete": (tree.Run("destroyed", "bad"),),
    "adopt": (tree.Run("adopted", "strong"),),
    "rename": (tree.Run("renamed", "strong"),),
    "forget": (tree.Run("forgotten", "strong"),),
}
_OVERWRITTEN = {
    "drift": "drift: it was changed outside Git before, and was put back",
    "conflict": "conflict: it was changed in Git and outside it before",
    "unknown": "unknown: who changed it before is not known",
}


def text(
    record: RunRecord, changes: Sequence[RecordedChange], undo: str, style: Style, *, running: bool = False
) -> str:
    """Where, who and when; then change by change what became of it; then how to undo it, if there is a way."""
    return "\n".join(_run_lines(record, changes, undo, style, running=running)) + "\n"


def data(record: RunRecord, changes: Sequence[RecordedChange], undo: str) -> Document:
    """The same as data: what `history` lists of the run, and each change with its fields."""
    return {
        **as_dict(record),
        "changes": [_recorded_document(each) for each in changes],
        "notices": list(record.notices),
        "undo": undo or None,
    }


def _recorded_document(recorded: RecordedChange) -> Document:
    whole, result = change_document(recorded.change), recorded.result
    named = ("address", "kind", "key", "previous_key", "action", "id")
    return {
        **{name: whole[name] for name in named},
        "outcome": result.outcome if result is not None else None,
        "message": result.message if result is not None else None,
        "request_id": result.request_id if result is not None else None,
        "fields": whole["fields"],
        "meanings": whole["meanings"],
    }


def _run_lines(
    record: RunRecord, changes: Sequence[RecordedChange], undo: str, style: Style, *, running: bool
) -> Iterator[str]:
    where = record.head.where
    title = (tree.Run(where.environment, "strong"), tree.Run(f" ({address_of(where)}), stack {where.stack}"))
    yield from flow("", title, style)
    yield from flow("", (tree.Run(_run_sentence(record.head)),), style)
    yield ""
    for outcome, (heading, verb) in _TITLES.items():
        of_outcome = [each for each in changes if _outcome(each) == outcome]
        if of_outcome:
            words = _IN_FLIGHT if running and outcome == _CUT_OFF else (heading, verb)
            yield from part_lines(_part(of_outcome, record, *words), style)
    for notice in record.notices:
        yield from paragraph("Note: ", notice, "dim", style)
    yield from _closing(record, changes, undo, style, running=running)


def _run_sentence(head: Head) -> str:
    """`Run 2026…: apply on 2026-11-28 at 14:00:00 UTC by alice, from commit 1a2b3c4.`"""
    day, _, clock = head.began.replace("+00:00", " UTC").partition("T")
    moment = f" on {day} at {clock}" if clock else ""
    by = f" by {head.by}" if head.by else ""
    commit, _, dirty = (head.commit or "").partition("+")
    source = f", from commit {commit}" if commit else ", without Git"
    changed = " with changes that were not committed" if dirty else ""
    undone = f" It rolled back to before {head.rolls_back}." if head.rolls_back else ""
    return one_line(f"Run {head.run}: `{head.command}`{moment}{by}{source}{changed}.{undone}")


def _outcome(recorded: RecordedChange) -> str:
    if recorded.result is None:
        return _CUT_OFF
    outcome = recorded.result.outcome
    return outcome if outcome in _TITLES else "failed"


def _part(recorded: Sequence[RecordedChange], record: RunRecord, heading: str, verb: str) -> tree.Part:
    """The changes of one outcome, in the words of what is over."""
    changes = view(document(Plan(record.head.where, changes=tuple(each.change for each in recorded)))).changes
    part = part_of(heading, changes)
    causes = {change.address: {field.cause for field in change.fields} for change in changes}
    reasons = {str(each.change.address): _reason(each) for each in recorded}

    def told(section: tree.Section) -> tree.Section:
        members = [section.address] if section.address else [member.address for member in section.members]
        why = [
            reasons[address] if section.address else f"{address}: {reasons[address]}"
            for address in members
            if reasons[address]
        ]
        found = {cause for address in members for cause in causes[address]}
        overwritten = [line for cause, line in _OVERWRITTEN.items() if cause in found]
        return replace(section, will=f"{verb} {section.will.removeprefix('will be ')}", why=(*overwritten, *why))

    def listed(row: tree.TableRow) -> tree.TableRow:
        return replace(row, done=_PAST.get(row.action, ()) if verb == "was" else ())

    return replace(part, sections=tree.Made(told, list(part.sections)), rows=tree.Made(listed, list(part.rows)))


def _reason(recorded: RecordedChange) -> str:
    result = recorded.result
    if result is None or not result.message:
        return ""
    return result.message + (f" [request {result.request_id}]" if result.request_id else "")


def _closing(
    record: RunRecord, changes: Sequence[RecordedChange], undo: str, style: Style, *, running: bool
) -> Iterator[str]:
    """How it ended, in figures, and what to do about it."""
    counts = ", ".join(outcome_counts(record, is_open=running)) or "nothing was done"
    how = "" if record.ended else "running: " if running else "ended early: "
    marks = sum(result.action == "mark" for result in record.results)
    refreshed = f", of which {marks} only refreshed a marker" if marks else ""
    yield one_line(f"{how}{counts}{refreshed}.").capitalize()
    if secret := sorted({step.address for step in record.steps if not step.is_whole}):
        yield from flow(
            "", (tree.Run(f"The record leaves out a secret of {', '.join(secret)}: that is not undone."),), style
        )
    if any(_outcome(each) not in _DONE for each in changes) and not running:
        yield f"`reconciler plan -e {one_line(record.head.where.environment)}` shows what still differs."
    if undo:
        yield f"`{undo}` undoes it."
