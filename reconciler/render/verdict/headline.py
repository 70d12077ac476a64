"""The verdict on a plan in one line: what a phone's notification shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.canonical import Json
from reconciler.render.sentences import differing
from reconciler.render.values import one_line
from reconciler.render.verdict.halves import halves
from reconciler.render.verdict.ranking import ORDER, worst
from reconciler.render.verdict.shared import about
from reconciler.render.verdict.sizes import grown
from reconciler.render.view import ChangeView, FieldView, View

_MOST = 3  # parts: a line of more is not read
_NOUNS = {
    "deletes": "deletion",
    "conflict": "conflict",
    "breaking": "breaking schema change",
    "prompt": "prompt change",
    "model": "model change",
    "": "other change",
}
_PASSED = {"adopt": "adopted", "rename": "renamed", "forget": "let go"}


def headline(view: View) -> str:
    """`1 prompt changed, +12 words`, `Will be refused: 1 deletion`, `No changes`: worst first, one inert line."""
    mismatches = differing(len(view.mismatches))
    return one_line("; ".join([*(list(_parts(view)) or ["No changes"]), *([mismatches] if mismatches else [])]))


def _parts(view: View) -> Iterator[str]:
    held = [change for change in view.changes if change.held_by]
    if held:
        yield f"Will be refused: {_listed(_refused(held))}"
    elif view.standing:
        codes = ", ".join(dict.fromkeys(objection.code for objection in view.standing))
        yield f"Will be refused: {_count(len(view.standing), 'objection')} ({codes})"
    first, *others = halves(view)
    ready = [change for change in first.changes if not change.held_by]
    pending = [change for half in others for change in half.changes if view.pending or not change.held_by]
    if ready:
        yield _listed(_told(ready))
    elif pending and not first.changes:
        yield "This change has no effect"
    if pending:
        yield f"{len(pending)} already pending"


def _refused(changes: Sequence[ChangeView]) -> Iterator[str]:
    found = Counter(worst(change) for change in changes)
    for word in ORDER:
        yield from _some(found[word], _NOUNS.get(word) or _new(changes))


def _told(changes: Sequence[ChangeView]) -> Iterator[str]:
    """What is done in all of them, worst first."""
    actions = Counter(change.action for change in changes)
    updates = [change for change in changes if change.action not in ("create", "delete")]
    fields = [field for change in updates for field in change.fields]
    conflicts = sum(field.cause == "conflict" for field in fields)
    breaking = sum(meaning.breaking for change in changes for meaning in change.meanings)
    yield from _some(actions["delete"], "deletion")
    yield from _some(conflicts, "conflict")
    yield from _some(actions["create"], _new(changes))
    yield from _some(breaking, "breaking schema change")
    yield from _changed([field for change in updates for field in change.fields if not _is_told(field, change)])
    yield from (f"{actions[action]} {word}" for action, word in _PASSED.items() if actions[action])


def _is_told(field: FieldView, change: ChangeView) -> bool:
    """Whether the field is a schema that breaks, which is counted as that."""
    return any(meaning.breaking and about(field.path, meaning.path) for meaning in change.meanings)


def _changed(fields: Sequence[FieldView]) -> Iterator[str]:
    prompts = [field for field in fields if field.path == "instructions"]
    models = sum(field.path == "model" for field in fields)
    others = len(fields) - len(prompts) - models
    if prompts:
        growth = grown([_text(field.before) for field in prompts], [_text(field.after) for field in prompts])
        yield f"{_verb(len(prompts), 'prompt')}, {growth}"
    if models:
        yield _verb(models, "model")
    if others:
        yield _verb(others, "other field" if prompts or models else "field")


def _listed(parts: Iterator[str]) -> str:
    found = list(parts)
    return ", ".join(found if len(found) <= _MOST else [*found[:_MOST], "and more"])


def _new(changes: Sequence[ChangeView]) -> str:
    kinds = {change.address.partition(".")[0] for change in changes if change.action == "create"}
    return f"new {kinds.pop()}" if len(kinds) == 1 else "new object"


def _some(number: int, noun: str) -> Iterator[str]:
    if number:
        yield _count(number, noun)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _verb(number: int, noun: str) -> str:
    return f"{_count(number, noun)} changed"


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
