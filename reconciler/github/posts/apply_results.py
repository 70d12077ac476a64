"""The events of an apply, read again: the result of each change, with the reason if it failed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

from reconciler.canonical import Json

_TOTALS: Final = {
    "add": "added",
    "change": "changed",
    "remove": "destroyed",
    "import": "imported",
    "forget": "forgotten",
}
"""By the name that an event uses, the word for people."""
State = Literal["failed", "noted", "done"]
"""Whether a change was not carried out, is only worth a note, or was carried out; the most severe first."""


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """The result of one change."""

    address: str
    state: State
    message: str
    id: str | None = None
    detail: str = ""
    """More about it, over several lines."""
    overwrote: tuple[tuple[str, Json], ...] = ()
    """By path, the overwritten values that are in no commit."""


@dataclass(frozen=True, slots=True)
class ApplyResults:
    """The results of an apply."""

    changes: tuple[ChangeResult, ...] = ()
    blocked: tuple[str, ...] = ()
    """The objections that blocked changes."""
    allowed: tuple[tuple[str, str], ...] = ()
    """The objections that a label overrode, and who set it."""
    problems: tuple[str, ...] = ()
    """Errors of the whole apply."""
    totals: str = ""
    """`2 added, 1 changed`; empty if there were none."""
    marks: int = 0
    remainder: str = ""
    """What still differs, and how to resolve it."""
    ended: bool = False
    """Whether its last event was read."""

    def in_state(self, state: State) -> tuple[ChangeResult, ...]:
        """The results in this state."""
        return tuple(result for result in self.changes if result.state == state)

    @property
    def quiet(self) -> bool:
        """Whether it ended, and had nothing to do."""
        return self.complete and not self.in_state("done") and not self.marks

    @property
    def complete(self) -> bool:
        """Whether everything was done that was planned."""
        return self.ended and not self.in_state("failed") and not self.blocked and not self.problems


NO_RESULTS: Final = ApplyResults()


def read_results(lines: Iterable[str]) -> ApplyResults:
    """The results in the lines of one attempt after the other; a line that is not an event is ignored.

    What an attempt did stays reported if the next one finds it done already.
    """
    reader = _EventReader()
    for event in _events(lines):
        reader.add(event)
    return reader.results()


@dataclass(slots=True)
class _EventReader:
    planned: dict[str, str] = field(default_factory=dict)
    begun: dict[str, tuple[tuple[str, Json], ...]] = field(default_factory=dict)
    """By address, the overwritten values."""
    reported: dict[str, ChangeResult] = field(default_factory=dict)
    blocked: list[str] = field(default_factory=list)
    allowed: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    marks: int = 0
    remainder: str = ""
    ended: bool = False

    def add(self, event: dict[str, Any]) -> None:
        """Adds what one event reports."""
        hook = _dict(event, "hook")
        address = _event_text(_dict(hook, "resource"), "addr")
        match event.get("type"):
            case "version":
                self.blocked, self.problems, self.remainder, self.ended = [], [], "", False
            case "planned_change":
                change = _dict(event, "change")
                self.planned[_event_text(_dict(change, "resource"), "addr")] = _event_text(change, "action")
            case "apply_start":
                self.begun[address] = (*self.begun.get(address, ()), *_overwritten_values(event))
            case "apply_complete" if _event_text(hook, "action") == "mark":
                self.marks += 1
            case "apply_complete":
                self._report(address, "done", _event_text(hook, "done"), hook)
            case "apply_errored":
                self._report(address, "failed", _event_text(event, "@message"), hook)
            case "diagnostic":
                self._diagnostic(event, _dict(event, "diagnostic"))
            case "change_summary":
                self._summary(_dict(event, "changes"))

    def results(self) -> ApplyResults:
        """All results, with the changes of which nothing was reported: the most severe first, then in their order."""
        unreported = [self._unreported(address) for address in self.planned if address not in self.reported]
        changes = sorted([*self.reported.values(), *unreported], key=lambda result: get_args(State).index(result.state))
        return ApplyResults(
            changes=tuple(replace(result, overwrote=self.begun.get(result.address, ())) for result in changes),
            blocked=tuple(self.blocked),
            allowed=tuple(self.allowed.items()),
            problems=tuple(self.problems),
            totals=", ".join(f"{self.counts[word]} {word}" for word in _TOTALS.values() if self.counts[word]),
            marks=self.marks,
            remainder=self.remainder,
            ended=self.ended,
        )

    def _unreported(self, address: str) -> ChangeResult:
        word = "Outcome unknown" if address in self.begun else "Not done"
        return ChangeResult(address, "failed", f"{word}: {self.planned[address]}")

    def _report(self, address: str, state: State, message: str, hook: dict[str, Any]) -> None:
        message = message.removeprefix(f"{address}: ")
        self.reported[address] = ChangeResult(address, state, message, _event_text(hook, "id_value") or None)

    def _diagnostic(self, event: dict[str, Any], report: dict[str, Any]) -> None:
        summary, detail, address = (_event_text(report, name) for name in ("summary", "detail", "address"))
        objection, is_error = _dict(event, "objection"), _event_text(report, "severity") == "error"
        about, by = f"{address}: {summary}" if address else summary, _event_text(objection, "allowed_by")
        if event.get("remainder"):
            self.remainder = f"{summary} {detail}"
        elif objection and not objection.get("allowed"):
            self.blocked.append(about)
        elif objection:
            self.allowed.update({about: by} if by else {})
        elif address:
            self._note(address, summary.removeprefix(f"{address}: "), detail, is_error=is_error)
        elif is_error:
            self.problems.append(f"{summary} ({detail})" if detail else summary)

    def _note(self, address: str, message: str, detail: str, *, is_error: bool) -> None:
        """A report about a change that was not tried; that it is done already is known if it was done before."""
        before = self.reported.get(address)
        if is_error or before is None or before.state != "done":
            state: State = "failed" if is_error else "noted"
            self.reported[address] = ChangeResult(address, state, message, None, detail)

    def _summary(self, changes: dict[str, Any]) -> None:
        if changes.get("operation") == "apply":
            self.ended = True
            counts = {word: changes.get(name) for name, word in _TOTALS.items()}
            self.counts.update({word: many for word, many in counts.items() if type(many) is int and many > 0})


def _events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict):
            yield content


def _overwritten_values(event: dict[str, Any]) -> tuple[tuple[str, Json], ...]:
    listed = event.get("overwrites")
    content = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
    return tuple((_event_text(entry, "path"), entry.get("before")) for entry in content)


def _dict(of: dict[str, Any], name: str) -> dict[str, Any]:
    content = of.get(name)
    return content if isinstance(content, dict) else {}


def _event_text(of: dict[str, Any], name: str) -> str:
    content = of.get(name)
    return content if isinstance(content, str) else ""
