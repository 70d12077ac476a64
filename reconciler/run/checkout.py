"""What Git says of the checkout: its commit, its history, and states of files in it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from reconciler.manifests.disk import MANIFESTS
from reconciler.run.git import Repository, repository

_FEW = 10
_LOOKED_AT = 50
"""So many commits that touched the files in question are looked at."""
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_PULL = re.compile(r"^Merge pull request #(?P<merged>[0-9]+) |\(#(?P<squashed>[0-9]+)\)$")
"""How a code host names a pull request in the commit that it was merged with."""


def commit(root: Path, besides: Iterable[str] = (), extends: Iterable[str] = ()) -> str | None:
    """The commit that is checked out, `+dirty` where files differ from it, but for some; None without Git.

    `extends` are files outside of the root that count as well.
    """
    git = repository(root)
    head = git.text("rev-parse", "--short=12", "HEAD") if git is not None else ""
    if git is None or not head:
        return None
    inside = (os.path.relpath(path, root) for path in besides)
    left_out = [f":(exclude,literal){git.inside}{path}" for path in inside if not path.startswith("..")]
    here = f":(literal){git.inside or '.'}"
    status = git.ask("status", "--porcelain", "--untracked-files=normal", "--", here, *git.literal(extends), *left_out)
    return f"{head[:12]}+dirty" if status.out or not status.ok else head[:12]


def head(root: Path) -> str:
    """The commit that is checked out, in full; nothing without Git."""
    git = repository(root)
    return git.text("rev-parse", "HEAD") if git is not None else ""


def ignored(root: Path, folders: Iterable[str]) -> tuple[str, ...]:
    """The files in the folders that Git ignores: they are in no commit, and make none dirty."""
    git = repository(root)
    if git is None:
        return ()
    listed = git.text("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *git.literal(folders))
    return tuple(filter(None, listed.split("\0")))


def absent_from_history(root: Path, commits: Iterable[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Which of the commits are not in the history of what is checked out, and a note where that is not known."""
    git, wanted = repository(root), sorted(set(commits))
    if git is None:
        return frozenset(), ()
    readable = git.ask("rev-parse", "--git-dir")
    if not readable.ok:
        note = "Git cannot read this checkout, so markers carry no commit"
        remedy = f"another user owns it. Run `git config --global --add safe.directory {git.top}`."
        other = "is git installed, and does `git status` work?"
        return frozenset(), (f"{note}: {remedy if readable.is_refused else other}",)
    head = git.text("rev-parse", "HEAD") if wanted else ""
    if not head:
        return frozenset(), ()
    if len(wanted) > _FEW:
        history = {line[:12] for line in git.text("rev-list", "HEAD").splitlines()}
        absent = [commit for commit in wanted if commit[:12] not in history]
    else:
        absent = [commit for commit in wanted if not head.startswith(commit) and not _is_ancestor(git, commit)]
    if absent and git.text("rev-parse", "--is-shallow-repository") == "true":
        note = "This clone is shallow, so whether it is older than the last apply is not known: fetch-depth: 0."
        return frozenset(), (note,)
    return frozenset(absent), ()


def is_in_history(root: Path, commit: str) -> bool:
    """Whether the commit is an ancestor of what is checked out, or that itself."""
    git = repository(root)
    return git is not None and _is_ancestor(git, commit)


def last_change(git: Repository, since: str, until: str, paths: Sequence[str]) -> str | None:
    """What changed the files last between two commits: the pull request that was merged, else the commit."""
    if not _COMMIT.fullmatch(since):
        return None
    newest = ("log", "--no-show-signature", "--first-parent", "--max-count=1", "--abbrev=12", "--format=%h %s")
    commit, _, subject = git.text(*newest, f"{since}..{until}", "--", *git.literal(paths)).partition(" ")
    pull = _PULL.search(subject)
    return f"#{pull['merged'] or pull['squashed']}" if pull is not None else commit or None


def states(git: Repository, commit: str, paths: Sequence[str], stems: Iterable[str], most: int) -> list[str]:
    """States of some files that the history of HEAD holds and that of the commit does not, the newest first.

    HEAD's own is the first; then what each commit made of the files, and what was there before it. Each stands there
    once.
    """
    paths = [path for path in paths if "\n" not in path]
    is_known = bool(_COMMIT.fullmatch(commit)) and git.ask("cat-file", "-e", f"{commit}^{{commit}}").ok
    inside = re.sub(r"([][*?\\])", r"\\\1", git.inside)
    named = [f":(glob){inside}**/{stem}{suffix}" for stem in sorted(stems) for suffix in sorted(MANIFESTS)]
    query = ["HEAD", *([f"^{commit}"] if is_known else []), "--", *git.literal(paths), *named]
    commits = git.text("rev-list", f"--max-count={_LOOKED_AT}", "--stdin", lines=query).split()
    distinct: dict[tuple[str, ...], str] = {}
    every = ["HEAD", *(name for each in commits for name in (each, f"{each}^"))]
    for name, objects in zip(every, _objects(git, every, paths), strict=True):
        distinct.setdefault(objects, name)
    return list(distinct.values())[:most]


def _objects(git: Repository, states: Sequence[str], paths: Sequence[str]) -> list[tuple[str, ...]]:
    """The names of each file's content in each state, asked for at once."""
    query = [f"{state}:{git.path(path)}" for state in states for path in paths]
    printed = git.text("cat-file", "--batch-check=%(objectname)", lines=query).splitlines()
    names = [name if _COMMIT.fullmatch(name) else "" for name in printed] + [""] * (len(query) - len(printed))
    return [tuple(names[start : start + len(paths)]) for start in range(0, len(query), len(paths))]


def _is_ancestor(git: Repository, commit: str) -> bool:
    """Whether it is; a word that is no commit is none of HEAD's, and no option of Git's either."""
    return bool(_COMMIT.fullmatch(commit)) and git.ask("merge-base", "--is-ancestor", commit, "HEAD").ok
