"""A whole collection from servers that page, that do not, and that pretend to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from reconciler.providers import pages, paging
from reconciler.providers.errors import ApiGone, Broken, ProviderError
from reconciler.providers.openai import COLLECTIONS
from reconciler.providers.wire import Wire, client
from support.faults import Script, ok, page, run, wire_clock


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)


def raws(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": f"a{number}"} for number in numbers]


def listing(script: Callable[..., Any]) -> paging.Listing:
    async def story() -> paging.Listing:
        wire = Wire(client("http://localhost/v1", {}, httpx.MockTransport(script)), lambda line: None, wire_clock())
        return await paging.listed(pages.Pages(wire, COLLECTIONS["assistant"]))

    found: paging.Listing = run(story)
    return found


def listed(script: Callable[..., Any]) -> list[str]:
    """The ids of a list that is believed."""
    found = listing(script)
    assert found.contradiction is None
    return list(found.rows)


def fails(script: Callable[..., Any]) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        listed(script)
    return caught.value


def cursors(script: Script) -> list[str | None]:
    return [request.url.params.get("after") for request in script.asked]


def test_pages_are_asked_for_until_the_server_says_that_there_are_no_more() -> None:
    script = Script(page(*raws(5, 4, 3), has_more=True), page(*raws(2, 1), has_more=True), page(*raws(0)))

    assert listed(script) == ["a5", "a4", "a3", "a2", "a1", "a0"]
    assert cursors(script) == [None, "a3", "a1"]
    assert {request.url.params["order"] for request in script.asked} == {"desc"}


def test_an_empty_collection_takes_one_request() -> None:
    script = Script(page())

    assert listed(script) == []
    assert len(script.asked) == 1


@pytest.mark.parametrize("said", [None, False])
@pytest.mark.parametrize("last", [raws(2, 1, 0), raws(2)])
def test_a_server_that_never_spoke_of_more_is_asked_until_it_has_nothing_new(said: Any, last: list[Any]) -> None:
    """One that always says that there is no more would have us create again what we did not see."""
    script = Script(page(*raws(5, 4), has_more=said), page(*last, has_more=said), page(has_more=said))

    assert listed(script) == ["a5", "a4", *(one["id"] for one in last)]
    assert cursors(script) == [None, "a4", last[-1]["id"]]


def test_a_server_that_once_spoke_of_more_need_not_say_that_there_is_none() -> None:
    script = Script(page(*raws(5, 4, 3), has_more=True), page(*raws(2, 1), has_more=None))

    assert listed(script) == ["a5", "a4", "a3", "a2", "a1"]
    assert len(script.asked) == 2


@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_server_that_sends_everything_at_once_is_asked_for_the_other_order_too(count: int) -> None:
    script = Script(page(*raws(*range(count))))

    assert len(listed(script)) == count
    assert [request.url.params["order"] for request in script.asked] == ["desc", "desc", "asc"]


def test_a_page_that_repeats_under_the_claim_of_more_is_an_error() -> None:
    error = fails(Script(page(*raws(3, 2, 1), has_more=True)))

    assert isinstance(error, Broken)
    assert "more than 3 objects" in error.message
    assert "proxy" in error.remedy


def test_a_list_whose_pages_overlap_is_read_again() -> None:
    begin = page(*raws(5, 4, 3), has_more=True)
    script = Script(begin, page(*raws(4, 3, 2)), begin, page(*raws(2, 1)))

    assert listed(script) == ["a5", "a4", "a3", "a2", "a1"]


def test_a_list_whose_pages_always_overlap_is_all_that_was_seen_and_unreliable() -> None:
    begin = page(*raws(5, 4, 3), has_more=True)
    script = Script(*[begin, page(*raws(4, 3, 2))] * 4)
    found = listing(script)

    assert list(found.rows) == ["a5", "a4", "a3", "a2"]
    assert found.contradiction == "its pages repeat a4 and 1 other"
    assert len(script.asked) == 8


def test_a_cursor_that_leads_back_is_no_endless_list() -> None:
    script = Script(*[page(*raws(5, 4), has_more=True), *[page(*raws(3, 2), has_more=True)] * 2] * 4)
    found = listing(script)

    assert len(found.rows) == 4
    assert found.contradiction == "its pages repeat a3 and 1 other"


def test_an_empty_page_under_the_claim_of_more_is_an_error() -> None:
    assert "more than 0" in fails(Script(page(has_more=True))).message


def test_an_object_that_is_listed_twice_is_one_and_makes_the_list_unreliable() -> None:
    found = listing(Script(*[page(*raws(2, 2, 1)), page()] * 4))

    assert list(found.rows) == ["a2", "a1"]
    assert found.contradiction == "its pages repeat a2"


def _gone(id: str) -> Callable[[httpx.Request], httpx.Response]:
    return ok({"error": {"message": f"No assistant found with id '{id}'."}}, 404)


def test_a_listing_whose_cursor_was_deleted_starts_again() -> None:
    begin = page(*raws(5, 4, 3), has_more=True)
    script = Script(begin, _gone("a3"), page(*raws(5, 4, 2), has_more=True), page(*raws(1)))

    assert listed(script) == ["a5", "a4", "a2", "a1"]
    assert cursors(script) == [None, "a3", None, "a2"]


def test_a_listing_starts_again_three_times_and_no_more() -> None:
    begin = page(*raws(5, 4, 3), has_more=True)
    script = Script(*[begin, _gone("a3")] * 5)
    error = fails(script)

    assert isinstance(error, Broken)
    assert "every attempt" in error.message
    assert len(script.asked) == 8


def test_a_collection_that_is_not_there_is_an_api_that_is_gone() -> None:
    assert isinstance(fails(Script(ok({"error": "no"}, 404))), ApiGone)


@pytest.mark.parametrize("status", [404, 410])
def test_an_api_that_has_answered_with_a_page_is_not_gone(status: int) -> None:
    page_of_site = httpx.Response(status, text="<html>", headers={"Content-Type": "text/html"})
    error = fails(Script(*[page(*raws(5, 4, 3), has_more=True), page_of_site] * 4))

    assert isinstance(error, Broken)
    assert error.message.startswith(f"The list ends with an error after a page: {status}")


def test_a_list_without_end_is_given_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST", 100)
    count = 0

    def endless(request: httpx.Request) -> httpx.Response:
        nonlocal count
        count += 3
        return page(*raws(count, count + 1, count + 2), has_more=True)(request)

    assert "does not end after 100 objects" in fails(endless).message


STRANGE_IDS = [None, 7, "", "x" * 600, ".", "..", "half \ud800", ["a"], {"a": 1}, True]


@pytest.mark.parametrize("id", STRANGE_IDS)
def test_an_object_without_a_sound_id_spoils_the_list(id: Any) -> None:
    assert "strange" in fails(Script(page({"id": id}))).message


@pytest.mark.parametrize("data", [None, {}, "x", 1, ["x"], [["x"]], [None], [1]])
def test_what_is_no_list_of_objects_is_an_error(data: Any) -> None:
    assert isinstance(fails(Script(ok({"data": data}))), Broken)


def test_a_list_of_nothing_at_all_is_an_error() -> None:
    assert "no `data`" in fails(Script(ok({}))).message


@pytest.mark.parametrize("said", ["yes", 1, None, [], "false"])
def test_what_is_no_yes_or_no_says_nothing(said: Any) -> None:
    script = Script(ok({"data": raws(2, 1), "has_more": said}))

    assert listed(script) == ["a2", "a1"]


def test_the_newest_are_one_page() -> None:
    async def story() -> tuple[list[str], Script]:
        script = Script(page(*raws(5, 4, 3), has_more=True))
        wire = Wire(client("http://localhost/v1", {}, httpx.MockTransport(script)), lambda line: None, wire_clock())
        return [str(raw["id"]) for raw in await paging.newest(pages.Pages(wire, COLLECTIONS["assistant"]))], script

    found, script = run(story)
    assert found == ["a5", "a4", "a3"]
    assert len(script.asked) == 1
