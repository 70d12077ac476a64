"""Two texts beside each other: what differs in pairs, what is the same once, and folded where there is much of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.render.html.element import Child, Markup, element, several
from reconciler.render.html.inline import spoken
from reconciler.render.sentences import count
from reconciler.render.texts.aligned import aligned
from reconciler.render.texts.extent import LONGEST, beginning, beyond
from reconciler.render.texts.hunks import all_of, rows
from reconciler.render.texts.lines import Line, shown
from reconciler.render.texts.phrases import END
from reconciler.render.texts.words import Piece, compare_words

_UNBROKEN = 1_000_000  # columns: the reader's own window breaks the lines
_CONTEXT = 3
_LEFT_OUT = "…"
_SHOWN = 40  # lines of what comes or goes whole


def texts(before: str, after: str, *, fold: bool) -> Markup:
    """Two texts sentence by sentence, the changed words marked; what is far from them is folded, or only counted."""
    more = beyond(before, after, done="compared")
    before, after = before[:LONGEST], after[:LONGEST]
    found = rows(before, after, _UNBROKEN) if fold else list(_near(before.split("\n"), after.split("\n")))
    return _sides(found, "prose", more, fold=fold)


def _near(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    """The same, less most of the lines that did not change, whose number stands for them: sentences cost time."""
    start, start_there = 0, 0
    for i, i_end, j, j_end in _unchanged(before, after):
        yield from _rows_of(before[start:i], after[start_there:j], ended=True)
        yield Line(_LEFT_OUT, (Piece(str(i_end - i)),))
        start, start_there = i_end, j_end
    yield from _rows_of(before[start:], after[start_there:], ended=False)


def _unchanged(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    """Runs of lines that are the same and near nothing that is not, on both sides."""
    for same, i, i_end, j, j_end in aligned(before, after):
        head = _CONTEXT if i or j else 0
        tail = _CONTEXT if i_end < len(before) or j_end < len(after) else 0
        if same and i_end - i > head + tail + 1:
            yield i + head, i_end - tail, j + head, j_end - tail


def _rows_of(before: Sequence[str], after: Sequence[str], *, ended: bool) -> list[Line]:
    """The rows of some lines of a text, after which it may go on."""
    if not before and not after:
        return []
    found = rows("\n".join(before), "\n".join(after), _UNBROKEN)
    return [*found[:-1], Line(found[-1].sign, (Piece(found[-1].text + END),))] if ended else found


def text(sign: str, content: str, *, fold: bool) -> Markup:
    """A text that comes or goes whole."""
    return _sides(all_of(sign, content, len(content) + 1, _UNBROKEN), "prose", fold=fold)


def structures(before: Sequence[str], after: Sequence[str], *, fold: bool) -> Markup:
    """Two structures line by line; one of them may be nothing."""
    more = beyond(before, after, done="shown")
    return _sides(list(_compared(beginning(before), beginning(after))), "code", more, fold=fold)


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
    for same, i, i_end, j, j_end in aligned(before, after):
        if same:
            yield from (shown(" ", [Piece(line)], every_space=False) for line in after[j:j_end])
            continue
        for sign, lines in (("-", before[i:i_end]), ("+", after[j:j_end])):
            yield from (shown(sign, [Piece(line)], every_space=False) for line in lines)


def _sides(lines: Sequence[Line], look: str, more: str = "", *, fold: bool) -> Markup:
    runs = [(sign, list(run)) for sign, run in groupby(lines, _side_of)]
    blocks = _alone(runs[0][1], fold=fold) if len(runs) == 1 else _rows(runs, fold=fold)
    return element("div", several([*blocks, *([_gap(f"… {more}")] if more else [])]), class_=f"sides {look}")


def _side_of(line: Line) -> str:
    return " " if line.sign == _LEFT_OUT else line.sign


def _alone(lines: list[Line], *, fold: bool) -> Iterator[Markup]:
    yield _side(lines[:_SHOWN])
    if lines[_SHOWN:]:
        told = count(len(lines) - _SHOWN, "more line")
        yield _folded(told, _side(lines[_SHOWN:])) if fold else _gap(told)


def _rows(runs: list[tuple[str, list[Line]]], *, fold: bool) -> Iterator[Markup]:
    """Each run of lines on one side, next to the one that it is exchanged for."""
    for i, (sign, lines) in enumerate(runs):
        above, below = runs[i - 1][0] if i else "", runs[i + 1][0] if i + 1 < len(runs) else ""
        if sign == " ":
            yield from _same(lines, first=not above, last=not below, fold=fold)
        elif sign == "-" and below == "+":
            yield _pair(lines, runs[i + 1][1])
        elif not (sign == "+" and above == "-"):
            yield _side(lines)


def _same(lines: list[Line], *, first: bool, last: bool, fold: bool) -> Iterator[Markup]:
    """Lines around a change; what lies between them is folded."""
    start, end = 0 if first else _CONTEXT, len(lines) - (0 if last else _CONTEXT)
    number = sum(int(line.text) if line.sign == _LEFT_OUT else 1 for line in lines[start:end])
    if number <= 1:
        yield _side(lines)
        return
    told = count(number, "unchanged line")
    yield from [_side(lines[:start])] if start else []
    yield _folded(told, _side(lines[start:end])) if fold else _gap(told)
    yield from [_side(lines[end:])] if end < len(lines) else []


def _pair(before: list[Line], after: list[Line]) -> Markup:
    """Both, with the words that differ marked."""
    found = compare_words(*("\n".join(line.text for line in side) for side in (before, after)))
    marked = ([Line(sign, tuple(line)) for line in side] for sign, side in zip("-+", found, strict=True))
    return element("div", *map(_side, marked), class_="pair")


_KINDS = {"-": ("less", [spoken("Before: ")]), "+": ("more", [spoken("After: ")]), " ": ("same", [])}


def _side(lines: list[Line]) -> Markup:
    kind, words = _KINDS[lines[0].sign]
    return element("div", *words, *map(_line, lines), class_=kind)


def _line(line: Line) -> Markup:
    return element("span", *[child for piece in line.pieces for child in _piece(piece, line.sign)], class_="line")


def _piece(piece: Piece, sign: str) -> Iterator[Child]:
    content, ends = piece.text.removesuffix(END), [_END] if piece.text.endswith(END) else []
    if piece.marked:
        yield element("del" if sign == "-" else "ins", content, *ends)
        return
    yield from [content] if content else []
    yield from ends


_END = element("span", END, class_="end", unspoken="true")


def _folded(told: str, content: Markup) -> Markup:
    return element("details", element("summary", told), content, class_="gap")


def _gap(told: str) -> Markup:
    return element("div", told, class_="gap")
