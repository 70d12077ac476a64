"""Requests and answers: what goes over HTTP, what comes back, and what each failure means."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from email.message import Message
from typing import Any

import anyio
import httpx

from reconciler.canonical import Json
from reconciler.providers.errors import (
    ApiGone,
    Broken,
    ObjectGone,
    ProviderError,
    Refused,
    Unauthorized,
    Unreachable,
)

CONNECTIONS = 8
_ATTEMPTS = 4
_GONE = (404, 410, 424)
_NO_SUCH_ROUTE = ("invalid url", "unknown request url")
_TIMEOUT = httpx.Timeout(60, connect=15)

Sleep = Callable[[float], Awaitable[None]]


class Wire:
    """One server, spoken to in JSON. Reads are tried again; writes are not."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        log: Callable[[str], None],
        *,
        sleep: Sleep = anyio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._log = log
        self._sleep = sleep
        self._clock = clock

    async def read(
        self, path: str, params: Mapping[str, str] | None = None, *, id: str | None = None
    ) -> dict[str, Json]:
        """The answer to a GET, tried again while it may yet come."""
        for attempt in range(_ATTEMPTS):
            try:
                return await self._send("GET", path, params=params, id=id)
            except ProviderError as error:
                if attempt == _ATTEMPTS - 1 or not _may_pass(error):
                    raise
                await self._sleep(0.5 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    async def write(
        self, method: str, path: str, body: Mapping[str, Json] | None = None, *, id: str | None = None
    ) -> dict[str, Json]:
        """The answer to a write, sent once."""
        return await self._send(method, path, body=body, id=id)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Json] | None = None,
        id: str | None,
    ) -> dict[str, Json]:
        began = self._clock()
        try:
            response = await self._client.request(method, path, params=params, json=body)
        except httpx.TimeoutException as error:
            raise Unreachable(f"No answer in time from {self._client.base_url}.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"Cannot reach {self._client.base_url}: {reason}.") from error
        seconds = self._clock() - began
        told = response.headers.get("x-request-id", "-")
        self._log(f"{method} {response.request.url.path} {response.status_code} {seconds:.3f}s {told}")
        return _judged(response, id)


def client(
    base_url: str, headers: Mapping[str, str], transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """A client that keeps to few connections and never takes a key elsewhere by a redirect."""
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx.AsyncClient(
        base_url=base_url,
        headers=dict(headers),
        timeout=_TIMEOUT,
        limits=limits,
        follow_redirects=False,
        transport=transport,
    )


def _may_pass(error: ProviderError) -> bool:
    if isinstance(error, Unreachable | Broken):
        return error.status is None or error.status < 400 or error.status >= 500
    return isinstance(error, Refused) and error.status in (408, 429) and "insufficient_quota" not in error.message


def _judged(response: httpx.Response, id: str | None) -> dict[str, Json]:
    """The body of a good answer; the error that a bad one means."""
    request_id = response.headers.get("x-request-id")
    body = _body(response)
    if response.status_code >= 300:
        raise _error(response, body, id)
    if not isinstance(body, dict):
        raise Broken("The answer is not a JSON object.", status=response.status_code, request_id=request_id)
    if "error" in body and "id" not in body and "data" not in body:
        message = f"The server answered {response.status_code} with an error: {_message(body)[0]}"
        raise Broken(message, status=500, request_id=request_id)
    return body


def _body(response: httpx.Response) -> Any:
    try:
        return json.loads(response.content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None


def _refuse_constant(word: str) -> None:
    raise ValueError(word)


def _error(response: httpx.Response, body: Any, id: str | None) -> ProviderError:
    status, request_id = response.status_code, response.headers.get("x-request-id")
    message, param, code = _message(body)
    told = message or f"{status} {response.reason_phrase}".strip()
    if status < 400:
        where = response.headers.get("location", "elsewhere")
        remedy = "a key is never sent on by a redirect; write the address it leads to as `base_url`"
        return Refused(f"The server redirects to {where}.", remedy, status=status, request_id=request_id)
    if status in (401, 403):
        return Unauthorized(f"{status}: {told}", status=status, request_id=request_id)
    if status in _GONE:
        return _gone(response, told, id)
    text = f"{status}: {told}" + (f" ({code})" if code and code not in told else "")
    if status >= 500:
        remedy = "the server failed; try again"
        return Broken(text, remedy, status=status, request_id=request_id, param=param)
    return Refused(text, status=status, request_id=request_id, param=param)


def _gone(response: httpx.Response, told: str, id: str | None) -> ProviderError:
    """An object that is gone is named, or was asked for; everything else is the API that is gone."""
    status, request_id = response.status_code, response.headers.get("x-request-id")
    no_route = any(words in told.lower() for words in _NO_SUCH_ROUTE) or "html" in _content_type(response)
    if id is not None and not no_route and status == 404:
        return ObjectGone(f"404: {told}", status=status, request_id=request_id, param="named" if id in told else None)
    return ApiGone(f"This server has no Assistants API: {status}: {told}", status=status, request_id=request_id)


def _content_type(response: httpx.Response) -> str:
    header = Message()
    header["content-type"] = response.headers.get("content-type", "")
    return header.get_content_type() if response.headers.get("content-type") else ""


def _message(body: Any) -> tuple[str, str | None, str | None]:
    """What an error body says, in any of the shapes that servers use."""
    if not isinstance(body, dict):
        return "", None, None
    error = body.get("error", body.get("detail", body.get("message")))
    if isinstance(error, dict):
        message = str(error.get("message") or error)
        return message, _text(error.get("param")), _text(error.get("code"))
    if error is None:
        return "", None, None
    return error if isinstance(error, str) else json.dumps(error), None, None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
