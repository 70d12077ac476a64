"""What Git says of the checkout."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

_FEW = 10


def commit(root: Path) -> str | None:
    """The commit that is checked out, `+dirty` where files differ from it; None without Git."""
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    if not head:
        return None
    dirty = _git(root, "status", "--porcelain", "--untracked-files=normal", "--", ".")
    return f"{head[:12]}+dirty" if dirty else head[:12]


def behind(root: Path, commits: Iterable[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Which of the commits are not in the history of what is checked out, and what cannot be known."""
    wanted = sorted(set(commits))
    head = _git(root, "rev-parse", "HEAD") if wanted else ""
    if not head:
        return frozenset(), ()
    if len(wanted) > _FEW:
        history = {line[:12] for line in _git(root, "rev-list", "HEAD").splitlines()}
        absent = [commit for commit in wanted if commit[:12] not in history]
    else:
        absent = [commit for commit in wanted if not head.startswith(commit) and not _is_ancestor(root, commit)]
    if absent and _git(root, "rev-parse", "--is-shallow-repository") == "true":
        note = "This clone is shallow, so whether it is behind what was applied last cannot be told: fetch-depth: 0."
        return frozenset(), (note,)
    return frozenset(absent), ()


def _is_ancestor(root: Path, commit: str) -> bool:
    return _run(root, "merge-base", "--is-ancestor", commit, "HEAD").returncode == 0


def _git(root: Path, *arguments: str) -> str:
    found = _run(root, *arguments)
    return found.stdout.strip() if found.returncode == 0 else ""


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603  # ours
    except (OSError, subprocess.TimeoutExpired):
        return subprocess.CompletedProcess(command, 1, "", "")
