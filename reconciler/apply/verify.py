"""Whether an object is as a plan found it, and whether it became what was asked."""

from __future__ import annotations

from dataclasses import replace

from reconciler.canonical import ABSENT, Json, equal
from reconciler.kinds import KINDS
from reconciler.model import Desired, Difference, Live, Marker
from reconciler.plan import marker as markers
from reconciler.plan.changes import live_digest
from reconciler.plan.diff import compare, differences

MARKER_PATH = ("metadata", markers.KEY)


def changed_since_plan(planned: Live, fresh: Live, desired: Desired | None, nonce: str) -> tuple[Difference, ...]:
    """Where the object is neither as it was planned over nor as it is wanted; what the run of the nonce wrote is."""
    if live_digest(fresh, desired) == live_digest(planned, desired) or _nonce(fresh) == nonce != _nonce(planned):
        return ()
    kind = KINDS[fresh.kind]
    if desired is not None and fresh.marker == planned.marker and not any(differences(desired, fresh, kind)):
        return ()
    found = [
        Difference((name,), planned.fields[name], fresh.fields[name])
        for name in kind.fields
        if not equal(planned.fields[name], fresh.fields[name])
    ]
    return tuple(found) or (Difference(MARKER_PATH, stamped(planned), stamped(fresh)),)


def unsettled(desired: Desired, live: Live, marker: Marker) -> tuple[Difference, ...]:
    """Where an answer differs from what was asked, the marker included."""
    kind = KINDS[desired.address.kind]
    found = [
        Difference(path, wanted, got)
        for path, wanted, got in differences(desired, live, kind)
        if path[0] not in marker.unsettled
    ]
    if not is_stamped(live, marker):
        got = stamped(live)
        found.append(Difference(MARKER_PATH, markers.encode(marker, kind), ABSENT if got is None else got))
    return tuple(found)


def is_stamped(live: Live, marker: Marker) -> bool:
    """Whether the object carries the stamp of this very write, and not of another object's in the same run."""
    found = live.marker
    return found is not None and _of(found) == _of(marker)


def _of(marker: Marker) -> tuple[str | None, str, str, str]:
    return marker.nonce, marker.stack, marker.environment, marker.key


def less_settled(marker: Marker, desired: Desired, live: Live) -> Marker:
    """The marker without what had not settled and is as desired by now."""
    still = compare(desired, live, KINDS[live.kind], live.marker).unsettled if marker.unsettled else ()
    return replace(marker, unsettled={field: left for field, left in marker.unsettled.items() if field in still})


def _nonce(live: Live) -> str | None:
    return live.marker.nonce if live.marker is not None else None


def stamped(live: Live) -> Json:
    """What the object's metadata holds in the marker's place."""
    metadata = live.raw.get("metadata")
    return metadata.get(markers.KEY) if isinstance(metadata, dict) else None
