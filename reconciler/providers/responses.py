"""The provider `responses`: a folder of the checkout in place of a server, with a request to the Responses API a key.

An assistant there is two things: its request, which a program sends, and its entry in the index, which has the name,
the description and the marker. An object exists as long as its request does. Whatever is written last, a write that
was cut off is done again by the next apply: a create writes the entry first, so that no request is without its owner,
and everything else writes it last.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from reconciler.canonical import Json, equal
from reconciler.kinds import KINDS, ServerTraits
from reconciler.kinds.assistant import ASSISTANT
from reconciler.kinds.requests import TOOLS, changed_request, misfits, object_of, request_of
from reconciler.model import Address, Live, Marker
from reconciler.paths import Path
from reconciler.plan import marker as markers
from reconciler.providers.creating import Known
from reconciler.providers.errors import ApiGone, ObjectGone, Outdated, Rejected
from reconciler.providers.learned import Learned, Paging
from reconciler.providers.modifying import pairs
from reconciler.providers.objects import live_object
from reconciler.providers.request_folder import INDEX, FolderContents, Members, RequestFolder
from reconciler.providers.wire import Connection
from reconciler.settings import Access, ProviderSettings, misfit

_BESIDE = ("name", "description")
"""The fields that a request does not have."""
_LIKE = "write a path such as `dist/production`, relative to the folder of reconciler.yaml"


def _folder(value: str) -> str:
    path = posixpath.normpath(value) if value.strip() else "."
    parts = path.split("/")
    if not value.isprintable() or "\\" in value or path == "." or path.startswith("/") or ".." in parts:
        raise misfit("path-outside-repo", f"`{value}` does not name a folder in the repository.", _LIKE)
    if {".git", ".reconciler"} & {part.lower() for part in parts}:
        raise misfit("path-outside-repo", f"`{value}` is not a folder for requests.", _LIKE)
    return path


class ResponsesSettings(ProviderSettings):
    """What is stated for it: the folder."""

    remote: ClassVar[bool] = False
    remedies: ClassVar[Mapping[str, str]] = {"folder": "write `folder: dist/NAME`, the folder for the requests"}

    folder: Annotated[
        str, AfterValidator(_folder), Field(description="The folder for the requests, relative to this file.")
    ]

    @property
    def owned_folder(self) -> str | None:
        return self.folder

    def target(self) -> tuple[str, ...]:
        return (self.folder,)

    def unreached(self) -> Access:
        return Access(folder=self.folder)


class AtOnce(Known):
    """The traits of a server that shows every write at once."""

    __slots__ = ()

    def shown(self, since: float) -> bool:
        return True


class RequestPlace:
    """A folder's requests as the assistants that they stand for, as `Provider` promises."""

    def __init__(self, folder: RequestFolder) -> None:
        self._folder = folder
        self._known = AtOnce()
        self._stamped: dict[str, Marker] = {}
        """By id, the marker that was stamped here: the file has less of it."""
        self._gone: dict[str, ApiGone] = {}
        self.project: str | None = None
        self.unreliable: Mapping[str, str] = {}
        self.doubted: Mapping[Address, float] = {}
        self.model_dates: Mapping[str, str | None] = {}

    @property
    def gone(self) -> Mapping[str, ApiGone]:
        return self._gone

    def known(self, kind: str) -> Known:
        return self._known

    async def observe(self, kind: str) -> tuple[Live, ...]:
        if kind != ASSISTANT.name:
            self._gone[kind] = ApiGone(KINDS[kind].api)
            raise self._gone[kind]
        contents = self._folder.read()
        return tuple(self._live(id, contents) for id in contents.requests)

    async def newest(self, kind: str) -> tuple[Live, ...]:
        return await self.observe(kind)

    async def fetch(self, kind: str, id: str, *, age: float = 0.0) -> Live:
        return self._one(id)

    async def models(self) -> Mapping[str, str | None]:
        return {}

    async def missing(self, path: str, ids: Iterable[str]) -> frozenset[str] | None:
        return None

    def learned(self, kind: str) -> Learned:
        return Learned(
            merges=False, pair_removal=None, text_removal=None, upserts=False, reads_by_id=True, sends_arrays=False,
            page=0,
        )  # fmt: skip

    async def paging(self, kind: str) -> Paging:
        return "works"

    async def deletes(self, kind: str) -> bool:
        return True

    async def create(self, kind: str, body: Mapping[str, Json], marker: Marker) -> Live:
        id = marker.key
        with self._folder.locked():
            contents = self._folder.read_one(id)
            if self._folder.is_taken(id):
                raise self._taken(id, contents, marker)
            self._write_entry(id, contents, _entry({}, body, self._stored(id, marker)))
            self._folder.write(id, request_of(body))
            return self._one(id)

    async def update(self, live: Live, patch: Mapping[str, Json], marker: Marker, ignore: tuple[Path, ...]) -> Live:
        return self._modified(live, patch, marker)

    async def forget(self, live: Live, patch: Mapping[str, Json]) -> Live:
        return self._modified(live, patch, None)

    async def delete(self, live: Live) -> None:
        with self._folder.locked():
            contents = self._folder.read_one(live.id)
            if live.id in contents.requests:
                self._stop_at_change(live, contents)
                self._folder.remove(live.id)
            self._write_entry(live.id, contents, {})

    async def aclose(self) -> None:
        """Nothing is held open."""

    def _modified(self, live: Live, patch: Mapping[str, Json], marker: Marker | None) -> Live:
        with self._folder.locked():
            contents = self._folder.read_one(live.id)
            self._stop_at_change(live, contents)
            before = contents.requests[live.id]
            after = changed_request(before, patch)
            if not equal(after, {**before}):
                self._folder.write(live.id, after)
            stored = None if marker is None else self._stored(live.id, marker)
            self._write_entry(live.id, contents, _entry(contents.index.get(live.id, {}), patch, stored))
            return self._one(live.id)

    def _stop_at_change(self, live: Live, contents: FolderContents) -> None:
        """Raises if the request changed after it was read."""
        if live.id not in contents.requests:
            raise _not_found(live.id)
        if not equal({**self._live(live.id, contents).raw}, {**live.raw}):
            raise Outdated(f"{self._folder.name}/{live.id}.json was changed meanwhile.")

    def _write_entry(self, id: str, contents: FolderContents, entry: Members) -> None:
        """The entry in the index, from which those go whose requests are gone."""
        there = {*self._folder.stems()}
        kept = {other: known for other, known in contents.index.items() if other in there}
        self._folder.write_index(contents.index, {**kept, id: entry})

    def _one(self, id: str) -> Live:
        contents = self._folder.read_one(id)
        if id not in contents.requests:
            raise _not_found(id)
        return self._live(id, contents)

    def _live(self, id: str, contents: FolderContents) -> Live:
        """The assistant that a request and its entry are."""
        entry = contents.index.get(id, {})
        request = {name: value for name, value in contents.requests[id].items() if name not in ("id", "object")}
        own = {name: value for name, value in pairs(request.get("metadata")).items() if name != markers.KEY}
        stored = entry.get("marker")
        marked: Members = {} if stored is None else {markers.KEY: stored}
        beside = {name: entry[name] for name in _BESIDE if name in entry}
        raw = {"id": id, "object": ASSISTANT.name, **object_of(request), **beside, "metadata": {**own, **marked}}
        live = live_object(ASSISTANT, raw)
        stamped = self._stamped.get(id)
        return replace(live, marker=stamped) if stamped is not None and stored == _less_run(stamped) else live

    def _stored(self, id: str, marker: Marker) -> str:
        self._stamped[id] = marker
        return _less_run(marker)

    def _taken(self, id: str, contents: FolderContents, marker: Marker) -> Rejected:
        """The rejection of a create whose file exists."""
        other = self._live(id, contents).marker if id in contents.requests else None
        owner = f"the request of `{other.key}` ({other.stack} in {other.environment})" if other else "unmanaged"
        message = f"{self._folder.name}/{id}.json exists already, and is {owner}."
        remedy = "rename the manifest, or move the file away"
        if other is None:
            lost = f"if {self._folder.name}/{INDEX} was lost, restore it"
            adopt = f"to adopt the file, write `reconciler: {{id: {{{marker.environment}: {id}}}}}`"
            remedy = f"{lost}; {adopt}; else {remedy}"
        return Rejected(message, remedy)


def _entry(before: Members, body: Mapping[str, Json], marker: str | None) -> Members:
    """The entry of the index once the object has what the body states."""
    entry = {**before, **{name: body[name] for name in _BESIDE if name in body}, "marker": marker}
    return {name: value for name, value in entry.items() if value not in (None, "")}


def _less_run(marker: Marker) -> str:
    """The marker as it is kept: the run, the commit and the id would change without need, and Git knows them."""
    return markers.encode(replace(marker, id=None, nonce=None, commit=None), ASSISTANT)


def _not_found(id: str) -> ObjectGone:
    return ObjectGone(f"{id} was not found.", named=True)


class Responses:
    """How a folder of requests is reached."""

    settings = ResponsesSettings
    terms = ServerTraits(
        kinds=frozenset({ASSISTANT.name}),
        tools={ASSISTANT.name: TOOLS},
        misfits={ASSISTANT.name: misfits},
        chooses=False,
    )

    def open(self, connection: Connection, log: Callable[[str], None]) -> RequestPlace:
        """The folder that the connection names."""
        return RequestPlace(RequestFolder(connection.root, connection.access.folder or ""))


RESPONSES = Responses()
