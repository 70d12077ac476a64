"""`reconciler apply`: what it tells programs, what holds it back, and what it exits with in every format."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply import journal
from reconciler.emulator import Settings
from support.checkout import LOCAL, Checkout, answering
from support.emulator_world import BETA, call
from support.ports import Gate, on_port

HR = "model: gpt-4o\nname: HR Helper\n"
KEY = "sk-very-secret-0123456789"
MANNERS = pytest.mark.parametrize("manner", [[], ["--json"], ["--json-into", "into.jsonl"]])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr=HR)


def events(text: str) -> list[dict[str, Any]]:
    assert text.isascii()
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert {"@level", "@message", "@module", "@timestamp", "type"} <= line.keys()
    return lines


def types(lines: list[dict[str, Any]]) -> list[str]:
    return [line["type"] for line in lines]


# events


def test_an_apply_is_a_stream_of_lines(here: Checkout) -> None:
    told = here.run("apply", "--auto-approve", "--json")

    lines = events(told.out)
    assert (told.code, told.err) == (0, "")
    assert types(lines) == [
        "version",
        "planned_change",
        "change_summary",
        "apply_start",
        "apply_complete",
        "change_summary",
    ]
    assert lines[0]["ui"] == "1.0"
    assert lines[-1]["@message"] == "Apply complete! Resources: 1 added, 0 changed, 0 destroyed."
    assert lines[-1]["changes"]["operation"] == "apply"
    (id,) = here.live()
    assert lines[4]["hook"]["id_value"] == id


def test_the_same_lines_go_into_a_file_beside_what_people_see(here: Checkout) -> None:
    told = here.run("apply", "--auto-approve", "--json-into", "into.jsonl")

    lines = events((here.root / "into.jsonl").read_text())
    assert told.out.endswith("Apply complete! Resources: 1 added, 0 changed, 0 destroyed.\n")
    assert (types(lines)[0], types(lines)[-1], len(lines)) == ("version", "change_summary", 6)


@pytest.mark.parametrize("path", ["no/such/folder/file", "assistants"])
def test_events_that_cannot_be_written_are_told_and_nothing_is_done(here: Checkout, path: str) -> None:
    told = here.run("apply", "--auto-approve", "--json", "--json-into", path)

    assert told.code == 1
    assert f"Error: Cannot write events to {path}: " in told.err
    assert types(events(told.out)) == ["version", "diagnostic"]
    assert here.live() == {}


def test_nobody_is_asked_in_json(here: Checkout) -> None:
    told = here.run("apply", "--json")

    lines = events(told.out)
    assert told.code == 1
    assert types(lines) == ["version", "planned_change", "change_summary", "diagnostic"]
    assert lines[-1]["diagnostic"]["detail"] == "after review, pass --auto-approve"
    assert here.live() == {}


def test_hostile_text_stays_in_its_line(here: Checkout) -> None:
    hostile = "a\u2028b\n##vso[task.complete]\n::error::x\x1b[2J\u202e"
    here.call("POST", "", {"model": "gpt-4o", "name": hostile})
    here.write(hr=f"model: gpt-4o\nname: {json.dumps(hostile)}\n")

    told = here.run("apply", "--auto-approve", "--json", "--allow", "possible-duplicate")

    assert told.code == 0
    assert types(events(told.out))[-1] == "change_summary"
    assert "##vso[" not in told.out


@MANNERS
def test_the_exit_code_is_the_same_in_every_format(here: Checkout, manner: list[str]) -> None:
    here.write(twin=HR.replace("HR", "Twin"))
    here.call("POST", "", {"model": "gpt-4o", "name": "Twin Helper"})

    codes = [
        here.run("apply", *manner).code,
        here.run("apply", "--auto-approve", *manner).code,
        here.run("apply", "--auto-approve", *manner).code,
        here.run("apply", "--auto-approve", "--allow", "possible-duplicate", *manner).code,
        here.run("apply", "--auto-approve", *manner).code,
        here.run("apply", "nobody", "--auto-approve", *manner).code,
        here.run("apply", "--auto-approve", "--expect", "nothing", *manner).code,
        here.run("apply", "--auto-approve", "-e", "nowhere", *manner).code,
    ]

    assert codes == [1, 1, 1, 0, 0, 1, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "Nothing is called 'nobody' in local (.reconciler/local.db)."),
        (["-e", "nowhere"], "Errors found; nothing was sent."),
        (["missing.json"], "There is no file /"),
        (["--allow", "conflicts"], "There is no objection 'conflicts'."),
        (["--expect", "x"], "The plan's fingerprint is "),
    ],
)
def test_how_a_command_fails_is_told_to_programs_too(here: Checkout, arguments: list[str], said: str) -> None:
    told = here.run("apply", "--auto-approve", "--json", *arguments)

    lines = events(told.out)
    assert (told.code, types(lines)) == (1, ["version", "diagnostic"])
    assert lines[-1]["@level"] == "error"
    assert lines[-1]["@message"].startswith(said)


def test_a_server_that_cannot_be_reached_is_told_to_programs_too(here: Checkout) -> None:
    with answering(401, '{"error": {"message": "no"}}') as server:
        here.config(f"stack: acme\nenvironments:\n  far: {{provider: openai, base_url: '{server.url}'}}\n")
        told = here.run("apply", "-e", "far", "--auto-approve", "--json")

    assert told.code == 1
    assert types(events(told.out)) == ["version", "diagnostic"]


def test_an_empty_plan_ends_with_a_summary(here: Checkout) -> None:
    assert here.run("apply", "--auto-approve").code == 0

    told = here.run("apply", "--json")

    assert told.code == 0
    assert types(events(told.out)) == ["version", "change_summary", "change_summary"]


def test_a_marker_that_is_refreshed_is_told(here: Checkout) -> None:
    assert here.run("apply", "--auto-approve").code == 0
    here.write(hr="reconciler: {ignore_changes: [temperature]}\n" + HR)

    unasked = here.run("apply")
    told = here.run("apply", "--json", "--auto-approve")

    lines = events(told.out)
    assert (unasked.code, unasked.out.splitlines()[-1]) == (
        0,
        "With --auto-approve, or together with another change, an apply refreshes it.",
    )
    assert told.code == 0
    assert [line["hook"]["action"] for line in lines if line["type"] == "apply_complete"] == ["mark"]


def test_what_moved_since_the_review_is_told_to_programs(here: Checkout) -> None:
    assert here.run("plan", "--out", "plan.json").code == 0
    here.write(hr=HR + "description: since\n", new=HR.replace("HR", "New"))

    told = here.run("apply", "plan.json", "--json")

    *diagnostics, left = [line["diagnostic"] for line in events(told.out) if line["type"] == "diagnostic"]
    assert told.code == 1
    assert "still differs: 2 to be created." in left["summary"]
    assert [(one["severity"], one["address"]) for one in diagnostics] == [
        ("info", "assistant.new"),
        ("error", "assistant.hr"),
    ]
    assert "since" in diagnostics[1]["detail"]


# a server of another project


def test_a_server_of_another_project_is_objected_to(here: Checkout) -> None:
    with on_port(Gate(Settings(project="proj_b"))) as gate:
        here.config(
            "stack: acme\nenvironments:\n"
            f"  far: {{provider: openai, base_url: '{gate.url}', project: proj_a}}\n"
            f"  near: {{provider: openai, base_url: '{gate.url}', project: proj_b}}\n"
        )
        pending = here.run("plan", "-e", "far", "--detailed-exitcode", "--json")
        refused = here.run("apply", "-e", "far", "--auto-approve")
        right = here.run("plan", "-e", "near", "--detailed-exitcode")
        assert gate.writes == []
        allowed = here.run("apply", "-e", "far", "--auto-approve", "--allow", "wrong-project")

    assert (pending.code, refused.code, right.code, allowed.code) == (3, 1, 2, 0)
    (objection,) = pending.data["objections"]
    assert objection["code"] == "wrong-project"
    assert "project proj_b, and the environment is proj_a" in objection["message"]


# the record


def test_no_credential_is_in_the_record(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"PROD_KEY": KEY, "OTHER": "other-key-987654", "CI_TOKEN": 'quoted"token\\é', "SHORT_TOKEN": "true"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    hidden = [KEY, "other-key-987654", 'quoted"token\\é']
    before = "true, " + ", ".join(hidden)
    with on_port(Gate(Settings(require_key=KEY))) as gate:
        here.config(
            "stack: acme\nenvironments:\n"
            f"  far: {{provider: openai, base_url: '{gate.url}', api_key: {{env: PROD_KEY}}}}\n"
            "  other: {provider: openai, base_url: 'https://example.com/v1', api_key: {env: OTHER}}\n"
        )
        here.write(hr=HR + f"instructions: {json.dumps(before)}\n")
        assert here.run("apply", "-e", "far", "--auto-approve").code == 0
        here.write(hr=HR + f"instructions: {json.dumps(KEY + '!')}\n")
        assert here.run("apply", "-e", "far", "--auto-approve").code == 0
        folder = here.root / ".reconciler" / "history"
        text = "".join(path.read_text() for path in journal.paths(folder))
        for name in ("OTHER", "CI_TOKEN"):
            monkeypatch.delenv(name)
        stranger = here.run("rollback", "-e", "far", "--auto-approve", "--allow", "conflict")
        monkeypatch.setenv("OTHER", secrets["OTHER"])
        monkeypatch.setenv("CI_TOKEN", secrets["CI_TOKEN"])
        owner = here.run("rollback", "-e", "far", "--auto-approve")
        headers = {**BETA, "Authorization": f"Bearer {KEY}"}
        (live,) = call(gate.emulator, "GET", "/v1/assistants", headers=headers).json()["data"]

    assert [secret for secret in hidden if secret in text or json.dumps(secret)[1:-1] in text] == []
    assert "true, " in text
    assert "its record leaves out a secret, so it cannot be restored." in stranger.out
    assert owner.code == 0
    assert live["instructions"] == before


def test_what_was_created_lately_is_remembered_for_the_next_apply(here: Checkout) -> None:
    assert here.run("apply", "--auto-approve").code == 0
    (one,) = here.live()
    here.write(new=HR.replace("HR", "New"))

    earlier = journal.earlier(here.root / ".reconciler" / "history", LOCAL, time.time())
    assert earlier.made == {"assistant.hr": one}
    assert 0 <= earlier.ages[one] < 60
    assert earlier.doubts == {}
    assert here.run("apply", "--auto-approve").code == 0
