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
_FOLDS = re.compile(r"\s::")  # to the same, where a long line is folded
_NUMBER_ELSEWHERE = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|0o[0-7]+")
"""What is text to us, and a number to readers of YAML 1.2."""
_LINE = 100
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


class OneLine(dict[str, Json]):
    """A mapping without lists and mappings that stands on one line where it fits, such as `{file: prompts/hr.md}`."""


class _Dumper(yaml.SafeDumper):
    """Sequences indented below their key; texts that PyYAML would write badly stand as tokens for now."""

    texts: list[str]
    run: str

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_line(self, data: OneLine) -> yaml.MappingNode:
        texts = [text for text in (*data.keys(), *data.values()) if isinstance(text, str)]
        fits = sum(map(len, texts)) <= _LINE and not any(map(_needs_token, texts))
        return self.represent_mapping("tag:yaml.org,2002:map", data, flow_style=fits)

    def represent_text(self, value: str) -> yaml.ScalarNode:
        if _needs_token(value):
            self.texts.append(value)
            value = f"TEXT{len(self.texts) - 1}OF{self.run}"
        style = "'" if _NUMBER_ELSEWHERE.fullmatch(value) else None
        node: yaml.ScalarNode = self.represent_scalar("tag:yaml.org,2002:str", value, style=style)
        return node


_Dumper.add_representer(str, _Dumper.represent_text)
_Dumper.add_representer(OneLine, _Dumper.represent_line)


def write(data: Json, *, width: float = 100) -> str:
    """The data as YAML; reading it gives the same data. Unquoted text is folded where it is wider."""
    shown, run = repr(data), "x"  # letters that stand nowhere in the data, so that no text can pose as a token
    while f"OF{run}" in shown:
        run += "x"

    class Dumper(_Dumper):
        pass

    Dumper.texts, Dumper.run = [], run
    dumped = yaml.dump(data, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=width)
    token = re.compile(_PLACEHOLDER.format(run=run), re.M)
    while token.search(dumped):
        dumped = token.sub(lambda match: _put(match, Dumper.texts), dumped)  # a key and its value stand on one line
    return dumped


def _put(match: re.Match[str], texts: list[str]) -> str:
    """The text in its token's place: a literal block where that can hold it, else quoted."""
    value = texts[int(match["number"])]
    before = match["lead"] + match["key"]
    if match["end"] or "\n" not in value or not can_be_seen(value):
        return f"{before}{quoted(value)}{match['end']}"
    header, *lines = literal(value)
    indent = " " * (len(match["lead"]) + (2 if match["key"] else 0))
    return before + "\n".join([header, *(f"{indent}{line}" if line else "" for line in lines)])


def literal(text: str) -> list[str]:
    """The lines of a text as a literal block: the header, as for a block two to the right of its key, and the text."""
    first, kept = text.split("\n", 1)[0], text.rstrip("\n")
    indicator = "2" if not first.strip() or first[0] in " \t" else ""
    chomping = "-" if kept == text else "" if text == f"{kept}\n" and kept else "+"
    body = text if chomping == "-" else text[:-1]
    return [f"|{indicator}{chomping}", *body.split("\n")]


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
    if _is_visible(character):
        return character
    return f"\\u{ord(character):04X}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08X}"


def can_be_seen(value: str) -> bool:
    """Whether every character can be seen as what it is, and nothing acts on what shows it."""
    return not _ACTS.search(value) and all(character in "\n\t" or _is_visible(character) for character in value)


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE
