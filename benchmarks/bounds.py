"""What must not become worse: ratios between figures of one run, which hold on any machine, and memory.

A bound fails the benchmark. It is looser than what was measured, and tighter than a regression that a person would
notice. `reach` is what is aimed at; it fails nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from math import ceil

from benchmarks import scale
from benchmarks.scale import Row


class Rows(dict[tuple[str, int, int], Row]):
    """Rows by name, number of manifests and milliseconds."""

    def __init__(self, rows: Iterable[Row]) -> None:
        super().__init__({(row.what, row.count, row.milliseconds): row for row in rows})


@dataclass(frozen=True, slots=True)
class Bound:
    """A figure, what it must be at most (or, where `least`, at least), and what is aimed at."""

    name: str
    figure: Callable[[Rows], float]
    bound: float
    reach: float
    least: bool = False

    def holds(self, value: float) -> bool:
        """Whether the figure is within the bound."""
        return value >= self.bound if self.least else value <= self.bound


@dataclass(frozen=True, slots=True)
class Verdict:
    """A figure beside its bound."""

    name: str
    value: float
    bound: float
    reach: float
    least: bool
    holds: bool


def verdicts(rows: Rows) -> list[Verdict]:
    """Every bound whose rows were measured."""
    found = []
    for each in BOUNDS:
        try:
            value = each.figure(rows)
        except KeyError:
            continue
        found.append(Verdict(each.name, value, each.bound, each.reach, each.least, each.holds(value)))
    return found


def _over_the_greater(rows: Rows, count: int) -> float:
    plan, listing = rows[scale.UNCHANGED, count, 50], rows[scale.LISTING, count, 50]
    return plan.wall / max(plan.cpu, listing.wall)


def _over_parsing(rows: Rows, what: str, count: int, milliseconds: int = 0) -> float:
    return rows[what, count, milliseconds].cpu / rows[scale.PARSE, count, 0].cpu


def _over_limit(rows: Rows, what: str, count: int) -> float:
    row = rows[what, count, 50]
    assert row.limit
    return row.wall / row.limit


def _times_faster(rows: Rows, peer: str) -> float:
    return rows[peer, 1_000, 50].wall / rows[scale.UNCHANGED, 1_000, 50].wall


def _start(rows: Rows, what: str, peer: str) -> float:
    return rows[what, 1, 0].wall / rows[peer, 1, 0].wall


def _growth(rows: Rows, small: int, large: int) -> float:
    one, other = rows[scale.VALIDATE, small, 0], rows[scale.VALIDATE, large, 0]
    return (other.cpu / large) / (one.cpu / small)


def _calls(rows: Rows, what: str, count: int) -> float:
    return (rows[what, count, 50].calls or 0) / ceil(count / scale.PAGE)


def _megabytes(rows: Rows, what: str, count: int, milliseconds: int) -> float:
    return rows[what, count, milliseconds].megabytes


_PLAN = "10,000 unchanged, 50 ms"
BOUNDS = (
    Bound(f"{_PLAN}: wall over the greater of CPU and listing", partial(_over_the_greater, count=10_000), 1.7, 1.07),
    Bound(
        f"{_PLAN}: CPU over parsing",
        partial(_over_parsing, what=scale.UNCHANGED, count=10_000, milliseconds=50),
        6,
        2.6,
    ),
    Bound(f"{_PLAN}: MB", partial(_megabytes, what=scale.UNCHANGED, count=10_000, milliseconds=50), 450, 300),
    Bound(f"{_PLAN}: requests over pages", partial(_calls, what=scale.UNCHANGED, count=10_000), 1.05, 1.01),
    Bound(
        "10,000 listed alone, 50 ms: wall over limit", partial(_over_limit, what=scale.LISTING, count=10_000), 1.6, 1.15
    ),
    Bound(
        "10,000, 1 % applied, 50 ms: wall over limit",
        partial(_over_limit, what=scale.apply_of(1), count=10_000),
        5,
        1.5,
    ),
    Bound(
        "1,000 unchanged, 50 ms: times faster than the script",
        partial(_times_faster, peer=scale.SCRIPT),
        35,
        90,
        least=True,
    ),
    Bound(
        "1,000 unchanged, 50 ms: times faster than a GET each",
        partial(_times_faster, peer=scale.GETS),
        1.8,
        4.5,
        least=True,
    ),
    Bound("1,000 validated: CPU over parsing", partial(_over_parsing, what=scale.VALIDATE, count=1_000), 6, 2.6),
    Bound("validate: CPU for each of 10,000 over each of 1,000", partial(_growth, small=1_000, large=10_000), 1.3, 1.0),
    Bound("50,000 validated: MB", partial(_megabytes, what=scale.VALIDATE, count=50_000, milliseconds=0), 1_900, 800),
    Bound("--help over import click: wall", partial(_start, what=scale.HELP, peer=scale.CLICK), 1.7, 1.3),
    Bound(
        "one validated over importing its libraries: wall",
        partial(_start, what=scale.VALIDATE_ONE, peer=scale.LIBRARIES),
        7,
        4,
    ),
)
