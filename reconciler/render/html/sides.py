"""Two texts beside each other: what differs in pairs, what is the same once, and folded where there is much of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.render.html.element import Child, Markup, element, several
from reconciler.render.html.inline import spoken
from reconciler.render.sentences import count
from reconciler.render.text_diff import CONTINUED, Line, Piece, compare, whole

_CONTEXT = 3
_LEFT_OUT = "…"
_SHOWN = 40  # lines of what comes or goes whole


def texts(before: str, after: str, *, fold: bool) -> Markup:
    """Two texts sentence by sentence, the changed words marked; what is far from them is folded, or only counted."""
    return _sides(compare(before, after, context=None), "prose", fold=fold)


def text(sign: str, content: str, *, fold: bool) -> Markup:
    """A text that comes or goes whole."""
    return _sides(whole(sign, content, len(content) + 1), "prose", fold=fold)


def structures(before: Sequence[str], after: Sequence[str], *, fold: bool) -> Markup:
    """Two structures line by line; one of them may be nothing."""
    return _sides(compare(before, after, context=None), "code", fold=fold)


def _sides(lines: Sequence[Line], look: str, *, fold: bool) -> Markup:
    more = [_gap(f"… {line.text}") for line in lines if line.sign == _LEFT_OUT]
    runs = [(sign, list(run)) for sign, run in groupby((x for x in lines if x.sign != _LEFT_OUT), lambda x: x.sign)]
    blocks = _alone(runs[0][1], fold=fold) if len(runs) == 1 else _rows(runs, fold=fold)
    return element("div", several([*blocks, *more]), class_=f"sides {look}")


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
    number = len(lines[start:end])
    if number <= 1:
        yield _side(lines)
        return
    told = count(number, "unchanged line")
    yield from [_side(lines[:start])] if start else []
    yield _folded(told, _side(lines[start:end])) if fold else _gap(told)
    yield from [_side(lines[end:])] if end < len(lines) else []


def _pair(before: list[Line], after: list[Line]) -> Markup:
    return element("div", _side(before), _side(after), class_="pair")


_KINDS = {"-": ("less", [spoken("Before: ")]), "+": ("more", [spoken("After: ")]), " ": ("same", [])}


def _side(lines: list[Line]) -> Markup:
    kind, words = _KINDS[lines[0].sign]
    return element("div", *words, *map(_line, lines), class_=kind)


def _line(line: Line) -> Markup:
    return element("span", *[child for piece in line.pieces for child in _piece(piece, line.sign)], class_="line")


def _piece(piece: Piece, sign: str) -> Iterator[Child]:
    if piece.marked:
        yield element("del" if sign == "-" else "ins", piece.text)
    elif piece.text:
        yield element("span", CONTINUED, class_="end", unspoken="true") if piece.text == CONTINUED else piece.text


def _folded(told: str, content: Markup) -> Markup:
    return element("details", element("summary", told), content, class_="gap")


def _gap(told: str) -> Markup:
    return element("div", told, class_="gap")
