"""What separates a manifest from a live object becomes the smallest patch, and what recurs becomes a value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.canonical import ABSENT, Json
from reconciler.drafts.adoption import adopting, leaving_out
from reconciler.drafts.patches import AssumedValues, Beside, DifferingText
from reconciler.drafts.shared_values import Homes, SharedValues, shared_values
from reconciler.kinds import KINDS
from reconciler.manifests.parser import Manifest, ManifestContext, parse
from reconciler.manifests.references import Resolver, without_own
from reconciler.model import Address, Live
from reconciler.source import parse as nodes_of
from reconciler.source import plain

VALUES = {"handbook": "vs_1"}
CONTEXT = ManifestContext("staging", ("local", "production", "staging"), AssumedValues(VALUES))
LOOKUP = {"name": "lookup", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}
FILES = {
    "prompts/p.md": nodes_of('"The prompt."', "prompts/p.md").documents[0],
    "functions/lookup.json": nodes_of(json.dumps(LOOKUP), "functions/lookup.json", syntax="json").documents[0],
}
FROM_FILE = {"type": "function", "function": {"file": "functions/lookup.json"}}
FUNCTION = {"type": "function", "function": LOOKUP}
OTHER = {"type": "function", "function": {"name": "other", "description": "Finds."}}
STORE: dict[str, Any] = {"tools": [{"type": "file_search"}]}


def store(id: Json) -> dict[str, Json]:
    return {**STORE, "tool_resources": {"file_search": {"vector_store_ids": [id]}}}


def beside(written: dict[str, Any], live: dict[str, Any], kind: str = "assistant") -> Beside:
    document = nodes_of(json.dumps({"model": "m", **written}), "x.yaml").documents[0]
    manifest = Manifest(f"{kind}s/x.yaml", "x", document, True, FILES)
    resolver = Resolver(FILES, CONTEXT.values, "staging")
    resolved = plain(resolver.resolve(without_own(document)))
    fields = plain(without_own(document))
    assert isinstance(resolved, dict)
    assert isinstance(fields, dict)
    raw = {"id": "s1", "model": "m", **live}
    (desired,) = parse([manifest], CONTEXT).desired
    return Beside(fields, resolved, desired, Live(kind, "s1", KINDS[kind].read(raw), raw))


@pytest.mark.parametrize(
    ("written", "live", "patch"),
    [
        ({"name": "A"}, {"name": "A"}, {}),
        ({"name": "A", "description": "x"}, {"name": "B"}, {"name": "B", "description": None}),
        ({}, {"metadata": {"team": "people"}}, {"metadata": {"team": "people"}}),
        ({"metadata": {"a": "1", "b": "2"}}, {"metadata": {"a": "1", "c": "3"}}, {"metadata": {"b": None, "c": "3"}}),
        ({"instructions": {"file": "prompts/p.md"}}, {"instructions": "Another."}, {"instructions": "Another."}),
        ({"temperature": 0.5, "reconciler": {"ignore_changes": ["temperature"]}}, {"temperature": 1.5}, {}),
        ({"model": "o3-mini"}, {"model": "m", "top_p": 0.1}, {"model": "m", "top_p": 0.1}),
        ({"model": "o3-mini"}, {"model": "o3", "top_p": 0.1}, {"model": "o3"}),
        ({"tools": [FROM_FILE, OTHER]}, {"tools": [OTHER, FUNCTION]}, {}),
        (
            {"tools": [FROM_FILE, OTHER, {"type": "code_interpreter"}]},
            {"tools": [{"type": "file_search"}, {"type": "code_interpreter"}, FUNCTION]},
            {"tools": [FROM_FILE, {"type": "code_interpreter"}, {"type": "file_search"}]},
        ),
        (
            {"tools": [{"type": "function", "function": {**LOOKUP, "parameters": {"file": "functions/lookup.json"}}}]},
            {
                "tools": [
                    {"type": "function", "function": {"name": "lookup", "description": "New.", "parameters": LOOKUP}}
                ]
            },
            {
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "lookup",
                            "description": "New.",
                            "parameters": {"file": "functions/lookup.json"},
                        },
                    }
                ]
            },
        ),
        (
            {"tools": [FROM_FILE]},
            {"tools": [{"type": "function", "function": {**LOOKUP, "description": "New."}}]},
            {"tools": [{"type": "function", "function": {**LOOKUP, "description": "New."}}]},
        ),
        (
            store({"value": "handbook"}),
            store("vs_2"),
            {"tool_resources": {"file_search": {"vector_store_ids": ["vs_2"]}}},
        ),
        (
            {"name": "A", "reconciler": {"environments": {"staging": {"name": "B"}}}},
            {"name": "A"},
            {"name": ABSENT},
        ),
    ],
)
def test_a_patch_says_what_differs_and_nothing_else(
    written: dict[str, Any], live: dict[str, Any], patch: dict[str, Json]
) -> None:
    assert beside(written, live).patch() == patch


def answer(schema: Json) -> dict[str, Json]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}}


def test_no_patch_says_null_inside_a_schema_unless_the_manifest_has_it() -> None:
    with_null = {"type": "object", "default": None}

    assert beside(answer({"type": "object"}), answer(with_null)).patch() is None
    assert beside(answer(with_null), answer({**with_null, "title": "A"})).patch() == {
        "response_format": {"json_schema": {"schema": {"title": "A"}}}
    }


def test_an_agent_keeps_what_the_server_chose_out_of_its_patch() -> None:
    written, live = {"reasoning": {"summary": "auto"}}, {"reasoning": {"summary": "concise", "effort": "medium"}}

    assert beside(written, live, "agent").patch() == {"reasoning": {"summary": "concise"}}


@pytest.mark.parametrize(
    ("written", "live", "texts"),
    [
        ({}, {"model": "n"}, [(("model",), "m", "n", None)]),
        ({"instructions": "a"}, {"instructions": "b"}, []),
        ({"description": "a"}, {"description": "b" * 300}, []),
        ({"temperature": 0.5}, {"temperature": 1.5}, []),
        (
            store({"value": "guide"}),
            store("vs_2"),
            [(("tool_resources", "file_search", "vector_store_ids", 0), "{value: guide}", "vs_2", "guide")],
        ),
        (store("vs_1"), STORE, []),
        ({"tools": [FROM_FILE]}, {"tools": [{**OTHER, "function": {**LOOKUP, "description": "x"}}]}, []),
        ({"tools": [OTHER]}, {"tools": [OTHER, FUNCTION]}, []),
        (answer({"title": "A"}), answer({"title": "B"}), []),
        ({"metadata": {"a": "1", "b": "2"}}, {"metadata": {"b": "3"}}, [(("metadata", "b"), "2", "3", None)]),
    ],
)
def test_texts_that_differ_are_found_where_a_value_may_stand(
    written: dict[str, Any], live: dict[str, Any], texts: list[tuple[Any, ...]]
) -> None:
    assert beside(written, live).texts() == tuple(DifferingText(*text) for text in texts)


def test_with_a_value_in_its_place_a_text_needs_no_patch() -> None:
    one = beside({**store("vs_1"), "name": "A"}, {**store("vs_2"), "name": "B"})
    spot = ("tool_resources", "file_search", "vector_store_ids", 0)

    assert one.with_values({}) is one
    assert one.with_values({spot: "store"}).patch() == {"name": "B", "tool_resources": ABSENT}
    assert one.with_values({spot: "store"}).written["tool_resources"] == store({"value": "store"})["tool_resources"]


A, B, C = (Address("assistant", key) for key in "abc")
MODEL, NAME = ("model",), ("name",)
SPOT = ("tool_resources", "file_search", "vector_store_ids", 0)


def shared(texts: dict[Address, list[DifferingText]], values: dict[str, dict[str, str]] | None = None) -> SharedValues:
    existing = {"local": frozenset({A, B, C}), "production": frozenset({A, B})}
    return shared_values(texts, Homes("staging", existing, values or {}))


def test_what_recurs_is_one_value_in_every_environment_of_these_manifests() -> None:
    text = DifferingText(MODEL, "m", "n")

    found = shared({A: [text, DifferingText(NAME, "x", "y")], B: [text]})

    assert found.spots == {A: {MODEL: "model"}, B: {MODEL: "model"}}
    assert found.values == {"staging": {"model": "n"}, "production": {"model": "m"}, "local": {"model": "m"}}
    assert shared({A: [text, DifferingText(NAME, "m", "n")]}) == SharedValues()
    assert (
        "production"
        not in shared_values({C: [text], B: [text]}, Homes("staging", {"production": frozenset({A})}, {})).values
    )


def test_names_of_values_tell_them_apart() -> None:
    stores = [DifferingText(SPOT, f"vs_{number}", f"vs_s{number}") for number in (1, 2)]
    models = [DifferingText(MODEL, "gpt-4.1", "x"), DifferingText(MODEL, "gpt.4.1", "x")]

    found = shared({A: [stores[0], models[0]], B: [*stores, *models], C: [stores[1], models[1]]})

    assert found.spots[A] == {SPOT: "vector_store_a", MODEL: "model_gpt_4_1"}
    assert found.spots[C] == {SPOT: "vector_store_b", MODEL: "model_gpt_4_1_2"}
    taken = shared({A: models[:1], B: models[:1]}, {"other": {"model": "z"}})
    assert taken.spots[A] == {MODEL: "model_gpt_4_1"}


def test_a_value_that_says_it_already_is_used_again() -> None:
    text = DifferingText(SPOT, "vs_1", "vs_2")

    known = {"production": {"handbook": "vs_1", "guide": "vs_9"}, "local": {"handbook": "vs_1"}}

    assert shared({A: [text], B: [text]}, known) == SharedValues(
        {A: {SPOT: "handbook"}, B: {SPOT: "handbook"}}, {"staging": {"handbook": "vs_2"}}
    )


def test_a_value_that_the_environment_lacks_is_what_most_have() -> None:
    texts = [DifferingText(MODEL, "{value: m}", after, "m") for after in ("x", "y", "x")]

    found = shared(dict(zip((A, B, C), ([text] for text in texts), strict=True)))

    assert found == SharedValues({A: {MODEL: "m"}, C: {MODEL: "m"}}, {"staging": {"m": "x"}})
    assert shared({A: texts[:1]}, {"staging": {"m": "z"}}) == SharedValues()


@pytest.mark.parametrize(
    ("own", "patch", "block"),
    [
        (None, {}, {"id": {"staging": "s1"}}),
        ({"id": "p1"}, {}, {"id": {"production": "p1", "staging": "s1"}}),
        (
            {"id": {"staging": "s1"}},
            {"name": "B"},
            {"id": {"staging": "s1"}, "environments": {"staging": {"name": "B"}}},
        ),
        (
            {"environments": {"staging": False, "dev": False}},
            {},
            {"environments": {"dev": False}, "id": {"staging": "s1"}},
        ),
        (
            {"environments": {"staging": {"name": "x", "model": "n"}}},
            {"name": ABSENT},
            {"environments": {"staging": {"model": "n"}}, "id": {"staging": "s1"}},
        ),
    ],
)
def test_a_match_adds_its_id_and_its_patch(own: Json, patch: dict[str, Any], block: Json) -> None:
    assert adopting(own, "staging", "s1", patch, ["production"]) == block


def test_members_that_are_not_known_are_named_in_the_block() -> None:
    new = {"type": "function", "function": {"name": "other", "cache": True}}

    assert beside({"tools": [OTHER]}, {"tools": [OTHER]}).unknown_members == ()
    assert beside({"tools": [OTHER]}, {"tools": [new]}).unknown_members == ("tools.function.cache",)
    block = adopting({"id": {"staging": "s1"}, "unknown_members": ["a"]}, "staging", "s1", {}, [], ["a", "b"])
    assert block == {"id": {"staging": "s1"}, "unknown_members": ["a", "b"]}


def test_a_manifest_that_is_of_no_object_does_not_exist_there() -> None:
    left: Json = {"environments": {"staging": False}}

    assert leaving_out(None, "staging", []) == left
    assert leaving_out({"id": {"staging": "s1"}}, "staging", []) == left
    assert leaving_out({"id": "p1", "environments": {"staging": {}}}, "staging", ["production"]) == {"id": "p1"} | left
    assert leaving_out({"id": {"staging": "s1", "dev": "d"}}, "staging", []) == {"id": {"dev": "d"}} | left
