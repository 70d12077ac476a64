"""`reconciler init`: what it writes works at once, and what was there before stays."""

from __future__ import annotations

import importlib
import json
import os
import pty
import re
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from reconciler.authoring.surroundings import known_action, remote_of, surroundings
from reconciler.cli import COMMANDS, module_of
from reconciler.drafts.agents_md import BEGIN, END
from reconciler.drafts.workflows import ACTION
from support.checkout import Checkout, Told
from support.gits import git

COMMIT = "0123456789" * 4
PINNED = f"acme/assistants-reconciler@{COMMIT}"
PRODUCTION = "production=https://assistants.example.com/v1"
EVERYTHING = (
    *("--stack", "people", "-e", "staging=https://staging.example.com/v1", "-e", PRODUCTION),
    *("--workflows", "--agents-md", "--action", PINNED),
)
needs_git = pytest.mark.needs("git")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    root = tmp_path / "people-team"
    root.mkdir()
    checkout = Checkout(root, monkeypatch, capsys)
    (root / "assistants").rmdir()
    return checkout


@pytest.fixture
def cloned(here: Checkout) -> Checkout:
    git(here.root, "init", "-q", "-b", "trunk")
    git(here.root, "remote", "add", "origin", "git@github.com:acme/assistants.git")
    return here


def files(root: Path) -> dict[str, bytes]:
    """Every file below, without Git's own."""
    found = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def next_commands(told: Told) -> list[list[str]]:
    """The commands that are printed, without the name of the program."""
    lines = told.out.split("Next:\n")[1].splitlines()[:3]
    return [line.split()[1:] for line in lines]


@pytest.mark.parametrize("layout", ["yaml", "markdown"])
@pytest.mark.parametrize("kind", ["agent", "assistant"])
def test_a_plan_works_at_once(here: Checkout, kind: str, layout: str) -> None:
    told = here.run("init", "--kind", kind, "--layout", layout, "-e", PRODUCTION)

    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(
        "local (.reconciler/local.db), stack people-team\nproduction (openai, https://assistants"
    )
    assert next_commands(told) == [["validate"], ["plan"], ["apply"]]
    assert here.run("validate").err == ""
    assert f"+ {kind}.helper will be created" in here.run("plan").out
    assert here.run("apply", "--auto-approve").code == 0
    assert here.run("plan").out.endswith("match the manifests.\n")
    assert here.run("plan", "-e", "production").err.startswith(
        "reconciler.yaml:6:3: config: The variable ASSISTANTS_API_KEY"
    )


@needs_git
def test_one_line_sets_up_everything_and_again_changes_nothing(cloned: Checkout) -> None:
    told = cloned.run("init", *EVERYTHING)
    written = files(cloned.root)

    assert (told.code, told.err) == (0, "")
    assert sorted(written) == [
        ".github/workflows/apply.yml",
        ".github/workflows/plan.yml",
        ".github/workflows/reconcile.yml",
        ".gitignore",
        ".schemas/agent.json",
        ".schemas/assistant.json",
        ".schemas/reconciler.json",
        "AGENTS.md",
        "agents/helper.yaml",
        "agents/prompts/helper.md",
        "reconciler.yaml",
    ]
    plan = yaml.safe_load(written[".github/workflows/plan.yml"])["jobs"]["plan"]["steps"][-1]
    assert (plan["uses"], plan["with"]["environment"]) == (PINNED, "staging production")
    assert plan["env"] == {
        "ASSISTANTS_STAGING_API_KEY": "${{ secrets.RECONCILER_STAGING_PLAN_KEY }}",
        "ASSISTANTS_API_KEY": "${{ secrets.RECONCILER_PLAN_KEY }}",
    }
    assert b"branches: [trunk]" in written[".github/workflows/apply.yml"]
    assert "1. Environments for the branch trunk alone: staging; production, with required reviewers.\n" in told.out
    assert "RECONCILER_ENABLED = true" in told.out

    for words in ((), EVERYTHING):
        again = cloned.run("init", *words)
        assert (again.code, again.err, files(cloned.root)) == (0, "", written)
        assert (
            "This folder is initialized: reconciler.yaml exists and stays as it is. There is nothing to add."
            in again.out
        )


@needs_git
def test_what_is_there_stays_to_the_byte(cloned: Checkout) -> None:
    before = {
        ".gitignore": b"\xef\xbb\xbf*.log\r\nbuild",
        "AGENTS.md": b"# Ours\r\nBe kind.",
        ".github/workflows/plan.yml": b"name: our own\n",
        "assistants/it.yaml": b"model: gpt-5.4-mini\nname: IT\n",
    }
    for path, content in before.items():
        (cloned.root / path).parent.mkdir(parents=True, exist_ok=True)
        (cloned.root / path).write_bytes(content)
    assert cloned.run("apply", "--auto-approve", "-e", "local").code == 0
    told = cloned.run("init", *EVERYTHING)
    after = files(cloned.root)

    assert told.err.splitlines() == [
        "Note: .github/workflows/plan.yml exists with other content, and stays as it is.",
        "Warning: plan.yml does not plan, and the others need one that does: rename it, and run this again.",
    ]
    assert [path for path, content in before.items() if not after[path].startswith(content)] == []
    assert after[".gitignore"].endswith(
        b"build\r\n# run records, the lock and local data of reconciler\r\n.reconciler/\r\n"
    )
    assert after["AGENTS.md"].startswith(f"# Ours\r\nBe kind.\r\n\r\n{BEGIN}\r\n".encode())
    assert not [path for path in after if "helper" in path]
    assert cloned.run("plan", "-e", "local").out.endswith("match the manifests.\n")  # it keeps its stack

    cloned.root.joinpath("AGENTS.md").write_bytes(after["AGENTS.md"].replace(b"Safe to run", b"Edited") + b"More.\r\n")
    assert "  AGENTS.md    changed\n" in cloned.run("init", "--agents-md").out
    assert files(cloned.root)["AGENTS.md"] == after["AGENTS.md"] + b"More.\r\n"
    cloned.root.joinpath("AGENTS.md").write_text(f"{END}\n{BEGIN}\n")
    assert "the markers of the section, but not each once" in cloned.run("init", "--agents-md").err


@pytest.mark.parametrize("taken", ["agents", "agents/settings.yaml"])
def test_what_another_program_keeps_is_no_folder_of_manifests(here: Checkout, taken: str) -> None:
    (here.root / taken).parent.mkdir(exist_ok=True)
    (here.root / taken).write_text("debug: true\n")

    assert here.run("init", "--stack", "people").code == 0
    assert "agents/helper.yaml" in here.run("plan").out
    assert (here.root / "reconciler" / "agents" / "helper.yaml").exists()


@needs_git
def test_a_folder_below_extends_the_file_above_and_has_workflows_of_its_own(
    cloned: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cloned.run("init", "--stack", "shared", "-e", PRODUCTION, "--no-example").code == 0
    team = cloned.root / "teams" / "hr"
    team.mkdir(parents=True)
    assert f"This folder belongs to {cloned.root}/reconciler.yaml." in cloned.run("-C", "teams/hr", "init").err
    monkeypatch.chdir(cloned.root)
    told = cloned.run("-C", "teams/hr", "init", "--stack", "hr", "--workflows", "--action", PINNED)

    assert (told.code, told.err) == (0, "")
    assert "extends: ../../reconciler.yaml" in (team / "reconciler.yaml").read_text()
    assert (
        (team / "agents" / "helper.yaml")
        .read_text()
        .startswith("# yaml-language-server: $schema=../../../.schemas/agent.json\n")
    )
    assert not (team / ".schemas").exists()
    assert "working-directory: teams/hr" in (cloned.root / ".github/workflows/plan-teams-hr.yml").read_text()
    assert next_commands(told) == [["-C", "teams/hr", name] for name in ("validate", "plan", "apply")]
    for command in next_commands(told)[:2]:
        monkeypatch.chdir(cloned.root)
        assert cloned.run(*command).code == 0

    monkeypatch.chdir(cloned.root)
    above = cloned.run("init", "--workflows", "--agents-md", "--action", PINNED)
    assert "folders: teams/hr\n" in (cloned.root / ".github/workflows/apply.yml").read_text()
    assert next_commands(above) == next_commands(told)
    notes = (cloned.root / "AGENTS.md").read_text()
    assert "The manifests below `teams/hr/` say what" in notes
    assert "verify it, in the folder of the team (`reconciler -C teams/hr …`):\n" in notes

    team.rename(cloned.root / "teams" / "the people")
    assert "cannot name the folder 'teams/the people'" in cloned.run("init", "--workflows").err


@needs_git
def test_a_placeholder_is_named_and_filled_in_later(cloned: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(cloned.root.parent, monkeypatch)
    told = cloned.run("init", "-e", PRODUCTION, "--workflows")
    assert "Warning: The workflows do not run yet" in told.err
    assert told.err.endswith(f"  reconciler init --workflows --action {ACTION}\n")
    assert f"uses: {ACTION} # REPLACE" in (cloned.root / ".github/workflows/apply.yml").read_text()

    installed(cloned.root.parent, monkeypatch, url="https://github.com/acme/assistants-reconciler.git", commit=COMMIT)
    assert cloned.run("init", "--workflows").err == ""
    assert f"uses: {PINNED}\n" in (cloned.root / ".github/workflows/apply.yml").read_text()

    for words in ([], ["--action", f"acme/assistants-reconciler@{'a' * 40}"]):
        next(cloned.root.parent.glob("*/direct_url.json")).write_text("{}")
        assert cloned.run("init", "--workflows", *words).err.splitlines() == [
            f"Note: .github/workflows/{name}.yml exists with other content, and stays as it is. "
            "To replace it, delete it and run this again."
            for name in ("plan", "apply", "reconcile")
        ]


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, url: str = "", commit: str = "") -> None:
    """The package is installed from there, as far as its metadata says."""
    metadata = folder / "assistants_reconciler-0.1.0.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: assistants-reconciler\nVersion: 0.1.0\n")
    if url:
        (metadata / "direct_url.json").write_text(json.dumps({"url": url, "vcs_info": {"commit_id": commit}}))
    monkeypatch.syspath_prepend(folder)


@needs_git
def test_a_clone_knows_its_action_once_its_commit_is_pushed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    git(clone, "init", "-q")
    git(clone, "remote", "add", "origin", "https://me:token@github.com/acme/assistants-reconciler")
    git(clone, "commit", "-q", "--allow-empty", "-m", "x")
    installed(tmp_path, monkeypatch, clone.as_uri())
    assert known_action() is None

    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert known_action() == f"acme/assistants-reconciler@{git(clone, 'rev-parse', 'HEAD')}"


@needs_git
def test_a_branch_that_only_ends_like_a_usual_one_is_not_that_one(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "trunk")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
    git(tmp_path, "branch", "feature/main")
    assert surroundings(tmp_path).branch == "trunk"

    git(tmp_path, "update-ref", "refs/remotes/origin/master", "HEAD")
    assert surroundings(tmp_path).branch == "master"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("git@github.com:acme/app.git", ("github.com", "acme", "app")),
        ("https://me:token@GitHub.com/acme/app", ("github.com", "acme", "app")),
        ("ssh://git@gitlab.example.com:2222/a/b/app.git", ("gitlab.example.com", "a/b", "app")),
        ("/srv/git/app.git", None),
        ("", None),
    ],
)
def test_a_remote_is_read_without_its_secrets(url: str, expected: tuple[str, ...] | None) -> None:
    found = remote_of(url)

    assert (None if found is None else (found.host, found.owner, found.name)) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stack", "People Team"], "'People Team' is not a name for a stack."),
        (["--stack", "default"], "'default' is not a name for a stack."),
        (["-e", "Live=https://x.example.com"], "--environment 'Live' is not a name"),
        (["-e", "local=https://x.example.com"], "--environment local is there already"),
        (["-e", "live", "-e", "live"], "--environment live is there already"),
        (["-e", "live=x.example.com"], "The address must begin with https://"),
        (["-e", "live=http://x.example.com"], "A key is never sent over plain http"),
        (["-e", "live=https://x.example.com/v1#: {"], "may not have a query or a fragment"),
        (["-e", "live", "--workflows"], "Workflows belong to a Git repository, and this folder is in none."),
        (["--workflows", "--action", "acme/action@v1"], "--action is OWNER/REPO@COMMIT with a full hash"),
    ],
)
def test_what_is_not_possible_is_said_and_nothing_is_written(here: Checkout, words: list[str], message: str) -> None:
    told = here.run("init", *words)

    assert told.code == 1
    assert message in told.err
    assert list(here.root.iterdir()) == []


@needs_git
def test_nothing_is_written_where_one_file_cannot_be(cloned: Checkout) -> None:
    (cloned.root.parent / "elsewhere").mkdir()
    (cloned.root / ".github").symlink_to(cloned.root.parent / "elsewhere")

    told = cloned.run("init", *EVERYTHING)

    assert ".github/workflows/apply.yml: This leads out of the repository." in told.err
    assert (told.code, files(cloned.root), list((cloned.root.parent / "elsewhere").iterdir())) == (1, {}, [])


@needs_git
def test_the_name_of_a_folder_is_no_expression(cloned: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    (cloned.root / "${{ github.token }}").mkdir()
    monkeypatch.chdir(cloned.root / "${{ github.token }}")
    told = cloned.run("init", *EVERYTHING)

    assert told.err == "Error: Workflows cannot name the folder '${{ github.token }}'.\n  rename it\n"
    assert (told.code, files(cloned.root)) == (1, {})


@needs_git
def test_workflows_need_a_server_and_are_not_for_gitlab(cloned: Checkout) -> None:
    assert "Workflows need an environment with a server" in cloned.run("init", "--workflows").err
    git(cloned.root, "remote", "set-url", "origin", "https://gitlab.com/acme/app.git")
    told = cloned.run("init", "-e", "live", "--workflows", "--dry-run")

    assert told.err.startswith("Note: No workflow was written, because this repository is on GitLab")
    assert told.out.startswith("local (.reconciler/local.db), stack app\n")
    assert "files would be written." in told.out
    assert files(cloned.root) == {}


@needs_git
def test_what_workflows_cannot_know_is_named(cloned: Checkout) -> None:
    cloned.config(
        "stack: people\nenvironments:\n"
        "  dist: {provider: responses, folder: dist}\n"
        "  sandbox: {provider: openai}\n"
        "  azure: {provider: foundry, base_url: https://x/api/projects/p, api_key: {command: [az]}, "
        "headers: {v: {env: V}}}\n"
    )
    told = cloned.run("init", "--workflows", "--action", PINNED)

    assert told.err.splitlines() == [
        "Note: The workflows leave out dist, a folder of this repository: see docs/responses.md#the-workflow.",
        "Note: A command prints the key of azure: add the step that signs in to its jobs, before the action.",
    ]
    assert "sandbox with RECONCILER_SANDBOX_KEY, and the label reconciler/try" in told.out
    assert "secrets.RECONCILER_SANDBOX_KEY" in (cloned.root / ".github/workflows/try.yml").read_text()
    assert "V: ${{ secrets.V }}" in (cloned.root / ".github/workflows/apply.yml").read_text()


@pytest.mark.parametrize(
    ("path", "message"), [("reconciler.yml", "reconciler.yml is not read."), (".git/x", "a part of Git's own data")]
)
def test_nothing_is_written_where_nothing_would_be_read(here: Checkout, path: str, message: str) -> None:
    (here.root / path).parent.mkdir(exist_ok=True)
    (here.root / path).write_text("")
    told = here.run("-C", str(Path(path).parent), "init")

    assert (told.code, [each for each in files(here.root) if each != path]) == (1, [])
    assert message in told.err


def test_an_environment_with_an_error_stops_it(here: Checkout) -> None:
    here.config("stack: people\nenvironments:\n  live: {provider: nobody}\n")
    told = here.run("init", "--agents-md")

    assert (told.code, sorted(files(here.root))) == (1, ["reconciler.yaml"])
    assert "`nobody` is not a provider" in told.err


def test_environments_on_one_server_have_stacks_of_their_own_and_servers_of_foundry_are_known(here: Checkout) -> None:
    project = "https://acme.services.ai.azure.com/api/projects/hr"
    told = here.run("init", "-e", "production", "-e", "dev", "-e", f"azure={project}")

    assert told.out.splitlines()[:4] == [
        "local (.reconciler/local.db), stack people-team",
        "production (openai, https://api.openai.com/v1), stack people-team",
        "dev (openai, https://api.openai.com/v1), stack people-team-dev",
        f"azure (foundry, {project}), stack people-team",
    ]
    assert (here.root / "assistants" / "helper.yaml").exists()
    assert [*re.findall(r"env: (\w+)", (here.root / "reconciler.yaml").read_text())] == [
        "OPENAI_API_KEY",
        "OPENAI_DEV_API_KEY",
        "ASSISTANTS_AZURE_API_KEY",
    ]


def test_a_stated_environment_is_not_added_to_a_file_that_exists(here: Checkout) -> None:
    here.config("stack: people\nenvironments:\n  live: {provider: openai}\n")
    told = here.run("init", "--stack", "other", "-e", "live", "-e", PRODUCTION, "--agents-md")

    assert told.err.splitlines() == [
        "Note: --stack other has no effect: reconciler.yaml names another one.",
        "Note: reconciler.yaml has no environment `production`; add it below `environments`:",
        "    production: {provider: openai, base_url: https://assistants.example.com/v1, api_key: {env: NAME}}",
    ]
    assert sorted(files(here.root)) == ["AGENTS.md", "reconciler.yaml"]
    assert next_commands(told)[1] == ["import", "-e", "live"]


@pytest.mark.parametrize("is_ended", [False, True])
def test_on_a_terminal_it_asks_and_writes_after_the_last_answer(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, is_ended: bool
) -> None:
    answers = ["hr", "local", "Live", "live", "example.com", "https://x.example.com/v1", "sk-1", "", "-"]
    code, seen = typed(here, monkeypatch, "\n".join([*answers, "\x04" if is_ended else "n", "y", ""]))

    assert "Error: `local` is there already." in seen
    assert "Error: 'Live' is not a name" in seen
    assert "Error: The address must begin with https://" in seen
    assert "Error: This is not the name of a variable." in seen
    if is_ended:
        assert (code, files(here.root)) == (130, {})
        return
    assert code == 0
    text = (here.root / "reconciler.yaml").read_text()
    assert "stack: hr " in text
    assert "  live:\n    provider: openai" in text
    assert "{env: ASSISTANTS_API_KEY}" in text
    assert (here.root / "AGENTS.md").exists()


def typed(here: Checkout, monkeypatch: pytest.MonkeyPatch, answers: str) -> tuple[int, str]:
    """The exit code of `init` on a terminal, and what was seen there."""
    master, slave = pty.openpty()
    os.write(master, answers.encode())
    with os.fdopen(slave) as keyboard, os.fdopen(os.dup(slave), "w") as screen, monkeypatch.context() as patch:
        patch.setattr("sys.stdin", keyboard)
        patch.setattr("sys.stdout", screen)
        told = here.run("init")
    seen = b""
    with suppress(OSError):  # how Linux says that the other end is closed
        while part := os.read(master, 65536):
            seen += part
    os.close(master)
    return told.code, seen.decode()


def test_the_section_for_coding_assistants_leaves_to_people_what_needs_approval(here: Checkout) -> None:
    here.run("init", "--agents-md")
    section = (here.root / "AGENTS.md").read_text()
    safe, person = section.split("Safe to run")[1].split("A person runs these")
    person = person.split("Do not run them")[0]
    named = re.findall(r"`(?:reconciler )?([a-z]+)", section.split("After each edit")[1])

    assert {name for name in named if name not in {"git", "reconciler"}} <= COMMANDS.keys()
    for name in COMMANDS:
        options = [option for each in importlib.import_module(module_of(name)).command.params for option in each.opts]
        if "--auto-approve" in options:
            assert f"`{name}" in person
            assert name == "doctor" or f"`{name}`" not in safe
