"""Whose is what: each manifest's live object, what of ours no manifest wants, and what is not ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.canonical import equal
from reconciler.model import Address, Desired, Live, Marker, Objection, Target
from reconciler.plan import marker as markers

_FREE = "remove the metadata entry `reconciler` from each that is somebody's copy"


@dataclass(frozen=True, slots=True)
class Match:
    """A manifest and the live object that is its own, if one is."""

    desired: Desired
    live: Live | None = None
    ours: bool = False
    """Whether the object carries our marker already."""
    previous: Marker | None = None
    """The marker, where it names another key or a former stack."""
    creatable: bool = True


@dataclass(frozen=True, slots=True)
class DuplicatePolicy:
    """Which surplus objects with one address are to be deleted: those equal to the kept one, and those named."""

    equal: bool = False
    named: frozenset[str] = frozenset()

    def take(self, one: Live, kept: Live) -> bool:
        """Whether this one is to go."""
        return one.id in self.named or (self.equal and equal(dict(one.fields), dict(kept.fields)))


@dataclass(frozen=True, slots=True)
class Ownership:
    """Every live object by whose it is."""

    claims: tuple[Match, ...]
    orphans: tuple[Live, ...]
    unmanaged: tuple[Live, ...]
    ours: tuple[Live, ...]
    objections: tuple[Objection, ...] = ()
    notes: tuple[str, ...] = ()
    surplus: tuple[Live, ...] = ()
    """Twins that somebody asked to have deleted."""


@dataclass(slots=True)
class _Survey:
    """The live objects as they are handed out."""

    where: Target
    by_id: dict[tuple[str, str], Live]
    by_address: dict[Address, list[Live]]
    resolve: DuplicatePolicy
    surplus: list[Live] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set)
    objections: list[Objection] = field(default_factory=list)


def claim(
    desired: Sequence[Desired], live: Sequence[Live], where: Target, resolve: DuplicatePolicy | None = None
) -> Ownership:
    """Hands every manifest its live object: by pinned id, by address, or by an address it had before."""
    ours = [one for one in live if is_ours(one, where)]
    survey = _Survey(where, {(one.kind, one.id): one for one in live}, _by_address(ours), resolve or DuplicatePolicy())
    pinned = {d.address: claimed for d in desired if d.id is not None for claimed in [_pinned(d, survey)]}
    claims = tuple(pinned[d.address] if d.address in pinned else _found(d, survey) for d in desired)
    unmanaged = tuple(one for one in live if not is_ours(one, where) and _key(one) not in survey.taken)
    orphans = tuple(one for one in ours if _key(one) not in survey.taken)
    survey.objections.extend(_of_copies(orphans, survey))
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
    """Whether the object carries the marker of this stack and environment, and is no copy."""
    marker = live.marker
    if marker is None or marker.environment != where.environment or not markers.is_own(marker, live.id):
        return False
    return marker.stack in (where.stack, *where.former_stacks)


def ours_by_address(live: Iterable[Live], where: Target) -> list[tuple[Address, Live]]:
    """What carries our marker, with the address that it says, in the order of addresses and ids."""
    found = [(Address(one.kind, one.marker.key), one) for one in live if one.marker is not None and is_ours(one, where)]
    return sorted(found, key=lambda row: (row[0], row[1].id))


def is_copy(live: Live, where: Target) -> bool:
    """Whether somebody copied one of our objects: it carries the marker of another id."""
    marker = live.marker
    return marker is not None and not markers.is_own(marker, live.id) and marker.environment == where.environment


def line_with_id(live: Live, where: Target) -> str:
    """What to write under `reconciler:` so that a manifest is this object's."""
    return f"`id: {{{where.environment}: {live.id}}}`"


def _key(live: Live) -> tuple[str, str]:
    return live.kind, live.id


def _by_address(ours: Iterable[Live]) -> dict[Address, list[Live]]:
    found: dict[Address, list[Live]] = {}
    for address, one in [(Address(one.kind, one.marker.key), one) for one in ours if one.marker is not None]:
        found.setdefault(address, []).append(one)
    return found


def _pinned(desired: Desired, survey: _Survey) -> Match:
    """The object that the manifest names by id, whoever's it is."""
    address, id = desired.address, desired.id or ""
    live = survey.by_id.get((address.kind, id))
    named = [one for one in survey.by_address.get(address, ()) if one.id != id]
    former = [one for one in _formerly(desired, survey) if one.id != id]
    if live is None:
        survey.objections.append(_id_not_found(desired))
        survey.taken.update(map(_key, (*named, *former)))
        return Match(desired, creatable=False)
    survey.taken.add(_key(live))
    ours = is_ours(live, survey.where)
    if not ours and live.marker is not None:
        survey.objections.extend(_of_another(desired, live.marker, survey.where))
    if former:
        survey.objections.append(_renamed_twice(desired, former))
    _duplicates(desired, [live, *named], survey)
    return Match(desired, live, ours, _previous(live, desired, survey.where) if ours else None)


def _found(desired: Desired, survey: _Survey) -> Match:
    """The object that carries the manifest's address, or one that it had before."""
    address = desired.address
    named = [one for one in survey.by_address.get(address, ()) if _key(one) not in survey.taken]
    former = _formerly(desired, survey)
    if named and former:
        survey.objections.append(_renamed_twice(desired, former))
    if not named and len(former) > 1:
        _duplicates(desired, former, survey)
        survey.taken.update(map(_key, former))
    candidates = named or former[:1]
    if not candidates:
        return Match(desired)
    _duplicates(desired, named, survey)
    survey.taken.update(map(_key, candidates))
    live = candidates[0]
    return Match(desired, live, ours=True, previous=_previous(live, desired, survey.where))


def _formerly(desired: Desired, survey: _Survey) -> list[Live]:
    """What carries an address that the manifest had before, and is nobody's yet."""
    addresses = [Address(desired.address.kind, key) for key in desired.was]
    found = [one for address in addresses for one in survey.by_address.get(address, ())]
    return [one for one in found if _key(one) not in survey.taken]


def _previous(live: Live, desired: Desired, where: Target) -> Marker | None:
    marker = live.marker
    if marker is None or (marker.key == desired.address.key and marker.stack == where.stack):
        return None
    return marker


def _duplicates(desired: Desired, found: Sequence[Live], survey: _Survey) -> None:
    """Several objects for one manifest hold it back; none of them is touched."""
    if len(found) < 2:
        return
    survey.taken.update(map(_key, found))
    kept, twins = found[0], found[1:]
    gone = [one for one in twins if survey.resolve.take(one, kept)]
    survey.surplus += gone
    found = [kept, *(one for one in twins if one not in gone)]
    if len(found) < 2:
        return
    ids = ", ".join(one.id for one in found)
    keys = " ".join(sorted({one.marker.key for one in found if one.marker is not None}))
    differing = [one.id for one in found[1:] if not equal(dict(one.fields), dict(kept.fields))]
    ways = [f"{_FREE}; `--delete-duplicate {id}` deletes one although it differs" for id in differing[:1]]
    if len(differing) < len(found) - 1:
        ways.insert(0, "`reconciler apply --resolve-duplicates` keeps the first and deletes those equal to it")
    remedy = f"{'; '.join(ways)}; or `reconciler forget {keys}`, then name the one to keep: "
    survey.objections.append(
        Objection(
            code="duplicate",
            message=f"{len(found)} live objects are this one: {ids}.",
            remedy=remedy + line_with_id(found[0], survey.where),
            address=desired.address,
            holds=frozenset({desired.address}),
        )
    )


def _of_copies(orphans: Iterable[Live], survey: _Survey) -> Iterator[Objection]:
    """Of objects with one address that differ, each but one may be somebody's copy, whose work a delete would take."""
    for address in sorted(_by_address(orphans)):
        found = survey.by_address[address]
        if all(equal(dict(one.fields), dict(found[0].fields)) for one in found):
            continue
        yield Objection(
            code="duplicate",
            message=f"{len(found)} live objects have this address and differ: {', '.join(one.id for one in found)}.",
            remedy=f"{_FREE}, then plan again; or keep all of them: `reconciler forget {address.key}`;"
            " overriding this destroys all of them",
            address=address,
            holds=frozenset({address}),
        )


def _id_not_found(desired: Desired) -> Objection:
    return Objection(
        code="id-not-found",
        message=f"The manifest names {desired.id}, which is not live.",
        remedy="correct `reconciler.id`; take the line out to have a new one created",
        address=desired.address,
        holds=frozenset({desired.address}),
    )


def _of_another(desired: Desired, marker: Marker, where: Target) -> Iterator[Objection]:
    whose = f"{marker.stack}/{marker.environment}/{marker.key}"
    if marker.stack not in (where.stack, *where.former_stacks):
        code, remedy = (
            "other-stack",
            "let the other repository forget it first, or name the old stack under `stack.was`",
        )
    elif marker.environment != where.environment:
        code, remedy = "other-environment", "take the id out of this environment, or let the other one forget it first"
    else:
        return
    yield Objection(
        code=code,
        message=f"{desired.id} is stamped {whose}.",
        remedy=remedy,
        address=desired.address,
        holds=frozenset({desired.address}),
    )


def _renamed_twice(desired: Desired, former: Sequence[Live]) -> Objection:
    old = ", ".join(f"{one.marker.key} ({one.id})" for one in former if one.marker is not None)
    addresses = {Address(one.kind, one.marker.key) for one in former if one.marker is not None}
    return Objection(
        code="renamed-twice",
        message=f"Both this key and one it had before are live: {old}.",
        remedy="delete or forget the one that is not needed, then take `was` out",
        address=desired.address,
        holds=frozenset({desired.address, *addresses}),
    )


def _notes(unmanaged: Iterable[Live], where: Target) -> Iterator[str]:
    for one in unmanaged:
        marker = one.marker
        if marker is not None and is_copy(one, where):
            yield f"{one.id} is a copy of {one.kind}.{marker.key} ({marker.id}); it is left alone."
        elif marker is None and one.odd_marker:
            yield f"{one.id} has a metadata entry `reconciler` that is not a marker; it is left alone."
