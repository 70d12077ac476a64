"""What the words on the page mean, for those who see them for the first time."""

from __future__ import annotations

from typing import Final

from reconciler.render.html.element import Markup, element, several
from reconciler.render.html.inline import cause, chip, code, mover
from reconciler.render.verdict.causes import explained
from reconciler.render.view import FieldView

_CAUSES: Final = (
    ("edit", None), ("edit", "pending"), ("drift", None), ("conflict", None), ("adoption", None), ("unknown", None),
)  # fmt: skip


def _cause(word: str, origin: str | None) -> tuple[Markup, str]:
    field = FieldView("", None, None, word, origin)
    told = explained(field).removeprefix(f"{word}: ")
    return cause(mover(field)), f"{told[0].upper()}{told[1:]}."


_WORDS: Final = (
    *(_cause(word, origin) for word, origin in _CAUSES),
    (chip("breaking", "less"), "A call of that function that is right today may be wrong after it."),
    (code("↪"), "A sentence that goes on with the line before it."),
    (code("<U+202E>"), "A character that cannot be seen, by its number."),
)

_PAIRS: Final = several(child for word, told in _WORDS for child in (element("dt", word), element("dd", told)))

LEGEND: Final = element(
    "details", element("summary", "What the words mean"), element("dl", _PAIRS, class_="words"), class_="fold"
)
