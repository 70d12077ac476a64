"""Which object is whose: each manifest's live object, what is managed and no manifest wants, and what is unmanaged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.canonical import equal
from reconciler.model import Address, Desired, Live, Marker, Objection, Target
from reconciler.plan import marker as markers

_FREE = "remove the metadata entry `reconciler` from each that is somebody's copy"
_LET_GO = {
    "other-stack": "let the other repository forget it first, or name the old stack under `stack.was`",
    "other-environment": "remove the id from this environment, or let the other one forget it first",
}


@dataclass(frozen=True, slots=True)
class Match:
    """A manifest and its live object, if there is one."""

    desired: Desired
    live: Live | None = None
    ours: bool = False
    """Whether the object carries our marker already."""
    previous: Marker | None = None
    """The marker, where it names another key or a former stack."""
    creatable: bool = True


@dataclass(frozen=True, slots=True)
class DuplicatePolicy:
    """Which duplicates of an object are to be deleted: those equal to the kept one, and those named."""

    equal: bool = False
    named: frozenset[str] = frozenset()

    def is_surplus(self, live: Live, kept: Live) -> bool:
        """Whether this one is to be deleted."""
        return live.id in self.named or (self.equal and _is_same(live, kept))


@dataclass(frozen=True, slots=True)
class Ownership:
    """Every live object by who manages it."""

    claims: tuple[Match, ...]
    orphans: tuple[Live, ...]
    unmanaged: tuple[Live, ...]
    ours: tuple[Live, ...]
    objections: tuple[Objection, ...] = ()
    notes: tuple[str, ...] = ()
    surplus: tuple[Live, ...] = ()
    """Duplicates that somebody asked to have deleted."""


def claim(
    desired: Sequence[Desired], live: Sequence[Live], where: Target, resolve: DuplicatePolicy = DuplicatePolicy()
) -> Ownership:
    """Gives every manifest its live object: by pinned id, by address, or by an address it had before."""
    ours = [one for one in live if is_ours(one, where)]
    survey = _Survey(where, {one.identity: one for one in live}, by_address(ours), resolve)
    pinned = {one.address: survey.pinned(one) for one in desired if one.id is not None}
    claims = tuple(pinned[one.address] if one.address in pinned else survey.match(one) for one in desired)
    unmanaged = tuple(one for one in live if not is_ours(one, where) and one.identity not in survey.taken)
    orphans = tuple(one for one in ours if one.identity not in survey.taken)
    survey.objections += _differing_orphans(orphans, survey)
    return Ownership(
        claims=claims,
        orphans=orphans,
        unmanaged=unmanaged,
        ours=tuple(ours),
        objections=tuple(survey.objections),
        surplus=tuple(survey.surplus),
        notes=tuple(_notes(unmanaged, where)),
    )


def is_ours(live: Live, where: Target) -> bool:
    """Whether the object carries the marker of this stack and environment, and is not a copy."""
    marker = live.marker
    return marker is not None and markers.is_own(marker, live.id) and elsewhere(marker, where) is None


def elsewhere(marker: Marker, where: Target) -> str | None:
    """The code of the objection to what another stack or environment manages; None for what this one does."""
    if marker.stack not in where.stacks:
        return "other-stack"
    return "other-environment" if marker.environment != where.environment else None


def other_manager(live: Live, where: Target) -> Marker | None:
    """The marker of the other stack or environment that manages the object; a copy of its object is managed by none."""
    marker = live.marker
    return marker if marker and markers.is_own(marker, live.id) and elsewhere(marker, where) else None


def managed(live: Iterable[Live], where: Target) -> list[Live]:
    """What carries our marker, in the order of addresses and ids."""
    return sorted((one for one in live if is_ours(one, where)), key=lambda one: (one.address, one.id))


def by_address(ours: Iterable[Live]) -> dict[Address, list[Live]]:
    """Managed objects by the address that they carry, in their order."""
    carriers: dict[Address, list[Live]] = {}
    for one in ours:
        carriers.setdefault(one.address, []).append(one)
    return carriers


def is_copy(live: Live, where: Target) -> bool:
    """Whether somebody copied one of our objects: it carries the marker of another id."""
    marker = live.marker
    return marker is not None and not markers.is_own(marker, live.id) and marker.environment == where.environment


def line_with_id(live: Live, where: Target) -> str:
    """What to write under `reconciler:` so that a manifest is this object's."""
    return f"`id: {{{where.environment}: {live.id}}}`"


def owner(marker: Marker) -> str:
    """Who manages an object, in a word: stack, environment and key."""
    return f"{marker.stack}/{marker.environment}/{marker.key}"


@dataclass(slots=True)
class _Survey:
    """The live objects while manifests are given theirs."""

    where: Target
    by_id: dict[tuple[str, str], Live]
    by_address: dict[Address, list[Live]]
    resolve: DuplicatePolicy
    surplus: list[Live] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)
    objections: list[Objection] = field(default_factory=list)

    def pinned(self, desired: Desired) -> Match:
        """The object that the manifest names by id, whoever manages it."""
        live = self.by_id.get((desired.address.kind, desired.id or ""))
        named = [one for one in self.by_address.get(desired.address, ()) if one.id != desired.id]
        former = [one for one in self._formerly(desired) if one.id != desired.id]
        if live is None:
            message = f"The manifest names {desired.id}, which was not found."
            remedy = "correct `reconciler.id`; remove it to have a new one created"
            self._object(desired, "id-not-found", message, remedy)
            self._take(*named, *former)
            return Match(desired, creatable=False)
        self._take(live)
        ours = is_ours(live, self.where)
        if not ours and live.marker is not None:
            self._object_to_owner(desired, live.marker)
        if former:
            self._object_to_rename(desired, former)
        self._judge_duplicates(desired, [live, *named])
        return Match(desired, live, ours, self._previous(live, desired) if ours else None)

    def match(self, desired: Desired) -> Match:
        """The object that carries the manifest's address, or one that it had before."""
        named = [one for one in self.by_address.get(desired.address, ()) if one.identity not in self.taken]
        former = self._formerly(desired)
        if named and former:
            self._object_to_rename(desired, former)
        elif len(former) > 1:
            self._judge_duplicates(desired, former)
            self._take(*former)
        candidates = named or former[:1]
        if not candidates:
            return Match(desired)
        self._judge_duplicates(desired, named)
        self._take(*candidates)
        return Match(desired, candidates[0], ours=True, previous=self._previous(candidates[0], desired))

    def _take(self, *live: Live) -> None:
        self.taken.update(one.identity for one in live)

    def _formerly(self, desired: Desired) -> list[Live]:
        """What carries an address that the manifest had before, and is not taken yet."""
        addresses = [Address(desired.address.kind, key) for key in desired.was]
        carriers = [one for address in addresses for one in self.by_address.get(address, ())]
        return [one for one in carriers if one.identity not in self.taken]

    def _previous(self, live: Live, desired: Desired) -> Marker | None:
        marker = live.marker
        is_same = marker is None or (marker.key, marker.stack) == (desired.address.key, self.where.stack)
        return None if is_same else marker

    def _judge_duplicates(self, desired: Desired, duplicates: Sequence[Live]) -> None:
        """Several objects for one manifest block it; none of them is touched but those that are to be deleted."""
        if len(duplicates) < 2:
            return
        self._take(*duplicates)
        kept = duplicates[0]
        surplus = [one for one in duplicates[1:] if self.resolve.is_surplus(one, kept)]
        self.surplus += surplus
        others = [one for one in duplicates[1:] if one not in surplus]
        if others:
            ids = ", ".join(one.id for one in (kept, *others))
            message = f"{1 + len(others)} live objects have this address: {ids}."
            self._object(desired, "duplicate", message, self._ways_out(kept, others))

    def _ways_out(self, kept: Live, others: Sequence[Live]) -> str:
        differing = [one.id for one in others if not _is_same(one, kept)]
        ways = [f"{_FREE}; `--delete-duplicate {id}` deletes one although it differs" for id in differing[:1]]
        if len(differing) < len(others):
            ways.insert(0, "`reconciler apply --resolve-duplicates` keeps the first and deletes those equal to it")
        addresses = " ".join(sorted({str(one.address) for one in (kept, *others)}))
        ways.append(f"or `reconciler forget {addresses}`, then name the one to keep: {line_with_id(kept, self.where)}")
        return "; ".join(ways)

    def _object_to_owner(self, desired: Desired, marker: Marker) -> None:
        code = elsewhere(marker, self.where)
        if code is not None:
            self._object(desired, code, f"{desired.id} is managed by {owner(marker)}.", _LET_GO[code])

    def _object_to_rename(self, desired: Desired, former: Sequence[Live]) -> None:
        listed = ", ".join(f"{one.address.key} ({one.id})" for one in former)
        message = f"Both this key and one it had before are live: {listed}."
        remedy = "delete or forget the one that is not needed, then remove `was`"
        self._object(desired, "renamed-twice", message, remedy, *(one.address for one in former))

    def _object(self, desired: Desired, code: str, message: str, remedy: str, *also: Address) -> None:
        self.objections.append(Objection.to(desired.address, code, message, remedy, *also))


def _is_same(live: Live, other: Live) -> bool:
    return equal(dict(live.fields), dict(other.fields))


def _differing_orphans(orphans: Iterable[Live], survey: _Survey) -> Iterator[Objection]:
    """Of objects with one address that differ, each but one may be somebody's copy, whose work a delete would take."""
    for address in sorted(by_address(orphans)):
        carriers = survey.by_address[address]
        if not all(_is_same(one, carriers[0]) for one in carriers):
            ids = ", ".join(one.id for one in carriers)
            message = f"{len(carriers)} live objects have this address and differ: {ids}."
            remedy = (
                f"{_FREE}, then plan again; or keep all of them: `reconciler forget {address}`;"
                " overriding this destroys all of them"
            )
            yield Objection.to(address, "duplicate", message, remedy)


def _notes(unmanaged: Iterable[Live], where: Target) -> Iterator[str]:
    for live in unmanaged:
        marker = live.marker
        if marker is not None and is_copy(live, where):
            yield f"{live.id} is a copy of {live.kind}.{marker.key} ({marker.id}); it is left alone."
        elif marker is None and live.odd_marker:
            yield f"{live.id} has a metadata entry `reconciler` that is not a marker; it is left alone."
