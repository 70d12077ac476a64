"""The effect of edits on data, and their division into smaller edits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import reduce

from reconciler.canonical import ABSENT, Absent, Json, encode, equal
from reconciler.source.extents import Path


@dataclass(frozen=True, slots=True)
class Edit:
    """A value to set at a path of the written document; `ABSENT` removes the member."""

    path: Path
    value: Json | Absent


@dataclass(frozen=True, slots=True)
class Insertion(Edit):
    """An item to insert before the index."""


class UnsafeError(Exception):
    """An edit that cannot be made so that nothing else changes."""


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Removals and insertions come last, and in a list from the end, so that the other indices stay valid."""
    ordered = sorted(edits, key=_indices)
    moving = [edit for edit in ordered if edit.value is ABSENT or isinstance(edit, Insertion)]
    return [*(edit for edit in ordered if edit not in moving), *reversed(moving)]


def gathered(data: Json, edits: Iterable[Edit]) -> list[Edit]:
    """The edits, but one that makes a missing mapping in place of all those that are below it."""
    groups: dict[Path, list[Edit]] = {}
    for edit in edits:
        groups.setdefault(_first_missing(data, edit), []).append(edit)
    return [
        some[0] if len(some) == 1 else Edit(path, value_at(reduce(made, some, data), path))
        for path, some in groups.items()
    ]


def _first_missing(data: Json, edit: Edit) -> Path:
    """The path of the first mapping that an edit makes, or else its own."""
    prefixes = [edit.path[:length] for length in range(1, len(edit.path))]
    missing = [path for path in prefixes if value_at(data, path) is ABSENT]
    made_below = [step for step in edit.path[len(missing[0]) - 1 :] if isinstance(step, str)] if missing else []
    is_in_mappings = len(made_below) == len(missing) + 1
    return missing[0] if missing and is_in_mappings and edit.value is not ABSENT else edit.path


def _indices(edit: Edit) -> tuple[int, ...]:
    return tuple(step for step in edit.path if isinstance(step, int))


def made(data: Json, edit: Edit) -> Json:
    """The data after the edit."""
    items = value_at(data, edit.path[:-1])
    if isinstance(edit, Insertion) and isinstance(items, list) and not isinstance(edit.value, Absent):
        place = int(edit.path[-1])
        return _with_value(data, edit.path[:-1], [*items[:place], edit.value, *items[place:]])
    return _with_value(data, edit.path, edit.value)


def _with_value(data: Json, path: Path, value: Json | Absent) -> Json:
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
    """The member with the value in it, or nothing."""
    if not rest:
        return [] if isinstance(value, Absent) else [value]
    if not there and isinstance(value, Absent):
        return []
    return [_with_value(there[0] if there else None, rest, value)]


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
    """The edits of members that turn one mapping or list into another; none if the value must be rewritten."""
    if isinstance(edit, Insertion) or not before or not edit.value:
        return []
    if isinstance(before, dict) and isinstance(edit.value, dict):
        return list(_of_mapping(before, edit.value, edit.path))
    if isinstance(before, list) and isinstance(edit.value, list):
        return in_order(_of_list(before, edit.value, edit.path))
    return []


def leaves(data: Json, edit: Edit) -> Iterator[Edit]:
    """The smallest edits with the same effect on the data."""
    before = value_at(data, edit.path)
    smaller = parts(before, edit)
    if not smaller and (isinstance(edit, Insertion) or not equal(before, edit.value)):
        yield edit
    for each in smaller:
        yield from leaves(data, each)


def _of_mapping(before: dict[str, Json], after: dict[str, Json], path: Path) -> Iterator[Edit]:
    for key, value in after.items():
        if key not in before or not equal(before[key], value):
            yield Edit((*path, key), value)
    yield from (Edit((*path, key), ABSENT) for key in before if key not in after)


def _of_list(before: list[Json], after: list[Json], path: Path) -> Iterator[Edit]:
    """Items replaced in pairs, removed, inserted and appended."""
    matcher = SequenceMatcher(None, [encode(each) for each in before], [encode(each) for each in after], autojunk=False)
    for _, start, end, other, last in (each for each in matcher.get_opcodes() if each[0] != "equal"):
        shared = min(end - start, last - other)
        for place in range(shared):
            yield Edit((*path, start + place), after[other + place])
        for index in range(start + shared, end):
            yield Edit((*path, index), ABSENT)
        for number, item in enumerate(after[other + shared : last]):
            is_last = end == len(before)
            yield Edit((*path, end + number), item) if is_last else Insertion((*path, end), item)
