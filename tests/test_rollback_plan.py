"""Back to how things were before a run: as values, and on every server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reconciler.apply import journal
from reconciler.apply.engine import RunContext, apply
from reconciler.canonical import Json
from reconciler.emulator import Settings
from reconciler.model import Address, Done, Live, Plan
from reconciler.plan.guards import GONE, Limits, wanted_digest
from reconciler.plan.make import make_plan
from reconciler.plan.rollback import rejected, undo
from reconciler.plan.run_record import Head, RunRecord, Step
from support.lives import applied, marked, stamped, stranger, wanted
from support.world import CLONES, EVERY_SERVER, WHERE, Stated, World, desired, names, run

# on every server

SERVER: dict[str, Json] = {
    "type": "mcp",
    "server_label": "docs",
    "transport": {"type": "http", "server_url": "https://docs.example.com"},
}
MORE: dict[str, Json] = {"type": "web_search"}
BEFORE: list[Stated] = [
    {"model": "gpt-4o", "name": "Updated", "temperature": 0.3, "metadata": {"team": "people", "old": "x"}},
    {"model": "o3-mini", "name": "Reasoning"},
    {"model": "gpt-4o", "name": "Deleted", "tools": [{"type": "file_search"}], "instructions": "be\nkind"},
    {"model": "gpt-4o", "name": "Model", "top_p": 0.5, "description": "d"},
    ("agent", {"model": "gpt-5.1", "name": "Origin left out", "tools": [SERVER], "reasoning": {"summary": "auto"}}),
    ("agent", {"model": "o3", "name": "Origin stated", "tools": [{**SERVER, "connection_origin": "environment"}]}),
    ("agent", {"model": "gpt-5.1", "name": "Once", "compaction": {"async": True}, "metadata": {"team": "people"}}),
]
AFTER: list[Stated] = [
    {"model": "gpt-4o", "name": "Renamed", "tools": [{"type": "code_interpreter"}], "metadata": {"team": "new"}},
    {"model": "o3-mini", "name": "Reasoning", "reasoning_effort": "high"},
    {"model": "o3-mini", "name": "Model"},
    {"model": "gpt-4o", "name": "Created"},
    ("agent", {"model": "o3", "name": "Origin left out", "tools": [SERVER, MORE], "text": {"verbosity": "low"}}),
    ("agent", {"model": "gpt-5.1", "name": "Origin stated", "tools": [MORE], "reasoning": {"effort": "max"}}),
    ("agent", {"model": "gpt-5.1", "name": "New", "service_tier": "flex", "experimental": {"time_awareness": True}}),
]
KEYS_BEFORE, KEYS_AFTER = "abcdfgh", "abdefgi"
nonces = count(1)

ANY = Limits(deletes="100%")


async def done(world: World, plan: Plan, folder: Path) -> RunRecord:
    """The run as its record tells it afterwards."""
    this = RunContext(f"{next(nonces):08x}")
    head = Head(journal.run_id(this.nonce, datetime.now(UTC)), "", "apply", WHERE, this.nonce)
    with journal.Journal(folder, head) as record:
        outcomes = await apply(plan, world.provider, this, record)
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
    return journal.read(record.path)


async def undone(world: World, past: RunRecord, folder: Path) -> RunRecord:
    return await done(world, undo(past.steps, past.head.nonce, await world.live(), WHERE, past.head.run, ANY), folder)


async def fields(world: World) -> list[Any]:
    every = [{"kind": one.kind, **one.fields} for one in await world.live()]
    return sorted(every, key=lambda one: (str(one["kind"]), str(one["name"])))


@pytest.mark.parametrize("settings", [*EVERY_SERVER, *CLONES], ids=str)
def test_every_run_can_be_undone_and_the_undoing_too(settings: Settings, tmp_path: Path) -> None:
    async def story() -> None:
        world = World(settings)
        before = desired(*BEFORE, keys=KEYS_BEFORE)
        await world.settle(before)
        were = await fields(world)
        past = await done(world, await world.plan(desired(*AFTER, keys=KEYS_AFTER), limits=ANY), tmp_path)
        became = await fields(world)

        back = await undone(world, past, tmp_path)
        assert await fields(world) == were
        assert undo(past.steps, past.head.nonce, await world.live(), WHERE, "again", ANY).changes == ()
        assert (await world.plan(before)).changes == ()

        await undone(world, back, tmp_path)
        assert await fields(world) == became

    run(story)


# as values

OLD = wanted(name="A", description="old")
NEW = wanted(name="A", description="new")
LOW = wanted(model="o3-mini", reasoning_effort="low")
NONCE = "n1"  # what an object carries that `applied` made


def step(action: str, before: Live | None = None, key: str = "a", **more: Any) -> Step:
    made = {"id": before.id if before is not None else None, "wanted": "digest", **more}
    return Step("assistant", key, action, before=before.raw if before is not None else None, **made)


def back(steps: Iterable[Step], *live: Live) -> Plan:
    return undo(steps, NONCE, live, WHERE, "the run", ANY)


def codes(plan: Plan) -> list[tuple[str, str]]:
    return [(o.code, str(o.address)) for o in plan.objections]


UPDATED = step("update", applied(OLD))
CREATED = step("create", patch={"model": "gpt-4o", "name": "A", "description": "new"})


def test_a_run_that_did_nothing_has_nothing_to_undo() -> None:
    assert back([]) == Plan(WHERE)
    assert names(back([UPDATED], applied(OLD)).changes) == []
    assert names(back([step("mark", applied(OLD))], applied(NEW)).changes) == []


def test_the_first_write_to_an_object_is_the_one_that_tells_how_it_was() -> None:
    plan = back([UPDATED, step("update", applied(NEW))], applied(wanted(name="A", description="newer")))

    assert [(change.action, dict(change.patch)) for change in plan.changes] == [("update", {"description": "old"})]


def test_changes_come_in_order_and_say_what_they_are_from() -> None:
    steps = [step("update", applied(wanted(key), f"asst_{key}"), key) for key in "ba"]
    plan = back(steps, *(applied(wanted(key, name="x"), f"asst_{key}") for key in "ab"), stranger())

    assert names(plan.changes) == ["update assistant.a", "update assistant.b"]
    assert [change.place.file for change in plan.changes if change.place is not None] == ["the run"] * 2
    assert (plan.ours, plan.unmanaged, plan.selected) == (2, 1, False)


@pytest.mark.parametrize("id", ["asst_1", None])
def test_a_create_is_known_by_its_id_or_by_the_runs_nonce(id: str | None) -> None:
    others = [marked(applied(wanted("b"), "asst_2")), marked(applied(NEW, "asst_3"), nonce="n9")]

    plan = back([CREATED.with_id(id)], applied(NEW), *(others if id is None else others[:1]))

    assert names(plan.changes) == ["delete assistant.a"]
    assert codes(plan) == []


def test_a_create_that_never_happened_is_not_undone() -> None:
    assert back([CREATED], stranger()).changes == ()


def test_what_the_run_created_and_is_not_ours_any_more_is_left_alone() -> None:
    plan = back([CREATED.with_id("asst_9")], stranger("asst_9"))

    assert (plan.changes, plan.notes) == ((), ("assistant.a: asst_9 is no longer managed here; it is left alone.",))


def test_what_was_created_and_then_moved_by_hand_is_a_conflict() -> None:
    plan = back([CREATED.with_id("asst_1")], applied(NEW, description="by hand"))

    assert codes(plan) == [("conflict", "assistant.a")]
    assert plan.ready == ()


def test_what_was_created_and_applied_again_since_may_go() -> None:
    assert codes(back([CREATED.with_id("asst_1")], marked(applied(OLD), nonce="n9"))) == []


def test_what_was_left_to_the_server_or_the_dashboard_is_no_conflict() -> None:
    mine = wanted(model="o3-mini", own={"ignore_changes": ["description"]})
    made = step("create", patch={"model": "o3-mini"}, ignore=(("description",),)).with_id("asst_1")

    assert codes(back([made], applied(mine, reasoning_effort="medium", description="by hand"))) == []


@pytest.mark.parametrize(
    ("moved", "held"),
    [
        ({}, []),
        ({"description": "by hand"}, [("conflict", "assistant.a")]),
        ({"instructions": "by hand"}, [("conflict", "assistant.a")]),
    ],
)
def test_what_drifted_since_the_last_apply_is_a_conflict(moved: dict[str, Any], held: Any) -> None:
    assert codes(back([UPDATED], applied(NEW, **moved))) == held


def test_what_was_deleted_comes_back_under_a_new_id() -> None:
    plan = back([step("delete", applied(OLD))])

    assert names(plan.changes) == ["create assistant.a"]
    assert plan.notes == ("assistant.a comes back under a new id; it was asst_1.",)


def test_what_was_updated_and_is_gone_since_comes_back_too() -> None:
    assert names(back([UPDATED]).changes) == ["create assistant.a"]


def test_what_is_live_again_is_not_created_a_second_time() -> None:
    plan = back([step("delete", applied(OLD))], applied(OLD, "asst_2"))

    assert (plan.changes, len(plan.notes)) == ((), 1)
    assert "asst_1 is not created again, since asst_2 has this address" in plan.notes[0]


def test_a_rename_is_undone_unless_its_old_name_is_taken() -> None:
    renamed = step("rename", applied(wanted("old")), "new")
    live = applied(wanted("new"))

    free, taken = back([renamed], live), back([renamed], live, applied(wanted("old"), "asst_2"))

    assert [(c.action, str(c.address), c.previous_key) for c in free.changes] == [("rename", "assistant.old", "new")]
    assert codes(free) == []
    assert codes(taken) == [("duplicate", "assistant.old")]


def test_an_adoption_is_let_go_of_with_its_old_fields() -> None:
    (change,) = back([step("adopt", stranger("asst_1", name="Old"))], applied(NEW)).changes

    assert (change.action, change.desired, dict(change.patch)) == ("forget", None, {"description": None, "name": "Old"})


def test_an_adoption_that_is_over_leaves_the_object_alone() -> None:
    adopted = step("adopt", stranger("asst_1", name="Old"))

    assert back([adopted], stranger("asst_1", name="Theirs now")).changes == ()
    gone = back([adopted])
    assert (gone.changes, gone.notes) == (
        (),
        ("assistant.a: asst_1 was deleted and was not managed here; it is not created again.",),
    )


def test_what_was_let_go_of_is_ours_again() -> None:
    plan = back([step("forget", applied(OLD))], stranger("asst_1", name="A", description="since"))

    assert [(c.action, dict(c.patch)) for c in plan.changes] == [("adopt", {"description": "old"})]
    assert codes(plan) == []


@pytest.mark.parametrize(
    ("other", "code"),
    [({"stack": "theirs"}, "other-stack"), ({"environment": "staging"}, "other-environment")],
)
def test_what_somebody_else_took_since_is_objected_to(other: dict[str, str], code: str) -> None:
    assert codes(back([step("forget", applied(OLD))], marked(applied(OLD), **other))) == [(code, "assistant.a")]


def test_a_copys_marker_is_nobodys_claim() -> None:
    assert codes(back([step("forget", applied(OLD))], marked(applied(OLD), stack="theirs", id="asst_7"))) == []


def test_what_an_object_remembered_of_its_removal_comes_back() -> None:
    kept = wanted(own={"on_removal": "keep"})

    (change,) = back([step("update", applied(kept))], applied(wanted())).changes

    assert [field.path for field in change.fields] == [("reconciler", "on_removal")]
    assert change.desired is not None
    assert change.desired.on_removal == "keep"


def test_what_was_ignored_is_not_put_back() -> None:
    mine = wanted(own={"ignore_changes": ["temperature"]}, description="old")
    now = wanted(own={"ignore_changes": ["temperature"]}, description="new")
    past = step("update", applied(mine, temperature=0.1), ignore=(("temperature",),))

    (change,) = back([past], applied(now, temperature=0.9)).changes

    assert dict(change.patch) == {"description": "old"}


@pytest.mark.parametrize(
    ("before", "patch"),
    [
        (applied(wanted(model="o3-mini")), {"reasoning_effort": None}),
        (applied(wanted(model="o3-mini"), reasoning_effort="medium"), {"reasoning_effort": None}),
        (applied(wanted(model="o3-mini", reasoning_effort="low")), {"reasoning_effort": "low"}),
        (applied(wanted(model="o3-mini", reasoning_effort="low"), top_p=0.5), {"reasoning_effort": "low"}),
        (applied(LOW, reasoning_effort="medium"), {"reasoning_effort": "medium"}),
        (stranger("asst_1", model="o3-mini", reasoning_effort="low"), {"reasoning_effort": "low"}),
    ],
)  # fmt: skip
def test_what_a_server_chose_is_left_to_it_and_what_was_asked_for_comes_back(before: Live, patch: Any) -> None:
    (change,) = back([step("update", before)], applied(wanted(model="o3-mini", reasoning_effort="high"))).changes

    assert dict(change.patch) == patch


def test_a_secret_that_the_record_left_out_is_never_written() -> None:
    before = applied(wanted(instructions="(a secret: 0123abcd)"))

    plan = back([step("update", before)], applied(wanted(instructions="new")))

    assert (plan.changes, len(plan.notes)) == ((), 1)


def test_objects_of_another_kind_are_not_looked_at() -> None:
    other = Live("agent", "asst_1", {}, {})

    assert names(back([CREATED.with_id("asst_1")], other).changes) == []


def test_odd_metadata_was_no_marker() -> None:
    odd = Live("assistant", "asst_1", {}, {"id": "asst_1", "model": "gpt-4o", "metadata": ["odd"]})

    assert back([step("adopt", odd)], stranger("asst_1")).changes == ()


# what is rejected


def test_what_is_rejected_is_known_by_the_address_that_is_written_to() -> None:
    steps = [
        step("update", applied(OLD), wanted=wanted_digest(NEW)),
        step("delete", applied(wanted("b")), "b", wanted=None),
        step("create", key="c", wanted="made"),
        step("rename", applied(wanted("old")), "new", wanted="renamed"),
        step("mark", applied(wanted("d")), "d"),
    ]

    assert rejected(steps) == {
        Address("assistant", "a"): wanted_digest(NEW),
        Address("assistant", "b"): GONE,
        Address("assistant", "c"): "made",
        Address("assistant", "old"): "renamed",
    }


def test_an_object_that_carries_what_was_rejected_objects_to_exactly_that() -> None:
    carrying = stamped(OLD, marked(applied(OLD), rejected=wanted_digest(NEW)).marker)  # type: ignore[arg-type]

    assert codes(make_plan([NEW], [carrying], WHERE)) == [("rolled-back", "assistant.a")]
    assert codes(make_plan([wanted(name="A", description="newer")], [carrying], WHERE)) == []
