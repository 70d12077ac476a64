"""What a user gets when something fails: one clear message with the remedy."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.console.credentials import hidden

if TYPE_CHECKING:
    from reconciler.diagnostics import Diagnostic


class Failure(Exception):
    """Ends a command with a message; nothing more is tried."""

    def __init__(self, message: str, remedy: str = "", *, code: int = 1, wrong: tuple[Diagnostic, ...] = ()) -> None:
        hide = hidden().text
        super().__init__(hide(message))
        self.message = hide(message)
        self.remedy = hide(remedy)
        self.code = code
        self.wrong = wrong
        """The errors that end it, which were reported already."""

    def show(self) -> None:
        """Prints the message where errors go."""
        from reconciler.render.values import inert

        with suppress(BrokenPipeError):  # the exit code says it all the same
            for line in (f"Error: {self.message}", *(f"  {line}" for line in self.remedy.splitlines())):
                click.echo(inert(line), err=True)


def unreadable(path: str, error: OSError) -> str:
    """Why a file cannot be read; where it is not there, the whole path that was tried."""
    if isinstance(error, FileNotFoundError):
        return f"There is no file {Path(path).absolute()}."
    return f"{path} cannot be read: {error.strerror}."


def first_error(error: BaseException) -> BaseException:
    """The first error of what ran at once."""
    return first_error(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
