"""Requests over HTTP: what is tried again and how often, what waits for what, and where a key never goes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import httpx
import pytest

from reconciler.providers import until, wire
from reconciler.providers.errors import Broken, ProviderError, Rejected, Unreachable
from reconciler.providers.openai import COLLECTIONS
from reconciler.providers.request_key import RequestKey
from reconciler.providers.wire import ATTEMPTS, Wire, client
from reconciler.settings import Access
from support.faults import Script, clock, ok, run, wire_clock

AT = COLLECTIONS["assistant"]
BASE = "https://api.example.com/v1"
KEY = Access(api_key="secret-key")


def wired(script: Callable[..., Any], *, chance: float = 1.0, log: list[str] | None = None) -> Wire:
    told = log.append if log is not None else (lambda line: None)
    key = RequestKey(KEY)
    return Wire(client(BASE, {}, httpx.MockTransport(script)), told, wire_clock(lambda: chance), key=key)


def ask(
    script: Callable[..., Any], method: str = "read", seconds: float = float("inf"), chance: float = 1.0
) -> tuple[Any, float]:
    """The answer to one request or the error that it ends in, and how long that took."""

    async def story() -> tuple[Any, float]:
        one = wired(script, chance=chance)
        calls = {
            "read": lambda: one.read(AT, "a"),
            "modify": lambda: one.modify(AT, "a", {"name": "x"}),
            "delete": lambda: one.delete(AT, "a"),
            "once": lambda: one.once(AT, {"name": "x"}),
        }
        try:
            with until(clock() + seconds):
                return await calls[method](), clock()
        except ProviderError as error:
            return error, clock()
        finally:
            await one.aclose()

    found: tuple[Any, float] = run(story)
    return found


PASSING = [
    ok({}, 429), ok({}, 408), ok({}, 409), ok({}, 500), ok({}, 503), ok([], 200),
    httpx.ConnectError("no"), httpx.ReadError("no"), httpx.ReadTimeout("no"), httpx.RemoteProtocolError("no"),
    httpx.DecodingError("no"),
]  # fmt: skip


@pytest.mark.parametrize("method", ["read", "modify", "delete"])
@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_tried_again(method: str, fault: Any) -> None:
    script = Script(fault, fault, ok({"id": "a"}))

    assert ask(script, method)[0] == {"id": "a"}
    assert len(script.asked) == 3


@pytest.mark.parametrize("fault", PASSING)
def test_a_create_is_sent_once(fault: Any) -> None:
    script = Script(fault, ok({"id": "a"}))

    assert isinstance(ask(script, "once")[0], ProviderError)
    assert len(script.asked) == 1


@pytest.mark.parametrize("method", ["read", "modify", "delete"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_what_stays_is_not_tried_again(method: str, status: int) -> None:
    script = Script(ok({"error": "no"}, status))

    assert isinstance(ask(script, method)[0], ProviderError)
    assert len(script.asked) == 1


def test_the_tries_end() -> None:
    script = Script(ok({}, 500))

    assert isinstance(ask(script)[0], Broken)
    assert len(script.asked) == ATTEMPTS


def test_pauses_grow_with_full_jitter() -> None:
    assert ask(Script(ok({}, 500)), chance=1.0)[1] == pytest.approx(0.5 + 1 + 2 + 4 + 8 + 8 + 8)
    assert ask(Script(ok({}, 500)), chance=0.0)[1] == 0.0


def test_a_pause_is_as_long_as_the_server_asked() -> None:
    assert ask(Script(ok({}, 503, retry_after="30"), ok({})), chance=0.0)[1] == 30.0


def test_nobody_waits_past_the_deadline() -> None:
    error, took = ask(Script(ok({}, 503, retry_after="30"), ok({})), seconds=20)

    assert isinstance(error, Broken)
    assert took == 0.0


def test_after_the_deadline_nothing_is_sent() -> None:
    script = Script(ok({}))
    error, _ = ask(script, seconds=-1)

    assert isinstance(error, Unreachable)
    assert "--timeout" in error.remedy
    assert script.asked == []


def test_a_server_that_never_answers_is_given_up_on() -> None:
    async def hang(request: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    error, took = ask(hang, seconds=40)

    assert isinstance(error, Unreachable)
    assert error.may_have_happened
    assert took == 40.0


def test_one_refusal_holds_everybody_up_but_not_past_their_deadlines() -> None:
    async def story() -> tuple[float, str, list[str]]:
        script = Script(ok({}, 429, retry_after="100"), ok({}))
        one = wired(script)
        with until(clock() + 10):
            with pytest.raises(ProviderError):
                await one.read(AT, "a")
            with pytest.raises(Unreachable) as caught:
                await one.read(AT, "a")
        early = clock()
        await one.read(AT, "a")
        return early, caught.value.message, [str(clock()), script.methods]

    early, said, later = run(story)
    assert early == 0.0
    assert "retry delay exceeds" in said
    assert later == ["100.0", "GET GET"]


def test_a_place_in_the_queue_ends_with_the_deadline_too() -> None:
    async def story() -> tuple[int, float]:
        one = wired(Script(ok({}, 429, retry_after="8"), ok({})), chance=0.0)
        with pytest.raises(ProviderError):
            await one.once(AT, {})
        failed = 0

        async def wait() -> None:
            nonlocal failed
            try:
                with until(clock() + 8.5):
                    await one.read(AT, "a")
            except Unreachable:
                failed += 1

        async with anyio.create_task_group() as group:
            for _ in range(100):
                group.start_soon(wait)
        return failed, clock()

    failed, took = run(story)
    assert 0 < failed < 100
    assert took == 8.5


def test_only_what_was_never_sent_surely_did_not_happen() -> None:
    unsent = [
        httpx.ConnectError("x"),
        httpx.ConnectTimeout("x"),
        httpx.PoolTimeout("x"),
        httpx.UnsupportedProtocol("x"),
    ]
    sent = [httpx.ReadError("x"), httpx.WriteError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("")]

    assert [ask(Script(fault), "once")[0].may_have_happened for fault in unsent] == [False] * 4
    assert [ask(Script(fault), "once")[0].may_have_happened for fault in sent] == [True] * 4


def test_a_redirect_is_not_followed_and_takes_no_key_anywhere() -> None:
    script = Script(lambda request: httpx.Response(302, headers={"Location": "https://evil.example.net/v1"}))
    for method in ("read", "modify", "delete", "once"):
        error, _ = ask(script, method)
        assert isinstance(error, Rejected)
        assert "evil.example.net" in error.message
    assert {request.url.host for request in script.asked} == {"api.example.com"}
    assert len(script.asked) == 4


def test_an_answer_that_does_not_end_is_cut_off_and_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_ANSWER_BYTES", 1_000)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 100
            yield b"x" * 100

    script = Script(lambda request: httpx.Response(200, content=endless()))
    error, _ = ask(script)

    assert isinstance(error, Broken)
    assert "does not end" in error.message
    assert read <= 1_200
    assert len(script.asked) == 1


def test_an_answer_that_drips_is_given_up_on() -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            await anyio.sleep(1)
            yield b" "

    error, took = ask(lambda request: httpx.Response(200, content=drip()), "once")

    assert isinstance(error, Unreachable)
    assert took == 120.0


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08 garbage", b"", b"\x1f\x8b"])
def test_compressed_garbage_is_no_answer(content: bytes) -> None:
    headers = {"Content-Encoding": "gzip"}
    error, _ = ask(lambda request: httpx.Response(200, stream=httpx.ByteStream(content), headers=headers))

    assert isinstance(error, ProviderError)


def test_half_a_character_travels_as_it_came() -> None:
    async def story() -> Any:
        script = Script(ok({"id": "a"}))
        await wired(script).modify(AT, "a", {"name": "half \ud800"})
        return json.loads(script.asked[0].content), script.asked[0].headers["content-type"]

    assert run(story) == ({"name": "half \ud800"}, "application/json")


def test_every_request_is_one_line_of_the_log_without_the_key() -> None:
    async def story() -> list[str]:
        log: list[str] = []
        await wired(Script(ok({}, x_request_id="req_9")), log=log).page(AT, {"limit": "1"})
        return log

    assert run(story) == ["GET /v1/assistants 200 0.000s req_9"]


def test_the_project_that_answered_is_remembered() -> None:
    async def story() -> list[str | None]:
        one = wired(Script(ok({}), ok({}, openai_project="proj_1"), ok({})))
        found = [one.project]
        for _ in range(3):
            await one.read(AT, "a")
            found.append(one.project)
        return found

    assert run(story) == [None, None, "proj_1", "proj_1"]


def waited(*answers: Any) -> list[str]:
    """What a person is told while these are the answers."""
    said: list[str] = []

    async def story() -> None:
        script = Script(*answers, ok({}))
        one = Wire(client(BASE, {}, httpx.MockTransport(script)), lambda line: None, wire_clock(), waiting=said.append)
        for _ in range(2):
            await one.read(AT, "a")
        await one.aclose()

    run(story)
    return said


def test_a_server_that_does_not_answer_is_waited_for_and_said_so_once() -> None:
    refusing = httpx.ConnectError("refused")

    assert waited(*[refusing] * 2) == []
    assert waited(*[httpx.RemoteProtocolError("gone.")] * 6)[0].endswith("Cannot reach the server: gone.")
    assert waited(*[refusing] * 6) == ["Still waiting, and trying again: Cannot reach the server: refused."]
    assert waited(*[ok({}, 503)] * 6) == ["Still waiting, and trying again: 503: 503 Service Unavailable"]


def test_that_a_server_asks_for_a_long_wait_is_said_before_it() -> None:
    assert waited(httpx.Response(503, headers={"Retry-After": "3"})) != []
    assert waited(httpx.Response(503, headers={"Retry-After": "1"})) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)", "does not speak https"),
        ("[SSL: RECORD_LAYER_FAILURE] record layer failure (_ssl.c:1000)", "does not speak https"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed", "certificate is not trusted"),
        ("illegal request line", "answer is not HTTP"),
        ("illegal status line: bytearray(b'\\x15\\x03\\x01')", "answer is not HTTP"),
    ],
)
def test_what_no_further_try_would_change_is_told_at_once(fault: str, said: str) -> None:
    async def story() -> tuple[ProviderError, int]:
        script = Script(httpx.ConnectError(fault))
        one = wired(script)
        with pytest.raises(Unreachable) as caught:
            await one.read(AT, "a")
        await one.aclose()
        return caught.value, len(script.asked)

    error, tries = run(story)

    assert said in error.message
    assert "SSL_CERT_FILE" in error.remedy or "`base_url`" in error.remedy
    assert tries == 1


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(401, json={"error": {"message": "Incorrect API key provided: secret-key."}}),
        httpx.Response(400, json={"error": {"message": "x" * 300 + "secret-key", "param": "secret-key"}}),
        httpx.Response(200, json={"error": {"message": "secret-key"}}),
        httpx.Response(302, headers={"Location": "https://evil.example/secret-key"}),
        httpx.Response(404, headers={"X-Request-Id": "secret-key"}),
        httpx.RemoteProtocolError("secret-key"),
    ],
)
def test_a_server_that_says_the_key_back_is_not_quoted(fault: Any) -> None:
    log: list[str] = []

    async def story() -> ProviderError:
        one = wired(Script(*[fault] * ATTEMPTS), log=log)
        with pytest.raises(ProviderError) as caught:
            await one.read(AT, "a")
        await one.aclose()
        return caught.value

    error = run(story)

    said = f"{error} {error.message} {error.response} {log}"
    assert "secret" not in said
