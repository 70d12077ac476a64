"""What a record of a run tells: its facts, one a line → what was done over what, and what became of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.model import Target
from reconciler.paths import Path

FORMAT = "1.0"
LEFT_OUT = "(a secret: {})"
_LEFT_OUT = re.compile(r"\(a secret: [0-9a-f]{8}\)")
_HAPPENED = ("done", "unsettled", None)
"""How a write ended that changed something; one without an outcome may have."""
_SETTLED_SECONDS = 180.0
"""After so long a create has been sent, or never will be, and is in every list that can be relied on."""


class BadRecord(ValueError):
    """A text that is no record of a run."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a run is known by."""

    run: str
    began: str
    command: str
    where: Target
    nonce: str
    commit: str | None = None
    fingerprint: str = ""
    rolls_back: str | None = None
    rejected: Mapping[str, str] = field(default_factory=dict)
    """By address, digests of what a rollback rejects."""


@dataclass(frozen=True, slots=True)
class Step:
    """One write of a run: to what, and what it overwrote."""

    kind: str
    key: str
    action: str
    id: str | None
    before: Mapping[str, Json] | None
    wanted: str | None
    patch: Mapping[str, Json] = field(default_factory=dict)
    ignore: tuple[Path, ...] = ()
    """What was left to the dashboard."""
    at: float | None = None
    """When it was begun, in seconds since the epoch."""

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.key}"

    @property
    def is_whole(self) -> bool:
        """Whether the record held everything that was overwritten, and no secret had to be left out."""
        return _LEFT_OUT.search(json.dumps(self.before)) is None

    def with_id(self, id: str | None) -> Step:
        """The same step, with the id that its outcome told."""
        return self if self.id is not None or id is None else replace(self, id=id)


@dataclass(frozen=True, slots=True)
class Past:
    """A run as its record tells it."""

    head: Head
    steps: tuple[Step, ...]
    outcomes: Mapping[str, str]
    """By address, what became of it; one that is missing was cut off."""
    ended: bool
    in_doubt: Mapping[str, bool] = field(default_factory=dict)
    """By address, what may have happened although it failed: whether it was looked for in vain for long enough."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the last runs from here created, and what they may have created; a list may not show it yet."""

    made: Mapping[str, str] = field(default_factory=dict)
    """By address, the id of what was created."""
    ages: Mapping[str, float] = field(default_factory=dict)
    """By id, how many seconds ago its create was begun, where that is known."""
    doubts: Mapping[str, bool] = field(default_factory=dict)
    """By address, a create without an outcome: whether a list that shows what is known to exist would show it."""
    begun: Mapping[str, float] = field(default_factory=dict)
    """By address, how many seconds ago such a create was begun, where that is known."""
    nonces: frozenset[str] = frozenset()
    """By which what those runs made is known."""


def parse(lines: Iterable[str]) -> Past:
    """What the lines tell; one that a kill cut off is passed over."""
    facts = list(_facts(lines))
    if not facts or facts[0].get("type") != "run":
        raise BadRecord("it is not a record of a run")
    if str(facts[0].get("format")).partition(".")[0] != FORMAT.partition(".")[0]:
        raise BadRecord(f"its format is {facts[0].get('format')!r}, and this version of reconciler reads 1.x only")
    outcomes = [fact for fact in facts if fact.get("type") == "outcome"]
    ids = {_text(fact, "address"): _text(fact, "id") for fact in outcomes if fact.get("id") is not None}
    steps = (_step(fact) for fact in facts if fact.get("type") == "intent")
    return Past(
        head=_head(facts[0]),
        steps=tuple(step.with_id(ids.get(step.address)) for step in steps),
        outcomes={_text(fact, "address"): _text(fact, "outcome") for fact in outcomes},
        ended=facts[-1].get("type") == "end",
        in_doubt={
            _text(fact, "address"): fact.get("looked") is True for fact in outcomes if fact.get("in_doubt") is True
        },
    )


def head_to_dict(head: Head) -> dict[str, Any]:
    """The head of a run as its record tells it."""
    where = {name: getattr(head.where, name) for name in Target.__dataclass_fields__}
    members = {name: getattr(head, name) for name in Head.__dataclass_fields__}
    return {**members, "rejected": dict(head.rejected), "where": where}


def active_rejections(runs: Iterable[Past], where: Target) -> dict[str, str]:
    """By address, digests of what rollbacks rejected; what was applied since rejects nothing any more."""
    found: dict[str, str] = {}
    for past in runs:
        if not is_of(past.head.where, where):
            continue
        tried = {step.address for step in past.steps} | past.outcomes.keys()
        written = {address for address in tried if past.outcomes.get(address) in _HAPPENED}
        found = {address: digest for address, digest in found.items() if address not in written}
        found.update((address, digest) for address, digest in past.head.rejected.items() if address in written)
    return found


def earlier(runs: Iterable[Past], now: float) -> Earlier:
    """What runs created, the oldest first, and what of it nobody knows at a moment since the epoch."""
    made: dict[str, str] = {}
    ages: dict[str, float] = {}
    doubts: dict[str, bool] = {}
    begun: dict[str, float] = {}
    nonces: list[str] = []
    for past in runs:
        creates = [step for step in past.steps if step.action == "create"]
        made.update((step.address, step.id) for step in creates if step.id is not None)
        ages.update((step.id, now - step.at) for step in creates if step.id is not None and step.at is not None)
        doubts = _still(doubts, past)
        doubts.update((step.address, _is_over(step, past, now)) for step in creates if _is_open(step, past))
        begun.update((step.address, now - step.at) for step in creates if step.at is not None)
        nonces.append(past.head.nonce)
    return Earlier(made, ages, doubts, begun, frozenset(nonces))


def _still(doubts: Mapping[str, bool], past: Past) -> dict[str, bool]:
    """What stays in doubt after a run that may have settled it, or looked for it in vain."""
    settled = {address for address, outcome in past.outcomes.items() if outcome != "skipped"} - past.in_doubt.keys()
    return {a: looked or past.in_doubt.get(a, False) for a, looked in doubts.items() if a not in settled}


def _is_open(step: Step, past: Past) -> bool:
    return step.address not in past.outcomes or step.address in past.in_doubt


def _is_over(step: Step, past: Past, now: float) -> bool:
    """Whether a list that can be relied on would show it by now."""
    return past.in_doubt.get(step.address, False) or (step.at is not None and now - step.at > _SETTLED_SECONDS)


def is_of(there: Target, here: Target) -> bool:
    """Whether a run was of this very place."""
    names = ("stack", "environment", "provider", "base_url", "project")
    return all(getattr(there, name) == getattr(here, name) for name in names)


def _facts(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            fact = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(fact, dict):
            yield fact


def _head(fact: Mapping[str, Any]) -> Head:
    where = _mapping(fact, "where")
    return Head(
        run=_text(fact, "run"),
        began=_text(fact, "began"),
        command=_text(fact, "command"),
        where=Target(
            stack=_text(where, "stack"),
            environment=_text(where, "environment"),
            provider=_text(where, "provider"),
            base_url=_text(where, "base_url"),
            organization=_perhaps(where, "organization"),
            project=_perhaps(where, "project"),
        ),
        nonce=_text(fact, "nonce"),
        commit=_perhaps(fact, "commit"),
        fingerprint=_text(fact, "fingerprint"),
        rolls_back=_perhaps(fact, "rolls_back"),
        rejected={address: _text(_mapping(fact, "rejected"), address) for address in _mapping(fact, "rejected")},
    )


def _step(fact: Mapping[str, Any]) -> Step:
    kind = _text(fact, "kind")
    if kind not in KINDS:
        raise BadRecord(f"it is about a kind that this version does not know: {kind!r}")
    return Step(
        kind=kind,
        key=_text(fact, "key"),
        action=_text(fact, "action"),
        id=_perhaps(fact, "id"),
        before=None if fact.get("before") is None else _mapping(fact, "before"),
        wanted=_perhaps(fact, "wanted"),
        patch=_mapping(fact, "patch"),
        ignore=_paths(fact.get("ignore", [])),
        at=at if isinstance(at := fact.get("at"), int | float) else None,
    )


def _paths(listed: Any) -> tuple[Path, ...]:
    if not (isinstance(listed, list) and all(isinstance(path, list) and path for path in listed)):
        raise BadRecord("`ignore` is not a list of paths")
    return tuple(tuple(str(step) for step in path) for path in listed)


def _text(fact: Mapping[str, Any], name: str) -> str:
    value = fact.get(name)
    if not isinstance(value, str):
        raise BadRecord(f"`{name}` is missing, or is not text")
    return value


def _perhaps(fact: Mapping[str, Any], name: str) -> str | None:
    return None if fact.get(name) is None else _text(fact, name)


def _mapping(fact: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = fact.get(name)
    if not isinstance(value, dict):
        raise BadRecord(f"`{name}` is missing, or is not a mapping")
    return value
