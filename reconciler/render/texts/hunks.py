"""Two texts compared phrase by phrase: what changed with context, white space and line ends visible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from reconciler.render.texts.aligned import aligned
from reconciler.render.texts.lines import Line, inked, shown
from reconciler.render.texts.phrases import END, phrases
from reconciler.render.texts.words import Piece
from reconciler.render.visible import told_apart

_CONTEXT = 3


@dataclass(frozen=True, slots=True)
class _Phrase:
    text: str
    mark: str
    ends: bool
    """Whether a line ends here, or the text does."""
    number: int
    """Of the line that it is in."""

    @property
    def key(self) -> str:
        return self.text if self.ends else self.text.removesuffix(" ")


_Span: TypeAlias = tuple[bool, Sequence[_Phrase], Sequence[_Phrase]]
"""Whether these phrases of both sides are the same."""


def rows(before: str, after: str, width: int = 60) -> list[Line]:
    """Every phrase of both in their order: what is the same once, what was removed before what was added."""
    return [line for span in _told(*(_phrases(side, width) for side in (before, after))) for line, _ in _rows(span)]


def hunks(before: str, after: str, width: int = 60) -> list[Line]:
    """The changed phrases with three around them; where phrases before them are left out, headed by their line."""
    rows = [row for span in _told(*(_phrases(side, width) for side in (before, after))) for row in _rows(span)]
    near = _near([line.sign != " " for line, _ in rows])
    found: list[Line] = []
    for above, position in zip([-1, *near], near, strict=False):
        if position != above + 1:
            found.append(Line("@", (Piece(f"@@ line {rows[position][1]} @@"),)))
        found.append(rows[position][0])
    return found


def all_of(sign: str, text: str, limit: int, width: int = 60) -> list[Line]:
    """The phrases of a text that is only on one side, up to a limit."""
    found = _phrases(text, width)
    lines = [_line(sign, phrase, every_space=False) for phrase in found[:limit]]
    more = len(found) - limit
    return lines if more <= 0 else [*lines, Line("…", (Piece(f"{more:,} more line{'s' if more > 1 else ''}"),))]


def _phrases(text: str, width: int) -> list[_Phrase]:
    found, number = [], 1
    pieces = phrases(text, width)
    for position, piece in enumerate(pieces):
        mark = END if piece.endswith(END) else ""
        ends = bool(mark) or position == len(pieces) - 1
        found.append(_Phrase(piece.removesuffix(mark), mark, ends, number))
        number += bool(mark)
    return found


def _told(before: list[_Phrase], after: list[_Phrase]) -> Iterator[_Span]:
    """What is the same and what is not. Where a line ends counts, unless that end only moved with what follows."""
    spans = list(_blocks(before, after))
    for (same, one, other), (_, *following) in zip(spans, [*spans[1:], (False, [], [])], strict=True):
        start = 0
        for k, pair in enumerate(zip(one, other, strict=True) if same else ()):
            moved = k == len(one) - 1 and _ends([pair[0], *following[0]]) == _ends([pair[1], *following[1]])
            if pair[0].ends != pair[1].ends and not moved:
                yield True, one[start:k], other[start:k]
                yield False, one[k : k + 1], other[k : k + 1]
                start = k + 1
        yield same, one[start:], other[start:]


def _ends(found: Sequence[_Phrase]) -> int:
    return sum(phrase.ends for phrase in found)


def _blocks(before: list[_Phrase], after: list[_Phrase]) -> Iterator[_Span]:
    for same, i, i_end, j, j_end in aligned([phrase.key for phrase in before], [phrase.key for phrase in after]):
        yield same, before[i:i_end], after[j:j_end]


def _rows(span: _Span) -> Iterator[tuple[Line, int]]:
    """The lines of a span, and which line of the text each is in; removed ones first."""
    same, before, after = span
    if same:
        for phrase in after:
            yield Line(" ", (Piece(phrase.key.replace("\t", "    ") + phrase.mark),)), phrase.number
        return
    alike = {inked(phrase.key) for phrase in before} & {inked(phrase.key) for phrase in after}
    before, after = _told_apart(before, after)
    for sign, side in (("-", before), ("+", after)):
        for phrase in side:
            yield _line(sign, phrase, every_space=inked(phrase.key) in alike), phrase.number


def _told_apart(before: Sequence[_Phrase], after: Sequence[_Phrase]) -> tuple[Sequence[_Phrase], Sequence[_Phrase]]:
    """The phrases of both, where they are as many: those that look alike such that they do not."""
    if len(before) != len(after):
        return before, after
    pairs = [told_apart(one.text, other.text) for one, other in zip(before, after, strict=True)]
    return (
        [replace(phrase, text=text) for phrase, (text, _) in zip(before, pairs, strict=True)],
        [replace(phrase, text=text) for phrase, (_, text) in zip(after, pairs, strict=True)],
    )


def _line(sign: str, phrase: _Phrase, *, every_space: bool) -> Line:
    text = shown(sign, [Piece(phrase.key)], every_space=every_space).text
    return Line(sign, (Piece(text + phrase.mark),))


def _near(changed: Sequence[bool]) -> list[int]:
    """The places of what changed, and of what is around that."""
    places = [i for i, is_changed in enumerate(changed) if is_changed]
    around = {j for i in places for j in range(i - _CONTEXT, i + _CONTEXT + 1)}
    return [i for i in range(len(changed)) if i in around]
