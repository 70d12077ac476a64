"""What a run did × what is live now → the plan that restores the state before it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.canonical import Json
from reconciler.diagnostics import Location
from reconciler.kinds import KINDS, Kind
from reconciler.model import Action, Address, Change, Desired, Live, Objection, Plan, Target
from reconciler.plan import marker as markers
from reconciler.plan.changes import creation, removal, updated
from reconciler.plan.diff import compare, differences
from reconciler.plan.guards import GONE, Limits, in_order, too_many, wanted_digest
from reconciler.plan.ownership import by_address, elsewhere, is_ours, managed, other_manager, owner
from reconciler.plan.recorded import address_before, created_as, live_before
from reconciler.plan.run_record import Step


def undo(steps: Iterable[Step], nonce: str, live: Iterable[Live], where: Target, source: str, limits: Limits) -> Plan:
    """The plan that restores everything that the steps changed; what is restored already is left out."""
    objects = list(live)
    draft = _UndoDraft(
        where, nonce, objects, {one.identity: one for one in objects}, by_address(managed(objects, where))
    )
    first: dict[tuple[str, str], Step] = {}
    for step in steps:
        if step.action != "mark":
            first.setdefault((step.kind, step.id or step.key), step)
    for step in first.values():
        if not step.is_whole:
            draft.notes.append(f"{step.address}: its record leaves out a secret, so it cannot be restored.")
        elif step.before is None:
            draft.remove_created(step)
        else:
            draft.restore(_before_run(step, step.before, source))
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
        elsewhere=sum(other_manager(one, where) is not None for one in draft.live),
        ours=ours,
    )


def rejected(steps: Iterable[Step]) -> dict[Address, str]:
    """By the address that a rollback of the steps writes to, what it rejects."""
    return {address_before(step): step.wanted or GONE for step in steps if step.action != "mark"}


def rejected_by_state(
    now: Iterable[Desired], then: Iterable[Desired], addresses: Collection[Address]
) -> dict[Address, str]:
    """By address, what restoring an earlier state of the manifests rejects of what they say now."""
    today, before = ({one.address: wanted_digest(one) for one in side} for side in (now, then))
    return {one: today.get(one, GONE) for one in addresses if today.get(one) != before.get(one)}


@dataclass(frozen=True, slots=True)
class _Before:
    """An object as it was before the run, as if a manifest said so."""

    kind: Kind
    live: Live
    desired: Desired

    @property
    def address(self) -> Address:
        return self.desired.address


@dataclass(slots=True)
class _UndoDraft:
    """The plan back, while it is made."""

    where: Target
    nonce: str
    live: Sequence[Live]
    by_identity: Mapping[tuple[str, str], Live]
    ours: Mapping[Address, Sequence[Live]]
    changes: list[Change] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def remove_created(self, step: Step) -> None:
        """What the run created is deleted, as long as it is managed here."""
        kind = KINDS[step.kind]
        for live in self.live:
            if not _was_created(live, step, self.nonce):
                continue
            if not is_ours(live, self.where):
                self.notes.append(f"{step.address}: {live.id} is no longer managed here; it is left alone.")
                continue
            self.changes.append(removal("delete", live))
            if live.marker is not None and live.marker.nonce == self.nonce:
                differing = {one.path[0] for one in differences(created_as(step, kind), live, kind)}
                self._block_drift(differing, live, self.changes[-1])

    def restore(self, then: _Before) -> None:
        """What the run overwrote, deleted, adopted or forgot becomes what it was."""
        id, was_ours = then.live.id, is_ours(then.live, self.where)
        now = self.by_identity.get(then.live.identity)
        others = [one for one in self.ours.get(then.address, ()) if one.id != id]
        other = others[0] if others and was_ours else None
        if now is None and not was_ours:
            self.notes.append(f"{then.address}: {id} was deleted and was not managed here; it is not created again.")
        elif now is None and other is not None:
            self.notes.append(f"{then.address}: {id} is not created again, since {other.id} has this address.")
        elif now is None:
            self.changes.append(creation(then.desired, then.kind))
            self.notes.append(f"{then.address} comes back under a new id; it was {id}.")
        elif not was_ours:
            if is_ours(now, self.where):
                self._change("forget", then, now)
        elif not is_ours(now, self.where):
            self._adopt_again(then, now)
        else:
            is_renamed = now.marker is not None and now.marker.key != then.address.key
            self._change("rename" if is_renamed else "update", then, now)
            if other is not None:
                remedy = "decide which of the two is needed, and forget or delete the other"
                self._object(now, then.address, "duplicate", f"{other.id} is live as {then.address} too.", remedy)

    def _adopt_again(self, then: _Before, now: Live) -> None:
        """What was forgotten is managed again, unless another stack manages it by now."""
        self._change("adopt", then, now)
        marker = now.marker
        if marker is not None and markers.is_own(marker, now.id) and (code := elsewhere(marker, self.where)):
            message = f"it is managed by {owner(marker)} by now."
            self._object(now, then.address, code, message, "let that one forget it first")

    def _change(self, action: Action, then: _Before, now: Live) -> None:
        base = now.marker if is_ours(now, self.where) else None
        compared = compare(then.desired, now, then.kind, base)
        if action == "forget":  # the marker goes, and what it says with it
            compared = replace(compared, fields=tuple(f for f in compared.fields if f.path[0] != "reconciler"))
        if action == "update" and not compared.fields:
            return
        previous = now.marker if action == "rename" else None
        change = updated(action, then.desired, now, compared, self.where, previous)
        # Whatever has a manifest gets a marker when it is written: what was forgotten has none.
        self.changes.append(replace(change, desired=None) if action == "forget" else change)
        moved = {field.path[0] for field in compared.fields if field.cause in ("drift", "conflict")}
        self._block_drift(moved, now, change)

    def _block_drift(self, fields: Collection[str], live: Live, change: Change) -> None:
        """What somebody changed since the last apply is not undone along with the run."""
        if fields:
            names = ", ".join(f"`{name}`" for name in sorted(fields))
            message = f"{names} changed in the live object since the last apply, which would be lost."
            self._object(live, change.address, "conflict", message, "look at it, and override this if that is right")

    def _object(self, live: Live, address: Address, code: str, message: str, remedy: str) -> None:
        self.objections.append(Objection.to(address, code, f"{live.id}: {message}", remedy))


def _was_created(live: Live, step: Step, nonce: str) -> bool:
    if step.id is not None or live.kind != step.kind or live.marker is None:
        return (live.kind, live.id) == (step.kind, step.id)
    return (live.marker.nonce, live.marker.key) == (nonce, step.key)


def _before_run(step: Step, before: Mapping[str, Json], source: str) -> _Before:
    kind = KINDS[step.kind]
    live = live_before(before, kind)
    chosen, fields = markers.less_unstated(live, kind)
    desired = Desired(
        address=address_before(step),
        fields=fields,
        place=Location(source),
        left_to_server=chosen,
        on_removal=live.marker.on_removal if live.marker is not None else "delete",
        ignore=step.ignore,
    )
    return _Before(kind, live, desired)
