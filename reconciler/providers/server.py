"""An opened server: its collections, each on its own, over one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.model import Address, Live, Marker
from reconciler.paths import Path
from reconciler.providers.collection import Collection
from reconciler.providers.creating import Known
from reconciler.providers.errors import ApiGone
from reconciler.providers.learned import Learned, Paging, deletes, missing_of, models_of
from reconciler.providers.objects import Objects
from reconciler.providers.wire import Wire


class Server:
    """A server's objects, as `Provider` promises."""

    def __init__(self, wire: Wire, collections: Iterable[Collection], close: Callable[[], None] | None = None) -> None:
        self._wire = wire
        self._objects = {collection.kind.name: Objects(wire, collection) for collection in collections}
        self._close = close
        self._gone: dict[str, ApiGone] = {}
        self.model_dates: Mapping[str, str | None] = {}

    def objects(self, kind: str) -> Objects:
        """The objects of a kind; `ApiGone` where no server of this sort has any."""
        if kind not in self._objects:
            raise ApiGone(KINDS[kind].api)
        return self._objects[kind]

    @property
    def project(self) -> str | None:
        return self._wire.project

    @property
    def doubted(self) -> Mapping[Address, float]:
        return {at: moment for each in self._objects.values() for at, moment in each.creator.doubted.items()}

    @property
    def unreliable(self) -> Mapping[str, str]:
        found = {kind: objects.listing.contradiction for kind, objects in self._objects.items()}
        return {kind: contradiction for kind, contradiction in found.items() if contradiction is not None}

    @property
    def gone(self) -> Mapping[str, ApiGone]:
        return self._gone

    def known(self, kind: str) -> Known:
        return self.objects(kind).known

    async def observe(self, kind: str) -> tuple[Live, ...]:
        try:
            found = await self.objects(kind).observe()
        except ApiGone as error:
            self._gone[kind] = error
            raise
        self._gone.pop(kind, None)
        return found

    async def models(self) -> Mapping[str, str | None]:
        self.model_dates = await models_of(self._wire, next(iter(self._objects.values())).collection)
        return self.model_dates

    async def missing(self, path: str, ids: Iterable[str]) -> frozenset[str] | None:
        objects = self._objects.get("assistant") or next(iter(self._objects.values()))
        return await missing_of(self._wire, replace(objects.collection, path=path), ids)

    def learned(self, kind: str) -> Learned:
        return self.objects(kind).learned

    async def paging(self, kind: str) -> Paging:
        return await self.objects(kind).paging()

    async def deletes(self, kind: str) -> bool:
        return await deletes(self._wire, self.objects(kind).collection)

    async def newest(self, kind: str) -> tuple[Live, ...]:
        return await self.objects(kind).newest()

    async def fetch(self, kind: str, id: str, *, age: float = 0.0) -> Live:
        return await self.objects(kind).fetch(id, age)

    async def create(self, kind: str, body: Mapping[str, Json], marker: Marker) -> Live:
        return await self.objects(kind).create(body, marker)

    async def update(self, live: Live, patch: Mapping[str, Json], marker: Marker, ignore: tuple[Path, ...]) -> Live:
        return await self.objects(live.kind).update(live, patch, marker, ignore)

    async def forget(self, live: Live, patch: Mapping[str, Json]) -> Live:
        return await self.objects(live.kind).forget(live, patch)

    async def delete(self, live: Live) -> None:
        await self.objects(live.kind).delete(live)

    async def aclose(self) -> None:
        await self._wire.aclose()
        if self._close is not None:
            self._close()
