"""The fields of one change: short values in a list, long texts and structures side by side below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.canonical import Json
from reconciler.render.html.element import Child, Markup, element, several
from reconciler.render.html.inline import cause, heading, mover, path, quiet, spoken
from reconciler.render.html.sides import structures, text, texts
from reconciler.render.values import both, compact, shortened, structure
from reconciler.render.verdict.sizes import grown, size
from reconciler.render.view import FieldView

_SHORT = 100  # characters of a value that reads well within a line


def fields(shown: Sequence[FieldView], depth: int, *, causes: bool, full: bool) -> Iterator[Markup]:
    """Every field with its cause, the short ones first. Without room, what comes or goes whole is cut short."""
    short, long = [], []
    for field in shown:
        sides = _short_sides(field, full=full)
        if sides is None:
            long.append(field)
        else:
            short.append(_short(field, *sides, causes=causes))
    if short:
        yield element("dl", several(short), class_="fields")
    for field in long:
        yield _long(field, depth, causes=causes, fold=full)


def _short_sides(field: FieldView, *, full: bool) -> tuple[str, str] | None:
    """How both sides read on one line, where they do; nothing reads as nothing."""
    whole = field.before is None or field.after is None
    sides = [_on_one_line(side, shorten=whole and not full) for side in both(field.before, field.after)]
    long = None in sides or field.excerpt or (field.path == "instructions" and not whole)  # whose size is told
    return None if long else (sides[0] or "", sides[1] or "")


def _on_one_line(value: Json, *, shorten: bool) -> str | None:
    if value is None:
        return ""
    if isinstance(value, str) and not shorten:
        return compact(value) if len(value) <= _SHORT and "\n" not in value else None
    if isinstance(value, str):
        return compact(value) if len(value) <= _SHORT else f"{compact(value[:_SHORT])} … {size(value)}"
    told = compact(value)
    if len(told) <= _SHORT:
        return told
    return shortened(told, _SHORT) if shorten else None


def _short(field: FieldView, before: str, after: str, *, causes: bool) -> Markup:
    why = [" ", cause(mover(field))] if causes else []
    return element("div", element("dt", path(field.path), *why), element("dd", *_values(before, after)))


def _values(before: str, after: str) -> Iterator[Child]:
    """Both values; which is which is spoken where there are two."""
    if before and after:
        yield element("del", _BEFORE, before)
        yield _ARROW
        yield element("ins", _AFTER, after)
    elif before:
        yield element("del", before)
    elif after:
        yield element("ins", after)
    else:
        yield "null"


_BEFORE, _AFTER = spoken("before "), spoken("after ")
_ARROW = element("span", " → ", unspoken="true")


def _long(field: FieldView, depth: int, *, causes: bool, fold: bool) -> Markup:
    why = [" ", cause(mover(field))] if causes else []
    told = [" ", quiet(_size(field))] if _is_text(field) else []
    title = heading(depth, path(field.path), *why, *told)
    return element("div", title, _shown(field, fold=fold), class_="field")


def _shown(field: FieldView, *, fold: bool) -> Markup:
    before, after = field.before, field.after
    if isinstance(before, str) and isinstance(after, str):
        return texts(before, after, fold=fold)
    if _is_text(field):
        return text("-" if after is None else "+", str(before if after is None else after), fold=fold)
    return structures(*([] if side is None else structure(side) for side in (before, after)), fold=fold)


def _is_text(field: FieldView) -> bool:
    return all(side is None or isinstance(side, str) for side in (field.before, field.after))


def _size(field: FieldView) -> str:
    """How long it is, and by how much it grew."""
    before, after = (side if isinstance(side, str) else "" for side in (field.before, field.after))
    if field.excerpt:
        return f"{grown(before, after)} in each; the rest of it is another text in each"
    if field.before is None or field.after is None:
        return size(after or before)
    return f"{size(before)} → {size(after)} ({grown(before, after)})"
