"""What of a live object is taken into Git, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.canonical import Absent, Json
from reconciler.model import Desired, Live, Objection
from reconciler.paths import show
from reconciler.plan.last_applied import with_last_applied
from reconciler.plan.make import make_plan
from reconciler.plan.marker import short_digest
from reconciler.plan.taken import Side, Taken, taken_from
from support.lives import applied, marked, stranger, wanted
from support.world import WHERE


def by_lines(base: str, git: str, live: str) -> str | None:
    """Both edits, line by line; texts of equal length."""
    sides = [side.split("\n") for side in (base, git, live)]
    lines = [live if git == base else git for base, git, live in zip(*sides, strict=True)]
    overlap = any(b not in (g, l) and g != l for b, g, l in zip(*sides, strict=True))  # noqa: E741
    return None if overlap else "\n".join(lines)


def taken(desired: Desired, live: Live, before: Desired | None = None, take: Side | None = None) -> Taken:
    plan = make_plan([desired], [live], WHERE)
    plan = with_last_applied(plan, lambda change: [before.fields] if before is not None else [])
    (one,) = taken_from(plan, [desired], take, by_lines)
    return one


def values(one: Taken) -> dict[str, Json]:
    return {show(path): None if isinstance(value, Absent) else value for path, value in one.values.items()}


def paths(fields: tuple[Any, ...]) -> list[str]:
    return [show(field.path) for field in fields]


OLD = wanted(name="A", temperature=0.5, instructions="1\n2\n3", metadata={"team": "hr", "owner": "x"})


def test_what_changed_on_the_server_alone_is_taken_and_an_edit_stays() -> None:
    edited = wanted(name="In Git", temperature=0.5, instructions="1\n2\n3", metadata={"team": "hr", "owner": "x"})
    live = applied(OLD, temperature=None, metadata={"team": "hr", "new": "y"})

    one = taken(edited, live)

    assert values(one).keys() == {"temperature", "metadata.new", "metadata.owner"}
    assert one.after() == {**edited.fields, "temperature": 1, "metadata": {"team": "hr", "new": "y"}}
    assert (paths(one.kept), one.undecided) == (["name"], ())


def test_texts_that_both_sides_edited_are_merged_where_the_edits_do_not_overlap() -> None:
    git = wanted(name="A", temperature=0.5, instructions="1\n2\n3 Git", metadata={"team": "hr", "owner": "x"})

    one = taken(git, applied(OLD, instructions="1 live\n2\n3"), OLD)
    other = taken(git, applied(OLD, instructions="1\n2\n3 live"), OLD)
    blind = taken(git, applied(OLD, instructions="1 live\n2\n3"))

    assert (values(one), one.merged) == ({"instructions": "1 live\n2\n3 Git"}, {("instructions",)})
    assert (values(other), paths(other.undecided)) == ({}, ["instructions"])
    assert other.overlap is other.undecided[0]
    assert blind.overlap is not None, "without the text that was applied there is nothing to merge over"


def test_what_changed_on_both_sides_is_decided_by_a_person() -> None:
    git = wanted(name="A", temperature=0.7, instructions="1\n2\n3", metadata={"team": "hr", "owner": "x"})
    live = applied(OLD, temperature=0.2)

    assert paths(taken(git, live, OLD).undecided) == ["temperature"]
    assert taken(git, live, OLD).overlap is None
    assert values(taken(git, live, OLD, "live")) == {"temperature": 0.2}
    assert (values(taken(git, live, OLD, "git")), paths(taken(git, live, OLD, "git").kept)) == ({}, ["temperature"])


def test_a_prompt_that_one_side_removed_does_not_overlap() -> None:
    git = wanted(name="A", temperature=0.5, metadata={"team": "hr", "owner": "x"})

    assert taken(git, applied(OLD, instructions="1 live\n2\n3"), OLD).overlap is None


def test_within_a_member_that_both_changed_each_path_has_a_cause_of_its_own() -> None:
    def tool(**parameters: Json) -> dict[str, Any]:
        return {"tools": [{"type": "function", "function": {"name": "lookup", "parameters": parameters}}]}

    old, git = wanted(**tool(a=1, b=1, c=1)), wanted(**tool(a=1, b=2, c=2))

    one = taken(git, applied(old, **tool(a=3, b=1, c=3, d=4)), old)

    assert values(one) == {f"tools.functions.lookup.parameters.{name}": n for name, n in (("a", 3), ("d", 4))}
    assert paths(one.kept) == ["tools.functions.lookup.parameters.b"]
    assert paths(one.undecided) == ["tools.functions.lookup.parameters.c"]


def test_what_may_have_changed_anywhere_is_taken_only_if_a_person_says_so() -> None:
    pinned = wanted(name="A", own={"id": {"production": "asst_9"}})
    foreign = stranger(name="B")
    unknown = marked(applied(OLD, name="B"), form=0)

    for desired, live in ((pinned, foreign), (OLD, unknown)):
        assert (values(taken(desired, live)), paths(taken(desired, live).undecided)) == ({}, ["name"])
        assert values(taken(desired, live, take="live")) == {"name": "B"}


def test_what_was_rolled_back_counts_as_changed_on_the_server() -> None:
    bad = wanted(name="Bad", temperature=0.5, instructions="1\n2\n3", metadata={"team": "hr", "owner": "x"})
    plan = make_plan([bad], [applied(OLD)], WHERE)
    rejected = replace(plan, objections=(Objection.to(bad.address, "rolled-back", "", ""),))

    assert [values(one) for one in taken_from(plan, (), None, by_lines)] == [{}]
    assert [values(one) for one in taken_from(rejected, (), None, by_lines)] == [{"name": "A"}]


def test_the_members_on_the_way_to_a_value_are_made_and_empty_ones_go() -> None:
    function = {"type": "function", "function": {"name": "lookup"}}
    old, none = wanted(tools=[function]), wanted()

    assert taken(none, applied(none, tools=[function])).after()["tools"] == {"functions": {"lookup": {}}}
    assert taken(old, applied(old, tools=[])).after()["tools"] == {}


def test_what_the_manifest_says_of_removals_and_what_is_not_live_are_not_taken() -> None:
    old, new = wanted(), wanted(own={"on_removal": "keep"})

    assert values(taken(new, applied(old))) == {}
    assert taken_from(make_plan([wanted("new")], [applied(old)], WHERE), (), "live", by_lines) == ()


def test_what_a_server_does_not_keep_is_taken_if_a_person_says_so() -> None:
    sent = wanted(name="A", temperature=0.5)
    kept = marked(applied(sent, temperature=0.3), unsettled={"temperature": short_digest(0.3)})
    both = marked(applied(sent, temperature=0.3, name="B"), unsettled={"temperature": short_digest(0.3)})

    assert taken_from(make_plan([sent], [kept], WHERE), [sent], None, by_lines) == ()
    assert values(taken(sent, kept, take="live")) == {"temperature": 0.3}
    assert values(taken(sent, both, take="live")) == {"temperature": 0.3, "name": "B"}
    assert values(taken(sent, both)) == {"name": "B"}


def test_what_the_server_chose_for_the_model_of_git_is_taken_with_another_model() -> None:
    reasoning = wanted(model="o3-mini", reasoning_effort="high")
    live = applied(reasoning, model="gpt-4o", reasoning_effort=None, temperature=0.5, top_p=0.9)
    ignoring = wanted(model="o3-mini", reasoning_effort="high", own={"ignore_changes": ["temperature"]})
    same = applied(reasoning, model="o1", temperature=0.5)

    assert values(taken(reasoning, live)).keys() == {"model", "reasoning_effort", "temperature", "top_p"}
    assert taken(reasoning, live).after()["temperature"] == 0.5
    moved = applied(ignoring, model="gpt-4o", reasoning_effort=None, temperature=0.5, top_p=1)
    assert values(taken(ignoring, moved)).keys() == {"model", "reasoning_effort"}
    assert (values(taken(reasoning, same)), taken(reasoning, same).kept) == ({"model": "o1"}, ())
