"""Which manifest each live object belongs to, in an environment whose objects no manifest names yet."""

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
    """A manifest that may be of a live object in the environment."""

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
    """A name that does not decide which object is which manifest's."""

    name: str
    addresses: tuple[Address, ...]
    live: tuple[Live, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """The pairs, and the names that leave a choice to a person; what is in neither belongs to no manifest."""

    pairs: tuple[Pair, ...]
    ambiguous: tuple[AmbiguousName, ...]


def match(manifests: Sequence[Matchable], live: Sequence[Live], by_hand: Mapping[Address, str]) -> Matching:
    """Gives live objects to manifests: as a person says, else by pinned id, else by a name that only one of each has.

    A manifest gets no second object: neither one whose id it names nor one that carries its address.
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
