"""Requests over HTTP: paced for the whole run, tried again where that is safe, within a deadline."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from reconciler.canonical import Json
from reconciler.providers.collection import Collection
from reconciler.providers.errors import (
    TOO_MANY_REQUESTS,
    Busy,
    Outdated,
    ProviderError,
    RequestContext,
    ResponseInfo,
    TooLarge,
    Unauthorized,
    Unreachable,
    judged,
)
from reconciler.providers.pacing import Pacer
from reconciler.providers.request_key import RequestKey
from reconciler.settings import Access

if TYPE_CHECKING:
    import httpx

CONNECTIONS = 8
ATTEMPTS = 8
_PATIENT_ATTEMPTS = 16
_KEY_REJECTED = 401
_PATIENCE = 3.0
"""After so many seconds it is reported that a server is waited for."""
_ANSWER_BYTES = 200_000_000
_ANSWER_SECONDS = 120.0
_TIMEOUT, _CONNECT_TIMEOUT = 60.0, 15.0
_MORE_TIME = "pass a larger --timeout"
_NO_HTTPS = (
    "The server does not speak https at this address.",
    "write `http://` in `base_url`, if it is this machine's",
)
_NO_HTTP = ("The server's answer is not HTTP.", "write `https://` in `base_url`, if the server speaks that")
_UNTRUSTED = (
    "The server's certificate is not trusted.",
    "set SSL_CERT_FILE to the file of its authority, or fix the certificate",
)
_NO_USE = {
    "WRONG_VERSION_NUMBER": _NO_HTTPS,
    "RECORD_LAYER_FAILURE": _NO_HTTPS,
    "ILLEGAL STATUS LINE": _NO_HTTP,
    "ILLEGAL REQUEST LINE": _NO_HTTP,
    "CERTIFICATE_VERIFY_FAILED": _UNTRUSTED,
}
"""What a failed connection says that no further try would change, by how OpenSSL and httpx say it."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, as parameters: no test sleeps."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Connection:
    """What it takes to reach a server: an address, and the right to be there. The key is in no representation."""

    access: Access
    state_dir: Path
    key: RequestKey | None = None
    """The key, where the run has asked for it before or may have to."""
    models: Mapping[str, str] = field(default_factory=dict)
    """By the name of a deployment, the model that it is of."""
    waiting: Callable[[str], None] | None = None
    """What reports that a server is waited for."""
    root: Path = Path()
    """The folder of the configuration, which paths in it begin at."""

    def wire(self, log: Callable[[str], None]) -> Wire:
        """The server behind the address; nothing has been sent."""
        key = self.key or RequestKey(self.access)
        http = client(self.access.base_url or "", self.access.headers, params=self.access.query)
        return Wire(http, log, waiting=self.waiting, key=key)


@dataclass(slots=True)
class _Reading:
    good_until: float


_DEADLINE: ContextVar[float] = ContextVar("deadline", default=float("inf"))
_READING: ContextVar[_Reading | None] = ContextVar("reading", default=None)


@contextmanager
def until(moment: float, *, in_any_case: bool = False) -> Iterator[None]:
    """Within, this task does not wait past the moment, nor past one that was set outside, unless it has to be done."""
    token = _DEADLINE.set(moment if in_any_case else min(moment, _DEADLINE.get()))
    try:
        yield
    finally:
        _DEADLINE.reset(token)


def time_left(now: float) -> float:
    """The seconds that remain to this task."""
    return _DEADLINE.get() - now


@contextmanager
def overwriting(good_until: float) -> Iterator[None]:
    """Within, no first write begins after the moment: what it overwrites was read too long ago."""
    token = _READING.set(_Reading(good_until))
    try:
        yield
    finally:
        _READING.reset(token)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    collection: Collection
    id: str | None = None
    params: Mapping[str, str] | None = None
    body: Mapping[str, Json] | None = None
    about: str | None = None
    """The object that has to exist."""

    @property
    def overwrites(self) -> bool:
        return self.id is not None and self.method != "GET"

    @property
    def asked(self) -> RequestContext:
        reads = self.method == "GET"
        return RequestContext(self.collection, self.about, bare=not reads, lists=reads and self.id is None)

    @property
    def headers(self) -> dict[str, str]:
        return self.collection.headers | ({} if self.body is None else {"Content-Type": "application/json"})


class Wire:
    """One server, spoken to in JSON."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        log: Callable[[str], None],
        clock: Clock | None = None,
        *,
        waiting: Callable[[str], None] | None = None,
        key: RequestKey | None = None,
    ) -> None:
        self.clock = clock or Clock()
        self._client = client
        self._key = key or RequestKey(Access())
        self._log = log
        self._waiting = waiting
        self.pacer = Pacer(self.clock.monotonic, self.clock.sleep)
        self.project: str | None = None
        """The project that the server says it answered for."""

    async def page(self, collection: Collection, params: Mapping[str, str]) -> dict[str, Json]:
        """The answer to a listing, asked once; the object at the cursor is what it may not find."""
        return await self._send(_Request("GET", collection, params=params, about=params.get("after")))

    async def read(self, collection: Collection, id: str) -> dict[str, Json]:
        """The answer to a GET of one object."""
        return await self._send_until_answered(_Request("GET", collection, id, about=id))

    async def modify(self, collection: Collection, id: str, body: Mapping[str, Json]) -> dict[str, Json]:
        """The answer to a modify: sent again, it does the same."""
        return await self._send_until_answered(_Request("POST", collection, id, body=body, about=id))

    async def delete(self, collection: Collection, id: str) -> dict[str, Json]:
        """The answer to a delete: sent again, it finds nothing."""
        return await self._send_until_answered(_Request("DELETE", collection, id, about=id))

    async def once(self, collection: Collection, body: Mapping[str, Json]) -> dict[str, Json]:
        """The answer to a create, sent once: whether it may be sent again is not decided here."""
        return await self._send(_Request("POST", collection, body=body))

    async def pause(self, attempt: int, error: ProviderError | None = None, waited: float = 0.0) -> None:
        """Waits before another try, with full jitter or as the server asked; raises where time is up.

        That it takes long is reported once in a run: `waited` is how long it took before.
        """
        delay = error.response.retry_after if error is not None else None
        jitter = self.clock.random() * min(8.0, 0.5 * 2.0**attempt)
        wait = delay + jitter / 4 if delay is not None else jitter
        if error is not None and wait >= time_left(self.clock.monotonic()):
            raise error
        if error is not None and waited + wait >= _PATIENCE and self._waiting is not None:
            self._waiting(f"Still waiting, and trying again: {error.message}")
            self._waiting = None
        await self.clock.sleep(wait)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _send_until_answered(self, request: _Request) -> dict[str, Json]:
        return await self.until_answered(partial(self._send, request))

    async def until_answered(self, send: Callable[[], Awaitable[dict[str, Json]]]) -> dict[str, Json]:
        """The answer to what is sent again where it is of use."""
        attempt, began = 0, self.clock.monotonic()
        while True:
            try:
                return await send()
            except ProviderError as error:
                attempt += 1
                if not error.retryable or attempt >= tries(error, ATTEMPTS):
                    raise
                await self.pause(attempt - 1, error, self.clock.monotonic() - began)

    async def _send(self, request: _Request) -> dict[str, Json]:
        """The answer; where the key is rejected, and there is another by now, the answer to that one."""
        key = await self._key.headers(time_left(self.clock.monotonic()))
        try:
            return await self._send_with(key, request)
        except Unauthorized as error:
            limit = time_left(self.clock.monotonic())
            if error.response.status != _KEY_REJECTED or not await self._key.renewed(key, limit):
                raise
        return await self._send_with(await self._key.headers(), request)

    async def _send_with(self, key: Mapping[str, str], request: _Request) -> dict[str, Json]:
        sent = await self._turn(urgent=request.overwrites)
        reading = _READING.get() if request.overwrites else None
        if reading is not None and self.clock.monotonic() > reading.good_until:
            self.pacer.give_back()
            raise Outdated("The object was read too long ago to be overwritten.")
        try:
            response, content = await self._exchange(key, request)
            answer = self._judged(request, response, content)
        except ProviderError as error:
            error.conceal(self._key.mask.text)
            if isinstance(error, Busy) and error.response.status == TOO_MANY_REQUESTS:
                self.pacer.throttled(sent, error.response.retry_after)
            raise
        self.pacer.accepted(sent)
        if reading is not None:  # what is overwritten from now on is this task's own
            reading.good_until = float("inf")
        self.project = response.headers.get("openai-project", self.project)
        return answer

    async def _turn(self, *, urgent: bool) -> float:
        """Waits for a turn to send, unless that would take longer than there is time.

        What overwrites an object is urgent: what was read of it grows old.
        """
        remaining = time_left(self.clock.monotonic())
        if remaining <= 0 or self.pacer.wait() < remaining:
            with anyio.move_on_after(remaining):
                return await self.pacer.turn(urgent=urgent)
        message = "The server's retry delay exceeds the time limit."
        raise Unreachable(message, _MORE_TIME, ResponseInfo(should_retry=False))

    async def _exchange(self, key: Mapping[str, str], request: _Request) -> tuple[httpx.Response, bytes]:
        import httpx

        began = self.clock.monotonic()
        limit = min(_ANSWER_SECONDS, time_left(began))
        if limit <= 0:
            raise Unreachable("The time limit is reached.", _MORE_TIME, ResponseInfo(should_retry=False))
        # in ASCII: half a character, which some live texts hold, has no other encoding
        body = None if request.body is None else json.dumps(request.collection.body_of(request.body))
        path, headers = request.collection.path_of(request.id), {**request.headers, **key}
        stream = self._client.stream(request.method, path, params=request.params, content=body, headers=headers)
        try:
            with anyio.fail_after(limit):
                async with stream as response:
                    content = await _read_body(response)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Unreachable("The server did not answer in time.", was_sent=was_sent(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise _unreachable(error) from error
        seconds = self.clock.monotonic() - began
        request_id = response.headers.get("x-request-id", "-")
        line = f"{request.method} {response.request.url.path} {response.status_code} {seconds:.3f}s {request_id}"
        self._log(self._key.mask.text(line))
        return response, content

    def _judged(self, request: _Request, response: httpx.Response, content: bytes) -> dict[str, Json]:
        """What the answer means; of a failure only what may be said, before it is cut short: some say the key back."""
        asked, now = request.asked, self.clock.wall
        try:
            return judged(asked, response, content, now)
        except ProviderError:
            import httpx

            masked = self._key.mask.text(content.decode(errors="replace")).encode()
            response.headers = httpx.Headers([(k, self._key.mask.text(v)) for k, v in response.headers.multi_items()])
            judged(asked, response, masked, now)
            raise  # where the text is no error any more once it can be read


def tries(error: ProviderError, usual: int) -> int:
    """How often a request is sent at most: more often where the server only says that there are too many."""
    return _PATIENT_ATTEMPTS if error.response.status == TOO_MANY_REQUESTS else usual


def was_sent(error: Exception) -> bool:
    """Whether a request that failed may have reached the server."""
    import httpx

    never_sent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
    return not isinstance(error, never_sent)


def _unreachable(error: Exception) -> Unreachable:
    """Why there was no answer; what no further try would change is not tried again."""
    reason = str(error) or type(error).__name__
    for sign, (message, remedy) in _NO_USE.items():
        if sign in reason.upper():
            return Unreachable(message, remedy, ResponseInfo(should_retry=False))
    return Unreachable(f"Cannot reach the server: {reason.rstrip('.')}.", was_sent=was_sent(error))


async def _read_body(response: httpx.Response) -> bytes:
    """The whole body; not read to its end, nor begun, where it is larger than any sane one."""
    body = bytearray()
    stated = response.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) > _ANSWER_BYTES:
        raise TooLarge(f"The server's answer has {int(stated):,} bytes.", response=_of(response))
    async for part in response.aiter_bytes():
        body += part
        if len(body) > _ANSWER_BYTES:
            raise TooLarge("The server's answer does not end.", response=_of(response))
    return bytes(body)


def _of(response: httpx.Response) -> ResponseInfo:
    return ResponseInfo(response.status_code, response.headers.get("x-request-id"), should_retry=False)


def client(
    base_url: str,
    headers: Mapping[str, str],
    transport: httpx.AsyncBaseTransport | None = None,
    params: Mapping[str, str] | None = None,
) -> httpx.AsyncClient:
    """A client that keeps to few connections and never takes a key elsewhere by a redirect."""
    import httpx

    return httpx.AsyncClient(
        base_url=base_url,
        headers=dict(headers),
        params=dict(params or {}),
        timeout=httpx.Timeout(_TIMEOUT, connect=_CONNECT_TIMEOUT),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        follow_redirects=False,
        transport=transport,
    )
