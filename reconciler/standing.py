"""How everything stands: what is ours and what is not, object by object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.canonical import Json
from reconciler.model import Change, Live, Mismatch, Plan
from reconciler.ownership import is_ours

_DOOMED = {
    "create": "to be created",
    "delete": "to be deleted",
    "adopt": "to be adopted",
    "rename": "to be renamed",
    "forget": "to be let go",
}
_CAUSES = {"conflict": "conflict", "edit": "edited", "drift": "drifted", "unknown": "changed", "adoption": "changed"}


@dataclass(frozen=True, slots=True)
class Standing:
    """One object, or one that is yet to be."""

    address: str | None
    id: str | None
    name: str | None
    model: str | None
    state: str
    commit: str | None = None
    mismatch: Mismatch | None = None


def standings(plan: Plan, live: Iterable[Live]) -> tuple[Standing, ...]:
    """What is ours by address, then what is unmanaged by id; a plan over the same live objects says how it stands."""
    objects = list(live)
    mismatches = {(one.address.kind, one.id): one for one in plan.mismatches}
    changing = {(change.address.kind, change.id): change for change in plan.changes}
    rows = [_row(one, changing.get((one.kind, one.id)), mismatches.get((one.kind, one.id)), plan) for one in objects]
    rows += [_coming(change) for change in plan.changes if change.id is None]
    return tuple(sorted(rows, key=lambda row: (row.address is None, row.address or "", row.id or "")))


def _row(one: Live, change: Change | None, mismatch: Mismatch | None, plan: Plan) -> Standing:
    ours = one.marker if is_ours(one, plan.where) else None
    address = str(change.address) if change else f"{one.kind}.{ours.key}" if ours else None
    twins = any(o.code == "duplicate" and str(o.address) == address for o in plan.objections)
    doubled = twins and (change is None or change.action == "delete")
    words = ["duplicate"] if ours and doubled else [_state(change)] if change else [] if ours else ["unmanaged"]
    state = ", ".join([*words, *(["mismatch"] if mismatch else [])]) or "in sync"
    commit = ours.commit if ours is not None else None
    return Standing(address, one.id, one.name, _text(one.fields.get("model")), state, commit, mismatch)


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _coming(change: Change) -> Standing:
    fields = change.desired.fields if change.desired is not None else {}
    name, model = _text(fields.get("name")), _text(fields.get("model"))
    return Standing(str(change.address), None, name, model, _state(change))


def _state(change: Change) -> str:
    if change.action in _DOOMED:
        return _DOOMED[change.action]
    return ", ".join(dict.fromkeys(_causes(change))) or "changed"


def _causes(change: Change) -> Iterator[str]:
    found = {field.cause for field in change.fields}
    yield from (word for cause, word in _CAUSES.items() if cause in found)
