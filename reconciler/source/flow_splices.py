"""How members of lists and mappings in brackets are added and removed, in JSON and in the flow style of YAML."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import TypeAlias

from reconciler.canonical import Json
from reconciler.source.extents import Entry, Extent
from reconciler.source.lines import begins_line, break_before, indentation, line_break, line_end, line_start, next_line
from reconciler.source.writing import can_be_seen, quoted, write

Splice: TypeAlias = tuple[int, int, str]
"""From, to, and what stands there instead."""
Proposal: TypeAlias = list[Splice]
"""Splices that belong together, none over another."""
Keys: TypeAlias = tuple[str, ...]

WIDTH = 100
"""How wide a line may become."""
_PLAIN = re.compile(r"[\w./$][\w./$+-]*(?: [\w./$+-]+)*", re.ASCII)
_UNIT = re.compile(r"[\r\n]([ \t]+)\S")
_COMMA = re.compile(r"[ \t\r\n]*,")
_REST = re.compile(r"[ \t]*,?[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")
_NOT_ASCII = re.compile(r"[^\x00-\x7e]")


def nested(keys: Keys, value: Json) -> Json:
    """The value below the keys; without keys the value itself."""
    for key in reversed(keys):
        value = {key: value}
    return value


def in_flow(value: Json, *, is_quoted: bool = False) -> str:
    """A value on one line, as YAML takes it between brackets."""
    if isinstance(value, dict):
        members = (
            f"{in_flow(key, is_quoted=is_quoted)}: {in_flow(v, is_quoted=is_quoted)}" for key, v in value.items()
        )
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(in_flow(each, is_quoted=is_quoted) for each in value)}]"
    if not isinstance(value, str):
        return _plain(value)
    is_plain = not is_quoted and _PLAIN.fullmatch(value) and _plain(value) == value
    return value if is_plain else quoted(value)


def _plain(value: Json) -> str:
    return write({"k": value}, width=inf).removeprefix("k: ").removesuffix("\n")


def in_json(
    value: Json, unit: str | None = None, margin: str = "", newline: str = "\n", *, is_spaced: bool = True
) -> str:
    """A value as JSON: over several lines where there is a unit to indent by, each behind the margin."""
    separators = None if is_spaced or unit is not None else (",", ":")
    dumped = json.dumps(value, ensure_ascii=False, indent=unit, separators=separators)
    dumped = _NOT_ASCII.sub(lambda match: match[0] if can_be_seen(match[0]) else json.dumps(match[0])[1:-1], dumped)
    return dumped.replace("\n", f"{newline}{margin}")


@dataclass(frozen=True, slots=True)
class Brackets:
    """A list or mapping in brackets in its text."""

    text: str
    extent: Extent
    is_json: bool = False

    def added(self, keys: Keys, value: Json) -> Proposal:
        """Appends a member in the layout of the last one; without keys an item."""
        if not self.extent.members:
            return [self._first(keys, value)]
        last = self.extent.members[-1]
        comma = _COMMA.match(self.text, last.value.end)
        is_own_line = begins_line(self.text, last.start)
        end = last.value.end if comma is None else comma.end()
        shown = self._shown(keys, value, margin=indentation(self.text, last.start) if is_own_line else None)
        after = "" if comma is None else ","
        rest = _REST.match(self.text, end)
        if not is_own_line or rest is None:
            between = " " if self.is_spaced() else ""
            return [(end, end, f"{'' if comma else ','}{between}{shown}{after}")]
        line = f"{line_break(self.text)}{indentation(self.text, last.start)}{shown}{after}"
        if comma is not None or rest.end() == end:
            return [(rest.end(), rest.end(), line)] if comma else [(end, end, f",{line}")]
        return [(end, end, ","), (rest.end(), rest.end(), line)]

    def before(self, member: Entry, value: Json) -> Proposal:
        """Inserts an item before a member, on a separate line if the member is on one."""
        is_own_line, margin = begins_line(self.text, member.start), indentation(self.text, member.start)
        shown = self._shown((), value, margin=margin if is_own_line else None)
        between = f"{line_break(self.text)}{margin}" if is_own_line else " " if self.is_spaced() else ""
        return [(member.start, member.start, f"{shown},{between}")]

    def _first(self, keys: Keys, value: Json) -> Splice:
        start, end = self.extent.start + 1, self.extent.end - 1
        end = start if self.text[start:end].strip() else end
        margin, unit = indentation(self.text, self.extent.start), unit_of(self.text)
        if not self.is_json or unit is None:
            return start, end, self._shown(keys, value)
        newline = line_break(self.text)
        shown = self._shown(keys, value, margin=margin + unit)
        return start, end, f"{newline}{margin}{unit}{shown}{newline}{margin}"

    def _shown(self, keys: Keys, value: Json, *, margin: str | None = None) -> str:
        """A member without what is around it; over several lines behind a margin."""
        if not self.is_json:
            is_quoted = any(self.text.startswith('"', each.start) for each in self.extent.members[:1])
            shown = in_flow(nested(keys[1:], value), is_quoted=is_quoted)
            return f"{in_flow(keys[0], is_quoted=is_quoted)}: {shown}" if keys else shown
        unit = None if margin is None else unit_of(self.text)
        newline, is_spaced = line_break(self.text), self.is_spaced()
        shown = in_json(nested(keys[1:], value), unit, margin or "", newline, is_spaced=is_spaced)
        colon = ": " if is_spaced else ":"
        return f"{in_json(keys[0])}{colon}{shown}" if keys else shown

    def is_spaced(self) -> bool:
        """Whether a space follows colons, or the commas of a list."""
        members = self.extent.members
        if any(each.key is None for each in members):
            return all(one.value.end + 1 < other.start for one, other in pairwise(members))
        return all(each.head < each.value.start for each in members)

    def without(self, member: Entry) -> Proposal:
        """Removes a member with its lines and its comma; it is not the only one."""
        text, members = self.text, self.extent.members
        place = members.index(member)
        comma = _COMMA.match(text, member.value.end)
        end = comma.end() if comma else member.value.end
        has_lines = begins_line(text, member.start) and _REST.match(text, end) is not None
        if has_lines and comma:
            return [(line_start(text, member.start), next_line(text, end), "")]
        if place + 1 < len(members):
            return [(member.start, members[place + 1].start, "")]
        before = members[place - 1].value.end
        if not has_lines:
            return [(before, member.value.end, "")]
        return [(before, text.index(",", before) + 1, ""), (break_before(text, member.start), line_end(text, end), "")]


def unit_of(text: str) -> str | None:
    """What one level of a text is indented by; None where it is on one line."""
    match = _UNIT.search(text)
    return match[1] if match else None
