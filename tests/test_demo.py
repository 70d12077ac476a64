"""`make demo` tells its story to the end, and stops where a step does not do what it says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.forking import command
from support.needing import PATIENCE

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).resolve().parent.parent


def _demo(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The story, whose commands need not import everything again each time, as they do in `make demo`."""
    script = f"import runpy, sys; sys.executable = {str(command())!r}; runpy.run_module('demo', run_name='__main__')"
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {
            "CI": "true",
            "NO_COLOR": "1",
            "OPENAI_API_KEY": "sk-not-a-key",
            "RECONCILER_ENVIRONMENT": "production",
            "RECONCILER_FORMAT": "json",
            "RECONCILER_AUTO_APPROVE": "0",
        },
    ],
    ids=["plain", "with-variables-of-its-own"],
)
def test_it_tells_the_story_to_the_end(environ: Mapping[str, str]) -> None:
    done = _demo(ROOT, **environ)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("No changes. Your ") == 2
    assert "# drift" in done.stdout
    assert "~ agent.parts-scout will be updated" in done.stdout
    assert "~ assistant.support-desk will be updated" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A checkout whose examples are not those of the story."""
    for name in ("agents", "assistants", "demo"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "reconciler.yaml", tmp_path)
    return tmp_path


def test_it_stops_where_a_command_says_something_else(broken: Path) -> None:
    (broken / "assistants" / "code-reviewer.md").unlink()
    done = _demo(broken)

    assert done.returncode == 1
    assert "The demo stops here: `reconciler plan -e local --detailed-exitcode` exited 2" in done.stderr
    assert "ended in 'Plan: 8 to add, 0 to change, 0 to destroy.'" in done.stderr


def test_it_stops_where_a_fact_does_not_hold(broken: Path) -> None:
    prompt = broken / "assistants" / "prompts" / "support-desk.md"
    prompt.write_text("You are the support desk.\n", encoding="utf-8")
    done = _demo(broken)

    assert done.returncode == 1
    assert "This is not true: the support desk's prompt speaks of discounts." in done.stderr
