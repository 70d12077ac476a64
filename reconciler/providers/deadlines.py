"""How long a task may wait for a server, and for how long what it read is good: moments, kept with the task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_UNTIL: ContextVar[float] = ContextVar("until", default=float("inf"))


@dataclass(slots=True)
class _DeadlineReading:
    good_until: float


_READING: ContextVar[_DeadlineReading | None] = ContextVar("reading", default=None)


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Within, nothing waits past the moment, nor past one that was set outside."""
    token = _UNTIL.set(min(moment, _UNTIL.get()))
    try:
        yield
    finally:
        _UNTIL.reset(token)


def left(now: float) -> float:
    """The seconds that remain."""
    return _UNTIL.get() - now


@contextmanager
def overwriting(good_until: float) -> Iterator[None]:
    """Within, no first write begins after the moment: what it overwrites was read too long ago."""
    token = _READING.set(_DeadlineReading(good_until))
    try:
        yield
    finally:
        _READING.reset(token)


def is_outdated(now: float) -> bool:
    """Whether what is about to be overwritten was read too long ago."""
    reading = _READING.get()
    return reading is not None and now > reading.good_until


def wrote() -> None:
    """What is overwritten from now on is this task's own."""
    if (reading := _READING.get()) is not None:
        reading.good_until = float("inf")
