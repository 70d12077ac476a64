"""Leftover merge markers: `<<<<<<<`, `=======` and `>>>>>>>` at the beginnings of lines, in this order."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reconciler.diagnostics import Location
from reconciler.rules.rule import Rule, RuleFinding

_OURS: Final = re.compile(r"<{7}(?: |$)")
_BETWEEN: Final = re.compile(r"={7}$")
_THEIRS: Final = re.compile(r">{7}(?: |$)")
_FENCE: Final = re.compile(r" {0,3}(?:```|~~~)")


def _leftover(file: str, text: str) -> Iterator[RuleFinding]:
    """An example of a conflict is no leftover: one that is within a code block from end to end."""
    if "<<<<<<<" not in text:
        return
    start, fences_before, fences, is_between = 0, 0, 0, False
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        fences += bool(_FENCE.match(line))
        if _OURS.match(line):
            start, fences_before, is_between = number, fences, False
        elif start and _BETWEEN.match(line):
            is_between = True
        elif start and is_between and _THEIRS.match(line):
            is_example = fences == fences_before and fences % 2 == 1
            if not is_example:
                message = f"A merge conflict is left here, up to line {number}."
                yield RuleFinding(Location(file, start, 1), message, "keep one side, and remove the markers")
            start = 0


MERGE_MARKERS = Rule("merge-markers", "warning", "A file has the markers of a merge conflict.", of_text=_leftover)
