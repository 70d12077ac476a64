"""What belongs together in a plan: what merging does, what many changes share, what several environments share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from reconciler import paths
from reconciler.canonical import Json, encode
from reconciler.kinds import KINDS
from reconciler.render.view import ChangeView, FieldView, MeaningView, ObjectionView, View

PROMPTS: Final = frozenset(paths.show(kind.prompt) for kind in KINDS.values())
"""Which fields are prompts."""
ANSWERS: Final = tuple(paths.show(kind.answer_schema) for kind in KINDS.values())
"""Where the schemas of answers are."""
WHOLE: Final = ("create", "delete")
"""What comes or goes whole is shown as one."""
_ENOUGH = 3
_FUNCTIONS = ("tools", "functions")
_FUNCTION_DEPTH = 3

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Half:
    """Some of a plan's changes; without a title they are all there are."""

    title: str
    origin: str | None
    changes: tuple[ChangeView, ...]
    objections: tuple[ObjectionView, ...] = ()
    """What blocks them, where nothing is done with this plan."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Fields that change alike, what that means, and the whole changes they are of."""

    fields: tuple[FieldView, ...]
    meanings: tuple[MeaningView, ...]
    changes: tuple[ChangeView, ...]

    @property
    def parts(self) -> tuple[FieldView | MeaningView, ...]:
        return (*self.fields, *self.meanings)


@dataclass(frozen=True, slots=True)
class Across(Generic[T]):
    """What the very same environments have, in their order."""

    environments: tuple[str, ...]
    values: tuple[T, ...]


def halves(view: View) -> tuple[Half, ...]:
    """The changes by where they come from, those of this change first; one part where nothing was compared.

    Where merging applies everything, what is updated for both reasons is in both, each with its own fields.
    """
    if view.base is None:
        return (Half("", None, view.changes),)
    if view.applies == "change":
        pending = Half("Not done by merging", "pending", view.pending, view.pending_objections)
        return Half("Merging does this", "change", view.changes), pending
    return (
        Half("Merging does this", "change", tuple(_of_origin(view, "change"))),
        Half("Also done by merging", "pending", tuple(_of_origin(view, "pending"))),
    )


def _of_origin(view: View, origin: str) -> Iterator[ChangeView]:
    for change in view.changes:
        fields = tuple(field for field in change.fields if field.origin == origin)
        acts = change.action != "update" and change.origin == origin
        if change.action in WHOLE or not change.fields:
            if change.origin == origin:
                yield change
        elif fields or acts:
            meanings = tuple(m for m in change.meanings if any(about(field.path, m.path) for field in fields))
            narrowed = change if acts else replace(change, action="update", previous_key=None, previous_stack=None)
            yield replace(narrowed, fields=fields, meanings=meanings)


def about(path: str, schema: str) -> bool:
    """Whether a field that changed is the schema, in it, or around it."""
    return path.startswith(schema) or schema.startswith(path)


def identity(part: FieldView | MeaningView, *, whole: bool = False) -> tuple[str, ...]:
    """What two parts that are shown as one have in common; of long texts the edit alone, unless all of it is meant."""
    if isinstance(part, MeaningView):
        return (part.path, part.text, str(part.breaking))
    sides: Sequence[Json] = (part.before, part.after)
    if _is_edit(part) and not whole:
        sides = ["\n".join(side) if side else None for side in _edited(str(part.before), str(part.after))]
    is_edit = part.excerpt or _is_edit(part)
    return (part.path, *map(encode, sides), part.cause, str(part.origin), str(is_edit), *map(encode, part.applied))


def apart(changes: Sequence[ChangeView]) -> tuple[tuple[Shared, ...], tuple[ChangeView, ...]]:
    """What is shared, and each change less that; an update of which nothing is left is left out."""
    groups = _groups(changes)
    if not groups:
        return (), tuple(changes)
    in_groups = {(place, identity(part)) for group, places in groups for place in places for part in group.parts}
    rest = []
    for place, change in enumerate(changes):
        fields = tuple(field for field in change.fields if (place, identity(field)) not in in_groups)
        meanings = tuple(meaning for meaning in change.meanings if (place, identity(meaning)) not in in_groups)
        if fields or meanings or not change.fields or change.action != "update":
            rest.append(replace(change, fields=fields, meanings=meanings))
    return tuple(group for group, _ in groups), tuple(rest)


def _groups(changes: Sequence[ChangeView]) -> list[tuple[Shared, tuple[int, ...]]]:
    """Fields that the very same changes have are one group, with the places of those changes."""
    groups: dict[tuple[int, ...], list[FieldView]] = {}
    for fields, places in _occurrences(changes):
        if len(places) >= _ENOUGH:
            groups.setdefault(places, []).append(_representative(fields))
    pairs = [(_shared_of(fields, [changes[i] for i in places]), places) for places, fields in groups.items()]
    return sorted(pairs, key=lambda pair: -len(pair[1]))


def _occurrences(changes: Sequence[ChangeView]) -> Iterator[tuple[list[FieldView], tuple[int, ...]]]:
    """Every field change with the places of the changes that have it and are blocked by the same."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[list[FieldView], dict[int, None]]] = {}
    for place, change in enumerate(changes):
        for field in change.fields if change.action not in WHOLE else ():
            fields, places = groups.setdefault((identity(field), change.held_by), ([], {}))
            fields.append(field)
            places[place] = None
    return ((fields, tuple(places)) for fields, places in groups.values())


def _representative(fields: Sequence[FieldView]) -> FieldView:
    """The field that is shown for all: where the texts around the edit differ, the edit alone."""
    first = fields[0]
    if not _is_edit(first) or all((each.before, each.after) == (first.before, first.after) for each in fields):
        return first
    before, after = ("\n".join(side) if side else None for side in _edited(str(first.before), str(first.after)))
    return replace(first, before=before, after=after, excerpt=True)


def _is_edit(field: FieldView) -> bool:
    """Whether it is a text of several lines on both sides: then the lines that differ are the change."""
    return isinstance(field.before, str) and isinstance(field.after, str) and "\n" in field.before + field.after


def _edited(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines from the first to the last that differ."""
    before_lines, after_lines = before.split("\n"), after.split("\n")
    head = _same_head(before_lines, after_lines)
    end = _same_head(before_lines[head:][::-1], after_lines[head:][::-1])
    return before_lines[head : len(before_lines) - end], after_lines[head : len(after_lines) - end]


def _same_head(lines: Sequence[str], others: Sequence[str]) -> int:
    """How many lines at the beginning are the same."""
    pairs = enumerate(zip(lines, others, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(lines), len(others)))


def _shared_of(fields: list[FieldView], changes: list[ChangeView]) -> Shared:
    meanings = tuple(
        meaning
        for meaning in changes[0].meanings
        if any(about(field.path, meaning.path) for field in fields)
        and all(meaning in change.meanings for change in changes)
    )
    return Shared(tuple(fields), meanings, tuple(changes))


_ChangePart: TypeAlias = FieldView | MeaningView | None
"""A part of a change; None stands for a change that has no parts."""
_Key: TypeAlias = tuple[str, ...]


def common(sides: Iterable[tuple[str, Iterable[H]]]) -> tuple[Across[H], ...]:
    """Values by the environments that have them: those of most environments first, then in the order given."""
    holders: dict[H, dict[str, None]] = {}
    for name, values in sides:
        for value in values:
            holders.setdefault(value, {})[name] = None
    groups: dict[tuple[str, ...], list[H]] = {}
    for value, names in holders.items():
        groups.setdefault(tuple(names), []).append(value)
    return tuple(
        sorted((Across(names, tuple(values)) for names, values in groups.items()), key=lambda g: -len(g.environments))
    )


def across(sides: Sequence[tuple[str, Sequence[ChangeView]]]) -> tuple[Across[ChangeView], ...]:
    """The changes by the environments that make them.

    A change of which a part is the same elsewhere is shown in pieces: what is common, and what is its own.
    """
    parts: dict[_Key, tuple[ChangeView, _ChangePart]] = {}
    keys: list[tuple[str, list[_Key]]] = []
    for name, side in sides:
        keyed = {_part_key(change, part): (change, part) for change in side for part in _fields_and_meanings(change)}
        keys.append((name, list(keyed)))
        for key, pair in keyed.items():
            parts.setdefault(key, pair)
    return tuple(Across(group.environments, _assembled(group, parts)) for group in common(keys))


def _assembled(group: Across[_Key], parts: Mapping[_Key, tuple[ChangeView, _ChangePart]]) -> tuple[ChangeView, ...]:
    """The parts that the same environments have, put together by the change that they are of."""
    members: dict[_Key, list[_ChangePart]] = {}
    changes: dict[_Key, ChangeView] = {}
    for change, part in (parts[key] for key in group.values):
        changes.setdefault(_change_key(change), change)
        members.setdefault(_change_key(change), []).append(part)
    alone = len(group.environments) == 1
    return tuple(_piece(changes[key], own, alone=alone) for key, own in members.items())


def _piece(change: ChangeView, parts: Sequence[_ChangePart], *, alone: bool) -> ChangeView:
    fields = tuple(part for part in parts if isinstance(part, FieldView))
    meanings = tuple(part for part in parts if isinstance(part, MeaningView))
    whole = len(fields) == len(change.fields) and len(meanings) == len(change.meanings)
    piece = replace(change, fields=fields, meanings=meanings, id=change.id if alone else None)
    return piece if whole else replace(piece, unchanged_fields=0, patch={})  # which are of the whole change


def _fields_and_meanings(change: ChangeView) -> Sequence[_ChangePart]:
    return (*change.fields, *change.meanings) or (None,)


def _part_key(change: ChangeView, part: _ChangePart) -> _Key:
    parts = [part] if part is not None else []
    if isinstance(part, MeaningView):  # what the change of a schema means goes where that change goes
        parts += [field for field in change.fields if about(field.path, part.path)]
    return (*_change_key(change), *(word for each in parts for word in identity(each, whole=True)))


def _change_key(change: ChangeView) -> _Key:
    """Which change it is, wherever it is made: ids are another in each environment."""
    was = (change.previous_key or "", change.previous_stack or "")
    return (change.address, change.action, str(change.origin), *was, *change.held_by)


def owner(path: str) -> str:
    """The path of the function, or of the answer's schema, that a path is in; nothing where it is in none."""
    answer = next((answer for answer in ANSWERS if path.startswith(answer)), "")
    if answer:
        return answer
    if not path.startswith("tools.functions"):
        return ""
    try:
        steps = paths.read(path)
    except paths.BadPath:
        return ""
    is_function = steps[:2] == _FUNCTIONS and len(steps) >= _FUNCTION_DEPTH
    return paths.show(steps[:_FUNCTION_DEPTH]) if is_function else ""


class _Placed(Protocol):
    @property
    def path(self) -> str: ...


_P = TypeVar("_P", bound=_Placed)


def by_owner(placed: Iterable[_P]) -> Mapping[str, list[_P]]:
    """Things with a path by their owner, in their order; those without one under the empty text."""
    owners: defaultdict[str, list[_P]] = defaultdict(list)
    for each in placed:
        owners[owner(each.path)].append(each)
    return owners


def function_name(owner_path: str) -> str:
    """The name of the function that an owner is; nothing for the answer's schema."""
    return "" if owner_path in ANSWERS else paths.read(owner_path)[-1]


def within(path: str, owner_path: str) -> str:
    """The path as it reads below its owner; nothing for the owner itself."""
    return path.removeprefix(owner_path).removeprefix(".")
