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
    timed: bool = True
    """Whether it is of wall time, which means nothing on a busy machine."""

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
    judged: bool
    """Whether the figure means anything: wall time does not on a busy machine."""


def verdicts(rows: Rows, *, busy: bool) -> list[Verdict]:
    """Every bound whose rows were measured, on a machine that was busy with other things or not."""
    found = []
    for each in BOUNDS:
        try:
            value = each.figure(rows)
        except KeyError:
            continue
        found.append(
            Verdict(each.name, value, each.bound, each.reach, each.least, each.holds(value), not (busy and each.timed))
        )
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
    return rows[what, 1, 0].cpu / rows[peer, 1, 0].cpu


def _growth(rows: Rows, small: int, large: int) -> float:
    one, other = rows[scale.VALIDATE, small, 0], rows[scale.VALIDATE, large, 0]
    return (other.cpu / large) / (one.cpu / small)


def _calls(rows: Rows, what: str, count: int) -> float:
    return (rows[what, count, 50].calls or 0) / ceil(count / scale.PAGE)


def _megabytes(rows: Rows, what: str, count: int, milliseconds: int) -> float:
    return rows[what, count, milliseconds].megabytes


_PLAN, _LISTED, _APPLIED = "10,000 unchanged", "10,000 listed alone", "10,000, 1 % applied"
_SPED = "1,000 unchanged, times faster than"
_memory = partial(_megabytes, what=scale.UNCHANGED, count=10_000, milliseconds=50)
_computing = partial(_over_parsing, what=scale.UNCHANGED, count=10_000, milliseconds=50)
_changing = partial(_over_limit, what=scale.apply_of(1), count=10_000)
_helping = partial(_start, what=scale.HELP, peer=scale.CLICK)
_judging = partial(_start, what=scale.VALIDATE_ONE, peer=scale.LIBRARIES)
BOUNDS = (
    Bound(f"{_PLAN}: wall over the greater of CPU and listing", partial(_over_the_greater, count=10_000), 1.5, 1.07),
    Bound(f"{_PLAN}: CPU over parsing", _computing, 6.5, 2.6, timed=False),
    Bound(f"{_PLAN}: MB", _memory, 550, 300, timed=False),
    Bound(
        f"{_PLAN}: requests over pages", partial(_calls, what=scale.UNCHANGED, count=10_000), 1.05, 1.01, timed=False
    ),
    Bound(f"{_LISTED}: wall over limit", partial(_over_limit, what=scale.LISTING, count=10_000), 1.8, 1.15),
    Bound(f"{_APPLIED}: wall over limit", _changing, 5, 1.5),
    Bound(f"{_SPED} the script", partial(_times_faster, peer=scale.SCRIPT), 35, 90, least=True),
    Bound(f"{_SPED} a GET each", partial(_times_faster, peer=scale.GETS), 1.8, 4.5, least=True),
    Bound(
        "1,000 validated: CPU over parsing",
        partial(_over_parsing, what=scale.VALIDATE, count=1_000),
        6.5,
        2.6,
        timed=False,
    ),
    Bound(
        "validate: CPU for each of 10,000 over each of 1,000",
        partial(_growth, small=1_000, large=10_000),
        1.1,
        1,
        timed=False,
    ),
    Bound(
        "50,000 validated: MB",
        partial(_megabytes, what=scale.VALIDATE, count=50_000, milliseconds=0),
        1_600,
        800,
        timed=False,
    ),
    Bound("--help over import click: CPU", _helping, 2, 1.3, timed=False),
    Bound("one validated over importing its libraries: CPU", _judging, 5.5, 2, timed=False),
)
