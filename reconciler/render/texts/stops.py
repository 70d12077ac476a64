"""Where the sentences of a line end: not behind the number of an item, and not behind what is only shortened."""

from __future__ import annotations

import re
from collections.abc import Iterator

_STOP = re.compile(r"(?<=[.!?…])[\"'”’)\]*_]*[ \t]+(?![\sa-z])|(?<=[。！？])[」』）”’]*[ \t]*")
_NUMBER = re.compile(r"(?:.*[:;][ \t]+)?[\s>#*_+-]*\d{1,4}\.")
_LETTER = re.compile(r"[\s>#*_+-]*(?:[A-Za-z]|[IVX]{2,5}|[ivx]{2,5})\.")
_SHORT = re.compile(
    r"(?:.*[^\w.])?(?:e\.g|i\.e|mr|mrs|ms|dr|prof|st|vs|cf|approx|incl|bzw|ca|z\.b|d\.h)\.", re.IGNORECASE
)
_BEFORE_A_NUMBER = re.compile(r"(?:.*[^\w.])?(?:nos?|nr|art|sec|fig|vol|ch|pp?)\.", re.IGNORECASE)
_LOOKED_AT = 40  # characters before a stop: enough to tell what it is


def sentences(line: str) -> Iterator[str]:
    """The sentences of the line, each with the white space behind it."""
    start = 0
    for match in _STOP.finditer(line):
        if _ends(line, start, match):
            yield line[start : match.end()]
            start = match.end()
    if start < len(line):
        yield line[start:]


def _ends(line: str, start: int, match: re.Match[str]) -> bool:
    """Whether a sentence that began at the start ends there."""
    behind = line[match.end() : match.end() + 2]
    if behind[:1].islower():
        return False
    begins = max(start, match.start() - _LOOKED_AT)
    before = line[begins : match.start()]
    if _SHORT.fullmatch(before) or (behind[:1].isdigit() and _BEFORE_A_NUMBER.fullmatch(before)):
        return False
    is_number = begins == start and _NUMBER.fullmatch(before)
    is_letter = begins == 0 and len(behind) == 2 and behind.isalpha() and _LETTER.fullmatch(before)
    return not (is_number or is_letter)
