"""An apply as facts for programs, one a line."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema_rs
import pytest

from reconciler import __version__
from reconciler.canonical import ABSENT
from reconciler.model import Difference, Done, Failed, Live, Outcome, Skipped, Stale, Task, Unsettled
from reconciler.plan.changes import fingerprint
from reconciler.render import events
from reconciler.render.event_schema import event_schema
from support.render_plans import adopt, create, delete, field, forget, lookalike, mark, plan, rename, update
from support.schemas import closed

BOTH = rename("x", "y", field("name", "a", "b"))
DIFFERS = (Difference(("name",), 1, 2),)
LIVE = Live("assistant", "asst_x", {}, {})


def test_the_first_line_says_who_speaks_and_how() -> None:
    told = events.version()

    assert (told["type"], told["reconciler"], told["ui"]) == ("version", __version__, "1.0")
    assert told["@message"] == f"reconciler {__version__}"


def test_every_planned_change_objection_and_note_is_told_and_then_the_figures() -> None:
    whole = plan(
        create("a"),
        update("b", field("name", "x", "y")),
        delete("c"),
        objections=(lookalike("a"), lookalike("b", allowed=True)),
        notes=("mind\nthis",),
    )

    told = list(events.planned(whole))

    assert [(one["type"], one["@message"]) for one in told] == [
        ("planned_change", "assistant.a: Plan to create"),
        ("planned_change", "assistant.b: Plan to update"),
        ("planned_change", "assistant.c: Plan to delete"),
        ("diagnostic", "possible-duplicate: asst_9 has this name"),
        ("diagnostic", "possible-duplicate: asst_9 has this name"),
        ("diagnostic", "mind\\nthis"),
        ("change_summary", "Plan: 1 to add, 1 to change, 1 to destroy."),
    ]
    assert [one["change"]["digest"] for one in told[:3]] == ["digest of a", "digest of b", "digest of c"]  # type: ignore[call-overload,index]
    assert [one["@level"] for one in told[3:6]] == ["error", "warn", "info"]
    assert [one.get("objection") for one in told[3:6]] == [
        {"code": "possible-duplicate", "allowed": False},
        {"code": "possible-duplicate", "allowed": True},
        None,
    ]
    assert told[-1]["fingerprint"] == fingerprint(whole)


def test_an_objection_to_the_whole_plan_has_no_address() -> None:
    (_, told, _) = events.planned(plan(create("a"), objections=(replace(lookalike("a"), address=None),)))

    assert told["diagnostic"] == {
        "severity": "error",
        "summary": "possible-duplicate: asst_9 has this name",
        "detail": "set `id: asst_9`",
        "address": None,
    }


@pytest.mark.parametrize(("task", "action"), [(create("x"), "create"), (forget("x"), "forget"), (mark("x"), "mark")])
def test_a_task_begins_and_goes_on(task: Task, action: str) -> None:
    began, later = events.started(task), events.going_on(task, 10.9)

    assert (began["type"], began["@message"]) == ("apply_start", f"assistant.x: {action.capitalize()} begins")
    assert (later["type"], later["@message"]) == ("apply_progress", "assistant.x: Still at it after 10s")
    assert later["hook"] == {**began["hook"], "elapsed_seconds": 10}  # type: ignore[dict-item]
    id = "asst_x" if action == "mark" else None
    resource = {"addr": "assistant.x", "kind": "assistant", "key": "x", "id": id}
    assert began["hook"] == {"resource": resource, "action": action}


def test_what_a_task_writes_over_is_told_where_git_does_not_know_it() -> None:
    change = update(
        "x",
        field("instructions", "Be rude.\n", "Be kind.", "drift"),
        field("temperature", 1.0, 0.2, "conflict"),
        field("model", "gpt-4o", "gpt-4.1"),
        field("description", ABSENT, "new", "drift"),
        field("name", None, "new", "drift"),
    )

    assert events.started(change)["overwrites"] == [
        {"path": "instructions", "before": "Be rude.\n"},
        {"path": "temperature", "before": 1},
    ]
    assert "overwrites" not in events.started(update("x", field("model", "gpt-4o", "gpt-4.1")))


def test_a_task_that_has_an_object_names_it() -> None:
    told = events.started(replace(update("x"), live=LIVE))

    assert told["hook"]["resource"]["id"] == "asst_x"  # type: ignore[call-overload,index]


@pytest.mark.parametrize(
    ("outcome", "kind", "level", "hook"),
    [
        (Done(create("x"), "asst_1", 1.9), "apply_complete", "info", {"id_value": "asst_1", "done": "Created"}),
        (Done(BOTH, "i"), "apply_complete", "info", {"done": "Renamed and updated"}),
        (Unsettled(update("x"), "asst_1", DIFFERS), "apply_errored", "error", {"id_value": "asst_1"}),
        (Stale(update("x"), None, "it moved"), "apply_errored", "error", {"outcome": "stale"}),
        (Stale(update("x"), "asst_1", "it moved"), "apply_errored", "error", {"id_value": "asst_1"}),
        (Failed(update("x"), "no", request_id="req_1"), "apply_errored", "error", {"request_id": "req_1"}),
        (Failed(update("x"), "no", id="asst_1"), "apply_errored", "error", {"id_value": "asst_1"}),
        (Failed(update("x"), "maybe", in_doubt=True), "apply_errored", "error", {"in_doubt": True}),
        (Skipped(update("x"), "held back"), "apply_errored", "warn", {"outcome": "skipped"}),
    ],
)  # fmt: skip
def test_every_outcome_is_complete_or_errored(outcome: Outcome, kind: str, level: str, hook: dict[str, str]) -> None:
    told = events.ended(outcome)

    assert (told["type"], told["@level"]) == (kind, level)
    assert hook.items() <= told["hook"].items()  # type: ignore[union-attr]


def test_the_last_line_counts_what_happened_and_not_what_did_not() -> None:
    outcomes = [
        Done(create("a"), "asst_1"),
        Unsettled(adopt("b", field("name", "x", "y")), "asst_2", ()),
        Failed(delete("c"), "no"),
        Done(mark("d"), "asst_3"),
        Done(forget("e"), "asst_4"),
    ]

    assert events.closing(outcomes, "That was it.") == {
        "@level": "info",
        "@message": "That was it.",
        "@module": "reconciler.ui",
        "type": "change_summary",
        "changes": {"add": 1, "change": 1, "import": 1, "remove": 0, "forget": 1, "operation": "apply"},
    }


def test_every_event_is_as_the_schema_says() -> None:
    change = update("x", field("instructions", "Be rude.\n", "Be kind.", "drift"))
    objections = (lookalike("a"), replace(lookalike("b", allowed=True), by="ann"))
    outcomes = [
        Done(create("x"), "asst_1", 1.9),
        Unsettled(change, "asst_1", DIFFERS),
        Stale(change, "asst_1", "it moved"),
        Failed(change, "maybe", request_id="req_1", id="asst_1", in_doubt=True),
        Skipped(change, "held back"),
        Done(mark("d"), "asst_3"),
    ]
    told = [
        events.version(),
        *events.planned(plan(create("a"), change, delete("c"), objections=objections, notes=("mind",))),
        events.started(change),
        events.going_on(mark("d"), 10.9),
        *map(events.ended, outcomes),
        events.diagnostic("error", "no", "do this", "assistant.x"),
        events.remainder("1 differs", "run it again"),
        events.closing(outcomes, "That was it."),
    ]
    schema = jsonschema_rs.Draft7Validator(closed(event_schema()))

    assert [(each, event) for event in told for each in schema.iter_errors({**event, "@timestamp": "now"})] == []
    assert {each["properties"]["type"]["const"] for each in event_schema()["oneOf"]} == {each["type"] for each in told}


@pytest.mark.parametrize(
    "text", ["a\nb", "\u2028\u2029\x85", "\x1b[2J", "\u202e", "\ud800", "##vso[task.x]", "##[error]x", '"}\n{"']
)
def test_an_event_is_one_line_of_ascii_whatever_is_in_it(text: str) -> None:
    told = {**events.diagnostic("warning", text, text, text), "more": text}

    line = events.as_line(told)

    assert line.isascii()
    assert (len(line.splitlines()), line[-1]) == (1, "\n")
    assert "##[" not in line
    assert "##vso[" not in line
    assert json.loads(line) == told
