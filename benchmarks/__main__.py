"""What the commands take on 100, 1,000 and 10,000 manifests: one table, JSON, and bounds that fail the command.

Each figure is a whole process of its own, measured from outside. docs/performance.md says what they mean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import pacing, rendering, scale, serving
from benchmarks.bounds import Rows, Verdict, verdicts
from benchmarks.scale import Row

_HEAD = f"{'':34}{'manifests':>9}{'ms':>4}{'wall s':>9}{'CPU s':>8}{'MB':>7}{'calls':>8}{'KB':>9}{'limit s':>9}{'×':>7}"


def main() -> None:
    """Prints a row as it is measured, then the bounds; ends with 1 where one does not hold."""
    given, busy = _arguments(), os.getloadavg()[0] > (os.cpu_count() or 1) / 2
    print(f"{_machine()}; manifests of 1 KB with a prompt of 3 KB; medians of {given.rounds}, from 10,000 on of 1")
    rows = _measured(given)
    if given.markdown:
        given.markdown.write_text(_markdown(rows))
    judged = verdicts(Rows(rows), busy=busy)
    for each in judged:
        print(_sentence(each))
    if given.json:
        told = {"machine": _machine(), "rows": [*map(asdict, rows)], "bounds": [*map(asdict, judged)]}
        given.json.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    if not given.only_scale:
        rendering.main()
        pacing.main()
        serving.main()
    if failed := [each.name for each in judged if each.judged and not each.holds]:
        raise SystemExit(f"Worse than its bound: {'; '.join(failed)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--counts", type=_numbers, default=[100, 1_000, 10_000], help="how many manifests, as 100,1000")
    parser.add_argument("--latencies", type=_numbers, default=[0, 50], help="of the server, in milliseconds, as 0,50")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, below 10,000 manifests")
    parser.add_argument(
        "--validated", type=int, default=50_000, help="how many manifests are only validated; 0 for none"
    )
    parser.add_argument("--only-scale", action="store_true", help="leave out formats, pacing and the embedded server")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table to a file as Markdown")
    return parser.parse_args()


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",") if number]


def _measured(given: argparse.Namespace) -> list[Row]:
    began, rows = time.perf_counter(), []
    print(_HEAD)
    for row in _rows(given):
        rows.append(row)
        print(_line(row), flush=True)
    print(f"{time.perf_counter() - began:.0f} s, load {os.getloadavg()[0]:.1f} at the end")
    return rows


def _rows(given: argparse.Namespace) -> Iterator[Row]:
    yield from scale.starting(max(given.rounds, 5))
    for count in given.counts:
        rounds = given.rounds if count < 10_000 else 1
        yield from scale.without_server(count, rounds)
        for milliseconds in given.latencies:
            yield from scale.with_server(count, milliseconds / 1000, rounds)
    if given.validated:
        yield from scale.without_server(given.validated, 1)


def _cells(row: Row) -> list[str]:
    calls, size = (str(row.calls), f"{row.bytes / 1024:,.0f}") if row.bytes is not None else ("", "")
    limit, times = (f"{row.limit:.2f}", f"{row.wall / row.limit:.2f}") if row.limit else ("", "")
    figures = [f"{row.wall:.2f}", f"{row.cpu:.2f}", f"{row.megabytes:.0f}", calls, size, limit, times]
    return [row.what, f"{row.count:,}", str(row.milliseconds), *figures]


def _line(row: Row) -> str:
    widths = (9, 4, 9, 8, 7, 8, 9, 9, 7)
    what, *figures = _cells(row)
    return f"{what:34}" + "".join(f"{figure:>{width}}" for figure, width in zip(figures, widths, strict=True))


def _markdown(rows: Sequence[Row]) -> str:
    head = "| | manifests | ms | wall s | CPU s | MB | calls | KB | limit s | × |\n|---|" + "---:|" * 9
    return "\n".join([head, *(f"| {' | '.join(_cells(row))} |" for row in rows)]) + "\n"


def _sentence(each: Verdict) -> str:
    most = "at least" if each.least else "at most"
    state = "" if each.holds else "  WORSE" if each.judged else "  (not judged: the machine was busy before)"
    return f"{each.name:62}{each.value:9.2f}   {most} {each.bound:g}, aim {each.reach:g}{state}"


def _machine() -> str:
    return f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
