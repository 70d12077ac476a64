"""How everything stands, as a table for people and as data for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.plan.status import Standing
from reconciler.render import sentences
from reconciler.render.document import of_mismatch
from reconciler.render.style import Style, paint
from reconciler.render.values import in_ascii, one_line, shortened
from reconciler.render.view import Document, view_mismatch

_HEAD = ("address", "id", "model", "state", "commit", "name")
_MEMBERS = ("address", "id", "name", "model", "state", "commit", "owner")
_INKS = {"in sync": "good", "unmanaged": "dim", "conflict": "bad", "to be deleted": "bad", "duplicate": "bad"}
_COMING = ("to be created", "to be adopted")
_NAME_ROOM = 40


def table(rows: Sequence[Standing], style: Style) -> str:
    """One line an object; columns are as wide as they need to be."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    lines = [_line(_HEAD, widths, "bold", style)]
    lines += [
        _line(line, widths, _INKS.get(row.state, "warning"), style) for row, line in zip(rows, cells[1:], strict=True)
    ]
    lines.append(f"\n{', '.join(_figures(rows))}.")
    told = (sentences.mismatch(view_mismatch(of_mismatch(row.mismatch))) for row in rows if row.mismatch is not None)
    lines += [f"\nNote: {one_line(note)}" for note in told]
    return "\n".join(lines) + "\n"


def _figures(rows: Sequence[Standing]) -> Iterator[str]:
    """`2 managed, 1 to be created, 3 unmanaged, 2 of acme-pr-7/production`: what is yet to be is nobody's."""
    coming = Counter(row.state for row in rows if row.state in _COMING)
    others = Counter(row.owner for row in rows if row.owner is not None)
    unmanaged = sum(row.state == "unmanaged" and row.owner is None for row in rows)
    yield f"{len(rows) - sum(coming.values()) - sum(others.values()) - unmanaged:,} managed"
    yield from (f"{coming[state]:,} {state}" for state in _COMING if coming[state])
    yield f"{unmanaged:,} unmanaged"
    yield from (f"{number:,} of {one_line(owner)}" for owner, number in sorted(others.items()))


def data(rows: Sequence[Standing]) -> str:
    """The same as JSON."""
    return in_ascii([_as_dict(row) for row in rows], indent=2) + "\n"


def _as_dict(row: Standing) -> Document:
    told: Document = {name: getattr(row, name) for name in _MEMBERS}
    return {**told, "mismatch": of_mismatch(row.mismatch)["fields"] if row.mismatch is not None else []}


def _cells(row: Standing) -> tuple[str, ...]:
    state = row.state if row.owner is None else f"of {row.owner}"
    told = (row.address or "-", row.id or "-", row.model or "-", state, row.commit or "-", row.name or "-")
    return tuple(shortened(one_line(cell), _NAME_ROOM) for cell in told)


def _line(cells: Sequence[str], widths: Sequence[int], ink: str, style: Style) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    padded[3] = paint(padded[3], ink, style)
    return "  ".join(padded).rstrip()
