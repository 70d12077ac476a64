"""The text of a `reconciler.yaml`: read so that no link leads elsewhere, and shown without what may be secret."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from reconciler.diagnostics import Diagnostic, Location
from reconciler.source import Node, fields

_BYTES: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_SECRETS: Final = re.compile(r"\bsk-[\w-]{6,}|(?<=://)[^\s/\"']*(?=@)")
_KEY_LINE: Final = re.compile(
    r"((?:key|token|(?<!possible-)secret|password)[\"']?[ \t]*:[ \t]*)([^\s{][^\r\n]*)", re.IGNORECASE
)
_MAY_HOLD_KEYS: Final = ("api_key", "headers", "query")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_there(path: Path) -> bool:
    """Whether there is a file, or a link."""
    try:
        return path.is_symlink() or path.exists()
    except OSError:  # a folder above that may not be looked into
        return False


def text_or_error(path: Path, shown: str) -> str | Diagnostic:
    """The text of the file, or why it is not read; `shown` is what messages call it."""
    try:
        if path.exists() and not path.is_file():
            remedy = "replace it with a regular file"
            return Diagnostic(Location(shown), "unreadable", "This is not a regular file.", remedy)
        # a branch may make it a link to some file of the machine, whose lines would be quoted as wrong
        folder, real = (Path(os.path.realpath(link)) for link in (path.parent, path))
        if not real.is_relative_to(folder) or ".git" in real.relative_to(folder).parts:
            message = "This link leads out of its folder."
            return Diagnostic(Location(shown), "path-outside-repo", message, "put the file itself here")
        with path.open("rb") as stream:
            raw = stream.read(_BYTES + 1)
        if len(raw) > _BYTES:
            return Diagnostic(Location(shown), "too-large", f"This file is larger than {_BYTES // 1024:,} KiB.", "")
        return raw.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        place = Location(shown, error.object.count(b"\n", 0, error.start) + 1, 1)
        message = f"The byte 0x{error.object[error.start]:02x} is not UTF-8."
        return Diagnostic(place, "encoding", message, "save the file as UTF-8")
    except OSError as error:
        return Diagnostic(Location(shown), "unreadable", f"This file cannot be read: {error.strerror}.", "")


def masked(text: str, documents: Iterable[Node]) -> str:
    """The text with stars for every key and password, and every other column where it was.

    Errors show the lines they are about, in public logs too. Some secrets can be told without the documents, which a
    text that does not parse has none of.
    """
    text = _SECRETS.sub(lambda match: "*" * len(match[0]), text)
    text = _KEY_LINE.sub(lambda match: match[1] + re.sub(r"\S", "*", match[2]), text)
    lines = text.split("\n")
    for node in (key for document in documents for key in _possible_keys(document)):
        at, start = node.place.line - 1, node.place.column - 1
        lines[at] = lines[at][:start] + re.sub(r"\S", "*", lines[at][start:])
    return "\n".join(lines)


def _possible_keys(node: Node) -> Iterator[Node]:
    """Whatever stands where a key might have been written, and is no variable's name."""
    for name, member in fields(node).items():
        yield from _written_nodes(member) if name in _MAY_HOLD_KEYS else _possible_keys(member)


def _written_nodes(node: Node, holder: str = "") -> Iterator[Node]:
    if isinstance(node.value, dict):
        yield from (each for name, member in fields(node).items() for each in _written_nodes(member, name))
    elif not isinstance(node.value, tuple) and not (holder == "env" and _VARIABLE.fullmatch(str(node.value))):
        yield node
