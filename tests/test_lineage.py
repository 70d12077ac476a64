"""`outdated-checkout`: not raised where the history of HEAD has held what was applied, such as after a squash merge."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.checkout import Checkout, Told
from support.gits import commit, git, repository

HR = "model: gpt-4o\nname: HR Helper\n"

pytestmark = [pytest.mark.needs("git", "bash"), pytest.mark.no_cover]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    found = Checkout(tmp_path, monkeypatch, capsys, hr=HR, sales="model: gpt-4o\n")
    (tmp_path / ".gitignore").write_text(".reconciler/\n")
    repository(tmp_path)
    assert found.run("apply", "--auto-approve").code == 0
    return found


def save(here: Checkout) -> str:
    git(here.root, "add", "-A")
    return commit(here.root)


def put(here: Checkout, path: str, text: str) -> None:
    (here.root / path).parent.mkdir(parents=True, exist_ok=True)
    (here.root / path).write_text(text)


def squashed(here: Checkout, *, forgotten: bool = False) -> None:
    """What is there is applied from a branch, which is then merged as one new commit."""
    git(here.root, "checkout", "-qb", "feature")
    save(here)
    told = here.run("apply", "--auto-approve")
    assert told.code == 0, told.err + told.out
    git(here.root, "checkout", "-q", "main")
    commit(here.root, "something else")
    git(here.root, "merge", "-q", "--squash", "feature")
    commit(here.root, "feature (#7)")
    git(here.root, "branch", "-qD", "feature")
    if forgotten:
        git(here.root, "reflog", "expire", "--expire=now", "--all")
        git(here.root, "gc", "-q", "--prune=now")


def plan(here: Checkout) -> Told:
    return here.run("plan", "--detailed-exitcode", "--json")


def objections(here: Checkout) -> list[str]:
    return [f"{one['code']} {one['address']}" for one in plan(here).data["objections"]]


@pytest.mark.parametrize("forgotten", [False, True], ids=["the branch is known", "the branch is not known"])
@pytest.mark.parametrize("committed", [True, False])
def test_what_a_squash_merge_took_in_is_not_behind(here: Checkout, *, forgotten: bool, committed: bool) -> None:
    here.write(hr=HR + "description: from a branch\n")
    squashed(here, forgotten=forgotten)
    here.write(hr=HR + "description: edited\n")
    if committed:
        save(here)

    assert plan(here).code == 2
    assert here.run("apply", "--auto-approve").code == 0


def test_many_edits_and_other_work_later_it_is_not_behind_either(here: Checkout) -> None:
    here.write(hr=HR + "description: from a branch\n")
    squashed(here)
    for number in range(4):
        here.write(hr=HR + f"description: edit {number}\n", sales=f"model: gpt-4o\nname: n{number}\n")
        save(here)
        put(here, "README.md", f"{number}\n")
        save(here)

    assert plan(here).code == 2


def test_what_was_never_merged_is_behind_and_what_was_merged_beside_it_is_not(here: Checkout) -> None:
    here.write(hr=HR + "description: from a branch\n", sales="model: gpt-4o\nname: Draft\n")
    git(here.root, "checkout", "-qb", "feature")
    save(here)
    assert here.run("apply", "--auto-approve").code == 0
    git(here.root, "checkout", "-q", "main")
    git(here.root, "checkout", "-q", "feature", "--", "assistants/hr.yaml")
    save(here)
    here.write(hr=HR + "description: edited\n", sales="model: gpt-4o\nname: Final\n")
    save(here)

    assert objections(here) == ["outdated-checkout assistant.sales"]


def test_an_old_checkout_that_would_undo_a_revert_is_behind(here: Checkout) -> None:
    here.write(hr=HR + "description: bad\n")
    save(here)
    assert here.run("apply", "--auto-approve").code == 0
    here.write(hr=HR)
    save(here)
    assert here.run("apply", "--auto-approve").code == 0
    git(here.root, "checkout", "-q", "HEAD~")

    assert objections(here) == ["outdated-checkout assistant.hr"]


def test_drift_of_what_a_branch_applied_is_not_behind(here: Checkout) -> None:
    here.write(hr=HR + "description: from a branch\n")
    squashed(here, forgotten=True)
    (id,) = (id for id, one in here.live().items() if one["name"] == "HR Helper")
    here.call("POST", f"/{id}", {"temperature": 0.3})

    assert plan(here).code == 2


@pytest.mark.parametrize("at", ["assistants/new.yaml", "assistants/team/new.yaml", "assistants/new.md"])
def test_what_came_by_a_squash_merge_may_go_again(here: Checkout, at: str) -> None:
    fields = "model: gpt-4o\nname: New\n"
    put(here, at, f"---\n{fields}---\n\nHelp.\n" if at.endswith(".md") else fields)
    put(here, "assistants/rules.md", "---\nThe prompt of another.\n")
    here.write(hr=HR + "instructions: {file: rules.md}\n")
    squashed(here)
    (here.root / at).unlink()
    save(here)

    assert plan(here).code == 2


def test_what_came_by_a_squash_merge_may_be_renamed_and_moved(here: Checkout) -> None:
    put(here, "assistants/new.yaml", "model: gpt-4o\nname: New\n")
    squashed(here)
    (here.root / "assistants" / "new.yaml").unlink()
    put(here, "assistants/team/newer.yaml", "model: gpt-4o\nname: Newer\nreconciler: {was: [new]}\n")
    save(here)

    assert plan(here).code == 2


def test_files_and_values_are_as_they_were_then(here: Checkout) -> None:
    config = "manifests: [assistants]\nenvironments: {local: {values: {model: MODEL}}}\n"
    here.config(config.replace("MODEL", "gpt-4o"))
    here.write(hr="model: {value: model}\ninstructions: {file: ../old.md}\n")
    put(here, "old.md", "Before.\n")
    save(here)
    put(here, "old.md", "From a branch.\n")
    put(here, "assistants/functions/f.yaml", "name: f\n")
    here.write(sales="model: gpt-4o\ntools: [{type: function, function: {file: functions/f.yaml}}]\n")
    squashed(here)
    here.config(config.replace("MODEL", "gpt-4.1"))
    here.write(hr="model: {value: model}\ninstructions: {file: ../new.md}\n", sales="model: gpt-4o\n")
    put(here, "new.md", "Edited.\n")
    save(here)

    assert plan(here).code == 2


def test_a_state_of_the_history_that_cannot_be_read_holds_nothing(here: Checkout) -> None:
    here.write(hr=HR + "description: from a branch\n")
    squashed(here)
    blob = git(here.root, "rev-parse", "HEAD:assistants/hr.yaml")
    here.write(hr=HR + "description: edited\n")
    save(here)
    (here.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    assert objections(here) == ["outdated-checkout assistant.hr"]


def test_states_in_which_manifests_are_wrong_are_passed_over(here: Checkout) -> None:
    here.write(hr=HR + "description: from a branch\n")
    squashed(here)
    here.write(hr="model: [\n")
    save(here)
    here.write(hr=HR + "description: edited\n")
    save(here)

    assert plan(here).code == 2


def test_the_search_is_bounded(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    here.write(hr=HR + "description: never merged\n")
    git(here.root, "checkout", "-qb", "feature")
    save(here)
    assert here.run("apply", "--auto-approve").code == 0
    git(here.root, "checkout", "-q", "main")
    for number in range(60):
        here.write(hr=HR + f"description: edit {number}\n")
        git(here.root, "commit", "-qam", str(number))
    folder = tmp_path_factory.mktemp("bin")
    (folder / "git").write_text(f'#!/bin/bash\necho >> {folder}/calls\nexec {shutil.which("git")} "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    assert objections(here) == ["outdated-checkout assistant.hr"]
    assert len((folder / "calls").read_text()) < 60
