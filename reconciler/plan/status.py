"""The status of every object: what is managed and what is not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.model import Address, Change, Live, LostMarker, Mismatch, Plan
from reconciler.plan.objections import API_GONE
from reconciler.plan.ownership import is_ours, other_manager

_PENDING = {
    "create": "to be created",
    "delete": "to be deleted",
    "adopt": "to be adopted",
    "rename": "to be renamed",
    "forget": "to be forgotten",
}
_CAUSES = {"conflict": "conflict", "edit": "edited", "drift": "drifted", "unknown": "changed", "adoption": "changed"}


MARKER_LOST = "marker lost"
API_NOT_FOUND = "API not found"
ID_NOT_FOUND = "id not found"
_ABSENT = {API_GONE: API_NOT_FOUND, "id-not-found": ID_NOT_FOUND}


@dataclass(frozen=True, slots=True)
class Standing:
    """One object, or one that is yet to be."""

    address: str | None
    id: str | None
    values: Mapping[str, str | None]
    """What tells it from others of its kind, by field."""
    state: str
    commit: str | None = None
    mismatch: Mismatch | None = None
    owner: str | None = None
    """The other stack and environment that manage it, such as the preview stack of a pull request."""


def standings(plan: Plan, live: Iterable[Live]) -> tuple[Standing, ...]:
    """What is managed here by address, then by name what is unmanaged, and what each other stack manages.

    A plan over the same live objects says how it stands.
    """
    objects = list(live)
    mismatches = {(one.address.kind, one.id): one for one in plan.mismatches}
    changing = {(change.address.kind, change.id): change for change in plan.changes}
    doubled = {str(objection.address) for objection in plan.objections if objection.code == "duplicate"}
    lost = {one.live.identity: one for one in plan.lost}
    rows = [
        _with_lost_marker(
            _live_standing(one, changing.get(one.identity), mismatches.get(one.identity), plan, doubled),
            lost.get(one.identity),
        )
        for one in objects
    ]
    absent = _absent(plan)
    missed = {one.address for one in plan.lost if one.certain}
    rows += [_new_standing(c, absent) for c in plan.changes if c.id is None and c.address not in missed]
    named = {row.address for row in rows}
    rows += [Standing(str(each), None, {}, state) for each, state in absent.items() if str(each) not in named]
    return tuple(sorted(rows, key=_order))


def _absent(plan: Plan) -> dict[Address, str]:
    """What manifests want and nobody can see, by its address, and why."""
    return {
        address: _ABSENT[objection.code]
        for objection in plan.objections
        if objection.code in _ABSENT
        for address in objection.holds
    }


def _order(row: Standing) -> tuple[bool, str, str, bool, str, str]:
    name = (row.values.get("name") or "").casefold() if row.address is None else ""
    return row.address is None, row.owner or "", row.address or "", not name, name, row.id or ""


def _other_owner(one: Live, plan: Plan) -> str | None:
    """Which other stack and environment manage the object."""
    marker = other_manager(one, plan.where)
    return f"{marker.stack}/{marker.environment}" if marker is not None else None


def _live_standing(
    one: Live, change: Change | None, mismatch: Mismatch | None, plan: Plan, doubled: Collection[str]
) -> Standing:
    ours = one.marker if is_ours(one, plan.where) else None
    address = str(change.address) if change else str(one.address) if ours else None
    is_doubled = address in doubled and (change is None or change.action == "delete")
    words = (
        ["duplicate"] if ours and is_doubled else [_change_state(change)] if change else [] if ours else ["unmanaged"]
    )
    state = ", ".join([*words, *(["mismatch"] if mismatch else [])]) or "in sync"
    commit = ours.commit if ours is not None else None
    owner = _other_owner(one, plan) if address is None else None
    return Standing(address, one.id, _values(one.kind, one.fields), state, commit, mismatch, owner)


def _with_lost_marker(row: Standing, lost: LostMarker | None) -> Standing:
    """The row, which also says that the marker is lost, or may be."""
    if lost is None:
        return row
    if not lost.certain:
        return replace(row, state=f"{row.state}, {MARKER_LOST}?")
    is_adopted = row.address is not None
    return replace(row, address=str(lost.address), state=f"{row.state}, {MARKER_LOST}" if is_adopted else MARKER_LOST)


def _values(kind: str, fields: Mapping[str, Json]) -> dict[str, str | None]:
    stated = {name: fields.get(name) for name in KINDS[kind].columns}
    return {name: value if isinstance(value, str) else None for name, value in stated.items()}


def _new_standing(change: Change, absent: Mapping[Address, str]) -> Standing:
    fields = change.desired.fields if change.desired is not None else {}
    state = absent.get(change.address) or _change_state(change)
    return Standing(str(change.address), None, _values(change.address.kind, fields), state)


def _change_state(change: Change) -> str:
    if change.action in _PENDING:
        return _PENDING[change.action]
    return ", ".join(dict.fromkeys(_cause_words(change))) or "changed"


def _cause_words(change: Change) -> Iterator[str]:
    causes = {field.cause for field in change.fields}
    yield from (word for cause, word in _CAUSES.items() if cause in causes)
