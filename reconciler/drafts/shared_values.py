"""A difference that several manifests share → one named value instead of many patches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from reconciler.drafts.keys import slug_of
from reconciler.drafts.patches import DifferingText, Steps
from reconciler.model import Address

Texts = Mapping[Address, Sequence[DifferingText]]
_OF_IDS = re.compile(r"_ids?\Z")


@dataclass(frozen=True, slots=True)
class SharedValues:
    """The locations and names of new values, and their text in each environment."""

    spots: Mapping[Address, Mapping[Steps, str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By environment, those that it does not have yet."""


@dataclass(frozen=True, slots=True)
class Homes:
    """What is known of the environments."""

    here: str
    existing: Mapping[str, frozenset[Address]]
    """By the name of each other environment, the manifests that exist there."""
    values: Mapping[str, Mapping[str, str]]
    """By environment, the values that it has."""

    def wanted(self, addresses: Collection[Address], before: str, after: str) -> dict[str, str]:
        """What each environment that one of the manifests exists in has to have for a value."""
        there = {name: before for name, known in self.existing.items() if not known.isdisjoint(addresses)}
        return {**there, self.here: after}

    def named(self, wanted: Mapping[str, str]) -> str | None:
        """A value that has what is wanted already wherever it is known, which it is somewhere."""
        for name in sorted({name for env in wanted for name in self.values.get(env, ())}):
            if all(self.values.get(env, {}).get(name, text) == text for env, text in wanted.items()):
                return name
        return None


def shared_values(texts: Texts, homes: Homes) -> SharedValues:
    """One value for each pair of texts that differs alike in two manifests or more.

    A value that manifests name already and the environment lacks gets what most of them have live.
    """
    spots: dict[Address, dict[Steps, str]] = {}
    values: dict[str, dict[str, str]] = {}
    for name, found in _lacking(texts, homes):
        ((after, _),) = Counter(text.after for _, text in found).most_common(1)
        values.setdefault(homes.here, {})[name] = after
        for address, text in found:
            if text.after == after:
                spots.setdefault(address, {})[text.at] = name
    taken = {name for each in (*homes.values.values(), *values.values()) for name in each}
    pairs = list(_recurring(texts))
    stems = Counter(pair.stem for pair in pairs)
    for pair in pairs:
        wanted = homes.wanted(pair.addresses, pair.before, pair.after)
        name = homes.named(wanted) or next(
            name for name in pair.names(alone=stems[pair.stem] == 1) if name not in taken
        )
        taken.add(name)
        for env, needed in wanted.items():
            if name not in homes.values.get(env, {}):
                values.setdefault(env, {})[name] = needed
        for address, at in pair.places:
            spots.setdefault(address, {})[at] = name
    return SharedValues(spots, values)


@dataclass(frozen=True, slots=True)
class _TextPair:
    """A pair of texts, in the manifest and live, with all its locations."""

    before: str
    after: str
    places: Sequence[tuple[Address, Steps]]

    @property
    def addresses(self) -> frozenset[Address]:
        return frozenset(address for address, _ in self.places)

    @property
    def field_name(self) -> str:
        return next(step for step in reversed(self.places[0][1]) if isinstance(step, str))

    @property
    def stem(self) -> str:
        """What a value for its field is called."""
        return _in_name(_OF_IDS.sub("", self.field_name)) or "value"

    def names(self, *, alone: bool) -> Iterator[str]:
        """What a value may be called: like its field if it is the only one, else also like its text or its manifest."""
        if alone:
            yield self.stem
        is_id = _OF_IDS.search(self.field_name)
        longer = "_".join(
            filter(None, (self.stem, _in_name(self.places[0][0].key if is_id else self.before)[:40].strip("_")))
        )
        yield longer
        yield from (f"{longer}_{number}" for number in count(2))


def _lacking(texts: Texts, homes: Homes) -> Iterator[tuple[str, list[tuple[Address, DifferingText]]]]:
    known = homes.values.get(homes.here, {})
    named: dict[str, list[tuple[Address, DifferingText]]] = {}
    for address, found in sorted(texts.items()):
        for text in found:
            if text.value is not None and text.value not in known:
                named.setdefault(text.value, []).append((address, text))
    yield from sorted(named.items())


def _recurring(texts: Texts) -> Iterator[_TextPair]:
    """The pairs that two manifests have, in the order of their first places."""
    places: dict[tuple[str, str], list[tuple[Address, Steps]]] = {}
    for address in sorted(texts):
        for text in texts[address]:
            if text.value is None:
                places.setdefault((text.before, text.after), []).append((address, text.at))
    for (before, after), found in places.items():
        pair = _TextPair(before, after, found)
        if len(pair.addresses) > 1:
            yield pair


def _in_name(text: str) -> str:
    return slug_of(text).replace("-", "_")
