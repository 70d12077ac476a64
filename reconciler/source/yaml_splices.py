"""How one value of a YAML text is set or removed: the parts of the text to replace, the best way first.

Nothing here is sure of itself: whoever applies a proposal reads the result again, and takes the next where it differs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import inf

from reconciler.canonical import Json
from reconciler.source.extents import Entry, Extent, Spot
from reconciler.source.flow_splices import WIDTH, Brackets, Keys, Proposal, in_flow, nested
from reconciler.source.folding import folded
from reconciler.source.lines import (
    BREAK,
    begins_line,
    break_before,
    column,
    indented,
    line_break,
    line_end,
    line_start,
    next_line,
)
from reconciler.source.writing import OneLine, can_be_seen, is_kept, literal, quoted, write

_COMMENT = re.compile(r"[ \t]+#[^\r\n]*")
_HEADER = re.compile(r"(?P<properties>(?:[ \t]+[&!][^\s]*)*)(?:[ \t]+[|>][-+0-9]*)?(?P<comment>[ \t]+#[^\r\n]*)?")
_CLIPPED = re.compile(r"[|>][1-9]?(?![-+1-9])")
_STYLE = re.compile(r"[|>][-+0-9]*|")
_INDICATOR = re.compile(r"[|>][-+]?([1-9])")
_OWN = "reconciler"
_STEP = 2
_NESTED = 2
_BLOCKS = (":", "-", "|", ">")


def replaced(spot: Spot, value: Json) -> Iterator[Proposal]:
    """Another value in place of what stands there."""
    if spot.in_flow:
        yield _on_line(spot, value)
        return
    if isinstance(value, str) and _is_block(value, spot.old.style):
        yield from _text_blocks(spot, value)
    if isinstance(value, dict | list) and value:
        lines = _lines_of(value)
        is_line = isinstance(value, OneLine) and lines[0].startswith("{")
        if is_line or (spot.old.style in ("{", "[") and _fits_in_line(spot, (), value)):
            yield _on_line(spot, value)
        yield _collection_block(spot, lines, "-" if isinstance(value, list) else ":")
    yield _on_line(spot, value)


def _is_block(text: str, style: str) -> bool:
    """Whether a text should be a block in place of what has the style."""
    was_block = style in ("|", ">")
    return text != "" and can_be_seen(text) and (was_block or ("\n" in text and not is_kept(text)))


def inserted(spot: Spot, keys: Keys, value: Json) -> Iterator[Proposal]:
    """Appends a member to a mapping below the keys or, without keys, an item to a list."""
    old, whole = spot.old, nested(keys, value) if keys else [value]
    if old.style in (":", "-"):
        yield from _inserted_in_block(spot, _members_before(spot, keys), keys, value)
    elif not old.style and not spot.in_flow:
        yield _collection_block(spot, _lines(keys, value), ":" if keys else "-")
    elif not old.style:
        yield _on_line(spot, whole)
    elif old.members or spot.in_flow or _fits_in_line(spot, keys, value):
        yield Brackets(spot.text, old).added(keys, value)
    else:
        yield from replaced(spot, whole)


def _members_before(spot: Spot, keys: Keys) -> Sequence[Entry]:
    """The members behind which one is added: a manifest ends with its own block."""
    *others, last = spot.old.members
    has_block = spot.parent is None and others and last.key == _OWN
    return others if has_block and keys[:1] != (_OWN,) else spot.old.members


def inserted_before(spot: Spot, parent: Extent, value: Json) -> Iterator[Proposal]:
    """Inserts an item before the one at the spot."""
    before = [each for each in parent.members if each.start < spot.member.start]
    if parent.style == "[":
        yield Brackets(spot.text, parent).before(spot.member, value)
    elif before:
        yield from _inserted_in_block(spot, before, (), value)
    else:
        yield _inserted_first(spot, value)


def _inserted_first(spot: Spot, value: Json) -> Proposal:
    width, newline = spot.width, line_break(spot.text)
    block = indented(_lines((), value), width, newline)
    return [(spot.member.start, spot.member.start, f"{block[width:]}{newline}{' ' * width}")]


def removed(spot: Spot, parent: Extent) -> Iterator[Proposal]:
    """Removes a member of the parent with its lines; it is not the only one."""
    text, member = spot.text, spot.member
    start, end = line_start(text, member.start), next_line(text, member.value.end)
    following = next((each for each in parent.members if each.start > member.start), None)
    if parent.style in ("{", "["):
        yield Brackets(text, parent).without(member)
    elif begins_line(text, member.start):
        if end == line_end(text, member.value.end):  # the last line of a text that has no break there
            yield [(break_before(text, start), end, "")]
        yield [(start, end, "")]
    elif following is not None and not text[line_end(text, member.value.end) : following.start].strip():
        yield [(member.start, following.start, "")]
    else:
        yield [(len(text[: member.start].rstrip(" \t")), line_end(text, member.value.end), "")]


def _fits_in_line(spot: Spot, keys: Keys, value: Json) -> bool:
    shown = in_flow(nested(keys, value))
    return column(spot.text, spot.old.start) + len(shown) <= WIDTH and "\\n" not in shown


def _on_line(spot: Spot, value: Json) -> Proposal:
    """The value on one line, where the old one stands or behind its key."""
    text, old = spot.text, spot.old
    shown = _scalar(value, old.style, is_in_flow=spot.in_flow)
    if spot.parent is not None and old.style in _BLOCKS and not _is_compact(spot):
        properties, comment, end = _around(spot)
        return [(spot.member.head, end, f"{properties} {shown}{comment}")]
    is_close = old.start == old.end and old.start > 0 and not text[old.start - 1].isspace()
    return [(old.start, old.end, f" {shown}" if is_close else shown)]


def _scalar(value: Json, style: str, *, is_in_flow: bool) -> str:
    """A value on one line, quoted as the one before."""
    if is_in_flow or isinstance(value, dict | list):
        return in_flow(value, is_quoted=style == '"')
    if isinstance(value, str) and (style == '"' or "\n" in value):
        return quoted(value)
    if isinstance(value, str) and style == "'" and can_be_seen(value):
        return "'" + value.replace("'", "''") + "'"
    return write({"k": value}, width=inf).removeprefix("k: ").removesuffix("\n")


def _is_compact(spot: Spot) -> bool:
    """Whether a list or mapping as a block begins on the line of the dash before it."""
    return spot.old.style in (":", "-") and spot.old.start <= line_end(spot.text, spot.member.head)


def _around(spot: Spot) -> tuple[str, str, int]:
    """Anchor and tag before a value, the comment on its line or that of its key, and where all of it ends."""
    text, head, old = spot.text, spot.member.head, spot.old
    behind = _COMMENT.match(text, old.end)
    end = behind.end() if behind else old.end
    if old.style not in _BLOCKS and old.start <= line_end(text, head):
        return text[head : old.start].rstrip(), text[old.end : end], end
    header = _HEADER.match(text, head)
    properties, comment = (header["properties"], header["comment"] or "") if header else ("", "")
    if old.style in _BLOCKS or comment:
        return properties, comment, end if old.style in (":", "-") else old.end
    return properties, text[old.end : end], end


def _text_blocks(spot: Spot, value: str) -> Iterator[Proposal]:
    """A text as a block, folded where the one before is, and as far to the right."""
    header, *written = BREAK.split(spot.text[spot.old.start : spot.old.end])
    width = _width_of_text(spot, max(spot.width, 0))
    texts = [folded(value, [line[width:] for line in written])] if spot.old.style == ">" else []
    properties, comment, end = _around(spot)
    newline = line_break(spot.text)
    for plain, *lines in filter(None, (*texts, literal(value))):
        stated = _header(plain.replace("2", str(width - max(spot.width, 0))), header)
        body = indented(lines, width, newline)
        yield [(spot.member.head, end, f"{properties} {stated}{comment}{newline}{body}")]


def _header(header: str, before: str) -> str:
    """The header of a block, as it was written if that says the same or states a width that is not needed."""
    match = _STYLE.match(before)
    written = match[0] if match else ""
    says_same = re.sub(r"\d", "", header) == re.sub(r"\d", "", written) and len(written) >= len(header)
    return written if says_same else header


def _width_of_text(spot: Spot, base: int) -> int:
    if spot.old.style not in ("|", ">"):
        return base + _STEP
    header, *lines = spot.text[spot.old.start : spot.old.end].splitlines()
    stated = _INDICATOR.match(header)
    if stated:
        return base + int(stated[1])
    return next((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), base + _STEP)


def _lines_of(value: Json) -> list[str]:
    return write(value, keep=False).removesuffix("\n").split("\n")


def _collection_block(spot: Spot, lines: list[str], style: str) -> Proposal:
    """A mapping or list as a block, as far to the right as the one before."""
    text, old, newline = spot.text, spot.old, line_break(spot.text)
    if spot.parent is None:
        return [(old.start, old.end, _document_block(spot, indented(lines, 0, newline)))]
    if spot.parent.style == "-":
        start = old.start if _is_compact(spot) else spot.member.head
        width = column(text, old.start) if _is_compact(spot) else spot.width + _STEP
        return [(start, old.end, indented(lines, width, newline)[column(text, start) :])]
    properties, comment, end = _around(spot)
    block = indented(lines, _width_of_collection(spot, style), newline)
    return [(spot.member.head, end, f"{properties}{comment}{newline}{block}")]


def _document_block(spot: Spot, block: str) -> str:
    """A block as a document, on lines of its own where nothing was."""
    if spot.old.start < spot.old.end:
        return block
    newline = line_break(spot.text)
    return f"{block}{newline}" if begins_line(spot.text, spot.old.start) else f"{newline}{block}"


def _width_of_collection(spot: Spot, style: str) -> int:
    if spot.old.style == style:
        return column(spot.text, spot.old.start)
    siblings = spot.parent.members if spot.parent else ()
    starts = {column(spot.text, each.value.start) for each in siblings if each.value.style == style}
    return spot.width if spot.width in starts else spot.width + _STEP


def _inserted_in_block(spot: Spot, members: Sequence[Entry], keys: Keys, value: Json) -> Iterator[Proposal]:
    """The member as lines of their own: behind the last one, or else before the first."""
    text, newline = spot.text, line_break(spot.text)
    width = column(text, members[0].start)
    block = indented(_lines(keys, value), width, newline)
    end, at = line_end(text, members[-1].value.end), next_line(text, members[-1].value.end)
    if end == at:
        yield [*_without_final_break(text, members[-1].value), (end, end, f"{newline}{block}")]
        yield [(end, end, f"{newline}{block}{newline}")]
    else:
        yield [(at, at, f"{block}{newline}")]
    yield [(members[0].start, members[0].start, f"{block[width:]}{newline}{' ' * width}")]


def _without_final_break(text: str, last: Extent) -> Proposal:
    """What keeps a text as it is that is a block at the end of a file, where no break ends its last line."""
    while last.members:
        last = last.members[-1].value
    clipped = _CLIPPED.match(text, last.start)
    return [(clipped.end(), clipped.end(), "-")] if clipped else []


def _lines(keys: Keys, value: Json) -> list[str]:
    """The lines of a member or item; of mappings made on the way to a short value, the last stands in braces."""
    if len(keys) < _NESTED or isinstance(value, dict | list) or (isinstance(value, str) and "\n" in value):
        return _lines_of(nested(keys, value) if keys else [value])
    *outer, key, last = keys
    lines = [f"{_written_key(key)}: {{{in_flow(last)}: {in_flow(value)}}}"]
    for each in reversed(outer):
        lines = [f"{_written_key(each)}:", *(f"  {line}" for line in lines)]
    return lines


def _written_key(key: str) -> str:
    return write({key: 0}).removesuffix(": 0\n")
