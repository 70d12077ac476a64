"""The command line against a server behind an address: reaching it, failing to, and what is said of both."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.model import Target
from reconciler.providers import wire
from support.checkout import Answering, Checkout, answering, body_of
from support.emulator_process import served
from support.emulator_world import BETA
from support.lives import wanted

KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("server") / "served.db") as address:
        yield f"{address}/v1"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr="model: gpt-4o\nname: HR Helper\n")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is a parameter of the wire: here none passes between two tries, and waits are the longest."""

    async def at_once(seconds: float) -> None: ...

    monkeypatch.setattr(wire, "Clock", partial(wire.Clock, sleep=at_once, random=lambda: 1.0))


def acme(here: Checkout, url: str) -> Target:
    here.config(f"stack: acme\nenvironments:\n  production: {{provider: openai, base_url: {url}}}\n")
    return Target("acme", "production", "openai", url)


def post(url: str, body: Any) -> str:
    answer = httpx.post(f"{url}/assistants", json=body, headers=BETA)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


# openai without a file: for reading


def test_a_server_is_read_without_any_file_and_never_written(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server)
    id = post(server, {"model": "gpt-4o", "name": "By hand"})

    (here.root / "assistants").rename(here.root / "later")
    listed, shown, named = (here.run(*asked, "-e", "openai") for asked in (["status"], ["show", id], ["output"]))
    (here.root / "later").rename(here.root / "assistants")
    refused = [here.run(*asked, "-e", "openai") for asked in (["validate"], ["plan"], ["apply", "--auto-approve"])]

    assert [told.code for told in (listed, shown, named, *refused)] == [0, 0, 0, 1, 1, 1]
    assert (server in listed.out.splitlines()[0], id in listed.out) == (True, True)
    assert "There is no folder assistants yet" in listed.err
    assert f"reconciler:\n  id: {{openai: {id}}}\n" in shown.out
    for told in refused:
        assert (told.out, "`openai` has no `stack`" in told.err) == ("", True)
        assert "write a reconciler.yaml:" in told.err
        assert "stack: my-team" in told.err
    assert [path.name for path in here.root.iterdir()] == ["assistants"]


def test_without_a_stack_nothing_is_planned_and_the_place_is_named(here: Checkout) -> None:
    here.config("environments:\n  production: {provider: openai, base_url: 'http://127.0.0.1:9/v1'}\n")
    commands = (["validate"], ["plan"], ["apply"], ["reconcile", "--no-issue"])

    for told in [here.run(*asked, *(["-e", "production"] if asked != ["validate"] else [])) for asked in commands]:
        assert (told.code, told.out) == (1, "")
        assert "reconciler.yaml:3:3: config: `production` has no `stack`" in told.err
        assert "\n  3 |   production: {provider: openai" in told.err
        assert "write `stack: NAME` in reconciler.yaml" in told.err


def test_what_the_openai_package_reads_from_the_environment_fills_what_is_left_out(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"API_KEY": KEY, "ORG_ID": "org-1", "PROJECT_ID": "proj_1"}.items():
        monkeypatch.setenv(f"OPENAI_{name}", value)
    with answering(200, '{"object": "list", "data": [], "has_more": false}') as there:
        monkeypatch.setenv("OPENAI_BASE_URL", there.url)
        told = here.run("plan", "-e", "openai", "--stack", "acme", "--json")

    assert told.code == 0
    (asked,) = (each for each in there.asked if each[0].startswith("/v1/assistants?"))
    assert {name: asked[1][name] for name in asked[1] if name.lower().startswith(("auth", "openai"))} == {
        "OpenAI-Beta": "assistants=v2",
        "Authorization": f"Bearer {KEY}",
        "OpenAI-Organization": "org-1",
        "OpenAI-Project": "proj_1",
    }
    assert told.data["environment"] == {
        "name": "openai",
        "provider": "openai",
        "base_url": there.url,
        "organization": "org-1",
        "project": "proj_1",
    }
    assert KEY not in told.out + told.err


def test_without_a_key_the_hosted_server_is_not_even_asked(here: Checkout) -> None:
    told = here.run("plan", "-e", "openai", "--stack", "acme")

    assert (told.code, told.out) == (1, "")
    assert "The variable OPENAI_API_KEY is not set" in told.err


def test_a_key_never_goes_to_another_machine_in_the_open(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://192.0.2.1/v1")

    told = here.run("plan", "-e", "openai", "--stack", "acme")

    assert told.code == 1
    assert "never sent over plain http" in told.err
    assert KEY not in told.err


THREE = """
stack: acme
environments:
  production: {{provider: openai, base_url: '{url}'}}
  staging: {{provider: openai, base_url: 'http://127.0.0.1:9/v1'}}
  test: {{provider: openai, base_url: 'http://127.0.0.1:9/test/v1'}}
"""


@pytest.mark.parametrize(
    ("own", "pins", "unknown"),
    [
        (None, "", "`staging`, `test`"),
        ("id: {production: ID}", "", "`staging`, `test`"),
        ("id: {production: ID, staging: asst_s}", ", staging: asst_s", "`test`"),
        ("id: {production: ID, staging: asst_s}, environments: {test: false}", ", staging: asst_s", ""),
    ],
)
def test_what_is_shown_to_be_adopted_pins_every_environment_that_is_known(
    here: Checkout, server: str, own: str | None, pins: str, unknown: str
) -> None:
    here.config(THREE.format(url=server))
    id = post(server, {"model": "gpt-4o", "name": "By hand"})
    if own is not None:
        here.write(hand=f"model: gpt-4o\nreconciler: {{{own.replace('ID', id)}}}\n")

    told = here.run("show", id, "-e", "production")

    assert told.code == 0
    assert told.out.endswith(f"reconciler:\n  id: {{production: {id}{pins}}}\n")
    notes = [line for line in told.err.splitlines() if line.startswith("Note:")]
    assert notes == (
        [f"Note: No id is known in {unknown}: there this manifest creates another one."] if unknown else []
    )


# what is done and told


def test_a_plan_and_an_apply_reach_the_server(here: Checkout, server: str) -> None:
    where = acme(here, server)
    id = post(server, body_of(wanted("hr", name="before"), where))

    planned, applied = here.run("plan", "-e", "production"), here.run("apply", "-e", "production", "--auto-approve")

    assert planned.out.splitlines()[0].startswith("production (openai, http://127.0.0.1:")
    assert applied.code == 0
    assert httpx.get(f"{server}/assistants/{id}", headers=BETA).json()["name"] == "HR Helper"


def test_the_log_tells_requests_and_never_keys_or_bodies(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("RECONCILER_LOG", "debug")
    listed = '{"object": "list", "data": [{"id": "asst_1", "model": "gpt-4o", "name": "Private"}], "has_more": false}'
    with answering(200, listed, **{"x-request-id": "req_42"}) as there:
        acme(here, there.url)
        told = here.run("output", "-e", "production")

    assert told.code == 0
    line = next(line for line in told.err.splitlines() if line.startswith("GET /v1/assi"))
    method, path, status, seconds, request_id = line.split()
    assert (method, path, status, request_id) == ("GET", "/v1/assistants", "200", "req_42")
    assert seconds.endswith("s")
    assert float(seconds[:-1]) < 60
    assert KEY not in told.err
    assert "Private" not in told.err


def test_without_the_variable_nothing_is_logged(here: Checkout, server: str) -> None:
    acme(here, server)

    assert here.run("plan", "-e", "production").err == ""


# failing: one clear message, and exit 1


def refused(here: Checkout, there: Answering) -> str:
    acme(here, there.url)
    told = here.run("plan", "-e", "production", "--detailed-exitcode")
    assert (told.code, told.out) == (1, "")
    assert told.err.count("Error: ") == 1
    return told.err


@pytest.mark.usefixtures("impatient")
def test_a_dead_server_is_named(here: Checkout) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
    acme(here, url)

    told = here.run("plan", "-e", "production")

    assert (told.code, told.out) == (1, "")
    assert told.err.splitlines()[-2].startswith(f"Error: production (openai, {url}): Cannot reach the server: ")
    assert f"production (openai, {url}): Still waiting, and trying again: Cannot reach the server: " in told.err


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_is_a_web_page_asks_about_the_address(here: Checkout) -> None:
    with answering(200, "<html>Welcome</html>", "text/html") as there:
        told = refused(here, there)

    assert f"production (openai, {there.url}): The server answers with a web page (HTML) in place of JSON." in told
    assert "write the address of the API itself as `base_url`" in told
    assert "<html>" not in told


def test_https_towards_a_server_of_http_is_told_as_that(here: Checkout) -> None:
    with answering(200, "{}") as there:
        acme(here, there.url.replace("http:", "https:"))
        told = here.run("plan", "-e", "production")

    assert (told.code, told.out) == (1, "")
    assert "The server does not speak https at this address." in told.err
    assert len(told.err.splitlines()) == 2


@pytest.mark.parametrize("variable", ["OPENAI_API_KEY", "ACME_KEY"])
def test_an_error_of_the_server_names_the_variable_of_the_key_and_never_the_key(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, KEY)
    stated = "" if variable == "OPENAI_API_KEY" else f", api_key: {{env: {variable}}}"
    with answering(401, f'{{"error": {{"message": "Incorrect API key provided: {KEY}"}}}}') as there:
        here.config(f"stack: a\nenvironments:\n  production: {{provider: openai, base_url: '{there.url}'{stated}}}\n")
        plan, every = (here.run("plan", *asked) for asked in (["-e", "production"], ["--all-environments"]))

    for told in (plan.err, every.out):
        assert f"Error: production (openai, {there.url}): 401: Incorrect API key provided" in told
        assert f"  The key came from the variable {variable}." in told
        assert KEY not in told


def test_where_no_key_was_sent_it_is_said(here: Checkout) -> None:
    with answering(401, "{}") as there:
        assert "No key was sent: the variable OPENAI_API_KEY is not set." in refused(here, there)


def test_a_wrong_key_is_not_tried_again(here: Checkout) -> None:
    body = '{"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}'
    with answering(401, body, **{"x-request-id": "req_7"}) as there:
        told = refused(here, there)

    assert "Incorrect API key provided" in told
    assert "check the key" in told
    assert "req_7" in told
    assert len({path for path, _ in there.asked}) == len(there.asked) == 2  # each API once


@pytest.mark.parametrize(("status", "body"), [(404, "<html>"), (410, '{"error": {"message": "sunset"}}'), (404, "")])
def test_a_server_without_the_api_says_where_it_lives_today(here: Checkout, status: int, body: str) -> None:
    with answering(status, body, "text/html" if body == "<html>" else "application/json") as there:
        told = refused(here, there)

    assert "has no Agents API and no Assistants API: 4" in told
    assert "2026-08-26" in told


def test_a_redirect_is_not_followed_with_a_key(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with answering(307, "", Location="https://elsewhere.example/v1") as there:
        told = refused(here, there)

    assert "https://elsewhere.example/v1" in told


@pytest.mark.usefixtures("impatient")
def test_what_a_server_says_cannot_act_on_the_terminal(here: Checkout) -> None:
    with answering(500, '{"error": {"message": "\\u001b[2Jgone \\u202e"}}') as there:
        told = refused(here, there)

    assert "\x1b" not in told
    assert "‮" not in told
