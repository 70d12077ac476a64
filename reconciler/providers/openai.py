"""The provider `openai`: any server that speaks the Assistants API v2, hosted, proxied or self-made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias
from urllib.parse import quote

import anyio
import httpx

from reconciler.canonical import Json
from reconciler.kinds import KINDS, ServerTraits
from reconciler.model import Address, Live, Marker
from reconciler.paths import Path
from reconciler.plan import marker as markers
from reconciler.providers.creating import Creator, Known
from reconciler.providers.errors import ApiGone, Broken, ObjectGone, ProviderError, Rejected, ResponseInfo
from reconciler.providers.paging import SharedListing, is_id, newest
from reconciler.providers.wire import Clock, Connection, Wire, client

COLLECTIONS = {"assistant": "/assistants"}
BETA = "assistants=v2"
_NO_SUCH_METHOD = 405
_UNPROCESSABLE = (400, 422)
"""What a server answers that will not take a body as it is."""
_LOOKS = 5
"""How often an object that was just made is asked for, where its create does not show it."""
_NOTHING: tuple[Json, ...] = (None, "", [], {})
"""What an answer may leave out."""
_FORGOTTEN = "let go"
"""What stands in the marker's place where a server removes nothing: no marker."""
RemovalWay: TypeAlias = Literal["null", "empty"]
_REMOVES: dict[RemovalWay, Json] = {"null": None, "empty": ""}
Send: TypeAlias = Callable[[Live, dict[str, Json]], Awaitable[Live]]


class Removal:
    """How one sort of thing is taken out, by null or by an empty text; one worker finds out, the others wait for it."""

    def __init__(self, *ways: RemovalWay) -> None:
        self._ways = ways
        """What is worth trying."""
        self.way: RemovalWay | Literal["never"] | None = None
        """What has worked."""
        self._finding_out = anyio.Lock()

    def request(self, names: Iterable[str]) -> dict[str, Json]:
        """What to send to take out what the names stand for, as far as it is known how."""
        return {} if self.way is None or self.way == "never" else dict.fromkeys(names, _REMOVES[self.way])

    async def finish(self, live: Live, remaining: Callable[[Live], Sequence[str]], send: Send) -> Live:
        """The object once everything that remains on it against our will was asked to go, in a way that works.

        A way is taken for the rest of the run once it has worked, and none only after each was tried.
        """
        async with self._finding_out:
            if self.way is None:
                return await self._find_out(live, remaining, send)
        names = remaining(live)
        return await send(live, self.request(names)) if names and self.way != "never" else live

    async def _find_out(self, live: Live, remaining: Callable[[Live], Sequence[str]], send: Send) -> Live:
        for way in self._ways:
            try:
                live = await send(live, dict.fromkeys(remaining(live), _REMOVES[way]))
            except Rejected as error:
                if error.response.status not in _UNPROCESSABLE:
                    raise
                continue
            if not remaining(live):
                self.way = way
                return live
        self.way = "never"
        return live


class OpenAI:
    """How a server of this wire is reached."""

    terms = ServerTraits()

    def open(self, connection: Connection, log: Callable[[str], None]) -> Assistants:
        """The server behind the connection's address."""
        http = client(connection.base_url, connection.headers(BETA))
        return Assistants(Wire(http, log, waiting=connection.waiting))


class Assistants:
    """A server's objects, as `Provider` promises. What it can do with metadata is learnt once and kept for the run."""

    def __init__(self, wire: Wire, close: Callable[[], None] | None = None) -> None:
        self._wire = wire
        self._close = close
        self._creator = Creator(wire, self, COLLECTIONS.__getitem__, _live_object)
        self._pair_removal = Removal("null", "empty")
        self._text_removal = Removal("empty")
        """Where null was sent, as it is first of all, and had no effect."""
        self._merges = False
        self._upserts = False
        self._lists = {kind: SharedListing(wire, path) for kind, path in COLLECTIONS.items()}
        self._reads_by_id = True

    @property
    def project(self) -> str | None:
        return self._wire.project

    @property
    def doubted(self) -> Mapping[Address, float]:
        return self._creator.doubted

    def known(self, kind: str) -> Known:
        return self._creator.known[kind]

    @property
    def unreliable(self) -> Mapping[str, str]:
        return {kind: shared.contradiction for kind, shared in self._lists.items() if shared.contradiction is not None}

    async def observe(self, kind: str) -> tuple[Live, ...]:
        requested, expected = self._wire.clock.monotonic(), tuple(self.known(kind).sent)
        listing = await self._lists[kind].listed()
        objects = tuple(_live_object(kind, raw) for raw in listing.rows.values())
        ids = {live.id for live in objects}
        self.known(kind).saw(ids, requested, expected if listing.contradiction is None else None)
        return objects

    async def newest(self, kind: str) -> tuple[Live, ...]:
        requested = self._wire.clock.monotonic()
        objects = tuple([_live_object(kind, raw) for raw in await newest(self._wire, COLLECTIONS[kind])])
        self.known(kind).saw({live.id for live in objects}, requested)
        return objects

    async def fetch(self, kind: str, id: str, *, age: float = 0.0) -> Live:
        """As `Provider.fetch`. Some proxies have lists only; those who wait for an object of one share a listing."""
        live = await self._read_by_id(kind, id) if self._reads_by_id else None
        if live is not None:
            return live
        rows = (await self._lists[kind].listed(age)).rows
        if id not in rows:
            raise ObjectGone(f"{id} was not found.", named=False)
        self._reads_by_id = False
        return _live_object(kind, rows[id])

    async def _read_by_id(self, kind: str, id: str) -> Live | None:
        """The object by its id; None where the server may have no such reading."""
        try:
            return _live_object(kind, await self._wire.read(_object_path(kind, id), id=id))
        except (ApiGone, ObjectGone) as error:
            if isinstance(error, ObjectGone) and error.named:
                raise
        except Rejected as error:
            if error.response.status != _NO_SUCH_METHOD:
                raise
        return None

    async def create(self, kind: str, body: Mapping[str, Json], marker: Marker) -> Live:
        stamped = {**body, "metadata": {**_pairs(body.get("metadata")), **_marker_pair(kind, marker)}}
        made = await self._creator.create(kind, stamped, marker)
        if _is_whole(made.raw):
            return await self._in_full(made, stamped)
        for attempt in range(_LOOKS):  # the server only named it; one that lists lag behind exists all the same
            try:
                return await self.fetch(made.kind, made.id)
            except ObjectGone:
                await self._wire.pause(attempt)
        raise Broken(f"{made.id} was created and cannot be read yet.", "run it again", ResponseInfo(should_retry=False))

    async def _in_full(self, answered: Live, body: Mapping[str, Json]) -> Live:
        """The object, read again where an answer leaves out what was sent; as it was answered where it cannot be."""
        if all(name in answered.raw or value in _NOTHING for name, value in body.items()):
            return answered
        try:
            return await self.fetch(answered.kind, answered.id)
        except ProviderError:
            return answered

    async def update(self, live: Live, patch: Mapping[str, Json], marker: Marker, ignore: tuple[Path, ...]) -> Live:
        user = _pairs(patch.get("metadata", live.fields["metadata"]))
        ignored = frozenset(path[1] for path in ignore if path[0] == "metadata" and len(path) == 2)
        return await self._modify(live, patch, {**user, **_marker_pair(live.kind, marker)}, ignored)

    async def forget(self, live: Live, patch: Mapping[str, Json]) -> Live:
        user = _pairs(patch.get("metadata", live.fields["metadata"]))
        freed = await self._modify(live, patch, user, frozenset())
        if freed.marker is None:
            return freed
        return await self._send(freed, {"metadata": {**user, markers.KEY: _FORGOTTEN}})

    async def delete(self, live: Live) -> None:
        self.known(live.kind).sent.pop(live.id, None)
        try:
            answer = await self._wire.delete(_object_path(live.kind, live.id), id=live.id)
        except ObjectGone as error:
            if not error.named and await self._is_listed(live):
                raise
            return
        if answer.get("deleted") is not True and await self._is_listed(live):
            raise Broken(f"The server did not delete {live.id}, and did not say why.")

    async def _is_listed(self, live: Live) -> bool:
        return live.id in (await self._lists[live.kind].listed()).rows

    async def aclose(self) -> None:
        await self._wire.aclose()
        if self._close is not None:
            self._close()

    async def _modify(
        self, live: Live, patch: Mapping[str, Json], wanted: dict[str, Json], ignored: frozenset[str]
    ) -> Live:
        """Writes, reads the answer, and sees to what the server kept or dropped against our will."""
        doomed = [key for key in _pairs(live.raw.get("metadata")) if key not in wanted and key not in ignored]
        texts = [name for name in KINDS[live.kind].texts if patch.get(name, "") is None]
        body = {**patch, "metadata": self._metadata(wanted, doomed, ignored)}
        answered = await self._send_without_texts(texts, live, body)

        def remaining(answer: Live) -> list[str]:
            filled = [key for key, value in _pairs(answer.raw.get("metadata")).items() if value not in (None, "")]
            return [key for key in filled if key not in wanted and key not in ignored]

        async def send(answer: Live, removal: dict[str, Json]) -> Live:
            return await self._send(answer, {"metadata": {**self._metadata(wanted, [], ignored), **removal}})

        if not remaining(answered):
            return answered
        self._merges = True
        return await self._pair_removal.finish(answered, remaining, send)

    async def _send_without_texts(self, texts: list[str], live: Live, body: Mapping[str, Json]) -> Live:
        """The answer to a modify that takes texts out: some servers ignore or reject null, and take an empty one."""

        def remaining(answer: Live) -> list[str]:
            return [name for name in texts if answer.fields[name] is not None]

        async def send(answer: Live, removal: dict[str, Json]) -> Live:
            return await self._send(answer, {"metadata": body["metadata"], **removal})

        removal = self._text_removal.request(texts)  # by now; when the answer comes others may have learnt more
        try:
            answered = await self._send(live, {**body, **removal})
        except Rejected as rejection:
            if removal or not texts or rejection.response.status not in _UNPROCESSABLE:
                raise
            try:
                answered = await self._send(live, {**body, **dict.fromkeys(texts, "")})
            except Rejected:  # maybe it was for another reason
                raise rejection from None
            self._text_removal.way = "empty"
        return await self._text_removal.finish(answered, remaining, send) if remaining(answered) else answered

    async def _send(self, live: Live, body: Mapping[str, Json]) -> Live:
        """The answer to a modify; a server that resets what is left out is sent everything, then and later."""
        if self._upserts:
            return await self._post(live, {**_whole_body(live), **body})
        try:
            answered = await self._post(live, body)
        except Rejected as error:
            needs_model = "model" not in body and "model" in str(error).lower()
            if not needs_model or error.response.status not in _UNPROCESSABLE:
                raise
        else:
            if not _was_reset(live, answered, body):
                return answered
        self._upserts = True
        return await self._send(live, body)

    def _metadata(self, wanted: Mapping[str, Json], doomed: list[str], ignored: frozenset[str]) -> dict[str, Json]:
        sent = {key: value for key, value in wanted.items() if not (self._merges and key in ignored)}
        return {**sent, **self._pair_removal.request(doomed)}

    async def _post(self, live: Live, body: Mapping[str, Json]) -> Live:
        answer = await self._wire.modify(_object_path(live.kind, live.id), body, id=live.id)
        if not _is_whole(answer):
            return await self.fetch(live.kind, live.id)
        return await self._in_full(_live_object(live.kind, answer), body)


def local_assistants(
    transport: httpx.AsyncBaseTransport,
    log: Callable[[str], None],
    close: Callable[[], None],
    clock: Clock | None = None,
) -> Assistants:
    """The same provider over a transport of one's own."""
    http = client("http://localhost/v1", {"OpenAI-Beta": BETA}, transport)
    return Assistants(Wire(http, log, clock), close)


def _object_path(kind: str, id: str) -> str:
    return f"{COLLECTIONS[kind]}/{quote(id, safe='')}"


def _is_whole(answer: Mapping[str, Json]) -> bool:
    """Whether an answer shows the object; some only name it. No object is without a model."""
    return "id" in answer and answer.get("model") is not None


def _marker_pair(kind: str, marker: Marker) -> dict[str, Json]:
    return {markers.KEY: markers.encode(marker, KINDS[kind])}


def _pairs(metadata: Json) -> dict[str, Json]:
    return dict(metadata) if isinstance(metadata, dict) else {}


def _live_object(kind: str, raw: Mapping[str, Json]) -> Live:
    """The normal form of an object as it came."""
    id, created = raw.get("id"), raw.get("created_at")
    if not is_id(id):
        raise Broken("The server answered with an object that has no id, or a strange one.")
    stamped = _pairs(raw.get("metadata")).get(markers.KEY)
    marker = markers.decode(stamped, KINDS[kind])
    return Live(
        kind=kind,
        id=id,
        fields=KINDS[kind].read(raw),
        raw=raw,
        marker=marker,
        odd_marker=marker is None and bool(stamped),
        created_at=created if isinstance(created, int | float) else 0,
    )


def _whole_body(live: Live) -> dict[str, Json]:
    """All that an object says, for a server whose modify drops what is left out, perhaps to defaults of its own."""
    kind = KINDS[live.kind]
    whole = [path[0] for path in kind.chosen if len(path) == 1]
    chosen = {name: live.raw[name] for name in whole if live.raw.get(name) is not None}
    return {**chosen, **kind.manifest(live.fields)}


def _was_reset(live: Live, answered: Live, patch: Mapping[str, Json]) -> bool:
    """Whether fields that were not written went back to their defaults: this server's modify replaces.

    A server may have defaults of its own for what models choose; where those alone changed and other fields stayed,
    somebody edited them meanwhile.
    """
    kind = KINDS[live.kind]
    unsent = [f for f in kind.fields if f not in patch and f != "tool_resources"]
    changed = [f for f in unsent if live.fields[f] != answered.fields[f]]
    if any(answered.fields[f] == kind.default(f) for f in changed):
        return True
    stayed = [f for f in unsent if f not in (*changed, *kind.exchanged) and live.fields[f] != kind.default(f)]
    return not stayed and any(path[0] in changed for path in kind.chosen)


OPENAI = OpenAI()
