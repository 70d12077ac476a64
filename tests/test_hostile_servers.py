"""Servers that mean harm or have lost their mind: a clear answer in bounded time, and the key goes nowhere else."""

from __future__ import annotations

import json
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.apply.engine import Listener, RunContext, apply
from reconciler.model import Plan
from reconciler.plan.make import make_plan
from reconciler.providers import ProviderError, paging, wire
from reconciler.providers.server import Server
from reconciler.render import FORMATS, Style, document
from support.checkout import Checkout, answering
from support.faults import Script, ok, page, run, scripted
from support.world import WHERE, desired

pytestmark = pytest.mark.no_cover

KEY = "sk-very-secret-0123456789"
SECONDS = 10.0
MANIFEST = {"model": "gpt-4o", "name": "HR Helper", "instructions": "Be kind.", "metadata": {"team": "people"}}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    monkeypatch.setenv("ACME_KEY", KEY)

    async def at_once(seconds: float) -> None: ...

    monkeypatch.setattr(wire, "Clock", partial(wire.Clock, sleep=at_once))
    return Checkout(tmp_path, monkeypatch, capsys, hr="model: gpt-4o\nname: HR Helper\ninstructions: Be kind.\n")


def acme(here: Checkout, url: str) -> None:
    environment = f"{{provider: openai, base_url: {url}, api_key: {{env: ACME_KEY}}}}"
    here.config(f"stack: acme\nenvironments:\n  production: {environment}\n")


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    """Far more CPU than it takes, and far less than what grows with the square would: no measure of a busy machine."""
    began = time.process_time()
    yield
    assert time.process_time() - began < seconds


def nested(depth: int) -> Any:
    value: Any = 1
    for number in range(depth):
        value = {"a": value} if number % 2 else [value]
    return value


def function(**parameters: Any) -> list[Any]:
    return [{"type": "function", "function": {"name": "f", **parameters}}]


HOSTILE: dict[str, dict[str, Any]] = {
    "ten megabytes of name": {"name": "x" * 10_000_000},
    "a megabyte of instructions": {"instructions": "word " * 200_000},
    "many lines of instructions": {"instructions": "a line\n" * 20_000},
    "a name of lines": {"name": "a\nb\r\n\tc\x1b[31m\x00\u202e"},
    "half a character": {"name": "half \ud800", "instructions": "\udfff", "metadata": {"\ud800": "\ud800"}},
    "deep metadata": {"metadata": {"a": nested(150)}},
    "deep parameters": {"tools": function(parameters={"a": nested(150)})},
    "deep tools": {"tools": [nested(150)]},
    "metadata as a list": {"metadata": ["reconciler", "x"]},
    "metadata as a text": {"metadata": "reconciler"},
    "metadata of numbers": {"metadata": {"reconciler": 7, "a": None, "b": [], "c": {}}},
    "tools as an object": {"tools": {"type": "function"}},
    "tools of anything": {"tools": [None, 1, "x", [], {}, {"type": 7}, {"type": None}, {"type": "function"}]},
    "functions of anything": {"tools": [{"type": "function", "function": value} for value in (None, 1, "x", [], {})]},
    "functions with odd names": {"tools": [*function(name=7), *function(name=None), *function(name=["x"])]},
    "one function often": {"tools": function() * 500},
    "odd parameters": {"tools": function(parameters="x") + function(name="g", parameters=[1], strict="yes")},
    "numbers as texts": {"temperature": "hot", "top_p": [], "model": 7, "name": {}, "instructions": 1},
    "huge numbers": {"temperature": 10**400, "top_p": -(10**400), "created_at": 10**400},
    "truth as a number": {"temperature": True, "top_p": False, "created_at": True},
    "resources of anything": {"tool_resources": [1]},
    "resources of a wrong kind": {"tool_resources": {"file_search": [], "code_interpreter": {"file_ids": "x"}, "y": 1}},
    "ids of the wrong kind": {"tool_resources": {"code_interpreter": {"file_ids": [1, None, {}, "a", []]}},
                              "tools": [{"type": "code_interpreter"}]},
    "an odd format": {"response_format": {"type": {"type": "x"}}},
    "a format that is a number": {"response_format": 7},
    "an odd schema": {"response_format": {"type": "json_schema", "json_schema": []}},
    "dunder keys": {"metadata": {"__class__": "x", "__proto__": "y"}, "tools": function(parameters={"__dict__": {}})},
    "unknown fields": {"secrets": {"a": nested(100)}, "object": 7},
    "a million members": {"unknown": [0] * 1_000_000},
    "nothing but an id": {},
}  # fmt: skip
MARKERS = [
    "v1 acme/production/hr f=1",
    "v1 acme/production/gone f=1",
    "v1 acme/production/hr f=999999999 d=x m=y u=z i=i x=x rm=burn id=%ff%00 n= c=--help",
    "v1 acme/production/hr f=1 " + "d=" + "é" * 400,
    "v1 acme/production/hr f=1 id=asst_hostile u=zzzzzzzz m=" + "0" * 333 + " d=" + "-" * 66,
    "v99999999999999999999999999 acme/production/hr f=1",
    "v1 acme/production/../../etc f=1",
    "v1 acme/production/hr\nf=1",
    "\ud800",
    "v1 acme/production/hr f=1 n=\ud800\x00",
    "",
]


def raw(hostile: dict[str, Any], marker: str | None) -> dict[str, Any]:
    body = {"id": "asst_hostile", "object": "assistant", "created_at": 5, "model": "gpt-4o", **hostile}
    metadata = body.get("metadata", {})
    if marker is not None and isinstance(metadata, dict):
        body["metadata"] = {**metadata, "reconciler": marker}
    return body


def _plan(*raws: dict[str, Any]) -> tuple[Plan, Server, Script]:
    """The plan over what a server lists; whatever is written is answered with the same again."""
    script = Script(lambda request: (page(*raws) if request.method == "GET" else ok(raws[0]))(request))
    provider = scripted(script)

    async def story() -> Plan:
        live = await provider.observe("assistant")
        return make_plan(desired(MANIFEST, keys=["hr"]), live, WHERE, allow=frozenset({"too-many-deletes", "conflict"}))

    return run(story), provider, script


def _shown(plan: Plan) -> str:
    return "".join(FORMATS[name](document(plan), Style(width=100)) for name in FORMATS)


@pytest.mark.parametrize("is_marked", [False, True])
@pytest.mark.parametrize("number", range(len(HOSTILE)), ids=list(HOSTILE))
def test_a_hostile_object_is_planned_shown_and_written_over(number: int, is_marked: bool) -> None:
    """Unmanaged, and as one that was applied or is claimed by another address."""
    hostile, marker = list(HOSTILE.values())[number], MARKERS[number % 2] if is_marked else None
    with in_time():
        plan, provider, _ = _plan(raw(hostile, marker))
        shown = _shown(plan)
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        shown.encode()

        async def story() -> Any:
            return await apply(plan, provider, RunContext("n1"), Listener())

        assert len(run(story)) == len(plan.changes) + len(plan.marks)


@pytest.mark.parametrize("marker", MARKERS)
def test_a_forged_marker_is_planned_and_written_over(marker: str) -> None:
    plan, provider, _ = _plan(raw({}, marker))
    _shown(plan).encode()

    async def story() -> Any:
        return await apply(plan, provider, RunContext("n1", reread=True), Listener())

    assert len(run(story)) == len(plan.changes) + len(plan.marks)


def _fails(script: Callable[..., Any]) -> str:
    async def story() -> str:
        with pytest.raises(ProviderError) as caught:
            await scripted(script).observe("assistant")
        return caught.value.message

    with in_time():
        message: str = run(story)
    assert len(message) < 1_000
    return message


def answer(content: str | bytes, **headers: str) -> Callable[[httpx.Request], httpx.Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(200, stream=httpx.ByteStream(_bytes(content)), headers=named)


def _bytes(content: str | bytes) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


NO_LISTS: dict[str, Callable[[httpx.Request], httpx.Response]] = {
    "NaN": answer('{"data": [{"id": "a", "temperature": NaN}]}'),
    "Infinity": answer('{"data": [{"id": "a", "temperature": Infinity}]}'),
    "1e999": answer('{"data": [{"id": "a", "temperature": 1e999}]}'),
    "a number of 5,000 digits": answer('{"data": [{"id": "a", "temperature": ' + "9" * 5_000 + "}]}"),
    "100,000 brackets": answer('{"data": ' + "[" * 100_000),
    "300 brackets": answer('{"data": [{"id": "a", "x": ' + "[" * 300 + "]" * 300 + "}]}"),
    "a list of lists": answer('[["a"]]'),
    "a text": answer('"data"'),
    "a number": answer("7"),
    "nothing": answer(""),
    "html": answer("<html>", content_type="text/html"),
    "gzip that is none": answer("{}", content_encoding="gzip"),
    "deflate that is none": answer("\x00\x01", content_encoding="deflate"),
    "an error": answer('{"error": {"message": "' + "x" * 100_000 + '"}}'),
    "an odd error": answer('{"error": [[[]]]}'),
    "data that is not a list": answer('{"data": {"id": "a"}}'),
    "objects that are none": answer('{"data": [1, "x", null, []]}'),
    "no ids": answer('{"data": [{"name": "a"}]}'),
    "an id that leads up": answer('{"data": [{"id": ".."}]}'),
    "an id of half a character": answer('{"data": [{"id": "\\ud800"}]}'),
    "an id of megabytes": answer('{"data": [{"id": "' + "x" * 5_000_000 + '"}]}'),
    "the same page for ever": page({"id": "a"}, {"id": "b"}, has_more=True),
    "another character set": answer("{}".encode("utf-16"), content_type="application/json; charset=klingon"),
    "broken text": answer(b'{"data": [{"id": "\xff\xfe"}]}'),
}


@pytest.mark.parametrize("script", NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_list_ends_in_a_clear_error(script: Callable[[httpx.Request], httpx.Response]) -> None:
    assert _fails(script)


def _ever_new(request: httpx.Request) -> httpx.Response:
    after = int(request.url.params.get("after", "-1"))
    return page(*({"id": str(after + n)} for n in range(1, 101)), has_more=True)(request)


def test_a_list_of_ever_new_objects_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MOST", 5_000)

    assert "does not end" in _fails(_ever_new)


@pytest.mark.soak
def test_a_list_of_ever_new_objects_ends_as_shipped() -> None:
    async def story() -> None:
        with pytest.raises(ProviderError, match="does not end"):
            await scripted(_ever_new).observe("assistant")

    with in_time(120):
        run(story)


def test_a_body_that_never_ends_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_ANSWER_BYTES", 5_000_000)

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65_536

    tracemalloc.start()
    try:
        assert "does not end" in _fails(lambda request: httpx.Response(200, content=endless()))
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()


# the command line, over a real socket


COMMANDS = (("plan",), ("plan", "--format", "json"), ("plan", "--format", "markdown"), ("output",), ("show", "hr"))


@pytest.mark.parametrize(
    "hostile",
    [
        "a megabyte of instructions",
        "half a character",
        "deep parameters",
        "huge numbers",
        "tools of anything",
        "metadata of numbers",
        "a name of lines",
    ],
)
def test_no_command_is_traced_by_a_hostile_object(here: Checkout, hostile: str) -> None:
    body = json.dumps({"data": [raw(HOSTILE[hostile], MARKERS[0]), raw({**HOSTILE[hostile], "id": "b"}, MARKERS[1])]})
    with answering(200, body) as server, in_time(30):
        acme(here, server.url)
        for command in COMMANDS:
            told = here.run(*command, "-e", "production")
            assert told.code in (0, 1, 3)
            assert KEY not in told.out + told.err


@pytest.mark.parametrize(
    ("body", "media"),
    [('{"data": NaN}', "application/json"), ("<html>", "text/html"), ("[" * 100_000, "application/json"), ("", "x")],
)
def test_every_command_says_that_the_answer_is_none(here: Checkout, body: str, media: str) -> None:
    with answering(200, body, media) as server, in_time(30):
        acme(here, server.url)
        for command in COMMANDS:
            told = here.run(*command, "-e", "production")
            assert told.code == 1
            assert "is not a JSON object" in told.err or "in place of JSON" in told.err


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_takes_no_key_there(here: Checkout, status: int) -> None:
    with answering(200, '{"data": []}') as other, answering(status, "", Location=f"{other.url}/assistants") as server:
        acme(here, server.url)
        for command in COMMANDS:
            told = here.run(*command, "-e", "production")
            assert told.code == 1
            assert "redirect" in told.err
    assert other.asked == []
    assert {headers["Authorization"] for _, headers in server.asked} == {f"Bearer {KEY}"}


class _Dripping(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(200):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            return

    def log_message(self, *arguments: Any) -> None: ...


def test_an_answer_that_drips_is_given_up_on(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "_ANSWER_SECONDS", 0.1)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Dripping)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        acme(here, f"http://127.0.0.1:{server.server_port}/v1")
        with in_time(8):
            told = here.run("plan", "-e", "production")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert told.code == 1
    assert "did not answer in time" in told.err
