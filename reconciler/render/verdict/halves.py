"""A plan in two: what merging does, and what was pending already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.render.verdict.shared import about
from reconciler.render.view import ChangeView, ObjectionView, View

_WHOLE = ("create", "delete")


@dataclass(frozen=True, slots=True)
class Half:
    """Some of a plan's changes, and what they have in common; without a title they are all there are."""

    title: str
    origin: str | None
    changes: tuple[ChangeView, ...]
    objections: tuple[ObjectionView, ...] = ()
    """What speaks against them, where nothing is done with this plan."""

    @property
    def has_any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.changes or self.objections)


def halves(view: View) -> tuple[Half, ...]:
    """The changes by where they come from, those of this change first; one part where nothing was compared.

    Where merging applies everything, what is updated for both reasons is in both, each with its own fields.
    """
    if view.base is None:
        return (Half("", None, view.changes),)
    if view.applies == "change":
        pending = Half("Not done by merging", "pending", view.pending, view.pending_objections)
        return Half("Merging does this", "change", view.changes), pending
    return (
        Half("Merging does this", "change", tuple(_of(view, "change"))),
        Half("Also done by merging", "pending", tuple(_of(view, "pending"))),
    )


def _of(view: View, origin: str) -> Iterator[ChangeView]:
    for change in view.changes:
        fields = tuple(field for field in change.fields if field.origin == origin)
        acts = change.action != "update" and change.origin == origin
        if change.action in _WHOLE or not change.fields:
            if change.origin == origin:
                yield change
        elif fields or acts:
            paths = tuple(field.path for field in fields)
            meanings = tuple(m for m in change.meanings if any(about(path, m.path) for path in paths))
            one = change if acts else replace(change, action="update", previous_key=None, previous_stack=None)
            yield replace(one, fields=fields, meanings=meanings)
