"""Every limit of every field, at the limit and one beyond; every rule between fields; errors and warnings."""

from __future__ import annotations

import pytest

from reconciler.canonical import Json
from reconciler.diagnostics import CODES
from reconciler.kinds import KINDS, Problem, ServerTraits

KIND = KINDS["assistant"]
BODY: dict[str, Json] = {"model": "gpt-4o"}
LISTED = ServerTraits(tools={"assistant": frozenset({"code_interpreter", "function"})})


def problems(
    body: dict[str, Json], terms: ServerTraits | None = None, unread: tuple[str, ...] = ()
) -> tuple[Problem, ...]:
    found = KIND.check({**BODY, **body}, terms or ServerTraits(), unread).problems
    assert all(problem.code in CODES and problem.message and problem.remedy for problem in found)
    return found


def told(body: dict[str, Json], terms: ServerTraits | None = None, unread: tuple[str, ...] = ()) -> list[str]:
    """Each problem's path and code."""
    return [f"{'.'.join(map(str, one.loc))} {one.code}" for one in problems(body, terms, unread)]


def function(name: str, **more: Json) -> Json:
    return {"type": "function", "function": {"name": name, **more}}


def search(**options: Json) -> dict[str, Json]:
    return {"tools": [{"type": "file_search", "file_search": options}]}


def ranking(**options: Json) -> dict[str, Json]:
    return search(ranking_options=options)


def schema_format(**body: Json) -> dict[str, Json]:
    return {"response_format": {"type": "json_schema", "json_schema": body}}


def files(count: int) -> dict[str, Json]:
    ids: list[Json] = [f"file-{number}" for number in range(count)]
    return {"tools": [{"type": "code_interpreter"}], "tool_resources": {"code_interpreter": {"file_ids": ids}}}


def stores(*ids: Json) -> dict[str, Json]:
    return {"tools": [{"type": "file_search"}], "tool_resources": {"file_search": {"vector_store_ids": list(ids)}}}


def pairs(count: int) -> dict[str, Json]:
    return {"metadata": {str(number): "x" for number in range(count)}}


AT_THE_LIMIT: dict[str, dict[str, Json]] = {
    "name": {"name": "x" * 256},
    "name with a final newline": {"name": "x" * 256 + "\n"},
    "description": {"description": "x" * 512},
    "instructions": {"instructions": "x" * 256_000},
    "instructions as files end": {"instructions": "\ufeff" + "x" * 255_999 + "\r\n\r\n"},
    "characters of several bytes": {"name": "😀" * 256},
    "no tools": {"tools": []},
    "tools": {"tools": [function(f"f{number}") for number in range(128)]},
    "function name": {"tools": [function("aZ09_-" + "x" * 58)]},
    "shortest function name": {"tools": [function("x")]},
    "fewest found": search(max_num_results=1),
    "most found": search(max_num_results=50),
    "lowest score": ranking(score_threshold=0),
    "highest score": ranking(score_threshold=1, ranker="auto"),
    "the other ranker": ranking(score_threshold=0.5, ranker="default_2024_08_21"),
    "files": files(20),
    "stores": stores("vs_1"),
    "metadata pairs": pairs(15),
    "metadata key": {"metadata": {"x" * 64: "x"}},
    "metadata value": {"metadata": {"a": "x" * 512}},
    "lowest temperature": {"temperature": 0},
    "highest temperature": {"temperature": 2},
    "lowest top_p": {"top_p": 0},
    "highest top_p": {"top_p": 1.0},
    "format name": schema_format(name="aZ09_-" + "x" * 58),
    "format as a word": {"response_format": "auto"},
    "format text": {"response_format": {"type": "text"}},
    "format with a null": {"response_format": {"type": "text", "json_schema": None}},
    "null everywhere": {**dict.fromkeys(KIND.fields), "model": "gpt-4o"},
}
BEYOND: dict[str, tuple[dict[str, Json], str]] = {
    "name": ({"name": "x" * 257}, "name too-large"),
    "description": ({"description": "x" * 513}, "description too-large"),
    "instructions": ({"instructions": "x" * 256_001}, "instructions too-large"),
    "tools": ({"tools": [function(f"f{number}") for number in range(129)]}, "tools too-large"),
    "long function name": ({"tools": [function("x" * 65)]}, "tools.0.function.name bad-name"),
    "empty function name": ({"tools": [function("")]}, "tools.0.function.name bad-name"),
    "function name with a space": ({"tools": [function("a b")]}, "tools.0.function.name bad-name"),
    "function name with a newline": ({"tools": [function("a\n")]}, "tools.0.function.name bad-name"),
    "function name with a foreign letter": ({"tools": [function("é")]}, "tools.0.function.name bad-name"),
    "too few found": (search(max_num_results=0), "tools.0.file_search.max_num_results too-small"),
    "too many found": (search(max_num_results=51), "tools.0.file_search.max_num_results too-large"),
    "score too low": (
        ranking(score_threshold=-0.1),
        "tools.0.file_search.ranking_options.score_threshold too-small",
    ),
    "score too high": (
        ranking(score_threshold=1.01),
        "tools.0.file_search.ranking_options.score_threshold too-large",
    ),
    "ranker": (
        ranking(score_threshold=0, ranker="atuo"),
        "tools.0.file_search.ranking_options.ranker unknown-value",
    ),
    "no score": (ranking(ranker="auto"), "tools.0.file_search.ranking_options missing-field"),
    "files": (files(21), "tool_resources.code_interpreter.file_ids too-large"),
    "stores": (stores("vs_1", "vs_2"), "tool_resources.file_search.vector_store_ids too-large"),
    "metadata pairs": (pairs(16), "metadata metadata-pairs"),
    "long metadata key": ({"metadata": {"x" * 65: "x"}}, f"metadata.{'x' * 65} too-large"),
    "empty metadata key": ({"metadata": {"": "x"}}, "metadata. too-small"),
    "long metadata value": ({"metadata": {"a": "x" * 513}}, "metadata.a too-large"),
    "empty metadata value": ({"metadata": {"a": ""}}, "metadata.a too-small"),
    "metadata null": ({"metadata": {"a": None}}, "metadata.a wrong-type"),
    "metadata number": ({"metadata": {"a": 1}}, "metadata.a wrong-type"),
    "metadata boolean": ({"metadata": {"a": False}}, "metadata.a wrong-type"),
    "metadata list": ({"metadata": {"a": []}}, "metadata.a wrong-type"),
    "the marker's key": ({"metadata": {"reconciler": "x"}}, "metadata.reconciler reserved-metadata"),
    "low temperature": ({"temperature": -0.01}, "temperature too-small"),
    "high temperature": ({"temperature": 2.01}, "temperature too-large"),
    "low top_p": ({"top_p": -1}, "top_p too-small"),
    "high top_p": ({"top_p": 1.01}, "top_p too-large"),
    "long format name": (schema_format(name="x" * 65), "response_format.json_schema.name bad-name"),
    "empty format name": (schema_format(name=""), "response_format.json_schema.name bad-name"),
    "format without schema": ({"response_format": {"type": "json_schema"}}, "response_format missing-field"),
    "format with another's schema": (
        {"response_format": {"type": "text", "json_schema": {"name": "a"}}},
        "response_format.json_schema unknown-field",
    ),
    "format type": ({"response_format": {"type": "json"}}, "response_format.type unknown-value"),
    "format type with a schema": (
        {"response_format": {"type": "json_shema", "json_schema": {"name": "a"}}},
        "response_format.type unknown-value",
    ),
    "format word": ({"response_format": "json_object"}, "response_format unknown-value"),
    "another format word": ({"response_format": ""}, "response_format unknown-value"),
}


@pytest.mark.parametrize("body", AT_THE_LIMIT.values(), ids=AT_THE_LIMIT)
def test_what_is_within_every_limit_is_in_order(body: dict[str, Json]) -> None:
    assert told(body) == []


@pytest.mark.parametrize(("body", "problem"), BEYOND.values(), ids=BEYOND)
def test_what_is_beyond_a_limit_is_one_error(body: dict[str, Json], problem: str) -> None:
    assert told(body) == [problem]
    assert [one.severity for one in problems(body)] == ["error"]


@pytest.mark.parametrize("effort", ["none", "minimal", "low", "medium", "high", "xhigh", "max", None])
def test_every_reasoning_effort_of_the_api_is_taken(effort: Json) -> None:
    assert told({"model": "o3-mini", "reasoning_effort": effort}) == []


@pytest.mark.parametrize("effort", ["hgih", "", "HIGH"])
def test_any_other_reasoning_effort_is_not(effort: Json) -> None:
    assert told({"model": "o3-mini", "reasoning_effort": effort}) == ["reasoning_effort unknown-value"]


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        ({"response_format": "text"}, "write `{type: text}`"),
        ({"response_format": "Auto"}, "did you mean `auto`?"),
        ({"response_format": {"type": "json_shema"}}, "did you mean `json_schema`?"),
        ({"reasoning_effort": "meduim", "model": "o1"}, "did you mean `medium`?"),
        ({"temperature": 3}, "the API takes 0 to 2"),
        (ranking(score_threshold=0, ranker="atuo"), "did you mean `auto`?"),
        ({"metadata": {"a": ""}}, "leave the key out"),
        (
            {"metadata": {"a": False}},
            "put it in quotes: YAML reads `no`, `on` and plain numbers as something other than text",
        ),
    ],
)
def test_a_remedy_says_what_to_write(body: dict[str, Json], remedy: str) -> None:
    assert [problem.remedy for problem in problems(body)] == [remedy]


def test_the_markers_key_does_not_count_as_a_pair_of_the_users() -> None:
    body: dict[str, Json] = {"metadata": {**dict.fromkeys(map(str, range(15)), "x"), "reconciler": "x"}}

    assert told(body) == ["metadata.reconciler reserved-metadata"]


def test_a_long_name_is_not_repeated_in_full() -> None:
    (problem,) = problems({"tools": [function("x" * 10_000)]})

    assert len(problem.message) < 150


@pytest.mark.parametrize(
    ("tools", "told_of"),
    [
        ([function("a"), function("b")], []),
        ([function("a"), function("A")], []),
        ([function("a"), function("b"), function("a")], ["tools.2.function.name duplicate-function"]),
        ([{"type": "file_search"}, {"type": "code_interpreter"}], []),
        ([{"type": "file_search"}, {"type": "file_search"}], ["tools.1 unknown-tool"]),
        ([{"type": "code_interpreter"}] * 3, ["tools.1 unknown-tool", "tools.2 unknown-tool"]),
    ],
)
def test_a_tool_is_there_once(tools: Json, told_of: list[str]) -> None:
    assert told({"tools": tools}) == told_of


def test_a_tool_of_unknown_type_is_a_warning_and_may_come_twice() -> None:
    found = problems({"tools": [{"type": "bing", "bing": {"key": 1}}, {"type": "bing"}]})

    assert [(problem.code, problem.severity) for problem in found] == [("unknown-tool", "warning")] * 2


def test_a_tool_of_agents_is_told_as_that() -> None:
    [listed], [sent] = (problems({"tools": [{"type": "web_search"}]}, traits) for traits in (LISTED, ServerTraits()))

    assert listed.remedy == sent.remedy
    assert listed.remedy.startswith("only agents have it")


@pytest.mark.parametrize("kind", ["bing", "file_search"])
def test_a_tool_that_the_server_does_not_list_is_an_error(kind: str) -> None:
    found = problems({"tools": [{"type": kind}, function("a"), {"type": "code_interpreter"}]}, LISTED)

    assert [(problem.loc, problem.code, problem.severity) for problem in found] == [
        (("tools", 0, "type"), "unknown-tool", "error")
    ]


@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
@pytest.mark.parametrize("tool", ["code_interpreter", "file_search"])
def test_json_formats_go_with_functions_only(kind: str, tool: str) -> None:
    body: dict[str, Json] = {
        "instructions": "Answer in JSON.",
        "response_format": {"type": kind, **({"json_schema": {"name": "a"}} if kind == "json_schema" else {})},
    }

    assert told({**body, "tools": [function("a"), {"type": tool}]}) == ["tools.1 tool-format"]
    assert told({**body, "tools": [function("a")]}) == []
    assert told({"tools": [{"type": tool}], "response_format": {"type": "text"}}) == []


@pytest.mark.parametrize(
    ("resources", "told_of"),
    [
        ({"file_search": {"vector_store_ids": ["vs_1"]}}, ["tool_resources.file_search resource-without-tool"]),
        ({"code_interpreter": {"file_ids": ["file-1"]}}, ["tool_resources.code_interpreter resource-without-tool"]),
        ({"code_interpreter": {"file_ids": []}, "file_search": {}}, []),
        ({"code_interpreter": None}, []),
        ({}, []),
        (None, []),
        ({"bing": {"ids": ["x"]}}, ["tool_resources.bing unknown-field"]),
    ],
)
def test_resources_want_their_tool(resources: Json, told_of: list[str]) -> None:
    assert told({"tool_resources": resources}) == told_of


def test_a_tool_of_unknown_type_may_have_resources() -> None:
    body: dict[str, Json] = {"tools": [{"type": "bing"}], "tool_resources": {"bing": {"ids": ["b", "a"]}}}

    assert told(body) == ["tools.0.type unknown-tool"]
    assert KIND.check({**BODY, **body}, ServerTraits()).fields["tool_resources"] == {"bing": {"ids": ["a", "b"]}}


@pytest.mark.parametrize(
    ("instructions", "told_of"),
    [
        ("Answer in JSON.", []),
        ("a jsonish answer", []),
        ("Answer.", ["response_format json-not-mentioned"]),
        (None, ["response_format json-not-mentioned"]),
    ],
)
def test_json_mode_without_the_word_is_a_warning(instructions: Json, told_of: list[str]) -> None:
    body: dict[str, Json] = {"instructions": instructions, "response_format": {"type": "json_object"}}

    assert told(body) == told_of
    assert {problem.severity for problem in problems(body)} <= {"warning"}


@pytest.mark.parametrize(
    "model", ["o1", "o3-mini", "o4-mini-2025-04-16", "gpt-5", "gpt-5.1", "gpt-5-mini", "openai/o3", "ft:o4-mini:acme"]
)
def test_models_that_reason_refuse_sampling(model: str) -> None:
    found = problems({"model": model, "temperature": 1, "top_p": 0, "reasoning_effort": "low"})

    assert [(problem.loc, problem.code, problem.severity) for problem in found] == [
        (("temperature",), "model-family", "warning"),
        (("top_p",), "model-family", "warning"),
    ]


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-mini", "gpt-3.5-turbo", "gpt-5-chat-latest", "ft:gpt-4o:acme"])
def test_models_that_do_not_reason_refuse_an_effort(model: str) -> None:
    found = problems({"model": model, "temperature": 0, "top_p": 1, "reasoning_effort": "low"})

    assert [(problem.loc, problem.code, problem.severity) for problem in found] == [
        (("reasoning_effort",), "model-family", "warning")
    ]


@pytest.mark.parametrize("model", ["my-deploy", "o", "only", "gpt-6", "llama-3", "ogre1"])
def test_a_name_that_says_nothing_is_not_guessed_at(model: str) -> None:
    assert told({"model": model, "temperature": 0.2, "reasoning_effort": "low"}) == []


@pytest.mark.parametrize(
    ("family", "told_of"), [("gpt-4o", ["reasoning_effort model-family"]), ("o3", ["temperature model-family"])]
)
def test_a_deployment_has_the_family_it_was_given(family: str, told_of: list[str]) -> None:
    terms = ServerTraits(families={"my-deploy": family})

    assert told({"model": "my-deploy", "temperature": 0.2, "reasoning_effort": "low"}, terms) == told_of


OPEN: Json = {"type": "object", "properties": {"a": {}}}


@pytest.mark.parametrize(
    ("body", "told_of"),
    [
        ({"tools": [function("a", parameters={"type": "objekt"})]}, ["tools.0.function.parameters.type bad-schema"]),
        ({"tools": [function("a", parameters=OPEN)]}, []),
        ({"tools": [function("a", parameters=OPEN, strict=False)]}, []),
        ({"tools": [function("a", parameters=OPEN, strict=True)]}, ["tools.0.function.parameters not-strict"] * 2),
        ({"tools": [function("a", strict=True)]}, []),
        (schema_format(name="a", schema={"$ref": "x"}), ["response_format.json_schema.schema.$ref foreign-schema"]),
        (schema_format(name="a", schema=OPEN), []),
        (schema_format(name="a", schema=OPEN, strict=True), ["response_format.json_schema.schema not-strict"] * 2),
        (schema_format(name="a", strict=True), []),
    ],
)
def test_schemas_are_judged_where_they_stand(body: dict[str, Json], told_of: list[str]) -> None:
    found = KIND.check({**BODY, **body}, ServerTraits()).problems

    assert [f"{'.'.join(map(str, one.loc))} {one.code}" for one in found] == told_of


WRONG: dict[str, tuple[dict[str, Json], list[str]]] = {
    "model": ({"model": 4}, ["model wrong-type"]),
    "no model": ({"model": None}, ["model missing-field"]),
    "empty model": ({"model": ""}, ["model missing-field"]),
    "name": ({"name": False}, ["name wrong-type"]),
    "unknown field": ({"temprature": 1}, ["temprature unknown-field"]),
    "temperature as text": ({"temperature": "1"}, ["temperature wrong-type"]),
    "temperature as boolean": ({"temperature": True}, ["temperature wrong-type"]),
    "temperature as nothing finite": ({"temperature": float("nan")}, ["temperature wrong-type"]),
    "tools": ({"tools": "file_search"}, ["tools wrong-type"]),
    "tool": ({"tools": ["file_search"]}, ["tools.0 wrong-type"]),
    "tool without a type": ({"tools": [{}]}, ["tools.0.type missing-field"]),
    "tool with an empty type": ({"tools": [{"type": ""}]}, ["tools.0.type missing-field"]),
    "tool with a number for a type": ({"tools": [{"type": 3}]}, ["tools.0.type wrong-type"]),
    "tool with null for a type": ({"tools": [{"type": None}]}, ["tools.0.type wrong-type"]),
    "field of a tool": ({"tools": [{"type": "file_search", "x": 1}]}, ["tools.0.x unknown-field"]),
    "fraction": (search(max_num_results=1.5), ["tools.0.file_search.max_num_results wrong-type"]),
    "boolean": (search(max_num_results=True), ["tools.0.file_search.max_num_results wrong-type"]),
    "ranking": (search(ranking_options=[]), ["tools.0.file_search.ranking_options wrong-type"]),
    "function without a body": ({"tools": [{"type": "function"}]}, ["tools.0.function missing-field"]),
    "function without a name": (
        {"tools": [{"type": "function", "function": {}}]},
        ["tools.0.function.name missing-field"],
    ),
    "function one level too high": (
        {"tools": [{"type": "function", "name": "a", "parameters": {}}]},
        ["tools.0 missing-field"],
    ),
    "function wrapped twice": (
        {"tools": [{"type": "function", "function": function("a")}]},
        ["tools.0.function nested-function"],
    ),
    "function wrapped without a type": (
        {"tools": [{"type": "function", "function": {"function": {"name": "a"}}}]},
        ["tools.0.function nested-function"],
    ),
    "parameters": ({"tools": [function("a", parameters=[])]}, ["tools.0.function.parameters wrong-type"]),
    "strict": ({"tools": [function("a", strict="yes")]}, ["tools.0.function.strict wrong-type"]),
    "resources": ({"tool_resources": []}, ["tool_resources wrong-type"]),
    "id": (
        files(0) | {"tool_resources": {"code_interpreter": {"file_ids": [1]}}},
        ["tool_resources.code_interpreter.file_ids.0 wrong-type"],
    ),
    "stores made in passing": (
        stores() | {"tool_resources": {"file_search": {"vector_stores": []}}},
        ["tool_resources.file_search.vector_stores unknown-field"],
    ),
    "metadata": ({"metadata": ["a"]}, ["metadata wrong-type"]),
    "format as a list": ({"response_format": []}, ["response_format wrong-type"]),
    "format as a boolean": ({"response_format": False}, ["response_format wrong-type"]),
    "format without a type": ({"response_format": {}}, ["response_format.type missing-field"]),
    "schema without a name": (schema_format(), ["response_format.json_schema.name missing-field"]),
    "schema": (schema_format(name="a", schema=[]), ["response_format.json_schema.schema wrong-type"]),
}


@pytest.mark.parametrize(("body", "told_of"), WRONG.values(), ids=WRONG)
def test_what_is_of_the_wrong_shape_is_told_once_where_it_stands(body: dict[str, Json], told_of: list[str]) -> None:
    assert told(body) == told_of


@pytest.mark.parametrize(
    ("body", "remedy"),
    [
        ({"temprature": 1}, "did you mean `temperature`?"),
        (
            {"multi_agent": {"enabled": True}},
            "only agents have it: leave it out; if it is to be an agent, write `reconciler: {kind: agent}`",
        ),
        ({"tools": [{"type": "file_search", "x": 1}]}, "known here: `file_search`, `type`"),
        ({"tools": [{"type": "code_interpreter", "x": 1}]}, "known here: `type`"),
        (search(max_results=1), "did you mean `max_num_results`?"),
        (ranking(score_treshold=1), "did you mean `score_threshold`?"),
        ({"tools": [{"type": "function", "function": {"name": "a"}, "nmae": 1}]}, "known here: `function`, `type`"),
        ({"tools": [function("a", parametres={})]}, "did you mean `parameters`?"),
        (schema_format(name="a", shema={}), "did you mean `schema`?"),
        ({"response_format": {"type": "text", "typ": 1}}, "did you mean `type`?"),
        ({"tool_resources": {"file_serch": {}}}, "did you mean `file_search`?"),
        (
            {"name": {"value": "x", "y": 1}},
            "a reference is `{value: NAME}` and nothing beside it; `{file: …}` stands for whole fields only",
        ),
        ({"name": []}, "write a text, or leave it out"),
        ({"tools": ["file_search"]}, "write `- type: file_search`"),
        (
            {"tools": [{"type": "function", "function": "a"}]},
            "write `name: value` for each member: `description`, `name`, `parameters`, `strict`",
        ),
        ({"tool_resources": "vs_1"}, "write `name: value` for each member: `code_interpreter`, `file_search`"),
        ({"metadata": "a"}, "write `name: value` for each member"),
    ],
)
def test_an_unknown_field_is_told_its_siblings(body: dict[str, Json], remedy: str) -> None:
    assert problems(body)[0].remedy == remedy


@pytest.mark.parametrize(
    ("body", "told_of"),
    [
        (stores("vs_1") | {"tools": [{"type": "file_search", "x": 1}]}, ["tools.0.x unknown-field"]),
        (stores("vs_1") | {"tools": "file_search"}, ["tools wrong-type"]),
        (
            stores("a", "b") | {"tools": 3},
            ["tools wrong-type", "tool_resources.file_search.vector_store_ids too-large"],
        ),
        ({"instructions": 1, "response_format": {"type": "json_object"}}, ["instructions wrong-type"]),
        (
            {"instructions": 1, "response_format": {"type": "x"}},
            ["instructions wrong-type", "response_format.type unknown-value"],
        ),
        ({"model": 3, "temperature": 0.5, "reasoning_effort": "low"}, ["model wrong-type"]),
        (
            {
                "tools": [{"type": 3}, function("a b"), {"type": "file_search"}],
                "response_format": {"type": "json_object"},
                "instructions": "JSON",
            },
            ["tools.0.type wrong-type", "tools.1.function.name bad-name", "tools.2 tool-format"],
        ),
    ],
)
def test_one_fault_is_no_reason_for_another(body: dict[str, Json], told_of: list[str]) -> None:
    assert told(body) == told_of


@pytest.mark.parametrize(
    ("body", "unread"),
    [
        ({"model": None}, "model"),
        ({"tool_resources": {"file_search": {"vector_store_ids": ["a"]}}}, "tools"),
        ({"response_format": {"type": "json_object"}}, "instructions"),
    ],
)
def test_what_could_not_be_read_is_no_fault_of_what_could(body: dict[str, Json], unread: str) -> None:
    assert told(body, unread=(unread,)) == []
    assert len(told(body)) == 1


def test_half_a_character_is_left_to_the_reader_of_the_text() -> None:
    assert told({"name": "\ud83d", "metadata": {"\ud83d": "\udc00"}}) == []
    assert told({"tools": [function("a", **{"\ud83d": 1})], "tool_resources": {"\ud83d": {}}}) == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [("prompts/hr-helper.md", ["bad-reference"]), ("You are kind.", []), ("See notes.txt first.", [])],
)
def test_a_path_where_a_text_belongs_is_asked_about(text: str, codes: list[str]) -> None:
    found = KINDS["assistant"].check({"model": "gpt-4o", "instructions": text}, ServerTraits()).problems

    assert [(problem.code, problem.severity) for problem in found] == [(code, "warning") for code in codes]


@pytest.mark.parametrize(
    ("model", "meant"),
    [
        *(("gpt-4p", "gpt-4o"), ("gtp-4o", "gpt-4o"), ("gpt4o", "gpt-4o"), ("gpt-4.o", "gpt-4o"), ("GPT-4o", "gpt-4o")),
        *(("gpt-4o-mni", "gpt-4o-mini"), ("gpt-4.1-min", "gpt-4.1-mini"), ("o3-minii", "o3-mini")),
        *(("gpt-4o-2024-08-06x", None), ("gpt-4-0-2024-08-06", None), ("gtp-4o-2024-08-06", "gpt-4o-2024-08-06")),
        *((name, None) for name in ("gpt-4o", "gpt-4o-2024-05-13", "gpt-4-0613", "gpt-4-1106-preview", "gpt-5.1")),
        *(
            (name, None)
            for name in ("gpt-5.2", "o5-mini", "gpt-6", "o4", "llama-3", "my-deploy", "gpt", "", "gpt-4oo-x")
        ),
    ],
)
def test_a_model_that_is_a_letter_off_a_known_one_is_a_warning(model: str, meant: str | None) -> None:
    """Another digit is another model, and whatever is further off somebody else's."""
    found = [one for one in problems({"model": model}) if one.loc == ("model",) and one.code == "unknown-model"]

    assert [(one.severity, one.remedy.partition("?")[0]) for one in found] == (
        [("warning", f"did you mean `{meant}`")] if meant else []
    )


def test_a_deployment_whose_family_is_told_is_no_misspelt_model() -> None:
    assert problems({"model": "gpt-4p"}, ServerTraits(families={"gpt-4p": "gpt-4o"})) == ()
