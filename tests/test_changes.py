"""Single changes: what each sends, and the digest by which a review knows it again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lives import KIND, applied, marked, stranger, wanted
from world import WHERE

from reconciler.canonical import ABSENT
from reconciler.changes import address_of, change_digest, conflict, creation, removal, seen, updated, with_removal
from reconciler.diff import compare
from reconciler.model import Action, Address, Change, FieldChange

A = Address("assistant", "a")


def update(**moved: Any) -> Change:
    one = wanted(description="new")
    live = applied(wanted(), **moved)
    compared = compare(one, live, KIND, live.marker)
    return updated("update", one, live, compared, WHERE, fields=compared.fields)


def test_a_create_sends_what_is_stated_and_no_default() -> None:
    made = creation(wanted(model="o3-mini", name="A", metadata={}, temperature=None), KIND)

    assert dict(made.patch) == {"model": "o3-mini", "name": "A"}
    assert (made.id, made.seen, made.live) == (None, None, None)


def test_an_update_sends_what_differs_and_remembers_what_was_seen() -> None:
    found = update()

    assert dict(found.patch) == {"description": "new"}
    assert found.live is not None
    assert found.seen == seen(found.live, found.desired)
    assert (found.hidden, found.previous_key, found.previous_stack) == (len(KIND.fields) - 1, None, None)


@pytest.mark.parametrize(("stack", "named"), [("acme", None), ("old", "old")])
def test_a_rename_says_what_it_was_called(stack: str, named: str | None) -> None:
    one, live = wanted("new"), marked(applied(wanted("old")), stack=stack)
    compared = compare(one, live, KIND, live.marker)
    found = updated("rename", one, live, compared, WHERE, fields=(), previous=live.marker)

    assert (found.previous_key, found.previous_stack) == ("old", named)


def test_a_delete_shows_everything_that_goes_and_letting_go_nothing() -> None:
    live = applied(wanted(name="A"))

    assert [change.path for change in removal("delete", live, KIND).fields] == [("model",), ("name",)]
    assert removal("forget", live, KIND).fields == ()
    assert (removal("delete", live, KIND).address, address_of(stranger("asst_9"))) == (
        A,
        Address("assistant", "asst_9"),
    )


@pytest.mark.parametrize(
    "other",
    [
        ("delete", A, "asst_1", ()),
        ("update", Address("assistant", "b"), "asst_1", ()),
        ("update", A, "asst_2", ()),
        ("update", A, None, ()),
        ("update", A, "asst_1", (FieldChange(("name",), None, "x", "edit"),)),
    ],
)
def test_a_digest_is_of_kind_key_id_action_and_values(
    other: tuple[Action, Address, str | None, tuple[FieldChange, ...]],
) -> None:
    assert change_digest("update", A, "asst_1", ()) != change_digest(*other)


def test_a_digest_tells_null_from_absent_and_not_who_moved() -> None:
    one = FieldChange(("name",), None, 1, "edit")

    assert change_digest("update", A, "i", [one]) != change_digest("update", A, "i", [replace(one, before=ABSENT)])
    assert change_digest("update", A, "i", [one]) != change_digest("update", A, "i", [replace(one, after=True)])
    assert change_digest("update", A, "i", [one]) == change_digest("update", A, "i", [replace(one, cause="drift")])
    assert change_digest("update", A, "i", [one]) == change_digest("update", A, "i", [replace(one, after=1.0)])


def test_a_conflict_names_each_field_once() -> None:
    fields = [FieldChange(("tools", name), 1, 2, "conflict") for name in "ab"]
    found = conflict(A, [*fields, FieldChange(("name",), 1, 2, "edit")])

    assert found is not None
    assert found.message == "`tools` changed in Git and in the live object since the last apply."
    assert (found.address, found.holds) == (A, {A})
    assert conflict(A, [FieldChange(("name",), 1, 2, "drift")]) is None


def test_what_an_object_remembers_of_its_removal_is_a_change_of_ours_alone() -> None:
    one = wanted(own={"on_removal": "keep"})
    live = applied(wanted())
    compared = compare(one, live, KIND, live.marker)

    assert with_removal(compared, one, live, ours=True) == (
        FieldChange(("reconciler", "on_removal"), "delete", "keep", "edit"),
    )
    assert with_removal(compared, one, live, ours=False) == ()
    assert with_removal(compared, one, stranger(), ours=True) == ()
    assert with_removal(compared, wanted(), live, ours=True) == ()


def test_what_was_seen_is_the_body_and_the_owner_less_what_is_left_to_others() -> None:
    mine = wanted(model="o3-mini", own={"ignore_changes": ["description", "metadata.seen"]})

    def of(**moved: Any) -> str:
        return seen(applied(mine, **moved), mine)

    assert of() == of(description="x", metadata={"seen": "1"}, reasoning_effort="low")
    assert len({of(), of(name="x"), of(metadata={"other": "1"}), seen(stranger(model="o3-mini"), mine)}) == 4
    assert seen(applied(mine)) != seen(applied(mine, description="x"))
