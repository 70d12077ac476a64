"""The table of what happens to whom, worst first; each row leads to the whole of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.render import sentences
from reconciler.render.html.element import Child, Markup, element, several
from reconciler.render.html.inline import Tone, action, cause, chip, code, mover, path, quiet
from reconciler.render.values import one_line, shortened
from reconciler.render.verdict.owners import name, owner
from reconciler.render.verdict.ranking import danger, ranked
from reconciler.render.verdict.sizes import grown
from reconciler.render.view import ChangeView, FieldView

_TONES: dict[str, Tone] = {"refused": "less", "conflict": "less", "breaking": "warn"}
_NAME = 60  # characters of an assistant's own name
_FIELDS = 6  # of one change; the rest is counted

_HEAD = element("thead", element("tr", *[element("th", name, scope="col") for name in ("Action", "Address", "What")]))


def table(changes: Sequence[ChangeView], anchors: Mapping[str, str]) -> Markup:
    """A row a change."""
    rows = several(_row(change, anchors) for change in ranked(changes))
    return element("table", _HEAD, element("tbody", rows), class_="ranking")


def _row(change: ChangeView, anchors: Mapping[str, str]) -> Markup:
    name: Markup = code(change.address)
    anchor = anchors.get(change.address)
    link = element("a", name, to=anchor) if anchor else name
    return element(
        "tr",
        element("td", action(sentences.sign(change), change.action), *_warning(change)),
        element("th", link, scope="row"),
        element("td", *what(change)),
    )


def _warning(change: ChangeView) -> list[Child]:
    word = danger(change)
    return [" ", chip(word, _TONES[word])] if word in _TONES else []


def what(change: ChangeView) -> Iterator[Child]:
    """The fields that change and why; of what comes or goes whole, that it does."""
    whole = change.action in ("create", "delete") or not change.fields
    if whole or change.action != "update":
        yield sentences.will(change)
    if whole:
        yield from _known(change)
        return
    for number, (word, fields) in enumerate(_by_cause(change).items()):
        yield from ("; " if number or change.action != "update" else "", cause(word), " ")
        yield from names(fields)


def _known(change: ChangeView) -> Iterator[Child]:
    """What a person knows it by."""
    for field in change.fields:
        name = field.after if field.before is None else field.before
        if field.path == "name" and isinstance(name, str):
            yield from (": ", one_line(shortened(name, _NAME)))


def names(fields: Sequence[FieldView]) -> Iterator[Child]:
    """What the fields are called, and how much a prompt grows."""
    told = list({owner(field.path) or field.path: field for field in reversed(fields)}.values())[::-1]
    for number, field in enumerate(told[:_FIELDS]):
        yield from _field(field, first=not number)
    if len(told) > _FIELDS:
        yield quiet(f" and {len(told) - _FIELDS} more")


def _by_cause(change: ChangeView) -> dict[str, list[FieldView]]:
    causes: dict[str, list[FieldView]] = {}
    for field in change.fields:
        causes.setdefault(mover(field), []).append(field)
    return causes


def _field(field: FieldView, *, first: bool) -> Iterator[Child]:
    own = owner(field.path)
    called: list[Child] = [path(own or field.path)]
    if own and name(own):
        called = ["function ", code(shortened(name(own), _NAME))]
    yield from ("" if first else ", ", *called)
    if field.path == "instructions" and isinstance(field.before, str) and isinstance(field.after, str):
        yield quiet(f" {grown(field.before, field.after)}")
