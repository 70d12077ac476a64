"""The provider `foundry`: classic agents of Azure AI Foundry, an Assistants API until 2027-03-31."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from reconciler.kinds import ServerTraits
from reconciler.kinds.assistant import ASSISTANT
from reconciler.providers.collection import Collection
from reconciler.providers.http_settings import HttpSettings, Key, Url
from reconciler.providers.server import Server
from reconciler.providers.wire import Connection
from reconciler.settings import misfit

_URL = "https://ACCOUNT.services.ai.azure.com/api/projects/PROJECT"
_GONE = (
    "Look at `base_url`, which is the project's endpoint, and at `query: {api-version: …}`. Classic agents of Azure AI"
    " Foundry end on 2027-03-31."
)
COLLECTIONS = (
    Collection(ASSISTANT, "/assistants", gone=_GONE, stated={"tools.*.file_search.ranking_options.ranker": "auto"}),
)
_TOOLS = frozenset(
    {
        "azure_ai_search", "azure_function", "bing_custom_search", "bing_grounding", "browser_automation",
        "computer_use_preview", "connected_agent", "deep_research", "fabric_dataagent", "mcp", "openapi",
        "sharepoint_grounding",
    }
)  # fmt: skip


def _of_project(url: str) -> str:
    if "/api/projects/" not in url:
        raise misfit("config", "This is not the address of a project.", f"write it like {_URL}")
    if url.endswith("/assistants"):
        raise misfit("config", "`/assistants` is added to the address.", f"write {url.removesuffix('/assistants')}")
    return url


class FoundrySettings(HttpSettings):
    """What is stated for a project: its address, and where its tokens come from."""

    usual_query: ClassVar[Mapping[str, str]] = {"api-version": "v1"}
    remedies: ClassVar[Mapping[str, str]] = {
        "base_url": f"write `base_url: {_URL}`",
        "api_key": (
            "write `api_key: {command: [az, account, get-access-token, --scope, https://ai.azure.com/.default, --query,"
            " accessToken, --output, tsv]}`, or the variable that holds a token: `{env: NAME}`"
        ),
    }

    api_key: Annotated[Key, Field(description="Where the tokens come from: never a token itself.")]
    base_url: Annotated[Url, AfterValidator(_of_project), Field(description="The endpoint of the project.")]


class Foundry:
    """How a project is reached. Its tools go as they stand, and so do their resources."""

    settings = FoundrySettings
    terms = ServerTraits(
        kinds=frozenset(collection.kind.name for collection in COLLECTIONS),
        more_tools={"assistant": _TOOLS},
        unsupported={"assistant": frozenset({"reasoning_effort", "tools.*.function.strict"})},
    )

    def open(self, connection: Connection, log: Callable[[str], None]) -> Server:
        """The project behind the connection's address."""
        return Server(connection.wire(log), COLLECTIONS)


FOUNDRY = Foundry()
