"""Leftover merge markers: `<<<<<<<`, `=======` and `>>>>>>>` at the beginnings of lines, in this order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reconciler.diagnostics import Location
from reconciler.rules.rule import Rule, RuleFinding

_OURS: Final = re.compile(r"<{7}(?: (?!SEARCH$|ORIGINAL$)|$)")
"""Blocks that tell a model to search and replace begin with one of those words, and are no conflict."""
_BETWEEN: Final = re.compile(r"={7}$")
_THEIRS: Final = re.compile(r">{7}(?: |$)")
_FENCE: Final = re.compile(r" {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$")


def _leftover(file: str, text: str) -> Iterator[RuleFinding]:
    """An example of a conflict is no leftover: one that is within a code block from end to end."""
    if "<<<<<<<" not in text:
        return
    start, began_in, is_between = 0, 0, False
    block, fence = 0, ""
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        after = _fence_after(line, fence)
        block, fence = (block if after == fence or not after else number), after
        if _OURS.match(line):
            start, began_in, is_between = number, block if fence else 0, False
        elif start and _BETWEEN.match(line):
            is_between = True
        elif start and is_between and _THEIRS.match(line):
            is_example = fence and block == began_in
            if not is_example:
                message = f"A merge conflict is left here, up to line {number}."
                yield RuleFinding(Location(file, start, 1), message, "keep one side, and remove the markers")
            start = 0


def _fence_after(line: str, fence: str) -> str:
    """The fence of the code block that the next line is in, if it is in one: only one as long ends it."""
    found = _FENCE.match(line)
    if found is None:
        return fence
    if not fence:
        return str(found[1] or found[2])
    stripped = line.strip()
    return "" if stripped.startswith(fence) and not stripped.strip(fence[0]) else fence


MERGE_MARKERS = Rule("merge-markers", "warning", "A file has the markers of a merge conflict.", of_text=_leftover)
