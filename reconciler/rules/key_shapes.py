"""Texts that look like secrets: known shapes of keys, and strong passwords. Placeholders and examples are none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from reconciler.diagnostics import Location
from reconciler.rules.rule import Rule, RuleFinding
from reconciler.source import Positions

_SHAPES: Final = (
    ("an API key (`sk-…`)", ("sk-",), r"\bsk-[A-Za-z0-9_-]{20,}"),
    ("a token of GitHub", ("gh", "github_pat_"), r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    ("a token of GitLab", ("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("an access key of AWS", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a token of Slack", ("xox",), r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}"),
    ("a key of Google", ("AIza",), r"\bAIza[A-Za-z0-9_-]{35}"),
    ("a token of Hugging Face", ("hf_",), r"\bhf_[A-Za-z0-9]{30,}"),
    ("a key of Azure", ("Key=",), r"\b(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{40,}"),
    ("a key of Stripe", ("k_live_",), r"\b[rs]k_live_[A-Za-z0-9]{16,}"),
    ("a JSON Web Token", ("eyJ",), r"\beyJ[A-Za-z0-9_-]{8,500}\.eyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]{20,}"),
    (
        "a private key",
        ("PRIVATE KEY",),
        r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----(?:\s|\\n)+(?:[A-Za-z0-9+/=]{16,}(?:\s|\\n)*){2,}",
    ),
)
"""What it looks like, the texts of which one is in each, and its shape."""
_PATTERNS: Final = tuple((looks, hints, re.compile(shape)) for looks, hints, shape in _SHAPES)
_PASSWORD: Final = re.compile(
    r"(?i:password|passwd|secret|api[_-]?key|access[_-]?token|auth[_-]?token)"
    r"[\"'`]?[ \t]*[:=][ \t]*[\"'`]?([^\s\"'`<>{}()$]{16,200})"
)
_BEFORE_PASSWORDS: Final = ("password", "passwd", "secret", "key", "token")
_IN_URL: Final = re.compile(r"://[^\s:/@]{1,100}:([^\s/@<>{}()$]{16,200})@")
_IN_CODE: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*){2,}")
_PLACEHOLDER: Final = re.compile(
    r"(?i)example|x{4}|0{6}|\*{3}|\.{3}|…|your|placeholder|dummy|sample|changeme|redacted|fake|insert"
    r"|12345678|abcdefgh|(?<![A-Za-z0-9])(?:test|todo|demo)(?![A-Za-z0-9])|eyJzdWIiOiIxMjM0NTY3ODkwI"
    r"|eyJpc3MiOiJqb2UiLA0K|2YotnFZFEjr1zCsicMWpAA|tGzv3JOkF0XG5Qx2TlKWIA|7Fjfp0ZBr1KtDRbnfVdmIw|Eby8vdM02xNOcqFl"
)
"""The last ones are of RFC 7519 and RFC 6749, and the key of Azure's emulator."""
_WORD: Final = re.compile(r"[A-Z]?[a-z]{3,}")
_RUN: Final = re.compile(r"[A-Za-z0-9+/]{16,}")
_DISTINCT: Final = 10
"""So many different characters a random key of sixteen has nearly always."""


def possible_secrets(text: str) -> list[tuple[int, int, str]]:
    """From where to where each of them stands, and what it looks like; in order, and none within another."""
    found = [
        (*match.span(), looks)
        for looks, hints, pattern in _PATTERNS
        if any(hint in text for hint in hints)
        for match in pattern.finditer(text)
        if _is_random(match[0])
    ]
    folded = text.casefold()
    stated = _PASSWORD.finditer(text) if any(word in folded for word in _BEFORE_PASSWORDS) else ()
    passwords = (match for match in (*stated, *_IN_URL.finditer(text)) if _is_strong(match[1]))
    found += [(*match.span(1), "a password or a key") for match in passwords]
    apart: list[tuple[int, int, str]] = []
    for start, end, looks in sorted(found):
        if not apart or start >= apart[-1][1]:
            apart.append((start, end, looks))
    return apart


def starred(text: str) -> str:
    """The text with stars for everything that looks like a secret, and every other column where it was."""
    for start, end, _ in possible_secrets(text):
        text = text[:start] + re.sub(r"\S", "*", text[start:end]) + text[end:]
    return text


def _is_random(text: str) -> bool:
    """Whether it is no placeholder: a long run of many letters and digits."""
    if _PLACEHOLDER.search(text) or len(set(text)) < _DISTINCT:
        return False
    return any(re.search(r"[0-9]", run) and re.search(r"[A-Za-z]", run) for run in _RUN.findall(text))


def _is_strong(text: str) -> bool:
    """Whether it can be nothing but a generated password: no name of a variable, no path or address, no words."""
    digits = re.findall("[0-9]+", text)
    is_of_words = sum(map(len, _WORD.findall(text))) > len(text) * 0.6
    is_name = is_of_words or text.count("/") > 1 or "://" in text or _IN_CODE.fullmatch(text)
    return (
        not is_name and len(digits) > 1 and all(map(re.search, ("[a-z]", "[A-Z]"), (text, text))) and _is_random(text)
    )


def _secrets(file: str, text: str) -> Iterator[RuleFinding]:
    positions = Positions(text, file)
    for start, _, looks in possible_secrets(text):
        place: Location = positions.place(start)
        remedy = "remove it from the file and from the history of Git, and replace it"
        yield RuleFinding(place, f"This looks like {looks}; everybody who can read the file has it.", remedy)


POSSIBLE_SECRET = Rule("possible-secret", "warning", "A text looks like a key or a password.", of_text=_secrets)
