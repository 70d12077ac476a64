"""`reconciler rollback` and `history`: back to how things were before a run, and not forward again by itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply import journal
from support.checkout import Checkout, Told, answering
from support.gits import git, repository

pytestmark = pytest.mark.covered_elsewhere

HR = "model: gpt-4o\nname: HR Helper\n"
IT = "model: gpt-4o\nname: IT Helper\n"
TWO = "stack: acme\nenvironments:\n  one: {provider: local, stack: one}\n  two: {provider: local, stack: two}\n"
TAUGHT = "model: gpt-4o\nname: HR Helper\ndescription: taught\ntemperature: 0.3\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr=HR)


def applied(here: Checkout, *arguments: str) -> str:
    """The name of the run that this was."""
    told = here.run("apply", "--auto-approve", *arguments)
    assert told.code == 0, told
    return runs(here)[0]


def runs(here: Checkout) -> list[str]:
    """The names of what was recorded, the newest first."""
    return [one["run"] for one in here.run("history", "--json").data]


def rolled_back(here: Checkout, *arguments: str) -> Told:
    told = here.run("rollback", "--auto-approve", *arguments)
    assert told.code == 0, told
    return told


def bodies(here: Checkout) -> list[dict[str, Any]]:
    """What is live, less the marker."""
    return [
        {**one, "metadata": {k: v for k, v in one["metadata"].items() if k != "reconciler"}}
        for one in here.live().values()
    ]


def planned(here: Checkout) -> dict[str, Any]:
    return here.run("plan", "--json").data


def objected(here: Checkout) -> list[tuple[str, str]]:
    return [(o["code"], o["address"]) for o in planned(here)["objections"]]


def forgotten_history(here: Checkout) -> None:
    """A clone on another machine knows what is on the objects and no more."""
    shutil.rmtree(here.root / ".reconciler" / "history")


# what comes back


def test_an_update_is_undone(here: Checkout) -> None:
    applied(here)
    before = bodies(here)
    here.write(hr=TAUGHT)
    applied(here)

    told = rolled_back(here)

    assert told.out.endswith("Apply complete! Resources: 0 added, 1 changed, 0 destroyed.\n")
    assert bodies(here) == before


def test_what_was_deleted_is_created_again_under_a_new_id_and_that_is_said(here: Checkout) -> None:
    here.write(it=IT)
    applied(here)
    (before,) = (one for one in bodies(here) if one["name"] == "HR Helper")
    (here.root / "assistants" / "hr.yaml").unlink()
    applied(here)

    told = rolled_back(here)

    assert f"assistant.hr comes back under a new id; it was {before['id']}." in told.out
    (after,) = (one for one in bodies(here) if one["name"] == "HR Helper")
    changing = ("id", "created_at")
    assert after["id"] != before["id"]
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }


def test_what_was_renamed_is_renamed_back(here: Checkout) -> None:
    applied(here)
    (id,) = here.live()
    (here.root / "assistants" / "hr.yaml").unlink()
    here.write(people="reconciler: {was: [hr]}\n" + TAUGHT)
    applied(here)

    told = rolled_back(here)

    assert "1 changed" in told.out
    assert here.run("output", "hr").out == f"{id}\n"
    assert here.live()[id]["description"] is None
    assert " default/local/hr " in here.live()[id]["metadata"]["reconciler"]


def test_what_was_adopted_is_let_go_of_with_its_old_fields(here: Checkout) -> None:
    stranger = here.call("POST", "", {"model": "gpt-4o", "name": "Old", "description": "mine", "metadata": {"a": "b"}})
    here.write(hr=f"reconciler: {{id: {stranger['id']}}}\n" + TAUGHT)
    applied(here)
    assert here.live()[stranger["id"]]["name"] == "HR Helper"

    rolled_back(here)

    assert here.live()[stranger["id"]] == stranger


def test_what_was_forgotten_is_ours_again(here: Checkout) -> None:
    applied(here)
    assert here.run("forget", "hr", "--auto-approve").code == 0
    assert "hr" not in here.run("output").out

    rolled_back(here)

    assert "hr" in here.run("output").out
    assert here.run("plan", "--detailed-exitcode").code == 0


def test_what_a_removed_manifest_let_go_of_is_ours_again_and_kept_so(here: Checkout) -> None:
    keep = "reconciler: {on_removal: keep}\n" + HR
    here.write(hr=keep, it=IT)
    applied(here)
    (here.root / "assistants" / "hr.yaml").unlink()
    applied(here)

    rolled_back(here)

    assert "hr" in here.run("output").out
    assert objected(here) == [("rolled-back", "assistant.hr")]
    forgotten_history(here)
    assert objected(here) == [("rolled-back", "assistant.hr")]


def test_what_an_object_remembers_of_its_removal_is_undone_too(here: Checkout) -> None:
    applied(here)
    here.write(hr="reconciler: {on_removal: refuse}\n" + HR)
    applied(here)

    told = rolled_back(here)

    assert '"refuse" -> "delete"' in told.out
    (one,) = here.live().values()
    assert " rm=" not in one["metadata"]["reconciler"]


def test_what_is_left_to_the_dashboard_stays_as_the_dashboard_has_it(here: Checkout) -> None:
    own = "reconciler: {ignore_changes: [temperature, metadata.eval]}\n"
    here.write(hr=own + HR)
    applied(here)
    here.write(hr=own + HR + "description: taught\nmetadata: {team: people}\n")
    applied(here)
    (id,) = here.live()
    stamp = here.live()[id]["metadata"]
    here.call("POST", f"/{id}", {"temperature": 0.9, "metadata": {**stamp, "eval": "good"}})

    rolled_back(here)

    (one,) = bodies(here)
    assert (one["temperature"], one["metadata"], one["description"]) == (0.9, {"eval": "good"}, None)


def test_a_rollback_can_be_rolled_back(here: Checkout) -> None:
    applied(here)
    here.write(hr=TAUGHT)
    applied(here)
    taught = bodies(here)
    rolled_back(here)

    rolled_back(here)

    assert bodies(here) == taught
    assert here.run("plan", "--detailed-exitcode").code == 0


def test_git_and_the_rollback_agree_once_the_commit_is_reverted(here: Checkout) -> None:
    applied(here)
    here.write(hr=TAUGHT)
    applied(here)
    rolled_back(here)
    here.write(hr=HR)

    assert here.run("plan", "--detailed-exitcode").code == 0
    assert applied(here)
    assert here.run("plan", "--detailed-exitcode").code == 0


# which run


@pytest.mark.covers
def test_an_older_run_is_named_by_its_id(here: Checkout) -> None:
    first = applied(here)
    here.write(hr=TAUGHT)
    applied(here)

    rolled_back(here, first)

    assert here.live() == {}


def test_a_record_from_elsewhere_is_taken(here: Checkout, tmp_path: Path) -> None:
    run = applied(here)
    kept = tmp_path / "artifact.jsonl"
    shutil.move(here.root / ".reconciler" / "history" / f"{run}.jsonl", kept)

    rolled_back(here, "--from", str(kept))

    assert here.live() == {}


def test_a_run_that_is_not_there_is_told(here: Checkout) -> None:
    assert "Nothing was applied from here yet." in here.run("rollback", "--auto-approve").err
    run = applied(here)

    told = here.run("rollback", run[:-1] + "x", "--auto-approve")

    assert told.code == 1
    assert f"did you mean `{run}`?" in told.err


@pytest.mark.parametrize("text", ["", "[]\n", '{"type": "run"}\n', '{"type": "run", "format": "9.0"}\n', "\0\xff" * 99])
def test_a_damaged_record_is_told_and_nothing_is_sent(here: Checkout, tmp_path: Path, text: str) -> None:
    applied(here)
    (tmp_path / "bad.jsonl").write_text(text)

    told = here.run("rollback", "--from", str(tmp_path / "bad.jsonl"), "--auto-approve")

    assert (told.code, told.out) == (1, "")
    assert "bad.jsonl cannot be used: " in told.err
    assert len(here.live()) == 1


@pytest.mark.parametrize("name", ["nothing.jsonl", "assistants"])
def test_a_record_that_cannot_be_read_is_told(here: Checkout, name: str) -> None:
    told = here.run("rollback", "--from", name, "--auto-approve")

    assert (told.code, told.out) == (1, "")
    assert name in told.err


def test_a_run_of_another_environment_is_refused(here: Checkout) -> None:
    here.config(TWO)
    run = applied(here, "-e", "one")
    live = here.live()

    told = here.run("rollback", run, "-e", "two", "--auto-approve")
    nothing = here.run("rollback", "-e", "two", "--auto-approve")

    assert (told.code, nothing.code) == (1, 1)
    assert f"Run {run} was of one in one at" in told.err
    assert "Nothing was applied to two from here yet." in nothing.err
    assert here.live() == live
    rolled_back(here)
    assert here.live() == {}


def test_the_last_run_is_the_environments_where_one_is_said(here: Checkout) -> None:
    here.config(TWO)
    applied(here, "-e", "one")
    applied(here, "-e", "two")

    rolled_back(here, "-e", "one")

    assert [" two/two/hr " in one["metadata"]["reconciler"] for one in here.live().values()] == [True]


# what moved since


def test_what_drifted_since_the_run_is_a_conflict_and_held_back(here: Checkout) -> None:
    here.write(it=IT)
    applied(here)
    here.write(hr=TAUGHT, it=IT + "description: taught\n")
    applied(here)
    id = next(one["id"] for one in here.live().values() if one["name"] == "HR Helper")
    here.call("POST", f"/{id}", {"instructions": "by hand"})

    told = here.run("rollback", "--auto-approve")

    assert told.code == 1
    assert "conflict" in told.out
    assert "`instructions` changed in the live object since the last apply" in " ".join(told.out.split())
    assert here.live()[id]["description"] == "taught"
    assert [one["description"] for one in here.live().values() if one["id"] != id] == [None]
    rolled_back(here, runs(here)[1], "--allow", "conflict")
    assert (here.live()[id]["description"], here.live()[id]["instructions"]) == (None, None)


# not again


def test_exactly_what_was_rejected_is_held_back_until_the_manifest_changes(here: Checkout) -> None:
    applied(here)
    here.write(hr=TAUGHT)
    applied(here)
    rolled_back(here)

    held = here.run("apply", "--auto-approve")
    pending = here.run("plan", "--detailed-exitcode")
    here.write(hr=TAUGHT + "instructions: another try\n")

    assert (held.code, pending.code) == (1, 3)
    assert "--allow rolled-back" in held.err
    assert objected(here) == []
    applied(here)
    here.write(hr=TAUGHT)
    assert objected(here) == [], "that was long ago: the manifest has changed since"
    applied(here)


def test_a_fresh_clone_knows_of_rejected_updates_deletes_and_renames(here: Checkout) -> None:
    here.write(it=IT, old=HR.replace("HR", "Old"))
    applied(here)
    for name in ("hr", "old"):
        (here.root / "assistants" / f"{name}.yaml").unlink()
    here.write(it=IT + "description: taught\n", new="reconciler: {was: [old]}\n" + HR.replace("HR", "Old"))
    applied(here)
    rolled_back(here)
    forgotten_history(here)

    assert objected(here) == [
        ("rolled-back", "assistant.hr"),
        ("rolled-back", "assistant.it"),
        ("rolled-back", "assistant.new"),
    ]


def test_the_history_knows_of_rejected_creates_and_adoptions(here: Checkout) -> None:
    stranger = here.call("POST", "", {"model": "gpt-4o", "name": "Old"})
    here.write(old=f"reconciler: {{id: {stranger['id']}}}\n" + HR.replace("HR", "Old"))
    applied(here)
    rolled_back(here)

    assert objected(here) == [("rolled-back", "assistant.hr"), ("rolled-back", "assistant.old")]
    assert here.run("apply", "--auto-approve").code == 1
    assert list(here.live()) == [stranger["id"]]
    applied(here, "--allow", "rolled-back")
    assert objected(here) == []


def test_what_was_planned_to_be_rolled_back_and_was_not_is_not_rejected(here: Checkout) -> None:
    applied(here)
    here.write(hr=TAUGHT, it=IT)
    applied(here)
    id = next(one["id"] for one in here.live().values() if one["name"] == "HR Helper")
    here.call("POST", f"/{id}", {"instructions": "by hand"})

    assert here.run("rollback", "--auto-approve").code == 1
    assert objected(here) == [("rolled-back", "assistant.it")]


# a run that was cut off


def test_a_run_that_was_killed_is_rolled_back_all_the_same(here: Checkout) -> None:
    applied(here)
    before = bodies(here)
    here.write(hr=TAUGHT, it=IT)
    run = applied(here)
    path = here.root / ".reconciler" / "history" / f"{run}.jsonl"
    ahead = [line for line in path.read_text().splitlines() if json.loads(line)["type"] in ("run", "intent")]
    path.write_text("\n".join(ahead) + '\n{"type": "outc')

    listed = here.run("history")
    rolled_back(here)

    assert "ended early: 2 writes cut off" in listed.out
    assert bodies(here) == before


# what is said


def test_the_git_revert_that_belongs_to_it_is_named(here: Checkout) -> None:
    repository(here.root)
    applied(here)
    here.write(hr=TAUGHT)
    git(here.root, "commit", "-qam", "teach")
    assert here.run("plan", "--out", "plan.json").code == 0
    assert here.run("apply", "plan.json", "--json-into", "events.jsonl").code == 0

    told = rolled_back(here)

    assert f"In Git this belongs to it: git revert {git(here.root, 'rev-parse', 'HEAD')[:12]}\n" in told.out


def test_without_a_commit_it_says_what_else_belongs_to_it(here: Checkout) -> None:
    applied(here)
    without = here.run("rollback")
    repository(here.root)
    here.write(it=IT)
    applied(here)
    dirty = here.run("rollback")

    assert "The run was made without Git: change the manifests back as well." in without.out
    assert "The run was made from files that were not committed: change them back as well." in dirty.out


def test_a_rollback_is_shown_and_approved_like_any_plan(here: Checkout) -> None:
    applied(here)

    told = here.run("rollback")

    assert told.code == 1
    assert "Plan: 0 to add, 0 to change, 1 to destroy." in told.out
    assert "after review, pass --auto-approve" in told.err
    assert len(here.live()) == 1


def test_a_rollback_tells_programs_too(here: Checkout) -> None:
    applied(here)

    told = here.run("rollback", "--auto-approve", "--json", "--json-into", "into.jsonl")

    lines = [json.loads(line) for line in told.out.splitlines()]
    assert [line["type"] for line in lines] == [
        "version", "planned_change", "diagnostic", "change_summary", "apply_start", "apply_complete", "change_summary",
    ]  # fmt: skip
    assert [json.loads(line)["type"] for line in (here.root / "into.jsonl").read_text().splitlines()] == [
        line["type"] for line in lines
    ]


def test_a_server_of_another_project_is_not_rolled_back(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "sk-1")
    id = "asst_1"
    body = {"id": id, "model": "gpt-4o", "metadata": {"reconciler": f"v1 acme/far/hr id={id} n=abcd f=1"}}
    page = json.dumps({"object": "list", "data": [body], "has_more": False, "first_id": id, "last_id": id})
    with answering(200, page, **{"openai-project": "proj_b"}) as server:
        here.config(
            f"stack: acme\nenvironments:\n  far: {{provider: openai, base_url: '{server.url}', api_key: {{env: KEY}},"
            " project: proj_a}\n"
        )
        head = {
            "type": "run", "format": "1.0", "run": "r", "began": "b", "command": "apply", "nonce": "abcd",
            "fingerprint": "", "rejected": {},
            "where": {"stack": "acme", "environment": "far", "provider": "openai", "base_url": server.url,
                      "project": "proj_a"},
        }  # fmt: skip
        step = {"type": "intent", "address": "assistant.hr", "kind": "assistant", "key": "hr", "action": "create",
                "id": None, "before": None, "patch": {"model": "gpt-4o"}, "wanted": "w"}  # fmt: skip
        (here.root / "run.jsonl").write_text(f"{json.dumps(head)}\n{json.dumps(step)}\n")

        told = here.run("rollback", "--from", "run.jsonl", "--auto-approve")

        assert told.code == 1
        assert "wrong-project" in told.out
        assert {path.partition("?")[0] for path, _ in server.asked} == {"/v1/agents", "/v1/assistants"}


# history


def test_history_lists_the_runs_the_newest_first(here: Checkout) -> None:
    assert here.run("history").out == "Nothing was applied from here yet.\n"
    first = applied(here)
    rolled_back(here)

    told, data = here.run("history"), here.run("history", "--json").data

    names, newest, oldest, *_ = told.out.splitlines()
    assert names.split()[:5] == ["run", "command", "environment", "stack", "result"]
    assert oldest.split()[:6] == [first, "apply", "local", "default", "1", "done"]
    assert newest.split()[1] == "rollback"
    assert [(one["command"], one["complete"], one["outcomes"]) for one in data] == [
        ("rollback", True, {"assistant.hr": "done"}),
        ("apply", True, {"assistant.hr": "done"}),
    ]


def test_history_passes_over_what_it_cannot_read(here: Checkout) -> None:
    run = applied(here)
    folder = here.root / ".reconciler" / "history"
    (folder / "0.jsonl").write_text("rubbish")
    (folder / "1.jsonl").mkdir()

    told = here.run("history")

    assert told.code == 0
    assert told.out.splitlines()[1].startswith(run)
    assert told.err.count("Note: ") == 2
    assert journal.rejections(folder, journal.read(folder / f"{run}.jsonl").head.where) == {}


def test_a_state_folder_elsewhere_is_taken(here: Checkout, tmp_path: Path) -> None:
    elsewhere = tmp_path / "state"
    assert here.run("apply", "--auto-approve", "--state-dir", str(elsewhere)).code == 0

    assert here.run("history").out == "Nothing was applied from here yet.\n"
    assert "  apply    local " in here.run("history", "--state-dir", str(elsewhere)).out
    assert rolled_back(here, "--state-dir", str(elsewhere)).code == 0
    assert (elsewhere / ".gitignore").read_text() == "*\n"


def test_a_run_that_only_refreshed_markers_is_not_the_last_one(here: Checkout) -> None:
    here.run("apply", "--auto-approve")
    here.write(hr=HR + "description: new\n")
    here.run("apply", "--auto-approve")
    here.write(hr=HR + "description: new\nreconciler: {ignore_changes: [temperature]}\n")
    assert "1 marker refreshed." in here.run("apply", "--auto-approve").out

    told = here.run("rollback", "--auto-approve")

    assert (told.code, told.out.splitlines()[-1]) == (0, "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.")


# to a commit, from Git alone


@pytest.fixture
def told_in_git(here: Checkout) -> Checkout:
    """Three commits: HR and IT, HR taught, and IT gone for LAW; the last one is applied, by a clone that is gone."""
    here.config("stack: acme\ndefault_environment: local\n")
    (here.root / ".gitignore").write_text(".reconciler\n")
    here.write(it=IT)
    repository(here.root)
    here.write(hr=TAUGHT)
    committed(here, "teach")
    (here.root / "assistants" / "it.yaml").unlink()
    here.write(law="model: gpt-4o\nname: Law\n")
    committed(here, "law instead of it")
    applied(here)
    forgotten_history(here)
    return here


def committed(here: Checkout, message: str) -> None:
    git(here.root, "add", "-A")
    git(here.root, "commit", "-qm", message)


def names(here: Checkout) -> list[str]:
    return sorted(one["name"] for one in here.live().values())


def test_keys_come_back_to_a_commit_without_any_record(told_in_git: Checkout) -> None:
    here = told_in_git
    (before,) = [one for one in here.live().values() if one["name"] == "HR Helper"]

    told = rolled_back(here, "hr", "--to", "HEAD~2")

    assert "Apply complete! Resources: 0 added, 1 changed, 0 destroyed.\n" in told.out
    first = git(here.root, "rev-parse", "--short=12", "HEAD~2")
    assert f"The manifests of {first} are planned. Revert in Git what changed them since, as well." in told.out
    after = here.live()[before["id"]]
    assert (before["description"], after["description"]) == ("taught", None)
    assert names(here) == ["HR Helper", "Law"]
    assert here.run("history", "--json").data[0]["rolls_back"] == first
    assert here.run("history", "--json").data[0]["commit"] == first


def test_what_a_commit_has_is_created_and_what_it_lacks_is_deleted(told_in_git: Checkout) -> None:
    here = told_in_git

    told = rolled_back(here, "it", "law", "--to", "HEAD~1", "--allow", "too-many-deletes")

    assert "Resources: 1 added, 0 changed, 1 destroyed." in told.out
    assert names(here) == ["HR Helper", "IT Helper"]


def test_a_glob_takes_no_deletes_along(told_in_git: Checkout) -> None:
    rolled_back(told_in_git, "*", "--to", "HEAD~2")

    assert names(told_in_git) == ["HR Helper", "IT Helper", "Law"]


def test_the_next_plan_knows_what_was_rolled_back_by_a_commit(told_in_git: Checkout) -> None:
    here = told_in_git
    rolled_back(here, "hr", "it", "--to", "HEAD~2")
    forgotten_history(here)

    assert objected(here) == [("rolled-back", "assistant.hr"), ("rolled-back", "assistant.it")]
    git(here.root, "revert", "--no-edit", "HEAD~1")
    assert objected(here) == [("rolled-back", "assistant.it")]


def test_drift_is_put_back_to_a_commit_and_a_conflict_is_guarded(told_in_git: Checkout) -> None:
    here = told_in_git
    (id,) = (one["id"] for one in here.live().values() if one["name"] == "HR Helper")
    here.call("POST", f"/{id}", {"description": "by hand"})

    refused = here.run("rollback", "hr", "--to", "HEAD~2", "--auto-approve")
    allowed = here.run("rollback", "hr", "--to", "HEAD~2", "--auto-approve", "--allow", "conflict")

    assert (refused.code, allowed.code) == (1, 0)
    assert "conflict" in refused.out + refused.err
    assert here.live()[id]["description"] is None


@pytest.mark.covers
def test_a_fresh_clone_rolls_back_to_a_commit(told_in_git: Checkout, tmp_path_factory: pytest.TempPathFactory) -> None:
    here = told_in_git
    clone = tmp_path_factory.mktemp("fresh") / "clone"
    git(here.root, "clone", "-q", str(here.root), str(clone))
    (clone / ".reconciler").mkdir()
    shutil.copy(here.root / ".reconciler" / "local.db", clone / ".reconciler" / "local.db")

    told = here.run("-C", str(clone), "rollback", "hr", "--to", "HEAD~1~1", "--auto-approve")

    assert told.code == 0, told
    assert "1 changed" in told.out


def test_only_an_earlier_commit_is_rolled_back_to(told_in_git: Checkout) -> None:
    here = told_in_git
    git(here.root, "checkout", "-q", "-b", "branch")
    here.write(hr=HR.replace("Helper", "Hacker"))
    committed(here, "unreviewed")
    git(here.root, "checkout", "-q", "main")

    told = here.run("rollback", "hr", "--to", "branch", "--auto-approve")

    assert told.code == 1
    assert "branch is not in the history of what is checked out" in told.err
    assert "HR Hacker" not in names(here)


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        ({"assistants/hr.yaml": "model: 4\n"}, "have errors (assistants/hr.yaml:1:8"),
        ({"reconciler.yaml": "version: 7\n"}, "reconciler.yaml"),
        (
            {"reconciler.yaml": "version: 1\nenvironments: {far: {provider: openai, base_url: 'https://x.y'}}\n"},
            "has no environment `production`",
        ),
    ],
)
def test_a_commit_that_cannot_be_read_deletes_nothing(told_in_git: Checkout, spoil: dict[str, str], says: str) -> None:
    here = told_in_git
    before = {name: (here.root / name).read_text() for name in spoil}
    for name, text in spoil.items():
        (here.root / name).write_text(text)
    committed(here, "spoilt")
    for name, text in before.items():
        (here.root / name).write_text(text)
    environment = "local"
    if "production" in says:
        here.config("stack: acme\nenvironments: {production: {provider: local, stack: other}}\n")
        environment = "production"
    committed(here, "mended")

    told = here.run("rollback", "hr", "-e", environment, "--to", "HEAD~1", "--auto-approve")

    assert told.code == 1
    assert says in told.err
    assert names(here) == ["HR Helper", "Law"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--to", "HEAD"], "--to requires the keys"),
        (["hr", "--to", ""], "--to requires a commit"),
        (["hr"], "There is no run 'hr'.\n  no run is recorded here; to roll back a key, pass --to COMMIT"),
        (["hr", "--to", "HEAD", "--from", "x.jsonl"], "does not go with --from"),
        (["one", "two"], "--to is missing"),
        (["nope", "--to", "HEAD"], "Nothing is called 'nope'"),
        (["hr", "--to", "nowhere"], "There is no revision 'nowhere' here"),
        (["hr", "--to", "--output=x"], "There is no revision '--output=x' here"),
    ],
)
def test_what_makes_no_sense_with_a_commit_is_refused(told_in_git: Checkout, words: list[str], says: str) -> None:
    told = told_in_git.run("rollback", *words, "--auto-approve", "--json-into", "events.jsonl")

    assert told.code == 1
    assert says in told.err
    # Somebody on call reads it on the page of the run, which is made of these lines.
    (event,) = [json.loads(line) for line in (told_in_git.root / "events.jsonl").read_text().splitlines()][1:]
    assert says.partition("\n")[0].rstrip(".") in event["@message"]
