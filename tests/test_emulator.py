"""What the embedded server answers, adds and keeps."""

import re
from collections.abc import Iterator

import anyio
import pytest

from reconciler.emulator import Emulator, Settings
from reconciler.emulator import families as server_families
from reconciler.kinds import families
from support.emulator_world import BETA, World, call

FUNCTION = {"type": "function", "function": {"name": "f"}}
SEARCH = {"type": "file_search"}
INTERPRETER = {"type": "code_interpreter"}


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.emulator.close()


# --- the five calls ---


def test_a_model_is_enough_and_the_rest_is_the_default(world: World) -> None:
    assert world.create() == {
        "id": "asst_1",
        "object": "assistant",
        "created_at": 1000,
        "name": None,
        "description": None,
        "model": "gpt-4o",
        "instructions": None,
        "tools": [],
        "top_p": 1.0,
        "temperature": 1.0,
        "reasoning_effort": None,
        "tool_resources": {},
        "metadata": {},
        "response_format": "auto",
    }


# --- paths, methods, headers ---


@pytest.mark.parametrize(
    ("authorization", "code", "message"),
    [
        ({}, None, "You didn't provide an API key."),
        ({"Authorization": "Bearer "}, None, "You didn't provide an API key."),
        ({"Authorization": "Basic abc"}, None, "You didn't provide an API key."),
        ({"Authorization": "Bearer short"}, "invalid_api_key", "Incorrect API key provided: ********. You can find"),
        (
            {"Authorization": "Bearer sk-proj-0123456789abcd"},
            "invalid_api_key",
            "Incorrect API key provided: sk-p********abcd. You can find your API key at https://platform.openai.com/",
        ),
    ],
)
def test_a_required_key_keeps_others_out(authorization: dict, code: str | None, message: str) -> None:
    world = World(Settings(require_key="sk-right"))

    answer = call(world.emulator, "GET", "/v1/assistants", headers={**BETA, **authorization})

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"].startswith(message)


def test_a_lifespan_is_lived_through(world: World) -> None:
    told = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent = []

    async def receive():
        return next(told)

    async def send(message) -> None:
        sent.append(message["type"])

    anyio.run(world.emulator, {"type": "lifespan"}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_what_is_not_http_is_left_alone(world: World) -> None:
    async def silent(*_: object) -> None:
        raise AssertionError

    anyio.run(world.emulator, {"type": "websocket"}, silent, silent)


def test_nobody_is_answered_who_has_gone(world: World) -> None:
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/assistants",
        "query_string": b"",
        "headers": [(b"openai-beta", b"assistants=v2")],
    }

    async def receive():
        return {"type": "http.disconnect"}

    async def send(_: object) -> None:
        raise AssertionError

    anyio.run(world.emulator, scope, receive, send)


def test_a_fault_of_its_own_is_a_500() -> None:
    def broken() -> float:
        raise ZeroDivisionError("no clock")

    answer = call(Emulator(now=broken), "POST", "/v1/assistants", {"model": "gpt-4o"})

    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert "ZeroDivisionError: no clock" in answer.json()["error"]["message"]


# --- what the server adds or rewrites ---


@pytest.mark.parametrize(
    ("sent", "echoed"),
    [
        (
            SEARCH,
            {
                "type": "file_search",
                "file_search": {
                    "ranking_options": {
                        "ranker": "default_2024_08_21",
                        "score_threshold": 0.0,
                        "hybrid_search": None,
                    }
                },
            },
        ),
        (
            {
                "type": "file_search",
                "file_search": {
                    "max_num_results": 2,
                    "ranking_options": {"ranker": "auto", "score_threshold": 0.5},
                },
            },
            {
                "type": "file_search",
                "file_search": {
                    "max_num_results": 2,
                    "ranking_options": {
                        "ranker": "default_2024_08_21",
                        "score_threshold": 0.5,
                        "hybrid_search": None,
                    },
                },
            },
        ),
        (
            FUNCTION,
            {
                "type": "function",
                "function": {"name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False},
            },
        ),
        (INTERPRETER, INTERPRETER),
    ],
)
def test_a_tool_is_completed_and_stays_so(world: World, sent: dict, echoed: dict) -> None:
    assert world.create(tools=[sent])["tools"] == [echoed]
    assert world.modify("asst_1", tools=[echoed])["tools"] == [echoed]


def test_a_function_is_reordered_outside_and_kept_inside(world: World) -> None:
    parameters = {"properties": {"b": {}, "a": {}}, "type": "object"}
    function = {"strict": None, "parameters": parameters, "description": "d", "name": "f"}

    echoed = world.create(tools=[{"function": function, "type": "function"}])["tools"][0]["function"]

    assert list(echoed) == ["name", "description", "parameters", "strict"]
    assert echoed["strict"] is False
    assert list(echoed["parameters"]) == ["properties", "type"]
    assert list(echoed["parameters"]["properties"]) == ["b", "a"]


def test_tools_keep_their_order(world: World) -> None:
    tools = world.create(tools=[FUNCTION, INTERPRETER, SEARCH])["tools"]

    assert [tool["type"] for tool in tools] == ["function", "code_interpreter", "file_search"]


def test_a_declared_tool_has_its_list(world: World) -> None:
    created = world.create(tools=[SEARCH, INTERPRETER, FUNCTION])

    assert created["tool_resources"] == {
        "file_search": {"vector_store_ids": []},
        "code_interpreter": {"file_ids": []},
    }


def test_a_dropped_tool_leaves_its_resources_behind(world: World) -> None:
    world.create(tools=[INTERPRETER], tool_resources={"code_interpreter": {"file_ids": ["file-1"]}})

    assert world.modify("asst_1", tools=[])["tool_resources"] == {"code_interpreter": {"file_ids": ["file-1"]}}


@pytest.mark.parametrize(
    ("cleared", "left"),
    [
        ({"code_interpreter": {"file_ids": []}}, {"code_interpreter": {"file_ids": []}}),
        ({"code_interpreter": {}}, {"code_interpreter": {"file_ids": []}}),
        (None, {}),
    ],
)
def test_leftovers_can_be_cleared_in_the_same_call(world: World, cleared: dict | None, left: dict) -> None:
    world.create(tools=[INTERPRETER], tool_resources={"code_interpreter": {"file_ids": ["file-1"]}})

    assert world.modify("asst_1", tools=[], tool_resources=cleared)["tool_resources"] == left


def test_the_lists_of_one_tool_leave_those_of_another(world: World) -> None:
    world.create(
        tool_resources={
            "code_interpreter": {"file_ids": ["file-1"]},
            "file_search": {"vector_store_ids": ["vs_1"]},
        }
    )

    modified = world.modify("asst_1", tool_resources={"file_search": {"vector_store_ids": ["vs_2"]}})

    assert modified["tool_resources"] == {
        "code_interpreter": {"file_ids": ["file-1"]},
        "file_search": {"vector_store_ids": ["vs_2"]},
    }


def test_file_ids_are_a_set_with_an_order_of_the_servers_own(world: World) -> None:
    files = [f"file-{number}" for number in range(10)]

    one = world.create(tool_resources={"code_interpreter": {"file_ids": files}})["tool_resources"]
    other = world.create(tool_resources={"code_interpreter": {"file_ids": [*files[::-1], "file-3"]}})

    echoed = one["code_interpreter"]["file_ids"]
    assert set(echoed) == set(files)
    assert echoed != files
    assert other["tool_resources"] == one


def test_a_vector_store_made_inline_comes_back_as_an_id(world: World) -> None:
    stores = {
        "vector_stores": [
            {
                "file_ids": ["file-1"],
                "metadata": {"a": "b"},
                "chunking_strategy": {
                    "type": "static",
                    "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
                },
            }
        ]
    }
    made = [world.create(tool_resources={"file_search": stores})["tool_resources"]["file_search"] for _ in "ab"]

    assert [list(search) for search in made] == [["vector_store_ids"]] * 2
    (one,), (other,) = (search["vector_store_ids"] for search in made)
    assert re.fullmatch("vs_[0-9a-f]{32}", one)
    assert one != other


def test_no_vector_store_is_made_of_an_empty_list(world: World) -> None:
    created = world.create(tool_resources={"file_search": {"vector_stores": []}})

    assert created["tool_resources"] == {"file_search": {"vector_store_ids": []}}


def test_on_a_create_file_search_resources_name_a_store_or_describe_one(world: World) -> None:
    error = world.refused_create(tool_resources={"file_search": {}})
    created = world.create(tool_resources={"file_search": {"vector_store_ids": []}})

    assert (error["param"], error["code"]) == (
        "tool_resources.file_search.vector_store_ids",
        "missing_required_parameter",
    )
    assert world.modify(created["id"], tool_resources={"file_search": {}})["id"] == created["id"]


@pytest.mark.parametrize("kept", ["auto", {"type": "text"}, {"type": "json_object"}])
def test_a_response_format_is_kept_as_sent(world: World, kept: object) -> None:
    assert world.create(response_format=kept)["response_format"] == kept


def test_a_response_schema_is_completed(world: World) -> None:
    sent = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}, "name": "n"}}

    echoed = world.create(response_format=sent)["response_format"]["json_schema"]

    assert list(echoed.items()) == [("name", "n"), ("schema", {"type": "object"}), ("strict", False)]


def test_json_mode_is_not_held_against_instructions_without_the_word(world: World) -> None:
    assert world.create(response_format={"type": "json_object"}, instructions="Be kind.")


@pytest.mark.parametrize("model", ["o1", "o3-mini", "o3-mini-2025-01-31", "o4-mini", "gpt-5", "gpt-5.1", "gpt-5-nano"])
def test_a_reasoning_model_has_an_effort_and_no_sampling(world: World, model: str) -> None:
    created = world.create(model=model)

    assert (created["temperature"], created["top_p"], created["reasoning_effort"]) == (None, None, "medium")


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o3", "o", "o10", "gpt-50", "my-o1"])
def test_another_model_has_sampling_and_no_effort(world: World, model: str) -> None:
    created = world.create(model=model, temperature=None, reasoning_effort=None)

    assert (created["temperature"], created["top_p"], created["reasoning_effort"]) == (1.0, 1.0, None)


def test_integral_numbers_come_back_as_decimals(world: World) -> None:
    created = world.create(temperature=2, top_p=0)

    assert repr((created["temperature"], created["top_p"])) == "(2.0, 0.0)"


@pytest.mark.parametrize(
    ("models", "family"),
    [
        *(({}, name) for name in ("o1", "o3-mini", "o4-mini-2025-04-16", "gpt-5", "gpt-5.1-mini", "ft:o3-mini:acme")),
        *(({}, name) for name in ("gpt-4o", "gpt-4.5-preview", "gpt-3.5-turbo", "gpt-5-chat-latest", "chatgpt-4o")),
        *(({}, name) for name in ("o10", "o", "gpt-50", "my-o1", "llama-3", "azure/gpt-4o", "openai/o3", "")),
        ({"fast": "o3-mini", "gpt-4o": "o1"}, "fast"),
        ({"fast": "o3-mini", "gpt-4o": "o1"}, "gpt-4o"),
        ({"fast": "gpt-4.1"}, "fast"),
        ({"fast": "llama-3"}, "fast"),
    ],
)
def test_the_tool_and_the_server_infer_the_same_of_a_model(models: dict, family: str) -> None:
    """The server knows nothing of the tool, so the table stands in both."""
    assert server_families.reasons(family, models) is families.reasons(family, models)


def test_the_tables_of_the_tool_and_of_the_server_are_one() -> None:
    assert (server_families._REASONING, server_families._PLAIN) == (families._REASONING, families._PLAIN)


@pytest.mark.parametrize(("family", "refused"), [("o3-mini", "temperature"), ("gpt-4o", "reasoning_effort")])
def test_a_deployment_is_of_the_family_that_the_settings_say(family: str, refused: str) -> None:
    world = World(Settings(models={"fast": family}))

    error = world.refused_create(model="fast", temperature=0.5, reasoning_effort="low")

    assert (error["param"], error["code"]) == (refused, "unsupported_parameter")


def test_a_model_of_which_nothing_is_known_may_have_both(world: World) -> None:
    created = world.create(model="fast", temperature=0.5, reasoning_effort="low")

    assert (created["temperature"], created["reasoning_effort"]) == (0.5, "low")


def test_an_assistant_moves_to_a_reasoning_model_and_back(world: World) -> None:
    world.create()

    there = world.modify("asst_1", model="o3-mini", temperature=None, top_p=None)
    back = world.modify("asst_1", model="gpt-4o", reasoning_effort=None)

    assert (there["temperature"], there["reasoning_effort"]) == (None, "medium")
    assert (back["temperature"], back["reasoning_effort"]) == (1.0, None)


def test_null_returns_a_field_to_its_default(world: World) -> None:
    fields = {"name": "n", "temperature": 0.1, "metadata": {"a": "b"}, "response_format": {"type": "text"}}
    world.create(**fields)

    modified = world.modify("asst_1", **dict.fromkeys(fields))

    assert modified["name"] is None
    assert modified["temperature"] == 1.0
    assert modified["metadata"] == {}
    assert modified["response_format"] == "auto"


# --- the ways servers differ ---


def test_merging_keeps_a_key_left_out_and_null_removes_it(world: World) -> None:
    world.create(metadata={"a": "1", "b": "2"})

    assert world.modify("asst_1", metadata={"c": "3"})["metadata"] == {"a": "1", "b": "2", "c": "3"}
    assert world.modify("asst_1", metadata={"a": None, "b": ""})["metadata"] == {"b": "", "c": "3"}


def test_a_slot_freed_in_the_same_call_can_be_used(world: World) -> None:
    world.create(metadata={str(number): "" for number in range(16)})

    assert "16" in world.modify("asst_1", metadata={"0": None, "16": ""})["metadata"]


def test_where_null_is_refused_a_key_can_only_be_emptied() -> None:
    world = World(Settings(metadata="merge-empty"))
    world.create(metadata={"a": "1", "b": "2"})

    assert world.refused_modify("asst_1", metadata={"a": None})["param"] == "metadata.a"
    assert world.modify("asst_1", metadata={"a": ""})["metadata"] == {"a": "", "b": "2"}


def test_where_metadata_is_replaced_what_is_sent_is_all_there_is() -> None:
    world = World(Settings(metadata="replace"))
    world.create(metadata={"a": "1", "b": "2"})

    assert world.refused_modify("asst_1", metadata={"a": None})["code"] == "invalid_type"
    assert world.modify("asst_1", name="n")["metadata"] == {"a": "1", "b": "2"}
    assert world.modify("asst_1", metadata={"c": "3"})["metadata"] == {"c": "3"}


def test_an_upsert_returns_what_is_left_out_to_its_default() -> None:
    world = World(Settings(modify="upsert"))
    world.create(name="n", tools=[INTERPRETER], temperature=0.1)

    modified = world.modify("asst_1", description="d")

    assert modified["model"] == "gpt-4o"
    assert (modified["name"], modified["description"]) == (None, "d")
    assert (modified["tools"], modified["tool_resources"], modified["temperature"]) == ([], {}, 1.0)


def test_nulls_stand_for_everything_unset() -> None:
    world = World(Settings(echo="nulls"))

    created = world.create()

    unset = {name for name, value in created.items() if value is None}
    assert unset == {
        "name",
        "description",
        "instructions",
        "top_p",
        "temperature",
        "reasoning_effort",
        "tool_resources",
        "metadata",
        "response_format",
    }
    assert created["tools"] == []


def test_nulls_stand_for_everything_unset_within_tools() -> None:
    world = World(Settings(echo="nulls"))
    ranked = {"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 0.5}}}

    tools = world.create(tools=[FUNCTION, SEARCH, ranked, INTERPRETER])["tools"]

    assert tools == [
        {
            "type": "function",
            "function": {
                "name": "f",
                "description": None,
                "parameters": {"type": "object", "properties": {}},
                "strict": None,
            },
        },
        {"type": "file_search", "file_search": {"max_num_results": None, "ranking_options": None}},
        {
            "type": "file_search",
            "file_search": {
                "max_num_results": None,
                "ranking_options": {"ranker": None, "score_threshold": 0.5, "hybrid_search": None},
            },
        },
        INTERPRETER,
    ]


def test_nulls_stand_for_everything_unset_within_formats_and_resources() -> None:
    world = World(Settings(echo="nulls"))

    created = world.create(
        response_format={"type": "json_schema", "json_schema": {"name": "n"}},
        tool_resources={"code_interpreter": {"file_ids": ["file-1"]}},
    )

    assert world.modify("asst_1", tool_resources={"code_interpreter": None})["tool_resources"] == {
        "code_interpreter": None,
        "file_search": None,
    }
    unset = {"name": "n", "description": None, "schema": None, "strict": None}
    assert created["response_format"] == {"type": "json_schema", "json_schema": unset}
    assert created["tool_resources"] == {"code_interpreter": {"file_ids": ["file-1"]}, "file_search": None}
    assert world.modify("asst_1", response_format={"type": "text"})["response_format"] == {"type": "text"}


def test_a_server_of_nulls_takes_its_own_echo_back() -> None:
    world = World(Settings(echo="nulls"))
    created = world.create(
        tools=[FUNCTION, SEARCH],
        tool_resources={"code_interpreter": {"file_ids": None}, "file_search": {"vector_stores": None}},
        response_format="auto",
    )
    fields = {name: value for name, value in created.items() if name not in ("id", "object", "created_at")}

    assert world.modify("asst_1", **fields) == created


def test_a_sparse_server_answers_what_was_set_and_no_more() -> None:
    world = World(Settings(echo="sparse"))

    created = world.create(tools=[SEARCH], name=None)
    modified = world.modify("asst_1", metadata={"a": "b"})

    assert list(created.items())[3:] == [("name", None), ("model", "gpt-4o"), ("tools", [SEARCH])]
    assert modified == {**created, "metadata": {"a": "b"}}


# --- listing ---


@pytest.mark.parametrize(
    ("query", "found", "has_more"),
    [
        ("?before=asst_2&limit=2", "43", True),
        ("?before=asst_4&limit=2", "65", False),
        ("?order=asc&before=asst_3", "12", False),
        ("?after=asst_6&before=asst_2&limit=2", "54", True),
        ("?after=asst_6&before=asst_2", "543", False),
    ],
)
def test_a_listing_of_assistants_also_ends_before_one(world: World, query: str, found: str, has_more: bool) -> None:
    for _ in range(6):
        world.create()

    page = world.page(query)

    assert [one["id"] for one in page["data"]] == [f"asst_{number}" for number in found]
    assert page["has_more"] is has_more
