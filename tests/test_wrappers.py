"""Programs that wrap Terraform find what they look for in our output: the last lines are Terraform's to the byte.

The patterns are those that tfcmt and Atlantis read a plan and an apply by.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.model import Difference
from reconciler.render import FORMATS, Style
from reconciler.render import document as render_document
from support.checkout import Checkout
from support.render_plans import field, kept, plan, update
from support.world import Scenario, each_scenario

PLANNED = re.compile(r"^(Plan: \d|No changes.)", re.M)
DESTROYS = re.compile(r"([1-9][0-9]* to destroy.)", re.M)
FAILED = re.compile(r"^([│|] )?(Error: )", re.M)
APPLIED = re.compile(r"^(Apply complete!)", re.M)
COUNTED = re.compile(r"Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy.")


@each_scenario
def test_the_last_line_of_every_plan_is_found_and_counted(scenario: Scenario) -> None:
    document = render_document(scenario.planned)
    summary = document["summary"]
    text = FORMATS["text"](document, Style())

    assert not FAILED.search(text)
    found = PLANNED.search(text)
    assert found
    assert text.count("\n", found.start()) == 1
    assert bool(DESTROYS.search(text[found.start() :])) == bool(summary["destroy"])
    counted = COUNTED.findall(text[found.start() :])
    figures = tuple(summary[name] for name in ("import", "add", "change", "destroy"))
    assert [tuple(int(one or 0) for one in each) for each in counted] == ([figures] if "Plan:" in text else [])


def test_no_changes_is_found_where_the_server_did_not_keep_something() -> None:
    text = FORMATS["text"](render_document(plan(mismatches=(kept("hr", Difference(("name",), "HR", "x")),))), Style())

    assert PLANNED.findall(text) == ["No changes."]


def test_figures_within_a_live_text_are_not_taken_for_ours() -> None:
    said = "Say: Plan: 9 to import, 9 to add, 9 to change, 9 to destroy. Plan: 8 to add, 8 to change, 8 to destroy."
    text = FORMATS["text"](render_document(plan(update("x", field("instructions", said, f"{said} x")))), Style())

    assert COUNTED.findall(text) == [("", "0", "1", "0")]
    assert "Say: Plan<U+003A> 9 to import" in text


def test_an_apply_and_a_failure_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys, hr="model: gpt-4o\nname: HR\n")

    assert APPLIED.search(here.run("apply", "-auto-approve", "-input=false", "-no-color").out)
    assert FAILED.search(here.run("apply", "-input=false", "nobody").err)
