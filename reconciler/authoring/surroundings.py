"""What is known around a folder before it is initialized: its Git repository, its code host, and the action to use."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from reconciler.config.values import DEFAULT_STACK
from reconciler.drafts.keys import slug_of
from reconciler.kinds import KINDS
from reconciler.run.git import Repository, repository

_PACKAGE: Final = "assistants-reconciler"
_REMOTE = re.compile(r"(?:[a-z+]+://)?(?:[^@/]*@)?(?P<host>[^/:]+)(?::\d+/|[:/])(?P<path>[^?#]+?)(?:\.git)?/?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_USUAL_BRANCHES: Final = ("main", "master")
_STACK: Final = "my-team"


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a repository is hosted."""

    host: str
    owner: str
    name: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A folder, and what Git says of it."""

    folder: Path
    top: Path | None
    """The top of its repository; None where it is in none."""
    inside: str
    """The folder from the top on; empty for the top itself."""
    branch: str
    """The branch that pull requests are merged into."""
    remote: Remote | None

    @property
    def is_on_gitlab(self) -> bool:
        """Whether its code host is a GitLab."""
        return self.remote is not None and "gitlab" in self.remote.host

    @property
    def stack(self) -> str:
        """A name for its stack: that of the repository, or of the folder below its top."""
        own = slug_of(self.remote.name if self.remote is not None and not self.inside else self.folder.name)
        if own in {DEFAULT_STACK, *(kind.plural for kind in KINDS.values())}:
            own = slug_of(f"{self.remote.owner} {own}") if self.remote is not None else ""
        return own or _STACK


def surroundings(folder: Path) -> Surroundings:
    """What is known around the folder; nothing is fetched."""
    git = repository(folder)
    if git is None:
        return Surroundings(folder, None, "", _USUAL_BRANCHES[0], None)
    remote = remote_of(git.text("remote", "get-url", "origin"))
    return Surroundings(folder, git.top, git.inside.rstrip("/"), _default_branch(git), remote)


def remote_of(url: str) -> Remote | None:
    """The parts of a remote's address, without what may be secret in it."""
    match = _REMOTE.fullmatch(url)
    *owners, name = match["path"].strip("/").split("/") if match is not None else [""]
    return Remote(match["host"].lower(), "/".join(owners), name) if match is not None and owners and name else None


def _default_branch(git: Repository) -> str:
    """What the remote says; else a usual name that exists; else the one that is checked out."""
    stated = git.text("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    every = git.text("for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes").split()
    there = {re.sub(r"refs/(heads|remotes/[^/]+)/", "", name, count=1) for name in every}
    usual = (name for name in _USUAL_BRANCHES if name in there)
    return stated or next(usual, "") or git.text("symbolic-ref", "--quiet", "--short", "HEAD") or _USUAL_BRANCHES[0]


def known_action() -> str | None:
    """The action at the commit that this package was installed from, as far as its metadata tells."""
    try:
        stated = distribution(_PACKAGE).read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    origin = json.loads(stated) if stated is not None else {}
    commit, url = origin.get("vcs_info", {}).get("commit_id", ""), urlsplit(origin.get("url", ""))
    if url.scheme != "file":
        return _action(remote_of(url.geturl()), commit)
    git = repository(Path(unquote(url.path)))
    if git is None or not git.text("branch", "--remotes", "--contains", "HEAD"):
        return None  # what was never pushed is not found by any job
    return _action(remote_of(git.text("remote", "get-url", "origin")), git.text("rev-parse", "HEAD"))


def _action(remote: Remote | None, commit: str) -> str | None:
    if remote is None or remote.host != "github.com" or not _COMMIT.fullmatch(commit):
        return None
    return f"{remote.owner}/{remote.name}@{commit}"
