"""A comment about several environments after the merge: the outcomes of each, above the plan of all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.render.markup import prose

_LINE: Final = "<!-- reconciler: part {} -->"
_PART: Final = re.compile(r"^<!-- reconciler: part ([a-z0-9._-]+|\+) -->$", re.MULTILINE)
_PLAN: Final = "-"
"""The part that holds the plan; no environment is called so."""
_WAITING: Final = "+"
"""The part that names who is still to come."""
_FOLDED: Final = "<details><summary>The plan</summary>\n\n{}\n\n</details>"
_NO_ROOM: Final = "The plan is omitted for length."


def carried_on(text: str, environments: Sequence[str], environment: str, part: str, room: int) -> str:
    """The text of a comment, less its first line, that says this of one of its environments from now on.

    What was said last stands first. Where there is no room for all, the plan goes before what became of the others, and
    of these all but the verdict.
    """
    kept = _comment_parts(text)
    others = {name: kept[name] for name in environments if name in kept and name != environment}
    newest = {environment: _inert(part.strip("\n"))}
    waiting = [f"**{prose(name)}**: not applied yet." for name in environments if name not in {**newest, **others}]
    verdicts = {name: one.split("\n", 1)[0] for name, one in others.items()}
    still = {_WAITING: "\n\n".join(waiting)} if waiting else {}
    plan, no_room = {_PLAN: kept[_PLAN]}, {_PLAN: _NO_ROOM}
    versions = (
        newest | others | still | plan,
        newest | others | still | no_room,
        newest | verdicts | still | no_room,
        newest,
    )
    written = [_written(parts) for parts in versions]
    return next((one for one in written if len(one) <= room), written[-1])


def _written(parts: Mapping[str, str]) -> str:
    return "\n\n".join(f"{_LINE.format(name)}\n{text}" for name, text in parts.items()) + "\n"


def _comment_parts(text: str) -> dict[str, str]:
    """The parts that a comment has; all of it is the plan where it has none yet."""
    text = text.replace("\r\n", "\n")
    whole, *pieces = _PART.split(text)
    parts = {name: part.strip("\n") for name, part in zip(pieces[::2], pieces[1::2], strict=True)}
    return {_PLAN: _NO_ROOM, **parts} if parts else {_PLAN: _FOLDED.format(whole.strip("\n"))}


def _inert(text: str) -> str:
    """The text, in which no line is taken for the beginning of a part."""
    return _PART.sub(lambda line: f" {line[0]}", text)
