"""What an answer means: the body of a good one, the error that a bad one is."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from reconciler.canonical import Json
from reconciler.providers.errors import (
    ApiGone,
    Broken,
    Busy,
    ObjectGone,
    ProviderError,
    Rejected,
    ResponseInfo,
    Unauthorized,
)

DEPTH = 200
_GONE = (404, 410, 424)
_NEVER_AGAIN = (400, 401, 403)
_NO_CREDIT = "insufficient_quota"
_LATER = (408, 409, 425, 429, 499)
_NO_SUCH_ROUTE = ("invalid url", "unknown request url")
_LONGEST_WAIT = 300.0
_SHOWN = 600
_PAGE = "a web page (HTML) in place of JSON"
_WRONG_ADDRESS = (
    "write the address of the API itself as `base_url`: this is a web site's, or a proxy's that wants a login"
)


def judged(
    response: httpx.Response, content: bytes, id: str | None, now: Callable[[], float], *, bare: bool = False
) -> dict[str, Json]:
    """The body of a good answer, which may be `bare`, a status alone; the error that a bad one means."""
    body = _body(content)
    if response.status_code >= 300:
        page = _is_page(response, content)
        raise _error(response, body if page else body or _plain(content), id, _told(response, now), page=page)
    told = ResponseInfo(response.status_code, response.headers.get("x-request-id"))
    if response.status_code == 204 or (bare and content.strip() in (b"", b"null")):
        return {}
    if not isinstance(body, dict) and _is_page(response, content):
        raise Broken(f"The server answers with {_PAGE}.", _WRONG_ADDRESS, told)
    if not isinstance(body, dict):
        raise Broken("The answer is not a JSON object.", told=told)
    if "error" in body and "id" not in body and "data" not in body:
        raise Broken(f"The server answered {response.status_code} with an error: {_message(body)[0]}", told=told)
    return body


def _is_page(response: httpx.Response, content: bytes) -> bool:
    return "html" in response.headers.get("content-type", "").lower() or content.lstrip()[:1] == b"<"


def _body(content: bytes) -> Any:
    try:
        body = json.loads(content, parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return None if _may_be_deep(content) and _is_deep(body) else body


def _plain(content: bytes) -> str | None:
    """What an answer says that is text and no JSON, on one line."""
    text = " ".join(content.decode(errors="ignore").split())
    return None if text[:1] in ("{", "[") else text


def _refuse(word: str) -> None:
    raise ValueError(word)


def _finite(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(word)
    return number


def _may_be_deep(content: bytes) -> bool:
    """A quick bound: brackets inside texts count too."""
    return content.count(b"[") + content.count(b"{") > DEPTH


def _is_deep(body: Any) -> bool:
    level = [body]
    for _ in range(DEPTH):
        inner = (
            member
            for one in level
            for member in (one.values() if isinstance(one, dict) else one)
            if isinstance(member, dict | list)
        )
        level = list(inner)
        if not level:
            return False
    return True


def _told(response: httpx.Response, now: Callable[[], float]) -> ResponseInfo:
    headers = response.headers
    wish = {"true": True, "false": False}.get(headers.get("x-should-retry", "").lower())
    return ResponseInfo(
        status=response.status_code,
        request_id=headers.get("x-request-id"),
        retry_after=_retry_after(headers, now),
        should_retry=wish,
    )


def _retry_after(headers: httpx.Headers, now: Callable[[], float]) -> float | None:
    """How long the server asks to be left alone: milliseconds, seconds or a date."""
    try:
        if "retry-after-ms" in headers:
            return _wait(float(headers["retry-after-ms"]) / 1000)
        return _wait(float(headers["retry-after"]))
    except KeyError:
        return None
    except ValueError:
        return _until(headers.get("retry-after", ""), now)


def _until(date: str, now: Callable[[], float]) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _wait((aware - datetime.fromtimestamp(now(), UTC)).total_seconds())


def _wait(seconds: float) -> float | None:
    return min(max(seconds, 0.0), _LONGEST_WAIT) if math.isfinite(seconds) else None


def _error(response: httpx.Response, body: Any, id: str | None, told: ResponseInfo, *, page: bool) -> ProviderError:
    status = response.status_code
    message, param, code = _message(body)
    said = message or f"{status} {response.reason_phrase}".strip() + (f", with {_PAGE}" if page else "")
    broke = _NO_CREDIT in (code, said, _type(body))
    wish = None if told.should_retry and (broke or status in _NEVER_AGAIN) else told.should_retry
    told = ResponseInfo(status, told.request_id, param, told.retry_after, wish)
    if status < 400:
        where = response.headers.get("location", "elsewhere")
        remedy = "a key is never sent on by a redirect; write the address it leads to as `base_url`"
        redirected = Rejected(f"The server redirects to {where[:_SHOWN]}.", remedy, told)
        redirected.is_open = True
        return redirected
    if status in (401, 403):
        return Unauthorized(f"{status}: {said}", told=told)
    if status in _GONE:
        return _gone(response, said, id, told)
    text = f"{status}: {said}" + (f" ({code})" if code and code not in said else "")
    if status >= 500:
        return Broken(text, "the server failed; run it again", told)
    if status in _LATER and not broke:
        return Busy(text, told=told)
    return Rejected(text, "the account has no credit left" if broke else "", told)


def _gone(response: httpx.Response, said: str, id: str | None, told: ResponseInfo) -> ProviderError:
    """An object that is gone was asked for by its id; everything else is the API that is gone."""
    html = "html" in response.headers.get("content-type", "").lower()
    no_route = html or any(words in said.lower() for words in _NO_SUCH_ROUTE)
    if id is not None and told.status == 404 and not no_route:
        return ObjectGone(f"404: {said}", named=id in said, told=told)
    return ApiGone(f"This server has no Assistants API: {told.status}: {said}", told=told)


def _message(body: Any) -> tuple[str, str | None, str | None]:
    """What an error body says, in any of the shapes that servers use."""
    if isinstance(body, str):
        return _short(body), None, None
    if not isinstance(body, dict):
        return "", None, None
    error = body.get("error", body.get("detail", body.get("message")))
    if isinstance(error, dict):
        return _short(error.get("message") or error), _text(error.get("param")), _text(error.get("code"))
    return _short(error) if error else "", None, None


def _type(body: Any) -> Any:
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("type") if isinstance(error, dict) else None


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _text(value: Any) -> str | None:
    return value[:_SHOWN] if isinstance(value, str) else None
