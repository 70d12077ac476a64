"""A plan for a pull request: the verdict first, then a table, then each change to unfold.

In GitHub's Markdown, made to be read on a phone. No live text acts in it.
"""

from __future__ import annotations

from reconciler.render.markdown.page import page
from reconciler.render.markup import LIMIT
from reconciler.render.style import Style
from reconciler.render.view import Document, view


def render(document: Document, style: Style) -> str:
    """The plan, as much of it as a comment holds."""
    return page(view(document), LIMIT)
