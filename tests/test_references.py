"""A reference becomes what it stands for where it may stand, and is data or a fault elsewhere."""

from __future__ import annotations

import pytest

from reconciler.canonical import Json
from reconciler.diagnostics import CODES, Diagnostic, Location
from reconciler.manifests.references import Resolver, file_references, without_own
from reconciler.source import Node, parse, plain

VALUES = {"handbook": "vs_1", "empty": ""}
FILES = {
    "a.md": "Be kind.\n",
    "b.txt": "\r\nBe brief.\r\n\r\n",
    "f.yaml": "name: look_up\ndescription: {value: handbook}\nparameters: {default: {value: x}, enum: [{file: y}]}\n",
    "p.json": '{"default": {"value": "x"}, "examples": [{"file": "y"}], "file": "z"}',
    "n.yaml": "name: {file: a.md}\ndescription: {value: nope}\n",
    "only.yaml": "{file: a.md}",
    "l.yaml": "- {type: file_search}\n- {type: bing, index: {value: handbook}}\n",
}


def content(name: str) -> Node:
    text = FILES[name]
    if name.endswith((".md", ".txt")):
        return Node(text, Location(name, 1, 1))
    (document,) = parse(text, name, syntax="json" if name.endswith(".json") else "yaml").documents
    return document


def document(text: str) -> Node:
    parsed = parse(text, "m")
    assert parsed.faults == ()
    return parsed.documents[0]


def resolver() -> Resolver:
    return Resolver({name: content(name) for name in FILES}, VALUES, "production")


def resolved(text: str) -> tuple[Json, list[str]]:
    """What a manifest becomes, less what could not be resolved, and the faults of that."""
    found = resolver()
    body = found.resolve(without_own(document(text)))
    return plain(found.sound(body)), told([*found.faults, *found.unmet(body)])


def told(faults: list[Diagnostic]) -> list[str]:
    assert all(fault.code in CODES and fault.message and fault.remedy for fault in faults)
    return [f"{fault.place} {fault.code}" for fault in faults]


FUNCTION: Json = {
    "name": "look_up",
    "description": "vs_1",
    "parameters": {"default": {"value": "x"}, "enum": [{"file": "y"}]},
}
BECOMES: dict[str, tuple[str, Json]] = {
    "nothing": ("name: x", {"name": "x"}),
    "a text": ("instructions: {file: a.md}", {"instructions": "Be kind.\n"}),
    "texts": ("instructions: {files: [a.md, b.txt]}", {"instructions": "Be kind.\n\nBe brief."}),
    "one text of many": ("instructions: {files: [a.md]}", {"instructions": "Be kind."}),
    "a value": ("model: {value: handbook}", {"model": "vs_1"}),
    "an empty value": ("name: {value: empty}", {"name": ""}),
    "a value within lists": (
        "tool_resources: {file_search: {vector_store_ids: [{value: handbook}]}}",
        {"tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}},
    ),
    "a whole list": (
        "tools: {file: l.yaml}",
        {"tools": [{"type": "file_search"}, {"type": "bing", "index": "vs_1"}]},
    ),
    "a function": ("tools: [{function: {file: f.yaml}}]", {"tools": [{"function": FUNCTION}]}),
    "parameters, whose inside is data": (
        "tools: [{function: {parameters: {file: p.json}}}]",
        {"tools": [{"function": {"parameters": plain(content("p.json"))}}]},
    ),
    "a schema, whose inside is data": (
        "response_format: {json_schema: {schema: {file: p.json}}}",
        {"response_format": {"json_schema": {"schema": plain(content("p.json"))}}},
    ),
    "a json_schema": (
        "response_format: {json_schema: {file: f.yaml}}",
        {"response_format": {"json_schema": FUNCTION}},
    ),
    "the inside of a schema written out": (
        "tools: [{function: {parameters: {value: x, default: {value: y}, enum: [{file: z}, {files: [z]}]}}}]",
        {
            "tools": [
                {
                    "function": {
                        "parameters": {
                            "value": "x",
                            "default": {"value": "y"},
                            "enum": [{"file": "z"}, {"files": ["z"]}],
                        }
                    }
                }
            ]
        },
    ),
    "a schema that looks like a value": (
        "response_format: {json_schema: {schema: {value: handbook}}}",
        {"response_format": {"json_schema": {"schema": {"value": "handbook"}}}},
    ),
    "metadata that looks like a reference": ("metadata: {file: a.md}", {"metadata": {"file": "a.md"}}),
    "metadata that looks like a value": ("metadata: {value: handbook}", {"metadata": {"value": "handbook"}}),
    "a value within metadata": ("metadata: {team: {value: handbook}}", {"metadata": {"team": "vs_1"}}),
    "headers whose names look like references": (
        "tools: [{headers: {value: handbook}, request_metadata: {file: x}}]\nmetadata: {headers: {value: handbook}}",
        {
            "tools": [{"headers": {"value": "handbook"}, "request_metadata": {"file": "x"}}],
            "metadata": {"headers": "vs_1"},
        },
    ),
    "a value within metadata of a schema's name": (
        "metadata: {schema: {value: handbook}, parameters: {value: handbook}}",
        {"metadata": {"schema": "vs_1", "parameters": "vs_1"}},
    ),
    "a file within metadata": ("metadata: {function: {file: a.md}}", {"metadata": {"function": {"file": "a.md"}}}),
    "an alias that is a value here and data there": (
        "name: &x {value: handbook}\nmetadata: *x\ndescription: *x",
        {"name": "vs_1", "metadata": {"value": "handbook"}, "description": "vs_1"},
    ),
    "more than one key": ("name: {value: handbook, file: a.md}", {"name": {"value": "handbook", "file": "a.md"}}),
    "a value that is no text": ("name: {value: 1}", {"name": {"value": 1}}),
    "an empty mapping": ("name: {}", {"name": {}}),
    "a file of a tool's own": ("tools: [{type: bing, file: 3}]", {"tools": [{"type": "bing", "file": 3}]}),
    "a manifest that is not a mapping": ("[{value: handbook}]", ["vs_1"]),
    "a manifest that is one key": ("file: a.md", {"file": "a.md"}),
}
FAULTY: dict[str, tuple[str, list[str]]] = {
    "a value that is not there": ("model: {value: nope}", ["m:1:16 unknown-value"]),
    "a file where none may be": ("tools: [{file: f.yaml}]", ["m:1:9 bad-reference"]),
    "a file within a tool": ("tools: [{type: {file: a.md}}]", ["m:1:16 bad-reference"]),
    "files within ids": (
        "tool_resources: {file_search: {vector_store_ids: {files: [a.md]}}}",
        ["m:1:50 bad-reference"],
    ),
    "a number": ("name: {file: 1}", ["m:1:7 bad-reference"]),
    "null": ("name: {file: }", ["m:1:7 bad-reference"]),
    "a list under file": ("name: {file: [a.md]}", ["m:1:7 bad-reference"]),
    "a text under files": ("name: {files: a.md}", ["m:1:7 bad-reference"]),
    "no files": ("name: {files: []}", ["m:1:7 bad-reference"]),
    "files of which one is no text": ("name: {files: [a.md, 1]}", ["m:1:7 bad-reference"]),
    "data that is joined": ("name: {files: [a.md, f.yaml]}", ["m:1:7 bad-reference"]),
    "a file that names another": (
        "tools: [{function: {file: n.yaml}}]",
        ["n.yaml:1:7 bad-reference", "n.yaml:2:22 unknown-value"],
    ),
    "a file that is a reference": ("name: {file: only.yaml}", ["only.yaml:1:1 bad-reference"]),
    "a file that could not be read, told elsewhere": ("name: {file: gone.md}", []),
    "files of which one could not be read": ("name: {files: [a.md, gone.md]}", []),
}


@pytest.mark.parametrize(("text", "body"), BECOMES.values(), ids=BECOMES)
def test_a_manifest_becomes_what_its_references_stand_for(text: str, body: Json) -> None:
    assert resolved(text) == (body, [])


@pytest.mark.parametrize(("text", "faults"), FAULTY.values(), ids=FAULTY)
def test_a_reference_that_cannot_be_resolved_takes_its_field_along(text: str, faults: list[str]) -> None:
    assert resolved(f"{text}\nmetadata: {{a: x}}") == ({"metadata": {"a": "x"}}, faults)


def test_what_holds_no_reference_stays_the_node_it_was() -> None:
    body = document("name: x\ntools: [{type: file_search}]")

    assert resolver().resolve(body) is body


def test_what_is_beside_a_reference_stays_the_node_it_was() -> None:
    body = document("name: {value: handbook}\ntools: [{type: file_search}]")
    after = resolver().resolve(body)

    assert isinstance(body.value, dict)
    assert isinstance(after.value, dict)
    assert after.value["tools"] is body.value["tools"]


def test_a_resolved_value_stands_where_its_reference_stood() -> None:
    after = resolver().resolve(document("model: m\nname: {value: handbook}"))

    assert isinstance(after.value, dict)
    assert str(after.value["name"].place) == "m:2:7"


def test_a_value_that_a_patch_took_away_is_not_missed() -> None:
    found = resolver()
    found.resolve(document("name: {value: nope}"))

    assert found.unmet(document("name: x")) == ()


def test_the_nearest_value_is_the_remedy() -> None:
    near, far = Resolver({}, VALUES, "production"), Resolver({}, {}, "production")
    text = "name: {value: handbok}"

    assert [fault.remedy for fault in near.unmet(near.resolve(document(text)))] == ["did you mean `handbook`?"]
    assert [fault.remedy for fault in far.unmet(far.resolve(document(text)))] == [
        "add it under `environments.production.values`"
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("instructions: {file: a.md}", ["a.md"]),
        ("instructions: {files: [a.md, b.md]}", ["a.md", "b.md"]),
        ("tools: [{function: {file: f.json}}, {function: {parameters: {file: p.json}}}]", ["f.json", "p.json"]),
        ("reconciler: {environments: {production: {instructions: {file: c.md}}, staging: false}}", ["c.md"]),
        ("reconciler: {environments: [{file: c.md}], file: d.md}", []),
        ("reconciler: {environments: {file: c.md}}", []),
        ("reconciler: [{file: c.md}]", []),
        ("reconciler: null", []),
        ("name: {value: handbook}", []),
        ("metadata: {file: a.md}", []),
        ("tools: [{file: a.md}]", []),
        ("instructions: {file: [a.md]}", []),
        ("instructions: {files: [a.md, 1]}", []),
        ("tools: [{function: {parameters: {properties: {file: a.md}}}}]", []),
        ("[{file: a.md}]", []),
        ("text", []),
    ],
)
def test_files_are_wanted_only_where_they_may_stand(text: str, names: list[str]) -> None:
    assert [name for name, _ in file_references(document(text))] == names


def test_a_wanted_file_is_known_with_its_place() -> None:
    assert [str(node.place) for _, node in file_references(document("instructions: {files: [a.md, b.md]}"))] == [
        "m:1:24",
        "m:1:30",
    ]


@pytest.mark.parametrize(
    ("text", "rest"), [("reconciler: {key: x}\nname: y", {"name": "y"}), ("name: y", {"name": "y"}), ("[y]", ["y"])]
)
def test_the_block_of_ours_is_no_field(text: str, rest: Json) -> None:
    assert plain(without_own(document(text))) == rest


def test_an_empty_file_is_asked_about_and_stands_for_nothing() -> None:
    empty = Node("\n", Location("empty.md", 1, 1))
    found = Resolver({"empty.md": empty}, {}, "production")

    found.resolve(document("instructions: {file: empty.md}"))

    assert [(fault.code, fault.severity) for fault in found.faults] == [("bad-reference", "warning")]
