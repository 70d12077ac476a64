"""Names of live objects → keys: short, readable, safe as names of files, and the same on every run."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import count
from typing import Final

from reconciler.model import Address, Live

LONGEST: Final = 64
"""How long a key may be."""
_TAIL: Final = 8  # characters of an id that tell an object without a name
_APOSTROPHES = re.compile("['`´\u2018\u2019\u02bc]")
_NO_LETTERS = re.compile(r"[^a-z0-9]+")
_LATIN = re.compile(r"LATIN SMALL LETTER ([A-Z]{1,2})(?: WITH .*)?")
_MADE_UP = re.compile(
    r"[A-Za-z]+_(?=[A-Za-z-]*[0-9]|[a-z]*[A-Z])[A-Za-z0-9-]+"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{16,}"
)
_WINDOWS_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", *(f"{device}{number}" for device in ("com", "lpt") for number in range(10))]
)
_READ_BY_PEOPLE: Final = frozenset({"readme"})


def keys_of(live: Sequence[Live], taken: Collection[Address]) -> dict[tuple[str, str], str]:
    """A key for each object, by its identity: valid, its own within the kind, and none of those that are taken.

    The oldest object of a name has the name itself; the order of the list does not matter. What a name alone gives
    goes before what gets a number, so that `Bot 2` keeps `bot-2` although there are two called `Bot`.
    """
    used = {Address(address.kind, address.key.lower()) for address in taken}
    keys: dict[tuple[str, str], str] = {}
    waiting: list[tuple[Live, str]] = []
    for one in sorted(live, key=lambda one: (one.kind, one.created_at, one.id)):
        slug = _key_of(one)
        if Address(one.kind, slug) in used:
            waiting.append((one, slug))
        else:
            keys[one.identity] = slug
            used.add(Address(one.kind, slug))
    numbers: defaultdict[Address, Iterator[int]] = defaultdict(lambda: count(2))
    for one, slug in waiting:
        numbered = (_with_number(slug, number) for number in numbers[Address(one.kind, slug)])
        keys[one.identity] = key = next(key for key in numbered if Address(one.kind, key) not in used)
        used.add(Address(one.kind, key))
    return keys


def slug_of(text: str) -> str:
    """The letters and digits of a text in ASCII, joined by hyphens, as far as there are any; at most 64 characters."""
    letters = "".join(map(_in_latin, unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text.casefold()))))
    return _NO_LETTERS.sub("-", letters.casefold()).strip("-")[:LONGEST].strip("-")


def is_safe_stem(stem: str) -> bool:
    """Whether the name is valid on every file system and has no other meaning."""
    first = stem.partition(".")[0].lower()
    return first not in _WINDOWS_DEVICES | _READ_BY_PEOPLE and not stem.lower().endswith((".live", "."))


def _key_of(one: Live) -> str:
    slug = slug_of(one.name or "") or _slug_of_id(one)
    if slug.replace("-", "").isdigit():
        return f"{one.kind}-{slug}"[:LONGEST].rstrip("-")
    return slug if is_safe_stem(slug) else f"{slug}-{one.kind}"


def _slug_of_id(one: Live) -> str:
    """The kind and the last characters of an id that a server made up; an id that a person chose, as a name is."""
    if _MADE_UP.fullmatch(one.id) is None:
        return slug_of(one.id) or one.kind
    return f"{one.kind}-{slug_of(one.id.rpartition('_')[2])[-_TAIL:].strip('-')}"


def _with_number(slug: str, number: int) -> str:
    return f"{slug[: LONGEST - len(str(number)) - 1].rstrip('-')}-{number}"


def _in_latin(character: str) -> str:
    """The letters that a letter is written with in ASCII, where the names of Unicode say so; a mark is dropped."""
    if character.isascii():
        return character
    if unicodedata.combining(character):
        return ""
    match = _LATIN.fullmatch(unicodedata.name(character, ""))
    return match[1].lower() if match else " "
