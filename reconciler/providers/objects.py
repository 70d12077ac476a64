"""The objects of one collection of an opened server, and all that is learnt about it: no other one is like it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.canonical import Json
from reconciler.kinds import KINDS, Kind
from reconciler.model import Live, Marker
from reconciler.paths import Path
from reconciler.plan import marker as markers
from reconciler.providers.collection import Collection
from reconciler.providers.creating import Creator, Known
from reconciler.providers.errors import ApiGone, Broken, ObjectGone, ProviderError, Rejected, ResponseInfo
from reconciler.providers.learned import NO_SUCH_METHOD, Learned, Paging, paging_of
from reconciler.providers.modifying import Modifier, pairs
from reconciler.providers.pages import Pages, is_id
from reconciler.providers.paging import SharedListing, newest
from reconciler.providers.reading_ahead import read_ahead
from reconciler.providers.wire import Wire

_LOOKS = 5
"""How often an object that was just made is asked for, where its create does not show it."""
_NOTHING: tuple[Json, ...] = (None, "", [], {})
"""What an answer may leave out."""
_FORGOTTEN = "let go"
"""What stands in the marker's place where a server removes nothing: no marker."""


class Objects:
    """Reads and writes the objects of one collection, as `Provider` promises for a kind."""

    def __init__(self, wire: Wire, collection: Collection) -> None:
        self.collection = collection
        self.known = Known()
        self._pages = Pages(wire, collection)
        self.listing = SharedListing(self._pages, wire.clock.monotonic)
        self.creator = Creator(wire, collection, self)
        self.modifier = Modifier(collection, self._post)
        self._wire = wire
        self._reads_by_id = True

    async def observe(self) -> tuple[Live, ...]:
        """Everything that is listed."""
        requested, expected = self._wire.clock.monotonic(), tuple(self.known.sent)
        listing, ahead = await read_ahead(self.listing, self.read)
        self._stop_at_another_kind(listing.rows.values())
        objects = tuple(ahead.object(raw) for raw in listing.rows.values())
        ids = {live.id for live in objects}
        self.known.saw(ids, requested, expected if listing.contradiction is None else None)
        return objects

    def _stop_at_another_kind(self, rows: Iterable[Mapping[str, Json]]) -> None:
        """Raises `ApiGone` where a server answers every path alike: its assistants are no agents of ours to delete."""
        at = self.collection
        for other in KINDS.values():
            if other is not at.kind and any(row.get("object") == other.name for row in rows):
                raise ApiGone(at.kind.api, f"{at.path} answers with {other.plural}.", at.path, at.gone)

    async def newest(self) -> tuple[Live, ...]:
        """The objects of the first page."""
        requested = self._wire.clock.monotonic()
        objects = tuple([self.read(raw) for raw in await newest(self._pages)])
        self.known.saw({live.id for live in objects}, requested)
        return objects

    async def fetch(self, id: str, age: float = 0.0) -> Live:
        """As `Provider.fetch`. Some proxies have lists only; those who wait for an object of one share a listing."""
        live = await self._read_by_id(id) if self._reads_by_id else None
        if live is not None:
            return live
        rows = (await self.listing.listed(age)).rows
        if id not in rows:
            raise ObjectGone(f"{id} was not found.", named=False)
        self._reads_by_id = False
        return self.read(rows[id])

    async def _read_by_id(self, id: str) -> Live | None:
        """The object by its id; None where the server may have no such reading."""
        try:
            return self.read(await self._wire.read(self.collection, id))
        except (ApiGone, ObjectGone) as error:
            if isinstance(error, ObjectGone) and error.named:
                raise
        except Rejected as error:
            if error.response.status not in NO_SUCH_METHOD:
                raise
        return None

    async def create(self, body: Mapping[str, Json], marker: Marker) -> Live:
        """The object that now exists, as whole as it can be read."""
        stamped = {**body, "metadata": {**pairs(body.get("metadata")), **self._pair_of(marker)}}
        made = await self.creator.create(stamped, marker)
        if self._is_whole(made.raw):
            return await self._in_full(made, stamped)
        for attempt in range(_LOOKS):  # the server only named it; one that lists lag behind exists all the same
            try:
                return await self.fetch(made.id)
            except ObjectGone:
                await self._wire.pause(attempt)
        raise Broken(f"{made.id} was created and cannot be read yet.", "run it again", ResponseInfo(should_retry=False))

    async def update(self, live: Live, patch: Mapping[str, Json], marker: Marker, ignore: tuple[Path, ...]) -> Live:
        """The object with the patch applied and the marker on it."""
        user = pairs(patch.get("metadata", live.fields["metadata"]))
        ignored = frozenset(path[1] for path in ignore if path[0] == "metadata" and len(path) == 2)
        return await self.modifier.modify(live, patch, {**user, **self._pair_of(marker)}, ignored)

    async def forget(self, live: Live, patch: Mapping[str, Json]) -> Live:
        """The object with the patch applied and without our marker."""
        user = pairs(patch.get("metadata", live.fields["metadata"]))
        freed = await self.modifier.modify(live, patch, user, frozenset())
        if freed.marker is None:
            return freed
        return await self.modifier.send(freed, {"metadata": {**user, markers.KEY: _FORGOTTEN}})

    async def delete(self, live: Live) -> None:
        """Removes the object."""
        self.known.sent.pop(live.id, None)
        try:
            answer = await self._wire.delete(self.collection, live.id)
        except (ApiGone, ObjectGone, Rejected) as error:
            await self._gone_in_spite_of(error, live)
            return
        if answer.get("deleted") is not True and await self._is_listed(live):
            raise Broken(f"The server did not delete {live.id}, and did not say why.")

    async def _gone_in_spite_of(self, error: ProviderError, live: Live) -> None:
        """Raises why an object is still there whose delete failed."""
        if isinstance(error, ObjectGone) and error.named:
            return
        if isinstance(error, Rejected) and error.response.status not in NO_SUCH_METHOD:
            raise error
        if not await self._is_listed(live):
            return
        if isinstance(error, ObjectGone) and await self._read_by_id(live.id) is None:  # the list may lag
            raise error
        raise Rejected(
            f"This server does not delete {self.collection.kind.plural}: it answered {error.response.status}.",
            f"remove {live.id} by other means, or forget it: `reconciler forget {live.address}`",
            error.response,
        )

    @property
    def learned(self) -> Learned:
        """What the answers so far have shown of the server."""
        return Learned(
            merges=self.modifier.merges,
            pair_removal=self.modifier.pair_removal.way,
            text_removal=self.modifier.text_removal.way,
            upserts=self.modifier.upserts,
            reads_by_id=self._reads_by_id,
            sends_arrays=self._pages.are_arrays,
            page=self._pages.most,
        )

    async def paging(self) -> Paging:
        """Whether the list comes in pages, as far as there are objects enough to see it."""
        return await paging_of(self._pages)

    def read(self, raw: Mapping[str, Json]) -> Live:
        """The normal form of an object as it came."""
        return live_object(self.collection.kind, raw)

    async def _is_listed(self, live: Live) -> bool:
        return live.id in (await self.listing.listed()).rows

    async def _post(self, live: Live, body: Mapping[str, Json]) -> Live:
        answer = await self._wire.modify(self.collection, live.id, body)
        if not self._is_whole(answer):
            return await self.fetch(live.id)
        had = {name: live.raw[name] for name in self.collection.kind.fields if name in live.raw}
        return await self._in_full(self.read(answer), {**had, **body})

    async def _in_full(self, answered: Live, body: Mapping[str, Json]) -> Live:
        """The object, read again where an answer leaves out what it should hold; as answered where it cannot be."""
        if all(name in answered.raw or value in _NOTHING for name, value in body.items()):
            return answered
        try:
            return await self.fetch(answered.id)
        except ProviderError:
            return answered

    def _is_whole(self, answer: Mapping[str, Json]) -> bool:
        """Whether an answer shows the object; some only name it."""
        return "id" in answer and answer.get(self.collection.essential) is not None

    def _pair_of(self, marker: Marker) -> dict[str, Json]:
        return {markers.KEY: markers.encode(marker, self.collection.kind)}


def live_object(kind: Kind, raw: Mapping[str, Json]) -> Live:
    """The normal form of an object of the kind as it came."""
    id, created = raw.get("id"), raw.get("created_at")
    if not is_id(id):
        raise Broken("The server answered with an object that has no id, or a strange one.")
    stamped = pairs(raw.get("metadata")).get(markers.KEY)
    marker = markers.decode(stamped, kind)
    return Live(
        kind=kind.name,
        id=id,
        fields=kind.read(raw),
        raw=raw,
        marker=marker,
        odd_marker=marker is None and bool(stamped),
        created_at=created if isinstance(created, int | float) else 0,
    )
