"""Whose is what: by pinned id, by marker, by a marker of former days; and what is left alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model import Address, Desired, Live
from reconciler.plan.ownership import DuplicatePolicy, Ownership, claim, is_copy, is_ours, managed
from support.lives import applied, marked, stranger, wanted
from support.world import WHERE

OTHER_STACK = replace(WHERE, stack="umbrella")
STAGING = replace(WHERE, environment="staging")


def claimed(desired: list[Desired], live: list[Live]) -> dict[str, str | None]:
    """Which object each manifest got."""
    found = claim(desired, live, WHERE)
    return {one.desired.address.key: one.live.id if one.live else None for one in found.claims}


def objected(found: Ownership) -> list[tuple[str, str]]:
    return [(objection.code, str(objection.address)) for objection in found.objections]


def ids(live: tuple[Live, ...]) -> list[str]:
    return [one.id for one in live]


def test_a_manifest_gets_the_object_that_carries_its_address() -> None:
    assert claimed([wanted("a"), wanted("b")], [applied(wanted("b"), "asst_b"), stranger()]) == {
        "a": None,
        "b": "asst_b",
    }


def test_what_no_manifest_wants_is_an_orphan_and_what_nobody_stamped_is_unmanaged() -> None:
    found = claim([], [applied(wanted("a")), stranger()], WHERE)

    assert (ids(found.orphans), ids(found.unmanaged), ids(found.ours)) == (["asst_1"], ["asst_9"], ["asst_1"])


@pytest.mark.parametrize(
    ("live", "ours", "copy"),
    [
        (applied(wanted("a")), True, False),
        (stranger(), False, False),
        (applied(wanted("a"), where=STAGING), False, False),
        (applied(wanted("a"), where=OTHER_STACK), False, False),
        (replace(applied(wanted("a")), id="asst_copy"), False, True),
        (marked(applied(wanted("a")), id=None), True, False),
        (replace(applied(wanted("a"), where=STAGING), id="asst_copy"), False, False),
    ],
    ids=["ours", "nobody's", "other environment", "other stack", "a copy", "not updated yet", "a copy elsewhere"],
)
def test_ours_is_what_carries_our_marker_and_is_no_copy(live: Live, ours: bool, copy: bool) -> None:
    assert (is_ours(live, WHERE), is_copy(live, WHERE)) == (ours, copy)


def test_a_former_name_of_the_stack_is_still_ours() -> None:
    where = replace(OTHER_STACK, former_stacks=("acme",))
    live = applied(wanted("a"))

    (found,) = claim([wanted("a")], [live], where).claims

    assert (found.ours, found.previous) == (True, live.marker)


def test_ours_are_listed_by_address() -> None:
    live = [applied(wanted("b"), "asst_2"), stranger(), applied(wanted("a"), "asst_3"), applied(wanted("a"), "asst_1")]

    assert [(one.address.key, one.id) for one in managed(live, WHERE)] == [
        ("a", "asst_1"),
        ("a", "asst_3"),
        ("b", "asst_2"),
    ]


# renames


def test_a_former_key_hands_its_object_over() -> None:
    live = applied(wanted("old"))

    found = claim([wanted("new", own={"was": ["old"]})], [live], WHERE)

    assert [(one.live, one.previous) for one in found.claims] == [(live, live.marker)]
    assert found.orphans == ()


def test_a_former_key_that_is_live_beside_the_key_is_objected_to() -> None:
    live = [applied(wanted("new"), "asst_new"), applied(wanted("old"), "asst_old")]

    found = claim([wanted("new", own={"was": ["old"]})], live, WHERE)

    assert objected(found) == [("renamed-twice", "assistant.new")]
    assert "old (asst_old)" in found.objections[0].message
    assert {address.key for address in found.objections[0].holds} == {"new", "old"}


def test_two_former_keys_that_are_live_are_objected_to_and_none_is_touched() -> None:
    live = [applied(wanted("older"), "asst_1"), applied(wanted("old"), "asst_2")]

    found = claim([wanted("new", own={"was": ["older", "old"]})], live, WHERE)

    assert objected(found) == [("duplicate", "assistant.new")]
    assert "forget assistant.old assistant.older" in found.objections[0].remedy
    assert found.orphans == ()


# duplicates


def test_two_objects_with_one_address_are_objected_to_and_none_is_touched() -> None:
    live = [applied(wanted("a"), "asst_1"), applied(wanted("a"), "asst_2")]

    found = claim([wanted("a")], live, WHERE)

    assert objected(found) == [("duplicate", "assistant.a")]
    assert "asst_1, asst_2" in found.objections[0].message
    assert (
        "`reconciler forget assistant.a`, then name the one to keep: `id: {production: asst_1}`"
        in found.objections[0].remedy
    )
    assert found.orphans == ()


@pytest.mark.parametrize(
    ("resolve", "surplus", "codes"),
    [
        (DuplicatePolicy(), [], ["duplicate"]),
        (DuplicatePolicy(equal=True), ["asst_2"], ["duplicate"]),
        (DuplicatePolicy(named=frozenset({"asst_3"})), ["asst_3"], ["duplicate"]),
        (DuplicatePolicy(equal=True, named=frozenset({"asst_3"})), ["asst_2", "asst_3"], []),
    ],
    ids=["not asked for", "equal ones", "named ones", "both"],
)
def test_twins_go_only_where_that_is_asked_for(resolve: DuplicatePolicy, surplus: list[str], codes: list[str]) -> None:
    twins = [applied(wanted("a"), "asst_1"), applied(wanted("a"), "asst_2"), applied(wanted("a"), "asst_3", name="x")]

    found = claim([wanted("a")], twins, WHERE, resolve)

    assert (ids(found.surplus), [objection.code for objection in found.objections]) == (surplus, codes)
    assert [one.live.id for one in found.claims if one.live] == ["asst_1"]


@pytest.mark.parametrize("desired", [[], [wanted("b", own={"id": {"production": "asst_1"}})]], ids=["", "pinned"])
def test_objects_that_no_manifest_wants_and_that_differ_may_be_somebodys_copies(desired: list[Desired]) -> None:
    found = claim(desired, [applied(wanted("a"), "asst_1"), applied(wanted("a"), "asst_2", name="mine")], WHERE)

    (objection,) = found.objections
    assert (objection.code, objection.holds) == ("duplicate", {Address("assistant", "a")})
    assert objection.message == "2 live objects have this address and differ: asst_1, asst_2."
    assert "keep all of them: `reconciler forget assistant.a`" in objection.remedy


def test_equal_objects_that_no_manifest_wants_are_nobodys_work() -> None:
    found = claim([], [applied(wanted("a"), "asst_1"), applied(wanted("a"), "asst_2")], WHERE)

    assert (objected(found), ids(found.orphans)) == ([], ["asst_1", "asst_2"])


def test_a_copy_is_noted_and_left_alone() -> None:
    copy = replace(applied(wanted("a")), id="asst_copy")

    found = claim([wanted("a")], [applied(wanted("a")), copy], WHERE)

    assert found.notes == ("asst_copy is a copy of assistant.a (asst_1); it is left alone.",)
    assert (objected(found), ids(found.unmanaged)) == ([], ["asst_copy"])


def test_a_metadata_entry_that_only_looks_like_a_marker_is_noted() -> None:
    found = claim([], [replace(stranger(), odd_marker=True), applied(wanted("b"), "asst_b", where=STAGING)], WHERE)

    assert found.notes == ("asst_9 has a metadata entry `reconciler` that is not a marker; it is left alone.",)
    assert ids(found.unmanaged) == ["asst_9", "asst_b"]


# pinned ids


def pinned(key: str, id: str, **own: object) -> Desired:
    return wanted(key, own={"id": {"production": id}, **own})


def test_a_pinned_id_adopts() -> None:
    (found,) = claim([pinned("a", "asst_9")], [stranger()], WHERE).claims

    assert (found.live, found.ours, found.previous) == (stranger(), False, None)


def test_a_pinned_id_that_is_not_live_is_never_created() -> None:
    found = claim([pinned("a", "asst_gone")], [stranger()], WHERE)

    assert [(one.live, one.creatable) for one in found.claims] == [(None, False)]
    assert objected(found) == [("id-not-found", "assistant.a")]
    assert "asst_gone" in found.objections[0].message


def test_a_pinned_id_that_is_not_live_leaves_what_carries_the_address_alone() -> None:
    live = [applied(wanted("a"), "asst_1"), applied(wanted("old"), "asst_2")]

    found = claim([pinned("a", "asst_gone", was=["old"])], live, WHERE)

    assert (found.orphans, found.unmanaged) == ((), ())


@pytest.mark.parametrize(
    ("live", "codes"),
    [
        (applied(wanted("z"), "asst_9", where=OTHER_STACK), ["other-stack"]),
        (applied(wanted("z"), "asst_9", where=STAGING), ["other-environment"]),
        (replace(applied(wanted("z")), id="asst_9"), []),
    ],
    ids=["another stack", "another environment", "a copy of ours"],
)
def test_a_pinned_id_of_somebody_else_is_objected_to(live: Live, codes: list[str]) -> None:
    found = claim([pinned("a", "asst_9")], [live], WHERE)

    assert [objection.code for objection in found.objections] == codes
    assert all("is managed by" in objection.message for objection in found.objections)
    assert [one.ours for one in found.claims] == [False]


def test_a_pinned_id_of_ours_under_another_key_is_a_rename() -> None:
    live = applied(wanted("b"), "asst_b")

    found = claim([pinned("a", "asst_b"), wanted("b")], [live], WHERE)

    assert [(one.live, one.previous) for one in found.claims] == [(live, live.marker), (None, None)]
    assert found.orphans == ()


def test_a_pinned_id_beside_an_object_with_the_address_is_a_duplicate() -> None:
    found = claim([pinned("a", "asst_9")], [stranger(), applied(wanted("a"))], WHERE)

    assert objected(found) == [("duplicate", "assistant.a")]
    assert (found.orphans, found.unmanaged) == ((), ())


def test_forgetting_both_and_naming_one_ends_a_duplicate() -> None:
    found = claim([pinned("a", "asst_2")], [stranger("asst_1"), stranger("asst_2")], WHERE)

    assert [one.live for one in found.claims] == [stranger("asst_2")]
    assert objected(found) == []


def test_a_pinned_id_beside_an_object_with_a_former_key_is_objected_to() -> None:
    found = claim([pinned("new", "asst_9", was=["old"])], [stranger(), applied(wanted("old"))], WHERE)

    assert objected(found) == [("renamed-twice", "assistant.new")]
    assert {address.key for address in found.objections[0].holds} == {"new", "old"}


def test_a_pinned_id_that_carries_a_former_key_is_that_rename() -> None:
    live = applied(wanted("old"))

    found = claim([pinned("new", "asst_1", was=["old"])], [live], WHERE)

    assert [(one.live, one.previous) for one in found.claims] == [(live, live.marker)]
    assert objected(found) == []


def test_a_twin_that_differs_is_named_with_the_way_to_delete_it() -> None:
    twins = [applied(wanted("a"), "asst_1"), applied(wanted("a"), "asst_3", name="x")]

    (objection,) = claim([wanted("a")], twins, WHERE, DuplicatePolicy(equal=True)).objections

    assert objection.remedy.startswith(
        "remove the metadata entry `reconciler` from each that is somebody's copy;"
        " `--delete-duplicate asst_3` deletes one although it differs; or"
    )
