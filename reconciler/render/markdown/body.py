"""Changes of a plan: the table, then the sections, as many as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.render.entries import new_lines
from reconciler.render.markdown.blocks import BETWEEN
from reconciler.render.markdown.sections import Part, as_change, section
from reconciler.render.markdown.table import table
from reconciler.render.verdict.ranking import rank
from reconciler.render.verdict.shared import apart
from reconciler.render.view import ChangeView

_ROWS = 3  # the part of the room that the table has at most
_LEAST = 1_500  # what it has at least
_OTHERS = 1_500  # what is kept free for each further section


@dataclass(frozen=True, slots=True)
class Body:
    """What is shown, and how many rows and sections are left out."""

    blocks: tuple[str, ...] = ()
    rows: int = 0
    sections: int = 0


def body(changes: Sequence[ChangeView], room: int, *, alone: bool) -> Body:
    """The changes, worst first; where there is a single one, it is open."""
    groups, rest = apart(changes)
    parts: list[Part] = sorted((*groups, *rest), key=lambda part: rank(as_change(part)))
    rows, rows_left = table(parts, max(room // _ROWS, min(room, _LEAST)))
    blocks = [rows] if rows else []
    room -= sum(len(block) + len(BETWEEN) for block in blocks)
    found = _sections(parts, room, most=new_lines(changes), alone=alone)
    return Body((*blocks, *found.blocks), rows_left, found.sections)


def _sections(parts: Sequence[Part], room: int, *, most: int, alone: bool) -> Body:
    """One after the other; a long one leaves room for those that follow."""
    blocks: list[str] = []
    cut = 0
    for place, part in enumerate(parts):
        kept = min(room // 2, _OTHERS * (len(parts) - place - 1))
        text, whole = section(part, room - kept, most=most, opened=alone and len(parts) == 1)
        if not text:
            return Body(tuple(blocks), sections=cut + len(parts) - place)
        cut += not whole
        blocks.append(text)
        room -= len(text) + len(BETWEEN)
    return Body(tuple(blocks), sections=cut)
