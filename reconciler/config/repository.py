"""The Git repository that a folder belongs to, found without asking Git."""

from __future__ import annotations

import os
from pathlib import Path


def repository_top(folder: Path) -> Path | None:
    """The nearest parent with a `.git`, which no branch can contain; links are resolved."""
    folder = Path(os.path.realpath(folder))
    return next((each for each in (folder, *folder.parents) if _is_repository(str(each / ".git"))), None)


def _is_repository(entry: str) -> bool:
    """Not where `.git` is empty: Git before 2.38 would then look whether the folder itself is a bare repository."""
    head = os.path.join(entry, "HEAD")  # noqa: PTH118  # pathlib raises where a folder may not be looked into
    return os.path.isfile(entry) or os.path.isfile(head) or os.path.islink(head)  # noqa: PTH113, PTH114  # the same
