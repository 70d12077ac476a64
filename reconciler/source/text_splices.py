"""How a whole text, or the body of a Markdown manifest, is replaced in the habits of its file."""

from __future__ import annotations

from reconciler.source.flow_splices import Proposal
from reconciler.source.front_matter import front_matter
from reconciler.source.lines import BREAK, line_break


def normal(text: str) -> str:
    """A text without what is of its file: kinds of line ends, and those at its end."""
    return BREAK.sub("\n", text).rstrip("\n")


def replaced(text: str, start: int, value: str) -> Proposal:
    """Another text from there to the end, with the line ends of the text and as many at its end."""
    newline, before = line_break(text), text[start:]
    last = before[len(before.rstrip("\r\n")) :] if before else newline
    return [(start, len(text), normal(value).replace("\n", newline) + last)]


def body_replaced(text: str, value: str) -> Proposal:
    """Another body behind the front matter; an empty one is none."""
    parts = front_matter(text)
    start = parts.body if parts else len(text)
    if not value:
        return [(start, len(text), "")]
    if text[start:].strip():
        return replaced(text, start, value)
    newline = line_break(text)
    closed = text[:start].rstrip("\r\n")
    return [(len(closed), len(text), f"{newline * 2}{normal(value).replace(chr(10), newline)}{newline}")]
