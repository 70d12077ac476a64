"""An assistant and its request say the same: each is made of the other, and what no request can say is reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses.tool_param import ToolParam
from openai.types.shared_params.reasoning import Reasoning
from pydantic import ValidationError

from reconciler.canonical import encode
from reconciler.kinds import ServerTraits
from reconciler.kinds.assistant import ASSISTANT
from reconciler.kinds.conversion import converted
from reconciler.kinds.families import EFFORTS
from reconciler.kinds.requests import TOOLS, changed_request, misfits, object_of, request_of
from reconciler.providers.responses import RESPONSES
from support.bodies import bodies
from support.official import judge_response_request

Body = dict[str, Any]
SCHEMA: Body = {"type": "object", "properties": {"city": {"type": "string"}}}
EVERYTHING: Body = {
    "model": "gpt-4o",
    "name": "HR Helper",
    "description": "Helps.",
    "instructions": "You help.\n",
    "tools": [
        {"type": "function", "function": {"name": "look_up", "description": "Looks up.", "parameters": SCHEMA}},
        {"type": "file_search", "file_search": {"max_num_results": 3, "ranking_options": {"score_threshold": 0.5}}},
        {"type": "function", "function": {"name": "bye"}},
        {"type": "code_interpreter"},
    ],
    "tool_resources": {
        "file_search": {"vector_store_ids": ["vs_1"]},
        "code_interpreter": {"file_ids": ["file_b", "file_a"]},
    },
    "metadata": {"team": "people", "area": "hr"},
    "temperature": 0.5,
    "top_p": 1,
    "reasoning_effort": "low",
    "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}},
}
REQUEST: Body = {
    "model": "gpt-4o",
    "instructions": "You help.",
    "tools": [
        {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file_a", "file_b"]}},
        {
            "type": "file_search",
            "vector_store_ids": ["vs_1"],
            "max_num_results": 3,
            "ranking_options": {"score_threshold": 0.5},
        },
        {"type": "function", "name": "bye", "parameters": {"type": "object", "properties": {}}, "strict": False},
        {
            "type": "function",
            "name": "look_up",
            "description": "Looks up.",
            "parameters": SCHEMA,
            "strict": False,
        },
    ],
    "text": {"format": {"type": "json_schema", "name": "answer", "strict": True, "schema": SCHEMA}},
    "reasoning": {"effort": "low"},
    "temperature": 0.5,
    "metadata": {"area": "hr", "team": "people"},
}


def fields(body: Mapping[str, Any]) -> Body:
    return dict(ASSISTANT.read(body))


def read_back(request: Mapping[str, Any], **beside: Any) -> Body:
    return fields({**object_of(request), **beside})


def test_a_request_has_each_field_where_the_api_wants_it_in_one_order() -> None:
    request = request_of(EVERYTHING)
    assert request == REQUEST
    assert list(request) == list(REQUEST)
    assert [list(tool)[:2] for tool in request["tools"]][2:] == [["type", "name"]] * 2  # type: ignore[union-attr,index]
    judge_response_request(request)
    assert read_back(request, name="HR Helper", description="Helps.") == fields(EVERYTHING)
    assert request_of({"model": "gpt-4o"}) == object_of({"model": "gpt-4o"}) == {"model": "gpt-4o"}


@pytest.mark.no_cover
@given(bodies())
def test_what_a_manifest_states_comes_back_from_its_request_and_the_official_package_takes_it(body: Body) -> None:
    if any(misfits(body)):
        return
    stated = ASSISTANT.manifest(fields(body))
    request = request_of(stated)
    judge_response_request(request)
    beside = {name: stated[name] for name in ("name", "description") if name in stated}
    assert encode(read_back(request, **beside)) == encode(fields(body))
    assert request_of(object_of(request)) == request
    reordered = {**stated, "tools": [*reversed(stated.get("tools", []))]}  # type: ignore[arg-type]
    assert encode(request_of(reordered)) == encode(request)


def test_what_a_hand_adds_to_a_converted_field_is_read_compared_and_kept() -> None:
    tools: list[Any] = [
        {"type": "function", "name": "f", "parameters": None, "strict": False, "output_schema": SCHEMA},
        {"type": "file_search", "vector_store_ids": ["vs_1"], "filters": {"type": "eq", "key": "area", "value": "hr"}},
        {"type": "file_search", "vector_store_ids": ["vs_2"]},
        {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}},
        {"type": "web_search", "search_context_size": "low"},
    ]
    request = {"model": "gpt-4o", "tools": tools, "text": {"format": {"type": "text"}}}
    read = read_back(request)
    assert read["tools"] == {
        "functions": {"f": {"output_schema": SCHEMA}},
        "file_search": {"filters": {"type": "eq", "key": "area", "value": "hr"}},
        "file_search#2": {"vector_store_ids": ["vs_2"]},
        "code_interpreter": {"container": {"memory_limit": "4g"}},
        "web_search": {"search_context_size": "low"},
    }
    assert read["tool_resources"] == {"file_search": {"vector_store_ids": ["vs_1"]}}
    assert read["response_format"] == {"type": "text"}
    again = request_of(object_of(request))
    assert read_back(again) == read
    judge_response_request(again)


def test_a_container_of_ones_own_stays_and_files_of_another_are_found() -> None:
    own = {"model": "m", "tools": [{"type": "code_interpreter", "container": "cntr_1"}]}
    assert read_back(own)["tools"] == {"code_interpreter": {"container": "cntr_1"}}
    assert request_of(object_of(own)) == own
    other = {"model": "m", "tools": [{"type": "code_interpreter", "container": {"type": "later"}}]}
    assert request_of(object_of(other)) == other
    bare = {"model": "m", "tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}
    assert read_back(bare)["tools"] == {"code_interpreter": {}}
    assert request_of(object_of(bare)) == bare


def test_a_function_whose_strictness_is_left_out_is_strict_as_the_api_has_it() -> None:
    request = {"model": "m", "tools": [{"type": "function", "name": "f", "parameters": SCHEMA}]}
    assert read_back(request)["tools"]["functions"]["f"]["strict"] is True


def test_a_patch_changes_its_fields_and_nothing_else_of_a_request() -> None:
    request: Body = {
        **REQUEST,
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {**REQUEST["text"], "verbosity": "low"},
        "max_output_tokens": 500,
        "include": [],
    }
    patch: Body = {"reasoning_effort": None, "response_format": "auto", "instructions": None, "name": "Other"}
    changed = changed_request(request, patch)
    assert changed == {
        **{name: value for name, value in request.items() if name != "instructions"},
        "reasoning": {"summary": "auto"},
        "text": {"verbosity": "low"},
    }
    assert [*changed][-2:] == ["include", "max_output_tokens"]
    assert changed_request(REQUEST, {"reasoning_effort": None, "tools": [], "tool_resources": {}}).keys() == (
        REQUEST.keys() - {"reasoning", "tools"}
    )
    moved = changed_request(request, {"tool_resources": {"file_search": {"vector_store_ids": ["vs_2"]}}})
    assert [tool.get("vector_store_ids") for tool in moved["tools"]] == [None, ["vs_2"], None, None]  # type: ignore[union-attr]


def test_fields_of_an_unexpected_shape_are_kept_as_they_came() -> None:
    request: Body = {"model": "m", "tools": "odd", "text": "loud", "name": "no field", "temperature": "hot"}
    assert read_back(request)["tools"] == "odd"
    assert "name" not in object_of(request)
    assert request_of(object_of(request)) == {"model": "m", "tools": "odd", "temperature": "hot"}
    odd: Body = {"model": "m", "tools": ["word", {"type": "function"}], "text": {"format": "json_schema"}}
    assert request_of(object_of(odd))["text"] == odd["text"]
    assert read_back(odd)["tools"] == ["word", {"type": "function", "function": {"strict": True}}]
    assert request_of({"model": "m", "metadata": "odd"}) == {"model": "m", "metadata": "odd"}


def test_tools_of_one_type_that_is_no_function_stay_in_their_order() -> None:
    tools: list[Any] = [{"type": "custom", "name": "b"}, {"type": "custom", "name": "a"}, {"type": "apply_patch"}]

    request = request_of({"model": "gpt-5.1", "tools": tools})

    assert request["tools"] == [tools[2], tools[0], tools[1]]
    assert read_back(request)["tools"] == fields({"model": "gpt-5.1", "tools": tools})["tools"]


def test_what_no_request_can_say_is_an_error_where_it_is_stated() -> None:
    body: Body = {
        "model": "gpt-4o",
        "tools": [{"type": "code_interpreter"}, {"type": "file_search"}, {"type": "openapi"}],
        "tool_resources": {"mcp": [{"server_label": "crm"}]},
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer"}},
    }
    traits = ServerTraits(tools={"assistant": TOOLS}, misfits={"assistant": misfits}, chooses=False)
    checked = ASSISTANT.check(body, traits)
    found = {(problem.loc, problem.code) for problem in checked.problems}
    assert {
        (("tools", 1), "unsupported-field"),
        (("tools", 2, "type"), "unknown-tool"),
        (("tool_resources", "mcp"), "unsupported-field"),
        (("response_format", "json_schema"), "unsupported-field"),
    } <= found
    assert checked.left_to_server == frozenset()
    assert not [*misfits(EVERYTHING)]
    assert not [*misfits({"model": "gpt-4o", "tool_resources": None, "tools": None})]


@pytest.mark.no_cover
@given(bodies(), st.sampled_from([None, "web_search", "openapi"]))
def test_a_migration_names_exactly_what_the_folder_rejects_and_leaves_what_it_takes(
    body: Body, more: str | None
) -> None:
    if more is not None and "response_format" not in body:
        body = {**body, "tools": [*body.get("tools", []), {"type": more}]}
    left = converted(fields(body), ASSISTANT, "responses")
    assert bool(left.unresolved) == bool(rejected(body))
    assert rejected(left.body) == []


def rejected(body: Mapping[str, Any]) -> list[str]:
    found = ASSISTANT.check(body, RESPONSES.terms).problems
    return [problem.message for problem in found if problem.severity == "error"]


def test_the_official_package_has_these_tools_and_efforts_and_no_others() -> None:
    declared = {word for tool in get_args(ToolParam) for word in get_args(get_type_hints(tool)["type"])}
    assert declared == TOOLS
    assert set(EFFORTS) == {word for one in get_args(get_type_hints(Reasoning)["effort"]) for word in get_args(one)}


def test_the_official_package_judges_members_as_well() -> None:
    with pytest.raises(ValidationError):
        judge_response_request({"model": "gpt-4o", "tools": [{"type": "function", "function": {"name": "f"}}]})
    with pytest.raises(ValidationError):
        judge_response_request({"model": "gpt-4o", "name": "HR Helper"})
