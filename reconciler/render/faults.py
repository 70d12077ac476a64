"""Everything wrong, each with its line, a caret under the spot, and what to do about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.diagnostics import Fault, Place, errors, in_order
from reconciler.render.style import Style, paint
from reconciler.render.visible import visible

_BREAK: Final = re.compile(r"\r\n|\n|\r")
_ROOM: Final = 100
_ROOM_BEFORE: Final = 60
_TAB: Final = "→   "
_ENDS: Final = (".", "?", "!", ":")


def report(faults: Iterable[Fault], sources: Mapping[str, str], *, colour: bool = False) -> str:
    """Every fault in order of its place, then how many there are; nothing where there is none."""
    ordered = in_order(faults)
    if not ordered:
        return ""
    style = Style(colour=colour)
    lines: dict[str, list[str]] = {}
    blocks = [_block(fault, sources, lines, style) for fault in ordered]
    return "\n\n".join([*blocks, _sum(ordered)]) + "\n"


def _block(fault: Fault, sources: Mapping[str, str], lines: dict[str, list[str]], style: Style) -> str:
    file = fault.place.file
    if file in sources and file not in lines:
        lines[file] = _BREAK.split(sources[file])
    parts = [_head(fault, style), *_excerpt(fault.place, lines.get(file, []), style)]
    parts += [f"  {visible(line)}".rstrip() for line in fault.remedy.split("\n") if fault.remedy]
    return "\n".join(parts)


def _head(fault: Fault, style: Style) -> str:
    ink = "bad" if fault.severity == "error" else "warning"
    code = fault.code if fault.severity == "error" else f"{fault.code} (warning)"
    message = " ".join(visible(fault.message).split("\n"))
    stop = "" if message.endswith(_ENDS) else "."
    return f"{paint(visible(str(fault.place)), 'bold', style)}: {paint(code, ink, style)}: {message}{stop}"


def _excerpt(place: Place, lines: list[str], style: Style) -> list[str]:
    if not 1 <= place.line <= len(lines):
        return []
    shown, before = _window(lines[place.line - 1], max(place.column - 1, 0))
    number = str(place.line)
    gutters = (paint(f"  {number} |", "dim", style), paint(f"  {' ' * len(number)} |", "dim", style))
    return [f"{gutters[0]} {shown}".rstrip(), f"{gutters[1]} {' ' * before}{paint('^', 'bad', style)}"]


def _window(line: str, at: int) -> tuple[str, int]:
    """As much of the line around the character as there is room for, and how many columns are before it."""
    start, stop = max(at - _ROOM, 0), at + _ROOM  # a line may be megabytes long
    before = [_cell(character) for character in line[start:at]]
    after = [_cell(character) for character in line[at:stop]]
    whole = start == 0 and stop >= len(line) and _width(before + after) <= _ROOM
    first = len(before) if not whole else 0
    while not whole and first > 0 and _width(before[first - 1 :]) <= _ROOM_BEFORE:
        first -= 1
    last = len(after) if whole else _fitting(after, _ROOM - _width(before[first:]))
    left = "…" if start or first else ""
    right = "…" if last < len(after) or stop < len(line) else ""
    text = "".join(cell for cell, _ in [*before[first:], *after[:last]])
    return f"{left}{text}{right}", len(left) + _width(before[first:])


def _fitting(cells: list[tuple[str, int]], room: int) -> int:
    """How many of the cells there is room for."""
    return max(count for count in range(len(cells) + 1) if _width(cells[:count]) <= room)


def _width(cells: list[tuple[str, int]]) -> int:
    return sum(width for _, width in cells)


def _cell(character: str) -> tuple[str, int]:
    """What is shown for a character, and how many columns that takes."""
    if character == "\t":
        return _TAB, len(_TAB)
    shown = visible(character)
    if shown != character:
        return shown, len(shown)
    if unicodedata.category(character) in ("Mn", "Me"):
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _sum(faults: tuple[Fault, ...]) -> str:
    wrong = len(errors(faults))
    counted = ((wrong, "error"), (len(faults) - wrong, "warning"))
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count) + "."
