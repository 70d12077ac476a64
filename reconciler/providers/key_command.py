"""A key that a command prints: run without a shell, and never a program that a checkout brings."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import IO

import anyio

from reconciler.masking import mask
from reconciler.providers.errors import CONCEALED, ProviderError, ResponseInfo

SECONDS = 60.0
_LOOK_SECONDS = 0.02
_LONGEST = 64 * 1024
"""Bytes that are read of what it prints."""
_MOST = 16 * _LONGEST
"""Bytes: whatever prints more is ended."""
_SHOWN = 300
_LIKE_A_KEY = re.compile(r"(?<![\w/.~-])(?=[^\s\d]*\d)\w[\w+/=.~-]{19,}")
"""A long word with a digit, and no part of a path or an address: what has failed may say a key that nobody knows."""


class NoKeyError(ProviderError):
    """The command of `api_key` printed no key; nothing was sent."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message, remedy, ResponseInfo(should_retry=False))


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """The program and its arguments, the environment that it runs in, and the checkout that it never comes from."""

    argv: tuple[str, ...]
    checkout: Path
    environ: Mapping[str, str] = field(repr=False)

    async def key(self, limit: float = SECONDS) -> str:
        """What the command prints within the seconds, which is one line; `NoKeyError` where it is not."""
        path = self._trusted(self.environ.get("PATH", os.defpath))
        lists = {name: self._trusted(value) for name, value in self.environ.items() if name.endswith("PATH")}
        program, environ = self._program(path), {**self.environ, **lists, "PATH": path}
        with tempfile.TemporaryDirectory(prefix="reconciler-key-") as folder:
            code, out, err = await self._run(program, environ, folder, min(max(limit, 0), SECONDS))
        if code != 0:
            raise NoKeyError(
                f"The command {self._name} failed (exit code {code}){_quoted(err, out)}", _try_it(self.argv)
            )
        return self._checked(out.decode(errors="replace").strip())

    @property
    def _name(self) -> str:
        return f"`{self.argv[0]}`"

    def _trusted(self, folders: str) -> str:
        """What PATH, PYTHONPATH or the like lists, less what a checkout may fill."""
        listed = (each for each in folders.split(os.pathsep) if Path(each).is_absolute())
        return os.pathsep.join(each for each in listed if not self._is_inside(each))

    def _is_inside(self, path: str) -> bool:
        """Whether a path is in the checkout, as it is written or where its links lead."""
        checkouts = (self.checkout, Path(os.path.realpath(self.checkout)))
        paths = (Path(os.path.normpath(path)), Path(os.path.realpath(path)))
        return any(each.is_relative_to(checkout) for each in paths for checkout in checkouts)

    def _program(self, path: str) -> str:
        found = shutil.which(self.argv[0], path=path)
        if found is not None and not self._is_inside(found):
            return found
        where = "is in this repository, and no program of it is run" if found else "was not found on PATH"
        remedy = "install it, or write its absolute path in `api_key: {command: …}`"
        raise NoKeyError(f"The program {self._name} {where}.", f"{remedy}; nothing in the repository is looked at")

    async def _run(
        self, program: str, environ: Mapping[str, str], folder: str, seconds: float
    ) -> tuple[int, bytes, bytes]:
        """The exit code and what was printed, into files: whatever it leaves behind may hold its output open."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            process = self._start([program, *self.argv[1:]], environ, folder, out, err)
            try:
                with anyio.move_on_after(seconds) as limit:
                    while process.poll() is None and _bytes_in(out, err) < _MOST:  # noqa: ASYNC110  # no event says so
                        await anyio.sleep(_LOOK_SECONDS)
            finally:
                _end(process)
            if limit.cancelled_caught:
                remedy = f"run it yourself: it may ask something, and has no terminal here ({' '.join(self.argv)})"
                raise NoKeyError(f"The command {self._name} printed no key within {seconds:.0f}s.", remedy)
            return process.returncode, os.pread(out.fileno(), _LONGEST, 0), os.pread(err.fileno(), _LONGEST, 0)

    def _start(
        self, argv: list[str], environ: Mapping[str, str], folder: str, out: IO[bytes], err: IO[bytes]
    ) -> Popen[bytes]:
        try:
            return Popen(  # noqa: S603  # found outside of the checkout, and as the base branch names it
                argv, stdin=DEVNULL, stdout=out, stderr=err, cwd=folder, env=environ, start_new_session=True
            )
        except OSError as error:
            message = f"The program {self._name} cannot be run: {error.strerror}."
            raise NoKeyError(message, _try_it(self.argv)) from error

    def _checked(self, key: str) -> str:
        lines = len(key.splitlines())
        if lines > 1:
            remedy = "let it print the key alone; of `az`, with `--query accessToken --output tsv`"
            raise NoKeyError(f"The command {self._name} printed {lines} lines, and a key is one.", remedy)
        if key and key.isascii() and key.isprintable() and " " not in key and len(key) < _LONGEST:
            return key
        what = "what no header may have" if key else "nothing"
        raise NoKeyError(f"The command {self._name} printed {what} in place of a key.", _try_it(self.argv))


def _bytes_in(*files: IO[bytes]) -> int:
    return sum(os.fstat(each.fileno()).st_size for each in files)


def _end(process: Popen[bytes]) -> None:
    """Kills the program and what it started, unless it has ended."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _quoted(err: bytes, out: bytes) -> str:
    """The last of what was said about a failure; what was printed may be a key, and is in none of it, nor what looks
    like one."""
    secrets = [line.strip() for line in out.decode(errors="replace").splitlines()]
    said = mask(secrets, lambda form, secret, how: CONCEALED).text(err.decode(errors="replace"))
    short = " ".join(_LIKE_A_KEY.sub(CONCEALED, said).split())
    return f": {short if len(short) <= _SHOWN else '…' + short[-_SHOWN:]}" if short else "."


def _try_it(argv: tuple[str, ...]) -> str:
    return f"run it yourself until it prints a key: {' '.join(argv)}"
