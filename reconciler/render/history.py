"""Recorded runs, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.plan.run_record import RunRecord
from reconciler.render.columns import AlignedRow, in_columns
from reconciler.render.sentences import count
from reconciler.render.style import Style

_COLUMNS = ("run", "command", "environment", "stack", "result", "commit", "server", "rolls back")
_EXPENDABLE = ("rolls back", "server", "stack", "commit", "command", "environment")


def table(runs: Sequence[RunRecord], style: Style, *, running: bool = False) -> str:
    """One line a run, as many columns as fit; `running` says that the first is not over yet."""
    rows = [_run_row(run, running=running and run is runs[0]) for run in runs]
    return "\n".join(in_columns(_COLUMNS, _EXPENDABLE, rows, style)) + "\n"


def as_dict(run: RunRecord) -> dict[str, Any]:
    """A run as data."""
    head = run.head
    return {
        "run": head.run,
        "began": head.began,
        "command": head.command,
        "stack": head.where.stack,
        "environment": head.where.environment,
        "base_url": head.where.base_url,
        "by": head.by,
        "commit": head.commit,
        "fingerprint": head.fingerprint,
        "rolls_back": head.rolls_back,
        "complete": run.ended,
        "outcomes": dict(run.outcomes),
        "cut_off": _cut_off(run),
    }


def _run_row(run: RunRecord, *, running: bool) -> AlignedRow:
    head = run.head
    is_open = running and not run.ended
    counts = ", ".join(outcome_counts(run, is_open=is_open)) or "nothing"
    result = counts if run.ended else f"{'running' if is_open else 'ended early'}: {counts}"
    values = {
        "run": head.run,
        "command": head.command,
        "environment": head.where.environment,
        "stack": head.where.stack,
        "result": result,
        "commit": head.commit,
        "server": head.where.base_url,
        "rolls back": head.rolls_back,
    }
    return AlignedRow(values, {} if run.ended else {"result": "warning"})


def outcome_counts(run: RunRecord, *, is_open: bool) -> Iterator[str]:
    """`2 done`, `1 failed`, `1 write cut off`."""
    words = Counter("in doubt" if a in run.in_doubt else outcome for a, outcome in run.outcomes.items())
    words.update(run.further)
    yield from (f"{number} {word}" for word, number in sorted(words.items()))
    if cut := len(_cut_off(run)):
        yield f"{cut} in flight" if is_open else f"{count(cut, 'write')} cut off"


def _cut_off(run: RunRecord) -> list[str]:
    return sorted({step.address for step in run.steps if step.address not in run.outcomes})
