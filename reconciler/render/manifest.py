"""A live object as the manifest that would make it."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.canonical import Json
from reconciler.kinds import Kind
from reconciler.model import Live, Target
from reconciler.plan import marker as markers
from reconciler.plan.ownership import is_ours
from reconciler.source import OneLine, write


def as_manifest(live: Live, kind: Kind, where: Target, pins: Mapping[str, str] | None = None) -> str:
    """YAML that can be saved as it is: what is not default, and the id where it is not managed here yet.

    Of an object that is managed here, what the server chose is left out: a manifest that states it would keep it.
    `pins` are the ids that are known in other environments.
    """
    own: dict[str, Json] = {}
    marker = live.marker
    fields = live.fields
    if marker is None or not is_ours(live, where):
        own["id"] = OneLine({where.environment: live.id, **(pins or {})})
    else:
        _, fields = markers.less_unstated(live, kind)
        own |= {"on_removal": marker.on_removal} if marker.on_removal != "delete" else {}
    body: dict[str, Json] = {**kind.manifest(fields), **({"reconciler": own} if own else {})}
    return write(body)
