"""The record of a run: facts, one a line → what was done over what, and what became of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.model import REMOVALS, Address, Target
from reconciler.paths import Path

FORMAT = "1.0"
LEFT_OUT = "(a secret: {})"
_LEFT_OUT = re.compile(r"\(a secret: [0-9a-f]{8}\)")
IN_DOUBT = "in doubt"
"""Of a failed write, that it may have happened all the same."""
_HAPPENED = ("done", "unsettled", None)
"""The outcomes of a write that changed something; one without an outcome may have."""
_OUTCOME = '{"type":"outcome",'
_SETTLED_SECONDS = 180.0
"""After so long a create has been sent, or never will be, and is in every list that can be relied on."""


class BadRecord(ValueError):
    """A text that is not a record of a run."""


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
    by: str | None = None
    """Who ran it, as far as is known."""


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
        """The same step, with the id that its outcome reported."""
        return self if self.id is not None or id is None else replace(self, id=id)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one object in a run, in the record's words, and why."""

    address: str
    action: str
    id: str | None
    outcome: str
    message: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run according to its record."""

    head: Head
    steps: tuple[Step, ...]
    outcomes: Mapping[str, str]
    """By address, what became of it; one that is missing was cut off."""
    ended: bool
    in_doubt: Mapping[str, bool] = field(default_factory=dict)
    """By address, what may have happened although it failed: whether it was looked for in vain for long enough."""
    further: tuple[str, ...] = ()
    """What became of other objects with an address that is among the outcomes: duplicates have one address."""
    results: tuple[Result, ...] = ()
    """What became of each object, in the order in which it did."""
    notices: tuple[str, ...] = ()
    """What else was seen."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the last runs from here created or may have created; a list may not show it yet."""

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


def parse(lines: Iterable[str]) -> RunRecord:
    """The run that the lines record; a line that a kill cut off is ignored."""
    facts = list(_record_facts(lines))
    if not facts or facts[0].type != "run":
        raise BadRecord("it is not a record of a run")
    form = facts[0].values.get("format")
    if str(form).partition(".")[0] != FORMAT.partition(".")[0]:
        raise BadRecord(f"its format is {form!r}, and this version of reconciler reads 1.x only")
    outcomes = [(fact.text("address"), fact) for fact in facts if fact.type == "outcome"]
    by_object = {(address, fact.optional("id")): fact.text("outcome") for address, fact in outcomes}
    last = {address: fact.optional("id") for address, fact in outcomes}
    ids = {address: fact.text("id") for address, fact in outcomes if fact.values.get("id") is not None}
    in_doubt = [(address, fact) for address, fact in outcomes if fact.values.get("in_doubt") is True]
    steps = (_step(fact) for fact in facts if fact.type == "intent")
    return RunRecord(
        head=_run_head(facts[0]),
        steps=tuple(step.with_id(ids.get(step.address)) for step in steps),
        outcomes={address: fact.text("outcome") for address, fact in outcomes},
        ended=facts[-1].type == "end",
        in_doubt={address: fact.values.get("looked") is True for address, fact in in_doubt},
        further=tuple(outcome for (address, id), outcome in by_object.items() if id != last[address]),
        results=tuple(_result(fact) for _, fact in outcomes),
        notices=tuple(str(fact.values.get("text")) for fact in facts if fact.type == "notice"),
    )


def head_to_dict(head: Head) -> dict[str, Any]:
    """The head of a run as its record states it."""
    where = {name: getattr(head.where, name) for name in Target.__dataclass_fields__}
    members = {name: getattr(head, name) for name in Head.__dataclass_fields__}
    return {**members, "rejected": dict(head.rejected), "where": where}


def active_rejections(runs: Iterable[RunRecord], where: Target) -> dict[str, str]:
    """By address, digests of what rollbacks rejected; what was applied since rejects nothing any more."""
    active: dict[str, str] = {}
    for run in runs:
        if not is_of(run.head.where, where):
            continue
        tried = {step.address for step in run.steps} | run.outcomes.keys()
        written = {address for address in tried if run.outcomes.get(address) in _HAPPENED}
        active = {address: digest for address, digest in active.items() if address not in written}
        active.update((address, digest) for address, digest in run.head.rejected.items() if address in written)
    return active


def earlier(runs: Iterable[RunRecord], now: float) -> Earlier:
    """What runs created, the oldest first, and what of it is unknown at a moment since the epoch."""
    made: dict[str, str] = {}
    ages: dict[str, float] = {}
    doubts: dict[str, bool] = {}
    begun: dict[str, float] = {}
    nonces: set[str] = set()
    for run in runs:
        settled = {a for a, outcome in run.outcomes.items() if outcome != "skipped"} - run.in_doubt.keys()
        doubts = {a: looked or run.in_doubt.get(a, False) for a, looked in doubts.items() if a not in settled}
        nonces.add(run.head.nonce)
        for step in run.steps:
            if step.action != "create":
                continue
            if step.id is not None:
                made[step.address] = step.id
            if step.at is not None:
                begun[step.address] = now - step.at
            if step.id is not None and step.at is not None:
                ages[step.id] = now - step.at
            if step.address not in run.outcomes or step.address in run.in_doubt:
                is_over = step.at is not None and now - step.at > _SETTLED_SECONDS
                doubts[step.address] = run.in_doubt.get(step.address, False) or is_over
    return Earlier(made, ages, doubts, begun, frozenset(nonces))


def left_managed(runs: Iterable[Iterable[str]], where: Target) -> dict[tuple[str, str], Address | None]:
    """By kind and id, the address of each object that the runs left managed, the oldest first; None where they let go.

    Of each run only its head and its outcomes are read: the rest is long. What cannot be read says nothing.
    """
    managed: dict[tuple[str, str], Address | None] = {}
    for lines in map(iter, runs):
        with suppress(BadRecord):
            heads = [_run_head(fact) for fact in _record_facts([next(lines, "")])]
            if any(is_of(head.where, where) for head in heads):
                _follow(_record_facts(line for line in lines if line.startswith(_OUTCOME)), managed)
    return managed


def _follow(outcomes: Iterable[_Fact], managed: dict[tuple[str, str], Address | None]) -> None:
    """Notes which objects are managed after these outcomes, and which are not any more."""
    for fact in outcomes:
        id = fact.optional("id")
        if id is None or fact.text("outcome") not in _HAPPENED:
            continue
        at = Address(fact.text("kind"), fact.text("key"))
        managed[at.kind, id] = None if fact.text("action") in REMOVALS else at


def is_of(there: Target, here: Target) -> bool:
    """Whether a run had this very target."""
    return there.identity == here.identity


@dataclass(frozen=True, slots=True)
class _Fact:
    """A line of a record, read member by member."""

    values: Mapping[str, Any]

    @property
    def type(self) -> Any:
        return self.values.get("type")

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if not isinstance(value, str):
            raise BadRecord(f"`{name}` is missing, or is not text")
        return value

    def optional(self, name: str) -> str | None:
        return None if self.values.get(name) is None else self.text(name)

    def mapping(self, name: str) -> dict[str, Any]:
        value = self.values.get(name)
        if not isinstance(value, dict):
            raise BadRecord(f"`{name}` is missing, or is not a mapping")
        return value


def _record_facts(lines: Iterable[str]) -> Iterator[_Fact]:
    for line in lines:
        with suppress(ValueError, RecursionError):
            values = json.loads(line)
            if isinstance(values, dict):
                yield _Fact(values)


def _run_head(fact: _Fact) -> Head:
    where, rejected = _Fact(fact.mapping("where")), _Fact(fact.mapping("rejected"))
    return Head(
        run=fact.text("run"),
        began=fact.text("began"),
        command=fact.text("command"),
        where=Target(
            stack=where.text("stack"),
            environment=where.text("environment"),
            provider=where.text("provider"),
            base_url=where.text("base_url"),
            organization=where.optional("organization"),
            project=where.optional("project"),
        ),
        nonce=fact.text("nonce"),
        commit=fact.optional("commit"),
        fingerprint=fact.text("fingerprint"),
        rolls_back=fact.optional("rolls_back"),
        rejected={address: rejected.text(address) for address in rejected.values},
        by=fact.optional("by"),
    )


def _result(fact: _Fact) -> Result:
    return Result(
        address=fact.text("address"),
        action=fact.optional("action") or "",
        id=fact.optional("id"),
        outcome=IN_DOUBT if fact.values.get("in_doubt") is True else fact.text("outcome"),
        message=fact.optional("message"),
        request_id=fact.optional("request_id"),
    )


def _step(fact: _Fact) -> Step:
    kind, ignore, at = fact.text("kind"), fact.values.get("ignore", []), fact.values.get("at")
    if kind not in KINDS:
        raise BadRecord(f"it is about a kind that this version does not know: {kind!r}")
    if not (isinstance(ignore, list) and all(isinstance(path, list) and path for path in ignore)):
        raise BadRecord("`ignore` is not a list of paths")
    return Step(
        kind=kind,
        key=fact.text("key"),
        action=fact.text("action"),
        id=fact.optional("id"),
        before=None if fact.values.get("before") is None else fact.mapping("before"),
        wanted=fact.optional("wanted"),
        patch=fact.mapping("patch"),
        ignore=tuple(tuple(str(step) for step in path) for path in ignore),
        at=at if isinstance(at, int | float) else None,
    )
