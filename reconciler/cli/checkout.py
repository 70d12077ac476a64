"""What Git says of the checkout."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

_FEW = 10
_COMMIT = re.compile(r"[0-9a-f]{4,64}")


def commit(root: Path, besides: Iterable[str] = ()) -> str | None:
    """The commit that is checked out, `+dirty` where files differ from it, but for some; None without Git."""
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    if not head:
        return None
    inside = (os.path.relpath(path, root) for path in besides)
    left_out = [f":(exclude,literal){path}" for path in inside if not path.startswith("..")]
    status = _run(root, "status", "--porcelain", "--untracked-files=normal", "--", ".", *left_out)
    return f"{head[:12]}+dirty" if status.stdout or status.returncode else head[:12]


def head(root: Path) -> str:
    """The commit that is checked out, in full; nothing without Git."""
    return _git(root, "rev-parse", "HEAD")


def ignored(root: Path, folders: Iterable[str]) -> tuple[str, ...]:
    """The files in the folders that Git was told to ignore: they are in no commit, and make none dirty."""
    listed = _git(root, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *folders)
    return tuple(filter(None, listed.split("\0")))


def behind(root: Path, commits: Iterable[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Which of the commits are not in the history of what is checked out, and what cannot be known."""
    wanted = sorted(set(commits))
    if (note := _mute(root)) is not None:
        return frozenset(), (note,)
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


def _mute(root: Path) -> str | None:
    """That Git does not speak of a checkout which is one: nobody shall wonder why no commit is known."""
    tops = [folder for folder in (root, *root.parents) if (folder / ".git").exists()]
    done = _run(root, "rev-parse", "--git-dir") if tops else None
    if done is None or not done.returncode:
        return None
    note = "Git does not speak of this checkout, so nothing is stamped with its commit"
    if "dubious ownership" in done.stderr:
        return f"{note}: it is another user's. `git config --global --add safe.directory {tops[0]}` mends that."
    return f"{note}: is git installed here, and does `git status` work?"


def _is_ancestor(root: Path, commit: str) -> bool:
    """Whether it is; a word that is no commit is none of HEAD's, and no option of Git's either."""
    return bool(_COMMIT.fullmatch(commit)) and not _run(root, "merge-base", "--is-ancestor", commit, "HEAD").returncode


def _git(root: Path, *arguments: str) -> str:
    found = _run(root, *arguments)
    return found.stdout.strip() if found.returncode == 0 else ""


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.run(  # noqa: S603  # ours
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return subprocess.CompletedProcess(command, 1, "", "")
