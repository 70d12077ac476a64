"""A release is one tag away: its workflow runs for real, step by step, up to the upload."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.gits import git
from support.workflow import ACTIONS, ROOT, Event, Job, Machine, Running, read

pytestmark = pytest.mark.no_cover

VERSION = re.findall(r'"(.+)"', (ROOT / "reconciler" / "__init__.py").read_text())[-1]
TAG = f"v{VERSION}"
URL = "https://github.example.com/acme/assistants-reconciler"
SECTION = f"## [{VERSION}] - 2026-12-01\n\n### Added\n\n- Plans, as [the page](docs/page.md#look) says.\n"
CHANGELOG = f"# Changelog\n\n## [Unreleased]\n\n{SECTION}\n## [0.0.1] - 2026-01-01\n\n- First.\n"
FILES = [f"assistants_reconciler-{VERSION}-py3-none-any.whl", f"assistants_reconciler-{VERSION}.tar.gz"]
IGNORED = (".venv*", ".git", "node_modules", ".*_cache", ".hypothesis", ".coverage*", "dist", "__pycache__")

_found = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
assert _found
assert _found.loader
release = importlib.util.module_from_spec(_found)
_found.loader.exec_module(release)


def released(folder: Path, workflow: Mapping[str, Any], branch: str = "main", **environ: str) -> dict[str, Job]:
    """What comes of the tag on a branch of the repository in `folder / "origin"`."""
    origin = folder / "origin"
    git(origin, "init", "-q", "-b", "main")
    git(origin, "commit", "-q", "--allow-empty", "-m", "Begin")
    git(origin, "checkout", "-q", "-B", branch)
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "-m", "Release")
    git(origin, "tag", TAG)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    machine = Machine(folder / "jobs", origin, "http://127.0.0.1:9", repository="acme/assistants-reconciler")
    machine.environ |= {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", **environ}
    machine.patience = 900
    machine.kept = lambda run, name, files: ARTIFACTS.__setitem__(name, files)
    return machine.run(workflow, Event("push", git(origin, "rev-parse", "HEAD"), f"refs/tags/{TAG}"), run=1)


ARTIFACTS: dict[str, dict[str, bytes]] = {}
"""What the jobs of the last run kept, by name."""


def until_built() -> dict[str, Any]:
    """The workflow up to where it builds."""
    workflow = read(ROOT / ".github" / "workflows" / "release.yml")
    build = workflow["jobs"]["build"]
    names = [step.get("name") for step in build["steps"]]
    return {**workflow, "jobs": {"build": {**build, "steps": build["steps"][: names.index("Build")]}}}


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """As much of this repository as is read before it is built, with a changelog of this version."""
    folder = tmp_path / "origin"
    (folder / "reconciler").mkdir(parents=True)
    for name in ("README.md", "pyproject.toml", "reconciler/__init__.py"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    readme = folder / "README.md"
    readme.write_text(readme.read_text().replace("There is no release yet.", "Released."))
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    return folder


@pytest.mark.needs("git", "bash")
def test_a_tag_on_main_has_notes_and_a_page_whose_links_lead_to_the_repository(tmp_path: Path, origin: Path) -> None:
    job = released(tmp_path, until_built())["build"]

    assert job.conclusion == "success", job.log
    (checkout,) = (tmp_path / "jobs").glob("*/workspace")
    notes = (checkout / "notes" / "notes.md").read_text()
    assert notes == f"### Added\n\n- Plans, as [the page]({URL}/blob/{TAG}/docs/page.md#look) says.\n"
    page, project = ((checkout / name).read_text() for name in ("README.md", "pyproject.toml"))
    targets = release.TARGET.findall(re.sub(release.CODE, "", page, flags=re.M | re.S))
    assert len(targets) > 10
    assert [target for target in targets if not target.startswith("https://")] == []
    assert f"uses: acme/assistants-reconciler@{git(origin, 'rev-parse', 'HEAD')} # {TAG}" in page
    assert "OWNER" not in page
    assert f'[project.urls]\nSource = "{URL}"\n' in project


@pytest.mark.needs("git", "bash")
def test_a_tag_beside_main_is_no_release(tmp_path: Path, origin: Path) -> None:
    job = released(tmp_path, until_built(), branch="hotfix")["build"]

    assert job.conclusion == "failure"
    assert (
        job.log == f"::error::{TAG} is not on main. Delete the tag, merge what it names, and tag the merged commit.\n"
    )


@pytest.mark.parametrize(
    ("tag", "changelog", "said"),
    [
        (VERSION, CHANGELOG, f"{VERSION} is not the tag of a version. Tags are like v1.2.3 or v1.2.3rc1."),
        ("v99.0.0", CHANGELOG, f"v99.0.0 is not the tag of {VERSION}, the version in reconciler/__init__.py. Delete"),
        (TAG, "# Changelog\n\n## [Unreleased]\n\n- Plans.\n", f"CHANGELOG.md has no section of {VERSION}. Rename"),
        (TAG, CHANGELOG.replace(" - 2026-12-01", ""), f"In CHANGELOG.md the heading of {VERSION} has no date. Write"),
        (TAG, f"\n## [99.0.0] - 2026-12-02\n\n- More.\n\n{SECTION}", "The newest section of CHANGELOG.md is of 99.0.0"),
        (TAG, f"{CHANGELOG}\nNo version is released yet.\n", "CHANGELOG.md says: No version is released yet. CONTRIB"),
        (TAG, f"\n## [{VERSION}] - 2026-12-01\n\n## [0.0.1]\n", f"CHANGELOG.md says nothing of {VERSION}. Move there"),
    ],
)
def test_what_is_not_a_release_says_what_to_do(
    origin: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tag: str,
    changelog: str,
    said: str,
) -> None:
    (origin / "CHANGELOG.md").write_text(changelog)
    monkeypatch.chdir(origin)

    assert release.main(["check", tag]) == 1
    assert capsys.readouterr().out.startswith(f"::error::{said}")


def test_what_was_built_is_not_published_with_links_that_lead_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = tmp_path / f"assistants_reconciler-{VERSION}-py3-none-any.whl"
    text = (
        f"Version: {VERSION}\nDescription-Content-Type: text/markdown\n\nSee [the docs](docs/manifest.md), `[a](b)`.\n"
    )
    with zipfile.ZipFile(wheel, "w") as written:
        written.writestr(f"assistants_reconciler-{VERSION}.dist-info/METADATA", text)

    assert release.main(["files", TAG, str(tmp_path)]) == 1
    assert f"has {wheel.name}, and not assistants_reconciler-{VERSION}" in capsys.readouterr().out
    shutil.copy(wheel, tmp_path / FILES[1])
    assert release.main(["files", TAG, str(tmp_path)]) == 1
    assert capsys.readouterr().out.endswith("links that lead nowhere on a package index: docs/manifest.md.\n")


def test_the_version_is_stated_once() -> None:
    """Besides what pages show of `--version`, which is compared by its form only."""
    texts = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "deploy").iterdir(), ROOT / "action.yml"]
    stated = re.compile(rf"(?<!reconciler )(?<![\d.]){re.escape(VERSION)}(?![\d.]\d)")

    assert [path.name for path in texts if path.name != "CHANGELOG.md" and stated.search(path.read_text())] == []


@pytest.mark.soak
@pytest.mark.needs("git", "bash", "make")
def test_a_release_runs_up_to_the_upload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it: what is built is installed in a fresh environment, passes tests there, and is what an index takes."""
    shutil.copytree(ROOT, tmp_path / "origin", ignore=shutil.ignore_patterns(*IGNORED))
    readme = tmp_path / "origin" / "README.md"
    readme.write_text(readme.read_text().replace("There is no release yet.", "Released."))
    (tmp_path / "origin" / "CHANGELOG.md").write_text(CHANGELOG)
    uploaded: dict[str, Path] = {}
    asked: list[str] = []
    monkeypatch.setitem(ACTIONS, "actions/download-artifact", _download)
    monkeypatch.setitem(ACTIONS, "actions/attest", lambda running, given: asked.append(given["subject-path"]) or {})

    def publish(running: Running, given: Mapping[str, str]) -> dict[str, str]:
        folder = running.workspace / given["packages-dir"]
        uploaded.update({path.name: path for path in folder.iterdir()})
        return {}

    monkeypatch.setitem(ACTIONS, "pypa/gh-action-pypi-publish", publish)
    workflow = read(ROOT / ".github" / "workflows" / "release.yml")
    workflow["jobs"]["installed"]["strategy"]["matrix"]["python"] = ["this one"]
    gh = tmp_path / "gh"
    gh.write_text('#!/bin/sh\necho "gh $*"\n')
    gh.chmod(0o755)
    jobs = released(
        tmp_path,
        workflow,
        PATH=f"{tmp_path}{os.pathsep}{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        PYTEST_ADDOPTS="tests/test_importable.py tests/test_cli_plan.py tests/test_cli_apply.py",
    )

    assert {name: job.conclusion for name, job in jobs.items()} == dict.fromkeys(jobs, "success"), jobs["build"].log
    assert f"Testing reconciler {VERSION} with Python" in jobs["installed"].log
    assert sorted(uploaded) == FILES
    assert asked == ["dist/*"]
    assert (
        f"gh release create {TAG} --verify-tag --title {TAG} --notes-file notes/notes.md --latest"
        in jobs["announce"].log
    )
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "twine"], check=True)
    subprocess.run([python, "-m", "twine", "check", "--strict", *uploaded.values()], check=True)


def _download(running: Running, given: Mapping[str, str]) -> dict[str, str]:
    for name, content in ARTIFACTS[given["name"]].items():
        path = running.workspace / given["path"] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return {}
