"""A whole collection, page by page, from servers that page, that do not, and that pretend to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeGuard

from reconciler.canonical import Json
from reconciler.providers.errors import Broken, ObjectGone
from reconciler.providers.wire import Wire

PAGE = 100
MOST = 200_000
_RESTARTS = 3
_LONGEST_ID = 512


async def pages(wire: Wire, path: str) -> AsyncIterator[dict[str, Json]]:
    """Every object of the collection once; the listing starts again where its cursor was deleted."""
    for _ in range(1 + _RESTARTS):
        try:
            found = await _listed(wire, path)
        except ObjectGone:
            continue
        for raw in found.values():
            yield raw
        return
    raise Broken(
        "The list changed under every attempt to read it.", "something deletes objects all the time; try again"
    )


async def newest(wire: Wire, path: str) -> list[dict[str, Json]]:
    """The objects of the first page, which are the newest where the server sorts."""
    return list(_page(await wire.read(path, {"limit": str(PAGE), "order": "desc"})).values())


async def _listed(wire: Wire, path: str) -> dict[str, dict[str, Json]]:
    found: dict[str, dict[str, Json]] = {}
    cursor: str | None = None
    says_more = False
    while True:
        params = {"limit": str(PAGE), "order": "desc", **({"after": cursor} if cursor else {})}
        answer = await wire.read(path, params, id=cursor)
        page = _page(answer)
        fresh = {id: raw for id, raw in page.items() if id not in found}
        found.update(fresh)
        says_more = says_more or answer.get("has_more") is True
        if not _goes_on(answer, page, told=says_more):
            return found
        if not fresh:
            return _ended(found, answer, page)
        if len(found) > MOST:
            raise Broken(f"The list does not end after {MOST:,} objects.")
        cursor = list(page)[-1]


def _page(answer: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    data = answer.get("data")
    if not isinstance(data, list):
        raise Broken("The server's list has no `data`.")
    page: dict[str, dict[str, Json]] = {}
    for raw in data:
        id = raw.get("id") if isinstance(raw, dict) else None
        if not isinstance(raw, dict) or not is_id(id):
            raise Broken("The server's list holds something that has no id, or a strange one.")
        page[id] = raw
    return page


def is_id(id: Any) -> TypeGuard[str]:
    """Whether it can name an object in a path: not where it would lead to another one."""
    if not isinstance(id, str) or not 0 < len(id) <= _LONGEST_ID or id in (".", ".."):
        return False
    return not any("\ud800" <= character <= "\udfff" for character in id)


def _goes_on(answer: Mapping[str, Json], page: Mapping[str, object], *, told: bool) -> bool:
    """Whether to ask for more: as the server says and, until it ever said that there is more, where the page is full.

    Some always say that there is nothing more, and mean that they do not know. What is not seen would be created again.
    """
    more = answer.get("has_more")
    return more is True or (len(page) == PAGE and not (told and more is False))


def _ended(
    found: dict[str, dict[str, Json]], answer: Mapping[str, Json], page: Mapping[str, object]
) -> dict[str, dict[str, Json]]:
    """A page that repeats ends the list only where the server never said that there is more."""
    if answer.get("has_more") is True:
        sent = "the same ones again" if page else "no more of them"
        message = f"The server says that it has more than {len(found)} objects, and sends {sent}."
        remedy = "a proxy that drops query parameters? without the whole list nothing can be planned safely"
        raise Broken(message, remedy)
    return found
