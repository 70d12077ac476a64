"""What is seen while an apply runs: a display on a terminal, plain lines elsewhere, events for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

import click

from reconciler.apply.engine import Listener
from reconciler.canonical import Json
from reconciler.console.credentials import hidden
from reconciler.model import Change, Live, MarkerRefresh, Outcome, Plan, Task
from reconciler.render import Style, events
from reconciler.render.outcomes import line
from reconciler.render.values import one_line

if TYPE_CHECKING:
    from rich.progress import Progress


class ProgressLines:
    """One line an outcome."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        """Says nothing: a line without an outcome is noise in a log."""

    def going_on(self, task: Task, seconds: float) -> None:
        """Says that it is not hanging."""
        self._say(f"{one_line(str(task.address))}: still at it after {int(seconds)}s")

    def ended(self, outcome: Outcome) -> None:
        """Says what became of a task."""
        self._say(line(_less_secrets(outcome), self._style))

    def noticed(self, text: str) -> None:
        """Says what else there is to know."""
        self._say(f"Note: {one_line(hidden().text(text))}")

    def _say(self, text: str) -> None:
        click.echo(text)


class Events:
    """One JSON line an event."""

    def __init__(self, stream: IO[str], now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._stream = stream
        self._now = now

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        """A task begins."""
        self.say(events.started(task))

    def going_on(self, task: Task, seconds: float) -> None:
        """A task takes long."""
        self.say(events.going_on(task, seconds))

    def ended(self, outcome: Outcome) -> None:
        """A task has come to its outcome."""
        self.say(events.ended(_less_secrets(outcome)))

    def noticed(self, text: str) -> None:
        """Something else that is worth telling."""
        self.say(events.diagnostic("info", text))

    def say(self, event: events.Event) -> None:
        """Writes an event with the time of day."""
        told = {**hidden().deep(event), "@timestamp": self._now().isoformat(timespec="milliseconds")}
        self._stream.write(events.as_line(told))
        self._stream.flush()


def _less_secrets(outcome: Outcome) -> Outcome:
    """What became of a task, less every secret; of the task itself nothing is said but its address."""
    return hidden().deep(outcome, (Change, MarkerRefresh))


class All:
    """Tells several, in their order."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        """A task is about to be written over the object: not where one of them cannot hear it."""
        for listener in self._listeners:
            listener.started(task, live, patch)

    def going_on(self, task: Task, seconds: float) -> None:
        """A task takes long."""
        self._each(lambda listener: listener.going_on(task, seconds))

    def ended(self, outcome: Outcome) -> None:
        """A task has come to its outcome."""
        self._each(lambda listener: listener.ended(outcome))

    def noticed(self, text: str) -> None:
        """Something else that is worth telling."""
        self._each(lambda listener: listener.noticed(text))

    def _each(self, tell: Callable[[Listener], None]) -> None:
        """Tells everybody; that one of them cannot hear it any more keeps nothing from the others."""
        deaf: list[OSError] = []
        for listener in self._listeners:
            try:
                tell(listener)
            except OSError as error:
                deaf.append(error)
        if deaf:
            raise deaf[0]


@contextmanager
def watch(plan: Plan, style: Style) -> Iterator[Listener]:
    """A display for people, for as long as the apply runs."""
    if not sys.stderr.isatty() or not sys.stdout.isatty():
        yield ProgressLines(style)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress, style, len(plan.changes) + len(plan.marks))


class _Bar(ProgressLines):
    def __init__(self, progress: Progress, style: Style, total: int) -> None:
        super().__init__(style)
        self._progress = progress
        self._task = progress.add_task("Applying", total=total)

    def ended(self, outcome: Outcome) -> None:
        """Says what became of a task and moves the display on."""
        super().ended(outcome)
        self._progress.advance(self._task)

    def _say(self, text: str) -> None:
        from rich.text import Text

        self._progress.console.print(Text.from_ansi(text), soft_wrap=True)
