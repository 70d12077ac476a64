"""Which change to look at first, and the word for why."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.render.view import ChangeView

ORDER = ("deletes", "conflict", "creates", "breaking", "prompt", "model", "")
"""The words for what is bad in a change, worst first; the last is for what has nothing of that."""


def ranked(changes: Iterable[ChangeView]) -> tuple[ChangeView, ...]:
    """The changes, worst first: what is held back, then by danger, then by address."""
    return tuple(sorted(changes, key=rank))


def rank(change: ChangeView) -> tuple[bool, int, str]:
    """The lower the worse."""
    return not change.held_by, ORDER.index(worst(change)), change.address


def danger(change: ChangeView) -> str:
    """`refused` for what is held back, else the worst of it."""
    return "refused" if change.held_by else worst(change)


def worst(change: ChangeView) -> str:
    """`deletes`, `conflict`, `creates`, `breaking`, `prompt` or `model`; nothing where it has nothing of that."""
    if change.action in ("create", "delete"):
        return f"{change.action}s"
    paths = {field.path for field in change.fields}
    found = {
        "conflict": any(field.cause == "conflict" for field in change.fields),
        "breaking": any(meaning.breaking for meaning in change.meanings),
        "prompt": "instructions" in paths,
        "model": "model" in paths,
        "": True,
    }
    return next(word for word, there in found.items() if there)
