"""The state folder of a checkout, and its lock: one apply at a time, until its holder ends or dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.config import Config
from reconciler.console.failure import Failure

STATE = ".reconciler"


def state_folder(loaded: Config, stated: str | None = None) -> Path:
    """The folder of what may be deleted at any time: records, the lock, local data."""
    return Path(stated or os.environ.get("RECONCILER_STATE_DIR") or loaded.root / STATE)


def prepare(folder: Path) -> None:
    """Makes the folder, and keeps it out of Git; only where something is written to it."""
    ignore = folder / ".gitignore"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        remedy = "records, the lock and the embedded server's data are kept there; name another with --state-dir"
        raise Failure(f"Cannot write {folder}: {error.strerror}.", remedy) from error


def is_held(folder: Path) -> bool:
    """Whether an apply runs in the checkout now."""
    try:
        handle = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Holds the checkout for one apply; another that holds it ends the command."""
    prepare(folder)
    try:
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        remedy = "name a folder that can be written with --state-dir"
        raise Failure(f"Cannot write {folder}: {error.strerror}.", remedy) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip()
            who = f" (process {holder})" if holder.isdecimal() else ""
            raise Failure(
                f"Another apply runs in this checkout{who}.", "wait until it ends, then run it again"
            ) from error
        with suppress(OSError):  # the process id is only for the message: a full disk is noticed by the record
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
