"""The provider `openai`: any server that speaks these APIs, hosted, proxied or self-made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from reconciler import urls
from reconciler.kinds import ServerTraits
from reconciler.kinds.agent import AGENT
from reconciler.kinds.assistant import ASSISTANT
from reconciler.providers.collection import Collection
from reconciler.providers.http_settings import HttpSettings, header_text
from reconciler.providers.server import Server
from reconciler.providers.wire import Clock, Connection, Wire, client
from reconciler.settings import Access, NoAccessError

if TYPE_CHECKING:
    import httpx

URL = "https://api.openai.com/v1"
_URL_VARIABLE = "OPENAI_BASE_URL"
_SUNSET = (
    "OpenAI and Azure OpenAI switched their hosted Assistants API off on 2026-08-26. It lives on in Azure AI"
    " Foundry Agent Service (classic, until 2027-03-31; `provider: foundry`), in self-hosted and proxy servers, and in"
    " `reconciler serve`: point `base_url` at one of those. `reconciler migrate` assesses a move to agents. Where no"
    " assistants are wanted, list the other kinds as `kinds` of the environment."
)
_NOT_EVERYWHERE = (
    "Not every server has the Agents API: OpenAI does, and `reconciler serve`. Where no agents are wanted, list the"
    " other kinds as `kinds` of the environment."
)
COLLECTIONS: dict[str, Collection] = {
    "agent": Collection(AGENT, "/agents", beta="agents=v1", gone=_NOT_EVERYWHERE, metadata="replaced"),
    "assistant": Collection(ASSISTANT, "/assistants", beta="assistants=v2", gone=_SUNSET),
}


class OpenAISettings(HttpSettings):
    """What is stated for such a server; the variables that the `openai` package reads fill what is left out."""

    usual_key: ClassVar[str | None] = "OPENAI_API_KEY"

    organization: Annotated[str | None, Field(description="The organization that requests are for.")] = None
    project: Annotated[str | None, Field(description="The project that requests are for.")] = None

    def target(self) -> tuple[str, ...]:
        return (*super().target(), self.project or "")

    def unreached(self) -> Access:
        return Access(self.base_url or URL, organization=self.organization, project=self.project)

    def access(self, environment: str, environ: Mapping[str, str]) -> Access:
        access = super().access(environment, environ)
        organization = self.organization or header_text(environ, "OPENAI_ORG_ID")
        project = self.project or header_text(environ, "OPENAI_PROJECT_ID")
        own = {"OpenAI-Organization": organization, "OpenAI-Project": project}
        headers = {**{name: value for name, value in own.items() if value}, **access.headers}
        return replace(access, organization=organization, project=project, headers=headers)

    def _address(self, environ: Mapping[str, str]) -> str:
        value = None if self.base_url else header_text(environ, _URL_VARIABLE)
        try:
            return urls.checked(value) if value else self.base_url or URL
        except urls.BadUrlError as error:
            remedy = f"set it like {URL}, or write `base_url` in the file"
            raise NoAccessError(f"The address {error}.", remedy, _URL_VARIABLE, is_wrong=True) from error


class OpenAI:
    """How a server of this wire is reached."""

    settings = OpenAISettings
    terms = ServerTraits()

    def open(self, connection: Connection, log: Callable[[str], None]) -> Server:
        """The server behind the connection's address."""
        return Server(connection.wire(log), COLLECTIONS.values())


def local_server(
    transport: httpx.AsyncBaseTransport,
    log: Callable[[str], None],
    close: Callable[[], None],
    clock: Clock | None = None,
) -> Server:
    """The same server over a transport of one's own."""
    return Server(Wire(client("http://localhost/v1", {}, transport), log, clock), COLLECTIONS.values(), close)


OPENAI = OpenAI()
