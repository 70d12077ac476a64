"""Everything wrong, each with its line, a caret under the spot, and what to do about it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from reconciler.diagnostics import Diagnostic, Location, in_order
from reconciler.render.style import Style, paint
from reconciler.render.values import disarmed, inert, one_line
from reconciler.render.visible import visible

_BREAK: Final = re.compile(r"\r\n|\n|\r")
_ROOM: Final = 100
_ROOM_BEFORE: Final = 60
_TAB: Final = "→   "
_ENDS: Final = (".", "?", "!", ":")


def report(faults: Iterable[Diagnostic], sources: Mapping[str, str], *, colour: bool = False) -> str:
    """Every fault in order of its place, then how many there are; nothing where there is none."""
    ordered = in_order(faults)
    if not ordered:
        return ""
    style = Style(colour=colour)
    lines: dict[str, list[str]] = {}
    blocks = [_fault_block(fault, sources, lines, style) for fault in ordered]
    return "\n\n".join([*blocks, _sum(ordered)]) + "\n"


def _fault_block(fault: Diagnostic, sources: Mapping[str, str], lines: dict[str, list[str]], style: Style) -> str:
    file = fault.place.file
    if file in sources and file not in lines:
        lines[file] = _BREAK.split(sources[file])
    parts = [_fault_head(fault, style), *_excerpt(fault.place, lines.get(file, []), style)]
    parts += [f"  {inert(line)}".rstrip() for line in fault.remedy.split("\n") if fault.remedy]
    return "\n".join(parts)


def _fault_head(fault: Diagnostic, style: Style) -> str:
    ink = {"error": "bad", "warning": "warning", "note": "dim"}[fault.severity]
    code = fault.code if fault.severity == "error" else f"{fault.code} ({fault.severity})"
    message = " ".join(inert(fault.message).split("\n"))
    stop = "" if message.endswith(_ENDS) else "."
    return f"{paint(one_line(str(fault.place)), 'bold', style)}: {paint(code, ink, style)}: {message}{stop}"


def _excerpt(place: Location, lines: list[str], style: Style) -> list[str]:
    if not 1 <= place.line <= len(lines):
        return []
    shown, before = _disarmed(*_window(lines[place.line - 1], max(place.column - 1, 0)))
    number = str(place.line)
    gutters = (paint(f"  {number} |", "dim", style), paint(f"  {' ' * len(number)} |", "dim", style))
    return [f"{gutters[0]} {shown}".rstrip(), f"{gutters[1]} {' ' * before}{paint('^', 'bad', style)}"]


def _disarmed(before: str, after: str, columns: int) -> tuple[str, int]:
    """Both sides of the spot with nothing in them that a runner obeys, and how many columns are before it."""
    whole, rest = (disarmed(f"|{text}")[1:] for text in (before + after, after))
    return whole, columns + len(whole) - len(rest) - len(before)


def _window(line: str, at: int) -> tuple[str, str, int]:
    """As much of the line on both sides of the spot as there is room for, and how many columns are before it."""
    nearby = line[: _ROOM + 1]  # a line may be megabytes long
    fits = len(line) <= _ROOM and sum(_character_cell(character)[1] for character in nearby) <= _ROOM
    before = _cells_that_fit(reversed(line[max(at - _ROOM, 0) : at]), _ROOM if fits else _ROOM_BEFORE)[::-1]
    columns = sum(width for _, width in before)
    after = _cells_that_fit(line[at : at + _ROOM], _ROOM - columns)
    lead = "…" if len(before) < min(at, len(line)) else ""
    right = "…" if at + len(after) < len(line) else ""
    return lead + _joined(before), _joined(after) + right, len(lead) + columns


def _joined(cells: Iterable[tuple[str, int]]) -> str:
    return "".join(shown for shown, _ in cells)


def _cells_that_fit(characters: Iterable[str], room: int) -> list[tuple[str, int]]:
    """The first of the characters, as far as there is room for them."""
    cells: list[tuple[str, int]] = []
    for character in characters:
        cell = _character_cell(character)
        room -= cell[1]
        if room < 0:
            break
        cells.append(cell)
    return cells


@lru_cache(maxsize=1024)
def _character_cell(character: str) -> tuple[str, int]:
    """What is shown for a character, and how many columns that takes."""
    if character == "\t":
        return _TAB, len(_TAB)
    shown = visible(character)
    if shown != character:
        return shown, len(shown)
    if unicodedata.category(character) in ("Mn", "Me"):
        return character, 0
    return character, 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _sum(faults: tuple[Diagnostic, ...]) -> str:
    severities = [fault.severity for fault in faults]
    counted = ((severities.count(word), word) for word in ("error", "warning", "note"))
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in counted if count) + "."
