"""A key that a command prints: which program is run, how, and what is said where it prints none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx
import pytest

from reconciler.providers.errors import ProviderError, Unauthorized
from reconciler.providers.key_command import KeyCommand, NoKeyError
from reconciler.providers.openai import COLLECTIONS
from reconciler.providers.request_key import RequestKey
from reconciler.providers.wire import Wire, client
from reconciler.settings import Access
from support.faults import wire_clock
from support.needing import PATIENCE

pytestmark = pytest.mark.needs("ls", "seq", "head", "tr", "yes", "sleep", "wc", "cat")  # what the programs here call

ASSISTANTS = COLLECTIONS["assistant"]
PAGE = {"object": "list", "data": [], "has_more": False}


class Programs:
    """A checkout, and a folder of programs beside it."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.bin = folder / "checkout", folder / "bin"
        for each in (self.checkout, self.bin):
            each.mkdir()
        self.path = os.pathsep.join([str(self.bin), os.environ["PATH"]])

    def program(self, script: str, folder: Path | None = None, name: str = "az") -> Path:
        path = (folder or self.bin) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def command(self, *argv: str, path: str | None = None) -> KeyCommand:
        environ = {**os.environ, "PATH": self.path if path is None else path}
        return KeyCommand(argv or ("az",), self.checkout, environ)

    def key(self, *argv: str, path: str | None = None) -> str:
        return anyio.run(self.command(*argv, path=path).key)

    def refusal(self, *argv: str, path: str | None = None) -> str:
        with pytest.raises(NoKeyError) as caught:
            self.key(*argv, path=path)
        return f"{caught.value.message} {caught.value.remedy}"


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    return Programs(tmp_path)


def test_what_it_prints_is_the_key_and_no_shell_reads_its_arguments(programs: Programs) -> None:
    programs.program('printf " %s-%s\\n\\n" "$#" "$2"')

    assert programs.key("az", "token", "$(id);*") == "2-$(id);*"


def test_it_runs_in_an_empty_folder_without_input(programs: Programs) -> None:
    programs.program('test -z "$(ls -A)" && ! read -r line && case $PWD in *reconciler-key-*) echo empty;; esac')

    assert programs.key() == "empty"


def test_no_program_of_the_checkout_is_run(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    own = programs.program("echo evil", programs.checkout / "bin")
    linked = programs.bin.parent / "linked"
    linked.symlink_to(own.parent)
    alias = programs.bin / "alias"
    alias.symlink_to(own)
    monkeypatch.chdir(own.parent)

    for path in (str(own.parent), ".", "", "bin", str(linked), f"{programs.bin}/../checkout/bin"):
        assert "was not found on PATH" in programs.refusal(path=path)
    for program in (str(own), str(linked / "az"), str(alias), "alias"):
        assert "is in this repository" in programs.refusal(program)
    programs.program("command -v az")
    outside = programs.program("echo outside")
    assert programs.key(path=f"{own.parent}:.::{programs.bin}") == "outside"
    assert programs.key(str(outside)) == "outside"


def test_what_it_starts_in_turn_is_not_of_the_checkout_either(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.program("echo evil", programs.checkout, name="helper")
    programs.program('helper || echo "outside:$PYTHONPATH"')
    monkeypatch.setenv("PYTHONPATH", f"{programs.checkout}/src::/opt/lib")

    assert programs.key(path=f"{programs.checkout}:{programs.path}") == "outside:/opt/lib"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 0", "printed nothing in place of a key"),
        ("printf 'a\\nb\\n'", "--query accessToken --output tsv"),
        ("echo 'a b'", "what no header may have"),
        ("printf '\\377'", "what no header may have"),
        ("echo 'Please run az login.' >&2; exit 3", "failed (exit code 3): Please run az login. run it yourself"),
        ("echo sk-secret-1; echo 'not sk-secret-1' >&2; exit 1", "failed (exit code 1): not (the key) "),
        (
            "echo 'no token=eyJ0eXAiOi.JKV1QiLCJhb/Gc+ in /opt/az/lib/python3.11/cli.py' >&2; exit 1",
            "failed (exit code 1): no (the key) in /opt/az/lib/python3.11/cli.py ",
        ),
        ("exec 2>&1; seq 99999; exit 1", "failed (exit code 1). "),
        ("seq 99999 >&2; exit 1", ": …"),
        ("yes | tr -d '\\n' | head -c 99999", "what no header may have"),
        ("yes", "failed (exit code -9)."),
        ("kill -9 $$", "failed (exit code -9)."),
    ],
)
def test_where_it_prints_no_key_one_short_message_says_what_to_do(programs: Programs, script: str, words: str) -> None:
    programs.program(script)

    said = programs.refusal("az", "token")

    assert words in said
    assert len(said) < 600


def test_it_has_no_more_time_than_there_is_and_what_it_started_ends_with_it(programs: Programs, tmp_path: Path) -> None:
    programs.program(f"sleep 60 & echo $! > {tmp_path}/pid; wait")

    with pytest.raises(NoKeyError, match="printed no key within 0s"):
        anyio.run(programs.command().key, 0.4)

    assert ended(int((tmp_path / "pid").read_text()))


def test_an_interrupt_ends_it(programs: Programs, tmp_path: Path) -> None:
    programs.program(f"sleep 60 & echo $! > {tmp_path}/pid.new; mv {tmp_path}/pid.new {tmp_path}/pid; wait")

    async def story() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(programs.command().key)
            with anyio.fail_after(PATIENCE):
                while not (tmp_path / "pid").exists():  # noqa: ASYNC110  # another process writes it
                    await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()

    anyio.run(story)

    assert ended(int((tmp_path / "pid").read_text()))


def ended(process: int) -> bool:
    """Whether a process is no more, or is only waited for, soon."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{process}/stat").read_text().split()[2] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_what_it_leaves_running_is_not_waited_for(programs: Programs) -> None:
    programs.program("sleep 60 & echo key; echo $! >&2")
    began = time.monotonic()

    assert programs.key() == "key"
    assert time.monotonic() - began < 30


def asking(
    programs: Programs, accepted: Callable[[int], str], *, requests: int = 3
) -> tuple[list[str], list[str], list[ProviderError]]:
    """The keys that requests at once carried, those that were learnt, and how they failed."""
    programs.program(f'echo x >> {programs.bin}/asked; echo "key-$(wc -l < {programs.bin}/asked)-of-the-day"')
    carried: list[str] = []
    learned: list[str] = []
    errors: list[ProviderError] = []

    def answer(request: httpx.Request) -> httpx.Response:
        key = request.headers["authorization"].removeprefix("Bearer ")
        carried.append(key)
        if key != accepted(len(carried)):
            return httpx.Response(401, json={"error": {"message": f"wrong key {key}"}})
        return httpx.Response(200, json=PAGE)

    async def story() -> None:
        key = RequestKey(Access(command=("az",)), programs.command(), learned.append)
        http = client("https://x.com/v1", {}, httpx.MockTransport(answer))
        wire = Wire(http, lambda line: None, wire_clock(), key=key)

        async def one() -> None:
            try:
                await wire.page(ASSISTANTS, {})
            except ProviderError as error:
                errors.append(error)

        async with anyio.create_task_group() as tasks:
            for _ in range(requests):
                tasks.start_soon(one)
        await wire.aclose()

    anyio.run(story)
    return carried, learned, errors


def test_it_is_run_once_for_all_requests(programs: Programs) -> None:
    carried, learned, errors = asking(programs, lambda count: "key-1-of-the-day")

    assert (carried, learned, errors) == (["key-1-of-the-day"] * 3, ["key-1-of-the-day"], [])


def test_after_a_rejection_it_is_run_again_once_for_all(programs: Programs) -> None:
    carried, learned, errors = asking(programs, lambda count: "key-2-of-the-day")

    assert (sorted(set(carried)), learned, errors) == (
        ["key-1-of-the-day", "key-2-of-the-day"],
        ["key-1-of-the-day", "key-2-of-the-day"],
        [],
    )


def test_where_it_fails_it_is_not_run_for_each_request(programs: Programs) -> None:
    programs.program(f"echo x >> {programs.bin}/asked; exit 1")

    async def story() -> None:
        key = RequestKey(Access(command=("az",)), programs.command())
        for _ in range(2):
            with pytest.raises(NoKeyError, match="failed"):
                await key.headers()

    anyio.run(story)

    assert (programs.bin / "asked").read_text() == "x\n"


def test_a_key_that_stays_rejected_is_an_error_that_does_not_say_it(programs: Programs) -> None:
    carried, _, errors = asking(programs, lambda count: "never", requests=1)

    assert carried == ["key-1-of-the-day", "key-2-of-the-day"]
    (error,) = errors
    assert isinstance(error, Unauthorized)
    assert "wrong key (the key)" in error.message
