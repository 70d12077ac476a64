"""The comments of YAML and of front matter that have a shape; what looks like one within a text is none."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from reconciler.diagnostics import Location
from reconciler.source.front_matter import front_matter
from reconciler.source.nodes import Positions

_COMMENT = re.compile(r"(?<![^ \t\r\n])#[^\r\n]*")
_HEAD = re.compile(r"[^\r\n]*")
"""What precedes the text of a block on its first line, such as `| # a comment`."""


@dataclass(frozen=True, slots=True)
class SourceComment:
    """One comment, from its `#` to the end of the line."""

    text: str
    place: Location
    is_alone: bool
    """Whether nothing precedes it on its line, but the line of a document's beginning."""


def comments(text: str, file: str, shape: re.Pattern[str], *, markdown: bool = False) -> Iterator[SourceComment]:
    """The comments that begin with the shape, in order; up to the first thing that is not YAML."""
    text = text.removeprefix("\ufeff")
    if not shape.search(text):
        return
    parts = front_matter(text) if markdown else None
    if markdown and parts is None:
        return
    yaml_text = text[: parts.end] if parts else text
    positions = Positions(text, file)
    for match in _outside(yaml_text, list(_scalars(yaml_text))):
        if shape.match(match[0]):
            place = positions.place(match.start())
            before = yaml_text[match.start() - place.column + 1 : match.start()].strip()
            yield SourceComment(match[0], place, before in ("", "---"))


def _outside(text: str, scalars: Sequence[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """The comments that begin outside the texts."""
    match = _COMMENT.search(text)
    while match is not None:
        at = bisect_right(scalars, (match.start(), len(text)))
        end = scalars[at - 1][1] if at else 0
        if match.start() >= end:
            yield match
            end = match.end()
        match = _COMMENT.search(text, end)


def _scalars(text: str) -> Iterator[tuple[int, int]]:
    """From where to where each text stands that may hold a `#`."""
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.ScalarToken) and not token.plain:
                head = _HEAD.match(text, token.start_mark.index) if token.style in ("|", ">") else None
                yield head.end() if head else token.start_mark.index, token.end_mark.index
    except yaml.YAMLError:
        yield len(text), len(text)
