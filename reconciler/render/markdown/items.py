"""One field of a change: on a line where its values are short, as a diff of phrases or of structure where not."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.canonical import Json
from reconciler.render.entries import AROUND, Entry, entry
from reconciler.render.markdown.blocks import Block, Lines
from reconciler.render.markup import prose, span, strong, struck
from reconciler.render.text_diff import Line, Replacement, compare, fold, replacements, whole
from reconciler.render.values import both, compact, shortened
from reconciler.render.verdict.sizes import grown, size
from reconciler.render.view import FieldView

COLUMNS = 60
"""Of a line in a fence, with its sign: what a phone shows without much scrolling."""
WIDTH = 76
"""Of a value and its path, for one that is told on a line: that wraps."""
_FOLDED = COLUMNS - 2 + AROUND
_SHORT = 60  # columns of a text that needs no block of its own
_NAME = 80
_JSON_WORDS = ("", "null", "true", "false")


def is_short(field: FieldView) -> bool:
    """Whether the field is told on one line."""
    if is_text(field):
        return _is_little(field) and not (field.excerpt or _is_edit_of_prompt(field))
    return bool(entry(field, WIDTH).value)


def _is_edit_of_prompt(field: FieldView) -> bool:
    """What is always told with its size and as a diff, however short."""
    return field.path == "instructions" and field.before is not None and field.after is not None


def is_text(field: FieldView) -> bool:
    """Whether it is a text on both sides, or on the one that there is."""
    return all(side is None or isinstance(side, str) for side in (field.before, field.after))


def item(field: FieldView, name: str, tag: str) -> str:
    """One line of a list: what it was, and what it becomes."""
    told = both(field.before, field.after)
    before, after = (value(side) if side is not None else "" for side in told)
    before, after = f"~~{before}~~" if before else "", f"**{after}**" if after else ""
    return f"- {span(shortened(name, _NAME))}{tag}: {' → '.join(filter(None, [before, after])) or span('null')}"


def blocks(field: FieldView, name: str, tag: str, most: int) -> Iterator[Block]:
    """What is too long for a line, headed by its name; of what is on one side only, so many lines at most."""
    if is_text(field):
        yield from _text(field, name, tag, most)
        return
    found = folded_entry(field, most)
    yield f"{span(shortened(name, _NAME))}{tag}:"
    yield Lines("diff", tuple(line_of(line) for line in found.lines))


def folded_entry(field: FieldView, most: int) -> Entry:
    """The field as lines that fit into a fence; so many at most of what is on one side only."""
    return entry(field, _FOLDED, most)


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
        yield from map(_quoted, replacements(field.before, field.after))
        yield Lines("diff", tuple(map(line_of, fold(compare(field.before, field.after), COLUMNS - 2))))
        return
    sign, text = ("-", field.before) if field.after is None else ("+", field.after)
    yield f"{title}{tag}: {_excerpted(field) if field.excerpt else size(str(text))}"
    yield Lines("diff", tuple(map(line_of, fold(whole(sign, str(text), most), COLUMNS - 2))))


def _excerpted(field: FieldView) -> str:
    more = grown(str(field.before or ""), str(field.after or ""))
    return f"{more} in each; the rest of it is another text in each"


def _quoted(one: Replacement) -> str:
    lead, tail = prose(one.lead), prose(one.tail)
    between = " " if one.removed and one.added else ""
    removed = struck(one.removed, lead, between or tail)
    added = strong(one.added, between or lead, tail)
    return f"> {lead}{removed}{between}{added}{tail}"


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
