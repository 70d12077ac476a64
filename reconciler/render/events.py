"""An apply as a stream of facts, in the manner of Terraform's machine-readable UI: one dict a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler import __version__, paths
from reconciler.canonical import Absent, Json, plain
from reconciler.model import Change, Done, Failed, Objection, Outcome, Plan, Skipped, Stale, Task, Unsettled
from reconciler.plan.changes import fingerprint, tally
from reconciler.render import sentences
from reconciler.render.document import of_mismatch
from reconciler.render.outcomes import line, past
from reconciler.render.style import Style
from reconciler.render.values import in_ascii, one_line
from reconciler.render.view import view_mismatch

Event = dict[str, Json]
UI = "1.0"
_PLAIN = Style()


def as_line(event: Event) -> str:
    """The event as one line of ASCII, so that nothing in it can act on whatever shows it."""
    return in_ascii(event) + "\n"


def version() -> Event:
    """The first line: who is speaking, and in which version of these lines."""
    return _event("version", f"reconciler {__version__}", reconciler=__version__, ui=UI)


def planned(plan: Plan) -> Iterator[Event]:
    """What is about to be done, what speaks against it, and the figures."""
    for change in plan.changes:
        entry: Json = {"resource": _resource(change), "action": change.action, "digest": change.digest}
        yield _event("planned_change", f"{change.address}: Plan to {change.action}", change=entry)
    for objection in plan.objections:
        yield _objection_event(objection)
    for mismatch in map(view_mismatch, map(of_mismatch, plan.mismatches)):
        yield diagnostic("warning", sentences.mismatch(mismatch), address=mismatch.address)
    for note in plan.notes:
        yield diagnostic("info", note)
    figures = tally(plan.changes)
    message = f"Plan: {figures.add} to add, {figures.change} to change, {figures.destroy} to destroy."
    yield _event("change_summary", message, changes=_event_totals(plan.changes, "plan"), fingerprint=fingerprint(plan))


def started(task: Task) -> Event:
    """A task begins; with what it writes over that is in no commit."""
    event = _event("apply_start", f"{task.address}: {task.action.capitalize()} begins", hook=_hook(task))
    overwrites = _overwritten_fields(task)
    return {**event, "overwrites": overwrites} if overwrites else event


def going_on(task: Task, seconds: float) -> Event:
    """A task takes long."""
    hook = {**_hook(task), "elapsed_seconds": int(seconds)}
    return _event("apply_progress", f"{task.address}: Still at it after {int(seconds)}s", hook=hook)


def ended(outcome: Outcome) -> Event:
    """What became of a task: complete, or errored with the reason."""
    task = outcome.task
    message = line(outcome, _PLAIN)
    seconds = getattr(outcome, "seconds", 0.0)
    hook: Event = {**_hook(task), "elapsed_seconds": int(seconds), "outcome": type(outcome).__name__.lower()}
    if isinstance(outcome, Done | Unsettled | Failed | Stale) and outcome.id:
        hook["id_value"] = outcome.id
    if isinstance(outcome, Failed) and outcome.request_id:
        hook["request_id"] = outcome.request_id
    if isinstance(outcome, Failed) and outcome.in_doubt:
        hook["in_doubt"] = True
    if isinstance(outcome, Done):
        hook["done"] = past(task)
        return _event("apply_complete", message, hook=hook)
    level = "warn" if isinstance(outcome, Skipped) else "error"
    return _event("apply_errored", message, level=level, hook=hook)


def diagnostic(severity: str, summary: str, detail: str = "", address: str | None = None) -> Event:
    """Something that a person should know."""
    level = {"error": "error", "warning": "warn"}.get(severity, "info")
    entry: Json = {"severity": severity, "summary": one_line(summary), "detail": detail, "address": address}
    return _event("diagnostic", one_line(summary), level=level, diagnostic=entry)


def remainder(differs: str, remedy: str) -> Event:
    """What still differs once all is done, and how to settle it."""
    return {**diagnostic("info", differs, remedy), "remainder": True}


def closing(outcomes: Iterable[Outcome], message: str) -> Event:
    """The last line: the figures of what happened."""
    happened = [outcome.task for outcome in outcomes if isinstance(outcome, Done | Unsettled)]
    changes = [task for task in happened if isinstance(task, Change)]
    return _event("change_summary", message, changes=_event_totals(changes, "apply"))


def _overwritten_fields(task: Task) -> list[Json]:
    """What Git did not know of an object; what Git knew is in Git."""
    fields = task.fields if isinstance(task, Change) else ()
    return [
        {"path": paths.show(field.path), "before": plain(field.before)}
        for field in fields
        if field.cause != "edit" and not isinstance(field.before, Absent) and field.before is not None
    ]


def _objection_event(objection: Objection) -> Event:
    address = str(objection.address) if objection.address else None
    severity = "warning" if objection.allowed else "error"
    event = diagnostic(severity, f"{objection.code}: {objection.message}", objection.remedy, address)
    by = {"allowed_by": objection.by} if objection.by else {}
    return {**event, "objection": {"code": objection.code, "allowed": objection.allowed, **by}}


def _event_totals(changes: Iterable[Change], operation: str) -> Event:
    figures = tally(changes)
    return {
        "add": figures.add,
        "change": figures.change,
        "import": figures.imports,
        "remove": figures.destroy,
        "forget": figures.forget,
        "operation": operation,
    }


def _resource(task: Task) -> Event:
    id = task.live.id if task.live is not None else None
    return {"addr": str(task.address), "kind": task.address.kind, "key": task.address.key, "id": id}


def _hook(task: Task) -> Event:
    return {"resource": _resource(task), "action": task.action}


def _event(type: str, message: str, *, level: str = "info", **members: Json) -> Event:  # noqa: A002  # the wire's own word
    return {"@level": level, "@message": message, "@module": "reconciler.ui", "type": type, **members}
