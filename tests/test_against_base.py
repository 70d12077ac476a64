"""What a change brings, told apart from what was pending already."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from reconciler.model import Base, Change, Desired, Live, Plan
from reconciler.paths import show
from reconciler.plan.against_base import as_live, part, split, unseen
from reconciler.plan.changes import fingerprint
from reconciler.plan.guards import Limits
from reconciler.plan.make import make_plan
from support.lives import applied, marked, stranger, wanted
from support.world import WHERE

BASE = Base("main", "1a2b3c")
A = wanted(name="A")
B = wanted("b", name="B")
NONE = Limits()
KEPT = wanted(name="A", own={"on_removal": "keep"})


def compared(head: Iterable[Desired], base: Iterable[Desired], live: Iterable[Live]) -> Plan:
    return split(make_plan(head, live, WHERE), make_plan(base, live, WHERE), BASE)


def brought(head: Iterable[Desired], base: Iterable[Desired], live: Iterable[Live], limits: Limits = NONE) -> Plan:
    """The part that the change brings."""
    plans = [make_plan(side, live, WHERE, limits=limits) for side in (head, base)]
    return part(split(*plans, BASE), limits)


def told(changes: Iterable[Change]) -> list[tuple[str, list[str]]]:
    """Each change with its paths."""
    return [(f"{one.action} {one.address.key}", [show(field.path) for field in one.fields]) for one in changes]


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
        ([KEPT], [], [applied(KEPT)], "assistant.a: it is to be forgotten"),
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


# the part that a change brings

FUNCTION = {"type": "function", "function": {"name": "find"}}
OTHER = {"type": "function", "function": {"name": "order"}}


def test_a_part_is_what_the_change_brings_and_the_rest_stays_beside_it() -> None:
    whole = [wanted(name="A", temperature=0.5), B]

    plan = brought(whole, [A], [applied(A, top_p=0.3)])

    assert told(plan.changes) == [("update a", ["temperature"]), ("create b", ["model", "name"])]
    assert told(plan.rest) == [("update a", ["top_p"])]
    assert (plan.changes[0].patch, plan.changes[0].hidden) == ({"temperature": 0.5}, 10)
    assert (plan.applies, plan.changes[0].origin, plan.rest[0].origin) == ("change", "change", "pending")


def test_a_change_of_no_manifest_does_nothing_whatever_is_pending() -> None:
    live = [
        applied(A, top_p=0.3),
        applied(wanted("gone"), "asst_2"),
        applied(wanted("c", name="C"), "asst_3", name="X"),
    ]
    head = [A, B, wanted("c", name="D")]

    plan = brought(head, head, live)

    assert (plan.changes, plan.marks, plan.objections, fingerprint(plan)) == (
        (), (), (), fingerprint(brought([A], [A], [applied(A)])),
    )  # fmt: skip
    assert [name for name, _ in told(plan.rest)] == ["update a", "create b", "update c", "delete gone"]
    assert [(o.code, o.origin) for o in plan.rest_objections] == [("conflict", "pending")]


def test_pending_tools_and_metadata_are_sent_back_as_they_are_live() -> None:
    base = wanted(tools=[FUNCTION], metadata={"team": "people", "tier": "1"})
    head = wanted(tools=[FUNCTION, OTHER], metadata={"team": "people", "tier": "2"})
    hotfix = {"type": "function", "function": {"name": "find", "description": "hotfix"}}
    live = applied(
        base, tools=[hotfix, {"type": "code_interpreter"}], metadata={"team": "legal", "tier": "1", "x": "y"}
    )

    plan = brought([head], [base], [live])

    assert told(plan.changes) == [("update a", ["tools.functions.order", "metadata.tier"])]
    assert plan.changes[0].patch["metadata"] == {"team": "legal", "tier": "2", "x": "y"}
    sent = plan.changes[0].patch["tools"]
    assert isinstance(sent, list)
    assert {str(tool) for tool in sent} == {str(one) for one in (hotfix, OTHER, {"type": "code_interpreter"})}
    assert plan.notes == ()


def test_a_function_comes_back_where_git_has_none_any_more() -> None:
    base, live = wanted(tools=[FUNCTION]), applied(wanted(tools=[FUNCTION, OTHER]))

    plan = brought([wanted(metadata={"x": "1"})], [wanted()], [live])
    taken = brought([wanted()], [base], [live])

    assert (told(plan.changes), plan.changes[0].patch) == ([("update a", ["metadata.x"])], {"metadata": {"x": "1"}})
    assert taken.changes[0].patch == {"tools": [OTHER]}


@pytest.mark.parametrize(
    ("head", "base", "live", "named"),
    [
        ({"instructions": "x, pushed and reviewed"}, {"instructions": "x, pushed"}, {}, "`instructions`"),
        ({"name": "C", "top_p": 0.3}, {"name": "B", "top_p": 0.2}, {}, "`name`, `top_p`"),
        ({"instructions": "x, pushed"}, {"instructions": "x, pushed"}, {}, ""),
        ({"instructions": "x, reviewed"}, {"instructions": "x"}, {"instructions": "hotfix"}, ""),
    ],
    ids=["an edit", "two", "the same edit", "drift"],
)
def test_an_edit_that_was_never_applied_and_is_edited_again_is_named(
    head: dict, base: dict, live: dict, named: str
) -> None:
    was = {"name": "A", "instructions": "x"}
    plan = brought([wanted(**(was | head))], [wanted(**(was | base))], [applied(wanted(**was), **live)])

    said = f"assistant.a: an earlier edit of {named} was never applied; what is left of it comes along."
    assert list(plan.notes) == ([said] if named else [])


def test_a_field_that_is_written_whole_carries_along_what_is_pending_in_it_and_says_so() -> None:
    def schema(**more: str) -> Desired:
        return wanted(response_format={"type": "json_schema", "json_schema": {"name": "x", **more}})

    base, head = schema(description="a"), schema(description="a", strict=True)
    live = applied(base, response_format={"type": "json_schema", "json_schema": {"name": "x", "description": "hotfix"}})

    plan = brought([head], [base], [live])

    (change,) = plan.changes
    assert {show(field.path).rpartition(".")[2]: field.origin for field in change.fields} == {
        "description": "pending",
        "strict": "change",
    }
    assert [note.partition(" was pending already; ")[2] for note in plan.notes] == [
        "this change cannot be applied without it."
    ]
    assert plan.rest == ()


def test_what_the_server_would_not_take_alone_brings_the_field_that_it_needs() -> None:
    live = applied(wanted(model="o3-mini", reasoning_effort="high"), tools=[FUNCTION])
    base, head = wanted(name="A"), wanted(name="A", temperature=0.5)

    plan = brought([head], [base], [live])

    assert told(plan.changes) == [("update a", ["model", "temperature", "reasoning_effort"])]
    assert plan.notes == (
        "assistant.a: `model`, `reasoning_effort` were pending already; this change cannot be applied without them.",
    )
    assert told(plan.rest) == [("update a", ["name", "tools.functions.find"])]


def test_what_nothing_else_makes_sound_is_applied_whole() -> None:
    schema = {"type": "json_schema", "json_schema": {"name": "x"}}
    live = applied(wanted(model="o3-mini", response_format=schema))
    base, head = wanted(name="A"), wanted(name="A", temperature=0.5, tools=[{"type": "code_interpreter"}])

    plan = brought([head], [base], [live])

    assert plan.rest == ()
    assert {path for _, paths in told(plan.changes) for path in paths} >= {"name", "model", "response_format"}


def test_resources_travel_with_the_tools_that_bring_them_and_not_with_others() -> None:
    stores = {"file_search": {"vector_store_ids": ["vs_1"]}}
    base = wanted(tools=[FUNCTION, {"type": "file_search"}], tool_resources=stores)
    live = applied(base, tool_resources={"file_search": {"vector_store_ids": ["vs_hotfix"]}})
    head = wanted(tools=[FUNCTION, OTHER, {"type": "file_search"}], tool_resources=stores)
    gone = wanted(tools=[FUNCTION])

    assert told(brought([head], [base], [live]).changes) == [("update a", ["tools.functions.order"])]
    assert told(brought([gone], [base], [live]).changes) == [
        ("update a", ["tools.file_search", "tool_resources.file_search"])
    ]


def test_a_rename_belongs_to_the_change_that_makes_it_also_where_the_same_object_drifted() -> None:
    renamed = wanted("b", name="A", own={"was": ["a"]})
    live = [applied(A, top_p=0.3)]

    plan = brought([renamed], [A], live)

    assert (told(plan.changes), plan.changes[0].origin) == ([("rename b", [])], "change")
    assert [(c.action, c.previous_key, [show(f.path) for f in c.fields]) for c in plan.rest] == [
        ("update", None, ["top_p"])
    ]
    after = brought([renamed], [renamed], [marked(live[0], key="b")])
    assert plan.rest[0].digest == after.rest[0].digest


@pytest.mark.parametrize(
    ("own", "live", "said"),
    [
        ({"was": ["a"]}, applied(A), "its rename was pending already and comes along with this change."),
        ({"id": {"production": "asst_9"}}, stranger(name="A"), "its adoption was pending already and comes along"),
        ({}, None, "its creation was pending already and comes along with this change."),
    ],
)
def test_what_the_changed_fields_need_comes_along_and_is_named(own: dict, live: Live | None, said: str) -> None:
    base, head = wanted("b", name="A", own=own), wanted("b", name="A", temperature=0.5, own=own)

    plan = brought([head], [base], [live] if live else [])

    assert len(plan.changes) == 1
    assert plan.notes[-1].startswith(f"assistant.b: {said}")
    assert "temperature" in told(plan.changes)[0][1]


def test_a_stranger_does_not_block_what_does_not_touch_it() -> None:
    live = [applied(A, name="X", top_p=0.3), applied(B, "asst_2")]
    base = [wanted(name="Y"), B]

    plan = brought([wanted(name="Y"), wanted("b", name="new")], base, live)
    same = brought([wanted(name="Y", temperature=0.5), B], base, live)
    other = brought([wanted(name="Z"), B], base, live)

    assert (plan.objections, [o.code for o in plan.rest_objections]) == ((), ["conflict"])
    assert (same.objections, [o.code for o in same.rest_objections]) == ((), ["conflict"])
    assert [(o.code, o.origin) for o in other.objections] == [("conflict", "change")]


def test_a_conflict_that_is_carried_along_is_of_the_part_and_stood_before() -> None:
    pinned = {"type": "json_schema", "json_schema": {"name": "x", "description": "a"}}
    base = wanted(response_format=pinned | {"json_schema": {"name": "x", "description": "b"}})
    head = wanted(
        temperature=0.5, response_format=pinned | {"json_schema": {"name": "x", "description": "b", "strict": True}}
    )
    live = applied(
        wanted(response_format=pinned), response_format=pinned | {"json_schema": {"name": "x", "description": "c"}}
    )

    assert [(o.code, o.origin) for o in brought([head], [base], [live]).objections] == [("conflict", "change")]


def test_limits_count_what_the_change_does() -> None:
    keys = "abcdefgh"
    live = [applied(wanted(key), f"asst_{key}") for key in keys]
    kept = [wanted(key) for key in keys[3:]]

    plan = brought(kept[1:], kept, live, Limits(changes=2))

    assert (told(plan.changes)[0][0], plan.objections) == ("delete d", ())
    assert [o.code for o in plan.rest_objections] == ["too-many-changes", "too-many-deletes"]
    assert "3 of 8" in plan.rest_objections[1].message
    mine = brought([], kept, live, Limits(changes=2))
    assert {o.code: o.origin for o in mine.objections} == {
        "no-manifests": "change", "too-many-changes": "change", "too-many-deletes": "change",
    }  # fmt: skip
    assert all({address.key for address in o.holds} == set("defgh") for o in mine.objections)


def test_an_objection_without_a_change_belongs_to_the_side_that_brings_it() -> None:
    gone = wanted(own={"id": {"production": "asst_none"}})

    ours, theirs = brought([gone], [], []), brought([gone], [gone], [])

    assert ([o.code for o in ours.objections], ours.rest_objections) == (["id-not-found"], ())
    assert (theirs.objections, [o.code for o in theirs.rest_objections]) == ((), ["id-not-found"])


def test_a_marker_is_refreshed_by_the_change_that_agrees_with_what_is_live() -> None:
    hotfix, stale = applied(A, top_p=0.3), marked(applied(B, "asst_2"), digests={})

    plan = brought([wanted(name="A", top_p=0.3), B], [A, B], [hotfix, stale])

    assert [mark.address.key for mark in plan.marks] == ["a"]


def test_what_is_taken_away_or_let_go_belongs_to_the_change_whole() -> None:
    live = [applied(KEPT, top_p=0.3), applied(B, "asst_2", name="X")]

    assert told(brought([], [KEPT, B], live).changes)[0] == ("forget a", [])
    assert [name for name, _ in told(brought([], [], live).rest)] == ["forget a", "delete b"]
