"""The plans of several environments as one page: what some have in common is told once, with their names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.render import sentences
from reconciler.render.markdown.blocks import BETWEEN, Block, Fitted, Lines, fitted
from reconciler.render.markdown.objections import objections
from reconciler.render.markdown.page import Titled, figures, left_out, page, place, told_changes, unread
from reconciler.render.markup import bounded, prose, sentence, span
from reconciler.render.sentences import count
from reconciler.render.values import inert, shortened
from reconciler.render.verdict.across import changes, common
from reconciler.render.verdict.halves import Half, halves
from reconciler.render.verdict.headline import headline
from reconciler.render.verdict.ranking import rank
from reconciler.render.view import Lost, View

_LEAST = 2_000  # characters an environment
_TOLD, _NAME, _VERDICT = 1_000, 90, 300
_NAMED = 4  # environments by name; of more it is told how many
_LEFT_OUT = 300


@dataclass(frozen=True, slots=True)
class _Named:
    """A plan, and what its environment is called here: with its stack, where two are called alike."""

    name: str
    plan: View


def together(sections: Sequence[View | Lost], room: int, whole: str = "") -> str:
    """The sections in no more characters than there is room for; `whole` is where all of it is."""
    if len(sections) == 1:
        (one,) = sections
        return lost(one, room) if isinstance(one, Lost) else page(one, room, whole)
    most = max((room - _TOLD) // _LEAST, 1)
    shown, others = sections[:most], sections[most:]
    return _page(shown, _others(others), room, whole)


def _page(sections: Sequence[View | Lost], others: Sequence[str], room: int, whole: str) -> str:
    plans, missing = _named(sections), [one for one in sections if isinstance(one, Lost)]
    head = [f"### {bounded(prose, _headline(plans, missing), _VERDICT)}", *_places(plans), *_warnings(plans)]
    tail = [*_tail(plans), *others]
    room -= sum(len(block) + len(BETWEEN) for block in (*head, *tail)) + _LEFT_OUT
    absent = [lost(one, room // (2 * len(missing)), level=4).rstrip("\n") for one in missing]
    room -= sum(len(block) + len(BETWEEN) for block in absent)
    against, untold = _objections(plans, room * 3 // 5)
    room -= against.length
    told = list(_notes(plans))
    notes = fitted(told, room // 4)
    body = told_changes(list(_parts(plans)), room - notes.length) if plans else None
    left = left_out(body, untold, len(told) - len(notes.blocks), whole) if body else []
    shown = body.blocks if body else ()
    return BETWEEN.join([*head, *absent, *against.blocks, *shown, *left, *notes.blocks, *tail]) + "\n"


def lost(one: Lost, room: int, *, level: int = 3) -> str:
    """That there is no plan of an environment, and why."""
    head = f"{'#' * level} No plan of {bounded(span, one.environment, _NAME)}"
    told = bounded(prose, shortened(one.message, room), max(room // 2, _NAME))
    lines = tuple(inert(one.remedy).split("\n")) if one.remedy else ()
    blocks = fitted([Lines("", lines)] if lines else [], room - len(head) - len(told) - 2 * len(BETWEEN) - 1).blocks
    return BETWEEN.join([head, told, *blocks]) + "\n"


def _named(sections: Sequence[View | Lost]) -> list[_Named]:
    plans = [one for one in sections if isinstance(one, View)]
    many = Counter(plan.environment for plan in plans)
    return [
        _Named(plan.environment if many[plan.environment] == 1 else f"{plan.environment} (stack {plan.stack})", plan)
        for plan in plans
    ]


def _headline(plans: Sequence[_Named], missing: Sequence[Lost]) -> str:
    """The verdict where it is the same everywhere; else whose each is, worst first."""
    told = common((one.name, [(not one.plan.standing, headline(one.plan))]) for one in plans)
    if not missing and len(told) == 1:
        return told[0].found[0][1]
    absent = [f"No plan of {', '.join(one.environment for one in missing)}"] if missing else []
    verdicts = sorted(((*group.found[0], group.environments) for group in told), key=lambda one: one[0])
    return " · ".join([*absent, *(f"{', '.join(names)}: {verdict}" for _, verdict, names in verdicts)])


def _places(plans: Sequence[_Named]) -> Iterator[str]:
    if plans:
        yield "\n".join(f"- {place(one.plan)}" for one in plans)


def _warnings(plans: Sequence[_Named]) -> Iterator[str]:
    """Why nothing live was read, once for all of which it is so."""
    first = {one.plan.offline: one.plan for one in reversed(plans)}
    for group in common((one.name, [one.plan.offline]) for one in plans):
        reason = group.found[0]
        if reason is not None:
            yield unread(
                first[reason], "" if len(group.environments) == len(plans) else f" in {_names(group.environments)}"
            )


def _objections(plans: Sequence[_Named], room: int) -> tuple[Fitted, int]:
    """As many as there is room for, and how many are not told."""
    found: list[tuple[Block, int]] = []
    for group in common((one.name, one.plan.objections) for one in plans):
        found += [(f"In {_names(group.environments)}:", 0), *objections(group.found)]
    shown = fitted((block for block, _ in found), room)
    return shown, sum(number for _, number in found[len(shown.blocks) :])


def _notes(plans: Sequence[_Named]) -> Iterator[str]:
    for group in common((one.name, sentences.notes(one.plan)) for one in plans):
        where = "" if len(group.environments) == len(plans) else f" ({_names(group.environments)})"
        yield from (f"**Note{where}:** {sentence(note)}" for note in group.found)


def _parts(plans: Sequence[_Named]) -> Iterator[Titled]:
    """The halves of all plans, each parted by the environments that have the same in it, worst first."""
    sides: dict[str, list[tuple[str, Half]]] = {}
    for name, half in ((one.name, half) for one in plans for half in halves(one.plan)):
        sides.setdefault(half.title, []).append((name, half))
    for number, (title, side) in enumerate(sides.items()):
        groups = sorted(
            changes([(name, half.changes) for name, half in side]),
            key=lambda group: min(rank(change)[:2] for change in group.found),
        )
        blocked = common((name, half.objections) for name, half in side)
        for group in groups:
            where = _names(group.environments)
            yield Titled(f"{title} in {where}" if title else f"In {where}", group.found, folds=number > 0)
        for against in blocked:
            yield Titled(f"{title} in {_names(against.environments)}", (), against.found, folds=number > 0)
        if not (groups or blocked):
            yield Titled(title or "Changes", ())


def _tail(plans: Sequence[_Named]) -> Iterator[str]:
    if plans:
        yield "\n".join(f"- {_end(one)}" for one in plans)


def _end(one: _Named) -> str:
    mark = bounded(span, one.plan.fingerprint, _NAME)
    name = bounded(prose, one.name, _NAME)
    return f"**{name}:** {figures(one.plan)} **{sentences.verdict(one.plan)}** Fingerprint {mark}"


def _names(environments: Sequence[str]) -> str:
    told = [bounded(prose, name, _NAME) for name in environments[:_NAMED]]
    more = len(environments) - len(told)
    return ", ".join(told) + (f" and {more:,} more" if more else "")


def _others(sections: Sequence[View | Lost]) -> list[str]:
    """How many there was no room for, and which."""
    if not sections:
        return []
    found, room = [], _TOLD - 2 * _NAME
    for one in sections:
        found.append(bounded(span, one.environment, _NAME))
        room -= len(found[-1]) + 2
        if room < _NAME:
            break
    more = len(sections) - len(found)
    which = ", ".join([*found, *([f"and {more:,} more"] if more else [])])
    return [f"**Left out here:** {count(len(sections), 'environment')}: {which}. Plan each by itself to see it."]
