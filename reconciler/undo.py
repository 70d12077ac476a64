"""What an apply did × what is live now → a plan back to how things were before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler import marker as markers
from reconciler.canonical import Json, digest
from reconciler.changes import conflict, creation, removal, updated
from reconciler.diagnostics import Place
from reconciler.diff import compare
from reconciler.guards import GONE, Limits, too_many
from reconciler.kinds import KINDS, Kind
from reconciler.model import Action, Address, Change, Desired, Live, Marker, Objection, Plan, Where
from reconciler.ownership import is_ours
from reconciler.past import Step


def undo(steps: Sequence[Step], nonce: str, live: Iterable[Live], where: Where, source: str) -> Plan:
    """The plan that brings everything back that the steps changed; what is back already is left out."""
    objects = list(live)
    first: dict[tuple[str, str], Step] = {}
    for step in steps:
        first.setdefault((step.kind, step.id or step.key), step)
    changes: list[Change] = []
    objections: list[Objection] = []
    notes: list[str] = []
    for step in first.values():
        for change in _undone(step, nonce, objects, where, source):
            changes.append(change)
            objections += [objection] if (objection := conflict(change.address, change.fields)) else []
            notes += (
                [f"{change.address} comes back under a new id; it was {step.id}."] if step.action == "delete" else []
            )
    ours = [one for one in objects if is_ours(one, where)]
    ordered = tuple(sorted(changes, key=lambda change: (change.address, change.action, change.id or "")))
    deletes = [change for change in ordered if change.action == "delete"]
    return Plan(
        where=where,
        changes=ordered,
        objections=(*objections, *too_many(ordered, deletes, len(ours), Limits(deletes=len(steps)))),
        notes=tuple(notes),
        unmanaged=len(objects) - len(ours),
        ours=len(ours),
        selected=True,
    )


def rejected(steps: Iterable[Step]) -> dict[str, str]:
    """By address, what a rollback of the steps rejects."""
    return {step.address: step.wanted or GONE for step in steps if step.action != "mark"}


def _undone(step: Step, nonce: str, live: Sequence[Live], where: Where, source: str) -> Iterator[Change]:
    """The change that undoes one step, if there is anything left to undo."""
    kind = KINDS[step.kind]
    if step.before is None:
        yield from (removal("delete", one, kind) for one in live if _was_made(one, step, nonce))
        return
    before = _live(step.before, kind)
    now = next((one for one in live if one.kind == step.kind and one.id == before.id), None)
    desired = _desired(before, step, kind, source)
    if now is None:
        yield creation(desired, kind)
        return
    base = now.marker if is_ours(now, where) else None
    compared = compare(desired, now, kind, base)
    action = _action(before, now, where)
    if not compared.fields and action == "update":
        return
    previous = now.marker if action == "rename" else None
    yield updated(action, desired, now, compared, where, fields=compared.fields, previous=previous)


def _action(before: Live, now: Live, where: Where) -> Action:
    was, is_now = is_ours(before, where), is_ours(now, where)
    if was != is_now:
        return "adopt" if was else "forget"
    moved = before.marker is not None and now.marker is not None and before.marker.key != now.marker.key
    return "rename" if moved else "update"


def _was_made(live: Live, step: Step, nonce: str) -> bool:
    if live.kind != step.kind:
        return False
    if step.id is not None:
        return live.id == step.id
    return live.marker is not None and live.marker.nonce == nonce and live.marker.key == step.key


def _live(raw: Mapping[str, Json], kind: Kind) -> Live:
    metadata = raw.get("metadata")
    text = metadata.get(markers.KEY) if isinstance(metadata, dict) else None
    return Live(kind.name, str(raw.get("id")), kind.read(raw), raw, markers.decode(text, kind))


def _desired(before: Live, step: Step, kind: Kind, source: str) -> Desired:
    """The object as it was, as if a manifest said so."""
    marker = before.marker
    left = frozenset(name for name in kind.chosen if not _was_stated(name, before, marker))
    return Desired(
        address=Address(kind.name, marker.key if marker is not None else step.key),
        fields=before.fields,
        place=Place(source),
        left_to_server=left,
        on_removal=marker.on_removal if marker is not None else "delete",
    )


def _was_stated(name: str, before: Live, marker: Marker | None) -> bool:
    """Whether a value that servers choose had been stated: then it is brought back, else left to the server."""
    if before.raw.get(name) is None:
        return False
    return marker is None or marker.digests.get(name) == digest(before.fields[name], 6)
