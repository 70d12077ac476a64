"""What an apply says: one line an outcome, and the figures at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import assert_never

from reconciler import paths
from reconciler.canonical import Absent, Json
from reconciler.kinds import KINDS
from reconciler.model import (
    WHOLE,
    Address,
    Change,
    Difference,
    Done,
    Failed,
    MarkerRefresh,
    Outcome,
    Plan,
    Skipped,
    Stale,
    Task,
    Unsettled,
)
from reconciler.plan.changes import tally
from reconciler.render.sentences import DONE, count, totals, unkept
from reconciler.render.style import Style, paint
from reconciler.render.values import compact, one_line, shortened

_PAST = {
    "create": "Created",
    "update": "Updated",
    "delete": "Deleted",
    "adopt": "Adopted",
    "rename": "Renamed",
    "forget": "Forgotten",
}
_TO_BE = {
    "create": "to be created",
    "delete": "to be destroyed",
    "adopt": "to be adopted",
    "rename": "to be renamed",
    "forget": "to be forgotten",
}
_DIFFERS = {
    "edit": "edited in Git",
    "drift": "drifted",
    "conflict": "in conflict",
    "adoption": "changed",
    "unknown": "changed",
}
_VALUE_ROOM = 60


def line(outcome: Outcome, style: Style) -> str:
    """One line whatever became of it: what, which object, and what to do where something is wrong."""
    result, ink = _result_and_ink(outcome)
    return f"{paint(one_line(str(outcome.task.address)), 'bold', style)}: {paint(result, ink, style)}{_ids_of(outcome)}"


def closing(outcomes: Collection[Outcome], plan: Plan, refused: int = 0, left: Collection[str] = ()) -> str:
    """What is left, and the figures; the last line is Terraform's, to the byte, where everything was done."""
    happened = [outcome.task for outcome in outcomes if isinstance(outcome, Done | Unsettled)]
    refreshed = sum(isinstance(outcome.task, MarkerRefresh) for outcome in outcomes if isinstance(outcome, Done))
    lines = [f"{count(refreshed, 'marker')} refreshed."] if refreshed else []
    return "\n".join([*lines, *left, f"{_apply_verdict(outcomes, plan, refused)} {_resources(happened)}"]) + "\n"


def remainder(
    outcomes: Collection[Outcome], plan: Plan, where: str, brought: Mapping[Address, str] | None = None
) -> tuple[str, ...]:
    """What still differs after an apply, and how to settle it; nothing where all is as it should be.

    `where` are the options that name the place; `brought` says what an edit that was never applied came with: `#41`.
    """
    done = {id(outcome.task) for outcome in outcomes if isinstance(outcome, Done)}
    pending = [change for change in (*plan.changes, *plan.rest) if id(change) not in done]
    mismatched = [str(one.address) for one in plan.mismatches]
    kept = (unkept(mismatched),) if mismatched and outcomes else ()  # else the plan has just said it
    if not pending:
        return kept
    unsettled = {id(outcome.task) for outcome in outcomes if isinstance(outcome, Unsettled)}
    words = [(c, ("unsettled",) if id(c) in unsettled else _differs(c, brought or {})) for c in pending]
    differing = {(word, change.address, change.id) for change, some in words for word in some}
    counts = Counter(word for word, _, _ in differing)
    listed = ", ".join(f"{counts[word]} {word}" for word in sorted(counts))
    applied = sum(id(change) in done for change in plan.changes)
    return (
        f"Applied {applied}. {one_line(plan.where.environment)} still differs: {one_line(listed)}.",
        f"`reconciler plan {where}` shows it; `reconciler apply {where}` applies what no objection blocks.",
        *kept,
    )


def after_changes(outcomes: Collection[Outcome]) -> tuple[str, ...]:
    """What is to be known of each kind of which objects changed; once, however many did."""
    tasks = (outcome.task for outcome in outcomes if isinstance(outcome, Done | Unsettled))
    changed = (task for task in tasks if isinstance(task, Change) and task.fields and task.action not in WHOLE)
    kinds = {task.address.kind for task in changed}
    return tuple(note for kind in sorted(kinds) if (note := KINDS[kind].after_change))


def _differs(change: Change, brought: Mapping[Address, str]) -> Iterator[str]:
    """In which ways an object still differs."""
    if change.action != "update":
        yield _TO_BE[change.action]
        return
    for cause in {field.cause for field in change.fields}:
        from_there = cause == "edit" and change.address in brought
        yield f"left by {brought[change.address]}" if from_there else _DIFFERS[cause]


def past(task: Task) -> str:
    """What was done, in a word: `Created`, `Adopted and updated`."""
    if isinstance(task, MarkerRefresh):
        return "Marker refreshed"
    changed = task.fields and task.action in ("adopt", "rename")
    return _PAST[task.action] + (" and updated" if changed else "")


def _result_and_ink(outcome: Outcome) -> tuple[str, str]:
    match outcome:
        case Done(task=task, seconds=seconds):
            return f"{past(task)} after {seconds:.1f}s", "good"
        case Unsettled(differences=differences):
            return "Unsettled: " + "; ".join(_difference(d) for d in differences), "warning"
        case Stale(reason=reason, differences=differences):
            moved = "; ".join(_difference(d) for d in differences)
            return f"Stale: {one_line(reason)}" + (f" ({moved})" if moved else ""), "warning"
        case Failed(message=message, remedy=remedy, in_doubt=in_doubt):
            word = "In doubt" if in_doubt else "Failed"
            return f"{word}: {one_line(message)}" + (f" ({one_line(remedy)})" if remedy else ""), "bad"
        case Skipped(reason=reason):
            return f"Not done: {one_line(reason)}", "dim"
    assert_never(outcome)


def _ids_of(outcome: Outcome) -> str:
    """By which ids to find it: ` [id=asst_1, request=req_1]`."""
    if isinstance(outcome, Skipped):
        return ""
    failed = outcome if isinstance(outcome, Failed) else None
    known = {
        "id": outcome.id,
        "param": failed.param if failed else None,
        "request": failed.request_id if failed else None,
    }
    named = ", ".join(f"{word}={one_line(value)}" for word, value in known.items() if value)
    return f" [{named}]" if named else ""


def _difference(difference: Difference) -> str:
    path = one_line(paths.show(difference.path))
    return f"{path} wanted {_shown_value(difference.wanted)}, got {_shown_value(difference.got)}"


def _shown_value(value: Json | Absent) -> str:
    return "nothing" if isinstance(value, Absent) else shortened(compact(value), _VALUE_ROOM)


def _apply_verdict(outcomes: Collection[Outcome], plan: Plan, refused: int) -> str:
    reported = {outcome.task.address for outcome in outcomes}
    tasks: tuple[Task, ...] = (*plan.changes, *plan.marks)
    unreported = sum(task.address not in reported for task in tasks)
    amiss = {
        "refused": refused,
        "failed": sum(isinstance(outcome, Failed) and not outcome.in_doubt for outcome in outcomes),
        "in doubt": sum(isinstance(outcome, Failed) and outcome.in_doubt for outcome in outcomes),
        "stale": sum(isinstance(outcome, Stale) for outcome in outcomes),
        "unsettled": sum(isinstance(outcome, Unsettled) for outcome in outcomes),
        "not done": sum(isinstance(outcome, Skipped) for outcome in outcomes) + unreported,
    }
    problems = ", ".join(f"{number} {word}" for word, number in amiss.items() if number)
    return f"Apply incomplete: {problems}." if problems else "Apply complete!"


def _resources(happened: list[Task]) -> str:
    summary = tally(task for task in happened if isinstance(task, Change))
    return f"Resources: {totals(summary, DONE)}."
