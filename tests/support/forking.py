"""The command line in processes that a server forks: each is a process of its own, without the time to import.

The server has imported everything once. Whoever wants a process sends it arguments, environment, folder and open
files, hears the process id, and in the end the exit code. `Process` does so for a test, `command` for a shell.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import resource
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

import reconciler
from reconciler.cli import run

_CLIENT = """\
#!{python} -IS
import json, os, signal, socket, struct, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b"."], [0, 1, 2])
words = sys.argv[3:] if sys.argv[1:3] == ["-m", "reconciler"] else sys.argv[1:]
request = json.dumps([words, os.getcwd(), dict(os.environ), 0]).encode()
server.sendall(len(request).to_bytes(4, "big") + request)
pid, = struct.unpack("i", server.recv(4))
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _: os.kill(pid, number))
code, = struct.unpack("i", server.recv(4))
sys.exit(code if code >= 0 else 128 - code)
"""
_LATE = (
    "anyio._backends._asyncio",
    "coverage",
    "encodings.idna",
    "httpcore",
    "pydantic.main",
    "rich.console",
    "uvicorn.main",
)
"""What libraries import when it is first used."""


class Process:
    """`reconciler` with these arguments: as much of a `subprocess.Popen` as tests use, of text.

    It runs the package of the tests, or a copy of it in the folder `source`.
    """

    def __init__(
        self,
        *arguments: str,
        cwd: Path | str,
        env: Mapping[str, str],
        stdin: int = subprocess.DEVNULL,
        stdout: int | None = None,
        stderr: int | None = None,
        file_size: int = 0,
        source: Path | None = None,
    ) -> None:
        self.args = arguments
        self.returncode: int | None = None
        self._waiting = threading.Lock()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(str(_server(source)[0]))
        self.stdout, out = _piped(stdout, 1)
        self.stderr, err = _piped(stderr, 2)
        with Path(os.devnull).open() as nothing:
            given = nothing.fileno() if stdin == subprocess.DEVNULL else stdin
            socket.send_fds(self._server, [b"."], [given, out, err])
        for end in ([out] if self.stdout else []) + ([err] if self.stderr else []):
            os.close(end)
        request = json.dumps([arguments, str(cwd), dict(env), file_size]).encode()
        self._server.sendall(len(request).to_bytes(4, "big") + request)
        (self.pid,) = struct.unpack("i", self._server.recv(4))

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()
        for stream in (self.stdout, self.stderr):
            if stream:
                stream.close()

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, or the number of the signal that ended it, negated."""
        with self._waiting:
            if self.returncode is None:
                self._server.settimeout(timeout)
                try:
                    (self.returncode,) = struct.unpack("i", self._server.recv(4))
                except TimeoutError:
                    raise subprocess.TimeoutExpired(list(self.args), timeout or 0) from None
                self._server.close()
        return self.returncode

    def poll(self) -> int | None:
        """The exit code, if it ended."""
        return self.wait() if self.returncode is not None or select.select([self._server], [], [], 0)[0] else None

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless it ended."""
        if self.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Everything that it still writes, once it ended."""
        texts = {1: "", 2: ""}

        def read(number: int, stream: IO[str] | None) -> None:
            texts[number] = stream.read() if stream and not stream.closed else ""

        readers = [threading.Thread(target=read, args=each) for each in ((1, self.stdout), (2, self.stderr))]
        for reader in readers:
            reader.start()
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            for reader in readers:
                reader.join()
        return texts[1], texts[2]


def _piped(wanted: int | None, number: int) -> tuple[IO[str] | None, int]:
    """The end of a stream that is read here, if it is a pipe, and the end that the process writes to."""
    if wanted == subprocess.PIPE:
        end, other = os.pipe()
        return os.fdopen(end, encoding="utf-8"), other
    return None, number if wanted is None else wanted


@cache
def _server(source: Path | None = None) -> tuple[Path, Path]:
    """The socket of the server, and a file that does what `reconciler` does; both end with this process.

    The package is that of the tests, or a copy of it in the folder `source`.
    """
    folder = Path(tempfile.mkdtemp(prefix="forking-"))
    address, client = folder / "socket", folder / "reconciler"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    environ |= {"PYTHONPATH": str(source)} if source else {}
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(address))
        listening.listen(64)
        words = [sys.executable, "-P", __file__, str(listening.fileno())]
        server = subprocess.Popen(words, stdin=subprocess.PIPE, env=environ, cwd=folder, pass_fds=[listening.fileno()])
    atexit.register(_end, server, folder)
    client.write_text(_CLIENT.format(python=sys.executable, address=str(address)))
    client.chmod(0o755)
    return address, client


def command() -> Path:
    """A file that does what `reconciler` does, and `python -m reconciler`."""
    return _server()[1]


def _end(server: subprocess.Popen[bytes], folder: Path) -> None:
    server.communicate()
    shutil.rmtree(folder)


def _serve(listening: socket.socket) -> None:
    """Forks for whoever asks, until the end of standard input says that nobody will."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while listening in select.select([listening, 0], [], [])[0]:
        asking, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            _answer(asking)
        asking.close()


def _answer(asking: socket.socket) -> None:
    """Runs the command in a process, and tells its number and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, _, _ = socket.recv_fds(asking, 1, 3)
    size = int.from_bytes(_read(asking, 4), "big")
    arguments, folder, environ, file_size = json.loads(_read(asking, size))
    pid = os.fork()
    if pid == 0:
        asking.close()
        _become(files, folder, environ)
        if file_size:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
        os._exit(_run(arguments))  # to take everything apart that was imported would take longer than most commands
    for file in files:
        os.close(file)
    with suppress(BrokenPipeError):
        asking.sendall(struct.pack("i", pid))
        _, status = os.waitpid(pid, 0)
        asking.sendall(struct.pack("i", os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _read(asking: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        parts += asking.recv(size - len(parts))
    return parts


def _become(files: list[int], folder: str, environ: dict[str, str]) -> None:
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    tempfile.tempdir = None


def _run(arguments: list[str]) -> int:
    """Runs the command, measured where this process would be."""
    measured = None
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        import coverage

        measured = coverage.process_startup()
    code = run(arguments)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    if measured:
        measured.stop()
        measured.save()
    return code


if __name__ == "__main__":
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in _LATE:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
