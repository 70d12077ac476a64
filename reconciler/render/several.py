"""The plans of several environments in one output; one that could not be made is told where it would stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from reconciler.canonical import Json
from reconciler.render import FORMATS, Document, Style
from reconciler.render.document import FORMAT_VERSION, checked, parse
from reconciler.render.html import page
from reconciler.render.markdown import together
from reconciler.render.markup import LIMIT
from reconciler.render.values import inert, one_line
from reconciler.render.view import BadDocument, Lost, view

Section: TypeAlias = Document | Lost


def several(shape: str, sections: Sequence[Section], style: Style) -> str:
    """The sections in the order given; as JSON one document with all of them, as HTML one page.

    As Markdown they are as much as one comment holds.
    """
    if shape == "json":
        return _json(sections)
    if shape == "html":
        return page([one if isinstance(one, Lost) else view(one) for one in sections])
    if shape == "markdown":
        return within(sections, LIMIT)
    return "\n".join(_lost_text(one) if isinstance(one, Lost) else FORMATS[shape](one, style) for one in sections)


def _json(sections: Sequence[Section]) -> str:
    plans: list[Json] = [one for one in sections if not isinstance(one, Lost)]
    lost: list[Json] = [
        {"environment": one.environment, "message": one.message, "remedy": one.remedy}
        for one in sections
        if isinstance(one, Lost)
    ]
    whole: Document = {"format_version": FORMAT_VERSION, "plans": plans, "failures": lost}
    return FORMATS["json"](whole, Style())


def read(text: str) -> tuple[Section, ...]:
    """The sections of a saved document, of one plan or of several environments; else `BadDocument`."""
    value = parse(text)
    if not isinstance(value, dict) or "plans" not in value:
        return (checked(value),)
    plans, failures = value["plans"], value.get("failures")
    if not isinstance(plans, list) or not isinstance(failures, list):
        raise BadDocument("`plans` or `failures` is not a list")
    return (*map(checked, plans), *map(_read_lost, failures))


def _read_lost(value: Json) -> Lost:
    if isinstance(value, dict):
        found = [value.get(name) for name in ("environment", "message", "remedy")]
        told = [one for one in found if isinstance(one, str)]
        if len(told) == len(found):
            return Lost(*told)
    raise BadDocument("a failure has no `environment`, `message` and `remedy`")


def within(sections: Sequence[Section], room: int, whole: str = "", files: str = "") -> str:
    """The sections as Markdown in no more characters than there is room for; what several have in common once.

    `whole` is where all of it is. `files` is what the address of a file of the reviewed commit begins with: with it,
    files are links.
    """
    return together(
        [section if isinstance(section, Lost) else view(section) for section in sections], room, whole, files
    )


def _lost_text(one: Lost) -> str:
    remedy = inert(one.remedy).split("\n") if one.remedy else []
    lines = [f"{one_line(one.environment)}", "", f"Error: {inert(one.message)}", *(f"  {line}" for line in remedy)]
    return "\n".join(lines) + "\n"


__all__ = ["Lost", "Section", "read", "several", "within"]
