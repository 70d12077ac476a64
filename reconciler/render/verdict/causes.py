"""Who moved a field, in words for those who review."""

from __future__ import annotations

from reconciler.render.values import one_line
from reconciler.render.view import FieldView

_ORDER = ("conflict", "drift", "unknown", "adoption", "edit")

_SENTENCES = {
    "conflict": "conflict: changed in Git and outside it since the last apply",
    "drift": "drift: changed outside Git since the last apply; applying puts it back",
    "unknown": "unknown: who changed it cannot be told",
    "adoption": "adoption: differs where it is taken over",
    "edit": "edited in Git",
}
_EARLIER = "edited in Git before this change, and not applied yet"


def explained(field: FieldView) -> str:
    """`drift: changed outside Git since the last apply; applying puts it back`."""
    if field.cause == "edit" and field.origin == "pending":
        return _EARLIER
    return _SENTENCES.get(field.cause, one_line(field.cause))


def place(cause: str) -> int:
    """Where a cause stands among the others, by how much a reviewer wants to know of it."""
    return _ORDER.index(cause) if cause in _ORDER else len(_ORDER)
