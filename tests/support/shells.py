"""A shell in a terminal of its own, with the completion of `reconciler` set up as docs/completion.md says."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import sys
import time
from pathlib import Path

from support.needing import PATIENCE

_SETUP = {
    "bash": (".bashrc", 'eval "$(reconciler completion bash)"', ("bash", "--noprofile", "-i")),
    "zsh": (".zshrc", 'eval "$(reconciler completion zsh)"', ("zsh", "-i")),
    "fish": (".config/fish/config.fish", "reconciler completion fish | source", ("fish", "-i")),
}
_PROGRAM = """#!{python}
import json, os, sys
if sys.argv[1:2] == ["completion"]:
    from reconciler.__main__ import main
    main()
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
print("READ", len(open({log!r}).readlines()))
"""


def typed_into(shell: str, lines: list[str], folder: Path, home: Path) -> list[list[str]]:
    """What each line became once it was entered, as the words that the program got.

    A line may hold `\\0TEXT\\0`: the rest is typed once the terminal shows the text.
    """
    log, (file, setup, command) = home / "log", _SETUP[shell]
    for name in ("reconciler", "assistants-reconciler"):
        program = home / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(_PROGRAM.format(python=sys.executable, log=str(log)))
        program.chmod(0o755)
    (home / file).parent.mkdir(parents=True, exist_ok=True)
    (home / file).write_text(f"{setup}\n")
    # Where it lacks this, fish reads all manual pages at its first start, in a process that outlives it.
    (home / ".local/share/fish/generated_completions").mkdir(parents=True, exist_ok=True)
    environ = {"HOME": str(home), "ZDOTDIR": str(home), "PATH": f"{home}/bin:/usr/bin:/bin", "TERM": "xterm"}
    process, terminal = pty.fork()
    if process == 0:  # pragma: no branch
        os.chdir(folder)
        os.execvpe(command[0], command, environ | {"LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        for number, line in enumerate(lines, 1):
            parts = [*f"{line}\r".split("\0"), f"READ {number}"]
            for keys, mark in zip(parts[::2], parts[1::2], strict=True):
                os.write(terminal, keys.encode())
                _read_until(mark, terminal)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(terminal)
    return [json.loads(line) for line in log.read_text().splitlines()]


def _read_until(mark: str, terminal: int) -> None:
    """Reads what the terminal shows, until the mark."""
    shown, end = "", time.monotonic() + PATIENCE
    while mark not in shown and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            try:
                shown += os.read(terminal, 65536).decode(errors="replace")
            except OSError:  # the shell has ended
                break
    assert mark in shown, shown[-2000:]
