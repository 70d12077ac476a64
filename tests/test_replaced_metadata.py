"""Agents, whose metadata every client replaces, while others write to them: what they set stays, as far as it can."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.apply.engine import Listener, RunContext, apply
from reconciler.model import Desired, Done, Outcome, Plan, Stale
from support.world import World, desired, names, run

IGNORED = {"reconciler": {"ignore_changes": ["metadata.last_eval"]}}


def agent(**body: Any) -> tuple[Desired, ...]:
    return desired(("agent", {"model": "gpt-5.1", "name": "HR", "metadata": {"team": "people"}, **IGNORED, **body}))


async def by_sdk(world: World, *, keeps: bool, **pairs: str) -> None:
    """Another client sets metadata: beside all that it has read, or in its place."""
    ((id, raw),) = (await world.raw()).items()
    there = raw["metadata"] if keeps and isinstance(raw["metadata"], dict) else {}
    await world.by_hand("POST", f"/agents/{id}", {"metadata": {**there, **pairs}})


async def applied(world: World, plan: Plan, *, planned_before: bool = True) -> Outcome:
    run_context = RunContext("nonce456", reread=planned_before)
    (outcome,) = await apply(plan, world.provider, run_context, Listener())
    return outcome


def metadata(world: World) -> dict[str, Any]:
    """What the last write sent."""
    body: Any = world.writes()[-1]["body"]
    return dict(body["metadata"])


def test_a_pair_that_is_left_to_others_is_sent_back_with_every_write() -> None:
    async def story() -> None:
        world = World()
        await world.settle(agent())
        await by_sdk(world, keeps=True, last_eval="7")
        assert (await world.plan(agent())).changes == ()

        assert isinstance(await applied(world, await world.plan(agent(instructions="Be kind."))), Done)
        assert metadata(world) == {"team": "people", "last_eval": "7", "reconciler": "(marker)"}

    run(story)


def test_a_pair_that_others_set_after_the_plan_is_read_before_the_write() -> None:
    async def story() -> None:
        world = World()
        await world.settle(agent())
        plan = await world.plan(agent(instructions="Be kind."))
        await by_sdk(world, keeps=True, last_eval="8")

        assert isinstance(await applied(world, plan), Done)
        assert metadata(world)["last_eval"] == "8"

    run(story)


@pytest.mark.parametrize("keeps", [True, False], ids=["a pair of its own", "all of it"])
def test_a_write_that_nothing_leaves_to_others_is_not_overwritten(keeps: bool) -> None:
    async def story() -> None:
        world = World()
        await world.settle(agent())
        plan = await world.plan(agent(instructions="Be kind."))
        await by_sdk(world, keeps=keeps, owner="somebody")
        writes = len(world.writes())

        assert isinstance(await applied(world, plan), Stale)
        assert len(world.writes()) == writes

    run(story)


def test_what_others_set_since_the_last_reading_is_overwritten_and_the_marker_is_there_again() -> None:
    async def story() -> None:
        world = World()
        await world.settle(agent())
        plan = await world.plan(agent(instructions="Be kind."))
        await by_sdk(world, keeps=False, owner="somebody", last_eval="8")

        assert isinstance(await applied(world, plan, planned_before=False), Done)
        assert metadata(world) == {"team": "people", "reconciler": "(marker)"}
        assert names((await world.plan(agent(instructions="Be kind."))).changes) == []

    run(story)
