"""The command line as a whole: usage, help, exit codes, environments, colour, and what a terminal is asked."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import select
import signal
import subprocess
from pathlib import Path
from subprocess import PIPE

import pytest

from reconciler import __version__
from reconciler.cli import COMMANDS, run, validate
from support.checkout import Checkout, interpreted, plain
from support.forking import Process
from support.lives import wanted

INTERRUPT = "\x03"
PATIENCE = 20
HR = "model: gpt-4o\nname: HR Helper\ninstructions: be kind\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr=HR)


# usage


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bogus"], "There is no command 'bogus'"),
        (["plam"], "did you mean `plan`?"),
        (["stat"], "did you mean `status`?"),
        (["get"], "There is no command 'get'; `reconciler status` lists what is live."),
        (["deploy"], "There is no command 'deploy'; `reconciler apply` does that."),
        (["preview"], "`reconciler plan` does that."),
        (["plan", "--verbose"], "There is no option `--verbose`; set RECONCILER_LOG=debug to see every request."),
        (["plan", "--colour"], "There is no option `--colour`; did you mean `--color`?"),
        (["plan", "-z"], "There is no option `-z`."),
        (["apply", "--from", "x"], "There is no option `--from`."),
        (["plan", "-e", "loc"], "did you mean `local`?"),
        (["-e", "local", "plan"], "`-e`; options of a command come after it: `reconciler COMMAND -e`"),
        (["plan", "--bogus"], "There is no option `--bogus`."),
        (["plan", "--format", "xml"], "'xml' is not one of 'text', 'markdown', 'json'"),
        (["plan", "--parallelism", "0"], "Invalid value for '--parallelism'"),
        (["plan", "--input", "perhaps"], "Invalid value for '--input'"),
        (["plan", "--allow", "conflicts"], "There is no objection 'conflicts'.\n  did you mean `conflict`?"),
        (["show"], "Missing argument"),
        (["forget"], "Missing argument"),
        (["-C", "no-such-folder", "plan"], "no-such-folder"),
        (["plan", "-e"], "requires an argument"),
    ],
)
def test_wrong_usage_exits_1_and_never_2(here: Checkout, arguments: list[str], said: str) -> None:
    told = here.run(*arguments)

    assert (told.code, told.out) == (1, "")
    assert said in told.err


@pytest.mark.no_cover
def test_wrong_usage_never_reads_as_changes_pending(here: Checkout) -> None:
    assert here.run("plan", "--detailed-exitcode", "--bogus").code == 1
    assert here.process("plan", "--detailed-exitcode", "--bogus").code == 1


def test_no_command_at_all_shows_the_help(here: Checkout) -> None:
    told = here.run()

    assert told.code != 2
    assert "Commands:" in told.out + told.err


@pytest.mark.parametrize("asked", ["--help", "-h", "-help"])
def test_the_help_names_every_command_and_exit_code(here: Checkout, asked: str) -> None:
    told = here.run(asked)

    assert (told.code, told.err) == (0, "")
    for name, purpose in COMMANDS.items():
        assert f"{name} " in told.out
        assert purpose[:30] in told.out
    assert [code for code in ("0", "1", "2", "3", "130") if f"  {code} " not in told.out] == []


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_that_begins_with_what_it_is_for(here: Checkout, name: str) -> None:
    told = here.run(name, "--help")

    assert told.code == 0
    assert told.out.startswith(f"Usage: reconciler {name} ")
    assert len(told.out.splitlines()[2].strip()) > 10


@pytest.mark.parametrize("asked", ["--version", "-version"])
def test_the_version_is_told(here: Checkout, asked: str) -> None:
    told = here.run(asked)

    assert (told.code, told.out) == (0, f"reconciler {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "-detailed-exitcode"],
        ["plan", "-no-color", "-input=false", "-detailed-exitcode", "-parallelism=3"],
        ["plan", "-json", "--detailed-exitcode"],
        ["plan", "-out=plan.json", "-detailed-exitcode"],
        ["plan", "-out", "plan.json", "-detailed-exitcode"],
    ],
)
def test_flags_are_taken_with_one_dash_as_hands_know_them(here: Checkout, arguments: list[str]) -> None:
    told = here.run(*arguments)

    assert told.code == 2
    assert (here.root / "plan.json").is_file() == ("out" in " ".join(arguments))


@pytest.mark.parametrize("key", ["y", "q", "p", "auto-approve", "n=1"])
def test_a_key_without_a_dash_is_never_taken_for_an_option(here: Checkout, key: str) -> None:
    told = here.run("apply", key)

    assert (told.code, f"Nothing is called '{key}'" in told.err) == (1, True)


def test_another_folder_is_worked_in(here: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir("/")

    for arguments in (["-C", str(tmp_path)], [f"-chdir={tmp_path}"]):
        assert here.run(*arguments, "plan", "--detailed-exitcode").code == 2


def test_every_flag_has_its_variable(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "RECONCILER_DETAILED_EXITCODE": "1",
        "RECONCILER_FORMAT": "json",
        "RECONCILER_OUT": "plan.json",
        "RECONCILER_ALLOW": "possible-duplicate conflict",
    }.items():
        monkeypatch.setenv(name, value)
    here.call("POST", "", {"model": "gpt-4o", "name": "HR Helper"})

    told = here.run("plan")

    assert told.code == 2
    assert [(o["code"], o["allowed"]) for o in told.data["objections"]] == [("possible-duplicate", True)]
    assert (here.root / "plan.json").read_text() == told.out


def test_what_is_said_on_the_line_beats_the_variable(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_FORMAT", "json")

    assert here.run("plan", "--format", "text").out.startswith("local (")


# environments

TWO = """
stack: acme
environments:
  staging: {provider: local, stack: staging}
  production:
    provider: openai
    base_url: https://example.com/v1
    api_key: {env: PRODUCTION_KEY}
"""


def test_without_a_configuration_it_is_local(here: Checkout) -> None:
    told = here.run("plan")

    assert told.code == 0
    assert told.out.startswith("local (")
    assert "stack default" in told.out.splitlines()[0]


def test_the_configuration_is_found_upwards(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    here.config("stack: acme\n")
    (here.root / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(here.root / "deep" / "down")

    told = here.run("plan")

    assert "stack acme" in told.out
    assert "assistant.hr" in told.out
    assert (here.root / ".reconciler" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("way", ["-e", "--environment", "variable", "default"])
def test_an_environment_is_chosen_by_option_variable_or_default(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    here.config(TWO + ("default_environment: staging\n" if way == "default" else ""))
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "staging" if way == "variable" else "")

    told = here.run("plan", *([way, "staging"] if way.startswith("-") else []))

    assert told.out.startswith("staging (")


@pytest.mark.parametrize("command", ["plan", "apply", "output", "validate"])
def test_an_unknown_environment_is_told_where_it_was_said(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    here.config(TWO)

    by_option = here.run(command, "-e", "prodution")
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "prodution")
    by_variable = here.run(command)

    assert (by_option.code, by_variable.code) == (1, 1)
    assert by_option.err.startswith("--environment: unknown-environment: There is no environment `prodution`.")
    assert by_variable.err.startswith("RECONCILER_ENVIRONMENT: unknown-environment: ")
    assert "did you mean `production`?" in by_variable.err


def test_a_missing_key_names_its_variable_and_sends_nothing(here: Checkout) -> None:
    here.config(TWO)

    told = here.run("plan", "-e", "production")

    assert (told.code, told.out) == (1, "")
    assert "The variable PRODUCTION_KEY is not set" in told.err


@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "PRODUCTION_KEY"])
def test_a_defaulted_local_is_loud_where_a_key_is_set(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    here.config(f"{TWO}  local: {{}}\n")
    monkeypatch.setenv(name, "sk-secret")

    told = here.run("plan")

    assert told.code == 0
    assert told.err.startswith(f"Warning: {name} is set, but no environment is selected: this is `local`")
    assert "sk-secret" not in told.out + told.err
    assert here.run("plan", "-e", "local").err == ""


@pytest.mark.parametrize("command", ["plan", "apply", "output"])
def test_a_defaulted_local_is_an_error_in_ci(here: Checkout, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("CI", "true")

    told = here.run(command)

    assert (told.code, told.out) == (1, "")
    assert "pass `-e NAME` or set RECONCILER_ENVIRONMENT" in told.err
    assert here.run("plan", "-e", "local").code == 0


def test_every_fault_is_told_at_once_and_nothing_is_sent(here: Checkout) -> None:
    here.write(bad="model: 7\ntols: []\n", worse="model: [\n", same="model: gpt-4o\nreconciler: {key: hr}\n")

    for asked in ("validate", "plan", "apply"):
        told = here.run(asked)
        assert (told.code, told.out) == (1, "")
        for place in ("bad.yaml:1:8", "bad.yaml:2:1", "worse.yaml:", "same.yaml:"):
            assert place in told.err
        assert "did you mean `tools`?" in told.err
        assert told.err.endswith("Error: Errors found; nothing was sent.\n  fix the errors above and rerun\n")
    assert not (here.root / ".reconciler").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        *(["validate"], ["plan"], ["apply"], ["reconcile", "--no-issue"], ["status"]),
        *(["output"], ["show", "x"], ["forget", "x"], ["destroy", "--stack", "x"], ["history"], ["rollback"]),
        *(["serve", "--port", "0"], ["plan", "-e", "local"]),
    ],
    ids=" ".join,
)
def test_where_nothing_is_no_command_works_and_nothing_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys)
    (tmp_path / "assistants").rmdir()

    told = here.run(*arguments)

    assert (told.code, told.out) == (1, "")
    assert (
        f"There is no reconciler.yaml in {tmp_path} or above it, and no folder `agents` or `assistants` in it."
        in told.err
    )
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "plans/x.json"],
        ["show", "plans/x.json", "reconciler.yaml"],
        ["apply", "plans/x.json"],
        ["rollback", "--from", "plans/x.json"],
        ["comment", "plans/x.json", "--dry-run"],
        ["plan", "--allowances", "plans/x.json"],
    ],
    ids=" ".join,
)
def test_a_file_that_is_not_there_is_named_with_the_path_that_was_tried(here: Checkout, arguments: list[str]) -> None:
    here.config("stack: acme\n")

    told = here.run(*arguments)

    assert (told.code, told.out) == (1, "")
    assert f"There is no file {here.root}/plans/x.json." in told.err


def test_nobody_plans_into_a_local_that_no_one_asked_for(here: Checkout) -> None:
    here.config("stack: acme\nenvironments:\n  production: {provider: openai, base_url: 'http://127.0.0.1:9/v1'}\n")

    for told in [here.run(*asked) for asked in (["plan"], ["apply"], ["status"], ["output"])]:
        assert (told.code, told.out) == (1, "")
        assert "No environment selected; reconciler.yaml has `production` and no `local`." in told.err
    assert not (here.root / ".reconciler").exists()
    assert here.run("plan", "-e", "local").code == 0


BROKEN = """
stack: acme
environments:
  local: {}
  bad: {provider: opnai}
"""


def test_a_broken_environment_is_a_warning_in_the_others_and_an_error_in_itself(here: Checkout) -> None:
    here.config(BROKEN)
    here.write(hr="model: gpt-4o\nreconciler: {environments: {bad: {model: gpt-4.1}}}\n")

    planned, refused, all_of_them = here.run("plan"), here.run("plan", "-e", "bad"), here.run("validate")

    said = "reconciler.yaml:6:19: unknown-value{}: `opnai` is not a provider."
    assert (planned.code, said.format(" (warning)") in planned.err) == (0, True)
    assert planned.out.endswith("Plan: 1 to add, 0 to change, 0 to destroy.\n")
    for told in (refused, all_of_them):
        assert (told.code, told.out, said.format("") in told.err) == (1, "", True)
    assert here.run("validate", "-e", "local").code == 0


def test_every_other_environment_is_planned_beside_a_broken_one(here: Checkout) -> None:
    here.config(BROKEN)

    told = here.run("plan", "--all-environments")

    assert told.code == 1
    assert "Plan: 1 to add" in told.out
    assert "\nbad\n\nError: reconciler.yaml:6:19: `opnai` is not a provider.\n" in f"\n{told.out}"


def test_in_a_subfolder_the_file_above_is_found(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    here.config("stack: acme\n")
    monkeypatch.chdir(here.root / "assistants")

    told = here.run("plan", "--json")

    assert told.code == 0
    assert told.err == f"Note: The configuration is {here.root}/reconciler.yaml.\n"
    assert told.data["stack"] == "acme"
    assert not (here.root / "assistants" / ".reconciler").exists()


@pytest.mark.parametrize("command", [["validate"], ["history"], ["status"], ["rollback"], ["comment", "--dry-run"]])
def test_the_file_of_a_parent_folder_is_named_once(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    here.config("stack: acme\n")
    monkeypatch.chdir(here.root / "assistants")

    said = f"Note: The configuration is {here.root}/reconciler.yaml.\n"
    assert here.run(*command).err.count(said) == (command[0] != "comment")
    assert "The configuration" not in here.run("-C", "..", *command).err
    monkeypatch.chdir(here.root)
    assert "The configuration" not in here.run(*command).err


def test_a_folder_that_is_not_there_is_said_to_be_missing(here: Checkout) -> None:
    here.config("stack: acme\n")
    (here.root / "assistants" / "hr.yaml").unlink()
    (here.root / "assistants").rmdir()

    told = here.run("plan").err
    assert "There is no such folder.\n  create it, or `agents` for agents; `reconciler import` writes" in told
    assert here.run("status").code == 0


def test_a_data_folder_that_cannot_be_made_is_told(here: Checkout) -> None:
    (here.root / ".reconciler").write_text("a file in the way")

    told = here.run("plan")

    assert told.code == 1
    assert told.err.startswith("Error: Cannot write ")
    assert "the embedded server's data are kept there" in told.err


# validate


def test_validate_reads_for_every_environment_that_is_stated(here: Checkout) -> None:
    here.config(TWO)
    here.write(hr=HR + "metadata: {store: {value: handbook}}\n")

    told = here.run("validate")

    assert told.code == 1
    assert told.err.count("unknown-value") == 2
    assert "`staging` has no value" in told.err
    assert "`production` has no value" in told.err


def test_validate_says_what_it_read(here: Checkout) -> None:
    assert here.run("validate").out == "Valid: 1 manifest (environment: local).\n"
    here.write(other=HR)
    here.config(TWO)
    assert here.run("validate").out == "Valid: 2 manifests (environments: staging, production).\n"
    assert here.run("validate", "-e", "staging").out == "Valid: 2 manifests (environment: staging).\n"


def test_validate_needs_neither_key_nor_server(here: Checkout) -> None:
    here.config(TWO)

    assert here.run("validate", "-e", "production").code == 0
    assert not (here.root / ".reconciler").exists()


def test_warnings_do_not_fail(here: Checkout) -> None:
    here.write(o=HR.replace("gpt-4o", "o3-mini") + "temperature: 0.5\n")

    told = here.run("validate")

    assert told.code == 0
    assert "model-family" in told.err


# colour


@pytest.mark.parametrize(
    ("arguments", "environ", "coloured"),
    [
        ([], {}, False),
        (["--color"], {}, True),
        (["--color"], {"NO_COLOR": "1"}, True),
        (["--color"], {"CI": "1"}, True),
        (["--no-color"], {}, False),
        ([], {"RECONCILER_COLOR": "1"}, True),
    ],
)
def test_a_pipe_gets_colour_only_where_it_was_asked_for(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, arguments: list[str], environ: dict[str, str], coloured: bool
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert ("\x1b[" in here.run("plan", "-e", "local", *arguments).out) == coloured


def on_terminal(here: Checkout, *arguments: str, typed: str = "", **environ: str) -> tuple[int, str]:
    """The command on a terminal of its own, where somebody types once asked: its exit code and what was seen."""
    master, slave = pty.openpty()
    terminal = {"stdin": slave, "stdout": slave, "stderr": slave}
    with Process(*arguments, cwd=here.root, env=plain(**{"TERM": "xterm", **environ}), **terminal) as process:
        os.close(slave)
        seen, quiet = b"", 0
        while quiet < PATIENCE and (part := _read(master)) != b"":
            seen, quiet = seen + (part or b""), 0 if part else quiet + 1
            if b"Enter a value:" not in seen:
                continue
            if typed == INTERRUPT and part is None:  # it waits: a moment before, Python would not notice the signal
                process.send_signal(signal.SIGINT)
            elif typed != INTERRUPT:
                os.write(master, typed.encode())
                typed = ""
        process.kill() if quiet == PATIENCE else None
    os.close(master)
    assert quiet < PATIENCE, f"still running: {seen.decode()}"
    return process.returncode, seen.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes | None:
    """What was written there next; nothing once it is closed, None where nothing comes for a second."""
    if not select.select([terminal], [], [], 1)[0]:
        return None
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


@pytest.mark.parametrize(
    ("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"CI": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_gets_colour_unless_it_was_declined(here: Checkout, environ: dict[str, str], coloured: bool) -> None:
    code, seen = on_terminal(here, "plan", "-e", "local", **environ)

    assert code == 0
    assert ("\x1b[" in seen) == coloured


# asking


def test_apply_without_a_terminal_refuses(here: Checkout) -> None:
    told = here.run("apply")

    assert told.code == 1
    assert "Plan: 1 to add" in told.out
    assert "--auto-approve" in told.err
    assert here.live() == {}


@pytest.mark.parametrize("typed", ["\n", "y\n", "Yes\n", " yes\n", "yes please\n"])
def test_only_a_literal_yes_approves(here: Checkout, typed: str) -> None:
    code, seen = on_terminal(here, "apply", typed=typed)

    assert code == 1
    assert "Only `yes` will be accepted" in seen
    assert "Apply cancelled; nothing was changed." in seen
    assert here.live() == {}


def test_a_yes_approves(here: Checkout) -> None:
    code, seen = on_terminal(here, "apply", typed="yes\n")

    assert code == 0
    assert "Apply complete! Resources: 1 added, 0 changed, 0 destroyed." in seen
    assert [one["name"] for one in here.live().values()] == ["HR Helper"]


def test_an_end_of_input_is_no_approval(here: Checkout) -> None:
    code, seen = on_terminal(here, "apply", typed="\x04")

    assert code != 0
    assert "Traceback" not in seen
    assert "Internal error in reconciler" not in seen
    assert here.live() == {}


def test_nobody_is_asked_where_input_is_declined(here: Checkout) -> None:
    code, seen = on_terminal(here, "apply", "-input=false")

    assert code == 1
    assert "Only `yes`" not in seen


# the main job, end to end


def test_apply_then_plan_finds_nothing_and_drift_is_found_again(here: Checkout) -> None:
    first = here.run("apply", "--auto-approve")
    again = here.run("plan", "--detailed-exitcode")
    (id,) = here.live()
    here.call("POST", f"/{id}", {"temperature": 0.5})
    drifted = here.run("plan", "--detailed-exitcode", "--drift", "--json")

    assert first.code == 0
    assert first.out.endswith("Apply complete! Resources: 1 added, 0 changed, 0 destroyed.\n")
    assert (again.code, again.out.splitlines()[-1]) == (0, "No changes. Your assistants match the manifests.")
    assert drifted.code == 2
    assert [(f["path"], f["cause"]) for f in drifted.data["changes"][0]["fields"]] == [("temperature", "drift")]


def test_nothing_to_do_asks_nobody(here: Checkout) -> None:
    here.applied(wanted("hr", name="HR Helper", instructions="be kind"))

    told = here.run("apply")

    assert told.code == 0
    assert "No changes." in told.out


def test_what_an_objection_holds_back_is_refused_until_it_is_allowed(here: Checkout) -> None:
    here.call("POST", "", {"model": "gpt-4o", "name": "HR Helper"})

    refused = here.run("apply", "--auto-approve")
    allowed = here.run("apply", "--auto-approve", "--allow", "possible-duplicate")

    assert refused.code == 1
    assert "--allow possible-duplicate" in refused.err
    assert allowed.code == 0
    assert len(here.live()) == 2


def test_a_former_name_of_an_objection_is_still_taken_with_a_hint(here: Checkout) -> None:
    here.call("POST", "", {"model": "gpt-4o", "name": "HR Helper"})

    told = here.run("apply", "--auto-approve", "--allow", "looks-like")

    assert told.code == 0
    assert "Note: The objection `looks-like` is now called `possible-duplicate`." in told.err


# what is left to chance


def test_what_the_system_refuses_is_told_in_its_own_words(here: Checkout) -> None:
    told = here.run("show", "x" * 300)

    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Error: File name too long: ")


def test_a_fault_of_our_own_is_owned_up_to_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_options: object) -> int:
        raise LookupError("\x1b[2Jnobody thought of this")

    monkeypatch.setattr(validate.command, "callback", broken)

    short, (_, told) = run(["validate"]), capsys.readouterr()
    monkeypatch.setenv("RECONCILER_LOG", "debug")
    long, (_, traced) = run(["validate"]), capsys.readouterr()

    assert (short, long) == (1, 1)
    assert told.startswith(f"Error: Internal error in reconciler {__version__}: LookupError: ")
    assert "\x1b" not in told
    assert "RECONCILER_LOG=debug shows where" in told
    assert "Traceback" not in told
    assert "Traceback" in traced


def test_a_stream_that_is_no_file_is_written_to(here: Checkout) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as written:
        assert run(["validate"]) == 0

    assert written.getvalue() == "Valid: 1 manifest (environment: local).\n"
    assert here.live() == {}


# pipes and interrupts


@pytest.mark.parametrize("arguments", [["plan"], ["plan", "--json"], ["validate"], ["--help"]])
def test_a_closed_pipe_is_no_traceback(here: Checkout, arguments: list[str]) -> None:
    for n in range(40):
        here.write(**{f"k{n}": HR + f"description: {'long ' * 90}\n"})

    unread, end = os.pipe()
    os.close(unread)
    with Process(*arguments, cwd=here.root, env=plain(), stdout=end, stderr=PIPE) as process:
        os.close(end)
        errors = process.stderr.read()

    assert (process.wait(), errors) == (141, "")


def test_a_plan_is_saved_though_nobody_reads_the_output(here: Checkout) -> None:
    with Process("plan", "--out", "plan.json", cwd=here.root, env=plain(), stdout=PIPE) as process:
        process.stdout.close()

    assert process.wait() == 141
    assert here.run("apply", "plan.json").code == 0


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_an_apply_whose_plan_nobody_reads_changes_nothing(here: Checkout, form: list[str]) -> None:
    words = ["apply", "--auto-approve", "--json-into", "events.jsonl", *form]
    with Process(*words, cwd=here.root, env=plain(), stdout=PIPE, stderr=PIPE) as process:
        process.stdout.close()
        errors = process.stderr.read()

    said = "The output was closed before it began; nothing was changed."
    assert process.wait() == 1
    assert errors == f"Error: {said}\n  read all of the output\n"
    assert said in (here.root / "events.jsonl").read_text()
    assert here.live() == {}


class _UntilItIsComplete(io.StringIO):
    """A stream whose reader is gone when the last line of an apply is written."""

    def write(self, text: str) -> int:
        if "Apply complete!" in text:
            raise BrokenPipeError
        return super().write(text)


def test_an_apply_that_is_complete_is_a_success_whoever_reads_of_it(here: Checkout) -> None:
    with contextlib.redirect_stdout(_UntilItIsComplete()):
        code = run(["apply", "--auto-approve", "--json-into", "events.jsonl"])

    assert code == 0
    assert len(here.live()) == 1
    assert "Apply complete!" in (here.root / "events.jsonl").read_text()


ALL_CLOSED = "<&- >&- 2>&-"


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("words", "closed", "code"),
    [
        *((["apply", "--auto-approve"], closed, 0) for closed in ("<&-", ">&-", "2>&-", ALL_CLOSED)),
        (["plan"], ALL_CLOSED, 0),
        (["apply"], ALL_CLOSED, 1),
    ],
)
def test_a_stream_that_was_closed_before_is_no_fault(here: Checkout, words: list[str], closed: str, code: int) -> None:
    shell = ["sh", "-c", f'"$@" {closed}', "sh", *interpreted(*words)]
    done = subprocess.run(shell, cwd=here.root, env=plain(), capture_output=True, text=True)

    assert done.returncode == code, done
    assert "Internal error in reconciler" not in done.stderr
    assert "Traceback" not in done.stderr
    assert len(here.live()) == ("--auto-approve" in words)


def test_an_interrupt_exits_130(here: Checkout) -> None:
    code, seen = on_terminal(here, "apply", typed=INTERRUPT)

    assert code == 130
    assert "Traceback" not in seen
    assert "\nError: Interrupted; nothing was changed." in seen
    assert here.live() == {}


@pytest.mark.no_cover
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_stream_of_another_encoding_is_written_to_all_the_same(here: Checkout, encoding: str) -> None:
    here.write(hr=HR.replace("be kind", "sei nett → 日本"))

    environ = plain(PYTHONIOENCODING=encoding)
    done = subprocess.run(interpreted("plan"), cwd=here.root, env=environ, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert "sei nett → 日本" in done.stdout


def test_an_empty_folder_is_not_called_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = Checkout(tmp_path, monkeypatch, capsys)
    told = empty.run("validate")

    assert (told.code, told.out) == (0, "No manifests found in `assistants`.\n")
    assert empty.run("plan", "-e", "local").err == "Note: No manifests found in `assistants`.\n"
    (empty.root / "assistants" / "broken.yaml").write_text("model: [")
    assert "No manifests found" not in empty.run("plan", "-e", "local").err
