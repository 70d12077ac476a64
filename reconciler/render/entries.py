"""What every format for people shows of a change: one entry a field, on one line or on many."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from reconciler import paths
from reconciler.canonical import Json
from reconciler.render.text_diff import Line, compare, fold, whole
from reconciler.render.values import both, compact, one_line, pretty, structure
from reconciler.render.view import ChangeView, FieldView

_NEW_LINES = 40  # of a new text; the rest is in the manifest
_ALL_NEW_LINES = 4_000  # of all new texts of a plan
_FEWEST = 3
_DEEPEST = 4  # `tools.functions.lookup.parameters`
_LONG = 60  # columns of a text that still reads well within quotes
AROUND = 12
"""Columns of indentation and signs."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A field that will differ: its sign, and either its value on one line or its lines."""

    sign: str
    path: str
    cause: str
    value: str = ""
    lines: tuple[Line, ...] = ()


def entries(change: ChangeView, width: int, most: int = _NEW_LINES) -> tuple[Entry, ...]:
    """The fields of a change, members of large mappings one by one, in the order of the plan.

    Of a text that is only on one side, `most` lines are shown.
    """
    return tuple(entry(member, width, most) for member in members(change, width))


def new_lines(changes: Collection[ChangeView]) -> int:
    """How many lines of each new text are shown: the more of them, the fewer, for they stand in the manifests."""
    creates = sum(change.action == "create" for change in changes)
    return max(_FEWEST, min(_NEW_LINES, _ALL_NEW_LINES // max(creates, 1)))


def members(change: ChangeView, width: int) -> Iterator[FieldView]:
    """The fields of a change, the members of a large mapping one by one."""
    return (member for field in change.fields for member in _members(field, width))


def _members(field: FieldView, width: int) -> Iterator[FieldView]:
    """The field, or what is in it, where that reads better than one block of JSON."""
    mapping = field.after if field.before is None else field.before
    one_sided = field.before is None or field.after is None
    if not (one_sided and isinstance(mapping, dict)) or _is_whole(mapping, field, width):
        yield field
        return
    for key in sorted(mapping):
        before, after = (mapping[key] if side is mapping else None for side in (field.before, field.after))
        yield from _members(FieldView(_join(field.path, key), before, after, field.cause, field.origin), width)


def _is_whole(mapping: dict[str, Json], field: FieldView, width: int) -> bool:
    deep = field.path.count(".") + 1 >= _DEEPEST  # a dot within a name only makes it stop earlier
    return deep or "properties" in mapping or None in mapping.values() or _inline(field, width) is not None


def _join(path: str, key: str) -> str:
    step = paths.show((key,))
    return path + step if step.startswith("[") else f"{path}.{step}"


def entry(field: FieldView, width: int, most: int = _NEW_LINES) -> Entry:
    """The field on one line, or as its lines, folded to the width."""
    sign = "+" if field.before is None else "-" if field.after is None else "~"
    path, value = one_line(field.path), _inline(field, width)
    if value is not None:
        return Entry(sign, path, field.cause, value=value)
    return Entry(sign, path, field.cause, lines=tuple(fold(_lines(field, most), width - AROUND)))


def _inline(field: FieldView, width: int) -> str | None:
    """Both values on one line, where they fit."""
    sides = [side for side in both(field.before, field.after) if side is not None]
    if any(isinstance(side, str) and (len(side) > _LONG or "\n" in side) for side in sides):
        return None
    value = " -> ".join(map(compact, sides)) or "null"
    return value if len(field.path) + len(value) + AROUND <= max(width, _LONG) else None


def _lines(field: FieldView, most: int) -> list[Line]:
    if _is_text(field) and isinstance(field.before, str) and isinstance(field.after, str):
        return compare(field.before, field.after)
    before, after = _sides(field)
    return compare(before, after) if before and after else whole("+" if after else "-", before or after, most)


def _sides(field: FieldView) -> tuple[list[str], list[str]]:
    """The lines of both; a text stands in quotes where the other side is a structure."""
    if str in (type(field.before), type(field.after)) and not _is_text(field):
        return structure(field.before), structure(field.after)
    return pretty(field.before), pretty(field.after)


def _is_text(field: FieldView) -> bool:
    return all(side is None or isinstance(side, str) for side in (field.before, field.after))
