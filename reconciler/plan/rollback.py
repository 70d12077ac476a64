"""What an apply did × what is live now → a plan back to how things were before it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.canonical import ABSENT, Absent, Json
from reconciler.diagnostics import Location
from reconciler.kinds import KINDS, Kind, ServerTraits
from reconciler.model import Action, Address, Change, Desired, FieldChange, Live, Objection, Plan, Target
from reconciler.paths import Path, at
from reconciler.plan import marker as markers
from reconciler.plan.changes import creation, removal, updated, with_removal
from reconciler.plan.diff import compare, differences
from reconciler.plan.guards import GONE, Limits, in_order, too_many, wanted_digest
from reconciler.plan.ownership import is_ours, ours_by_address
from reconciler.plan.run_record import Step


@dataclass(frozen=True, slots=True)
class _Before:
    """An object as it was before the run, as if a manifest said so."""

    step: Step
    kind: Kind
    live: Live
    desired: Desired


@dataclass(slots=True)
class _UndoDraft:
    """A plan back, in the making."""

    where: Target
    nonce: str
    live: Sequence[Live]
    changes: list[Change] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def object(self, id: str, address: Address, code: str, message: str, remedy: str) -> None:
        """Holds a change back."""
        self.objections.append(Objection(code, f"{id}: {message}", remedy, address, frozenset({address})))

    def at(self, address: Address, *, besides: str) -> Live | None:
        """Another object of ours that has the address now."""
        found = (one for there, one in ours_by_address(self.live, self.where) if there == address)
        return next((one for one in found if one.id != besides), None)


def undo(steps: Iterable[Step], nonce: str, live: Iterable[Live], where: Target, source: str, limits: Limits) -> Plan:
    """The plan that brings everything back that the steps changed; what is back already is left out."""
    draft = _UndoDraft(where, nonce, list(live))
    first: dict[tuple[str, str], Step] = {}
    for step in steps:
        if step.action != "mark":
            first.setdefault((step.kind, step.id or step.key), step)
    for step in first.values():
        if not step.is_whole:
            draft.notes.append(f"{step.address}: its record leaves out a secret; it cannot be put back from it.")
        elif step.before is None:
            _remove_created(step, draft)
        else:
            _restore(_before_run(step, step.before, source), draft)
    ours = sum(is_ours(one, where) for one in draft.live)
    changes = tuple(sorted(draft.changes, key=lambda change: (change.address, change.action, change.id or "")))
    draft.objections += too_many(changes, [c for c in changes if c.action == "delete"], ours, limits)
    touched = {change.id for change in changes}
    return Plan(
        where=where,
        changes=changes,
        objections=in_order(draft.objections),
        notes=tuple(draft.notes),
        unchanged=sum(is_ours(one, where) and one.id not in touched for one in draft.live),
        unmanaged=len(draft.live) - ours,
        ours=ours,
    )


def rejected(steps: Iterable[Step]) -> dict[Address, str]:
    """By the address that a rollback of the steps writes to, what it rejects."""
    return {_address_before(step): step.wanted or GONE for step in steps if step.action != "mark"}


def rejected_by_state(
    now: Iterable[Desired], then: Iterable[Desired], addresses: Collection[Address]
) -> dict[Address, str]:
    """By the address, what bringing back an earlier state of the manifests rejects of what they say now."""
    today, before = ({one.address: wanted_digest(one) for one in side} for side in (now, then))
    return {one: today.get(one, GONE) for one in addresses if today.get(one) != before.get(one)}


def _remove_created(step: Step, draft: _UndoDraft) -> None:
    """What the run created goes, as long as it is ours."""
    kind = KINDS[step.kind]
    for one in draft.live:
        if not _was_made(one, step, draft.nonce):
            continue
        if not is_ours(one, draft.where):
            draft.notes.append(f"{step.address}: {one.id} is not ours any more; it is left alone.")
            continue
        draft.changes.append(removal("delete", one, kind))
        if one.marker is not None and one.marker.nonce == draft.nonce:
            asked = _created_as(step, kind)
            _hold_drift({path[0] for path, _, _ in differences(asked, one, kind)}, one, draft.changes[-1], draft)


def _restore(then: _Before, draft: _UndoDraft) -> None:
    """What the run overwrote, deleted, adopted or forgot is as it was."""
    address = then.desired.address
    now = next((one for one in draft.live if (one.kind, one.id) == (then.live.kind, then.live.id)), None)
    was = is_ours(then.live, draft.where)
    other = draft.at(address, besides=then.live.id) if was else None
    if now is None:
        _recreate(then, other, draft, ours=was)
        return
    if not was:
        if is_ours(now, draft.where):
            _undo_change("forget", then, now, draft)
        return
    if not is_ours(now, draft.where):
        _readopt(then, now, draft)
        return
    _undo_change(_undo_action(then, now), then, now, draft)
    if other is not None:
        remedy = "look which of the two is needed, and forget or delete the other"
        draft.object(now.id, address, "duplicate", f"{other.id} is live as {address} too.", remedy)


def _recreate(then: _Before, other: Live | None, draft: _UndoDraft, *, ours: bool) -> None:
    """What is gone is created again, unless somebody did that already or it never was ours."""
    address, id = then.desired.address, then.live.id
    if not ours:
        draft.notes.append(f"{address}: {id} is gone and was not ours; it is not created again.")
    elif other is not None:
        draft.notes.append(f"{address}: {id} is not created again, since {other.id} is live as this one.")
    else:
        draft.changes.append(creation(then.desired, then.kind))
        draft.notes.append(f"{address} comes back under a new id; it was {id}.")


def _readopt(then: _Before, now: Live, draft: _UndoDraft) -> None:
    """What was forgotten is managed again, unless another stack manages it by now."""
    _undo_change("adopt", then, now, draft)
    if now.marker is not None and markers.is_own(now.marker, now.id):
        whose = f"{now.marker.stack}/{now.marker.environment}/{now.marker.key}"
        code = "other-environment" if now.marker.stack == draft.where.stack else "other-stack"
        message = f"it is stamped {whose} by now."
        draft.object(now.id, then.desired.address, code, message, "let that one forget it first")


def _undo_change(action: Action, then: _Before, now: Live, draft: _UndoDraft) -> None:
    base = now.marker if is_ours(now, draft.where) else None
    compared = compare(then.desired, now, then.kind, base)
    fields = compared.fields if action == "forget" else with_removal(compared, then.desired, now, ours=base is not None)
    if action == "update" and not fields:
        return
    previous = now.marker if action == "rename" else None
    change = updated(action, then.desired, now, compared, draft.where, fields=fields, previous=previous)
    # Whatever has a manifest is stamped when it is written: what was forgotten has none.
    draft.changes.append(replace(change, desired=None) if action == "forget" else change)
    _hold_drift(_drifted(fields), now, change, draft)


def _hold_drift(fields: Iterable[str], live: Live, change: Change, draft: _UndoDraft) -> None:
    """Somebody's changes since the last apply are not undone along with the run."""
    names = ", ".join(f"`{name}`" for name in sorted(fields))
    if names:
        message = f"{names} changed in the live object since the last apply, which would be lost."
        draft.object(live.id, change.address, "conflict", message, "look at it, and allow it if that is right")


def _drifted(fields: Iterable[FieldChange]) -> set[str]:
    return {change.path[0] for change in fields if change.cause in ("drift", "conflict")}


def _undo_action(then: _Before, now: Live) -> Action:
    return "rename" if now.marker is not None and now.marker.key != then.desired.address.key else "update"


def _was_made(live: Live, step: Step, nonce: str) -> bool:
    if live.kind != step.kind:
        return False
    if step.id is not None:
        return live.id == step.id
    return live.marker is not None and live.marker.nonce == nonce and live.marker.key == step.key


def _created_as(step: Step, kind: Kind) -> Desired:
    """What a create asked for."""
    left = frozenset(path for path in _choosable(step.patch, kind) if at(dict(step.patch), path)[1] is None)
    return Desired(Address(kind.name, step.key), kind.read(step.patch), Location(""), left, ignore=step.ignore)


def _before_run(step: Step, before: Mapping[str, Json], source: str) -> _Before:
    kind = KINDS[step.kind]
    live = _live_before(before, kind)
    left = frozenset(path for path in _choosable(before, kind) if not _was_stated(path, live, kind))
    kept = {name: markers.less_ignored(name, live.fields[name], left, kind) for name in kind.fields}
    desired = Desired(
        address=_address_before(step),
        fields={name: kind.default(name) if isinstance(value, Absent) else value for name, value in kept.items()},
        place=Location(source),
        left_to_server=left,
        on_removal=live.marker.on_removal if live.marker is not None else "delete",
        ignore=step.ignore,
    )
    return _Before(step, kind, live, desired)


def _address_before(step: Step) -> Address:
    marker = _live_before(step.before, KINDS[step.kind]).marker if step.before is not None else None
    return Address(step.kind, marker.key if marker is not None else step.key)


def _live_before(raw: Mapping[str, Json], kind: Kind) -> Live:
    metadata = raw.get("metadata")
    text = metadata.get(markers.KEY) if isinstance(metadata, dict) else None
    return Live(kind.name, str(raw.get("id")), kind.read(raw), raw, markers.decode(text, kind))


def _choosable(body: Mapping[str, Json], kind: Kind) -> frozenset[Path]:
    """What a server may choose for such a body."""
    return kind.check({"model": body.get("model")}, ServerTraits()).left_to_server


def _was_stated(path: Path, before: Live, kind: Kind) -> bool:
    """Whether a value that servers may choose was asked for: then it is brought back, else left to the server."""
    if at(dict(before.raw), path)[1] is None:
        return False
    applied = markers.applied(before.marker, kind, path) if before.marker is not None else None
    default = kind.default(path[0]) if len(path) == 1 else ABSENT
    return (applied or markers.short_digest(at(dict(before.fields), path)[1])) != markers.short_digest(default)
