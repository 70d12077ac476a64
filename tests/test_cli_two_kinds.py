"""Agents and assistants in one repository: addresses, and which of the two a word names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.checkout import Checkout
from support.gits import repository

pytestmark = pytest.mark.covered_elsewhere

BOTH = "'helper' is the key of an agent and of an assistant in local (.reconciler/local.db).\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """Two agents and two assistants, of which one each has the same key."""
    here = Checkout(tmp_path, monkeypatch, capsys, helper="model: gpt-4o\n", tutor="model: gpt-4o\nname: Tutor\n")
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
    applied.config("stack: default\nenvironments: {local: {kinds: [agent]}}\n")
    told = applied.run("plan", "helper")
    assert (told.code, "No changes." in told.out) == (0, True)
    assert "2 assistants are left out" in told.err
    assert [*applied.run("output", "--json").data] == ["agent"]


# what is said of them


def test_each_kind_is_called_what_it_is(applied: Checkout) -> None:
    def last(*words: str) -> str:
        return applied.run("plan", *words).out.splitlines()[-1]

    assert last() == "No changes. Your agents and assistants match the manifests."
    assert last("scout") == "No changes. The selected agents match the manifests."
    assert last("tutor") == "No changes. The selected assistants match the manifests."
    assert last("scout", "tutor") == "No changes. The selected agents and assistants match the manifests."
    for kind in ("agent", "assistant"):
        applied.config(f"stack: default\nenvironments: {{local: {{kinds: [{kind}]}}}}\n")
        assert last() == f"No changes. Your {kind}s match the manifests."


def test_what_agents_share_and_what_is_new_is_not_called_assistants(here: Checkout) -> None:
    for key in "abcd":
        (here.root / f"agents/{key}.yaml").write_text("model: gpt-5\n")
    for file in (here.root / "assistants").iterdir():
        file.unlink()
    assert "6 new agents" in here.run("plan", "--format", "markdown").out
    assert here.run("apply", "--auto-approve").code == 0
    for key in "abcd":
        (here.root / f"agents/{key}.yaml").write_text("model: gpt-5.1\n")
    shown = here.run("plan", "--format", "markdown").out
    assert "The same in 4 agents" in shown
    assert "assistant" not in shown


def test_a_row_of_a_plan_has_the_whole_address_where_there_are_both_kinds(applied: Checkout) -> None:
    (applied.root / "agents/helper.yaml").write_text("model: gpt-5.1\nname: Helper\n")
    assert re.search(r"^\| `~.agent\.helper` \|", applied.run("plan", "--format", "markdown").out, re.M)
    applied.config("stack: default\nenvironments: {local: {kinds: [agent]}}\n")
    assert re.search(r"^\| `~.helper` \|", applied.run("plan", "--format", "markdown").out, re.M)


# the kind of a manifest


def test_a_manifest_that_moves_to_another_kind_is_created_and_the_other_stays_until_that_is_allowed(
    applied: Checkout,
) -> None:
    tutor = applied.run("output", "tutor").out
    (applied.root / "assistants/tutor.yaml").rename(applied.root / "agents/tutor.yaml")

    plan = applied.run("plan", "--json").data
    told = applied.run("apply", "--auto-approve")

    assert [(c["action"], c["address"]) for c in plan["changes"]] == [
        ("create", "agent.tutor"),
        ("delete", "assistant.tutor"),
    ]
    assert [(o["code"], o["address"]) for o in plan["objections"]] == [("kind-changed", "assistant.tutor")]
    assert told.code == 1
    assert applied.run("output", "assistant.tutor").out == tutor
    assert applied.run("output", "agent.tutor").code == 0
    assert applied.run("apply", "--auto-approve", "--allow", "kind-changed").code == 0
    assert applied.run("output", "--json").data["assistant"].keys() == {"helper"}


def test_the_delete_is_blocked_too_where_the_environment_has_not_the_other_kind(applied: Checkout) -> None:
    applied.config("stack: default\nenvironments: {local: {kinds: [assistant]}}\n")
    repository(applied.root)
    (applied.root / "assistants/tutor.yaml").rename(applied.root / "agents/tutor.yaml")

    plan = applied.run("plan", "--json").data
    offline = applied.run("plan", "--base", "main", "--offline", "--json").data
    destroyed = applied.run("destroy", "--stack", "default", "--auto-approve", "--allow", "too-many-deletes")

    assert [change["address"] for change in plan["changes"]] == ["assistant.tutor"]
    for one in (plan, offline):
        assert [(o["code"], o["address"]) for o in one["objections"]] == [("kind-changed", "assistant.tutor")]
    assert destroyed.code == 0


def test_two_manifests_of_one_stem_may_live_side_by_side_and_the_last_of_a_kind_can_go(applied: Checkout) -> None:
    for file in (applied.root / "assistants").iterdir():
        file.unlink()
    told = applied.run("plan", "--json").data
    codes = sorted((o["code"], o["address"]) for o in told["objections"])
    assert codes == [("kind-changed", "assistant.helper"), ("no-manifests", None), ("too-many-deletes", None)]
    assert "No manifest of an assistant found, but 2 assistants are managed." in applied.run("plan").out


def test_the_block_says_the_kind_where_the_folder_does_not(here: Checkout) -> None:
    here.write(tutor="model: gpt-5\nreconciler: {kind: agent}\n")
    (here.root / "agents/scout.yaml").write_text("model: gpt-5\nreconciler: {kind: assistant}\n")
    assert planned(here) == ["agent.helper", "agent.tutor", "assistant.helper", "assistant.scout"]


@pytest.mark.covers
def test_a_kind_that_is_none_and_a_kind_among_the_fields_are_told(here: Checkout) -> None:
    here.write(tutor="kind: agent\nmodel: m\n", helper="model: m\nreconciler: {kind: agnet}\n")
    (here.root / "agents/scout.yaml").write_text("kind: agent\nmodel: m\n")
    told = here.run("validate").err
    assert "assistants/tutor.yaml:1:1: unknown-field" in told
    assert "the folder decides the kind, such as `agents/`; to override it, write `reconciler: {kind: agent}`" in told
    assert "agents/scout.yaml:1:1: unknown-field: There is no field `kind` here." in told
    assert "leave it out: the kind of this manifest is `agent` already" in told
    assert "assistants/helper.yaml:2:20: unknown-value: `agnet` is not a kind." in told
    assert "did you mean `agent`?" in told


def test_agents_alone_need_no_folder_of_assistants_and_no_configuration(here: Checkout) -> None:
    for file in (here.root / "assistants").iterdir():
        file.unlink()
    (here.root / "assistants").rmdir()
    assert planned(here) == ["agent.helper", "agent.scout"]
    here.config("stack: default\n")
    assert planned(here) == ["agent.helper", "agent.scout"]
