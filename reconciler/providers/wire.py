"""Requests over HTTP: paced for the whole run, tried again where that is safe, within a deadline."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import httpx

from reconciler.canonical import Json
from reconciler.masking import mask
from reconciler.providers import deadlines
from reconciler.providers.answers import judged
from reconciler.providers.errors import CONCEALED, Broken, Busy, Outdated, ProviderError, ResponseInfo, Unreachable
from reconciler.providers.pacing import Pacer

CONNECTIONS = 8
ATTEMPTS = 8
_PATIENT_ATTEMPTS = 16
_TOO_MANY = 429
_PATIENCE = 3.0
"""After so many seconds it is said that a server is waited for."""
_ANSWER_BYTES = 200_000_000
_ANSWER_SECONDS = 120.0
_TIMEOUT = httpx.Timeout(60, connect=15)
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
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class WireClock:
    """Time and chance, as parameters: no test sleeps."""

    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    chance: Callable[[], float] = random.random


class Wire:
    """One server, spoken to in JSON."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        log: Callable[[str], None],
        nature: WireClock | None = None,
        *,
        waiting: Callable[[str], None] | None = None,
    ) -> None:
        self.nature = nature or WireClock()
        self._client = client
        key = client.headers.get("authorization", "").removeprefix("Bearer ")
        self._mask = mask([key], lambda form, secret, how: CONCEALED)
        self._log = log
        self._waiting = waiting
        self.pacer = Pacer(self.nature.clock, self.nature.sleep)
        self.project: str | None = None
        """The project that the server says it answered for."""

    async def read(
        self, path: str, params: Mapping[str, str] | None = None, *, id: str | None = None
    ) -> dict[str, Json]:
        """The answer to a GET."""
        return await self._again("GET", path, params, None, id)

    async def modify(self, path: str, body: Mapping[str, Json], *, id: str) -> dict[str, Json]:
        """The answer to a modify: sent again, it does the same."""
        return await self._again("POST", path, None, body, id)

    async def delete(self, path: str, *, id: str) -> dict[str, Json]:
        """The answer to a delete: sent again, it finds nothing."""
        return await self._again("DELETE", path, None, None, id)

    async def once(self, path: str, body: Mapping[str, Json]) -> dict[str, Json]:
        """The answer to a create, sent once: whether it may be sent again is not for this floor to say."""
        return await self._send("POST", path, None, body, None)

    async def pause(self, attempt: int, error: ProviderError | None = None, waited: float = 0.0) -> None:
        """Waits before another try, with full jitter or as the server asked; raises where time is up.

        That it takes long is said once in a run: `waited` is how long it took before.
        """
        asked = error.told.retry_after if error is not None else None
        jitter = self.nature.chance() * min(8.0, 0.5 * 2.0**attempt)
        wait = asked + jitter / 4 if asked is not None else jitter
        if error is not None and wait >= deadlines.left(self.nature.clock()):
            raise error
        if error is not None and waited + wait >= _PATIENCE:
            self._say_once(error)
        await self.nature.sleep(wait)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _again(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: Mapping[str, Json] | None,
        id: str | None,
    ) -> dict[str, Json]:
        attempt, began = 0, self.nature.clock()
        while True:
            try:
                return await self._send(method, path, params, body, id)
            except ProviderError as error:
                attempt += 1
                if not error.passing or attempt >= tries(error, ATTEMPTS):
                    raise
                await self.pause(attempt - 1, error, self.nature.clock() - began)

    def _say_once(self, error: ProviderError) -> None:
        """Tells that the server is waited for, the first time in a run."""
        if self._waiting is not None:
            self._waiting(f"Still waiting, and trying again: {error.message}")
            self._waiting = None

    async def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        body: Mapping[str, Json] | None,
        id: str | None,
    ) -> dict[str, Json]:
        overwrites = id is not None and method != "GET"
        sent = await self._turn(urgent=overwrites)
        if overwrites and deadlines.is_outdated(self.nature.clock()):
            self.pacer.give_back()
            raise Outdated("The object was read too long ago to be overwritten.")
        try:
            response, content = await self._exchange(method, path, params, body)
            answer = self._judged(response, content, id, bare=method != "GET")
        except ProviderError as error:
            error.conceal(self._mask.text)
            if isinstance(error, Busy) and error.told.status == _TOO_MANY:
                self.pacer.refused(sent, error.told.retry_after)
            raise
        self.pacer.passed(sent)
        if overwrites:
            deadlines.wrote()
        self.project = response.headers.get("openai-project", self.project)
        return answer

    async def _turn(self, *, urgent: bool) -> float:
        """Waits for a turn to send, unless that would take longer than there is time.

        What overwrites an object is urgent: what was read of it grows old.
        """
        left = deadlines.left(self.nature.clock())
        if left <= 0 or self.pacer.wait() < left:
            with anyio.move_on_after(left):
                return await self.pacer.turn(urgent=urgent)
        message = "The server's retry delay exceeds the time limit."
        raise Unreachable(message, _MORE_TIME, ResponseInfo(should_retry=False))

    async def _exchange(
        self, method: str, path: str, params: Mapping[str, str] | None, body: Mapping[str, Json] | None
    ) -> tuple[httpx.Response, bytes]:
        began = self.nature.clock()
        limit = min(_ANSWER_SECONDS, deadlines.left(began))
        if limit <= 0:
            raise Unreachable("The time limit is reached.", _MORE_TIME, ResponseInfo(should_retry=False))
        try:
            with anyio.fail_after(limit):
                async with self._client.stream(method, path, params=params, **_content_of(body)) as response:
                    content = await _content(response)
        except (httpx.TimeoutException, TimeoutError) as error:
            was_sent = not isinstance(error, _NEVER_SENT)
            raise Unreachable("The server did not answer in time.", was_sent=was_sent) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise _unreached(error) from error
        seconds = self.nature.clock() - began
        request_id = response.headers.get("x-request-id", "-")
        line = f"{method} {response.request.url.path} {response.status_code} {seconds:.3f}s {request_id}"
        self._log(self._mask.text(line))
        return response, content

    def _judged(self, response: httpx.Response, content: bytes, id: str | None, *, bare: bool) -> dict[str, Json]:
        """What the answer means; of a failure only what may be said, before it is cut short: some say the key back."""
        try:
            return judged(response, content, id, self.nature.now, bare=bare)
        except ProviderError:
            said = self._mask.text(content.decode(errors="replace")).encode()
            response.headers = httpx.Headers([(k, self._mask.text(v)) for k, v in response.headers.multi_items()])
            judged(response, said, id, self.nature.now, bare=bare)
            raise  # where the text is no fault any more once it can be read


def tries(error: ProviderError, usual: int) -> int:
    """How often a request is sent at most: more often where the server only says that there are too many."""
    return _PATIENT_ATTEMPTS if error.told.status == _TOO_MANY else usual


def _unreached(error: Exception) -> Unreachable:
    """Why there was no answer; what no further try would change is not tried again."""
    reason = str(error) or type(error).__name__
    for sign, (message, remedy) in _NO_USE.items():
        if sign in reason.upper():
            return Unreachable(message, remedy, ResponseInfo(should_retry=False))
    return Unreachable(f"Cannot reach the server: {reason.rstrip('.')}.", was_sent=not isinstance(error, _NEVER_SENT))


def _content_of(body: Mapping[str, Json] | None) -> dict[str, Any]:
    """A body in ASCII: half a character, which some live texts hold, has no other encoding."""
    if body is None:
        return {}
    return {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}}


async def _content(response: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > _ANSWER_BYTES:
            told = ResponseInfo(response.status_code, response.headers.get("x-request-id"), should_retry=False)
            raise Broken("The server's answer does not end.", told=told)
        parts.append(part)
    return b"".join(parts)


def client(
    base_url: str, headers: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client that keeps to few connections and never takes a key elsewhere by a redirect."""
    return httpx.AsyncClient(
        base_url=base_url,
        headers=dict(headers),
        timeout=_TIMEOUT,
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        follow_redirects=False,
        transport=transport,
    )
