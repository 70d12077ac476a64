"""`validate --online`: what servers say of models, vector stores and files, and those that do not answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.rules import RULES
from reconciler.run import online
from support.checkout import Checkout
from support.loopback import on_loopback

MANIFEST = """\
model: acme-chat
tools: [{type: file_search}, {type: code_interpreter}]
tool_resources:
  file_search: {vector_store_ids: [{value: store}]}
  code_interpreter:
    file_ids:
    - file_1
    - file_2
"""
KEY = "key-of-a-server-1234567890"


class Server:
    """A server with some models, stores and files; a status in place of a list is its answer."""

    def __init__(self) -> None:
        self.has: dict[str, list[str] | int] = {
            "models": ["acme-chat", "acme-mini"], "vector_stores": ["vs_1"], "files": ["file_1", "file_2"]
        }  # fmt: skip
        self.asked: list[str] = []
        self.page = 100
        self.delay = 0.0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        time.sleep(self.delay)
        _, _, collection, *rest = request.url.path.split("/")
        there = self.has[collection]
        if isinstance(there, int):
            return httpx.Response(there, json={"error": {"message": f"No, {KEY}."}})
        if rest and rest[0] not in there:
            return httpx.Response(404, json={"error": {"message": f"No object {rest[0]}."}})
        if rest:
            return httpx.Response(200, json={"id": rest[0]})
        after = request.url.params.get("after")
        page = there[there.index(after) + 1 if after else 0 :][: self.page]
        return httpx.Response(200, json={"data": [{"id": each} for each in page], "has_more": page[-1:] != there[-1:]})


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: Server
) -> Iterator[Checkout]:
    here = Checkout(tmp_path, monkeypatch, capsys, a=MANIFEST)
    monkeypatch.setenv("FAR_KEY", KEY)
    with on_loopback(server.answer) as url:
        here.config(
            "stack: acme\nenvironments:\n  local: {values: {store: vs_local}}\n"
            f"  far: {{provider: openai, base_url: '{url}', api_key: {{env: FAR_KEY}}, values: {{store: vs_1}}}}\n"
        )
        yield here


def test_what_the_server_has_is_not_reported_and_the_embedded_one_is_not_asked(here: Checkout, server: Server) -> None:
    told = here.run("validate", "--online")
    assert (told.code, told.err) == (0, "")
    assert {each.split()[0] for each in server.asked} == {"GET"}
    asked = len(server.asked)
    assert (here.run("validate").err, here.run("validate", "--online", "-e", "local").err) == ("", "")
    assert len(server.asked) == asked


def test_a_list_of_models_in_pages_is_read_to_its_end(here: Checkout, server: Server) -> None:
    server.has["models"], server.page = ["acme-1", "acme-2", "acme-3", "acme-4", "acme-chat"], 2
    assert here.run("validate", "--online").err == ""


LACKING = {
    "model-not-listed": ("models", ["acme-chap"], "a.yaml:1:8", "did you mean `acme-chap`?"),
    "missing-store": ("vector_stores", ["vs_2"], "a.yaml:4:36", "create it there, or correct the id"),
    "missing-file": ("files", ["file_1"], "a.yaml:8:7", "create it there, or correct the id"),
}


@pytest.mark.parametrize("code", LACKING)
def test_what_the_server_lacks_is_a_warning_that_can_be_silenced(code: str, here: Checkout, server: Server) -> None:
    collection, left, at, remedy = LACKING[code]
    server.has[collection] = left
    told = here.run("validate", "--online")
    assert (told.code, told.err.count(f"{at}: {code} (warning)"), remedy in told.err) == (0, 1, True), told.err
    assert told.err.endswith("1 warning.\n")
    here.write(a=f"# reconciler: allow {code}\n{MANIFEST}")
    assert here.run("validate", "--online").err == ""
    assert here.run("validate").err == "", "whether it silences anything is not known"
    here.write(a=MANIFEST)
    config = here.root / "reconciler.yaml"
    config.write_text(f"{config.read_text()}rules: {{severity: {{{code}: error}}}}\n")
    assert here.run("validate", "--online").code == 1
    assert here.run("plan", "-e", "local").code == 0
    config.write_text(config.read_text().replace("error", "allow"))
    assert here.run("validate", "--online").err == ""


def test_nothing_is_asked_while_a_manifest_has_an_error(here: Checkout, server: Server) -> None:
    here.write(a=f"{MANIFEST}tempreture: 1\n")
    assert (here.run("validate", "--online").code, server.asked) == (1, [])


def test_a_comment_that_silences_nothing_online_is_noted(here: Checkout) -> None:
    here.write(a=f"# reconciler: allow missing-file\n{MANIFEST}")
    assert "a.yaml:1:21: unused-allow (note)" in here.run("validate", "--online").err


NO_ANSWER = {
    "no API of vector stores": ({"vector_stores": 404}, "It cannot be asked for each vector store."),
    "no list of models": ({"models": 404}, "It lists no models."),
    "a key without the right": ({"files": 403}, "403: No, "),
    "a key that no list takes": ({"models": 401, "vector_stores": 401, "files": 401}, "401: No, "),
}


@pytest.mark.parametrize("case", NO_ANSWER)
def test_a_server_that_does_not_answer_is_one_note(case: str, here: Checkout, server: Server) -> None:
    statuses, message = NO_ANSWER[case]
    server.has.update(statuses)
    told = here.run("validate", "--online")
    assert (told.code, told.err.endswith("1 note.\n"), message in told.err, KEY in told.err) == (0, True, True, False)
    assert "reconciler.yaml:5:3: not-asked (note)" in told.err


def test_a_server_that_fails_in_the_middle_is_one_note(here: Checkout, server: Server) -> None:
    answer = server.answer

    def failing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403) if request.url.path.endswith("file_2") else answer(request)

    with on_loopback(failing) as url:
        config = here.root / "reconciler.yaml"
        config.write_text(config.read_text().partition("'http")[0] + f"'{url}', values: {{store: vs_1}}}}\n")
        told = here.run("validate", "--online")
    assert (told.code, told.err.count("not-asked (note)"), "403" in told.err) == (0, 1, True)


def test_a_server_that_is_silent_is_one_note_in_good_time(
    here: Checkout, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "_SECONDS", 0.2)
    server.delay = 0.5
    told = here.run("validate", "--online")
    assert (told.code, told.err.count("not-asked (note)"), len(server.asked)) == (0, 1, 1), told.err


def test_an_environment_without_its_key_is_a_note(
    here: Checkout, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAR_KEY")
    told = here.run("validate", "--online")
    assert (told.code, told.err.count("not-asked (note)"), "FAR_KEY" in told.err, server.asked) == (0, 1, True, [])


def test_no_command_of_a_pull_request_is_run(
    here: Checkout, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = here.root / "reconciler.yaml"
    config.write_text(config.read_text().replace("{env: FAR_KEY}", "{command: [touch, ran]}"))
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"head": {"repo": null}}}')
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(event))
    told = here.run("validate", "--online")
    assert (told.code, "never run for a pull request from a fork" in told.err) == (0, True)
    assert (server.asked, (tmp_path / "ran").exists()) == ([], False)


def test_every_rule_that_asks_is_tested() -> None:
    assert {code for code, rule in RULES.items() if rule.is_online} == {*LACKING, "not-asked"}
