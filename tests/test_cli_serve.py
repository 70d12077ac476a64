"""`reconciler serve`: the embedded server for other programs, until it is interrupted."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE

import httpx
import pytest

from support.checkout import Checkout, plain
from support.emulator_world import BETA, BETAS
from support.forking import Process
from support.needing import PATIENCE

pytestmark = pytest.mark.no_cover


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys)


@contextmanager
def serving(here: Checkout, *arguments: str, end: signal.Signals = signal.SIGINT, **environ: str) -> Iterator[str]:
    """The address that a served emulator says; it ends without a word."""
    words = ("serve", "--port", "0", *arguments)
    with Process(*words, cwd=here.root, env=plain(**environ), stdout=PIPE, stderr=PIPE) as process:
        try:
            said = process.stdout.readline()
            words = r"Agents API and Assistants API on (http://\S+/v1), data in \S+\. Ctrl-C ends it\.\n"
            address = re.fullmatch(words, said)
            assert address, said + process.stderr.read()
            yield address[1]
            process.send_signal(end)
            out, errors = process.communicate(timeout=PATIENCE)
            assert (process.returncode, out, errors) == (0 if end is signal.SIGINT else -end, "", "")
        finally:
            process.kill()


def test_what_is_served_is_what_local_holds_and_an_interrupt_ends_it(here: Checkout) -> None:
    with serving(here) as url:
        made = httpx.post(f"{url}/assistants", json={"model": "gpt-4o"}, headers=BETA).json()
        agent = httpx.post(f"{url}/agents", json={"model": "gpt-5"}, headers=BETAS["agents"]).json()

    assert agent["object"] == "agent"
    assert list(here.live()) == [made["id"]]
    assert (here.root / ".reconciler" / ".gitignore").read_text() == "*\n"


def test_a_termination_ends_it_too(here: Checkout) -> None:
    with serving(here, end=signal.SIGTERM) as url:
        assert httpx.get(f"{url}/assistants", headers=BETA).status_code == 200


def test_another_file_holds_the_data_where_it_is_named(here: Checkout) -> None:
    with serving(here, "--data", "mine.db"):
        pass

    assert (here.root / "mine.db").is_file()
    assert not (here.root / ".reconciler").exists()


def test_a_key_is_asked_for_where_one_is_set(here: Checkout) -> None:
    with serving(here, RECONCILER_SERVE_KEY="sk-mine") as url:
        answers = [
            httpx.get(f"{url}/assistants", headers={**BETA, **more}).status_code
            for more in ({}, {"Authorization": "Bearer sk-mine"})
        ]

    assert answers == [401, 200]


def test_reconciler_itself_can_use_what_it_serves(here: Checkout) -> None:
    here.write(hr="model: gpt-4o\n")
    with serving(here, "--data", "mine.db") as url:
        here.config(f"stack: acme\nenvironments:\n  served: {{provider: openai, base_url: {url}}}\n")
        applied = here.run("apply", "-e", "served", "--auto-approve")
        again = here.run("plan", "-e", "served", "--detailed-exitcode")

    assert (applied.code, again.code) == (0, 0)


def test_the_embedded_server_knows_the_families_that_the_configuration_tells(here: Checkout) -> None:
    here.config(
        "stack: acme\nenvironments:\n  local: {models: {fast: o3-mini}}\n"
        "  served: {provider: openai, base_url: 'http://127.0.0.1:9/v1'}\n"
    )
    here.write(one="model: fast\nreasoning_effort: low\n")
    with serving(here) as url:
        made = httpx.post(f"{url}/assistants", json={"model": "fast", "temperature": 1}, headers=BETA)
    applied = here.run("apply", "-e", "local", "--auto-approve")

    assert (made.status_code, made.json()["error"]["param"]) == (400, "temperature")
    assert applied.code == 0
    assert [one["temperature"] for one in here.live().values()] == [None]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "is not a loopback address"),
        (["--port", "70000"], "Invalid value for '--port'"),
        (["--data", "assistants"], "assistants"),
    ],
)
def test_what_cannot_be_served_is_told(here: Checkout, arguments: list[str], said: str) -> None:
    told = here.run("serve", *arguments)

    assert (told.code, told.out) == (1, "")
    assert said in told.err


def test_a_port_that_is_taken_is_told(here: Checkout) -> None:
    with serving(here) as url:
        told = here.run("serve", "--port", url.rpartition(":")[2].removesuffix("/v1"))

    assert told.code == 1
    assert "cannot listen on 127.0.0.1:" in told.err
    assert "Choose another port" in told.err
