"""What a job under GitHub Actions knows of itself, from its environment; other CIs can set the same variables."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.console.failure import Failure

if TYPE_CHECKING:
    from reconciler.github import CodeHost, Pull

BOT = "github-actions[bot]"
API = "https://api.github.com"
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_PULL = re.compile(r"refs/pull/([1-9][0-9]*)/(?:merge|head)")
_QUEUED = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-([1-9][0-9]*)-[0-9a-f]{40,64}")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_BRANCH = "refs/heads/"
_TOKEN = "set GITHUB_TOKEN; under Actions: `env: {GITHUB_TOKEN: ${{ github.token }}}`"  # noqa: S105  # says where one comes from
_ENVIRONMENT_OF_A_JOB = "under Actions this is set by itself; elsewhere set it"


@dataclass(frozen=True, slots=True, order=True)
class RunId:
    """Which run this is: the later of two is the greater."""

    run: int
    attempt: int


def under_actions() -> bool:
    """Whether this is a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def code_host(given: str | None = None) -> CodeHost:
    """The repository that this job runs for, written to by the given author; nothing has been asked yet."""
    from reconciler.console.credentials import beneath
    from reconciler.console.output import log
    from reconciler.github.client import GitHub
    from reconciler.github.http import Exchange

    exchange = Exchange(_api(), _token(), log=log)
    return GitHub(exchange, repository(), given or (BOT if under_actions() else None), beneath)


@contextmanager
def connected(given: str | None = None) -> Iterator[CodeHost]:
    """The same; what it cannot do ends the command with its reason."""
    from reconciler.github import CodeHostError

    try:
        yield code_host(given)
    except CodeHostError as error:
        raise Failure(error.message, error.remedy) from error


def author_of(given: str | None, host: CodeHost) -> str:
    """Who writes here: as given, else the bot under Actions, where asking is forbidden, else the token's owner."""
    from reconciler.github import CodeHostError

    if given or under_actions():
        return given or BOT
    try:
        return host.me()
    except CodeHostError as error:  # an app's token is nobody's
        raise CodeHostError(error.message, f"{error.remedy}; or say who writes here: --author LOGIN") from error


def repository() -> str:
    """OWNER/NAME, from GITHUB_REPOSITORY."""
    found = os.environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(found) or ".." in found:
        raise Failure(
            "GITHUB_REPOSITORY does not say which repository this is.", f"{_ENVIRONMENT_OF_A_JOB}: OWNER/NAME"
        )
    return found


def run_id() -> RunId:
    """GITHUB_RUN_ID and GITHUB_RUN_ATTEMPT; zeros where this is no run, which is older than any."""
    return RunId(_number("GITHUB_RUN_ID"), _number("GITHUB_RUN_ATTEMPT"))


def run_url() -> str:
    """The page of this run; empty where this is no run."""
    server, run = os.environ.get("GITHUB_SERVER_URL", "https://github.com"), run_id().run
    return f"{server}/{repository()}/actions/runs/{run}" if run else ""


def head_commit() -> str:
    """The commit that this job is about: the head of its pull request, else GITHUB_SHA."""
    pull = event().get("pull_request")
    head = pull.get("head") if isinstance(pull, dict) else None
    sha = head.get("sha") if isinstance(head, dict) else None
    found = sha if isinstance(sha, str) else os.environ.get("GITHUB_SHA", "")
    return found if _COMMIT.fullmatch(found) else ""


def commit_url(commit: str) -> str:
    """The page of a commit; empty where nobody says which repository this is."""
    server, name = os.environ.get("GITHUB_SERVER_URL", "https://github.com"), os.environ.get("GITHUB_REPOSITORY", "")
    return f"{server}/{name}/commit/{commit}" if commit and _REPOSITORY.fullmatch(name) else ""


def event() -> dict[str, Any]:
    """What set the job off, from GITHUB_EVENT_PATH; empty where there is no such file."""
    import json
    from pathlib import Path

    path = os.environ.get("GITHUB_EVENT_PATH")
    if not path or not Path(path).is_file():
        return {}
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Failure(f"GITHUB_EVENT_PATH cannot be read: {error}.", _ENVIRONMENT_OF_A_JOB) from error
    return found if isinstance(found, dict) else {}


def pull_number(given: int | None, host: CodeHost) -> int | None:
    """The pull request that this is about: as given, else the job's own, else the one that was merged."""
    number = given or _of_event() or _of_ref()
    if number is not None:
        return number
    commit = os.environ.get("GITHUB_SHA")
    merged = merged_pull(host, commit) if commit else None
    return merged.number if merged else None


def merged_pull(host: CodeHost, commit: str) -> Pull | None:
    """The one pull request that a commit came to this branch by; of several, the one whose merge it is."""
    here, ref = repository().lower(), os.environ.get("GITHUB_REF", "")
    branches = ("", ref.removeprefix(_BRANCH)) if ref.startswith(_BRANCH) else None
    merged = [
        pull
        for pull in host.pulls_of(commit)
        if pull.merged and pull.base_repository.lower() == here and (branches is None or pull.base in branches)
    ]
    found = [pull for pull in merged if pull.merge_commit == commit] or merged
    return found[0] if len(found) == 1 else None


def _of_event() -> int | None:
    pull = event().get("pull_request")
    number = pull.get("number") if isinstance(pull, dict) else None
    return number if type(number) is int and number > 0 else None


def _of_ref() -> int | None:
    """Of a pull request's own job, or of a merge queue's, whose branches nobody else makes."""
    form = _QUEUED if os.environ.get("GITHUB_EVENT_NAME") == "merge_group" else _PULL
    found = form.fullmatch(os.environ.get("GITHUB_REF", ""))
    return int(found[1]) if found else None


def _number(name: str) -> int:
    found = os.environ.get(name, "")
    return int(found) if found.isascii() and found.isdecimal() and len(found) < 20 else 0


def _token() -> str:
    token = (os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or "").strip()
    if not token:
        raise Failure("There is no token to ask GitHub with.", _TOKEN)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Failure("The token in GITHUB_TOKEN holds characters that no header may have.", _TOKEN)
    return token


def _api() -> str:
    from reconciler.config import urls

    try:
        url = urls.checked(os.environ.get("GITHUB_API_URL") or API)
    except urls.BadUrlError as error:
        raise Failure(f"The address in GITHUB_API_URL {error}.", f"set it like {API}") from error
    if not urls.may_have_key(url):
        raise Failure("The token is never sent over plain http to another machine.", f"set GITHUB_API_URL like {API}")
    return url
