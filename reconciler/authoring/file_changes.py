"""Write texts to files of a repository: never outside it, never over an unread change, each file whole."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from reconciler.console.failure import Failure
from reconciler.manifests import disk
from reconciler.manifests.search import DATA_FOLDERS
from reconciler.render.sentences import count

_NOTHING: Mapping[str, str] = {}
_INTERRUPTED = 130
_WRITABLE = 0o222
_NAMED = 10
"""The most files that a failure names."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A file to be written: its shown and its real path, and its bytes before (None: no file) and after."""

    shown: str
    path: Path
    before: bytes | None
    after: bytes

    @property
    def order(self) -> tuple[bool, bool, bool, str]:
        """New files come first, prompts before manifests, then `reconciler.yaml`: later files refer to earlier ones."""
        is_data = not DATA_FOLDERS.isdisjoint(Path(self.shown).parts[:-1])
        return self.before is not None, not is_data, "/" in self.shown, self.shown


def text_of(root: Path, path: str) -> str:
    """The text of a file of the repository to the byte, its byte-order mark and line ends included."""
    try:
        raw = _bytes_of(_real(root, path))
        if raw is None:
            raise FileNotFoundError
        return raw.decode()
    except (disk.UnfitError, OSError, UnicodeDecodeError) as error:
        raise Failure(f"Cannot read {path}: {_reason(error)}", "nothing was changed") from error


def write_files(
    root: Path, texts: Mapping[str, str], *, force: bool = False, before: Mapping[str, str] = _NOTHING, last: str = ""
) -> None:
    """Writes each text to its path from the root; nothing is written where one of them must not be.

    A file with another text is only replaced if it still has the text that it has in `before`, or with `force`. Each
    file is replaced whole or not at all; a failure says which were written. `last` is the file that says that the
    others are there.
    """
    changes = _checked(root, texts)
    _require_as_read(changes, before)
    _require_new([each for each in changes if each.shown not in before], force=force)
    pending = sorted(
        (each for each in changes if each.before != each.after), key=lambda each: (each.shown == last, each.order)
    )
    written: list[str] = []
    with _reporting_progress([each.shown for each in pending], written):
        for change in pending:
            _write_change(root.resolve(), change)
            written.append(change.shown)


def _checked(root: Path, texts: Mapping[str, str]) -> list[_Change]:
    changes: list[_Change] = []
    wrong: list[str] = []
    by_path: dict[Path, str] = {}
    for shown, text in sorted(texts.items()):
        try:
            path = _real(root, shown)
            if (other := by_path.setdefault(path, shown)) != shown:
                raise disk.UnfitError("path-outside-repo", f"This is the same file as {other}.", "")
            changes.append(_Change(shown, path, _bytes_of(path), text.encode()))
            _require_writable(changes[-1])
        except (disk.UnfitError, OSError, UnicodeEncodeError) as error:
            wrong.append(f"{shown}: {_reason(error)}")
    remedy = "nothing was written; fix the paths, make the files writable, or move the files that block them"
    _refuse(wrong, "cannot be written", remedy)
    return changes


def _require_writable(change: _Change) -> None:
    """Raises for a read-only file, which the system would still replace."""
    if change.before not in (None, change.after) and not change.path.stat().st_mode & _WRITABLE:
        raise OSError(0, "the file is read-only")


def _real(root: Path, path: str) -> Path:
    """Where a path leads, links resolved: never out of the root, nor below `.git`."""
    if Path(path).is_absolute():
        raise disk.UnfitError("path-outside-repo", "This is not a path relative to the root of the repository.", "")
    real = disk.real(root / path)
    disk.keep_inside(root.resolve(), real)
    return real


def _bytes_of(path: Path) -> bytes | None:
    """The content of a regular file; None if it does not exist."""
    try:
        with disk.opened(path) as stream:
            return stream.read()
    except FileNotFoundError:
        return None


def _require_as_read(changes: Sequence[_Change], before: Mapping[str, str]) -> None:
    changed = [
        each.shown
        for each in changes
        if each.shown in before and each.before not in (before[each.shown].encode(), each.after)
    ]
    _refuse(changed, "changed while this command ran", "nothing was written; run it again")


def _require_new(changes: Sequence[_Change], *, force: bool) -> None:
    there = [each.shown for each in changes if each.before not in (None, each.after)]
    if not force:
        _refuse(there, "exist with different content", "nothing was written; move them, or overwrite them with --force")


def _refuse(wrong: Sequence[str], what: str, remedy: str) -> None:
    if wrong:
        raise Failure(f"{count(len(wrong), 'file')} {what}:", "\n".join((*wrong, remedy)))


def _write_change(root: Path, change: _Change) -> None:
    made = [folder for folder in change.path.parents if not folder.exists()]
    try:
        change.path.parent.mkdir(parents=True, exist_ok=True)
        disk.keep_inside(root, disk.real(change.path))  # what lay beside may have become a link since
        _replace(change)
    except BaseException:
        with suppress(OSError):
            for folder in made:
                folder.rmdir()
        raise


def _replace(change: _Change) -> None:
    """Replaces the file whole or not at all, and keeps its mode and owner."""
    with _alone_beside(change.path) as stream:
        stream.write(change.after)
        stream.flush()
        if change.before is not None:
            _keep_mode_and_owner(change.path, Path(stream.name))
        if _bytes_of(change.path) != change.before:
            raise OSError(0, "the file changed while this command ran")
        Path(stream.name).replace(change.path)


@contextmanager
def _alone_beside(path: Path) -> Iterator[BinaryIO]:
    """An empty file beside it, for one command at a time; one that a killed command left is reused."""
    beside = path.with_name(f".{path.name}.writing")
    with open(beside, "ab", opener=_opened_alone) as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.fstat(stream.fileno()), beside.stat())
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        if not is_ours:
            raise OSError(0, "another command is writing it")
        stream.truncate(0)
        try:
            yield stream
        except BaseException:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise


def _opened_alone(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)


def _keep_mode_and_owner(path: Path, beside: Path) -> None:
    shutil.copymode(path, beside)
    with suppress(OSError):  # who is not root cannot give a file away
        os.chown(beside, path.stat().st_uid, path.stat().st_gid)


@contextmanager
def _reporting_progress(pending: Sequence[str], written: Sequence[str]) -> Iterator[None]:
    """Within, a failure or Ctrl-C ends the command and lists the written and unwritten files."""
    try:
        yield
    except (OSError, disk.UnfitError) as error:
        message = f"Cannot write {pending[len(written)]}: {_reason(error)}"
        raise Failure(message, _progress(pending, written)) from error
    except KeyboardInterrupt as interrupt:
        raise Failure("Interrupted.", _progress(pending, written), code=_INTERRUPTED) from interrupt


def _progress(pending: Sequence[str], written: Sequence[str]) -> str:
    names = f"written: {_some(written)}" if written else "nothing was written"
    return f"{names}\nnot written: {_some(pending[len(written) :])}\nrun the command again to write the rest"


def _some(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more


def _reason(error: Exception) -> str:
    if isinstance(error, disk.UnfitError):
        return error.message
    if isinstance(error, FileNotFoundError):
        return "the file does not exist."
    return f"{error.strerror}." if isinstance(error, OSError) else "the text is not UTF-8."
