"""Small plans for the tests of rendering."""

from __future__ import annotations

from reconciler.canonical import ABSENT, Absent, Json
from reconciler.diagnostics import Location
from reconciler.model import (
    Address,
    Base,
    Cause,
    Change,
    Desired,
    Difference,
    FieldChange,
    Live,
    MarkerRefresh,
    Mismatch,
    Objection,
    Plan,
    Target,
)
from reconciler.paths import read as path

WHERE = Target("acme", "production", "openai", "https://api.example.com/v1", project="proj_x")


def address(key: str) -> Address:
    return Address("assistant", key)


def desired(key: str) -> Desired:
    return Desired(address(key), {}, Location(f"assistants/{key}.yaml", 1, 1))


def field(
    where: str, before: Json | Absent = ABSENT, after: Json | Absent = ABSENT, cause: Cause = "edit"
) -> FieldChange:
    return FieldChange(path(where), before, after, cause)


def create(key: str, *fields: FieldChange) -> Change:
    return Change("create", address(key), None, f"digest of {key}", fields, desired=desired(key))


def update(key: str, *fields: FieldChange, hidden: int = 0) -> Change:
    return Change(
        "update", address(key), f"asst_{key}", f"digest of {key}", fields, hidden, seen="seen", desired=desired(key)
    )


def adopt(key: str, *fields: FieldChange) -> Change:
    return Change("adopt", address(key), f"asst_{key}", f"digest of {key}", fields, desired=desired(key))


def rename(key: str, was: str, *fields: FieldChange) -> Change:
    return Change(
        "rename", address(key), f"asst_{key}", f"digest of {key}", fields, previous_key=was, desired=desired(key)
    )


def delete(key: str, *fields: FieldChange) -> Change:
    return Change("delete", address(key), f"asst_{key}", f"digest of {key}", fields)


def forget(key: str) -> Change:
    return Change("forget", address(key), f"asst_{key}", f"digest of {key}")


def mark(key: str) -> MarkerRefresh:
    return MarkerRefresh(address(key), desired(key), Live("assistant", f"asst_{key}", {}, {}))


def lookalike(key: str, *, allowed: bool = False, remedy: str = "set `id: asst_9`") -> Objection:
    at = address(key)
    return Objection("possible-duplicate", "asst_9 has this name", remedy, at, frozenset({at}), allowed)


def kept(key: str, *differences: Difference) -> Mismatch:
    """An object in which the server kept other values than it was sent."""
    return Mismatch(address(key), f"asst_{key}", Location(f"assistants/{key}.yaml", 3, 1), differences)


def merging(*changes: Change, rest: tuple[Change, ...] = (), **more: object) -> Plan:
    """The plan of what merging a pull request does, beside what is pending."""
    return plan(*changes, rest=rest, **{"base": Base("main", "1a2b3c"), "applies": "change", **more})


def plan(*changes: Change, **more: object) -> Plan:
    return Plan(WHERE, changes, **more)  # type: ignore[arg-type]  # a test states what it means
