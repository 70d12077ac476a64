"""What several environments have in common: the same change, told once with the environments that it concerns."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from reconciler.render.verdict.shared import about, identity
from reconciler.render.view import ChangeView, FieldView, MeaningView

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)

_Part = FieldView | MeaningView | None
"""What is told of a change: None stands for a change of which nothing else is."""


@dataclass(frozen=True, slots=True)
class Across(Generic[T]):
    """What the very same environments have, in their order."""

    environments: tuple[str, ...]
    found: tuple[T, ...]


def common(sides: Iterable[tuple[str, Iterable[H]]]) -> tuple[Across[H], ...]:
    """Values by the environments that have them: those of most environments first, then in the order given."""
    holders: dict[H, dict[str, None]] = {}
    for name, values in sides:
        for value in values:
            holders.setdefault(value, {})[name] = None
    groups: dict[tuple[str, ...], list[H]] = {}
    for value, names in holders.items():
        groups.setdefault(tuple(names), []).append(value)
    found = (Across(names, tuple(values)) for names, values in groups.items())
    return tuple(sorted(found, key=lambda group: -len(group.environments)))


def changes(sides: Sequence[tuple[str, Sequence[ChangeView]]]) -> tuple[Across[ChangeView], ...]:
    """The changes by the environments that make them.

    A change of which a part is the same elsewhere is told in pieces: what is common, and what is its own.
    """
    parts: dict[tuple[str, ...], tuple[ChangeView, _Part]] = {}
    keys: list[tuple[str, list[tuple[str, ...]]]] = []
    for name, side in sides:
        found = [(_key(change, part), (change, part)) for change in side for part in _parts(change)]
        keys.append((name, [key for key, _ in found]))
        for key, told in found:
            parts.setdefault(key, told)
    return tuple(Across(group.environments, _whole(group, parts)) for group in common(keys))


def _whole(
    group: Across[tuple[str, ...]], parts: dict[tuple[str, ...], tuple[ChangeView, _Part]]
) -> tuple[ChangeView, ...]:
    """The parts that the same environments have, put together by the change that they are of."""
    found: dict[tuple[str, ...], list[_Part]] = {}
    of: dict[tuple[str, ...], ChangeView] = {}
    for key in group.found:
        change, part = parts[key]
        of.setdefault(_change(change), change)
        found.setdefault(_change(change), []).append(part)
    return tuple(_piece(of[which], told, alone=len(group.environments) == 1) for which, told in found.items())


def _piece(change: ChangeView, told: Sequence[_Part], *, alone: bool) -> ChangeView:
    fields = tuple(part for part in told if isinstance(part, FieldView))
    meanings = tuple(part for part in told if isinstance(part, MeaningView))
    whole = len(fields) == len(change.fields) and len(meanings) == len(change.meanings)
    return replace(
        change,
        fields=fields,
        meanings=meanings,
        id=change.id if alone else None,
        unchanged_fields=change.unchanged_fields if whole else 0,
    )


def _parts(change: ChangeView) -> Iterator[_Part]:
    yield from change.fields
    yield from change.meanings
    if not change.fields and not change.meanings:
        yield None


def _key(change: ChangeView, part: _Part) -> tuple[str, ...]:
    told = [part] if part is not None else []
    if isinstance(part, MeaningView):  # what the change of a schema means goes where that change goes
        told += [field for field in change.fields if about(field.path, part.path)]
    return (*_change(change), *(word for one in told for word in identity(one, whole=True)))


def _change(change: ChangeView) -> tuple[str, ...]:
    """Which change it is, wherever it is made: ids are another in each environment."""
    was = (change.previous_key or "", change.previous_stack or "")
    return (change.address, change.action, str(change.origin), *was, *change.held_by)
