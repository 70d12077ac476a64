"""What a page lists is read while the server makes the page after it, so that neither waits for the other."""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import TypeAlias

import anyio
import anyio.lowlevel

from reconciler.canonical import Json
from reconciler.model import Live
from reconciler.providers.errors import Broken, ProviderError
from reconciler.providers.paging import Listing, SharedListing

Page: TypeAlias = Sequence[Mapping[str, Json]]


async def read_ahead(listing: SharedListing, read: Callable[[Mapping[str, Json]], Live]) -> tuple[Listing, ReadAhead]:
    """The collection as it is now, and its objects as far as they were read meanwhile."""
    ahead = ReadAhead(read)
    found: Listing | ProviderError
    came, coming = anyio.create_memory_object_stream[Page](math.inf)
    with came, coming:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ahead.read_pages, coming)
            try:
                found = await listing.listed(seen=came.send_nowait)
            except ProviderError as error:  # as it is, and in no group
                found = error
            tasks.cancel_scope.cancel()
    if isinstance(found, ProviderError):
        raise found
    return found, ahead


class ReadAhead:
    """Reads objects whenever nothing else is to be done, and gives what it has read of those that count in the end."""

    def __init__(self, read: Callable[[Mapping[str, Json]], Live]) -> None:
        self._read = read
        self._done: dict[str, Live] = {}

    async def read_pages(self, pages: AsyncIterable[Page]) -> None:
        """Reads one object after the other; whatever is due meanwhile, such as the next request, comes first."""
        async for rows in pages:
            for raw in rows:
                await anyio.lowlevel.checkpoint()
                with suppress(Broken):  # it is raised where the object counts
                    live = self._read(raw)
                    self._done[live.id] = live

    def object(self, raw: Mapping[str, Json]) -> Live:
        """The object as it came, read now if it was not read before."""
        done = self._done.get(str(raw.get("id")))
        return done if done is not None and done.raw is raw else self._read(raw)
