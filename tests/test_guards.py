"""What speaks against a whole plan: creates that double, deletes that are too many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.model import Desired, Live, Plan
from reconciler.plan.against_base import as_live
from reconciler.plan.guards import GONE, Limits, PlanContext, wanted_digest
from reconciler.plan.make import make_plan
from reconciler.plan.objections import OBJECTIONS
from reconciler.plan.ownership import DuplicatePolicy
from support.lives import applied, marked, stranger, wanted
from support.world import WHERE, desired

STAGING = replace(WHERE, environment="staging")
FORMER = replace(WHERE, stack="initech")


def planned(desired: list[Desired], live: list[Live], **options: Any) -> Plan:
    return make_plan(desired, live, WHERE, **options)


def codes(plan: Plan) -> list[str]:
    return [objection.code for objection in plan.objections]


def held(plan: Plan) -> list[str]:
    return sorted(address.key for address in plan.held)


def ours(count: int) -> list[Live]:
    return [applied(wanted(f"k{n}", name=f"n{n}"), f"asst_{n}") for n in range(count)]


def kept(count: int) -> list[Desired]:
    return [wanted(f"k{n}", name=f"n{n}") for n in range(count)]


@pytest.mark.parametrize(
    ("live", "looks"),
    [
        (stranger(name="HR"), True),
        (stranger(name="HR", temperature=0), True),
        (stranger(name="Other"), False),
        (applied(wanted("hr", name="HR"), "asst_9", where=STAGING), True),
        (applied(wanted("hr", name="HR"), "asst_9", where=FORMER), False),
        (replace(applied(wanted("hr", name="HR")), id="asst_9"), True),
    ],
    ids=["same body", "same name", "another name", "a renamed environment", "another stack", "a copy"],
)
def test_a_create_that_looks_like_what_is_there_is_objected_to(live: Live, looks: bool) -> None:
    plan = planned([wanted("hr", name="HR")], [live])

    assert codes(plan) == (["possible-duplicate"] if looks else [])
    assert held(plan) == (["hr"] if looks else [])


def test_two_without_a_name_look_alike_only_if_they_are() -> None:
    assert codes(planned([wanted("a", temperature=0)], [stranger(temperature=0)])) == ["possible-duplicate"]
    assert codes(planned([wanted("a", temperature=0)], [stranger()])) == []


def test_what_a_server_chose_does_not_make_another_object_of_one_without_a_name() -> None:
    assert codes(planned([wanted("a", model="o3")], [stranger(model="o3", reasoning_effort="medium")])) == [
        "possible-duplicate"
    ]
    raw: dict[str, Json] = {"id": "agent_9", "model": "o3", "reasoning": {"effort": "medium"}, "service_tier": "auto"}
    agent = Live("agent", "agent_9", KINDS["agent"].read(raw), raw)
    assert codes(planned([*desired(("agent", {"model": "o3"}))], [agent])) == ["possible-duplicate"]


def test_what_blocks_a_create_blocks_the_delete_of_what_it_replaces() -> None:
    [agent] = desired(("agent", {"model": "o3", "name": "HR"}))
    before = [applied(wanted(agent.address.key, name="HR"), "asst_1"), applied(wanted("other"), "asst_2")]
    facts = PlanContext(gone={"agent": "look elsewhere"})

    plan = planned([agent, wanted("other")], before, allow=frozenset({"kind-changed"}), facts=facts)
    pinned = planned([replace(agent, id="agent_1"), wanted("other")], before, allow=frozenset({"kind-changed"}))
    free = planned([agent, wanted("other")], before, allow=frozenset({"kind-changed"}))
    live = [*before, *as_live([agent], WHERE)]
    moved = planned([agent, wanted("other")], live, allow=frozenset({"kind-changed"}))

    assert {str(address) for address in plan.held} == {"agent.a", "assistant.a"}
    assert [str(change.address) for change in pinned.ready] == []
    assert [str(change.address) for change in free.ready] == ["agent.a", "assistant.a"]
    assert [str(change.address) for change in moved.ready] == ["assistant.a"]


def test_metadata_that_clients_replace_does_not_make_another_object_of_one_without_a_name() -> None:
    raw: dict[str, Json] = {"id": "agent_9", "model": "o3", "instructions": "Be kind.", "metadata": {"of": "a client"}}
    agent = Live("agent", "agent_9", KINDS["agent"].read(raw), raw)
    body = {"model": "o3", "instructions": "Be kind.", "metadata": {"team": "people"}}

    assert codes(planned([*desired(("agent", body))], [agent])) == ["possible-duplicate"]
    assert codes(planned([*desired(("agent", {**body, "instructions": "Be brief."}))], [agent])) == []
    assert codes(planned([wanted("a", temperature=0)], [stranger(temperature=0, metadata={"of": "a client"})])) == []


def test_a_changed_model_does_not_make_another_object_of_one_without_a_name() -> None:
    before = stranger(instructions="Be kind.")

    assert codes(planned([wanted("a", model="gpt-4.1", instructions="Be kind.")], [before])) == ["possible-duplicate"]
    assert codes(planned([wanted("a", model="gpt-4.1", instructions="Be brief.")], [before])) == []
    assert codes(planned([wanted("a", model="gpt-4.1")], [stranger()])) == []


def test_the_remedy_is_the_line_to_paste_where_it_is_to_be_pasted() -> None:
    (objection,) = planned([wanted("hr", name="HR")], [stranger(name="HR"), stranger("asst_8", name="HR")]).objections

    assert "asst_8, asst_9" in objection.message
    assert objection.remedy.endswith("write under `reconciler:` in hr.yaml: `id: {production: asst_8}`")


COPY = replace(applied(wanted("hr", name="HR")), id="asst_9")


@pytest.mark.parametrize(
    ("live", "whose"),
    [
        (
            applied(wanted("hr", name="HR"), "asst_9", where=STAGING),
            "asst_9 is managed as `hr` by the environment staging of the stack acme.",
        ),
        (
            applied(wanted("hr-bot", name="HR"), "asst_9", where=replace(FORMER, environment="staging")),
            "asst_9 is managed as `hr-bot` by the environment staging of the stack initech.",
        ),
        (COPY, "asst_9 is a copy of asst_1, which is managed as `hr` by the environment production of the stack acme."),
    ],
    ids=["another environment", "a former stack's", "a copy"],
)
def test_an_object_that_carries_a_marker_is_never_offered(live: Live, whose: str) -> None:
    where = replace(WHERE, former_stacks=(FORMER.stack,))

    plan = make_plan([wanted("hr", name="HR"), wanted("hr-bot")], [live, applied(wanted("hr-bot"))], where)

    (objection,) = plan.objections
    assert objection.message == f"A new assistant is planned, but asst_9 has the same name or content. {whose}"
    assert objection.remedy == "leave asst_9 to its owner; override this if a second one is wanted here"
    assert held(plan) == ["hr"]


def test_of_several_that_look_alike_one_without_a_marker_is_offered() -> None:
    (objection,) = planned([wanted("hr", name="HR")], [replace(COPY, id="asst_7"), stranger(name="HR")]).objections

    assert "asst_7, asst_9 have the same name or content. asst_7 is a copy of asst_1" in objection.message
    assert objection.remedy.endswith("`id: {production: asst_9}`")


@pytest.mark.parametrize("on_removal", ["delete", "keep"])
def test_a_rename_without_was_is_held_back_on_both_sides(on_removal: str) -> None:
    gone = wanted("old", name="HR", own={"on_removal": on_removal})

    plan = planned([wanted("new", name="HR")], [applied(gone)])

    assert "possible-duplicate" in codes(plan)
    assert held(plan) == ["new", "old"]
    assert "`was: [old]`" in plan.objections[0].remedy


def test_an_object_that_another_manifest_takes_over_is_not_made_again_unasked() -> None:
    taking = wanted("b", name="HR", own={"id": {"production": "asst_1"}})

    plan = planned([wanted("a", name="HR"), taking], [applied(wanted("a", name="HR"))])

    assert [change.action for change in plan.changes] == ["create", "rename"]
    assert codes(plan) == ["possible-duplicate"]
    assert plan.objections[0].remedy.startswith("assistant.b takes asst_1 by its `was` or `id`")


def test_what_looks_like_an_object_that_stays_is_created() -> None:
    one = wanted("a", name="HR")

    assert codes(planned([one, wanted("b", name="HR")], [applied(one)])) == []


def test_a_removal_that_the_object_refuses_is_held_back() -> None:
    plan = planned(kept(9), [*ours(9), applied(wanted("gone", own={"on_removal": "refuse"}), "asst_r")])

    assert codes(plan) == ["refused-removal"]
    assert "`reconciler forget assistant.gone`" in plan.objections[0].remedy
    assert held(plan) == ["gone"]


def test_a_removal_that_the_object_allows_is_not() -> None:
    plan = planned(kept(9), ours(10))

    assert (codes(plan), [change.action for change in plan.changes]) == ([], ["delete"])


SIXTEEN = {f"k{n}": "v" for n in range(16)}


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        (SIXTEEN, ["metadata-full"]),
        ({**SIXTEEN, "k15": "v"} | {"k16": "v"}, ["metadata-full"]),
        (dict(list(SIXTEEN.items())[:15]), []),
        (dict(list(SIXTEEN.items())[:15]) | {"reconciler": "mine"}, []),
        ("odd", []),
    ],
    ids=["sixteen", "more", "fifteen", "sixteen with ours", "no mapping"],
)
def test_an_adoption_needs_room_for_the_marker(metadata: Any, found: list[str]) -> None:
    pinned = wanted("a", own={"id": {"production": "asst_9"}})

    assert codes(planned([pinned], [stranger(metadata=metadata)])) == found


def test_nothing_desired_while_something_is_ours_holds_everything_back() -> None:
    plan = planned([], ours(1))

    assert codes(plan) == ["no-manifests"]
    assert plan.objections[0].message == "No manifests found, but 1 live object is managed."
    assert held(plan) == ["k0"]


def test_nothing_desired_and_nothing_ours_is_fine() -> None:
    assert codes(planned([], [stranger()])) == []


@pytest.mark.parametrize(
    ("ours_", "deletes", "limits", "found"),
    [
        (4, 1, Limits(), []),
        (4, 2, Limits(), ["too-many-deletes"]),
        (10, 2, Limits(), []),
        (10, 3, Limits(), ["too-many-deletes"]),
        (14, 2, Limits(), []),
        (14, 3, Limits(), ["too-many-deletes"]),
        (10, 1, Limits(deletes=0), ["too-many-deletes"]),
        (10, 9, Limits(deletes=9), []),
        (10, 5, Limits(deletes="50%"), []),
        (10, 6, Limits(deletes="50%"), ["too-many-deletes"]),
        (3, 1, Limits(deletes="1%"), []),
        (10, 2, Limits(changes=1), ["too-many-changes"]),
        (10, 2, Limits(changes=2), []),
        (10, 2, Limits(changes="10%"), ["too-many-changes"]),
        (10, 3, Limits(changes=0), ["too-many-changes", "too-many-deletes"]),
    ],
)
def test_limits_are_a_number_or_a_share_of_ours(ours_: int, deletes: int, limits: Limits, found: list[str]) -> None:
    plan = planned(kept(ours_ - deletes), ours(ours_), limits=limits)

    assert codes(plan) == found
    assert len(plan.held) == (deletes if found else 0)


def test_a_new_stack_may_create_as_much_as_it_likes() -> None:
    assert codes(planned(kept(30), [])) == []


def test_what_is_allowed_is_told_and_holds_nothing_back() -> None:
    plan = planned([wanted("hr", name="HR")], [stranger(name="HR")], allow=frozenset({"possible-duplicate"}))

    assert [(objection.code, objection.allowed) for objection in plan.objections] == [("possible-duplicate", True)]
    assert (plan.held, plan.standing, len(plan.ready)) == (frozenset(), (), 1)


@pytest.mark.parametrize("commit", ["abc", "abc+dirty"])
def test_a_change_of_what_a_later_commit_applied_is_held_back(commit: str) -> None:
    live = [marked(applied(wanted(key)), commit=commit) for key in ("a", "c")]
    desired = [wanted("a", name="x"), wanted("b", name="y"), wanted("c", name="z")]

    plan = planned(desired, live, facts=PlanContext(behind=frozenset({live[0].id})))

    assert codes(plan) == ["outdated-checkout"]
    assert "was last applied from abc, which" in plan.objections[0].message
    assert held(plan) == ["a"]


def test_what_a_later_commit_applied_and_nobody_changes_is_fine() -> None:
    live = marked(applied(wanted("a")), commit="abc")

    assert codes(planned([wanted("a")], [live], facts=PlanContext(behind=frozenset({live.id})))) == []


REJECTED = wanted("a", name="rejected")


@pytest.mark.parametrize(
    ("desired", "rejected", "found"),
    [
        (REJECTED, {"assistant.a": wanted_digest(REJECTED)}, ["rolled-back"]),
        (wanted("a", name="mended"), {"assistant.a": wanted_digest(REJECTED)}, []),
        (REJECTED, {"assistant.b": wanted_digest(REJECTED)}, []),
    ],
    ids=["the same again", "something else", "of another address"],
)
def test_what_was_rolled_back_is_not_applied_again_unasked(
    desired: Desired, rejected: dict[str, str], found: list[str]
) -> None:
    assert codes(planned([desired], [applied(wanted("a"))], facts=PlanContext(rejected=rejected))) == found


def test_the_object_itself_remembers_what_was_rolled_back() -> None:
    live = marked(applied(wanted("a")), rejected=wanted_digest(REJECTED))

    assert codes(planned([REJECTED], [live])) == ["rolled-back"]


def test_a_delete_that_was_rolled_back_is_not_done_again_unasked() -> None:
    plan = planned(kept(9), ours(10), facts=PlanContext(rejected={"assistant.k9": GONE}))

    assert (codes(plan), held(plan)) == (["rolled-back"], ["k9"])


@pytest.mark.parametrize(
    ("project", "answered", "found"),
    [("proj_1", "proj_2", ["wrong-project"]), ("proj_1", "proj_1", []), ("proj_1", None, []), (None, "proj_2", [])],
)
def test_an_answer_for_another_project_holds_everything_back(
    project: str | None, answered: str | None, found: list[str]
) -> None:
    where = replace(WHERE, project=project)

    plan = make_plan([wanted("a")], [], where, facts=PlanContext(answered_project=answered))

    assert codes(plan) == found
    assert held(plan) == (["a"] if found else [])


def test_twins_that_were_asked_to_go_count_as_no_deletes() -> None:
    twins = [applied(wanted("a"), f"asst_{n}") for n in range(4)]

    plan = planned([wanted("a")], twins, resolve=DuplicatePolicy(equal=True))

    assert [(change.action, change.id) for change in plan.changes] == [("delete", f"asst_{n}") for n in (1, 2, 3)]
    assert codes(plan) == []


def test_every_objection_that_is_raised_has_a_code_that_can_be_allowed() -> None:
    raised = {
        *codes(planned([], ours(5))),
        *codes(planned([wanted("hr", name="HR")], [stranger(name="HR")], limits=Limits(changes=0))),
    }

    assert raised <= set(OBJECTIONS)


# an object never changes its kind


def test_what_moves_to_another_kind_under_another_key_is_known_by_its_name() -> None:
    (moved,) = desired(("agent", {"model": "m", "name": "HR"}), keys=["people"])

    plan = planned([moved, *kept(8)], [*ours(8), applied(wanted("hr", name="HR"), "asst_9")])

    assert codes(plan) == ["kind-changed"]
    assert "agent.people has its key or its name, and is another object." in plan.objections[0].message


def agent(key: str, **own: Any) -> Desired:
    """An agent of this key, which is no assistant."""
    return desired(("agent", {"model": "gpt-5.1", **({"reconciler": own} if own else {})}), keys=[key])[0]


@pytest.mark.parametrize("manifest", [agent("hr"), agent("people", was=["hr"])], ids=["same key", "was"])
def test_what_a_manifest_of_another_kind_replaces_is_not_destroyed_unasked(manifest: Desired) -> None:
    live = [applied(wanted("hr")), applied(wanted("it", name="IT"), "asst_2")]
    plan = planned([manifest, wanted("it", name="IT")], live)

    assert codes(plan) == ["kind-changed"]
    assert [(change.action, change.address.kind) for change in plan.ready] == [("create", "agent")]
    assert "in `assistants/` beside the other" in plan.objections[0].remedy


def test_what_is_let_go_as_its_kind_changes_is_let_go() -> None:
    plan = planned([agent("hr")], [applied(wanted("hr", own={"on_removal": "keep"}))])

    assert sorted(change.action for change in plan.ready) == ["create", "forget"]


def test_both_kinds_may_have_a_key_and_one_of_them_may_drift() -> None:
    plan = planned([agent("hr"), wanted("hr")], [applied(wanted("hr"), temperature=0)])

    assert (codes(plan), [str(change.address) for change in plan.ready]) == ([], ["agent.hr", "assistant.hr"])


def test_where_a_kind_has_no_manifest_left_nothing_of_it_is_destroyed_unasked() -> None:
    live = [applied(wanted("hr", name="HR"))]

    (objection,) = planned([agent("it")], live).objections

    assert (objection.code, objection.message) == (
        "no-manifests",
        "No manifest of an assistant found, but 1 assistant is managed.",
    )
