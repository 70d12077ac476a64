"""A create that happens once: one that may have happened is looked for before it is tried again.

There are no idempotency keys. What stands in for one is the marker's nonce: every object that this run makes
carries it, so a create whose answer was lost is found again by it, and only what is surely absent is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from reconciler.canonical import Json
from reconciler.model import Live, Marker
from reconciler.providers.errors import ProviderError
from reconciler.providers.wire import Wire

_TRIES = 5
_TOO_MANY = 429


class Finder(Protocol):
    """Where a create that may have happened is looked for."""

    async def newest(self, kind: str) -> tuple[Live, ...]:
        """The newest page."""

    async def observe(self, kind: str) -> tuple[Live, ...]:
        """Everything."""


class Creator:
    """Creates objects, each once."""

    def __init__(self, wire: Wire, finder: Finder, path: Callable[[str], str], read: Callable[..., Live]) -> None:
        self._wire = wire
        self._finder = finder
        self._path = path
        self._read = read
        self.was_open = False
        """Whether any create was ever in doubt: then one may still land late."""

    async def create(self, kind: str, body: Mapping[str, Json], marker: Marker) -> Live:
        """The object that now exists; raises where it surely or possibly does not."""
        attempt = 0
        while True:
            try:
                return self._read(kind, await self._wire.once(self._path(kind), body))
            except ProviderError as error:
                attempt += 1
                found = await self._after(error, kind, marker)
                if found is not None:
                    return found
                if attempt == _TRIES or not error.passing:
                    raise
                await self._wire.pause(attempt - 1, error)

    async def _after(self, error: ProviderError, kind: str, marker: Marker) -> Live | None:
        """What a failed create left behind, if anything: looked for more than once, because lists lag.

        Where the server had too many requests, it is asked for as few as will do.
        """
        if not error.is_open:
            return None
        self.was_open = True
        newest, whole = self._finder.newest, self._finder.observe
        looks = [newest] * 2 if error.told.status == _TOO_MANY else [newest, newest, newest, whole]
        for number, search in enumerate(looks, 1):
            found = [one for one in await search(kind) if is_made_by(one, marker)]
            if found:
                return min(found, key=lambda one: (one.created_at, one.id))
            if number < len(looks):
                await self._wire.nature.sleep(0.125 * 2**number)
        return None


def is_made_by(live: Live, marker: Marker) -> bool:
    """Whether the object was made for this very create."""
    found = live.marker
    return (
        found is not None
        and found.nonce == marker.nonce
        and (found.stack, found.environment, found.key) == (marker.stack, marker.environment, marker.key)
    )
