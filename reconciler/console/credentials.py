"""Secrets that this process knows: keys and the like, hidden in whatever it prints, writes and sends."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from reconciler.config import Config
    from reconciler.diagnostics import Diagnostic
    from reconciler.masking import Mask

_CREDENTIAL = re.compile(r"((^|_)(KEY|PAT)|APIKEY|TOKEN|SECRET|PASSWORD|PASSPHRASE)$", re.IGNORECASE)
_WORDS = re.compile(r"[A-Za-z]+(?:[ _./:-]+[A-Za-z]+)*")
_LONG = 8
_LONG_WORDS = 20
"""Characters: words that are longer are a passphrase, and no setting such as `created_at`."""
_LONG_LINE = 16


@dataclass(slots=True)
class _Secrets:
    """What there is to hide in one run: one for all its tasks, since a task may learn what another prints."""

    names: frozenset[str] = frozenset()
    of_no_variable: dict[str, str] = field(default_factory=dict)
    all: tuple[tuple[str, str], ...] = ()
    """By variable: looked up once, since every line that is printed needs it."""

    def look_up(self) -> None:
        found = {**keys_in_environment(self.names), **self.of_no_variable}
        self.all = tuple(sorted(found.items()))


_SECRETS: ContextVar[_Secrets | None] = ContextVar("_SECRETS", default=None)


def _known() -> _Secrets:
    known = _SECRETS.get()
    if known is None:
        _SECRETS.set(known := _Secrets())
    return known


def learn(names: Iterable[str] = (), *, afresh: bool = False) -> None:
    """Hides from here on what is in variables of these names, and in all that are named like a key."""
    if afresh:
        _SECRETS.set(_Secrets())
    _known().names |= frozenset(names)
    _known().look_up()


def learn_secret(name: str, secret: str) -> None:
    """Hides a secret that no variable holds from here on, in every task; by the name it is called in its place."""
    known = _known()
    count = sum(each.partition(":")[0] == name for each in known.of_no_variable)
    known.of_no_variable[f"{name}:{count + 1}" if count else name] = secret
    known.look_up()


def learn_found(found: Iterable[tuple[str, str]]) -> None:
    """Hides what was found where secrets are kept, as far as it may be a key: by its name, each once."""
    for name, value in found:
        if _may_be_key(value) and value not in _known().of_no_variable.values():
            learn_secret(name, value)


def hidden() -> Mask:
    """What hides every secret that this process knows."""
    return _mask(_known().all)


@lru_cache(maxsize=4)
def _mask(secrets: tuple[tuple[str, str], ...]) -> Mask:
    from reconciler.masking import Mask, mask, placeholder

    name_of = {secret: name for name, secret in reversed(secrets)}
    return mask(name_of, lambda form, secret, how: placeholder(name_of[secret], how)) if secrets else Mask()


def less_secrets(
    faults: tuple[Diagnostic, ...], sources: Mapping[str, str]
) -> tuple[tuple[Diagnostic, ...], Mapping[str, str]]:
    """Diagnostics, and the texts that they are about with every column where it was, without secrets."""
    from reconciler.diagnostics import Location

    mask = hidden()
    return mask.deep(faults, (Location,)), {file: mask.starred(text) for file, text in sources.items()}


def hidden_below_first_line(text: str) -> str:
    """The text without secrets, but for its first line, by which it has to be found again."""
    first, end, rest = text.partition("\n")
    return first + end + hidden().text(rest)


def of_config(config: Config) -> frozenset[str]:
    """Everything that is a key: what the configuration names, what is named like one, and what commands printed."""
    return frozenset((*keys_in_environment(config.secret_variables()).values(), *_known().of_no_variable.values()))


def _environ() -> Iterator[tuple[str, str]]:
    return ((name, value.strip()) for name, value in os.environ.items())


def keys_in_environment(names: Collection[str]) -> Mapping[str, str]:
    """By variable, what is a key: in variables of these names, and of names like a key's."""
    alike = {name: value for name, value in _environ() if _CREDENTIAL.search(name) and _may_be_key(value)}
    named = {name: value for name, value in _environ() if name in names and len(value) >= _LONG}
    every = {**alike, **named}
    lines = {line: name for name, value in every.items() if "\n" in value for line in _key_lines(value)}
    return {**every, **{f"{name} (line {at})": line for at, (line, name) in enumerate(lines.items(), 1)}}


def secrets_in(sources: Mapping[str, str]) -> Iterator[Diagnostic]:
    """A warning for each key of this environment that a file contains: whoever can read the file has the key."""
    from reconciler.diagnostics import Diagnostic, Location

    remedy = "remove it from the file and from the history of Git, and replace the key"
    for file, text in sources.items():
        for at, word in hidden().positions(text):
            line, start = text.count("\n", 0, at) + 1, text.rfind("\n", 0, at)
            message = f"The file contains {word.strip('()')}."
            yield Diagnostic(Location(file, line, at - start), "secret-in-file", message, remedy, "warning")


@contextmanager
def secrets_hidden() -> Iterator[None]:
    """Within, no secret is printed: the last line of defense, behind whatever hides it in values."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, _MaskedStream(stream)) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _MaskedStream:
    """A stream that is written without secrets."""

    def __init__(self, inner: TextIO) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, text: str) -> int:
        """Writes the text without secrets."""
        self._inner.write(hidden().text(text) if _known().all else text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """The same, line by line."""
        for line in lines:
            self.write(line)


def _may_be_key(value: str) -> bool:
    """Whether a value is long enough for a key, and no plain words."""
    return len(value) >= _LONG_WORDS or (len(value) >= _LONG and not _WORDS.fullmatch(value))


def _key_lines(value: str) -> Iterator[str]:
    """The lines of a key of several, each of which may be printed by itself."""
    return (line for line in value.splitlines() if len(line) >= _LONG_LINE and not line.startswith("-----"))
