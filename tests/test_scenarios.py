"""Every story in `scenarios/` plans and sends exactly what it says; `make golden` rewrites what it says."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from reconciler import __version__
from reconciler.emulator import Settings
from reconciler.model import Plan
from reconciler.render import FORMATS, Style, document
from support.world import SCENARIOS, Scenario, run

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {"markdown": "md", "json": "json", "html": "html", "github": "github.txt"}

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
    plan = await scenario.plan(world, desired, folder)
    if plan.offline is None:
        await world.apply(plan)
    calls = "".join(json.dumps(call, ensure_ascii=False) + "\n" for call in world.writes())
    return {"plan.txt": FORMATS["text"](document(plan), Style(width=100)), "calls.jsonl": calls or "\n"}


@each
@pytest.mark.parametrize("shape", sorted(set(FORMATS) - {"text"}))
def test_every_other_format_is_the_one_kept(scenario: Scenario, shape: str, tmp_path: Path) -> None:
    plan = run(_planned, scenario, tmp_path)
    found = _stripped(FORMATS[shape](document(plan), Style(width=100)))
    kept = GOLDEN / scenario.path.stem / f"plan.{ENDINGS[shape]}"

    if os.environ.get("RECONCILER_GOLDEN"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(found)
    assert found == kept.read_text()


async def _planned(scenario: Scenario, folder: Path) -> Plan:
    world, desired = await scenario.prepared(folder, Settings())
    return await scenario.plan(world, desired, folder)


def _stripped(text: str) -> str:
    """Less what is the same in every one of them, or another with every version."""
    styles = re.sub(r"(?s)<style>.*?</style>", "<style>…</style>", text)
    styles = re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-…", styles)
    dated = re.sub(r'("digest": )"[^"]*"(,\n  "summary")', r'\1"…"\2', styles)
    return dated.replace(__version__, "VERSION")


def test_nothing_is_kept_for_a_scenario_that_is_gone() -> None:
    assert {folder.name for folder in GOLDEN.iterdir()} == {scenario.path.stem for scenario in SCENARIOS}


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 20
