"""The command line in processes that a server forks: each is a process of its own, without the time to import.

A step of a workflow starts `reconciler` some twenty times. The server has imported everything once; the client, which
stands in for the command, hands it its arguments, environment, folder and open files, and ends with its exit code.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import reconciler
from reconciler.cli import run

_CLIENT = """\
#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
socket.send_fds(server, [b"."], [0, 1, 2])
told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
server.sendall(len(told).to_bytes(4, "big") + told)
sys.exit(int(server.recv(4) or b"1"))
"""


@cache
def command() -> Path:
    """A file that does what `reconciler` does; its server ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="forking-"))
    address, client = str(folder / "socket"), folder / "reconciler"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen(64)
        words = [sys.executable, "-P", __file__, str(listening.fileno())]
        server = subprocess.Popen(words, stdin=subprocess.PIPE, env=environ, cwd=folder, pass_fds=[listening.fileno()])
    atexit.register(_end, server, folder)
    client.write_text(_CLIENT.format(python=sys.executable, address=address))
    client.chmod(0o755)
    return client


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
    """Runs the command in a process, and tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, _, _ = socket.recv_fds(asking, 1, 3)
    size = int.from_bytes(_read(asking, 4), "big")
    arguments, folder, environ = json.loads(_read(asking, size))
    pid = os.fork()
    if pid == 0:
        asking.close()
        _become(files, folder, environ)
        code = run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # to take everything apart that was imported would take longer than most commands
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    asking.sendall(str(code if code >= 0 else 128 - code).encode())
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
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)


if __name__ == "__main__":
    for module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
