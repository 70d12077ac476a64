"""Recorded runs, as a table and as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model import Target
from reconciler.plan.run_record import Head, RunRecord, Step
from reconciler.render.history import as_dict, table
from reconciler.render.style import Style

WHERE = Target("acme", "production", "openai", "https://api.example.com/v1")
HEAD = Head("20261120T140000000Z-abcd", "2026-11-20T14:00:00+00:00", "apply", WHERE, "abcd", fingerprint="f")
WIDE = Style(width=200)


def step(key: str) -> Step:
    return Step("assistant", key, "update", f"asst_{key}", {}, None)


@pytest.mark.parametrize(
    ("run", "result"),
    [
        (RunRecord(HEAD, (), {}, ended=True), "nothing"),
        (RunRecord(HEAD, (), {"a": "done", "b": "failed", "c": "done"}, ended=True), "2 done, 1 failed"),
        (
            RunRecord(HEAD, (), {"a": "done", "b": "failed", "c": "failed"}, ended=True, in_doubt={"c": True}),
            "1 done, 1 failed, 1 in doubt",
        ),
        (RunRecord(HEAD, (step("a"),), {"assistant.a": "done"}, ended=False), "ended early: 1 done"),
        (RunRecord(HEAD, (step("a"), step("a")), {}, ended=False), "ended early: 1 write cut off"),
    ],
)
def test_a_run_is_one_line(run: RunRecord, result: str) -> None:
    head, line = table([run], WIDE).splitlines()

    assert head.split() == ["run", "command", "environment", "stack", "result", "server"]
    assert line == (
        f"20261120T140000000Z-abcd  apply    production   acme   {result:{max(len(result), 6)}}  https://api.example.com/v1"
    )


def test_commit_and_what_a_rollback_rolls_back_have_columns_where_there_is_one() -> None:
    head = replace(HEAD, command="rollback", rolls_back="another", commit="0123456789ab+dirty")
    run = RunRecord(head, (), {}, ended=True)
    head, line = table([run], WIDE).splitlines()

    assert head.endswith("commit              server                      rolls back")
    assert line.endswith("0123456789ab+dirty  https://api.example.com/v1  another")


def test_a_pipe_gets_every_column_whatever_its_width() -> None:
    run = RunRecord(replace(HEAD, commit="0123456789ab"), (), {"a": "done"}, ended=True)

    assert table([run], Style(width=40, is_piped=True)) == table([run], Style(width=200))


def test_the_run_and_its_result_are_there_however_little_room_there_is() -> None:
    run = RunRecord(replace(HEAD, commit="0123456789ab"), (), {"a": "done", "b": "failed"}, ended=True)

    assert table([run], Style(width=80)).splitlines() == [
        "run                       command  environment  result            commit",
        "20261120T140000000Z-abcd  apply    production   1 done, 1 failed  0123456789ab",
        "(not shown: stack, server)",
    ]
    assert table([run], Style(width=45)).splitlines()[:2] == [
        "run                       result",
        "20261120T140000000Z-abcd  1 done, 1 failed",
    ]


def test_a_hostile_record_stays_on_its_line() -> None:
    shown = table([RunRecord(replace(HEAD, command="apply\n::error::\x1b[2J"), (), {"x": "do\nne"}, ended=True)], WIDE)

    assert shown.count("\n") == 2
    assert "\x1b" not in shown


def test_a_run_as_data_says_all_of_it() -> None:
    head = replace(HEAD, commit="c", rolls_back="r")
    past = RunRecord(head, (step("b"), step("a")), {"assistant.b": "done"}, ended=False)

    assert as_dict(past) == {
        "run": "20261120T140000000Z-abcd",
        "began": "2026-11-20T14:00:00+00:00",
        "command": "apply",
        "stack": "acme",
        "environment": "production",
        "base_url": "https://api.example.com/v1",
        "by": None,
        "commit": "c",
        "fingerprint": "f",
        "rolls_back": "r",
        "complete": False,
        "outcomes": {"assistant.b": "done"},
        "cut_off": ["assistant.a"],
    }


def test_a_run_that_goes_on_is_not_called_dead() -> None:
    run = RunRecord(HEAD, (step("a"), step("b")), {"assistant.a": "done"}, ended=False)
    shown = table([run, replace(run)], WIDE, running=True).splitlines()

    assert "running: 1 done, 1 in flight" in shown[1]
    assert "ended early: 1 done, 1 write cut off" in shown[2]
