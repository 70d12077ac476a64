"""Every story in `scenarios/` plans and sends exactly what it says; `make golden` rewrites what it says.

The plan as text stands in each. The other formats are kept for a few that between them show everything, since a change
of a format is read as closely as code; what holds for every format and every scenario is a law.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import jsonschema_rs
import pytest

from reconciler import __version__
from reconciler.emulator import Settings
from reconciler.render import FORMATS, Style, document
from reconciler.render.plan_schema import plan_schema
from support.schemas import closed
from support.world import SCENARIOS, Scenario, each_scenario, run

pytestmark = pytest.mark.no_cover

PLAN = jsonschema_rs.Draft7Validator(closed(plan_schema()))
GOLDEN = Path(__file__).parent / "golden"
SHOWN_IN_EVERY_FORMAT = [
    "edits-a-prompt",
    "keeps-hostile-text-in-its-place",
    "refuses-a-conflict",
    "reviews-without-a-server",
    "tells-a-shared-edit-once",
    "tells-this-change-from-what-is-pending",
    "uses-everything",
]
ENDINGS = {"markdown": "md", "json": "json", "html": "html", "github": "github.txt"}


@each_scenario
def test_the_plan_reads_as_the_scenario_says_and_the_calls_are_those(scenario: Scenario, tmp_path: Path) -> None:
    planned = document(scenario.planned)
    text = _without_what_every_field_changes(FORMATS["text"](planned, Style(width=100)))
    assert [(each.instance_path, each.message) for each in PLAN.iter_errors(planned)] == []
    written = {"plan.txt": text, "calls.jsonl": run(_calls, scenario, tmp_path) or "\n"}

    if os.environ.get("RECONCILER_GOLDEN"):
        scenario.write(written)
    expected = Scenario.read(scenario.path).sections
    assert {name: expected.get(name) for name in written} == written


async def _calls(scenario: Scenario, folder: Path) -> str:
    world, desired = await scenario.prepared(folder, Settings())
    plan = await scenario.plan(world, desired, folder)
    if plan.offline is None:
        await world.apply(plan)
    return "".join(json.dumps(call, ensure_ascii=False) + "\n" for call in world.writes())


@pytest.mark.parametrize("name", SHOWN_IN_EVERY_FORMAT)
@pytest.mark.parametrize("shape", sorted(set(FORMATS) - {"text"}))
def test_every_other_format_is_the_one_kept(name: str, shape: str) -> None:
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.path.stem == name)
    rendered = _without_what_every_field_changes(FORMATS[shape](document(scenario.planned), Style(width=100)))
    kept = GOLDEN / name / f"plan.{ENDINGS[shape]}"

    if os.environ.get("RECONCILER_GOLDEN"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(rendered)
    assert rendered == kept.read_text()


def _without_what_every_field_changes(text: str) -> str:
    """Less digests and the number of fields, which change with every new field; and less version and style sheet."""
    text = re.sub(r"(?s)<style>.*?</style>", "<style>…</style>", text)
    text = re.sub(r"sha256-[A-Za-z0-9+/=]+", "sha256-…", text)
    text = re.sub(r'("(?:seen|digest|fingerprint)": )"[^"]*"', r'\1"…"', text)
    text = re.sub(r"(Fingerprint (?:`|<code>))[\w-]{16}", r"\1…", text)
    text = re.sub(r'(?<="unchanged_fields": )[1-9]\d*', '"…"', text)
    text = re.sub(r"\d+(?= unchanged fields? hidden)", "…", text)
    return text.replace(__version__, "VERSION")


def test_nothing_is_kept_for_a_scenario_that_is_gone() -> None:
    assert sorted(folder.name for folder in GOLDEN.iterdir()) == SHOWN_IN_EVERY_FORMAT


def test_there_are_scenarios() -> None:
    assert len(SCENARIOS) >= 20
