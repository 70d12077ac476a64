"""Plain data → YAML that a person would have written: long text as blocks, nothing invisible in the open."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import yaml

from reconciler.canonical import Json

_PLACEHOLDER = r"^(?P<lead>(?: |- |[?] |: )*)(?P<key>[^\n]*?)TEXT(?P<number>\d+)OF{run}(?P<end>:?)"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_ACTS = re.compile(r"^\s*::|##(?=\[|vso\[)", re.MULTILINE)  # on the runner of a CI, where it is printed
_FOLD = re.compile(r"(?<=\S) (?=\S)")
_LONGEST_KEY = 1000  # characters of a key that stands before its colon: libyaml looks no further
_FOLDS = re.compile(r"\s::")  # to the same, where a long line is folded
_NO_TEXT_ELSEWHERE = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|0o[0-7]+|[yYnN]")
"""What is text to us, and a number to readers of YAML 1.2, or true or false to others of 1.1."""
_LINE = 100
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class OneLine(dict[str, Json]):
    """A mapping without lists and mappings that stands on one line where it fits, such as `{file: prompts/hr.md}`."""


class _Dumper(yaml.SafeDumper):
    """Sequences indented below their key; texts that PyYAML would write badly stand as tokens for now."""

    texts: list[str]
    run: str
    longest: float

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_line(self, data: OneLine) -> yaml.MappingNode:
        texts = [text for text in (*data.keys(), *data.values()) if isinstance(text, str)]
        fits = sum(map(len, texts)) <= _LINE and not any(map(_needs_token, texts))
        return self.represent_mapping("tag:yaml.org,2002:map", data, flow_style=fits)

    def represent_text(self, value: str) -> yaml.ScalarNode:
        if _needs_token(value) or (len(value) > self.longest and _has_folds(value)):
            self.texts.append(value)
            value = f"TEXT{len(self.texts) - 1}OF{self.run}"
        style = "'" if _NO_TEXT_ELSEWHERE.fullmatch(value) else None
        node: yaml.ScalarNode = self.represent_scalar("tag:yaml.org,2002:str", value, style=style)
        return node


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(OneLine, _Dumper.represent_line)


def write(data: Json, *, width: float = 100, keep: bool = True) -> str:
    """The data as YAML; reading it gives the same data. A line of text that is wider is folded.

    A block may `keep` the line ends behind its text, which then mean something; or else such a text is quoted.
    """
    shown, run = repr(data), "x"  # letters that stand nowhere in the data, so that no text can pose as a token
    while f"OF{run}" in shown:
        run += "x"

    class Dumper(_Dumper):
        pass

    Dumper.texts, Dumper.run, Dumper.longest = [], run, width
    dumped = yaml.dump(data, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=width)
    token = re.compile(_PLACEHOLDER.format(run=run), re.M)
    while token.search(dumped):  # a key and its value stand on one line
        dumped = token.sub(lambda match: _put(match, Dumper.texts, width, keep), dumped)
    return dumped


def _put(match: re.Match[str], texts: list[str], width: float, keep: bool) -> str:
    """The text in its token's place: a block where that can hold it, else quoted."""
    value = texts[int(match["number"])]
    before = match["lead"] + match["key"]
    if match["end"] and len(value) > _LONGEST_KEY:
        return f"{match['lead']}? {quoted(value)}\n{' ' * len(match['lead'])}:"
    can_be_block = can_be_seen(value) and ("\n" in value or _has_folds(value)) and (keep or not is_kept(value))
    if match["end"] or not can_be_block:
        return f"{before}{quoted(value)}{match['end']}"
    indent = " " * (len(match["lead"]) + (2 if match["key"] else 0))
    header, *lines = literal(value) if "\n" in value else [">-", *fold(value, width - len(indent))]
    return before + "\n".join([header, *(f"{indent}{line}" if line else "" for line in lines)])


def _has_folds(text: str) -> bool:
    """Whether one line may be written as several: between words, where one space stands, and nothing acts on it."""
    return _FOLD.search(text) is not None and can_be_folded(text)


def can_be_folded(text: str) -> bool:
    """Whether a line may stand in a folded block."""
    return text == text.strip() and not _FOLDS.search(text)


def fold(text: str, width: float) -> list[str]:
    """A line as lines that are no wider, as far as it has spaces."""
    lines: list[str] = []
    for words in _FOLD.split(text):
        if lines and len(lines[-1]) + 1 + len(words) <= width:
            lines[-1] += f" {words}"
        else:
            lines.append(words)
    return lines


def literal(text: str) -> list[str]:
    """The lines of a text as a literal block: the header, as for a block two to the right of its key, and the text."""
    first = text.split("\n", 1)[0]
    indicator = "2" if not first.strip() or first[0] in " \t" else ""
    body = text if chomping(text) == "-" else text[:-1]
    return [f"|{indicator}{chomping(text)}", *body.split("\n")]


def chomping(text: str) -> str:
    """What the header of a block says about the line ends behind its text."""
    kept = text.rstrip("\n")
    return "-" if kept == text else "" if text == f"{kept}\n" and kept else "+"


def is_kept(text: str) -> bool:
    """Whether a block of the text has to keep the line ends behind it."""
    return literal(text)[0].endswith("+")


def _needs_token(value: str) -> bool:
    """Whether PyYAML would write the text badly."""
    return "\n" in value or not can_be_seen(value) or _FOLDS.search(value) is not None


def quoted(text: str) -> str:
    """The text on one line in double quotes; nothing invisible in the open, nothing that acts where it is printed."""
    inner = "".join(map(_escaped, text)).replace("##", "#\\x23")
    return f'"{inner}"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if is_visible(character):
        return character
    return f"\\u{ord(character):04X}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08X}"


def can_be_seen(value: str) -> bool:
    """Whether every character can be seen as what it is, and nothing acts on what shows it."""
    return not _ACTS.search(value) and all(character in "\n\t" or is_visible(character) for character in value)


def is_visible(character: str) -> bool:
    """Whether a character can be seen; a line feed and a tab cannot."""
    return unicodedata.category(character) not in _INVISIBLE
