"""Classic agents of a project are managed like any assistants, with what that server needs and has not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.config import load
from reconciler.providers import PROVIDERS
from reconciler.render.faults import report
from support.checkout import Checkout
from support.foundry import TOKEN, Project, project

HR = """\
name: HR Helper
model: gpt-4o
tools:
  - type: code_interpreter
  - type: azure_ai_search
  - type: file_search
    file_search: {ranking_options: {score_threshold: 0.5}}
  - type: mcp
    server_label: docs
    server_url: https://mcp.example.com
  - type: connected_agent
    connected_agent: {id: asst_other, name: payroll, description: Pays.}
  - type: openapi
    openapi: {name: weather, spec: {openapi: 3.1.0, paths: {}}, auth: {type: anonymous}}
  - type: function
    function: {name: lookup, parameters: {type: object, properties: {}}}
tool_resources:
  azure_ai_search:
    indexes: [{index_connection_id: c1, index_name: handbook, top_k: 5}]
"""


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Checkout, Project]]:
    monkeypatch.setenv("FOUNDRY_TOKEN", TOKEN)
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "staging")
    with project() as there:
        checkout = Checkout(tmp_path, monkeypatch, capsys, hr=HR)
        checkout.config(
            "stack: acme\nenvironments:\n"
            f"  staging: {{provider: foundry, base_url: '{there.url}', api_key: {{env: FOUNDRY_TOKEN}}}}\n"
        )
        yield checkout, there


def only(there: Project) -> dict[str, Any]:
    (agent,) = there.agents.values()
    return agent


def test_an_agent_goes_all_the_way_and_its_tools_stay_as_they_were_written(here: tuple[Checkout, Project]) -> None:
    checkout, there = here

    planned = checkout.run("plan")
    applied = checkout.run("apply", "--auto-approve")
    again = checkout.run("plan", "--detailed-exitcode")

    assert planned.out.splitlines()[-1] == "Plan: 1 to add, 0 to change, 0 to destroy."
    assert "Apply complete! Resources: 1 added, 0 changed, 0 destroyed." in applied.out
    assert again.code == 0, again.out
    assert "Warning" not in planned.err + applied.err + again.err
    tools = {tool["type"]: tool for tool in only(there)["tools"]}
    assert tools["mcp"] == {"type": "mcp", "server_label": "docs", "server_url": "https://mcp.example.com"}
    assert tools["file_search"]["file_search"]["ranking_options"] == {"ranker": "auto", "score_threshold": 0.5}
    assert tools["openapi"]["openapi"]["auth"] == {"type": "anonymous"}
    (index,) = only(there)["tool_resources"]["azure_ai_search"]["indexes"]
    assert index == {"index_connection_id": "c1", "index_name": "handbook", "top_k": 5}
    assert all("api-version=v1" in line for line in there.asked)

    checkout.write(hr=HR.replace("gpt-4o", "o3-mini").replace("top_k: 5", "top_k: 9"))
    assert checkout.run("apply", "--auto-approve").code == 0
    assert (only(there)["model"], only(there)["tool_resources"]["azure_ai_search"]["indexes"][0]["top_k"]) == (
        "o3-mini",
        9,
    )
    checkout.write(hr=HR)
    assert checkout.run("apply", "--auto-approve").code == 0
    assert "No changes." in checkout.run("plan").out
    assert checkout.run("destroy", "--stack", "acme", "--auto-approve").code == 0
    assert there.agents == {}


def test_resources_that_are_a_list_are_sent_kept_and_taken_out(here: tuple[Checkout, Project]) -> None:
    checkout, there = here
    resources = "  mcp: [{server_label: docs, headers: {x-team: people}}]\n"
    checkout.write(hr=HR + resources)

    assert checkout.run("apply", "--auto-approve").code == 0
    assert only(there)["tool_resources"]["mcp"] == [{"server_label": "docs", "headers": {"x-team": "people"}}]
    assert "x-team: people" in checkout.run("show", "hr").out
    assert checkout.run("plan", "--detailed-exitcode").code == 0

    checkout.write(hr=HR + resources.replace("people", "sales"))
    assert checkout.run("apply", "--auto-approve").code == 0
    assert only(there)["tool_resources"]["mcp"][0]["headers"] == {"x-team": "sales"}

    checkout.write(hr=HR)
    assert checkout.run("apply", "--auto-approve").code == 0
    assert only(there)["tool_resources"].get("mcp", []) == []
    assert checkout.run("plan", "--detailed-exitcode").code == 0


def test_what_such_a_server_has_not_is_an_error_at_its_line_and_nothing_is_sent(here: tuple[Checkout, Project]) -> None:
    checkout, there = here
    checkout.write(hr=HR.replace("name: lookup,", "name: lookup, strict: true,") + "reasoning_effort: low\n")

    told = checkout.run("plan")

    assert told.code == 1
    effort, strict = len(HR.splitlines()) + 1, HR.splitlines().index("  - type: function") + 2
    assert f"hr.yaml:{effort}:1: unsupported-field: `reasoning_effort` is not supported by environment stag" in told.err
    assert f"hr.yaml:{strict}:30: unsupported-field: `strict` is not supported by environment staging." in told.err
    assert there.asked == []


def test_a_manifest_of_an_agent_is_an_error_before_anything_is_sent(here: tuple[Checkout, Project]) -> None:
    checkout, there = here
    (checkout.root / "agents").mkdir()
    (checkout.root / "agents/scout.yaml").write_text("model: gpt-5.4\n")

    for told in (checkout.run("validate"), checkout.run("plan")):
        assert told.code == 1
        assert "agents/scout.yaml:1:1: unsupported-kind: Agents are not supported by environment staging." in told.err
    assert there.asked == []


def test_a_tool_type_that_nobody_knows_is_still_a_warning(here: tuple[Checkout, Project]) -> None:
    checkout, _ = here
    checkout.write(hr="model: gpt-4o\ntools: [{type: openap}]\n")

    told = checkout.run("plan").err
    assert "hr.yaml:2:16: unknown-tool (warning): " in told
    assert "did you mean `openapi`?" in told


@pytest.mark.parametrize("version", ["v1", "2025-05-01", "2024-01-01"])
def test_the_version_of_the_api_may_be_stated(here: tuple[Checkout, Project], version: str) -> None:
    checkout, there = here
    config = checkout.root / "reconciler.yaml"
    config.write_text(config.read_text().replace("api_key", f"query: {{api-version: '{version}'}}, api_key"))

    told = checkout.run("plan")

    assert f"api-version={version}" in there.asked[0]
    assert told.code == (1 if version == "2024-01-01" else 0)
    if told.code:
        assert "write `query: {api-version: …}` for the environment. `2024-01-01` was sent." in told.err


def test_a_token_that_is_rejected_and_said_back_is_in_no_output(
    here: tuple[Checkout, Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = TOKEN.replace("hour", "past")
    monkeypatch.setenv("FOUNDRY_TOKEN", wrong)

    told = here[0].run("plan", "--format", "json")

    assert "401: Access denied due to invalid token: Bearer (the key)" in told.err
    assert "The key came from the variable FOUNDRY_TOKEN." in told.err
    assert wrong[4:20] not in told.out + told.err


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        ("", ["`base_url` is missing", "https://ai.azure.com/.default"]),
        ("base_url: https://a.services.ai.azure.com/v1, api_key: {env: A}", ["/api/projects/PROJECT"]),
        ("base_url: https://a/api/projects/p/assistants, api_key: {env: A}", ["write https://a/api/projects/p"]),
        ("base_url: https://a/api/projects/p, api_key: sk-1", ["A key may not stand in a file."]),
        ("base_url: https://a/api/projects/p, api_key: {env: A}, organization: b", ["has no `organization`"]),
    ],
)
def test_what_a_project_needs_is_told(tmp_path: Path, stated: str, words: list[str]) -> None:
    text = f"version: 1\nstack: acme\nenvironments: {{x: {{provider: foundry, {stated}}}}}\n"
    (tmp_path / "reconciler.yaml").write_text(text)

    loaded = load(tmp_path, providers={n: p.settings for n, p in PROVIDERS.items()}, kinds=("assistant",))

    assert loaded.config is not None
    said = report(loaded.config.broken["x"], loaded.sources)
    assert all(word in said for word in words), said
