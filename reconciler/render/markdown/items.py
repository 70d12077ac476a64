"""One field of a change: on a line where its values are short, as a diff of phrases or of structure where not."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.canonical import Json
from reconciler.render.entries import entry
from reconciler.render.markdown.blocks import Block, Lines
from reconciler.render.markup import prose, span
from reconciler.render.texts.hunks import all_of, hunks
from reconciler.render.texts.lines import Line
from reconciler.render.texts.replacements import Replacement, replacements
from reconciler.render.values import compact, shortened
from reconciler.render.verdict.sizes import grown, size
from reconciler.render.view import FieldView

WIDTH = 76
"""Of lines and what stands around them: some sixty columns are left, which a phone shows."""
_SHORT = 60  # columns of a text that needs no block of its own
_LONGEST = 300_000  # characters of a text that is looked at: APIs take no more
_NAME = 80
_JSON_WORDS = ("", "null", "true", "false")


def is_short(field: FieldView) -> bool:
    """Whether the field is told on one line."""
    if is_text(field):
        return _is_little(field) and not field.excerpt
    return bool(entry(field, WIDTH).value)


def is_text(field: FieldView) -> bool:
    """Whether it is a text on both sides, or on the one that there is."""
    return all(side is None or isinstance(side, str) for side in (field.before, field.after))


def item(field: FieldView, name: str, tag: str) -> str:
    """One line of a list: what it was, and what it becomes."""
    before = f"<del>{value(field.before)}</del>" if field.before is not None else ""
    after = f"<strong>{value(field.after)}</strong>" if field.after is not None else ""
    return f"- {span(shortened(name, _NAME))}{tag}: {' → '.join(filter(None, [before, after])) or span('null')}"


def blocks(field: FieldView, name: str, tag: str, most: int) -> Iterator[Block]:
    """What is too long for a line, headed by its name; of what is on one side only, so many lines at most."""
    if is_text(field):
        yield from _text(field, name, tag, most)
        return
    found = entry(field, WIDTH, most)
    yield f"{span(shortened(name, _NAME))}{tag}:"
    yield Lines("diff", tuple(line_of(line) for line in found.lines))


def tagged(field: FieldView, *, causes: bool, whole: bool) -> str:
    """What stands behind a field's name: whether it comes or goes, unless all does; its cause, where there are several.

    What was edited in Git alone has no cause to be told then.
    """
    fate = "" if field.excerpt else " added" if field.before is None else " removed" if field.after is None else ""
    cause = f" ({prose(field.cause)})" if causes and field.cause != "edit" else ""
    return ("" if whole else fate) + cause


def line_of(line: Line) -> str:
    """One line of a diff."""
    if line.sign == "@":
        return line.text
    return f"{line.sign} {line.text}".rstrip()


def _text(field: FieldView, name: str, tag: str, most: int) -> Iterator[Block]:
    title = f"**Prompt** {span(name)}" if name == "instructions" else span(shortened(name, _NAME))
    if isinstance(field.before, str) and isinstance(field.after, str):
        sizes = f"{size(field.before)} → {size(field.after)} ({grown(field.before, field.after)})"
        yield f"{title}{tag}: {_excerpted(field) if field.excerpt else sizes}"
        before, after = field.before[:_LONGEST], field.after[:_LONGEST]
        yield from map(_quoted, replacements(before, after))
        lines = [line_of(line) for line in hunks(before, after)]
        yield Lines("diff", (*lines, *_beyond(field.before, field.after, "compared")))
        return
    sign, text = ("-", field.before) if field.after is None else ("+", field.after)
    told = str(text)
    yield f"{title}{tag}: {_excerpted(field) if field.excerpt else size(told)}"
    lines = [line_of(line) for line in all_of(sign, told[:_LONGEST], most)]
    yield Lines("diff", (*lines, *_beyond(told, "", "counted here")))


def _excerpted(field: FieldView) -> str:
    more = grown(str(field.before or ""), str(field.after or ""))
    return f"{more} in each; the rest of it is another text in each"


def _beyond(one: str, other: str, done: str) -> list[str]:
    """That a text is longer than any API takes, and what was not done with the end of it."""
    longer = max(len(one), len(other)) > _LONGEST
    return [f"… only the first {_LONGEST:,} characters are {done}"] if longer else []


def _quoted(one: Replacement) -> str:
    removed = f"<del>{prose(one.removed)}</del>" if one.removed else ""
    added = f"<strong>{prose(one.added)}</strong>" if one.added else ""
    between = " " if removed and added else ""
    return f"> {prose(one.lead)}{removed}{between}{added}{prose(one.tail)}"


def _is_little(field: FieldView) -> bool:
    """Texts wrap on a phone: both sides of one may be on one line, where neither is long."""
    texts = [side for side in (field.before, field.after) if isinstance(side, str)]
    return all(len(text) <= _SHORT and "\n" not in text for text in texts)


def value(one: Json) -> str:
    """The value as code; a text without its quotes, where nobody could take it for something else."""
    if isinstance(one, str) and one.strip() == one and one not in _JSON_WORDS and not _is_number(one):
        return span(one)
    return span(compact(one))


def _is_number(text: str) -> bool:
    return text.lstrip("-")[:1].isdigit()
