"""Whether an object is as a plan found it, and whether it became what was sent."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.canonical import ABSENT, equal
from reconciler.kinds import KINDS
from reconciler.model import Desired, Difference, Live, Marker
from reconciler.plan import marker as markers
from reconciler.plan.changes import live_digest
from reconciler.plan.diff import compare, differences

MARKER_PATH = ("metadata", markers.KEY)


def changed_since_plan(planned: Live, fresh: Live, desired: Desired | None, nonce: str) -> tuple[Difference, ...]:
    """Where the object is neither as it was planned over nor as it is wanted; what the run of the nonce wrote is."""
    before, now = (live.marker.nonce if live.marker is not None else None for live in (planned, fresh))
    if live_digest(fresh, desired) == live_digest(planned, desired) or now == nonce != before:
        return ()
    kind = KINDS[fresh.kind]
    if desired is not None and fresh.marker == planned.marker and not any(differences(desired, fresh, kind)):
        return ()
    fields = [
        Difference((name,), planned.fields[name], fresh.fields[name])
        for name in kind.fields
        if not equal(planned.fields[name], fresh.fields[name])
    ]
    return tuple(fields) or (Difference(MARKER_PATH, *(live.pairs.get(markers.KEY) for live in (planned, fresh))),)


def unsettled(desired: Desired, live: Live, marker: Marker) -> tuple[Difference, ...]:
    """Where an answer differs from what was sent, the marker included."""
    kind = KINDS[desired.address.kind]
    mismatches = [
        difference for difference in differences(desired, live, kind) if difference.path[0] not in marker.unsettled
    ]
    if not live.carries(marker):
        got = live.pairs.get(markers.KEY)
        mismatches.append(Difference(MARKER_PATH, markers.encode(marker, kind), ABSENT if got is None else got))
    return tuple(mismatches)


def left_unsettled(desired: Desired, live: Live, fields: Collection[str]) -> dict[str, str]:
    """What a marker remembers of fields that the server left different: less what it chooses, as plans compare them."""
    others = (*desired.ignore, *desired.left_to_server)
    digests = markers.digests(live.fields, others, KINDS[live.kind])
    return {field: digests[field] for field in fields}


def less_settled(marker: Marker, desired: Desired, live: Live) -> Marker:
    """The marker without what had not settled and is as desired by now."""
    still = compare(desired, live, KINDS[live.kind], live.marker).unsettled if marker.unsettled else ()
    return replace(marker, unsettled={field: digest for field, digest in marker.unsettled.items() if field in still})
