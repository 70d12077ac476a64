"""Every story in `scenarios/` plans and sends exactly what it says; `make golden` rewrites what it says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from world import SCENARIOS, Scenario, run

from reconciler.emulator import Settings
from reconciler.render import FORMATS, Style, document

each = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.path.stem)


@each
def test_the_plan_reads_as_the_scenario_says_and_the_calls_are_those(scenario: Scenario, tmp_path: Path) -> None:
    found = run(_told, scenario, tmp_path)

    if os.environ.get("RECONCILER_GOLDEN"):
        scenario.write(found)
    expected = Scenario.read(scenario.path).sections
    assert {name: expected.get(name) for name in found} == found


async def _told(scenario: Scenario, folder: Path) -> dict[str, str]:
    world, desired = await scenario.prepared(folder, Settings())
    plan = await world.plan(desired, **scenario.options)
    await world.apply(plan)
    calls = "".join(json.dumps(call, ensure_ascii=False) + "\n" for call in world.writes())
    return {"plan.txt": FORMATS["text"](document(plan), Style(width=100)), "calls.jsonl": calls or "\n"}


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 20
