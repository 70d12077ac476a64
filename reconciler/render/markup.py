"""Live text within Markdown and HTML, such that nothing of it acts: no tag, link, mention or fence.

On GitHub and GitLab an entity does not stop a mention or a link: those are looked for after entities are read. Code
stops them, so in prose what looks like one is shown as code; what is left of their signs is followed by something
invisible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Final

from reconciler.render.values import inert, one_line, shortened

LIMIT: Final = 65_536
"""Characters of a comment. GitHub counts them or, of late, four times as many bytes: the one is within the other."""
_PLAIN = re.compile(r"[^`|\\$]*[^`|\\$ ][^`|\\$]*")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ]")
_WORD = re.compile(r"[^\s()\"'`,;<>]+")
_LIVELY = re.compile(
    r"@|#(?=\w)|\$|://|:[\w+-]+:|(?i:\bwww\.|\bgh-(?=\d)|\bmailto:|\bxmpp:)"
    r"|\b(?=[a-f]*[0-9])[0-9a-f]{7,64}\b"  # a commit
)
_NOT_PROSE = re.compile(
    r"[^\w \t\n,.;:/'()\"?+→↵…·-]"  # whatever Markdown and HTML might read
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis, but not within a word
    r"|:(?=\S)|(?<=\bwww)\.|(?i:(?<=\bgh)-)"  # links and emoji
)
_LIST = re.compile(r"([ \t]*)([-+])(?=[ \t-]|$)|([ \t]*\d+)([.)])(?=[ \t]|$)")
_INDENT = re.compile(r"^(?: {4,}|[ ]*\t)[ \t]*")  # which would make a block of code
_CODE = re.compile(r"(?<!`)(`+)(?!`)([^\n]+?)(?<!`)\1(?!`)")
_BREAK = "&#8203;"
_UNBROKEN = 24  # characters that have room on a phone, beside a sign
_PART = re.compile(r"(?<=[-_.])(?=\w)")
_PARTING = "@#-$"
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~/%?=&+,-]*)?(?:#L\d+)?")


def span(text: str) -> str:
    """The text as code within a line or a cell: `assistant.x`."""
    line = one_line(text)
    if _PLAIN.fullmatch(line):
        return f"`{line}`"
    return f"<code>{_NOT_PLAIN.sub(_entity, line)}</code>"


def tag(text: str) -> str:
    """The text as code within a block of HTML, where Markdown is not read."""
    return f"<code>{'<wbr>'.join(map(escape, name_parts(one_line(text))))}</code>"


def signed(sign: str, name: str) -> str:
    """A sign and a name that stay on one line: behind a hyphen it would be broken, so the sign is a minus."""
    return f"{'−' if sign == '-' else sign}\u00a0{name}"


def name_parts(name: str) -> list[str]:
    """The parts of a long name: it may be broken between them, and nowhere else."""
    return _PART.split(name) if len(name) > _UNBROKEN else [name]


def prose(text: str) -> str:
    """The text as a sentence; its line breaks stay breaks."""
    return "<br>".join(_prose_line(line) for line in inert(text).split("\n"))


def sentence(text: str) -> str:
    """The same of a text of ours, in which names stand between backticks: those become code."""
    return joined([span(part) if is_name else prose(part) for part, is_name in named(text)])


def named(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a text of ours, and whether each is a name that stands between backticks."""
    start = 0
    for match in _CODE.finditer(text):
        yield text[start : match.start()], False
        yield match[2].removeprefix(" ").removesuffix(" ") if "`" in match[2] else match[2], True
        start = match.end()
    yield text[start:], False


def struck(text: str, before: str, after: str) -> str:
    """The text as ~~what is gone~~, between what stands before and after it in the line."""
    return _marked_words("~~", "del", text, before, after)


def strong(text: str, before: str, after: str) -> str:
    """The text as **what is new**, between what stands before and after it in the line."""
    return _marked_words("**", "strong", text, before, after)


def _marked_words(signs: str, name: str, text: str, before: str, after: str) -> str:
    """Plain words between signs, where those are sure to be read as such: else an element says the same."""
    words = text.strip(" ")
    lead, _, tail = text.partition(words) if words else ("", "", "")
    opens = words[:1].isalnum() or lead or before[-1:] in ("", " ")
    closes = words[-1:].isalnum() or tail or after[:1] in ("", " ")
    if words and opens and closes and prose(words) == words:
        return f"{lead}{signs}{words}{signs}{tail}"
    return f"<{name}>{prose(text)}</{name}>" if text else ""


def joined(parts: list[str]) -> str:
    """The parts in one line, where no backtick of one meets one of the next."""
    text = ""
    for part in parts:
        text += f"{_BREAK}{part}" if text.endswith("`") and part.startswith("`") else part
    return text


def fence(language: str, lines: list[str]) -> list[str]:
    """The lines within a fence that none of them can close."""
    ticks = "`" * fence_length("\n".join(lines))
    return [f"{ticks}{language}", *lines, ticks]


def fence_length(text: str) -> int:
    """How many backticks a fence around the text has to have."""
    return max(3, *(len(run) + 1 for run in re.findall(r"`+", text))) if "`" in text else 3


def link(words: str, address: str) -> str:
    """The words as a link where the address is a plain one of the web; else the address as code behind them."""
    if _ADDRESS.fullmatch(address):
        return f"[{words}](<{address}>)"
    return f"{words}: {span(address)}"


def bounded(mark: Callable[[str], str], text: str, room: int) -> str:
    """As much of the text as has room once it is marked up, with an ellipsis where something is left out."""
    length = len(text)
    while len(marked := mark(shortened(text, length))) > room and length > 1:
        length = max(1, min(length - 1, length * room // len(marked)))
    return marked


def _prose_line(line: str) -> str:
    line = _INDENT.sub(" ", line)
    parts, start = [], 0
    for match in _WORD.finditer(line):
        if _LIVELY.search(match[0]):
            less = match[0].rstrip(".:!?")
            word = less if _LIVELY.search(less) else match[0]
            parts += [_escaped(line[start : match.start()]), span(word)]
            start = match.start() + len(word)
    return joined([*parts, _escaped(line[start:])])


def _escaped(text: str) -> str:
    lead = _LIST.match(text)
    before, sign = (lead[1] or lead[3] or "", lead[2] or lead[4]) if lead else ("", "")
    start = f"{before}&#{ord(sign)};" if sign else ""
    rest = text[lead.end() :] if lead else text
    return start + _NOT_PROSE.sub(lambda match: _entity(match) + (_BREAK if match[0] in _PARTING else ""), rest)


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"
