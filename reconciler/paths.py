"""The grammar of paths: `tools.functions["odd name"].parameters`, read and written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import TypeAlias

from reconciler.canonical import ABSENT, Absent, Json

Path: TypeAlias = tuple[str, ...]

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_STEP = re.compile(r'\.?(?P<plain>[A-Za-z0-9_-]+)|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]')


class BadPath(ValueError):
    """A text that is no path."""


def show(path: Iterable[str]) -> str:
    """The path as text: `.name` where the name is plain, else `["…"]`."""
    text = "".join(
        f".{step}" if _PLAIN.fullmatch(step) else f"[{json.dumps(step, ensure_ascii=False)}]" for step in path
    )
    return text.removeprefix(".")


def quoted(name: str) -> str:
    """The name between backticks, as it stands in a sentence; between more of them where it has some itself."""
    fence = "`" * (1 + max(map(len, re.findall("`+", name)), default=0))
    space = " " if name.startswith("`") or name.endswith("`") else ""
    return f"{fence}{space}{name}{space}{fence}"


def read(text: str) -> Path:
    """The path that a text stands for; `BadPath` where it stands for none."""
    steps: list[str] = []
    position = 0
    while position < len(text):
        match = _STEP.match(text, position)
        if match is None or (match["plain"] and (text[position] == ".") != (position > 0)):
            raise BadPath(text)
        steps.append(match["plain"] or _unquote(match["quoted"], text))
        position = match.end()
    if not steps:
        raise BadPath(text)
    return tuple(steps)


def _unquote(quoted: str, text: str) -> str:
    try:
        return str(json.loads(quoted))
    except ValueError as error:
        raise BadPath(text) from error


def without(value: Json, path: Path) -> Json:
    """The value less what stands at the path; mappings that this empties stay."""
    if not path or not isinstance(value, dict) or path[0] not in value:
        return value
    rest = {key: member for key, member in value.items() if key != path[0]}
    if len(path) == 1:
        return rest
    return {key: without(member, path[1:]) if key == path[0] else member for key, member in value.items()}


def at(value: Json | Absent, path: Path) -> Json | Absent:
    """What stands at the path."""
    for step in path:
        if not isinstance(value, dict) or step not in value:
            return ABSENT
        value = value[step]
    return value


def has(value: Json, path: Path) -> bool:
    """Whether anything but null stands at the path."""
    return at(value, path) not in (None, ABSENT)


def put(value: Json, path: Path, member: Json) -> Json:
    """The value with the member at the path; where the path's parents are missing, unchanged."""
    if not path:
        return member
    if not isinstance(value, dict) or (len(path) > 1 and path[0] not in value):
        return value
    return {**value, path[0]: put(value.get(path[0]), path[1:], member)}


def copied(value: Json, path: Path, source: Json) -> Json:
    """The value with what the source has at the path, or without anything there where it has nothing."""
    member = at(source, path)
    if isinstance(member, Absent):
        return without(value, path)
    room = put(value, path[:-1], {}) if at(value, path[:-1]) is ABSENT else value
    return put(room, path, member)
