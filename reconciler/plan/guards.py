"""The objections that need a whole plan: deletes that are too many, a server whose answers cannot be relied on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.canonical import digest
from reconciler.kinds import KINDS
from reconciler.model import REMOVALS, WHOLE, Address, Change, Desired, FieldChange, Live, Objection, Target
from reconciler.plan.marker import KEY
from reconciler.plan.objections import API_GONE, NEVER_ALLOWED
from reconciler.plan.ownership import Ownership

GONE = "gone"
"""What a rollback rejects where an apply had deleted or forgotten."""
_COUNTED = ("conflict", "too-many-changes", "too-many-deletes")
"""Codes that depend on which changes are looked at."""
_SHARE = 20
_PAIRS = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """How many changes pass without an objection: a number, or a share of what is managed like `30%`."""

    deletes: int | str | None = None
    changes: int | str | None = None


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What Git, the server and earlier rollbacks say about a plan."""

    behind: frozenset[str] = frozenset()
    """Ids of what was last applied from a commit, and a state, that the history of this checkout does not hold."""
    answered_project: str | None = None
    """The project that the server said it answered for."""
    rejected: Mapping[str, str] = field(default_factory=dict)
    """By address, digests of what a rollback from here rejected."""
    notes: tuple[str, ...] = ()
    unknown_history: tuple[str, ...] = ()
    """Notes on why it is not known whether this checkout is outdated."""
    unreliable: Mapping[str, str] = field(default_factory=dict)
    """By kind, how the server's list contradicts itself."""
    left_out: frozenset[Address] = frozenset()
    """What manifests want of kinds that the environment has not."""
    gone: Mapping[str, str] = field(default_factory=dict)
    """By kind whose API the server has not, what to do about it."""
    recorded: Mapping[tuple[str, str], Address | None] = field(default_factory=dict)
    """By kind and id, the address of what runs from here left managed; None where they let go."""


def guard(
    changes: Sequence[Change], ownership: Ownership, where: Target, limits: Limits, facts: PlanContext
) -> Iterator[Objection]:
    """Every objection that needs the whole plan to be seen, but for those to creates of what may be live."""
    for change in changes:
        yield from (Objection.to(change.address, *reason) for reason in _reasons_against(change, facts))
    yield from wrong_project(changes, where, facts)
    yield from unreliable_lists(changes, facts)
    claimed = {match.desired.address for match in ownership.claims}
    yield from missing_apis({*claimed, *(change.address for change in changes)}, where, facts)
    replaced = tuple(_replaced(changes, ownership, facts.left_out))
    yield from changed_kinds(replaced)
    yield from without_manifests(changes, ownership, {change.address for change, _ in replaced})
    deletes = [change for change in changes if change.action == "delete" and change.address not in claimed]
    yield from too_many(changes, deletes, len(ownership.ours), limits)


def without_manifests(
    changes: Sequence[Change], ownership: Ownership, replaced: Collection[Address]
) -> Iterator[Objection]:
    """The objections where no manifest at all is found, or none of a kind of which not everything is replaced."""
    remedy = "check that the manifests are where `reconciler.yaml` says"
    if not ownership.claims and ownership.ours:
        many = len(ownership.ours)
        message = f"No manifests found, but {many} live object{' is' if many == 1 else 's are'} managed."
        yield _of_many("no-manifests", message, remedy, changes)
        return
    found = {match.desired.address.kind for match in ownership.claims}
    lost = {live.kind for live in ownership.ours if live.kind not in found and live.address not in replaced}
    for kind, many in sorted(Counter(live.kind for live in ownership.ours if live.kind in lost).items()):
        are = f"{kind} is" if many == 1 else f"{KINDS[kind].plural} are"
        message = f"No manifest of {KINDS[kind].with_article} found, but {many} {are} managed."
        yield _of_many("no-manifests", message, remedy, [c for c in changes if c.address.kind == kind])


def _replaced(
    changes: Iterable[Change], ownership: Ownership, left_out: Iterable[Address]
) -> Iterator[tuple[Change, Address]]:
    """The removals of what has a key that a manifest of another kind has or had, with the address of that.

    A new object of another kind that has its name replaces it too: a manifest may get a new key as it moves.
    """
    keys: dict[str, set[Address]] = {}
    for desired in (match.desired for match in ownership.claims):
        for key in (desired.address.key, *desired.was):
            keys.setdefault(key, set()).add(desired.address)
    for address in left_out:
        keys.setdefault(address.key, set()).add(address)
    names: dict[str | None, set[Address]] = {}
    for desired in (match.desired for match in ownership.claims if match.live is None and _name_of(match.desired)):
        names.setdefault(_name_of(desired), set()).add(desired.address)
    for change in (change for change in changes if change.action in REMOVALS):
        by_key, by_name = keys.get(change.address.key, ()), names.get(_name_of(change.live), ())
        for alike in (by_key, by_name):
            if others := sorted(at for at in alike if at.kind != change.address.kind):
                yield change, others[0]
                break


def replaces(created: Desired, removed: Address, live: Live | None) -> bool:
    """Whether a new object of another kind stands for what is removed: it has or had its key, or has its name."""
    has_key = removed.key in (created.address.key, *created.was)
    has_name = _name_of(created) is not None and _name_of(created) == _name_of(live)
    return created.address.kind != removed.kind and (has_key or has_name)


def _name_of(side: Desired | Live | None) -> str | None:
    name = side.fields.get("name") if side is not None else None
    return name if isinstance(name, str) else None


def changed_kinds(replaced: Iterable[tuple[Change, Address]]) -> Iterator[Objection]:
    """The objections to destroying what a manifest of another kind replaces: whoever calls it by its id has to move."""
    for change, other in replaced:
        kind = KINDS[change.address.kind]
        what = "key" if other.key == change.address.key else "key or its name"
        message = f"This {kind.name} would be destroyed: {other} has its {what}, and is another object."
        remedy = (
            f"keep its manifest in `{kind.plural}/` beside the other until its callers have moved, then override this;"
            " with `on_removal: keep`, once applied, a removal forgets it instead"
        )
        if change.action == "delete":
            yield Objection.to(change.address, "kind-changed", message, remedy)


def with_replaced(
    objections: Iterable[Objection], changes: Iterable[Change], ownership: Ownership, left_out: Iterable[Address]
) -> Iterator[Objection]:
    """The objections; what holds back something that is not live holds back the delete of what it replaces too."""
    missing = {match.desired.address for match in ownership.claims if match.live is None}
    waiting: dict[Address, set[Address]] = {}
    for change, other in _replaced(changes, ownership, left_out):
        if other in missing:
            waiting.setdefault(other, set()).add(change.address)
    for objection in objections:
        more = {address for held in objection.holds & waiting.keys() for address in waiting[held]}
        yield replace(objection, holds=objection.holds | more)


def _reasons_against(change: Change, facts: PlanContext) -> Iterator[tuple[str, str, str]]:
    """What speaks against one change: code, message and remedy."""
    marker = change.live.marker if change.live is not None else None
    wanted = wanted_digest(change.desired) if change.desired is not None else GONE
    if change.action == "delete" and marker is not None and marker.on_removal == "refuse":
        message = f"{change.id} was applied with `on_removal: refuse`, and its manifest was removed."
        remedy = f"restore the manifest, or forget the object with `reconciler forget {change.address}`"
        yield "refused-removal", message, remedy
    if change.action == "adopt" and change.live is not None and is_full(change.live):
        message = f"{change.id} has {len(change.live.pairs)} metadata pairs, which leaves no room for the marker."
        remedy = "remove one pair in the dashboard; where the server replaces metadata, this may be overridden"
        yield "metadata-full", message, remedy
    if change.id in facts.behind and marker is not None and marker.commit:
        commit = marker.commit.partition("+")[0]
        message = f"{change.id} was last applied from {commit}, which is not in the history of this checkout."
        remedy = (
            "an old branch or a job that was run again? bring this branch up to date;"
            " if it came from a branch that is merged by now, override this"
        )
        yield "outdated-checkout", message, remedy
    if wanted in (marker.rejected if marker is not None else None, facts.rejected.get(str(change.address))):
        remedy = f"revert it in Git, or take what is live with `reconciler pull {change.address}`"
        yield "rolled-back", "Git still says exactly what was rolled back.", remedy


def is_full(live: Live) -> bool:
    """Whether its metadata leaves no room for a marker."""
    return len(live.pairs) >= _PAIRS and KEY not in live.pairs


def too_many(changes: Sequence[Change], deletes: Sequence[Change], ours: int, limits: Limits) -> Iterator[Objection]:
    """The objections to a plan that does more than a slip should cost."""
    most = max(1, ours * _SHARE // 100) if limits.deletes is None else _allowed_count(limits.deletes, ours)
    if len(deletes) > most:
        message = f"{len(deletes)} of {ours} would be destroyed; the limit is {most}."
        yield _of_many("too-many-deletes", message, "check each; raise `limits.deletes` if this is intended", deletes)
    most = len(changes) if limits.changes is None else _allowed_count(limits.changes, ours)
    if len(changes) > most:
        message = f"{len(changes)} changes; `limits.changes` allows {most}."
        yield _of_many("too-many-changes", message, "check each, or raise the limit", changes)


def _allowed_count(limit: int | str, ours: int) -> int:
    if isinstance(limit, int):
        return limit
    share = int(limit.removesuffix("%"))
    return max(1, ours * share // 100) if share else 0


def _of_many(code: str, message: str, remedy: str, blocked: Iterable[Change]) -> Objection:
    return Objection(code, message, remedy, holds=frozenset(change.address for change in blocked))


def against(
    objections: Iterable[Objection], changes: Sequence[Change], ours: int, limits: Limits
) -> Iterator[Objection]:
    """The objections to some of a plan's changes: conflicts, and how many changes there are, are judged anew."""
    known = tuple(objections)
    addresses = {change.address for change in changes}
    counted = {address for o in known if o.code == "too-many-deletes" for address in o.holds}
    deletes = [change for change in changes if change.action == "delete" and change.address in counted]
    conflicts = (objection for change in changes for objection in conflict(change.address, change.fields))
    allowed = {(o.code, o.address) for o in known if o.allowed}
    for objection in (*conflicts, *too_many(changes, deletes, ours, limits)):
        yield replace(objection, allowed=(objection.code, objection.address) in allowed)
    for objection in known:
        if objection.code not in _COUNTED and objection.holds & addresses:
            yield replace(objection, holds=objection.holds & addresses)


def conflict(address: Address, fields: Iterable[FieldChange]) -> Iterator[Objection]:
    """The objection to fields that changed on both sides, where any did."""
    both = [field for field in fields if field.cause == "conflict"]
    if both:
        names = ", ".join(sorted({f"`{field.path[0]}`" for field in both}))
        message = f"{names} changed in Git and in the live object since the last apply."
        remedy = f"take the live value with `reconciler pull {address}`, or allow Git to overwrite it"
        origin = "change" if any(field.origin == "change" for field in both) else both[0].origin
        yield replace(Objection.to(address, "conflict", message, remedy), origin=origin)


def in_order(objections: Iterable[Objection]) -> tuple[Objection, ...]:
    """Objections by address, code and message; those to the whole plan first."""
    return tuple(sorted(objections, key=lambda o: (str(o.address or ""), o.code, o.message)))


def with_allowed(objections: Iterable[Objection], codes: Collection[str]) -> tuple[Objection, ...]:
    """The objections, those that these codes allow marked as allowed."""
    return tuple(replace(o, allowed=o.code in codes and o.code not in NEVER_ALLOWED) for o in objections)


def wanted_digest(desired: Desired) -> str:
    """A digest of what a manifest wants, by which a rollback recognizes it."""
    return digest([desired.address.key, dict(desired.fields), desired.on_removal], 8)


def wrong_project(changes: Sequence[Change], where: Target, facts: PlanContext) -> Iterator[Objection]:
    """The objection to a server that answers for another project than the environment's."""
    answered = facts.answered_project
    if None not in (where.project, answered) and answered != where.project:
        message = f"The server answered for project {answered}, and the environment is {where.project}."
        yield _of_many("wrong-project", message, "the key is probably another project's", changes)


def unreliable_lists(changes: Sequence[Change], facts: PlanContext) -> Iterator[Objection]:
    """The objections to lists that contradict themselves: what they leave out would be created again."""
    for kind, contradiction in sorted(facts.unreliable.items()):
        risky = [change for change in changes if change.action in WHOLE and change.address.kind == kind]
        remedy = "fix the server's paging; if other programs create and delete objects there now, plan again later"
        yield _of_many("unreliable-list", unreliable_list(kind, contradiction), remedy, risky)


def unreliable_list(kind: str, contradiction: str) -> str:
    """What is wrong with a list, in a sentence or two."""
    return (
        f"The server's list of {KINDS[kind].plural} is unreliable: {contradiction}. What it leaves out cannot be known."
    )


def missing_apis(wanted: Collection[Address], where: Target, facts: PlanContext) -> Iterator[Objection]:
    """The objections to objects of kinds whose API the server has not: they are unknown, whatever became of them."""
    for kind, remedy in sorted(facts.gone.items()):
        blocked = frozenset(address for address in wanted if address.kind == kind)
        if blocked:
            which = f"{next(iter(blocked))}" if len(blocked) == 1 else f"{len(blocked)} {KINDS[kind].plural}"
            message = f"The server at {where.base_url} has no {KINDS[kind].api}: {which} cannot be read or written."
            yield Objection(API_GONE, message, remedy, holds=blocked)
