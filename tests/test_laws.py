"""What holds for every scenario and for generated worlds, whatever kind of server answers."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reconciler.diagnostics import errors
from reconciler.drafts.keys import keys_of
from reconciler.drafts.layout import Draft, Layout, laid_out
from reconciler.emulator import Settings
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading
from reconciler.model import Address, Base, Desired, Live, Plan
from reconciler.paths import show
from reconciler.plan.against_base import as_live, split
from reconciler.plan.make import make_plan
from reconciler.render import FORMATS, Style, document
from reconciler.render.manifest import as_manifest
from reconciler.source import parse, plain
from support.bodies import Edit, Resource, edit, messes, of_one_kind, resource, resources, worlds
from support.world import CLONES, EVERY_SERVER, SETTING, WHERE, Scenario, World, desired, each_scenario, run

pytestmark = pytest.mark.no_cover

every_server = pytest.mark.parametrize(
    "settings", [*EVERY_SERVER, *CLONES], ids=lambda s: f"{s.metadata}-{s.echo}-{s.modify}"
)


fewer = hypothesis_settings(
    max_examples=max(20, hypothesis_settings().max_examples // 2)
)  # each applies worlds, over and over


async def _adopt_without_changes(world: World, wanted: tuple[Desired, ...], number: int) -> None:
    """All are adopted as they are, and then nothing is planned."""
    plan = await world.plan(wanted)
    assert [(change.action, change.fields) for change in plan.changes] == [("adopt", ())] * number
    await world.apply(plan)
    after = await world.plan(wanted)
    assert (after.changes, after.marks, after.objections) == ((), (), ())


async def _apply_then_plan(world: World, wanted: tuple[Desired, ...], options: dict) -> tuple[Plan, Plan]:
    first = await world.plan(wanted, **options)
    await world.apply(first)
    return first, await world.plan(wanted, **options)


@every_server
@each_scenario
def test_after_an_apply_only_what_was_held_back_is_left(scenario: Scenario, settings: Settings, tmp_path: Path) -> None:
    async def story() -> tuple[Plan, Plan]:
        world, wanted = await scenario.prepared(tmp_path, settings)
        return await _apply_then_plan(world, wanted, scenario.options)

    first, second = run(story)

    assert {change.address for change in second.changes} <= first.held
    assert {mark.address for mark in second.marks} <= first.held


@each_scenario
def test_planning_makes_no_write(scenario: Scenario, tmp_path: Path) -> None:
    async def story() -> list:
        world, wanted = await scenario.prepared(tmp_path, Settings())
        await world.plan(wanted, **scenario.options)
        return world.writes()

    assert run(story) == []


@each_scenario
def test_what_is_not_ours_is_untouched(scenario: Scenario, tmp_path: Path) -> None:
    async def story() -> tuple[Plan, dict, dict]:
        world, wanted = await scenario.prepared(tmp_path, Settings())
        plan = await world.plan(wanted, **scenario.options)
        before = await world.raw()
        await world.apply(plan)
        return plan, before, await world.raw()

    plan, before, after = run(story)
    touched = {task.live.id for task in (*plan.ready, *plan.marks) if task.live is not None}

    assert {id: raw for id, raw in before.items() if id not in touched} == {
        id: raw for id, raw in after.items() if id in before and id not in touched
    }


@each_scenario
def test_a_patch_holds_exactly_the_changed_fields(scenario: Scenario) -> None:
    for change in scenario.planned.changes:
        if change.action in ("create", "update", "adopt", "rename"):
            assert set(change.patch) == {f.path[0] for f in change.fields} - {"reconciler"}


@each_scenario
def test_the_order_of_files_and_of_live_objects_does_not_matter(scenario: Scenario, tmp_path: Path) -> None:
    async def story() -> list[str]:
        world, wanted = await scenario.prepared(tmp_path, Settings())
        live = await world.live()
        shuffled = random.Random(7).sample(list(live), len(live))  # a fixed order, not chance
        plans = [
            make_plan(wanted, live, world.where, **scenario.options),
            make_plan(wanted[::-1], shuffled, world.where, **scenario.options),
        ]
        return [FORMATS["json"](document(plan), Style()) for plan in plans]

    one, other = run(story)
    assert one == other


@each_scenario
def test_every_format_names_every_change_and_objection(scenario: Scenario) -> None:
    plan = scenario.planned
    for render in FORMATS.values():
        shown = render(document(plan), Style(width=100))
        assert all(change.address.key in shown for change in plan.changes)
        assert all(objection.code in shown for objection in plan.objections)


@fewer
@given(worlds(), st.sampled_from([*EVERY_SERVER, *CLONES]))
def test_any_world_settles_in_one_apply_but_for_what_is_blocked(states: list, settings: Settings) -> None:
    async def story() -> None:
        world = World(settings)
        for state in states:
            wanted = desired(*state.values(), keys=state.keys())
            await world.settle(wanted)
            again = await world.plan(wanted, allow=frozenset({"kind-changed", "too-many-deletes", "no-manifests"}))
            left = [c for c in again.changes if c.action != "delete" and c.address not in again.held]
            assert not left, [(c.address, c.fields) for c in left]
            assert not again.marks

    run(story)


@fewer
@given(
    st.lists(resources(), min_size=1, max_size=4), st.sampled_from(EVERY_SERVER), st.sampled_from(["yaml", "markdown"])
)
def test_importing_plans_adoptions_without_fields_and_then_nothing(
    made: list, settings: Settings, layout: Literal["yaml", "markdown"]
) -> None:
    async def story() -> None:
        world = World(settings)
        for kind, body in made:
            await world.by_hand("POST", f"/{KINDS[kind].plural}", body)
        live = await world.live()
        texts = [(one.kind, as_manifest(one, KINDS[one.kind], world.where)) for one in live]
        wanted = desired(*((kind, plain(parse(text, "x.yaml").documents[0])) for kind, text in texts), layout=layout)
        await _adopt_without_changes(world, wanted, len(made))

    run(story)


@fewer
@given(
    st.lists(messes(), min_size=1, max_size=3),
    st.sampled_from(["yaml", "markdown"]),
    st.sampled_from([*EVERY_SERVER, *CLONES]),
)
def test_imported_files_are_adopted_without_a_changed_field_and_then_nothing_is_planned(
    made: list, layout: Layout, settings: Settings
) -> None:
    async def story() -> None:
        world = await account_of(made, settings)
        wanted = read_from_files(await world.live(), layout, is_pinned=True)
        await _adopt_without_changes(world, wanted, len(made))

    run(story)


@fewer
@given(
    st.lists(messes(), min_size=1, max_size=3),
    st.sampled_from(["yaml", "markdown"]),
    st.sampled_from([*EVERY_SERVER, *CLONES]),
)
def test_what_was_saved_is_made_again_as_it_was(made: list, layout: Layout, settings: Settings) -> None:
    async def story() -> None:
        saved = await (await account_of(made, settings)).live()
        wanted = read_from_files(saved, layout, is_pinned=False)
        elsewhere = World(settings)
        await elsewhere.settle(wanted)
        found = {Address(one.kind, key): dict(_known_fields(one)) for one, key in _with_keys(saved)}
        assert {one.address: dict(_known_fields(one)) for one in await elsewhere.live()} == found
        assert (await elsewhere.plan(wanted)).changes == ()

    run(story)


async def account_of(made: list[Resource], settings: Settings) -> World:
    world = World(settings)
    for kind, body in made:
        await world.by_hand("POST", f"/{KINDS[kind].plural}", body)
    return world


def _with_keys(live: Iterable[Live]) -> list[tuple[Live, str]]:
    objects = list(live)
    keys = keys_of(objects, ())
    return [(one, keys[one.identity]) for one in objects]


def read_from_files(live: Iterable[Live], layout: Layout, *, is_pinned: bool) -> tuple[Desired, ...]:
    """What is desired once manifests of everything live are laid out and read."""
    drafts = [
        Draft(
            Address(one.kind, key),
            KINDS[one.kind].manifest(one.fields),
            {"id": {WHERE.environment: one.id}} if is_pinned else {},
        )
        for one, key in _with_keys(live)
    ]
    folders = {kind.name: kind.plural for kind in KINDS.values()}
    used = sorted({folders[draft.address.kind] for draft in drafts})
    with TemporaryDirectory() as root:
        found = reading.read(Path(root), used, laid_out(drafts, layout, folders))
    parsed = parser.parse(found.manifests, SETTING)
    assert not [*found.faults, *errors(parsed.faults)]
    return parsed.desired


@fewer
@given(of_one_kind(resource, resource))
def test_drift_is_told_from_edits(pair: tuple[Resource, Resource]) -> None:
    applied, (_, drifted) = pair

    async def story() -> None:
        world = World()
        wanted = desired(applied)
        await world.settle(wanted)
        (one,) = await world.live()
        moved = {field: drifted.get(field) for field in ("name", "description") if drifted.get(field)}
        await world.by_hand("POST", path_of(one), moved or {"name": "moved"})
        plan = await world.plan(wanted)
        assert {f.cause for change in plan.changes for f in change.fields} <= {"drift"}
        edited = await world.plan(desired((applied[0], {**applied[1], "instructions": "quite new"})))
        causes = {f.path[0]: f.cause for change in edited.changes for f in change.fields}
        assert causes.get("instructions", "edit") == "edit"

    run(story)


def told(plan: Plan) -> set[tuple[str, str, str, str]]:
    """What a plan does, whatever the ids; less the fields of which a server may choose the value."""
    found = set()
    for change in plan.changes:
        known = [field for field in change.fields if not KINDS[change.address.kind].is_chosen(field.path)]
        if known or change.action != "update":
            found.add((str(change.address), change.action, "", ""))
        if change.action != "delete":
            found |= {(str(change.address), show(f.path), repr(f.after), str(f.origin)) for f in known}
    return found


@fewer
@given(st.lists(resources(), min_size=1, max_size=3), st.lists(resources(), max_size=3))
def test_where_the_base_is_applied_all_is_of_this_change_and_a_review_without_a_server_says_the_same(
    before: list, after: list
) -> None:
    base, head = desired(*before), desired(*after)

    async def story() -> Plan:
        world = World()
        await world.settle(base)
        return split(await world.plan(head), await world.plan(base), Base("main"))

    online = run(story)
    stand_ins = as_live(base, WHERE)
    offline = split(make_plan(head, stand_ins, WHERE), make_plan(base, stand_ins, WHERE), Base("main"))

    assert {change.origin for change in online.changes if change.action in ("create", "delete")} <= {"change"}
    assert {field.origin for change in online.changes for field in change.fields} <= {"change"}
    assert told(offline) == told(online)
    assert [o.code for o in offline.objections] == [o.code for o in online.objections]


@fewer
@given(of_one_kind(resource, resource, resource))
def test_what_main_brings_too_is_pending_and_nothing_else_is(states: tuple[Resource, ...]) -> None:
    applied, base, head = states

    async def story() -> tuple[Plan, Plan]:
        world = World()
        await world.settle(desired(applied))
        anyway, ours = await world.plan(desired(base)), await world.plan(desired(head))
        return split(anyway, anyway, Base("main")), split(ours, anyway, Base("main"))

    same, split_plan = run(story)
    pending = {(show(f.path), repr(f.after)) for change in same.changes for f in change.fields}

    assert {f.origin for change in same.changes for f in change.fields} <= {"pending"}
    for field in (f for change in split_plan.changes for f in change.fields):
        assert (field.origin == "pending") == ((show(field.path), repr(field.after)) in pending)


def attributed(plan: Plan) -> dict[tuple[str, str], tuple[str, str]]:
    """What a plan would write, path by path, and who moved it; what a server may choose is nobody's."""
    return {
        (str(change.id), show(field.path)): (repr(field.after), field.cause)
        for change in plan.changes
        for field in change.fields
        if not KINDS[change.address.kind].is_chosen(field.path)
    }


async def settled(world: World) -> dict[str, dict]:
    """What is live, in normal form; less the fields of which a server may choose the value."""
    return {one.id: dict(_known_fields(one)) for one in await world.live()}


def _known_fields(one: Live) -> Iterator[tuple[str, object]]:
    kind = KINDS[one.kind]
    for name, value in one.fields.items():
        if (name,) not in kind.chosen:
            yield name, {path: kind.less_chosen(path, part) for path, part in kind.members(name, value).items()}


def path_of(one: Live) -> str:
    return f"/{KINDS[one.kind].plural}/{one.id}"


ANYTHING = frozenset({"conflict", "kind-changed", "too-many-deletes", "no-manifests", "possible-duplicate"})


async def after_an_apply(applied: Resource, moved: Edit, settings: Settings) -> World:
    """A world in which somebody changed in a dashboard what an apply had left."""
    world = World(settings)
    await world.settle(desired(applied))
    (one,) = await world.live()
    _, drifted = moved((one.kind, KINDS[one.kind].manifest(one.fields) | {"metadata": one.raw["metadata"]}))
    fields = ("name", "description", "instructions", "metadata", "tools")
    await world.by_hand("POST", path_of(one), {field: drifted[field] for field in fields if field in drifted})
    return world


@fewer
@given(of_one_kind(resource, edit, edit, edit), st.sampled_from([*EVERY_SERVER, *CLONES]))
def test_applying_the_part_and_then_the_rest_ends_where_applying_everything_ends(
    story_of_one: tuple[Resource, Edit, Edit, Edit], settings: Settings
) -> None:
    """The part writes what it lists and nothing else, and what stays pending is attributed as before."""
    applied, moved, before, here = story_of_one
    base, head = desired(before(applied)), desired(here(before(applied)))

    async def story() -> None:
        world, other = [await after_an_apply(applied, moved, settings) for _ in range(2)]
        whole, part = await world.plan(head, allow=ANYTHING), await world.beside(head, base, allow=ANYTHING)
        before, done = await world.raw(), attributed(part)
        outcomes = await world.apply(part)
        assert [type(outcome).__name__ for outcome in outcomes] == ["Done"] * (len(part.changes) + len(part.marks))
        if not part.changes and not part.marks:
            assert await world.raw() == before
        left = await world.plan(head, allow=ANYTHING)
        assert attributed(left) == {path: told for path, told in attributed(whole).items() if path not in done}

        await world.apply(left)
        await other.apply(await other.plan(head, allow=ANYTHING))
        assert await settled(world) == await settled(other)
        again = await world.plan(head)
        assert (again.changes, again.marks) == ((), ())

    run(story)


@fewer
@given(of_one_kind(resource, edit, edit), st.sampled_from(EVERY_SERVER))
def test_a_change_of_no_manifest_applies_nothing(story_of_one: tuple[Resource, Edit, Edit], settings: Settings) -> None:
    applied, moved, before = story_of_one
    head = desired(before(applied))

    async def story() -> None:
        world = await after_an_apply(applied, moved, settings)
        plan = await world.beside(head, head)
        assert (plan.changes, plan.marks, plan.objections) == ((), (), ())
        assert attributed(replace(plan, changes=plan.rest)) == attributed(await world.plan(head))

    run(story)


@fewer
@given(of_one_kind(resource, resource, resource, resource))
def test_a_part_is_taken_by_the_server_whatever_is_pending(states: tuple[Resource, ...]) -> None:
    live, moved, base, head = states

    async def story() -> None:
        world = World()
        await world.settle(desired(live))
        await world.settle(desired(moved))
        part = await world.beside(desired(head), desired(base), allow=ANYTHING)
        assert {type(outcome).__name__ for outcome in await world.apply(part)} <= {"Done"}

    run(story)


STATES = st.dictionaries(st.sampled_from(["a", "b", "c"]), resources(), max_size=3)


@fewer
@given(STATES, STATES, STATES, st.sampled_from(EVERY_SERVER))
def test_a_part_touches_no_object_of_which_it_says_nothing(
    applied: dict, base: dict, head: dict, settings: Settings
) -> None:
    """What comes, goes and changes: the part first, then all, ends as all at once does."""

    async def story() -> None:
        world, other = World(settings), World(settings)
        for one in (world, other):
            await one.settle(desired(*applied.values(), keys=applied.keys()))
        sides = [desired(*side.values(), keys=side.keys()) for side in (head, base)]
        part, before = await world.beside(*sides, allow=ANYTHING), await world.raw()
        await world.apply(part)
        touched = {task.live.id for task in (*part.changes, *part.marks) if task.live is not None}
        after = await world.raw()
        assert {id: raw for id, raw in before.items() if id not in touched} == {
            id: raw for id, raw in after.items() if id in before and id not in touched
        }
        assert len(after) == len(before) + sum({"create": 1, "delete": -1}.get(c.action, 0) for c in part.changes)

        await world.settle(sides[0], allow=ANYTHING)
        await other.settle(sides[0], allow=ANYTHING)
        ended = [sorted(map(repr, (await settled(one)).values())) for one in (world, other)]
        assert ended[0] == ended[1]
        assert (await world.plan(sides[0])).changes == ()

    run(story)


def test_the_document_of_a_plan_is_json_with_the_documented_members() -> None:
    plan = run(World().plan, desired({"model": "gpt-4o"}))
    told = json.loads(FORMATS["json"](document(plan), Style()))
    assert list(told) == [
        "format_version",
        "reconciler_version",
        "stack",
        "environment",
        "base",
        "applies",
        "kinds",
        "offline",
        "fingerprint",
        "digest",
        "summary",
        "changes",
        "marks",
        "objections",
        "pending",
        "notes",
        "mismatches",
        "applyable",
        "complete",
    ]
