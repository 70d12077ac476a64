"""Rows of short values in columns that fit: on a terminal the least important are omitted, so that no line wraps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.render.style import Style, paint
from reconciler.render.values import one_line, shortened
from reconciler.render.visible import columns

_GAP = 2
_LONGEST = 40
_FEWEST = 12  # columns that a shortened value keeps


@dataclass(frozen=True, slots=True)
class AlignedRow:
    """Values by the name of their column, and the inks of some."""

    values: Mapping[str, str | None]
    inks: Mapping[str, str] = field(default_factory=dict)


def in_columns(names: Sequence[str], expendable: Sequence[str], rows: Sequence[AlignedRow], style: Style) -> list[str]:
    """A line of names, then one line a row; columns that are empty or do not fit are not there.

    `expendable` are columns from the one to be omitted first; the last line says which had a value.
    """
    cells = [{name: _column_cell(row.values.get(name), is_short=name in expendable) for name in names} for row in rows]
    widths = {name: max(map(columns, [name, *(cell[name] for cell in cells)])) for name in names}
    shown = [name for name in names if name not in expendable or any(row.values.get(name) for row in rows)]
    room = _width(shown, widths) if style.is_piped else style.width
    omitted = []
    for name in (name for name in expendable if name in shown):
        if _width(shown, widths) > room:
            shown.remove(name)
            omitted.append(name)
    widest = max(shown, key=lambda name: widths[name])
    widths[widest] -= min(max(_width(shown, widths) - room, 0), max(widths[widest] - _FEWEST, 0))
    lines = [_column_line(shown, widths, dict.fromkeys(shown, "bold"), dict(zip(names, names, strict=True)), style)]
    lines += [_column_line(shown, widths, row.inks, cell, style) for row, cell in zip(rows, cells, strict=True)]
    note = f"(not shown: {', '.join(name for name in names if name in omitted)})"
    return [*lines, *([paint(note, "dim", style)] if omitted else [])]


def _column_cell(value: str | None, *, is_short: bool) -> str:
    text = one_line(value or "-")
    return shortened(text, _LONGEST) if is_short else text


def _width(shown: Sequence[str], widths: Mapping[str, int]) -> int:
    return sum(widths[name] + _GAP for name in shown) - _GAP


def _column_line(
    shown: Sequence[str], widths: Mapping[str, int], inks: Mapping[str, str], cells: Mapping[str, str], style: Style
) -> str:
    texts = [shortened(cells[name], widths[name]) for name in shown]
    gaps = [" " * (widths[name] - columns(text) + _GAP) for name, text in zip(shown, texts, strict=True)]
    painted = [paint(text, inks.get(name, ""), style) for name, text in zip(shown, texts, strict=True)]
    return "".join(text + gap for text, gap in zip(painted, gaps, strict=True)).rstrip()
