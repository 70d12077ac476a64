"""How a place fails, in our own words: the library underneath may change.

ProviderError
├── Unreachable     no answer came
├── Unauthorized    401 or 403
├── Refused         the server understood and said no
├── ObjectGone      the one object is not there
├── ApiGone         the server has no such API
└── Broken          an answer that cannot be one
"""

from __future__ import annotations


class ProviderError(Exception):
    """Something that a place could not do, with what a person may do about it."""

    remedy = ""

    def __init__(
        self,
        message: str,
        remedy: str = "",
        *,
        status: int | None = None,
        request_id: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy or self.remedy
        self.status = status
        self.request_id = request_id
        self.param = param


class Unreachable(ProviderError):
    """No answer came: no connection, or none in time."""

    remedy = "look at the address and the network; nothing says that the server is down for good"


class Unauthorized(ProviderError):
    """The server does not let us: a wrong key, or one without the scope (both answer 401)."""

    remedy = "look at the key, its project, and whether it may read and write assistants"


class Refused(ProviderError):
    """The server understood and said no."""


class ObjectGone(ProviderError):
    """The one object is not there."""

    remedy = "it was deleted meanwhile; plan again"


class ApiGone(ProviderError):
    """The server has no Assistants API, whatever else it has."""

    remedy = (
        "OpenAI and Azure OpenAI switched their hosted Assistants API off on 2026-08-26. It lives on in"
        " Azure AI Foundry Agent Service (classic, until 2027-03-31), in self-hosted and proxy servers, and in"
        " `reconciler serve`; point `base_url` at one of those. Nothing was changed."
    )


class Broken(ProviderError):
    """An answer that cannot be one: not JSON, cut off, or of another shape."""

    remedy = "is `base_url` the address of the API itself, ending in /v1?"
