"""How one plan is set on a page: the depth of its headings, the names of its places, what is unfolded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.render.view import View

_FEW = 6  # sections that may all be open
_ROOM = 1_000_000  # characters of texts; beyond it, what did not change is left out


@dataclass(frozen=True, slots=True)
class Look:
    """What every part of a plan's section has to know about the page."""

    prefix: str
    depth: int
    """The heading of the plan's parts."""
    open: bool
    full: bool
    """Whether there is room for everything: what did not change, long texts that come or go whole, patches."""

    def anchor(self, name: str) -> str:
        """The id of a place; of our own making, whatever the plan holds."""
        return f"{self.prefix}{name}"


def look(views: Iterable[View], *, prefix: str, depth: int) -> Look:
    """The look of one plan of a page that holds all of these."""
    changes = [change for view in views for change in (*view.changes, *view.pending)]
    texts = (side for change in changes for field in change.fields for side in (field.before, field.after))
    long = sum(len(side) for side in texts if isinstance(side, str))
    return Look(prefix, depth, len(changes) <= _FEW, long <= _ROOM)
