"""How a server takes something out, which is found out by trying, once a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal, TypeAlias

import anyio

from reconciler.canonical import Json
from reconciler.model import Live
from reconciler.providers.errors import Rejected

UNPROCESSABLE = (400, 422)
"""What a server answers that will not take a body as it is."""
RemovalWay: TypeAlias = Literal["null", "empty"]
_REMOVES: dict[RemovalWay, Json] = {"null": None, "empty": ""}
Send: TypeAlias = Callable[[Live, dict[str, Json]], Awaitable[Live]]


class Removal:
    """How one sort of thing is taken out, by null or by an empty text; one worker finds out, the others wait for it."""

    def __init__(self, *ways: RemovalWay) -> None:
        self._ways = ways
        """What is worth trying."""
        self.way: RemovalWay | Literal["never"] | None = None
        """What has worked."""
        self._finding_out = anyio.Lock()

    def request(self, names: Iterable[str]) -> dict[str, Json]:
        """What to send to take out what the names stand for, as far as it is known how."""
        return {} if self.way is None or self.way == "never" else dict.fromkeys(names, _REMOVES[self.way])

    async def finish(self, live: Live, remaining: Callable[[Live], Sequence[str]], send: Send) -> Live:
        """The object once everything that remains on it against our will was asked to go, in a way that works.

        A way is taken for the rest of the run once it has worked, and none only after each was tried.
        """
        async with self._finding_out:
            if self.way is None:
                return await self._find_out(live, remaining, send)
        names = remaining(live)
        return await send(live, self.request(names)) if names and self.way != "never" else live

    async def _find_out(self, live: Live, remaining: Callable[[Live], Sequence[str]], send: Send) -> Live:
        for way in self._ways:
            try:
                live = await send(live, dict.fromkeys(remaining(live), _REMOVES[way]))
            except Rejected as error:
                if error.response.status not in UNPROCESSABLE:
                    raise
                continue
            if not remaining(live):
                self.way = way
                return live
        self.way = "never"
        return live
