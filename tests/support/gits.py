"""Real Git repositories, made for a test; nobody's own configuration reaches them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from support.needing import needing

NOBODY = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "nobody@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(root: Path, *arguments: str) -> str:
    """What Git answers; without git there is no test."""
    needing("git")
    command = ["git", "-C", str(root), *arguments]
    environ = {**os.environ, **NOBODY}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.strip()


def repository(root: Path) -> Path:
    """A repository with everything in the folder in its first commit."""
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "first", "--allow-empty")
    return root


def commit(root: Path, name: str = "again") -> str:
    """An empty commit; its short name."""
    git(root, "commit", "-q", "--allow-empty", "-m", name)
    return git(root, "rev-parse", "--short=12", "HEAD")
