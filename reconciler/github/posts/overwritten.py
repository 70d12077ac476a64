"""What a scheduled run overwrote, quoted whole in comments that stay, so that nothing that somebody wrote is lost.

Texts are in fences that they cannot leave, in several parts if one comment is too small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from json import dumps

from reconciler.canonical import Absent, Json, digest, plain
from reconciler.github.posts import ISSUE_LIMIT
from reconciler.model import Change, FieldChange
from reconciler.paths import show
from reconciler.plan.policy import DRIFT, ScheduledRun, permits
from reconciler.render.markup import bounded, fence, fence_length, sentence, span
from reconciler.render.values import compact, inert, one_line

MOST_COMMENTS = 20
"""A run writes no more comments; the rest is in its record."""
_ROOM = 60_000
_SHORT = 60
_LONG = 2_000


def comments(scheduled: ScheduledRun) -> tuple[str, ...]:
    """What the run overwrote, or may have; each comment is written once and never edited.

    The first line of the first comment is the same if the same values were overwritten.
    """
    if not scheduled.overwrote:
        return ()
    undone = {id(left.change): left.why for left in scheduled.to_review}
    name = f"<!-- reconciler: wrote over {digest([*map(_values_to_quote, scheduled.overwrote)], 16)} -->"
    head = f"{name}\n**Written by this run.** Overwritten values that are in no commit are quoted."
    quotes = (
        block
        for change in scheduled.overwrote
        for block in (_became(change, undone.get(id(change))), *_quotes_of(change))
    )
    packed = list(islice(_packed(chain([head], quotes, [_record_hint(scheduled)])), MOST_COMMENTS + 1))
    if len(packed) > MOST_COMMENTS:
        packed = [
            *packed[: MOST_COMMENTS - 1],
            f"More was overwritten than is quoted here.\n\n{_record_hint(scheduled)}",
        ]
    return tuple(packed)


def quote(name: str, value: Json | Absent, room: int = _ROOM) -> list[str]:
    """The whole value under a name, in as many blocks as needed, none longer than the room."""
    if isinstance(value, Absent) or value is None:
        return [f"{name}: not set"]
    language = "text" if isinstance(value, str) else "json"
    short = compact(value)
    is_line = len(short) <= _SHORT and not (isinstance(value, str) and "\n" in value)
    if is_line and len(line := f"{name}: {span(short)}") <= room:  # a control character takes twenty
        return [line]
    text = value if isinstance(value, str) else dumps(plain(value), indent=2, ensure_ascii=False, sort_keys=True)
    parts = list(_value_parts(inert(text), room - len(name) - 2 * _SHORT))
    blocks = []
    for number, (goes_on, lines) in enumerate(parts, 1):
        part = f", part {number} of {len(parts)}{', continued within the line' if goes_on else ''}"
        blocks.append("\n".join([f"{name}{part if len(parts) > 1 else ''}:", "", *fence(language, lines)]))
    return blocks


def _became(change: Change, why: str | None) -> str:
    """The outcome of the change, in a sentence."""
    address = span(str(change.address)) + (f" ({_short_span(change.id)})" if change.id else "")
    if why is not None:
        return f"{address}: it may have been overwritten: {bounded(sentence, one_line(why), _LONG)}"
    what = "drift was put back" if permits(change) == {DRIFT} else f"{change.action}, unreviewed"
    return f"{address}: {what}."


def _values_to_quote(change: Change) -> Json:
    """The values of a change that are quoted, by which the comment is recognized."""
    values: list[Json] = [
        [*field.path, None if isinstance(field.before, Absent) else field.before]
        for field in _uncommitted_fields(change)
    ]
    return [str(change.address), values]


def _uncommitted_fields(change: Change) -> Iterator[FieldChange]:
    """The fields whose live value is not in Git."""
    return (field for field in change.fields if field.cause != "edit")


def _quotes_of(change: Change) -> Iterator[str]:
    for field in _uncommitted_fields(change):
        yield from quote(f"{span(str(change.address))} {_short_span(show(field.path))} was", field.before)


def _short_span(name: str) -> str:
    return bounded(span, name, _LONG)


def _record_hint(scheduled: ScheduledRun) -> str:
    run = span(scheduled.run or "unknown")
    return (
        "Invisible characters are shown as `<U+…>`. The run record"
        f" {run} has everything: `reconciler history` lists it, and `reconciler rollback` with its name restores it,"
        " and `reconciler pull` then takes it into Git."
    )


def _value_parts(text: str, room: int) -> Iterator[tuple[bool, list[str]]]:
    """Its lines in parts that fit with their fence, and whether a part begins within a line: a longer one is cut."""
    ticks = fence_length(text)
    size = room - 2 * ticks - 1 if ticks <= room // 4 else room // 4
    lines: list[str] = []
    length, goes_on = 0, False
    for line in text.split("\n"):
        for start in range(0, len(line) or 1, size):
            piece = line[start : start + size]
            if start or (lines and length + len(piece) >= size):
                yield goes_on, lines
                lines, length, goes_on = [], 0, start > 0
            lines.append(piece)
            length += len(piece) + 1
    yield goes_on, lines


def _packed(blocks: Iterable[str]) -> Iterator[str]:
    """The blocks, as many in a comment as fit."""
    text = ""
    for block in blocks:
        if text and len(text) + len(block) + 2 > ISSUE_LIMIT:
            yield text
            text = ""
        text = f"{text}\n\n{block}" if text else block
    yield text
