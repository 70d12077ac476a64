"""What speaks against a finished plan as a whole: creates that double, deletes that are too many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.canonical import Json, digest
from reconciler.kinds import Kind
from reconciler.model import Address, Change, Live, Objection, Where
from reconciler.ownership import Ownership, is_copy

OBJECTIONS: dict[str, str] = {
    "conflict": "A field changed in Git and in the live object since the last apply.",
    "duplicate": "Several live objects carry one address.",
    "id-gone": "A manifest names an id that is not live.",
    "looks-like": "A create whose name or content is that of an object which is not ours, or about to go.",
    "no-manifests": "Nothing is desired while something of ours is live.",
    "no-room": "A live object has sixteen metadata pairs, which leaves no room for the marker.",
    "other-environment": "The object that a manifest names is stamped by another environment.",
    "other-stack": "The object that a manifest names is stamped by another stack.",
    "refused-removal": "The manifest of an object with `on_removal: refuse` is gone.",
    "renamed-twice": "Both a key and one it had before are live.",
    "too-many-changes": "More changes than `limits.changes` allows.",
    "too-many-deletes": "More deletes than `limits.deletes` allows, by default a fifth of ours.",
}
_SHARE = 20
_PAIRS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How many changes a plan may hold before a person is asked: a number, or a share of ours like `30%`."""

    deletes: int | str | None = None
    changes: int | str | None = None


def guard(
    changes: Sequence[Change], ownership: Ownership, where: Where, limits: Limits, kinds: Mapping[str, Kind]
) -> Iterator[Objection]:
    """Every objection that needs the whole plan to be seen."""
    yield from _looks_like(changes, ownership, where, kinds)
    yield from _refused_removals(changes)
    yield from _no_room(changes)
    deletes = [change for change in changes if change.action == "delete"]
    if not ownership.claims and ownership.ours:
        message = f"Nothing is desired, and {len(ownership.ours)} live objects are ours."
        remedy = "look whether the manifests are where `reconciler.yaml` says"
        yield _of_many("no-manifests", message, remedy, (change for change in changes))
    yield from _too_many_deletes(deletes, len(ownership.ours), limits)
    yield from _too_many_changes(changes, len(ownership.ours), limits)


def _looks_like(
    changes: Sequence[Change], ownership: Ownership, where: Where, kinds: Mapping[str, Kind]
) -> Iterator[Objection]:
    creates = [change for change in changes if change.action == "create"]
    if not creates:
        return
    leaving = [c.live for c in changes if c.action in ("delete", "forget") and c.live is not None]
    renamed = [c.live for c in changes if c.action == "rename" and c.live is not None]
    strangers = [one for one in ownership.unmanaged if _could_be_ours(one, where)]
    by_look: dict[str, list[Live]] = {}
    for one in (*leaving, *renamed, *strangers):
        for look in _looks(one.kind, one.fields, kinds):
            by_look.setdefault(look, []).append(one)
    for change in creates:
        yield from _alike(change, by_look, kinds)


def _could_be_ours(live: Live, where: Where) -> bool:
    """An object without a marker, a copy, or one of this stack in an environment that was renamed."""
    marker = live.marker
    return marker is None or is_copy(live, where) or marker.stack in (where.stack, *where.former_stacks)


def _looks(kind: str, fields: Mapping[str, Json], kinds: Mapping[str, Kind]) -> Iterator[str]:
    yield digest([kind, "form", dict(fields)])
    if fields.get("name") is not None:
        yield digest([kind, "name", fields["name"]])


def _alike(change: Change, by_look: Mapping[str, Sequence[Live]], kinds: Mapping[str, Kind]) -> Iterator[Objection]:
    if change.desired is None:
        return
    found = {
        one.id: one
        for look in _looks(change.address.kind, change.desired.fields, kinds)
        for one in by_look.get(look, ())
    }
    if not found:
        return
    one = found[min(found)]
    ids = ", ".join(sorted(found))
    yield Objection(
        code="looks-like",
        message=f"A new {change.address.kind} is asked for, and {ids} looks the same.",
        remedy=_line_to_paste(one, change),
        address=change.address,
        holds=frozenset({change.address, *_addresses(found.values())}),
    )


def _addresses(alike: Iterable[Live]) -> Iterator[Address]:
    """What is alike and ours is held back too: a rename that nobody declared must not destroy its half."""
    yield from (Address(one.kind, one.marker.key) for one in alike if one.marker is not None)


def _line_to_paste(one: Live, change: Change) -> str:
    place = change.place.file if change.place else "the manifest"
    if one.marker is not None and one.marker.key != change.address.key:
        return f"if it was renamed, write under `reconciler:` in {place}: `was: [{one.marker.key}]`"
    return f"if it is the same one, write under `reconciler:` in {place}: `id: {one.id}`"


def _refused_removals(changes: Iterable[Change]) -> Iterator[Objection]:
    for change in changes:
        marker = change.live.marker if change.live is not None else None
        if change.action == "delete" and marker is not None and marker.on_removal == "refuse":
            yield Objection(
                code="refused-removal",
                message=f"{change.id} was applied with `on_removal: refuse`, and its manifest is gone.",
                remedy=f"bring the manifest back, or let go of it with `reconciler forget {change.address.key}`",
                address=change.address,
                holds=frozenset({change.address}),
            )


def _no_room(changes: Iterable[Change]) -> Iterator[Objection]:
    for change in changes:
        metadata = change.live.raw.get("metadata") if change.live is not None else None
        if change.action == "adopt" and isinstance(metadata, dict) and len(metadata) >= _PAIRS:
            if "reconciler" in metadata:
                continue
            yield Objection(
                code="no-room",
                message=f"{change.id} has {len(metadata)} metadata pairs, which leaves no room for the marker.",
                remedy="take one pair out in the dashboard; where the server replaces metadata, it may be allowed",
                address=change.address,
                holds=frozenset({change.address}),
            )


def _too_many_deletes(deletes: Sequence[Change], ours: int, limits: Limits) -> Iterator[Objection]:
    most = max(1, ours * _SHARE // 100) if limits.deletes is None else _count(limits.deletes, ours)
    if len(deletes) > most:
        message = f"{len(deletes)} of {ours} would be destroyed; {most} may be without asking."
        remedy = "look twice; raise `limits.deletes` if this is how you work"
        yield _of_many("too-many-deletes", message, remedy, deletes)


def _too_many_changes(changes: Sequence[Change], ours: int, limits: Limits) -> Iterator[Objection]:
    if limits.changes is None:
        return
    most = _count(limits.changes, ours)
    if len(changes) > most:
        message = f"{len(changes)} changes; `limits.changes` allows {most}."
        yield _of_many("too-many-changes", message, "look twice, or raise the limit", changes)


def _count(limit: int | str, ours: int) -> int:
    return limit if isinstance(limit, int) else max(1, ours * int(limit.removesuffix("%")) // 100)


def _of_many(code: str, message: str, remedy: str, held: Iterable[Change]) -> Objection:
    return Objection(code, message, remedy, holds=frozenset(change.address for change in held))
