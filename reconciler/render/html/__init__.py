"""A plan as a page to look at: one file that needs no network and no script."""

from __future__ import annotations

from reconciler.render.html.page import page
from reconciler.render.style import Style
from reconciler.render.view import Document, view


def render(document: Document, style: Style) -> str:
    """The plan as one page; the reader's window decides how wide it is and what colours it has."""
    return page([view(document)])


__all__ = ["page", "render"]
