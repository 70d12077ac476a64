"""What a pull takes of a live object: changes on the server alone, merged texts, and decided values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from reconciler.canonical import Absent, Fields, Json, equal
from reconciler.kinds import KINDS, Kind, ServerTraits
from reconciler.model import Address, Change, Desired, FieldChange, Live, Plan
from reconciler.paths import Path, at, put, without

Side: TypeAlias = Literal["live", "git"]
Merge: TypeAlias = Callable[[str, str, str], str | None]
"""The base, Git's and the live text → the text with both edits; None if they overlap."""


@dataclass(frozen=True, slots=True)
class Taken:
    """The fields of one live object that differ from its manifest, by what a pull does with them."""

    desired: Desired
    values: Mapping[Path, Json | Absent] = field(default_factory=dict)
    """By path, what Git is to state there."""
    merged: frozenset[Path] = frozenset()
    """Those of them that are merged texts."""
    undecided: tuple[FieldChange, ...] = ()
    """What changed on both sides, or may have."""
    kept: tuple[FieldChange, ...] = ()
    """What differs and stays as Git states it."""

    @property
    def address(self) -> Address:
        return self.desired.address

    def after(self) -> Fields:
        """The body that the manifest must state, in normal form."""
        kind, fields = KINDS[self.address.kind], dict(self.desired.fields)
        for path, value in sorted(self.values.items()):
            fields[path[0]] = _with_value(fields[path[0]], path, value, kind)
        return fields

    @property
    def overlap(self) -> FieldChange | None:
        """The prompt, if both sides changed it and the edits cannot be merged."""
        prompt = KINDS[self.address.kind].prompt
        return next((f for f in self.undecided if f.path == prompt and _is_overlap(f)), None)


def taken_from(plan: Plan, known: Iterable[Desired], take: Side | None, merge: Merge) -> tuple[Taken, ...]:
    """What a pull takes of each live object with a manifest; `take` decides what changed on both sides.

    What was rolled back counts as changed on the server: Git still states what nobody wants. What a server does not
    keep is nobody's change, and is taken if `take` says so.
    """
    rejected = {each.address for each in plan.objections if each.code == "rolled-back"}
    kept = {each.address: each.differences for each in plan.mismatches} if take == "live" else {}
    found = (
        _taken_of_change(change, (change.desired, change.live), rejected, take, merge)
        for change in plan.changes
        if change.desired is not None and change.live is not None
    )
    by_address = {one.address: one for one in found}
    for desired in (each for each in known if each.address in kept):
        one = by_address.get(desired.address, Taken(desired))
        differing = {each.path: each.got for each in kept[desired.address]}
        by_address[desired.address] = replace(one, values={**differing, **one.values})
    return tuple(by_address[address] for address in sorted(by_address))


def _taken_of_change(
    change: Change,
    sides: tuple[Desired, Live],
    rejected: Collection[Address | None],
    take: Side | None,
    merge: Merge,
) -> Taken:
    desired, live = sides
    values: dict[Path, Json | Absent] = {}
    merged, undecided, kept = set(), [], []
    stated = (each for each in change.fields if each.path[0] in desired.fields)
    for each in (each for each in stated if each.path not in desired.left_to_server):
        cause = each.cause if isinstance(each.applied, Absent) else _cause(each)
        text = _merged_sides(each, merge) if cause == "conflict" else None
        if cause == "drift" or (cause == "edit" and change.address in rejected):
            values[each.path] = each.before
        elif text is not None:
            values[each.path] = text
            merged.add(each.path)
        elif cause == "edit" or take == "git":
            kept.append(each)
        elif take == "live":
            values[each.path] = each.before
        else:
            undecided.append(each)
    one = Taken(desired, values, frozenset(merged), tuple(undecided), tuple(kept))
    return replace(one, values={**dict(_no_longer_chosen(one, live)), **values}) if values else one


def _no_longer_chosen(one: Taken, live: Live) -> Iterator[tuple[Path, Json | Absent]]:
    """What the server chose for the body that Git states, and does not choose for the one that it is to state."""
    desired, kind, after = one.desired, KINDS[live.kind], one.after()
    chosen = (kind.check(kind.manifest(body), ServerTraits()).left_to_server for body in (desired.fields, after))
    before, now = chosen
    for path in sorted((before - now) & desired.left_to_server):
        is_ignored = any(path[: len(ignored)] == ignored for ignored in desired.ignore)
        value = at(dict(live.fields), path)
        if not is_ignored and not equal(value, at(dict(after), path)):
            yield path, value


def _cause(change: FieldChange) -> str:
    """The cause of a change at the path itself, which may differ from the cause of the whole member."""
    for side, cause in ((change.before, "edit"), (change.after, "drift")):
        if equal(None if isinstance(side, Absent) else side, change.applied):
            return cause
    return "conflict"


def _merged_sides(change: FieldChange, merge: Merge) -> str | None:
    sides = (change.applied, change.after, change.before)
    texts = [side for side in sides if isinstance(side, str)]
    return merge(*texts) if len(texts) == len(sides) else None


def _is_overlap(change: FieldChange) -> bool:
    return change.cause == "conflict" and isinstance(change.before, str) and isinstance(change.after, str)


def _with_value(whole: Json, path: Path, value: Json | Absent, kind: Kind) -> Json:
    """A field's value with another at a path, which begins with the field's name."""
    name, steps = path[0], path[1:]
    if isinstance(value, Absent):
        return kind.tidy(name, without(whole, steps)) if steps else kind.default(name)
    for length in range(1, len(steps)):
        parent = without(whole, steps[:length])
        whole = put(whole, steps[:length], {}) if equal(parent, whole) else whole
    return put(whole, steps, value)
