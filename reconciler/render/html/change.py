"""One change to unfold: what is done, from which file, field by field, and the patch; or one that many share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.render import sentences
from reconciler.render.entries import members
from reconciler.render.html.element import Child, Markup, element, several
from reconciler.render.html.fields import fields
from reconciler.render.html.inline import action, chip, code, heading, prose, quiet
from reconciler.render.html.look import Look
from reconciler.render.html.table import names, what
from reconciler.render.values import one_line
from reconciler.render.verdict.owners import by_owner, name, owner, within
from reconciler.render.verdict.shared import Shared
from reconciler.render.view import ChangeView, MeaningView

_WHOLE = ("create", "delete")  # what comes or goes whole
_WIDTH = 120  # columns a large mapping may take before its members are told one by one


def section(change: ChangeView, anchor: str, look: Look) -> Markup:
    """The change, folded where there are many."""
    held = [" ", chip("refused", "less")] if change.held_by else []
    title = heading(look.depth + 1, action(sentences.sign(change), change.action), " ", code(change.address), *held)
    summary = element("summary", title, " ", quiet(*what(change)))
    body = element("div", several(_parts(change, look)), class_="body", id=anchor)
    return _details(summary, body, "change", look)


def common(one: Shared, anchor: str, anchors: Mapping[str, str], look: Look) -> Markup:
    """What many assistants share, and which they are; those with no more to tell bring their patches."""
    number = sentences.count(len(one.changes), "assistant")
    summary = element(
        "summary", heading(look.depth + 1, chip(number, "calm"), " the same in each: "), quiet(*names(one.fields))
    )
    parts = [
        *_told(replace(one.changes[0], action="update", fields=one.fields, meanings=one.meanings), look),
        element("ul", several(_sharer(change, anchors, look) for change in one.changes), class_="sharers"),
    ]
    return _details(summary, element("div", several(parts), class_="body", id=anchor), "shared", look)


def _details(summary: Markup, body: Markup, kind: str, look: Look) -> Markup:
    if look.open:
        return element("details", summary, body, class_=kind, open=True)
    return element("details", summary, body, class_=kind)


def _parts(change: ChangeView, look: Look) -> Iterator[Markup]:
    yield from _facts(change)
    yield from _told(change, look)
    if change.unchanged_fields:
        yield element("p", f"{sentences.remains(change)}.", class_="quiet")
    yield from _patch(change, look)


def _told(change: ChangeView, look: Look) -> Iterator[Markup]:
    """The fields, then function by function what it means for callers and what changes in it."""
    found, meanings, depth = by_owner(members(change, _WIDTH)), by_owner(change.meanings), look.depth + 2
    causes = change.action not in _WHOLE
    yield from _meanings(meanings.get("", []))
    yield from fields(found.get("", []), depth, causes=causes, full=look.full)
    for own in dict.fromkeys(filter(None, (*found, *meanings))):
        inner = [replace(one, path=within(one.path, own) or "definition") for one in found.get(own, [])]
        parts = [
            heading(depth, *_called(own), *_fate(own, change)),
            *_meanings(meanings.get(own, [])),
            *fields(inner, depth + 1, causes=causes, full=look.full),
        ]
        yield element("div", several(parts), class_="function")


def _called(own: str) -> list[Child]:
    return ["Function ", code(name(own))] if name(own) else ["The answer's schema"]


def _fate(own: str, change: ChangeView) -> Iterator[Child]:
    """Whether it comes or goes, where not all does."""
    for field in change.fields if change.action not in _WHOLE else ():
        if field.path == own and None in (field.before, field.after):
            yield from (" ", chip("new", "more") if field.before is None else chip("removed", "less"))


def _facts(change: ChangeView) -> Iterator[Markup]:
    place = sentences.place(change)
    told: list[list[Child]] = [
        ["id ", code(change.id)] if change.id else [],
        ["manifest ", code(place)] if place else [],
        ["held back by ", *_codes(change.held_by)] if change.held_by else [],
    ]
    if any(told):
        yield element("p", *[element("span", *one) for one in told if one], class_="facts")


def _codes(names: Sequence[str]) -> list[Child]:
    return [child for name in names for child in (code(name), ", ")][:-1]


def _meanings(found: Sequence[MeaningView]) -> Iterator[Markup]:
    if found:
        yield element("ul", several(map(_meaning, found)), class_="meanings")


def _meaning(one: MeaningView) -> Markup:
    word = chip("breaking", "less") if one.breaking else chip("compatible", "more")
    told = one.text if owner(one.path) else sentences.meaning(one).rpartition(" (")[0]  # the chip says the rest
    return element("li", word, " ", *prose(one_line(told)))


def _sharer(change: ChangeView, anchors: Mapping[str, str], look: Look) -> Markup:
    name, place = code(change.address), quiet(" ", code(sentences.place(change)))
    if change.address in anchors:
        return element("li", element("a", name, to=anchors[change.address]), place, " and more")
    return element("li", name, place, *_patch(change, look))


def _patch(change: ChangeView, look: Look) -> Iterator[Markup]:
    if change.patch and look.full:
        sent = element("pre", element("code", json.dumps(change.patch, indent=2, ensure_ascii=False)))
        yield element("details", element("summary", "The patch that is sent"), sent, class_="fold")
