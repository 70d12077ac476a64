"""The JSON Schema of manifests: it accepts whatever the parser accepts, and names what is wrong where it is."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import errors
from reconciler.kinds import KINDS
from reconciler.kinds.model_schema import nullable
from reconciler.manifests import reading
from reconciler.manifests.manifest_schema import manifest_schema
from reconciler.manifests.parser import Manifest, ManifestContext, parse
from reconciler.manifests.references import file_references
from reconciler.source import Node, plain
from reconciler.source import parse as read_text
from support import bodies
from support.schemas import changed, described, places
from support.workflow import ROOT
from support.world import Scenario, each_scenario

Place: TypeAlias = tuple[str | int, ...]

SCHEMAS = {name: manifest_schema(kind) for name, kind in KINDS.items()}
VALIDATORS = {name: jsonschema_rs.Draft7Validator(schema) for name, schema in SCHEMAS.items()}
ENVIRONMENTS = ("local", "production")
FILES = {"a.md": "A prompt.\n", "auto.txt": "auto", "f.json": {"name": "f"}, "s.yaml": {"type": "object"}, "n.json": 1}

REFERENCES = [{"value": "v"}, *({"file": name} for name in FILES), {"files": ["a.md", "auto.txt"]}, {"files": []}]
ODD: list[Any] = [
    None, True, False, 0, 1, 1.0, 2.5, -1, "", "a", "auto", "text", "json_schema", "http", "x" * 65, "x" * 513,
    "x" * 256 + "\n", [], ["a"], ["a", "b"], [{}], [{"type": "mcp"}], {}, {"type": "text"}, {"a": "b"},
    {"type": "azure", "more": {"value": 1}},
]  # fmt: skip


def wrong(kind: str, manifest: Any) -> list[Place]:
    """Where the schema finds something wrong."""
    return sorted({tuple(each.instance_path) for each in VALIDATORS[kind].iter_errors(manifest)}, key=str)


def is_accepted(kind: str, manifest: Any) -> bool:
    """Whether the parser finds nothing wrong in any environment."""
    attachments = {name: _node(content, name) for name, content in FILES.items()}
    read = Manifest(f"{KINDS[kind].plural}/a.yaml", "a", _node(manifest, "a.yaml"), True, attachments)
    if not {written for written, _ in file_references(read.node)} <= FILES.keys():
        return False  # which is told where files are read
    contexts = (ManifestContext(name, ENVIRONMENTS, {"v": "auto"}) for name in ENVIRONMENTS)
    return not any(errors(parse([read], context).faults) for context in contexts)


def _node(value: Any, file: str) -> Node:
    return read_text(json.dumps(value), file, syntax="json").documents[0]


@st.composite
def _manifests(draw: st.DrawFn) -> tuple[str, Any]:
    """A manifest with a block, a patch and something odd somewhere."""
    kind, body = draw(st.sampled_from(sorted(KINDS)).flatmap(bodies.messy))
    patch = draw(bodies.BODIES[kind] | st.dictionaries(st.sampled_from(KINDS[kind].fields), st.none(), max_size=2))
    block: Any = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "key": st.sampled_from(["a", "A", "a" * 65]),
                "id": st.sampled_from(["asst_1", "", {"production": "x"}, {"production": 1}]),
                "was": st.lists(st.sampled_from(["b", "B"]), max_size=2),
                "former_ids": st.sampled_from([["x"], {"production": "x"}, {"production": ["x"]}, "x"]),
                "on_removal": st.sampled_from(["keep", "forget", None]),
                "ignore_changes": st.sampled_from([["name"], [], "name"]),
                "unknown_members": st.sampled_from([["tools.function.more"], []]),
                "environments": st.sampled_from(
                    [{"production": patch}, {"production": False}, {"production": None}, {}]
                ),
            },
        )
    )
    manifest = {**body, **({"reconciler": block} if draw(st.booleans()) else {})}
    for number in range(draw(st.integers(0, 2))):
        place = draw(st.sampled_from([*places(manifest)] or [()]))
        odd = ODD[number:]  # null under an unknown name takes nothing away, and only the schema is against it
        manifest = changed(manifest, place, draw(st.sampled_from([..., *REFERENCES, *odd])))
    return kind, manifest


@pytest.mark.no_cover
@settings(max_examples=100, deadline=None)
@given(_manifests())
@example(("assistant", {"model": "a", "description": "x" * 512 + "\n\n"}))
@example(("assistant", {"reconciler": {"environments": {"local": {"model": "a"}, "production": {"model": "b"}}}}))
@example(("assistant", {"model": "a", "tools": [{"type": {"value": "v"}}], "response_format": {"value": "v"}}))
@example(("assistant", {"model": "a", "metadata": {"file": "x", "value": "y", "a": {"value": "v"}}}))
@example(("assistant", {"model": "a", "tools": [{"type": "azure"}], "tool_resources": {"azure": {"more": 1}}}))
def test_whatever_the_parser_accepts_the_schema_accepts(made: tuple[str, Any]) -> None:
    kind, manifest = made

    if is_accepted(kind, manifest):
        assert wrong(kind, manifest) == []


@each_scenario
def test_the_schema_accepts_the_manifests_of_a_scenario(scenario: Scenario) -> None:
    for name, text in scenario.sections.items():
        if name.endswith((".yaml", ".md")) and text.strip() and not name.startswith("reconciler"):
            syntax = "markdown" if name.endswith(".md") else "yaml"
            kind = "agent" if "agents/" in name else "assistant"
            for document in read_text(text, name, syntax=syntax).documents:
                if "model" in plain(document):
                    assert wrong(kind, plain(document)) == [], name


def test_the_schema_accepts_the_examples_of_this_repository() -> None:
    read = reading.read(ROOT, ["agents", "assistants"])

    assert {each.file: wrong(each.address.kind, plain(each.node)) for each in read.manifests} == {
        each.file: [] for each in read.manifests
    }


WRONG: list[tuple[str, dict[str, Any], Place]] = [
    ("assistant", {"modle": "a"}, ()),
    ("assistant", {}, ()),
    ("assistant", {"temperature": 3}, ("temperature",)),
    ("assistant", {"temperature": "1"}, ("temperature",)),
    ("assistant", {"name": "x" * 257}, ("name",)),
    ("assistant", {"name": 5}, ("name",)),
    ("assistant", {"reasoning_effort": "hgih"}, ("reasoning_effort",)),
    ("assistant", {"instructions": {"file": "a", "value": "b"}}, ("instructions",)),
    ("assistant", {"instructions": {"fil": "a"}}, ("instructions",)),
    ("assistant", {"temperature": {"value": "v"}}, ("temperature",)),
    ("assistant", {"tools": [{"typ": "function"}]}, ("tools", 0)),
    ("assistant", {"tools": [{"type": "file_search", "file_search": {"max_num_results": 51}}]},
     ("tools", 0, "file_search", "max_num_results")),
    ("assistant", {"tools": [{"type": "function", "function": {"name": "a b"}}]}, ("tools", 0, "function", "name")),
    ("assistant", {"tools": [{"type": "function", "function": {"name": "a", "strct": 1}}]}, ("tools", 0, "function")),
    ("assistant", {"tools": [{"type": "code_interpreter"}] * 129}, ("tools",)),
    ("assistant", {"response_format": "json"}, ("response_format",)),
    ("assistant", {"response_format": {"type": "json_schema"}}, ("response_format",)),
    ("assistant", {"response_format": {"type": "text", "json_schema": {"name": "a"}}},
     ("response_format", "json_schema")),
    ("assistant", {"metadata": {"a": 5}}, ("metadata", "a")),
    ("assistant", {"metadata": {"reconciler": "x"}}, ("metadata", "reconciler")),
    ("assistant", {"metadata": {f"k{number}": "x" for number in range(16)}}, ("metadata",)),
    ("assistant", {"reconciler": {"kye": "a"}}, ("reconciler",)),
    ("assistant", {"reconciler": {"key": "A"}}, ("reconciler", "key")),
    ("assistant", {"reconciler": {"on_removal": "forget"}}, ("reconciler", "on_removal")),
    ("assistant", {"reconciler": {"environments": {"a": {"temprature": 1}}}}, ("reconciler", "environments", "a")),
    ("assistant", {"reconciler": {"environments": {"a": True}}}, ("reconciler", "environments", "a")),
    ("assistant", {"reconciler": {"environments": {"a": {"metadata": {"x": 1}}}}},
     ("reconciler", "environments", "a", "metadata", "x")),
    ("agent", {"model": "a", "temperature": 1}, ()),
    ("agent", {"tools": [{"type": "function", "name": "a"}]}, ("tools", 0)),
    ("agent", {"tools": [{"type": "mcp", "server_label": "a", "transport": {"type": "http", "command": "x"}}]},
     ("tools", 0, "transport", "command")),
    ("agent", {"tools": [{"type": "web_search", "mode": "lvie"}]}, ("tools", 0, "mode")),
    ("agent", {"text": {"format": {"type": "json_schema"}}}, ("text", "format")),
    ("agent", {"multi_agent": {"enabled": True, "max_concurrent_subagents": 1.5}},
     ("multi_agent", "max_concurrent_subagents")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "manifest", "place"), WRONG, ids=lambda value: str(value)[:60])
def test_a_wrong_manifest_is_wrong_where_it_is(kind: str, manifest: dict[str, Any], place: Place) -> None:
    stated = {**({"model": "a"} if place else {}), **manifest}

    assert not is_accepted(kind, stated)
    assert place in wrong(kind, stated)


def test_unknown_members_are_accepted_only_where_they_are_listed() -> None:
    manifest = {"model": "a", "tools": [{"type": "function", "function": {"name": "a", "cache": 1}}]}

    assert wrong("assistant", manifest) == [("tools", 0, "function")]
    assert wrong("assistant", {**manifest, "reconciler": {"unknown_members": ["tools.function.cache"]}}) == []


def test_every_field_and_member_has_a_description_of_one_sentence() -> None:
    told = {name: dict(described(schema)) for name, schema in SCHEMAS.items()}

    assert {path for found in told.values() for path, text in found.items() if not text.endswith(".")} == set()
    assert len(told["agent"]) > 60


def test_what_may_be_anything_may_be_null_as_well() -> None:
    assert nullable({}) == {}
