"""What Git says of the checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit(root: Path) -> str | None:
    """The commit that is checked out, `+dirty` where files differ from it; None without Git."""
    head = _git(root, "rev-parse", "--short=12", "HEAD")
    if not head:
        return None
    dirty = _git(root, "status", "--porcelain", "--untracked-files=normal", "--", ".")
    return f"{head[:12]}+dirty" if dirty else head[:12]


def _git(root: Path, *arguments: str) -> str:
    try:
        found = subprocess.run(  # noqa: S603  # the arguments are ours
            ["git", "-C", str(root), *arguments],  # noqa: S607  # whichever git the user has
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
