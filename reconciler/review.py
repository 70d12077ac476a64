"""A reviewed plan × the plan as it is now → what is both reviewed and still so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.model import Change, Plan, Where

_PLACE = ("name", "provider", "base_url", "project")


@dataclass(frozen=True, slots=True)
class Review:
    """A plan held against its review, change by change."""

    plan: Plan
    """What is reviewed and still so."""
    already: tuple[str, ...] = ()
    """Addresses whose reviewed change is true without doing anything."""
    moved: tuple[tuple[str, Change | None], ...] = ()
    """Addresses whose change is no longer the reviewed one, with what it is now."""
    unreviewed: tuple[Change, ...] = ()
    """Changes that nobody reviewed."""


def environment_of(document: Mapping[str, Any]) -> str:
    """The name of the environment that a plan is of."""
    return str(document["environment"]["name"])


def elsewhere(document: Mapping[str, Any], where: Where) -> str | None:
    """Why the reviewed plan is of another place; None where it is of this one."""
    if document["stack"] != where.stack:
        return f"it is of stack {document['stack']}, and this is {where.stack}"
    here = {"name": where.environment, "provider": where.provider, "base_url": where.base_url, "project": where.project}
    there = document["environment"]
    for name in _PLACE:
        if there.get(name) != here[name]:
            return f"its environment has {name} {there.get(name)!r}, and here it is {here[name]!r}"
    return None


def review(plan: Plan, document: Mapping[str, Any]) -> Review:
    """Splits a plan by what was reviewed; objections that were allowed there are allowed here, each for its own."""
    reviewed = {change["digest"]: change for change in document["changes"]}
    allowed = {(o["code"], o["address"]) for o in document["objections"] if o.get("allowed")}
    agreed = tuple(change for change in plan.changes if change.digest in reviewed)
    kept = {change.digest for change in agreed}
    gone = [change for digest, change in reviewed.items() if digest not in kept]
    moved = tuple(_moved(plan, gone))
    addresses = {address for address, _ in moved}
    told = {change["address"] for change in document["changes"]}
    objections = tuple(
        replace(o, allowed=o.allowed or (o.code, str(o.address) if o.address else None) in allowed)
        for o in plan.objections
        if o.holds & {change.address for change in agreed}
    )
    return Review(
        plan=replace(plan, changes=agreed, objections=objections, selected=True),
        already=tuple(sorted(change["address"] for change in gone if change["address"] not in addresses)),
        moved=moved,
        unreviewed=tuple(c for c in plan.changes if c.digest not in reviewed and str(c.address) not in told),
    )


def _moved(plan: Plan, gone: list[dict[str, Any]]) -> Iterator[tuple[str, Change | None]]:
    """Of the reviewed changes that are not in the plan any more, those that are not simply true."""
    now = {str(change.address): change for change in plan.changes}
    settled = {str(address) for address in plan.settled}
    for change in gone:
        address = change["address"]
        removes = change["action"] in ("delete", "forget")
        if address in now or (address not in settled and not removes):
            yield address, now.get(address)
