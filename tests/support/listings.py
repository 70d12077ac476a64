"""Servers whose lists cannot be believed, one a kind, over an embedded server that is otherwise sound."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any

import httpx

from reconciler.providers.openai import local_server
from reconciler.providers.server import Server
from support.faults import is_collection, wire_clock

Row = Mapping[str, Any]
CAP = 10
Way = Callable[["Lists", list[Row], Mapping[str, str]], httpx.Response]


@dataclass
class Lists(httpx.AsyncBaseTransport):
    """Passes requests on, and answers those for the list in a way of its own, from all that there is."""

    inner: httpx.AsyncBaseTransport
    way: Way
    meanwhile: Callable[[Lists], Awaitable[None]] | None = None
    """What happens on the server before each page but the first."""
    asked: list[Mapping[str, str]] = field(default_factory=list)
    offsets: dict[str, int] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET" or not is_collection(request):
            return await self.inner.handle_async_request(request)
        self.asked.append(dict(request.url.params))
        if self.meanwhile is not None and "after" in request.url.params:
            await self.meanwhile(self)
        try:
            return self.way(self, await self.rows(request), self.asked[-1])
        except ValueError:
            message = f"No assistant found with id '{self.asked[-1]['after']}'."
            return httpx.Response(404, json={"error": {"message": message}})

    async def rows(self, request: httpx.Request) -> list[Row]:
        """Everything that there is, the newest first."""
        found: list[Row] = []
        more = True
        while more:
            params = {"limit": "100", **({"after": found[-1]["id"]} if found else {})}
            told = await self._call("GET", "", request, params)
            found += told["data"]
            more = told["has_more"]
        return found

    async def create(self, body: Mapping[str, Any]) -> None:
        """Somebody else makes an object."""
        await self._call("POST", "", httpx.Request("POST", "http://localhost/v1/assistants"), {}, body)

    async def delete(self, id: str) -> None:
        """Somebody else deletes one."""
        await self._call("DELETE", f"/{id}", httpx.Request("DELETE", "http://localhost/v1/assistants"), {})

    async def _call(
        self, method: str, path: str, like: httpx.Request, params: Mapping[str, str], body: Any = None
    ) -> Any:
        url = like.url.copy_with(path=f"/v1/assistants{path}", params=params)
        answer = await self.inner.handle_async_request(
            httpx.Request(method, url, headers={"OpenAI-Beta": "assistants=v2"}, json=body)
        )
        await answer.aread()
        assert answer.status_code == 200, answer.text
        return answer.json()


def ids() -> Iterator[str]:
    """Ids in no order, as most servers make them."""
    return (f"asst_{sha256(str(number).encode()).hexdigest()[:12]}" for number in count())


def page(rows: list[Row], **said: Any) -> httpx.Response:
    return httpx.Response(200, json={"object": "list", "data": rows, **said})


def _sorted(rows: list[Row], asked: Mapping[str, str]) -> list[Row]:
    return rows[::-1] if asked.get("order") == "asc" else rows


def _after(rows: list[Row], asked: Mapping[str, str]) -> list[Row]:
    ids = [row["id"] for row in rows]
    return rows[ids.index(asked["after"]) + 1 :] if "after" in asked else rows


def _limit(asked: Mapping[str, str]) -> int:
    return int(asked.get("limit", "20"))


def honest(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    rest = _after(_sorted(rows, asked), asked)
    return page(rest[: _limit(asked)], has_more=len(rest) > _limit(asked))


def capped(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    """Ten at most, whatever was asked for, and never a word of more."""
    return page(_after(_sorted(rows, asked), asked)[:CAP], has_more=False)


def capped_and_silent(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    return page(_after(_sorted(rows, asked), asked)[:CAP])


def by_id(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    """Sorts by time and pages by id, so that pages overlap and leave rows out."""
    rest = [row for row in _sorted(rows, asked) if row["id"] > asked.get("after", "")]
    return page(rest[: _limit(asked)], has_more=len(rest) > _limit(asked))


def at_once(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    """Everything in one answer, whatever was asked for."""
    return page(_sorted(rows, asked), has_more=False)


def unsorted(_: Lists, rows: list[Row], __: Mapping[str, str]) -> httpx.Response:
    """The same, and the order is ignored too."""
    return page(rows, has_more=False)


def first_page_only(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    """Knows order and limit, and no cursor: what lies between the two ends is never seen."""
    return page(_sorted(rows, asked)[: _limit(asked)], has_more=False)


def ever_more(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    """Says for ever that there is more, at last with empty pages."""
    return page(_after(_sorted(rows, asked), asked)[: _limit(asked)], has_more=True)


def twice(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    """Finds every row through each of two others."""
    rest = _after(_sorted(rows, asked), asked)
    found = [row for row in rest[: _limit(asked)] for _ in range(2)]
    return page(found, has_more=len(rest) > _limit(asked))


def inclusive(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    """Begins the next page with the last row of the one before."""
    ids = [row["id"] for row in rows]
    rest = rows[ids.index(asked["after"]) :] if "after" in asked else rows
    return page(rest[: _limit(asked)], has_more=len(rest) > _limit(asked))


def inclusive_and_silent(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    """The same in pages of ten, without a word of more: the last page is the cursor's own row."""
    told = json.loads(inclusive(_, rows, {**asked, "limit": str(CAP)}).content)
    return page(told["data"])


def by_offset(lists: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
    """Turns a cursor into how many rows went before it, so that what is new meanwhile shifts the next page."""
    begin = lists.offsets[asked["after"]] if "after" in asked else 0
    found = _sorted(rows, asked)[begin : begin + _limit(asked)]
    lists.offsets.update({row["id"]: begin + number for number, row in enumerate(found, 1)})
    return page(found, has_more=begin + _limit(asked) < len(rows))


def refusing(status: int, text: str) -> Way:
    """A server without cursors, which says so of every request that has one."""

    def way(_: Lists, rows: list[Row], asked: Mapping[str, str]) -> httpx.Response:
        if "after" in asked:
            return httpx.Response(status, json={"detail": text.format(asked["after"])})
        return page(rows, has_more=False)

    return way


def unbelievable(inner: httpx.AsyncBaseTransport, way: Way) -> tuple[Lists, Server]:
    """A provider that sees the server through such lists."""
    lists = Lists(inner, way)
    return lists, local_server(lists, lambda line: None, lambda: None, wire_clock())
