"""What is seen while an apply runs: a display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from reconciler.model import Outcome, Plan, Task
from reconciler.reconcile import Listener
from reconciler.render import Style
from reconciler.render.outcomes import line

if TYPE_CHECKING:
    from rich.progress import Progress


class Lines:
    """One line an outcome."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def started(self, task: Task) -> None:
        """Says nothing: a line without an outcome is noise in a log."""

    def ended(self, outcome: Outcome) -> None:
        """Prints what became of a task."""
        click.echo(line(outcome, self._style))


@contextmanager
def watch(plan: Plan, style: Style) -> Iterator[Listener]:
    """A listener for as long as the apply runs."""
    if not sys.stderr.isatty() or not sys.stdout.isatty():
        yield Lines(style)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress, style, len(plan.changes) + len(plan.marks))


class _Bar(Lines):
    def __init__(self, progress: Progress, style: Style, total: int) -> None:
        super().__init__(style)
        self._progress = progress
        self._task = progress.add_task("Applying", total=total)

    def ended(self, outcome: Outcome) -> None:
        """Prints the line above the display and moves it on."""
        from rich.text import Text

        self._progress.console.print(Text.from_ansi(line(outcome, self._style)), soft_wrap=True)
        self._progress.advance(self._task)
