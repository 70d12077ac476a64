"""`reconciler init`: what it writes works at once, and what was there before stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.checkout import Checkout

PINNED = f"acme/assistants-reconciler@{'0123456789' * 4}"
STAGING, PRODUCTION = "staging=https://staging.example.com/v1", "production=https://assistants.example.com/v1"
EVERYTHING = ("--stack", "people", "-e", STAGING, "-e", PRODUCTION, "--workflows", "--agents-md", "--action", PINNED)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    root = tmp_path / "people-team"
    root.mkdir()
    checkout = Checkout(root, monkeypatch, capsys)
    (root / "assistants").rmdir()
    return checkout


def files(root: Path) -> dict[str, bytes]:
    """Every file below, without Git's own."""
    found = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


@pytest.mark.parametrize("layout", ["yaml", "markdown"])
@pytest.mark.parametrize("kind", ["agent", "assistant"])
def test_a_plan_works_at_once(here: Checkout, kind: str, layout: str) -> None:
    told = here.run("init", "--kind", kind, "--layout", layout, "-e", PRODUCTION)

    assert (told.code, told.err) == (0, "")
    assert told.out.startswith(
        "local (.reconciler/local.db), stack people-team\nproduction (openai, https://assistants"
    )
    *commands, after = told.out.split("Next:\n")[1].splitlines()
    assert [line.split() for line in (*commands, after)] == [
        ["reconciler", word] for word in ("validate", "plan", "apply")
    ]
    assert here.run("validate").err == ""
    assert f"+ {kind}.helper will be created" in here.run("plan").out
    assert here.run("apply", "--auto-approve").code == 0
    assert here.run("plan").out.endswith("match the manifests.\n")
