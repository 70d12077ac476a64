"""What an environment states for a server over HTTP: what is refused and why, and what its requests carry."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.config import load
from reconciler.providers import PROVIDERS
from reconciler.providers.openai import COLLECTIONS, OpenAISettings
from reconciler.providers.request_key import RequestKey
from reconciler.providers.wire import Connection, Wire, client
from reconciler.render.faults import report
from reconciler.settings import Access, NoAccessError
from support.faults import run, wire_clock

SETTINGS = {name: provider.settings for name, provider in PROVIDERS.items()}
ASSISTANTS = COLLECTIONS["assistant"]


def told(folder: Path, stated: str) -> str:
    """What is said about an environment that states this, with the line."""
    text = f"version: 1\nstack: acme\nenvironments:\n  x:\n    provider: openai\n    {stated}\n"
    (folder / "reconciler.yaml").write_text(text)
    loaded = load(folder, providers=SETTINGS, kinds=("assistant",))
    assert loaded.config is not None, loaded.faults
    return report(loaded.config.broken.get("x", ()), loaded.sources)


@pytest.mark.parametrize(
    ("stated", "line", "words"),
    [
        ("headers: {Host: a}", "6:15", "remove it"),
        ("headers: {transfer-encoding: a}", "6:15", "remove it"),
        ("headers: {Authorization: a}", "6:15", "`auth: {header: NAME}`"),
        ("headers: {OpenAI-Project: a}", "6:15", "write `project`"),
        ("headers: {a b: c}", "6:15", "not a name of a header"),
        ("headers: {x-team: 1}", "6:23", "quote it"),
        ("headers: {x-team: {env: a b}}", "6:23", "`{env: NAME}` belongs here"),
        ("headers: {x-team: a, X-Team: b}", "6:14", "are one"),
        ("headers: {X-Api-Key: SECRET}", "6:14", "`X-Api-Key: {env: VARIABLE}`"),
        ("auth: basic", "6:11", "`auth: bearer`"),
        ("auth: {header: Authorization}", "6:20", "cannot be stated"),
        ("auth: {header: host}", "6:20", "remove it"),
        ("auth: {heade: api-key}", "6:12", "did you mean `header`?"),
        ("query: {limit: '5'}", "6:12", "page by page"),
        ("query: {sig: SECRET}", "6:12", "may not stand in a file"),
        ("query: {api-version: 1}", "6:26", "quote it"),
        ("base_url: 'https://x.com/v1?api-version=v1'", "6:15", "as `query: {NAME: VALUE}`"),
        ("api_key: {env: A, command: [b]}", "6:14", "this one has both"),
        ("api_key: {command: az login}", "6:24", "which no shell reads"),
        ("api_key: {command: []}", "6:24", "An empty list"),
        ("api_key: {command: [bin/az, x]}", "6:24", "a checkout could bring its own"),
        ("api_key: {command: [az, 1]}", "6:29", "Text belongs here"),
        ("api_key: {commend: [az]}", "6:15", "did you mean `command`?"),
    ],
)
def test_what_cannot_be_stated_is_told_with_its_line_and_a_remedy(
    tmp_path: Path, stated: str, line: str, words: str
) -> None:
    said = told(tmp_path, stated)

    assert f"reconciler.yaml:{line}: " in said
    assert words in said
    assert "SECRET" not in said


@pytest.mark.parametrize("stated", ["headers: {x: {env: A}}", "query: {x: {env: A}}", "api_key: {command: [az]}"])
def test_nothing_secret_goes_over_plain_http(tmp_path: Path, stated: str) -> None:
    assert "never sent over plain http" in told(tmp_path, f"base_url: http://x.com\n    {stated}")
    stated_to_be_here = OpenAISettings.model_validate({"headers": {"x": {"env": "A"}}})
    with pytest.raises(NoAccessError, match="never sent over plain http"):
        stated_to_be_here.access("x", {"A": "1", "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://127.0.0.1.x.com"})


def test_a_variable_that_a_header_is_from_has_to_be_set() -> None:
    settings = OpenAISettings.model_validate({"headers": {"x-team": {"env": "TEAM"}}})

    with pytest.raises(NoAccessError, match="The variable TEAM is not set, and `far` requires it"):
        settings.access("far", {"OPENAI_API_KEY": "k"})
    assert settings.secret_variables() == ("OPENAI_API_KEY", "TEAM")


def carried(stated: Mapping[str, Any], **environ: str) -> httpx.Request:
    """A request for a page as it is sent."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"object": "list", "data": [], "has_more": False})

    access = OpenAISettings.model_validate(stated).access("far", environ)

    async def story() -> None:
        http = client(access.base_url or "", access.headers, httpx.MockTransport(answer), access.query)
        wire = Wire(http, lambda line: None, wire_clock(), key=RequestKey(access))
        await wire.page(ASSISTANTS, {"limit": "100", "after": "a"})
        await wire.aclose()

    run(story)
    return asked[0]


def test_what_is_stated_travels_with_every_request_and_leaves_paging_alone() -> None:
    stated = {
        "api_key": {"env": "K"},
        "headers": {"x-team": "people and culture", "x-gate-key": {"env": "GATE"}},
        "query": {"api-version": "v1", "code": {"env": "CODE"}},
        "organization": "org_1",
        "project": "proj_1",
        "base_url": "https://x.com/v1",
    }

    request = carried(stated, K="sk-1", GATE="open sesame", CODE="a&b")

    assert str(request.url) == "https://x.com/v1/assistants?api-version=v1&code=a%26b&limit=100&after=a"
    assert request.headers["authorization"] == "Bearer sk-1"
    assert request.headers["x-team"] == "people and culture"
    assert request.headers["x-gate-key"] == "open sesame"
    assert (request.headers["openai-organization"], request.headers["openai-project"]) == ("org_1", "proj_1")
    assert request.headers["openai-beta"] == "assistants=v2"


def test_a_key_may_travel_in_a_header_of_its_own() -> None:
    request = carried({"auth": {"header": "api-key"}}, OPENAI_API_KEY="sk-1")

    assert request.headers["api-key"] == "sk-1"
    assert "authorization" not in request.headers
    assert "authorization" not in carried({"base_url": "http://localhost/v1", "auth": "bearer"}).headers


def test_nothing_secret_is_in_a_representation() -> None:
    stated = {"headers": {"x": {"env": "A"}}, "query": {"y": {"env": "B"}}}
    access = OpenAISettings.model_validate(stated).access(
        "far", dict.fromkeys("AB", "SECRET") | {"OPENAI_API_KEY": "k"}
    )

    assert access.secrets == ("SECRET", "SECRET")
    assert "SECRET" not in repr(access) + repr(Connection(access, Path(), RequestKey(access)))
    assert "SECRET" not in repr(Access(api_key="SECRET"))
