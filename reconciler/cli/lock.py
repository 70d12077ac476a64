"""One apply at a time in a checkout, by a lock that the kernel lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.cli.failure import Failure


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
    try:
        folder.mkdir(parents=True, exist_ok=True)
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
        with suppress(OSError):  # whose it is, is a courtesy: a full disk is found out by the record
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
