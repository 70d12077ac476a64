"""Signals, kills, closed pipes and full disks in the middle of an apply: real processes against a slow server."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest

from reconciler.apply import journal
from reconciler.plan import run_record
from support.checkout import plain
from support.forking import Process
from support.needing import PATIENCE
from support.ports import Gate, on_port

pytestmark = pytest.mark.no_cover

NUMBER = 6
either = pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "assistants").mkdir()
    for number in range(NUMBER):
        text = f"model: gpt-4o\nname: N{number}\ninstructions: {'be kind ' * 60}\n"
        (tmp_path / "assistants" / f"n{number}.yaml").write_text(text)
    return tmp_path


def configured(here: Path, gate: Gate) -> None:
    config = f"version: 1\nstack: acme\nenvironments: {{far: {{provider: openai, base_url: '{gate.url}'}}}}\n"
    (here / "reconciler.yaml").write_text(config)


@contextmanager
def running(here: Path, gate: Gate, *more: str, file_size: int = 0) -> Iterator[Process]:
    """An apply as a user would start it, two changes at once; killed at the end if it still runs."""
    configured(here, gate)
    arguments = ["apply", "-e", "far", "--parallelism", "2", *(more or ["--auto-approve"])]
    with Process(*arguments, cwd=here, env=plain(), stdout=PIPE, stderr=PIPE, file_size=file_size) as process:
        watch = threading.Timer(2 * PATIENCE, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()
            process.kill()


def finished(process: Process) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in out + err
    assert "Internal error in reconciler" not in err
    return process.returncode, out, err


def until_said(stream: Any, text: str) -> None:
    """Returns once a line with the text was written."""
    while line := stream.readline():
        if text in line:
            return
    pytest.fail(f"{text!r} was never said")


def converged(here: Path, gate: Gate) -> None:
    """One more run makes it right, and the next plan is empty."""
    gate.open()
    with running(here, gate) as process:
        assert finished(process)[0] == 0
    assert gate.names() == [f"N{number}" for number in range(NUMBER)]
    with Process("plan", "-e", "far", "--detailed-exitcode", cwd=here, env=plain()) as pending:
        assert pending.wait(PATIENCE) == 0


def recorded(here: Path) -> run_record.RunRecord:
    return journal.read(journal.paths(here / ".reconciler" / "history")[-1])


# signals


@either
def test_the_first_signal_lets_finish_what_is_in_flight_and_starts_nothing_new(here: Path, sent: int) -> None:
    with on_port(Gate(free=1)) as gate:
        with running(here, gate) as process:
            gate.wait(3)
            process.send_signal(sent)
            until_said(process.stderr, "Interrupted: what is in flight may finish; once more cuts it off.")
            gate.open()
            code, out, _ = finished(process)

        assert code == 130
        assert (out.count(": Created after"), out.count(": Not done: interrupted")) == (3, 3)
        assert out.endswith("Apply incomplete: 3 not done. Resources: 3 added, 0 changed, 0 destroyed.\n")
        assert gate.writes == ["POST"] * 3
        assert recorded(here).ended
        converged(here, gate)


@either
def test_the_second_signal_cuts_off_what_is_in_flight_and_says_that_it_is_in_doubt(here: Path, sent: int) -> None:
    with on_port(Gate(free=1)) as gate:
        with running(here, gate) as process:
            gate.wait(3)
            process.send_signal(sent)
            until_said(process.stderr, "Interrupted")
            process.send_signal(sent)
            code, out, _ = finished(process)

        assert code == 130
        assert out.count("interrupted during a write; rerun to resolve") == 2
        assert out.count(": Not done: interrupted") == 3
        assert "Apply incomplete: 2 in doubt, 3 not done. Resources: 1 added" in out
        gate.open()
        for _ in range(3):
            gate.answered.get(timeout=PATIENCE)
        assert len(gate.names()) == 3, "what was in doubt had reached the server"
        converged(here, gate)


def test_an_interrupted_apply_tells_programs_the_same(here: Path) -> None:
    with on_port(Gate(free=1)) as gate, running(here, gate, "--auto-approve", "--json") as process:
        gate.wait(3)
        process.send_signal(signal.SIGINT)
        until_said(process.stderr, "Interrupted")
        gate.open()
        code, out, _ = finished(process)

    lines = [json.loads(line) for line in out.splitlines()]
    assert code == 130
    assert [line["type"] for line in lines].count("apply_complete") == 3
    assert [line["hook"]["outcome"] for line in lines if line["type"] == "apply_errored"] == ["skipped"] * 3
    assert lines[-1]["type"] == "change_summary"


@either
def test_a_signal_while_planning_ends_it_and_nothing_was_sent(here: Path, sent: int) -> None:
    with on_port(Gate(free=0, reads=True)) as gate:
        with running(here, gate) as process:
            gate.wait(1)
            process.send_signal(sent)
            code, out, err = finished(process)

        assert (code, out, err) == (130, "", "\nInterrupted.\n")
        assert gate.writes == []


@either
def test_a_signal_at_the_prompt_ends_it_and_nothing_was_sent(here: Path, sent: int) -> None:
    with on_port(Gate()) as gate:
        configured(here, gate)
        master, slave = pty.openpty()
        terminal = {"stdin": slave, "stdout": slave, "stderr": slave}
        with Process("apply", "-e", "far", "--no-color", cwd=here, env=plain(), **terminal) as process:
            os.close(slave)
            seen = b""
            while b"Enter a value:" not in seen:
                assert select.select([master], [], [], PATIENCE)[0], seen
                seen += os.read(master, 65536)
            process.send_signal(sent)
            with suppress(OSError):  # one that came between the prompt and the reading of it is heard with the line
                os.write(master, b"yes\n")
            assert process.wait(timeout=PATIENCE) == 130
        os.close(master)

        assert gate.writes == []
        assert not (here / ".reconciler" / "history").exists()


# kills and the lock


def test_another_apply_in_the_checkout_is_refused_and_told_whose_it_is(here: Path) -> None:
    with on_port(Gate(free=0)) as gate, running(here, gate) as process:
        gate.wait(1)
        with running(here, gate) as second:
            code, out, err = finished(second)
        gate.open()

        assert (code, out) == (1, "")
        assert f"Error: Another apply runs in this checkout (process {process.pid})." in err
        assert finished(process)[0] == 0


def test_a_killed_apply_leaves_no_lock_and_a_record_that_can_be_read(here: Path) -> None:
    with on_port(Gate(free=1)) as gate:
        with running(here, gate) as process:
            gate.wait(3)
            process.kill()
            process.wait(timeout=PATIENCE)

        past = recorded(here)
        assert (len(past.steps), len(past.outcomes), past.ended) == (3, 1, False)
        gate.open()
        for _ in range(3):
            gate.answered.get(timeout=PATIENCE)
        converged(here, gate)


# pipes and disks


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["lines", "json"])
def test_a_closed_pipe_stops_new_writes_and_is_told(here: Path, more: list[str]) -> None:
    with on_port(Gate(free=1)) as gate:
        with running(here, gate, "--auto-approve", *more) as process:
            gate.wait(3)
            process.stdout.close()
            gate.open()
            errors = process.stderr.read()
            code = process.wait(timeout=PATIENCE)

        assert code == 1
        assert errors == "Stopped early: progress cannot be recorded: Broken pipe.\n"
        assert len(gate.writes) == 3
        assert sorted(recorded(here).outcomes.values()) == ["done"] * 3 + ["skipped"] * 3
        converged(here, gate)


def test_a_record_that_cannot_grow_stops_new_writes_and_is_told(here: Path) -> None:
    with on_port(Gate()) as gate:
        with running(here, gate, file_size=4000) as process:
            code, out, err = finished(process)

        assert code == 1
        assert err == "Stopped early: progress cannot be recorded: File too large.\n"
        assert "Apply incomplete: " in out
        assert 0 < len(gate.writes) < NUMBER
        past = recorded(here)
        assert len(past.steps) == len(gate.writes)
        converged(here, gate)


def test_without_a_record_nothing_is_written(here: Path) -> None:
    with on_port(Gate()) as gate:
        with running(here, gate, file_size=100) as process:
            code, _, err = finished(process)

        assert code == 1
        assert err.startswith("Error: Cannot record the run: File too large.\n")
        assert gate.writes == []
        assert journal.paths(here / ".reconciler" / "history") == []
        converged(here, gate)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_events_that_cannot_be_written_stop_it_before_the_first_write(here: Path) -> None:
    with on_port(Gate()) as gate, running(here, gate, "--auto-approve", "--json-into", "/dev/full") as process:
        code, _, err = finished(process)

        assert code == 1
        assert "No space left on device" in err
        assert gate.writes == []


WHILE_IT_LOADS = """
import subprocess
import sys

class Interrupting:
    def find_spec(self, name, *_):
        if name == "click":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
sys.argv = ["reconciler", "plan"]
from reconciler.__main__ import main
main()
"""


def test_an_interrupt_while_the_command_line_loads_is_no_traceback() -> None:
    done = subprocess.run([sys.executable, "-c", WHILE_IT_LOADS], capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Interrupted.\n")
