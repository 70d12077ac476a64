"""Creates that look like an object which is there: an unmanaged one, or one that is about to go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.canonical import Json, digest, equal
from reconciler.kinds import KINDS
from reconciler.model import Address, Change, Live, Objection, Target
from reconciler.plan.marker import is_own
from reconciler.plan.ownership import Ownership, is_copy, is_ours, line_with_id, ours_by_address


def possible_duplicates(changes: Sequence[Change], ownership: Ownership, where: Target) -> Iterator[Objection]:
    """The objections to creates that would probably make a second one."""
    creates = [(c, c.desired) for c in changes if c.action == "create" and c.desired is not None]
    if not creates:
        return
    leaving = [c.live for c in changes if c.action in ("delete", "forget", "rename") and c.live is not None]
    strangers = [one for one in ownership.unmanaged if _could_be_ours(one, where)]
    by_look: dict[str, list[Live]] = {}
    for one in (*leaving, *strangers):
        for look in _looks(one.kind, one.fields):
            by_look.setdefault(look, []).append(one)
    takers = {change.id: change.address for change in changes if change.action == "rename"}
    for change, desired in creates:
        alike = {one.id: one for look in _looks(desired.address.kind, desired.fields) for one in by_look.get(look, ())}
        if alike:
            yield _double(change, alike, where, takers)


def _could_be_ours(live: Live, where: Target) -> bool:
    """An object without a marker, a copy, or one of this stack in an environment that was renamed."""
    marker = live.marker
    return marker is None or is_copy(live, where) or marker.stack in (where.stack, *where.former_stacks)


def _looks(kind: str, fields: Mapping[str, Json]) -> Iterator[str]:
    """By what an object is known again: all that it says, that without what is exchanged in it, its name."""
    yield digest([kind, "form", dict(fields)])
    lasting = {name: value for name, value in fields.items() if name not in KINDS[kind].exchanged}
    if any(not equal(value, KINDS[kind].default(name)) for name, value in lasting.items()):
        yield digest([kind, "lasting", lasting])
    if fields.get("name") is not None:
        yield digest([kind, "name", fields["name"]])


def _double(
    change: Change, alike: Mapping[str, Live], where: Target, takers: Mapping[str | None, Address]
) -> Objection:
    found = [alike[id] for id in sorted(alike)]
    ours = ours_by_address(found, where)
    free = [one for one in found if one.marker is None]
    one = next(iter([*(live for _, live in ours), *free, *found]))
    listed = f"{', '.join(sorted(alike))} {'have' if len(alike) > 1 else 'has'}"
    message = f"A new {change.address.kind} is planned, but {listed} the same name or content."
    return Objection(
        code="possible-duplicate",
        message=" ".join([message, *_whose(found, where)]),
        remedy=_if_the_same(one, change, where, takers.get(one.id)),
        address=change.address,
        # a rename that nobody declared must not destroy its half
        holds=frozenset({change.address, *(address for address, _ in ours)}),
    )


def _whose(found: Iterable[Live], where: Target) -> Iterator[str]:
    """Who manages what is not managed from here."""
    for one in found:
        marker = one.marker
        if marker is None or is_ours(one, where):
            continue
        what = f"{one.id} is" if is_own(marker, one.id) else f"{one.id} is a copy of {marker.id}, which is"
        yield f"{what} managed as `{marker.key}` by the environment {marker.environment} of the stack {marker.stack}."


def _if_the_same(one: Live, change: Change, where: Target, taker: Address | None) -> str:
    """What to do where it is the same one: a line to paste. What another manages is never offered."""
    if taker is not None:
        return f"{taker} takes {one.id} over by its `was` or `id`: take that out, or take this manifest away"
    place = change.place.file if change.place else "the manifest"
    if one.marker is None:
        return f"if it is the same one, write under `reconciler:` in {place}: {line_with_id(one, where)}"
    if is_ours(one, where):
        return f"if it was renamed, write under `reconciler:` in {place}: `was: [{one.marker.key}]`"
    return f"leave {one.id} to its owner; override this if a second one is wanted here"
