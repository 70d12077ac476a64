"""Single changes: what each sends, and the digest by which a review knows it again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.apply.engine import RunContext
from reconciler.canonical import ABSENT
from reconciler.model import Action, Address, Change, Desired, FieldChange, Live
from reconciler.paths import read, show
from reconciler.plan.changes import (
    change_digest,
    creation,
    live_digest,
    narrow,
    parted,
    removal,
    updated,
)
from reconciler.plan.diff import compare, result
from reconciler.plan.guards import conflict
from reconciler.plan.make import make_plan
from support.lives import KIND, applied, causes, marked, stamped, stranger, wanted
from support.world import WHERE

A = Address("assistant", "a")


def update(**moved: Any) -> Change:
    one = wanted(description="new")
    live = applied(wanted(), **moved)
    compared = compare(one, live, KIND, live.marker)
    return updated("update", one, live, compared, WHERE)


def test_a_create_sends_what_is_stated_and_no_default() -> None:
    made = creation(wanted(model="o3-mini", name="A", metadata={}, temperature=None), KIND)

    assert dict(made.patch) == {"model": "o3-mini", "name": "A"}
    assert (made.id, made.seen, made.live) == (None, None, None)


def test_an_update_sends_what_differs_and_remembers_what_was_seen() -> None:
    found = update()

    assert dict(found.patch) == {"description": "new"}
    assert found.live is not None
    assert found.seen == live_digest(found.live, found.desired)
    assert (found.hidden, found.previous_key, found.previous_stack) == (len(KIND.fields) - 1, None, None)


@pytest.mark.parametrize(("stack", "named"), [("acme", None), ("old", "old")])
def test_a_rename_says_what_it_was_called(stack: str, named: str | None) -> None:
    one, live = wanted("new"), marked(applied(wanted("old")), stack=stack)
    compared = compare(one, live, KIND, live.marker)
    found = updated("rename", one, live, compared, WHERE, live.marker)

    assert (found.previous_key, found.previous_stack) == ("old", named)


def test_a_delete_shows_everything_that_goes_and_letting_go_nothing() -> None:
    live = applied(wanted(name="A"))

    assert [change.path for change in removal("delete", live).fields] == [("model",), ("name",)]
    assert removal("forget", live).fields == ()
    assert (removal("delete", live).address, stranger("asst_9").address) == (
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
    (found,) = conflict(A, [*fields, FieldChange(("name",), 1, 2, "edit")])

    assert found.message == "`tools` changed in Git and in the live object since the last apply."
    assert (found.address, found.holds) == (A, {A})
    assert not list(conflict(A, [FieldChange(("name",), 1, 2, "drift")]))


def test_what_an_object_remembers_of_its_removal_is_a_change_of_ours_alone() -> None:
    one = wanted(own={"on_removal": "keep"})
    live = applied(wanted())

    assert compare(one, live, KIND, live.marker).fields == (
        FieldChange(("reconciler", "on_removal"), "delete", "keep", "edit"),
    )
    assert compare(one, live, KIND, None).fields == ()
    assert compare(wanted(), live, KIND, live.marker).fields == ()


def test_what_was_seen_is_the_body_and_the_owner_less_what_is_left_to_others() -> None:
    mine = wanted(model="o3-mini", own={"ignore_changes": ["description", "metadata.seen"]})

    def of(**moved: Any) -> str:
        return live_digest(applied(mine, **moved), mine)

    assert of() == of(description="x", metadata={"seen": "1"}, reasoning_effort="low")
    assert len({of(), of(name="x"), of(metadata={"other": "1"}), live_digest(stranger(model="o3-mini"), mine)}) == 4
    assert live_digest(applied(mine)) != live_digest(applied(mine, description="x"))


# one part of a change at a time


def tool(name: str, **more: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


def written(head: Desired, live: Live, *paths: str) -> tuple[dict[str, str], dict[str, str]]:
    """Who moved what, before and after only these paths are written."""
    (change,) = make_plan([head], [live], WHERE).changes
    own = narrow(change, [read(path) for path in paths])
    assert own is not None
    assert own.desired is not None
    assert [show(field.path) for field in own.fields] == list(paths)
    marker = RunContext("n2").marker(WHERE, own.desired, live, own.patch)
    after = stamped(replace(own.desired, fields=result(own.desired, live, KIND)), marker, live.id)
    left = make_plan([head], [after], WHERE).changes
    return causes(change.fields), causes(left[0].fields) if left else {}


def coarse(live: Live) -> Live:
    """The object with a marker in which there was no room for members."""
    assert live.marker is not None
    digests = {name: value for name, value in live.marker.digests.items() if not name.startswith("#")}
    return marked(live, digests=digests)


TOOLS = wanted(name="A", tools=[tool("x"), tool("y")], metadata={"team": "people"})
MORE = wanted(name="A", tools=[tool("x", description="new"), tool("y")], metadata={"team": "people"})
EDITED = wanted(name="B", tools=[tool("x", description="new"), tool("y", description="new")], metadata={"team": "law"})
HOTFIX = {"tools": [tool("x"), tool("y", description="hotfix")]}
X, Y = "tools.functions.x.description", "tools.functions.y.description"
PARTS: dict[str, tuple[Desired, Live, list[str]]] = {
    "drift of a field": (wanted(name="B"), applied(wanted(name="A"), top_p=0.5), ["name"]),
    "an edit of a field": (wanted(name="B", top_p=0.5), applied(wanted(name="A")), ["name"]),
    "a conflict of a field": (wanted(name="B", top_p=0.5), applied(wanted(name="A"), top_p=0.7), ["name"]),
    "a field that no digest is of": (
        wanted(name="B", top_p=0.5),
        marked(applied(wanted(name="A")), digests={"name": applied(wanted(name="A")).marker.digests["name"]}),  # type: ignore[union-attr]  # it is stamped
        ["name"],
    ),
    "drift of a tool": (MORE, applied(TOOLS, **HOTFIX), [X]),
    "edits of tools": (EDITED, applied(TOOLS), [X]),
    "a conflict of a tool": (EDITED, applied(TOOLS, **HOTFIX), [X]),
    "a tool that goes": (wanted(name="A", tools=[tool("z")]), applied(TOOLS), ["tools.functions.z"]),
    "a pair of metadata": (EDITED, applied(TOOLS, metadata={"team": "people", "x": "y"}), [X, "metadata.team"]),
    "another list of what is ignored": (
        wanted(name="B", top_p=0.5, own={"ignore_changes": ["description"]}),
        applied(wanted(name="A")),
        ["name"],
    ),
    "a rule for its removal": (
        wanted(name="B", own={"on_removal": "keep"}), applied(wanted(name="A"), top_p=0.5), ["name"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PARTS)
def test_what_is_held_is_attributed_afterwards_as_it_was_before(name: str) -> None:
    head, live, paths = PARTS[name]

    before, after = written(head, live, *paths)

    assert after == {path: cause for path, cause in before.items() if path not in paths}
    assert after


def test_where_members_had_no_room_the_whole_field_says_who_moved() -> None:
    drift = written(MORE, coarse(applied(TOOLS, **HOTFIX)), X)
    edits = written(EDITED, coarse(applied(TOOLS)), X)
    fields = {X: "conflict", Y: "conflict"}

    assert drift == (fields, {Y: "conflict"})
    assert edits == (
        {**dict.fromkeys((X, Y, "name", "metadata.team"), "edit")},
        dict.fromkeys((Y, "name", "metadata.team"), "edit"),
    )
    undone = coarse(applied(MORE, tools=[tool("x"), tool("y", description="hotfix")]))
    assert written(MORE, undone, X) == ({X: "drift", Y: "drift"}, {Y: "drift"})


def test_what_an_adoption_holds_is_an_edit_of_what_it_found() -> None:
    pinned = wanted(
        name="B", top_p=0.5, tools=[tool("x", description="new"), tool("y")], own={"id": {"production": "asst_9"}}
    )

    before, after = written(pinned, stranger(name="A", tools=[tool("y", description="old")]), "name")

    assert set(before.values()) == {"adoption"}
    assert after == {"top_p": "edit", "tools.functions.x": "edit", Y: "edit"}


def test_a_part_of_everything_is_the_change_itself_and_one_of_nothing_is_none() -> None:
    change = update()

    assert narrow(change, [("description",)]) is change
    assert narrow(change, []) is None
    assert parted(change, []) == (None, change)
    assert parted(change, [("description",)]) == (change, None)
    gone = removal("delete", applied(wanted()))
    assert parted(gone, []) == (gone, None)


def test_a_part_tells_what_its_own_schemas_mean() -> None:
    def asking(*names: str) -> list[dict[str, Any]]:
        schema = {"type": "object", "properties": {}, "required": ["city"]}
        return [{"type": "function", "function": {"name": name, "parameters": schema}} for name in names]

    lenient = {"parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
    live = applied(wanted(tools=[{"type": "function", "function": {"name": name, **lenient}} for name in "xy"]))
    (change,) = make_plan([wanted(tools=asking("x", "y"))], [live], WHERE).changes

    own = narrow(
        change,
        [path for path, _ in change.meanings if path[2] == "x"]
        + [("tools", "functions", "x", "parameters", "required")],
    )

    assert own is not None
    assert {path[2] for path, _ in change.meanings} == {"x", "y"}
    assert {path[2] for path, _ in own.meanings} == {"x"}
