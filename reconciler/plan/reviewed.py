"""A reviewed plan × the plan as it is now → what is both reviewed and unchanged since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from reconciler import paths
from reconciler.canonical import encode, equal
from reconciler.kinds import KINDS
from reconciler.masking import PLACEHOLDER
from reconciler.model import REMOVALS, Change, Live, Plan, Target
from reconciler.plan.changes import parted
from reconciler.plan.diff import whole
from reconciler.plan.guards import Limits, against, in_order
from reconciler.plan.ownership import by_address, managed


@dataclass(frozen=True, slots=True)
class Review:
    """A plan compared with its review, change by change."""

    plan: Plan
    """What is reviewed and unchanged since."""
    already: tuple[str, ...] = ()
    """Addresses whose reviewed change is true without doing anything."""
    moved: tuple[tuple[str, Change | None], ...] = ()
    """Addresses whose change is no longer the reviewed one, with what it is now."""
    unreviewed: tuple[Change, ...] = ()
    """Changes that nobody reviewed."""


def environment_of(document: Mapping[str, Any]) -> str:
    """The name of the environment that a plan is of."""
    return str(document["environment"]["name"])


def other_target(document: Mapping[str, Any], where: Target) -> str | None:
    """Why the reviewed plan has another target; None where it has this one."""
    if document.get("offline") is not None:
        return "it was made without looking at what is live"
    if document["stack"] != where.stack:
        return f"it is of stack {document['stack']}, and this is {where.stack}"
    here = {"name": where.environment, "provider": where.provider, "base_url": where.base_url, "project": where.project}
    there = document["environment"]
    for name in here:
        if there.get(name) != here[name]:
            return f"its environment has {name} {there.get(name)!r}, and here it is {here[name]!r}"
    return None


def review(
    plan: Plan,
    document: Mapping[str, Any],
    live: Iterable[Live],
    limits: Limits = Limits(),  # noqa: B008  # a frozen value
) -> Review:
    """Splits a plan by what was reviewed; what the document says of who allowed what does not count."""
    plan, known = _narrowed_plan(plan, document) if document.get("applies") == "change" else (plan, frozenset())
    reviewed = {change.get("digest"): change for change in document["changes"]}
    agreed = tuple(change for change in plan.changes if change.digest in reviewed)
    kept = {change.digest for change in agreed}
    gone = [change for digest, change in reviewed.items() if digest not in kept]
    rest = (*(change for change in plan.changes if change.digest not in kept), *plan.rest)
    world = _world_of(plan, tuple(live))
    already = {change.get("digest"): change["address"] for change in gone if world.has(change)}
    successors: dict[str, list[Change]] = {}
    for change in rest:
        successors.setdefault(str(change.address), []).append(change)
    moved = tuple((c["address"], _successor(c, successors)) for c in gone if c.get("digest") not in already)
    objections = in_order(against(plan.objections, agreed, plan.ours, limits))
    reported = {change.digest for _, change in moved if change is not None}
    return Review(
        plan=replace(plan, changes=agreed, objections=objections, rest=rest),
        already=tuple(sorted(already.values())),
        moved=moved,
        unreviewed=tuple(c for c in rest if c.digest not in reported and str(c.address) not in known),
    )


def _narrowed_plan(plan: Plan, document: Mapping[str, Any]) -> tuple[Plan, frozenset[str]]:
    """The plan narrowed to the objects and paths that a document lists; with all the addresses that it names."""
    listed = {_reviewed_identity(change): change for change in document["changes"]}
    parts = [(change, *_narrowed_change(change, listed.get(_planned_identity(change)))) for change in plan.changes]
    marks = {(mark.get("address"), mark.get("id")) for mark in document["marks"]}
    pending = (document.get("pending") or {}).get("changes", ())
    named = frozenset(change["address"] for change in (*document["changes"], *pending))
    narrowed = replace(
        plan,
        changes=tuple(own for _, own, _ in parts if own is not None),
        marks=tuple(mark for mark in plan.marks if (str(mark.address), mark.live.id) in marks),
        settled=(*plan.settled, *(c.address for c, own, _ in parts if own is None and _planned_identity(c) in listed)),
        applies="change",
        rest=tuple(left for _, _, left in parts if left is not None),
    )
    return narrowed, named


def _narrowed_change(change: Change, listed: Mapping[str, Any] | None) -> tuple[Change | None, Change | None]:
    if listed is None:
        return None, change
    return parted(change, [path for field in listed["fields"] for path in _readable_path(field["path"])])


def _readable_path(text: str) -> Iterator[paths.Path]:
    with suppress(paths.BadPath):  # nobody can have reviewed that
        yield paths.read(text)


def _change_identity(action: str, kind: object, id: object) -> tuple[str, str, str]:
    """By what a change is found again: whether it removes, and the object, or the key where there is none yet."""
    return action if action in REMOVALS else "", str(kind), str(id)


def _reviewed_identity(change: Mapping[str, Any]) -> tuple[str, str, str]:
    return _change_identity(change["action"], change.get("kind"), change.get("id") or change.get("key"))


def _planned_identity(change: Change) -> tuple[str, str, str]:
    return _change_identity(change.action, change.address.kind, change.id or change.address.key)


def _successor(change: Mapping[str, Any], rest: Mapping[str, Sequence[Change]]) -> Change | None:
    """What the reviewed change has become, of the others by their addresses."""
    at = rest.get(change["address"], ())
    return next((c for c in at if c.id == change.get("id")), at[0] if at else None)


@dataclass(frozen=True, slots=True)
class _World:
    """What is live, by which to tell whether a change is true already."""

    objects: Mapping[tuple[Any, Any], Live]
    """By kind and id."""
    settled: Mapping[str, Sequence[Live]]
    """By address, what is managed and nothing is to be done about."""

    def has(self, change: Mapping[str, Any]) -> bool:
        """Whether things are as the change would make them."""
        if change["action"] in REMOVALS:
            one = self.objects.get((change.get("kind"), change.get("id")))
            return one is None or (change["action"] == "forget" and one.marker is None)
        return any(_has_all(change, one) for one in self.settled.get(change["address"], ()))


def _world_of(plan: Plan, live: Sequence[Live]) -> _World:
    ours = by_address(managed(live, plan.where))
    settled = {str(address): ours.get(address, []) for address in plan.settled}
    return _World({one.identity: one for one in live}, settled)


def _has_all(change: Mapping[str, Any], live: Live) -> bool:
    """Whether the object has what the change was to give it; of a create also nothing else."""
    kind = KINDS[live.kind]
    stated = {field["path"] for field in change["fields"]}
    present = (field.path for field in whole(live.fields, kind, created=True))
    more = {paths.show(path) for path in present if not kind.is_chosen(path)}
    return all(_is_so(field, live) for field in change["fields"]) and (change["action"] != "create" or more <= stated)


def _is_so(field: Mapping[str, Any], live: Live) -> bool:
    """Whether a field is as it was to become. Of nothing, and of what hides a secret, settled alone says it."""
    path = next(_readable_path(field["path"]), None)
    if path is None:
        return False
    if field["after"] is None or PLACEHOLDER.search(encode(field["after"])) or path[0] not in live.fields:
        return True
    have = paths.at(dict(live.fields), path)
    return equal(have, field["after"]) or equal(KINDS[live.kind].less_chosen(path, have), field["after"])
