"""What an edit does to data, and into which smaller edits one falls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from reconciler.canonical import ABSENT, Absent, Json, encode, equal
from reconciler.source.extents import Path


@dataclass(frozen=True, slots=True)
class Edit:
    """A value to stand at a path of a document as it is written, or with `ABSENT` the member to be removed."""

    path: Path
    value: Json | Absent


class UnsafeError(Exception):
    """An edit that cannot be made so that nothing else changes."""


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Removals last, and of a list from behind, so that the indices of the others stay."""
    ordered = sorted(edits, key=_indices)
    dropped = [edit for edit in ordered if edit.value is ABSENT]
    return [*(edit for edit in ordered if edit.value is not ABSENT), *reversed(dropped)]


def _indices(edit: Edit) -> tuple[int, ...]:
    return tuple(step if isinstance(step, int) else -1 for step in edit.path)


def put(data: Json, path: Path, value: Json | Absent) -> Json:
    """The data with the value at the path, or without what is there."""
    if not path and not isinstance(value, Absent):
        return value
    if not path:
        raise UnsafeError
    step, rest = path[0], path[1:]
    if isinstance(step, int) and isinstance(data, list) and 0 <= step <= len(data):
        return [*data[:step], *_inner(data[step : step + 1], rest, value), *data[step + 1 :]]
    if isinstance(step, str) and isinstance(data, dict | None):
        members = data or {}
        inner = _inner([members[step]] if step in members else [], rest, value)
        kept = {key: each for key, each in members.items() if key != step or inner}
        return kept | dict.fromkeys([step], inner[0]) if inner else (kept if data is not None else data)
    raise UnsafeError


def _inner(there: list[Json], rest: Path, value: Json | Absent) -> list[Json]:
    """What becomes of a member: itself with the value in it, or nothing."""
    if not rest:
        return [] if isinstance(value, Absent) else [value]
    if not there and isinstance(value, Absent):
        return []
    return [put(there[0] if there else None, rest, value)]


def value_at(data: Json, path: Path) -> Json | Absent:
    """What stands at the path."""
    for step in path:
        members: dict[str | int, Json] = dict(data.items()) if isinstance(data, dict) else {}
        if isinstance(data, list):
            members = dict(enumerate(data))
        if step not in members:
            return ABSENT
        data = members[step]
    return data


def parts(before: Json | Absent, edit: Edit) -> list[Edit]:
    """The edits of members that make one mapping or list of another; none where the value is to be written anew."""
    if isinstance(before, dict) and isinstance(edit.value, dict) and before and edit.value:
        return list(_of_mapping(before, edit.value, edit.path))
    if isinstance(before, list) and isinstance(edit.value, list) and before and edit.value:
        return _of_list(before, edit.value, edit.path)
    return []


def _of_mapping(before: dict[str, Json], after: dict[str, Json], path: Path) -> Iterator[Edit]:
    for key, value in after.items():
        if key not in before or not equal(before[key], value):
            yield Edit((*path, key), value)
    yield from (Edit((*path, key), ABSENT) for key in before if key not in after)


def _of_list(before: list[Json], after: list[Json], path: Path) -> list[Edit]:
    """Items replaced in pairs, removed, and appended; an item between others is no edit."""
    found: list[Edit] = []
    matcher = SequenceMatcher(None, [encode(each) for each in before], [encode(each) for each in after], autojunk=False)
    for tag, start, end, other, last in matcher.get_opcodes():
        if tag != "equal":
            pairs = zip(range(start, end), range(other, last), strict=False)
            found += (Edit((*path, index), after[place]) for index, place in pairs)
            shared = min(end - start, last - other)
            found += (Edit((*path, index), ABSENT) for index in range(start + shared, end))
            if last - other > shared and end < len(before):
                return []
            found += (Edit((*path, end + n), after[place]) for n, place in enumerate(range(other + shared, last)))
    return in_order(found)
