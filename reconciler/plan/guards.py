"""What speaks against a finished plan as a whole: creates that double, deletes that are too many."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.canonical import Json, digest, equal
from reconciler.kinds import KINDS
from reconciler.model import Address, Change, Desired, FieldChange, Live, Objection, Target
from reconciler.plan.marker import is_own
from reconciler.plan.ownership import Ownership, is_copy, is_ours, line_with_id, ours_by_address

OBJECTIONS: dict[str, str] = {
    "conflict": "A field changed in Git and in the live object since the last apply.",
    "duplicate": "Several live objects carry one address; where no manifest wants it, only if they differ.",
    "id-not-found": "A manifest names an id that is not live.",
    "metadata-full": "A live object has sixteen metadata pairs, which leaves no room for the marker.",
    "no-manifests": "Nothing is desired while something of ours is live.",
    "other-environment": "The object that a manifest names is stamped by another environment.",
    "other-stack": "The object that a manifest names is stamped by another stack.",
    "outdated-checkout": "The object was last applied from a commit, and a state, that this history does not hold.",
    "possible-duplicate": "A create whose name or content is that of an object which is not ours, or about to go.",
    "refused-removal": "The manifest of an object with `on_removal: refuse` is gone.",
    "renamed-twice": "Both a key and one it had before are live.",
    "rolled-back": "Git still says exactly what was rolled back.",
    "too-many-changes": "More changes than `limits.changes` allows.",
    "too-many-deletes": "More deletes than `limits.deletes` allows, by default a fifth of ours.",
    "unreliable-list": "The server's list contradicts itself, so that what it leaves out is unknown.",
    "wrong-project": "The server answered for another project than the environment's.",
}
FORMER_CODES: dict[str, str] = {
    "behind": "outdated-checkout",
    "id-gone": "id-not-found",
    "looks-like": "possible-duplicate",
    "no-room": "metadata-full",
}
"""What objections were called before; `--allow` and labels still take these."""
NEVER_ALLOWED = frozenset({"unreliable-list"})
"""The objections that no person can allow: what they are about cannot be looked at either."""
GONE = "gone"
"""What a rollback rejects where an apply had deleted or let go."""
_COUNTED = ("conflict", "too-many-changes", "too-many-deletes")
"""What depends on which changes are looked at."""
_SHARE = 20
_PAIRS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How many changes a plan may hold before a person is asked: a number, or a share of ours like `30%`."""

    deletes: int | str | None = None
    changes: int | str | None = None


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What the world around a plan says: Git, the server, and what was rolled back."""

    behind: frozenset[str] = frozenset()
    """Ids of what was last applied from a commit, and a state, that the history of this checkout does not hold."""
    answered_project: str | None = None
    """The project that the server said it answered for."""
    rejected: Mapping[str, str] = field(default_factory=dict)
    """By address, digests of what a rollback from here rejected."""
    notes: tuple[str, ...] = ()
    unreliable: Mapping[str, str] = field(default_factory=dict)
    """By kind, how the server's list contradicts itself."""


def guard(
    changes: Sequence[Change], ownership: Ownership, where: Target, limits: Limits, facts: PlanContext
) -> Iterator[Objection]:
    """Every objection that needs the whole plan to be seen."""
    yield from possible_duplicates(changes, ownership, where)
    yield from _refused_removals(changes)
    yield from _metadata_full(changes)
    yield from _behind(changes, facts)
    yield from _rolled_back(changes, facts)
    yield from wrong_project(changes, where, facts)
    yield from unreliable_lists(changes, facts)
    if not ownership.claims and ownership.ours:
        many = len(ownership.ours)
        message = f"No manifests found, but {many} live object{' is' if many == 1 else 's are'} managed."
        remedy = "check that the manifests are where `reconciler.yaml` says"
        yield _of_many("no-manifests", message, remedy, changes)
    claimed = {taken.desired.address for taken in ownership.claims}
    deletes = [change for change in changes if change.action == "delete" and change.address not in claimed]
    yield from too_many(changes, deletes, len(ownership.ours), limits)


def too_many(changes: Sequence[Change], deletes: Sequence[Change], ours: int, limits: Limits) -> Iterator[Objection]:
    """The objections to a plan that does more than a slip should cost."""
    yield from _too_many_deletes(deletes, ours, limits)
    yield from _too_many_changes(changes, ours, limits)


def against(
    objections: Iterable[Objection], changes: Sequence[Change], ours: int, limits: Limits
) -> Iterator[Objection]:
    """What speaks against some of a plan's changes: conflicts, and how many changes there are, are judged anew."""
    known = tuple(objections)
    addresses = {change.address for change in changes}
    counted = {address for o in known if o.code == "too-many-deletes" for address in o.holds}
    deletes = [change for change in changes if change.action == "delete" and change.address in counted]
    conflicts = (found for change in changes for found in conflict(change.address, change.fields))
    allowed = {(o.code, o.address) for o in known if o.allowed}
    for one in (*conflicts, *too_many(changes, deletes, ours, limits)):
        yield replace(one, allowed=(one.code, one.address) in allowed)
    for one in known:
        if one.code not in _COUNTED and one.holds & addresses:
            yield replace(one, holds=one.holds & addresses)


def conflict(address: Address, fields: Iterable[FieldChange]) -> Iterator[Objection]:
    """The objection to fields that changed on both sides, where any did."""
    both = [field for field in fields if field.cause == "conflict"]
    if both:
        names = ", ".join(sorted({f"`{field.path[0]}`" for field in both}))
        yield Objection(
            code="conflict",
            message=f"{names} changed in Git and in the live object since the last apply.",
            remedy="take the live value into the manifest, or allow Git to overwrite it",
            address=address,
            holds=frozenset({address}),
            origin="change" if any(field.origin == "change" for field in both) else both[0].origin,
        )


def in_order(objections: Iterable[Objection]) -> tuple[Objection, ...]:
    """Objections by address, code and message; those to the whole plan first."""
    return tuple(sorted(objections, key=lambda o: (str(o.address or ""), o.code, o.message)))


def wanted_digest(desired: Desired) -> str:
    """A digest of what a manifest asks for, by which a rollback knows it again."""
    return digest([desired.address.key, dict(desired.fields), desired.on_removal], 8)


def _behind(changes: Sequence[Change], facts: PlanContext) -> Iterator[Objection]:
    for change in changes:
        marker = change.live.marker if change.live is not None else None
        if change.id in facts.behind and marker is not None and marker.commit:
            commit = marker.commit.partition("+")[0]
            yield Objection(
                code="outdated-checkout",
                message=f"{change.id} was last applied from {commit}, which is not in the history of this checkout.",
                remedy="an old branch or a job that was run again? bring this branch up to date;"
                " if it came from a branch that is merged by now, override this",
                address=change.address,
                holds=frozenset({change.address}),
            )


def _rolled_back(changes: Sequence[Change], facts: PlanContext) -> Iterator[Objection]:
    for change in changes:
        wanted = wanted_digest(change.desired) if change.desired is not None else GONE
        marker = change.live.marker if change.live is not None else None
        if wanted in (marker.rejected if marker is not None else None, facts.rejected.get(str(change.address))):
            yield Objection(
                code="rolled-back",
                message="Git still says exactly what was rolled back.",
                remedy="revert it in Git, or change the manifest",
                address=change.address,
                holds=frozenset({change.address}),
            )


def wrong_project(changes: Sequence[Change], where: Target, facts: PlanContext) -> Iterator[Objection]:
    """The objection to a server that answers for another project than the environment's."""
    answered = facts.answered_project
    if where.project is None or answered is None or answered == where.project:
        return
    message = f"The server answered for project {answered}, and the environment is {where.project}."
    yield _of_many("wrong-project", message, "the key is probably another project's", changes)


def unreliable_lists(changes: Sequence[Change], facts: PlanContext) -> Iterator[Objection]:
    """The objections to lists that contradict themselves: what they leave out would be created again."""
    for kind, fault in sorted(facts.unreliable.items()):
        risky = [c for c in changes if c.action in ("create", "delete") and c.address.kind == kind]
        remedy = "fix the server's paging; if other programs create and delete objects there now, plan again later"
        yield _of_many("unreliable-list", unreliable_list(kind, fault), remedy, risky)


def unreliable_list(kind: str, fault: str) -> str:
    """What is wrong with a list, in a sentence or two."""
    return f"The server's list of {kind}s is unreliable: {fault}. What it leaves out cannot be known."


def with_allowed(objections: Iterable[Objection], codes: Collection[str]) -> tuple[Objection, ...]:
    """The objections, those that these codes allow marked as allowed."""
    return tuple(replace(o, allowed=o.code in codes and o.code not in NEVER_ALLOWED) for o in objections)


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


def _metadata_full(changes: Iterable[Change]) -> Iterator[Objection]:
    for change in changes:
        metadata = change.live.raw.get("metadata") if change.live is not None else None
        if change.action == "adopt" and isinstance(metadata, dict) and len(metadata) >= _PAIRS:
            if "reconciler" in metadata:
                continue
            yield Objection(
                code="metadata-full",
                message=f"{change.id} has {len(metadata)} metadata pairs, which leaves no room for the marker.",
                remedy="take one pair out in the dashboard; where the server replaces metadata, it may be allowed",
                address=change.address,
                holds=frozenset({change.address}),
            )


def _too_many_deletes(deletes: Sequence[Change], ours: int, limits: Limits) -> Iterator[Objection]:
    most = max(1, ours * _SHARE // 100) if limits.deletes is None else _count(limits.deletes, ours)
    if len(deletes) > most:
        message = f"{len(deletes)} of {ours} would be destroyed; the limit is {most}."
        remedy = "check each; raise `limits.deletes` if this is intended"
        yield _of_many("too-many-deletes", message, remedy, deletes)


def _too_many_changes(changes: Sequence[Change], ours: int, limits: Limits) -> Iterator[Objection]:
    if limits.changes is None:
        return
    most = _count(limits.changes, ours)
    if len(changes) > most:
        message = f"{len(changes)} changes; `limits.changes` allows {most}."
        yield _of_many("too-many-changes", message, "check each, or raise the limit", changes)


def _count(limit: int | str, ours: int) -> int:
    if isinstance(limit, int):
        return limit
    share = int(limit.removesuffix("%"))
    return max(1, ours * share // 100) if share else 0


def _of_many(code: str, message: str, remedy: str, held: Iterable[Change]) -> Objection:
    return Objection(code, message, remedy, holds=frozenset(change.address for change in held))


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
            yield _lookalike_objection(change, alike, where, takers)


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


def _lookalike_objection(
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
        message=" ".join([message, *_other_owners(found, where)]),
        remedy=_if_the_same(one, change, where, takers.get(one.id)),
        address=change.address,
        # a rename that nobody declared must not destroy its half
        holds=frozenset({change.address, *(address for address, _ in ours)}),
    )


def _other_owners(found: Iterable[Live], where: Target) -> Iterator[str]:
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
