"""The story of a team whose Assistants API is gone, and who has a folder of JSON: across, without a server.

Dumps become manifests, the manifests requests, and the official package sends those. What a hand changes in a request
is drift, and can be taken into Git.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai.types.beta import Assistant

from support.checkout import Checkout
from support.gits import commit, git, repository
from support.official import judge_response_request

LOOKUP = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
RANKED = {"ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.0}}
COMMON = {"object": "assistant", "model": "gpt-4.1", "top_p": 1.0, "response_format": "auto", "description": None}
HR: dict[str, Any] = {
    **COMMON,
    "id": "asst_RMFR",
    "created_at": 1699009709,
    "name": "HR Helper",
    "instructions": "You help people.\nBe brief.\n",
    "tools": [
        {"type": "file_search", "file_search": RANKED},
        {"type": "function", "function": {"name": "look_up", "description": "Looks up.", "parameters": LOOKUP}},
    ],
    "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}},
    "metadata": {"team": "people"},
    "temperature": 1.0,
}
DESK: dict[str, Any] = {
    **COMMON,
    "id": "asst_FTN8",
    "created_at": 1699009710,
    "name": "Order Desk",
    "instructions": "Take orders.",
    "tools": [{"type": "code_interpreter"}],
    "tool_resources": {"code_interpreter": {"file_ids": ["file-1"]}},
    "metadata": {},
    "temperature": 0.2,
}
NIGHT: dict[str, Any] = {
    **COMMON,
    "id": "asst_77",
    "created_at": 1699009711,
    "name": "Night Bot",
    "instructions": "Search.",
    "tools": [{"type": "file_search", "file_search": RANKED}],
    "tool_resources": {"file_search": {"vector_store_ids": []}},
    "metadata": {},
    "temperature": 1.0,
}


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """A repository with dumps as the official package and the API write them, and nothing else."""
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "production")
    team = Checkout(tmp_path, monkeypatch, capsys)
    (tmp_path / "assistants").rmdir()
    (tmp_path / "dumps").mkdir()
    (tmp_path / "dumps/hr.json").write_text(Assistant.model_validate(HR).model_dump_json())
    (tmp_path / "dumps/page.json").write_text(json.dumps({"object": "list", "data": [DESK], "has_more": False}))
    (tmp_path / "dumps/night.jsonl").write_text(f"{json.dumps(NIGHT)}\n")
    repository(tmp_path)
    git(tmp_path, "checkout", "-qb", "across")
    return team


NEW_STORE = """\
tools: [{type: file_search}]
tool_resources: {file_search: {vector_store_ids: [vs_new]}}
"""


def requests(team: Checkout) -> dict[str, dict[str, Any]]:
    """The pure requests that a program would send, by key."""
    paths = sorted((team.root / "dist/production").glob("[!_]*.json"))
    return {path.stem: json.loads(path.read_text()) for path in paths}


def sent(request: dict[str, Any]) -> dict[str, Any]:
    """What the official package sends of a request; nothing leaves the process."""
    bodies: list[dict[str, Any]] = []

    def answer(call: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(call.content))
        return httpx.Response(200, json={"id": "resp_1", "object": "response", "output": []})

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        openai.OpenAI(api_key="none", http_client=http).responses.create(**request, input="Hi")
    return bodies[0]


@pytest.mark.no_cover
def test_a_folder_of_dumps_becomes_requests_that_are_reviewed_shipped_and_kept_in_git(team: Checkout) -> None:
    dumps = ("import", "--from", "dumps/hr.json", "dumps/page.json", "dumps/night.jsonl", "--to", "responses")
    assert "1 was left: asst_77 (Night Bot)" in team.run(*dumps, "--strict", "--dry-run").err
    imported = team.run(*dumps)
    assert imported.code == 0, imported.err
    assert "assistant.night-bot could not carry everything over; unresolved: file_search." in imported.err
    told = team.run("plan").err
    assert "unresolved-field: `file_search` is unresolved: a migration could not carry it over." in told
    manifest = team.root / "assistants/night-bot.yaml"
    manifest.write_text(manifest.read_text().split("  unresolved:")[0] + NEW_STORE)

    assert team.run("plan", "--base", "main", "--out", "plan.json").code == 0
    commit(team.root, "reviewed")
    applied = team.run("apply", "plan.json")
    assert applied.code == 0, applied.out + applied.err
    assert "Resources: 3 added, 0 changed, 0 destroyed." in applied.out
    git(team.root, "add", "reconciler.yaml", "assistants", "dist")
    commit(team.root, "across")

    for request in requests(team).values():
        judge_response_request(request)
        assert sent(request) == {**request, "input": "Hi"}
    assert requests(team)["hr-helper"]["tools"][0] == {"type": "file_search", "vector_store_ids": ["vs_1"]}
    ids = team.run("output").out
    assert "asst_RMFR  assistant.hr-helper   hr-helper" in ids
    assert "asst_FTN8  assistant.order-desk  order-desk" in ids

    path = team.root / "dist/production/hr-helper.json"
    edited = {**requests(team)["hr-helper"], "instructions": "You help people.\nBe kind.", "max_output_tokens": 500}
    path.write_text(json.dumps(edited))
    (change,) = team.run("plan", "--json").data["changes"]
    assert [(field["path"], field["cause"]) for field in change["fields"]] == [("instructions", "drift")]

    pulled = team.run("pull")
    assert pulled.code == 0, pulled.err
    assert "Be kind." in git(team.root, "diff", "assistants")
    assert "No changes." in team.run("apply", "--auto-approve").out
    assert requests(team)["hr-helper"] == edited
