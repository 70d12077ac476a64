"""What hands type that know other tools: it works, or one line says what does the same here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.cli import COMMANDS
from reconciler.cli.other_tools import COMMANDS_THERE, OPTIONS_THERE
from support.checkout import Checkout


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr="model: gpt-4o\n", sales="model: gpt-4o\n")


@pytest.mark.parametrize(
    ("line", "way"),
    [
        ("get assistants", "There is no command 'get'; `reconciler status` lists what is live."),
        ("state list", "`reconciler status` lists what is live."),
        ("state show assistant.hr", "`reconciler show KEY` prints a live one as its manifest."),
        ("state rm assistant.hr", "`reconciler forget KEY` does that."),
        ("state mv a b", "list the key that it had under `reconciler: {was: [KEY]}`."),
        ("state pull", "there is no state file"),
        ("describe hr", "`reconciler show KEY`"),
        ("delete assistant hr", "remove the manifest and apply, or `reconciler forget KEY`"),
        ("push", "`reconciler apply` does that."),
        ("up --yes", "`reconciler apply` does that."),
        ("preview", "`reconciler plan` does that."),
        ("refresh", "`reconciler plan --drift` shows what changed on the server, `reconciler pull` takes it"),
        ("taint assistant.hr", "nothing is replaced"),
        ("workspace select staging", "environments are in reconciler.yaml, and `-e NAME` chooses one."),
        ("rollout undo hr", "`reconciler rollback` restores the state before a run."),
        ("rollout history hr", "`reconciler history` lists the recorded applies."),
        ("stack output", "`reconciler output` prints keys and ids."),
        ("stack ls", "`--stack NAME` chooses a stack"),
        ("logs hr", "`reconciler history`"),
        ("fmt", "`reconciler validate` checks them."),
        ("login", "the key is in a variable that reconciler.yaml names"),
        ("plan -y", "There is no option `-y`; this command does not ask for approval: leave it out."),
        ("plan -auto-approve", "this command does not ask for approval"),
        ("plan -refresh-only", "There is no option `--refresh-only`; `reconciler plan --drift`"),
        ("plan -refresh=false", "There is no option `--refresh`; live objects are always read first"),
        ("apply -lock=false", "an apply always takes the lock"),
        ("apply -lock-timeout=60s", "does not wait for it"),
        ("plan -var a=b", "write it under `values`"),
        ("plan -var-file=x.tfvars", "write it under `values`"),
        ("plan -replace=assistant.hr", "nothing is replaced"),
        ("plan -compact-warnings", "leave it out"),
        ("apply -f hr.yaml", "manifests are read from the folders of reconciler.yaml, and KEYS choose some."),
        ("apply --dry-run=client", "`reconciler plan` never writes."),
        ("apply --doit", "`reconciler apply -y` applies without asking."),
        ("plan -o json", "`--format NAME` chooses the output"),
        ("status -A", "`plan --all-environments` plans every environment"),
        ("status -w", "run it again"),
        ("plan -foo", "There is no option `-foo`.\n"),
        ("plan -out", "requires an argument"),
        ("destroy", "Missing option '--stack'; everything of that stack is deleted"),
        ("plan assistants/hr.yaml", "write its key in place of the file: `hr`"),
        ("apply assistants/hr.yaml", "write its key: `hr`"),
        ("apply plan.json -target=hr", "applies a saved plan, without KEYS beside it"),
        ("plan local", "`-e local` chooses that environment"),
        ("diff HEAD~1", "`reconciler plan --base HEAD~1` compares with that revision"),
        ("status hr", "Got unexpected extra argument (hr); it lists everything, while `reconciler show KEY`"),
        ("run hr", "does not run them"),
        ("PLAN", "did you mean `plan`?"),
        ("plan help", "`--help` prints the help of a command"),
        ("help state", "There is no command 'state'"),
        ("history -n 3", "it lists every recorded run"),
        ("bogus", "`reconciler help` lists those that exist."),
        ("output --raw", "--raw prints the id of one KEY: name it."),
        ("apply -e local -e prod -y", "--environment names one, and `local` and `prod` were passed"),
        ("destroy --stack hr-pr-1 --stack hr -y", "--stack names one, and `hr-pr-1` and `hr` were passed"),
        ("apply -e  -y", "There is no environment ``"),
        ("destroy -target=assistant.hr", "`reconciler destroy --stack NAME` deletes everything of a stack"),
        ("pull -n", "`--dry-run` writes nothing."),
        ("destroy --dry-run", "`reconciler plan --destroy --stack NAME` never writes."),
        ("rollback --dry-run", "without `-y` it shows the plan"),
        ("apply --no-delete", "`reconciler apply '*'` deletes nothing"),
        ("apply --only hr", "KEYS and globs say what is included."),
        ("down", "`reconciler destroy --stack NAME` deletes everything of a stack"),
        ("commit -m x", "manifests are files of the repository: use Git."),
        ("destroy -f --stack x", "`-y` approves"),
        ("rollback  -y", "There is no run ''."),
        ("history ", "There is no run ''."),
        ("apply -destroy", "`reconciler destroy --stack NAME` deletes everything of a stack"),
        ("validate -json", "There is no option `--json`; this command has no JSON"),
        ("plan -C team", "`reconciler -C DIR COMMAND`"),
        ("apply --all-environments", "this command is for one environment"),
        ("apply --no-input", "`--input false` asks nothing"),
        ("apply agent.hr", "did you mean `assistant.hr`?"),
        ("apply HR", "did you mean `hr`?"),
    ],
)
def test_a_word_of_another_tool_is_answered_with_the_way_here(here: Checkout, line: str, way: str) -> None:
    told = here.run(*line.split(" "))

    assert (told.code, told.out) == (1, "")
    assert way in told.err


@pytest.mark.parametrize(
    "line",
    [
        "plan -target=assistant.hr -detailed-exitcode",
        "plan --target hr --detailed-exitcode",
        "plan -target hr -refresh -lock=true -input=false -no-color -detailed-exitcode",
        "plan hr -refresh=true -detailed-exitcode",
    ],
)
def test_flags_of_terraform_do_what_they_say(here: Checkout, line: str) -> None:
    told = here.run(*line.split(" "))

    assert told.code == 2
    assert "hr" in told.out
    assert "sales" not in told.out


@pytest.mark.parametrize("flag", ["-y", "--yes", "-yes", "-auto-approve"])
def test_approval_is_given_in_each_way_that_hands_know(here: Checkout, flag: str) -> None:
    assert here.run("apply", flag, "-target=hr").out.endswith("Resources: 1 added, 0 changed, 0 destroyed.\n")


def test_an_id_is_printed_bare_or_as_json(here: Checkout) -> None:
    here.run("apply", "-y")
    (id,) = (each for each, body in here.live().items() if "/hr " in body["metadata"]["reconciler"])

    assert here.run("output", "hr").out == f"{id}\n"
    assert here.run("output", "-raw", "assistant.hr").out == id
    assert here.run("output", "-json", "hr").out == f'"{id}"\n'


def test_help_and_version_are_commands_as_well(here: Checkout) -> None:
    assert here.run("help").out == here.run("--help").out
    assert here.run("help", "plan").out == here.run("plan", "--help").out
    assert here.run("version").out == here.run("--version").out
    assert json.loads(here.run("version", "-json").out)["version"] == __version__


def test_no_way_leads_to_what_does_not_exist() -> None:
    ways = {*COMMANDS_THERE.values(), *OPTIONS_THERE.values()}

    assert {command for way in ways for command in re.findall(r"`reconciler ([a-z]+)", way)} <= {*COMMANDS}
    assert COMMANDS.keys() & COMMANDS_THERE.keys() == set()
