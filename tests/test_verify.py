"""Whether an object moved since it was planned, and whether it became what was asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.apply.verify import MARKER_PATH, changed_since_plan, unsettled
from reconciler.canonical import ABSENT
from reconciler.model import Difference, Live, Marker
from reconciler.plan import marker as markers
from support.lives import KIND, applied, marked, stamped, stranger, wanted

NEW = wanted(name="A", description="new")
OLD = wanted(name="A", description="old")


def stamp(nonce: str = "n2", **unsettled: str) -> Marker:
    made = markers.stamp(NEW, KIND, ("acme", "production"), id="asst_1", nonce=nonce, commit=None)
    return replace(made, unsettled=unsettled)


# moved


def test_what_nobody_touched_has_not_moved() -> None:
    assert changed_since_plan(applied(OLD), applied(OLD), NEW, "n2") == ()


def test_what_this_very_run_wrote_has_not_moved() -> None:
    written = marked(applied(OLD, description="new"), nonce="n2")

    assert changed_since_plan(applied(OLD), written, NEW, "n2") == ()
    assert changed_since_plan(applied(OLD), written, NEW, "n3") != ()


def test_what_is_already_as_it_is_wanted_has_not_moved() -> None:
    assert changed_since_plan(applied(OLD), applied(OLD, description="new"), NEW, "n2") == ()


def test_what_somebody_changed_has_moved_and_says_where() -> None:
    assert changed_since_plan(applied(OLD), applied(OLD, description="by hand", temperature=0.5), NEW, "n2") == (
        Difference(("description",), "old", "by hand"),
        Difference(("temperature",), 1, 0.5),
    )


@pytest.mark.parametrize("fields", [{}, {"description": "new"}])
def test_what_another_took_has_moved_whatever_its_fields_are(fields: dict[str, Any]) -> None:
    taken = marked(applied(OLD, **fields), stack="theirs")

    assert changed_since_plan(applied(OLD), taken, NEW, "n2") != ()


def test_what_lost_its_marker_has_moved_and_shows_it() -> None:
    planned, fresh = applied(OLD), stranger("asst_1", name="A", description="old")

    assert changed_since_plan(planned, fresh, NEW, "n2") == (Difference(MARKER_PATH, planned.pairs[markers.KEY], None),)


def test_what_is_to_be_deleted_has_moved_when_anything_about_it_has() -> None:
    assert changed_since_plan(applied(OLD), applied(OLD), None, "n2") == ()
    assert changed_since_plan(applied(OLD), applied(OLD, description="new"), None, "n2") == (
        Difference(("description",), "old", "new"),
    )


def test_what_is_left_to_the_dashboard_or_the_server_never_moves() -> None:
    mine = wanted(own={"ignore_changes": ["temperature", "metadata.seen"]}, model="gpt-4o", description="new")
    reasoning = wanted(model="o3-mini", description="new")

    assert changed_since_plan(applied(mine), applied(mine, temperature=0.2, metadata={"seen": "1"}), mine, "n2") == ()
    assert changed_since_plan(applied(reasoning), applied(reasoning, reasoning_effort="high"), reasoning, "n2") == ()


# unsettled


def test_what_became_as_asked_is_settled() -> None:
    assert unsettled(NEW, stamped(NEW, stamp()), stamp()) == ()


def test_what_did_not_is_named_with_what_was_wanted_and_what_came() -> None:
    answer = stamped(NEW, stamp(), description="NEW", metadata={"x": "y"})

    assert unsettled(NEW, answer, stamp()) == (
        Difference(("description",), "new", "NEW"),
        Difference(("metadata", "x"), ABSENT, "y"),
    )


def test_what_is_known_not_to_settle_is_not_said_again() -> None:
    answer = stamped(NEW, stamp(), description="NEW")

    assert unsettled(NEW, answer, stamp(description="abcdef")) == ()


@pytest.mark.parametrize("answer", [stamped(NEW, stamp("n1")), stranger("asst_1", name="A", description="new")])
def test_an_answer_without_this_runs_marker_is_not_settled(answer: Live) -> None:
    (found,) = unsettled(NEW, answer, stamp())

    assert (found.path, found.wanted) == (MARKER_PATH, markers.encode(stamp(), KIND))
    assert found.got == answer.pairs.get(markers.KEY, ABSENT)


def test_odd_metadata_holds_nothing() -> None:
    assert Live("assistant", "asst_1", {}, {"metadata": ["odd"]}).pairs == {}
    assert Live("assistant", "asst_1", {}, {}).pairs == {}
