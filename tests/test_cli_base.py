"""`plan --base`: beside another revision, whose configuration is trusted, and whose manifests stand in."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from reconciler.run.revision import laid_out
from support.checkout import Checkout, Told, answering, command, plain
from support.gits import commit, git, repository

HR = "model: gpt-4o\nname: HR Helper\n"
LOCAL = "environments: {local: {}}\nstack: acme\nmanifests: [assistants]\n"
AWAY = "stack: acme\nmanifests: [assistants]\nenvironments:\n  away: {{provider: openai, base_url: '{url}'{more}}}\n"
KEY = ", api_key: {env: AWAY_KEY}"
THERE = "https://api.example.com/v1"

pytestmark = [pytest.mark.needs("git"), pytest.mark.covered_elsewhere]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = Checkout(tmp_path, monkeypatch, capsys, hr=HR)
    (tmp_path / ".gitignore").write_text(".reconciler/\n*.json\n")
    found.config(LOCAL)
    return found


def save(here: Checkout, branch: str = "") -> None:
    """Everything in the folder as one more commit, on a branch of its own where one is named."""
    if not (here.root / ".git").exists():
        repository(here.root)
    if branch:
        git(here.root, "checkout", "-qb", branch)
    git(here.root, "add", "-A")
    commit(here.root)


def test_a_plan_is_split_into_what_the_change_does_and_what_is_pending_anyway(here: Checkout) -> None:
    save(here)
    here.run("apply", "-e", "local", "--auto-approve")
    id = next(iter(here.live()))
    here.call("POST", f"/{id}", {"temperature": 0.3})
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main").out
    first, _, rest = told.partition("Not done by merging:")

    assert "Compared with main (" in first
    assert '"gpt-4o" -> "gpt-4.1"' in first
    assert "temperature" not in first
    assert "temperature" in rest
    assert "gpt-4.1" not in rest
    assert told.splitlines()[-1] == "Plan: 0 to add, 1 to change, 0 to destroy."


def test_a_base_with_manifests_of_a_kind_that_the_provider_has_not_is_read_all_the_same(here: Checkout) -> None:
    project = "https://a.services.ai.azure.com/api/projects/p"
    here.config(
        "stack: acme\nmanifests: [agents, assistants]\nenvironments:\n"
        f"  away: {{provider: foundry, base_url: {project}, api_key: {{env: AWAY_KEY}}}}\n"
    )
    scout = here.root / "agents/scout.yaml"
    scout.parent.mkdir()
    scout.write_text("model: gpt-5.4\n")
    save(here)
    scout.write_text("model: gpt-5.4\nreconciler: {environments: {away: false}}\n")
    save(here, "feature")

    told = here.run("plan", "-e", "away", "--base", "main", "--offline")

    assert told.code == 0
    assert "have errors" not in told.out + told.err
    assert told.out.splitlines()[-1].startswith("No changes. Your assistants match the manifests.")


def test_whether_a_change_touches_the_manifests_at_all_is_in_the_document(here: Checkout) -> None:
    def changed(*arguments: str) -> bool:
        return bool(
            here.run("plan", "-e", "local", "--base", "main", "--json", *arguments).data["base"]["manifests_changed"]
        )

    save(here)
    git(here.root, "checkout", "-qb", "feature")
    (here.root / "README.md").write_text("Hello.\n")
    here.write(hr=f"# a comment\n{HR}")
    assert [changed(), changed("--offline")] == [False, False]

    here.write(hr=HR.replace("name:", "description: new\nname:"))
    assert [changed(), changed("--offline")] == [True, True]


def test_where_nothing_changes_both_halves_say_so(here: Checkout) -> None:
    save(here)
    here.run("apply", "-e", "local", "--auto-approve")

    told = here.run("plan", "-e", "local", "--base", "main").out

    assert "Merging does this: nothing." in told
    assert "Not done by merging: nothing." in told
    assert told.splitlines()[-1].startswith("No changes.")


def test_the_manifests_of_the_base_are_those_of_the_commit_from_which_the_branch_parted(here: Checkout) -> None:
    save(here)
    here.run("apply", "-e", "local", "--auto-approve")
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))
    save(here, "feature")
    git(here.root, "checkout", "-q", "main")
    here.write(other="model: gpt-4o\n")
    save(here)
    git(here.root, "checkout", "-q", "feature")

    told = here.run("plan", "-e", "local", "--base", "main").out

    assert "other" not in told


def test_without_a_key_the_base_stands_for_what_is_live(here: Checkout) -> None:
    here.config(AWAY.format(url=THERE, more=KEY))
    save(here)
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"), new="model: gpt-4o\n")
    save(here, "feature")

    told = here.run("plan", "-e", "away", "--base", "main", "--out", "plan.json", "--detailed-exitcode")
    saved = here.run("show", "plan.json", "--json").data

    assert told.code == 2
    assert "Nothing live was read: The variable AWAY_KEY is not set" in told.out
    assert told.out.splitlines()[-1] == "Plan: 1 to add, 1 to change, 0 to destroy."
    assert (saved["applyable"], [change["id"] for change in saved["changes"]]) == (False, [None, None])


@pytest.mark.covers
def test_a_plan_made_offline_is_never_applied(here: Checkout) -> None:
    save(here)
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))
    save(here, "feature")
    here.run("plan", "-e", "local", "--base", "main", "--offline", "--out", "plan.json")

    told = here.run("apply", "plan.json")

    assert told.code == 1
    assert "without looking at what is live" in told.err
    assert here.live() == {}


def test_a_server_that_is_gone_is_no_reason_to_review_nothing(here: Checkout) -> None:
    with answering(404, '{"error": {"message": "gone"}}') as server:
        here.config(AWAY.format(url=server.url, more=""))
        save(here)
        here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))
        save(here, "feature")
        told = here.run("plan", "-e", "away", "--base", "main")

    assert told.code == 0
    assert "Nothing live was read" in told.out
    assert '"gpt-4o" -> "gpt-4.1"' in told.out


def test_a_wrong_key_is_to_be_mended_and_not_passed_over(here: Checkout) -> None:
    with answering(401, '{"error": {"message": "no"}}') as server:
        here.config(AWAY.format(url=server.url, more=""))
        save(here)
        told = here.run("plan", "-e", "away", "--base", "main")

    assert told.code == 1
    assert "key" in told.err


def test_a_branch_cannot_send_the_key_elsewhere(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWAY_KEY", "sk-secret")
    empty = '{"object": "list", "data": [], "has_more": false, "first_id": null, "last_id": null}'
    with answering(200, empty) as ours, answering(200, empty) as thief:
        here.config(AWAY.format(url=ours.url, more=KEY))
        save(here)
        here.config(AWAY.format(url=thief.url, more=KEY))
        save(here, "feature")
        told = here.run("plan", "-e", "away", "--base", "main")

    assert (told.code, thief.asked) == (0, [])
    assert ours.asked[0][1]["Authorization"] == "Bearer sk-secret"
    assert f"({'openai'}, {ours.url})" in told.out
    assert "this change modifies `base_url` of `away`" in told.out


def test_a_key_that_the_base_names_is_masked_whatever_the_branch_names(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTRANCE", "zq-0123456789abcdef")
    found = {"id": "asst_1", "object": "assistant", "model": "gpt-4o", "instructions": "use zq-0123456789abcdef"}
    listed = json.dumps(
        {"object": "list", "data": [found], "has_more": False, "first_id": "asst_1", "last_id": "asst_1"}
    )
    here.write(hr=f"{HR}reconciler: {{id: {{away: asst_1}}}}\n")
    with answering(200, listed) as server:
        here.config(AWAY.format(url=server.url, more=KEY.replace("AWAY_KEY", "ENTRANCE")))
        save(here)
        here.config(AWAY.format(url=server.url, more=KEY))
        save(here, "feature")
        told = here.run("plan", "-e", "away", "--base", "main", "--json")

    assert server.asked[0][1]["Authorization"] == "Bearer zq-0123456789abcdef"
    assert "use (the value of ENTRANCE)" in told.out
    assert "zq-0123456789abcdef" not in told.out + told.err


def test_an_environment_that_is_new_is_reviewed_offline(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWAY_KEY", "sk-secret")
    save(here)
    with answering(200, "{}") as thief:
        here.config(AWAY.format(url=thief.url, more=KEY))
        save(here, "feature")
        told = here.run("plan", "-e", "away", "--base", "main")

    assert (told.code, thief.asked) == (0, [])
    assert "main has no environment `away`" in told.out
    assert "Plan: 1 to add" in told.out


def test_an_environment_that_is_younger_than_the_branch_is_as_the_base_has_it(here: Checkout) -> None:
    save(here)
    git(here.root, "checkout", "-qb", "feature")
    git(here.root, "checkout", "-q", "main")
    here.config(AWAY.format(url=THERE, more=KEY))
    save(here)
    git(here.root, "checkout", "-q", "feature")
    here.config(AWAY.format(url=THERE, more=KEY))
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))
    save(here)

    told = here.run("plan", "-e", "away", "--base", "main").out

    assert "Plan: 0 to add, 1 to change, 0 to destroy." in told


@pytest.mark.covers
def test_a_kind_that_this_change_gives_an_environment_is_not_passed_over(here: Checkout) -> None:
    both = LOCAL.replace("[assistants]", "[assistants, agents]")
    here.config(both.replace("local: {}", "local: {kinds: [assistant]}"))
    (here.root / "agents").mkdir()
    (here.root / "agents/x.yaml").write_text("model: gpt-5.5\n")
    save(here)
    here.run("apply", "-e", "local", "--auto-approve")
    here.config(both)
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main", "--format", "markdown").out
    merged = here.run("plan", "-e", "local", "--base", "feature", "--format", "markdown").out

    assert "This plan leaves out agents: `local` has them only once this change to its `kinds` is merged." in told
    assert "leaves out" not in merged
    assert "agent.x" in merged


def test_values_of_the_branch_are_reviewed(here: Checkout) -> None:
    here.write(hr="model: {value: m}\n")
    values = LOCAL.replace("local: {}", "local: {values: {m: MODEL}}")
    here.config(values.replace("MODEL", "gpt-4o"))
    save(here)
    here.run("apply", "-e", "local", "--auto-approve")
    here.config(values.replace("MODEL", "gpt-4.1"))
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main").out

    assert '"gpt-4o" -> "gpt-4.1"' in told.partition("Not done by merging")[0]


def test_manifests_of_the_base_that_are_wrong_are_told_and_hide_nothing(here: Checkout) -> None:
    here.write(hr="model: [\n")
    save(here)
    here.write(hr=HR)
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main", "--offline")

    assert told.code == 0
    assert "The manifests of main have errors (assistants/hr.yaml" in told.out
    assert "Plan: 1 to add" in told.out


def test_markdown_of_the_base_that_is_no_manifest_does_not_matter(here: Checkout) -> None:
    stray = here.root / "assistants" / "newbot.md"
    stray.write_text("You help.\n")
    here.write(hr=HR)
    save(here)
    stray.write_text("---\nmodel: gpt-4o\n---\n\nYou help.\n")
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main", "--offline")

    assert (told.code, told.err) == (0, "")
    assert "assistant.newbot will be created (assistants/newbot.md:2)" in told.out


@pytest.mark.parametrize("text", ["version: [\n", "version: 2\n"])
def test_a_configuration_of_the_base_that_cannot_be_read_is_not_trusted(here: Checkout, text: str) -> None:
    (here.root / "reconciler.yaml").write_text(text)
    save(here)
    here.config(LOCAL)
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main")

    assert told.code == 0
    assert "main has no configuration that can be read" in told.out


def test_a_base_without_a_configuration_has_the_usual_folder(here: Checkout) -> None:
    (here.root / "reconciler.yaml").unlink()
    save(here)
    here.config(LOCAL)
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main", "--offline")

    assert "Merging does this: nothing." in told.out


def test_a_folder_that_the_base_does_not_have_is_empty(here: Checkout) -> None:
    hr = here.root / "assistants" / "hr.yaml"
    text = hr.read_text()
    hr.unlink()
    save(here)
    (here.root / "assistants").mkdir(exist_ok=True)
    hr.write_text(text)
    save(here, "feature")

    assert "Plan: 1 to add" in here.run("plan", "-e", "local", "--base", "main", "--offline").out


def test_an_adoption_cannot_be_looked_at_offline(here: Checkout) -> None:
    save(here)
    here.write(two="model: gpt-4o\nreconciler: {id: asst_77}\n")
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main", "--offline").out

    assert "assistant.two adopts asst_77, which was not looked at." in told


@pytest.mark.parametrize("name", ["nowhere", "--help", "main:assistants"])
def test_a_revision_that_is_none_is_said(here: Checkout, name: str) -> None:
    save(here)

    told = here.run("plan", "-e", "local", f"--base={name}")

    assert told.code == 1
    assert f"There is no revision {name!r} here." in told.err


def test_without_git_there_is_no_base(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    told = here.run("plan", "-e", "local", "--base", "main")
    save(here)
    monkeypatch.setenv("PATH", os.devnull)
    without = here.run("plan", "-e", "local", "--base", "main")

    assert "is in no Git repository" in told.err
    assert "Git is not installed" in without.err


def test_offline_wants_a_base(here: Checkout) -> None:
    assert "--offline requires --base" in here.run("plan", "-e", "local", "--offline").err


def test_odd_files_of_a_revision_do_no_harm(here: Checkout) -> None:
    (here.root / "link.md").symlink_to("/etc/passwd")
    (here.root / "assistants" / "more.txt").write_text("x" * (2 * 1024 * 1024 + 1))
    here.write(hr="model: gpt-4o\ninstructions: {file: ../link.md}\n")
    save(here)
    here.write(hr=HR)
    (here.root / "assistants" / "more.txt").unlink()
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main", "--offline")

    assert told.code == 0
    assert "have errors" in told.out


def test_a_configuration_below_the_repositorys_root_is_found_there_too(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = here.root / "inner"
    inner.mkdir()
    (here.root / "assistants").rename(inner / "assistants")
    (here.root / "reconciler.yaml").rename(inner / "reconciler.yaml")
    save(here)
    (inner / "assistants" / "hr.yaml").write_text(HR.replace("gpt-4o", "gpt-4.1"))
    save(here, "feature")
    monkeypatch.chdir(inner)

    told = here.run("plan", "-e", "local", "--base", "main", "--offline").out

    assert "Plan: 0 to add, 1 to change, 0 to destroy." in told


def tree_of(root: Path, *lines: str) -> str:
    """A tree as somebody who is no friend makes it; its name."""
    made = ["git", "-C", str(root), "mktree", "--missing"]
    return subprocess.run(made, input="".join(lines), capture_output=True, text=True, check=True).stdout.strip()


def blob_of(root: Path, content: bytes) -> str:
    made = ["git", "-C", str(root), "hash-object", "-w", "--stdin"]
    return subprocess.run(made, input=content, capture_output=True, check=True).stdout.decode().strip()


def test_a_link_of_a_revision_leads_nothing_out_of_its_folder(
    here: Checkout, tmp_path_factory: pytest.TempPathFactory
) -> None:
    save(here)
    outside = tmp_path_factory.mktemp("outside")
    out, nul, nowhere = (blob_of(here.root, one) for one in (os.fsencode(outside), b"a\0b", b""))
    inner = tree_of(here.root, f"120000 blob {out}\tx.md\n")
    links = (f"120000 blob {nul}\tb.md\n", f"120000 blob {nowhere}\tc.md\n")
    tree = tree_of(here.root, f"120000 blob {out}\ta\n", f"040000 tree {inner}\ta\n", *links)
    odd = git(here.root, "commit-tree", tree, "-p", "HEAD", "-m", "odd")

    with laid_out(here.root, odd) as found:
        assert (found.root / "a").is_symlink()
        assert sorted(path.name for path in found.root.iterdir()) == ["a"]

    assert list(outside.iterdir()) == []


def test_a_tag_that_is_called_like_a_branch_is_not_taken_for_it(here: Checkout) -> None:
    save(here)
    git(here.root, "update-ref", "refs/remotes/origin/main", "HEAD")
    save(here)
    git(here.root, "tag", "origin/main")

    told = here.run("plan", "-e", "local", "--base", "origin/main", "--offline")
    meant = here.run("plan", "-e", "local", "--base", "refs/remotes/origin/main", "--offline")

    assert told.code == 1
    assert "'origin/main' is several revisions here." in told.err
    assert "pass the one that is meant: refs/remotes/origin/main, refs/tags/origin/main" in told.err
    assert meant.code == 0
    assert f"origin/main ({git(here.root, 'rev-parse', '--short=12', 'HEAD~')})" in " ".join(meant.out.split())
    assert "refs/" not in meant.out


def test_names_of_a_revision_are_bytes(here: Checkout) -> None:
    name = os.fsdecode(b"prompts\nare \xff.md")
    (here.root / name).write_text("odd")
    save(here)

    with laid_out(here.root, "HEAD") as found:
        assert (found.root / name).read_text() == "odd"


def test_a_clone_that_lacks_a_part_of_the_revision_says_so(
    here: Checkout, tmp_path_factory: pytest.TempPathFactory
) -> None:
    save(here)
    tree = git(here.root, "rev-parse", "HEAD:assistants")
    (here.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()

    told = here.run("plan", "-e", "local", "--base", "main", "--offline")

    assert told.code == 1
    assert "Git cannot read all of" in told.err
    assert "`fetch-depth: 0` and no filter" in told.err


def test_a_clone_without_its_origin_lacks_what_it_never_fetched(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    save(here)
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))
    save(here)
    git(here.root, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path_factory.mktemp("clone") / "there"
    git(here.root, "clone", "-q", "--filter=blob:none", here.root.as_uri(), str(clone))
    (here.root / ".git").rename(here.root / "gone")
    monkeypatch.chdir(clone)

    told = here.run("plan", "-e", "local", "--base", "HEAD~", "--offline")

    assert told.code == 1
    assert "Git cannot read all of" in told.err
    assert "`fetch-depth: 0` and no filter" in told.err


def test_a_folder_that_a_revision_does_not_have_is_empty_there(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    save(here)
    inner = here.root / "inner"
    inner.mkdir()

    with laid_out(inner, "HEAD") as found:
        assert list(found.root.iterdir()) == []


def test_a_folder_of_another_user_has_a_remedy(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    save(here)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    told = here.run("plan", "-e", "local", "--base", "main", "--offline")

    assert told.code == 1
    assert "safe.directory" in told.err


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_a_worktree_of_a_repository_is_one_whatever_its_hashes_are(
    here: Checkout, form: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    git(here.root, "init", "-q", "-b", "main", f"--object-format={form}")
    save(here)
    place = tmp_path_factory.mktemp("worktree") / "there"
    git(here.root, "worktree", "add", "-q", str(place), "-b", "feature")
    (place / "assistants" / "hr.yaml").write_text(HR.replace("gpt-4o", "gpt-4.1"))
    monkeypatch.chdir(place)

    told = here.run("plan", "-e", "local", "--base", "main", "--offline")

    assert "Plan: 0 to add, 1 to change, 0 to destroy." in told.out


def test_a_history_that_does_not_meet_is_told(here: Checkout) -> None:
    save(here)
    git(here.root, "checkout", "-q", "--orphan", "other")
    save(here)

    told = here.run("plan", "-e", "local", "--base", "main", "--offline").out

    assert "No common ancestor with main in this clone" in told
    assert "have in common" not in here.run("plan", "-e", "local", "--base", "other", "--offline").out


def test_a_stack_that_this_change_renames_is_named_once(here: Checkout) -> None:
    save(here)
    here.config(LOCAL.replace("stack: acme", "stack: {name: acme2, was: [acme]}"))
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main", "--offline").out

    assert "this change modifies `stack` of `local`." in told
    assert "a second time" not in told


def test_a_stack_that_is_left_behind_is_said_to_be_doubled(here: Checkout) -> None:
    save(here)
    here.config(LOCAL.replace("stack: acme", "stack: acme2"))
    save(here, "feature")

    told = here.run("plan", "-e", "local", "--base", "main", "--offline").out

    told = " ".join(told.split())
    assert "what the stack acme manages in `local` stays with it, and an apply after the merge creates each" in told
    assert "`stack: {name: acme2, was: [acme]}` renames them instead." in told


def test_without_room_for_a_revision_there_is_a_remedy(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    save(here)
    monkeypatch.setattr(tempfile, "tempdir", str(here.root / "nowhere"))

    told = here.run("plan", "-e", "local", "--base", "main", "--offline")

    assert told.code == 1
    assert "There is no folder to write a revision to" in told.err
    assert "set TMPDIR" in told.err


def test_what_this_change_takes_back_is_told(here: Checkout) -> None:
    save(here)
    here.run("apply", "-e", "local", "--auto-approve")
    here.write(new="model: gpt-4o\n")
    save(here)
    git(here.root, "checkout", "-qb", "feature")
    (here.root / "assistants" / "new.yaml").unlink()
    save(here)

    told = here.run("plan", "-e", "local", "--base", "main").out

    assert "Note: assistant.new: it is to be created without this change, and no longer with it." in told


# an apply that goes where another revision says


def test_an_apply_goes_where_another_revision_says_with_the_content_of_this_one(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = LOCAL.replace("local: {}", "local: {limits: {changes: LIMIT}, values: {m: MODEL}}")
    here.write(hr="model: {value: m}\n")
    here.config(values.replace("LIMIT", "0").replace("MODEL", "gpt-4o"))
    save(here)
    here.config(values.replace("LIMIT", "9").replace("MODEL", "gpt-4.1"))
    save(here, "feature")
    wanted = ("apply", "-e", "local", "--stack", "acme-pr-7", "--auto-approve", "--config-from", "main")

    held = here.run(*wanted)
    done = here.run(*wanted, "--allow", "too-many-changes")

    assert (held.code, done.code) == (1, 0), done.err
    assert "too-many-changes" in held.out
    assert (
        "Note: reconciler.yaml: this change modifies `limits` of `local`. Until it is merged, the values of main"
        in held.err
    )
    assert [one["model"] for one in here.live().values()] == ["gpt-4.1"]
    assert "+dirty" not in next(iter(here.live().values()))["metadata"]["reconciler"]


def test_an_environment_that_the_other_revision_does_not_have_gets_no_key(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWAY_KEY", "sk-secret")
    save(here)
    with answering(200, "{}") as thief:
        here.config(AWAY.format(url=thief.url, more=KEY))
        save(here, "feature")
        told = here.run("apply", "-e", "away", "--auto-approve", "--config-from", "main")

    assert (told.code, thief.asked) == (1, [])
    assert "Note: main has no environment `away`: it is new, and no key is sent there before it is merged." in told.err
    assert "There is no environment `away`." in told.err


def test_another_revision_that_says_nothing_sends_an_apply_nowhere(here: Checkout) -> None:
    (here.root / "reconciler.yaml").write_text("version: 2\n")
    save(here)
    here.config(LOCAL)
    save(here, "feature")

    told = here.run("apply", "-e", "local", "--auto-approve", "--config-from", "main")

    assert told.code == 1
    assert "reconciler.yaml:1:10 of main has an error" in told.err
    assert here.live() == {}


# every environment


def test_every_environment_has_its_section_and_one_that_fails_hides_none(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = '{"object": "list", "data": [], "has_more": false, "first_id": null, "last_id": null}'
    with answering(200, empty) as one, answering(403, "{}") as broken:
        here.config(
            "stack: acme\nmanifests: [assistants]\nenvironments:\n"
            f"  one: {{provider: openai, base_url: '{one.url}'}}\n"
            f"  two: {{provider: openai, base_url: '{broken.url}'}}\n"
            "  three: {provider: openai, base_url: 'https://api.example.com/v1', api_key: {env: NOT_SET}}\n"
        )
        told = here.run("plan", "--all-environments", "--out", "plans")
        data = here.run("plan", "--all-environments", "--json").data
        marked = here.run("plan", "--all-environments", "--format", "markdown").out

    assert told.code == 1
    assert [line for line in told.out.splitlines() if line.startswith(("one ", "two", "three"))] == [
        f"one (openai, {one.url}), stack acme",
        "three",
        "two",
    ]
    assert "NOT_SET is not set" in told.out
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in told.out
    assert sorted(path.name for path in (here.root / "plans").iterdir()) == ["_failures.json", "one.json"]
    assert here.run("show", "plans/one.json", "plans/_failures.json", "--format", "markdown").out == marked
    assert "NOT_SET is not set" in here.run("show", "plans/_failures.json").out
    assert [plan["environment"]["name"] for plan in data["plans"]] == ["one"]
    assert [one["environment"] for one in data["failures"]] == ["three", "two"]
    assert "No plan of" in marked


def test_the_exit_code_is_the_worst_of_any(here: Checkout) -> None:
    empty = '{"object": "list", "data": [], "has_more": false, "first_id": null, "last_id": null}'
    with answering(200, empty) as one:
        here.config(AWAY.format(url=one.url, more=""))
        plain = here.run("plan", "--all-environments")
        detailed = here.run("plan", "--all-environments", "--detailed-exitcode")

    assert (plain.code, detailed.code) == (0, 2)


def test_several_environments_are_planned_as_they_are_named_and_shown_together(here: Checkout) -> None:
    empty = '{"object": "list", "data": [], "has_more": false, "first_id": null, "last_id": null}'
    with answering(200, empty) as one:
        here.config(
            "stack: acme\nmanifests: [assistants]\nenvironments:\n"
            f"  live: {{provider: openai, base_url: '{one.url}'}}\n"
            f"  staging: {{provider: openai, base_url: '{one.url}', project: two}}\n"
            "  other: {provider: openai, base_url: 'https://api.example.com/v1', api_key: {env: NOT_SET}}\n"
        )
        told = here.run("plan", "-e", "staging", "-e", "live", "--out", "plans")
    shown = here.run("show", "plans/staging.json", "plans/live.json")

    assert told.code == 0
    assert [line.split()[0] for line in told.out.splitlines() if "stack acme" in line] == ["staging", "live"]
    assert shown.out == told.out
    assert here.run("show", "plans/live.json", "hr").code == 1


def test_the_embedded_server_is_planned_where_there_is_nothing_else(here: Checkout) -> None:
    assert "local (" in here.run("plan", "--all-environments").out


def test_one_environment_and_all_of_them_exclude_each_other(here: Checkout) -> None:
    assert "exclude each other" in here.run("plan", "-e", "local", "--all-environments").err


def test_one_environment_that_is_said_wins_over_a_variable_for_all(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECONCILER_ALL_ENVIRONMENTS", "1")

    assert here.run("plan", "-e", "local").code == 0


def test_plans_of_all_environments_are_saved_in_a_folder(here: Checkout) -> None:
    (here.root / "plans").write_text("")

    told = here.run("plan", "--all-environments", "--out", "plans")

    assert told.code == 1
    assert "names a folder" in told.err


@pytest.mark.covers
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_plan_that_is_stopped_leaves_no_revision_behind(
    here: Checkout, tmp_path_factory: pytest.TempPathFactory, number: int
) -> None:
    room = tmp_path_factory.mktemp("room")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        here.config(AWAY.format(url=f"http://127.0.0.1:{silent.getsockname()[1]}/v1", more=""))
        save(here)
        plan = command("plan", "-e", "away", "--base", "main")
        with (
            subprocess.Popen(plan, cwd=here.root, env=plain(TMPDIR=str(room)), stderr=subprocess.PIPE) as process,
            silent.accept()[0],
        ):
            laid_out_there = [path.name for path in room.iterdir()]
            process.send_signal(number)
            told = process.communicate()[1].decode()

    assert laid_out_there != []
    assert (process.returncode, told, list(room.iterdir())) == (130, "\nInterrupted.\n", [])


# merging applies what the change brings


def settled(here: Checkout, **manifests: str) -> dict[str, str]:
    """Everything applied from main, by key the ids; the next commits are on a branch."""
    here.write(**manifests)
    save(here)
    here.run("apply", "-e", "local", "--auto-approve")
    git(here.root, "checkout", "-qb", "feature")
    return {one["metadata"]["reconciler"].split("/")[2].split(" ")[0]: id for id, one in here.live().items()}


def merged(here: Checkout) -> Told:
    """What the review's plan does once it is merged; the next commits are on another branch."""
    git(here.root, "add", "-A")
    commit(here.root)
    planned = here.run("plan", "-e", "local", "--base", "main", "--out", "plan.json", "--detailed-exitcode")
    assert planned.code in (0, 2), planned.out
    git(here.root, "checkout", "-q", "main")
    git(here.root, "merge", "-q", "--no-ff", "-m", "Merge pull request #7", "feature")
    done = here.run("apply", "plan.json")
    git(here.root, "checkout", "-qB", "feature")
    return done


def test_a_change_of_the_readme_alone_applies_nothing_and_says_what_is_left(here: Checkout) -> None:
    ids = settled(here)
    here.call("POST", f"/{ids['hr']}", {"temperature": 0.3})
    before = here.live()
    (here.root / "README.md").write_text("Words.\n")

    told = merged(here)

    assert (told.code, here.live()) == (0, before)
    assert told.out.splitlines()[-5:] == [
        "Plan: 0 to add, 0 to change, 0 to destroy.",
        "",
        "Applied 0. local still differs: 1 drifted.",
        "`reconciler plan -e local` shows it; `reconciler apply -e local` applies what no objection blocks.",
        "Apply complete! Resources: 0 added, 0 changed, 0 destroyed.",
    ]


def test_a_merge_leaves_somebodys_hotfix_of_the_same_assistant_and_it_stays_drift(here: Checkout) -> None:
    ids = settled(here)
    here.call("POST", f"/{ids['hr']}", {"temperature": 0.3})
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))

    told = merged(here)
    left = here.run("plan", "-e", "local", "--drift").out

    live = here.live()[ids["hr"]]
    assert (told.code, live["model"], live["temperature"]) == (0, "gpt-4.1", 0.3)
    assert "Applied 1. local still differs: 1 drifted.\n" in told.out
    assert told.out.splitlines()[-1] == "Apply complete! Resources: 0 added, 1 changed, 0 destroyed."
    assert "~ temperature  0.3 -> 1\n" in left
    assert "model" not in left


def test_what_a_direct_push_left_does_not_go_live_with_the_next_merge(here: Checkout) -> None:
    ids = settled(here)
    git(here.root, "checkout", "-q", "main")
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"), pushed="model: gpt-4o\n")
    save(here)
    git(here.root, "checkout", "-qB", "feature")
    here.write(new="model: gpt-4o\nname: New\n")

    told = merged(here)

    assert told.code == 0
    assert here.live()[ids["hr"]]["model"] == "gpt-4o"
    assert len(here.live()) == 2
    pushed = git(here.root, "log", "-1", "--format=%h", "--abbrev=12", "--", "assistants/pushed.yaml")
    assert f"Applied 1. local still differs: 1 left by {pushed}, 1 to be created." in told.out
    assert here.run("apply", "-e", "local", "--auto-approve").code == 0
    assert here.live()[ids["hr"]]["model"] == "gpt-4.1"
    assert here.run("plan", "-e", "local", "--detailed-exitcode").code == 0


@pytest.mark.covers
@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("Say less (#41)", "#41"),
        ("Merge pull request #42 from acme/less", "#42"),
        ("Say (#41) less", ""),
        ("(#7) Say less", ""),
    ],
)
def test_what_a_merge_left_is_told_with_its_pull_request(here: Checkout, subject: str, said: str) -> None:
    (here.root / "assistants" / "prompts").mkdir()
    (here.root / "assistants" / "prompts" / "hr.md").write_text("Say much.\n")
    settled(here, hr=HR + "instructions: {file: prompts/hr.md}\n")
    git(here.root, "checkout", "-q", "main")
    (here.root / "assistants" / "prompts" / "hr.md").write_text("Say less.\n")
    git(here.root, "commit", "-qam", subject)
    left = git(here.root, "rev-parse", "--short=12", "HEAD")
    git(here.root, "checkout", "-qB", "feature")
    here.write(hr=HR.replace("HR", "HR2") + "instructions: {file: prompts/hr.md}\n")

    told = merged(here)

    assert told.code == 0
    assert f"Applied 1. local still differs: 1 left by {said or left}.\n" in told.out


def test_of_many_edits_that_were_never_applied_only_the_number_is_told(here: Checkout) -> None:
    keys = [f"k{number}" for number in range(12)]
    settled(here, **{key: f"model: gpt-4o\nname: {key}\n" for key in keys})
    here.write(**{key: f"model: gpt-4o\nname: new {key}\n" for key in keys})
    save(here)
    at = git(here.root, "rev-parse", "--short=12", "HEAD")

    many, few = (here.run("apply", "-e", "local", key, "--auto-approve").out for key in keys[:2])

    assert "Applied 1. local still differs: 11 edited in Git.\n" in many
    assert f"Applied 1. local still differs: 10 left by {at}.\n" in few


def test_where_git_knows_nothing_what_is_left_is_only_counted(here: Checkout) -> None:
    here.write(it="model: gpt-4o\nname: IT\n")
    here.run("apply", "-e", "local", "--auto-approve")
    here.write(it="model: gpt-4o\nname: IT2\n", hr=HR.replace("HR", "HR2"))

    assert (
        "Applied 1. local still differs: 1 edited in Git.\n"
        in here.run("apply", "-e", "local", "hr", "--auto-approve").out
    )


def test_a_conflict_elsewhere_blocks_no_merge(here: Checkout) -> None:
    ids = settled(here, b="model: gpt-4o\nname: B\n")
    git(here.root, "checkout", "-q", "main")
    here.write(b="model: gpt-4o\nname: pushed\n")
    save(here)
    here.call("POST", f"/{ids['b']}", {"name": "hotfix"})
    git(here.root, "checkout", "-qB", "feature")
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))

    told = merged(here)
    again = here.run("apply", "-e", "local", "--auto-approve")

    assert told.code == 0
    assert "still differs: 1 in conflict." in told.out
    assert here.live()[ids["b"]]["name"] == "hotfix"
    assert again.code == 1
    assert "Objections block every change" in again.err


def test_apply_everything_in_the_configuration_of_the_base_applies_everything(here: Checkout) -> None:
    here.config(LOCAL + "apply: everything\n")
    ids = settled(here)
    here.call("POST", f"/{ids['hr']}", {"temperature": 0.3})
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))

    told = merged(here)

    live = here.live()[ids["hr"]]
    assert (told.code, live["model"], live.get("temperature", 1)) == (0, "gpt-4.1", 1)


def test_apply_everything_counts_only_once_the_base_says_it(here: Checkout) -> None:
    ids = settled(here)
    here.call("POST", f"/{ids['hr']}", {"temperature": 0.3})
    here.config(LOCAL + "apply: everything\n")

    planned = here.run("plan", "-e", "local", "--base", "main").out

    assert "this change modifies `apply` of `local`" in planned
    assert "Merging does this: nothing." in planned


def test_a_fingerprint_of_a_part_is_expected_of_that_part(here: Checkout) -> None:
    ids = settled(here)
    here.call("POST", f"/{ids['hr']}", {"temperature": 0.3})
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))
    save(here)
    here.run("plan", "-e", "local", "--base", "main", "--out", "plan.json")
    fingerprint = json.loads((here.root / "plan.json").read_text())["fingerprint"]

    refused = here.run("apply", "plan.json", "--expect", "another")
    done = here.run("apply", "plan.json", "--expect", fingerprint)

    assert (refused.code, done.code) == (1, 0)
    assert "not another" in refused.err


def test_a_reviewed_plan_of_all_that_is_pending_is_no_selection(here: Checkout) -> None:
    settled(here)
    here.write(hr=HR.replace("gpt-4o", "gpt-4.1"))
    save(here)
    here.run("plan", "-e", "local", "--base", "main", "--out", "plan.json")

    first, again = here.run("apply", "plan.json"), here.run("apply", "plan.json")

    assert (first.code, again.code) == (0, 0)
    assert "Only what was selected" not in first.out
    assert "No changes. Your assistants match the manifests." in again.out


def test_programs_hear_what_is_left(here: Checkout) -> None:
    ids = settled(here, b="model: gpt-4o\nname: B\n")
    for id in ids.values():
        here.call("POST", f"/{id}", {"temperature": 0.3})

    told = here.run("apply", "-e", "local", "hr", "--auto-approve", "--json")

    lines = [json.loads(line) for line in told.out.splitlines()]
    said = [line["diagnostic"]["summary"] for line in lines if line["type"] == "diagnostic"]
    assert (told.code, said) == (0, ["Applied 1. local still differs: 1 drifted."])
