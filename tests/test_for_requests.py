"""What is edited in a manifest so that its assistant is a request in one more environment."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from reconciler.canonical import ABSENT, Json
from reconciler.drafts.for_requests import AddedEnvironment, edits_with, edits_without
from reconciler.kinds import KINDS
from reconciler.manifests.parser import Manifest
from reconciler.source import Node
from reconciler.source import parse as nodes_of
from support.lives import wanted

ADDED = AddedEnvironment("new", "old", ("old", "staging"), is_new=True)
STORES = {"file_search": {"vector_store_ids": ["vs_1"]}}
BLOCK = "reconciler"


def node_of(content: Any) -> Node:
    return nodes_of(json.dumps(content), "bot.json", syntax="json").documents[0]


def edits(
    own: Any = None,
    *,
    there: Any = None,
    id: str | None = None,
    former: tuple[str, ...] = (),
    files: dict[str, Any] | None = None,
    added: AddedEnvironment = ADDED,
    **body: Any,
) -> dict[tuple[Any, ...], Any]:
    """The edits of a manifest, by path; `there` is what it is in the source, where that is not its body."""
    attached = {name: node_of(content) for name, content in (files or {}).items()}
    node = node_of({"model": "m", **body, **({BLOCK: own} if own is not None else {})})
    manifest = Manifest("bot.json", "bot", node, alone=True, attachments=attached)
    fields = KINDS["assistant"].read({"model": "m", **(body if there is None else there)})
    desired = replace(wanted("bot"), fields=fields, id=id, former_ids=former)
    return {each.path: each.value for each in edits_with(manifest, desired, added)}


def test_an_assistant_that_loses_nothing_is_there_as_it_is() -> None:
    assert edits() == {}
    assert edits({"environments": {"old": {"name": "N"}}}, there={"name": "N"}) == {
        (BLOCK, "environments", "new"): {"name": "N"}
    }


def test_what_is_lost_is_taken_away_there_and_named() -> None:
    tools = [{"type": "file_search"}, {"type": "web_search"}, {"type": "browser"}]
    answer = {"type": "json_schema", "json_schema": {"name": "s"}}
    patch = {"tool_resources": {"code_interpreter": {"file_ids": ["f"]}}, "on_removal": "keep"}
    body = {"tools": tools, "response_format": answer, "tool_resources": {"browser": {"tabs": ["a"]}}}

    found = edits({"unresolved": ["tone"], "environments": {"old": patch}}, **body)

    assert found == {
        (BLOCK, "environments", "new"): {
            "on_removal": "keep",
            "tools": [{"type": "web_search"}],
            "tool_resources": {"code_interpreter": {"file_ids": ["f"]}, "browser": None},
            "response_format": None,
            "unresolved": ["tone", "file_search", "browser", "response_format"],
        }
    }


def test_tools_are_those_of_the_patch_or_of_a_file() -> None:
    search: list[Json] = [{"type": "file_search"}]
    function = {"type": "function", "function": {"name": "f"}}
    own = {"environments": {"old": {"tools": [*search, function], "unresolved": None}}}

    in_patch = edits(own, there={"tools": [*search, function]})
    in_file = edits(tools={"file": "tools.json"}, there={"tools": search}, files={"tools.json": search})

    assert in_patch == {(BLOCK, "environments", "new"): {"tools": [function], "unresolved": ["file_search"]}}
    assert in_file == {(BLOCK, "environments", "new"): {"tools": None, "unresolved": ["file_search"]}}
    resources = edits(tools=search, tool_resources={"browser": {}}, there={"tools": search})
    assert resources == in_file
    kept = edits(tools=[{"type": "web_search"}], tool_resources={"web_search": {"a": ["b"]}})
    assert kept == {
        (BLOCK, "environments", "new"): {"tool_resources": {"web_search": None}, "unresolved": ["web_search"]}
    }


def test_ids_become_former_ones_and_one_without_an_environment_gets_its_own() -> None:
    assert edits({"id": "asst_1"}, id="asst_1") == {
        (BLOCK, "id"): {"old": "asst_1"},
        (BLOCK, "former_ids", "new"): "asst_1",
    }
    former = {"id": {"old": "asst_1"}, "former_ids": {"old": "asst_0"}}
    assert edits(former, id="asst_1", former=("asst_0",)) == {(BLOCK, "former_ids", "new"): ["asst_1", "asst_0"]}
    assert edits({"former_ids": ["asst_0"]}, former=("asst_0",)) == {}
    assert edits({"former_ids": ["asst_0"], "id": {"old": "asst_1"}}, id="asst_1", former=("asst_0",)) == {
        (BLOCK, "former_ids"): {"old": ["asst_0"], "staging": ["asst_0"], "new": ["asst_1", "asst_0"]}
    }


def test_what_was_absent_comes_back_and_leaves_nothing_empty() -> None:
    known = replace(ADDED, is_new=False)
    absent = {"environments": {"new": False}}

    assert edits(absent, added=known) == {(BLOCK,): ABSENT}
    assert edits({**absent, "id": {"old": "asst_1"}}, id="asst_1", added=known) == {
        (BLOCK, "former_ids", "new"): "asst_1",
        (BLOCK, "environments"): ABSENT,
    }
    assert edits({"environments": {"new": False, "staging": False}}, added=known) == {
        (BLOCK, "environments", "new"): ABSENT
    }


def test_an_assistant_that_stays_where_it_is_is_absent_in_a_new_environment_alone() -> None:
    manifest = Manifest("bot.json", "bot", node_of({"model": "m", BLOCK: {"id": "asst_1"}}), alone=True)

    assert edits_without(manifest, replace(ADDED, is_new=False)) == []
    assert {each.path: each.value for each in edits_without(manifest, ADDED)} == {
        (BLOCK, "id"): {"old": "asst_1"},
        (BLOCK, "environments", "new"): False,
    }
