"""The manifests of another Git revision, written to a folder of their own, by no filter, hook or index."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from reconciler.config.extending import MOST, config_file, extended_by
from reconciler.config.texts import is_there, text_or_error
from reconciler.config.values import FILE
from reconciler.console.failure import Failure
from reconciler.manifests.disk import SUFFIXES
from reconciler.manifests.reading import FILE_BYTES
from reconciler.run.git import GitAnswer, Repository, repository

_LINK = "120000"
_SHA1 = 40
_FILES = ("100644", "100755", _LINK)
_TMPDIR = "it needs a folder for temporary files that can be written and has room: set TMPDIR"
_FETCH_ALL = """in CI, fetch all of it: `fetch-depth: 0` and no filter
in a partial clone, `git archive {0} > /dev/null` fetches it; `git fsck` reports damaged objects"""


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit, and the folder that now holds what its tree has in place of the root."""

    name: str
    commit: str
    root: Path
    top: Path
    """The folder that stands for the top of the repository; it has only what is below the root or extended there."""
    apart: bool = False
    """Whether no commit is known that it and HEAD have in common, though one was asked for."""


@contextmanager
def laid_out(root: Path, name: str, *, common: bool = False) -> Iterator[Revision]:
    """The revision's files below the root; with `common` those of the commit from which HEAD parted from it."""
    git = _repository_of(root, name)
    commit = _commit_named(git, name)
    shared = _ask(git, "merge-base", commit, "HEAD").text if common else commit
    with state_of(git, shared or commit) as state:
        short = name.removeprefix("refs/heads/").removeprefix("refs/remotes/")
        yield replace(state, name=short, apart=not shared)


@contextmanager
def state_of(
    git: Repository, commit: str, is_part: Callable[[PurePosixPath], bool] = lambda path: True
) -> Iterator[Revision]:
    """A commit's files below the root, as far as they are part of it, and the configuration that these extend."""
    try:
        folder = TemporaryDirectory(prefix="reconciler-")
    except OSError as error:
        raise Failure(f"There is no folder to write a revision to: {error.strerror}.", _TMPDIR) from error
    with folder as path:
        top = Path(os.path.realpath(path))
        root = top / git.inside
        root.mkdir(parents=True, exist_ok=True)
        files = _tree_files(commit, _tree_listing(git, commit))
        _write_files(git, commit, root, (file for file in files if is_part(file.path)))
        _write_extended(git, commit, top)
        yield Revision(commit[:12], commit[:12], root, top)


def _repository_of(root: Path, name: str) -> Repository:
    """The repository that the root is a part of, if no branch of another one can have put it there."""
    git = repository(root)
    if git is None:
        message = f"{root} is in no Git repository, so there is no revision {name!r}."
        raise Failure(message, "run it in a clone, or name no revision")
    if git.is_submodule:
        message = f"{git.top} is a submodule, so a branch of the repository around it decides what {name!r} is here."
        raise Failure(message, "clone that repository by itself and run it there")
    return git


def _commit_named(git: Repository, name: str) -> str:
    is_option = name.startswith("-")  # `--end-of-options` would do, but here Git knows it since 2.30 only
    commit = "" if is_option else git.commit_of(name)
    if commit:
        _reject_ambiguous(git, name)
        return commit
    readable = _ask(git, "rev-parse", "--git-dir")
    if readable.is_refused:
        remedy = f"run `git config --global --add safe.directory {git.top}`, or check out as the user who runs this"
        raise Failure(f"{git.top} belongs to another user, and Git does not read it.", remedy)
    if not readable.ok:
        message = f"Git cannot read the repository {git.top}: {_reason_of(readable)}."
        raise Failure(message, "make `git status` work there")
    remedy = "is it spelled right? A shallow clone may lack it: `git fetch origin main`, or `fetch-depth: 0` in CI"
    raise Failure(f"There is no revision {name!r} here.", remedy)


def _reject_ambiguous(git: Repository, name: str) -> None:
    """Ends the command where a tag is called like a branch: Git takes the tag, which anybody who pushes can make."""
    names = [f"refs/{kind}/{name}" for kind in ("heads", "remotes", "tags")] if not name.startswith("refs/") else []
    commits = {full: commit for full in names if (commit := git.commit_of(full))}
    if len(set(commits.values())) > 1:
        raise Failure(f"{name!r} is several revisions here.", f"pass the one that is meant: {', '.join(commits)}")


@dataclass(frozen=True, slots=True)
class _TreeFile:
    """A file of a tree that may be of use: a manifest, or what one refers to."""

    mode: str
    blob: str
    size: int
    path: PurePosixPath

    @property
    def is_read(self) -> bool:
        """Whether its content matters: of a file that is too large, only that it is."""
        return self.size <= FILE_BYTES


def _write_extended(git: Repository, commit: str, top: Path) -> None:
    """Writes the files that the configuration extends, at their paths in the repository, as far as the tree has them.

    A change cannot decide where requests are sent by editing one of them: each is of this commit.
    """
    path = f"{git.inside}{FILE}"
    for _ in range(MOST):
        text = text_or_error(top / path, path)
        extended = extended_by(config_file(text, path).node, path) if isinstance(text, str) else None
        if not isinstance(extended, str) or extended.startswith("../"):
            return
        path = extended
        if not is_there(top / path):
            listing = _ask(git, "ls-tree", "--full-tree", "-z", "-l", commit, "--", path).text
            _write_files(git, commit, top, _tree_files(commit, listing))


def _write_files(git: Repository, commit: str, folder: Path, wanted: Iterable[_TreeFile]) -> None:
    """Writes the files, and links last: nothing is ever written through one."""
    files = sorted(wanted, key=lambda file: file.mode == _LINK)
    contents = _blobs(git, commit, [file for file in files if file.is_read])
    for file in files:
        content = next(contents) if file.is_read else b""
        try:
            _write_file(file, folder, content)
        except OSError as error:
            raise Failure(f"Cannot write {commit[:12]}: {error.strerror}: {file.path}.", _TMPDIR) from error


def _write_file(file: _TreeFile, folder: Path, content: bytes) -> None:
    target = folder / file.path
    if file.mode == _LINK:
        with suppress(OSError, ValueError):  # a link that leads nowhere refers to nothing
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.parent.resolve() == folder.resolve() / file.path.parent:
                target.symlink_to(os.fsdecode(content))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        if not file.is_read:
            os.truncate(target, file.size)


def _tree_files(commit: str, listing: str) -> Iterator[_TreeFile]:
    """The files of a listing that could be read, by names that stay below its folder."""
    for line in filter(None, listing.split("\0")):
        head, _, name = line.partition("\t")
        mode, *blob = head.split()
        path = PurePosixPath(name)
        is_of_use = mode == _LINK or path.suffix.lower() in SUFFIXES
        leads_out = path.is_absolute() or {"..", ".git"} & {part.lower() for part in path.parts}
        if mode not in _FILES or not is_of_use or leads_out:  # no ordinary commit leads out, and what is pushed may
            continue
        if not blob[2].isdecimal():  # Git lists an object that it cannot read, and says BAD
            raise _unreadable(commit, f"the object {blob[1][:12]} of {path} is missing or damaged")
        yield _TreeFile(mode, blob[1], int(blob[2]), path)


def _tree_listing(git: Repository, commit: str) -> str:
    """The tree in place of the root; nothing where the revision has no such folder."""
    tree = f"{commit}:{git.inside}"
    answer = _ask(git, "ls-tree", "--full-tree", "-r", "-z", "-l", tree)
    if answer.ok:
        return answer.text
    exists = _ask(git, "cat-file", "-t", f"{commit}^{{tree}}").text
    if exists and not _ask(git, "rev-parse", "--verify", "--quiet", tree).text:
        return ""
    raise _unreadable(commit, _reason_of(answer))


def _blobs(git: Repository, commit: str, files: Sequence[_TreeFile]) -> Iterator[bytes]:
    """What is in each blob, as it was stored: Git itself does not look whether a stored blob is still whole."""
    answer = _ask(git, "cat-file", "--batch", lines=[file.blob for file in files])
    start = 0
    for file in files:
        end = answer.out.find(b"\n", start)
        head = answer.out[start:end].split(b" ") if answer.ok and end >= 0 else []
        content = answer.out[end + 1 : end + 1 + file.size]
        algorithm = hashlib.sha1 if len(file.blob) == _SHA1 else hashlib.sha256  # what Git uses, and no secret
        digest = algorithm(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        if head[1:2] != [b"blob"] or digest != file.blob:
            raise _unreadable(commit, f"the object {file.blob[:12]} of {file.path} is missing or damaged")
        yield content
        start = end + file.size + 2


def _unreadable(commit: str, reason: str) -> Failure:
    message = f"Git cannot read all of {commit[:12]} in this clone: {reason}."
    return Failure(message, _FETCH_ALL.format(commit[:12]))


def _reason_of(answer: GitAnswer) -> str:
    """The last line of Git's errors, which is what ended it."""
    lines = answer.error.strip().splitlines() or ["it gave no reason"]
    return lines[-1].removeprefix("fatal: ").removeprefix("error: ").rstrip(".")


def _ask(git: Repository, *arguments: str, lines: Iterable[str] = ()) -> GitAnswer:
    """What Git answers; ends the command where it cannot be run."""
    answer = git.ask(*arguments, lines=lines)
    if answer.remedy:
        raise Failure(f"{answer.error}.", answer.remedy)
    return answer
