"""Ways to show what we know: a plan's document in, text out.

One more format is one file with a `render(document, style)` and one line in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.render import document as _document
from reconciler.render import github as _github
from reconciler.render import html as _html
from reconciler.render import markdown as _markdown
from reconciler.render import text as _text
from reconciler.render.document import document, hidden, read
from reconciler.render.style import Style
from reconciler.render.view import BadDocument, Document

FORMATS: dict[str, Callable[[Document, Style], str]] = {
    "text": _text.render,
    "markdown": _markdown.render,
    "json": _document.render,
    "html": _html.render,
    "github": _github.render,
}

__all__ = ["FORMATS", "BadDocument", "Document", "Style", "document", "hidden", "read"]
