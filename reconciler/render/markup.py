"""Live text within Markdown and HTML, such that nothing of it acts: no tag, link, mention or fence.

On GitHub an entity does not stop a mention: those are looked for after entities are read. Code does,
and so does something invisible behind the sign.
"""

from __future__ import annotations

import re
from html import escape

from reconciler.render.values import inert, one_line

_PLAIN = re.compile(r"[^`|\\]*[^`|\\ ][^`|\\]*")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ]")
_NOT_PROSE = re.compile(
    r"[^\w \t\n,.;:/'()\"?-]"  # whatever Markdown and HTML might read
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis, but not within a word
    r"|:(?=\S)|(?<=\bwww)\.|(?i:(?<=\bgh)-)"  # links and emoji
)
_BREAK = "&#8203;"


def span(text: str) -> str:
    """The text as code within a line or a cell: `assistant.x`."""
    line = one_line(text)
    if _PLAIN.fullmatch(line):
        return f"`{line}`"
    return f"<code>{_NOT_PLAIN.sub(_entity, line)}</code>"


def tag(text: str) -> str:
    """The text as code within a block of HTML, where Markdown is not read."""
    return f"<code>{escape(one_line(text))}</code>"


def prose(text: str) -> str:
    """The text as a sentence; its line breaks stay breaks."""
    broken = _NOT_PROSE.sub(lambda match: _entity(match) + (_BREAK if match[0] in "@#-" else ""), inert(text))
    return "<br>".join(broken.split("\n"))


def fence(language: str, lines: list[str]) -> list[str]:
    """The lines within a fence that none of them can close."""
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}{language}", *lines, ticks]


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
