"""What the demo runs on: a copy of the examples, the real command, and its server."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import httpx

REPOSITORY = Path(__file__).resolve().parent.parent
_COMMAND = (sys.executable, "-m", "reconciler")
BETAS = {"agents": "agents=v1", "assistants": "assistants=v2"}

Lines = Sequence[str]


class UnexpectedError(Exception):
    """A step that did not do what it says."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder, the environment variables of its commands, and the APIs that they use."""

    folder: Path
    environ: Mapping[str, str]
    api: httpx.Client
    colored: bool

    def say(self, text: str) -> None:
        """A caption between two steps."""
        click.echo()
        for line in text.splitlines():
            click.echo(click.style(line, bold=True) if self.colored else line)
        click.echo()

    def note(self, line: str) -> None:
        """A line about a request, indented like output."""
        click.echo(click.style(f"    {line}", dim=True) if self.colored else f"    {line}")

    def run(self, command: str, *, exits: int, ends: str, shown: Callable[[Lines], Lines] = tuple) -> None:
        """Runs `reconciler` and shows its output, whose last line must begin so, and with that exit code."""
        click.echo(f"$ reconciler {command}")
        done = subprocess.run(  # noqa: S603  # the arguments are constants
            [*_COMMAND, *command.split()],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        lines = done.stdout.splitlines()
        last = click.unstyle(lines[-1]) if lines else ""
        if done.returncode != exits or not last.startswith(ends):
            click.echo(done.stdout + done.stderr)
            raise UnexpectedError(
                f"`reconciler {command}` exited {done.returncode} and ended in {last!r};"
                f" expected were exit code {exits} and the end {ends!r}."
            )
        for line in shown(lines):
            click.echo(f"    {line}" if line else "")

    def show_file(self, name: str) -> None:
        """Prints a file of the folder."""
        click.echo(f"$ cat {name}")
        for line in (self.folder / name).read_text(encoding="utf-8").splitlines():
            click.echo(f"    {line}" if line else "")

    def live(self) -> dict[str, dict[str, Any]]:
        """Every live agent and assistant by its name, as its API gives it."""
        answers = [self._ask("GET", f"/{name}?limit=100") for name in BETAS]
        return {one["name"]: one for answer in answers for one in answer["data"]}

    def modify(self, one: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        """Changes an agent or an assistant on the server."""
        self._ask("POST", f"/{one['object']}s/{one['id']}", body)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer of the API that the path belongs to."""
        beta = next(value for name, value in BETAS.items() if path.startswith(f"/{name}"))
        return self.api.request(method, path, json=body, headers={"OpenAI-Beta": beta}).raise_for_status().json()

    def check(self, fact: bool, what: str) -> None:  # noqa: FBT001  # it is an assertion
        """Ends the demo if a fact is not true."""
        if not fact:
            raise UnexpectedError(f"This is not true: {what}.")


@contextmanager
def stage() -> Iterator[Stage]:
    """A fresh copy of the examples with an empty server, deleted afterwards."""
    colored = sys.stdout.isatty() and not any(os.environ.get(name) for name in ("NO_COLOR", "CI"))
    with TemporaryDirectory(prefix="reconciler-demo-") as name:
        folder = Path(name)
        for kind in BETAS:
            shutil.copytree(REPOSITORY / kind, folder / kind)
        shutil.copy(REPOSITORY / "reconciler.yaml", folder)
        environ = _environ(colored=colored)
        with (
            _served(folder, environ) as base_url,
            httpx.Client(base_url=base_url, trust_env=False) as api,
        ):
            yield Stage(folder, environ, api, colored)


def _environ(*, colored: bool) -> dict[str, str]:
    """The user's environment variables, without those that change what the commands do."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECONCILER_")}
    return {**kept, "PYTHONIOENCODING": "utf-8", **({"RECONCILER_COLOR": "1"} if colored else {})}


@contextmanager
def _served(folder: Path, environ: Mapping[str, str]) -> Iterator[str]:
    """The address of the embedded server, on the very database that `-e local` uses."""
    command = [*_COMMAND, "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            ready = server.stdout.readline() if server.stdout else ""
            if "http://" not in ready:
                raise UnexpectedError("`reconciler serve` did not start.")
            yield "http://" + ready.partition("http://")[2].partition(",")[0]
        finally:
            server.terminate()
