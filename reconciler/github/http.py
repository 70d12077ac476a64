"""Requests to GitHub's API, and what its errors mean: retried where that is safe, within limits.

The token is sent to no other server.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

import httpx

from reconciler import __version__
from reconciler.canonical import Json
from reconciler.github import AbsentError, CodeHostError, TransientError
from reconciler.github.posts import minute
from reconciler.masking import mask
from reconciler.providers.errors import retry_after
from reconciler.providers.wire import Clock, was_sent
from reconciler.render.values import one_line, shortened

WAITS: Final = (1.0, 2.0, 4.0, 8.0)
PAGES: Final = 100
_PATIENCE: Final = 60.0
_BYTES: Final = 200_000_000
_SECONDS: Final = 120.0
_REDIRECTS: Final = 3
_MESSAGE: Final = 300
_TIMEOUT: Final = httpx.Timeout(30, connect=10)
_RATE_LIMITED: Final = (403, 429)
_KEEP_METHOD: Final = (307, 308)
_REDIRECTED: Final = (301, 302, *_KEEP_METHOD)
CHECK_URL: Final = "check that GITHUB_API_URL is the API's address"
_TOKEN: Final = "set GITHUB_TOKEN to a token that is valid; under Actions: `env: {GITHUB_TOKEN: ${{ github.token }}}`"  # noqa: S105  # says where one comes from

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One request, and the permission that it needs."""

    method: str
    path: str
    needs: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """A whole response."""

    status: int
    headers: httpx.Headers
    content: bytes


class Exchange:
    """One API, which speaks JSON."""

    def __init__(
        self,
        api_url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._url = api_url.rstrip("/")
        self._mask = mask([token], lambda form, secret, how: "(the token)")
        self._transport = transport
        self._clock = clock or Clock()
        self._sleep = sleep
        self._log = log
        accepted = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        self._client = self._new_client({"Authorization": f"Bearer {token}", **accepted})

    def ask(self, request: ApiRequest, look: Callable[[], Json] = lambda: None) -> Json:
        """The response's data. Before what may have been done is sent again, `look` finds what became of it."""
        return self._retry(lambda: _json_of(self._answer(request)), look)

    def send(self, request: ApiRequest) -> None:
        """Sends what may be done twice; the content of the response is ignored."""
        self._retry(lambda: self._answer(request), lambda: None)

    def pages(self, request: ApiRequest, member: str | None = None) -> Iterator[dict[str, Json]]:
        """Every entry of a list, page after page; where one is named, of that member of each page."""
        url = self._address(request).copy_merge_params({"per_page": "100", **request.params})
        for _ in range(PAGES):
            page = self._retry(lambda url=url: self._answer(request, url), lambda: None)  # type: ignore[misc]  # a lambda that keeps what it was made with
            data = _json_of(page)
            entries = data.get(member) if member is not None and isinstance(data, dict) else data
            if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
                raise CodeHostError("GitHub's response is not a list.", CHECK_URL)
            yield from (entry for entry in entries if isinstance(entry, dict))
            following = self._next(page, url)
            if following is None:
                return
            url = following
        raise CodeHostError(f"GitHub has more than {PAGES} pages of {request.path}.", "that is more than is read")

    def download(self, request: ApiRequest) -> bytes | None:
        """What an address of the API redirects to; None where it does not exist. No other host is sent the token."""
        return self._retry(lambda: self._download(request), lambda: None)

    def _retry(self, send: Callable[[], T], look: Callable[[], T | None]) -> T:
        for wait in WAITS:
            try:
                return send()
            except TransientError as error:
                self._sleep(wait if error.after is None else error.after)
                done = look() if error.may_have_happened else None
            if done is not None:
                return done
        return send()

    def _address(self, request: ApiRequest) -> httpx.URL:
        try:
            return httpx.URL(f"{self._url}{request.path}")
        except httpx.InvalidURL as error:
            raise CodeHostError(f"{self._url} is not a valid address: {error}.", CHECK_URL) from error

    def _answer(self, request: ApiRequest, url: httpx.URL | None = None) -> ApiResponse:
        body = None if request.body is None else json.dumps(request.body).encode()
        _, response = self._follow_within(request, url or self._address(request), body)
        return self._checked(request, response)

    def _follow_within(
        self, request: ApiRequest, url: httpx.URL, body: bytes | None = None
    ) -> tuple[httpx.URL, ApiResponse]:
        """The response, after redirects within this API; and the address that it is from."""
        response = self._send(self._client, request, url, body)
        for _ in range(_REDIRECTS):
            if response.status not in (_REDIRECTED if request.method == "GET" else _KEEP_METHOD):
                break
            target = _join(url, response.headers.get("location", ""))
            if target == url or _origin(target) != _origin(url):
                break
            url = target
            response = self._send(self._client, request, url, body)
        return url, response

    def _download(self, request: ApiRequest) -> bytes | None:
        url, response = self._follow_within(request, self._address(request))
        with self._new_client({}) as without_token:
            for _ in range(_REDIRECTS):
                if not 300 <= response.status < 400:
                    break
                url = _join(url, response.headers.get("location", ""))
                if url.scheme not in ("https", self._address(request).scheme):
                    raise CodeHostError("GitHub redirects a download to an unsafe address.", CHECK_URL)
                response = self._send(without_token, request, url)
        return None if response.status in (404, 410) else self._checked(request, response).content

    def _checked(self, request: ApiRequest, response: ApiResponse) -> ApiResponse:
        """The response where it is a success; else raises why not, without the token."""
        if 200 <= response.status < 300:
            return response
        raise _api_error(request, response, self._clock.wall, self._mask.text)

    def _next(self, page: ApiResponse, url: httpx.URL) -> httpx.URL | None:
        """The next page, which is asked of this API, whatever a proxy before it calls itself."""
        link = httpx.Response(200, headers=page.headers).links.get("next", {}).get("url")
        if link is None:
            return None
        target = _join(url, link)
        if _origin(target) == _origin(url):
            return target
        following = url.copy_merge_params(target.params)
        if following == url:
            raise CodeHostError("GitHub's next page is on another host, and the token goes nowhere else.")
        return following

    def _send(
        self, client: httpx.Client, request: ApiRequest, url: httpx.URL, body: bytes | None = None
    ) -> ApiResponse:
        began = self._clock.monotonic()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            with client.stream(request.method, url, content=body, headers=headers) as response:
                content = b"".join(self._parts(response, began))
        except httpx.HTTPError as error:
            reason = self._mask.text(str(error) or type(error).__name__)
            sent = request.method == "POST" and was_sent(error)
            raise TransientError(f"Cannot reach {self._url}: {reason}.", may_have_happened=sent) from error
        self._log(f"{request.method} {request.path} {response.status_code} {self._clock.monotonic() - began:.3f}s")
        return ApiResponse(response.status_code, response.headers, content)

    def _parts(self, response: httpx.Response, began: float) -> Iterator[bytes]:
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > _BYTES or self._clock.monotonic() - began > _SECONDS:
                raise CodeHostError("GitHub's response does not end.", "run it again later")
            yield part

    def _new_client(self, headers: Mapping[str, str]) -> httpx.Client:
        """A client that keeps no connection, so that none is left open after the last request."""
        return httpx.Client(
            headers={"User-Agent": f"reconciler/{__version__}", **headers},
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            transport=self._transport,
        )


def _join(url: httpx.URL, link: str) -> httpx.URL:
    try:
        urlsplit(link)  # which is stricter about brackets
        return url.join(link)
    except (httpx.InvalidURL, ValueError) as error:
        raise CodeHostError(f"GitHub redirects to an invalid address: {error}.", "run it again later") from error


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port, which are equal for addresses of one server."""
    return url.scheme, url.host, url.port


def _json_of(response: ApiResponse) -> Json:
    """The JSON of a response; nothing where it has no content."""
    if not response.content:
        return None
    try:
        data: Json = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise CodeHostError("GitHub's response is not JSON.", CHECK_URL) from error
    return data


def _api_error(
    request: ApiRequest, response: ApiResponse, now: Callable[[], float], hide: Callable[[str], str]
) -> CodeHostError:
    """What a response that is no success means, and whether another try may help."""
    message = _message_in(response, hide)
    wait = _rate_limit_wait(response, message, now)
    if wait is not None and wait <= _PATIENCE:
        return TransientError("GitHub has been asked too much for now.", after=wait)
    if wait is not None:
        until = minute(datetime.fromtimestamp(now() + min(wait, 10_000_000.0), UTC))
        return CodeHostError(f"GitHub has been asked too much, and answers again at {until}.", "run it again then")
    if response.status >= 500:
        reason = f"{response.status} {message}".rstrip()
        after = retry_after(response.headers, now)
        return TransientError(
            f"GitHub could not answer {request.method} {request.path}: {reason}.",
            after=after and min(after, _PATIENCE),
            may_have_happened=request.method == "POST",
        )
    return _rejected_request(request, response.status, message)


def _message_in(response: ApiResponse, hide: Callable[[str], str]) -> str:
    """The message of a response, on one line, with what is wrong with each field."""
    try:
        content = json.loads(response.content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(content, dict):
        return ""
    errors = content.get("errors")
    details = [
        str(error.get("message") or error.get("code") or "") if isinstance(error, dict) else str(error)
        for error in (errors if isinstance(errors, list) else [])
    ]
    words = "; ".join(filter(None, [str(content.get("message") or ""), *details]))
    return shortened(one_line(hide(words)).rstrip("."), _MESSAGE)


def _rate_limit_wait(response: ApiResponse, message: str, now: Callable[[], float]) -> float | None:
    """Seconds until the server may be asked again; None where this is no rate limit."""
    if response.status not in _RATE_LIMITED:
        return None
    after = retry_after(response.headers, now)
    if after is not None:
        return after
    reset = response.headers.get("x-ratelimit-reset", "")
    if response.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - now()) + 1
    return _PATIENCE if response.status == 429 or "rate limit" in message.lower() else None


def _rejected_request(request: ApiRequest, status: int, message: str) -> CodeHostError:
    what = f"{request.method} {request.path}"
    why = f": {message}" if message else ""
    if status == 401:
        return CodeHostError(f"GitHub does not accept the token (401{why}).", _TOKEN)
    if status == 403:
        remedy = f"the job needs `permissions: {{{request.needs}}}`; a run for a fork's pull request may not write"
        return CodeHostError(f"The token may not {what} (403{why}).", remedy)
    if status in (404, 410) or (status == 422 and message.lower().startswith("no commit found")):
        remedy = f"check the name, and that the token may read it: `permissions: {{{request.needs}}}`"
        return AbsentError(f"GitHub has nothing for {what} ({status}{why}).", remedy)
    if 300 <= status < 400:
        remedy = "for a renamed repository, set GITHUB_REPOSITORY to its present name"
        return CodeHostError(f"GitHub redirects {what} ({status}), and the token is sent nowhere else.", remedy)
    return CodeHostError(f"GitHub rejects {what} ({status}{why}).", "this is likely an error of reconciler; report it")
