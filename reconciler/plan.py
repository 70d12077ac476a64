"""All desired × all live → a plan: what to do, what to leave alone, and what speaks against it.

A pure function of values already fetched. Nothing here reads, writes or knows what time it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler import marker as markers
from reconciler.canonical import Absent, Json, digest
from reconciler.diff import Comparison, compare, whole
from reconciler.guards import Limits, guard
from reconciler.kinds import KINDS, Kind
from reconciler.model import (
    Action,
    Address,
    Change,
    Desired,
    FieldChange,
    Live,
    Mark,
    Objection,
    Plan,
    Where,
)
from reconciler.ownership import Claim, claim


@dataclass(slots=True)
class _Draft:
    """A plan in the making."""

    changes: list[Change] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    unchanged: int = 0


def make_plan(
    desired: Iterable[Desired],
    live: Iterable[Live],
    where: Where,
    *,
    limits: Limits = Limits(),  # noqa: B008  # a frozen value
    allow: frozenset[str] = frozenset(),
    kinds: Mapping[str, Kind] = KINDS,
) -> Plan:
    """Everything that would make the live objects as desired, and every reason not to."""
    ownership = claim(sorted(desired, key=lambda d: d.address), sorted(live, key=_age), where)
    draft = _Draft(notes=list(ownership.notes))
    for taken in ownership.claims:
        _settle(taken, draft, where, kinds)
    for orphan in ownership.orphans:
        draft.changes.append(_removal(orphan, where, kinds))
    changes = tuple(sorted(draft.changes, key=lambda c: (c.address, c.action, c.id or "")))
    objections = [*draft.objections, *ownership.objections, *guard(changes, ownership, where, limits, kinds)]
    ordered = sorted(objections, key=lambda o: (str(o.address or ""), o.code, o.message))
    return Plan(
        where=where,
        changes=changes,
        marks=tuple(draft.marks),
        objections=tuple(replace(o, allowed=o.code in allow) for o in ordered),
        notes=tuple(draft.notes),
        unchanged=draft.unchanged,
        unmanaged=len(ownership.unmanaged),
        ours=len(ownership.ours),
    )


def select(plan: Plan, matches: Sequence[Address], *, exactly: frozenset[Address]) -> Plan:
    """The plan narrowed to some addresses; deletes only where named exactly. The guards have judged the whole."""
    chosen = frozenset(matches)
    changes = tuple(c for c in plan.changes if c.address in (exactly if c.action == "delete" else chosen))
    kept = {change.address for change in changes}
    return replace(
        plan,
        changes=changes,
        marks=tuple(mark for mark in plan.marks if mark.address in chosen),
        objections=tuple(o for o in plan.objections if o.address in chosen or o.holds & kept),
        selected=True,
    )


def only_drift(plan: Plan) -> Plan:
    """The plan narrowed to what somebody moved behind Git's back."""
    moved = ("drift", "conflict")
    changes = tuple(
        replace(change, fields=fields)
        for change in plan.changes
        if (fields := tuple(f for f in change.fields if f.cause in moved))
    )
    kept = {change.address for change in changes}
    objections = tuple(o for o in plan.objections if o.holds & kept)
    return replace(plan, changes=changes, marks=(), objections=objections, selected=True)


def forgetting(plan: Plan, live: Iterable[Live], where: Where, keys: Sequence[str]) -> Plan:
    """A plan that lets go of the objects of some keys and does nothing else."""
    ownership = claim((), sorted(live, key=_age), where)
    wanted = [one for one in ownership.ours if one.marker is not None and one.marker.key in keys]
    changes = tuple(_change("forget", _address(one), one, where=where) for one in wanted)
    ordered = tuple(sorted(changes, key=lambda change: (change.address, change.id or "")))
    return replace(plan, changes=ordered, marks=(), objections=(), selected=True)


def seen(live: Live) -> str:
    """A digest of everything about a live object that a plan relied on."""
    owner: list[Json] = [live.marker.stack, live.marker.environment, live.marker.key] if live.marker else []
    return digest({"fields": dict(live.fields), "owner": owner})


def _age(live: Live) -> tuple[float, str]:
    return live.created_at, live.id


def _address(live: Live) -> Address:
    return Address(live.kind, live.marker.key if live.marker else live.id)


def _settle(taken: Claim, draft: _Draft, where: Where, kinds: Mapping[str, Kind]) -> None:
    """Decides what becomes of one manifest."""
    desired, live, kind = taken.desired, taken.live, kinds[taken.desired.address.kind]
    if live is None:
        if taken.creatable:
            draft.changes.append(_creation(desired, kind, where))
        return
    compared = compare(desired, live, kind, live.marker if taken.ours else None)
    if compared.newly_managed:
        names = ", ".join(f"`{name}`" for name in compared.newly_managed)
        draft.notes.append(f"{desired.address}: {names} was not managed by the version that applied last.")
    changes = _with_removal(compared, desired, live, ours=taken.ours)
    action = _action(taken, changes)
    if action is None:
        draft.unchanged += 1
        if not _marked(desired, live, where, kind):
            draft.marks.append(Mark(desired.address, desired, live))
        return
    draft.changes.append(_updated(action, taken, compared, changes, where))
    if compared.conflicts:
        draft.objections.append(_conflict(desired.address, compared))


def _with_removal(compared: Comparison, desired: Desired, live: Live, *, ours: bool) -> tuple[FieldChange, ...]:
    """The field changes, and what the object itself remembers about its removal where that changes."""
    if not ours or live.marker is None or live.marker.on_removal == desired.on_removal:
        return compared.fields
    remembered = FieldChange(("reconciler", "on_removal"), live.marker.on_removal, desired.on_removal, "edit")
    return (*compared.fields, remembered)


def _action(taken: Claim, changes: Sequence[FieldChange]) -> Action | None:
    if not taken.ours:
        return "adopt"
    if taken.previous is not None:
        return "rename"
    return "update" if changes else None


def _marked(desired: Desired, live: Live, where: Where, kind: Kind) -> bool:
    """Whether the marker says what a marker written now would say."""
    if live.marker is None:
        return False
    owner = (where.stack, where.environment)
    wanted = markers.stamp(desired, kind, owner, id=live.id, nonce="", commit=None)
    return markers.agrees(wanted, live.marker, kind)


def _creation(desired: Desired, kind: Kind, where: Where) -> Change:
    patch = {
        name: kind.wire(name, desired.fields[name], None)
        for name in kind.fields
        if name not in desired.left_to_server and digest(desired.fields[name]) != digest(kind.default(name))
    }
    fields = whole(desired.fields, kind, created=True)
    return _change("create", desired.address, None, fields, patch=patch, desired=desired, where=where)


def _updated(
    action: Action, taken: Claim, compared: Comparison, fields: tuple[FieldChange, ...], where: Where
) -> Change:
    return replace(
        _change(
            action, taken.desired.address, taken.live, fields, patch=compared.patch, desired=taken.desired, where=where
        ),
        hidden=compared.hidden,
        previous_key=taken.previous.key if taken.previous else None,
        previous_stack=taken.previous.stack if taken.previous and taken.previous.stack != where.stack else None,
    )


def _removal(orphan: Live, where: Where, kinds: Mapping[str, Kind]) -> Change:
    keep = orphan.marker is not None and orphan.marker.on_removal == "keep"
    fields = () if keep else whole(orphan.fields, kinds[orphan.kind], created=False)
    return _change("forget" if keep else "delete", _address(orphan), orphan, fields, where=where)


def _change(
    action: Action,
    address: Address,
    live: Live | None,
    fields: tuple[FieldChange, ...] = (),
    *,
    where: Where,
    patch: Mapping[str, Json] | None = None,
    desired: Desired | None = None,
) -> Change:
    id = live.id if live is not None else None
    return Change(
        action=action,
        address=address,
        id=id,
        digest=_digest(action, address, id, fields),
        fields=fields,
        patch=patch or {},
        seen=seen(live) if live is not None else None,
        desired=desired,
        live=live,
    )


def _digest(action: Action, address: Address, id: str | None, fields: Iterable[FieldChange]) -> str:
    listed: list[Json] = [[list(change.path), _told(change.before), _told(change.after)] for change in fields]
    return digest([address.kind, address.key, id, action, listed])


def _told(value: Json | Absent) -> list[Json]:
    return [] if isinstance(value, Absent) else [value]


def _conflict(address: Address, compared: Comparison) -> Objection:
    names = ", ".join(sorted({f"`{change.path[0]}`" for change in compared.conflicts}))
    return Objection(
        code="conflict",
        message=f"{names} changed in Git and in the live object since the last apply.",
        remedy="take the live value into the manifest, or allow Git to overwrite it",
        address=address,
        holds=frozenset({address}),
    )
