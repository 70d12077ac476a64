"""Long lines made to fit: what did not change left out, the rest wrapped at spaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.render.texts.lines import Line
from reconciler.render.texts.words import Piece
from reconciler.render.values import shortened

_AROUND = 40  # characters shown on either side of a marked word in a very long line
_CONTINUED = "↪ "


def fold(lines: Iterable[Line], width: int) -> list[Line]:
    """The same lines, none wider than the width; context is cut short, changed words never are."""
    return [row for line in lines for row in _fold(line, width)]


def _fold(line: Line, width: int) -> Iterator[Line]:
    if line.sign not in "+-":
        yield Line(line.sign, (Piece(shortened(line.text, width)),))
        return
    long = len(line.text) > 2 * width and any(piece.marked for piece in line.pieces)
    pieces = _windowed(line.pieces) if long else line.pieces
    start, lead = 0, ""
    for end in _breaks("".join(piece.text for piece in pieces), width - len(_CONTINUED)):
        yield Line(line.sign, (*([Piece(lead)] if lead else []), *_between(pieces, start, end)))
        start, lead = end, _CONTINUED


def _windowed(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The marked words and what is around them."""
    last = len(pieces) - 1
    return tuple(
        piece if piece.marked else Piece(_cut(piece.text, head=i > 0, tail=i < last)) for i, piece in enumerate(pieces)
    )


def _cut(text: str, *, head: bool, tail: bool) -> str:
    """What is next to a marked word, up to a space."""
    if len(text) <= 3 * _AROUND:
        return text
    beginning = text[:_AROUND].rpartition(" ")[0] + " " if head else ""
    end = " " + text[-_AROUND:].partition(" ")[2] if tail else ""
    return f"{beginning}…{end}"


def _breaks(text: str, width: int) -> Iterator[int]:
    """Where the rows end: after a space where there is one, in the middle of a word where not."""
    start = 0
    while len(text) - start > width:
        space = text.rfind(" ", start + 1, start + width)
        start = space + 1 if space > start else start + width
        yield start
    yield len(text)


def _between(pieces: tuple[Piece, ...], start: int, end: int) -> Iterator[Piece]:
    offset = 0
    for piece in pieces:
        text = piece.text[max(start - offset, 0) : max(end - offset, 0)]
        if text:
            yield Piece(text, piece.marked)
        offset += len(piece.text)
