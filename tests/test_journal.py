"""The record of a run: written ahead, readable whatever happened, bounded, and without anybody's key."""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply import journal
from reconciler.apply.journal import Bounds, Journal, paths, read, rejections, run_id
from reconciler.kinds import KINDS
from reconciler.model import Address, Change, Done, Failed, MarkerRefresh, Outcome, Skipped, Stale, Target, Unsettled
from reconciler.plan import run_record
from reconciler.plan.changes import creation
from reconciler.plan.run_record import BadRecord, Earlier, Head, RunRecord, active_rejections, parse
from support.lives import applied, wanted
from support.needing import PATIENCE
from support.world import WHERE

KIND = KINDS["assistant"]
NOW = datetime(2026, 11, 20, 14, 0, 0, 7000, UTC)
SECRET = 'sk-"é\\0123456789'
MINE = wanted(instructions="be kind", own={"ignore_changes": ["temperature"]})


def head(nonce: str = "00000001", after: int = 0, **more: Any) -> Head:
    moment = NOW + timedelta(milliseconds=after)
    return Head(run_id(nonce, moment), moment.isoformat(), "apply", WHERE, nonce, **more)


def update(key: str = "a") -> Change:
    one = wanted(key, instructions="be kind", own={"ignore_changes": ["temperature"]})
    return Change("update", one.address, f"asst_{key}", "digest", desired=one, live=applied(one, f"asst_{key}"))


def facts(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def recorded(folder: Path, head: Head, outcomes: Iterable[Outcome] = ()) -> Path:
    with Journal(folder, head) as record:
        for outcome in outcomes:
            record.started(outcome.task, outcome.task.live, {"name": "new"})
            record.ended(outcome)
    return record.path


# written ahead


def test_the_intent_is_there_before_the_write_and_the_outcome_after_it(tmp_path: Path) -> None:
    task = update()
    with Journal(tmp_path / "history", head()) as record:
        assert [fact["type"] for fact in facts(record.path)] == ["run"]
        record.started(task, task.live, {"name": "new"})
        (_, intent) = facts(record.path)
        record.ended(Done(task, "asst_a"))
        assert [fact["type"] for fact in facts(record.path)] == ["run", "intent", "outcome"]

    assert task.live is not None
    assert intent["before"] == task.live.raw
    assert (intent["patch"], intent["ignore"], intent["id"]) == ({"name": "new"}, [["temperature"]], "asst_a")
    assert facts(record.path)[-1] == {"type": "end", "complete": True}


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = recorded(tmp_path / "history", head())

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_everything_that_became_of_it_can_be_read_again(tmp_path: Path) -> None:
    made = creation(wanted("new"), KIND)
    mark = MarkerRefresh(Address("assistant", "m"), MINE, applied(MINE, "asst_m"))
    outcomes: list[Outcome] = [
        Done(update("a"), "asst_a"),
        Failed(update("b"), "no", request_id="req_1"),
        Stale(update("c"), None, "it moved"),
        Unsettled(update("d"), "asst_d", ()),
        Skipped(update("e"), "held back"),
        Done(made, "asst_new"),
        Done(mark, "asst_m"),
    ]
    path = recorded(
        tmp_path, head(commit="abc", fingerprint="f", rolls_back="r", rejected={"assistant.a": "d"}), outcomes
    )

    past = read(path)

    assert past.head == head(commit="abc", fingerprint="f", rolls_back="r", rejected={"assistant.a": "d"})
    words = ["done", "failed", "stale", "unsettled", "skipped", "done", "done"]
    assert dict(past.outcomes) == dict(zip([str(o.task.address) for o in outcomes], words, strict=True))
    assert [(s.address, s.action, s.id) for s in past.steps][-2:] == [
        ("assistant.new", "create", "asst_new"),
        ("assistant.m", "mark", "asst_m"),
    ]
    assert past.steps[0].ignore == (("temperature",),)
    assert past.ended


def test_what_was_noticed_is_kept_and_what_goes_on_is_not(tmp_path: Path) -> None:
    with Journal(tmp_path, head()) as record:
        record.noticed("a late twin")
        record.going_on(update(), 10)

    assert [fact.get("text") for fact in facts(record.path)] == [None, "a late twin", None]


def test_a_run_that_ended_badly_says_so(tmp_path: Path) -> None:
    with pytest.raises(KeyError), Journal(tmp_path, head()) as record:
        raise KeyError

    assert facts(record.path)[-1] == {"type": "end", "complete": False}


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_what_a_kill_cut_off_is_passed_over(tmp_path: Path, cut: int) -> None:
    path = recorded(tmp_path, head(), [Done(update(), "asst_a")])
    path.write_bytes(path.read_bytes()[: -len('{"type":"end","complete":true}\n') - cut])

    past = read(path)

    assert not past.ended
    assert [step.address for step in past.steps] == ["assistant.a"]


def test_any_text_comes_back_as_it_was(tmp_path: Path) -> None:
    text = "\ud800 lone, \u2028 \x00 é 🎉 \\u0041"
    live = applied(wanted(), name=text)
    with Journal(tmp_path, head()) as record:
        record.started(update(), live, {})

    (step,) = read(record.path).steps
    assert step.before is not None
    assert step.before["name"] == text
    assert record.path.read_bytes().isascii()


# no credentials


def test_no_secret_is_in_it_and_who_has_it_reads_it_again(tmp_path: Path) -> None:
    live = applied(wanted(), instructions=f"say {SECRET} and abcdef-longer, abcdef")
    secrets = [SECRET, "abcdef", "abcdef-longer", "short", ""]
    with Journal(tmp_path, head(), secrets) as record:
        record.started(update(), live, {"name": SECRET})
        record.ended(Failed(update(), f"wrong key {SECRET}"))

    text = record.path.read_text()
    assert [secret for secret in secrets[:3] if json.dumps(secret)[1:-1] in text] == []
    (whole,), (partly,), (none,) = (read(record.path, known).steps for known in (secrets, [SECRET], []))
    assert whole.before == live.raw
    assert [step.is_whole for step in (whole, partly, none)] == [True, False, False]


# bounded


def test_the_oldest_runs_are_forgotten(tmp_path: Path) -> None:
    made = [recorded(tmp_path, head(after=n)) for n in range(4)]
    with Journal(tmp_path, head(after=9), bounds=Bounds(runs=3)) as record:
        pass

    assert paths(tmp_path) == [*made[2:], record.path]


def test_the_newest_that_fit_are_kept(tmp_path: Path) -> None:
    made = [recorded(tmp_path, head(after=n)) for n in range(4)]
    room = made[0].stat().st_size * 2
    with Journal(tmp_path, head(after=9), bounds=Bounds(size=room)) as record:
        pass

    assert paths(tmp_path) == [*made[2:], record.path]


def test_what_cannot_be_forgotten_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "0.jsonl").mkdir()

    with Journal(tmp_path, head(), bounds=Bounds(runs=0)) as record:
        assert paths(tmp_path) == [tmp_path / "0.jsonl", record.path]


def test_runs_of_one_second_are_in_order(tmp_path: Path) -> None:
    made = [recorded(tmp_path, head(nonce, after=n)) for n, nonce in enumerate(["ffffffff", "00000000"])]

    assert paths(tmp_path) == made
    assert made[0].stem == "20261120T140000007Z-ffffffff"


# failing


def test_a_record_never_overwrites_another(tmp_path: Path) -> None:
    recorded(tmp_path, head())

    with pytest.raises(FileExistsError):
        Journal(tmp_path, head())


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file may grow beyond: what a full disk is like."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_line_that_does_not_fit_leaves_no_half_of_it_behind(tmp_path: Path) -> None:
    with Journal(tmp_path, head()) as record:
        with limited(record.path.stat().st_size + 100), pytest.raises(OSError, match="File too large") as caught:
            record.noticed("x" * 500)
        record.noticed("y")

    assert record.broken is caught.value
    assert [fact.get("text") for fact in facts(record.path)] == [None, "y", None]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_record_that_cannot_be_ended_is_closed_and_says_why(tmp_path: Path) -> None:
    with Journal(tmp_path, head()) as record, limited_until_closed(record):
        pass

    assert record.broken is not None
    assert [fact["type"] for fact in facts(record.path)] == ["run"]


@contextmanager
def limited_until_closed(record: Journal) -> Iterator[None]:
    """The disk is full from now on: what is written goes to a device that takes nothing."""
    yield
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, record._file)
    os.close(full)


def test_a_record_that_cannot_be_begun_leaves_nothing_behind(tmp_path: Path) -> None:
    with limited(10), pytest.raises(OSError, match="File too large"):
        Journal(tmp_path, head())

    assert paths(tmp_path) == []


TWICE = """
import sys, pathlib
sys.path.insert(0, "tests")
from test_journal import *
nonce = sys.argv[2]
with Journal(pathlib.Path(sys.argv[1]), head(nonce)) as record:
    for n in range(200):
        record.noticed(f"{nonce} {n} " + "x" * 1000)
"""


@pytest.mark.no_cover
def test_two_writers_at_once_have_a_record_each(tmp_path: Path) -> None:
    root = Path(__file__).parent.parent
    writers = [
        subprocess.Popen([sys.executable, "-c", TWICE, str(tmp_path), nonce], cwd=root) for nonce in ("aaaa", "bbbb")
    ]
    assert [writer.wait(timeout=PATIENCE) for writer in writers] == [0, 0]

    for path, nonce in zip(paths(tmp_path), ("aaaa", "bbbb"), strict=True):
        told = [fact["text"].split()[:2] for fact in facts(path) if fact["type"] == "notice"]
        assert told == [[nonce, str(n)] for n in range(200)]
        assert read(path).ended


# what the last runs created, and what of it nobody knows

RUN = {
    "type": "run", "format": "1.0", "run": "r", "began": "b", "command": "apply", "nonce": "n", "fingerprint": "",
    "rejected": {}, "where": {"stack": "a", "environment": "p", "provider": "openai", "base_url": "u"},
}  # fmt: skip
INTENT = {"type": "intent", "address": "assistant.a", "kind": "assistant", "key": "a", "action": "create",
          "id": None, "before": None, "patch": {}, "wanted": None}  # fmt: skip


def intent(key: str, **more: Any) -> dict[str, Any]:
    return {**INTENT, "address": f"assistant.{key}", "key": key, "at": 100.0, **more}


def outcome(key: str, word: str, **more: Any) -> dict[str, Any]:
    return {"type": "outcome", "address": f"assistant.{key}", "outcome": word, **more}


def remembered(*runs: list[dict[str, Any]], now: float = 110.0) -> Earlier:
    lines = ([json.dumps(fact) for fact in [{**RUN, "nonce": f"n{n}"}, *facts]] for n, facts in enumerate(runs, 1))
    return run_record.earlier([run_record.parse(one) for one in lines], now)


def test_what_was_created_is_remembered_with_its_age() -> None:
    unknown = intent("b")
    del unknown["at"]
    found = remembered(
        [intent("a"), outcome("a", "done", id="asst_a"), unknown, outcome("b", "unsettled", id="asst_b")],
        [intent("c", action="update"), outcome("c", "done", id="asst_c")],
    )

    assert found.made == {"assistant.a": "asst_a", "assistant.b": "asst_b"}
    assert found.ages == {"asst_a": 10.0}
    assert (found.doubts, found.nonces) == ({}, {"n1", "n2"})


IN_DOUBT = {"in_doubt": True}


@pytest.mark.parametrize(
    ("runs", "doubts"),
    [
        ([[intent("a")]], {"assistant.a": False}),
        ([[intent("a", action="update")]], {}),
        ([[intent("a"), outcome("a", "failed")]], {}),
        ([[intent("a"), outcome("a", "failed", **IN_DOUBT)]], {"assistant.a": False}),
        ([[intent("a"), outcome("a", "failed", looked=True, **IN_DOUBT)]], {"assistant.a": True}),
        ([[intent("a")], [outcome("a", "failed", looked=True, **IN_DOUBT)]], {"assistant.a": True}),
        ([[intent("a")], [outcome("a", "failed", looked=False, **IN_DOUBT)]], {"assistant.a": False}),
        ([[intent("a")], [outcome("a", "skipped")]], {"assistant.a": False}),
        ([[intent("a")], [outcome("b", "done")]], {"assistant.a": False}),
        ([[intent("a")], [outcome("a", "stale")]], {}),
        ([[intent("a")], [intent("a"), outcome("a", "done")]], {}),
        ([[outcome("a", "failed", looked=True, **IN_DOUBT)]], {}),
    ],
)
def test_a_create_without_an_outcome_is_in_doubt_until_a_run_settles_it(
    runs: list[list[dict[str, Any]]], doubts: dict[str, bool]
) -> None:
    assert remembered(*runs).doubts == doubts


@pytest.mark.parametrize(("now", "looked"), [(280.0, False), (281.0, True)])
def test_what_is_in_doubt_for_long_would_be_listed_by_now(now: float, looked: bool) -> None:
    assert remembered([intent("a")], now=now).doubts == {"assistant.a": looked}


# reading what is no record


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([], "it is not a record of a run"),
        ([INTENT], "it is not a record of a run"),
        ([{**RUN, "format": "2.0"}], "its format is '2.0', and this version of reconciler reads 1.x only"),
        ([{**RUN, "format": None}], "its format is None"),
        ([{**RUN, "where": "here"}], "`where` is missing, or is not a mapping"),
        ([{**RUN, "where": {}}], "`stack` is missing, or is not text"),
        ([{**RUN, "rejected": []}], "`rejected` is missing"),
        ([{**RUN, "rejected": {"a": 1}}], "`a` is missing, or is not text"),
        ([{**RUN, "commit": 7}], "`commit` is missing, or is not text"),
        ([RUN, {**INTENT, "kind": "robot"}], "a kind that this version does not know: 'robot'"),
        ([RUN, {**INTENT, "before": "x"}], "`before` is missing, or is not a mapping"),
        ([RUN, {**INTENT, "patch": None}], "`patch` is missing, or is not a mapping"),
        ([RUN, {**INTENT, "ignore": "x"}], "`ignore` is not a list of paths"),
        ([RUN, {**INTENT, "ignore": ["x"]}], "`ignore` is not a list of paths"),
        ([RUN, {"type": "outcome", "address": ["a"], "outcome": "done"}], "`address` is missing, or is not text"),
        ([RUN, {"type": "outcome", "address": "a", "outcome": "done", "id": 1}], "`id` is missing, or is not text"),
    ],
)
def test_what_is_no_record_says_why(tmp_path: Path, told: list[Any], said: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(json.dumps(fact) for fact in told))

    with pytest.raises(BadRecord, match=r"x\.jsonl cannot be used: ") as caught:
        read(path)
    assert said in str(caught.value)


def test_lines_that_are_none_are_passed_over() -> None:
    odd = ["rubbish", "[" * 100_000, "7", "[]", json.dumps({**RUN, "more": 1}), json.dumps({"type": "news"}), ""]

    assert parse(odd).steps == ()


def test_a_record_of_a_later_minor_version_is_read() -> None:
    assert parse([json.dumps({**RUN, "format": "1.9"}), json.dumps(INTENT)]).steps[0].key == "a"


# what rollbacks rejected


def a_run(outcomes: dict[str, str], rejected: dict[str, str] | None = None, **where: Any) -> RunRecord:
    place = Target(**{"stack": "acme", "environment": "p", "provider": "openai", "base_url": "u", **where})
    return RunRecord(Head("r", "", "apply", place, "n", rejected=rejected or {}), (), outcomes, ended=True)


BACK = a_run({"a": "done", "b": "unsettled", "c": "failed"}, {"a": "1", "b": "2", "c": "3", "d": "4"})


@pytest.mark.parametrize(
    ("runs", "found"),
    [
        ([], {}),
        ([BACK], {"a": "1", "b": "2"}),
        ([BACK, a_run({"a": "done", "b": "skipped"})], {"b": "2"}),
        ([BACK, a_run({"a": "done"}, {"a": "9"})], {"a": "9", "b": "2"}),
        ([BACK, a_run({"a": "done"}, stack="other")], {"a": "1", "b": "2"}),
        ([a_run({"a": "done"}, {"a": "1"}, project="other")], {}),
        ([a_run({"a": "done"}, {"a": "1"}, environment="other")], {}),
        ([a_run({"a": "done"}, {"a": "1"}, base_url="other")], {}),
        ([a_run({"a": "done"}, {"a": "1"}, provider="other")], {}),
    ],
)
def test_a_rejection_stands_until_something_else_is_applied_there(runs: list[RunRecord], found: dict[str, str]) -> None:
    assert active_rejections(runs, BACK.head.where) == found


def test_a_rollback_that_was_cut_off_may_have_happened(tmp_path: Path) -> None:
    recorded(tmp_path, head(), [Done(update(), "asst_a")])
    with Journal(tmp_path, head(after=1, rejected={"assistant.a": "1", "assistant.b": "2"})) as record:
        record.started(update(), update().live, {})
    (tmp_path / "rubbish.jsonl").write_text("rubbish")
    (tmp_path / "zfolder.jsonl").mkdir()

    assert rejections(tmp_path, WHERE) == {"assistant.a": "1"}
    recorded(tmp_path, head(after=2), [Done(update(), "asst_a")])
    assert rejections(tmp_path, WHERE) == {}
    assert journal.rejections(tmp_path / "nowhere", WHERE) == {}
