"""What is known of a collection's server by now, and what is only known once somebody asks for it on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeAlias

import anyio

from reconciler.canonical import Json
from reconciler.providers.collection import Collection
from reconciler.providers.errors import ApiGone, ObjectGone, ProviderError, Rejected
from reconciler.providers.pages import Pages
from reconciler.providers.removal import RemovalWay
from reconciler.providers.wire import Wire, until

NO_SUCH_METHOD = (405, 501)
"""What a server answers that has the object, and not what is to be done with it."""
_NO_OBJECT = "reconciler-doctor-no-such-object"
_NO_PAGES = (400, 404, 405, 422)
_MODELS_SECONDS = 10.0
_NOTHING_THERE = (ApiGone, ObjectGone, Rejected)
Paging: TypeAlias = Literal["works", "none", "unknown"]


@dataclass(frozen=True, slots=True)
class Learned:
    """What the answers of a run have shown of one collection."""

    merges: bool
    """Whether a modify keeps the metadata pairs that it leaves out."""
    pair_removal: RemovalWay | Literal["never"] | None
    """How a metadata pair is taken out of a server that merges; None where it was not tried."""
    text_removal: RemovalWay | Literal["never"] | None
    """How a text is taken out; None where null does, or where it was not tried."""
    upserts: bool
    """Whether a modify resets the fields that it leaves out, so that all are sent."""
    reads_by_id: bool
    """Whether one object can be read; else it is looked for in the list."""
    sends_arrays: bool
    """Whether its lists are arrays alone, which cannot say that there is more."""
    page: int
    """How many objects a page has at most."""


async def paging_of(pages: Pages) -> Paging:
    """Whether the objects after one can be asked for, as pages of one object show; not where there are too few."""
    first = await pages.read(limit="1")
    if not first.rows:
        return "unknown"
    cursor = list(first.rows)[-1]
    try:
        second = await pages.read(limit="1", after=cursor)
    except (Rejected, ApiGone, ObjectGone) as error:
        if error.response.status not in _NO_PAGES:
            raise
        return "none"
    if second.rows.keys() - first.rows.keys():
        return "works"
    return "none" if second.rows and (len(first.rows) > 1 or first.says_more) else "unknown"


async def deletes(wire: Wire, collection: Collection) -> bool:
    """Whether the server may delete objects: it does not say of one that does not exist that it never does."""
    try:
        await wire.delete(collection, _NO_OBJECT)
    except ProviderError as error:
        return error.response.status not in NO_SUCH_METHOD
    return True


async def models_of(wire: Wire, collection: Collection) -> Mapping[str, str | None]:
    """The models that the server lists, each with its last day if it says one; nothing where it lists none."""
    models = replace(collection, path="/models", beta=None)
    listed: dict[str, str | None] = {}
    query: dict[str, str] = {}
    try:
        with until(wire.clock.monotonic() + _MODELS_SECONDS):
            while True:
                page = await wire.page(models, query)
                fresh = {id: day for id, day in _models_on(page) if id not in listed}
                listed |= fresh
                if not fresh or page.get("has_more") is not True:
                    break
                query = {"after": [*fresh][-1]}
    except ProviderError:
        return {}
    return listed


def _models_on(page: Mapping[str, Json]) -> Iterator[tuple[str, str | None]]:
    rows = page.get("data")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(id := row.get("id"), str):
            yield id, _day(row.get("shutdown_date"))


async def missing_of(wire: Wire, collection: Collection, ids: Iterable[str]) -> frozenset[str] | None:
    """The ids that no object of the collection has; None where the server has no such API."""
    try:
        await wire.until_answered(partial(wire.page, collection, {"limit": "1"}))
    except _NOTHING_THERE:
        return None
    missing: set[str] = set()
    failed: list[ProviderError] = []

    async def look_for(id: str) -> None:
        try:
            await wire.read(collection, id)
        except _NOTHING_THERE:
            missing.add(id)
        except ProviderError as error:
            failed.append(error)
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for id in sorted(ids):
            tasks.start_soon(look_for, id)
    if failed:
        raise failed[0]
    return frozenset(missing)


def _day(value: Json) -> str | None:
    return value[:10] if isinstance(value, str) and value else None
