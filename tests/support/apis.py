"""Servers written from the facts of the wire, apart from the embedded one: one API or several, each in its own way."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx

Body = dict[str, Any]
Metadata = Literal["replaced", "merged", "dropped"]
_TEXTS = ("name", "instructions")
Gone = Literal["named", "nameless", "html", "400"]

Pages = Literal["cursors", "none", "arrays"]


@dataclass
class Api:
    """One collection."""

    name: str
    """`assistants` or `agents`."""
    metadata: Metadata = "replaced"
    effort: str | None = None
    """What it chooses for the effort of an agent that leaves it open."""
    echoes: bool = True
    """Whether what it chose is in what it answers to writes; in its lists it is."""
    states: Mapping[str, Body] = field(default_factory=dict)
    """By field, the members that it states where they were not sent."""
    gone: Gone = "named"
    upserts: bool = False
    """Whether a modify drops what it leaves out."""
    arrays: bool = False
    """Whether a list is an array alone, of everything."""
    null: Literal["taken", "ignored", "refused"] = "taken"
    """What it does with a null for a name or for instructions; an empty text it takes."""
    needs_model: bool = False
    names_only: bool = False
    """Whether what it answers to a write only names the object."""
    no_delete: tuple[int, str] | None = None
    """What it answers to a delete, where it has none."""
    pages: Pages = "cursors"
    """Whether it has a page after a cursor, sends everything whatever it is asked, or that as an array alone."""
    keeps: frozenset[str] | None = None
    """The fields that it keeps, where it does not keep all."""
    kept: dict[str, Body] = field(default_factory=dict)
    listed: dict[str, Body] = field(default_factory=dict)
    """What its lists show of objects, in place of what it keeps: they lag."""
    bodies: list[Body] = field(default_factory=list)

    @property
    def noun(self) -> str:
        return self.name.removesuffix("s")

    @property
    def beta(self) -> str:
        return {"assistants": "assistants=v2", "agents": "agents=v1"}[self.name]

    def answer(self, request: httpx.Request, id: str) -> httpx.Response:
        """The answer about one object, or about all."""
        if request.headers.get("openai-beta") != self.beta:
            return _error(400, f"Send the header OpenAI-Beta: {self.beta}.")
        if request.method == "DELETE" and self.no_delete is not None:
            return httpx.Response(self.no_delete[0], text=self.no_delete[1])
        if id and id not in self.kept:
            return self._not_found(id)
        if request.method == "POST":
            return self._written(id, json.loads(request.content))
        if request.method == "DELETE":
            return self._deleted(id)
        return self._page(dict(request.url.params)) if not id else _ok(self._seen(self.kept[id]))

    def _written(self, id: str, body: Body) -> httpx.Response:
        self.bodies.append(body)
        if refusal := self._refusal(body):
            return _error(400, refusal)
        is_new, before = not id, self.kept.get(id, {"metadata": {}})
        id = id or f"{self.noun}_{len(self.bodies)}"
        named = {"id": id, "object": self.noun, "created_at": before.get("created_at", len(self.bodies))}
        base = named if self.upserts else {**named, **before}
        new = {name: value for name, value in body.items() if name not in _TEXTS or value or self.null == "taken"}
        new |= {name: None for name in _TEXTS if body.get(name) == ""}
        new = {name: value for name, value in new.items() if self.keeps is None or name in self.keeps}
        self.kept[id] = {**base, **new, "metadata": self._pairs(body, before["metadata"])}
        whole = self._seen(self.kept[id]) if self.echoes else self.kept[id]
        return _ok(named if self.names_only else whole, 201 if is_new else 200)

    def _refusal(self, body: Body) -> str:
        if None in (body.get("metadata") or {}).values() and self.metadata != "merged":
            return "Invalid type for 'metadata': expected a string, got null."
        if self.null == "refused" and any(body.get(name, "") is None for name in _TEXTS):
            return "Expected a string, got null."
        return "You must provide a model parameter." if self.needs_model and "model" not in body else ""

    def _pairs(self, body: Body, before: Body) -> Body:
        sent = body["metadata"] or {} if "metadata" in body else before
        pairs = sent if self.metadata == "replaced" else {**before, **sent}
        return {} if self.metadata == "dropped" else {key: value for key, value in pairs.items() if value is not None}

    def _deleted(self, id: str) -> httpx.Response:
        del self.kept[id]
        return _ok({"id": id, "object": f"{self.noun}.deleted", "deleted": True})

    def _page(self, asked: Mapping[str, str]) -> httpx.Response:
        """There is no `before` for agents."""
        rows = list((self.kept | self.listed).values())[:: -1 if asked.get("order", "desc") == "desc" else 1]
        if self.pages != "cursors":
            data = [self._seen(row) for row in rows]
            return _ok({"object": "list", "data": data} if self.pages == "none" else data)
        ids = [row["id"] for row in rows]
        if "after" in asked and asked["after"] not in ids:
            return self._not_found(asked["after"])
        if self.arrays:
            return _ok([self._seen(row) for row in rows])
        rest = rows[ids.index(asked["after"]) + 1 :] if "after" in asked else rows
        limit = int(asked.get("limit", "20"))
        page = [self._seen(row) for row in rest[:limit]]
        return _ok({"object": "list", "data": page, "has_more": len(rest) > limit})

    def _seen(self, row: Body) -> Body:
        row = {**row, **{name: {**members, **(row.get(name) or {})} for name, members in self.states.items()}}
        if self.effort is None:
            return row
        return {**row, "reasoning": {"effort": self.effort, **(row.get("reasoning") or {})}}

    def _not_found(self, id: str) -> httpx.Response:
        if self.gone == "html":
            return httpx.Response(404, text="<html>Not here</html>", headers={"Content-Type": "text/html"})
        if self.gone == "400":
            return _error(400, "Invalid cursor.")
        return _error(404, f"No {self.noun} found with id '{id}'." if self.gone == "named" else "Not found")


class Apis(httpx.AsyncBaseTransport):
    """A server of these APIs and no others."""

    def __init__(self, *apis: Api) -> None:
        self.apis = {api.name: api for api in apis}
        self.meanwhile: Callable[[httpx.Request], object] = lambda request: None
        """What happens on the server before a request is answered."""
        self.asked: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What it says."""
        self.asked.append(request)
        self.meanwhile(request)
        name, _, id = request.url.path.removeprefix("/v1/").partition("/")
        if name not in self.apis:
            return _error(404, f"Invalid URL ({request.method} {request.url.path})")
        return self.apis[name].answer(request, id)


def _ok(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def _error(status: int, message: str, param: str | None = None) -> httpx.Response:
    return httpx.Response(status, json={"error": {"message": message, "type": "invalid_request_error", "param": param}})
