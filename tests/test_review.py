"""A plan held against its review, as values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lives import applied, marked, stranger, wanted
from world import WHERE

from reconciler.model import Desired, Live, Where
from reconciler.ownership import Twins
from reconciler.plan import make_plan
from reconciler.render import Style, document, read
from reconciler.render.document import render
from reconciler.review import Review, elsewhere, environment_of, review

OLD, NEW = wanted(name="A", metadata={"x": "1"}), wanted(name="A", temperature=0.5, metadata={"x": "2"})


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
    planned = make_plan([NEW], twins, WHERE, resolve=Twins(equal=True))
    alone = read(render(document(make_plan([NEW], twins[:1], WHERE)), Style()))

    found = review(planned, alone, twins)

    assert [change.action for change in found.plan.changes] == ["update"]
    assert [(change.action, change.id) for change in found.unreviewed] == [("delete", "asst_2")]


def test_a_twin_that_is_gone_already_is_not_taken_for_the_change_beside_it() -> None:
    twins = [applied(OLD, created_at=1), applied(OLD, "asst_2", created_at=2)]
    both = read(render(document(make_plan([NEW], twins, WHERE, resolve=Twins(equal=True))), Style()))

    found = review(make_plan([NEW], twins[:1], WHERE), both, twins[:1])

    assert ([change.action for change in found.plan.changes], found.already, found.moved) == (["update"], (A,), ())


def test_what_a_plan_file_says_was_allowed_is_not() -> None:
    one, also = wanted("a", name="A"), stranger("asst_8", name="A")
    reviewed = saved([one], [also], allow=frozenset({"looks-like"}))

    found = review(make_plan([one], [also], WHERE), reviewed, [also])
    again = review(make_plan([one], [also], WHERE, allow=frozenset({"looks-like"})), reviewed, [also])

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
    here = {name: getattr(WHERE, name) for name in Where.__dataclass_fields__}
    reviewed = json.loads(json.dumps(saved([NEW], [])))

    assert elsewhere(reviewed, Where(**{**here, **where})) == said
    assert environment_of(reviewed) == "production"
