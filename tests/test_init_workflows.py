"""The workflows that `reconciler init` wrote run for real, from the pull request that brings them to an apply."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli import run
from support.gits import git
from support.teamwork import KEY, Team, manifest, server, team
from support.workflow import lint

pytestmark = [pytest.mark.no_cover, pytest.mark.needs("git", "bash")]

ACTION = f"OWNER/assistants-reconciler@{'0123456789' * 4}"


@pytest.fixture
def staging(tmp_path: Path) -> Iterator[str]:
    with server(tmp_path / "staging") as url:
        yield url


@pytest.fixture
def acme(tmp_path: Path, staging: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """A team whose repository is initialized, and that has set nothing on GitHub yet."""
    with team(tmp_path) as found:
        found.commit(**{"README.md": "Ours.\n"})
        monkeypatch.chdir(found.origin)
        words = ("-e", f"staging={staging}", "-e", f"production={found.url}", "--kind", "assistant")
        assert run(["init", "--stack", "acme", *words, "--workflows", "--agents-md", "--action", ACTION]) == 0
        found.workflows = tmp_path / "workflows"
        (found.origin / ".github" / "workflows").rename(found.workflows)  # no test here edits them
        found.variables.clear()
        found.secrets.clear()
        yield found


def test_first_nothing_is_applied_then_staging_and_then_production(acme: Team, staging: str) -> None:
    lint(acme.workflows)
    setup = {path.relative_to(acme.origin).as_posix(): path.read_text() for path in _written(acme.origin)}
    git(acme.origin, "clean", "-fdq")
    first = acme.open(1, **setup)
    assert first.conclusion == "success", first.log
    acme.merge(1)
    assert {job.conclusion for job in acme.applied_in_turn().values()} == {"skipped"}

    acme.variables["RECONCILER_ENABLED"] = "true"
    keys = ("RECONCILER_PLAN_KEY", "RECONCILER_STAGING_PLAN_KEY", "RECONCILER_APPLY_KEY", "RECONCILER_RECONCILE_KEY")
    acme.secrets.update(dict.fromkeys(keys, KEY))
    job = acme.open(2, sales=manifest("You sell.\n", name="Sales"))
    assert job.conclusion == "success", job.log
    assert " in staging, production" in job.summary
    acme.merge(2)
    jobs = acme.applied_in_turn()

    ends = [(name, job.conclusion) for name, job in jobs.items()]
    assert ends == [("staging", "success"), ("production", "success")], jobs["production"].log
    assert [[one["name"] for one in acme.everything(url)] for url in (staging, acme.url)] == [["Sales"]] * 2


def _written(root: Path) -> list[Path]:
    return [
        path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts and path.name != "README.md"
    ]
