"""What a run did, as the changes that a plan of it had: each write that its record holds, with what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.canonical import Json
from reconciler.diagnostics import Location
from reconciler.kinds import KINDS, Kind
from reconciler.model import REMOVALS, Action, Address, Change, Desired, Live, Target
from reconciler.plan import marker as markers
from reconciler.plan.changes import creation, removal, updated
from reconciler.plan.diff import compare
from reconciler.plan.run_record import BadRecord, Result, RunRecord, Step

_ACTIONS: Mapping[str, Action] = {
    action: action for action in ("create", "update", "delete", "adopt", "rename", "forget")
}


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """One change of a run, and what became of it; nothing where the run ended before that was known."""

    change: Change
    result: Result | None


def recorded_changes(record: RunRecord) -> tuple[RecordedChange, ...]:
    """What the run did and was about to do, in the order of its record; markers that were refreshed are left out."""
    return tuple(_begun(record)) + tuple(_never_begun(record))


def _begun(record: RunRecord) -> Iterator[RecordedChange]:
    results = {(result.address, result.id): result for result in record.results}
    for step in record.steps:
        if step.action != "mark":
            result = results.get((step.address, step.id)) or results.get((step.address, None))
            yield RecordedChange(_change_of(step, record.head.where), result)


def _never_begun(record: RunRecord) -> Iterator[RecordedChange]:
    """What has an outcome although no write of it was begun: why, and no more than that is known."""
    begun = {(step.address, id) for step in record.steps for id in (step.id, None)}
    for result in record.results:
        if (result.address, result.id) not in begun and result.action in _ACTIONS:
            kind, _, key = result.address.partition(".")
            change = Change(_ACTIONS[result.action], Address(kind, key), result.id, digest="")
            yield RecordedChange(change, result)


def _change_of(step: Step, where: Target) -> Change:
    """The change that a step carried out."""
    kind, action = KINDS[step.kind], _ACTIONS.get(step.action)
    if action is None:
        raise BadRecord(f"it has an action that this version does not know: {step.action!r}")
    if step.before is None:
        return replace(creation(created_as(step, kind), kind), id=step.id)
    live = live_before(step.before, kind)
    if action in REMOVALS:
        return replace(removal(action, live), address=Address(step.kind, step.key))
    marker = live.marker if action != "adopt" else None
    desired = Desired(
        address=Address(step.kind, step.key),
        fields=kind.read({**step.before, **step.patch}),
        place=Location(""),
        on_removal=marker.on_removal if marker is not None else "delete",
        ignore=step.ignore,
    )
    previous = marker if action == "rename" else None
    return updated(action, desired, live, compare(desired, live, kind, marker), where, previous)


def live_before(raw: Mapping[str, Json], kind: Kind) -> Live:
    """The object that a step overwrote."""
    live = Live(kind.name, str(raw.get("id")), kind.read(raw), raw)
    return replace(live, marker=markers.decode(live.pairs.get(markers.KEY), kind))


def created_as(step: Step, kind: Kind) -> Desired:
    """What a create wanted."""
    fields = kind.read(step.patch)
    chosen = frozenset(path for path in kind.choosable(fields) if not markers.is_stated(path, step.patch, fields))
    return Desired(Address(kind.name, step.key), fields, Location(""), chosen, ignore=step.ignore)


def address_before(step: Step) -> Address:
    """What the object was called before the step."""
    marker = live_before(step.before, KINDS[step.kind]).marker if step.before is not None else None
    return Address(step.kind, marker.key if marker is not None else step.key)
