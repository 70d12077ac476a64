"""What completes in a shell: names from files alone, fast, silently, and nothing that a shell acts on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.cli import COMMANDS
from reconciler.cli.completion import ending_after
from reconciler.kinds import KINDS
from reconciler.run.known_names import KINDS_BY_FOLDER, KnownObject, known_objects
from support.checkout import Checkout
from support.gits import git, repository
from support.shells import typed_into

TWO = """
stack: acme
environments:
  staging: {provider: openai, base_url: "https://staging.example.com/v1"}
  production: {provider: openai, base_url: "https://example.com/v1"}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    folder = tmp_path / "checkout"
    folder.mkdir()
    here = Checkout(folder, monkeypatch, capsys, **dict.fromkeys(("hr-helper", "hr-lookup"), "model: gpt-4o\n"))
    (folder / "agents").mkdir()
    (folder / "agents" / "sales.md").write_text("---\nmodel: gpt-4o\n---\n\nSell.\n")
    (folder / "plan.json").write_text("{}")
    (folder / ".reconciler" / "history").mkdir(parents=True)
    (folder / ".reconciler" / "history" / "20260102-a1.jsonl").write_text('{"where":{"stack":"acme-pr-7"}}\n')
    (folder / ".reconciler" / "history" / "20260101-b2.jsonl").touch()
    here.config(TWO)
    return here


def completed(here: Checkout, *words: str, shell: str = "zsh") -> list[str]:
    """What is offered for the last word, or `files` or `folders` where the shell is to look."""
    told = here.run("completion", shell, "--", *words)
    assert (told.code, told.err) == (0, "")
    kind, *lines = told.out.splitlines() or ["values"]
    return [line.partition("\t")[0] for line in lines] if kind == "values" else [kind]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pl", ["plan"]),
        ("plan ", ["sales", "hr-helper", "hr-lookup"]),
        ("plan hr-helper hr-", ["hr-lookup"]),
        ("plan assistant.hr-l", ["assistant.hr-lookup"]),
        ("plan ag", ["agent.sales"]),
        ("plan hr-*", []),
        ("plan -e ", ["staging", "production"]),
        ("plan -e staging hr-h", ["hr-helper"]),
        ("plan --environment=prod", ["--environment=production"]),
        ("plan --format ", ["text", "markdown", "json", "html", "github"]),
        ("plan --format=j", ["--format=json"]),
        ("plan -format=j", ["-format=json"]),
        ("plan --det", ["--detailed-exitcode"]),
        ("plan -det", ["-detailed-exitcode"]),
        ("plan --timeout ", []),
        ("plan --out ", ["files"]),
        ("plan --state-dir ", ["folders"]),
        ("apply --allow too", ["too-many-changes", "too-many-deletes"]),
        ("apply --allow api", []),
        ("apply ", ["sales", "hr-helper", "hr-lookup", "plan.json"]),
        ("apply ./", ["files"]),
        ("apply other", ["files"]),
        ("show pl", ["plan.json"]),
        ("rollback ", ["20260102-a1", "20260101-b2"]),
        ("rollback --to HEAD hr-h", ["hr-helper"]),
        ("diff ", ["staging..", "production..", "sales", "hr-helper", "hr-lookup"]),
        ("diff staging..", ["staging..production"]),
        ("diff staging..production hr-h", ["hr-helper"]),
        ("history ", ["20260102-a1", "20260101-b2"]),
        ("destroy --stack ", ["acme-pr-7"]),
        ("reviewed --workflow ", []),
        ("completion ", ["bash", "zsh", "fish"]),
        ("no-such-command ", []),
        ("-C ", ["folders"]),
        ("-C nowhere plan ", []),
        ("-C assistants plan --environment st", ["staging"]),
        ("-C assistants plan --out hr-l", ["hr-lookup.yaml"]),
        ("-C . plan --state-dir ag", ["agents/"]),
    ],
)
def test_what_may_come_next_is_offered(here: Checkout, line: str, offered: list[str]) -> None:
    assert completed(here, *line.split(" ")) == offered


def test_every_command_is_offered_with_what_it_is_for(here: Checkout) -> None:
    told = here.run("completion", "fish", "--", "")

    assert [line.partition("\t")[0] for line in told.out.splitlines()[1:]] == list(COMMANDS)
    assert "plan\tShow what an apply would do\n" in told.out


def test_where_nothing_else_can_come_the_options_are_offered(here: Checkout) -> None:
    assert {"--format", "--timeout", "--environment"} <= set(completed(here, "status", ""))


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("reconciler plan --format=j", ["json"]),
        ("reconciler plan '--format=j", ["--format=json"]),
        ('reconciler plan "hr-l', ["hr-lookup"]),
        ("reconciler   plan   hr-helper ", ["sales", "hr-lookup"]),
        ("reconciler plan hr\\-l", ["hr-lookup"]),
        ("reconciler -C ~/checkout plan hr-l", ["hr-lookup"]),
        ("reconciler -C $HOME/checkout plan hr-l", ["hr-lookup"]),
        ("reconciler plan $(touch x)", []),
        ("reconciler plan =", []),
        ("reconciler plan --format==", []),
        ("reconciler plan -e=", []),
        ("reconciler plan \udcff ${", []),
    ],
)
def test_bash_hands_over_its_line_and_replaces_its_end(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, line: str, offered: list[str]
) -> None:
    monkeypatch.setenv("HOME", str(here.root.parent))

    assert completed(here, line, " \t\n\"'@><=;|&(:", shell="bash") == offered
    assert not (here.root / "x").exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: [",
        "environments: {staging: {}",
        "environments: [1, 2]\nmanifests: 7\nextends: {}",
        "manifests: ['../..', \"a\\0b\", /, nowhere]",
        "extends: reconciler.yaml",
        "\0\x01",
        "&a [*a]",
    ],
)
def test_a_broken_configuration_breaks_no_line(here: Checkout, text: str) -> None:
    (here.root / "reconciler.yaml").write_text(text)

    for words in (["plan", ""], ["plan", "-e", ""], ["rollback", ""], ["plan", "--base", ""]):
        completed(here, *words)


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "bytes"])
def test_what_is_no_file_breaks_no_line(here: Checkout, kind: str) -> None:
    for path in (here.root / "reconciler.yaml", here.root / "assistants" / "hr-helper.yaml"):
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "pipe":
            os.mkfifo(path)
        elif kind == "link":
            path.symlink_to(path.name)
        else:
            path.write_bytes(b"model: \xff\xfe\n")

    assert "hr-lookup" in completed(here, "plan", "")
    assert completed(here, "plan", "-e", "") == ["local"]


def test_a_plan_whose_name_needs_quotes_is_left_to_the_shell(here: Checkout) -> None:
    (here.root / "my plan.json").write_text("{}")

    assert completed(here, "apply", "my") == ["files"]


def test_a_hostile_name_is_never_offered(here: Checkout) -> None:
    for name in ("$(touch x)", "a b", "`x`", "a;b", "a\nb", "-rf", "a'b", 'a"b', "\x1b]0;x\x07", "Ünder", "a\tb"):
        (here.root / "assistants" / f"{name}.yaml").write_text("model: gpt-4o\n")
        (here.root / f"{name}.json").write_text("{}")
    (here.root / "assistants" / "\x1b[31m\nfolder").mkdir()
    (here.root / "assistants" / "\x1b[31m\nfolder" / "deep.yaml").write_text("model: gpt-4o\n")
    (here.root / ".reconciler" / "history" / "$(x).jsonl").touch()
    here.config("environments: {'$(x)': {provider: local}, 'a b': {}, \"c\\nd\": {}, good: {provider: \"\\e[31m\"}}\n")

    printed = [here.run("completion", "zsh", "--", *words.split(" ")).out for words in ("apply ", "plan -e ", "show ")]
    names = [line.partition("\t")[0] for text in printed for line in text.splitlines()]

    assert {"deep", "hr-helper", "good", "plan.json"} <= set(names)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name)] == []
    assert [text for text in printed if not text.replace("\n", "").replace("\t", "").isprintable()] == []


@pytest.mark.parametrize(
    ("file", "text", "objects"),
    [
        ("assistants/a.yaml", "model: gpt-4o\nreconciler:\n  # known as\n  key: 'b'  # so\n", ["assistant.b"]),
        ("assistants/a.yaml", "reconciler: {id: {x: y}, key: b}\nmodel: gpt-4o\n", ["assistant.b"]),
        ("assistants/a.yaml", "model: x\nreconciler:\n  kind: agent\n  environments:\n    p: {key: c}\n", ["agent.a"]),
        ("assistants/a.yaml", "model: x\nmetadata:\n  reconciler:\n    key: b\n", ["assistant.a"]),
        ("agents/team/a.yml", "model: x\n", ["agent.a"]),
        ("agents/assistants/a.yml", "model: x\n", ["assistant.a"]),
        (
            "assistants/a.yaml",
            "---\nmodel: x\nreconciler: {key: b}\n---\nmodel: y\nreconciler:\n  key: c\n---\n",
            ["assistant.b", "assistant.c"],
        ),
        ("assistants/a.md", "---\nmodel: x\nreconciler: {key: b}\n---\nreconciler:\n  key: c\n", ["assistant.b"]),
        ("assistants/a.md", "No front matter, model: x\n", []),
        ("assistants/README.md", "---\nmodel: x\n---\n", []),
        ("assistants/prompts/a.yaml", "model: x\n", []),
        ("assistants/data.yaml", "questions: [1, 2]\n", []),
        ("assistants/A.yaml", "model: x\n", []),
    ],
)
def test_what_a_manifest_is_of_is_found_without_parsing_it(
    tmp_path: Path, file: str, text: str, objects: list[str]
) -> None:
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).write_text(text)

    assert [each.address for each in known_objects(tmp_path)] == objects


@pytest.mark.no_cover
def test_very_many_manifests_are_called_like_their_files(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    for number in range(3000):
        (tmp_path / "agents" / f"a-{number}.yaml").touch()
    (tmp_path / "agents" / "Not a key.yaml").touch()

    assert {each.address for each in known_objects(tmp_path)} == {f"agent.a-{number}" for number in range(3000)}


def test_a_key_of_two_kinds_is_offered_as_both_addresses(here: Checkout) -> None:
    (here.root / "agents" / "hr-helper.yaml").write_text("model: gpt-4o\n")

    assert completed(here, "plan", "") == ["agent.hr-helper", "sales", "assistant.hr-helper", "hr-lookup"]


def test_environments_of_an_extended_configuration_are_offered(here: Checkout) -> None:
    team = here.root / "team"
    team.mkdir()
    own = "{staging: null, sandbox: {provider: local}, production: {stack: team-p}}"
    (team / "reconciler.yaml").write_text(f"extends: ../reconciler.yaml\nenvironments: {own}\n")

    assert completed(here, "-C", "team", "plan", "-e", "") == ["production", "sandbox"]


def test_a_completion_gives_up_before_a_person_does() -> None:
    with pytest.raises(TimeoutError), ending_after(0.01):
        time.sleep(5)


def test_branches_and_tags_are_offered_as_revisions(here: Checkout) -> None:
    repository(here.root)
    git(here.root, "branch", "feature/x")
    git(here.root, "tag", "v1")

    assert completed(here, "plan", "--base", "") == ["HEAD", "feature/x", "main", "v1"]


def test_the_kinds_are_those_that_exist() -> None:
    assert {kind.plural: name for name, kind in KINDS.items()} == KINDS_BY_FOLDER
    assert KnownObject("agent", "a", "agents/a.yaml").address == "agent.a"


def test_a_completion_imports_nothing_heavy(here: Checkout) -> None:
    script = (
        "import sys\nfrom reconciler.cli import run\nrun(['completion', 'zsh', '--', 'plan', ''])\n"
        "run(['completion', 'zsh', '--', 'apply', '--allow', ''])\n"
        "print(sorted({'pydantic', 'httpx', 'rich', 'deepdiff', 'anyio', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=here.root)

    assert (done.stdout.splitlines()[-1], "hr-helper" in done.stdout) == ("[]", True)
    assert "too-many-deletes" in done.stdout


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "shell", [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("bash", "zsh", "fish")]
)
def test_a_line_is_completed_in_a_real_shell(here: Checkout, tmp_path: Path, shell: str) -> None:
    (here.root / "assistants" / "hr-$(touch x).yaml").write_text("model: gpt-4o\n")
    tabs, listed = ("\t\t", "hr-lookup") if shell == "bash" else ("\t", "assistants/hr-lookup.yaml")
    became = {
        "reconciler pl\t": ["plan"],
        "assistants-reconciler plan hr-l\t": ["plan", "hr-lookup"],
        "reconciler plan 'hr-l\t": ["plan", "hr-lookup"],
        "reconciler plan --format=mark\t-e prod\t": ["plan", "--format=markdown", "-e", "production"],
        "reconciler apply -auto-a\tpl\t": ["apply", "-auto-approve", "plan.json"],
        "reconciler plan --out=./pl\t": ["plan", "--out=./plan.json"],
        f"reconciler plan hr-{tabs}\0{listed}\0h\t": ["plan", "hr-helper"],
    }

    assert typed_into(shell, list(became), here.root, tmp_path / "home") == list(became.values())
    assert not (here.root / "x").exists()
