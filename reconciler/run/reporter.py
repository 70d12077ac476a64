"""What is reported while a plan is shown and applied: text and a display for people, JSON lines for programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

import click

from reconciler.apply.engine import Listener
from reconciler.canonical import Json
from reconciler.console.credentials import hidden
from reconciler.console.failure import Failure
from reconciler.console.output import style_of
from reconciler.console.streams import discard
from reconciler.model import Change, Live, MarkerRefresh, Outcome, Plan, Task
from reconciler.render import FORMATS, Style, document, events
from reconciler.render.outcomes import line
from reconciler.render.values import one_line
from reconciler.run.interrupts import terminable
from reconciler.run.options import ApplyOptions
from reconciler.run.plan_output import masked

if TYPE_CHECKING:
    from rich.progress import Progress


@dataclass(slots=True)
class Reporter:
    """Reports a plan, and what becomes of it, to people, to programs, or to both."""

    options: ApplyOptions
    style: Style
    streams: list[EventStream] = field(default_factory=list)
    refused: int = 0
    """How many reviewed changes it reported as refused: they are part of how the apply ends."""
    is_over: bool = False
    """Whether a closed pipe ends nothing any more: what was done is done, and the exit code says how it ended."""

    def open(self, stream: IO[str]) -> None:
        """Reports to programs on this stream too."""
        self.streams.append(EventStream(stream))

    def plan(self, plan: Plan) -> None:
        """Shows what is about to be done."""
        self.text(FORMATS["text"](masked(document(plan)), self.style))
        self.events(*events.planned(plan))

    def text(self, text: str) -> None:
        """Prints text for people."""
        if not self.options.as_json:
            with self._unless_over(sys.stdout):
                click.echo(text, nl=False)

    def events(self, *reported: events.Event) -> None:
        """Writes events for programs."""
        for stream in self.streams:
            with self._unless_over(stream.stream):
                for event in reported:
                    stream.write(event)

    @contextmanager
    def _unless_over(self, stream: IO[str]) -> Iterator[None]:
        """Within, a closed pipe is an error only as long as the apply is not over."""
        try:
            yield
        except BrokenPipeError:
            if not self.is_over:
                raise
            discard(stream)

    @contextmanager
    def listeners(self, plan: Plan) -> Iterator[list[Listener]]:
        """Everybody who watches the apply."""
        if self.options.as_json:
            yield [*self.streams]
            return
        with _display(plan, self.style) as display:
            yield [*self.streams, display]


@contextmanager
def reporting(options: ApplyOptions) -> Iterator[Reporter]:
    """A reporter with the streams that the options name; programs also hear how the command fails."""
    reporter = Reporter(options, style_of(sys.stdout, colour=options.colour))
    with terminable(), ExitStack() as stack:
        try:
            if options.as_json:
                reporter.open(sys.stdout)
            if options.json_into is not None:
                reporter.open(stack.enter_context(_open_events(options.json_into)))
            yield reporter
        except BrokenPipeError as error:
            failure = Failure("The output was closed before it began; nothing was changed.", "read all of the output")
            reporter.is_over = True
            reporter.events(events.diagnostic("error", failure.message, failure.remedy))
            raise failure from error
        except Failure as failure:
            with suppress(OSError):
                reporter.events(events.diagnostic("error", failure.message, failure.remedy))
            raise
        except KeyboardInterrupt:
            with suppress(OSError):
                reporter.events(events.diagnostic("error", "Interrupted."))
            raise


def _open_events(path: str) -> IO[str]:
    try:
        return open(path, "w", encoding="utf-8")  # noqa: PTH123  # closed by the stack that it enters
    except OSError as error:
        raise Failure(f"Cannot write events to {path}: {error.strerror}.", "nothing was changed") from error


class ProgressLines(Listener):
    """One line an outcome: a line without an outcome is noise in a log."""

    def __init__(self, style: Style) -> None:
        self._style = style

    def going_on(self, task: Task, seconds: float) -> None:
        """Prints that it is not hanging."""
        self._print(f"{one_line(str(task.address))}: still at it after {int(seconds)}s")

    def ended(self, outcome: Outcome) -> None:
        """Prints what became of a task."""
        self._print(line(_masked_outcome(outcome), self._style))

    def noticed(self, text: str) -> None:
        """Prints what else there is to know."""
        self._print(f"Note: {one_line(hidden().text(text))}")

    def _print(self, text: str) -> None:
        click.echo(text)


class _ProgressBar(ProgressLines):
    def __init__(self, progress: Progress, style: Style, total: int) -> None:
        super().__init__(style)
        self._progress = progress
        self._task = progress.add_task("Applying", total=total)

    def ended(self, outcome: Outcome) -> None:
        super().ended(outcome)
        self._progress.advance(self._task)

    def _print(self, text: str) -> None:
        from rich.text import Text

        self._progress.console.print(Text.from_ansi(text), soft_wrap=True)


@contextmanager
def _display(plan: Plan, style: Style) -> Iterator[Listener]:
    """A display for people, for as long as the apply runs."""
    if not sys.stderr.isatty() or not sys.stdout.isatty():
        yield ProgressLines(style)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _ProgressBar(progress, style, len(plan.changes) + len(plan.marks))


class EventStream(Listener):
    """One JSON line an event, beginning with the version."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self._unwritten = [events.version()]

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        """Writes that a task begins."""
        self.write(events.started(task))

    def going_on(self, task: Task, seconds: float) -> None:
        """Writes that a task takes long."""
        self.write(events.going_on(task, seconds))

    def ended(self, outcome: Outcome) -> None:
        """Writes what became of a task."""
        self.write(events.ended(_masked_outcome(outcome)))

    def noticed(self, text: str) -> None:
        """Writes what else there is to know."""
        self.write(events.diagnostic("info", text))

    def write(self, event: events.Event) -> None:
        """Writes an event with the time of day."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        lines = [events.as_line({**hidden().deep(each), "@timestamp": now}) for each in (*self._unwritten, event)]
        self._unwritten = []
        self.stream.write("".join(lines))
        self.stream.flush()


def _masked_outcome(outcome: Outcome) -> Outcome:
    """The outcome without secrets; of the task itself only its address is printed."""
    return hidden().deep(outcome, (Change, MarkerRefresh))


class Listeners(Listener):
    """Several listeners, in their order."""

    def __init__(self, listeners: Sequence[Listener]) -> None:
        self._listeners = listeners

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        """A task is about to be written; not where one of them cannot take it."""
        for listener in self._listeners:
            listener.started(task, live, patch)

    def going_on(self, task: Task, seconds: float) -> None:
        """A task takes long."""
        self._each(lambda listener: listener.going_on(task, seconds))

    def ended(self, outcome: Outcome) -> None:
        """A task has come to its outcome."""
        self._each(lambda listener: listener.ended(outcome))

    def noticed(self, text: str) -> None:
        """There is something else to know."""
        self._each(lambda listener: listener.noticed(text))

    def _each(self, notify: Callable[[Listener], None]) -> None:
        """Notifies all of them; one that fails keeps nothing from the others."""
        failed: list[OSError] = []
        for listener in self._listeners:
            try:
                notify(listener)
            except OSError as error:
                failed.append(error)
        if failed:
            raise failed[0]
