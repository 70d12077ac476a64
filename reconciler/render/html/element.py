"""Elements of HTML, built such that no text can act: whatever is no `Markup` is escaped, and only this module makes it.

Invisible characters show as `<U+202E>`. A line break in a text is written as a character reference, and so is `[`:
so no line of the page begins with a text, and nothing that a CI runner obeys is ever spelt out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from html import escape
from typing import Final, Literal, TypeAlias, TypedDict, Unpack

from reconciler.render.visible import visible

Name: TypeAlias = Literal[
    "a", "article", "body", "code", "dd", "del", "details", "div", "dl", "dt", "footer", "h1", "h2", "h3", "h4", "h5",
    "header", "html", "ins", "li", "main", "nav", "ol", "p", "pre", "section", "span", "strong", "summary", "table",
    "tbody", "td", "th", "thead", "title", "tr", "ul",
]  # fmt: skip


class Attributes(TypedDict, total=False):
    """What an element may have: nothing that could load, run or lead away."""

    id: str
    class_: str
    to: str
    """The id of a place on this page: nothing links elsewhere."""
    scope: Literal["col", "row"]
    labelled_by: str
    unspoken: Literal["true"]
    open: Literal[True]


_SPECIAL: Final = re.compile(r"[&<>\"'\[\n]")
_SPELT: Final = {"class_": "class", "labelled_by": "aria-labelledby", "unspoken": "aria-hidden"}


class Markup(str):
    """HTML that is as it should be. Whatever is done to it but nesting gives plain text, which is escaped again."""

    __slots__ = ()


Child: TypeAlias = Markup | str


def element(name: Name, *children: Child, **attributes: Unpack[Attributes]) -> Markup:
    """One element; children that are no markup are texts."""
    inner = "".join([child if type(child) is Markup else _escaped(child) for child in children])
    return Markup(f"<{name}{_attributes(attributes)}>{inner}</{name}>" if attributes else f"<{name}>{inner}</{name}>")


def several(children: Iterable[Child]) -> Markup:
    """The children one after the other, each on a line of its own."""
    return Markup("\n".join([child if type(child) is Markup else _escaped(child) for child in children]))


BREAK: Final = Markup("<br>")
PAUSE: Final = Markup("<wbr>")
"""Where a long name may be broken."""


def meta(**attributes: str) -> Markup:
    """One line of the head."""
    return Markup(
        "<meta" + "".join(_attribute(name.replace("_", "-"), value) for name, value in attributes.items()) + ">"
    )


def sheet(css: str) -> Markup:
    """A style sheet of our own. It is not escaped, for that would change it, so it must not hold what could end it."""
    if "<" in css:
        raise ValueError("a style sheet must not hold `<`")
    return Markup(f"<style>{css}</style>")


def whole(head: Iterable[Markup], body: Markup) -> Markup:
    """A whole document, in English."""
    return Markup(f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{several(head)}\n</head>\n{body}\n</html>\n')


def _escaped(content: str) -> str:
    shown = content if content.isascii() and content.isprintable() else visible(content)
    if not _SPECIAL.search(shown):
        return shown  # as most are
    return escape(shown).replace("[", "&#91;").replace("\n", "&#10;")


def _attributes(attributes: Attributes) -> str:
    return "".join([" open" if value is True else _attribute(name, str(value)) for name, value in attributes.items()])


@lru_cache(1_024, typed=True)  # classes are few
def _attribute(name: str, value: str) -> str:
    if name == "to":
        return f' href="#{_escaped(value)}"'
    return f' {_SPELT.get(name, name)}="{_escaped(value)}"'
