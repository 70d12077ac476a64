"""What a job under GitHub Actions knows of itself, from its environment; other CIs can set the same variables."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from reconciler import urls
from reconciler.console.credentials import hidden_below_first_line
from reconciler.console.failure import Failure
from reconciler.console.output import log
from reconciler.github import CodeHost, CodeHostError, Pull, same_name

BOT = "github-actions[bot]"
API = "https://api.github.com"
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")
_PULL = re.compile(r"refs/pull/([1-9][0-9]*)/(?:merge|head)")
_QUEUED = re.compile(r"refs/heads/gh-readonly-queue/.+/pr-([1-9][0-9]*)-[0-9a-f]{40,64}")
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_BRANCH = "refs/heads/"
_REPOSITORIES = (
    ("CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "CI_MERGE_REQUEST_PROJECT_ID"),
    ("ATLANTIS_TERRAFORM_VERSION", "HEAD_REPO_OWNER/HEAD_REPO_NAME", "BASE_REPO_OWNER/BASE_REPO_NAME"),
)
"""What is set in a job for a pull request, and where its repositories are named: its own, and the one it is for."""
_FORKS = (
    ("SYSTEM_PULLREQUEST_PULLREQUESTID", "SYSTEM_PULLREQUEST_ISFORK"),
    ("CHANGE_ID", "CHANGE_FORK"),
    ("CIRCLE_PULL_REQUEST", "CIRCLE_PR_USERNAME"),
    ("BITBUCKET_PR_ID", ""),
)
"""What Azure Pipelines, Jenkins, CircleCI and Bitbucket set in a job for a pull request, and if it is of a fork."""
_TOKEN = "set GITHUB_TOKEN; under Actions: `env: {GITHUB_TOKEN: ${{ github.token }}}`"  # noqa: S105  # says where one comes from
_SET_BY_ACTIONS = "under Actions this is set by itself; elsewhere set it"


@dataclass(frozen=True, slots=True, order=True)
class RunId:
    """Which run this is: the later of two is the greater."""

    run: int
    attempt: int


def under_actions() -> bool:
    """Whether this is a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def code_host(author: str | None = None) -> CodeHost:
    """The repository that this job runs for, written to by the author; nothing has been sent yet."""
    from reconciler.github.client import GitHub
    from reconciler.github.http import Exchange

    exchange = Exchange(_api(), _token(), log=log)
    return GitHub(exchange, repository(), author or (BOT if under_actions() else None), hidden_below_first_line)


@contextmanager
def connected(author: str | None = None) -> Iterator[CodeHost]:
    """The same; an error of the code host ends the command with its reason."""
    try:
        yield code_host(author)
    except CodeHostError as error:
        raise Failure(error.message, error.remedy) from error


def author_of(author: str | None, host: CodeHost) -> str:
    """Who writes here: as named, else the bot under Actions, where asking is forbidden, else the token's owner."""
    if author or under_actions():
        return author or BOT
    try:
        return host.me()
    except CodeHostError as error:  # an app's token has no owner
        raise CodeHostError(error.message, f"{error.remedy}; or name who writes here: --author LOGIN") from error


def repository() -> str:
    """OWNER/NAME, from GITHUB_REPOSITORY."""
    name = os.environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(name) or ".." in name:
        raise Failure("GITHUB_REPOSITORY is not a valid repository name.", f"{_SET_BY_ACTIONS}: OWNER/NAME")
    return name


def run_id() -> RunId:
    """GITHUB_RUN_ID and GITHUB_RUN_ATTEMPT; zeros where this is no run, which is older than any."""
    return RunId(_number_in("GITHUB_RUN_ID"), _number_in("GITHUB_RUN_ATTEMPT"))


def _number_in(variable: str) -> int:
    value = os.environ.get(variable, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 20 else 0


def run_url() -> str:
    """The page of this run; empty where this is no run."""
    server, run = os.environ.get("GITHUB_SERVER_URL", "https://github.com"), run_id().run
    return f"{server}/{repository()}/actions/runs/{run}" if run else ""


def actor() -> str:
    """Who or what started this run, and its page; empty where this is no run."""
    name, url = os.environ.get("GITHUB_ACTOR", ""), run_url()
    return f"{name} ({url})".strip() if url else ""


def head_commit() -> str:
    """The commit that this job is about: the head of its pull request, else GITHUB_SHA."""
    head = _pull_in_event().get("head")
    sha = head.get("sha") if isinstance(head, dict) else None
    commit = sha if isinstance(sha, str) else os.environ.get("GITHUB_SHA", "")
    return commit if _COMMIT.fullmatch(commit) else ""


def commit_url(commit: str) -> str:
    """The page of a commit; empty where the repository is not known."""
    return _page_url("commit", commit)


def files_url(commit: str, folder: str) -> str:
    """What the page of a file of a commit begins with, below a folder of the repository; empty like that."""
    url = _page_url("blob", commit)
    return url and f"{url}/{folder + '/' if folder else ''}"


def _page_url(kind: str, commit: str) -> str:
    server, name = os.environ.get("GITHUB_SERVER_URL", "https://github.com"), os.environ.get("GITHUB_REPOSITORY", "")
    return f"{server}/{name}/{kind}/{commit}" if commit and _REPOSITORY.fullmatch(name) else ""


def event() -> dict[str, Any]:
    """What started the job, from GITHUB_EVENT_PATH; empty where the file does not exist."""
    path = os.environ.get("GITHUB_EVENT_PATH")
    if not path or not Path(path).is_file():
        return {}
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise Failure(f"GITHUB_EVENT_PATH cannot be read: {error}.", _SET_BY_ACTIONS) from error
    return content if isinstance(content, dict) else {}


def pull_origin() -> Literal["none", "here", "fork"]:
    """Whose pull request this job is for: of this repository, or of a fork, which whatever cannot be told counts as.

    Other CIs than GitHub Actions say so in variables.
    """
    if any(os.environ.get(number) for number, _ in _FORKS):
        forks = (os.environ.get(fork, "false").lower() for _, fork in _FORKS)
        return "fork" if any(fork not in ("", "false") for fork in forks) else "here"
    for number, *names in _REPOSITORIES:
        if os.environ.get(number):
            head, base = ("/".join(os.environ.get(each, "") for each in side.split("/")) for side in names)
            return _whose(head, base)
    told = event()
    pull, run, issue = told.get("pull_request"), told.get("workflow_run"), told.get("issue")
    if isinstance(pull, dict):
        return _whose(_name_in(pull, "head", "repo"), _name_in(pull, "base", "repo"))
    if isinstance(run, dict) and run.get("event") != "push":
        return _whose(_name_in(run, "head_repository"), _name_in(told, "repository"))
    if isinstance(issue, dict) and issue.get("pull_request"):
        return "fork"
    in_review = os.environ.get("GITHUB_BASE_REF") or _number_in_ref()
    return "here" if in_review else "none"


def _whose(head: str | None, base: str | None) -> Literal["here", "fork"]:
    return "here" if head and base and head.lower() == base.lower() else "fork"


def _name_in(value: Any, *path: str) -> str | None:
    """The full name of the repository at a path of an event."""
    for step in (*path, "full_name"):
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def pull_number(stated: int | None, host: CodeHost) -> int | None:
    """The pull request that this is about: as stated, else the job's own, else the one that was merged."""
    number = stated or _number_in_event() or _number_in_ref()
    if number is not None:
        return number
    commit = os.environ.get("GITHUB_SHA")
    merged = merged_pull(host, commit) if commit else None
    return merged.number if merged else None


def merged_pull(host: CodeHost, commit: str) -> Pull | None:
    """The one pull request that brought a commit to this branch; of several, the one whose merge it is."""
    here, ref = repository(), os.environ.get("GITHUB_REF", "")
    branches = ("", ref.removeprefix(_BRANCH)) if ref.startswith(_BRANCH) else None
    merged = [
        pull
        for pull in host.pulls_of(commit)
        if pull.merged and same_name(pull.base_repository, here) and (branches is None or pull.base in branches)
    ]
    pulls = [pull for pull in merged if pull.merge_commit == commit] or merged
    return pulls[0] if len(pulls) == 1 else None


def _pull_in_event() -> dict[str, Any]:
    pull = event().get("pull_request")
    return pull if isinstance(pull, dict) else {}


def _number_in_event() -> int | None:
    number = _pull_in_event().get("number")
    return number if type(number) is int and number > 0 else None


def _number_in_ref() -> int | None:
    """Of a pull request's own job, or of a merge queue's, whose branches only GitHub makes."""
    pattern = _QUEUED if os.environ.get("GITHUB_EVENT_NAME") == "merge_group" else _PULL
    match = pattern.fullmatch(os.environ.get("GITHUB_REF", ""))
    return int(match[1]) if match else None


def _token() -> str:
    token = (os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or "").strip()
    if not token:
        raise Failure("There is no token for GitHub.", _TOKEN)
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Failure("The token in GITHUB_TOKEN contains characters that a header may not have.", _TOKEN)
    return token


def _api() -> str:
    try:
        url = urls.checked(os.environ.get("GITHUB_API_URL") or API)
    except urls.BadUrlError as error:
        raise Failure(f"The address in GITHUB_API_URL {error}.", f"set it like {API}") from error
    if not urls.may_have_key(url):
        raise Failure("The token is never sent over plain http to another machine.", f"set GITHUB_API_URL like {API}")
    return url
