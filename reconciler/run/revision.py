"""The manifests of another Git revision, laid out in a folder of their own, by no filter, hook or index."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from reconciler.console.failure import Failure
from reconciler.run.git import GitAnswer, NoAnswer, Repository, repository

_SUFFIXES = (".yaml", ".yml", ".md", ".txt", ".json")
_LINK = "120000"
_SHA1 = 40
_FILES = ("100644", "100755", _LINK)
_BYTES = 2 * 1024 * 1024  # more than this no file may have
_ROOM = "it wants a folder for temporary files that can be written and has room: set TMPDIR"
_WHOLE = """in CI, fetch all of it: `fetch-depth: 0` and no filter
in a partial clone, `git archive {0} > /dev/null` fetches it; `git fsck` reports damaged objects"""


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, and the folder that now holds what its tree has in place of the root."""

    name: str
    commit: str
    root: Path
    apart: bool = False
    """Whether no commit is known that it and HEAD have in common, though one was asked for."""


@contextmanager
def laid_out(root: Path, name: str, *, common: bool = False) -> Iterator[Revision]:
    """The revision's files below the root; with `common` those of the commit from which HEAD parted from it."""
    git = _repository(root, name)
    commit = _commit(git, name)
    shared = _git(git, "merge-base", commit, "HEAD") if common else commit
    with state_of(git, shared or commit) as state:
        yield replace(state, name=_short(name), apart=not shared)


@contextmanager
def state_of(
    git: Repository, commit: str, is_part: Callable[[PurePosixPath], bool] = lambda path: True
) -> Iterator[Revision]:
    """A commit's files below the root, as far as they are wanted."""
    with _folder() as folder:
        _write(git, commit, Path(folder), is_part)
        yield Revision(commit[:12], commit[:12], Path(folder))


def _repository(root: Path, name: str) -> Repository:
    """The repository that the root is a part of, if no branch of another one can have put it there."""
    found = repository(root)
    if found is None:
        message = f"{root} is in no Git repository, so there is no revision {name!r}."
        raise Failure(message, "run it in a clone, or name no revision")
    if found.is_submodule:
        message = f"{found.top} is a submodule, so a branch of the repository around it decides what {name!r} is here."
        raise Failure(message, "clone that repository by itself and run it there")
    return found


def _short(name: str) -> str:
    """The name as people know it."""
    return name.removeprefix("refs/heads/").removeprefix("refs/remotes/")


def _folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="reconciler-")
    except OSError as error:
        raise Failure(f"There is no folder to lay out a revision in: {error.strerror}.", _ROOM) from error


def _commit(git: Repository, name: str) -> str:
    is_option = name.startswith("-")  # `--end-of-options` would do, but here Git knows it since 2.30 only
    found = "" if is_option else _git(git, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found:
        _unambiguous(git, name)
        return found
    there = _ask(git, "rev-parse", "--git-dir")
    if there.is_refused:
        remedy = f"run `git config --global --add safe.directory {git.top}`, or check out as the user who runs this"
        raise Failure(f"{git.top} belongs to another user, and Git does not read it.", remedy)
    if not there.ok:
        raise Failure(f"Git cannot read the repository {git.top}: {_reason(there)}.", "make `git status` work there")
    remedy = "is it spelled right? A shallow clone may lack it: `git fetch origin main`, or `fetch-depth: 0` in CI"
    raise Failure(f"There is no revision {name!r} here.", remedy)


def _unambiguous(git: Repository, name: str) -> None:
    """Ends the command where a tag is called like a branch: Git takes the tag, which anybody who pushes can make."""
    names = [f"refs/{kind}/{name}" for kind in ("heads", "remotes", "tags")] if not name.startswith("refs/") else []
    found = {one: _git(git, "rev-parse", "--verify", "--quiet", f"{one}^{{commit}}") for one in names}
    if len(set(filter(None, found.values()))) > 1:
        remedy = f"say which is meant: {', '.join(one for one in names if found[one])}"
        raise Failure(f"{name!r} is several revisions here.", remedy)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of a tree that may be of use: a manifest, or what one refers to."""

    mode: str
    blob: str
    size: int
    path: PurePosixPath

    @property
    def is_read(self) -> bool:
        """Whether its content matters: of a file that is too large, only that it is."""
        return self.size <= _BYTES


def _write(git: Repository, commit: str, folder: Path, is_part: Callable[[PurePosixPath], bool]) -> None:
    """Writes the files, and links last: nothing is ever written through one."""
    wanted = (entry for entry in _entries(git, commit) if is_part(entry.path))
    entries = sorted(wanted, key=lambda entry: entry.mode == _LINK)
    contents = _contents(git, commit, [entry for entry in entries if entry.is_read])
    for entry in entries:
        content = next(contents) if entry.is_read else b""
        try:
            _write_one(entry, folder, content)
        except OSError as error:
            raise Failure(f"Cannot lay out {commit[:12]}: {error.strerror}: {entry.path}.", _ROOM) from error


def _write_one(entry: _Entry, folder: Path, content: bytes) -> None:
    target = folder / entry.path
    if entry.mode == _LINK:
        with suppress(OSError, ValueError):  # a link that leads nowhere refers to nothing
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.parent.resolve() == folder.resolve() / entry.path.parent:
                target.symlink_to(os.fsdecode(content))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if not entry.is_read:
            os.truncate(target, entry.size)


def _entries(git: Repository, commit: str) -> Iterator[_Entry]:
    """The files below the root that could be read, by names that stay below it."""
    for line in filter(None, _listed(git, commit).split("\0")):
        head, _, name = line.partition("\t")
        mode, *blob = head.split()
        path = PurePosixPath(name)
        is_of_use = mode == _LINK or path.suffix.lower() in _SUFFIXES
        if mode not in _FILES or not is_of_use or _leads_out(path):
            continue
        if not blob[2].isdecimal():  # Git lists an object that it cannot read, and says BAD
            raise _damaged(commit, f"the object {blob[1][:12]} of {path} is missing or damaged")
        yield _Entry(mode, blob[1], int(blob[2]), path)


def _leads_out(path: PurePosixPath) -> bool:
    """Whether a name would be written elsewhere; no ordinary commit holds one, and what is pushed may."""
    return path.is_absolute() or bool({"..", ".git"} & {part.lower() for part in path.parts})


def _listed(git: Repository, commit: str) -> str:
    """The tree in place of the root; nothing where the revision has no such folder."""
    tree = f"{commit}:{git.inside}"
    answer = _ask(git, "ls-tree", "--full-tree", "-r", "-z", "-l", tree)
    if answer.ok:
        return answer.text
    if _git(git, "cat-file", "-t", f"{commit}^{{tree}}") and not _git(git, "rev-parse", "--verify", "--quiet", tree):
        return ""
    raise _damaged(commit, _reason(answer))


def _contents(git: Repository, commit: str, entries: Sequence[_Entry]) -> Iterator[bytes]:
    """What is in each blob, as it was stored: Git itself does not look whether a stored blob is still whole."""
    asked = "".join(f"{entry.blob}\n" for entry in entries)
    answer = _ask(git, "cat-file", "--batch", sent=asked.encode())
    start = 0
    for entry in entries:
        end = answer.out.find(b"\n", start)
        head = answer.out[start:end].split(b" ") if answer.ok and end >= 0 else []
        content = answer.out[end + 1 : end + 1 + entry.size]
        if head[1:2] != [b"blob"] or _name(content, like=entry.blob) != entry.blob:
            raise _damaged(commit, f"the object {entry.blob[:12]} of {entry.path} is missing or damaged")
        yield content
        start = end + entry.size + 2


def _name(content: bytes, like: str) -> str:
    """The name by which Git knows a blob, in a repository whose names are like that one."""
    form = hashlib.sha1 if len(like) == _SHA1 else hashlib.sha256  # what Git uses, and no secret
    return form(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _damaged(commit: str, reason: str) -> Failure:
    return Failure(f"Git cannot read all of {commit[:12]} in this clone: {reason}.", _WHOLE.format(commit[:12]))


def _reason(answer: GitAnswer) -> str:
    """The last that Git said is wrong, which is what ended it."""
    lines = answer.error.strip().splitlines() or ["it gave no reason"]
    return lines[-1].removeprefix("fatal: ").removeprefix("error: ").rstrip(".")


def _git(git: Repository, *arguments: str) -> str:
    return _ask(git, *arguments).text.strip()


def _ask(git: Repository, *arguments: str, sent: bytes | None = None) -> GitAnswer:
    try:
        return git.ask(*arguments, sent=sent)
    except NoAnswer as error:
        remedy = "install git, or name no revision" if error.missing else "run it again"
        raise Failure(f"{error}.", remedy) from error
