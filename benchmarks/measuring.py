"""One whole process, measured from outside."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCHER = """
import json, os, sys, time
began = time.perf_counter()
child = os.fork()
if child == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
took = time.perf_counter() - began
told = {"status": status, "wall": took, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss}
with open(sys.argv[1], "w") as file:
    json.dump(told, file)
"""
"""A small process between: a child begins with the peak of the memory of the process that started it."""
_PER_MEGABYTE = 1024 * 1024 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Measured:
    """What one whole process took."""

    wall: float
    cpu: float
    megabytes: float


def measure(folder: Path, *command: str) -> Measured:
    """Runs Python with these arguments in the folder to its end; a failure ends the benchmark."""
    environ = {**os.environ, "NO_COLOR": "1"}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile("w+") as errors, tempfile.NamedTemporaryFile("r") as told:
        launched = [sys.executable, "-I", "-S", "-c", _LAUNCHER, told.name, sys.executable, *command]
        subprocess.run(launched, cwd=folder, env=environ, stdout=subprocess.DEVNULL, stderr=errors, check=True)
        taken = json.load(told)
        errors.seek(0)
        if os.waitstatus_to_exitcode(taken["status"]):
            raise SystemExit(f"python {' '.join(command)} failed:\n{errors.read()[-2000:]}")
    return Measured(taken["wall"], taken["cpu"], taken["memory"] / _PER_MEGABYTE)


def reconciler(folder: Path, *arguments: str) -> Measured:
    """Runs `reconciler` with these arguments."""
    return measure(folder, "-m", "reconciler", *arguments)


def median(rounds: Sequence[Measured]) -> Measured:
    """The median of each figure."""
    return Measured(*(statistics.median(getattr(one, name) for one in rounds) for name in Measured.__slots__))
