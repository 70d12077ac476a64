"""What may be read at all: paths that stay inside, regular files, bounded sizes, UTF-8."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from reconciler.diagnostics import Diagnostic, Location, did_you_mean

YAML: Final = frozenset({".yaml", ".yml"})
MARKDOWN: Final = ".md"
MANIFESTS: Final = YAML | {MARKDOWN}
TEXTS: Final = frozenset({MARKDOWN, ".txt"})
SUFFIXES: Final = MANIFESTS | TEXTS | {".json"}
_FORBIDDEN: Final = frozenset({".git", ".reconciler"})
_BOM: Final = b"\xef\xbb\xbf"
_NOT_REGULAR: Final = "it is not a regular file"
_WIDE: Final = (b"\xff\xfe", b"\xfe\xff")


class UnfitError(Exception):
    """A file or folder that cannot be had; with a `place` where the error is within the file."""

    def __init__(self, code: str, message: str, remedy: str, place: Location | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.remedy, self.place = code, message, remedy, place

    def at(self, place: Location) -> Diagnostic:
        """The error of whoever asked for the file."""
        return Diagnostic(self.place or place, self.code, self.message, self.remedy)


def unfit(error: OSError, what: str = "file", named: str = "") -> UnfitError:
    """What an error of the operating system means to people; `named` is the path that was tried."""
    if isinstance(error, FileNotFoundError):
        message = f"There is no {what} {named}." if named else f"There is no such {what}."
        return UnfitError("unreadable", message, "create it, or fix the path")
    if isinstance(error, IsADirectoryError):
        return UnfitError("unreadable", "This is a folder.", "name a file")
    if error.strerror == _NOT_REGULAR:
        return UnfitError("unreadable", "This is not a regular file.", "name a regular file")
    if isinstance(error, NotADirectoryError):
        return UnfitError("unreadable", "A part of the path is not a folder.", "fix the path")
    if isinstance(error, PermissionError):
        return UnfitError("unreadable", f"This {what} may not be read.", "change its permissions")
    return UnfitError("unreadable", f"This {what} cannot be read: {error.strerror}.", "fix it, or name another")


def real(path: Path) -> Path:
    """The path with every link resolved, whether anything is there or not."""
    return Path(os.path.realpath(path))


def shown(path: Path, root: Path) -> str:
    """The path as people see it: from the root on, with slashes."""
    written, start = str(path), f"{root}{os.sep}"
    if written.startswith(start) and os.pardir not in written:
        return written[len(start) :].replace(os.sep, "/")
    return Path(os.path.relpath(path, root)).as_posix()


def keep_inside(root: Path, path: Path) -> None:
    """Rejects a resolved path outside the root, or below a folder that is not for manifests."""
    try:
        inside = path.relative_to(root)
    except ValueError:
        remedy = "move the file into the repository"
        raise UnfitError("path-outside-repo", "This leads out of the repository.", remedy) from None
    for part in inside.parts:
        if part.lower() in _FORBIDDEN:
            raise UnfitError("path-outside-repo", f"This leads into `{part}`.", "move the file out of there")


def target(root: Path, folder: Path, written: str) -> Path:
    """The resolved path of the file that a reference names, which need not exist."""
    if written.startswith(("/", "~", "\\")) or written[1:2] == ":":
        remedy = "write the path relative to the manifest's folder"
        raise UnfitError("path-outside-repo", f"`{written}` is not a relative path.", remedy)
    if "\0" in written:
        raise UnfitError("bad-reference", "No file name holds a NUL character.", "remove it")
    path = real(folder / written)
    keep_inside(root, path)
    if not {Path(written).suffix.lower(), path.suffix.lower()} <= SUFFIXES:
        message = f"`{written}` is not a {', '.join(sorted(SUFFIXES))} file."
        raise UnfitError("bad-reference", message, "rename it, or name another")
    return path


def text(path: Path, file: str, limit: int) -> tuple[str, UnfitError | None]:
    """The text of a regular file of at most `limit` bytes, without its byte-order mark.

    Where the file is not UTF-8, the text has stand-ins for what is not, and the error comes with it.
    """
    try:
        raw = _read_bytes(path, limit)
    except OSError as error:
        raise _with_neighbour(unfit(error, named=file), path) from error
    return decoded(raw, file, limit)


def decoded(raw: bytes, file: str, limit: int) -> tuple[str, UnfitError | None]:
    """The same of bytes that were read, or that will be written."""
    if len(raw) > limit:
        raise _beyond(limit)
    raw = raw.removeprefix(_BOM)
    try:
        return raw.decode(), None
    except UnicodeDecodeError as error:
        return raw.decode(errors="replace"), _not_utf8(raw, error.start, file)


def opened(path: Path) -> BinaryIO:
    """A regular file, open to be read; anything else is an `OSError`, for a pipe or a device may never end."""
    # Checked before it is opened, for opening a device can do things; and again after, for it may have changed.
    status = path.lstat()
    is_link = stat.S_ISLNK(status.st_mode)
    _require_regular(path.stat() if is_link else status, path)
    handle = os.open(real(path) if is_link else path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    stream = os.fdopen(handle, "rb")
    try:
        _require_regular(os.fstat(handle), path)
    except OSError:
        stream.close()
        raise
    return stream


def _require_regular(status: os.stat_result, path: Path) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, _NOT_REGULAR, str(path))


def _read_bytes(path: Path, limit: int) -> bytes:
    with opened(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        # nothing, where the kernel has a file that waits for what is to come
        raw = (stream.read(limit + 1) or b"") if size <= limit else b""
    if size > limit:
        raise _beyond(limit)
    return raw


def _beyond(limit: int) -> UnfitError:
    return UnfitError("too-large", f"This file is larger than {limit // 1024:,} KiB.", "make it smaller")


def _with_neighbour(error: UnfitError, path: Path) -> UnfitError:
    """The same error; where a file of nearly that name stands in the folder, its remedy says so."""
    try:
        names = [sibling.name for sibling in path.parent.iterdir() if sibling.suffix.lower() in SUFFIXES]
    except OSError:
        return error
    nearest = did_you_mean(path.name, names)
    if nearest.startswith("did you mean") and path.name not in names:
        error.remedy = f"{nearest} (in the same folder)"
    return error


def _not_utf8(raw: bytes, offset: int, file: str) -> UnfitError:
    before = raw[:offset].decode()
    line = before.count("\n") + 1
    place = Location(file, line, len(before) - before.rfind("\n"))
    guess = "it looks like UTF-16; " if raw.startswith(_WIDE) else ""
    return UnfitError("encoding", f"The byte 0x{raw[offset]:02x} is not UTF-8.", f"{guess}save it as UTF-8", place)
