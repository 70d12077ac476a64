"""The manifests of another Git revision, laid out in a folder of their own, by no filter, hook or index."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from reconciler.cli.failure import Failure

_SUFFIXES = (".yaml", ".yml", ".md", ".txt", ".json")
_LINK = "120000"
_FILES = ("100644", "100755", _LINK)
_BYTES = 2 * 1024 * 1024  # more than this no file may have
_SECONDS = 60
_ROOM = "it wants a folder for temporary files that can be written and has room: set TMPDIR"
_LACKS = "This clone lacks a part of that revision."
_WHOLE = "fetch it whole: `fetch-depth: 0`, no filter"


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
    commit = _commit(root, name)
    shared = _git(root, "merge-base", commit, "HEAD").strip() if common else commit
    commit = shared or commit
    with _folder() as folder:
        _write(root, commit, Path(folder))
        yield Revision(_short(name), commit[:12], Path(folder), apart=not shared)


def _short(name: str) -> str:
    """The name as people know it."""
    return name.removeprefix("refs/heads/").removeprefix("refs/remotes/")


def _folder() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="reconciler-")
    except OSError as error:
        raise Failure(f"--base has no folder to lay out a revision in: {error.strerror}.", _ROOM) from error


def _commit(root: Path, name: str) -> str:
    is_option = name.startswith("-")  # `--end-of-options` would do, but here Git knows it since 2.30 only
    found = "" if is_option else _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").strip()
    if found:
        _unambiguous(root, name)
        return found
    there = _run(root, ["rev-parse", "--git-dir"])
    if b"dubious ownership" in there.stderr:
        remedy = f"let it: `git config --global --add safe.directory {root}`, or check out as the user who runs this"
        raise Failure(f"{root} belongs to another user, and Git does not read it.", remedy)
    if there.returncode:
        raise Failure(f"{root} is in no Git repository, so there is no revision {name!r}.", "leave --base out")
    remedy = "is it spelled right? A shallow clone may lack it: `git fetch origin main`, or `fetch-depth: 0` in CI"
    raise Failure(f"There is no revision {name!r} here.", remedy)


def _unambiguous(root: Path, name: str) -> None:
    """Ends the command where a tag is called like a branch: Git takes the tag, which anybody who pushes can make."""
    names = [f"refs/{kind}/{name}" for kind in ("heads", "remotes", "tags")] if not name.startswith("refs/") else []
    found = {one: _git(root, "rev-parse", "--verify", "--quiet", f"{one}^{{commit}}").strip() for one in names}
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


def _write(root: Path, commit: str, folder: Path) -> None:
    """Writes the files, and links last: nothing is ever written through one."""
    entries = sorted(_entries(root, commit), key=lambda entry: entry.mode == _LINK)
    contents = _contents(root, [entry for entry in entries if entry.is_read])
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


def _entries(root: Path, commit: str) -> Iterator[_Entry]:
    """The files below the root that could be read, by names that stay below it."""
    for line in filter(None, _listed(root, commit).split("\0")):
        head, _, name = line.partition("\t")
        mode, *blob = head.split()
        path = PurePosixPath(name)
        is_of_use = mode == _LINK or path.suffix.lower() in _SUFFIXES
        if mode in _FILES and is_of_use and not {"..", ".git"} & {part.lower() for part in path.parts}:
            yield _Entry(mode, blob[1], int(blob[2]), path)


def _listed(root: Path, commit: str) -> str:
    """The tree in place of the root; nothing where the revision has no such folder."""
    prefix = _git(root, "rev-parse", "--show-prefix").removesuffix("\n")
    tree = f"{commit}:{prefix}"
    done = _run(root, ["ls-tree", "--full-tree", "-r", "-z", "-l", tree])
    if done.returncode == 0:
        return os.fsdecode(done.stdout)
    if _git(root, "cat-file", "-t", f"{commit}^{{tree}}") and not _git(root, "rev-parse", "--verify", "--quiet", tree):
        return ""
    raise Failure(_LACKS, _WHOLE)


def _contents(root: Path, entries: Iterable[_Entry]) -> Iterator[bytes]:
    """What is in each blob, as it is stored."""
    asked = "".join(f"{entry.blob}\n" for entry in entries)
    told = _run(root, ["cat-file", "--batch"], asked.encode()).stdout
    start = 0
    while start < len(told):
        end = told.index(b"\n", start)
        _, kind, *size = told[start:end].split(b" ")
        if kind != b"blob":
            raise Failure(_LACKS, _WHOLE)
        yield told[end + 1 : end + 1 + int(size[0])]
        start = end + int(size[0]) + 2
    raise Failure(_LACKS, _WHOLE)  # asked for more than there was


def _git(root: Path, *arguments: str) -> str:
    done = _run(root, list(arguments))
    return os.fsdecode(done.stdout) if done.returncode == 0 else ""


def _run(root: Path, arguments: list[str], sent: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    command = ["git", "-C", str(root), *arguments]
    try:
        return subprocess.run(  # noqa: S603  # ours
            command,
            input=sent,
            stdin=None if sent is not None else subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise Failure("Git is not installed, and --base needs it.", "install git, or leave --base out") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"Git does not answer: {error}.", "run it again") from error
