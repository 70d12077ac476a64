"""What happens to whom in a table of two columns, worst first; the rows after the first are folded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from reconciler.render import sentences
from reconciler.render.markdown import items
from reconciler.render.markdown.blocks import BETWEEN, folded
from reconciler.render.markdown.fields import called
from reconciler.render.markdown.sections import Part, as_change, many
from reconciler.render.markup import prose, span
from reconciler.render.values import compact, shortened
from reconciler.render.verdict import causes
from reconciler.render.verdict.owners import owner
from reconciler.render.verdict.shared import Shared
from reconciler.render.verdict.sizes import grown, size
from reconciler.render.view import ChangeView, FieldView

_HEAD = "| Who | What |\n|---|---|"
_OPEN = 20  # rows; a phone's reader does not scroll past more
_FEW = 5  # rows that are not worth a fold
_MOST = 5  # things told of one change
_NAME = 40
_BRIEF = 16  # columns of a value that a cell has room for
_FOLDING = 100  # characters around folded rows


def table(parts: Sequence[Part], room: int) -> tuple[str, int]:
    """The table, and how many rows have no room in it. Addresses of one kind alone are told by their keys."""
    kinds = {_kind(as_change(part)) for part in parts}
    rows = list(_fitting((_row(part, by_key=len(kinds) == 1) for part in parts), room - 2 * len(_HEAD) - _FOLDING))
    left = len(parts) - len(rows)
    if not rows:
        return "", left
    if len(rows) <= _OPEN + _FEW:
        return "\n".join([_HEAD, *rows]), left
    first = "\n".join([_HEAD, *rows[:_OPEN]])
    more = folded(f"{len(rows) - _OPEN:,} more", ["\n".join([_HEAD, *rows[_OPEN:]])])
    return first + BETWEEN + more, left


def _fitting(rows: Iterable[str], room: int) -> Iterator[str]:
    for row in rows:
        room -= len(row) + 1
        if room < 0:
            return
        yield row


def _row(part: Part, *, by_key: bool) -> str:
    change = as_change(part)
    if isinstance(part, Shared):
        return f"| **{prose(many(part))}** | {_what(change)}, the same in each |"
    name = change.address.removeprefix(f"{_kind(change)}.") if by_key else change.address
    return f"| {span(f'{sentences.sign(change)} {name}')} | {_what(change)} |"


def _kind(change: ChangeView) -> str:
    return change.address.partition(".")[0]


def _what(change: ChangeView) -> str:
    """What is done, as it stands in a cell."""
    done = _DONE.get(change.action, _updated)(change)
    return ("**refused:** " if change.held_by else "") + (", ".join(done) or "as it is")


def _created(change: ChangeView) -> list[str]:
    return ["**create**", *_known(change, ("model",))]


def _deleted(change: ChangeView) -> list[str]:
    return ["**delete**", *_known(change, ("name", "model"))]


def _known(change: ChangeView, paths: Sequence[str]) -> Iterator[str]:
    """What a person knows an assistant by."""
    values = {field.path: field.before if field.after is None else field.after for field in change.fields}
    named = [values.get(path) for path in paths]
    yield from (span(shortened(value, _NAME)) for value in named if isinstance(value, str))
    prompt = values.get("instructions")
    if isinstance(prompt, str):
        yield f"prompt of {size(prompt)}"


def _updated(change: ChangeView) -> list[str]:
    word = _WORDS.get(change.action)
    told = [word] if word else []
    if change.previous_key:
        told.append(f"was {span(shortened(change.previous_key, _NAME))}")
    found = list(dict.fromkeys(_field(field, change) for field in sorted(change.fields, key=_cause)))
    more = len(found) - _MOST
    return told + (found if more <= 0 else [*found[:_MOST], f"and {more} more"])


def _cause(field: FieldView) -> int:
    return causes.place(field.cause)


def _field(field: FieldView, change: ChangeView) -> str:
    """The field and its change, and who moved it where that was not Git."""
    why = "" if field.cause in ("edit", "adoption") else f" ({prose(field.cause)})"
    return _changed(field, change) + why


def _changed(field: FieldView, change: ChangeView) -> str:
    own = owner(field.path)
    if own:
        breaking = any(meaning.breaking for meaning in change.meanings if owner(meaning.path) == own)
        return f"{called(own)}{_fate(field) if field.path == own else ''}{' **breaking**' if breaking else ''}"
    if field.path == "instructions":
        return f"prompt {_grown(field)}"
    name = span(shortened(field.path, _NAME))
    sides = [compact(side) for side in (field.before, field.after) if side is not None]
    if len(sides) == 2 and all(len(side) <= _BRIEF for side in sides):
        before, after = (items.value(side) for side in (field.before, field.after))
        return f"{name} {before} → {after}"
    return name + _fate(field)


def _fate(field: FieldView) -> str:
    return "" if field.excerpt else " added" if field.before is None else " removed" if field.after is None else ""


def _grown(field: FieldView) -> str:
    if field.excerpt:
        return grown(str(field.before or ""), str(field.after or ""))
    if isinstance(field.before, str) and isinstance(field.after, str):
        return grown(field.before, field.after)
    return "removed" if field.after is None else "added"


_DONE: dict[str, Callable[[ChangeView], list[str]]] = {"create": _created, "delete": _deleted}
_WORDS = {"adopt": "**adopt**", "rename": "**rename**", "forget": "**let go**, not delete"}
