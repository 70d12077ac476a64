"""Where the tool could not be installed, what stands on the pull request is marked as out of date."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.github.outdated import outdated
from support.checkout import plain
from support.github import BOT, Hub, github
from support.workflow import ROOT

SCRIPT = ROOT / "reconciler" / "github" / "outdated.py"
HEAD, NEXT = "a" * 40, "b" * 40
RUN = "https://github.example/acme/assistants/actions/runs/9"
FIRST = "<!-- reconciler: comment acme production run 7.1 -->\n"
SAID = f"### 1 prompt changed\n\n**production**\n\nCommit `{HEAD[:12]}`, 2026-01-31 10:00 UTC.\n"
MARK = (
    "> [!WARNING]\n> **Out of date.** What stands here is of an older commit;"
    f" `{NEXT[:12]}` could not be planned: [the run](<{RUN}>) says why.\n\n"
)


@pytest.mark.parametrize(
    ("body", "environments", "found"),
    [
        (FIRST + SAID, [], FIRST + MARK + SAID),
        (FIRST + SAID, ["production"], FIRST + MARK + SAID),
        (FIRST + SAID, ["staging"], None),
        (FIRST.replace("production", "production,staging") + SAID, ["staging"], "same"),
        (FIRST + MARK.replace(NEXT[:12], "c" * 12) + SAID, [], FIRST + MARK + SAID),
        (FIRST + SAID.replace(HEAD[:12], NEXT[:12]), [], None),
        (f"a comment\n{FIRST}{SAID}", [], None),
        (FIRST.replace("7.1", f"{10**18}.1") + SAID, [], "same"),
        (FIRST + SAID + "x" * 65_500, [], FIRST + MARK + "### 1 prompt changed\n"),
    ],
)
def test_what_is_of_an_older_commit_is_marked(body: str, environments: list[str], found: str | None) -> None:
    marked = outdated(body, NEXT, environments, RUN)

    assert (marked is not None and MARK in marked) if found == "same" else marked == found


def test_line_ends_are_as_the_code_host_keeps_them() -> None:
    once = outdated((FIRST + SAID).replace("\n", "\r\n"), NEXT, [], RUN)
    assert once is not None

    again = outdated(once.replace("\r\n", "\n").replace("\n", "\r\n").replace(NEXT[:12], "c" * 12), NEXT, [], RUN)

    assert again is not None
    assert again.count("Out of date") == 1


@pytest.fixture
def hub() -> Iterator[Hub]:
    with github() as found:
        found.pull(7, head=NEXT)
        yield found


def ran(hub: Hub, folder: Path, head: str = NEXT, **environ: str) -> subprocess.CompletedProcess[str]:
    """The file by itself, as the action runs it."""
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": head}}}))
    return subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT)],
        cwd=folder,
        env=plain(**hub.environ(pull=7, run=9), GITHUB_EVENT_PATH=str(event), **environ),
        capture_output=True,
        text=True,
    )


def test_our_comments_are_marked_by_nothing_but_the_standard_library(hub: Hub, tmp_path: Path) -> None:
    for number in range(120):
        hub.comment(7, f"comment {number}")
    hub.comment(7, FIRST + SAID, by="mallory")
    hub.comment(7, FIRST + SAID, by=BOT)

    done = ran(hub, tmp_path)

    assert (done.returncode, done.stdout, done.stderr) == (0, "Comments marked as out of date: 1.\n", "")
    assert hub.bodies(7) == [FIRST + MARK + SAID]
    assert hub.bodies(7, by="mallory") == [FIRST + SAID]
    assert ran(hub, tmp_path).stdout == "Comments marked as out of date: 0.\n"


def test_a_comment_of_another_environment_or_account_is_left_alone(hub: Hub, tmp_path: Path) -> None:
    hub.comment(7, FIRST + SAID, by=BOT)
    hub.comment(7, FIRST + SAID, by="our-app[bot]")

    assert "out of date: 0." in ran(hub, tmp_path, ENVIRONMENT="staging other").stdout
    assert "out of date: 1." in ran(hub, tmp_path, RECONCILER_AUTHOR="Our-App[bot]").stdout
    assert hub.bodies(7) == [FIRST + SAID]


def test_a_run_that_another_push_overtook_marks_nothing(hub: Hub, tmp_path: Path) -> None:
    hub.comment(7, FIRST + SAID, by=BOT)

    done = ran(hub, tmp_path, head="c" * 40)

    assert (done.returncode, done.stdout) == (
        0,
        "Another push is there already: its own run says what becomes of it.\n",
    )
    assert hub.writes() == []


def test_the_token_follows_no_redirect(hub: Hub, tmp_path: Path) -> None:
    hub.fail("GET", "/pulls/7", status=302, headers={"Location": f"{hub.storage}/kept/1"})

    assert ran(hub, tmp_path).returncode == 1
    assert hub.stored == []


def test_the_action_marks_it_where_its_install_failed_and_where_nothing_could_be_said() -> None:
    from support.expressions import Lenient, holds
    from support.workflow import read

    steps = {step["name"]: step for step in read(ROOT / "action.yml")["runs"]["steps"]}

    def marks(command: str = "plan", install: str = "success", commented: str = "success", **event: Any) -> bool:
        pull = {"state": "open", "head": {"repo": {"full_name": "acme/assistants"}}, **event.pop("pull", {})}
        context = {
            "inputs": {"command": command},
            "steps": {"install": {"outcome": install}, "commented": {"outcome": commented}},
            "github": {"event": Lenient(pull_request=pull, **event), "repository": "acme/assistants"},
        }
        return holds(steps["Mark the comment as out of date"]["if"], context, {"always": True, "success": False})

    assert marks(install="failure", commented="skipped")
    assert marks(install="cancelled", commented="skipped")
    assert marks(commented="failure")
    assert not marks()
    assert not marks(command="apply", install="failure")
    assert not marks(install="failure", action="edited")
    assert marks(install="failure", action="edited", changes=Lenient(base={"ref": {}}))
    assert not marks(install="failure", pull={"state": "closed"})
    assert not marks(install="failure", pull={"head": {"repo": {"full_name": "stranger/assistants"}}})
