"""Folders with stacks of their own share environments: each inherits from the `reconciler.yaml` that it extends."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.config import FILE, Config, Loaded, load
from reconciler.diagnostics import Diagnostic, in_order
from reconciler.model import Target
from reconciler.plan.policy import DRIFT, Policy
from reconciler.providers import PROVIDERS
from reconciler.render.faults import report
from support.checkout import LOCAL, Checkout, answering
from support.gits import commit, git, repository
from support.lives import wanted

BASE = """\
version: 1
stack: platform
manifests: [platform]
default_environment: staging
limits: {deletes: 1, changes: 50}
reconcile: {apply: [drift], after: 24h}
allow: {by_author: false}
apply: everything
environments:
  staging:
    provider: openai
    base_url: https://staging.example.com/v1
    api_key: {env: STAGING_KEY}
    stack: platform-staging
    values: {handbook: vs_1, tone: calm}
    limits: {deletes: 3}
  production:
    provider: openai
    base_url: https://api.example.com/v1
    api_key: {command: [keys, print]}
"""
CHILD = "version: 1\nstack: hr\nextends: ../reconciler.yaml\n"
SETTINGS = {name: provider.settings for name, provider in PROVIDERS.items()}


def loaded(top: Path, files: Mapping[str, str], folder: str = "hr") -> Loaded:
    (top / ".git").mkdir()
    (top / ".git" / "HEAD").touch()
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    return load(top / folder, providers=SETTINGS, kinds=("assistant",))


def config(top: Path, child: str, base: str = BASE) -> Config:
    found = loaded(top, {FILE: base, f"hr/{FILE}": child})
    assert found.config is not None, found.faults
    return found.config


def wrong(found: Loaded) -> list[str]:
    broken = found.config.broken.values() if found.config is not None else ()
    every: list[Diagnostic] = [*found.faults, *(fault for faults in broken for fault in faults)]
    return [f"{fault.place} {fault.code}: {fault.message}" for fault in in_order(every)]


def test_a_folder_inherits_everything_but_its_stack_and_its_manifests(tmp_path: Path) -> None:
    found = config(tmp_path, CHILD)

    staging = found.environments["staging"]
    assert (found.root, found.manifests, found.default_environment) == (tmp_path / "hr", ("assistants",), "staging")
    assert (staging.stack, staging.apply, staging.allow_by_author) == ("hr", "everything", False)
    assert staging.reconcile == Policy(frozenset({DRIFT}), 86_400)
    assert (staging.limits.deletes, staging.limits.changes) == (3, 50)
    assert staging.values == {"handbook": "vs_1", "tone": "calm"}
    assert found.secret_variables() == {"STAGING_KEY"}
    assert str(staging.place) == "../reconciler.yaml:10:3"
    assert found.extends == ("../reconciler.yaml",)


def test_what_a_folder_states_wins_field_by_field(tmp_path: Path) -> None:
    own = """\
limits: {changes: 9, deletes: 9}
environments:
  staging: {values: {handbook: vs_hr}, limits: {deletes: null}}
  production: {api_key: {env: HR_KEY}}
  sandbox: {provider: openai, base_url: "https://sandbox.example.com/v1"}
"""

    found = config(tmp_path, CHILD + own).environments

    assert found["staging"].values == {"handbook": "vs_hr", "tone": "calm"}
    assert (found["staging"].limits.deletes, found["staging"].limits.changes) == (9, 9)
    assert found["production"].settings.secret_variables() == ("HR_KEY",)
    assert found["production"].settings.target() == ("https://api.example.com:443/v1", "")
    assert "sandbox" in found


def test_a_folder_does_without_an_environment_and_may_have_another_provider_in_its_place(tmp_path: Path) -> None:
    own = "environments:\n  staging:\n  production: {provider: responses, folder: dist/production}\n"

    found = config(tmp_path, f"{CHILD}default_environment: production\n{own}").environments

    assert {*found} == {"local", "production"}
    assert (found["production"].provider, found["production"].limits.deletes) == ("responses", 1)


def test_a_chain_inherits_from_its_end_to_its_beginning(tmp_path: Path) -> None:
    middle = "version: 1\nextends: ../reconciler.yaml\nenvironments: {staging: {values: {tone: warm, region: eu}}}\n"

    found = loaded(tmp_path, {FILE: BASE, f"eu/{FILE}": middle, f"eu/hr/{FILE}": CHILD}, "eu/hr").config

    assert found is not None
    assert found.environments["staging"].values == {"handbook": "vs_1", "tone": "warm", "region": "eu"}
    assert found.extends == ("../reconciler.yaml", "../../reconciler.yaml")


def test_a_folder_without_a_stack_is_an_error_that_says_what_to_write(tmp_path: Path) -> None:
    found = loaded(tmp_path, {FILE: BASE, f"hr/{FILE}": CHILD.replace("stack: hr\n", "")})

    assert wrong(found) == [
        "reconciler.yaml:2:1 missing-field: `stack` is missing: reconciler.yaml inherits none from ../reconciler.yaml."
    ]
    assert "write `stack: NAME` here" in report(found.faults, found.sources)


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("version: 1\nlimts: {}\n", "../reconciler.yaml:2:1 unknown-field: There is no `limts` here."),
        ("environments: {}\n", "../reconciler.yaml:1:1 missing-field: `version` is missing."),
        ("version: 1\nenvironments: [\n", "../reconciler.yaml:3:1 syntax: "),
        ("- version\n", "../reconciler.yaml:1:1 wrong-type: A mapping belongs here."),
    ],
)
def test_what_is_wrong_in_the_extended_file_is_reported_there(tmp_path: Path, base: str, said: str) -> None:
    found = loaded(tmp_path, {FILE: base, f"hr/{FILE}": CHILD})

    assert found.config is None
    assert any(each.startswith(said) for each in wrong(found)), wrong(found)


def test_an_environment_that_is_broken_there_is_broken_here_alone_and_may_be_mended_here(tmp_path: Path) -> None:
    base = BASE.replace("https://staging.example.com/v1", "nowhere") + "    retries: 3\n"

    found = config(tmp_path, CHILD + "environments: {staging: {base_url: 'https://mended.example.com/v1'}}\n", base)

    assert {*found.environments} == {"local", "staging"}
    assert [str(fault.place) for fault in found.broken["production"]] == ["../reconciler.yaml:21:5"]


def test_keys_of_both_files_are_masked(tmp_path: Path) -> None:
    base = BASE.replace("{env: STAGING_KEY}", "sk-of-the-base-1234567")
    child = CHILD + "environments: {production: {api_key: hunter-of-the-child}}\n"

    found = config(tmp_path, child, base)

    told = report([fault for faults in found.broken.values() for fault in faults], found.sources)
    assert "*****" in told
    assert "sk-of" not in told
    assert "hunter" not in told


@pytest.mark.parametrize(
    ("extends", "code"),
    [
        ("../missing/reconciler.yaml", "unreadable"),
        ("../base.yaml", "config"),
        ("..", "config"),
        ("/etc/reconciler.yaml", "config"),
        ("../../reconciler.yaml", "path-outside-repo"),
        ("../.git/reconciler.yaml", "path-outside-repo"),
        ("../linked/reconciler.yaml", "path-outside-repo"),
        ("../link/reconciler.yaml", "path-outside-repo"),
        ("../hr/reconciler.yaml", "config"),
        ("../circle/reconciler.yaml", "config"),
        ("[../reconciler.yaml]", "wrong-type"),
        ("../folder/reconciler.yaml", "unreadable"),
    ],
)
def test_only_a_configuration_of_the_repository_is_extended(tmp_path: Path, extends: str, code: str) -> None:
    (tmp_path / FILE).write_text(BASE)
    top = tmp_path / "repository"
    (top / "linked").mkdir(parents=True)
    (top / "linked" / FILE).symlink_to(tmp_path / FILE)
    (top / "link").symlink_to(tmp_path)
    (top / "folder" / FILE).mkdir(parents=True)
    circle = "version: 1\nextends: ../hr/reconciler.yaml\n"
    child = CHILD.replace("../reconciler.yaml", extends)

    found = loaded(top, {FILE: BASE, f"circle/{FILE}": circle, f"hr/{FILE}": child})

    assert found.config is None
    assert [fault.code for fault in found.faults] == [code]


def test_a_chain_has_an_end(tmp_path: Path) -> None:
    folders = ["a/" * depth for depth in range(1, 7)]
    files = {f"{folder}{FILE}": CHILD for folder in folders}

    found = loaded(tmp_path, {FILE: BASE, **files}, folders[-1])

    assert wrong(found) == ["../../../../reconciler.yaml:3:10 config: More than 5 files extend one another."]


HR = "name: HR\nmodel: gpt-4o\n"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """A folder of one team, in a repository whose top has the environments."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "hr").mkdir()
    found = Checkout(tmp_path / "hr", monkeypatch, capsys, hr=HR)
    (tmp_path / ".gitignore").write_text(".reconciler/\n*.json\n")
    (tmp_path / "hr" / FILE).write_text(CHILD)
    return found


def save(team: Checkout, branch: str = "") -> None:
    top = team.root.parent
    if not (top / ".git").exists():
        repository(top)
    if branch:
        git(top, "checkout", "-qb", branch)
    git(top, "add", "-A")
    commit(top)


def away(url: str) -> str:
    return f"version: 1\nenvironments:\n  away: {{provider: openai, base_url: '{url}', api_key: {{env: AWAY_KEY}}}}\n"


@pytest.mark.parametrize("edited", ["parent", "child", "extends"])
def test_a_branch_cannot_send_the_key_elsewhere_by_either_file(
    team: Checkout, monkeypatch: pytest.MonkeyPatch, edited: str
) -> None:
    monkeypatch.setenv("AWAY_KEY", "sk-secret")
    top = team.root.parent
    empty = '{"object": "list", "data": [], "has_more": false, "first_id": null, "last_id": null}'
    with answering(200, empty) as ours, answering(200, empty) as thief:
        (top / FILE).write_text(away(ours.url))
        save(team)
        if edited == "parent":
            (top / FILE).write_text(away(thief.url))
        elif edited == "child":
            (team.root / FILE).write_text(f"{CHILD}environments: {{away: {{base_url: '{thief.url}'}}}}\n")
        else:
            (top / "other").mkdir()
            (top / "other" / FILE).write_text(away(thief.url))
            (team.root / FILE).write_text(CHILD.replace("../", "../other/"))
        save(team, "feature")
        told = team.run("plan", "-e", "away", "--base", "main")
        team.run("apply", "-e", "away", "--config-from", "main", "--auto-approve")

    assert (told.code, thief.asked) == (0, [])
    assert ours.asked[0][1]["Authorization"] == "Bearer sk-secret"
    assert "this change modifies `base_url` of `away`" in told.out


def test_a_revision_without_the_extended_file_gets_no_key(team: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWAY_KEY", "sk-secret")
    save(team)
    with answering(200, "{}") as thief:
        (team.root.parent / FILE).write_text(away(thief.url))
        save(team, "feature")
        told = team.run("plan", "-e", "away", "--base", "main")

    assert (told.code, thief.asked) == (0, [])
    assert "reconciler.yaml:3:10 of main has an error: There is no ../reconciler.yaml." in told.out


def test_two_folders_with_one_stack_are_found_before_either_deletes_what_the_other_has(team: Checkout) -> None:
    top = team.root.parent
    (top / FILE).write_text(away("http://127.0.0.1:9/v1"))
    shutil.copytree(team.root, top / "it")
    save(team)

    said = team.run("validate"), team.run("plan", "-e", "away")
    (top / "it" / FILE).write_text(CHILD.replace("stack: hr", "stack: {name: it, was: [people]}"))
    (team.root / FILE).write_text(CHILD.replace("stack: hr", "stack: people"))

    assert [each.code for each in said] == [1, 1]
    assert all("The stack `hr` of `away` is that of it/reconciler.yaml as well." in each.err for each in said)
    assert team.run("validate").code == 0
    assert "The stack `people` of `away`" in team.run("-C", "../it", "validate").err
    borrowed = team.run("-C", "../hr", "destroy", "-e", "away", "--stack", "it", "--auto-approve")
    assert "The stack `it` of `away` is that of it/reconciler.yaml as well." in borrowed.err


def test_the_stack_of_another_folder_is_told_from_a_preview(team: Checkout) -> None:
    (team.root.parent / FILE).write_text(away("http://127.0.0.1:9/v1"))
    save(team)
    (team.root.parent / "it").mkdir()
    (team.root.parent / "it" / FILE).write_text(CHILD.replace("stack: hr", "stack: it"))
    for stack in ("it", "it-pr-7"):
        team.applied(wanted("x"), Target(stack, "local", "local", LOCAL.base_url))

    told = team.run("status", "-e", "local", "--all-stacks")
    data = team.run("status", "-e", "local", "--all-stacks", "--json").data

    assert "it/local: 1 assistant, created today\n    The folder it of this repository manages it.\n" in told.out
    assert [(each["stack"], each["known_by"], each["folder"]) for each in data["stacks"]] == [
        ("it", "other-folder", "it"), ("it-pr-7", "unknown", None)
    ]  # fmt: skip


def test_the_folder_of_the_shared_file_says_where_to_go(team: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    top = team.root.parent
    (top / FILE).write_text(away("http://127.0.0.1:9/v1"))
    save(team)
    monkeypatch.chdir(top)

    plan, imported, validated = team.run("plan"), team.run("import", "-e", "local"), team.run("validate")

    assert plan.err.splitlines() == [
        "Error: This folder has no manifests; its reconciler.yaml is extended by hr.",
        "  run it in one of them, such as `reconciler -C hr …`",
    ]
    assert (imported.code, imported.err) == (1, plan.err)
    assert "is extended by hr.\n" in team.run("doctor", "-e", "local").out
    assert validated.out == "Valid: reconciler.yaml has no manifests here, and is extended by hr.\n"
    (top / FILE).write_text(f"stack: platform\n{away('http://127.0.0.1:9/v1')}")
    assert "extended" not in team.run("plan", "-e", "local").err


def test_an_annotation_stands_in_the_shared_file(team: Checkout) -> None:
    (team.root.parent / FILE).write_text("version: 1\nlimts: {}\n")
    save(team)

    told = team.run("validate", "--format", "github")

    assert "::error file=reconciler.yaml,line=2,col=1,title=unknown-field::" in told.err


@pytest.mark.parametrize(
    "path",
    [r"\e[2J\n../reconciler.yaml", "a" * 5000 + "/reconciler.yaml", "../reconciler.yaml/reconciler.yaml", "-/../-r"],
)
def test_a_hostile_path_is_shown_and_not_followed(team: Checkout, path: str) -> None:
    (team.root / FILE).write_text(CHILD.replace("../reconciler.yaml", f'"{path}"'))
    save(team)
    here = team.run("validate")
    (team.root / FILE).write_text("version: 1\nstack: hr\nenvironments: {local: }\n")
    beside = team.run("plan", "-e", "local", "--base", "HEAD")

    assert (here.code, beside.code) == (1, 0)
    assert "reconciler.yaml:3:10 of HEAD has an error: " in beside.out
    assert "\x1b" not in here.err + beside.out


def test_what_another_folder_manages_is_not_called_unmanaged_by_a_pull(team: Checkout) -> None:
    team.config("stack: hr\n")
    team.applied(wanted("theirs"), Target("it", "local", "local", ".reconciler/local.db"))

    told = team.run("pull", "-e", "local").out

    assert "Nothing to pull" in told
    assert "unmanaged" not in told


def test_a_value_that_is_inherited_is_pulled_into_the_folders_own_file(team: Checkout) -> None:
    top = team.root.parent
    shared = "version: 1\nenvironments: {local: {values: {described: Before.}}}\n"
    (top / FILE).write_text(shared)
    team.write(hr=f"{HR}description: {{value: described}}\n")
    save(team)
    team.run("apply", "-e", "local", "--auto-approve")
    team.call("POST", f"/{next(iter(team.live()))}", {"description": "After."})

    told = team.run("pull", "-e", "local")

    assert told.code == 0, told
    assert (top / FILE).read_text() == shared
    assert (team.root / FILE).read_text() == f"{CHILD}environments:\n  local:\n    values: {{described: After.}}\n"
    assert "No changes." in team.run("plan", "-e", "local").out
