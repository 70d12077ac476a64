"""A create that happens once: one that may have happened is looked for before it is tried again.

There are no idempotency keys. What stands in for one is the marker's nonce: every object that this run makes
carries it, so a create whose answer was lost is found again by it. Lists may lag, so what they do not show is
absent only if they show what is known to have been created later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reconciler.canonical import Json
from reconciler.model import Address, Live, Marker
from reconciler.providers.collection import Collection
from reconciler.providers.errors import TOO_MANY_REQUESTS, InDoubt, ProviderError
from reconciler.providers.wire import Wire, tries

_TRIES = 5
_NOT_DONE = (409, 425, TOO_MANY_REQUESTS, 503)
"""What a server answers that did not do what it was asked: it may be asked again after a look."""
LANDS_SECONDS = 8.0
"""So long after it was given up, a create may still land: some servers go on when the client has gone."""
_MARGIN = 2.0
"""How much longer than lists were ever seen to lag is waited before they are believed."""


@dataclass(slots=True)
class Known:
    """The objects of a kind that are known to exist, and how far behind are the lists that should show them."""

    sent: dict[str, float] = field(default_factory=dict)
    """By id, when its create was sent."""
    unlisted: frozenset[str] = frozenset()
    """Those that the last whole listing should have shown and did not."""
    listed: dict[str, float] = field(default_factory=dict)
    """By id, of whatever was ever listed, when that listing was requested."""
    _requested: float = float("-inf")
    _youngest: float = float("-inf")
    _lag: float = float("inf")

    def saw(self, ids: Iterable[str], requested: float, expected: Iterable[str] | None = None) -> None:
        """Takes in a listing that was requested at a moment; a whole one should show what existed by then."""
        ids = frozenset(ids)
        self.listed = {**dict.fromkeys(ids, requested), **self.listed}
        listed = [self.sent[id] for id in ids if id in self.sent]
        self._lag = min([self._lag, *(requested - sent for sent in listed)])
        if expected is None:
            return
        self._requested, self._youngest = requested, max(listed, default=float("-inf"))
        self.unlisted = frozenset(expected) & self.sent.keys() - ids
        if any(requested - self.sent[id] > self._lag for id in self.unlisted):
            self._lag = float("inf")

    def was_there(self, id: str) -> bool:
        """Whether an object was listed before the create was sent that was answered with it."""
        return self.listed.get(id, float("inf")) <= self.sent.get(id, float("-inf"))

    def shown(self, since: float) -> bool:
        """Whether the last whole listing showed everything that was created up to a moment."""
        return not self.unlisted and (self._youngest >= since or self._requested - since >= _MARGIN * self._lag)


class Finder(Protocol):
    """Where a create that may have happened is looked for."""

    known: Known

    async def newest(self) -> tuple[Live, ...]:
        """The newest page."""

    async def observe(self) -> tuple[Live, ...]:
        """Everything."""

    def read(self, raw: Mapping[str, Json]) -> Live:
        """The object that an answer shows."""


class Creator:
    """Creates objects of one collection, each once."""

    def __init__(self, wire: Wire, collection: Collection, finder: Finder) -> None:
        self._wire = wire
        self._collection = collection
        self._finder = finder
        self.doubted: dict[Address, float] = {}
        """What was ever in doubt, and until when what was sent before it was tried again may still land."""
        self._given_up: dict[Address, float] = {}
        """When a create was given up that was not seen and is not tried again yet."""

    async def create(self, body: Mapping[str, Json], marker: Marker) -> Live:
        """The object that now exists; `InDoubt` where it possibly does, another error where it surely does not."""
        attempt, address = 0, self._address(marker)
        while True:
            sent = self._wire.clock.monotonic()
            if address in self._given_up:
                self.doubted[address] = self._given_up.pop(address) + LANDS_SECONDS
            try:
                made: Live | None = self._finder.read(await self._wire.once(self._collection, body))
            except ProviderError as error:
                attempt += 1
                made = await self._made_in_spite_of(error, marker)
                if made is None:
                    if attempt >= tries(error, _TRIES) or not error.retryable:
                        raise
                    await self._wire.pause(attempt - 1, error)
            if made is not None:
                self._finder.known.sent[made.id] = sent
                return made

    async def _made_in_spite_of(self, error: ProviderError, marker: Marker) -> Live | None:
        """What a failed create left behind; None where it left nothing, as far as lists can be believed."""
        if not error.may_have_happened:
            return None
        address = self._address(marker)
        self.doubted.setdefault(address, float("-inf"))
        since = self._wire.clock.monotonic()
        not_done = error.response.status in _NOT_DONE
        try:
            made = await self._look(marker, patient=not not_done)
        except ProviderError as blind:
            raise InDoubt(error, since, blind) from blind
        if made is None and error.response.status != TOO_MANY_REQUESTS:
            self._given_up[address] = since
        if made is None and not not_done and not self._finder.known.shown(since):
            raise InDoubt(error, since) from error
        return made

    async def _look(self, marker: Marker, *, patient: bool) -> Live | None:
        """The object that a create made, looked for more than once; a busy server is asked for as few as will do."""
        newest, whole = self._finder.newest, self._finder.observe
        looks = [newest, newest, newest, whole] if patient else [newest, newest]
        for number, search in enumerate(looks, 1):
            made = [live for live in await search() if live.carries(marker)]
            if made:
                return min(made, key=lambda live: (live.created_at, live.id))
            if number < len(looks):
                await self._wire.clock.sleep(0.125 * 2**number)
        return None

    def _address(self, marker: Marker) -> Address:
        return Address(self._collection.kind.name, marker.key)
