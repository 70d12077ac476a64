"""The provider `openai`: any server that speaks the Assistants API v2, hosted, proxied or self-made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import quote

import httpx

from reconciler import marker as markers
from reconciler.canonical import Json
from reconciler.kinds import KINDS, Terms
from reconciler.model import Live, Marker
from reconciler.paths import Path
from reconciler.providers.connection import Connection
from reconciler.providers.errors import Broken, ObjectGone, Refused
from reconciler.providers.paging import pages
from reconciler.providers.wire import Wire, client

COLLECTIONS = {"assistant": "/assistants"}


class OpenAI:
    """How a server of this wire is reached."""

    terms = Terms()

    def describe(self, connection: Connection) -> str:
        """The address and, where there is one, the project."""
        project = f", project {connection.project}" if connection.project else ""
        return f"openai, {connection.base_url}{project}"

    def open(self, connection: Connection, log: Callable[[str], None]) -> Assistants:
        """The server behind the connection's address."""
        return Assistants(Wire(client(connection.base_url, headers(connection)), log))


class Assistants:
    """A server's assistants. What it can do with metadata is learnt once and kept for the run."""

    def __init__(self, wire: Wire, transport_close: Callable[[], None] | None = None) -> None:
        self._wire = wire
        self._close = transport_close
        self._removal: Literal["null", "empty"] | None = None
        self._merges = False
        self._upserts = False

    async def observe(self, kind: str) -> tuple[Live, ...]:
        """Every live object of the kind, each once."""
        return tuple([_live(kind, raw) async for raw in pages(self._wire, COLLECTIONS[kind])])

    async def fetch(self, kind: str, id: str) -> Live:
        """One live object as it is now; `ObjectGone` where it is not."""
        return _live(kind, await self._wire.read(_path(kind, id), id=id))

    async def create(self, kind: str, body: Mapping[str, Json], marker: Marker) -> Live:
        """The object that now exists."""
        stamped = {**body, "metadata": {**_pairs(body.get("metadata")), **_stamp(kind, marker)}}
        return _live(kind, await self._wire.write("POST", COLLECTIONS[kind], stamped))

    async def update(self, live: Live, patch: Mapping[str, Json], marker: Marker, ignore: tuple[Path, ...]) -> Live:
        """The object with the patch applied and the marker on it."""
        user = _pairs(patch.get("metadata", live.fields["metadata"]))
        left = frozenset(path[1] for path in ignore if path[0] == "metadata" and len(path) == 2)
        wanted = {**user, **_stamp(live.kind, marker)}
        return await self._modify(live, patch, wanted, left)

    async def forget(self, live: Live) -> Live:
        """The object without our marker."""
        return await self._modify(live, {}, _pairs(live.fields["metadata"]), frozenset())

    async def delete(self, live: Live) -> None:
        """Removes the object; one that the server says is gone already is removed."""
        try:
            answer = await self._wire.write("DELETE", _path(live.kind, live.id), id=live.id)
        except ObjectGone as error:
            if error.param != "named":
                raise
            return
        if answer.get("deleted") is not True:
            raise Broken(f"The server did not say that {live.id} is deleted.")

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
        body = {**patch, "metadata": self._metadata(wanted, doomed, left)}
        found = await self._sent(live, body)
        kept = [key for key in _filled(found.raw.get("metadata")) if key not in wanted and key not in left]
        return await self._removed(found, wanted, kept, left) if kept else found

    async def _sent(self, live: Live, body: Mapping[str, Json]) -> Live:
        """The answer to a modify; a server that resets what is left out is sent everything, then and later."""
        if self._upserts:
            return await self._post(live, {**_whole(live), **body})
        try:
            found = await self._post(live, body)
        except Refused as error:
            if "model" in body or error.status not in (400, 422) or "model" not in str(error).lower():
                raise
        else:
            if not _reset(live, found, body):
                return found
        self._upserts = True
        return await self._sent(live, body)

    def _metadata(self, wanted: Mapping[str, Json], doomed: list[str], left: frozenset[str]) -> dict[str, Json]:
        sent = {key: value for key, value in wanted.items() if not (self._merges and key in left)}
        if self._removal is None:
            return sent
        return {**sent, **dict.fromkeys(doomed, None if self._removal == "null" else "")}

    async def _removed(self, live: Live, wanted: Mapping[str, Json], kept: list[str], left: frozenset[str]) -> Live:
        """The server merges metadata: asks it to drop keys by null and, where it will not, by an empty value."""
        self._merges = True
        try:
            self._removal = "null"
            found = await self._sent(live, {"metadata": self._metadata(wanted, kept, left)})
        except Refused:
            found = live
        if all(key not in _filled(found.raw.get("metadata")) for key in kept):
            return found
        self._removal = "empty"
        return await self._sent(live, {"metadata": self._metadata(wanted, kept, left)})

    async def _post(self, live: Live, body: Mapping[str, Json]) -> Live:
        return _live(live.kind, await self._wire.write("POST", _path(live.kind, live.id), body, id=live.id))


def headers(connection: Connection) -> dict[str, str]:
    """What every request carries."""
    stated = {
        "OpenAI-Beta": "assistants=v2",
        "Authorization": f"Bearer {connection.api_key}" if connection.api_key else "",
        "OpenAI-Organization": connection.organization or "",
        "OpenAI-Project": connection.project or "",
    }
    return {name: value for name, value in stated.items() if value}


def local_assistants(
    transport: httpx.AsyncBaseTransport, log: Callable[[str], None], close: Callable[[], None]
) -> Assistants:
    """The same provider over a transport of one's own."""
    connection_headers = {"OpenAI-Beta": "assistants=v2"}
    return Assistants(Wire(client("http://localhost/v1", connection_headers, transport), log), close)


def _path(kind: str, id: str) -> str:
    return f"{COLLECTIONS[kind]}/{quote(id, safe='')}"


def _stamp(kind: str, marker: Marker) -> dict[str, Json]:
    return {markers.KEY: markers.encode(marker, KINDS[kind])}


def _pairs(metadata: Json) -> dict[str, Json]:
    return dict(metadata) if isinstance(metadata, dict) else {}


def _filled(metadata: Json) -> list[str]:
    return [key for key, value in _pairs(metadata).items() if value not in (None, "")]


def _live(kind: str, raw: Mapping[str, Json]) -> Live:
    """The normal form of an object as it came."""
    id, created = raw.get("id"), raw.get("created_at")
    if not isinstance(id, str) or not id:
        raise Broken("The server answered with an object that has no id.")
    stamped = _pairs(raw.get("metadata")).get(markers.KEY)
    found = markers.decode(stamped, KINDS[kind])
    return Live(
        kind=kind,
        id=id,
        fields=KINDS[kind].read(raw),
        raw=raw,
        marker=found,
        odd_marker=found is None and bool(stamped),
        created_at=float(created) if isinstance(created, int | float) else 0,
    )


def _whole(live: Live) -> dict[str, Json]:
    """All that an object says, for a server whose modify drops what is left out."""
    return KINDS[live.kind].manifest(live.fields)


def _reset(live: Live, found: Live, patch: Mapping[str, Json]) -> bool:
    """Whether fields that nobody wrote went back to their defaults: this server's modify replaces."""
    kind = KINDS[live.kind]
    moved = [f for f in kind.fields if f not in patch and f != "tool_resources" and live.fields[f] != found.fields[f]]
    return any(found.fields[f] == kind.default(f) or f in kind.chosen for f in moved)


OPENAI = OpenAI()
