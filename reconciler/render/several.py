"""The plans of several environments in one output; one that could not be made is told where it would stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.canonical import Json
from reconciler.render import FORMATS, Document, Style
from reconciler.render.document import FORMAT_VERSION
from reconciler.render.html import page
from reconciler.render.markup import fence, prose, span
from reconciler.render.values import inert, one_line
from reconciler.render.view import view


@dataclass(frozen=True, slots=True)
class Lost:
    """An environment without a plan, and why."""

    environment: str
    message: str
    remedy: str = ""


Section: TypeAlias = Document | Lost


def several(shape: str, sections: Sequence[Section], style: Style) -> str:
    """The sections in the order given; as JSON one document with all of them, as HTML one page."""
    if shape == "json":
        return _json(sections)
    if shape == "html":
        return page([one if isinstance(one, Lost) else view(one) for one in sections])
    parts = [_lost(shape, one) if isinstance(one, Lost) else FORMATS[shape](one, style) for one in sections]
    return ("\n---\n\n" if shape == "markdown" else "\n").join(parts)


def _json(sections: Sequence[Section]) -> str:
    plans: list[Json] = [one for one in sections if not isinstance(one, Lost)]
    lost: list[Json] = [
        {"environment": one.environment, "message": one.message, "remedy": one.remedy}
        for one in sections
        if isinstance(one, Lost)
    ]
    whole: Document = {"format_version": FORMAT_VERSION, "plans": plans, "failures": lost}
    return FORMATS["json"](whole, Style())


def _lost(shape: str, one: Lost) -> str:
    remedy = inert(one.remedy).split("\n") if one.remedy else []
    if shape == "markdown":
        return "\n".join([f"### No plan of {span(one.environment)}", "", prose(one.message), *_fenced(remedy)]) + "\n"
    lines = [f"{one_line(one.environment)}", "", f"Error: {inert(one.message)}", *(f"  {line}" for line in remedy)]
    return "\n".join(lines) + "\n"


def _fenced(lines: list[str]) -> list[str]:
    return ["", *fence("", lines)] if lines else []


__all__ = ["Lost", "Section", "several"]
