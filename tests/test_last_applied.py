"""The third value of a conflict: what was applied last, where something remembers it as the marker does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from reconciler.canonical import Absent, Fields, Json
from reconciler.model import Change, Desired, Live
from reconciler.paths import show
from reconciler.plan.last_applied import with_last_applied
from reconciler.plan.make import make_plan
from support.checkout import Checkout
from support.gits import git, repository
from support.lives import KIND, applied, marked, wanted
from support.world import WHERE


def lookup(required: list[str]) -> list[dict[str, Any]]:
    parameters = {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "required": required}
    return [{"type": "function", "function": {"name": "lookup", "parameters": parameters}}]


def told(desired: Desired, live: Live, *bodies: Fields) -> dict[str, Json]:
    """What is known to have been applied, by path."""
    plan = with_last_applied(make_plan([desired], [live], WHERE), lambda change: bodies)
    fields = [field for change in plan.changes for field in change.fields]
    return {show(field.path): field.applied for field in fields if not isinstance(field.applied, Absent)}


BEFORE = wanted("a", name="Before", description="Same")
MOVED = applied(BEFORE, name="By hand")
AFTER = wanted("a", name="In Git", description="Same")


def test_of_a_conflict_the_value_is_told_that_has_the_digest_of_the_marker() -> None:
    others = wanted("a", name="Another"), wanted("a", name="In Git")

    assert told(AFTER, MOVED, *(other.fields for other in others), BEFORE.fields) == {"name": "Before"}
    assert told(AFTER, MOVED, *(other.fields for other in others)) == {}


def test_nothing_is_told_of_an_edit_or_of_drift_and_no_body_is_read_for_them() -> None:
    def unread(change: Change) -> Iterator[Fields]:
        raise AssertionError(change)

    for desired, live in ((AFTER, applied(BEFORE)), (BEFORE, MOVED), (wanted("new"), None)):
        plan = make_plan([desired], [live] if live else [], WHERE)

        assert plan.changes
        assert with_last_applied(plan, unread) == plan


def test_what_was_not_there_when_it_was_applied_is_null() -> None:
    before = wanted("a", metadata={"team": "hr"})
    live = applied(before)
    raw = {**live.raw, "metadata": {**live.raw["metadata"], "owner": "x"}}
    live = Live("assistant", live.id, KIND.read(raw), raw, marker=live.marker)

    assert told(wanted("a", metadata={"team": "hr", "owner": "y"}), live, before.fields) == {"metadata.owner": None}


def test_within_a_member_the_smallest_path_is_told() -> None:
    before, live = wanted("a", tools=lookup(["a"])), applied(wanted("a", tools=lookup(["a"])), tools=lookup(["b"]))

    assert told(wanted("a", tools=lookup(["c"])), live, before.fields) == {
        "tools.functions.lookup.parameters.required": ["a"]
    }
    assert live.marker is not None
    fields_only = {name: value for name, value in live.marker.digests.items() if not name.startswith("#")}
    assert told(wanted("a", tools=lookup(["c"])), marked(live, digests=fields_only), before.fields) == {
        "tools.functions.lookup.parameters.required": ["a"]
    }


def test_what_is_left_to_the_dashboard_is_not_compared() -> None:
    before = wanted("a", name="Before", own={"ignore_changes": ["metadata.seen"]}, metadata={"seen": "1", "team": "a"})
    after = wanted("a", name="In Git", own={"ignore_changes": ["metadata.seen"]}, metadata={"seen": "3", "team": "c"})
    live = applied(before, name="By hand")
    raw = {**live.raw, "metadata": {**live.raw["metadata"], "seen": "2", "team": "b"}}
    live = Live("assistant", live.id, KIND.read(raw), raw, marker=live.marker)

    assert told(after, live, before.fields) == {"name": "Before", "metadata.team": "a"}


# in a checkout


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr="model: gpt-4o\nname: Before\n")


def conflict(here: Checkout) -> dict[str, Any]:
    """The field that is in conflict once both sides have changed it."""
    here.write(hr="model: gpt-4o\nname: In Git\n")
    (changed,) = here.run("plan", "--json").data["changes"][0]["fields"]
    assert changed["cause"] == "conflict"
    return dict(changed)


def forget_runs(here: Checkout) -> None:
    rmtree(here.root / ".reconciler" / "history")


def by_hand(here: Checkout) -> None:
    listed = here.call("GET", "")["data"]
    here.call("POST", f"/{listed[0]['id']}", {"name": "By hand"})


def test_the_record_of_the_last_apply_knows_it(here: Checkout) -> None:
    here.run("apply", "--auto-approve")
    by_hand(here)

    assert conflict(here)["applied"] == "Before"


def test_git_knows_it_at_the_commit_of_the_marker(here: Checkout) -> None:
    repository(here.root)
    here.run("apply", "--auto-approve")
    forget_runs(here)
    by_hand(here)

    assert conflict(here)["applied"] == "Before"


def test_what_was_applied_from_files_that_were_not_committed_is_not_known_in_git(here: Checkout) -> None:
    repository(here.root)
    git(here.root, "commit", "-q", "--allow-empty", "-m", "more")
    here.write(hr="model: gpt-4o\nname: Not committed\n")
    here.run("apply", "--auto-approve")
    forget_runs(here)
    by_hand(here)

    assert "applied" not in conflict(here)


def test_where_nothing_remembers_it_two_values_are_told(here: Checkout) -> None:
    here.run("apply", "--auto-approve")
    forget_runs(here)
    by_hand(here)

    assert "applied" not in conflict(here)
