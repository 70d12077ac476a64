"""The state of every object, as a table for people and as data for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import fill

from reconciler.kinds import KINDS
from reconciler.plan.status import API_NOT_FOUND, ID_NOT_FOUND, MARKER_LOST, Standing
from reconciler.render import sentences
from reconciler.render.columns import AlignedRow, in_columns
from reconciler.render.document import of_mismatch
from reconciler.render.style import Style
from reconciler.render.values import one_line
from reconciler.render.view import Document, view_mismatch

_FIRST, *_OTHERS = dict.fromkeys(name for kind in KINDS.values() for name in kind.columns)
_COLUMNS = ("address", "id", _FIRST, "state", "commit", *_OTHERS)
_EXPENDABLE = ("commit", *_OTHERS, _FIRST, "id")
_INKS = {
    "in sync": "good",
    "unmanaged": "dim",
    "conflict": "bad",
    "to be deleted": "bad",
    "duplicate": "bad",
    MARKER_LOST: "bad",
    API_NOT_FOUND: "bad",
    ID_NOT_FOUND: "bad",
}
_UNCOUNTED = ("to be created", "to be adopted", MARKER_LOST, API_NOT_FOUND, ID_NOT_FOUND)
"""The states of what is not managed as far as is known, and has an address."""
_NAMED_OWNERS = 5


def table(rows: Sequence[Standing], style: Style, *, others: bool = True) -> str:
    """One line an object, as many columns as fit, and the totals; what other stacks manage only with `others`."""
    listed = [_status_row(row) for row in rows if others or row.owner is None]
    lines = in_columns(_COLUMNS, _EXPENDABLE, listed, style)
    mismatches = (view_mismatch(of_mismatch(row.mismatch)) for row in rows if row.mismatch is not None)
    notes = [_wrapped_note(f"Note: {one_line(sentences.mismatch(mismatch))}", style) for mismatch in mismatches]
    return "\n\n".join(["\n".join(lines), _wrapped_note(f"{', '.join(_totals(rows))}.", style), *notes]) + "\n"


def data(rows: Sequence[Standing]) -> list[Document]:
    """The same as data."""
    return [_as_dict(row) for row in rows]


def _status_row(row: Standing) -> AlignedRow:
    state = row.state if row.owner is None else f"of {row.owner}"
    return AlignedRow({**_status_values(row), "state": state}, {"state": _INKS.get(row.state, "warning")})


def _totals(rows: Sequence[Standing]) -> Iterator[str]:
    """`2 managed, 1 to be created, 3 unmanaged, 2 of acme-pr-7/production`: what is yet to be is nobody's."""
    states = Counter(row.state.partition(",")[0] for row in rows if row.owner is None)
    others = Counter(row.owner for row in rows if row.owner is not None)
    unmanaged = states["unmanaged"]
    yield f"{states.total() - sum(states[state] for state in _UNCOUNTED) - unmanaged:,} managed"
    yield from (f"{states[state]:,} {state}" for state in _UNCOUNTED if states[state])
    yield f"{unmanaged:,} unmanaged"
    if len(others) > _NAMED_OWNERS:
        yield f"{others.total():,} of {len(others):,} other stacks"
    else:
        yield from (f"{number:,} of {one_line(owner)}" for owner, number in sorted(others.items()))


def _wrapped_note(text: str, style: Style) -> str:
    return fill(text, style.width, break_long_words=False, break_on_hyphens=False)


def _status_values(row: Standing) -> dict[str, str | None]:
    return {
        "address": row.address,
        "id": row.id,
        **{name: row.values.get(name) for name in (*_OTHERS, _FIRST)},
        "state": row.state,
        "commit": row.commit,
        "owner": row.owner,
    }


def _as_dict(row: Standing) -> Document:
    return {**_status_values(row), "mismatch": of_mismatch(row.mismatch)["fields"] if row.mismatch is not None else []}
