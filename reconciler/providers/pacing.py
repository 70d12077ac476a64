"""One limiter for a run: everybody slows down when the server refuses, and recovers by and by.

Until a server says 429 nothing is held up. Then the rate is what it let through in the last second, less a
little; it grows again, slowly at first and faster the longer nothing is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

_WINDOW = 1.0
_SHARE_AFTER_REFUSAL = 0.92
_CUT = 0.85
_GROWTH = 0.02
_PATIENCE = 8.0
_SLOWEST = 0.2


class Pacer:
    """Hands out turns to send."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._passed: deque[float] = deque()
        self._rate: float | None = None
        self._next = 0.0
        self._cut_at = float("-inf")
        self._grown_at = 0.0

    @property
    def rate(self) -> float | None:
        """How many requests a second are sent; None while nobody has refused."""
        return self._rate

    async def turn(self) -> float:
        """Waits until one more request may be sent; the moment at which it may."""
        now = self._clock()
        slot = max(now, self._next)
        if self._rate is not None:
            self._next = slot + 1 / self._rate
        if slot > now:
            await self._sleep(slot - now)
        return slot

    def passed(self) -> None:
        """The server took a request."""
        now = self._clock()
        self._passed.append(now)
        self._forget(now)
        if self._rate is not None:
            calm = now - self._cut_at
            pace = _GROWTH * (1 + (calm / _PATIENCE) ** 2)
            self._rate *= 1 + pace * min(now - self._grown_at, 1.0)
            self._grown_at = now

    def refused(self, sent: float, retry_after: float | None) -> None:
        """The server said that it was too much; requests sent before the last cut say nothing new."""
        now = self._clock()
        self._next = max(self._next, now + (retry_after or 0))
        if sent < self._cut_at:
            return
        self._forget(now)
        measured = len(self._passed) / _WINDOW
        rate = (
            measured * _SHARE_AFTER_REFUSAL if self._rate is None else min(self._rate * _CUT, max(measured, _SLOWEST))
        )
        self._rate = max(rate, _SLOWEST)
        self._cut_at = self._grown_at = now
        self._next = max(self._next, now + 1 / self._rate)

    def _forget(self, now: float) -> None:
        while self._passed and self._passed[0] <= now - _WINDOW:
            self._passed.popleft()
