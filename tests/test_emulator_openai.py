"""The official openai package against the embedded server, over a real port."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import anyio
import openai
import pytest

from support.emulator_process import served

# the package says itself that the Assistants API is deprecated; that is no fault of these calls
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


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
