"""One desired × one live → the fields that differ, who changed each, and the smallest patch."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from reconciler.canonical import ABSENT, Absent, Fields, Json, equal, plain
from reconciler.kinds import Kind
from reconciler.model import Cause, Desired, Difference, FieldChange, Live, Marker
from reconciler.paths import Path, at, copied, put, without
from reconciler.plan import marker as markers
from reconciler.plan.marker import short_digest

PathValues: TypeAlias = tuple[Path, Json | Absent, Json | Absent]
"""A path, and what is there on two sides."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What separates a desired body from a live one, and the body that would end it."""

    fields: tuple[FieldChange, ...]
    patch: Mapping[str, Json]
    hidden: int
    newly_managed: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    """Fields that the server left different when they were sent, and that have not changed since."""


def compare(desired: Desired, live: Live, kind: Kind, base: Marker | None) -> Comparison:
    """What must change for the live object to be as desired; `base` is our marker on it, if any."""
    pair = _Pair(desired, live, kind, base)
    known = pair.known()
    differing = pair.differing(known)
    unsettled = tuple(f for f, have in differing.items() if known is not None and pair.is_unsettled(f, have, known))
    differing = {field: before for field, before in differing.items() if field not in unsettled}
    differing.update([*pair.companions(differing), *pair.resets(differing)])
    changes = {
        field: smallest
        for field in kind.fields
        if field in differing and (smallest := tuple(pair.changes(field, differing[field], known)))
    }
    fields = [
        replace(change, reason=kind.reset_reason(change.path, desired, changes))
        for smallest in changes.values()
        for change in smallest
    ]
    if base is not None and base.on_removal != desired.on_removal:
        fields.append(FieldChange(("reconciler", "on_removal"), base.on_removal, desired.on_removal, "edit"))
    return Comparison(
        fields=tuple(fields),
        patch={field: wire(field, desired, live, kind) for field in changes},
        hidden=len(kind.fields) - len(changes),
        newly_managed=tuple(field for field in changes if known is not None and field not in known.digests),
        unsettled=unsettled,
    )


def differences(desired: Desired, live: Live, kind: Kind) -> Iterator[Difference]:
    """Every path where a live object is not what is desired."""
    pair = _Pair(desired, live, kind)
    for field, before in pair.differing(None).items():
        for path, have, want in _leaves(kind.members(field, before), kind.members(field, pair.after(field))):
            yield Difference(path, want, have)


def field_differences(before: Fields, after: Fields, kind: Kind) -> Iterator[PathValues]:
    """The smallest paths at which two bodies differ, field by field."""
    for field in kind.fields:
        yield from _leaves(kind.members(field, before[field]), kind.members(field, after[field]))


def whole(fields: Fields, kind: Kind, *, created: bool) -> tuple[FieldChange, ...]:
    """Everything that a new object will have, or that one to be deleted has."""
    stated = (field for field in kind.fields if not equal(fields[field], kind.default(field)))
    members = (member for field in stated for member in kind.members(field, fields[field]).items())
    sides = ((path, (ABSENT, value) if created else (value, ABSENT)) for path, value in members)
    return tuple(FieldChange(path, before, after, "edit") for path, (before, after) in sides)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A desired body and a live one, with our marker on it."""

    desired: Desired
    live: Live
    kind: Kind
    base: Marker | None = None

    def known(self) -> Marker | None:
        """The marker, where what it remembers can be compared."""
        base, ignored = self.base, markers.ignore_digest(self.desired.ignore)
        return base if base is not None and (base.form, base.ignored) == (self.kind.form, ignored) else None

    def less(self, value: Json, field: str, paths: Collection[Path]) -> Json | Absent:
        return markers.less_ignored(field, value, paths, self.kind)

    def wanted(self, field: str) -> Json | Absent:
        return self.less(self.desired.fields[field], field, self.desired.untouched)

    def differing(self, known: Marker | None) -> dict[str, Json]:
        """The live values that are not as desired, less what is chosen to others."""
        chosen = [path for path in self.desired.left_to_server if not self._is_set_by_us(path, known)]
        others = (*self.desired.untouched, *chosen)
        live_values: dict[str, Json] = {}
        for field in self.kind.fields:
            have = self.less(self.live.fields[field], field, others)
            if not isinstance(have, Absent) and not equal(have, self.less(self.desired.fields[field], field, others)):
                live_values[field] = have
        return live_values

    def companions(self, changed: Collection[str]) -> Iterator[tuple[str, Json]]:
        """What has to travel with the changed fields; nothing that is left to the dashboard does."""
        for field, before in self.kind.companions(self.desired, self.live, changed).items():
            have = self.less(before, field, self.desired.untouched)
            if not isinstance(have, Absent) and not equal(have, self.after(field)):
                yield field, have

    def resets(self, changed: Collection[str]) -> Iterator[tuple[str, Json]]:
        """The fields in which the server chooses anew with the changed ones, with that part as it is live."""
        paths = self.kind.resets(self.desired, self.live, changed)
        others = {*self.desired.untouched, *self.desired.left_to_server} - paths
        haves = ((field, self.less(self.live.fields[field], field, others)) for field in {path[0] for path in paths})
        yield from ((field, have) for field, have in haves if not isinstance(have, Absent))

    def _is_set_by_us(self, path: Path, known: Marker | None) -> bool:
        """Whether what is now left to the server still is what a manifest once stated: then it is reset, once."""
        if known is None or isinstance(at(dict(self.live.fields), path), Absent):
            return False
        members = self.kind.members(path[0], self.live.fields[path[0]])
        part = next(part for part in members if path[: len(part)] == part)
        return markers.applied(known, part) == short_digest(members[part])

    def is_unsettled(self, field: str, have: Json, known: Marker) -> bool:
        """Whether the server left the field as it is when this very value was sent: sending it again is no use."""
        sent = short_digest(self.wanted(field))
        return known.unsettled.get(field) == short_digest(have) and known.digests.get(field) == sent

    def after(self, field: str) -> Json:
        """What the field is to become; null where that is left to others."""
        value = ABSENT if (field,) in self.desired.left_to_server else self.wanted(field)
        return None if isinstance(value, Absent) else value

    def changes(self, field: str, before: Json, known: Marker | None) -> Iterator[FieldChange]:
        """The smallest changes of a field, each with who made it."""
        after = self.after(field)
        have, want = self.kind.members(field, before), self.kind.members(field, after)
        parts = ({(field,): before, **have}, {(field,): after, **want})
        for path, one, other in _leaves(have, want):
            yield FieldChange(path, one, other, self._cause(path, *parts, known))

    def _cause(self, path: Path, have: Mapping[Path, Json], want: Mapping[Path, Json], known: Marker | None) -> Cause:
        """Who changed what is at a path, by the digest that the last apply left for its member, else for its field."""
        if self.base is None:
            return "adoption"
        if path in self.desired.left_to_server:
            return "edit"
        field = path[:1]
        if known is None:
            return "unknown"
        if known.unsettled.get(path[0]) in self._digests(field, have[field]):
            return "edit"  # what the server made of the last write is nobody's change
        part = max((part for part in (*have, *want) if path[: len(part)] == part), key=len)
        applied = markers.applied(known, part)
        if applied is None:
            part, applied = field, markers.applied(known, field)
        if applied is None:
            return "unknown"
        whole, unchosen = self._digests(part, have.get(part, ABSENT))
        if applied == whole:
            return "edit"
        if applied == short_digest(want.get(part, ABSENT)):
            return "drift"
        return "edit" if applied == unchosen else "conflict"

    def _digests(self, part: Path, value: Json | Absent) -> tuple[str, str]:
        """What a marker may remember of a live value: with and without what the server chose in it."""
        return short_digest(value), short_digest(self.kind.less_chosen(part, value))


def _leaves(have: Mapping[Path, Json], want: Mapping[Path, Json]) -> Iterator[PathValues]:
    for path in sorted(have.keys() | want.keys()):
        one, other = have.get(path, ABSENT), want.get(path, ABSENT)
        if not equal(one, other):
            yield from smallest_differences(path, one, other)


def smallest_differences(path: Path, before: Json | Absent, after: Json | Absent) -> Iterator[PathValues]:
    """The smallest paths that differ, below a path; lists and texts count as one."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        yield path, before, after
        return
    from deepdiff import DeepDiff

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
        yield (*path, *inner), at(before, inner), at(after, inner)


def _steps(path: list[str | int]) -> Path:
    """The path as far as the first list, which is compared as a whole."""
    end = next((index for index, step in enumerate(path) if not isinstance(step, str)), len(path))
    return tuple(str(step) for step in path[:end])


def wire(field: str, desired: Desired, live: Live, kind: Kind) -> Json:
    """The field as it will be sent: what is desired, with what is left to others or to later as it is live."""
    if (field,) in desired.left_to_server:
        return None
    value = result(desired, live, kind)[field]
    for path in desired.ignore:
        if path[0] == field and len(path) > 1:
            member = at(live.fields[field], path[1:])
            if isinstance(member, Absent):
                value = kind.tidy(field, without(value, path[1:]))
            else:
                value = put(value, path[1:], member)
    return kind.wire(field, value, live)


def result(desired: Desired, live: Live, kind: Kind) -> Fields:
    """What is desired, with what is held as it is live."""
    fields = dict(desired.fields)
    for path in desired.held:
        if path[0] in fields:
            field, have = path[0], live.fields[path[0]]
            fields[field] = kind.tidy(field, copied(fields[field], path[1:], have)) if len(path) > 1 else have
    return fields
