"""One folder against two at once: the same manifests and server, with and without a limit of requests.

`python -m benchmarks.folders [--count N] [--rate R]`. The server is the embedded one, on a port and in another process.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from benchmarks.manifests import make
from benchmarks.measuring import Measured, reconciler
from benchmarks.server import server

_BASE = "version: 1\nenvironments:\n  bench: {{provider: openai, base_url: '{url}', limits: {{deletes: 100%}}}}\n"
_FOLDER = "version: 1\nstack: {name}\nextends: ../reconciler.yaml\n"


def main() -> None:
    """Prints one line for each command, of one folder and of two."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.folders")
    parser.add_argument("--count", type=int, default=1000, help="how many manifests")
    parser.add_argument("--rate", type=float, default=50, help="how many requests a second the limited server takes")
    given = parser.parse_args()
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before"
    print(f"{given.count} manifests of 1 KB with a 3 KB prompt each, {load}")
    print(f"{'':44}{'wall s':>8}{'CPU s':>8}{'MB each':>9}")
    for rate in (None, given.rate):
        for folders in (1, 2):
            _measure(given.count, folders, rate)


def _measure(count: int, folders: int, rate: float | None) -> None:
    limit = "no limit" if rate is None else f"{rate:.0f} requests a second"
    with tempfile.TemporaryDirectory() as name, server(Path(name) / "live.db", rate=rate) as url:
        names = [f"team-{number}" for number in range(folders)]
        (Path(name) / "reconciler.yaml").write_text(_BASE.format(url=url))
        for each in names:
            make(Path(name) / each, count // folders)
            (Path(name) / each / "reconciler.yaml").write_text(_FOLDER.format(name=each))
        places = [Path(name) / each for each in names]
        for command in (("apply", "--auto-approve"), ("plan",)):
            _show(f"{command[0]}, {folders} of {count // folders}, {limit}", *_at_once(places, command))


def _at_once(folders: Sequence[Path], command: Sequence[str]) -> tuple[float, list[Measured]]:
    done: list[Measured] = []
    threads = [
        Thread(target=lambda folder=folder: done.append(reconciler(folder, command[0], "-e", "bench", *command[1:])))
        for folder in folders
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, done


def _show(what: str, wall: float, done: Sequence[Measured]) -> None:
    cpu, megabytes = sum(one.cpu for one in done), max(one.megabytes for one in done)
    print(f"{what:44}{wall:8.1f}{cpu:8.1f}{megabytes:9.0f}", flush=True)


if __name__ == "__main__":
    main()
