"""The fields of a change as blocks: what is short in a list, texts as diffs, functions one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from reconciler import paths
from reconciler.render.entries import members
from reconciler.render.markdown import items
from reconciler.render.markdown.blocks import Block, Lines
from reconciler.render.markup import sentence, span
from reconciler.render.values import compact, one_line, shortened
from reconciler.render.verdict.owners import ANSWER, by_owner, name, within
from reconciler.render.view import ChangeView, FieldView, MeaningView

_NAME = 80
_MOST = 400  # lines of a schema that comes or goes whole


@dataclass(frozen=True, slots=True)
class _Way:
    """How the fields of a change are told."""

    whole: bool
    """Whether all of it comes or goes: then it is not said of each field."""
    causes: bool
    most: int
    """Lines of a text that is on one side only."""
    less: str = ""
    """What paths are told without."""


def blocks(change: ChangeView, most: int) -> Iterator[Block]:
    """Everything that changes in it, and what that means; so many lines at most of a text that is on one side only."""
    way = _Way(change.action in ("create", "delete"), len({field.cause for field in change.fields}) > 1, most)
    found, meanings = by_owner(members(change, items.WIDTH)), by_owner(change.meanings)
    yield from _plain(found.get("", []), meanings.get("", []), way)
    for one in dict.fromkeys(filter(None, (*found, *meanings))):
        own = [member for field in found.get(one, []) for member in _opened(field, one)]
        yield from _owned(one, own, meanings.get(one, []), _fate(one, change.fields), way)


def _plain(found: Sequence[FieldView], meanings: Sequence[MeaningView], way: _Way) -> Iterator[Block]:
    """A prompt first; what comes or goes whole is known by its name and model before it."""
    prompts = [field for field in found if field.path == "instructions" and not items.is_short(field)]
    others = [field for field in found if field not in prompts]
    told = list(_told(others, [_meaning(meaning) for meaning in meanings], way))
    prompt = list(_told(prompts, [], way))
    yield from (*told, *prompt) if way.whole else (*prompt, *told)


def _owned(
    one: str, found: Sequence[FieldView], meanings: Sequence[MeaningView], fate: str, way: _Way
) -> Iterator[Block]:
    """A function, or the schema of the answer: its meaning, its fields, and its schema folded."""
    title, fate = called(one), "" if way.whole else fate
    yield f"<b>{title[:1].upper()}{title[1:]}</b>{fate}"
    schema = one if one == ANSWER else f"{one}.parameters"
    others = [field for field in found if not field.path.startswith(schema)]
    told = [_meaning(meaning) for meaning in meanings]
    yield from _told(others, told, replace(way, whole=way.whole or bool(fate), less=one))
    yield from _parts([field for field in found if field.path.startswith(schema)], schema)


def _opened(field: FieldView, one: str) -> Iterator[FieldView]:
    """What is in a function that comes or goes; of every other field, that field."""
    mapping = field.before if field.after is None else field.after
    one_sided = field.before is None or field.after is None
    if field.path != one or one == ANSWER or not one_sided or not isinstance(mapping, dict):
        yield field
        return
    for key in sorted(mapping):
        path = paths.show((*paths.read(one), key))
        before, after = (mapping[key] if side is mapping else None for side in (field.before, field.after))
        yield replace(field, path=path, before=before, after=after)


def _told(fields: Sequence[FieldView], told: Sequence[str], way: _Way) -> Iterator[Block]:
    """What is short in one list, behind what has been told; then the rest."""
    lines, others = [*told], []
    for field in fields:
        path = within(field.path, way.less) or "definition"
        tag = items.tagged(field, causes=way.causes, whole=way.whole)
        if items.is_short(field):
            lines.append(items.item(field, path, tag))
        else:
            others.append(items.blocks(field, path, tag, way.most))
    yield from ["\n".join(lines)] if lines else []
    yield from chain.from_iterable(others)


def called(one: str) -> str:
    """What an owner is called."""
    return "the answer's schema" if one == ANSWER else f"function {span(shortened(name(one), _NAME))}"


def _fate(one: str, fields: Sequence[FieldView]) -> str:
    own = next((field for field in fields if field.path == one), None)
    if own is None:
        return ""
    return " is new" if own.before is None else " is removed" if own.after is None else ""


def _meaning(meaning: MeaningView) -> str:
    return f"- {'**breaking**' if meaning.breaking else 'compatible'}: {sentence(meaning.text)}"


def _parts(fields: Sequence[FieldView], schema: str) -> Iterator[Block]:
    """What changes in a schema, as JSON, folded: its meaning has been told."""
    lines = [line for field in fields for line in _part(field, within(field.path, schema))]
    if lines:
        yield Lines("diff", tuple(lines), "Schema as JSON")


def _part(field: FieldView, path: str) -> Iterator[str]:
    found = items.folded_entry(field, _MOST)
    head = one_line(path)
    yield from [f"@@ {head} @@"] if head else []
    yield from map(items.line_of, found.lines)
    if not found.lines:
        sides = (("-", field.before), ("+", field.after))
        yield from (f"{sign} {compact(side)}" for sign, side in sides if side is not None)
