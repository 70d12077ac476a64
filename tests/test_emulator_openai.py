"""The official openai package against the embedded server, over a real port."""

import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import openai
import pytest

from reconciler.emulator import APIS, Settings, shapes
from support.declared import as_declared
from support.emulator_process import served

needs_agents = pytest.mark.skipif(find_spec("openai.resources.beta.agents") is None, reason="openai 3.52 has agents")

# the package says itself that the Assistants API is deprecated; that is no fault of these calls
pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.no_cover]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path: Path = tmp_path_factory.mktemp("openai") / "live.db"
    with served(path) as address:
        yield f"{address}/v1"


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=address, api_key="any", max_retries=0) as client:
        yield client


def test_an_assistant_lives_and_dies(client: openai.OpenAI) -> None:
    assistants = client.beta.assistants
    created = assistants.create(
        model="gpt-4o",
        name="HR Helper",
        tools=[{"type": "file_search"}, {"type": "function", "function": {"name": "look_up"}}],
        metadata={"team": "people"},
    )

    updated = assistants.update(created.id, name="People Helper", tools=[])
    retrieved = assistants.retrieve(created.id)
    deleted = assistants.delete(created.id)

    assert [tool.type for tool in created.tools] == ["file_search", "function"]
    assert updated.name == "People Helper"
    assert updated.metadata == {"team": "people"}
    assert retrieved == updated
    assert deleted.deleted
    with pytest.raises(openai.NotFoundError, match="No assistant found with id"):
        assistants.retrieve(created.id)


def test_its_pages_follow_each_other(client: openai.OpenAI) -> None:
    created = [client.beta.assistants.create(model="gpt-4o", name=str(number)).id for number in range(25)]

    descending = [assistant.id for assistant in client.beta.assistants.list(limit=10)]
    ascending = [assistant.id for assistant in client.beta.assistants.list(limit=7, order="asc")]

    assert descending == created[::-1]
    assert ascending == created


def test_its_errors_carry_what_is_wrong(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as refusal:
        client.beta.assistants.create(model="gpt-4o", temperature=3)

    assert refusal.value.param == "temperature"
    assert refusal.value.code == "decimal_above_max_value"
    assert refusal.value.request_id.startswith("req_")


def test_its_answers_are_of_the_declared_types(client: openai.OpenAI) -> None:
    strict = openai.OpenAI(base_url=client.base_url, api_key="any", _strict_response_validation=True)
    schema = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}}}

    with strict:
        created = strict.beta.assistants.create(model="o3-mini", response_format=schema)
        strict.beta.assistants.delete(created.id)

    assert created.reasoning_effort == "medium"
    assert created.response_format.type == "json_schema"


def test_the_asynchronous_client_works_too(address: str) -> None:
    async def live() -> bool:
        async with openai.AsyncOpenAI(base_url=address, api_key="any", max_retries=0) as client:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                created = await client.beta.assistants.create(model="gpt-4o")
                listed = [assistant async for assistant in client.beta.assistants.list(limit=1)]
                deleted = await client.beta.assistants.delete(created.id)
        return created in listed and deleted.deleted

    assert anyio.run(live)


# --- agents ---


def as_served(shape: Any) -> Any:
    """The same of a shape of the embedded server; a `type` is the one that leads to the object."""
    match shape:
        case shapes.Optional(of=inner):
            return ("or null", as_served(inner))
        case shapes.Compact(of=inner):
            return as_served(inner)
        case shapes.Many(of=inner):
            return ["several", as_served(inner)]
        case shapes.Variants(by_type=by_type):
            return {name: {**as_served(members), "type": ("required", [name])} for name, members in by_type.items()}
        case shapes.Members(members=members, required=required):
            return {
                name: ("required" if name in required else "optional", as_served(member))
                for name, member in members.items()
            }
        case shapes.Pairs():
            return "strings by name"
        case shapes.Number():
            return "a number"
        case shapes.Text(choices=choices):
            return list(choices) or "text"
    return {shapes.FLAG: "a flag", shapes.ANYTHING: "an object"}[shape]


@needs_agents
@pytest.mark.parametrize("creating", [True, False])
def test_an_agent_is_accepted_exactly_as_the_official_package_declares_it(creating: bool) -> None:
    from openai.types.beta import AgentCreateParams, AgentUpdateParams

    declared = as_declared(AgentCreateParams if creating else AgentUpdateParams)

    assert as_served(APIS["agents"].request(Settings(), creating=creating)) == declared


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOLS = [
    {
        "type": "function",
        "name": "look_up",
        "description": "Looks it up.",
        "parameters": SCHEMA,
        "defer_loading": True,
        "async": True,
    },
    {"type": "tool_search"},
    {"type": "programmatic_tool_calling", "enabled": False},
    {
        "type": "mcp",
        "server_label": "wiki",
        "transport": {"type": "http", "server_url": "https://example.com/mcp", "headers": {"x-team": "people"}},
        "allowed_tools": ["search"],
        "connection_origin": "environment",
        "credential_id": "cred_1",
        "request_metadata": {"depth": 2},
        "required": True,
    },
    {
        "type": "mcp",
        "server_label": "files",
        "transport": {"type": "stdio", "command": "files", "cwd": "/srv", "args": ["--all"], "env_vars": ["HOME"]},
        "allowed_tools": None,
        "connection_origin": "environment",
        "credential_id": None,
        "request_metadata": {},
        "required": False,
    },
    {
        "type": "web_search",
        "allowed_domains": ["example.com"],
        "context_size": "high",
        "location": {"city": "Bern", "country": "CH", "region": "BE", "timezone": "Europe/Zurich"},
        "mode": "cached",
    },
    {"type": "computer_use", "include_screenshots": True},
    {"type": "automations"},
]
EVERYTHING = {
    "name": "HR Helper",
    "model": "gpt-5",
    "instructions": "Be kind.",
    "reasoning": {"effort": "high", "summary": "auto"},
    "text": {"format": {"type": "json_schema", "schema": SCHEMA}, "verbosity": "low"},
    "service_tier": "flex",
    "tools": TOOLS,
    "multi_agent": {"enabled": True, "max_concurrent_subagents": 3},
    "compaction": {"async": True},
    "experimental": {"time_awareness": True},
    "metadata": {"team": "people"},
}


@pytest.fixture
def strict(address: str) -> Iterator[openai.OpenAI]:
    """A client that raises where an answer is not of the declared types."""
    with openai.OpenAI(base_url=address, api_key="any", max_retries=0, _strict_response_validation=True) as client:
        yield client


def answered(agent: Any) -> dict[str, Any]:
    """Its fields as they came, with the names of the wire."""
    kept = agent.model_dump(mode="json", by_alias=True)
    return {name: value for name, value in kept.items() if name not in ("id", "object", "created_at", "updated_at")}


@needs_agents
def test_an_agent_lives_and_dies(strict: openai.OpenAI) -> None:
    agents = strict.beta.agents
    created = agents.create(model="gpt-5", name="HR Helper", metadata={"team": "people", "cost": "1"})

    updated = agents.update(created.id, name=None, metadata={"team": "hr"})
    retrieved = agents.retrieve(created.id)
    deleted = agents.delete(created.id)

    assert (updated.name, updated.metadata) == (None, {"team": "hr"})
    assert updated.updated_at >= updated.created_at == created.created_at
    assert retrieved == updated
    assert (deleted.id, deleted.object, deleted.deleted) == (created.id, "agent.deleted", True)
    with pytest.raises(openai.NotFoundError, match="No agent found with id"):
        agents.retrieve(created.id)


@needs_agents
def test_every_field_and_tool_of_an_agent_is_kept(strict: openai.OpenAI) -> None:
    made = strict.beta.agents.create(**EVERYTHING)
    other = strict.beta.agents.create(model="gpt-5")

    changed = strict.beta.agents.update(other.id, **EVERYTHING)

    assert answered(made) == answered(changed) == EVERYTHING


@needs_agents
def test_every_default_of_an_agent_is_resolved(strict: openai.OpenAI) -> None:
    remote = {"type": "http", "server_url": "https://example.com/mcp"}
    local = {"type": "stdio", "command": "files", "cwd": "/srv"}
    tools = [
        {"type": "function", "name": "f", "description": "", "parameters": {}},
        {"type": "programmatic_tool_calling"},
        {"type": "mcp", "server_label": "remote", "transport": remote},
        {"type": "mcp", "server_label": "local", "transport": local},
        {"type": "web_search"},
        {"type": "computer_use"},
    ]
    mcp = {"type": "mcp", "allowed_tools": None, "credential_id": None, "request_metadata": {}, "required": False}

    created = answered(strict.beta.agents.create(model="gpt-5", tools=tools))

    for tool in created["tools"]:
        tool.pop("async", None)
    assert created == {
        "name": None,
        "model": "gpt-5",
        "instructions": None,
        "reasoning": {"effort": "medium", "summary": None},
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "service_tier": "auto",
        "tools": [
            {**tools[0], "defer_loading": False},
            {"type": "programmatic_tool_calling", "enabled": True},
            {
                **mcp,
                "server_label": "remote",
                "transport": {**remote, "headers": {}},
                "connection_origin": "service",
            },
            {
                **mcp,
                "server_label": "local",
                "transport": {**local, "args": [], "env_vars": []},
                "connection_origin": "environment",
            },
            {
                "type": "web_search",
                "allowed_domains": None,
                "context_size": "medium",
                "location": None,
                "mode": "live",
            },
            {"type": "computer_use", "include_screenshots": False},
        ],
        "multi_agent": {"enabled": False, "max_concurrent_subagents": None},
        "compaction": {"async": False},
        "experimental": {"time_awareness": False},
        "metadata": {},
    }


@needs_agents
def test_the_pages_of_agents_follow_each_other(client: openai.OpenAI) -> None:
    for agent in client.beta.agents.list():
        client.beta.agents.delete(agent.id)
    created = [client.beta.agents.create(model="gpt-5", name=str(number)).id for number in range(12)]

    descending = [agent.id for agent in client.beta.agents.list(limit=5)]
    ascending = [agent.id for agent in client.beta.agents.list(limit=5, order="asc")]
    rest = client.beta.agents.list(after=created[2], limit=100)

    assert descending == created[::-1]
    assert ascending == created
    assert ([agent.id for agent in rest.data], rest.has_more) == ([created[1], created[0]], False)


@needs_agents
def test_an_agent_of_four_mebibytes_fits_into_one_request(strict: openai.OpenAI) -> None:
    function = {**TOOLS[0], "description": "\N{ROCKET}" * (3 * 1024 * 1024 // 4 - 200)}
    instructions = "\N{ROCKET}" * 1_048_576

    created = strict.beta.agents.create(model="gpt-5", tools=[function], instructions=instructions)

    assert created.instructions == instructions
    assert created.tools[0].description == function["description"]
    with pytest.raises(openai.BadRequestError, match="string too long") as refusal:
        strict.beta.agents.update(created.id, instructions="i" * 1_048_577)
    assert refusal.value.param == "instructions"
    with pytest.raises(openai.BadRequestError, match="at most 3145728 bytes") as refusal:
        strict.beta.agents.update(created.id, tools=[{**function, "description": "d" * 3 * 1024 * 1024}])
    assert refusal.value.param == "tools"
    strict.beta.agents.delete(created.id)


@needs_agents
def test_assistants_and_agents_live_beside_each_other(client: openai.OpenAI) -> None:
    agent = client.beta.agents.create(model="gpt-5")
    assistant = client.beta.assistants.create(model="gpt-4o")

    assert assistant.id not in [one.id for one in client.beta.agents.list()]
    assert agent.id not in [one.id for one in client.beta.assistants.list()]
    with pytest.raises(openai.NotFoundError):
        client.beta.assistants.retrieve(agent.id)
    with pytest.raises(openai.BadRequestError, match=r"Agents API.* agents=v1"):
        client.beta.agents.retrieve(agent.id, extra_headers={"OpenAI-Beta": "assistants=v2"})
