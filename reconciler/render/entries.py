"""What every format for people shows of a change: one entry a field, on one line or on many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler import paths
from reconciler.canonical import Json
from reconciler.render.fold import fold
from reconciler.render.lines import Line, compare_lines, whole
from reconciler.render.values import compact, one_line, pretty, structure
from reconciler.render.view import ChangeView, FieldView

_NEW_LINES = 40  # of a new text; the rest is in the manifest
_DEEPEST = 4  # `tools.functions.lookup.parameters`
_LONG = 60  # columns of a text that still reads well within quotes
_AROUND = 12  # columns of indentation and signs


@dataclass(frozen=True, slots=True)
class Entry:
    """A field that will differ: its sign, and either its value on one line or its lines."""

    sign: str
    path: str
    cause: str
    value: str = ""
    lines: tuple[Line, ...] = ()


def entries(change: ChangeView, width: int) -> tuple[Entry, ...]:
    """The fields of a change, members of large mappings one by one, in the order of the plan."""
    return tuple(_entry(member, width) for field in change.fields for member in _members(field, width))


def _members(field: FieldView, width: int) -> Iterator[FieldView]:
    """The field, or what is in it, where that reads better than one block of JSON."""
    mapping = field.after if field.before is None else field.before
    one_sided = field.before is None or field.after is None
    if not (one_sided and isinstance(mapping, dict)) or _is_whole(mapping, field, width):
        yield field
        return
    for key in sorted(mapping):
        before, after = (mapping[key] if side is mapping else None for side in (field.before, field.after))
        yield from _members(FieldView(_join(field.path, key), before, after, field.cause), width)


def _is_whole(mapping: dict[str, Json], field: FieldView, width: int) -> bool:
    deep = field.path.count(".") + 1 >= _DEEPEST  # a dot within a name only makes it stop earlier
    return deep or "properties" in mapping or None in mapping.values() or _fits(field, _inline(field), width)


def _join(path: str, key: str) -> str:
    step = paths.show((key,))
    return path + step if step.startswith("[") else f"{path}.{step}"


def _entry(field: FieldView, width: int) -> Entry:
    sign = "+" if field.before is None else "-" if field.after is None else "~"
    path, value = one_line(field.path), _inline(field)
    if _fits(field, value, width):
        return Entry(sign, path, field.cause, value=value)
    return Entry(sign, path, field.cause, lines=tuple(fold(_lines(field), width - _AROUND)))


def _inline(field: FieldView) -> str:
    sides = [compact(side) for side in (field.before, field.after) if side is not None]
    return " -> ".join(sides) or "null"


def _fits(field: FieldView, value: str, width: int) -> bool:
    texts = [side for side in (field.before, field.after) if isinstance(side, str)]
    short = all(len(text) <= _LONG and "\n" not in text for text in texts)
    return short and len(field.path) + len(value) + _AROUND <= max(width, _LONG)


def _lines(field: FieldView) -> list[Line]:
    before, after = _sides(field)
    if not before or not after:
        return whole("+" if after else "-", before or after, _NEW_LINES)
    return compare_lines(before, after)


def _sides(field: FieldView) -> tuple[list[str], list[str]]:
    """The lines of both; a text stands in quotes where the other side is a structure."""
    if str in (type(field.before), type(field.after)) and not _is_text(field):
        return structure(field.before), structure(field.after)
    return pretty(field.before), pretty(field.after)


def _is_text(field: FieldView) -> bool:
    return all(side is None or isinstance(side, str) for side in (field.before, field.after))
