"""Manifest and live object come to one normal form, whatever the server adds, and back to what the API takes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import Json, encode, equal
from reconciler.diagnostics import Location
from reconciler.kinds import KINDS, ServerTraits
from reconciler.model import Address, Desired, Live
from reconciler.paths import Path

KIND = KINDS["assistant"]
DEFAULTS: dict[str, Json] = {field: KIND.default(field) for field in KIND.fields}
EMPTY: Json = {"type": "object", "properties": {}}
RANKED: Json = {"ranker": "default_2024_08_21", "score_threshold": 0.0, "hybrid_search": None}


def stated(body: dict[str, Json]) -> dict[str, Json]:
    """The normal form of a manifest that is in order."""
    checked = KIND.check({"model": "gpt-4o", **body}, ServerTraits())
    assert [problem for problem in checked.problems if problem.severity == "error"] == []
    return dict(checked.fields)


def echoed(body: dict[str, Json]) -> dict[str, Json]:
    """The normal form of a live object, between all that a server has of its own."""
    own: dict[str, Json] = {"id": "asst_1", "object": "assistant", "created_at": 1699009709, "model": "gpt-4o"}
    return dict(KIND.read({**own, **body, "a field of next year": {"x": [1]}}))


def function(name: str, **more: Json) -> Json:
    return {"type": "function", "function": {"name": name, **more}}


def tools(*listed: Json) -> dict[str, Json]:
    return {"tools": list(listed)}


def search(**options: Json) -> dict[str, Json]:
    return tools({"type": "file_search", "file_search": options})


def schema_format(**body: Json) -> dict[str, Json]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "a", **body}}}


ALL_DEFAULTS: dict[str, Json] = {
    "name": None,
    "description": None,
    "instructions": None,
    "tools": [],
    "tool_resources": {},
    "metadata": {},
    "temperature": 1.0,
    "top_p": 1.0,
    "response_format": "auto",
    "reasoning_effort": None,
}
SAME: dict[str, tuple[dict[str, Json], dict[str, Json]]] = {
    "all the defaults": ({}, ALL_DEFAULTS),
    "nulls": ({}, dict.fromkeys(ALL_DEFAULTS)),
    "empty texts": ({"name": ""}, {"name": None, "description": "", "instructions": ""}),
    "code_interpreter brings a list": (
        tools({"type": "code_interpreter"}),
        {**tools({"type": "code_interpreter"}), "tool_resources": {"code_interpreter": {"file_ids": []}}},
    ),
    "file_search brings ranking options": (tools({"type": "file_search"}), search(ranking_options=RANKED)),
    "file_search brings a list": (
        tools({"type": "file_search"}),
        {**tools({"type": "file_search"}), "tool_resources": {"file_search": {"vector_store_ids": []}}},
    ),
    "an empty file_search": (tools({"type": "file_search"}), search()),
    "rankers that mean the same": (
        search(ranking_options={"ranker": "auto", "score_threshold": 0}),
        search(ranking_options={"ranker": "default_2024_08_21", "score_threshold": 0.0}),
    ),
    "a ranker left out": (
        search(max_num_results=5, ranking_options={"score_threshold": 0.5}),
        search(max_num_results=5, ranking_options={"ranker": "auto", "score_threshold": 0.5, "hybrid_search": None}),
    ),
    "a function without parameters": (tools(function("a")), tools(function("a", parameters=EMPTY, strict=False))),
    "a function with empty parameters": (tools(function("a", parameters={})), tools(function("a", parameters=EMPTY))),
    "a function with parameters": (
        tools(function("a", description="x", parameters={"type": "object", "required": ["b"]})),
        tools(
            {
                "function": {
                    "strict": False,
                    "parameters": {"required": ["b"], "type": "object"},
                    "description": "x",
                    "name": "a",
                },
                "type": "function",
            }
        ),
    ),
    "auto": ({"response_format": "auto"}, {"response_format": None}),
    "text": ({"response_format": {"type": "text"}}, {"response_format": {"type": "text"}}),
    "a format that is not strict": (
        schema_format(schema={"type": "object"}),
        schema_format(schema={"type": "object"}, strict=False, description=None),
    ),
    "files in another order": (
        {
            **tools({"type": "code_interpreter"}),
            "tool_resources": {"code_interpreter": {"file_ids": ["file-b", "file-a", "file-b"]}},
        },
        {
            **tools({"type": "code_interpreter"}),
            "tool_resources": {"code_interpreter": {"file_ids": ["file-a", "file-b"]}, "file_search": None},
        },
    ),
    "tools in another order": (
        tools(function("b"), {"type": "file_search"}, function("a"), {"type": "code_interpreter"}),
        tools({"type": "code_interpreter"}, function("a"), function("b"), {"type": "file_search"}),
    ),
    "resources of a tool that went away": (
        tools(function("a")),
        {**tools(function("a")), "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}},
    ),
    "numbers": ({"temperature": 1, "top_p": 0}, {"temperature": 1.0, "top_p": 0.0}),
    "numbers within a schema": (
        tools(function("a", parameters={"minimum": 1})),
        tools(function("a", parameters={"minimum": 1.0})),
    ),
    "line ends": (
        {"instructions": "a\r\nb\rc\n\n", "description": "\ufeffx\n"},
        {"instructions": "a\nb\nc", "description": "x"},
    ),
    "line ends within": (
        tools(function("a", description="x\r\ny\n")) | schema_format(description="x\r\n"),
        tools(function("a", description="x\ny")) | schema_format(description="x"),
    ),
    "an emptied metadata value": ({"metadata": {"a": "x"}}, {"metadata": {"a": "x", "b": "", "c": None}}),
    "the marker": ({"metadata": {"a": "x"}}, {"metadata": {"a": "x", "reconciler": "v1 acme/production/hr f=1"}}),
    "resources that we do not know": (
        {**tools({"type": "bing"}), "tool_resources": {"bing": {"ids": ["b", "a", "b"], "market": "en", "x": None}}},
        {**tools({"type": "bing"}), "tool_resources": {"bing": {"ids": ["a", "b"], "market": "en", "y": []}}},
    ),
    "null members of a tool we do not know": (
        tools({"type": "bing", "bing": {"x": None}}),
        tools({"type": "bing", "y": None, "bing": {"x": None}}),
    ),
}
DIFFERENT: dict[str, tuple[dict[str, Json], dict[str, Json]]] = {
    "temperature": ({"temperature": 0}, {"temperature": 1}),
    "boolean for a number": ({"temperature": 1}, {"temperature": True}),
    "auto and text": ({}, {"response_format": {"type": "text"}}),
    "white space within": ({"instructions": "a b"}, {"instructions": "a  b"}),
    "white space at the end of a line": ({"instructions": "a\nb"}, {"instructions": "a \nb"}),
    "white space before": ({"instructions": "a"}, {"instructions": "\na"}),
    "strict": (tools(function("a")), tools(function("a", strict=True))),
    "parameters": (
        tools(function("a")),
        tools(function("a", parameters={"type": "object", "properties": {}, "additionalProperties": False})),
    ),
    "the order of a schema's list": (
        tools(function("a", parameters={"required": ["b", "c"]})),
        tools(function("a", parameters={"required": ["c", "b"]})),
    ),
    "a description": (tools(function("a")), tools(function("a", description="x"))),
    "a member of a function that we do not know": (tools(function("a")), tools(function("a", cache=True))),
    "a member beside the function": (
        tools(function("a")),
        tools({"type": "function", "function": {"name": "a"}, "cache": True}),
    ),
    "a member beside file_search": (
        tools({"type": "file_search"}),
        tools({"type": "file_search", "file_search": {}, "cache": True}),
    ),
    "hybrid search": (tools({"type": "file_search"}), search(ranking_options={"hybrid_search": {"weight": 1}})),
    "a score": (tools({"type": "file_search"}), search(ranking_options={"score_threshold": 0.1})),
    "a member of code_interpreter": (
        tools({"type": "code_interpreter"}),
        tools({"type": "code_interpreter", "memory": 4}),
    ),
    "a second tool of a type": (tools({"type": "bing"}), tools({"type": "bing"}, {"type": "bing"})),
    "a case": (tools(function("a")), tools(function("A"))),
    "a file": (
        tools({"type": "code_interpreter"}),
        {**tools({"type": "code_interpreter"}), "tool_resources": {"code_interpreter": {"file_ids": ["a"]}}},
    ),
    "metadata": ({"metadata": {"a": "x"}}, {"metadata": {"a": "y"}}),
    "a strict format": (schema_format(), schema_format(strict=True)),
    "a member of a format that we do not know": (
        {"response_format": {"type": "text"}},
        {"response_format": {"type": "text", "syntax": "x"}},
    ),
}


@pytest.mark.parametrize(("manifest", "live"), SAME.values(), ids=SAME)
def test_what_the_server_adds_or_rewrites_is_no_difference(manifest: dict[str, Json], live: dict[str, Json]) -> None:
    assert encode(stated(manifest)) == encode(echoed(live))


@pytest.mark.parametrize(("manifest", "live"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_means_something_is_a_difference(manifest: dict[str, Json], live: dict[str, Json]) -> None:
    assert encode(stated(manifest)) != encode(echoed(live))


@pytest.mark.parametrize(
    ("listed", "paths"),
    [
        ([function("lookup"), {"type": "file_search"}], {"functions": {"lookup": {}}, "file_search": {}}),
        (
            [{"type": "bing"}, {"type": "bing", "x": 1}, {"type": "bing"}],
            {"bing": {}, "bing#2": {"x": 1}, "bing#3": {}},
        ),
        ([{"type": "functions"}, function("a")], {"functions#1": {}, "functions": {"a": {}}}),
        ([{"type": "bing"}, {"type": "bing#2"}, {"type": "bing"}], {"bing": {}, "bing#2#1": {}, "bing#2": {}}),
        ([{"type": "a#"}, {"type": "a#"}], {"a##1": {}, "a##2": {}}),
        ([function("a"), function("a")], {"functions": {"a": {}, "a#2": {}}}),
        ([function("a#2"), function("a"), function("a")], {"functions": {"a#2#1": {}, "a": {}, "a#2": {}}}),
    ],
)
def test_tools_are_named_by_function_or_type(listed: list[Json], paths: Json) -> None:
    """A second of one name has an ordinal, and a name that looks like one with an ordinal has one as well."""
    assert equal(echoed({"tools": listed})["tools"], paths)


@pytest.mark.parametrize(
    "listed",
    [
        [function("a", description="x", strict=True, parameters={"type": "object"})],
        [{"type": "file_search"}, {"type": "code_interpreter"}],
        [{"type": "bing"}, {"type": "bing#2"}, {"type": "bing"}, {"type": "functions"}, {"type": "a#"}],
        [function("a#2"), function("a"), function("a")],
        [{"type": "bing", "(tool)": {"type": "x"}, "y": {"file_search": 1}}],
        [{"type": "function", "function": {"name": "a"}, "cache": True}],
        [{"type": "file_search", "file_search": {"max_num_results": 3}, "cache": True}],
        [{"type": "file_search", "cache": True}],
        [{"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 0.5, "ranker": "x"}}}],
        [{"type": "code_interpreter", "memory": 4}],
    ],
)
def test_tools_are_sent_as_they_were(listed: list[Json]) -> None:
    sent = KIND.wire("tools", echoed({"tools": listed})["tools"], None)

    assert isinstance(sent, list)
    assert sorted(map(encode, sent)) == sorted(map(encode, listed))


def test_ranking_options_are_sent_with_the_score_that_the_api_requires() -> None:
    normal = stated(search(ranking_options={"ranker": "auto", "score_threshold": 0}, max_num_results=3))
    other = echoed(search(ranking_options={"hybrid_search": 1}))

    assert KIND.wire("tools", normal["tools"], None) == [{"type": "file_search", "file_search": {"max_num_results": 3}}]
    assert KIND.wire("tools", other["tools"], None) == [
        {"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 0, "hybrid_search": 1}}}
    ]


ODD: dict[str, tuple[str, Json]] = {
    "model": ("model", 3),
    "name": ("name", ["x"]),
    "tools": ("tools", {"type": "file_search"}),
    "a tool": ("tools", ["file_search"]),
    "a function without a body": ("tools", [{"type": "function"}]),
    "a function without a name": ("tools", [{"type": "function", "function": {}}]),
    "options": ("tools", [{"type": "file_search", "file_search": "x"}]),
    "parameters": ("tools", [{"type": "function", "function": {"name": "a", "parameters": "{}"}}]),
    "resources": ("tool_resources", "x"),
    "a list of ids": ("tool_resources", {"file_search": {"vector_store_ids": "vs_1"}}),
    "metadata": ("metadata", ["x"]),
    "temperature": ("temperature", {"x": 1}),
    "format": ("response_format", 3),
    "format without a type": ("response_format", {}),
}


@pytest.mark.parametrize(("field", "value"), ODD.values(), ids=ODD)
def test_a_live_field_of_an_unexpected_shape_is_kept_as_it_came(field: str, value: Json) -> None:
    found = echoed({"description": "x", field: value})

    assert found[field] == value
    assert {**DEFAULTS, "model": "gpt-4o", "description": "x", field: value} == found


def test_odd_metadata_is_kept_without_the_marker() -> None:
    found = KIND.read({"metadata": {"a": 1, "b": ["x"], "reconciler": "v1 a/b/c"}, "model": 3})

    assert (found["metadata"], found["model"]) == ({"a": 1, "b": ["x"]}, 3)


def test_metadata_without_text_for_keys_is_kept_without_the_marker() -> None:
    raw: dict[str, Json] = {"metadata": json.loads('{"reconciler": "v1 a/b/c", "x": [1]}'), "tools": "x"}
    raw["metadata"] = {1: "x", "reconciler": "y"}  # type: ignore[dict-item]  # no server can, a caller may

    assert KIND.read(raw)["metadata"] == {1: "x"}


LIVE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "function", "name", "file_search", "ranking_options", "(tool)", "x"]), inner
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from([*KIND.fields, "id", "x"]), LIVE))
def test_no_live_object_is_too_odd_to_be_read(raw: dict[str, Json]) -> None:
    found = KIND.read(raw)

    assert tuple(found) == KIND.fields
    assert encode(dict(found))
    assert [KIND.members(field, found[field]) for field in KIND.fields]
    assert set(KIND.manifest(found)) <= set(KIND.fields)


NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
TEXT = st.text(max_size=12) | st.sampled_from(["a\r\nb\n", "\ufeff\ufeffa", "\r", "\n\ufeff\n", " a "])
SCHEMA = st.sampled_from([{}, EMPTY, {"type": "object", "properties": {"a": {"type": "string"}}}, {"minimum": 1.0}])
TOOLS = st.one_of(
    st.builds(
        lambda name, more: function(name, **more),
        NAMES,
        st.fixed_dictionaries(
            {},
            optional={"description": st.none() | TEXT, "parameters": SCHEMA, "strict": st.sampled_from([None, False])},
        ),
    ),
    st.builds(
        lambda options: {"type": "file_search", "file_search": options},
        st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "max_num_results": st.none() | st.integers(1, 50),
                "ranking_options": st.none()
                | st.fixed_dictionaries(
                    {"score_threshold": st.floats(0, 1)},
                    optional={"ranker": st.sampled_from([None, "auto", "default_2024_08_21"])},
                ),
            },
        ),
    ),
    st.builds(lambda kind, more: {"type": kind, **more}, NAMES, st.dictionaries(NAMES, LIVE, max_size=2)),
    st.just({"type": "code_interpreter"}),
)
FORMATS = st.sampled_from([None, "auto", {"type": "text"}, {"type": "json_object"}]) | st.builds(
    lambda more: {"type": "json_schema", "json_schema": {"name": "a", **more}},
    st.fixed_dictionaries(
        {}, optional={"description": TEXT, "schema": SCHEMA, "strict": st.sampled_from([None, False])}
    ),
)
BODIES = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-4o", "o3-mini", "my-deploy"])},
    optional={
        "name": st.none() | TEXT,
        "description": st.none() | TEXT,
        "instructions": st.none() | TEXT,
        "tools": st.none()
        | st.lists(TOOLS, max_size=5, unique_by=lambda tool: (tool["type"], str(tool.get("function")))),
        "tool_resources": st.none()
        | st.fixed_dictionaries({"code_interpreter": st.fixed_dictionaries({"file_ids": st.lists(TEXT, max_size=3)})}),
        "metadata": st.none() | st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=4),
        "temperature": st.none() | st.floats(0, 2) | st.integers(0, 2),
        "top_p": st.none() | st.floats(0, 1),
        "response_format": FORMATS,
        "reasoning_effort": st.sampled_from([None, "low"]),
    },
)


@given(BODIES)
def test_what_is_sent_and_echoed_has_the_form_it_was_sent_in(body: dict[str, Json]) -> None:
    wanted = KIND.check(body, ServerTraits()).fields
    sent = {field: KIND.wire(field, wanted[field], None) for field in KIND.fields}
    found = KIND.read(json.loads(json.dumps(sent)))

    assert {field: encode(found[field]) for field in KIND.fields} == {
        field: encode(wanted[field]) for field in KIND.fields
    }


@given(BODIES)
def test_a_live_object_as_a_manifest_asks_for_what_is_live(body: dict[str, Json]) -> None:
    live = KIND.read(body)
    manifest = KIND.manifest(live)
    again = KIND.check(manifest, ServerTraits()).fields

    assert encode(dict(again)) == encode(dict(live))
    assert encode(KIND.manifest(again)) == encode(manifest)


def test_a_manifest_states_what_is_not_default_in_the_order_of_the_fields() -> None:
    live = echoed(
        {"temperature": 0.0, "tools": [function("a", parameters=EMPTY, strict=False)], "name": "HR", "metadata": {}}
    )

    assert list(KIND.manifest(live).items()) == [
        ("model", "gpt-4o"),
        ("name", "HR"),
        ("tools", [{"type": "function", "function": {"name": "a"}}]),
        ("temperature", 0),
    ]


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ({"model": "gpt-4o"}, {"reasoning_effort"}),
        ({"model": "o3-mini"}, {"reasoning_effort", "temperature", "top_p"}),
        ({"model": "o3-mini", "temperature": 0, "top_p": None}, {"reasoning_effort", "top_p"}),
        ({"model": "o3-mini", "reasoning_effort": "low"}, {"temperature", "top_p"}),
        ({"model": "my-deploy"}, {"reasoning_effort"}),
    ],
)
def test_what_the_server_chooses_is_left_to_it_where_the_manifest_is_silent(
    body: dict[str, Json], left: set[str]
) -> None:
    assert KIND.check(body, ServerTraits()).left_to_server == {(name,) for name in left}
    assert {(name,) for name in left} <= set(KIND.chosen)


@pytest.mark.parametrize(
    ("field", "value", "members"),
    [
        ("name", "HR", {("name",): "HR"}),
        ("metadata", {"a": "x", "b.c": "y"}, {("metadata", "a"): "x", ("metadata", "b.c"): "y"}),
        (
            "tools",
            {"file_search": {}, "functions": {"a": {"strict": True}, "b": {}}},
            {
                ("tools", "file_search"): {},
                ("tools", "functions", "a"): {"strict": True},
                ("tools", "functions", "b"): {},
            },
        ),
        ("tools", [], {("tools",): []}),
        ("tools", {"functions": []}, {("tools", "functions"): []}),
        ("tool_resources", {"a": {}}, {("tool_resources",): {"a": {}}}),
    ],
)
def test_tools_and_metadata_are_attributed_member_by_member(field: str, value: Json, members: dict[Path, Json]) -> None:
    assert KIND.members(field, value) == members


def live(body: dict[str, Json]) -> Live:
    return Live("assistant", "asst_1", KIND.read(body), body)


def desired(body: dict[str, Json]) -> Desired:
    checked = KIND.check(body, ServerTraits())
    return Desired(Address("assistant", "hr"), checked.fields, Location("hr.yaml"), checked.left_to_server)


STORE: Json = {"file_search": {"vector_store_ids": ["vs_1"]}}


@pytest.mark.parametrize(
    ("before", "wanted", "sent"),
    [
        (STORE, STORE, STORE),
        (STORE, {}, {"file_search": {"vector_store_ids": []}}),
        (
            STORE,
            {"code_interpreter": {"file_ids": ["a"]}},
            {"code_interpreter": {"file_ids": ["a"]}, "file_search": {"vector_store_ids": []}},
        ),
        ({"file_search": {"vector_store_ids": []}, "code_interpreter": None}, {}, {}),
        (
            {"bing": {"ids": ["x"], "others": ["y"], "name": "z"}},
            {"bing": {"ids": ["w"]}},
            {"bing": {"ids": ["w"], "others": []}},
        ),
        (None, STORE, STORE),
        ("odd", STORE, STORE),
        ({"file_search": {"vector_store_ids": "odd"}}, {}, {}),
        (
            {"file_search": {"vector_store_ids": ["vs_1"]}},
            {"file_search": "odd"},
            {"file_search": {"vector_store_ids": []}},
        ),
    ],
)
def test_resources_that_go_away_are_cleared(before: Json, wanted: Json, sent: Json) -> None:
    assert KIND.wire("tool_resources", wanted, live({"tool_resources": before})) == sent


@pytest.mark.parametrize(
    ("field", "value"), [("name", "HR"), ("tools", "odd"), ("tool_resources", "odd"), ("metadata", {"a": "x"})]
)
def test_other_values_are_sent_as_they_are(field: str, value: Json) -> None:
    assert KIND.wire(field, value, live({})) == value


SAMPLED: dict[str, Json] = {"model": "gpt-4o", "temperature": 0.5, "top_p": 1.0, "reasoning_effort": None}
REASONED: dict[str, Json] = {"model": "o3-mini", "temperature": None, "top_p": None, "reasoning_effort": "low"}
SEARCHING: dict[str, Json] = {"tools": [{"type": "file_search"}]}


@pytest.mark.parametrize(
    ("body", "before", "changed", "companions"),
    [
        ({"model": "o3-mini"}, SAMPLED, {"model"}, {}),
        ({"model": "m"}, {**SEARCHING, "tool_resources": STORE}, {"tools"}, {}),
        ({"model": "m", **SEARCHING}, {"tool_resources": STORE}, {"tools"}, {"tool_resources": STORE}),
        ({"model": "m", **SEARCHING}, {"tool_resources": STORE}, {"tools", "tool_resources"}, {}),
        ({"model": "m", **SEARCHING}, {"tool_resources": {"file_search": {"vector_store_ids": []}}}, {"tools"}, {}),
        ({"model": "m", **SEARCHING, "tool_resources": STORE}, {"tool_resources": STORE}, {"tools"}, {}),
        ({"model": "m", **SEARCHING}, {"tool_resources": STORE}, {"name"}, {}),
        ({"model": "m", **SEARCHING}, {}, {"tools"}, {}),
    ],
)
def test_companions_travel_with_what_they_depend_on(
    body: dict[str, Json], before: dict[str, Json], changed: set[str], companions: dict[str, Json]
) -> None:
    assert KIND.companions(desired(body), live(before), frozenset(changed)) == companions


@pytest.mark.parametrize(
    ("body", "before", "changed", "ignored", "reset"),
    [
        ({"model": "o3-mini"}, SAMPLED, {"model"}, "", {"temperature", "top_p"}),
        ({"model": "o3-mini"}, SAMPLED, {"model", "temperature"}, "", {"temperature", "top_p"}),
        ({"model": "o3-mini", "temperature": 0.5}, SAMPLED, {"model"}, "", {"top_p"}),
        ({"model": "o3"}, REASONED, {"model"}, "", {"reasoning_effort"}),
        ({"model": "o3", "reasoning_effort": "low"}, REASONED, {"model"}, "", set()),
        ({"model": "gpt-4o"}, REASONED, {"model"}, "", {"reasoning_effort"}),
        ({"model": "gpt-4o"}, REASONED, {"name", "reconciler"}, "", set()),
        ({"model": "o3-mini"}, {"model": "gpt-4o"}, {"model"}, "", set()),
        ({"model": "o3-mini"}, SAMPLED, {"model"}, "temperature", {"temperature", "top_p"}),
        ({"model": "o3"}, REASONED, {"model"}, "reasoning_effort", set()),
        ({"model": "gpt-4o"}, REASONED, {"model"}, "reasoning_effort", {"reasoning_effort"}),
    ],
)
def test_what_the_server_chose_is_reset_with_the_model_but_for_what_is_ignored_and_would_be_taken(
    body: dict[str, Json], before: dict[str, Json], changed: set[str], ignored: str, reset: set[str]
) -> None:
    one = replace(desired(body), ignore=((ignored,),) if ignored else ())

    assert KIND.resets(one, live(before), frozenset(changed)) == {(name,) for name in reset}


def test_fields_keep_their_place_for_ever() -> None:
    assert KIND.fields == (
        "model",
        "name",
        "description",
        "instructions",
        "tools",
        "tool_resources",
        "metadata",
        "temperature",
        "top_p",
        "response_format",
        "reasoning_effort",
    )
    assert (KIND.name, KIND.form) == ("assistant", 1)


def test_what_is_taken_out_leaves_no_empty_mapping_behind() -> None:
    assert KIND.tidy("tools", {"functions": {}, "file_search": {}}) == {"file_search": {}}
    assert KIND.tidy("tool_resources", {"file_search": {}}) == {}
    assert KIND.tidy("tools", "odd") == "odd"
