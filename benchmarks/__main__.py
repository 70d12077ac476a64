"""CPU seconds, peak memory and HTTP requests for 1,000 manifests against the embedded server.

Each figure is a whole process of its own: `python -m reconciler …`, measured from outside.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks import pacing, rendering, serving

_MANIFEST = """\
name: Assistant {n}
model: gpt-4o
description: Answers what people ask about topic {n}, from the handbook and nothing else.
instructions: {{file: prompts/p{n}.md}}
temperature: 0.{t}
metadata: {{team: team-{t}, tier: gold, owner: someone}}
tools:
  - type: file_search
    file_search: {{max_num_results: 7}}
  - type: function
    function:
      name: lookup_{n}
      description: Looks up one thing of topic {n} by its number, and says when it was last seen.
      parameters:
        type: object
        properties:
          number: {{type: string, description: The number on the label}}
          since: {{type: string, format: date, description: Only what was seen after this day}}
          limit: {{type: integer, minimum: 1, maximum: 50}}
        required: [number]
  - type: function
    function:
      name: report_{n}
      description: Reports a fault of topic {n} to those who look after it, with what was seen.
      parameters: {{type: object, properties: {{text: {{type: string}}, urgent: {{type: boolean}}}}}}
"""
_LINE = "You answer questions about topic {n}; say so when you do not know, and never guess a number.\n"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one whole process took."""

    cpu: float
    wall: float
    megabytes: float
    requests: Counter[str]


def make(folder: Path, count: int) -> None:
    """Writes manifests of about 1 KB, each with a prompt file of 3 KB."""
    assistants = folder / "assistants"
    (assistants / "prompts").mkdir(parents=True)
    for n in range(count):
        (assistants / f"a{n:04}.yaml").write_text(_MANIFEST.format(n=n, t=n % 10))
        (assistants / "prompts" / f"p{n}.md").write_text(_LINE.format(n=n) * 34)


def edit(folder: Path, count: int) -> None:
    """Changes the prompts of some."""
    for n in range(count):
        path = folder / "assistants" / "prompts" / f"p{n}.md"
        path.write_text(path.read_text().replace("never guess", "never ever guess", 1))


def measure(folder: Path, *arguments: str) -> Measured:
    """Runs the command to its end and reads what the kernel says of it."""
    environ = {**os.environ, "RECONCILER_LOG": "debug", "NO_COLOR": "1"}
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=folder,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        errors.seek(0)
        told = errors.read()
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"reconciler {' '.join(arguments)} failed:\n{told[-2000:]}")
    return Measured(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024, _requests(told))


def _requests(told: str) -> Counter[str]:
    return Counter(re.findall(r"^(GET|POST|DELETE) /", told, re.M))


def main() -> None:
    """Prints one line a command."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--count", type=int, default=1000, help="how many manifests")
    parser.add_argument("--edits", type=int, default=100, help="how many of them are edited")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the median is shown")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, given.count)
        print(f"{given.count} manifests of 1 KB with a 3 KB prompt each; medians of {given.rounds}; {_machine()}")
        print(f"{'':36}{'CPU s':>8}{'wall s':>8}{'MB':>7}  requests")
        _show("import click", [_bare("import click") for _ in range(given.rounds)])
        _show("--help", [measure(folder, "--help") for _ in range(given.rounds)])
        _show("validate", [measure(folder, "validate", "-e", "local") for _ in range(given.rounds)])
        _show(f"plan, {given.count} creates", [measure(folder, "plan", "-e", "local") for _ in range(given.rounds)])
        _show(f"apply, {given.count} creates", [measure(folder, "apply", "-e", "local", "--auto-approve")])
        _show("plan, no change", [measure(folder, "plan", "-e", "local") for _ in range(given.rounds)])
        edit(folder, given.edits)
        _show(f"plan, {given.edits} edits", [measure(folder, "plan", "-e", "local") for _ in range(given.rounds)])
        _show(f"apply, {given.edits} edits", [measure(folder, "apply", "-e", "local", "--auto-approve")])
    rendering.main()
    pacing.main()
    serving.main()


def _bare(code: str) -> Measured:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measured(cpu, time.perf_counter() - began, 0, Counter())


def _show(what: str, rounds: list[Measured]) -> None:
    median = sorted(rounds, key=lambda one: one.cpu)[len(rounds) // 2]
    sent = ", ".join(f"{number} {method}" for method, number in sorted(median.requests.items())) or "none"
    print(f"{what:36}{median.cpu:8.2f}{median.wall:8.2f}{median.megabytes:7.0f}  {sent}", flush=True)


def _machine() -> str:
    return f"Python {sys.version.split()[0]}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main()
