"""Everything that can go wrong between a client and a server, one fault at a time or many; in virtual time.

`run` is an event loop whose clock jumps to the next thing that is due, so that minutes of waiting cost nothing.
"""

from __future__ import annotations

import asyncio
import json
import random
import selectors
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import anyio
import httpx

from reconciler.providers.openai import local_server
from reconciler.providers.server import Server
from reconciler.providers.wire import Clock
from support.world import Recorder, World

EPOCH = 1_800_000_000.0


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in which nobody waits: where nothing is to do, it is at once the next moment."""

    def __init__(self) -> None:
        self.moment = 0.0
        super().__init__(selector=_Jumping(self))

    def time(self) -> float:
        return self.moment


class _Jumping(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found:
            assert timeout is not None, "everybody waits for something that nobody will do"
            self._loop.moment += max(timeout, 0.0)
        return found


def run(work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    """Runs what has to wait, without waiting."""
    return anyio.run(work, *arguments, backend_options={"loop_factory": VirtualLoop})


def clock() -> float:
    return asyncio.get_running_loop().time()


def wire_clock(chance: Callable[[], float] | None = None) -> Clock:
    """Time and chance of the wire: the loop's own time, and a chance that is always the same."""
    return Clock(monotonic=clock, wall=lambda: EPOCH + clock(), random=chance or random.Random(5).random)


TIME = Clock(monotonic=clock)


Send = Callable[[httpx.Request], Awaitable[httpx.Response]]


@dataclass
class Faults(httpx.AsyncBaseTransport):
    """Passes requests on, but for those that a fault is laid on, by their number."""

    inner: httpx.AsyncBaseTransport
    laid: Mapping[int, str] = field(default_factory=dict)
    lag: int = 0
    """For how many requests a new object is in no list."""
    seen: list[httpx.Request] = field(default_factory=list)
    answers: dict[str, httpx.Response] = field(default_factory=dict)
    """By path, the first page that was sent."""
    late: list[tuple[int, httpx.Request]] = field(default_factory=list)
    born: dict[str, int] = field(default_factory=dict)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number = len(self.seen)
        self.seen.append(request)
        await self._land(number)
        fault = self.laid.get(number)
        return await (FAULTS[fault](self, request) if fault else self.send(request))

    async def send(self, request: httpx.Request) -> httpx.Response:
        """The server's own answer, whole."""
        response = await self.inner.handle_async_request(request)
        await response.aread()
        if is_collection(request) and response.status_code == 200:
            return self._seen_late(request, response)
        return response

    async def land_all(self) -> None:
        """Whatever is still under way arrives."""
        await self._land(1_000_000)

    async def _land(self, number: int) -> None:
        due = [request for moment, request in self.late if moment <= number]
        self.late = [(moment, request) for moment, request in self.late if moment > number]
        for request in due:
            await self.send(request)

    def _seen_late(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        told = response.json()
        if request.method == "POST":
            self.born[told["id"]] = len(self.seen)
            return response
        self.answers.setdefault(request.url.path, response)
        if not self.lag:
            return response
        shown = [one for one in told["data"] if len(self.seen) - self.born.get(one["id"], -self.lag - 1) > self.lag]
        return httpx.Response(200, json={**told, "data": shown})


def is_collection(request: httpx.Request) -> bool:
    return request.url.path.endswith(("/assistants", "/agents"))


Fault = Callable[[Faults, httpx.Request], Awaitable[httpx.Response]]


def raising(error: type[httpx.TransportError], *, delivered: bool) -> Fault:
    async def fault(faults: Faults, request: httpx.Request) -> httpx.Response:
        if delivered:
            await faults.send(request)
        raise error("as laid", request=request)

    return fault


def answering(
    status: int,
    text: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    delivered: bool = False,
) -> Fault:
    async def fault(faults: Faults, request: httpx.Request) -> httpx.Response:
        if delivered:
            await faults.send(request)
        return httpx.Response(status, text=text, headers=headers)

    return fault


async def _truncated(faults: Faults, request: httpx.Request) -> httpx.Response:
    response = await faults.send(request)
    return httpx.Response(response.status_code, content=response.content[: len(response.content) // 2])


async def _slow(faults: Faults, request: httpx.Request) -> httpx.Response:
    await anyio.sleep(30)
    return await faults.send(request)


async def _hanging_before(faults: Faults, request: httpx.Request) -> httpx.Response:
    await anyio.sleep_forever()
    raise AssertionError("nobody waits that long")


async def _hanging_after(faults: Faults, request: httpx.Request) -> httpx.Response:
    await faults.send(request)
    await anyio.sleep_forever()
    raise AssertionError("nobody waits that long")


async def _repeated(faults: Faults, request: httpx.Request) -> httpx.Response:
    response = await faults.send(request)
    if request.method == "GET" and is_collection(request):
        first = faults.answers.get(request.url.path, response)
        return httpx.Response(first.status_code, content=first.content)
    return response


def late(after: int, error: type[httpx.TransportError] = httpx.ReadTimeout) -> Fault:
    """A request that the server gets only once the client has given up and sent so many others."""

    async def fault(faults: Faults, request: httpx.Request) -> httpx.Response:
        if request.method != "POST" or not is_collection(request):
            raise error("as laid", request=request)
        faults.late.append((len(faults.seen) + after, request))
        raise error("as laid", request=request)

    return fault


async def _denied_and_late(faults: Faults, request: httpx.Request) -> httpx.Response:
    """A gateway that says that it is busy, and hands the request on all the same."""
    if request.method == "POST" and is_collection(request):
        faults.late.append((len(faults.seen) + 3, request))
    return httpx.Response(429, text=_LIMIT)


async def _appears(faults: Faults, request: httpx.Request) -> httpx.Response:
    made = request.url.copy_with(path="/v1/assistants", query=None)
    headers = {"OpenAI-Beta": "assistants=v2"}
    body = {"model": "gpt-4o", "name": f"a stranger who came {len(faults.seen)}th"}
    await (await faults.inner.handle_async_request(httpx.Request("POST", made, headers=headers, json=body))).aread()
    return await faults.send(request)


async def _vanishes(faults: Faults, request: httpx.Request) -> httpx.Response:
    """The very object that the listing has come to, where it is nobody's or ours to be rid of."""
    doomed = request.url.params.get("after", "asst_stranger1")
    if doomed in VANISHING:
        gone = request.url.copy_with(path=f"/v1/assistants/{doomed}", query=None)
        headers = {"OpenAI-Beta": "assistants=v2"}
        await (await faults.inner.handle_async_request(httpx.Request("DELETE", gone, headers=headers))).aread()
    return await faults.send(request)


VANISHING = {"asst_stranger1", "asst_stranger2", "asst_stranger3"}
_LIMIT = '{"error": {"message": "Too fast.", "type": "requests", "code": "rate_limit_exceeded"}}'
_QUOTA = '{"error": {"message": "No credit.", "type": "insufficient_quota", "code": "insufficient_quota"}}'
_OOPS = '{"error": {"message": "Oops.", "type": "server_error"}}'

FAULTS: dict[str, Fault] = {
    "refused": raising(httpx.ConnectError, delivered=False),
    "reset before": raising(httpx.ReadError, delivered=False),
    "reset after": raising(httpx.RemoteProtocolError, delivered=True),
    "write error": raising(httpx.WriteError, delivered=False),
    "connect timeout": raising(httpx.ConnectTimeout, delivered=False),
    "pool timeout": raising(httpx.PoolTimeout, delivered=False),
    "timeout before": raising(httpx.ReadTimeout, delivered=False),
    "timeout after": raising(httpx.ReadTimeout, delivered=True),
    "hangs before": _hanging_before,
    "hangs after": _hanging_after,
    "429": answering(429, _LIMIT),
    "429 seconds": answering(429, _LIMIT, {"Retry-After": "7"}),
    "429 milliseconds": answering(429, _LIMIT, {"retry-after-ms": "1500"}),
    "429 date": answering(429, _LIMIT, {"Retry-After": formatdate(EPOCH + 20, usegmt=True)}),
    "429 strange": answering(429, _LIMIT, {"Retry-After": "soon"}),
    "429 endless": answering(429, _LIMIT, {"Retry-After": "86400"}),
    "429 again": answering(429, _LIMIT, {"x-should-retry": "true"}),
    "429 never": answering(429, _LIMIT, {"x-should-retry": "false"}),
    "429 after": answering(429, _LIMIT, delivered=True),
    "quota": answering(429, _QUOTA),
    "quota again": answering(429, _QUOTA, {"x-should-retry": "true"}),
    "408": answering(408, _OOPS),
    "409": answering(409, _OOPS),
    "425": answering(425, _OOPS),
    "499 after": answering(499, "", delivered=True),
    "400": answering(400, '{"error": {"message": "No."}}'),
    "401": answering(401, '{"error": {"message": "Who?"}}'),
    "403": answering(403, '{"detail": "Not you."}'),
    "500": answering(500, _OOPS),
    "500 after": answering(500, _OOPS, delivered=True),
    "500 never": answering(500, _OOPS, {"x-should-retry": "false"}),
    "502 html": answering(502, "<html>Bad gateway</html>", {"Content-Type": "text/html"}),
    "502 html after": answering(502, "<html>Bad gateway</html>", {"Content-Type": "text/html"}, delivered=True),
    "503 seconds": answering(503, _OOPS, {"Retry-After": "3"}),
    "redirect": answering(302, "", {"Location": "https://elsewhere.example.com/v1/assistants"}),
    "404 html": answering(404, "<html>Not here</html>", {"Content-Type": "text/html"}),
    "truncated": _truncated,
    "200 error": answering(200, _OOPS),
    "200 error after": answering(200, _OOPS, delivered=True),
    "200 empty": answering(200, "", delivered=True),
    "200 html": answering(200, "<html>Please log in</html>", {"Content-Type": "text/html"}),
    "200 list": answering(200, "[]", delivered=True),
    "200 nothing": answering(200, "{}", delivered=True),
    "204 after": answering(204, "", delivered=True),
    "slow": _slow,
    "repeats": _repeated,
    "appears": _appears,
    "vanishes": _vanishes,
    "429 and late by 3": _denied_and_late,
    "late by 1": late(1),
    "late by 3": late(3),
    "late by 6": late(6),
    "late by 9": late(9),
    "late by 1000": late(1000),
}


def faulty(world: World, laid: Mapping[int, str] | None = None, lag: int = 0) -> Faults:
    """The world's provider, reached through faults, in virtual time."""
    faults = Faults(httpx.ASGITransport(app=world.emulator), dict(laid or {}), lag)
    world.recorder = Recorder(faults)
    world.provider = local_server(world.recorder, lambda line: None, lambda: None, wire_clock())
    return faults


Answering = Callable[[httpx.Request], httpx.Response]


class Script:
    """A server that answers as it is told to, and keeps what it was asked; the last answer is repeated."""

    def __init__(self, *answers: httpx.Response | Exception | Answering) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def methods(self) -> str:
        return " ".join(request.method for request in self.asked)


def ok(body: Any = None, status: int = 200, **headers: str) -> Answering:
    """An answer made anew each time: a response can be read once."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = json.dumps(body)
    return lambda request: httpx.Response(status, content=content, headers=named)


def page(*raws: Any, has_more: bool | None = False) -> Answering:
    return ok({"object": "list", "data": list(raws)} | ({} if has_more is None else {"has_more": has_more}))


def scripted(script: Callable[[httpx.Request], Any], chance: Callable[[], float] | None = None) -> Server:
    """A provider over a server of one's own."""
    return over(httpx.MockTransport(script), chance)


def over(transport: httpx.AsyncBaseTransport, chance: Callable[[], float] | None = None) -> Server:
    """A provider over a transport of one's own, in virtual time."""
    return local_server(transport, lambda line: None, lambda: None, wire_clock(chance))
