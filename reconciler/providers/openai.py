"""The provider `openai`: any server that speaks the Assistants API v2, hosted, proxied or self-made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

import httpx

from reconciler.canonical import Json
from reconciler.kinds import KINDS, ServerTraits
from reconciler.model import Address, Live, Marker
from reconciler.paths import Path
from reconciler.plan import marker as markers
from reconciler.providers.connection import Connection
from reconciler.providers.creating import Creator, Known
from reconciler.providers.errors import ApiGone, Broken, ObjectGone, ProviderError, Rejected, ResponseInfo
from reconciler.providers.paging import SharedListing, is_id, newest
from reconciler.providers.removing import MEANT, Removal
from reconciler.providers.wire import Wire, WireClock, client

COLLECTIONS = {"assistant": "/assistants"}
_NO_SUCH_METHOD = 405
_LOOKS = 5
"""How often an object that was just made is asked for, where its create does not show it."""
_NOTHING: tuple[Json, ...] = (None, "", [], {})
"""What an answer may leave out."""
_LET_GO = "let go"
"""What stands in the marker's place where a server removes nothing: no marker."""


class OpenAI:
    """How a server of this wire is reached."""

    terms = ServerTraits()

    def open(self, connection: Connection, log: Callable[[str], None]) -> Assistants:
        """The server behind the connection's address."""
        wire = Wire(client(connection.base_url, connection.headers), log, waiting=connection.waiting)
        return Assistants(wire)


class Assistants:
    """A server's assistants. What it can do with metadata is learnt once and kept for the run."""

    def __init__(self, wire: Wire, close: Callable[[], None] | None = None) -> None:
        self._wire = wire
        self._close = close
        self._creator = Creator(wire, self, COLLECTIONS.__getitem__, _live)
        self._pairs_out = Removal("null", "empty")
        self._texts_out = Removal("empty")
        """Where null was sent, as it is first of all, and had no effect."""
        self._merges = False
        self._upserts = False
        self._lists = {kind: SharedListing(wire, path) for kind, path in COLLECTIONS.items()}
        self._reads_by_id = True

    @property
    def project(self) -> str | None:
        """The project that the server says it answered for."""
        return self._wire.project

    @property
    def doubted(self) -> Mapping[Address, float]:
        """The addresses whose creates were ever in doubt, so that one may still land late, and until when."""
        return self._creator.doubted

    def known(self, kind: str) -> Known:
        """What is known to exist, whether it is listed or not."""
        return self._creator.known[kind]

    @property
    def unreliable(self) -> Mapping[str, str]:
        """By kind, how its list contradicts itself; nobody knows what such a list leaves out."""
        return {kind: shared.fault for kind, shared in self._lists.items() if shared.fault is not None}

    async def observe(self, kind: str) -> tuple[Live, ...]:
        """Every live object of the kind that the server lists, each once."""
        asked, expected = self._wire.nature.clock(), tuple(self.known(kind).sent)
        found = await self._lists[kind].listed()
        live = tuple(_live(kind, raw) for raw in found.rows.values())
        self.known(kind).saw({one.id for one in live}, asked, expected if found.fault is None else None)
        return live

    async def newest(self, kind: str) -> tuple[Live, ...]:
        """The page of objects that were made last."""
        asked = self._wire.nature.clock()
        found = tuple([_live(kind, raw) for raw in await newest(self._wire, COLLECTIONS[kind])])
        self.known(kind).saw({one.id for one in found}, asked)
        return found

    async def fetch(self, kind: str, id: str, *, age: float = 0.0) -> Live:
        """One live object as it was at most so many seconds ago; `ObjectGone` where it was not.

        Some proxies have lists only. Those who wait for an object of one share a listing.
        """
        found = await self._read(kind, id) if self._reads_by_id else None
        if found is not None:
            return found
        rows = (await self._lists[kind].listed(age)).rows
        if id not in rows:
            raise ObjectGone(f"{id} was not found.", named=False)
        self._reads_by_id = False
        return _live(kind, rows[id])

    async def _read(self, kind: str, id: str) -> Live | None:
        """The object by its id; None where the server may have no such reading."""
        try:
            return _live(kind, await self._wire.read(_path(kind, id), id=id))
        except (ApiGone, ObjectGone) as error:
            if isinstance(error, ObjectGone) and error.named:
                raise
        except Rejected as error:
            if error.told.status != _NO_SUCH_METHOD:
                raise
        return None

    async def create(self, kind: str, body: Mapping[str, Json], marker: Marker) -> Live:
        """The object that now exists, once."""
        stamped = {**body, "metadata": {**_pairs(body.get("metadata")), **_stamp(kind, marker)}}
        made = await self._creator.create(kind, stamped, marker)
        if not _is_whole(made.raw):
            return await self._completed(made)
        return await self._in_full(made, stamped)

    async def _completed(self, made: Live) -> Live:
        """What the server only named when it made it; one that lists lag behind exists all the same."""
        for attempt in range(_LOOKS):
            try:
                return await self.fetch(made.kind, made.id)
            except ObjectGone:
                await self._wire.pause(attempt)
        raise Broken(f"{made.id} was created and cannot be read yet.", "run it again", ResponseInfo(should_retry=False))

    async def _in_full(self, found: Live, body: Mapping[str, Json]) -> Live:
        """The object, read again where an answer leaves out what was sent; as it was answered where it cannot be."""
        if all(name in found.raw or value in _NOTHING for name, value in body.items()):
            return found
        try:
            return await self.fetch(found.kind, found.id)
        except ProviderError:
            return found

    async def update(self, live: Live, patch: Mapping[str, Json], marker: Marker, ignore: tuple[Path, ...]) -> Live:
        """The object with the patch applied and the marker on it."""
        user = _pairs(patch.get("metadata", live.fields["metadata"]))
        left = frozenset(path[1] for path in ignore if path[0] == "metadata" and len(path) == 2)
        wanted = {**user, **_stamp(live.kind, marker)}
        return await self._modify(live, patch, wanted, left)

    async def forget(self, live: Live, patch: Mapping[str, Json]) -> Live:
        """The object with the patch applied and without our marker."""
        user = _pairs(patch.get("metadata", live.fields["metadata"]))
        freed = await self._modify(live, patch, user, frozenset())
        if freed.marker is None:
            return freed
        return await self._sent(freed, {"metadata": {**user, markers.KEY: _LET_GO}})

    async def delete(self, live: Live) -> None:
        """Removes the object; one that the server says is gone already is removed."""
        self.known(live.kind).sent.pop(live.id, None)
        try:
            answer = await self._wire.delete(_path(live.kind, live.id), id=live.id)
        except ObjectGone as error:
            if not error.named and await self._is_listed(live):
                raise
            return
        if answer.get("deleted") is not True and await self._is_listed(live):
            raise Broken(f"The server did not delete {live.id}, and did not say why.")

    async def _is_listed(self, live: Live) -> bool:
        return live.id in (await self._lists[live.kind].listed()).rows

    async def aclose(self) -> None:
        """Lets go of connections and files."""
        await self._wire.aclose()
        if self._close is not None:
            self._close()

    async def _modify(
        self, live: Live, patch: Mapping[str, Json], wanted: dict[str, Json], left: frozenset[str]
    ) -> Live:
        """Writes, reads the answer, and sees to what the server kept or dropped against our will."""
        doomed = [key for key in _pairs(live.raw.get("metadata")) if key not in wanted and key not in left]
        texts = [name for name in KINDS[live.kind].texts if patch.get(name, "") is None]
        found = await self._less(texts, live, {**patch, "metadata": self._metadata(wanted, doomed, left)})

        def kept(one: Live) -> list[str]:
            return [key for key in _filled(one.raw.get("metadata")) if key not in wanted and key not in left]

        async def less(one: Live, removed: dict[str, Json]) -> Live:
            return await self._sent(one, {"metadata": {**self._metadata(wanted, [], left), **removed}})

        if not kept(found):
            return found
        self._merges = True
        return await self._pairs_out.of_what_stayed(found, kept, less)

    async def _less(self, texts: list[str], live: Live, body: Mapping[str, Json]) -> Live:
        """The answer to a modify that takes texts out: some servers ignore or refuse null, and take an empty one."""

        def kept(one: Live) -> list[str]:
            return [name for name in texts if one.fields[name] is not None]

        async def less(one: Live, removed: dict[str, Json]) -> Live:
            return await self._sent(one, {"metadata": body["metadata"], **removed})

        removed = self._texts_out.of(texts)  # by now; when the answer comes another worker may have learnt more
        try:
            found = await self._sent(live, {**body, **removed})
        except Rejected as error:
            if removed or not texts or error.told.status not in MEANT:
                raise
            found = await self._emptied(live, {**body, **dict.fromkeys(texts, "")}, error)
        return await self._texts_out.of_what_stayed(found, kept, less) if kept(found) else found

    async def _emptied(self, live: Live, body: Mapping[str, Json], refusal: Rejected) -> Live:
        """The answer to a modify with empty texts, where one with null was refused; maybe it was for another reason."""
        try:
            found = await self._sent(live, body)
        except Rejected:
            raise refusal from None
        self._texts_out.works("empty")
        return found

    async def _sent(self, live: Live, body: Mapping[str, Json]) -> Live:
        """The answer to a modify; a server that resets what is left out is sent everything, then and later."""
        if self._upserts:
            return await self._post(live, {**_whole(live), **body})
        try:
            found = await self._post(live, body)
        except Rejected as error:
            if "model" in body or error.told.status not in MEANT or "model" not in str(error).lower():
                raise
        else:
            if not _reset(live, found, body):
                return found
        self._upserts = True
        return await self._sent(live, body)

    def _metadata(self, wanted: Mapping[str, Json], doomed: list[str], left: frozenset[str]) -> dict[str, Json]:
        sent = {key: value for key, value in wanted.items() if not (self._merges and key in left)}
        return {**sent, **self._pairs_out.of(doomed)}

    async def _post(self, live: Live, body: Mapping[str, Json]) -> Live:
        answer = await self._wire.modify(_path(live.kind, live.id), body, id=live.id)
        if not _is_whole(answer):
            return await self.fetch(live.kind, live.id)
        return await self._in_full(_live(live.kind, answer), body)


def local_assistants(
    transport: httpx.AsyncBaseTransport,
    log: Callable[[str], None],
    close: Callable[[], None],
    nature: WireClock | None = None,
) -> Assistants:
    """The same provider over a transport of one's own."""
    http = client("http://localhost/v1", {"OpenAI-Beta": "assistants=v2"}, transport)
    return Assistants(Wire(http, log, nature), close)


def _path(kind: str, id: str) -> str:
    return f"{COLLECTIONS[kind]}/{quote(id, safe='')}"


def _is_whole(answer: Mapping[str, Json]) -> bool:
    """Whether an answer shows the object; some only name it. No object is without a model."""
    return "id" in answer and answer.get("model") is not None


def _stamp(kind: str, marker: Marker) -> dict[str, Json]:
    return {markers.KEY: markers.encode(marker, KINDS[kind])}


def _pairs(metadata: Json) -> dict[str, Json]:
    return dict(metadata) if isinstance(metadata, dict) else {}


def _filled(metadata: Json) -> list[str]:
    return [key for key, value in _pairs(metadata).items() if value not in (None, "")]


def _live(kind: str, raw: Mapping[str, Json]) -> Live:
    """The normal form of an object as it came."""
    id, created = raw.get("id"), raw.get("created_at")
    if not is_id(id):
        raise Broken("The server answered with an object that has no id, or a strange one.")
    stamped = _pairs(raw.get("metadata")).get(markers.KEY)
    found = markers.decode(stamped, KINDS[kind])
    return Live(
        kind=kind,
        id=id,
        fields=KINDS[kind].read(raw),
        raw=raw,
        marker=found,
        odd_marker=found is None and bool(stamped),
        created_at=created if isinstance(created, int | float) else 0,
    )


def _whole(live: Live) -> dict[str, Json]:
    """All that an object says, for a server whose modify drops what is left out, perhaps to defaults of its own."""
    kind = KINDS[live.kind]
    whole = [path[0] for path in kind.chosen if len(path) == 1]
    chosen = {name: live.raw[name] for name in whole if live.raw.get(name) is not None}
    return {**chosen, **kind.manifest(live.fields)}


def _reset(live: Live, found: Live, patch: Mapping[str, Json]) -> bool:
    """Whether fields that nobody wrote went back to their defaults: this server's modify replaces.

    A server may have defaults of its own for what models choose; where those alone moved and other fields stayed,
    somebody edited them meanwhile.
    """
    kind = KINDS[live.kind]
    unsent = [f for f in kind.fields if f not in patch and f != "tool_resources"]
    moved = [f for f in unsent if live.fields[f] != found.fields[f]]
    if any(found.fields[f] == kind.default(f) for f in moved):
        return True
    stayed = [f for f in unsent if f not in (*moved, *kind.exchanged) and live.fields[f] != kind.default(f)]
    return not stayed and any(path[0] in moved for path in kind.chosen)


OPENAI = OpenAI()
