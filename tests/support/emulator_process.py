"""Support for the emulator's tests: serve on a free port until interrupted, saying where.

Run in `tests` as `python -m support.emulator_process DATABASE [write | doomed]`. With `write`, it creates assistants
for ever. With `doomed`, it opens copies of the database, `DATABASE-1` and so on, each in a process that is killed
before the first statement, the second and so on, until one lives to the end.
"""

import functools
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.emulator import Emulator, serve
from support.emulator_world import call


@contextmanager
def served(path: Path) -> Iterator[str]:
    """The address of an emulator in a process of its own, which ends as it should afterwards."""
    with started(path) as process:
        address = process.stdout.readline().strip()
        yield address
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")


@contextmanager
def started(path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """This module as a process, killed afterwards if it still runs."""
    command = [sys.executable, "-m", "support.emulator_process", str(path), *arguments]
    tests = Path(__file__).parents[1]
    with subprocess.Popen(command, cwd=tests, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def write_for_ever(emulator: Emulator) -> None:
    for number in itertools.count():
        answer = call(emulator, "POST", "/v1/assistants", {"model": "gpt-4o", "name": f"{os.getpid()}-{number}"})
        assert answer.status_code == 200, answer.text
        print(answer.json()["id"], flush=True)  # noqa: T201 - the parent reads it


def open_doomed(path: str) -> None:
    for number in itertools.count(1):
        shutil.copy(path, f"{path}-{number}")
        pid = os.fork()
        if pid == 0:
            _die_before(number)
            Emulator(f"{path}-{number}").close()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit(os.waitstatus_to_exitcode(status))


def _die_before(number: int) -> None:
    """Kills this process before the statement of that number is carried out."""
    statements = itertools.count(1)

    class Doomed(sqlite3.Connection):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(*arguments, **options)
            self.set_trace_callback(self.count)

        def count(self, _: str) -> None:
            if next(statements) == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sqlite3.connect = functools.partial(sqlite3.connect, factory=Doomed)


if __name__ == "__main__":
    if "doomed" in sys.argv:
        open_doomed(sys.argv[1])
    emulator = Emulator(sys.argv[1])
    if "write" in sys.argv:
        write_for_ever(emulator)
    serve(emulator, port=0, ready=lambda host, port: print(f"http://{host}:{port}", flush=True))  # noqa: T201
    emulator.close()
