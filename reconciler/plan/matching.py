"""Matches live objects to manifests, in an environment whose ids the manifests do not have yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from reconciler.model import Address, Live

T = TypeVar("T")
By: TypeAlias = Literal["hand", "id", "name"]
_Name: TypeAlias = tuple[str, str]
"""A kind and a name."""


@dataclass(frozen=True, slots=True)
class Matchable:
    """A manifest that may match a live object in the environment."""

    address: Address
    name: str | None = None
    """As the environment has it."""
    id: str | None = None
    """What it names there already."""
    is_managed: bool = False
    """Whether a live object carries its address."""

    @property
    def is_open(self) -> bool:
        """Whether its name decides."""
        return self.id is None and not self.is_managed


@dataclass(frozen=True, slots=True)
class Pair:
    """A manifest and its live object."""

    address: Address
    live: Live
    by: By


@dataclass(frozen=True, slots=True)
class AmbiguousName:
    """A name that does not decide which object matches which manifest."""

    name: str
    addresses: tuple[Address, ...]
    live: tuple[Live, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """The pairs, and the ambiguous names; an object in neither has no match."""

    pairs: tuple[Pair, ...]
    ambiguous: tuple[AmbiguousName, ...]


def match(manifests: Sequence[Matchable], live: Sequence[Live], by_hand: Mapping[Address, str]) -> Matching:
    """Matches live objects to manifests: by a person's pair, else by pinned id, else by an unambiguous name.

    A manifest that names an id, or whose address a live object carries, gets no second object.
    """
    given = {(address.kind, id): address for address, id in by_hand.items()}
    named = {(each.address.kind, each.id): each.address for each in manifests if each.address not in by_hand}
    pairs = [Pair(given[one.identity], one, "hand") for one in live if one.identity in given]
    pairs += [
        Pair(named[one.identity], one, "id") for one in live if one.identity in named and one.identity not in given
    ]
    paired = {pair.live.identity for pair in pairs}
    left = [each for each in manifests if each.is_open and each.address not in by_hand]
    by_name, ambiguous = _by_name(left, [one for one in live if one.identity not in paired])
    return Matching(tuple(sorted([*pairs, *by_name], key=lambda pair: pair.address)), ambiguous)


def _by_name(manifests: Sequence[Matchable], live: Sequence[Live]) -> tuple[list[Pair], tuple[AmbiguousName, ...]]:
    wanting = _grouped((each.address.kind, each.name, each.address) for each in manifests)
    having = _grouped((one.kind, one.name, one) for one in live)
    pairs: list[Pair] = []
    ambiguous: list[AmbiguousName] = []
    for name in sorted(wanting.keys() & having.keys()):
        addresses, objects = wanting[name], having[name]
        if len(addresses) == len(objects) == 1:
            pairs.append(Pair(addresses[0], objects[0], "name"))
        else:
            ambiguous.append(AmbiguousName(name[1], tuple(sorted(addresses)), tuple(objects)))
    return pairs, tuple(ambiguous)


def _grouped(named: Iterable[tuple[str, str | None, T]]) -> dict[_Name, list[T]]:
    groups: dict[_Name, list[T]] = {}
    for kind, name, one in named:
        if name is not None:
            groups.setdefault((kind, name), []).append(one)
    return groups
