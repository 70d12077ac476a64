"""How a place fails, in our own words: the library underneath may change.

ProviderError
├── Unreachable     no answer came
├── Unauthorized    401 or 403
├── Refused         the server understood and said no
├── Busy            too many requests: later it may
├── InDoubt         a create that may have happened, and was not found
├── Outdated        nothing was sent: what it overwrites was read too long ago
├── ObjectGone      the one object is not there
├── ApiGone         the server has no such API
└── Broken          an answer that cannot be one
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

CONCEALED = "(the key)"


@dataclass(frozen=True, slots=True)
class ResponseInfo:
    """What an answer said about itself, for support and for trying again."""

    status: int | None = None
    request_id: str | None = None
    param: str | None = None
    retry_after: float | None = None
    should_retry: bool | None = None

    @property
    def texts(self) -> dict[str, Any]:
        """What of it is the server's own words."""
        return {"request_id": self.request_id, "param": self.param}


_VERSIONED = (".azure.com", ".azure.us", ".azure.cn")
_API_VERSION = (
    "This address requires an `api-version` in every URL, which is not sent: reach it through a proxy that adds it."
)


class ProviderError(Exception):
    """Something that a place could not do, with what a person may do about it."""

    remedy = ""
    where = ""
    """Which server it is about, once it has left what speaks to it."""
    passing = False
    """Whether another try may end otherwise."""
    is_open = False
    """Whether what was asked may have happened all the same."""

    def __init__(self, message: str, remedy: str = "", told: ResponseInfo | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.remedy
        self.told = told or ResponseInfo()
        if self.told.should_retry is not None:
            self.passing = self.told.should_retry

    def conceal(self, hide: Callable[[str], str]) -> None:
        """Takes secrets out of what it says: some servers say the key back."""
        self.message = hide(self.message)
        self.args = (self.message,)
        texts: dict[str, Any] = {name: text and hide(text) for name, text in self.told.texts.items()}
        self.told = replace(self.told, **texts)

    @property
    def request_id(self) -> str | None:
        """By which the server's people find the call."""
        return self.told.request_id


class Unreachable(ProviderError):
    """No answer came: no connection, or none in time."""

    remedy = "check the address and the network, then run it again"
    passing = True

    def __init__(
        self, message: str, remedy: str = "", told: ResponseInfo | None = None, *, was_sent: bool = False
    ) -> None:
        super().__init__(message, remedy, told)
        self.is_open = was_sent


class Unauthorized(ProviderError):
    """The server does not let us: a wrong key, or one without the scope (both answer 401)."""

    remedy = "check the key, its project, and whether it may read and write assistants"


class Rejected(ProviderError):
    """The server understood and said no."""


class Busy(ProviderError):
    """Too many requests, or a moment that was not right."""

    remedy = "the server is busy; run it again"
    passing = True
    is_open = True


class InDoubt(ProviderError):
    """A create that may have happened: no answer said so, and no list shows it yet."""

    is_open = True

    def __init__(self, cause: ProviderError, since: float, blind: ProviderError | None = None) -> None:
        super().__init__(cause.message, cause.remedy, cause.told)
        self.since = since
        """When its answer was given up."""
        self.blind = blind
        """Why it could not be looked for."""


class Outdated(ProviderError):
    """Nothing was sent, or nothing that was answered: what it overwrites was read too long ago."""

    remedy = "run it again"


class ObjectGone(ProviderError):
    """The one object is not there."""

    remedy = "it was deleted meanwhile; plan again"

    def __init__(self, message: str, *, named: bool, told: ResponseInfo | None = None) -> None:
        super().__init__(message, told=told)
        self.named = named
        """Whether the server named the object, and so has the API."""


class ApiGone(ProviderError):
    """The server has no Assistants API, whatever else it has."""

    remedy = (
        "OpenAI and Azure OpenAI switched their hosted Assistants API off on 2026-08-26. It lives on in Azure AI"
        " Foundry Agent Service (classic, until 2027-03-31), in self-hosted and proxy servers, and in"
        " `reconciler serve`; point `base_url` at one of those."
    )


class Broken(ProviderError):
    """An answer that cannot be one: a failing server, not JSON, cut off, or of another shape."""

    remedy = "check whether `base_url` is the address of the API itself; it usually ends in /v1"
    passing = True
    is_open = True


def advice(error: ProviderError, base_url: str) -> str:
    """What a person may do about it, seeing the address that was asked."""
    host = urlsplit(base_url).hostname or ""
    if "api-version" in error.message.lower() or (host.endswith(_VERSIONED) and error.told.status in (400, 404)):
        return _API_VERSION
    return f"{_of_path(base_url)}\n{error.remedy}" if isinstance(error, ApiGone) else error.remedy


def _of_path(base_url: str) -> str:
    """What is probably wrong with the path of an address that has no Assistants API."""
    base, path = base_url.rstrip("/"), urlsplit(base_url).path.rstrip("/")
    if path.endswith("/assistants"):
        return f"`/assistants` is added to `base_url`: write {base.removesuffix('/assistants')}."
    if path.endswith("/v1/v1"):
        return f"`base_url` ends in /v1 twice: write {base.removesuffix('/v1')}."
    if path.endswith("/v1"):
        return f"Look at `base_url` first: some servers have the API without /v1, at {base.removesuffix('/v1')}."
    return f"`base_url` does not end in /v1, as it does for most servers: try {base}/v1 first."
