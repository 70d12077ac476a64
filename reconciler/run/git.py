"""Git, run so that no file of a branch can say which repository is read, or what Git runs.

The repository is found here, for Git takes any folder that looks like a bare repository for one, and a branch can hold
such a folder. Nothing is fetched, no hook and no file system monitor is run, and no object is replaced.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from posixpath import normpath
from typing import Final

from reconciler.config.repository import repository_top

_SECONDS: Final = 60
_CONFIG: Final = ("safe.bareRepository=explicit", "core.fsmonitor=false", f"core.hooksPath={os.devnull}")
_SET: Final = {
    "GIT_ALLOW_PROTOCOL": "",  # a promisor remote names a command as its transport, and Git before 2.39.4 fetches
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",  # Git's messages are searched for what is wrong
}
# What a hook or a person set for another repository. GIT_CONFIG_… stays: where CI says what `safe.directory` is.
_UNSET: Final = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_SHALLOW_FILE",
    "GIT_IMPLICIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """What Git printed, and whether it succeeded."""

    ok: bool
    out: bytes
    error: str
    remedy: str = ""
    """What to do where Git could not be run at all."""

    @property
    def text(self) -> str:
        """The output as text; nothing where Git failed."""
        return os.fsdecode(self.out).strip() if self.ok else ""

    @property
    def is_refused(self) -> bool:
        """Whether Git does not read the repository because another user owns it."""
        return "dubious ownership" in self.error


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository that a folder belongs to."""

    top: Path
    """The folder that holds `.git`."""
    inside: str
    """The folder as seen from the top: nothing, or a path that ends with a slash."""

    def ask(self, *arguments: str, lines: Iterable[str] = ()) -> GitAnswer:
        """What Git answers, run at the top, with the lines on its input."""
        config = [word for setting in _CONFIG for word in ("-c", setting)]
        command = ["git", *config, "-C", str(self.top), *arguments]
        sent = os.fsencode("".join(f"{line}\n" for line in lines))
        try:
            done = subprocess.run(  # noqa: S603  # ours
                command, env=self._environ(), input=sent, capture_output=True, timeout=_SECONDS, check=False
            )
        except (FileNotFoundError, NotADirectoryError):
            return GitAnswer(ok=False, out=b"", error="Git is not installed", remedy="install git, or name no revision")
        except (OSError, subprocess.TimeoutExpired) as error:
            return GitAnswer(ok=False, out=b"", error=f"Git does not answer: {error}", remedy="run it again")
        return GitAnswer(done.returncode == 0, done.stdout, done.stderr.decode(errors="replace"))

    def text(self, *arguments: str, lines: Iterable[str] = ()) -> str:
        """What Git prints; nothing where it fails."""
        return self.ask(*arguments, lines=lines).text

    def commit_of(self, name: str) -> str:
        """The commit that a name stands for; nothing where there is none."""
        return self.text("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")

    def literal(self, paths: Iterable[str]) -> list[str]:
        """The paths, which are seen from the folder, for Git to take as they are."""
        return [f":(literal){self.path(path)}" for path in paths]

    def path(self, seen: str) -> str:
        """A path that is seen from the folder, as seen from the top."""
        return normpath(f"{self.inside}{seen}")

    def _environ(self) -> Mapping[str, str]:
        """This process's environment without what leads Git to another repository: it looks no higher than the top."""
        kept = {name: value for name, value in os.environ.items() if name not in _UNSET}
        return {**kept, **_SET, "GIT_CEILING_DIRECTORIES": str(self.top.parent)}

    @property
    def is_submodule(self) -> bool:
        """Whether the repository around it says which one this is: a branch of that one may name any."""
        outer = repository(self.top.parent)
        kept = os.path.relpath(_git_folder(self.top), _git_folder(outer.top)) if outer is not None else ""
        return Path(kept).parts[:1] == ("modules",)


def repository(folder: Path) -> Repository | None:
    """The repository of a folder: that of the nearest parent with a `.git`, which no branch can hold."""
    top = repository_top(folder)
    if top is None:
        return None
    inside = Path(os.path.realpath(folder)).relative_to(top).as_posix()
    return Repository(top, "" if inside == "." else f"{inside}/")


def _git_folder(top: Path) -> str:
    """Where a repository keeps its objects and branches: `.git`, or where that file leads."""
    entry = top / ".git"
    if entry.is_dir():
        return os.path.realpath(entry)
    with entry.open("rb") as stream:
        written = os.fsdecode(stream.read(4096)).removeprefix("gitdir:").strip()
    return os.path.realpath(top / written)
