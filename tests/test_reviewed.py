"""A plan held against its review, as values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from reconciler.model import Base, Change, Desired, Live, Target
from reconciler.plan.against_base import part, split
from reconciler.plan.make import make_plan
from reconciler.plan.ownership import DuplicatePolicy
from reconciler.plan.reviewed import Review, environment_of, other_target, review
from reconciler.render import Style, document, read
from reconciler.render.document import render
from support.lives import applied, marked, stranger, wanted
from support.world import WHERE

OLD, NEW = wanted(name="A", metadata={"x": "1"}), wanted(name="A", temperature=0.5, metadata={"x": "2"})


def tool(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name}}


def saved(desired: list[Desired], live: list[Live], **options: Any) -> dict[str, Any]:
    return read(render(document(make_plan(desired, live, WHERE, **options)), Style()))


def held(
    before: tuple[list[Desired], list[Live]], now: tuple[list[Desired], list[Live]], **options: Any
) -> tuple[list[str], list[str], list[tuple[str, str | None]], list[str]]:
    """What is agreed, true already, moved (and to what), and not reviewed."""
    found: Review = review(make_plan(*now, WHERE, **options), saved(*before), now[1])
    return (
        [change.action for change in found.plan.changes],
        list(found.already),
        [(address, change.action if change is not None else None) for address, change in found.moved],
        [change.action for change in found.unreviewed],
    )


A = "assistant.a"
THEIRS = marked(applied(OLD), stack="theirs")
CASES: dict[str, tuple[Any, Any, Any]] = {
    "the same": (([NEW], [applied(OLD)]), ([NEW], [applied(OLD)]), (["update"], [], [], [])),
    "updated already": (([NEW], [applied(OLD)]), ([NEW], [applied(NEW)]), ([], [A], [], [])),
    "created already": (([NEW], []), ([NEW], [applied(NEW)]), ([], [A], [], [])),
    "created otherwise": (([NEW], []), ([OLD], [applied(OLD)]), ([], [], [(A, None)], [])),
    "created with more": (
        ([OLD], []),
        ([wanted(name="A", metadata={"x": "1"}, description="more")], [applied(OLD, description="more")]),
        ([], [], [(A, None)], []),
    ),
    "drifted": (([NEW], [applied(OLD)]), ([NEW], [applied(OLD, top_p=0.5)]), ([], [], [(A, "update")], [])),
    "edited": (([NEW], [applied(OLD)]), ([wanted(name="B")], [applied(OLD)]), ([], [], [(A, "update")], [])),
    "deleted meanwhile": (([NEW], [applied(OLD)]), ([NEW], []), ([], [], [(A, "create")], [])),
    "another id": (([NEW], [applied(OLD)]), ([NEW], [applied(OLD, "asst_2")]), ([], [], [(A, "update")], [])),
    "reset by hand": (([OLD], [applied(NEW)]), ([OLD], [applied(OLD)]), ([], [A], [], [])),
    "not wanted any more": (([NEW], [applied(OLD)]), ([], [applied(OLD)]), ([], [], [(A, "delete")], [])),
    "taken by another stack": (([NEW], [applied(OLD)]), ([NEW], [THEIRS]), ([], [], [(A, "create")], [])),
    "a delete done by hand": (([], [applied(OLD)]), ([], []), ([], [A], [], [])),
    "a delete of what another stack took": (([], [applied(OLD)]), ([], [THEIRS]), ([], [], [(A, None)], [])),
    "a delete of what is wanted again": (([], [applied(OLD)]), ([OLD], [applied(OLD)]), ([], [], [(A, None)], [])),
    "a delete of what was forgotten": (
        ([], [applied(OLD)]),
        ([], [stranger("asst_1")]),
        ([], [], [(A, None)], []),
    ),
    "forgotten by hand": (
        ([], [marked(applied(OLD), on_removal="keep")]),
        ([], [stranger("asst_1")]),
        ([], [A], [], []),
    ),
    "forgotten and still ours": (
        ([], [marked(applied(OLD), on_removal="keep")]),
        ([], [applied(OLD)]),
        ([], [], [(A, "delete")], []),
    ),
    "nobody reviewed": (([], []), ([NEW], []), ([], [], [], ["create"])),
    "on_removal": (
        ([wanted(own={"on_removal": "keep"})], [applied(wanted())]),
        ([wanted(own={"on_removal": "keep"})], [applied(wanted(own={"on_removal": "keep"}))]),
        ([], [A], [], []),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_reviewed_change_is_agreed_or_true_or_moved(name: str) -> None:
    before, now, found = CASES[name]

    assert held(before, now) == found


def test_a_twin_that_nobody_reviewed_is_told_beside_a_change_that_is_agreed() -> None:
    twins = [applied(OLD, created_at=1), applied(OLD, "asst_2", created_at=2)]
    planned = make_plan([NEW], twins, WHERE, resolve=DuplicatePolicy(equal=True))
    alone = read(render(document(make_plan([NEW], twins[:1], WHERE)), Style()))

    found = review(planned, alone, twins)

    assert [change.action for change in found.plan.changes] == ["update"]
    assert [(change.action, change.id) for change in found.unreviewed] == [("delete", "asst_2")]


def test_a_twin_that_is_gone_already_is_not_taken_for_the_change_beside_it() -> None:
    twins = [applied(OLD, created_at=1), applied(OLD, "asst_2", created_at=2)]
    both = read(render(document(make_plan([NEW], twins, WHERE, resolve=DuplicatePolicy(equal=True))), Style()))

    found = review(make_plan([NEW], twins[:1], WHERE), both, twins[:1])

    assert ([change.action for change in found.plan.changes], found.already, found.moved) == (["update"], (A,), ())


def test_what_a_plan_file_says_was_allowed_is_not() -> None:
    one, also = wanted("a", name="A"), stranger("asst_8", name="A")
    reviewed = saved([one], [also], allow=frozenset({"possible-duplicate"}))

    found = review(make_plan([one], [also], WHERE), reviewed, [also])
    again = review(make_plan([one], [also], WHERE, allow=frozenset({"possible-duplicate"})), reviewed, [also])

    assert [o.allowed for o in found.plan.objections] == [False]
    assert [o.allowed for o in again.plan.objections] == [True]


def test_an_objection_that_blocks_nothing_of_what_was_reviewed_is_dropped() -> None:
    live = [applied(wanted(key), f"asst_{key}") for key in "abc"]

    found = review(make_plan([], live, WHERE), saved([], live), live)
    other = review(make_plan([], live, WHERE), saved([wanted("x")], []), live)

    assert [o.code for o in found.plan.objections] == ["no-manifests", "too-many-deletes"]
    assert other.plan.objections == ()


def test_a_change_that_says_too_little_is_never_agreed() -> None:
    reviewed = saved([NEW], [applied(OLD)])
    changes = [{k: v for k, v in c.items() if k not in ("digest", "kind", "id")} for c in reviewed["changes"]]

    found = review(make_plan([NEW], [applied(OLD)], WHERE), {**reviewed, "changes": changes}, [applied(OLD)])

    assert (found.plan.changes, [address for address, _ in found.moved]) == ((), [A])


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({}, None),
        ({"stack": "b"}, "it is of stack acme, and this is b"),
        ({"environment": "b"}, "its environment has name 'production', and here it is 'b'"),
        ({"provider": "b"}, "its environment has provider 'openai', and here it is 'b'"),
        ({"base_url": "b"}, "its environment has base_url 'https://api.example.com/v1', and here it is 'b'"),
        ({"project": "b"}, "its environment has project None, and here it is 'b'"),
        ({"organization": "b", "former_stacks": ("c",)}, None),
    ],
)
def test_a_plan_belongs_to_one_place(where: dict[str, Any], said: str | None) -> None:
    here = {name: getattr(WHERE, name) for name in Target.__dataclass_fields__}
    reviewed = json.loads(json.dumps(saved([NEW], [])))

    assert other_target(reviewed, Target(**{**here, **where})) == said
    assert environment_of(reviewed) == "production"


# a review of what a change brings


def merging(head: list[Desired], base: list[Desired], live: list[Live]) -> dict[str, Any]:
    """The saved plan of what merging does."""
    plans = [make_plan(side, live, WHERE) for side in (head, base)]
    return read(render(document(part(split(*plans, Base("main")))), Style()))


def agreed(reviewed: dict[str, Any], head: list[Desired], live: list[Live], **options: Any) -> Review:
    return review(make_plan(head, live, WHERE, **options), reviewed, live)


def paths_of(changes: Iterable[Change]) -> list[tuple[str, list[str]]]:
    return [(f"{c.action} {c.address.key}", [".".join(field.path) for field in c.fields]) for c in changes]


BASE, HEAD = wanted(name="A", tools=[tool("x")]), wanted(name="A", temperature=0.5, tools=[tool("x"), tool("y")])
PENDING = wanted("p", name="P")


def test_of_what_a_change_brings_the_same_part_is_applied_and_what_is_pending_is_left() -> None:
    live = [applied(BASE, top_p=0.3), applied(wanted("gone"), "asst_3")]
    reviewed = merging([HEAD, PENDING], [BASE, PENDING], live)

    found = agreed(reviewed, [HEAD, PENDING], live)

    assert paths_of(found.plan.changes) == [("update a", ["tools.functions.y", "temperature"])]
    assert [name for name, _ in paths_of(found.plan.rest)] == ["update a", "delete gone", "create p"]
    assert (found.moved, found.already, found.unreviewed, found.plan.applies) == ((), (), (), "change")


def test_what_drifted_since_in_another_field_does_not_refuse_the_part() -> None:
    reviewed = merging([HEAD], [BASE], [applied(BASE)])

    since = agreed(reviewed, [HEAD], [applied(BASE, name="hotfix", tools=[tool("x"), tool("z")])])
    within = agreed(reviewed, [HEAD], [applied(BASE, temperature=0.1)])
    merged = agreed(reviewed, [wanted(name="A", temperature=0.7, tools=[tool("x"), tool("y")])], [applied(BASE)])

    assert paths_of(since.plan.changes) == [("update a", ["tools.functions.y", "temperature"])]
    assert paths_of(since.plan.rest) == [("update a", ["name", "tools.functions.z"])]
    assert [(c.digest in {m.digest for _, m in within.moved if m}) for c in within.plan.rest] == [True]
    assert (within.plan.changes, [address for address, _ in merged.moved]) == ((), [A])


def test_a_part_that_is_true_already_is_done_although_more_is_pending() -> None:
    reviewed = merging([HEAD], [BASE], [applied(BASE, top_p=0.3)])

    found = agreed(reviewed, [HEAD], [applied(HEAD, top_p=0.3)])

    assert (found.plan.changes, found.already, found.moved) == ((), (A,), ())
    assert paths_of(found.plan.rest) == [("update a", ["top_p"])]


def test_a_reviewed_rename_is_done_or_true_whatever_drifted() -> None:
    renamed = wanted("b", name="A", own={"was": ["a"]})
    reviewed = merging([renamed], [OLD_NAME], [applied(OLD_NAME, top_p=0.3)])

    before = agreed(reviewed, [renamed], [applied(OLD_NAME, top_p=0.4)])
    after = agreed(reviewed, [renamed], [applied(renamed, top_p=0.4)])

    assert paths_of(before.plan.changes) == [("rename b", [])]
    assert (paths_of(after.plan.changes), after.already) == ([], ("assistant.b",))


OLD_NAME = wanted(name="A")


def test_what_is_another_object_by_now_is_no_part_of_the_review() -> None:
    reviewed = merging([HEAD], [BASE], [applied(BASE)])

    found = agreed(reviewed, [HEAD], [])

    assert [(address, now.action if now else None) for address, now in found.moved] == [(A, "create")]
    assert found.plan.changes == ()


def test_what_came_up_since_the_review_is_told_and_what_was_pending_then_is_not() -> None:
    reviewed = merging([HEAD, PENDING], [BASE, PENDING], [applied(BASE)])

    found = agreed(reviewed, [HEAD, PENDING, wanted("new", name="N")], [applied(BASE)])

    assert paths_of(found.unreviewed) == [("create new", ["model", "name"])]


def test_deletes_and_marks_are_those_that_were_reviewed() -> None:
    live = [applied(BASE), applied(wanted("gone"), "asst_2"), marked(applied(PENDING, "asst_3"), digests={})]
    reviewed = merging([BASE, PENDING], [BASE, PENDING, wanted("gone")], live)

    found = agreed(reviewed, [BASE, PENDING], [*live, applied(wanted("gone2"), "asst_4")])

    assert paths_of(found.plan.changes) == [("delete gone", ["model"])]
    assert (found.plan.marks, found.plan.objections) == ((), ())
    assert agreed(saved([BASE, PENDING], live), [BASE, PENDING], live).plan.marks != ()


def test_limits_count_what_is_applied() -> None:
    live = [applied(wanted(key), f"asst_{key}") for key in "abcdef"]
    kept = [wanted(key) for key in "def"]
    reviewed = merging(kept, [*kept, wanted("a")], live)

    found = agreed(reviewed, kept, live)

    assert (paths_of(found.plan.changes), found.plan.objections) == ([("delete a", ["model"])], ())


def test_of_a_part_that_says_too_little_nothing_is_applied() -> None:
    live = [applied(BASE, top_p=0.3)]
    reviewed = merging([HEAD], [BASE], live)
    (change,) = reviewed["changes"]
    nameless = {key: value for key, value in change.items() if key not in ("kind", "id", "key")}
    pathless = {**change, "fields": [{**field, "path": "]["} for field in change["fields"]]}

    for spoilt in (nameless, pathless):
        document = {**reviewed, "changes": [spoilt], "pending": None, "marks": [{}]}
        found = agreed(document, [HEAD], live)
        assert (found.plan.changes, found.already, len(found.moved)) == ((), (), 1)
