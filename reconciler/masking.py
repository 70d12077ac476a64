"""Secrets removed from values before anything is made of them: once markup has split a key, no search finds it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from operator import is_
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import quote, quote_plus

SHORTEST: Final = 6
"""Characters. What is shorter is not a key, and occurs in ordinary text."""
_SHORTEST_CODE: Final = 8
_HEAD: Final = 12
"""So much of a key's beginning is more than the prefix that all keys of a vendor share."""
_DOTS: Final = ("…", "...")

PLACEHOLDER: Final = re.compile(r"\(the value of [^()\s]+(?: \(line [0-9]+\))?(?: as base64| in a URL)?\)")
"""What stands in the place of a secret whose variable is known."""

T = TypeVar("T")
Word: TypeAlias = Callable[[str, str, str], str]
"""What stands in a secret's place: of the form that was found, the secret itself, and ` as base64` or the like."""


@dataclass(frozen=True, slots=True)
class Mask:
    """What is to be hidden, in every form in which it travels."""

    words: tuple[tuple[str, str], ...] = ()
    """Each form with what stands in its place; the longest first, since one may be a part of another."""
    cut: tuple[tuple[str, str], ...] = ()
    """The same of secrets that may have been cut off."""

    def text(self, text: str) -> str:
        """The text without any secret."""
        for form, word in self.words:
            if form in text:
                text = text.replace(form, word)
        for secret, word in self.cut:
            if secret[:_HEAD] in text:
                text = _less_head(text, secret, word)
        return text

    def deep(self, value: T, skip: tuple[type, ...] = ()) -> T:
        """The value without any secret in its texts; what holds none is the very same object, and so is `skip`."""
        masked: T = _Walk(self, skip).through(value) if self.words else value
        return masked

    def positions(self, text: str) -> Iterator[tuple[int, str]]:
        """Where in the text each secret stands first, and its word."""
        firsts = {word: text.find(form) for form, word in self.words if form in text}
        yield from sorted((at, word) for word, at in firsts.items())

    def starred(self, text: str) -> str:
        """The text with stars for every secret, and every other column where it was."""
        for form, _ in self.words:
            text = text.replace(form, "*" * len(form))
        return text

    def inverse(self) -> Mask:
        """The mask that restores every secret from its placeholder."""
        return Mask(tuple((word, form) for form, word in self.words))


def placeholder(name: str, how: str) -> str:
    """What stands in the place of what a variable holds; `PLACEHOLDER` knows it again."""
    return f"(the value of {name}{how})"


def mask(secrets: Iterable[str], word: Word, *, cut: bool = True) -> Mask:
    """Hides the secrets that are long enough to be any; `cut`, also where only the beginning of one is left."""
    hideable = sorted({secret for secret in secrets if len(secret) >= SHORTEST})
    forms = {form: word(form, secret, how) for secret in hideable for form, how in _forms(secret)}
    forms |= {secret: word(secret, secret, "") for secret in hideable}
    words = sorted(forms.items(), key=lambda pair: (-len(pair[0]), pair[0]))
    heads = ((secret, word(secret, secret, "")) for secret in hideable if len(secret) > _HEAD)
    return Mask(tuple(words), tuple(heads) if cut else ())


@dataclass(slots=True)
class _Walk:
    """A walk through a value; what is met twice stays the same object."""

    mask: Mask
    skip: tuple[type, ...]
    made: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    """By identity, what was met with what it became; both are kept, so that no other takes the identity."""

    def through(self, value: Any) -> Any:
        """The value less every secret in it."""
        if isinstance(value, str):
            return self.mask.text(value)
        if value is None or isinstance(value, (bool, int, float, *self.skip)):
            return value
        if id(value) not in self.made:
            self.made[id(value)] = (value, self._inside(value))
        return self.made[id(value)][1]

    def _inside(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            made = {self.through(key): self.through(member) for key, member in value.items()}
            keys_stay = list(value) == list(made)
            return value if keys_stay and all(value[key] is made[key] for key in made) else made
        if isinstance(value, list | tuple):
            listed = [self.through(member) for member in value]
            return value if all(map(is_, value, listed)) else type(value)(listed)
        if is_dataclass(value) and not isinstance(value, type):
            pairs = ((member.name, getattr(value, member.name)) for member in fields(value))
            changed = {name: made for name, member in pairs if (made := self.through(member)) is not member}
            return replace(value, **changed) if changed else value
        return value


def _forms(secret: str) -> Iterator[tuple[str, str]]:
    """Every way in which a secret is written on its way, and what that way is called."""
    raw = secret.encode(errors="surrogateescape")
    for quoted in (quote(raw), quote(raw, safe=""), quote_plus(raw), "".join(f"%{byte:02X}" for byte in raw)):
        yield from ((form, " in a URL") for form in (quoted, _lower(quoted)))
    for code in _in_base64(raw):
        yield from ((form, " as base64") for form in (code, code.replace("+", "-").replace("/", "_")))
    for ascii_only in (True, False):
        once = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        twice = json.dumps(once, ensure_ascii=ascii_only)[1:-1]
        in_go = once.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
        yield from ((form, "") for form in (once, twice, once.replace("/", "\\/"), in_go))
    in_html = secret.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    by_name = in_html.replace('"', "&quot;").replace("'", "&#x27;")
    by_number = in_html.replace('"', "&#34;").replace("'", "&#39;")
    yield from ((form, "") for form in (in_html, by_name, by_number, by_number.replace("+", "&#43;")))


def _in_base64(raw: bytes) -> Iterator[str]:
    """The secret alone, and what of it shows whatever stands before and after it in the text that was encoded."""
    yield base64.b64encode(raw).decode()
    for shift, skipped in enumerate((0, 2, 3)):
        code = base64.b64encode(bytes(shift) + raw).decode()[skipped : (shift + len(raw)) * 8 // 6]
        if len(code) >= _SHORTEST_CODE:
            yield code


def _lower(quoted: str) -> str:
    parts = quoted.split("%")
    return "%".join([parts[0], *(part[:2].lower() + part[2:] for part in parts[1:])])


def _less_head(text: str, secret: str, word: str) -> str:
    """The text less the beginnings of a secret after which the text was cut off."""
    start = text.find(secret[:_HEAD])
    while start >= 0:
        end = start + _HEAD
        while end < len(text) and text[start : end + 1] == secret[: end + 1 - start]:
            end += 1
        if end == len(text) or text.startswith(_DOTS, end):
            text = text[:start] + word + text[end:]
            end = start + len(word)
        start = text.find(secret[:_HEAD], end)
    return text
