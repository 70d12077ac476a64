"""Ctrl-C and SIGTERM while an apply runs: the first lets what is in flight finish, the second does not."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from types import FrameType

import anyio
import click

from reconciler.apply.engine import Stop

INTERRUPTED = "interrupted"
_GRACE_SECONDS = 30.0


@contextmanager
def terminable() -> Iterator[None]:
    """Within, SIGTERM ends a command as Ctrl-C does: nothing is in flight, and it exits 130."""
    before = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _as_interrupt(_number: int, frame: FrameType | None) -> None:
    """Does what Ctrl-C would do now: a running loop is ended in order."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # ignored, as in a job in the background
        raise KeyboardInterrupt
    handler(signal.SIGINT, frame)


@asynccontextmanager
async def interruptible(stop: Stop) -> AsyncIterator[None]:
    """Within, a signal stops the apply instead of the process."""
    async with anyio.create_task_group() as group:
        group.start_soon(_listen, stop)
        try:
            yield
        finally:
            group.cancel_scope.cancel()


async def _listen(stop: Stop) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for _ in signals:
            break
        stop.softly(INTERRUPTED)
        with suppress(OSError):
            click.echo("\nInterrupted: what is in flight may finish; once more cuts it off.", err=True)
        with anyio.move_on_after(_GRACE_SECONDS):
            async for _ in signals:
                break
        stop.at_once()
