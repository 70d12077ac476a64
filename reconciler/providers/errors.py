"""How a server fails, in our own words, and which error an answer means: the library underneath may change.

ProviderError
├── Unreachable     no answer came
├── Unauthorized    401 or 403
├── Rejected        the server understood and said no
├── Busy            too many requests: later it may accept
├── InDoubt         a create that may have happened, and was not found
├── Outdated        nothing was sent: what it overwrites was read too long ago
├── ObjectGone      the one object was not found
├── ApiGone         the server has no such API
└── Broken          an answer that cannot be one
    └── TooLarge    one larger than any sane one
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.providers.collection import Collection

if TYPE_CHECKING:
    import httpx

CONCEALED = "(the key)"
TOO_MANY_REQUESTS = 429
PAYLOAD_TOO_LARGE = 413
ARRAY = "array"
"""What a list is called whose server sends an array alone."""
DEPTH = 200
_GONE = (404, 410, 424)
_NOT_IMPLEMENTED = 501
_NOT_THERE = (400, 404, 405, 410, 424, 501)
"""How servers answer where nothing of the API is."""
_NO_LIST = (405, _NOT_IMPLEMENTED)
_NO_SUCH_BETA = ("unknown", "unsupported", "not supported", "unrecognized", "invalid")
_NEVER_AGAIN = (400, 401, 403)
_NO_CREDIT = "insufficient_quota"
_LATER = (408, 409, 425, TOO_MANY_REQUESTS, 499)
_NO_SUCH_ROUTE = ("invalid url", "unknown request url")
_LONGEST_WAIT = 300.0
_MESSAGE_LENGTH = 600
_PAGE = "a web page (HTML) in place of JSON"
_WRONG_ADDRESS = (
    "write the address of the API itself as `base_url`: this is a web site's, or a proxy's that requires a login"
)
_VERSIONED = (".azure.com", ".azure.us", ".azure.cn")
_API_VERSION = (
    "This address requires an `api-version` in every URL: write `query: {api-version: …}` for the environment."
)
_PROJECT = "/api/projects/"
_CLASSIC = f"{_API_VERSION} For classic agents of Azure AI Foundry, write `provider: foundry`, which has it."


@dataclass(frozen=True, slots=True)
class ResponseInfo:
    """What an answer said about itself, for support and for trying again."""

    status: int | None = None
    request_id: str | None = None
    param: str | None = None
    retry_after: float | None = None
    should_retry: bool | None = None


class ProviderError(Exception):
    """Something that a server could not do, with what a person may do about it."""

    remedy = ""
    where = ""
    """Which server it is about, once it has left what speaks to it."""
    retryable = False
    """Whether another try may end otherwise."""
    may_have_happened = False
    """Whether what was asked may have been done all the same."""

    def __init__(self, message: str, remedy: str = "", response: ResponseInfo | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.remedy
        self.response = response or ResponseInfo()
        if self.response.should_retry is not None:
            self.retryable = self.response.should_retry

    def conceal(self, hide: Callable[[str], str]) -> None:
        """Takes secrets out of what it says: some servers say the key back."""
        self.message = hide(self.message)
        self.args = (self.message,)
        id, param = self.response.request_id, self.response.param
        self.response = replace(self.response, request_id=id and hide(id), param=param and hide(param))


class Unreachable(ProviderError):
    """No answer came: no connection, or none in time."""

    remedy = "check the address and the network, then run it again"
    retryable = True

    def __init__(
        self, message: str, remedy: str = "", response: ResponseInfo | None = None, *, was_sent: bool = False
    ) -> None:
        super().__init__(message, remedy, response)
        self.may_have_happened = was_sent


class Unauthorized(ProviderError):
    """The server does not let us: a wrong key, or one without the scope (both answer 401)."""

    remedy = "check the key, its project, and what it may read and write"


class Rejected(ProviderError):
    """The server understood and said no."""


class Busy(ProviderError):
    """Too many requests, or a moment that was not right."""

    remedy = "the server is busy; run it again"
    retryable = True
    may_have_happened = True


class InDoubt(ProviderError):
    """A create that may have happened: no answer said so, and no list shows it yet."""

    may_have_happened = True

    def __init__(self, cause: ProviderError, since: float, blind: ProviderError | None = None) -> None:
        super().__init__(cause.message, cause.remedy, cause.response)
        self.since = since
        """When its answer was given up."""
        self.blind = blind
        """Why it could not be looked for."""


class Outdated(ProviderError):
    """Nothing was sent, or nothing that was answered: what it overwrites was read too long ago."""

    remedy = "run it again"


class ObjectGone(ProviderError):
    """The one object was not found."""

    remedy = "it was deleted meanwhile; plan again"

    def __init__(self, message: str, *, named: bool, response: ResponseInfo | None = None) -> None:
        super().__init__(message, response=response)
        self.named = named
        """Whether the server named the object, and so has the API."""


class ApiGone(ProviderError):
    """The server has not the API of a kind, whatever else it has."""

    remedy = "point `base_url` at a server that has it"

    def __init__(
        self, api: str, answer: str = "", path: str = "", remedy: str = "", response: ResponseInfo | None = None
    ) -> None:
        super().__init__(
            f"This server has no {api}: {answer}" if answer else f"This server has no {api}.", remedy, response
        )
        self.api = api
        self.answer = answer
        self.path = path
        """Where it was looked for, beyond the address."""


def none_of(gone: Sequence[ApiGone]) -> ApiGone:
    """What there is to say of a server that has none of several APIs."""
    last = gone[-1]
    apis, remedies = (" and no ".join(each.api for each in gone), "\n".join(each.remedy for each in gone))
    return last if len(gone) == 1 else ApiGone(apis, last.answer, last.path, remedies, last.response)


class Broken(ProviderError):
    """An answer that cannot be one: a failing server, not JSON, cut off, or of another shape."""

    remedy = "check whether `base_url` is the address of the API itself; it usually ends in /v1"
    retryable = True
    may_have_happened = True


class TooLarge(Broken):
    """An answer larger than any sane one; not read to its end."""

    remedy = "look at what is that large on the server"


def advice(error: ProviderError, base_url: str, query: Mapping[str, str] = MappingProxyType({})) -> str:
    """What a person may do about it, seeing the address that was asked and what every URL had."""
    host, sent = urlsplit(base_url).hostname or "", query.get("api-version")
    if "api-version" in error.message.lower():
        return f"{_API_VERSION} `{sent}` was sent." if sent else _API_VERSION
    if host.endswith(_VERSIONED) and error.response.status in (400, 404) and not sent:
        return _CLASSIC if _PROJECT in base_url else _API_VERSION
    if error.response.status in _NOT_THERE and (wrong := _wrong_path(base_url)):
        return wrong
    return f"{_advice_on_path(base_url)}\n{error.remedy}" if isinstance(error, ApiGone) and error.path else error.remedy


def _wrong_path(base_url: str) -> str:
    """What is wrong with the path of an address, whatever a server answers there."""
    base, path = base_url.rstrip("/"), urlsplit(base_url).path.rstrip("/")
    for added in (f"/{kind.plural}" for kind in KINDS.values()):
        if path.endswith(added):
            return f"`{added}` is added to `base_url`: write {base.removesuffix(added)}."
    return f"`base_url` ends in /v1 twice: write {base.removesuffix('/v1')}." if path.endswith("/v1/v1") else ""


def _advice_on_path(base_url: str) -> str:
    """What is probably wrong with the path of an address that has not the API."""
    base = base_url.rstrip("/")
    if urlsplit(base).path.endswith("/v1"):
        return f"Look at `base_url` first: some servers have the API without /v1, at {base.removesuffix('/v1')}."
    return f"`base_url` does not end in /v1, as it does for most servers: try {base}/v1 first."


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What an answer answers to."""

    collection: Collection
    id: str | None = None
    """The object that it is about, if it exists."""
    bare: bool = False
    """Whether a status alone is an answer."""
    lists: bool = False
    """Whether an array alone is one."""


def judged(
    asked: RequestContext, response: httpx.Response, content: bytes, now: Callable[[], float]
) -> dict[str, Json]:
    """The body of a good answer; raises the error that a bad one means."""
    body = parsed_body(content)
    is_page = "html" in response.headers.get("content-type", "").lower() or content.lstrip()[:1] == b"<"
    if response.status_code >= 300:
        told = body if is_page else body or _plain_text(content)
        raise _response_error(asked, response, told, now, is_page=is_page)
    info = ResponseInfo(response.status_code, response.headers.get("x-request-id"))
    if response.status_code == 204 or (asked.bare and content.strip() in (b"", b"null")):
        return {}
    if asked.lists and isinstance(body, list):
        return {"object": ARRAY, "data": body}
    if not isinstance(body, dict):
        message = f"The server answers with {_PAGE}." if is_page else "The answer is not a JSON object."
        raise Broken(message, _WRONG_ADDRESS if is_page else "", info)
    if "error" in body and "id" not in body and "data" not in body:
        message = f"The server answered {response.status_code} with an error: {_error_fields(body)[0]}"
        raise Broken(message, response=info)
    return body


def parsed_body(content: bytes) -> Any:
    """The JSON value; None where it is not one, or nests too deeply."""
    try:
        body = json.loads(content, parse_constant=_finite_float, parse_float=_finite_float)
    except (ValueError, RecursionError):
        return None
    may_be_deep = content.count(b"[") + content.count(b"{") > DEPTH  # a quick bound: brackets in texts count too
    return None if may_be_deep and _is_deep(body) else body


def _plain_text(content: bytes) -> str | None:
    """An answer that is text and no JSON, on one line."""
    text = " ".join(content.decode(errors="ignore").split())
    return None if text[:1] in ("{", "[") else text


def _finite_float(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise ValueError(word)
    return number


def _is_deep(body: Any) -> bool:
    level = [body]
    for _ in range(DEPTH):
        members = (m for value in level for m in (value.values() if isinstance(value, dict) else value))
        level = [member for member in members if isinstance(member, dict | list)]
        if not level:
            return False
    return True


def retry_after(headers: httpx.Headers, now: Callable[[], float]) -> float | None:
    """For how many seconds the server asks not to be asked: it states milliseconds, seconds or a date."""
    try:
        if "retry-after-ms" in headers:
            seconds = float(headers["retry-after-ms"]) / 1000
        else:
            seconds = float(headers["retry-after"])
    except KeyError:
        return None
    except ValueError:
        try:
            moment = parsedate_to_datetime(headers.get("retry-after", ""))
        except (ValueError, OverflowError):
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (aware - datetime.fromtimestamp(now(), UTC)).total_seconds()
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _response_error(
    asked: RequestContext, response: httpx.Response, body: Any, now: Callable[[], float], *, is_page: bool
) -> ProviderError:
    status, headers = response.status_code, response.headers
    message, param, code, kind = _error_fields(body)
    message = message or f"{status} {response.reason_phrase}".strip() + (f", with {_PAGE}" if is_page else "")
    no_credit = _NO_CREDIT in (code, message, kind)
    should_retry = {"true": True, "false": False}.get(headers.get("x-should-retry", "").lower())
    if should_retry and (no_credit or status in _NEVER_AGAIN):
        should_retry = None
    delay = retry_after(headers, now)
    delay = delay if delay is None else min(delay, _LONGEST_WAIT)
    info = ResponseInfo(status, headers.get("x-request-id"), param, delay, should_retry)
    if status < 400:
        remedy = "a key is never sent on by a redirect; write the address it leads to as `base_url`"
        where = headers.get("location", "elsewhere")[:_MESSAGE_LENGTH]
        redirected = Rejected(f"The server redirects to {where}.", remedy, info)
        redirected.may_have_happened = True
        return redirected
    if status in (401, 403):
        remedy = f"check the key, its project, and whether it may read and write {asked.collection.kind.plural}"
        return Unauthorized(f"{status}: {message}", remedy, info)
    if status in _GONE or _has_no_list(asked, status, message):
        return _gone(asked, message, info, is_html="html" in headers.get("content-type", "").lower())
    text = f"{status}: {message}" + (f" ({code})" if code and code not in message else "")
    if status >= 500 and status != _NOT_IMPLEMENTED:
        return Broken(text, "the server failed; run it again", info)
    if status in _LATER and not no_credit:
        return Busy(text, response=info)
    return Rejected(text, "the account has no credit left" if no_credit else "", info)


def _has_no_list(asked: RequestContext, status: int, message: str) -> bool:
    """Whether a server that has other APIs says so of one in its own way, when it is asked for the list."""
    if not asked.lists or asked.id is not None:
        return False
    beta, text = asked.collection.beta, message.lower()
    return status in _NO_LIST or (
        status == 400 and beta is not None and beta in text and any(word in text for word in _NO_SUCH_BETA)
    )


def _gone(asked: RequestContext, message: str, info: ResponseInfo, *, is_html: bool) -> ProviderError:
    """What is not there: the one object, or the whole API."""
    no_route = is_html or any(words in message.lower() for words in _NO_SUCH_ROUTE)
    if asked.id is not None and info.status == 404 and not no_route:
        return ObjectGone(f"404: {message}", named=asked.id in message, response=info)
    at = asked.collection
    return ApiGone(at.kind.api, f"{info.status}: {message}", at.path, at.gone, info)


def _error_fields(body: Any) -> tuple[str, str | None, str | None, Any]:
    """The message, param, code and type of an error body, in any of the shapes that servers use."""
    if not isinstance(body, dict):
        return _shortened(body) if isinstance(body, str) else "", None, None, None
    error = body.get("error", body.get("detail", body.get("message")))
    stated = body.get("error")
    kind = stated.get("type") if isinstance(stated, dict) else None
    if not isinstance(error, dict):
        return _shortened(error) if error else "", None, None, kind
    param, code = (
        value[:_MESSAGE_LENGTH] if isinstance(value, str) else None for value in (error.get("param"), error.get("code"))
    )
    return _shortened(error.get("message") or error), param, code, kind


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _MESSAGE_LENGTH else f"{text[:_MESSAGE_LENGTH]}…"
