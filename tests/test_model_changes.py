"""An assistant moves from model to model: what the server chose for one is not carried to the next."""

from __future__ import annotations

import pytest

from reconciler.canonical import Json
from reconciler.emulator import Settings
from reconciler.model import Done
from support.world import EVERY_SERVER, World, desired, run

pytestmark = pytest.mark.no_cover

Body = dict[str, Json]
Story = list[tuple[Body, Body]]
"""State after state: the assistant, and what of its body is sent beside the marker."""

REFUSED: Body = {"temperature": None, "top_p": None}
STORIES: dict[str, Story] = {
    "the effort is left to the server": [
        ({"model": "gpt-5"}, {"model": "gpt-5"}),
        ({"model": "o3"}, {"model": "o3", "reasoning_effort": None}),
        ({"model": "gpt-4o"}, {"model": "gpt-4o", "reasoning_effort": None}),
        ({"model": "o3-mini"}, {"model": "o3-mini", **REFUSED}),
        ({"model": "gpt-4o"}, {"model": "gpt-4o", "reasoning_effort": None}),
    ],
    "the effort is stated": [
        ({"model": "gpt-5", "reasoning_effort": "high"}, {"model": "gpt-5", "reasoning_effort": "high"}),
        ({"model": "o3", "reasoning_effort": "high"}, {"model": "o3"}),
        ({"model": "o3-mini", "reasoning_effort": "low"}, {"model": "o3-mini", "reasoning_effort": "low"}),
        ({"model": "o3"}, {"model": "o3", "reasoning_effort": None}),
    ],
    "the temperature is stated": [
        ({"model": "gpt-4o", "temperature": 0.5}, {"model": "gpt-4o", "temperature": 0.5}),
        ({"model": "o3-mini"}, {"model": "o3-mini", **REFUSED}),
        ({"model": "gpt-4o", "temperature": 0.5}, {"model": "gpt-4o", "temperature": 0.5, "reasoning_effort": None}),
    ],
}


def sent(world: World) -> list[Body]:
    """The bodies that were written since the last look, beside the marker."""
    bodies = [dict(write["body"]) for write in world.writes() if isinstance(write["body"], dict)]
    world.recorder.requests.clear()
    return [{name: value for name, value in body.items() if name != "metadata"} for body in bodies]


@pytest.mark.parametrize("story", STORIES.values(), ids=list(STORIES))
@pytest.mark.parametrize("named", [{}, {"name": "HR"}], ids=["bare", "named"])
def test_a_new_model_chooses_anew_and_nothing_else_is_sent(story: Story, named: Body) -> None:
    async def moved() -> None:
        world = World()
        for number, (body, patch) in enumerate(story):
            other: Body = {"model": "gpt-4.1", "name": f"Other {number}"}
            wanted = desired({**named, **body}, other)
            outcomes = await world.settle(wanted)
            assert [type(outcome) for outcome in outcomes] == [Done, Done]
            (mine, others) = sent(world)
            assert mine == {**patch, **({} if number else named)}
            assert others == ({"name": other["name"]} if number else other)
            assert (await world.plan(wanted)).changes == ()

    run(moved)


@pytest.mark.parametrize("settings", EVERY_SERVER, ids=lambda s: f"{s.metadata}-{s.echo}")
def test_what_the_dashboard_chose_outlives_the_model_where_it_is_ignored(settings: Settings) -> None:
    async def moved() -> tuple[Json, Json]:
        world = World(settings)
        ignoring: Body = {"reconciler": {"ignore_changes": ["reasoning_effort"]}, "name": "HR"}
        await world.settle(desired({"model": "gpt-5", **ignoring}))
        (one,) = await world.live()
        await world.by_hand("POST", f"/assistants/{one.id}", {"reasoning_effort": "high"})
        await world.settle(desired({"model": "o3", **ignoring}))
        (kept,) = await world.live()
        await world.settle(desired({"model": "gpt-4o", **ignoring}))
        (refused,) = await world.live()
        return kept.raw.get("reasoning_effort"), refused.raw.get("reasoning_effort")

    assert run(moved) == ("high", None)


def test_a_temperature_that_a_sparse_server_dropped_is_sent_again_at_once() -> None:
    async def changed() -> Json:
        world = World(Settings(modify="upsert", metadata="replace", echo="sparse"))
        stated: Body = {"model": "gpt-4o", "temperature": 0.7, "name": "HR"}
        await world.settle(desired(stated))
        (one,) = await world.live()
        await world.by_hand(
            "POST", f"/assistants/{one.id}", {"model": "gpt-4o", "temperature": 0.7, "metadata": one.raw["metadata"]}
        )
        await world.settle(desired(stated))
        return (await world.live())[0].raw.get("temperature")

    assert run(changed) == 0.7


def test_an_effort_that_a_sparse_server_dropped_is_sent_again_in_the_same_apply() -> None:
    async def changed() -> Json:
        world = World(Settings(modify="upsert", metadata="replace", echo="sparse"))
        for name in ("HR", "People"):
            await world.settle(desired({"model": "o3-mini", "reasoning_effort": "high", "name": name}))
        return (await world.live())[0].raw.get("reasoning_effort")

    assert run(changed) == "high"
