"""The same change in many assistants, told once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.canonical import Json, encode
from reconciler.render.view import ChangeView, FieldView, MeaningView

_ENOUGH = 3
_WHOLE = ("create", "delete")  # what comes or goes whole is told as one


@dataclass(frozen=True, slots=True)
class Shared:
    """Fields that change alike, what that means, and where: whole changes, in their order."""

    fields: tuple[FieldView, ...]
    meanings: tuple[MeaningView, ...]
    changes: tuple[ChangeView, ...]

    @property
    def parts(self) -> tuple[FieldView | MeaningView, ...]:
        return (*self.fields, *self.meanings)


def shared(changes: Sequence[ChangeView]) -> tuple[Shared, ...]:
    """What three or more of the changes have in common, what most have first."""
    return tuple(one for one, _ in _groups(changes))


def apart(changes: Sequence[ChangeView]) -> tuple[tuple[Shared, ...], tuple[ChangeView, ...]]:
    """What is shared, and each change less that; an update of which nothing is left is left out."""
    groups = _groups(changes)
    if not groups:
        return (), tuple(changes)
    told = {(place, identity(part)) for one, places in groups for place in places for part in one.parts}
    found = []
    for place, change in enumerate(changes):
        fields = tuple(field for field in change.fields if (place, identity(field)) not in told)
        meanings = tuple(meaning for meaning in change.meanings if (place, identity(meaning)) not in told)
        if fields or meanings or not change.fields or change.action != "update":
            found.append(replace(change, fields=fields, meanings=meanings))
    return tuple(one for one, _ in groups), tuple(found)


def _groups(changes: Sequence[ChangeView]) -> list[tuple[Shared, tuple[int, ...]]]:
    """Fields that the very same changes have are one group."""
    groups: dict[tuple[int, ...], list[FieldView]] = {}
    for found, places in _fields(changes):
        if len(places) >= _ENOUGH:
            groups.setdefault(places, []).append(_one_for_all(found))
    told = [(_shared(fields, [changes[i] for i in places]), places) for places, fields in groups.items()]
    return sorted(told, key=lambda group: -len(group[1]))


def _fields(changes: Sequence[ChangeView]) -> Iterator[tuple[list[FieldView], tuple[int, ...]]]:
    """Every field change there is, as often as there is, with the places of the changes held back by the same."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[list[FieldView], dict[int, None]]] = {}
    for place, change in enumerate(changes):
        for field in change.fields if change.action not in _WHOLE else ():
            fields, places = found.setdefault((identity(field), change.held_by), ([], {}))
            fields.append(field)
            places[place] = None
    return ((fields, tuple(places)) for fields, places in found.values())


def _one_for_all(found: Sequence[FieldView]) -> FieldView:
    """The field that is told for all: where the texts around the edit differ, the edit alone."""
    first = found[0]
    if not _is_edit(first) or all((one.before, one.after) == (first.before, first.after) for one in found):
        return first
    before, after = ("\n".join(side) if side else None for side in _edited(str(first.before), str(first.after)))
    return replace(first, before=before, after=after, excerpt=True)


def _is_edit(field: FieldView) -> bool:
    """Whether it is a text of several lines on both sides: then the lines that differ are the change."""
    return isinstance(field.before, str) and isinstance(field.after, str) and "\n" in field.before + field.after


def _edited(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines from the first to the last that differ."""
    one, other = before.split("\n"), after.split("\n")
    head = _alike(one, other)
    end = _alike(one[head:][::-1], other[head:][::-1])
    return one[head : len(one) - end], other[head : len(other) - end]


def _alike(one: Sequence[str], other: Sequence[str]) -> int:
    """How many lines at the beginning are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _shared(fields: list[FieldView], changes: list[ChangeView]) -> Shared:
    meanings = tuple(
        meaning
        for meaning in changes[0].meanings
        if any(about(field.path, meaning.path) for field in fields)
        and all(meaning in change.meanings for change in changes)
    )
    return Shared(tuple(fields), meanings, tuple(changes))


def about(path: str, schema: str) -> bool:
    """Whether a field that changed is the schema, in it, or around it."""
    return path.startswith(schema) or schema.startswith(path)


def identity(part: FieldView | MeaningView, *, whole: bool = False) -> tuple[str, ...]:
    """What two parts that are told as one have in common; of long texts the edit alone, unless all of it is meant."""
    if isinstance(part, MeaningView):
        return (part.path, part.text, str(part.breaking))
    sides: Sequence[Json] = (part.before, part.after)
    if _is_edit(part) and not whole:
        sides = ["\n".join(side) if side else None for side in _edited(str(part.before), str(part.after))]
    is_edit = part.excerpt or _is_edit(part)
    return (part.path, *map(encode, sides), part.cause, str(part.origin), str(is_edit))
