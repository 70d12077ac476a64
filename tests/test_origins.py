"""Where a value of a manifest stands: what is edited so that it becomes another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.canonical import ABSENT
from reconciler.diagnostics import Location, errors
from reconciler.drafts.joined_texts import split_again
from reconciler.drafts.origins import NoOriginError, Written, edits_of
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading

CONTEXT = parser.ManifestContext(
    "production", ("local", "production", "staging"), {"handbook": "vs_1", "model": "gpt-4o"}
)


def edits(manifest: str, name: str, live: dict[str, Any], *, only: bool = False, **files: str) -> list[tuple[Any, ...]]:
    """The edits that make a field of the manifest what it is live: file, path, value."""
    stem, kind = ("agents/a.yaml", "agent") if "# agent" in manifest else ("assistants/a.yaml", "assistant")
    folder = stem.partition("/")[0]
    texts = {f"{folder}/{file.replace('_md', '.md').replace('_json', '.json')}": text for file, text in files.items()}
    read = reading.read(Path("/nonexistent"), [folder], {stem: manifest, **texts})
    parsed = parser.parse(read.manifests, CONTEXT)
    assert not errors([*read.faults, *parsed.faults]), (read.faults, parsed.faults)
    (desired,) = parsed.desired
    after = {**desired.fields, name: KINDS[kind].read({"model": "gpt-4o", **live})[name]}
    written = Written(read.manifests[0], CONTEXT, Location("reconciler.yaml"), "a", only)
    found = edits_of(written, KINDS[kind], name, desired.fields, after)
    return [(each.at.file.rpartition("/")[2], each.edit.path, each.edit.value) for each in found]


def test_a_value_is_edited_in_the_manifest_and_one_that_is_default_again_is_removed() -> None:
    text = "model: gpt-4o\nname: A\ntemperature: 0.5\nmetadata: {team: hr, owner: x}\n"

    assert edits(text, "name", {"name": "B"}) == [("a.yaml", ("name",), "B")]
    assert edits(text, "temperature", {}) == [("a.yaml", ("temperature",), ABSENT)]
    assert edits(text, "description", {"description": "New"}) == [("a.yaml", ("description",), "New")]
    assert edits(text, "metadata", {"metadata": {"team": "it", "new": "y"}}) == [
        ("a.yaml", ("metadata", "team"), "it"),
        ("a.yaml", ("metadata", "owner"), ABSENT),
        ("a.yaml", ("metadata", "new"), "y"),
    ]
    assert edits(text, "metadata", {}) == [("a.yaml", ("metadata",), ABSENT)]
    assert edits(text, "name", {"name": "A"}) == []


def test_a_default_that_is_stated_is_edited_where_it_is_stated() -> None:
    assert edits("model: gpt-4o\ntemperature: 1\n", "temperature", {"temperature": 0.5}) == [
        ("a.yaml", ("temperature",), 0.5)
    ]


def test_a_prompt_file_and_a_joined_one_are_edited() -> None:
    one = "model: gpt-4o\ninstructions: {file: prompts/one_md}\n".replace("_md", ".md")
    two = "model: gpt-4o\ninstructions: {files: [prompts/one.md, prompts/two.md]}\n"
    files = {"prompts/one_md": "One.\n", "prompts/two_md": "\nTwo.\n\nOf two.\n"}

    assert edits(one, "instructions", {"instructions": "Uno."}, **files) == [("one.md", (), "Uno.")]
    assert edits(one, "instructions", {}, **files) == [("a.yaml", ("instructions",), ABSENT)]
    assert edits(two, "instructions", {"instructions": "One.\n\nTwo!\n\nOf two."}, **files) == [
        ("two.md", (), "\nTwo!\n\nOf two.")
    ]
    assert edits(two, "instructions", {"instructions": "Uno.\n\nTwo.\n\nOf 2."}, **files) == [
        ("one.md", (), "Uno."),
        ("two.md", (), "\nTwo.\n\nOf 2."),
    ]
    with pytest.raises(NoOriginError):
        edits(two, "instructions", {"instructions": "Something else."}, **files)


@pytest.mark.parametrize(
    ("parts", "after", "became"),
    [
        (["a", "b"], "a\n\nb\nc", ["a", "b\nc"]),
        (["a", "b"], "new\na\n\nb", ["new\na", "b"]),
        (["a", "b\nc", "d"], "a\n\nb\n\nx\nc\n\nd", ["a", "b\n\nx\nc", "d"]),
        (["a", "b", "c"], "A\n\nb\n\nC", ["A", "b", "C"]),
        (["a", "b", "c"], "z\na\n\nb\n\nc\nz", ["z\na", "b", "c\nz"]),
        (["a", "b"], "a", None),
        (["a", "b"], "x\ny", None),
        (["a\nb", "c"], "a\nb\n\n\nc", None),
    ],
)
def test_a_joined_text_is_split_into_its_parts_again(parts: list[str], after: str, became: list[str] | None) -> None:
    assert split_again(parts, after) == became


TOOLS = """\
model: gpt-4o
tools:
  - type: file_search
    file_search: {max_num_results: 5}
  - type: function
    function: {file: functions/lookup.json}
  - {type: function, function: {name: other, description: Old}}
"""
LOOKUP = '{"name": "lookup", "parameters": {"type": "object", "properties": {"id": {"type": "string"}}}}'


def test_only_the_tool_that_changed_is_edited_wherever_it_stands() -> None:
    search = {"type": "file_search", "file_search": {"max_num_results": 5}}
    parameters = {"type": "object", "properties": {"id": {"type": "integer"}}}
    lookup = {"type": "function", "function": {"name": "lookup", "parameters": parameters}}
    new = {"type": "function", "function": {"name": "new"}}

    found = edits(TOOLS, "tools", {"tools": [new, lookup, search]}, functions_lookup_json="", **_lookup())

    assert found == [
        ("lookup.json", ("parameters", "properties", "id", "type"), "integer"),
        ("a.yaml", ("tools", 3), new),
        ("a.yaml", ("tools", 2), ABSENT),
    ]
    assert edits(TOOLS, "tools", {}, **_lookup()) == [("a.yaml", ("tools",), ABSENT)]


def test_a_tool_of_a_type_that_is_not_known_here_makes_room_for_another() -> None:
    text = "model: gpt-4o\ntools: [{type: browser, function: go}]\n"
    search = {"type": "file_search"}

    assert edits(text, "tools", {"tools": [search]}) == [
        ("a.yaml", ("tools", 1), search),
        ("a.yaml", ("tools", 0), ABSENT),
    ]


def test_a_file_of_no_tools_makes_room_for_those_of_the_server() -> None:
    text, search = "model: gpt-4o\ntools: {file: tools.json}\n", {"type": "file_search"}

    assert edits(text, "tools", {"tools": [search]}, tools_json="[]") == [("a.yaml", ("tools",), [search])]


def test_a_function_that_only_has_another_name_keeps_its_place() -> None:
    live = [
        {"type": "file_search", "file_search": {"max_num_results": 5}},
        {"type": "function", "function": {**json.loads(LOOKUP), "name": "find"}},
        {"type": "function", "function": {"name": "another", "description": "Old"}},
    ]

    assert edits(TOOLS, "tools", {"tools": live}, **_lookup()) == [
        ("lookup.json", ("name",), "find"),
        ("a.yaml", ("tools", 2, "function", "name"), "another"),
    ]


def _lookup() -> dict[str, str]:
    return {"functions/lookup_json": LOOKUP}


def test_what_an_environment_states_is_edited_in_its_patch() -> None:
    own = "reconciler: {environments: {production: {temperature: 0.2, name: null, metadata: {team: it}}}}\n"
    text = f"model: gpt-4o\nname: A\ntemperature: 0.5\nmetadata: {{team: hr, owner: x}}\n{own}"
    patch = ("reconciler", "environments", "production")

    assert edits(text, "temperature", {"temperature": 0.3}) == [("a.yaml", (*patch, "temperature"), 0.3)]
    assert edits(text, "temperature", {}) == [("a.yaml", (*patch, "temperature"), None)]
    assert edits(text, "name", {"name": "B"}) == [("a.yaml", (*patch, "name"), "B")]
    assert edits(text, "metadata", {"metadata": {"team": "new", "owner": "y"}}) == [
        ("a.yaml", (*patch, "metadata", "team"), "new"),
        ("a.yaml", ("metadata", "owner"), "y"),
    ]
    assert edits(text, "metadata", {}) == [("a.yaml", (*patch, "metadata"), None)]


def test_what_only_the_patch_states_is_removed_from_it_and_added_to_it() -> None:
    text = "model: gpt-4o\nreconciler: {environments: {production: {name: A, metadata: {team: hr}}}}\n"
    patch = ("reconciler", "environments", "production")

    assert edits(text, "name", {}) == [("a.yaml", (*patch, "name"), ABSENT)]
    assert edits(text, "metadata", {"metadata": {"team": "hr", "new": "x"}}) == [
        ("a.yaml", (*patch, "metadata", "new"), "x")
    ]


def test_a_mapping_in_a_patch_takes_away_what_the_base_has_there() -> None:
    base = "response_format: {type: json_schema, json_schema: {name: a, description: Old}}\n"
    own = "reconciler: {environments: {production: {response_format: {type: text, json_schema: null}}}}\n"
    live = {"type": "json_schema", "json_schema": {"name": "b"}}
    path = ("reconciler", "environments", "production", "response_format")

    assert edits(f"model: gpt-4o\n{base}{own}", "response_format", {"response_format": live}) == [
        ("a.yaml", (*path, "type"), "json_schema"),
        ("a.yaml", (*path, "json_schema"), {"name": "b", "description": None}),
    ]
    null = {"type": "json_schema", "json_schema": {"name": "b", "schema": {"default": None}}}
    with pytest.raises(NoOriginError):
        edits(f"model: gpt-4o\n{base}{own}", "response_format", {"response_format": null})


def test_with_only_whatever_differs_becomes_the_patch_of_the_environment() -> None:
    text = "model: gpt-4o\nname: A\nmetadata: {team: hr}\ntools: [{type: code_interpreter}]\n"
    patch = ("reconciler", "environments", "production")
    search = {"type": "file_search"}

    assert edits(text, "name", {"name": "B"}, only=True) == [("a.yaml", (*patch, "name"), "B")]
    assert edits(text, "name", {}, only=True) == [("a.yaml", (*patch, "name"), None)]
    assert edits(text, "metadata", {"metadata": {"team": "it", "x": "y"}}, only=True) == [
        ("a.yaml", (*patch, "metadata", "team"), "it"),
        ("a.yaml", (*patch, "metadata", "x"), "y"),
    ]
    prompt = "model: gpt-4o\ninstructions: {file: prompts/one.md}\n"
    assert edits(prompt, "instructions", {"instructions": "Uno."}, only=True, **{"prompts/one_md": "One."}) == [
        ("a.yaml", (*patch, "instructions"), {"file": "prompts/a.production.md"}),
        ("a.production.md", (), "Uno."),
    ]
    long = "\n".join("abcdefg")
    assert edits(text, "instructions", {"instructions": long}, only=True) == [
        ("a.yaml", (*patch, "instructions"), {"file": "prompts/a.production.md"}),
        ("a.production.md", (), long),
    ]
    assert edits(text, "instructions", {"instructions": "Short."}, only=True) == [
        ("a.yaml", (*patch, "instructions"), "Short.")
    ]
    assert edits(text, "tools", {"tools": [search]}, only=True) == [("a.yaml", (*patch, "tools"), [search])]


def test_a_value_of_the_environment_is_edited_in_the_configuration() -> None:
    stores = "model: {value: model}\ntool_resources: {file_search: {vector_store_ids: [{value: handbook}]}}\n"
    values = ("environments", "production", "values")
    path = ("tool_resources", "file_search", "vector_store_ids")

    def live(*ids: str) -> dict[str, Any]:
        return {"tools": [{"type": "file_search"}], "tool_resources": {"file_search": {"vector_store_ids": [*ids]}}}

    tools = "tools: [{type: file_search}]\n"
    assert edits(stores + tools, "model", {"model": "gpt-4.1"}) == [("reconciler.yaml", (*values, "model"), "gpt-4.1")]
    assert edits(stores + tools, "tool_resources", live("vs_2")) == [("reconciler.yaml", (*values, "handbook"), "vs_2")]
    assert edits(stores + tools, "tool_resources", live("vs_0", "vs_1")) == [("a.yaml", (*path, 1), "vs_0")]
    assert edits(stores + tools, "tool_resources", live()) in (
        [("a.yaml", ("tool_resources",), ABSENT)],
        [("a.yaml", (*path, 0), ABSENT)],
    )


def test_a_set_keeps_the_order_in_which_it_is_written_and_a_list_has_that_of_the_server() -> None:
    files = (
        "tools: [{type: code_interpreter}]\ntool_resources: {code_interpreter: {file_ids: [file_z, file_b, file_a]}}\n"
    )
    path = ("tool_resources", "code_interpreter", "file_ids")
    ids = ["file_c", "file_d", "file_b", "file_a"]
    live = {"tools": [{"type": "code_interpreter"}], "tool_resources": {"code_interpreter": {"file_ids": ids}}}

    assert edits(f"model: gpt-4o\n{files}", "tool_resources", live) == [
        ("a.yaml", (*path, 3), "file_c"),
        ("a.yaml", (*path, 4), "file_d"),
        ("a.yaml", (*path, 0), ABSENT),
    ]
    enum = "function: {name: f, parameters: {type: string, enum: [a, c]}}"
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "string", "enum": ["a", "b", "c"]}}}
    assert edits(f"model: gpt-4o\ntools: [{{type: function, {enum}}}]\n", "tools", {"tools": [tool]}) == [
        ("a.yaml", ("tools", 0, "function", "parameters", "enum"), ["a", "b", "c"])
    ]


def test_a_list_that_has_one_item_twice_is_written_whole() -> None:
    server = "{type: mcp, server_label: one, transport: {type: stdio, command: run, cwd: /, args: [-v, -v]}}"
    transport = {"type": "stdio", "command": "run", "cwd": "/", "args": ["-v", "-v", "-q"]}
    live = [{"type": "mcp", "server_label": "one", "transport": transport}]

    assert edits(f"# agent\nmodel: gpt-5.1\ntools: [{server}]\n", "tools", {"tools": live}) == [
        ("a.yaml", ("tools", 0, "transport", "args"), ["-v", "-v", "-q"])
    ]


def test_line_ends_and_final_newlines_that_mean_nothing_stay() -> None:
    text = 'model: gpt-4o\ninstructions: |\n  Two\n  lines\nname: "A\\r\\nB\\n"\n'

    assert edits(text, "instructions", {"instructions": "Three\nlines"}) == [
        ("a.yaml", ("instructions",), "Three\nlines\n")
    ]
    assert edits(text, "name", {"name": "A\nC"}) == [("a.yaml", ("name",), "A\r\nC\n")]


def test_a_tool_of_an_agent_is_found_by_its_label() -> None:
    servers = "".join(
        f"  - {{type: mcp, server_label: {label}, transport: {{type: http, server_url: 'https://{label}'}}}}\n"
        for label in ("one", "two")
    )
    live = [
        {"type": "mcp", "server_label": label, "transport": {"type": "http", "server_url": url}}
        for label, url in (("two", "https://2"), ("one", "https://one"))
    ]

    assert edits(f"# agent\nmodel: gpt-5.1\ntools:\n{servers}", "tools", {"tools": live}) == [
        ("a.yaml", ("tools", 1, "transport", "server_url"), "https://2")
    ]


def test_a_field_whose_value_is_in_a_file_of_data_is_edited_there() -> None:
    text = "model: gpt-4o\nresponse_format: {file: schemas/answer.json}\n"
    answer = '{"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}'

    found = edits(text, "response_format", {"response_format": {"type": "text"}}, **{"schemas/answer_json": answer})

    assert found == [("answer.json", ("type",), "text"), ("answer.json", ("json_schema",), ABSENT)]
