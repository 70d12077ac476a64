"""Servers that have one of the two APIs: what works, what is blocked, and what is never taken for gone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from support.apis import Api, Apis
from support.checkout import Checkout
from support.loopback import on_loopback

AGENTS = {"helper": "model: gpt-5.1\nname: Helper\n", "scout": "model: gpt-5.1\nname: Scout\n"}


@pytest.fixture
def server() -> Apis:
    """Of agents and of assistants; a test takes one away."""
    return Apis(Api("agents"), Api("assistants"))


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: Apis
) -> Iterator[Checkout]:
    here = Checkout(tmp_path, monkeypatch, capsys)
    (tmp_path / "agents").mkdir()
    for key, text in AGENTS.items():
        (tmp_path / f"agents/{key}.yaml").write_text(text)

    with on_loopback(server.answer) as url:
        here.config(
            f"stack: acme\ndefault_environment: production\n"
            f"environments: {{production: {{provider: openai, base_url: {url}}}}}\n"
        )
        monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
        yield here


def test_a_server_of_agents_alone_is_like_any_other(here: Checkout, server: Apis) -> None:
    del server.apis["assistants"]
    (here.root / "assistants").rmdir()

    applied = here.run("apply", "--auto-approve")
    again, status, listed = here.run("plan"), here.run("status"), here.run("output", "--json")
    scheduled = here.run("reconcile", "--no-issue")
    destroyed = here.run("destroy", "--stack", "acme", "--auto-approve", "--allow", "too-many-deletes")

    assert [told.code for told in (applied, again, status, scheduled, destroyed)] == [0] * 5
    assert "No changes. Your agents match the manifests." in again.out
    assert [*listed.data] == ["agent"]
    for told in (applied, again, status, scheduled, destroyed):
        assert "ssistant" not in told.out + told.err


def test_what_the_server_has_not_is_blocked_and_the_rest_is_applied(here: Checkout, server: Apis) -> None:
    here.write(tutor="model: gpt-4o\nreconciler: {id: {production: asst_1}}\n", maths="model: gpt-4o\n")
    del server.apis["assistants"]

    plan = here.run("plan", "--json", "--detailed-exitcode")
    allowed = here.run("plan", "--allow", "api-gone")
    applied = here.run("apply", "--auto-approve")
    status = here.run("status")
    scheduled = here.run("reconcile", "--no-issue", "--detailed-exitcode")

    (objection,) = plan.data["objections"]
    assert (plan.code, objection["code"]) == (3, "api-gone")
    assert objection["holds"] == ["assistant.maths", "assistant.tutor"]
    assert objection["message"].endswith("/v1 has no Assistants API: 2 assistants cannot be read or written.")
    assert "2026-08-26" in objection["remedy"]
    assert "The objection `api-gone` cannot be overridden." in allowed.err
    assert (applied.code, len(server.apis["agents"].kept)) == (1, 2)
    assert f"Warning: {objection['message']}" in status.err
    assert status.out.endswith("\n2 managed, 2 API not found, 0 unmanaged.\n")
    assert (scheduled.code, "api-gone" in scheduled.out) == (3, True)


def test_what_is_managed_there_is_neither_deleted_nor_made_again(here: Checkout, server: Apis) -> None:
    here.write(tutor="model: gpt-4o\n")
    assert here.run("apply", "--auto-approve").code == 0
    assistants = server.apis.pop("assistants")

    back = here.run("rollback", "--auto-approve", "--allow", "too-many-deletes")
    (here.root / "assistants/tutor.yaml").unlink()
    applied = here.run("apply", "--auto-approve", "--allow", "rolled-back")
    server.apis["assistants"] = assistants
    plan = here.run("plan", "--json").data

    assert (back.code, applied.code) == (1, 0)
    assert "has no Assistants API: assistant.tutor cannot be read or written." in " ".join(back.out.split())
    assert [*assistants.kept] == ["assistant_1"]
    assert [(each["action"], each["address"]) for each in plan["changes"]] == [("delete", "assistant.tutor")]


def test_who_names_what_an_api_that_is_gone_had_is_told_that_it_is_gone(here: Checkout, server: Apis) -> None:
    here.write(tutor="model: gpt-4o\n")
    assert here.run("apply", "--auto-approve").code == 0
    (here.root / "agents/scout.yaml").unlink()  # a run record knows it
    del server.apis["agents"]

    for words in (
        ["show", "helper"],
        ["show", "agent.other"],
        ["output", "scout"],
        ["forget", "helper", "tutor", "--auto-approve"],
    ):
        told = here.run(*words)
        assert told.code == 1
        assert f"/v1 has no Agents API: {'agent.' * ('.' not in words[1]) + words[1]} cannot be read" in told.err
        assert told.err.count("no Agents API") == 1
    assert here.run("output", "tutor").code == 0
    assert "no Agents API" not in here.run("show", "tuto").err


class Refusing(Api):
    """An API that is there, and lists nothing to this key, or a path that answers all the same."""

    answers: ClassVar = {
        403: {"error": {"message": "This key may not read it."}},
        200: {"message": "Welcome!"},
    }
    status: int = 403

    def answer(self, request: httpx.Request, id: str) -> httpx.Response:
        return httpx.Response(self.status, json=self.answers[self.status])


@pytest.mark.parametrize(("status", "said"), [(403, "This key may not read it."), (200, "The server's list has no")])
def test_a_kind_that_cannot_be_listed_is_not_taken_for_gone(
    here: Checkout, server: Apis, status: int, said: str
) -> None:
    server.apis["assistants"] = refusing = Refusing("assistants")
    refusing.status = status
    told = here.run("plan", "--json")
    assert (told.code, told.out) == (1, "")
    assert said in told.err
    assert "If there are to be no assistants, write `kinds: [agent]` under the environment production." in told.err

    server.apis["agents"] = Refusing("agents")
    assert "`kinds:" not in here.run("plan").err


def test_what_was_managed_of_an_api_that_is_gone_since_is_not_passed_over(here: Checkout, server: Apis) -> None:
    here.write(tutor="model: gpt-4o\n")
    assert here.run("apply", "--auto-approve").code == 0
    del server.apis["agents"]
    for key in AGENTS:
        (here.root / f"agents/{key}.yaml").unlink()

    said = (
        "This server has no Agents API now: what was managed as agent.helper, agent.scout is neither seen nor removed."
    )

    assert said in " ".join(here.run("plan").out.split())
    assert said in " ".join(here.run("destroy", "--stack", "acme", "--auto-approve").out.split())
    shutil.rmtree(here.root / ".reconciler")
    assert "Agents API" not in here.run("plan").out
