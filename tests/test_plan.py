"""All desired against all live: what is done, in which order, under which digests."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.canonical import digest
from reconciler.model import Address, Desired, Difference, Live, Plan
from reconciler.plan.changes import Summary, fingerprint, live_digest, tally
from reconciler.plan.guards import PlanContext
from reconciler.plan.make import forgetting, make_plan, only_drift, select
from reconciler.plan.policy import Policy, split_by_policy
from support.lives import applied, causes, marked, stranger, wanted
from support.world import WHERE, names

CODE, SEARCH = {"type": "code_interpreter"}, {"type": "file_search"}


def planned(desired: list[Desired], live: list[Live], **options: Any) -> Plan:
    return make_plan(desired, live, WHERE, **options)


def address(key: str) -> Address:
    return Address("assistant", key)


def narrowed(plan: Plan, *keys: str, globbed: tuple[str, ...] = ()) -> Plan:
    return select(plan, [address(key) for key in (*keys, *globbed)], exactly=frozenset(map(address, keys)))


# what becomes of each


def test_each_manifest_and_each_object_of_ours_comes_to_one_thing() -> None:
    desired = [
        wanted("same"),
        wanted("new"),
        wanted("edited", name="x"),
        wanted("renamed", own={"was": ["former"]}),
        wanted("adopted", own={"id": {"production": "asst_9"}}),
    ]
    live = [
        stranger(name="by hand"),
        stranger("asst_0", name="unmanaged"),
        applied(wanted("same"), "asst_same"),
        applied(wanted("edited"), "asst_edited"),
        applied(wanted("former"), "asst_former"),
        applied(wanted("gone"), "asst_gone"),
        applied(wanted("let-go", own={"on_removal": "keep"}), "asst_keep"),
    ]

    plan = planned(desired, live)

    assert names(plan.changes) == [
        "adopt assistant.adopted",
        "update assistant.edited",
        "delete assistant.gone",
        "forget assistant.let-go",
        "create assistant.new",
        "rename assistant.renamed",
    ]
    assert (plan.unchanged, plan.unmanaged, plan.ours) == (1, 1, 5)
    assert tally(plan.changes) == Summary(add=1, change=3, destroy=1, imports=1, forget=1)


def test_a_create_sends_what_is_no_default_and_nothing_that_is_left_to_the_server() -> None:
    (change,) = planned([wanted("a", model="o3-mini", name="x", description="", top_p=None)], []).changes

    assert change.patch == {"model": "o3-mini", "name": "x"}
    assert (change.id, change.seen, change.live) == (None, None, None)


def test_a_create_states_what_is_ignored_afterwards() -> None:
    (change,) = planned([wanted("a", temperature=0, own={"ignore_changes": ["temperature"]})], []).changes

    assert change.patch["temperature"] == 0


def test_a_pinned_id_that_is_gone_plans_nothing() -> None:
    plan = planned([wanted("a", own={"id": {"production": "asst_gone"}})], [])

    assert (plan.changes, plan.unchanged) == ((), 0)
    assert [objection.code for objection in plan.objections] == ["id-not-found"]


def test_a_rename_tells_the_former_key_and_the_former_stack() -> None:
    where = replace(WHERE, stack="umbrella", former_stacks=("acme",))

    (moved,) = make_plan([wanted("a")], [applied(wanted("a"))], where).changes
    (both,) = make_plan([wanted("b", own={"was": ["a"]})], [applied(wanted("a"))], where).changes
    (renamed,) = planned([wanted("b", own={"was": ["a"]})], [applied(wanted("a"))]).changes

    assert [(c.action, c.previous_key, c.previous_stack) for c in (moved, both, renamed)] == [
        ("rename", "a", "acme"),
        ("rename", "a", "acme"),
        ("rename", "a", None),
    ]


def test_another_rule_of_removal_is_a_change_of_its_own() -> None:
    live = applied(wanted("a"))

    (change,) = planned([wanted("a", own={"on_removal": "keep"})], [live]).changes

    assert (change.action, change.patch) == ("update", {})
    assert causes(change.fields) == {"reconciler.on_removal": "edit"}
    assert [(f.before, f.after) for f in change.fields] == [("delete", "keep")]


def test_an_adoption_says_nothing_of_what_nobody_remembered() -> None:
    (change,) = planned([wanted("a", own={"id": {"production": "asst_9"}, "on_removal": "keep"})], [stranger()]).changes

    assert (change.action, change.fields) == ("adopt", ())


def test_a_doomed_object_shows_what_goes_and_one_that_is_kept_shows_nothing() -> None:
    live = [applied(wanted("a", name="x")), applied(wanted("b", own={"on_removal": "keep"}), "asst_2")]

    delete, forget = planned([], live).changes

    assert [(f.path, f.before) for f in delete.fields] == [(("model",), "gpt-4o"), (("name",), "x")]
    assert forget.fields == ()


def test_both_sides_agree_and_the_marker_does_not() -> None:
    stale = marked(applied(wanted("a")), digests={})
    one = wanted("b", own={"ignore_changes": ["temperature"]})

    plan = planned([wanted("a"), one], [stale, applied(wanted("b"), "asst_2")])

    assert (plan.changes, plan.unchanged) == ((), 2)
    assert [mark.address.key for mark in plan.marks] == ["a", "b"]


@pytest.mark.parametrize("other", [{"nonce": "n2"}, {"commit": "abc+dirty"}, {"id": None}])
def test_a_marker_of_another_run_needs_no_refreshing(other: dict) -> None:
    assert planned([wanted("a")], [marked(applied(wanted("a")), **other)]).marks == ()


def test_a_conflict_names_its_fields_and_holds_its_change_alone() -> None:
    live = [applied(wanted("a", name="x", tools=[CODE]), name="z", tools=[]), applied(wanted("b"), "asst_2")]

    plan = planned([wanted("a", name="y", tools=[CODE, SEARCH]), wanted("b", name="new")], live)

    assert [(o.code, str(o.address)) for o in plan.objections] == [("conflict", "assistant.a")]
    assert plan.objections[0].message.startswith("`name` changed in Git and in the live object")
    assert names(plan.ready) == ["update assistant.b"]


def test_notes_say_what_is_not_seen_in_the_changes() -> None:
    odd = replace(stranger(), odd_marker=True)
    older = applied(wanted("b", name="x"), "asst_2")
    assert older.marker is not None
    known = {field: value for field, value in older.marker.digests.items() if field != "name"}

    plan = planned(
        [wanted("a", own={"id": {"production": "asst_9"}}), wanted("b", name="y")], [odd, marked(older, digests=known)]
    )

    assert plan.notes == (
        "asst_9 has a metadata entry `reconciler` that is not a marker; adopting overwrites it.",
        "assistant.b: `name` was not managed by the version that applied last.",
    )


def test_what_the_server_did_not_keep_is_no_change_and_told() -> None:
    live = applied(wanted("a", name="HR"), name="kept")

    plan = planned([wanted("a", name="HR")], [marked(live, unsettled={"name": digest("kept", 6)})])

    assert (plan.changes, plan.marks, plan.unchanged) == ((), (), 1)
    (mismatch,) = plan.mismatches
    assert (mismatch.address, mismatch.differences) == (
        Address("assistant", "a"),
        (Difference(("name",), "HR", "kept"),),
    )


def test_a_narrowed_plan_tells_only_what_differs_in_what_was_asked_for() -> None:
    live = [
        marked(applied(wanted(key, name="HR"), id=f"asst_{key}", name="kept"), unsettled={"name": digest("kept", 6)})
        for key in "ab"
    ]
    plan = planned([wanted("a", name="HR"), wanted("b", name="HR")], live)
    a = Address("assistant", "a")

    assert [one.address.key for one in plan.mismatches] == ["a", "b"]
    assert [one.address.key for one in select(plan, [a], exactly=frozenset()).mismatches] == ["a"]
    assert only_drift(plan).mismatches == plan.mismatches


def test_notes_stay_when_a_plan_is_narrowed() -> None:
    one, other = wanted("a", name="x"), wanted("b", name="y")
    older = applied(other, id="asst_2", name="moved")
    assert older.marker is not None
    known = {field: value for field, value in older.marker.digests.items() if field != "name"}
    plan = planned(
        [one, other],
        [applied(one), marked(older, digests=known)],
        facts=PlanContext(unknown_history=("A shallow clone.",)),
    )
    a = Address("assistant", "a")

    assert plan.notes == ("A shallow clone.", "assistant.b: `name` was not managed by the version that applied last.")
    for narrowed in (
        select(plan, [a], exactly=frozenset({a})),
        only_drift(plan),
        split_by_policy(plan, Policy()).ready,
    ):
        assert (narrowed.selected, narrowed.notes) == (True, plan.notes)


def test_the_oldest_of_two_comes_first_and_the_order_of_arrival_does_not_matter() -> None:
    one = wanted("a", name="x")
    young, old = applied(wanted("a"), "asst_1", created_at=2), applied(wanted("a"), "asst_2", created_at=1)

    plans = [planned([one], live) for live in ([young, old], [old, young])]

    assert plans[0] == plans[1]
    assert plans[0].changes[0].id == "asst_2"


# narrowing


def whole_plan() -> Plan:
    desired = [wanted("hr-new", name="n"), wanted("hr-edit", name="x"), wanted("b", own={"was": ["a"]}), wanted("same")]
    live = [
        applied(wanted("hr-edit"), "asst_1"),
        applied(wanted("hr-gone"), "asst_2"),
        applied(wanted("a"), "asst_3"),
        applied(wanted("other-gone"), "asst_4"),
        marked(applied(wanted("same"), "asst_5"), digests={}),
    ]
    return planned(desired, live)


def test_keys_narrow_a_plan_and_globs_take_no_deletes() -> None:
    plan = whole_plan()
    hr = ("hr-new", "hr-edit", "hr-gone")

    assert names(narrowed(plan, globbed=hr).changes) == ["update assistant.hr-edit", "create assistant.hr-new"]
    assert names(narrowed(plan, *hr).changes) == [
        "update assistant.hr-edit",
        "delete assistant.hr-gone",
        "create assistant.hr-new",
    ]


def test_a_former_key_names_its_rename() -> None:
    assert names(narrowed(whole_plan(), "a").changes) == ["rename assistant.b"]
    assert narrowed(whole_plan(), "hr-new").changes[0].address == address("hr-new")


def test_a_narrowed_plan_keeps_its_marks_its_figures_and_what_speaks_against_it() -> None:
    plan = whole_plan()
    assert [o.code for o in plan.objections] == ["too-many-deletes"]

    gone, same = narrowed(plan, "hr-gone"), narrowed(plan, "same")

    assert [o.code for o in gone.objections] == ["too-many-deletes"]
    assert (same.objections, [mark.address.key for mark in same.marks], same.unchanged) == ((), ["same"], 1)
    assert (gone.selected, gone.marks) == (True, ())


def test_an_objection_without_a_change_stays_where_its_address_is_named() -> None:
    plan = planned([wanted("a", own={"id": {"production": "asst_gone"}})], [])

    assert [o.code for o in narrowed(plan, "a").objections] == ["id-not-found"]


def test_drift_alone_leaves_out_what_git_changed() -> None:
    desired = [wanted("a", name="new", temperature=1), wanted("b"), wanted("c", name="git")]
    live = [
        applied(wanted("a"), "asst_1", temperature=0.5),
        applied(wanted("c", name="was"), "asst_3", name="hand"),
    ]
    plan = planned(desired, live)

    drift = only_drift(plan)

    assert [(c.address.key, causes(c.fields), dict(c.patch)) for c in drift.changes] == [
        ("a", {"temperature": "drift"}, {"temperature": 1}),
        ("c", {"name": "conflict"}, {"name": "git"}),
    ]
    assert [o.code for o in drift.objections] == ["conflict"]
    assert (drift.selected, drift.marks) == (True, ())


def test_drift_alone_is_what_the_same_plan_without_an_edit_would_be() -> None:
    live = [applied(wanted("a"), temperature=0.5)]

    (told,) = only_drift(planned([wanted("a", name="new")], live)).changes
    (pure,) = planned([wanted("a")], live).changes

    assert (told.digest, told.patch, told.hidden) == (pure.digest, pure.patch, pure.hidden)


def test_forgetting_lets_go_of_what_is_named_and_does_nothing_else() -> None:
    live = [
        applied(wanted("a"), "asst_2", created_at=1),
        applied(wanted("a"), "asst_1", created_at=2),
        applied(wanted("b"), "asst_3"),
        stranger(),
    ]

    plan = forgetting(planned([], live), live, WHERE, [address("a")])

    assert [(c.action, c.address.key, c.id, c.fields, c.patch) for c in plan.changes] == [
        ("forget", "a", "asst_1", (), {}),
        ("forget", "a", "asst_2", (), {}),
    ]
    assert (plan.objections, plan.marks, plan.selected) == ((), (), True)


# digests


def test_what_was_seen_covers_the_body_and_the_owner_but_neither_run_nor_commit() -> None:
    live = applied(wanted("a"))

    assert live_digest(live) == live_digest(marked(live, nonce="n2", commit="abc", digests={}, id=None))
    assert (
        len(
            {
                live_digest(live),
                live_digest(marked(live, key="b")),
                live_digest(applied(wanted("a"), name="x")),
                live_digest(stranger()),
            }
        )
        == 4
    )


def test_the_same_change_has_the_same_fingerprint_whatever_the_run() -> None:
    one = wanted("a", name="new")
    plan = planned([one], [applied(wanted("a"))])

    assert fingerprint(plan) == fingerprint(planned([one], [marked(applied(wanted("a")), nonce="n2", commit="abc")]))


def different() -> list[Plan]:
    one, live = wanted("a", name="new"), applied(wanted("a"))
    return [
        planned([one], [live]),
        planned([wanted("a", name="other")], [live]),
        planned([one], [applied(wanted("a"), "asst_2")]),
        planned([one], [applied(wanted("a", name="x"))]),
        planned([one], []),
        planned([], [live]),
        *(
            make_plan([one], [live], replace(WHERE, **{field: "other"}))
            for field in ("base_url", "provider", "project")
        ),
        make_plan([one], [live], replace(WHERE, stack="other", former_stacks=("acme",))),
    ]


def test_another_change_or_another_place_has_another_fingerprint() -> None:
    found = [fingerprint(plan) for plan in different()]

    assert len(set(found)) == len(found)


def test_absent_and_null_are_told_apart_by_a_digest() -> None:
    live = applied(wanted("a"), metadata={"x": None})
    assert live.fields["metadata"] == {}  # the server's way to say that it is not there

    plans = [planned([], [applied(wanted("a", name=name))]) for name in ("null", "x")]
    assert len({plan.changes[0].digest for plan in plans}) == 2


def test_figures_count_a_changing_import_twice() -> None:
    pinned = {"id": {"production": "asst_9"}}

    assert tally(planned([wanted("a", own=pinned)], [stranger()]).changes) == Summary(imports=1)
    assert tally(planned([wanted("a", name="x", own=pinned)], [stranger()]).changes) == Summary(imports=1, change=1)
    assert tally([]) == Summary()


_SCRIPT = """
import sys
from support.lives import applied, stranger, wanted
from support.world import WHERE
from reconciler.plan.make import make_plan
from reconciler.render import FORMATS, Style, document

metadata = {f"k{n}": "v" for n in range(12)}
tools = [{"type": "function", "function": {"name": f"f{n}"}} for n in range(9)]
desired = [wanted(f"a{n}", metadata=metadata, tools=tools) for n in range(5)] + [wanted("hr", name="HR")]
live = [applied(wanted(f"a{n}"), f"asst_{n}", metadata={"x": "y"}, tools=tools[:n]) for n in range(9)]
live += [stranger(f"asst_s{n}", name="HR") for n in range(5)]
for style in FORMATS:
    sys.stdout.write(FORMATS[style](document(make_plan(desired, live, WHERE)), Style()))
"""


@pytest.mark.no_cover
def test_a_plan_is_the_same_bytes_under_every_hash_seed() -> None:
    tests = str(Path(__file__).parent)
    shown = [
        subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": tests},
            cwd=Path(__file__).parent.parent,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert shown[0] == shown[1]
    assert shown[0].count(b"possible-duplicate") > 1
