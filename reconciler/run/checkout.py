"""What Git says of the checkout."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from reconciler.run.git import GitAnswer, NoAnswer, Repository, repository

_FEW = 10
_LOOKED = 50
"""So many commits that touched the files in question are looked at."""
_COMMIT = re.compile(r"[0-9a-f]{4,64}")
_PULL = re.compile(r"^Merge pull request #(?P<merged>[0-9]+) |\(#(?P<squashed>[0-9]+)\)$")
"""How a code host names a pull request in the commit that it was merged with."""


def commit(root: Path, besides: Iterable[str] = ()) -> str | None:
    """The commit that is checked out, `+dirty` where files differ from it, but for some; None without Git."""
    git = repository(root)
    head = _git(git, "rev-parse", "--short=12", "HEAD")
    if git is None or not head:
        return None
    inside = (os.path.relpath(path, root) for path in besides)
    left_out = [f":(exclude,literal){git.inside}{path}" for path in inside if not path.startswith("..")]
    here = f":(literal){git.inside or '.'}"
    status = _ask(git, "status", "--porcelain", "--untracked-files=normal", "--", here, *left_out)
    return f"{head[:12]}+dirty" if status.out or not status.ok else head[:12]


def head(root: Path) -> str:
    """The commit that is checked out, in full; nothing without Git."""
    return _git(repository(root), "rev-parse", "HEAD")


def ignored(root: Path, folders: Iterable[str]) -> tuple[str, ...]:
    """The files in the folders that Git was told to ignore: they are in no commit, and make none dirty."""
    git = repository(root)
    inside = [f":(literal){git.inside}{folder}" for folder in folders] if git is not None else []
    listed = _git(git, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *inside)
    return tuple(filter(None, listed.split("\0")))


def behind(root: Path, commits: Iterable[str]) -> tuple[frozenset[str], tuple[str, ...]]:
    """Which of the commits are not in the history of what is checked out, and what cannot be known."""
    git, wanted = repository(root), sorted(set(commits))
    if git is None:
        return frozenset(), ()
    if (note := _mute(git)) is not None:
        return frozenset(), (note,)
    head = _git(git, "rev-parse", "HEAD") if wanted else ""
    if not head:
        return frozenset(), ()
    if len(wanted) > _FEW:
        history = {line[:12] for line in _git(git, "rev-list", "HEAD").splitlines()}
        absent = [commit for commit in wanted if commit[:12] not in history]
    else:
        absent = [commit for commit in wanted if not head.startswith(commit) and not _is_ancestor(git, commit)]
    if absent and _git(git, "rev-parse", "--is-shallow-repository") == "true":
        note = "This clone is shallow, so whether it is behind what was applied last cannot be told: fetch-depth: 0."
        return frozenset(), (note,)
    return frozenset(absent), ()


def is_in_history(root: Path, commit: str) -> bool:
    """Whether the commit is an ancestor of what is checked out, or that itself."""
    git = repository(root)
    return git is not None and _is_ancestor(git, commit)


def brought(git: Repository, since: str, until: str, paths: Sequence[str]) -> str | None:
    """What changed the files last between two commits: the pull request that was merged, else the commit."""
    if not _COMMIT.fullmatch(since):
        return None
    literal = [f":(literal){git.inside}{path}" for path in paths]
    newest = ("log", "--no-show-signature", "--first-parent", "--max-count=1", "--abbrev=12", "--format=%h %s")
    commit, _, subject = _git(git, *newest, f"{since}..{until}", "--", *literal).partition(" ")
    pull = _PULL.search(subject)
    return f"#{pull['merged'] or pull['squashed']}" if pull is not None else commit or None


def states(git: Repository, commit: str, paths: Sequence[str], stems: Iterable[str], most: int) -> list[str]:
    """States of some files that the history of HEAD holds and that of the commit does not, the newest first.

    HEAD's own is the first; then what each commit made of the files, and what it found. None stands there twice.
    """
    paths = [path for path in paths if "\n" not in path]
    is_known = bool(_COMMIT.fullmatch(commit)) and _ask(git, "cat-file", "-e", f"{commit}^{{commit}}").ok
    inside = re.sub(r"([][*?\\])", r"\\\1", git.inside)
    named = [f":(glob){inside}**/{stem}.{suffix}" for stem in sorted(stems) for suffix in ("yaml", "yml")]
    literal = [f":(literal){git.inside}{path}" for path in paths]
    asked = ["HEAD", *([f"^{commit}"] if is_known else []), "--", *literal, *named]
    commits = _git(git, "rev-list", f"--max-count={_LOOKED}", "--stdin", sent=asked).split()
    found: dict[tuple[str, ...], str] = {}
    every = ["HEAD", *(name for one in commits for name in (one, f"{one}^"))]
    for name, look in zip(every, _looks(git, every, paths), strict=True):
        found.setdefault(look, name)
    return list(found.values())[:most]


def _looks(git: Repository, states: Sequence[str], paths: Sequence[str]) -> list[tuple[str, ...]]:
    """What Git calls each file's content in each state, asked all at once."""
    asked = [f"{state}:{git.inside}{path}" for state in states for path in paths]
    told = _git(git, "cat-file", "--batch-check=%(objectname)", sent=asked).splitlines()
    told = [name if _COMMIT.fullmatch(name) else "" for name in told] + [""] * (len(asked) - len(told))
    return [tuple(told[start : start + len(paths)]) for start in range(0, len(asked), len(paths))]


def _mute(git: Repository) -> str | None:
    """That Git does not speak of a checkout which is one: nobody shall wonder why no commit is known."""
    answer = _ask(git, "rev-parse", "--git-dir")
    if answer.ok:
        return None
    note = "Git does not speak of this checkout, so nothing is stamped with its commit"
    if answer.is_refused:
        return f"{note}: it is another user's. `git config --global --add safe.directory {git.top}` mends that."
    return f"{note}: is git installed here, and does `git status` work?"


def _is_ancestor(git: Repository, commit: str) -> bool:
    """Whether it is; a word that is no commit is none of HEAD's, and no option of Git's either."""
    return bool(_COMMIT.fullmatch(commit)) and _ask(git, "merge-base", "--is-ancestor", commit, "HEAD").ok


def _git(git: Repository | None, *arguments: str, sent: Iterable[str] = ()) -> str:
    return _ask(git, *arguments, sent=sent).text.strip() if git is not None else ""


def _ask(git: Repository, *arguments: str, sent: Iterable[str] = ()) -> GitAnswer:
    """What Git answers to the lines that it is sent; nothing where it cannot be asked."""
    lines = os.fsencode("".join(f"{line}\n" for line in sent))
    try:
        return git.ask(*arguments, sent=lines)
    except NoAnswer as error:
        return GitAnswer(ok=False, out=b"", error=str(error))
