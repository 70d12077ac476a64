"""Live objects for tests of pure functions: made from what a manifest asks for, then moved in a dashboard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.kinds import KINDS
from reconciler.model import Desired, FieldChange, Live, Marker, Target
from reconciler.paths import show
from reconciler.plan import marker as markers
from support.world import WHERE, desired

KIND = KINDS["assistant"]


def wanted(key: str = "a", **body: Any) -> Desired:
    """What one manifest asks for; `own` is its `reconciler:` block."""
    own = body.pop("own", None)
    stated = {"model": "gpt-4o", **body, **({"reconciler": own} if own else {})}
    return desired(stated, keys=[key])[0]


def stranger(id: str = "asst_9", *, created_at: float = 0, **body: Any) -> Live:
    """A live object that nobody stamped."""
    raw = {"id": id, "model": "gpt-4o", **body}
    return Live("assistant", id, KIND.read(raw), raw, created_at=created_at)


def applied(one: Desired, id: str = "asst_1", *, where: Target = WHERE, created_at: float = 0, **moved: Any) -> Live:
    """What an apply of the manifest left behind, and what somebody moved since."""
    stamp = markers.stamp(one, KIND, (where.stack, where.environment), id=id, nonce="n1", commit=None)
    return stamped(one, stamp, id, created_at=created_at, **moved)


def stamped(one: Desired, stamp: Marker, id: str = "asst_1", *, created_at: float = 0, **moved: Any) -> Live:
    """A live object with the body of a manifest and a marker of one's own."""
    text = markers.encode(stamp, KIND)
    body = {field: KIND.wire(field, one.fields[field], None) for field in KIND.fields} | moved
    pairs = body["metadata"] | {markers.KEY: text} if isinstance(body["metadata"], dict) else body["metadata"]
    raw = {"id": id, **body, "metadata": pairs}
    found = markers.decode(text, KIND)
    return Live("assistant", id, KIND.read(raw), raw, marker=found, created_at=created_at)


def marked(live: Live, **other: Any) -> Live:
    """The object with a marker that says something else."""
    assert live.marker is not None
    return replace(live, marker=replace(live.marker, **other))


def causes(changes: tuple[FieldChange, ...]) -> dict[str, str]:
    """Who moved each path."""
    return {show(change.path): change.cause for change in changes}
