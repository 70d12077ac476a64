"""A plan × the plan of another revision's manifests → what this change brings, and what is pending anyway."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler import paths
from reconciler.canonical import Json, digest
from reconciler.kinds import KINDS
from reconciler.model import (
    WHOLE,
    Base,
    Change,
    Desired,
    FieldChange,
    Live,
    MarkerRefresh,
    Objection,
    Origin,
    Plan,
    Target,
)
from reconciler.plan import marker as markers
from reconciler.plan.changes import digest_input, parted
from reconciler.plan.guards import Limits, against, in_order

_COMES = {"create": "creation", "adopt": "adoption", "rename": "rename"}
_DONE = {
    "create": "created",
    "delete": "destroyed",
    "adopt": "adopted",
    "rename": "renamed",
    "forget": "forgotten",
}


def split(plan: Plan, other: Plan, base: Base) -> Plan:
    """The plan, in which everything says whether the base's manifests would bring it too."""
    others = {_identity_in_both(change): change for change in other.changes}
    changes = tuple(_with_origin(change, others.get(_identity_in_both(change))) for change in plan.changes)
    standing = {_known_by(objection) for objection in other.objections}
    objections = tuple(replace(o, origin="pending" if _known_by(o) in standing else "change") for o in plan.objections)
    refreshed = {_refresh_digest(mark) for mark in other.marks}
    marks = tuple(replace(m, origin="pending" if _refresh_digest(m) in refreshed else "change") for m in plan.marks)
    notes = (*plan.notes, *_edited_before(plan, others), *_settled_notes(plan, other))
    return replace(plan, changes=changes, marks=marks, objections=objections, notes=notes, base=base)


def part(plan: Plan, limits: Limits = Limits()) -> Plan:  # noqa: B008  # a frozen value
    """Of a split plan what this change does, with whatever of the pending that needs; the rest is kept beside it."""
    parted = [_change_parts(change) for change in plan.changes]
    changes = tuple(own for own, _ in parted if own is not None)
    rest = tuple(left for _, left in parted if left is not None)
    return replace(
        plan,
        changes=changes,
        marks=tuple(mark for mark in plan.marks if mark.origin == "change"),
        objections=_objections_to_part(plan, changes, "change", limits),
        notes=(*plan.notes, *(note for change in changes for note in _carried(change))),
        applies="change",
        rest=rest,
        rest_objections=_objections_to_part(plan, rest, "pending", limits),
    )


def _objections_to_part(plan: Plan, changes: Sequence[Change], origin: Origin, limits: Limits) -> tuple[Objection, ...]:
    """What speaks against some of a split plan's changes, and what comes from the same side and holds none back."""
    touched = {change.address for change in plan.changes}
    apart = [one for one in plan.objections if one.origin == origin and not one.holds & touched]
    judged = against(plan.objections, changes, plan.ours, limits)
    return in_order([*(replace(one, origin=one.origin or origin) for one in judged), *apart])


def _change_parts(change: Change) -> tuple[Change | None, Change | None]:
    """What of a planned change this change brings, and what stays pending."""
    brought = [field.path for field in change.fields if field.origin == "change"]
    acts = change.action != "update" and change.origin == "change"
    if change.desired is None or change.live is None:
        brought = []  # it is created or goes away as a whole
    if not (acts or brought):
        return None, change
    own, rest = parted(change, brought)
    return replace(own, origin="change") if own is not None and own.action == "update" else own, rest


def _carried(change: Change) -> Iterator[str]:
    """What was pending already and is applied with a change, because that cannot be written without it."""
    pending = [field for field in change.fields if field.origin == "pending"]
    if change.action in _COMES and (change.origin == "pending" or (change.action == "create" and pending)):
        yield f"{change.address}: its {_COMES[change.action]} was pending already and comes along with this change."
    if change.action not in WHOLE and pending:
        names = ", ".join(f"`{paths.show(field.path)}`" for field in pending)
        was, them = ("was", "it") if len(pending) == 1 else ("were", "them")
        yield f"{change.address}: {names} {was} pending already; this change cannot be applied without {them}."


def _refresh_digest(mark: MarkerRefresh) -> tuple[str, str, str]:
    """What a refreshed marker will say."""
    one = mark.desired
    ignored = [paths.show(path) for path in one.ignore]
    return str(mark.address), mark.live.id, digest([dict(one.fields), [*ignored], one.on_removal])


def same(one: Iterable[Desired], other: Iterable[Desired]) -> bool:
    """Whether two sets of manifests ask for the same, wherever in their files they do."""
    return {*map(_manifest_digest, one)} == {*map(_manifest_digest, other)}


def _manifest_digest(one: Desired) -> str:
    ignored: list[Json] = [paths.show(path) for path in one.ignore]
    own: list[Json] = [one.id, [*one.was], one.on_removal, ignored, [*sorted(map(paths.show, one.left_to_server))]]
    return digest([str(one.address), dict(one.fields), own])


def as_live(desired: Iterable[Desired], where: Target) -> tuple[Live, ...]:
    """The objects that an apply of these manifests would leave, where what is live is unknown."""
    return tuple(_as_live(one, where) for one in desired)


def unseen(plan: Plan, reason: str) -> Plan:
    """A plan that was made over such objects: their ids mean nothing."""
    changes = tuple(replace(change, id=None, seen=None, live=None) for change in plan.changes)
    return replace(plan, changes=changes, marks=(), offline=reason)


def _as_live(one: Desired, where: Target) -> Live:
    kind = KINDS[one.address.kind]
    stamp = markers.stamp(one, kind, (where.stack, where.environment), id=None, nonce="", commit=None)
    raw = {name: kind.wire(name, value, None) for name, value in one.fields.items()}
    return Live(kind=one.address.kind, id=f"({one.address})", fields=one.fields, raw=raw, marker=stamp)


def _identity_in_both(change: Change) -> str:
    """By what a change is the same one in both plans: the object, or the address where there is none yet."""
    if change.id is None or change.action == "delete":
        return f"{change.action} {change.address} {change.id}"
    return f"{change.address.kind} {change.id}"


def _known_by(objection: Objection) -> tuple[str, str, str]:
    return objection.code, str(objection.address), objection.message


def _with_origin(change: Change, other: Change | None) -> Change:
    known = {_value_digest(field) for field in other.fields} if other is not None else frozenset()
    fields = tuple(
        replace(field, origin="pending" if _value_digest(field) in known else "change") for field in change.fields
    )
    if other is None or change.action in WHOLE:
        same = other is not None and change.digest == other.digest
    else:
        same = (change.action, change.previous_key) == (other.action, other.previous_key)
    return replace(change, fields=fields, origin="pending" if same else "change")


def _value_digest(field: FieldChange) -> str:
    return digest([list(field.path), digest_input(field.before), digest_input(field.after)])


def _edited_before(plan: Plan, others: Mapping[str, Change]) -> Iterator[str]:
    """Fields that this change edits and that differ from what is live by an edit before it, which stays within it."""
    for change in plan.changes:
        other = others.get(_identity_in_both(change))
        if change.action in WHOLE or other is None or other.action in WHOLE:
            continue
        before = {field.path: field for field in other.fields if field.cause == "edit"}
        edited = [
            f.path for f in change.fields if f.path in before and _value_digest(f) != _value_digest(before[f.path])
        ]
        if edited:
            names = ", ".join(f"`{paths.show(path)}`" for path in edited)
            yield f"{change.address}: an earlier edit of {names} was never applied; what is left of it comes along."


def _settled_notes(plan: Plan, other: Plan) -> Iterator[str]:
    """What was pending and is no longer, because this change agrees with what is live or takes it back."""
    now = {_identity_in_both(change): {field.path for field in change.fields} for change in plan.changes}
    goes = {change.id for change in plan.changes if change.action == "delete"}
    for change in other.changes:
        kept = now.get(_identity_in_both(change))
        if kept is None and change.action in _DONE and change.id not in goes:
            yield f"{change.address}: it is to be {_DONE[change.action]} without this change, and no longer with it."
        elif change.action not in WHOLE and change.id not in goes:
            yield from _fields_settled(change, kept or set())


def _fields_settled(change: Change, kept: Collection[paths.Path]) -> Iterator[str]:
    gone = [field for field in change.fields if field.path not in kept]
    if gone:
        names = ", ".join(f"`{paths.show(field.path)}`" for field in gone)
        are = "is" if len(gone) == 1 else "are"
        yield f"{change.address}: {names} {are} pending without this change, and no longer with it."
