"""Recorded runs, for people and for programs."""

from __future__ import annotations

from collections import Counter
from typing import Any

from reconciler.plan.run_record import Past
from reconciler.render.sentences import count
from reconciler.render.values import one_line


def as_line(past: Past, *, running: bool = False) -> str:
    """One line a run: which, what, where, from which commit, and how it ended, if it has."""
    head = past.head
    commit = f", commit {head.commit}" if head.commit else ""
    back = f" of {head.rolls_back}" if head.rolls_back else ""
    where = f"{head.where.environment} ({head.where.base_url}), stack {head.where.stack}"
    return one_line(f"{head.run}  {head.command}{back} in {where}{commit}: {_ended(past, running=running)}") + "\n"


def as_dict(past: Past) -> dict[str, Any]:
    """A run as data."""
    head = past.head
    return {
        "run": head.run,
        "began": head.began,
        "command": head.command,
        "stack": head.where.stack,
        "environment": head.where.environment,
        "base_url": head.where.base_url,
        "commit": head.commit,
        "fingerprint": head.fingerprint,
        "rolls_back": head.rolls_back,
        "complete": past.ended,
        "outcomes": dict(past.outcomes),
        "cut_off": _cut_off(past),
    }


def _ended(past: Past, *, running: bool) -> str:
    counts = Counter("in doubt" if a in past.in_doubt else outcome for a, outcome in past.outcomes.items())
    told = [f"{number} {word}" for word, number in sorted(counts.items())]
    cut = _cut_off(past)
    if running and not past.ended:
        return ", ".join([*told, f"{count(len(cut), 'write')} in flight"]) + ": it is still running"
    told += [f"{count(len(cut), 'write')} cut off"] if cut else []
    return (", ".join(told) or "nothing") + (
        "" if past.ended else ", and then it was killed or could not go on writing"
    )


def _cut_off(past: Past) -> list[str]:
    return sorted({step.address for step in past.steps if step.address not in past.outcomes})
