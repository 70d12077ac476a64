"""What is imported becomes files that a person would have written."""

from __future__ import annotations

import json

import pytest

from reconciler.canonical import Json
from reconciler.drafts.layout import Draft, Layout, folder_of, laid_out
from reconciler.drafts.unwritable import why_unwritable
from reconciler.model import Address
from reconciler.source import OneLine, parse, plain

FOLDERS = {"agent": "agents", "assistant": "assistants"}


def draft(key: str, kind: str = "assistant", own: dict[str, Json] | None = None, **body: Json) -> Draft:
    return Draft(Address(kind, key), body, own or {})


def test_a_small_assistant_is_one_file_with_its_fields_as_people_read_them() -> None:
    own: dict[str, Json] = {"id": {"production": "asst_1"}}
    one = draft("hr", own=own, model="gpt-4.1", metadata={"team": "people"}, name="HR", instructions="Help.\nBe brief.")

    assert laid_out([one], "yaml", FOLDERS) == {
        "assistants/hr.yaml": "name: HR\n"
        "model: gpt-4.1\n"
        "instructions: |-\n"
        "  Help.\n"
        "  Be brief.\n"
        "metadata:\n"
        "  team: people\n"
        "reconciler:\n"
        "  id: {production: asst_1}\n"
    }


def test_in_markdown_the_prompt_is_the_body() -> None:
    assert laid_out([draft("hr", model="gpt-4.1", instructions="Help.\nBe brief.")], "markdown", FOLDERS) == {
        "assistants/hr.md": "---\nmodel: gpt-4.1\n---\n\nHelp.\nBe brief.\n"
    }


def test_a_folder_is_the_one_of_the_kind_or_else_one_below_the_first() -> None:
    assert folder_of("agent", ["bots", "ai/agents/"]) == "ai/agents/"
    assert folder_of("assistant", ["bots", "ai/agents"]) == "bots"
    assert folder_of("agent", ["bots"]) == "bots/agents"


LONG = "# Role\n" + "Be kind.\n" * 6 + "End."
FIELDS = [f"field_{number}" for number in range(9)]


def schema(*names: str) -> dict[str, Json]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": [*names]}


def function(name: str, *names: str) -> dict[str, Json]:
    return {"type": "function", "function": {"name": name, "parameters": schema(*names)}}


def flat(name: str, *names: str) -> dict[str, Json]:
    return {"type": "function", "name": name, "parameters": schema(*names)}


def read(text: str) -> Json:
    return plain(parse(text, "x.yaml").documents[0])


def test_long_prompts_functions_and_schemas_have_files_of_their_own() -> None:
    answer: Json = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema(*FIELDS)}}
    tools: list[Json] = [{"type": "file_search"}, function("look_up", *FIELDS), function("now")]

    texts = laid_out([draft("hr", instructions=LONG, tools=tools, response_format=answer)], "yaml", FOLDERS)

    assert read(texts["assistants/hr.yaml"]) == {
        "instructions": {"file": "prompts/hr.md"},
        "tools": [tools[0], {"type": "function", "function": {"file": "functions/look_up.json"}}, tools[2]],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "verdict", "schema": {"file": "schemas/verdict.json"}},
        },
    }
    assert texts["assistants/prompts/hr.md"] == f"{LONG}\n"
    assert json.loads(texts["assistants/functions/look_up.json"]) == {"name": "look_up", "parameters": schema(*FIELDS)}
    assert json.loads(texts["assistants/schemas/verdict.json"]) == schema(*FIELDS)


def test_a_function_of_an_agent_keeps_its_name_in_the_manifest() -> None:
    answer: Json = {"format": {"type": "json_schema", "schema": schema(*FIELDS)}}

    texts = laid_out([draft("hr", "agent", tools=[flat("look_up", *FIELDS)], text=answer)], "yaml", FOLDERS)

    assert read(texts["agents/hr.yaml"]) == {
        "tools": [{"type": "function", "name": "look_up", "parameters": {"file": "functions/look_up.json"}}],
        "text": {"format": {"type": "json_schema", "schema": {"file": "schemas/hr.json"}}},
    }


@pytest.mark.parametrize("layout", ["yaml", "markdown"])
def test_what_several_have_in_common_stands_in_one_file_of_a_neutral_name(layout: Layout) -> None:
    """Be they of one kind or of two; what a function is called belongs to what they have in common."""
    text: Json = {"format": {"type": "json_schema", "schema": schema("a", "b")}}
    drafts = [
        draft("a", instructions=LONG, tools=[function("f", "a", "b")]),
        draft("b", instructions=LONG, tools=[function("f", "a", "b"), function("g", "a", "b")]),
        draft("a", "agent", instructions=LONG, text=text, tools=[flat("f", *FIELDS), flat("g", *FIELDS)]),
        draft("b", "agent", instructions="Short.", text=text),
    ]

    texts = laid_out(drafts, layout, FOLDERS)

    assert texts == laid_out(drafts[::-1], layout, FOLDERS)
    suffix = "md" if layout == "markdown" else "yaml"
    prompt = "assistants/prompts/shared-role-be-kind-be-kind.md"
    assert sorted(texts) == [
        f"agents/a.{suffix}",
        f"agents/b.{suffix}",
        "agents/functions/f.json",
        "agents/functions/g.json",
        "agents/schemas/answer.json",
        f"assistants/a.{suffix}",
        f"assistants/b.{suffix}",
        "assistants/functions/f.json",
        prompt,
    ]
    named = [path for path, text in texts.items() if "shared-role" in text]
    assert named == [f"agents/a.{suffix}", f"assistants/a.{suffix}", f"assistants/b.{suffix}"]
    assert f"instructions: {{file: {prompt.removeprefix('assistants/')}}}\n" in texts[f"assistants/a.{suffix}"]
    assert f"instructions: {{file: ../{prompt}}}\n" in texts[f"agents/a.{suffix}"]


def test_twins_of_two_kinds_share_a_file_of_their_key() -> None:
    texts = laid_out([draft("a", instructions=LONG), draft("a", "agent", instructions=LONG)], "yaml", FOLDERS)

    assert list(texts) == ["agents/a.yaml", "agents/prompts/a.md", "assistants/a.yaml"]


def test_functions_of_one_name_that_differ_have_files_of_their_own() -> None:
    drafts = [
        draft("a", tools=[function("look_up", *FIELDS)]),
        draft("b", tools=[function("look_up", *FIELDS, "more"), function("Look_Up", *FIELDS)]),
        draft("c", tools=[function("look_up", *FIELDS)]),
        draft("look_up", tools=[function("look_up", *FIELDS, "own")]),
    ]

    assert [path for path in laid_out(drafts, "yaml", FOLDERS) if "functions" in path] == [
        "assistants/functions/Look_Up-b-2.json",
        "assistants/functions/look_up-2.json",
        "assistants/functions/look_up-b.json",
        "assistants/functions/look_up.json",
    ]


def test_no_file_has_a_name_that_is_taken_or_that_a_system_keeps_for_itself() -> None:
    drafts = [
        draft(
            "con", instructions=LONG, tools=[function("NUL", *FIELDS), function("a/b", *FIELDS), function("*", *FIELDS)]
        ),
        draft("hr.live"),
        draft("it"),
    ]
    taken = ["assistants/IT.md", "assistants/functions/a-b.json"]

    texts = laid_out(drafts, "markdown", FOLDERS, taken)

    assert list(texts) == [
        "assistants/con-assistant.md",
        "assistants/functions/NUL-function.json",
        "assistants/functions/a-b-2.json",
        "assistants/functions/function.json",
        "assistants/hr.live-assistant.md",
        "assistants/it-2.md",
    ]
    assert "reconciler:\n  key: con\n" in texts["assistants/con-assistant.md"]
    assert "reconciler:\n  key: it\n" in texts["assistants/it-2.md"]


def test_what_the_folder_does_not_say_the_manifest_does() -> None:
    folders = {"agent": "bots", "assistant": "bots"}

    texts = laid_out([draft("a"), draft("a", "agent")], "yaml", folders)

    assert {path: read(text) for path, text in texts.items()} == {
        "bots/a.yaml": {"reconciler": {"kind": "agent"}},
        "bots/a-2.yaml": {"reconciler": {"key": "a"}},
    }


def test_what_equals_a_file_that_is_there_refers_to_it() -> None:
    """A function has a file of its name."""
    there = laid_out(
        [
            draft("a", instructions=LONG, tools=[function("f", *FIELDS), function("g", *FIELDS)]),
            draft("b", instructions=LONG),
            draft("c", instructions=f"{LONG}\nC."),
        ],
        "yaml",
        FOLDERS,
    )
    there["assistants/functions/f.json"] = there["assistants/functions/f.json"].replace("\n", "\r\n")
    again = [
        draft("x", instructions=LONG, tools=[function("f", *FIELDS), function("h", *FIELDS)]),
        draft("y", instructions=f"{LONG}\nC.", tools=[function("f", *FIELDS, "more")]),
    ]

    texts = laid_out(again, "yaml", FOLDERS, there)

    assert list(texts) == [
        "assistants/functions/f-2.json",
        "assistants/functions/h.json",
        "assistants/x.yaml",
        "assistants/y.yaml",
    ]
    assert texts["assistants/x.yaml"] == (
        "instructions: {file: prompts/shared-role-be-kind-be-kind.md}\n"
        "tools:\n"
        "  - type: function\n"
        "    function: {file: functions/f.json}\n"
        "  - type: function\n"
        "    function: {file: functions/h.json}\n"
    )
    assert texts["assistants/y.yaml"].startswith("instructions: {file: prompts/c.md}\n")


@pytest.mark.parametrize("text", [" ", " \n" * 300, "\u2028", f"half \ud83d\n{LONG}"])
def test_a_prompt_that_no_text_can_carry_stands_among_the_fields(text: str) -> None:
    assert list(laid_out([draft("a", instructions=text)], "yaml", FOLDERS)) == ["assistants/a.yaml"]

    (written,) = laid_out([draft("a", instructions=text)], "markdown", FOLDERS).values()
    assert written.startswith("---\ninstructions: ")
    assert written.endswith("---\n")


def test_a_body_without_fields_is_one() -> None:
    assert laid_out([draft("a", instructions="x")], "markdown", FOLDERS) == {"assistants/a.md": "---\n---\n\nx\n"}


def test_references_that_a_draft_has_stay_and_no_file_refers_to_a_file() -> None:
    function: Json = {"name": "f", "description": LONG, "parameters": {"file": "functions/p.json"}}
    body: dict[str, Json] = {
        "model": OneLine(value="model"),
        "instructions": {"files": ["shared/tone.md", "prompts/a.md"]},
        "tools": [
            {"type": "function", "function": function},
            {"type": "function", "function": {"file": "functions/g.json"}},
            {"type": "function", "function": "odd"},
            {"type": "function"},
            "odd",
        ],
        "response_format": {"type": "json_schema", "json_schema": {"schema": {"file": "schemas/x.json"}}},
    }

    texts = laid_out([draft("a", **body)], "yaml", FOLDERS)

    assert {path: read(text) for path, text in texts.items()} == {"assistants/a.yaml": body}
    assert texts["assistants/a.yaml"].startswith("model: {value: model}\n")


def test_a_schema_that_poses_as_a_reference_is_data_in_a_file() -> None:
    one: Json = {"type": "function", "function": {"name": "f", "parameters": {"file": "x"}}}
    answer: Json = {"type": "json_schema", "json_schema": {"name": "v", "schema": {"files": []}}}

    texts = laid_out([draft("a", tools=[one], response_format=answer)], "yaml", FOLDERS)

    assert list(texts) == ["assistants/a.yaml", "assistants/functions/f.json", "assistants/schemas/v.json"]


def test_json_shows_everything_that_it_says() -> None:
    odd = "é 🤖 \x7f\u202e \x85 \U000e0041 \ud83d"
    one: Json = {"type": "function", "function": {"name": "f", "description": odd, "parameters": schema(*FIELDS)}}

    text = laid_out([draft("a", tools=[one])], "yaml", FOLDERS)["assistants/functions/f.json"]

    assert json.loads(text)["description"] == odd
    assert r"é 🤖 \u007f\u202e \u0085 \udb40\udc41 \ud83d" in text


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"name": "x", "metadata": {"value": "y"}}, None),
        ({"name": "half \ud83d"}, "`name` holds half a character (a lone surrogate), which no file can hold"),
        ({"metadata": {"\ud83d": "x"}}, "`metadata` holds half a character (a lone surrogate), which no file can hold"),
        (
            {"tools": [{"type": "odd", "index": {"value": "x"}}]},
            "`tools.0.index` looks like a reference, and a manifest would read it as one",
        ),
        ({"tools": [{"type": "function", "function": {"name": "f", "parameters": {"file": "x"}}}]}, None),
    ],
)
def test_what_no_manifest_can_say_is_told_beforehand(body: dict[str, Json], reason: str | None) -> None:
    assert why_unwritable(body) == reason
