"""The pages of several environments as one text that is no longer than one page may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from reconciler.render.markdown.blocks import Lines, fitted
from reconciler.render.markup import bounded, prose, span
from reconciler.render.sentences import count
from reconciler.render.values import inert, shortened

Page: TypeAlias = Callable[[int], str]
"""A page in so much room."""

_BETWEEN = "\n---\n\n"
_LEAST = 2_000  # characters of a page
_TOLD, _NAME = 1_000, 90


def together(pages: Sequence[tuple[str, Page]], room: int) -> str:
    """The pages in their order, each under the name of its environment; what is short leaves its room to the others."""
    most = max((room - _TOLD) // (_LEAST + len(_BETWEEN)), 1)
    shown, others = pages[:most], [name for name, _ in pages[most:]]
    end = f"{_BETWEEN}{_left_out(others)}\n" if others else ""
    room -= len(end) + len(_BETWEEN) * (len(shown) - 1)
    texts = [page(room) for _, page in shown]
    rooms = _shares([len(text) for text in texts], room)
    fitting = (
        text if len(text) <= share else page(share) for text, share, (_, page) in zip(texts, rooms, shown, strict=True)
    )
    return _BETWEEN.join(fitting) + end


def lost(environment: str, message: str, remedy: str, room: int) -> str:
    """That there is no plan of an environment, and why."""
    head = f"### No plan of {bounded(span, environment, _NAME)}"
    told = bounded(prose, shortened(message, room), max(room // 2, _NAME))
    lines = tuple(inert(remedy).split("\n")) if remedy else ()
    blocks = fitted([Lines("", lines)] if lines else [], room - len(head) - len(told) - 2 * len("\n\n") - 1).blocks
    return "\n\n".join([head, told, *blocks]) + "\n"


def _shares(lengths: Sequence[int], room: int) -> list[int]:
    """How much each may have: what it needs, where that is no more than is left for each of those that need more."""
    shares = [0] * len(lengths)
    waiting = sorted(range(len(lengths)), key=lengths.__getitem__)
    for number, place in enumerate(waiting):
        shares[place] = min(lengths[place], room // (len(waiting) - number))
        room -= shares[place]
    return shares


def _left_out(names: Sequence[str]) -> str:
    """How many there was no room for, and which."""
    found, room = [], _TOLD - 2 * _NAME
    for name in names:
        found.append(bounded(span, name, _NAME))
        room -= len(found[-1]) + 2
        if room < _NAME:
            break
    more = len(names) - len(found)
    which = ", ".join([*found, *([f"and {more:,} more"] if more else [])])
    return f"**Left out here:** {count(len(names), 'environment')}: {which}. Plan each by itself to see it."
