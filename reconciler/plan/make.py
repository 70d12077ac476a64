"""All desired × all live → a plan: what to do, what to leave alone, and what speaks against it.

A pure function of values already fetched. Nothing here reads, writes or knows what time it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from reconciler.kinds import KINDS, Kind
from reconciler.model import (
    Action,
    Address,
    Change,
    Desired,
    Live,
    Marker,
    MarkerRefresh,
    Mismatch,
    Objection,
    Plan,
    Target,
)
from reconciler.plan import marker as markers
from reconciler.plan.changes import creation, narrow, removal, updated
from reconciler.plan.diff import Comparison, compare, differences
from reconciler.plan.guards import Limits, PlanContext, conflict, guard, in_order, with_allowed, with_replaced
from reconciler.plan.lookalikes import lookalikes, possible_duplicates
from reconciler.plan.lost_markers import lost_markers, marker_lost, may_have_lost, notes_on_lost, without_lost
from reconciler.plan.ownership import DuplicatePolicy, Match, Ownership, claim, other_manager


@dataclass(slots=True)
class _ChangeDraft:
    """A plan while it is made."""

    changes: list[Change] = field(default_factory=list)
    marks: list[MarkerRefresh] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    objections: list[Objection] = field(default_factory=list)
    settled: list[Address] = field(default_factory=list)
    mismatches: list[Mismatch] = field(default_factory=list)


def make_plan(
    desired: Iterable[Desired],
    live: Iterable[Live],
    where: Target,
    *,
    limits: Limits = Limits(),  # noqa: B008  # a frozen value
    allow: frozenset[str] = frozenset(),
    facts: PlanContext = PlanContext(),  # noqa: B008  # a frozen value
    resolve: DuplicatePolicy = DuplicatePolicy(),  # noqa: B008  # a frozen value
) -> Plan:
    """Everything that would make the live objects as desired, and every reason not to.

    `resolve` says which duplicates are to be deleted.
    """
    ownership = claim(sorted(desired, key=lambda d: d.address), sorted(live, key=_by_age), where, resolve)
    draft = _ChangeDraft(notes=[*ownership.notes, *facts.notes, *facts.unknown_history])
    for taken in ownership.claims:
        _plan_match(taken, draft, where, facts)
    draft.changes += _removals(ownership)
    changes = tuple(sorted(draft.changes, key=lambda c: (c.address, c.action, c.id or "")))
    alike = lookalikes(changes, ownership, where)
    lost = lost_markers(changes, ownership, facts.recorded, alike)
    found = (one for one in ownership.objections if one.address is None or one.address.kind not in facts.gone)
    doubled = (*marker_lost(changes, lost, where), *possible_duplicates(changes, without_lost(alike, lost), where))
    objections = [*draft.objections, *found, *guard(changes, ownership, where, limits, facts), *doubled]
    standing = in_order(with_replaced(objections, changes, ownership, facts.left_out))
    return Plan(
        where=where,
        changes=changes,
        marks=tuple(draft.marks),
        objections=with_allowed(standing, allow),
        notes=(*draft.notes, *notes_on_lost(changes, lost)),
        unchanged=len(draft.settled),
        settled=tuple(draft.settled),
        mismatches=tuple(draft.mismatches),
        unmanaged=len(ownership.unmanaged),
        elsewhere=sum(other_manager(one, where) is not None for one in ownership.unmanaged),
        ours=len(ownership.ours),
        lost=lost,
    )


def _removals(ownership: Ownership) -> Iterator[Change]:
    """What becomes of managed objects without a manifest, and of duplicates that are to go."""
    for orphan in ownership.orphans:
        keep = orphan.marker is not None and orphan.marker.on_removal == "keep"
        yield removal("forget" if keep else "delete", orphan)
    yield from (removal("delete", surplus) for surplus in ownership.surplus)


def select(plan: Plan, matches: Sequence[Address], *, exactly: frozenset[Address]) -> Plan:
    """The plan narrowed to some addresses; deletions only where named exactly. Objections are of the full plan."""
    chosen = frozenset(matches)

    def is_chosen(change: Change) -> bool:
        return bool(_addresses(change) & (exactly if change.action == "delete" else chosen))

    changes = tuple(change for change in plan.changes if is_chosen(change))
    kept = {change.address for change in changes}
    of_base = plan.applies == "change"
    return replace(
        plan,
        changes=changes,
        rest=tuple(c for c in (plan.rest if of_base else plan.changes) if is_chosen(c) == of_base),
        rest_objections=tuple(o for o in plan.rest_objections if o.address in chosen),
        marks=tuple(mark for mark in plan.marks if mark.address in chosen),
        mismatches=tuple(one for one in plan.mismatches if one.address in chosen),
        objections=tuple(o for o in plan.objections if o.address in chosen or o.holds & kept),
        selected=True,
        selected_kinds=frozenset(address.kind for address in chosen),
    )


def only_drift(plan: Plan) -> Plan:
    """The plan narrowed to what changed on the server."""
    changes, rest = (tuple(drift for change in some for drift in _drift(change)) for some in (plan.changes, plan.rest))
    kept = {change.address for change in changes}
    objections = tuple(o for o in plan.objections if o.holds & kept)
    return replace(plan, changes=changes, rest=rest, marks=(), objections=objections, selected=True)


def _drift(change: Change) -> Iterator[Change]:
    """As much of a change as undoes what somebody else did."""
    moved = [field.path for field in change.fields if field.cause in ("drift", "conflict")]
    own = narrow(change, moved) if moved else None
    if own is not None:
        yield own


def forgetting(plan: Plan, live: Iterable[Live], where: Target, addresses: Collection[Address]) -> Plan:
    """A plan that forgets the objects of some addresses and does nothing else."""
    ownership = claim((), sorted(live, key=_by_age), where)
    wanted = [one for one in ownership.ours if one.address in addresses]
    changes = tuple(removal("forget", one) for one in wanted)
    ordered = tuple(sorted(changes, key=lambda change: (change.address, change.id or "")))
    return replace(plan, changes=ordered, marks=(), objections=(), selected=True)


def _by_age(live: Live) -> tuple[float, str]:
    return live.created_at, live.id


def _addresses(change: Change) -> frozenset[Address]:
    """What the change's resource is called here, and what it was called before."""
    former = () if change.previous_key is None else (Address(change.address.kind, change.previous_key),)
    return frozenset({change.address, *former})


def _plan_match(taken: Match, draft: _ChangeDraft, where: Target, facts: PlanContext) -> None:
    """Decides what becomes of one manifest."""
    desired, live, kind = taken.desired, taken.live, KINDS[taken.desired.address.kind]
    if live is None:
        if taken.creatable:
            draft.changes.append(creation(desired, kind))
        return
    if live.odd_marker:
        draft.notes.append(f"{live.id} has a metadata entry `reconciler` that is not a marker; adopting overwrites it.")
    compared = compare(desired, live, kind, live.marker if taken.ours else None)
    if may_have_lost(live, facts.recorded):
        compared = replace(compared, fields=tuple(replace(field, cause="unknown") for field in compared.fields))
    if compared.unsettled:
        draft.mismatches.append(_mismatch(desired, live, compared, kind))
    if compared.newly_managed:
        names = ", ".join(f"`{name}`" for name in compared.newly_managed)
        draft.notes.append(f"{desired.address}: {names} was not managed by the version that applied last.")
    action = _match_action(taken, compared)
    if action is None:
        draft.settled.append(desired.address)
        if live.marker is not None and not _is_marker_current(
            desired, live, live.marker, where, kind, compared.unsettled
        ):
            draft.marks.append(MarkerRefresh(desired.address, desired, live))
        return
    draft.changes.append(updated(action, desired, live, compared, where, taken.previous))
    draft.objections += conflict(desired.address, compared.fields)


def _mismatch(desired: Desired, live: Live, compared: Comparison, kind: Kind) -> Mismatch:
    """Where the server kept other values than it was sent."""
    kept = (one for one in differences(desired, live, kind) if one.path[0] in compared.unsettled)
    return Mismatch(desired.address, live.id, desired.place, tuple(kept))


def _match_action(taken: Match, compared: Comparison) -> Action | None:
    if not taken.ours:
        return "adopt"
    if taken.previous is not None:
        return "rename"
    return "update" if compared.fields else None


def _is_marker_current(
    desired: Desired, live: Live, marker: Marker, where: Target, kind: Kind, unsettled: Sequence[str]
) -> bool:
    """Whether the marker says what a marker written now would say."""
    owner = (where.stack, where.environment)
    stamped = markers.stamp(desired, kind, owner, id=live.id, nonce="", commit=None)
    kept = {field: value for field, value in marker.unsettled.items() if field in unsettled}
    return markers.agrees(replace(stamped, unsettled=kept), marker, kind, live.pairs.get(markers.KEY))
