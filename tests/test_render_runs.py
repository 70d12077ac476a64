"""Recorded runs, on a line and as data."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model import Target
from reconciler.plan.run_record import Head, Past, Step
from reconciler.render.runs import as_dict, as_line

WHERE = Target("acme", "production", "openai", "https://api.example.com/v1")
HEAD = Head("20261120T140000000Z-abcd", "2026-11-20T14:00:00+00:00", "apply", WHERE, "abcd", fingerprint="f")
BEGINNING = "20261120T140000000Z-abcd  apply in production (https://api.example.com/v1), stack acme"


def step(key: str) -> Step:
    return Step("assistant", key, "update", f"asst_{key}", {}, None)


@pytest.mark.parametrize(
    ("past", "ending"),
    [
        (Past(HEAD, (), {}, ended=True), ": nothing"),
        (Past(HEAD, (), {"a": "done", "b": "failed", "c": "done"}, ended=True), ": 2 done, 1 failed"),
        (
            Past(HEAD, (), {"a": "done", "b": "failed", "c": "failed"}, ended=True, in_doubt={"c": True}),
            ": 1 done, 1 failed, 1 in doubt",
        ),
        (
            Past(HEAD, (step("a"),), {"assistant.a": "done"}, ended=False),
            ": 1 done, and then it was killed or could not go on writing",
        ),
        (
            Past(HEAD, (step("a"), step("a")), {}, ended=False),
            ": 1 write cut off, and then it was killed or could not go on writing",
        ),
        (Past(replace(HEAD, commit="0123456789ab+dirty"), (), {}, ended=True), ", commit 0123456789ab+dirty: nothing"),
    ],
)
def test_a_run_is_one_line(past: Past, ending: str) -> None:
    assert as_line(past) == f"{BEGINNING}{ending}\n"


def test_a_rollback_says_of_what() -> None:
    past = Past(replace(HEAD, command="rollback", rolls_back="another"), (), {}, ended=True)

    assert "  rollback of another in production (" in as_line(past)


def test_a_hostile_record_stays_on_its_line() -> None:
    past = Past(replace(HEAD, command="apply\n::error::\x1b[2J"), (), {"x": "do\nne"}, ended=True)

    assert as_line(past).count("\n") == 1
    assert "\x1b" not in as_line(past)


def test_a_run_as_data_says_all_of_it() -> None:
    past = Past(replace(HEAD, commit="c", rolls_back="r"), (step("b"), step("a")), {"assistant.b": "done"}, ended=False)

    assert as_dict(past) == {
        "run": "20261120T140000000Z-abcd",
        "began": "2026-11-20T14:00:00+00:00",
        "command": "apply",
        "stack": "acme",
        "environment": "production",
        "base_url": "https://api.example.com/v1",
        "commit": "c",
        "fingerprint": "f",
        "rolls_back": "r",
        "complete": False,
        "outcomes": {"assistant.b": "done"},
        "cut_off": ["assistant.a"],
    }


def test_a_run_that_goes_on_is_not_called_dead() -> None:
    past = Past(HEAD, (step("a"), step("b")), {"assistant.a": "done"}, ended=False)

    assert as_line(past, running=True).endswith(": 1 done, 1 write in flight: it is still running\n")
