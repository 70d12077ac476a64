"""Secrets in the headers of live objects: people set them in a dashboard, and no output says them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.kinds.headers import secret_headers
from support.apis import Api, Apis
from support.checkout import Checkout
from support.github import github
from support.loopback import on_loopback

TOKEN = "Xy9-private-token-AAAA"
AGENT = """\
model: gpt-5.5
tools: [{type: mcp, server_label: m, transport: {type: http, server_url: "https://x.example/mcp"}}]
"""


def test_headers_that_are_named_like_a_secret_are_found_wherever_a_server_of_tools_stands() -> None:
    headers: dict[str, Any] = {"Authorization": f"Bearer {TOKEN}", "Cookie": "a=1; b=2", "X-Team": "people", "X-Key": 5}
    deep: Any = {"headers": headers}
    for _ in range(5):
        deep = [deep]

    found = [("Authorization", TOKEN), ("Cookie", "a=1; b=2")]
    assert [*secret_headers({"tools": [{"type": "mcp", "transport": {"headers": headers}}]})] == found
    assert [*secret_headers({"tool_resources": {"mcp": [{"headers": headers}]}})] == found
    assert [*secret_headers({"tools": [{"headers": "none"}, 5], "x": deep})] == []
    of_request = {"type": "mcp", "authorization": TOKEN, "headers": headers}
    assert [*secret_headers({"tools": [of_request]})] == [("authorization", TOKEN), *found]


def test_a_token_that_somebody_gave_a_server_of_tools_is_in_no_plan_issue_or_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server, here = Apis(Api("agents"), Api("assistants")), Checkout(tmp_path, monkeypatch, capsys)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents/hr.yaml").write_text(AGENT)
    with github() as hub, on_loopback(server.answer) as url:
        environment = f"{{provider: openai, base_url: {url}}}"
        here.config(f"stack: acme\nreconcile: {{apply: [drift]}}\nenvironments: {{production: {environment}}}\n")
        monkeypatch.setenv("RECONCILER_ENVIRONMENT", "production")
        assert here.run("apply", "--auto-approve").code == 0
        (agent,) = server.apis["agents"].kept.values()
        agent["tools"][0]["transport"]["headers"] = {"Authorization": f"Bearer {TOKEN}", "X-Auth": "production"}
        for name, value in hub.environ().items():
            monkeypatch.setenv(name, value)
        told = [here.run("plan", "--format", name) for name in ("markdown", "json")] + [here.run("reconcile")]
        posted = f"{hub.all_issues}{hub.all_comments}"

    records = "".join(path.read_text() for path in (tmp_path / ".reconciler/history").iterdir())
    assert "Bearer (the value of agent_1.Authorization)" in posted
    assert "**production**" in told[0].out
    assert TOKEN not in "".join(each.out + each.err for each in told) + posted + records
    assert "headers" not in server.apis["agents"].kept["agent_1"]["tools"][0]["transport"]
