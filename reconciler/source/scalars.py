"""What an unquoted YAML scalar means, by the rules of YAML 1.1 and within what JSON can say."""

from __future__ import annotations

import re
from typing import Final

from reconciler.source.nodes import DIGITS, Scalar


class NotJsonError(ValueError):
    """A scalar that means something which JSON does not have; the text says what."""

    @property
    def is_number(self) -> bool:
        """Whether a number was meant, so that quoting it is no way out."""
        return str(self) in (_INFINITY, _NO_NUMBER, _BEYOND)


class LongNumberError(ValueError):
    """A number with absurdly many digits."""


_INFINITY: Final = "infinity"
_NO_NUMBER: Final = "not a number"
_BEYOND: Final = "a number beyond the largest there is"
_NUMBER_STARTS: Final = frozenset("+-.0123456789")
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"], None),
    **dict.fromkeys([form for word in ("yes", "true", "on") for form in (word, word.title(), word.upper())], True),
    **dict.fromkeys([form for word in ("no", "false", "off") for form in (word, word.title(), word.upper())], False),
}
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0b_*(?P<binary>[01][01_]*)|0x_*(?P<hex>[0-9a-fA-F][0-9a-fA-F_]*)"
    r"|0_*(?P<octal>[0-7][0-7_]*)|(?P<decimal>0_*|[1-9][0-9_]*))"
)
_BASES: Final = {"binary": 2, "hex": 16, "octal": 8, "decimal": 10}
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)(?:[eE][-+][0-9]+)?")
_FOREIGN: Final = (
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)"), _INFINITY),
    (re.compile(r"\.(?:nan|NaN|NAN)"), _NO_NUMBER),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "a number to the base of sixty"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "a date"),
    (
        re.compile(
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"
        ),
        "a point in time",
    ),
)


def resolve(text: str) -> Scalar:
    """The value of an unquoted scalar; `NotJsonError` or `LongNumberError` where there is none."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    integer = _INTEGER.fullmatch(text)
    if integer:
        return _integer(integer)
    if _FLOAT.fullmatch(text):
        return _float(text)
    for pattern, meaning in _FOREIGN:
        if pattern.fullmatch(text):
            raise NotJsonError(meaning)
    return text


def _integer(match: re.Match[str]) -> int:
    base = str(match.lastgroup)
    digits = match[base].replace("_", "")
    if len(digits) > DIGITS:
        raise LongNumberError
    return int(match["sign"] + digits, _BASES[base])


def _float(text: str) -> float:
    if len(text) > DIGITS:
        raise LongNumberError
    value = float(text.replace("_", ""))
    if value in (float("inf"), float("-inf")):
        raise NotJsonError(_BEYOND)
    return value
