"""Within a job of GitHub Actions: nothing printed is a command but our annotations, and the job gets its outputs."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from subprocess import PIPE

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli import run, validate
from reconciler.github import ci_output_guard
from reconciler.model import Target
from reconciler.providers import wire
from support.checkout import Checkout, Told, answering, command, plain
from support.forking import Process
from support.gits import git, repository
from support.lives import wanted
from support.needing import PATIENCE
from support.runner_rules import Command, Runner, outputs, suspicious, without_brackets

pytestmark = pytest.mark.covered_elsewhere

ATTACK = "::error file=x::owned"
OLD = "##[error]owned"
AZURE = "##vso[task.complete result=Succeeded;]owned"
HOSTILE = (
    f"kind\n{ATTACK}\n  \t::add-mask::x\n{OLD}\r::stop-commands::x\r\n{AZURE}\n\u2028::set-output name=a::b\n###[group]"
)
HR = "model: gpt-4o\nname: HR Helper\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    async def at_once(seconds: float) -> None: ...

    monkeypatch.setattr(wire, "Clock", partial(wire.Clock, sleep=at_once))
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    return Checkout(tmp_path, monkeypatch, capsys, hr=HR)


def hostile(here: Checkout) -> None:
    """Every text that somebody else may have a say in says something that a runner would obey."""
    body = {"model": "gpt-4o", "name": HOSTILE, "instructions": HOSTILE, "metadata": {ATTACK: OLD, AZURE: HOSTILE}}
    here.write(hr=json.dumps({**body, "description": HOSTILE}), new=json.dumps({"model": "gpt-4o", "name": HOSTILE}))
    here.applied(wanted("hr", name=HOSTILE[:200]))
    here.applied(wanted("gone", name=ATTACK))
    here.call("POST", "", body)


def obeyed(told: Told) -> list[Command]:
    """What a runner obeys, whichever stream it hears first, and however their lines mix."""
    found = [Runner().hear(text) for text in (told.out + told.err, told.err + told.out, told.out, told.err)]
    for text in (told.out, told.err):
        assert [line for line in without_brackets(text) if suspicious(line) and not is_ours(line)] == []
    return max(found, key=len)


def is_ours(line: str) -> bool:
    """Whether it is an annotation as we write them: each has a title, and the attacks have none."""
    return re.match(r"::(error|warning|notice) ([^:]*,)?title=[^:]+::", line) is not None


EVERY = [
    ["validate"],
    ["validate", "--format", "github"],
    *(["plan", "--format", name] for name in ("text", "markdown", "json", "html", "github")),
    ["plan", "hr", "--color"],
    ["plan", "--all-environments"],
    ["status"],
    ["status", "--json"],
    ["show", "hr"],
    ["show", "hr", "--json"],
    ["output"],
    *(["output", "--format", name] for name in ("json", "env", "csv")),
    ["apply"],
    ["apply", "--auto-approve"],
    ["apply", "--auto-approve", "--json", "--allow", "too-many-deletes"],
    ["history"],
    ["history", "--json"],
    ["forget", "hr", "--auto-approve"],
    ["rollback", "--auto-approve"],
    ["destroy", "--stack", "other", "--auto-approve"],
    ["--help"],
    ["plan", "--help"],
    ["--version"],
]
WRONG = [
    ["plan", ATTACK],
    [ATTACK],
    [f"x\n{ATTACK}"],
    ["plan", "-e", f"\n{ATTACK}"],
    ["plan", f"--{ATTACK}"],
    ["plan", "--format", ATTACK],
    ["plan", "--allow", f"a\n{ATTACK}"],
    ["plan", "--base", f"\n{OLD}"],
    ["plan", "--base", ATTACK],
    ["plan", "--stack", ATTACK],
    ["plan", "--out", f"no/{OLD}/\n{ATTACK}"],
    ["show", f"\n{ATTACK}"],
    ["show", AZURE],
    ["output", f"\n{ATTACK}"],
    ["rollback", f"\n{ATTACK}"],
    ["-C", f"\n{ATTACK}", "plan"],
    ["apply", f"\n{ATTACK}.json"],
]


@pytest.mark.parametrize("arguments", [*EVERY, *WRONG], ids=lambda arguments: " ".join(arguments)[:40])
def test_nothing_that_a_command_prints_is_obeyed_but_our_annotations(here: Checkout, arguments: list[str]) -> None:
    hostile(here)
    here.run("apply", "hr", "--auto-approve")

    told = here.run(*arguments)

    kinds = {one.name for one in obeyed(told)}
    assert kinds <= ({"error", "warning", "notice"} if "github" in arguments else set())
    assert told.out + told.err


DATA = [one for one in EVERY if one[0] in ("show", "output") or one[-1] in ("--json", "json", "markdown", "html")]


@pytest.mark.parametrize("arguments", DATA, ids=" ".join)
def test_what_is_for_programs_is_the_same_in_a_job_as_anywhere(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    hostile(here)
    here.run("apply", "hr", "--auto-approve")
    inside = here.run(*arguments)
    monkeypatch.delenv("GITHUB_ACTIONS")

    outside = here.run(*arguments)

    assert inside.out == outside.out
    assert inside.out
    assert suspicious(inside.out) == []


def test_events_are_lines_of_json_in_a_job_too(here: Checkout) -> None:
    hostile(here)

    told = here.run("apply", "hr", "--auto-approve", "--json")

    assert {json.loads(line)["type"] for line in told.out.splitlines()} >= {"version", "apply_complete"}
    assert suspicious(told.out) == []


def test_what_is_for_people_stands_between_a_stop_and_a_resume(here: Checkout) -> None:
    told = here.run("plan")

    first, *_, last = told.out.splitlines()
    assert first.startswith("::stop-commands::")
    assert last == f"::{first.rpartition('::')[2]}::"
    assert "\n".join(without_brackets(told.out)).startswith("local (")
    assert here.run("plan").out.splitlines()[0] != first


def test_annotations_are_said_outside_of_a_job_too_and_nothing_else(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")

    *_, last, annotation = here.run("plan", "--format", "github").out.splitlines()

    assert last == "Plan: 1 to add, 0 to change, 0 to destroy."
    assert annotation.startswith("::notice file=assistants/hr.yaml,line=1,title=")


def test_only_a_job_hears_of_stops(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("false", ""):
        monkeypatch.setenv("GITHUB_ACTIONS", value)
        assert "::" not in here.run("plan").out


def test_the_streams_speak_one_after_the_other(here: Checkout) -> None:
    (here.root / "assistants" / "note.txt").write_text("x")

    told = here.run("plan")

    assert told.err.startswith("::stop-commands::")
    assert told.err.splitlines()[-1] == f"::{told.err.splitlines()[0].rpartition('::')[2]}::"
    assert told.err.splitlines()[0] != told.out.splitlines()[0]
    assert obeyed(told) == []


def test_a_file_gets_the_text_and_nothing_else(here: Checkout) -> None:
    with (here.root / "plan.txt").open("w") as file:
        subprocess.run(command("plan", "-e", "local"), cwd=here.root, env=plain(), stdout=file, check=True)

    assert (here.root / "plan.txt").read_text().startswith("local (")


def test_a_process_brackets_what_it_says_and_nothing_is_lost(here: Checkout) -> None:
    hostile(here)

    told = here.process("plan", "-e", "local", "--detailed-exitcode")

    assert told.code == 3
    assert obeyed(told) == []
    assert "\n".join(without_brackets(told.out)) == "\n".join(
        without_brackets(here.process("plan", "-e", "local", GITHUB_ACTIONS="").out)
    )


@pytest.mark.covers
def test_a_server_that_goes_on_lets_the_runner_obey_others(here: Checkout) -> None:
    with Process("serve", "--port", "0", cwd=here.root, env=plain(), stdout=PIPE) as process:
        try:
            assert process.stdout is not None
            stop, said, resume = (process.stdout.readline() for _ in range(3))
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=PATIENCE) == 0
        finally:
            process.kill()

    assert said.startswith("Agents API and Assistants API on")
    assert resume == f"::{stop.strip().rpartition('::')[2]}::\n"


def test_a_reader_that_leaves_is_no_fault(here: Checkout) -> None:
    with Process("plan", "-e", "local", cwd=here.root, env=plain(), stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        errors = process.communicate(timeout=PATIENCE)[1]

    assert process.returncode == 141
    assert errors == ""


@pytest.mark.parametrize("actions", ["true", ""], ids=["in a job", "elsewhere"])
@pytest.mark.parametrize("last", ["", "more"], ids=["nothing more", "more to say"])
def test_a_reader_that_leaves_before_the_last_word_is_no_fault_either(
    monkeypatch: pytest.MonkeyPatch, actions: str, last: str
) -> None:
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as stream:  # noqa: PTH123  # an end of a pipe

        def told(**_options: object) -> int:
            click.echo("in order")
            os.close(reading)
            sys.stdout.write(last)
            return 0

        monkeypatch.setattr(validate.command, "callback", told)
        monkeypatch.setenv("GITHUB_ACTIONS", actions)
        monkeypatch.setattr(sys, "stdout", stream)
        code = run(["validate"])
        sys.stdout.flush()

    assert code == (141 if last or actions else 0)


# what servers say


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_what_a_server_answers_is_not_obeyed(here: Checkout, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    body = json.dumps({"error": {"message": HOSTILE, "type": ATTACK, "code": OLD, "param": AZURE}})
    with answering(status, body, **{"x-request-id": OLD}) as there:
        here.config(f"stack: acme\nenvironments:\n  production: {{provider: openai, base_url: {there.url}}}\n")
        monkeypatch.setenv("RECONCILER_LOG", "debug")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
        found = [here.run(*words) for words in (["plan", "-e", "production"], ["plan", "--all-environments"])]

    for told in found:
        assert told.code == 1
        assert obeyed(told) == []


@pytest.mark.parametrize("id", [ATTACK, f"a\n{ATTACK}", OLD, AZURE, "a\x1b[2J"])
def test_an_id_that_would_act_is_not_printed(here: Checkout, monkeypatch: pytest.MonkeyPatch, id: str) -> None:
    there = Target("acme", "production", "openai", "https://api.example.com")
    raw = here.call("GET", f"/{here.applied(wanted('hr', name='HR Helper'), there)}")
    listed = json.dumps({"object": "list", "data": [{**raw, "id": id}], "has_more": False})
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
    with answering(200, listed) as server:
        here.config(f"stack: acme\nenvironments:\n  production: {{provider: openai, base_url: {server.url}}}\n")
        for words in (["output", "hr"], ["output"], ["output", "--format", "env"], ["output", "--format", "csv"]):
            told = here.run(*words, "-e", "production")
            assert (told.code, told.out) == (1, ""), words
            assert "cannot be printed safely" in told.err
        listed_as_json = here.run("output", "-e", "production", "--json")

    assert listed_as_json.data["assistant"]["hr"]["id"] == id
    assert suspicious(listed_as_json.out) == []


# faults


def test_faults_are_annotated_where_they_stand(here: Checkout) -> None:
    here.write(hr="model: gpt-4o\nnmae: x\n")

    for words in (["validate"], ["plan", "-e", "local"]):
        told = here.run(*words, "--format", "github")
        (error,) = obeyed(told)
        assert told.code == 1
        assert error.name == "error"
        assert error.properties == {
            "file": "assistants/hr.yaml",
            "line": "2",
            "col": "1",
            "title": "unknown-field",
        }
        assert "did you mean `name`?" in error.data


def test_faults_are_annotated_only_where_that_is_asked_for(here: Checkout) -> None:
    here.write(hr="model: gpt-4o\nnmae: x\n")

    assert obeyed(here.run("validate")) == []
    assert obeyed(here.run("apply", "-e", "local")) == []


def test_warnings_are_annotated_as_such_and_exit_0(here: Checkout) -> None:
    (here.root / "assistants" / "note.txt").write_text("x")

    told = here.run("validate", "--format", "github")

    assert told.code == 0
    assert [(one.name, one.properties["file"]) for one in obeyed(told)] == [("warning", "assistants/note.txt")]


def test_why_there_is_no_plan_is_annotated_too(here: Checkout) -> None:
    told = here.run("plan", "nobody", "--format", "github")

    assert told.code == 1
    assert obeyed(told) == [
        Command(
            "error",
            "Nothing is called 'nobody' in local (.reconciler/local.db).\nknown here: `hr`",
            {"title": "Failed"},
        )
    ]
    assert "Error: Nothing is called 'nobody'" in told.err
    assert obeyed(here.run("plan", "nobody")) == []


def test_a_hostile_file_name_stays_a_file_name(here: Checkout) -> None:
    name = "a,line=9::owned%0A\n::error::x"
    (here.root / "assistants" / f"{name}.yaml").write_text(HR)

    (error,) = [one for one in obeyed(here.run("validate", "--format", "github")) if one.name == "error"]

    assert error.properties["file"] == f"assistants/{name}.yaml".replace("\n", "\\n")
    assert "line" not in error.properties or error.properties["line"] != "9"


@pytest.mark.parametrize("has_git", [True, False])
def test_annotations_name_files_as_the_repository_does(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, has_git: bool
) -> None:
    deep = here.root / "deploy" / "ai"
    (deep / "assistants").mkdir(parents=True)
    (deep / "reconciler.yaml").write_text("version: 1\n")
    (deep / "assistants" / "hr.yaml").write_text(HR)
    if has_git:
        repository(here.root)
        monkeypatch.setenv("GITHUB_WORKSPACE", str(here.root.parent))
    else:
        monkeypatch.setenv("GITHUB_WORKSPACE", str(here.root))

    for place in (deep, deep / "assistants"):
        monkeypatch.chdir(place)
        (notice,) = obeyed(here.run("plan", "-e", "local", "--format", "github"))
        assert notice.properties["file"] == "deploy/ai/assistants/hr.yaml"


def test_without_a_workspace_files_are_named_as_the_configuration_does(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for workspace in ("", str(tmp_path / "elsewhere")):
        monkeypatch.setenv("GITHUB_WORKSPACE", workspace)
        (notice,) = obeyed(here.run("plan", "--format", "github"))
        assert notice.properties["file"] == "assistants/hr.yaml"


def test_the_same_fault_of_several_environments_is_annotated_once(here: Checkout) -> None:
    here.config("stack: acme\nenvironments:\n  a: {provider: local, stack: a}\n  b: {provider: local, stack: b}\n")
    here.write(hr="model: gpt-4o\nnmae: x\n")

    told = here.run("plan", "--all-environments", "--format", "github")

    found = [one.properties.get("title") for one in obeyed(told)]
    assert found.count("unknown-field") == 1
    assert {"No plan of a", "No plan of b"} <= set(found)


# outputs and the summary


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Where the outputs and the summary go, each begun by somebody else."""
    paths = tmp_path / "outputs", tmp_path / "summary"
    for path, name, begun in zip(paths, ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"), ("a=1", "# Before"), strict=True):
        path.write_text(begun)
        monkeypatch.setenv(name, str(path))
    return paths


def test_a_job_gets_its_outputs_and_a_summary(here: Checkout, files: tuple[Path, Path]) -> None:
    hostile(here)

    told = here.run("plan", "--format", "github", "--out", "plan.json")

    plan = json.loads((here.root / "plan.json").read_text())
    begun, text = files[0].read_text().split("\n", 1)
    found = outputs(text)
    assert (told.code, begun) == (0, "a=1")
    assert found["fingerprint"] == plan["fingerprint"]
    assert {name: found[name] for name in ("add", "change", "destroy")} == {
        name: str(plan["summary"][name]) for name in ("add", "change", "destroy")
    }
    assert (found["has_changes"], found["objections"], found["exitcode"]) == ("true", str(len(plan["objections"])), "3")
    assert files[1].read_text().startswith("# Before\n")
    assert plan["fingerprint"] in files[1].read_text()
    assert ("\n" + here.run("plan", "--format", "markdown").out.strip()) in files[1].read_text()


def test_a_saved_plan_gives_the_same(here: Checkout, files: tuple[Path, Path]) -> None:
    here.run("plan", "--format", "github", "--out", "plan.json")
    one = outputs(files[0].read_text().split("\n", 1)[1])
    files[0].write_text("")

    told = here.run("show", "plan.json", "--format", "github")

    assert outputs(files[0].read_text()) == one
    assert [found.name for found in obeyed(told)] == ["notice"]


def test_other_formats_leave_no_outputs(here: Checkout, files: tuple[Path, Path]) -> None:
    here.run("plan")
    here.run("plan", "--json")

    assert [path.read_text() for path in files] == ["a=1", "# Before"]


def test_delimiters_are_new_each_time(here: Checkout, files: tuple[Path, Path]) -> None:
    texts = []
    for _ in range(2):
        files[0].write_text("")
        here.run("plan", "--format", "github")
        texts.append(files[0].read_text())

    assert texts[0] != texts[1]
    assert outputs(texts[0]) == outputs(texts[1])


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
@pytest.mark.parametrize("path", ["no/such/folder/file", "assistants", "/dev/full"])
def test_a_file_that_cannot_be_written_is_one_warning_and_no_failure(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, name: str, path: str
) -> None:
    monkeypatch.setenv(name, path)

    told = here.run("plan", "--format", "github", "--detailed-exitcode")

    assert told.code == 2
    assert [line for line in told.err.splitlines() if "::" not in line] == [
        line for line in told.err.splitlines() if line.startswith(f"Warning: Cannot write the file of {name}: ")
    ]
    assert len(told.err.splitlines()) == 3


@pytest.mark.parametrize("name", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_a_pipe_that_nobody_reads_is_not_waited_for(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv(name, str(tmp_path / "pipe"))

    assert f"Warning: Cannot write the file of {name}: " in here.run("plan", "--format", "github").err


def test_a_summary_never_grows_beyond_what_the_runner_takes(here: Checkout, files: tuple[Path, Path]) -> None:
    here.write(**{f"n{n:03}": f"model: gpt-4o\nname: N{n}\ninstructions: '{'é' * 9_000}'\n" for n in range(90)})
    sizes = []
    for _ in range(3):
        here.run("plan", "--format", "github")
        sizes.append(files[1].stat().st_size)

    assert sizes[0] <= sizes[1] <= sizes[2] <= 1024 * 1024


def test_a_summary_without_room_says_where_the_plan_is_or_nothing(here: Checkout, files: tuple[Path, Path]) -> None:
    for left, said in ((100, "There is no room for this plan: the log of this step has it.\n"), (10, "")):
        files[1].write_text("x" * (1024 * 1024 - left - 1) + "\n")
        here.run("plan", "--format", "github")
        assert files[1].read_text().rpartition("x\n")[2] == said


@pytest.mark.covers
def test_every_environment_is_in_the_outputs_and_a_lost_one_is_an_error(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, files: tuple[Path, Path]
) -> None:
    here.config(
        "stack: acme\nenvironments:\n"
        "  production: {provider: openai, base_url: 'http://127.0.0.1:1/v1', api_key: {env: NOT_SET}}\n"
        "  staging: {provider: openai, base_url: 'http://127.0.0.1:1/v1', api_key: {env: NOT_SET}, stack: s}\n"
    )

    told = here.run("plan", "--all-environments", "--format", "github")

    found = obeyed(told)
    assert told.code == 1
    assert [one.properties["title"] for one in found if one.properties["title"].startswith("No plan")] == [
        "No plan of production",
        "No plan of staging",
    ]
    assert outputs(files[0].read_text().split("\n", 1)[1])["exitcode"] == "1"
    assert "No plan of `production`" in files[1].read_text()
    assert "No plan of `staging`" in files[1].read_text()


def test_what_this_change_does_is_annotated_beside_what_is_pending(here: Checkout) -> None:
    here.config("stack: acme\nenvironments:\n  local: {provider: local}\n")
    repository(here.root)
    git(here.root, "branch", "base")
    here.write(hr=HR.replace("HR Helper", HOSTILE.split("\n")[1]))
    git(here.root, "commit", "-qam", ATTACK)

    told = here.run("plan", "-e", "local", "--base", "base", "--format", "github")

    assert told.code == 0, told.err
    assert {one.name for one in obeyed(told)} == {"notice"}


# the guard itself


class Heard(io.StringIO):
    """A stream without a file behind it."""


def guard() -> tuple[ci_output_guard.Guard, Heard, ci_output_guard.Turns]:
    stream, turns = Heard(), ci_output_guard.Turns()
    return ci_output_guard.Guard(stream, turns, lambda: False), stream, turns


PIECES = st.text(":#[]e \n\r\tv") | st.sampled_from(["::error::", "##", "[error]", "##vso[", "\n"])


@given(st.lists(PIECES, max_size=12))
def test_however_text_is_cut_in_pieces_no_line_of_it_acts(pieces: list[str]) -> None:
    one, stream, turns = guard()

    for piece in pieces:
        one.write(piece)
    one.end()
    turns.rest()

    said = list(without_brackets(stream.getvalue()))
    assert [line for line in said if suspicious(line)] == []
    whole = "".join(pieces)
    assert len(said) == whole.count("\n") + 1 + (not whole.endswith("\n") and bool(whole))


def test_colours_pass_through() -> None:
    one, stream, _ = guard()

    one.write("\x1b[31mred\x1b[0m\n")

    assert stream.getvalue().endswith("\n\x1b[31mred\x1b[0m\n")


def test_a_guard_takes_text_and_is_otherwise_the_stream() -> None:
    one, stream, _ = guard()

    with pytest.raises(TypeError):
        one.write(b"bytes")  # type: ignore[arg-type]  # as click tries
    assert (one.isatty(), one.encoding) == (stream.isatty(), stream.encoding)


def test_one_stream_rests_before_the_other_speaks() -> None:
    turns = ci_output_guard.Turns()
    streams = Heard(), Heard()
    one, other = (ci_output_guard.Guard(stream, turns, lambda: False) for stream in streams)

    one.write("a\n")
    other.write("b\n")
    one.write("c\n")
    turns.rest()

    assert [stream.getvalue().count("::stop-commands::") for stream in streams] == [2, 1]
    assert [list(without_brackets(stream.getvalue())) for stream in streams] == [["a", "c", ""], ["b", ""]]


def test_an_annotation_is_said_once_and_while_nobody_speaks() -> None:
    one, stream, _ = guard()

    one.write("a\n")
    one.aside(["::notice title=x::y"])
    one.aside(["::notice title=x::y", "::notice title=z::y"])
    one.write("b\n")

    assert [found.properties["title"] for found in Runner().hear(stream.getvalue())] == ["x", "z"]
