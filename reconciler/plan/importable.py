"""Which live objects an import may make manifests of, and why it leaves the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reconciler.kinds import KINDS
from reconciler.model import Address, Desired, Live, Target
from reconciler.plan import marker as markers
from reconciler.plan.guards import is_full
from reconciler.plan.ownership import by_address, claim, elsewhere, is_ours


@dataclass(frozen=True, slots=True)
class Left:
    """A live or saved object that was not imported, and why."""

    live: Live
    reason: str


@dataclass(frozen=True, slots=True)
class Candidates:
    """What is live, by what an import does with it."""

    importable: tuple[Live, ...]
    """Unmanaged objects that no manifest names, and objects with our marker but without a manifest."""
    managed: tuple[Live, ...]
    """Objects that already have a manifest."""
    left: tuple[Left, ...]


def candidates(
    live: Sequence[Live],
    desired: Sequence[Desired],
    where: Target,
    *,
    absent: Collection[Address] = (),
    pinned: Mapping[tuple[str, str], str] | None = None,
) -> Candidates:
    """Every live object by what becomes of it.

    `absent` are the addresses of manifests that do not exist in this environment; `pinned` are the objects of this
    server that manifests name for another environment, which is the value.
    """
    ownership = claim(desired, live, where)
    orphans = by_address(ownership.orphans)
    found: list[Live] = []
    left: list[Left] = []
    for one in (*ownership.unmanaged, *ownership.orphans):
        ours = is_ours(one, where)
        reason = _why_lost_is_left(one, orphans, absent, where) if ours else _why_left(one, pinned or {}, where)
        if reason is None:
            found.append(one)
        else:
            left.append(Left(one, reason))
    others = {one.identity for one in (*ownership.unmanaged, *ownership.orphans)}
    return Candidates(
        importable=tuple(sorted(found, key=_by_kind_and_age)),
        managed=tuple(one for one in live if one.identity not in others),
        left=tuple(sorted(left, key=lambda each: (each.reason, _by_kind_and_age(each.live)))),
    )


def _by_kind_and_age(live: Live) -> tuple[str, float, str]:
    """In the order of creation: of two with one name, the older gets the key without a number."""
    return live.kind, live.created_at, live.id


def _why_left(one: Live, pinned: Mapping[tuple[str, str], str], where: Target) -> str | None:
    """Why an object without our marker is left; None if it may be imported."""
    marker = one.marker
    if marker is not None and not markers.is_own(marker, one.id):
        return f"a copy of {one.kind}.{marker.key} ({marker.id})"
    if marker is not None and elsewhere(marker, where) is not None:
        return f"managed by the stack {marker.stack}, environment {marker.environment}"
    if one.odd_marker:
        return "its metadata entry `reconciler` is not a marker, and adopting the object would overwrite it"
    if one.identity in pinned:
        return f"named by a manifest for the environment {pinned[one.identity]}"
    if is_full(one):
        return f"{len(one.pairs)} metadata pairs leave no room for the marker; remove one on the server"
    return None


def _why_lost_is_left(
    one: Live, orphans: Mapping[Address, Sequence[Live]], absent: Collection[Address], where: Target
) -> str | None:
    """Why an object with our marker and without a manifest is left; None if its manifest was lost."""
    if one.address in absent:
        return f"its manifest says that it does not exist in {where.environment}, and the next plan removes it"
    if len(orphans[one.address]) > 1:
        return (
            f"several live {KINDS[one.kind].plural} carry the key {one.address.key}; `reconciler plan` shows what to do"
        )
    return None
