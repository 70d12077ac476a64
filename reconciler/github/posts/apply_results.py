"""The JSON lines of an apply, read again: what became of each change, and why not where it did not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from reconciler.canonical import Json

_FIGURES: Final = {
    "add": "added",
    "change": "changed",
    "remove": "destroyed",
    "import": "imported",
    "forget": "forgotten",
}

How = Literal["amiss", "done", "aside"]


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What became of one change."""

    address: str
    how: How
    said: str
    id: str | None = None
    detail: str = ""
    """What more there is to see, over several lines."""
    overwrote: tuple[tuple[str, Json], ...] = ()
    """By path, what it wrote over that is in no commit."""


@dataclass(frozen=True, slots=True)
class ApplyResults:
    """How an apply went."""

    became: tuple[ChangeResult, ...] = ()
    held: tuple[str, ...] = ()
    """The objections that stood."""
    allowed: tuple[tuple[str, str], ...] = ()
    """The objections that somebody allowed with a label, and who did."""
    problems: tuple[str, ...] = ()
    """What kept the whole from being done."""
    figures: str = ""
    """`2 added, 1 changed`; empty where nothing was."""
    marks: int = 0
    left: str = ""
    """What still differs, and how to settle it."""
    ended: bool = False
    """Whether it said that it was at its end."""

    def how(self, *hows: How) -> tuple[ChangeResult, ...]:
        """What became so."""
        return tuple(result for result in self.became if result.how in hows)

    @property
    def quiet(self) -> bool:
        """Whether it came to its end, and had nothing to do."""
        return self.complete and not self.how("done") and not self.marks

    @property
    def complete(self) -> bool:
        """Whether everything was done that was to be."""
        return self.ended and not self.how("amiss") and not self.held and not self.problems


NO_RESULTS: Final = ApplyResults()
"""Of an apply that told nothing."""


def read_results(lines: Iterable[str]) -> ApplyResults:
    """What the lines tell, of one attempt after the other; a line that is none of ours tells nothing.

    What an attempt did stays told when the next one finds it done already.
    """
    reading = _EventReader()
    for event in _events(lines):
        reading.take(event)
    return reading.whole()


@dataclass(slots=True)
class _EventReader:
    planned: dict[str, str] = field(default_factory=dict)
    begun: dict[str, tuple[tuple[str, Json], ...]] = field(default_factory=dict)
    """By address, what was written over."""
    became: dict[str, ChangeResult] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    allowed: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    marks: int = 0
    left: str = ""
    ended: bool = False

    def take(self, event: dict[str, Any]) -> None:
        """Takes in what one line says."""
        hook = _dict(event, "hook")
        address = _event_text(_dict(hook, "resource"), "addr")
        match event.get("type"):
            case "version":
                self.held, self.problems, self.left, self.ended = [], [], "", False
            case "planned_change":
                change = _dict(event, "change")
                self.planned[_event_text(_dict(change, "resource"), "addr")] = _event_text(change, "action")
            case "apply_start":
                self.begun[address] = (*self.begun.get(address, ()), *_overwritten_values(event))
            case "apply_complete" if _event_text(hook, "action") == "mark":
                self.marks += 1
            case "apply_complete":
                self._add(address, "done", _event_text(hook, "done"), hook)
            case "apply_errored":
                self._add(address, "amiss", _event_text(event, "@message").removeprefix(f"{address}: "), hook)
            case "diagnostic":
                self._diagnostic(event, _dict(event, "diagnostic"))
            case "change_summary":
                self._summary(_dict(event, "changes"))

    def whole(self) -> ApplyResults:
        """All of it, with what nobody told of: worst first, and then as it was told."""
        untold = [self._untold(address) for address in self.planned if address not in self.became]
        order, became = ("amiss", "aside", "done"), [*self.became.values(), *untold]
        return ApplyResults(
            became=tuple(
                replace(result, overwrote=self.begun.get(result.address, ()))
                for result in sorted(became, key=lambda result: order.index(result.how))
            ),
            held=tuple(self.held),
            allowed=tuple(self.allowed.items()),
            problems=tuple(self.problems),
            figures=", ".join(f"{self.figures[word]} {word}" for word in _FIGURES.values() if self.figures[word]),
            marks=self.marks,
            left=self.left,
            ended=self.ended,
        )

    def _untold(self, address: str) -> ChangeResult:
        action = self.planned[address]
        begun = f"Started, outcome unknown: {action}"
        return ChangeResult(address, "amiss", begun if address in self.begun else f"Not done: {action}")

    def _add(self, address: str, how: How, said: str, hook: dict[str, Any]) -> None:
        self.became[address] = ChangeResult(address, how, said, _event_text(hook, "id_value") or None)

    def _diagnostic(self, event: dict[str, Any], report: dict[str, Any]) -> None:
        summary, detail, address = (_event_text(report, name) for name in ("summary", "detail", "address"))
        objection = _dict(event, "objection")
        blocked, by = f"{address}: {summary}" if address else summary, _event_text(objection, "allowed_by")
        amiss = _event_text(report, "severity") == "error"
        if event.get("remainder"):
            self.left = f"{summary} {detail}"
        elif objection and not objection.get("allowed"):
            self.held.append(blocked)
        elif objection:
            self.allowed.update({blocked: by} if by else {})
        elif address:
            self._aside(address, summary.removeprefix(f"{address}: "), detail, amiss=amiss)
        elif amiss:
            self.problems.append(f"{summary} ({detail})" if detail else summary)

    def _aside(self, address: str, said: str, detail: str, *, amiss: bool) -> None:
        """What was said of a change apart from doing it; that it is done already is known where it was done before."""
        before = self.became.get(address)
        if amiss or before is None or before.how != "done":
            self.became[address] = ChangeResult(address, "amiss" if amiss else "aside", said, None, detail)

    def _summary(self, changes: dict[str, Any]) -> None:
        if changes.get("operation") == "apply":
            self.ended = True
            counts = {word: changes.get(name) for name, word in _FIGURES.items()}
            self.figures.update({word: many for word, many in counts.items() if type(many) is int and many > 0})


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
