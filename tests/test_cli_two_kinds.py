"""Agents and assistants in one repository: addresses, and which of the two a word names."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.checkout import Checkout
from support.gits import repository

BOTH = "'helper' is the key of an agent and of an assistant in local (.reconciler/local.db).\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """Two agents and two assistants, of which one each has the same key."""
    here = Checkout(tmp_path, monkeypatch, capsys, helper="model: gpt-4o\n", tutor="model: gpt-4o\nname: Tutor\n")
    here.config("manifests: [agents, assistants]\nstack: default\n")
    (here.root / "agents").mkdir()
    for key in ("helper", "scout"):
        (here.root / f"agents/{key}.yaml").write_text(f"model: gpt-5\nname: {key.capitalize()}\n")
    return here


@pytest.fixture
def applied(here: Checkout) -> Checkout:
    assert here.run("apply", "--auto-approve").code == 0
    return here


def planned(here: Checkout, *words: str) -> list[str]:
    return [change["address"] for change in here.run("plan", "--json", *words).data["changes"]]


def test_a_key_of_two_kinds_is_an_error_that_names_both_and_nothing_is_done(here: Checkout) -> None:
    for words in (["plan"], ["apply", "--auto-approve"]):
        told = here.run(*words, "scout", "helper")
        assert (told.code, told.out) == (1, "")
        assert f"{BOTH}  write `agent.helper` or `assistant.helper`" in told.err
    assert here.live() == {}


@pytest.mark.parametrize("words", [["output"], ["show"], ["forget"], ["rollback", "--to", "HEAD"]], ids=" ".join)
def test_what_is_live_under_a_key_of_two_kinds_is_named_in_full(applied: Checkout, words: list[str]) -> None:
    if words[0] == "rollback":
        repository(applied.root)
    told = applied.run(*words, "helper")
    assert (told.code, told.out) == (1, "")
    assert BOTH in told.err


def test_addresses_keys_and_globs_select_across_kinds(here: Checkout) -> None:
    assert planned(here, "agent.helper") == ["agent.helper"]
    assert planned(here, "scout", "tutor") == ["agent.scout", "assistant.tutor"]
    assert planned(here, "h*") == ["agent.helper", "assistant.helper"]
    assert planned(here, "agent.*") == ["agent.helper", "agent.scout"]
    assert "did you mean `agent.helper`?" in here.run("plan", "agent.helpr").err
    assert "did you mean `agent.helper` or `assistant.helper`?" in here.run("plan", "helpr").err
    assert "did you mean `scout`?" in here.run("plan", "scot").err


def test_outputs_are_complete_and_apart_by_kind(applied: Checkout) -> None:
    listed = applied.run("output", "--json").data
    assert {kind: [*keys] for kind, keys in listed.items()} == {
        "agent": ["helper", "scout"],
        "assistant": ["helper", "tutor"],
    }
    assert listed["agent"]["helper"].keys() == {"id", "name"}
    assert applied.run("output", "agent.helper").out.strip() == listed["agent"]["helper"]["id"]
    assert applied.run("output", "tutor").out.strip() == listed["assistant"]["tutor"]["id"]
    names = [line.partition("=")[0] for line in applied.run("output", "--format", "env").out.splitlines()]
    assert names == ["AGENT_HELPER", "AGENT_SCOUT", "ASSISTANT_HELPER", "ASSISTANT_TUTOR"]
    assert len(applied.run("output", "--format", "csv").out.splitlines()) == 5


def test_one_of_two_is_forgotten_and_the_other_stays(applied: Checkout) -> None:
    assert applied.run("forget", "agent.helper", "--auto-approve").code == 0
    assert applied.run("output", "--json").data.keys() == {"agent", "assistant"}
    assert [*applied.run("output", "--json").data["agent"]] == ["scout"]
    assert applied.run("output", "helper").code == 0  # it names one kind now


def test_an_environment_of_one_kind_takes_a_bare_key(applied: Checkout) -> None:
    applied.config("manifests: [agents, assistants]\nstack: default\nenvironments: {local: {kinds: [agent]}}\n")
    told = applied.run("plan", "helper")
    assert (told.code, "No changes." in told.out) == (0, True)
    assert "2 assistants are left out" in told.err
    assert [*applied.run("output", "--json").data] == ["agent"]
