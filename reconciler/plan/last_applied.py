"""What the last apply left where a field is in conflict: the third value, between what is live and what Git states."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from reconciler.canonical import ABSENT, Absent, Fields, Json
from reconciler.kinds import KINDS, Kind
from reconciler.model import Change, Marker, Plan
from reconciler.paths import Path, at
from reconciler.plan.marker import applied, less_ignored, short_digest


def with_last_applied(plan: Plan, bodies: Callable[[Change], Iterable[Fields]]) -> Plan:
    """The plan whose conflicts tell what was applied, as far as one of a change's bodies has what the marker remembers.

    Bodies are anything that may have been applied, the likeliest first; they are read only as far as they are needed.
    """
    changes, rest = ([_with_values(change, bodies) for change in part] for part in (plan.changes, plan.rest))
    return replace(plan, changes=tuple(changes), rest=tuple(rest))


def _with_values(change: Change, bodies: Callable[[Change], Iterable[Fields]]) -> Change:
    marker = change.live.marker if change.live is not None else None
    unknown = {field.path for field in change.fields if field.cause == "conflict"}
    values: dict[Path, Json] = {}
    if marker is None or not unknown:
        return change
    for body in bodies(change):
        for path in unknown - values.keys():
            value = _applied_value(path, body, change, marker)
            if not isinstance(value, Absent):
                values[path] = value
        if len(values) == len(unknown):
            break
    fields = (replace(f, applied=values[f.path]) if f.path in values else f for f in change.fields)
    return replace(change, fields=tuple(fields))


def _applied_value(path: Path, body: Fields, change: Change, marker: Marker) -> Json | Absent:
    """What the body has at a path, null where it has nothing there; absent where that is not what was applied."""
    kind = KINDS[change.address.kind]
    ignore = change.desired.ignore if change.desired is not None else ()
    compared = less_ignored(path[0], body[path[0]], ignore, kind)
    value = None if isinstance(compared, Absent) else compared
    part = _member_path(path, value, change, kind)
    if applied(marker, part) is None:
        part = path[:1]
    if applied(marker, part) != short_digest(at(value, part[1:])):
        return ABSENT
    member = at(value, path[1:])
    return None if isinstance(member, Absent) else member


def _member_path(path: Path, value: Json, change: Change, kind: Kind) -> Path:
    """The member that a path is in, or the field: what the marker has a digest of."""
    sides = [value, *(side.fields[path[0]] for side in (change.live, change.desired) if side is not None)]
    parts = {path[:1], *(part for side in sides for part in kind.members(path[0], side))}
    return max((part for part in parts if path[: len(part)] == part), key=len)
