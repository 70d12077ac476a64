"""Small things within a line: code, chips, headings, and what is only spoken or only seen."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, TypeAlias, Unpack

from reconciler.render.html.element import BREAK, PAUSE, Attributes, Child, Markup, Name, element
from reconciler.render.markup import named
from reconciler.render.values import one_line
from reconciler.render.view import FieldView

Tone: TypeAlias = Literal["", "less", "more", "warn", "calm"]

EARLIER: Final = "earlier edit"
_HEADINGS: Final[tuple[Name, ...]] = ("h1", "h2", "h3", "h4", "h5")
_CAUSES: Final[dict[str, Tone]] = {"drift": "warn", "conflict": "less"}
_ACTIONS: Final[dict[str, Tone]] = {"create": "more", "delete": "less", "forget": "warn"}


_kept = lru_cache(maxsize=1024)  # a plan says the same few of them over and over


def code(content: str) -> Markup:
    """A name or a value on one line."""
    return element("code", one_line(content))


@_kept
def path(content: str) -> Markup:
    """A path, which may be broken where it has a dot."""
    first, *steps = one_line(content).split(".")
    return element("code", first, *(child for step in steps for child in (PAUSE, f".{step}")))


def chip(content: Child, tone: Tone = "") -> Markup:
    """A word that is looked for; its colour only repeats what it says."""
    return element("span", content, class_=f"chip {tone}" if tone else "chip")


def mover(field: FieldView) -> str:
    """Who moved a field, in a word or two: `edit`, `earlier edit`, `drift`, …"""
    return EARLIER if field.cause == "edit" and field.origin == "pending" else field.cause


@_kept
def cause(word: str) -> Markup:
    """Why a field differs, as a chip."""
    return chip(word, _CAUSES.get(word, ""))


@_kept
def action(sign: str, word: str) -> Markup:
    """What is done to one: `+ create`."""
    return chip(f"{'−' if sign == '-' else sign} {word}", _ACTIONS.get(word, "calm"))


def quiet(*children: Child) -> Markup:
    """What may be read later."""
    return element("span", *children, class_="quiet")


def spoken(content: str) -> Markup:
    """What those who see know from where it stands."""
    return element("span", content, class_="spoken")


def heading(depth: int, *children: Child, **attributes: Unpack[Attributes]) -> Markup:
    """A heading; deeper than five is five."""
    return element(_HEADINGS[min(depth, len(_HEADINGS)) - 1], *children, **attributes)


def prose(content: str) -> list[Child]:
    """A text of several lines, broken where it breaks; what stands in backticks is code."""
    first, *others = [_spans(line) for line in content.split("\n")]
    return [*first, *(child for line in others for child in (BREAK, *line))]


def _spans(line: str) -> list[Child]:
    return [code(part) if is_name else part for part, is_name in named(line) if part]
