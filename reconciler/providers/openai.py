"""The provider `openai`: any server that speaks these APIs, hosted, proxied or self-made."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from reconciler.kinds import KINDS, ServerTraits
from reconciler.providers.collection import Collection
from reconciler.providers.server import Server
from reconciler.providers.wire import Clock, Connection, Wire, client

_SUNSET = (
    "OpenAI and Azure OpenAI switched their hosted Assistants API off on 2026-08-26. It lives on in Azure AI"
    " Foundry Agent Service (classic, until 2027-03-31), in self-hosted and proxy servers, and in"
    " `reconciler serve`; point `base_url` at one of those."
)
COLLECTIONS: dict[str, Collection] = {
    "assistant": Collection(KINDS["assistant"], "/assistants", beta="assistants=v2", gone=_SUNSET)
}


class OpenAI:
    """How a server of this wire is reached."""

    terms = ServerTraits()

    def open(self, connection: Connection, log: Callable[[str], None]) -> Server:
        """The server behind the connection's address."""
        http = client(connection.base_url, connection.headers())
        return Server(Wire(http, log, waiting=connection.waiting), COLLECTIONS.values())


def local_server(
    transport: httpx.AsyncBaseTransport,
    log: Callable[[str], None],
    close: Callable[[], None],
    clock: Clock | None = None,
) -> Server:
    """The same server over a transport of one's own."""
    return Server(Wire(client("http://localhost/v1", {}, transport), log, clock), COLLECTIONS.values(), close)


OPENAI = OpenAI()
