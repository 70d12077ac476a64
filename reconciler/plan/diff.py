"""One desired × one live → the fields that differ, who moved each, and the smallest patch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from deepdiff import DeepDiff

from reconciler.canonical import ABSENT, Absent, Fields, Json, equal, plain
from reconciler.kinds import Kind
from reconciler.model import Cause, Desired, FieldChange, Live, Marker
from reconciler.paths import Path, at, copied, put, without
from reconciler.plan import marker as markers


@dataclass(frozen=True, slots=True)
class Comparison:
    """What separates a desired body from a live one, and the body that would end it."""

    fields: tuple[FieldChange, ...]
    patch: Mapping[str, Json]
    hidden: int
    newly_managed: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    """Fields that the server left different when they were sent, and that nobody has moved since."""

    @property
    def conflicts(self) -> tuple[FieldChange, ...]:
        return tuple(change for change in self.fields if change.cause == "conflict")


def compare(desired: Desired, live: Live, kind: Kind, base: Marker | None) -> Comparison:
    """What must change for the live object to be as desired; `base` is our marker on it, if any."""
    known = base if base is not None and _comparable(base, desired, kind) else None
    differing = {field: before for field in kind.fields for before in _before(field, desired, live, kind, known)}
    unsettled = tuple(
        f for f, have in differing.items() if known is not None and _unmoved(f, have, desired, kind, known)
    )
    differing = {field: before for field, before in differing.items() if field not in unsettled}
    differing.update(_companions(desired, live, kind, frozenset(differing)))
    changes = {
        field: found
        for field in kind.fields
        if field in differing and (found := tuple(_changes(field, differing[field], desired, kind, base, known)))
    }
    return Comparison(
        fields=tuple(
            replace(change, reason=kind.reset_reason(change.path, desired, changes))
            for found in changes.values()
            for change in found
        ),
        patch={field: wire(field, desired, live, kind) for field in changes},
        hidden=len(kind.fields) - len(changes),
        newly_managed=tuple(field for field in changes if known is not None and field not in known.digests),
        unsettled=unsettled,
    )


def differences(desired: Desired, live: Live, kind: Kind) -> Iterator[tuple[Path, Json | Absent, Json | Absent]]:
    """Every path where a live object is not what is desired: what is wanted there, and what it is."""
    for field in kind.fields:
        for before in _before(field, desired, live, kind, None):
            for path, got, wanted in _leaves(field, before, _after(field, desired, kind), kind):
                yield path, wanted, got


def whole(fields: Fields, kind: Kind, *, created: bool) -> tuple[FieldChange, ...]:
    """Everything that a new object will have, or that a doomed one has."""
    found: list[FieldChange] = []
    for field in kind.fields:
        if equal(fields[field], kind.default(field)):
            continue
        for path, value in kind.members(field, fields[field]).items():
            before, after = (ABSENT, value) if created else (value, ABSENT)
            found.append(FieldChange(path, before, after, "edit"))
    return tuple(found)


def _before(field: str, desired: Desired, live: Live, kind: Kind, known: Marker | None) -> Iterator[Json]:
    """The live value, where it is not as desired."""
    left = (p for p in desired.left_to_server if p[0] == field and not _is_set_by_us(p, live, kind, known))
    others = (*desired.untouched, *left)
    have = markers.less_ignored(field, live.fields[field], others, kind)
    want = markers.less_ignored(field, desired.fields[field], others, kind)
    if not isinstance(have, Absent) and not equal(have, want):
        yield have


def _companions(desired: Desired, live: Live, kind: Kind, changed: frozenset[str]) -> Iterator[tuple[str, Json]]:
    """What has to travel with the changed fields; nothing that is left to the dashboard does."""
    for field, before in kind.companions(desired, live, changed).items():
        have = markers.less_ignored(field, before, desired.untouched, kind)
        if any(path[0] == field for path in desired.left_to_server):  # the server rejects the change without it
            yield field, before
        elif not isinstance(have, Absent) and not equal(have, _after(field, desired, kind)):
            yield field, have


def _is_set_by_us(path: Path, live: Live, kind: Kind, known: Marker | None) -> bool:
    """Whether what is now left to the server still is what a manifest once stated: then it is reset, once."""
    there, have = at(live.fields[path[0]], path[1:])
    return known is not None and there and markers.applied(known, kind, path) == markers.short_digest(have)


def _unmoved(field: str, have: Json, desired: Desired, kind: Kind, known: Marker) -> bool:
    """Whether the server left the field as it is when this very value was sent: sending it again is no use."""
    want = markers.less_ignored(field, desired.fields[field], desired.untouched, kind)
    return known.unsettled.get(field) == markers.short_digest(have) and known.digests.get(
        field
    ) == markers.short_digest(want)


def _comparable(base: Marker, desired: Desired, kind: Kind) -> bool:
    return base.form == kind.form and base.ignored == markers.ignore_digest(desired.ignore)


def _after(field: str, desired: Desired, kind: Kind) -> Json:
    if (field,) in desired.left_to_server:
        return None
    value = markers.less_ignored(field, desired.fields[field], desired.untouched, kind)
    return None if isinstance(value, Absent) else value


def _changes(
    field: str, before: Json, desired: Desired, kind: Kind, base: Marker | None, known: Marker | None
) -> Iterator[FieldChange]:
    after = _after(field, desired, kind)
    sides = _Sides(field, before, after, kind.members(field, before), kind.members(field, after))
    for path, got, wanted in _leaves(field, before, after, kind):
        is_reset = base is not None and path in desired.left_to_server
        yield FieldChange(path, got, wanted, "edit" if is_reset else _cause(path, sides, kind, base, known))


@dataclass(frozen=True, slots=True)
class _Sides:
    """One field on both sides, whole and by members."""

    field: str
    before: Json
    after: Json
    members_before: Mapping[Path, Json]
    members_after: Mapping[Path, Json]


def _cause(path: Path, sides: _Sides, kind: Kind, base: Marker | None, known: Marker | None) -> Cause:
    if base is None:
        return "adoption"
    if known is None:
        return "unknown"
    if known.unsettled.get(sides.field) == markers.short_digest(sides.before):
        return "edit"  # what the server made of the last write is nobody's change
    member = next(part for part in (*sides.members_before, *sides.members_after) if path[: len(part)] == part)
    applied = markers.applied(known, kind, member) if len(member) > 1 else None
    if applied is None:
        applied = markers.applied(known, kind, (sides.field,))
        if applied == markers.short_digest(_less_chosen(sides, kind)):
            return "edit"  # whatever else is live there was the server's choice, and nobody's change
        return _moved(markers.short_digest(sides.before), markers.short_digest(sides.after), applied)
    have, want = sides.members_before.get(member, ABSENT), sides.members_after.get(member, ABSENT)
    if member in kind.chosen and applied == markers.short_digest(ABSENT):
        return "edit"
    return _moved(markers.short_digest(have), markers.short_digest(want), applied)


def _less_chosen(sides: _Sides, kind: Kind) -> Json:
    """What the field was before without what a server chooses of it for every model."""
    value = sides.before
    for path in kind.chosen:
        if path[0] == sides.field and (len(path) > 1 or kind.default(path[0]) is None):
            value = without(value, path[1:]) if len(path) > 1 else None
    return value


def _moved(have: str, want: str, applied: str | None) -> Cause:
    if applied is None:
        return "unknown"
    if have == applied:
        return "edit"
    return "drift" if want == applied else "conflict"


def _leaves(field: str, before: Json, after: Json, kind: Kind) -> Iterator[tuple[Path, Json | Absent, Json | Absent]]:
    have, want = kind.members(field, before), kind.members(field, after)
    for path in sorted(have.keys() | want.keys()):
        got, wanted = have.get(path, ABSENT), want.get(path, ABSENT)
        if not equal(got, wanted):
            yield from _inside(path, got, wanted)


def _inside(
    path: Path, before: Json | Absent, after: Json | Absent
) -> Iterator[tuple[Path, Json | Absent, Json | Absent]]:
    """The smallest paths that differ; lists and texts count as one."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield path, before, after
        return
    tree = DeepDiff(
        plain(before),
        plain(after),
        view="tree",
        threshold_to_diff_deeper=0,
        verbose_level=2,
        ignore_private_variables=False,  # else a member called `__typename` would change unseen
    )
    steps = {_steps(node.path(output_format="list")) for nodes in tree.values() for node in nodes}
    for inner in sorted(steps):
        yield (*path, *inner), _member_at(before, inner), _member_at(after, inner)


def _steps(found: list[str | int]) -> Path:
    """The path as far as the first list, which is compared as a whole."""
    kept: list[str] = []
    for step in found:
        if not isinstance(step, str):
            break
        kept.append(step)
    return tuple(kept)


def _member_at(value: Json, path: Path) -> Json | Absent:
    there, member = at(value, path)
    return member if there else ABSENT


def wire(field: str, desired: Desired, live: Live, kind: Kind) -> Json:
    """The field as it will be sent: what is desired, with what is left to others or to later as it is live."""
    if (field,) in desired.left_to_server:
        return None
    value = result(desired, live, kind)[field]
    for path in desired.ignore:
        if path[0] == field and len(path) > 1:
            there, member = at(live.fields[field], path[1:])
            value = put(value, path[1:], member) if there else _dropped(value, field, path, kind)
    return kind.wire(field, value, live)


def result(desired: Desired, live: Live, kind: Kind) -> Fields:
    """What is desired, with what is held as it is live."""
    fields = dict(desired.fields)
    for path in desired.held:
        if path[0] in fields:
            field, have = path[0], live.fields[path[0]]
            fields[field] = kind.tidy(field, copied(fields[field], path[1:], have)) if len(path) > 1 else have
    return fields


def _dropped(value: Json, field: str, path: Path, kind: Kind) -> Json:
    rest = markers.less_ignored(field, value, (path,), kind)
    return None if isinstance(rest, Absent) else rest
