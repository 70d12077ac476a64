"""Pages that a reader follows step by step: the files are written, the commands run, what they print is compared.

- A `console` block has commands (`$ `) and what they print. A line `…` stands for any lines. Ids, times, commits, run
  names, fingerprints and versions may differ, but an id that is shown twice is one id.
- `Enter a value: yes` is typed on a terminal.
- `reconciler serve` runs from the beginning of the page to its end, on a free port.
- An `sh` block is a script that has to succeed, whatever it prints. In a comment it prepares what the page is about, as
  does `<!-- https://assistants.example.com is http://127.0.0.1:8000 -->`, which says what plays that server.
- A `diff` block edits the file that the prose above it names; a block of any other language is that whole file.
- A block without a language is only shown.
- `<!-- picture: NAME -->` above a `console` block: the pictures `docs/images/NAME-*.svg` show it in color.
"""

from __future__ import annotations

import os
import pty
import re
import shlex
import signal
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from support.forking import Process, command
from support.gits import NOBODY

_STEP = re.compile(r"^\$ ((?:.*\\\n)*.+)\n((?:(?!\$ ).*\n)*)", re.M)
_FILE = re.compile(r"`([\w./-]+\.(?:yaml|md|json|csv))`")
_PLAIN = re.compile(r"reconciler [^$|<>&;()`\\\n]*")
"""A command that means the same without a shell."""
_ANSWER = "Enter a value: "
_DIGIT = r"(?=[a-f]*\d)"
"""A word of these letters without one is a word."""
_KINDS = {
    "id": r"\b(?:asst|agent)_\w{8,}",
    "run": r"\b\d{8}T\d{6}\.?\d{3}Z-[0-9a-f]{8}\b",
    "moment": r"\b\d{4}-\d\d-\d\d at \d\d:\d\d:\d\d UTC",
    "duration": r"\b\d+\.\ds\b",
    "fingerprint": r"(?<=Fingerprint `)[\w-]+",
    "commit": rf"\b{_DIGIT}[0-9a-f]{{7,40}}\b",
    "version": r"(?<=reconciler )\d+\.\d+\.\d+\w*",
}
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()))
_NAMED = ("id", "run", "commit")
_PICTURED = re.compile(r"<!-- picture: ([a-z-]+) -->\n```console\n$")


def blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """Every fenced block: what stands before it, its fence included, its language, its content."""
    end = 0
    for match in re.finditer(r"^(```+)(\w*)\n(.*?)^\1$", text, re.M | re.S):
        yield text[end : match.start(3)], match[2], match[3]
        end = match.end(3)


def _pattern(line: str) -> str:
    """What a printed line has to match where a page shows this one; a group for each name in it."""
    pattern, end = "", 0
    for found in _TOKEN.finditer(line):
        kind = str(found.lastgroup)
        group = "(" if kind in _NAMED else "(?:"
        pattern += f"{re.escape(line[end : found.start()])}{group}{_KINDS[kind].replace(_DIGIT, '')})"
        end = found.end()
    return "(?:.*\n)*?" if line == "…\n" else pattern + re.escape(line[end:])


def _names(text: str) -> list[str]:
    """The ids, runs and commits in a text, in order."""
    return [found[0] for found in _TOKEN.finditer(text) if found.lastgroup in _NAMED]


class Reader:
    """Somebody who does what a page says, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environ = {**os.environ, **NOBODY, "PATH": f"{command().parent}{os.pathsep}{os.environ['PATH']}"}
        self._environ |= {"PYTHONIOENCODING": "utf-8", "COLUMNS": "100", "LOGNAME": "sam"}
        self._real: dict[str, str] = {}
        """What stands here for what the page shows: ids, commits, addresses."""
        self._servers: dict[str, Process] = {}
        self.pictures: dict[str, str] = {}
        """By name, what is in the pictures of the page: what commands print in color, with the ids that are shown."""
        self._first: dict[str, str] = {}
        """The first line that a server prints."""

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        for server in self._servers.values():
            with server:
                server.send_signal(signal.SIGINT)

    def follow(self, page: str) -> str:
        """The page, with what its commands printed where that differs from what it shows."""
        for line in re.findall(r"^\$ (reconciler serve .+)$", page, re.M):
            self._serve(line)
        for shown, address in re.findall(r"^<!-- (https://\S+) is (\S+) -->$", page, re.M):
            self._real[shown] = self._as_here(address)
        parts = []
        for before, language, content in blocks(page):
            parts += [before, self._shown(before, content) if language == "console" else content]
            if language == "sh":
                self._prepare(content)
            elif language not in ("", "console"):
                self._write(before.rpartition("\n```")[0], language, content)
        return "".join(parts) + page[len("".join(before + content for before, _, content in blocks(page))) :]

    def console(self, content: str) -> str:
        """A block of commands, with what they printed where that differs."""
        return "".join(f"$ {line}\n{self.checked(line, shown)}" for line, shown in _STEP.findall(content))

    def _shown(self, before: str, content: str) -> str:
        pictured = _PICTURED.search(before)
        return self._pictured(pictured[1], content) if pictured else self.console(content)

    def _pictured(self, name: str, content: str) -> str:
        """The same of commands that only read: what they print in color is in the pictures of that name."""
        happened = self.console(content)
        self._environ["RECONCILER_COLOR"] = "1"
        self.pictures[name] = "".join(
            f"\x1b[1m$ {line}\x1b[0m\n{self._painted(line)}" for line, _ in _STEP.findall(content)
        )
        del self._environ["RECONCILER_COLOR"]
        return happened

    def _painted(self, line: str) -> str:
        return re.sub(_KINDS["duration"], "0.1s", self._as_shown(self._do(line)[0]))

    def checked(self, line: str, shown: str) -> str:
        """What is shown of a command if that is what it prints; else what it prints, by the names that are shown."""
        printed, _ = self._do(line, answered=f"{_ANSWER}yes" in shown)
        printed = self._as_shown(printed)
        match = re.fullmatch("".join(map(_pattern, shown.splitlines(keepends=True))), printed)
        if match and self._named(zip(_names(shown), match.groups(), strict=True)):
            return shown
        for here, real in zip(_names(shown), _names(printed), strict=False):
            if here not in self._real and real not in self._real:
                self._real[here] = real
        return self._as_shown(printed).rstrip("\n") + "\n" * bool(printed)

    def _named(self, pairs: Iterable[tuple[str, str]]) -> bool:
        """Whether what is printed has the names that the page gives it; what has none yet gets one."""
        return all(
            here == real if real in self._real else self._real.setdefault(here, real) == real for here, real in pairs
        )

    def _as_shown(self, text: str) -> str:
        """The text with what is shown for what stands here."""
        for shown, real in sorted(self._real.items(), key=lambda pair: -len(pair[1])):
            text = text.replace(real, shown)
        return text

    def _prepare(self, script: str) -> None:
        printed, code = self._run(f"set -e\n{self._as_here(script)}")
        assert code == 0, f"{script}\n{printed}"

    def _as_here(self, text: str) -> str:
        """The text with what stands here for what it shows."""
        for shown, real in self._real.items():
            text = text.replace(shown, real)
        return text

    def _write(self, before: str, language: str, content: str) -> None:
        named = _FILE.findall(before.strip().rpartition("\n\n")[2])
        assert named, f"no file is named before\n{content}"
        path = self._folder / named[-1]
        path.parent.mkdir(parents=True, exist_ok=True)
        content = self._as_here(content)
        if language == "diff":
            sides = (
                "".join(each[1:] or "\n" for each in content.splitlines(keepends=True) if each[0] != sign)
                for sign in "+-"
            )
            before, after = sides
            assert path.read_text(encoding="utf-8").count(before) == 1, f"{path.read_text(encoding='utf-8')}\n{before}"
            content = path.read_text(encoding="utf-8").replace(before, after)
        path.write_text(content, encoding="utf-8")

    def _do(self, line: str, *, answered: bool = False) -> tuple[str, int]:
        """Does what a line says; what it printed, and the exit code."""
        if line in self._first:
            return self._first[line], 0
        line = self._as_here(line)
        word, _, rest = line.partition(" ")
        if word == "cd":
            self._folder = (self._folder / rest).resolve()
        elif word == "export":
            name, _, value = rest.partition("=")
            self._environ[name] = value
        else:
            return self._run(line, answered=answered)
        return "", 0

    def _serve(self, line: str) -> None:
        words = line.split()[1:]
        place = words.index("--port") + 1
        shown, words[place] = f"127.0.0.1:{words[place]}", "0"
        server = self._servers[line] = Process(*words, cwd=self._folder, env=self._environ, stdout=subprocess.PIPE)
        assert server.stdout
        self._first[line] = server.stdout.readline()
        (self._real[shown],) = re.findall(r"127\.0\.0\.1:\d+", self._first[line])

    def _run(self, line: str, *, answered: bool = False) -> tuple[str, int]:
        if not answered:
            return self._ran(line, subprocess.DEVNULL)
        ours, theirs = pty.openpty()
        try:
            os.write(ours, b"yes\n")
            printed, code = self._ran(line, theirs)
        finally:
            os.close(ours)
            os.close(theirs)
        return printed.replace(_ANSWER, f"{_ANSWER}yes"), code

    def _ran(self, line: str, stdin: int) -> tuple[str, int]:
        """What a line printed, on both streams, and its exit code; only a shell does what only a shell can."""
        read, write = os.pipe()
        process: Process | subprocess.Popen[bytes]
        if _PLAIN.fullmatch(line):
            words = shlex.split(line)[1:]
            process = Process(*words, cwd=self._folder, env=self._environ, stdin=stdin, stdout=write, stderr=write)
        else:
            process = subprocess.Popen(
                ["sh", "-c", line], cwd=self._folder, env=self._environ, stdin=stdin, stdout=write, stderr=write
            )
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as output:
            return output.read(), process.wait()
