"""What a change brings, told apart from what is pending anyway."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from lives import applied, marked, stranger, wanted
from world import WHERE

from reconciler.fingerprint import fingerprint
from reconciler.model import Base, Desired, Live, Plan
from reconciler.origin import as_live, split, unseen
from reconciler.paths import show
from reconciler.plan import make_plan

BASE = Base("main", "1a2b3c")
A = wanted(name="A")
B = wanted("b", name="B")
KEPT = wanted(name="A", own={"on_removal": "keep"})


def compared(head: Iterable[Desired], base: Iterable[Desired], live: Iterable[Live]) -> Plan:
    return split(make_plan(head, live, WHERE), make_plan(base, live, WHERE), BASE)


def origins(plan: Plan) -> dict[str, str | None]:
    """Where each field comes from; of what has none, the change itself."""
    return {
        f"{change.address.key}.{show(field.path)}": field.origin
        for change in plan.changes
        for field in change.fields
        if change.action not in ("create", "delete")
    } | {
        f"{change.action} {change.address.key}": change.origin
        for change in plan.changes
        if change.action in ("create", "delete") or not change.fields
    }


def test_an_edit_of_this_change_is_told_from_drift_of_the_same_object() -> None:
    plan = compared([wanted(name="A", temperature=0.5)], [A], [applied(A, top_p=0.3)])

    assert origins(plan) == {"a.temperature": "change", "a.top_p": "pending"}


def test_an_edit_that_main_has_too_is_pending_anyway() -> None:
    edited = wanted(name="A", temperature=0.5)

    assert origins(compared([edited], [edited], [applied(A)])) == {"a.temperature": "pending"}


def test_another_value_for_what_was_pending_is_of_this_change() -> None:
    plan = compared([wanted(name="A", temperature=0.7)], [wanted(name="A", temperature=0.5)], [applied(A)])

    assert origins(plan) == {"a.temperature": "change"}


@pytest.mark.parametrize(
    ("head", "base", "live", "told"),
    [
        ([A, B], [A], [applied(A)], {"create b": "change"}),
        ([A, B], [A, B], [applied(A)], {"create b": "pending"}),
        ([A, B], [A, wanted("b", name="other")], [applied(A)], {"create b": "change"}),
        ([], [A], [applied(A)], {"delete a": "change"}),
        ([], [], [applied(A)], {"delete a": "pending"}),
    ],
    ids=["a new manifest", "one that main has", "one that main has otherwise", "a manifest taken away", "an orphan"],
)
def test_what_comes_and_goes(head: list[Desired], base: list[Desired], live: list[Live], told: dict[str, str]) -> None:
    assert origins(compared(head, base, live)) == told


def test_an_adoption_and_a_rename_are_of_the_side_that_asks_for_them() -> None:
    pinned = wanted(name="S", own={"id": {"production": "asst_9"}})
    renamed = wanted("b", name="A", own={"was": ["a"]})

    adopted = compared([pinned], [], [stranger(name="S")]).changes[0]
    anyway = compared([pinned], [pinned], [stranger(name="S")]).changes[0]
    assert (adopted.action, adopted.origin, anyway.origin) == ("adopt", "change", "pending")
    moved = compared([renamed], [A], [applied(A)]).changes[0]
    assert (moved.action, moved.origin) == ("rename", "change")
    assert compared([renamed], [renamed], [applied(A)]).changes[0].origin == "pending"


def test_a_pending_field_that_this_change_agrees_with_is_told() -> None:
    live = [applied(A, top_p=0.3, temperature=0.2)]

    plan = compared([wanted(name="A", top_p=0.3, temperature=0.2)], [A], live)

    assert plan.changes == ()
    assert plan.notes == (
        "assistant.a: `temperature`, `top_p` are pending without this change, and no longer with it.",
    )
    half = compared([wanted(name="A", top_p=0.3)], [A], live)
    assert half.notes == ("assistant.a: `top_p` is pending without this change, and no longer with it.",)


def test_what_was_pending_for_something_that_goes_is_not_told() -> None:
    plan = compared([], [A], [applied(A, top_p=0.3)])

    assert (origins(plan), plan.notes) == ({"delete a": "change"}, ())


@pytest.mark.parametrize(
    ("head", "base", "live", "told"),
    [
        ([A], [A, B], [applied(A)], "assistant.b: it is to be created"),
        ([A], [], [applied(A)], "assistant.a: it is to be destroyed"),
        ([wanted(name="A", top_p=0.3)], [], [applied(A)], "assistant.a: it is to be destroyed"),
        (
            [],
            [wanted(name="S", own={"id": {"production": "asst_9"}})],
            [stranger()],
            "assistant.a: it is to be adopted",
        ),
        ([KEPT], [], [applied(KEPT)], "assistant.a: it is to be let go of"),
    ],
    ids=["a create", "a delete", "a delete that becomes an edit", "an adoption", "letting go"],
)
def test_what_was_to_happen_and_this_change_takes_back_is_told(
    head: list[Desired], base: list[Desired], live: list[Live], told: str
) -> None:
    assert compared(head, base, live).notes == (f"{told} without this change, and no longer with it.",)


def test_a_pending_create_that_this_change_does_otherwise_is_no_note() -> None:
    assert compared([wanted("b", name="other")], [B], []).notes == ()


def test_an_objection_says_whether_it_stands_anyway() -> None:
    edited = wanted(name="B")
    conflict = [applied(A, name="C")]

    anyway = compared([edited], [edited], conflict).objections
    ours = compared([edited], [A], conflict).objections

    assert [(o.code, o.origin) for o in anyway] == [("conflict", "pending")]
    assert [(o.code, o.origin) for o in ours] == [("conflict", "change")]


def test_the_split_changes_no_fingerprint() -> None:
    head, live = [wanted(name="A", temperature=0.5)], [applied(A, top_p=0.3)]

    assert fingerprint(compared(head, [A], live)) == fingerprint(make_plan(head, live, WHERE))


def test_over_the_bases_manifests_everything_is_of_this_change_and_no_id_is_named() -> None:
    kept, ignoring = wanted("c", own={"on_removal": "keep"}), wanted("d", own={"ignore_changes": ["model"]})
    base = [A, B, kept, ignoring]
    live = as_live(base, WHERE)

    same = unseen(compared(base, base, live), "no key")
    plan = unseen(compared([wanted(name="A2"), wanted("new")], base, live), "no key")

    assert (same.changes, same.marks, same.offline) == ((), (), "no key")
    assert {(change.action, change.address.key, change.id) for change in plan.changes} == {
        ("update", "a", None),
        ("create", "new", None),
        ("delete", "b", None),
        ("forget", "c", None),
        ("delete", "d", None),
    }
    assert set(origins(plan).values()) == {"change"}


def test_an_object_of_another_stack_is_no_part_of_it() -> None:
    theirs = marked(applied(A), stack="theirs")

    assert compared([], [], [theirs]).changes == ()
