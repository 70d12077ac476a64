"""The whole page: verdict, place, objections, changes, notes, figures; and what is left out of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.render import sentences
from reconciler.render.markdown.blocks import BETWEEN, Fitted, fitted, folded
from reconciler.render.markdown.body import Body, body
from reconciler.render.markdown.objections import objections
from reconciler.render.markup import bounded, link, prose, sentence, span
from reconciler.render.verdict.halves import halves
from reconciler.render.verdict.headline import headline
from reconciler.render.view import ChangeView, ObjectionView, View

_VERDICT, _NAME, _WHY, _NOTES = 300, 90, 180, 4
_LEFT_OUT = 300  # characters in which it is told what is left out


@dataclass(frozen=True, slots=True)
class Titled:
    """Some changes under a title, in which no live text acts; without one they are all there are."""

    title: str
    changes: tuple[ChangeView, ...]
    blocked: tuple[ObjectionView, ...] = ()
    """What speaks against them, where they are not done with this plan."""
    folds: bool = True
    """Whether it may be folded."""


def page(plan: View, room: int, whole: str = "") -> str:
    """The plan in no more characters than there is room for, from 2,000 on, cut between its parts.

    The verdict, the place, what stands against it and the fingerprint are always there. It is said what is left out,
    and where the whole is: `whole` is the address of a page, or the name of a file.
    """
    head, tail = list(_head(plan)), list(_tail(plan))
    room -= sum(len(block) + len(BETWEEN) for block in (*head, *tail)) + _LEFT_OUT
    against, untold = _objections(plan, room * 3 // 5)
    room -= against.length
    told = sentences.notes(plan)
    notes = fitted((f"**Note:** {sentence(note)}" for note in told), room // _NOTES)
    changes = told_changes(
        [Titled(half.title, half.changes, half.objections) for half in halves(plan)], room - notes.length
    )
    left = left_out(changes, untold, len(told) - len(notes.blocks), whole)
    return BETWEEN.join([*head, *against.blocks, *changes.blocks, *left, *notes.blocks, *tail]) + "\n"


def _head(plan: View) -> Iterator[str]:
    yield f"### {bounded(prose, headline(plan), _VERDICT)}"
    yield place(plan)
    if plan.offline is not None:
        yield unread(plan)


def place(plan: View) -> str:
    """Environment, stack, address, and the revision that the plan is compared with."""
    base = bounded(span, plan.base, _NAME) if plan.base and plan.offline is None else ""
    where = [
        f"**{bounded(prose, plan.environment, _NAME)}**",
        f"stack {bounded(span, plan.stack, _NAME)}",
        bounded(prose, sentences.address_of(plan), _WHY),
    ]
    return " · ".join([*where, *([f"beside {base}"] if base else [])])


def unread(plan: View, where: str = "") -> str:
    """Why nothing live was read, where that is said of some environments only, of which."""
    why = bounded(sentence, (plan.offline or "").rstrip("."), _WHY)
    base = bounded(span, plan.base, _NAME) if plan.base else ""
    instead = f" The manifests of {base} stand for what is live: what was changed outside Git is not seen."
    return f"> [!WARNING]\n> **Nothing live was read{where}:** {why}.{instead if base else ''}"


def _tail(plan: View) -> Iterator[str]:
    yield figures(plan)
    yield f"**{sentences.verdict(plan)}**"
    yield f"Fingerprint {bounded(span, plan.fingerprint, _NAME)}"


def figures(plan: View) -> str:
    """What stays as it is, and what else is done."""
    narrowed = "Only what was selected: the whole plan may hold more." if plan.narrowed else ""
    return " ".join(filter(None, [narrowed, sentences.rest(plan), sentences.marks(plan)]))


def _objections(plan: View, room: int) -> tuple[Fitted, int]:
    """As many as there is room for, and how many are not told."""
    found = list(objections(plan.objections))
    shown = fitted((block for block, _ in found), room)
    return shown, sum(number for _, number in found[len(shown.blocks) :])


def told_changes(parts: Sequence[Titled], room: int) -> Body:
    """Part by part; those after the first are folded where the first has something to show."""
    first, *others = parts
    found = _part(first, room, folds=False)
    for part in others:
        if part.changes or part.blocked:
            room -= sum(len(block) + len(BETWEEN) for block in found.blocks)
            more = _part(part, room, folds=bool(first.changes) and part.folds)
            found = Body((*found.blocks, *more.blocks), found.rows + more.rows, found.sections + more.sections)
    return found


def _part(part: Titled, room: int, *, folds: bool) -> Body:
    if not part.title:
        return body(part.changes, room, alone=True)
    if not (part.changes or part.blocked):
        return Body(fitted([f"#### {part.title}\n\nNothing."], room).blocks)
    title = part.title + (f" ({sentences.count(len(part.changes), 'change')})" if part.changes else "")
    around = len(folded(f"<b>{title}</b>", [])) + 2 * len(BETWEEN)
    against = fitted([f"- {sentence(sentences.blocked(one))}" for one in part.blocked], (room - around) // _NOTES)
    found = body(part.changes, room - around - against.length, alone=not folds) if part.changes else Body()
    inner = (*found.blocks, *against.blocks)
    if not inner:
        return found
    blocks = (folded(f"<b>{title}</b>", inner),) if folds else (f"#### {part.title}", *inner)
    return Body(blocks, found.rows, found.sections)


def left_out(changes: Body, objections: int, notes: int, whole: str) -> list[str]:
    """What there was no room for, and where it is."""
    missing = [
        *_some(objections, "objection"),
        *_some(changes.rows, "row of the table", "rows of the table"),
        *_some(changes.sections, "change in full", "changes in full"),
        *_some(notes, "note"),
    ]
    if not missing:
        return []
    where = f" {bounded(lambda name: link('The whole is here', name), whole, _WHY)}." if whole else ""
    return [f"**Left out here:** {', '.join(missing)}.{where}"]


def _some(number: int, one: str, many: str = "") -> Sequence[str]:
    return [f"{number:,} {one if number == 1 else many or one + 's'}"] if number else []
