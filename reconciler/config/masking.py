"""The text of the file less what could be a secret: faults show the lines they are about, in public logs too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from reconciler.source import Node

_SECRETS: Final = re.compile(r"\bsk-[\w-]{6,}|(?<=://)[^\s/\"']*(?=@)")
_KEY: Final = re.compile(r"(?<=api_key)([\"']?[ \t]*:[ \t]*)([^\s{][^\r\n]*)")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def masked(text: str, documents: Iterable[Node]) -> str:
    """The text with stars for every key and password, and every other column where it was."""
    lines = _starred(text).split("\n")
    for node in (found for document in documents for found in _keys(document)):
        at, start = node.place.line - 1, node.place.column - 1
        lines[at] = lines[at][:start] + re.sub(r"\S", "*", lines[at][start:])
    return "\n".join(lines)


def _starred(text: str) -> str:
    """What can be told without the documents, which a text that does not parse has none of."""
    text = _SECRETS.sub(lambda match: "*" * len(match[0]), text)
    return _KEY.sub(lambda match: match[1] + re.sub(r"\S", "*", match[2]), text)


def _keys(node: Node) -> Iterator[Node]:
    """Whatever stands where a key might have been written: under `api_key`, and is no variable's name."""
    members = node.value.items() if isinstance(node.value, dict) else ()
    for name, member in members:
        if name != "api_key":
            yield from _keys(member)
        elif isinstance(member.value, dict):
            yield from (one for one in member.value.values() if not _VARIABLE.fullmatch(str(one.value)))
        else:
            yield member
