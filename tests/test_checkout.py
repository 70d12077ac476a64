"""What Git says of a checkout, asked of real repositories; and the objections that come of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.run.checkout import absent_from_history, commit
from support.checkout import Checkout
from support.gits import commit as committed
from support.gits import git, repository

HR = "model: gpt-4o\nname: HR Helper\n"
NOTE = "This clone is shallow, so whether it is older than the last apply is not known: fetch-depth: 0."


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "file").write_text("text")
    return repository(tmp_path)


def head(root: Path) -> str:
    return git(root, "rev-parse", "--short=12", "HEAD")


# the commit


def test_a_clean_checkout_is_its_commit(root: Path) -> None:
    assert commit(root) == head(root)


@pytest.mark.parametrize("name", ["file", "new", "näher\udcff"])
def test_a_file_that_differs_from_the_commit_makes_it_dirty(root: Path, name: str) -> None:
    git(root, "config", "core.quotepath", "false")
    (root / name).write_text("other")

    assert commit(root) == f"{head(root)}+dirty"


def test_what_the_command_itself_writes_makes_nothing_dirty(root: Path) -> None:
    outside = root.parent / "plan.json"
    (root / "plan.json").write_text("{}")
    (root / "*").write_text("{}")

    assert commit(root, [str(root / "plan.json"), str(root / "*"), str(outside)]) == head(root)
    (root / "file").write_text("other")
    assert commit(root, [str(root / "plan.json"), str(root / "*")]) == f"{head(root)}+dirty"


def test_a_folder_of_a_repository_is_judged_by_itself(root: Path) -> None:
    (root / "inner").mkdir()
    (root / "file").write_text("other")

    assert commit(root / "inner") == head(root)


def test_there_is_no_commit_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert commit(tmp_path) is None
    assert absent_from_history(tmp_path, ["0123456789ab"]) == (frozenset(), ())
    monkeypatch.setenv("PATH", "")
    assert commit(tmp_path) is None


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")

    assert commit(tmp_path) is None
    assert absent_from_history(tmp_path, ["0123456789ab"]) == (frozenset(), ())


def test_a_checkout_that_git_does_not_speak_of_is_a_note(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert absent_from_history(root, []) == (frozenset(), ())

    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    (alien,) = absent_from_history(root, [])[1]
    monkeypatch.setenv("PATH", "")
    (missing,) = absent_from_history(root, [])[1]

    assert f"another user owns it. Run `git config --global --add safe.directory {root}`." in alien
    assert "markers carry no commit: is git installed" in missing


# behind


def test_a_commit_in_the_history_is_not_ahead_of_it(root: Path) -> None:
    commits = [head(root), committed(root), committed(root)]

    assert absent_from_history(root, commits) == (frozenset(), ())
    assert absent_from_history(root, []) == (frozenset(), ())


def test_an_old_branch_and_an_old_commit_are_absent_from_history(root: Path) -> None:
    git(root, "branch", "old")
    newer = committed(root)

    git(root, "checkout", "-q", "old")
    mine = committed(root, "mine")

    assert absent_from_history(root, [newer, mine]) == (frozenset({newer}), ())
    git(root, "checkout", "-q", "--detach", "HEAD~1")
    assert absent_from_history(root, [newer, mine]) == (frozenset({newer, mine}), ())


def test_a_commit_that_nobody_has_heard_of_is_ahead(root: Path) -> None:
    assert absent_from_history(root, ["0123456789ab"]) == (frozenset({"0123456789ab"}), ())


@pytest.mark.parametrize("word", ["--all", "-h", "HEAD", "main", "$(id)", "HEAD~1"])
def test_a_word_that_is_no_commit_is_never_given_to_git(root: Path, word: str) -> None:
    committed(root)

    assert absent_from_history(root, [word]) == (frozenset({word}), ())


@pytest.mark.parametrize("more", [9, 10, 15])
def test_many_commits_are_judged_as_few_are(root: Path, more: int) -> None:
    commits = [committed(root) for _ in range(more)]

    assert absent_from_history(root, [*commits, "0123456789ab"]) == (frozenset({"0123456789ab"}), ())


@pytest.mark.parametrize("more", [1, 12])
def test_a_shallow_clone_cannot_tell_and_says_what_to_do(root: Path, tmp_path: Path, more: int) -> None:
    commits = [committed(root) for _ in range(more)]
    first = git(root, "rev-list", "--max-parents=0", "HEAD")[:12]
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{root}", str(shallow))

    assert absent_from_history(shallow, [first, *commits]) == (frozenset(), (NOTE,))
    assert absent_from_history(shallow, [head(root)]) == (frozenset(), ())


# on the command line


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    found = Checkout(tmp_path, monkeypatch, capsys, hr=HR)
    (tmp_path / ".gitignore").write_text("plan.json\n")
    repository(tmp_path)
    return found


def test_an_old_checkout_that_would_undo_what_was_applied_is_objected_to(here: Checkout) -> None:
    here.write(hr=HR + "description: new\n")
    git(here.root, "commit", "-qam", "new")
    assert here.run("apply", "--auto-approve").code == 0
    newer = head(here.root)
    git(here.root, "checkout", "-q", "HEAD~1")

    pending = here.run("plan", "--detailed-exitcode", "--json")
    told = here.run("apply", "--auto-approve")

    assert pending.code == 3
    assert [(o["code"], o["address"]) for o in pending.data["objections"]] == [("outdated-checkout", "assistant.hr")]
    assert newer in pending.data["objections"][0]["message"]
    assert told.code == 1
    assert [one["description"] for one in here.live().values()] == ["new"]
    assert here.run("apply", "--auto-approve", "--allow", "outdated-checkout").code == 0


def test_a_job_that_is_run_again_with_nothing_to_undo_is_not_objected_to(here: Checkout) -> None:
    assert here.run("apply", "--auto-approve").code == 0
    committed(here.root)
    assert here.run("apply", "--auto-approve").code == 0
    git(here.root, "checkout", "-q", "HEAD~1")

    assert here.run("plan", "--detailed-exitcode").code == 0


def test_what_was_applied_dirty_is_known_by_its_commit(here: Checkout) -> None:
    here.write(hr=HR + "description: draft\n")
    assert here.run("apply", "--auto-approve").code == 0
    (one,) = here.live().values()
    assert f" c={head(here.root)}+dirty " in one["metadata"]["reconciler"]
    git(here.root, "checkout", "-q", "--", ".")

    assert here.run("plan", "--detailed-exitcode").code == 2


def test_a_shallow_clone_tells_it_in_a_note(here: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert here.run("apply", "--auto-approve").code == 0
    committed(here.root)
    here.write(hr=HR + "description: new\n")
    git(here.root, "commit", "-qam", "new")
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{here.root}", str(shallow))
    (here.root / ".reconciler").rename(shallow / ".reconciler")
    monkeypatch.chdir(shallow)

    told = here.run("plan", "--detailed-exitcode")

    assert told.code == 2
    assert NOTE in " ".join(told.out.split())
