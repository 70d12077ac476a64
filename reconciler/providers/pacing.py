"""One limiter for a run: every task slows down when the server rejects, and recovers by and by.

Until a server says 429 nothing is held up. Then one request at a time finds out when the server takes some again,
and the pace becomes what it was seen to take. From a little below that it returns, stays about there for a while,
and goes beyond it slowly at first, then faster the longer nothing is rejected: the curve of TCP's CUBIC, for the same
reason. So a server is asked too much only now and then, and one that has recovered is soon used again.

Not every rejection is a limit: some servers reject at random. Where the pace was cut several times in a row, each time
after a few requests, slowing down does not help. Then the pace returns to where it was before and grows, and as large
a share of rejections as in the meantime is tolerated. Each such spell ends after some requests, the next one later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import anyio

_MEMORY = 3.0
_CUT = 0.15
_PLATEAU_SECONDS = 5.0
_PLATEAU_REQUESTS = 50
_LONGEST_PLATEAU = 15.0
_DOUBLES_IN = 4.0
_MARGIN = 1.05
_LITTLE = 4
_CUT_WHEN_SHORT = 0.6
_CUT_WHEN_DOUBLING = 0.8
_SLOWEST = 0.2
_FASTEST = 10_000.0
_SHORTEST_HOLD = 0.05
_LONGEST_HOLD = 8.0
_CUTS_IN_VAIN = 4
_FEW_ANSWERS, _IN_A_ROW = 6, 45
_MOST_TOLERATED, _MOST = 0.6, 0.7
_LAST = 20
_SPELL = 100
_SPELL_DOUBLES_IN = 2.0


class Pacer:
    """Hands out turns to send, first come, first served."""

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._line, self._queue = anyio.Lock(), anyio.Lock()
        """Where those wait who are not urgent, and where the first of them waits beside all who are."""
        self._recent: deque[float] = deque()
        self._next = 0.0
        self._peak: float | None = None
        """The rate that the server was seen to take; None while it never rejected."""
        self._doubles = False
        """Whether that is only known to be less than what it takes."""
        self._hold: float | None = None
        """While the server takes nothing: how long until one more request tries."""
        self._rejected_at = self._taken_at = self._stopped_at = float("-inf")
        self._delay_stated = False
        """Whether it said for how long; then the pause says nothing of what it takes."""
        self._burst = 0
        """How many requests it took in the second before it rejected."""
        self._top: float | None = None
        """The rate at which it rejected."""
        self._answered = self._rejections = 0
        self._last: deque[bool] = deque(maxlen=_LAST)
        """Which of the last answers were rejections."""
        self._cuts: deque[tuple[int, int, float]] = deque(maxlen=_CUTS_IN_VAIN + 1)
        """The last cuts: after how many answers, after how many rejections, at which rate."""
        self._tolerated = 0.0
        """The share of rejections that means nothing, because slowing down did not reduce it."""
        self._spell, self._until = _SPELL, 0
        """For how many answers that is so the next time, and until which it is so now."""

    @property
    def rate(self) -> float | None:
        """How many requests a second are sent; None while the server never rejected."""
        if self._peak is None:
            return None
        calm = self._clock() - self._taken_at
        if self._tolerated or self._doubles:
            seconds = _SPELL_DOUBLES_IN if self._tolerated else 1.0
            return _bounded(self._peak * 2 ** min(calm / seconds, 20.0))
        plateau = min(max(_PLATEAU_SECONDS, _PLATEAU_REQUESTS / self._peak), _LONGEST_PLATEAU)
        beyond = min(max(calm - 2 * plateau, 0.0) / _DOUBLES_IN, 20.0)
        return _bounded(self._peak * (1 + _CUT * min(calm / plateau - 1, 1.0) ** 3) * 2**beyond)

    def wait(self) -> float:
        """How long the next turn would have to be waited for, at least."""
        return self._next - self._clock()

    async def turn(self, *, urgent: bool = False) -> float:
        """Waits until one more request may be sent, after at most one that is not urgent; the moment at which it is."""
        if self._peak is None and self.wait() <= 0:
            return self._clock()
        if urgent:
            return await self._turn()
        async with self._line:
            return await self._turn()

    def give_back(self) -> None:
        """A turn is not used: the next one is now."""
        self._next = self._clock()

    async def _turn(self) -> float:
        async with self._queue:
            while (wait := self.wait()) > 0:
                await self._sleep(wait)
            now = self._clock()
            self._next = now + (self._hold or 1 / (self.rate or _FASTEST))
        return now

    def accepted(self, sent: float = float("inf")) -> None:
        """The server took a request.

        One that was sent before the last rejection does not say that it takes more; where the server stated for how
        long to pause, nothing is sent in the meantime anyway.
        """
        now = self._clock()
        self._recent.append(now)
        self._forget(now)
        if sent >= self._rejected_at:
            self._note(rejected=False)
        if self._hold is None or (sent < self._rejected_at and not self._delay_stated):
            return
        self._learn(now)
        self._hold, self._taken_at = None, now
        self._next = now + 1 / (self.rate or _FASTEST)

    def throttled(self, sent: float, retry_after: float | None) -> None:
        """The server said that it was too much; requests sent before the last rejection say nothing new."""
        now = self._clock()
        if sent >= self._rejected_at:
            if self._hold is not None:
                self._hold = min(self._hold * 2, _LONGEST_HOLD)
            elif self._is_tolerable(now, delay_stated=bool(retry_after)):
                return
            else:
                self._stop(now, delay_stated=bool(retry_after))
            self._rejected_at = now
        if self._hold is not None:
            self._next = max(self._next, now + (retry_after or self._hold))

    def _note(self, *, rejected: bool) -> None:
        """One more answer to a request that was sent after the last cut."""
        self._answered += 1
        self._rejections += rejected
        self._last.append(rejected)
        if self._tolerated and self._answered >= self._until:
            self._peak, self._taken_at = self.rate, self._clock()
            self._tolerated, self._spell = 0.0, self._spell * 2

    def _is_tolerable(self, now: float, *, delay_stated: bool) -> bool:
        """Whether a rejection says nothing about the pace; one more cut may show that the last ones were in vain."""
        self._note(rejected=True)
        if self._tolerated:
            if sum(self._last) <= min(2 * self._tolerated, _MOST) * len(self._last):
                return True
            self._tolerated, self._spell = 0.0, _SPELL
        self._cuts.append((self._answered, self._rejections, self.rate or max(self._in_a_second(now), 1.0)))
        cuts = list(self._cuts)[-_CUTS_IN_VAIN - delay_stated :]
        answered, rejections, _ = cuts[0] if len(cuts) == _CUTS_IN_VAIN + delay_stated else cuts[-1]
        since = self._answered - answered
        if not _FEW_ANSWERS <= since <= _IN_A_ROW or self._rejections - rejections > _MOST_TOLERATED * since:
            return False
        self._tolerated = (self._rejections - rejections) / since
        self._peak, self._taken_at, self._doubles = max(rate for *_, rate in cuts), now, False
        self._cuts.clear()
        self._until = self._answered + self._spell
        return True

    def _stop(self, now: float, *, delay_stated: bool) -> None:
        """From now on one request at a time, until the server takes one."""
        self._forget(now)
        self._stopped_at, self._top, self._delay_stated = now, self.rate, delay_stated
        self._burst = self._in_a_second(now)
        self._hold = _SHORTEST_HOLD if self._top is None else min(max(_SHORTEST_HOLD, 0.7 / self._top), _LONGEST_HOLD)
        self._peak = self._peak or 1.0

    def _in_a_second(self, now: float) -> int:
        return sum(moment > now - 1 for moment in self._recent)

    def _learn(self, now: float) -> None:
        """The server takes requests again: what it took from one such moment to the next is what it can take."""
        until = self._stopped_at if self._delay_stated else now
        since = max(self._taken_at, until - _MEMORY)
        taken = sum(since < moment <= until for moment in self._recent)
        seen = taken / (until - since) if until > since else 0.0
        if self._top is None:
            gap = 1 / max(now - self._stopped_at, 1 / _FASTEST)
            self._peak = max(self._burst, gap, 1.0)
        elif taken < _LITTLE:
            self._peak = self._top * (_CUT_WHEN_DOUBLING if self._doubles else _CUT_WHEN_SHORT)
        elif self._doubles:
            self._peak = (self._top + seen) / 2
        else:
            self._peak = min(self._top, seen * _MARGIN)
        self._doubles = self._top is None and self._burst < _LITTLE

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0] <= now - 2 * _MEMORY:
            self._recent.popleft()


def _bounded(rate: float) -> float:
    return min(max(rate, _SLOWEST), _FASTEST)
