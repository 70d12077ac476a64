"""How long a task may go on waiting for a server: a moment, kept with the task."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_UNTIL: ContextVar[float] = ContextVar("until", default=float("inf"))


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
