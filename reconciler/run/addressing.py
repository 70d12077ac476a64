"""Which resources the arguments of a command name: the one way from keys, addresses and globs to addresses."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatchcase

from reconciler.console.failure import Failure
from reconciler.diagnostics import did_you_mean, nearest
from reconciler.kinds import KINDS
from reconciler.model import Address

_REVISION = re.compile(r"HEAD|main|master|origin/.+|\S+[~^]\d*")
_MANIFEST = re.compile(r"(?:.*/)?([^/]+)\.(?:yaml|yml|md)")


def addresses_named(
    arguments: Sequence[str], known: Iterable[Address], title: str, environments: Collection[str] = ()
) -> tuple[tuple[Address, ...], frozenset[Address]]:
    """The addresses that keys and globs name, and those named without a glob; one that names none is an error."""
    addresses = sorted(set(known))
    exactly: set[Address] = set()
    chosen: set[Address] = set()
    for word in arguments:
        named = address_named(word, addresses, title)
        hits = [named] if named else [at for at in addresses if fnmatchcase(at.key, word) or fnmatchcase(str(at), word)]
        if not hits:
            raise Failure(f"Nothing is called {word!r} in {title}.", meant(word, addresses, environments))
        chosen.update(hits)
        exactly.update([named] if named else [])
    return tuple(sorted(chosen)), frozenset(exactly)


def address_named(word: str, known: Collection[Address], title: str) -> Address | None:
    """The one address that a word is, else the one whose key it is, if any; a key of two kinds is an error."""
    hits = [at for at in known if str(at) == word] or [at for at in known if at.key == word]
    named = sorted(set(hits))
    if len(named) > 1:
        kinds = " and of ".join(KINDS[at.kind].with_article for at in named)
        ways = " or ".join(f"`{at}`" for at in named)
        raise Failure(f"{word!r} is the key of {kinds} in {title}.", f"write {ways}")
    return named[0] if named else None


def meant(word: str, known: Iterable[Address], environments: Collection[str] = ()) -> str:
    """A remedy that names what was meant: a key, or the addresses of a key of two kinds."""
    addresses = sorted(set(known))
    kind, _, key = word.partition(".")
    if kind in KINDS:
        others = [f"`{at}`" for at in addresses if at.key == key]
        if others:
            return f"did you mean {' or '.join(others)}?"
        return did_you_mean(word, map(str, addresses))
    keys = {at.key for at in addresses}
    if way := _way_of_other_word(word, keys, environments):
        return way
    close = [f"`{at}`" for at in addresses if at.key == nearest(word, keys)]
    return f"did you mean {' or '.join(close)}?" if len(close) > 1 else did_you_mean(word, keys)


def _way_of_other_word(word: str, keys: Collection[str], environments: Collection[str]) -> str:
    """What to write in place of a word that is not a key, but a file, an environment or a revision."""
    file = _MANIFEST.fullmatch(word)
    if file and file[1] in keys:
        return f"write its key in place of the file: `{file[1]}`"
    if word.endswith(".json"):
        return "`reconciler apply PLAN.json` applies a saved plan, without KEYS beside it"
    if word in environments:
        return f"`-e {word}` chooses that environment"
    if _REVISION.fullmatch(word):
        return f"`reconciler plan --base {word}` compares with that revision"
    return "`--help` prints the help of a command" if word == "help" else ""
