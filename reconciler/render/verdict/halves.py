"""A plan in two: what this change does, and what is pending anyway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.render.verdict.shared import about
from reconciler.render.view import ChangeView, View

_WHOLE = ("create", "delete")


@dataclass(frozen=True, slots=True)
class Half:
    """Some of a plan's changes, and what they have in common; without a title they are all there are."""

    title: str
    origin: str | None
    changes: tuple[ChangeView, ...]


def halves(view: View) -> tuple[Half, ...]:
    """The changes by where they come from, those of this change first; one part where nothing was compared.

    What is updated for both reasons is in both, each with its own fields.
    """
    if view.base is None:
        return (Half("", None, view.changes),)
    return (
        Half("What this change does", "change", tuple(_of(view, "change"))),
        Half("Pending anyway", "pending", tuple(_of(view, "pending"))),
    )


def _of(view: View, origin: str) -> Iterator[ChangeView]:
    for change in view.changes:
        fields = tuple(field for field in change.fields if field.origin == origin)
        if change.action in _WHOLE or not change.fields:
            if change.origin == origin:
                yield change
        elif fields:
            paths = tuple(field.path for field in fields)
            meanings = tuple(m for m in change.meanings if any(about(path, m.path) for path in paths))
            yield replace(change, fields=fields, meanings=meanings)
