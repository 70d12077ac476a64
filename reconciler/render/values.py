"""How a value reads: as one line of JSON, or as the lines of a text or of a structure."""

from __future__ import annotations

import json
import re
from typing import Any

from reconciler.canonical import Json, plain
from reconciler.render.visible import distinguished, visible

_ESCAPE = re.compile(r"\\(?:u([0-9a-f]{4})|.)")
_PLAIN = re.compile(r"[^\W_][\w .,/-]*", re.ASCII)
_ROOM = 58  # columns of a structure that still reads well on one line, behind a sign
_RUNNER_COMMAND = re.compile(r"#(?=#\[|#vso\[)")
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True)


def inert(text: str) -> str:
    """The text with nothing invisible in it, and nothing that a CI runner would obey.

    Runners obey `::error::` at the beginning of a line, indented or not, and `##[…]` anywhere.
    """
    if text.isascii() and text.isprintable() and "::" not in text and "##" not in text:
        return text  # as most are
    return "\n".join(disarmed(line) for line in visible(text).split("\n"))


def disarmed(line: str) -> str:
    """The line, with nothing in it that a CI runner would obey; colours and all else stay."""
    lead = len(line) - len(line.lstrip())
    start = "<U+003A>" + line[lead + 1 :] if line.startswith("::", lead) else line[lead:]
    return line[:lead] + _RUNNER_COMMAND.sub("<U+0023>", start)


def in_ascii(value: Any, *, indent: int | None = None) -> str:
    """The value as JSON for programs, such that nothing in it can act on whatever shows it."""
    return _RUNNER_COMMAND.sub(r"\\u0023", json.dumps(value, indent=indent))


def one_line(text: str) -> str:
    """The same on one line whatever the text: breaks and tabs show as `\\n` and `\\t`."""
    return inert(text.replace("\n", "\\n").replace("\t", "\\t"))


def compact(value: Json) -> str:
    """The value as one line of JSON, for a person: no escape that a person would not need."""
    return inert(_encoded(value))


def both(before: Json, after: Json) -> tuple[Json, Json]:
    """Both values such that a reader sees how they differ, where they are texts."""
    if isinstance(before, str) and isinstance(after, str):
        return distinguished(before, after)
    return before, after


def structure(value: Json) -> list[str]:
    """Indented JSON: what is short stays on one line, and no line changes because another one follows."""
    lines: list[str] = []
    _structure(value, "", "", lines)
    return lines


def _structure(value: Json, indent: str, lead: str, lines: list[str]) -> None:
    if not isinstance(value, dict | list):
        lines.append(indent + lead + _encoded(value))
        return
    if _may_fit(value) and len(encoded := lead + _encoded(value)) <= _ROOM:
        lines.append(indent + encoded)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    lines.append(indent + lead + opening)
    for name, member in _structure_members(value):
        _structure(member, f"{indent}  ", name, lines)
    lines.append(indent + closing)


def _may_fit(value: Json) -> bool:
    """Whether it has no more in it than a line may have room for: encoding costs as much as there is."""
    room, waiting = _ROOM, [value]
    while waiting and room > 0:
        member = waiting.pop()
        room -= len(member) if isinstance(member, str | dict | list) else 1
        if isinstance(member, dict | list) and room > 0:
            waiting += [*member, *member.values()] if isinstance(member, dict) else member
    return room > 0


def _structure_members(value: dict[str, Json] | list[Json]) -> list[tuple[str, Json]]:
    if isinstance(value, list):
        return [("", member) for member in value]
    return [(f"{_encoded(key)}: ", value[key]) for key in sorted(value)]


def shortened(text: str, room: int) -> str:
    """The beginning of the text, with an ellipsis where something is left out."""
    return text if len(text) <= room else text[: room - 1] + "…"


def _encoded(value: Json) -> str:
    """JSON whose control characters show as all others do, and not as `\\u001b`."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return f'"{value}"'  # as most are
    encoded = _ENCODER.encode(plain(value))
    return _ESCAPE.sub(lambda match: f"<U+{match[1].upper()}>" if match[1] else match[0], encoded)
