"""A plan for a pull request: the verdict first, then a table, then each change to unfold.

In GitHub's Markdown, made to be read on a phone. No live text acts in it.
"""

from __future__ import annotations

from reconciler.render.markdown.page import page
from reconciler.render.style import Style
from reconciler.render.view import Document, view

LIMIT = 65_536
"""Characters that a comment on GitHub may have."""


def render(document: Document, style: Style) -> str:
    """The plan, as much of it as a comment holds."""
    return within(document, style, LIMIT)


def within(document: Document, style: Style, room: int, whole: str = "") -> str:
    """The plan in no more characters than there is room for, from 2,000 on, cut between its parts.

    The verdict, the place, what stands against it and the fingerprint are always there. It is said what is left out,
    and where the whole is: `whole` is the address of a page, or the name of a file.
    """
    return page(view(document), room, whole)


__all__ = ["LIMIT", "render", "within"]
