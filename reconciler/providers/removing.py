"""How a server is asked to take something out: by null, or by an empty text. Found out once a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Literal, TypeAlias

import anyio

from reconciler.canonical import Json
from reconciler.model import Live
from reconciler.providers.errors import Rejected

Way: TypeAlias = Literal["null", "empty"]
MEANT = (400, 422)
"""What a server answers that will not take a body as it is."""
_SENT: dict[Way, Json] = {"null": None, "empty": ""}


class Removal:
    """How one sort of thing is taken out; one worker finds out, and the others wait for it."""

    def __init__(self, *ways: Way) -> None:
        self._ways = ways
        """What is worth trying."""
        self._way: Way | Literal["never"] | None = None
        self._finding_out = anyio.Lock()

    def of(self, names: Iterable[str]) -> dict[str, Json]:
        """What to send to take out what the names stand for, as far as it is known how."""
        return {} if self._way is None or self._way == "never" else dict.fromkeys(names, _SENT[self._way])

    def works(self, way: Way) -> None:
        """Keeps in mind a way that has worked."""
        self._way = way

    async def of_what_stayed(
        self,
        live: Live,
        left: Callable[[Live], Sequence[str]],
        send: Callable[[Live, dict[str, Json]], Awaitable[Live]],
    ) -> Live:
        """The object once everything that it still holds against our will was asked to go, in a way that works.

        A way is taken for the rest of the run once it has worked, and none only after each was tried.
        """
        async with self._finding_out:
            if self._way is None:
                return await self._found_out(live, left, send)
        names = left(live)
        return await send(live, self.of(names)) if names and self._way != "never" else live

    async def _found_out(
        self,
        live: Live,
        left: Callable[[Live], Sequence[str]],
        send: Callable[[Live, dict[str, Json]], Awaitable[Live]],
    ) -> Live:
        for way in self._ways:
            try:
                live = await send(live, dict.fromkeys(left(live), _SENT[way]))
            except Rejected as error:
                if error.told.status not in MEANT:
                    raise
                continue
            if not left(live):
                self._way = way
                return live
        self._way = "never"
        return live
