"""What a user gets when something failed: one clear message with the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.credentials import hidden

if TYPE_CHECKING:
    from reconciler.diagnostics import Fault


class Failure(Exception):
    """Ends a command with a message; nothing more is tried."""

    def __init__(self, message: str, remedy: str = "", *, code: int = 1, wrong: tuple[Fault, ...] = ()) -> None:
        hide = hidden().text
        super().__init__(hide(message))
        self.message = hide(message)
        self.remedy = hide(remedy)
        self.code = code
        self.wrong = wrong
        """The faults that end it, which were shown already."""

    def show(self) -> None:
        """Prints the message where errors go."""
        from reconciler.render.values import inert

        click.echo(inert(f"Error: {self.message}"), err=True)
        for line in self.remedy.splitlines():
            click.echo(inert(f"  {line}"), err=True)
