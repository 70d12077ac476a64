"""What a user gets when something failed: one clear message with the remedy."""

from __future__ import annotations

import click


class Failure(Exception):
    """Ends a command with a message; nothing more is tried."""

    def __init__(self, message: str, remedy: str = "", *, code: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.code = code

    def show(self) -> None:
        """Prints the message where errors go."""
        from reconciler.render.visible import visible

        click.echo(f"Error: {visible(self.message)}", err=True)
        for line in self.remedy.splitlines():
            click.echo(f"  {visible(line)}", err=True)
