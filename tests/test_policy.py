"""What a pass may do without anybody: what the policy says, and never a conflict, a delete or what is objected to."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import equal
from reconciler.emulator import Settings
from reconciler.model import (
    Change,
    Desired,
    Difference,
    Done,
    Failed,
    Live,
    Outcome,
    Plan,
    Skipped,
    Stale,
    Unsettled,
)
from reconciler.paths import at, show
from reconciler.plan.guards import Limits, PlanContext
from reconciler.plan.make import make_plan
from reconciler.plan.policy import (
    DRIFT,
    EDITS,
    Policy,
    PolicySplit,
    Waits,
    due,
    permits,
    pieces,
    scheduled_run,
    split_by_policy,
    split_for_revert,
)
from support.bodies import bodies
from support.lives import KIND, applied, marked, stranger, wanted
from support.world import EVERY_SERVER, WHERE, World, desired, run

NOTHING, BACK, ALL = Policy(), Policy(frozenset({DRIFT})), Policy(frozenset({DRIFT, EDITS}))
ONLY_EDITS = Policy(frozenset({EDITS}))
HR = {"key": "hr", "name": "HR", "instructions": "Be kind."}


def planned(*sides: tuple[Desired | None, Live | None], **more: Any) -> Plan:
    return make_plan([one for one, _ in sides if one], [live for _, live in sides if live], WHERE, **more)


def drifted(**moved: Any) -> tuple[Desired, Live]:
    one = wanted(**HR)
    return one, applied(one, **(moved or {"instructions": "Be rude."}))


def edited(**moved: Any) -> tuple[Desired, Live]:
    return wanted(**{**HR, "instructions": "Be brief."}), applied(wanted(**HR), **moved)


def divided(plan: Plan, policy: Policy, edits_wait: str | None = None) -> tuple[list[str], dict[str, str]]:
    """What would be done, and what is left with the reason, by key."""
    return split(plan, split_by_policy(plan, policy, Waits(edits_wait)))


def split(plan: Plan, found: PolicySplit) -> tuple[list[str], dict[str, str]]:
    """The same of a plan that was divided."""
    fields = [[field.path for change in changes for field in change.fields] for changes in (plan.changes, _all(found))]
    assert sorted(fields[0]) == sorted(fields[1])
    assert found.ready.standing == ()
    ready = [change.address.key for change in found.ready.changes]
    return ready, {left.change.address.key: left.why for left in found.to_review}


def _all(found: PolicySplit) -> list[Change]:
    return [*found.ready.changes, *(left.change for left in found.to_review)]


def paths(changes: Iterable[Change]) -> list[list[str]]:
    return [[show(field.path) for field in change.fields] for change in changes]


# drift


def test_without_a_policy_nothing_is_done() -> None:
    assert divided(planned(drifted()), NOTHING) == ([], {"hr": "`reconcile.apply` does not include `drift`"})


def test_drift_is_put_back_where_the_policy_says_so() -> None:
    assert divided(planned(drifted()), BACK) == (["hr"], {})


def test_to_allow_edits_does_not_allow_drift() -> None:
    assert divided(planned(drifted()), ONLY_EDITS) == ([], {"hr": "`reconcile.apply` does not include `drift`"})


def test_of_drift_beside_an_edit_the_policy_decides_what_is_done() -> None:
    plan = planned(edited(temperature=0.3))

    for policy, waits, done in (
        (BACK, None, "temperature"),
        (ONLY_EDITS, None, "instructions"),
        (ALL, "its apply failed", "temperature"),
    ):
        found = split_by_policy(plan, policy, Waits(waits))
        assert paths(found.ready.changes) == [[done]]
        assert paths(left.change for left in found.to_review) == [
            [{"temperature", "instructions"}.difference({done}).pop()]
        ]
    assert divided(plan, BACK)[1] == {"hr": "`reconcile.apply` does not include `edits`"}
    assert divided(plan, ONLY_EDITS)[1] == {"hr": "`reconcile.apply` does not include `drift`"}
    assert divided(plan, ALL, "its apply failed")[1] == {"hr": "its apply failed"}
    assert paths(split_by_policy(plan, ALL).ready.changes) == [["instructions", "temperature"]]


def test_drift_that_cannot_be_put_back_without_an_edit_beside_it_is_left() -> None:
    schema, tool = {"type": "json_schema", "json_schema": {"name": "x"}}, {"type": "code_interpreter"}
    one = wanted(key="hr", response_format=schema)
    stamps = [applied(side).marker for side in (wanted(key="hr", tools=[tool]), one)]
    digests = {name: value for stamp in stamps if stamp for name, value in stamp.digests.items()}
    live = applied(one, response_format="auto", tools=[tool])
    plan = planned((one, marked(live, digests={**digests, "tools": stamps[0].digests["tools"] if stamps[0] else ""})))

    assert {field.path[0]: field.cause for field in plan.changes[0].fields} == {
        "response_format": "drift",
        "tools": "edit",
    }
    ready, left = divided(plan, BACK)
    assert ready == []
    assert left["hr"].startswith("some of it was edited in Git and some of it drifted")


def test_a_member_that_drifted_beside_one_that_was_edited_is_put_back() -> None:
    def tool(name: str) -> dict[str, Any]:
        return {"type": "function", "function": {"name": name}}

    before = wanted(key="hr", tools=[tool("a"), {"type": "code_interpreter"}])
    plan = planned(
        (wanted(key="hr", tools=[tool("b"), {"type": "code_interpreter"}]), applied(before, tools=[tool("a")]))
    )

    assert {one.cause for one in plan.changes[0].fields} == {"drift", "edit"}
    assert paths(split_by_policy(plan, BACK).ready.changes) == [["tools.code_interpreter"]]


def test_what_only_travels_with_drift_is_no_edit() -> None:
    one = wanted(key="hr", temperature=0.2)
    plan = planned((one, applied(one, model="o3-mini", reasoning_effort="high", temperature=None)))

    assert {field.cause for field in plan.changes[0].fields} == {"drift", "edit"}
    assert divided(plan, BACK) == (["hr"], {})


def test_what_travels_with_an_edit_is_no_drift() -> None:
    before = wanted(key="hr", model="o3-mini", reasoning_effort="high")
    plan = planned((wanted(key="hr"), applied(before)))

    assert divided(plan, BACK)[0] == []
    assert divided(plan, ALL)[0] == ["hr"]


def test_a_new_rule_on_removal_is_an_edit() -> None:
    one = wanted(**HR, own={"on_removal": "refuse"})
    plan = planned((one, applied(wanted(**HR), instructions="Be rude.")))

    assert paths(split_by_policy(plan, BACK).ready.changes) == [["instructions"]]
    assert divided(plan, BACK)[1] == {"hr": "`reconcile.apply` does not include `edits`"}


def test_drift_that_git_has_taken_over_meanwhile_is_nothing_to_do() -> None:
    live = applied(wanted(**HR), instructions="Be brief.")
    plan = planned((wanted(**{**HR, "instructions": "Be brief."}), live))

    assert plan.changes == ()
    assert split_by_policy(plan, BACK).ready.marks == ()
    assert split_by_policy(plan, ALL).ready.marks == plan.marks != ()


def test_drift_beside_something_that_is_the_same_on_both_sides_by_now_is_put_back() -> None:
    live = applied(wanted(**HR), instructions="Be brief.", temperature=0.3)
    plan = planned((wanted(**{**HR, "instructions": "Be brief."}), live))

    assert divided(plan, BACK)[0] == ["hr"]


# edits


@pytest.mark.parametrize(
    "sides",
    [
        edited(),
        (wanted(**HR), None),
        (wanted(**HR, own={"id": "asst_9"}), stranger("asst_9")),
        (wanted(**HR, own={"was": ["old"]}), applied(wanted(**{**HR, "key": "old"}))),
    ],
    ids=["edit", "create", "adopt", "rename"],
)
def test_what_git_says_waits_for_an_apply_unless_the_policy_says_edits(sides: tuple[Desired, Live | None]) -> None:
    plan = planned(sides)

    assert divided(plan, BACK) == ([], {"hr": "`reconcile.apply` does not include `edits`"})
    assert divided(plan, ALL) == (["hr"], {})
    assert divided(plan, ALL, "its apply failed") == ([], {"hr": "its apply failed"})


def test_a_rename_of_what_drifted_wants_both() -> None:
    live = applied(wanted(**{**HR, "key": "old"}), instructions="Be rude.")
    plan = planned((wanted(**HR, own={"was": ["old"]}), live))

    assert permits(plan.changes[0]) == {DRIFT, EDITS}
    assert divided(plan, ONLY_EDITS) == ([], {"hr": "`reconcile.apply` does not include `drift`"})
    assert divided(plan, NOTHING)[1] == {"hr": "`reconcile.apply` does not include `edits`"}


def test_drift_goes_on_while_edits_wait() -> None:
    it = wanted(key="it")
    plan = planned(drifted(), (it, None))

    assert divided(plan, ALL, "its apply failed") == (["hr"], {"it": "its apply failed"})
    assert split_by_policy(plan, ALL, Waits("its apply failed")).ready.marks == ()


def test_markers_are_not_refreshed_while_an_objection_stands() -> None:
    agreed = (wanted(key="a", name="x"), applied(wanted(key="a"), "asst_2", name="x"))
    conflict = (wanted(**{**HR, "instructions": "Be brief."}), applied(wanted(**HR), instructions="Be rude."))

    assert split_by_policy(planned(agreed, conflict), ALL).ready.marks == ()
    assert len(split_by_policy(planned(agreed), ALL).ready.marks) == 1


# never


def test_a_delete_is_never_done() -> None:
    plan = planned((None, applied(wanted(**HR))), (wanted(key="it"), applied(wanted(key="it"), "asst_2")))

    assert divided(plan, ALL) == ([], {"hr": "a deletion always needs review"})


def test_nothing_is_let_go_of() -> None:
    gone = applied(wanted(**HR, own={"on_removal": "keep"}))
    plan = planned((None, gone), (wanted(key="it"), applied(wanted(key="it"), "asst_2")))

    assert divided(plan, ALL)[1] == {"hr": "forgetting always needs review"}


def test_a_conflict_is_never_done_whatever_was_allowed() -> None:
    sides = (wanted(**{**HR, "instructions": "Be brief."}), applied(wanted(**HR), instructions="Be rude."))

    for allow in (frozenset(), frozenset({"conflict"})):
        ready, left = divided(planned(sides, allow=allow), ALL)
        assert ready == []
        assert left["hr"].startswith("it changed in Git and on the server: choose which of the two applies")


def test_what_nobody_can_tell_is_never_done() -> None:
    one, live = drifted()
    plan = planned((one, marked(live, form=99)))

    assert divided(plan, ALL) == ([], {"hr": "the cause is unknown: review it"})


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"limits": Limits(changes=0)}, "too-many-changes"),
        ({"facts": PlanContext(behind=frozenset({"asst_1"}))}, "outdated-checkout"),
    ],
)
def test_what_an_objection_holds_back_is_never_done(more: dict[str, Any], code: str) -> None:
    one, live = drifted()
    plan = planned((one, marked(live, commit="1a2b3c4d5e6f")), **more)

    assert divided(plan, ALL) == ([], {"hr": f"blocked: {code}"})


def test_everything_that_speaks_against_it_is_said() -> None:
    gone = applied(wanted(**HR, own={"on_removal": "refuse"}))
    plan = planned((None, gone), (wanted(key="it"), applied(wanted(key="it"), "asst_2")))

    assert divided(plan, ALL)[1]["hr"] == "a deletion always needs review; blocked: refused-removal"


def test_a_change_without_a_marker_or_a_manifest_is_judged_by_its_causes() -> None:
    (change,) = planned(edited(temperature=0.3)).changes

    assert permits(replace(change, live=None)) == permits(replace(change, desired=None)) == {DRIFT, EDITS}


# what it came to


def _ready(number: int = 1) -> tuple[PolicySplit, tuple[Change, ...]]:
    sides = []
    for key in range(number):
        one = wanted(key=f"k{key}")
        sides.append((one, applied(one, f"asst_{key}", name="drifted")))
    division = split_by_policy(planned(*sides), BACK)
    return division, division.ready.changes


def test_what_is_done_is_not_left() -> None:
    division, (change,) = _ready()

    found = scheduled_run(division, [Done(change, "asst_0")], [change], "RUN")

    assert found.is_well
    assert found.overwrote == (change,)
    assert found.run == "RUN"


@pytest.mark.parametrize(
    ("outcome", "why", "is_written"),
    [
        (lambda c: Failed(c, "500"), "it failed: 500", True),
        (lambda c: Failed(c, "it may have been created", in_doubt=True), "it may have been created", True),
        (lambda c: Stale(c, "asst_0", "it moved"), "it was not done: it moved", False),
        (lambda c: Skipped(c, "interrupted"), "it was not done: interrupted", False),
        (
            lambda c: Unsettled(c, "asst_0", (Difference(("name",), "a", "b"),)),
            "it was written, but the server's response differs",
            True,
        ),
    ],
)
def test_what_was_tried_and_is_not_done_is_left(outcome: Any, why: str, is_written: bool) -> None:
    division, (change,) = _ready()
    became: Outcome = outcome(change)

    found = scheduled_run(division, [became], [change])

    assert [left.why for left in found.to_review] == [why]
    assert not found.is_well
    assert found.overwrote == ((change,) if is_written else ())


def test_what_became_of_it_nobody_knows_is_left_and_told_as_written() -> None:
    division, (change,) = _ready()

    found = scheduled_run(division, [], [change])

    assert [left.why for left in found.to_review] == ["it was not done"]
    assert found.overwrote == (change,)


def test_a_change_that_comes_to_two_outcomes_has_the_last() -> None:
    division, (change,) = _ready()

    assert scheduled_run(division, [Failed(change, "500"), Done(change, "asst_0")], [change]).is_well


def test_what_is_left_stands_in_the_order_of_addresses() -> None:
    division, changes = _ready(3)

    found = scheduled_run(division, [Failed(change, "no") for change in reversed(changes)])

    assert [left.change.address.key for left in found.to_review] == ["k0", "k1", "k2"]


def test_an_objection_to_nothing_that_changes_leaves_something_to_look_at() -> None:
    plan = planned((wanted(**HR, own={"id": "asst_77"}), None))

    found = scheduled_run(split_by_policy(plan, ALL))

    assert [o.code for o in found.objections] == ["id-not-found"]
    assert not found.is_well


# laws

GROUPS = (
    ("name",),
    ("description",),
    ("instructions",),
    ("tools", "tool_resources"),
    ("response_format",),
    ("model", "temperature", "top_p", "reasoning_effort"),
)
groups = st.sets(st.sampled_from(GROUPS), max_size=3)


async def _moved(world: World, one: Live, by: dict[str, Any], names: set[tuple[str, ...]]) -> None:
    """Somebody sets some fields in a dashboard, as far as the server takes them."""
    (other,) = desired(by)
    body = {name: KIND.wire(name, other.fields[name], None) for group in names for name in group}
    with suppress(AssertionError):
        await world.by_hand("POST", f"/assistants/{one.id}", body)


@given(bodies(), bodies(), st.booleans(), bodies(), groups, groups, st.sampled_from(EVERY_SERVER))
def test_a_pass_never_writes_an_edit_and_changes_no_cause_of_what_it_leaves(
    before: dict[str, Any],
    after: dict[str, Any],
    is_edited: bool,
    elsewhere: dict[str, Any],
    moved: set[tuple[str, ...]],
    moved_too: set[tuple[str, ...]],
    settings: Settings,
) -> None:
    async def story() -> None:
        world = World(settings)
        applied_once = desired(before, before)
        await world.settle(applied_once)
        one, other = await world.live()
        await _moved(world, one, elsewhere, moved)
        await _moved(world, other, elsewhere, moved_too)
        wanted_now = desired(after if is_edited else before, before)
        found = split_by_policy(await world.plan(wanted_now), BACK)
        outcomes = await world.apply(found.ready)
        again = split_by_policy(await world.plan(wanted_now), BACK)

        said = {one.address: one.fields for one in applied_once}
        for change in found.ready.changes:
            assert change.desired is not None
            for field in change.fields:
                assert field.path in change.desired.left_to_server or equal(
                    field.after, at(said[change.address][field.path[0]], field.path[1:])
                )
        if all(isinstance(outcome, Done) for outcome in outcomes):
            assert again.ready.changes == ()
            assert [(left.change.digest, left.why) for left in again.to_review] == [
                (left.change.digest, left.why) for left in found.to_review
            ]
            assert [left.change.fields for left in again.to_review] == [left.change.fields for left in found.to_review]

    run(story)


# drift that waits, and what holds everything


def test_drift_waits_by_its_change_and_edits_do_not() -> None:
    plan = planned(drifted(), (wanted("new", name="New"), None))
    (change,) = [one for one in plan.changes if one.address.key == "hr"]

    found = split_by_policy(plan, ALL, Waits(drift={change.digest: "tomorrow"}))

    assert split(plan, found) == (["new"], {"hr": "tomorrow"})
    assert split(plan, split_by_policy(plan, ALL, Waits(drift={"another": "tomorrow"})))[1] == {}


def test_drift_that_waits_keeps_no_edit_beside_it_from_being_done() -> None:
    plan = planned(edited(temperature=0.3))
    drift, _ = pieces(plan)

    found = split_by_policy(plan, ALL, Waits(drift={drift.digest: "tomorrow"}))

    assert paths(found.ready.changes) == [["instructions"]]
    assert [(paths([left.change]), left.why) for left in found.to_review] == [([["temperature"]], "tomorrow")]


def test_a_hold_stops_everything_and_what_is_left_anyway_keeps_its_reason() -> None:
    plan = planned(drifted(), (wanted("new", name="New"), None))

    ready, left = split(plan, split_by_policy(plan, BACK, Waits(everything="held")))

    assert ready == []
    assert left == {"hr": "held", "new": "`reconcile.apply` does not include `edits`"}
    assert split_by_policy(plan, ALL, Waits(everything="held")).ready.marks == ()


def test_drift_that_somebody_wants_back_is_put_back_whatever_the_policy_says() -> None:
    it = wanted("it", name="IT", instructions="Be kind.")
    plan = planned(drifted(), (it, applied(it, id="asst_2", instructions="Be rude.")), (wanted("new", name="N"), None))
    hr = frozenset(change.address for change in plan.changes if change.address.key in ("hr", "new"))

    ready, left = split(plan, split_for_revert(plan, BACK, hr))

    assert ready == ["hr"]
    assert left["it"] == "it was not requested here; the next scheduled run may apply it"
    assert "edits" in left["new"]
    assert split(plan, split_for_revert(plan, NOTHING, hr))[1]["it"] == "`reconcile.apply` does not include `drift`"


def test_drift_is_due_so_long_after_it_was_told() -> None:
    now = datetime(2026, 11, 27, 5, 17, tzinfo=UTC)

    assert due(None, 3600, now) == now + timedelta(hours=1)
    assert due(now - timedelta(hours=2), 3600, now) == now - timedelta(hours=1)
