"""Manifests of assistants as those of agents: what stays a reference or a patch, and that all environments agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.canonical import Json, equal
from reconciler.diagnostics import errors
from reconciler.drafts.as_agents import AgentDraft, AgentView, UnpatchableError, agent_draft
from reconciler.drafts.layout import laid_out
from reconciler.kinds import KINDS
from reconciler.kinds.conversion import converted
from reconciler.kinds.to_agent import agent_path
from reconciler.manifests.parser import Manifest, ManifestContext, parse
from reconciler.model import Desired
from reconciler.paths import read, show
from reconciler.source import Node, plain
from reconciler.source import parse as nodes_of
from support.bodies import bodies, messy

BODIES = messy("assistant").map(lambda resource: resource[1])
VALUES = {"staging": {"team": "blue", "long": "n"}, "production": {"team": "red", "long": "n" * 200}}
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
FILES: dict[str, Any] = {
    "prompts/a.md": "Be kind.",
    "prompts/b.md": "Be brief.",
    "schemas/q.json": SCHEMA,
    "schemas/r.json": {"type": "object", "description": "r"},
    "functions/f.json": {"name": "f", "description": "d", "parameters": SCHEMA},
}


def node_of(path: str, content: Any) -> Node:
    return nodes_of(json.dumps(content), path, syntax="json").documents[0]


def manifest_of(body: Any, files: dict[str, Any] | None = None) -> Manifest:
    attached = {name: node_of(f"assistants/{name}", content) for name, content in (files or {}).items()}
    return Manifest(
        "assistants/bot.yaml", "bot", node_of("assistants/bot.yaml", body), alone=True, attachments=attached
    )


def desired_in(name: str, manifest: Manifest) -> tuple[Desired | None, bool]:
    """What it asks for in an environment, and whether it has no error there."""
    parsed = parse([manifest], ManifestContext(name, (*VALUES, "classic"), VALUES[name]))
    return next(iter(parsed.desired), None), not errors(parsed.faults)


def drafted(body: Any, former_ids: Json = None, absent: tuple[str, ...] = ()) -> AgentDraft:
    """The draft of an agent, after it was read again in every environment."""
    manifest = manifest_of(body, FILES)
    stated = manifest_of({**body, "reconciler": {**body.get("reconciler", {}), "unresolved": None}}, FILES)
    found = {name: desired for name in VALUES for desired, is_sound in [desired_in(name, stated)] if is_sound}
    views = [
        AgentView(name, VALUES[name], at.fields if (at := found.get(name)) is not None else None) for name in VALUES
    ]
    result = agent_draft(manifest, views, former_ids, absent, "agents")
    for name, desired in found.items():
        again, is_sound = desired_in(name, _written(result))
        assert (is_sound, again is None) == (True, desired is None)
        if again is not None and desired is not None:
            body_there = converted(desired.fields, KINDS["assistant"]).body
            assert equal({**again.fields}, {**KINDS["agent"].read(body_there)}), name
    return result


def _written(result: AgentDraft) -> Manifest:
    """The draft as a manifest, with everything settled."""
    own: Any = {**result.draft.own, "unresolved": []}
    patches = own.get("environments", {})
    own["environments"] = {name: patch and {**patch, "unresolved": []} for name, patch in patches.items()}
    attached = {f"../assistants/{name}": node_of(f"assistants/{name}", content) for name, content in FILES.items()}
    document = node_of("agents/bot.yaml", {**result.draft.body, "reconciler": own})
    return Manifest("agents/bot.yaml", "bot", document, alone=True, attachments=attached)


def patches(draft: AgentDraft) -> Any:
    return draft.draft.own.get("environments")


def test_references_stay_references_to_the_same_files_and_values() -> None:
    draft = drafted(
        {
            "model": "gpt-5.5",
            "instructions": {"files": ["prompts/a.md", "prompts/b.md"]},
            "metadata": {"team": {"value": "team"}},
            "tools": [
                {"type": "function", "function": {"file": "functions/f.json"}},
                {"type": "function", "function": {"name": "g", "parameters": {"file": "schemas/q.json"}}},
            ],
        }
    ).draft

    assert draft.body == {
        "model": "gpt-5.5",
        "instructions": {"files": ["../assistants/prompts/a.md", "../assistants/prompts/b.md"]},
        "metadata": {"team": {"value": "team"}},
        "tools": [
            {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA},
            {
                "type": "function",
                "name": "g",
                "description": "",
                "parameters": {"file": "../assistants/schemas/q.json"},
            },
        ],
    }
    assert draft.own == {}


def test_a_patch_stays_a_patch_and_says_what_is_unresolved_there() -> None:
    draft = drafted(
        {
            "model": "gpt-5.5",
            "name": "Bot",
            "instructions": {"file": "prompts/a.md"},
            "temperature": 0.5,
            "reconciler": {
                "id": {"production": "asst_1"},
                "on_removal": "refuse",
                "environments": {
                    "staging": {"temperature": None, "instructions": {"file": "prompts/b.md"}, "on_removal": "keep"},
                    "production": {"description": "d", "name": None},
                },
            },
        },
        former_ids={"production": "asst_1"},
    )

    assert draft.unresolved == ("temperature", "description")
    assert draft.draft.own == {
        "former_ids": {"production": "asst_1"},
        "on_removal": "refuse",
        "unresolved": ["temperature"],
        "environments": {
            "staging": {"instructions": {"file": "../assistants/prompts/b.md"}, "on_removal": "keep", "unresolved": []},
            "production": {"name": None, "unresolved": ["description", "temperature"]},
        },
    }


def test_an_environment_without_it_stays_so_and_more_may_be_without_it() -> None:
    body = {"model": "m", "reconciler": {"unresolved": ["tone"], "environments": {"staging": False}}}

    draft = drafted(body, absent=("classic",))

    assert draft.draft.own == {"unresolved": ["tone"], "environments": {"staging": False, "classic": False}}


def test_what_is_ignored_is_ignored_where_an_agent_has_it() -> None:
    ignored = {"ignore_changes": ["temperature", "metadata.x", "reasoning_effort"]}
    patch = {"staging": {"ignore_changes": ["temperature"]}, "production": {"ignore_changes": ["top_p"]}}

    own = drafted({"model": "m", "reconciler": {**ignored, "environments": patch}}).draft.own
    alone = drafted({"model": "m", "reconciler": {"environments": patch}}).draft.own

    assert own == {
        "ignore_changes": ["metadata.x", "reasoning.effort"],
        "environments": {"staging": {"ignore_changes": []}, "production": {"ignore_changes": []}},
    }
    assert alone == {}


def test_a_value_that_is_lost_in_one_environment_alone_is_unresolved_there() -> None:
    draft = drafted({"model": "m", "name": {"value": "long"}})

    assert draft.draft.body["name"] == {"value": "long"}
    assert patches(draft) == {"production": {"name": None, "unresolved": ["name"]}}


def test_a_schema_of_another_file_is_merged_as_it_was() -> None:
    base = {"type": "json_schema", "json_schema": {"name": "s", "schema": {"file": "schemas/q.json"}}}
    patch = {"response_format": {"json_schema": {"schema": {"file": "schemas/r.json"}}}}

    draft = drafted({"model": "m", "response_format": base, "reconciler": {"environments": {"staging": patch}}})

    assert draft.draft.body["text"] == {
        "format": {"type": "json_schema", "schema": {"file": "../assistants/schemas/q.json"}}
    }
    assert patches(draft) == {"staging": {"text": {"format": {"schema": {"file": "../assistants/schemas/r.json"}}}}}


def test_what_cannot_be_read_in_an_environment_is_converted_with_its_references() -> None:
    patch = {"name": {"value": "team"}, "metadata": {"b": None}}
    manifest = manifest_of({"model": "m", "metadata": {"b": "c"}, "reconciler": {"environments": {"staging": patch}}})

    draft = agent_draft(manifest, [AgentView("staging"), AgentView("production")], None, (), "agents")

    assert patches(draft) == {"staging": {"name": {"value": "team"}, "metadata": None}}


def test_members_that_are_newer_than_this_version_are_unresolved_by_name() -> None:
    function = {"name": "f", "description": "d", "parameters": SCHEMA, "speed": 1}
    accepted = {"unknown_members": ["tools.functions.f.speed"]}

    draft = drafted({"model": "m", "tools": [{"type": "function", "function": function}], "reconciler": accepted})

    assert draft.unresolved == ("tools.functions.f.speed",)
    assert draft.draft.body["tools"] == [{"type": "function", "name": "f", "description": "d", "parameters": SCHEMA}]


def test_what_no_patch_can_say_is_an_error() -> None:
    schema = {"type": "object", "default": None}
    text = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}
    manifest = manifest_of({"model": "m"})
    fields = KINDS["assistant"].read({"model": "m", "response_format": text})

    with pytest.raises(UnpatchableError, match="text"):
        agent_draft(manifest, [AgentView("staging", fields=fields)], None, (), "agents")
    patched = manifest_of({"model": "m", "reconciler": {"environments": {"staging": {"response_format": text}}}})
    assert patches(agent_draft(patched, [AgentView("staging")], None, (), "agents")) is not None


PATHS = {
    "model": "model",
    "metadata.x": "metadata.x",
    "tools": "tools",
    "tools.functions": "tools.functions",
    "tools.functions.f": "tools.functions.f",
    "tools.functions.f.parameters.required": "tools.functions.f.parameters.required",
    "tools.functions.f.strict": None,
    "tools.file_search": None,
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
    "response_format.json_schema.schema.title": "text.format.schema.title",
    "response_format.json_schema.name": None,
    "temperature": None,
}


@pytest.mark.parametrize(("path", "there"), PATHS.items())
def test_a_path_leads_where_an_agent_has_the_same(path: str, there: str | None) -> None:
    found = agent_path(read(path))

    assert (show(found) if found else None) == there


def _referring(body: dict[str, Any]) -> dict[str, Any]:
    """The body with references in place of what they may stand for."""
    prompt = {"instructions": {"file": "prompts/a.md"}} if "instructions" in body else {}
    pairs = {**body.get("metadata", {}), "team": {"value": "team"}}
    return {**body, **prompt, "metadata": pairs}


@pytest.mark.no_cover
@settings(max_examples=max(20, settings().max_examples // 2))
@given(BODIES, st.tuples(BODIES, bodies()), st.booleans(), st.booleans())
def test_every_environment_has_the_agent_that_its_assistant_becomes(
    base: dict[str, Any], others: tuple[dict[str, Any], ...], is_referring: bool, is_absent: bool
) -> None:
    several = [base, *others]
    base, *two = [_referring(body) for body in several] if is_referring else several
    patch: dict[str, Any] = dict(zip(VALUES, two, strict=True))
    body = {**base, "reconciler": {"environments": {**patch, **({"staging": False} if is_absent else {})}}}

    draft = drafted(body).draft
    texts = laid_out([draft], "yaml", {"agent": "agents"})

    assert plain(nodes_of(texts["agents/bot.yaml"], "agents/bot.yaml").documents[0])
