"""A page is as large as its server is able to send it, and what is an array alone is believed with care."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from reconciler.providers import ProviderError, wire
from reconciler.providers.errors import TooLarge
from support.faults import Script, ok, run, scripted

BYTES = 20_000


@dataclass
class Heavy:
    """A server that pages as it should, and whose objects weigh so much that many are too much at once."""

    count: int
    weight: int = 1_000
    most: int | None = None
    """How many objects it sends at once."""
    fails: Callable[[], httpx.Response] = lambda: httpx.Response(500)
    limits: list[int] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        limit, after = int(request.url.params["limit"]), request.url.params.get("after", f"a{self.count:03}")
        self.limits.append(limit)
        older = reversed(range(int(after[1:])))
        rows = [{"id": f"a{number:03}", "model": "m", "name": "x" * self.weight} for number in older]
        if self.most is not None and min(limit, len(rows)) > self.most:
            return self.fails()
        return httpx.Response(200, json={"data": rows[:limit], "has_more": len(rows) > limit})


def observed(server: Callable[[httpx.Request], httpx.Response], times: int = 1) -> list[str]:
    async def story() -> list[str]:
        provider = scripted(server)
        found = [[live.id for live in await provider.observe("assistant")] for _ in range(times)]
        assert provider.unreliable == {}
        return found[-1]

    ids: list[str] = run(story)
    return ids


@pytest.fixture
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_ANSWER_BYTES", BYTES)


def endless() -> httpx.Response:
    raise httpx.ReadTimeout("slow")


@pytest.mark.usefixtures("_narrow")
@pytest.mark.parametrize("is_stated", [True, False])
def test_a_page_that_weighs_too_much_is_asked_for_with_half_the_limit_and_so_is_every_other(is_stated: bool) -> None:
    server = Heavy(50)

    def answering(request: httpx.Request) -> httpx.Response:
        answer = server(request)
        return answer if is_stated else httpx.Response(200, stream=httpx.ByteStream(answer.content))

    assert observed(answering, 2) == [f"a{number:03}" for number in reversed(range(50))]
    assert server.limits == [100, 50, 25, 12, 12, 12, 12, 12, *[12] * 5]


FAILURES: dict[str, Callable[[], httpx.Response]] = {
    "500": lambda: httpx.Response(500),
    "504 html": lambda: httpx.Response(504, text="<html>", headers={"Content-Type": "text/html"}),
    "cut off": lambda: httpx.Response(200, text='{"data": [{"id"'),
    "no answer in time": endless,
    "413": lambda: httpx.Response(413, json={"error": "too large"}),
    "a limit of its own": lambda: httpx.Response(400, json={"error": {"message": "At most 10.", "param": "limit"}}),
    "a limit of its own, as a schema says it": lambda: httpx.Response(
        422, json={"detail": [{"loc": ["query", "limit"], "msg": "Input should be less than or equal to 10"}]}
    ),
}


@pytest.mark.parametrize("fails", FAILURES.values(), ids=FAILURES)
def test_a_server_that_fails_at_large_pages_is_asked_for_small_ones(fails: Callable[[], httpx.Response]) -> None:
    server = Heavy(60, most=10, fails=fails)

    assert len(observed(server)) == 60
    large = [limit for limit in server.limits if limit > 10]
    assert large in ([100, 50, 25, 12], [100, 50, 25, 12, 12])
    assert set(server.limits[len(large) + 1 :]) == {6}


def test_one_object_a_page_is_the_least_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_ANSWER_BYTES", 500)
    server = Heavy(3)

    async def story() -> ProviderError:
        with pytest.raises(TooLarge) as caught:
            await scripted(server).observe("assistant")
        return caught.value

    assert "answer has 1,0" in run(story).message
    assert server.limits == [100, 50, 25, 12, 6, 3, 1]


def test_after_a_failure_that_passed_pages_are_as_large_as_before() -> None:
    server = Heavy(500, weight=1)
    script = Script(httpx.ReadTimeout("x"), *[server] * 5, ok({}, 500), server)

    assert len(observed(script)) == 500
    assert server.limits == [50, 100, 100, 100, 100, 50]


def test_the_newest_are_looked_for_in_pages_that_a_server_sends() -> None:
    server = Heavy(60, most=10, fails=FAILURES["413"])

    async def story() -> int:
        return len(await scripted(server).newest("assistant"))

    assert run(story) == 6


# arrays alone


def array(*ids: str) -> Any:
    return ok([{"id": id, "model": "m"} for id in ids])


def test_a_server_that_answers_with_an_array_alone_is_read_as_one_whole_list() -> None:
    assert observed(Script(array("a", "b"))) == ["a", "b"]


def test_an_array_is_paged_like_any_list() -> None:
    def paging(request: httpx.Request) -> httpx.Response:
        rest = "abcde".partition(request.url.params.get("after", "-"))[2] if "after" in request.url.params else "abcde"
        response: httpx.Response = array(*rest[:2])(request)
        return response

    assert observed(paging) == ["a", "b", "c", "d", "e"]


def test_an_empty_array_is_believed_if_it_comes_four_times() -> None:
    script = Script(array())

    assert observed(script) == []
    assert len(script.asked) == 4


def test_an_array_from_a_server_that_sends_objects_is_a_failure_that_passes() -> None:
    rows = {"data": [{"id": "a", "model": "m"}], "has_more": False}
    answers = [ok(rows) if each == "o" else array() for each in "-ooo---ooo"]

    assert observed(Script(*answers), 2) == ["a"]
