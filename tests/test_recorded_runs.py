"""`history RUN`: what a recorded run did, field by field, whatever became of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.canonical import Json
from reconciler.plan import marker as markers
from reconciler.plan.recorded import recorded_changes
from reconciler.plan.run_record import BadRecord, Head, RunRecord, head_to_dict, parse
from reconciler.render.recorded_run import data, text
from reconciler.render.style import Style
from support.checkout import Checkout
from support.lives import KIND, applied, wanted
from support.world import WHERE

HEAD = Head("20261120T140000000Z-abcd", "2026-11-20T14:00:00+00:00", "apply", WHERE, "abcd", commit="1a2b", by="me")
LIVE = applied(wanted("a", name="A", instructions="one\ntwo\n", temperature=0.5), "asst_a")
UNMARKED = {name: value for name, value in LIVE.raw.items() if name != "metadata"}


def began(key: str, action: str, before: Any = LIVE.raw, **patch: Json) -> dict[str, Any]:
    facts = {"key": key, "action": action, "id": None if action == "create" else f"asst_{key}"}
    raw = {**before, "id": f"asst_{key}"} if before is not None else None
    return {"type": "intent", "kind": "assistant", **facts, "before": raw, "patch": patch, "wanted": None}


def ended(key: str, action: str, outcome: str = "done", **more: Json) -> dict[str, Any]:
    facts = {"address": f"assistant.{key}", "action": action, "id": f"asst_{key}", "outcome": outcome}
    return {"type": "outcome", **facts, **more}


def run(*facts: dict[str, Any], head: Head = HEAD, end: bool = True) -> RunRecord:
    first = {"type": "run", "format": "1.0", **head_to_dict(head)}
    return parse(map(json.dumps, [first, *facts, *([{"type": "end"}] if end else [])]))


def shown(record: RunRecord, undo: str = "", **more: bool) -> str:
    return text(record, recorded_changes(record), undo, Style(width=120), **more)


def test_what_was_done_is_shown_as_in_a_plan_and_in_the_past() -> None:
    record = run(
        began("a", "update", temperature=0.7, instructions="one\n2\n"),
        ended("a", "update"),
        began("b", "create", None, model="gpt-4o", name="B"),
        ended("b", "create"),
        began("c", "delete"),
        ended("c", "delete"),
        began("d", "mark"),
        ended("d", "mark"),
    )

    said = shown(record, "reconciler rollback 20261120T140000000Z-abcd")

    assert said.startswith(
        "production (openai, https://api.example.com/v1), stack acme\n"
        "Run 20261120T140000000Z-abcd: `apply` on 2026-11-20 at 14:00:00 UTC by me, from commit 1a2b.\n"
        "\nDone:\n\n  - c  destroyed: A, gpt-4o, prompt of 2 words\n  + b  created: gpt-4o\n"
    )
    assert "  ~ assistant.a was updated in-place (asst_a)" in said
    assert "      ~ temperature  0.5 -> 0.7\n" in said
    assert "- │ two\n          + │ 2\n" in said
    assert "  + assistant.b was created (asst_b)" in said
    assert "  - assistant.c was destroyed (asst_c)" in said
    assert said.endswith(
        "4 done, of which 1 only refreshed a marker.\n`reconciler rollback 20261120T140000000Z-abcd` undoes it.\n"
    )


def test_what_failed_was_cut_off_or_never_begun_stands_apart_with_its_reason() -> None:
    record = run(
        began("a", "update", name="New"),
        ended("a", "update", "failed", message="HTTP 500", request_id="req_1"),
        began("b", "update", name="New"),
        ended("b", "update", "failed", message="no answer", in_doubt=True),
        began("c", "update", name="Other"),
        ended("d", "delete", "skipped", message="interrupted"),
        ended("e", "update", "stale", message="it moved"),
        ended("f", "update", "in a later version"),
        {"type": "notice", "text": "a late twin"},
        end=False,
    )

    said = shown(record)

    titles = [line for line in said.splitlines() if line.endswith(":") and line[:1].isalpha()]
    assert titles == [
        "In doubt: the server may have done it:",
        "Cut off: begun, and no outcome was recorded:",
        "Failed:",
        "Not done, since it changed on the server after planning:",
        "Not done:",
    ]
    assert "assistant.a was not updated in-place (asst_a)\n      # HTTP 500 [request req_1]\n" in said
    assert "assistant.b may have been updated in-place (asst_b)\n      # no answer\n" in said
    assert "assistant.d was not destroyed (asst_d)\n      # interrupted\n" in said
    assert "Note: a late twin\n" in said
    assert said.endswith("shows what still differs.\n")
    assert "\nEnded early: 1 failed, 1 in a later version, 1 in doubt, 1 skipped, 1 stale, 1 write cut off.\n" in said
    assert "assistant.c is being updated in-place" in shown(record, running=True)


def test_what_a_run_overwrote_is_told_by_who_had_changed_it() -> None:
    marker = LIVE.marker
    assert marker is not None
    other = applied(wanted("a", name="A", temperature=0.5), "asst_a", temperature=0.9)
    record = run(
        began("a", "update", other.raw, temperature=0.5),
        ended("a", "update"),
        began("b", "adopt", UNMARKED, name="Mine"),
        ended("b", "adopt"),
        began("c", "rename", name="Mine"),
        ended("c", "rename"),
        began("d", "forget"),
        ended("d", "forget"),
    )

    said = shown(record)

    assert "# drift: it was changed outside Git before, and was put back\n" in said
    assert "assistant.b was adopted and updated in-place" in said
    assert "assistant.c was renamed and updated in-place, was a (" in said
    assert "assistant.d was forgotten, not destroyed" in said


def test_the_same_change_of_many_is_shown_once_with_the_reason_of_each() -> None:
    record = run(
        *(began(key, "update", name="Same") for key in "abc"),
        *(ended(key, "update", "failed", message=f"no {key}") for key in "abc"),
    )

    said = shown(record)

    assert "The same in 3 assistants:" in said
    assert "# assistant.c: no c\n" in said


def test_a_run_as_data_has_every_change_with_its_outcome() -> None:
    record = run(began("a", "update", name="New"), ended("a", "update", "failed", message="no"), began("b", "delete"))

    told = data(record, recorded_changes(record), "")

    assert [(one["address"], one["outcome"], one["message"]) for one in told["changes"]] == [  # type: ignore[union-attr, index, call-overload]
        ("assistant.a", "failed", "no"),
        ("assistant.b", None, None),
    ]
    assert (told["run"], told["by"], told["undo"]) == (HEAD.run, "me", None)


def test_a_run_without_git_of_which_nothing_is_known_is_told_too() -> None:
    record = run(head=replace(HEAD, commit=None, by=None, began="", rolls_back="an-earlier-one"))
    dirty = run(head=replace(HEAD, commit="1a2b+dirty", by=None))

    assert ", from commit 1a2b with changes that were not" in shown(dirty)
    assert shown(record).splitlines() == [
        "production (openai, https://api.example.com/v1), stack acme",
        "Run 20261120T140000000Z-abcd: `apply`, without Git. It rolled back to before an-earlier-one.",
        "",
        "Nothing was done.",
    ]


def test_a_secret_that_a_record_left_out_is_told() -> None:
    record = run(began("a", "delete", {**LIVE.raw, "name": "(a secret: 0123abcd)"}), ended("a", "delete"))

    assert "The record leaves out a secret of assistant.a: that is not undone.\n" in shown(record)


def test_an_action_of_a_later_version_is_said_to_be_unknown() -> None:
    with pytest.raises(BadRecord, match="an action that this version does not know: 'replace'"):
        recorded_changes(run(began("a", "replace")))


def test_a_marker_that_cannot_be_read_is_none() -> None:
    odd = {**LIVE.raw, "metadata": {markers.KEY: "mine"}}

    (one,) = recorded_changes(run(began("a", "update", odd, name="New")))

    assert [field.cause for field in one.change.fields] == ["adoption"]
    assert KIND.name == one.change.address.kind


# the command


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    here = Checkout(tmp_path, monkeypatch, capsys, hr="model: gpt-4o\nname: One\n")
    monkeypatch.setenv("LOGNAME", "alice")
    here.run("apply", "--auto-approve")
    here.write(hr="model: gpt-4o\nname: Two\n")
    here.run("apply", "--auto-approve")
    return here


def test_a_run_is_shown_by_its_id_or_how_that_begins_and_its_rollback_works(here: Checkout) -> None:
    newest, oldest = (one["run"] for one in here.run("history", "--json").data)

    told, by_nonce = here.run("history", newest), here.run("history", newest.partition("-")[2][:6])
    by_file = here.run("history", f".reconciler/history/{newest}.jsonl")
    several, none = here.run("history", oldest[:8]), here.run("history", f"{oldest[:-1]}x")

    assert (told.code, told.err) == (0, "")
    assert " UTC by alice, without Git.\n" in told.out
    assert '      ~ name  "One" -> "Two"\n' in told.out
    assert by_nonce.out == told.out
    assert by_file.out == told.out.replace(f"rollback {newest}", f"rollback --from .reconciler/history/{newest}.jsonl")
    assert several.err.startswith(f"Error: '{oldest[:8]}' is the beginning of several runs: {oldest}, {newest}.")
    assert f"did you mean `{oldest}`?\n" in none.err
    assert (several.code, none.code) == (1, 1)
    elsewhere = here.run("history", newest, "--state-dir", ".reconciler", "--json").data
    assert elsewhere["undo"] == f"reconciler rollback {newest} --state-dir .reconciler"
    assert here.run(*here.run("history", newest, "--json").data["undo"].split()[1:], "--auto-approve").code == 0
    assert [one["name"] for one in here.live().values()] == ["One"]


def test_in_a_job_the_actor_and_the_page_of_the_run_are_who_ran_it(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = {"GITHUB_ACTOR": "octocat", "GITHUB_REPOSITORY": "acme/assistants", "GITHUB_RUN_ID": "900"}
    for name, value in {**job, "GITHUB_RUN_ATTEMPT": "1", "GITHUB_SERVER_URL": "https://github.com"}.items():
        monkeypatch.setenv(name, value)
    here.write(hr="model: gpt-4o\nname: Three\n")
    here.run("apply", "--auto-approve")

    assert (
        here.run("history", "--json").data[0]["by"] == "octocat (https://github.com/acme/assistants/actions/runs/900)"
    )


def test_a_record_that_is_half_or_of_another_form_is_told(here: Checkout) -> None:
    folder = here.root / ".reconciler" / "history"
    first, second = sorted(folder.glob("*.jsonl"))
    first.write_text(first.read_text().replace('"format":"1.0"', '"format":"2.0"'))
    second.write_text("".join(second.read_text().splitlines(keepends=True)[:2]))

    other, cut = here.run("history", first.stem), here.run("history", second.stem)

    assert (other.code, other.out) == (1, "")
    assert "its format is '2.0', and this version of reconciler reads 1.x only." in other.err
    assert "no-such.jsonl." in here.run("history", "no-such.jsonl").err
    assert cut.code == 0
    assert "Cut off: begun, and no outcome was recorded:" in cut.out


def test_no_secret_of_a_record_is_printed(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    newest = here.run("history", "--json").data[0]["run"]
    path = here.root / ".reconciler" / "history" / f"{newest}.jsonl"
    path.write_text(path.read_text().replace('"Two"', '"sk-0123456789abcdef"'))
    monkeypatch.setenv("MY_API_KEY", "sk-0123456789abcdef")

    for form in ("text", "json"):
        told = here.run("history", newest, "--format", form)
        assert "sk-0123456789" not in told.out
        assert "(the value of MY_API_KEY)" in told.out
