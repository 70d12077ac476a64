"""Live objects that were managed here and have no marker any more: who says so, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.kinds import KINDS
from reconciler.model import Address, Change, Live, LostMarker, Objection, Target
from reconciler.plan.ownership import Ownership, line_with_id

MARKER_LOST = "marker-lost"
_HOW = "another client replaced its metadata, or it was forgotten elsewhere"


def lost_markers(
    changes: Sequence[Change],
    ownership: Ownership,
    recorded: Mapping[tuple[str, str], Address | None],
    alike: Mapping[Address, Sequence[Live]],
) -> tuple[LostMarker, ...]:
    """What has lost its marker according to run records, and what may have according to its id or its looks.

    `recorded` has the addresses of what was managed, and None for what was let go; `alike` what creates look like.
    """
    adopted = [(c.live, c.address) for c in changes if c.action == "adopt" and c.live is not None]
    pinned = [(live, address) for live, address in adopted if recorded.get(live.identity) is not None]
    known = [*pinned, *_recorded_and_unmanaged(changes, ownership, recorded)]
    looks = [*adopted, *((live, address) for address, some in alike.items() for live in some)]
    possible = [(live, at) for live, at in looks if live.identity not in recorded and may_have_lost(live, recorded)]
    found: dict[tuple[str, str], LostMarker] = {}
    for some, certain in ((known, True), (possible, False)):
        for live, address in some:
            if live.marker is None:
                found.setdefault(live.identity, LostMarker(address, live, certain))
    return tuple(sorted(found.values(), key=lambda one: (one.address, one.live.id)))


def may_have_lost(live: Live, recorded: Mapping[tuple[str, str], Address | None]) -> bool:
    """Whether an object without a marker may have had one: a run record says so, or others replace its metadata."""
    if live.marker is not None:
        return False
    if live.identity in recorded:
        return recorded[live.identity] is not None
    return KINDS[live.kind].metadata_is_replaced


def _recorded_and_unmanaged(
    changes: Sequence[Change], ownership: Ownership, recorded: Mapping[tuple[str, str], Address | None]
) -> Iterator[tuple[Live, Address]]:
    """What was managed and is not, with the address by which it is missed: that of a create, where there is one."""
    taken = {one.address for one in ownership.ours} | {change.address for change in changes if change.live is not None}
    creates = [change.desired for change in changes if change.action == "create" and change.desired is not None]
    formerly = {Address(each.address.kind, key): each.address for each in creates for key in each.was}
    for live in ownership.unmanaged:
        address = recorded.get(live.identity)
        if address is not None and address not in taken:
            yield live, formerly.get(address, address)


def without_lost(alike: Mapping[Address, Sequence[Live]], lost: Iterable[LostMarker]) -> dict[Address, list[Live]]:
    """What each create looks like, less what is known to have been managed under its address."""
    known = {(one.address, one.live.identity) for one in lost if one.certain}
    return {at: [live for live in some if (at, live.identity) not in known] for at, some in alike.items()}


def marker_lost(changes: Sequence[Change], lost: Iterable[LostMarker], where: Target) -> Iterator[Objection]:
    """The objections to creates of what is live and was managed from here."""
    missed: dict[Address, list[Live]] = {}
    for one in lost:
        if one.certain:
            missed.setdefault(one.address, []).append(one.live)
    for change in changes:
        if change.action == "create" and (found := missed.get(change.address)):
            yield _lost_objection(change, found, where)


def _lost_objection(change: Change, found: Sequence[Live], where: Target) -> Objection:
    are = (
        "were managed as this one and have no markers"
        if len(found) > 1
        else "was managed as this one and has no marker"
    )
    message = (
        f"A new {change.address.kind} is planned, but {', '.join(live.id for live in found)} {are} any more: {_HOW}."
    )
    file = change.place.file if change.place else "the manifest"
    remedy = f"to manage it again, write under `reconciler:` in {file}: {line_with_id(found[0], where)}"
    return Objection.to(change.address, MARKER_LOST, message, remedy)


def notes_on_lost(changes: Sequence[Change], lost: Iterable[LostMarker]) -> Iterator[str]:
    """What else to say of what has lost its marker: it is adopted again, or it is left alone."""
    actions = {change.address: change.action for change in changes}
    for one in lost:
        action = actions.get(one.address)
        if one.certain and action == "adopt":
            yield (
                f"{one.address}: {one.live.id} has lost its marker: {_HOW}. It is adopted again;"
                " who changed what since the last apply is not known."
            )
        elif one.certain and action is None:
            yield (
                f"{one.live.id} was managed as {one.address} and has no marker any more: {_HOW}."
                " It is unmanaged, and left alone."
            )
