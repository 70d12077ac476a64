"""Single changes: what each does, what it sends, and the digest by which it is known again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler import marker as markers
from reconciler.canonical import Absent, Json, digest
from reconciler.diff import Comparison, whole
from reconciler.kinds import KINDS, Kind
from reconciler.meaning import meanings
from reconciler.model import Action, Address, Change, Desired, FieldChange, Live, Marker, Meaning, Objection, Where
from reconciler.paths import Path


def creation(desired: Desired, kind: Kind) -> Change:
    """A new object, with what is stated and no default."""
    patch = {
        name: kind.wire(name, desired.fields[name], None)
        for name in kind.fields
        if name not in desired.left_to_server and digest(desired.fields[name]) != digest(kind.default(name))
    }
    fields = whole(desired.fields, kind, created=True)
    return _change("create", desired.address, None, fields, patch=patch, desired=desired)


def updated(
    action: Action,
    desired: Desired,
    live: Live,
    compared: Comparison,
    where: Where,
    *,
    fields: tuple[FieldChange, ...],
    previous: Marker | None = None,
) -> Change:
    """A live object that becomes as desired, or at least ours."""
    return replace(
        _change(action, desired.address, live, fields, patch=compared.patch, desired=desired),
        hidden=compared.hidden,
        meanings=_meanings(compared, live, desired),
        previous_key=previous.key if previous else None,
        previous_stack=previous.stack if previous and previous.stack != where.stack else None,
    )


def with_removal(compared: Comparison, desired: Desired, live: Live, *, ours: bool) -> tuple[FieldChange, ...]:
    """The field changes, and what the object itself remembers about its removal where that changes."""
    if not ours or live.marker is None or live.marker.on_removal == desired.on_removal:
        return compared.fields
    remembered = FieldChange(("reconciler", "on_removal"), live.marker.on_removal, desired.on_removal, "edit")
    return (*compared.fields, remembered)


def _meanings(compared: Comparison, live: Live, desired: Desired) -> tuple[tuple[Path, Meaning], ...]:
    """What the schemas that change mean, where there was one before and is one after."""
    kind = KINDS[live.kind]
    changed = {field.path[:1] for field in compared.fields}
    before, after = kind.schemas(live.fields), kind.schemas(desired.fields)
    return tuple(
        (path, meaning)
        for path in sorted(before.keys() & after.keys())
        if path[:1] in changed
        for meaning in meanings(before[path], after[path])
    )


def removal(action: Action, live: Live, kind: Kind) -> Change:
    """A live object that goes, or that is let go of."""
    fields = whole(live.fields, kind, created=False) if action == "delete" else ()
    return _change(action, address_of(live), live, fields)


def _change(
    action: Action,
    address: Address,
    live: Live | None,
    fields: tuple[FieldChange, ...] = (),
    *,
    patch: Mapping[str, Json] | None = None,
    desired: Desired | None = None,
) -> Change:
    id = live.id if live is not None else None
    return Change(
        action=action,
        address=address,
        id=id,
        digest=change_digest(action, address, id, fields),
        fields=fields,
        patch=patch or {},
        seen=seen(live, desired) if live is not None else None,
        desired=desired,
        live=live,
    )


def change_digest(action: Action, address: Address, id: str | None, fields: Iterable[FieldChange]) -> str:
    """What a review agrees to: kind, key, id, action, and every path with its values."""
    listed: list[Json] = [[list(change.path), told(change.before), told(change.after)] for change in fields]
    return digest([address.kind, address.key, id, action, listed])


def told(value: Json | Absent) -> list[Json]:
    """A value within a digest, apart from there being none."""
    return [] if isinstance(value, Absent) else [value]


def conflict(address: Address, fields: Iterable[FieldChange]) -> Objection | None:
    """The objection to fields that changed on both sides; None where none did."""
    names = ", ".join(sorted({f"`{change.path[0]}`" for change in fields if change.cause == "conflict"}))
    if not names:
        return None
    return Objection(
        code="conflict",
        message=f"{names} changed in Git and in the live object since the last apply.",
        remedy="take the live value into the manifest, or allow Git to overwrite it",
        address=address,
        holds=frozenset({address}),
    )


def address_of(live: Live) -> Address:
    """What a live object is called here; one that is not ours by its id."""
    return Address(live.kind, live.marker.key if live.marker else live.id)


def seen(live: Live, desired: Desired | None = None) -> str:
    """A digest of everything about a live object that a plan relied on: not what is left to others."""
    owner: list[Json] = [live.marker.stack, live.marker.environment, live.marker.key] if live.marker else []
    ignore = desired.ignore if desired is not None else ()
    left = desired.left_to_server if desired is not None else frozenset()
    kind = KINDS[live.kind]
    relied = {f: markers.less_ignored(f, value, ignore, kind) for f, value in live.fields.items() if f not in left}
    return digest({"fields": {f: v for f, v in relied.items() if not isinstance(v, Absent)}, "owner": owner})
