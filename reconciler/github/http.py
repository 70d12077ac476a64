"""Requests to the API of a hosting: tried again where that is safe, within bounds; the token goes nowhere else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from reconciler import __version__
from reconciler.canonical import Json
from reconciler.github import CodeHostError
from reconciler.github.errors import ApiResponse, Ask, PassingError, data, judged
from reconciler.masking import mask

WAITS: Final = (1.0, 2.0, 4.0, 8.0)
PAGES: Final = 100
_BYTES: Final = 200_000_000
_SECONDS: Final = 120.0
_HOPS: Final = 3
_TIMEOUT: Final = httpx.Timeout(30, connect=10)
_KEPT: Final = (307, 308)
_MOVED: Final = (301, 302, *_KEPT)
_PORTS: Final = {"http": 80, "https": 443}
_NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HttpClock:
    """Time, as parameters: no test sleeps."""

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time
    clock: Callable[[], float] = time.monotonic


class Exchange:
    """One API, spoken to in JSON."""

    def __init__(
        self,
        api_url: str,
        token: str,
        *,
        transport: httpx.BaseTransport | None = None,
        nature: HttpClock | None = None,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._url = api_url.rstrip("/")
        self._mask = mask([token], lambda form, secret, how: "(the token)")
        self._transport = transport
        self._nature = nature or HttpClock()
        self._log = log
        accepted = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        self._client = self._opened({"Authorization": f"Bearer {token}", **accepted})

    def ask(self, ask: Ask, look: Callable[[], Json] = lambda: None) -> Json:
        """The answer's data. Before what may have been done is sent again, `look` says what became of it."""
        return self._again(lambda: data(self._answer(ask)), look)

    def send(self, ask: Ask) -> None:
        """Has something done that may be done twice; what is answered then does not matter."""
        self._again(lambda: self._answer(ask), lambda: None)

    def pages(self, ask: Ask, member: str | None = None) -> Iterator[dict[str, Json]]:
        """Every entry of a list, page after page; where one is named, of that member of each."""
        url = f"{self._url}{ask.path}?{httpx.QueryParams({'per_page': '100', **ask.params})}"
        for _ in range(PAGES):
            page = self._again(lambda url=url: self._answer(ask, url), lambda: None)  # type: ignore[misc]  # a lambda that keeps what it was made with
            yield from _entries(data(page), member)
            following = self._next(page, url)
            if following is None:
                return
            url = following
        raise CodeHostError(f"GitHub has more than {PAGES} pages of {ask.path}.", "that is more than is read")

    def download(self, ask: Ask) -> bytes | None:
        """What an address of the API leads to; None where it is gone. No other host is sent the token."""
        return self._again(lambda: self._downloaded(ask), lambda: None)

    def _again(self, send: Callable[[], T], look: Callable[[], T | None]) -> T:
        for wait in WAITS:
            try:
                return send()
            except PassingError as error:
                self._nature.sleep(wait if error.after is None else error.after)
                found = look() if error.perhaps_done else None
            if found is not None:
                return found
        return send()

    def _answer(self, ask: Ask, url: str | None = None) -> ApiResponse:
        body = None if ask.body is None else json.dumps(ask.body).encode()
        _, answer = self._at_home(ask, url or f"{self._url}{ask.path}", body)
        return judged(ask, answer, self._nature.now(), self._hidden)

    def _at_home(self, ask: Ask, url: str, body: bytes | None = None) -> tuple[str, ApiResponse]:
        """What this API answers, wherever it has moved that within itself; and where that was."""
        answer = self._send(self._client, ask, url, body)
        for _ in range(_HOPS):
            if answer.status not in (_MOVED if ask.method == "GET" else _KEPT):
                break
            target = _joined(url, answer.headers.get("location", ""))
            if target == url or _origin(target) != _origin(self._url):
                break
            url = target
            answer = self._send(self._client, ask, url, body)
        return url, answer

    def _downloaded(self, ask: Ask) -> bytes | None:
        url, answer = self._at_home(ask, f"{self._url}{ask.path}")
        with self._opened({}) as stranger:
            for _ in range(_HOPS):
                if not 300 <= answer.status < 400:
                    break
                url = self._elsewhere(url, answer)
                answer = self._send(stranger, ask, url)
        if answer.status in (404, 410):
            return None
        return judged(ask, answer, self._nature.now(), self._hidden).content

    def _elsewhere(self, url: str, answer: ApiResponse) -> str:
        """Where a redirect leads, which may not be to where anybody could read along."""
        target = _joined(url, answer.headers.get("location", ""))
        if urlsplit(target).scheme not in ("https", urlsplit(self._url).scheme):
            raise CodeHostError("GitHub sends a download to an address that is not safe.", "look at GITHUB_API_URL")
        return target

    def _next(self, page: ApiResponse, url: str) -> str | None:
        """The next page, which is asked of this API, whatever a proxy before it calls itself."""
        link = httpx.Response(200, headers=dict(page.headers)).links.get("next", {}).get("url")
        if link is None:
            return None
        target = _joined(url, link)
        if _origin(target) == _origin(self._url):
            return target
        asked = dict(parse_qsl(urlsplit(url).query))
        wanted = {**asked, **dict(parse_qsl(urlsplit(target).query))}
        if wanted == asked:
            raise CodeHostError("GitHub's next page is on another host, and the token goes nowhere else.")
        return f"{url.partition('?')[0]}?{httpx.QueryParams(wanted)}"

    def _hidden(self, text: str) -> str:
        """A text of the server's less the token, should it say that back."""
        return self._mask.text(text)

    def _send(self, client: httpx.Client, ask: Ask, url: str, body: bytes | None = None) -> ApiResponse:
        began = self._nature.clock()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            with client.stream(ask.method, url, content=body, headers=headers) as response:
                content = self._content(response, began)
        except httpx.InvalidURL as error:
            raise CodeHostError(f"{self._url} is not an address: {error}.", "look at GITHUB_API_URL") from error
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            done = ask.method == "POST" and not isinstance(error, _NEVER_SENT)
            raise PassingError(f"Cannot reach {self._url}: {self._hidden(reason)}.", perhaps_done=done) from error
        self._log(f"{ask.method} {ask.path} {response.status_code} {self._nature.clock() - began:.3f}s")
        return ApiResponse(response.status_code, _lowered(response.headers), content)

    def _content(self, response: httpx.Response, began: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > _BYTES or self._nature.clock() - began > _SECONDS:
                raise CodeHostError("GitHub's answer does not end.", "run it again later")
            parts.append(part)
        return b"".join(parts)

    def _opened(self, headers: Mapping[str, str]) -> httpx.Client:
        """A client that keeps no connection, so that none is left open when nobody asks any more."""
        return httpx.Client(
            headers={"User-Agent": f"reconciler/{__version__}", **headers},
            timeout=_TIMEOUT,
            limits=httpx.Limits(max_keepalive_connections=0),
            follow_redirects=False,
            transport=self._transport,
        )


def _joined(url: str, link: str) -> str:
    try:
        return urljoin(url, link)
    except ValueError as error:
        raise CodeHostError(f"GitHub leads to what is not an address: {error}.", "run it again later") from error


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, by which two addresses are of one server."""
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme.lower())
    except ValueError as error:
        raise CodeHostError(f"GitHub leads to what is not an address: {error}.", "run it again later") from error


def _lowered(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _entries(page: Json, member: str | None) -> list[dict[str, Json]]:
    found = page.get(member) if member is not None and isinstance(page, dict) else page
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise CodeHostError("GitHub's answer is not a list.", "look whether GITHUB_API_URL is the API's address")
    return [entry for entry in found if isinstance(entry, dict)]
