"""Objects are read while the page after theirs travels, and what counts is what the list holds in the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpx
import pytest

from reconciler.model import Live
from reconciler.providers import pages
from reconciler.providers.errors import ProviderError
from reconciler.providers.objects import live_object
from reconciler.providers.openai import COLLECTIONS
from reconciler.providers.paging import SharedListing
from reconciler.providers.reading_ahead import read_ahead
from reconciler.providers.wire import Wire, client
from support.faults import Script, clock, ok, page, run, scripted, wire_clock

KIND = COLLECTIONS["assistant"].kind
AGAIN = httpx.Response(404, json={"error": {"message": "No assistant found with id 'a3'."}})


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)


def raws(*ids: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": id, "model": "m", **fields} for id in ids]


def order_of_events(*answers: Callable[[httpx.Request], httpx.Response]) -> list[str]:
    """What was asked and answered, and which objects were read, where each answer takes a while."""
    events: list[str] = []
    script = Script(*answers)

    async def slowly(request: httpx.Request) -> httpx.Response:
        events.append(f"after {request.url.params.get('after')}?")
        await anyio.sleep(1)
        events.append("page")
        response: httpx.Response = script(request)
        return response

    def read(raw: Mapping[str, Any]) -> Live:
        events.append(str(raw["id"]))
        return live_object(KIND, raw)

    async def story() -> None:
        wire = Wire(client("http://localhost/v1", {}, httpx.MockTransport(slowly)), lambda line: None, wire_clock())
        listing, ahead = await read_ahead(SharedListing(pages.Pages(wire, COLLECTIONS["assistant"]), clock), read)
        for raw in listing.rows.values():
            ahead.object(raw)

    run(story)
    return events


def test_the_next_page_is_asked_for_before_any_object_of_a_page_is_read_and_each_is_read_once() -> None:
    more = page(*raws("a5", "a4", "a3"), has_more=True), page(*raws("a2", "a1"), has_more=True)

    assert order_of_events(*more, page(*raws("a0"))) == [
        *("after None?", "page"),
        *("after a3?", "a5", "a4", "a3", "page"),
        *("after a1?", "a2", "a1", "page"),
        "a0",
    ]


def test_an_object_counts_as_the_last_reading_of_the_list_shows_it() -> None:
    script = Script(
        page(*raws("a5", "a4", "a3", name="before"), has_more=True),
        lambda request: AGAIN,
        page(*raws("a5", "a4", name="after"), has_more=True),
        page(*raws("a1", name="after")),
    )

    async def story() -> dict[str, Any]:
        return {live.id: live.fields["name"] for live in await scripted(script).observe("assistant")}

    assert run(story) == dict.fromkeys(("a5", "a4", "a1"), "after")


def test_an_error_of_a_later_page_is_raised_as_it_is_and_nothing_is_left_open() -> None:
    script = Script(page(*raws("a5", "a4", "a3"), has_more=True), ok({"error": {"message": "no"}}, 401))

    async def story() -> str:
        with pytest.raises(ProviderError) as caught:
            await scripted(script).observe("assistant")
        return type(caught.value).__name__

    assert run(story) == "Unauthorized"
