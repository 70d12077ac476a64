"""A whole collection, page by page, from servers that page, that do not, and that pretend to.

What a list leaves out would be created again: none is believed that says too little or contradicts itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import anyio

from reconciler.canonical import Json
from reconciler.providers.errors import ApiGone, Broken, ObjectGone, ProviderError, Rejected
from reconciler.providers.pages import ListPage, Pages

MOST = 200_000
_AGAIN = 3
Seen: TypeAlias = Callable[[Sequence[Mapping[str, Json]]], None]
"""What is told of the objects of a page as soon as it came, whether or not the list is believed in the end."""
_NO_CURSORS = (400, 404, 405, 422)
"""What a server without cursors answers to one."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Every object of a collection, by its id."""

    rows: dict[str, dict[str, Json]]
    contradiction: str | None = None
    """How the list contradicts itself whenever it is read; what such a list leaves out is unknown."""


class _CursorRefusedError(Exception):
    """A server does not take a cursor that it gave: servers say so of one that was deleted in many ways."""

    def __init__(self, error: ProviderError) -> None:
        super().__init__(str(error))
        self.error = error


def _untold(rows: Sequence[Mapping[str, Json]]) -> None:
    """Nobody is told of a page."""


async def listed(pages: Pages, seen: Seen = _untold) -> Listing:
    """The collection; read again where it contradicts itself, for it may have changed meanwhile."""
    listing: Listing | None = None
    refusal: ProviderError | None = None
    for _ in range(1 + _AGAIN):
        try:
            listing = await _read_listing(pages, seen)
        except _CursorRefusedError as refused:  # its object was deleted, maybe
            refusal = refused.error
            continue
        if listing.contradiction is None:
            return listing
    if listing is not None:
        return listing
    if isinstance(refusal, ApiGone):  # which has answered with a page
        raise Broken(f"The list ends with an error after a page: {refusal.answer}", response=refusal.response)
    if refusal is None or isinstance(refusal, ObjectGone):
        remedy = "something deletes objects all the time; try again"
        raise Broken("The list changed under every attempt to read it.", remedy)
    raise refusal


class SharedListing:
    """A listing that those share who wait for one."""

    def __init__(self, pages: Pages, clock: Callable[[], float]) -> None:
        self._pages = pages
        self._clock = clock
        self._lock = anyio.Lock()
        self._began = float("-inf")
        self._last = Listing({})
        self.contradiction: str | None = None
        """How a listing contradicted itself whenever it was read."""

    async def listed(self, age: float = 0.0, seen: Seen = _untold) -> Listing:
        """The collection as it was at most so many seconds ago."""
        oldest = self._clock() - age
        async with self._lock:
            if self._began <= oldest:
                began = self._clock()
                self._last = await listed(self._pages, seen)
                self._began, self.contradiction = began, self._last.contradiction or self.contradiction
            return self._last


async def newest(pages: Pages) -> list[dict[str, Json]]:
    """The objects of the first page, which are the newest where the server sorts."""
    return list((await pages.read()).rows.values())


async def _read_listing(pages: Pages, seen: Seen) -> Listing:
    """One reading. That there is no more is believed only from a server that has said before that there is more."""
    first = page = await pages.read()
    rows, repeated, spoke_of_more = dict(first.rows), [*first.repeated], first.says_more
    while page.rows and (page.says_more or not spoke_of_more):
        seen(tuple(page.rows.values()))
        cursor = list(page.rows)[-1]
        page = await _next_page(pages, cursor, doubting=not spoke_of_more)
        if page.rows.keys() == {cursor} and len(rows) > len(
            first.rows
        ):  # to some, `after` includes its object: the end
            break
        repeated += [*page.repeated, *(id for id in page.rows if id in rows)]
        spoke_of_more = spoke_of_more or page.says_more
        if page.rows.keys() <= rows.keys():
            break
        rows.update(page.rows)
        if len(rows) > MOST:
            raise Broken(f"The list does not end after {MOST:,} objects.")
    only_first = len(rows) == len(first.rows)
    if only_first and page.says_more:
        sent = "the same ones again" if page.rows else "no more of them"
        message = f"The server says that it has more than {len(rows)} objects, and sends {sent}."
        remedy = "a proxy that drops query parameters? without the whole list nothing can be planned safely"
        raise Broken(message, remedy)
    contradiction = _repetition(repeated)
    if only_first and page.rows and not spoke_of_more:
        contradiction = _repetition(first.repeated) or await _hidden_objects(pages, first)
    return Listing(rows, contradiction)


async def _next_page(pages: Pages, cursor: str, *, doubting: bool) -> ListPage:
    """The page after the cursor; an empty one where the server was only doubted, and knows no cursors."""
    try:
        page = await pages.read(after=cursor)
    except (Rejected, ApiGone, ObjectGone) as error:
        deleted = isinstance(error, ObjectGone) and error.named
        if error.response.status not in _NO_CURSORS and not isinstance(error, ApiGone):
            raise
        if deleted or not doubting:
            raise _CursorRefusedError(error) from error
        return ListPage({})
    if len(page.rows) > 1 and next(iter(page.rows)) == cursor:  # to some, `after` includes its object
        del page.rows[cursor]
    return page


async def _hidden_objects(pages: Pages, first: ListPage) -> str | None:
    """What a server says that sends its only page again to a cursor: if that is a part, it has another end."""
    try:
        page = await pages.read(order="asc")
    except (Rejected, ApiGone):
        return None
    if page.rows.keys() <= first.rows.keys():
        return None
    return "it does not honor `after`, and lists other objects with `order=asc` than with `order=desc`"


def _repetition(ids: Sequence[str]) -> str | None:
    if not ids:
        return None
    more = len(ids) - 1
    return f"its pages repeat {ids[0]}" + (f" and {more} other{'s' if more > 1 else ''}" if more else "")
