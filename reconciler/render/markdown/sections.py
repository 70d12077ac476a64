"""One change, or one that many assistants share, as a section to unfold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias

from reconciler.render import sentences
from reconciler.render.markdown import fields
from reconciler.render.markdown.blocks import BETWEEN, Block, Lines, fitted, folded
from reconciler.render.markup import bounded, prose, span, tag
from reconciler.render.values import one_line, shortened
from reconciler.render.verdict import causes
from reconciler.render.verdict.shared import Shared
from reconciler.render.view import ChangeView, FieldView

Part: TypeAlias = ChangeView | Shared

_CUT = "*The rest of this change is left out here.*"
_NAME = 300  # characters of a summary's name, marked up
_FEWEST = 2  # blocks of a section that is cut: where it stands is not enough
_LISTED = 6  # names that are told in a line; more are folded
_WORDS = re.compile(r"[\d,]+ [a-z]+")
_WHOLE = ("create", "delete")


def as_change(part: Part) -> ChangeView:
    """The change, or one that stands for all that share it."""
    if isinstance(part, ChangeView):
        return part
    return replace(part.changes[0], action="update", fields=part.fields, meanings=part.meanings)


def many(part: Shared) -> str:
    """`38 assistants`."""
    kinds = {change.address.partition(".")[0] for change in part.changes}
    return f"{len(part.changes):,} {one_line(shortened(kinds.pop(), _NAME)) if len(kinds) == 1 else 'object'}s"


def section(part: Part, room: int, *, most: int, opened: bool) -> tuple[str, bool]:
    """The section, and whether it is whole; nothing where there is no room for a part of it that tells something.

    Of a text that comes or goes whole, it has so many lines at most.
    """
    summary = _summary(part)
    empty = len(folded(summary, [_CUT], opened=opened)) + len(BETWEEN)
    found = fitted(_blocks(part, most), room - empty)
    if room < empty or (not found.whole and len(found.blocks) < _FEWEST):
        return "", False
    return folded(summary, [*found.blocks, *([] if found.whole else [_CUT])], opened=opened), found.whole


def _summary(part: Part) -> str:
    if isinstance(part, Shared):
        number = many(part)
        return f"<b>The same in {number if _WORDS.fullmatch(number) else bounded(tag, number, _NAME)}</b>"
    return bounded(tag, f"{sentences.sign(part)} {part.address}", _NAME)


def _blocks(part: Part, most: int) -> Iterator[Block]:
    change = as_change(part)
    yield from _members(part) if isinstance(part, Shared) else []
    facts = [] if isinstance(part, Shared) else _facts(change)
    why = _why(change)
    if len(why) == 1:
        facts, why = [*facts, *why], []
    yield from ["<br>".join(filter(None, [" · ".join(facts), *why]))] if facts or why else []
    if change.held_by:
        yield f"**Refused**: {', '.join(map(span, change.held_by))}"
    yield from fields.blocks(change, most)
    if isinstance(part, ChangeView) and part.fields and part.unchanged_fields:
        yield f"{sentences.remains(change)}."


def _why(change: ChangeView) -> list[str]:
    """Who moved its fields. What comes or goes whole has no cause of its own, and what is adopted has said it."""
    if change.action in _WHOLE:
        return []
    told = [field for field in change.fields if (change.action, field.cause) != ("adopt", "adoption")]
    moved = dict.fromkeys(causes.explained(field) for field in sorted(told, key=_place) if field.cause != "edit")
    rest = list(dict.fromkeys(causes.explained(field) for field in told if field.cause == "edit"))
    return [prose(why) for why in moved] + [prose(f"the rest: {why}" if moved else why) for why in rest]


def _place(field: FieldView) -> int:
    return causes.place(field.cause)


def _facts(change: ChangeView) -> list[str]:
    names = [span(name) for name in (sentences.place(change), change.id) if name]
    return names if names and change.action == "update" else [*names, prose(sentences.will(change))]


def _members(part: Shared) -> Iterator[Block]:
    """Which they are, and where each is written; folded where they are many."""
    named = [(one_line(change.address), sentences.place(change)) for change in part.changes]
    if len(named) > _LISTED:
        yield Lines("text", tuple("  ".join(filter(None, names)) for names in named), "Which they are")
        return
    yield "\n".join(f"- {' · '.join(span(name) for name in names if name)}" for names in named)
