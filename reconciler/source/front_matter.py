"""Markdown text with front matter → one node: the fields between two lines `---`, and the body as `instructions`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reconciler.diagnostics import Diagnostic
from reconciler.source import yaml_text
from reconciler.source.nodes import Node, ParsedText, Positions, fields

BODY = "instructions"
"""The field that the body is."""

_BREAK = r"(?:\r\n|[\r\n]|\Z)"
_OPENING = re.compile(rf"[\r\n]*---[ \t]*{_BREAK}")
_CLOSING = re.compile(rf"---(?<![^\r\n]---)[ \t]*{_BREAK}")  # begins with what it looks for, so it is found fast
_EMPTY_LINE = re.compile(r"\r\n|[\r\n]")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Where the front matter of a text begins, where it ends, and where the body begins."""

    start: int
    """The offset of what follows the opening line."""
    end: int
    """The offset of the closing line."""
    body: int
    """The offset behind the closing line, and behind the one empty line that may follow it."""


def has_front_matter(text: str) -> bool:
    """Whether the text begins with a line `---`."""
    return bool(_OPENING.match(text.removeprefix("\ufeff")))


def front_matter(text: str) -> FrontMatter | None:
    """The parts of a text without byte-order mark; None if its front matter is not opened or not closed."""
    opening = _OPENING.match(text)
    closing = _CLOSING.search(text, opening.end()) if opening else None
    if opening is None or closing is None:
        return None
    empty = _EMPTY_LINE.match(text, closing.end())
    return FrontMatter(opening.end(), closing.start(), empty.end() if empty else closing.end())


def read(text: str, positions: Positions) -> ParsedText:
    """The front matter's fields and the body in one document, or what is wrong with them.

    Positions are made of as little of the text as they need: a body may have a million lines.
    """
    parts = front_matter(text)
    if parts is None:
        start = max(text.find("---"), 0)
        place = Positions(text[:start], positions.file).place(start)
        message, remedy = "No line closes the front matter that begins here.", "write `---` on a line below the fields"
        return ParsedText((), (Diagnostic(place, "syntax", message, remedy),))
    before = Positions(text[: parts.body], positions.file)
    parsed = yaml_text.read_untrusted(text[: parts.end], before)
    if parsed.faults or not text[parts.body :].strip():
        return ParsedText(parsed.documents[:1], (*parsed.faults, *_further(parsed.documents)))
    document = _with_body(parsed.documents[0], Node(text[parts.body :], before.place(parts.body)))
    return ParsedText((document,), (*_further(parsed.documents), *_stated_twice(parsed.documents[0], document)))


def _with_body(document: Node, body: Node) -> Node:
    """The document with the body as a field; anything but a mapping stays unchanged."""
    if not isinstance(document.value, dict | None):
        return document
    return replace(document, value={**fields(document), BODY: body}, keys={BODY: body.place, **document.keys})


def _further(documents: tuple[Node, ...]) -> tuple[Diagnostic, ...]:
    remedy = "remove it: a Markdown file is one manifest"
    return tuple(
        Diagnostic(document.place, "syntax", "A second document in the front matter.", remedy)
        for document in documents[1:]
    )


def _stated_twice(stated: Node, document: Node) -> tuple[Diagnostic, ...]:
    if BODY not in fields(stated):
        return ()
    line = fields(document)[BODY].place.line
    message = f"`{BODY}` is stated here, and the text from line {line} on is the {BODY} too."
    return (Diagnostic(stated.keys[BODY], "duplicate-key", message, "remove one of the two"),)
