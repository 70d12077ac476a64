"""Servers that we can act on: what a provider promises, how it fails, and which there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from reconciler.canonical import Json
from reconciler.kinds import ServerTraits
from reconciler.model import Address, Live, Marker
from reconciler.paths import Path
from reconciler.providers.creating import LANDS_SECONDS, Known
from reconciler.providers.errors import (
    ApiGone,
    Broken,
    InDoubt,
    ObjectGone,
    Outdated,
    ProviderError,
    Rejected,
    Unauthorized,
    Unreachable,
    advice,
    none_of,
)
from reconciler.providers.foundry import FOUNDRY
from reconciler.providers.key_command import KeyCommand
from reconciler.providers.learned import Learned, Paging
from reconciler.providers.local import LOCAL
from reconciler.providers.openai import OPENAI
from reconciler.providers.request_key import RequestKey
from reconciler.providers.responses import RESPONSES
from reconciler.providers.wire import Clock, Connection, overwriting, time_left, until
from reconciler.settings import ProviderSettings


class Provider(Protocol):
    """One server, opened. It hides auth, paging, retries, the wire's shape and how metadata is removed."""

    async def observe(self, kind: str) -> tuple[Live, ...]:
        """Every live object of the kind that is listed."""

    @property
    def unreliable(self) -> Mapping[str, str]:
        """By kind, how its list contradicts itself; what such a list leaves out is unknown."""

    @property
    def gone(self) -> Mapping[str, ApiGone]:
        """By kind, how the server said when it was observed last that it has not its API."""

    @property
    def project(self) -> str | None:
        """The project that the server says it answered for."""

    @property
    def doubted(self) -> Mapping[Address, float]:
        """The addresses whose creates were ever in doubt, so that one may still land late, and until when."""

    def known(self, kind: str) -> Known:
        """What is known to exist, whether it is listed or not."""

    async def models(self) -> Mapping[str, str | None]:
        """The models that the server lists, each with its last day if it says one; nothing where it lists none."""

    @property
    def model_dates(self) -> Mapping[str, str | None]:
        """What `models` answered last; nothing where it was not asked."""

    async def missing(self, path: str, ids: Collection[str]) -> frozenset[str] | None:
        """The ids that no object has at a path such as `/files`; None where the server does not tell."""

    def learned(self, kind: str) -> Learned:
        """What the answers so far have shown of how the server treats the kind."""

    async def paging(self, kind: str) -> Paging:
        """Whether the kind's list comes in pages, as far as there are objects enough to see it."""

    async def deletes(self, kind: str) -> bool:
        """Whether the server may delete objects of the kind, asked about one that does not exist."""

    async def newest(self, kind: str) -> tuple[Live, ...]:
        """The objects that were made last."""

    async def fetch(self, kind: str, id: str, *, age: float = 0.0) -> Live:
        """One live object as it was at most so many seconds ago; `ObjectGone` where it was not."""

    async def create(self, kind: str, body: Mapping[str, Json], marker: Marker) -> Live:
        """The object that now exists; `InDoubt` where it possibly does."""

    async def update(self, live: Live, patch: Mapping[str, Json], marker: Marker, ignore: tuple[Path, ...]) -> Live:
        """The object with the patch applied and the marker on it."""

    async def forget(self, live: Live, patch: Mapping[str, Json]) -> Live:
        """The object with the patch applied and without our marker."""

    async def delete(self, live: Live) -> None:
        """Removes the object; one that is gone already is removed."""

    async def aclose(self) -> None:
        """Lets go of connections and files."""


class ProviderType(Protocol):
    """A kind of server: what is stated for it, how it is opened, and what is known of it before."""

    @property
    def settings(self) -> type[ProviderSettings]:
        """What an environment of it may state, with the defaults and how its server is reached."""

    @property
    def terms(self) -> ServerTraits:
        """What its servers list: tool types, where they do."""

    def open(self, connection: Connection, log: Callable[[str], None]) -> Provider:
        """The server, ready to be asked; nothing has been sent."""


PROVIDERS: dict[str, ProviderType] = {"foundry": FOUNDRY, "local": LOCAL, "openai": OPENAI, "responses": RESPONSES}

__all__ = [
    "LANDS_SECONDS",
    "PROVIDERS",
    "ApiGone",
    "Broken",
    "Clock",
    "Connection",
    "InDoubt",
    "KeyCommand",
    "Known",
    "Learned",
    "ObjectGone",
    "Outdated",
    "Paging",
    "Provider",
    "ProviderError",
    "ProviderType",
    "Rejected",
    "RequestKey",
    "Unauthorized",
    "Unreachable",
    "advice",
    "none_of",
    "overwriting",
    "time_left",
    "until",
]
