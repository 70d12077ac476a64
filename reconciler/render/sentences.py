"""The words that every format for people shares; the last lines are Terraform's, to the byte."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.model import Target
from reconciler.paths import quoted
from reconciler.plan.changes import Summary
from reconciler.render.values import both, compact, one_line, shortened
from reconciler.render.view import ChangeView, MismatchView, ObjectionView, View

_VALUE_ROOM = 60
_TO_DO: Final = ("to import", "to add", "to change", "to destroy", "to forget")
DONE: Final = ("imported", "added", "changed", "destroyed", "forgotten")

SIGNS = {"create": "+", "update": "~", "delete": "-", "adopt": "=", "rename": ">", "forget": "."}

_WILL = {
    "create": "will be created",
    "update": "will be updated in-place",
    "delete": "will be destroyed",
    "adopt": "will be adopted",
    "rename": "will be renamed",
    "forget": "will be forgotten, not destroyed",
}


def count(number: int, noun: str) -> str:
    """`1 marker`, `2 markers`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def target_line(where: Target) -> str:
    """`production (openai, https://api.example.com/v1), stack acme`: what every output begins with."""
    return f"{where.environment} ({address_of(where)}), stack {where.stack}"


def address_of(where: View | Target) -> str:
    """The environment's address, and what else says which place it is; nothing twice."""
    named = (
        ("", where.provider),
        ("", where.base_url),
        ("organization", where.organization),
        ("project", where.project),
    )
    return ", ".join(f"{word} {one_line(name)}".strip() for word, name in named if name and name != where.environment)


def sign(change: ChangeView) -> str:
    """`~` for whatever changes fields of what is there, else the action's own."""
    return "~" if change.fields and change.action in ("adopt", "rename", "forget") else SIGNS.get(change.action, "?")


def will(change: ChangeView) -> str:
    """What will be done: `will be adopted and updated in-place, was assistant.old`."""
    text = _WILL.get(change.action, one_line(change.action))
    if change.fields and change.action in ("adopt", "rename", "forget"):
        text += " and updated in-place"
    if change.previous_key:
        text += f", was {one_line(change.previous_key)}"
    if change.previous_stack:
        text += f", of the stack {one_line(change.previous_stack)}"
    return text


def location(file: str, line: int) -> str:
    """Where something is written: `assistants/x.yaml:3`, or nothing."""
    return one_line(file) + (f":{line}" if line else "")


def nothing_read(why: str, base: str, environments: str = "") -> str:
    """That nothing live was read, in which environments if not in all, why, and what the plan is based on instead."""
    where = f" in {one_line(environments)}" if environments else ""
    instead = f" The plan is based on the manifests of {one_line(base)}." if base else ""
    return f"Nothing live was read{where}: {one_line(why).rstrip('.')}.{instead}"


def remains(change: ChangeView) -> str:
    """`9 unchanged fields hidden`, or nothing."""
    return f"{count(change.unchanged_fields, 'unchanged field')} hidden" if change.unchanged_fields else ""


def rest(view: View) -> str:
    """`14 unchanged, 3 unmanaged.`; what another stack or environment manages is told apart: `, 2 of other stacks.`"""
    others = f", {view.elsewhere} of other stacks" if view.elsewhere else ""
    return f"{view.unchanged} unchanged, {view.unmanaged - view.elsewhere} unmanaged{others}."


def marks(view: View) -> str:
    """`1 marker will be refreshed.`, or nothing."""
    return f"{count(view.marks, 'marker')} will be refreshed." if view.marks else ""


def notes(view: View) -> tuple[str, ...]:
    """What is worth knowing besides: first which live values are not as the manifests say."""
    return (*map(mismatch, view.mismatches), *view.notes)


def mismatch(one: MismatchView) -> str:
    """What of an object is not as its manifest says, and why it is not sent again."""
    fields = "; ".join(f"{quoted(path)} is {_both_sides(live, desired)}" for path, live, desired in one.fields)
    why = "The server kept this instead of what it was sent, so it is sent again only once the manifest or it changes."
    return f"{one.address} differs from its manifest: {fields}. {why}"


def noun(addresses: Iterable[str]) -> str:
    """What the resources of these addresses are: `assistant`, or `object` where they are of several kinds."""
    kinds = {address.partition(".")[0] for address in addresses}
    kind = KINDS.get(kinds.pop()) if len(kinds) == 1 else None
    return kind.name if kind is not None else "object"


def differing(addresses: Sequence[str]) -> str:
    """`1 assistant differs from its manifest`, or nothing."""
    number, what = len(addresses), noun(addresses)
    if number < 2:
        return f"1 {what} differs from its manifest" if number else ""
    return f"{number:,} {what}s differ from their manifests"


def unkept(addresses: Sequence[str]) -> str:
    """`1 assistant differs from its manifest: …`: why nothing is sent although it does."""
    return f"{differing(addresses)}: the server does not keep what it is sent."


def _both_sides(live: Json, desired: Json) -> str:
    shown = (shortened(compact(side), _VALUE_ROOM) if side is not None else "absent" for side in both(live, desired))
    return " instead of ".join(shown)


def verdict(view: View) -> str:
    """The last line of a plan. `No changes.` is only said where nothing stands against it."""
    if not view.changes and not view.objections and not view.pending:
        if view.mismatches:
            return f"No changes. {unkept([one.address for one in view.mismatches])}"
        kinds = [kind.plural for name, kind in KINDS.items() if name in view.kinds or not view.kinds]
        return f"No changes. {'The selected' if view.narrowed else 'Your'} {' and '.join(kinds)} match the manifests."
    return f"Plan: {totals(view.summary, _TO_DO)}."


def totals(summary: Summary, words: Sequence[str]) -> str:
    """`1 added, 2 changed, 0 destroyed`, by the words for each; imports and forgotten ones only where there are any."""
    numbers = (summary.imports, summary.add, summary.change, summary.destroy, summary.forget)
    always = words[1:4]
    return ", ".join(f"{n} {word}" for n, word in zip(numbers, words, strict=True) if n or word in always)


def blocked(objection: ObjectionView) -> str:
    """Why something is not applied, where nothing is to be decided now."""
    subject = f"{one_line(objection.address)}: " if objection.address else ""
    return f"Blocked ({one_line(objection.code)}): {subject}{objection.message}"


def permission(objection: ObjectionView) -> str:
    """How to let it pass, or who did."""
    if not objection.can_be_allowed:
        return "it cannot be overridden"
    code = one_line(objection.code)
    if not objection.allowed:
        return f"--allow {code} overrides it"
    return f"allowed by {one_line(objection.allowed_by)}" if objection.allowed_by else f"allowed by --allow {code}"
