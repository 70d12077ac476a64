"""Two environments compared: what the manifests state in each, and what is live in each where it is not that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from reconciler.canonical import Absent, Fields, Json, encode
from reconciler.diagnostics import Location
from reconciler.kinds import KINDS
from reconciler.model import Address, Cause, Desired, Live, Target
from reconciler.paths import Path, copied, show
from reconciler.plan.diff import PathValues, compare, field_differences
from reconciler.plan.ownership import Match, claim, other_manager

Deviation: TypeAlias = Cause | Literal["mismatch", "absent"]
"""Why something live is not as stated: who changed it, that the server does not keep it, or that it is not there."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two environments."""

    where: Target
    stated: Mapping[Address, Desired]
    live: Mapping[Address, Live] = field(default_factory=dict)
    unread: str | None = None
    """Why nothing live was read; then what is stated stands for it."""
    gone: tuple[str, ...] = ()
    """The stated kinds whose API the server does not have; what is stated stands for them too."""
    deviations: Mapping[Address, tuple[tuple[Path, Deviation], ...]] = field(default_factory=dict)
    """By address, each path at which what is live is not as stated, and why."""
    unmanaged: int = 0
    elsewhere: int = 0
    """How many objects other stacks manage."""

    @property
    def addresses(self) -> frozenset[Address]:
        """Everything that a manifest states here or that is managed here."""
        return frozenset({*self.stated, *self.live})


@dataclass(frozen=True, slots=True)
class PathDifference:
    """A path with another value in each of the environments."""

    path: Path
    before: Json | Absent
    after: Json | Absent
    deviations: tuple[tuple[str, Deviation], ...] = ()
    """By environment, why what is live there is not as stated."""


@dataclass(frozen=True, slots=True)
class ResourceDifference:
    """One address that is not the same in both environments; what is first in a pair is of the first environment."""

    address: Address
    place: Location | None
    ids: tuple[str | None, str | None]
    in_git: tuple[bool, bool]
    stated: tuple[PathDifference, ...] = ()
    """What the manifests state differently."""
    live: tuple[PathDifference, ...] = ()
    """What differs live, and not as the manifests say."""
    absent: tuple[str, ...] = ()
    """The environment where it is not live although it is stated; nothing where that is so in both."""
    orphaned: tuple[str, ...] = ()
    """The environments where it is live and managed without being stated."""


@dataclass(frozen=True, slots=True)
class EnvironmentComparison:
    """Everything that differs between two environments, and how many addresses are equal."""

    sides: tuple[Side, Side]
    differences: tuple[ResourceDifference, ...]
    equal: int


def side(
    desired: Sequence[Desired],
    live: Iterable[Live] | None,
    where: Target,
    unread: str | None = None,
    gone: Collection[str] = (),
) -> Side:
    """What is stated for an environment, and what of it is live otherwise; `live` is None where it was not read.

    `gone` are the kinds whose API the server does not have.
    """
    stated = {one.address: one for one in desired}
    if live is None:
        return Side(where, stated, unread=unread)
    objects = sorted(live, key=lambda one: (one.created_at, one.id))
    ownership = claim(sorted(desired, key=lambda one: one.address), objects, where)
    readable = [match for match in ownership.claims if match.live is not None or match.desired.address.kind not in gone]
    found = {one.address: one for one in reversed(ownership.orphans)}
    found |= {match.desired.address: match.live for match in ownership.claims if match.live is not None}
    others = sum(other_manager(one, where) is not None for one in ownership.unmanaged)
    return Side(
        where=where,
        stated=stated,
        live=found,
        gone=tuple(sorted({one.address.kind for one in desired if one.address.kind in gone})),
        deviations={match.desired.address: tuple(_deviations(match)) for match in readable},
        unmanaged=len(ownership.unmanaged) - others,
        elsewhere=others,
    )


def compare_environments(first: Side, second: Side, only: Collection[Address] | None = None) -> EnvironmentComparison:
    """What differs between the environments, in the order of addresses; of all of them or only of some."""
    addresses = sorted(address for address in first.addresses | second.addresses if only is None or address in only)
    compared = [_compared(address, first, second) for address in addresses]
    differing = tuple(one for one in compared if _is_different(one))
    return EnvironmentComparison((first, second), differing, len(compared) - len(differing))


def _is_different(one: ResourceDifference) -> bool:
    return bool(one.stated or one.live or one.absent or one.orphaned or one.in_git[0] != one.in_git[1])


def _deviations(match: Match) -> Iterator[tuple[Path, Deviation]]:
    """Where the live object is not as its manifest says."""
    if match.live is None:
        yield (), "absent"
        return
    marker = match.live.marker if match.ours else None
    compared = compare(match.desired, match.live, KINDS[match.live.kind], marker)
    yield from ((one.path, one.cause) for one in compared.fields if one.path[0] in match.desired.fields)
    yield from (((name,), "mismatch") for name in compared.unsettled)


def _compared(address: Address, first: Side, second: Side) -> ResourceDifference:
    """How one address differs; in nothing, if it does not."""
    one, other = first.stated.get(address), second.stated.get(address)
    sides = (first, second)
    either = other or one
    absent = [side.where.environment for side in sides if ((), "absent") in side.deviations.get(address, ())]
    difference = ResourceDifference(
        address=address,
        place=either.place if either is not None else None,
        ids=(_id_of(address, first), _id_of(address, second)),
        in_git=(one is not None, other is not None),
        absent=tuple(absent) if len(absent) == 1 else (),
        orphaned=tuple(side.where.environment for side in sides if address in side.live and address not in side.stated),
    )
    if one is None or other is None:
        return difference
    stated = [*field_differences(one.fields, other.fields, KINDS[address.kind]), *_own_differences(one, other)]
    known = {_digest_of(values) for values in stated}
    live = () if absent else _live_differences(one, other, sides)
    return replace(
        difference,
        stated=tuple(_attributed(values, address, sides) for values in stated),
        live=tuple(_attributed(values, address, sides) for values in live if _digest_of(values) not in known),
    )


def _live_differences(one: Desired, other: Desired, sides: tuple[Side, Side]) -> Iterator[PathValues]:
    first, second = (_live_fields(desired, side) for desired, side in zip((one, other), sides, strict=True))
    return field_differences(first, second, KINDS[one.address.kind])


def _live_fields(desired: Desired, side: Side) -> Fields:
    """What is live, where that is told apart from what is stated: not what is left to the server or the dashboard."""
    live, kind, fields = side.live.get(desired.address), KINDS[desired.address.kind], dict(desired.fields)
    if live is None:
        return fields
    for path, _ in side.deviations[desired.address]:
        have = live.fields[path[0]]
        fields[path[0]] = kind.tidy(path[0], copied(fields[path[0]], path[1:], have)) if len(path) > 1 else have
    return fields


def _own_differences(one: Desired, other: Desired) -> Iterator[PathValues]:
    """What the manifest says of the resource itself, and differently."""
    if one.on_removal != other.on_removal:
        yield ("reconciler", "on_removal"), one.on_removal, other.on_removal
    if {*one.ignore} != {*other.ignore}:
        first: list[Json] = [*sorted(map(show, one.ignore))]
        second: list[Json] = [*sorted(map(show, other.ignore))]
        yield ("reconciler", "ignore_changes"), first, second


def _digest_of(values: PathValues) -> tuple[Path, str, str]:
    path, before, after = values
    return path, encode(before), encode(after)


def _attributed(values: PathValues, address: Address, sides: tuple[Side, Side]) -> PathDifference:
    path, before, after = values
    found = (
        (side.where.environment, why)
        for side in sides
        for there, why in side.deviations.get(address, ())
        if there and all(a == b for a, b in zip(there, path, strict=False))
    )
    return PathDifference(path, before, after, tuple(dict.fromkeys(found)))


def _id_of(address: Address, side: Side) -> str | None:
    live, stated = side.live.get(address), side.stated.get(address)
    return live.id if live is not None else stated.id if stated is not None else None
