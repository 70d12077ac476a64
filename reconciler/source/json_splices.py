"""How one value of a JSON text is set or removed, in the layout of that text."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.canonical import Json
from reconciler.source.extents import Extent, Spot
from reconciler.source.flow_splices import WIDTH, Brackets, Keys, Proposal, in_json, unit_of
from reconciler.source.lines import begins_line, column, indentation, line_break


def replaced(spot: Spot, value: Json) -> Iterator[Proposal]:
    """Replaces a value, over several lines if it is too long for one."""
    text, old = spot.text, spot.old
    is_spaced = spot.parent is None or Brackets(text, spot.parent).is_spaced()
    shown = in_json(value, is_spaced=is_spaced)
    is_one_line = "\n" not in text[old.start : old.end] and column(text, old.start) + len(shown) <= WIDTH
    unit = unit_of(text) if spot.parent is None or begins_line(text, spot.member.start) else None
    if unit is not None and not (old.members and is_one_line):
        shown = in_json(value, unit, indentation(text, spot.member.start), line_break(text))
    yield [(old.start, old.end, shown)]


def inserted(spot: Spot, keys: Keys, value: Json) -> Iterator[Proposal]:
    """Appends a member to a mapping below the keys or, without keys, an item to a list."""
    yield Brackets(spot.text, spot.old, is_json=True).added(keys, value)


def inserted_before(spot: Spot, parent: Extent, value: Json) -> Iterator[Proposal]:
    """Inserts an item before the one at the spot."""
    yield Brackets(spot.text, parent, is_json=True).before(spot.member, value)


def removed(spot: Spot, parent: Extent) -> Iterator[Proposal]:
    """Removes a member of the parent with its lines; it is not the only one."""
    yield Brackets(spot.text, parent, is_json=True).without(spot.member)
