"""`reconciler plan` and `show FILE`: exit codes, formats, narrowing, and a plan that is saved and read again."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from reconciler.cli.options import PLAN_FORMATS
from reconciler.render import FORMATS
from support.checkout import Checkout, command, plain
from support.lives import wanted

pytestmark = pytest.mark.no_cover

HR = "model: gpt-4o\nname: HR Helper\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr=HR)


def addresses(data: dict) -> list[str]:
    return [f"{change['action']} {change['key']}" for change in data["changes"]]


def test_the_exit_code_says_what_is_pending_only_where_it_is_asked_to(here: Checkout) -> None:
    pending = [here.run("plan").code, here.run("plan", "--detailed-exitcode").code]
    id = here.applied(wanted("hr", name="HR Helper"))
    done = [here.run("plan").code, here.run("plan", "--detailed-exitcode").code]
    here.call("DELETE", f"/{id}")
    here.call("POST", "", {"model": "gpt-4o", "name": "HR Helper"})
    objected = [here.run("plan").code, here.run("plan", "--detailed-exitcode").code]
    allowed = here.run("plan", "--detailed-exitcode", "--allow", "possible-duplicate").code

    assert (pending, done, objected, allowed) == ([0, 2], [0, 0], [0, 3], 2)


def test_every_format_of_a_plan_can_be_asked_for() -> None:
    assert set(PLAN_FORMATS) == set(FORMATS)


def test_the_document_names_the_file_of_a_prompt(here: Checkout) -> None:
    (here.root / "assistants" / "prompts").mkdir()
    (here.root / "assistants" / "prompts" / "hr.md").write_text("Be kind.\n")
    here.write(hr="model: gpt-4o\ninstructions: {file: prompts/hr.md}\n")

    (change,) = here.run("plan", "--json").data["changes"]

    files = {field["path"]: field.get("file") for field in change["fields"]}
    assert files == {"model": None, "instructions": "assistants/prompts/hr.md"}


def test_the_document_names_every_file_that_makes_up_a_prompt(here: Checkout) -> None:
    (here.root / "assistants" / "prompts").mkdir()
    for name in ("tone", "hr"):
        (here.root / "assistants" / "prompts" / f"{name}.md").write_text(f"Text of {name}.\n")
    here.write(hr="model: gpt-4o\ninstructions: {files: [prompts/tone.md, prompts/hr.md]}\n")

    (change,) = here.run("plan", "--json").data["changes"]

    (files,) = [field["files"] for field in change["fields"] if "files" in field]
    assert files == ["assistants/prompts/tone.md", "assistants/prompts/hr.md"]


def test_planning_writes_nothing(here: Checkout) -> None:
    here.run("plan", "--json")

    assert here.live() == {}


def test_every_format_begins_with_the_environment_and_its_address(here: Checkout) -> None:
    assert here.run("plan").out.startswith("local (")
    assert ".reconciler/local.db" in here.run("plan", "--format", "markdown").out.splitlines()[2]
    assert list(here.run("plan", "--json").data)[2:4] == ["stack", "environment"]


def test_the_plan_does_not_say_where_the_checkout_lies(here: Checkout) -> None:
    assert str(here.root) not in here.run("plan", "--json").out


def test_a_marker_to_refresh_is_no_change(here: Checkout) -> None:
    here.applied(wanted("hr", name="HR Helper", own={"ignore_changes": ["temperature"]}))

    told = here.run("plan", "--detailed-exitcode")

    assert told.code == 0
    assert "1 marker will be refreshed." in told.out


# narrowing


def three(here: Checkout) -> None:
    here.write(
        **{"hr-new": HR.replace("Helper", "New"), "hr-old": HR.replace("Helper", "Old"), "maths": "model: gpt-4o\n"}
    )
    here.applied(wanted("hr-old", name="before"))
    for key in ("hr-gone", "gone"):
        here.applied(wanted(key, name=key))


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["hr-new"], ["create hr-new"]),
        (["assistant.hr-new"], ["create hr-new"]),
        (["hr-*"], ["create hr-new", "update hr-old"]),
        (["hr-*", "hr-gone"], ["delete hr-gone", "create hr-new", "update hr-old"]),
        (["*gone"], []),
        (["gone", "maths"], ["delete gone", "create maths"]),
    ],
)
def test_keys_and_globs_narrow_the_plan(here: Checkout, arguments: list[str], found: list[str]) -> None:
    three(here)

    data = here.run("plan", "--json", *arguments).data

    assert addresses(data) == found
    assert data["complete"] is False


def test_the_guards_judge_the_whole_plan(here: Checkout) -> None:
    three(here)

    told = here.run("plan", "--detailed-exitcode", "gone")

    assert told.code == 3
    assert "too-many-deletes" in told.out


@pytest.mark.parametrize(
    ("word", "remedy"),
    [("hr-nw", "did you mean `hr-new`?"), ("zzz-*", "known here: `gone`, "), ("HR-NEW", "did you mean `hr-new`?")],
)
def test_a_word_that_names_nothing_is_an_error_with_a_suggestion(here: Checkout, word: str, remedy: str) -> None:
    three(here)

    told = here.run("plan", "maths", word)

    assert (told.code, told.out) == (1, "")
    assert f"Nothing is called '{word}' in local (" in told.err
    assert remedy in told.err


def test_an_empty_place_has_no_suggestions(here: Checkout) -> None:
    (here.root / "assistants" / "hr.yaml").unlink()

    told = here.run("plan", "hr")

    assert told.code == 1
    assert told.err.splitlines()[-1] == "Error: Nothing is called 'hr' in local (.reconciler/local.db)."


def test_drift_alone_is_shown_and_judged(here: Checkout) -> None:
    here.write(hr=HR + "description: from Git\n", new="model: gpt-4o\n")
    here.applied(wanted("hr", name="HR Helper"), temperature=0.5)
    here.applied(wanted("gone", name="x"))

    whole, drift = (here.run("plan", "--json", *flags).data for flags in ([], ["--drift"]))

    assert addresses(whole) == ["delete gone", "update hr", "create new"]
    assert addresses(drift) == ["update hr"]
    assert [(f["path"], f["cause"]) for f in drift["changes"][0]["fields"]] == [("temperature", "drift")]
    assert drift["changes"][0]["patch"] == {"temperature": 1}
    assert here.run("plan", "--drift", "--detailed-exitcode").code == 2


def test_no_drift_is_no_change_whatever_git_asks_for(here: Checkout) -> None:
    here.applied(wanted("hr"))

    assert here.run("plan", "--drift", "--detailed-exitcode").code == 0


def test_a_conflict_counts_as_drift_that_is_objected_to(here: Checkout) -> None:
    here.applied(wanted("hr", name="was"), name="by hand")

    told = here.run("plan", "--drift", "--detailed-exitcode")

    assert told.code == 3
    assert "Objection (conflict)" in told.out


# a saved plan


@pytest.mark.parametrize("style", ["text", "markdown", "json"])
def test_a_saved_plan_is_shown_as_it_was_without_any_server(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    planned = here.run("plan", "--format", style, "--out", "plan.json")
    elsewhere = here.root / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    shown = here.run("show", "../plan.json", "--format", style)

    assert (shown.code, shown.err) == (0, "")
    assert shown.out == planned.out
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize(
    ("touch", "said"),
    [
        (lambda text: text.replace("HR Helper", "Mallory"), "it was edited or damaged"),
        (lambda text: text[: len(text) // 2], "not a whole JSON document"),
        (lambda text: "", "not a whole JSON document"),
        (lambda text: "[]", "plan.json is not a saved plan: it has no `format_version`"),
        (lambda text: '{"format_version": "2.0"}', "reads 1.x only"),
        (lambda text: text.replace('"1.2"', '"1.7"'), "it was edited or damaged"),
        (lambda text: "model: gpt-4o\n", "not a whole JSON document"),
    ],
    ids=["edited", "cut short", "empty", "a list", "of another version", "its version edited", "a manifest"],
)
def test_a_plan_that_is_not_what_was_saved_is_refused(here: Checkout, touch: object, said: str) -> None:
    here.run("plan", "--out", "plan.json")
    plan = here.root / "plan.json"
    plan.write_text(touch(plan.read_text()))

    told = here.run("show", "plan.json")

    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Error: plan.json")
    assert said in told.err


def test_a_plan_file_that_is_no_text_is_refused(here: Checkout) -> None:
    (here.root / "plan.json").write_bytes(b"\xff\xfe\x00")

    told = here.run("show", "plan.json")

    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Error: plan.json")


@pytest.mark.parametrize("out", ["no/such/folder/plan.json", "assistants", "assistants/hr.yaml/plan.json", "."])
def test_a_plan_that_cannot_be_saved_is_an_error(here: Checkout, out: str) -> None:
    told = here.run("plan", "--out", out)

    assert told.code == 1
    assert "Plan: 1 to add" in told.out
    assert told.err.startswith(f"Error: Cannot write the plan to {out}: ")
    assert (here.root / "assistants" / "hr.yaml").read_text() == HR


def test_saving_replaces_the_plan_and_leaves_nothing_beside_it(here: Checkout) -> None:
    (here.root / "folder").mkdir()
    link = here.root / "link.json"
    link.symlink_to("folder/plan.json")
    (here.root / "folder" / "plan.json").write_text("an older one")

    told = here.run("plan", "--json", "--out", "link.json")

    assert link.is_symlink()
    assert (here.root / "folder" / "plan.json").read_text() == told.out
    assert [path.name for path in (here.root / "folder").iterdir()] == ["plan.json"]


def test_a_pipe_is_written_to_and_never_replaced(here: Checkout) -> None:
    pipe = here.root / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(
        command("plan", "--json", "--out", "pipe"), cwd=here.root, env=plain(), stdout=subprocess.PIPE, text=True
    ) as process:
        told = json.loads(pipe.read_text())
        assert json.loads(process.stdout.read()) == told

    assert pipe.is_fifo()
    assert here.run("plan", "--out", os.devnull).code == 0
    assert Path(os.devnull).is_char_device()
