"""Keep printed text from acting on a CI runner: only our own annotations are commands.

Under GitHub Actions the output of a step is searched for commands. Text for people is printed between
`::stop-commands::TOKEN` and `::TOKEN::` there, and no line of it reads as a command by itself either: the runner
reads standard output and standard error side by side, in no order that can be relied on.

Data for programs has neither: a pipe may lead to a program as well as to the runner. Such formats are harmless by
the way they are written.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

import click

FOR_PEOPLE = ("text", "github")
_DATA = "reconciler.data"
FORMAT = "reconciler.format"
"""Where a context keeps the format, also once the command is over."""


class Guard:
    """A stream that a runner reads: whole lines, disarmed, and between a stop and a resume of its own."""

    def __init__(self, inner: TextIO, turns: Turns, is_data: Callable[[], bool]) -> None:
        self._inner = inner
        self._turns = turns
        self._is_data = is_data
        self._unended = ""
        self._token = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, text: str) -> int:
        """Writes data as it is; of all else the lines that have ended."""
        if not isinstance(text, str):
            raise TypeError(f"expected text, not {type(text).__name__}")
        if self._is_data():
            return self._inner.write(text)
        whole, end, self._unended = (self._unended + text).rpartition("\n")
        if end:
            self._write_disarmed(whole + end)
        return len(text)

    def aside(self, lines: Iterable[str]) -> None:
        """Writes commands that are meant for the runner; each once."""
        self._turns.rest()
        self._inner.writelines(f"{line}\n" for line in self._turns.fresh(lines))
        self._inner.flush()

    def end(self) -> None:
        """Writes a line that never ended."""
        if self._unended:
            self.write("\n")

    def stop(self) -> None:
        """From here on the runner obeys nothing, until it reads the new token."""
        import secrets

        self._token = secrets.token_hex(16)
        self._inner.write(f"::stop-commands::{self._token}\n")

    def resume(self) -> None:
        """From here on the runner obeys again."""
        self._inner.write(f"::{self._token}::\n")
        self._inner.flush()

    def _write_disarmed(self, lines: str) -> None:
        from reconciler.render.values import disarmed

        self._turns.take(self)
        self._inner.write("".join(disarmed(line) for line in lines.splitlines(keepends=True)))


class Turns:
    """Which of the streams writes: one at a time, so that no resume of one is read within the other."""

    def __init__(self) -> None:
        self._writing: Guard | None = None
        self._written: set[str] = set()

    def take(self, guard: Guard) -> None:
        """Lets a stream write, after the other has ended."""
        if self._writing is not guard:
            self.rest()
            guard.stop()
            self._writing = guard

    def rest(self) -> None:
        """Ends whichever stream writes: the runner obeys again."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.resume()

    def fresh(self, lines: Iterable[str]) -> list[str]:
        """Those of the lines that were not written before."""
        new = [line for line in dict.fromkeys(lines) if line not in self._written]
        self._written.update(new)
        return new


@contextmanager
def guarded() -> Iterator[None]:
    """Within, nothing printed acts on a runner; where there is none, nothing changes."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    turns = Turns()
    before = sys.stdout, sys.stderr
    guards = Guard(sys.stdout, turns, _is_data), Guard(sys.stderr, turns, lambda: False)
    sys.stdout, sys.stderr = (
        cast(TextIO, guard) if _may_be_runner(stream) else stream for stream, guard in zip(before, guards, strict=True)
    )
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for act in (*(guard.end for guard in guards), turns.rest):
            with suppress(OSError, ValueError):  # the reader has closed the pipe
                act()


def annotate(lines: Iterable[str], *, err: bool = False) -> None:
    """Writes annotations where a runner obeys them."""
    stream = sys.stderr if err else sys.stdout
    if isinstance(stream, Guard):
        stream.aside(lines)
    else:
        stream.writelines(f"{line}\n" for line in lines)


def rest() -> None:
    """Lets a runner obey others while this process goes on without output."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Guard):
            stream.aside(())


def says_data() -> None:
    """From now on what this command prints is for programs, whatever the format."""
    click.get_current_context().meta[_DATA] = True


def _is_data() -> bool:
    """Whether what is printed now is for programs; so are the version and the help of the whole."""
    context = click.get_current_context(silent=True)
    if context is None or context.parent is None:
        return True
    params = context.params
    return bool(context.meta.get(_DATA) or params.get("as_json")) or params.get("format", "text") not in FOR_PEOPLE


def _may_be_runner(stream: TextIO) -> bool:
    """Whether a runner may be at the other end: not of a file, and not of a terminal."""
    try:
        return not stream.isatty() and not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return True
