"""Commands that print keys: for whom they are run, and from where."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.config import Environment
from reconciler.console import credentials
from reconciler.github.ci_context import pull_origin
from reconciler.providers import KeyCommand, RequestKey
from reconciler.run.git import repository
from reconciler.settings import Access, ProviderSettings

REMEDY = "on pull requests plan with --base REV, and apply with --config-from REV, where REV is the branch it is for"


def why_not_run(settings: ProviderSettings, *, of_base: bool) -> str:
    """Why the command of an environment's key is not run in this job; empty where it is, or where there is none.

    Whoever opens a pull request could change what is run: the command counts as its base has it, and for a fork none
    is run at all.
    """
    if not settings.runs_commands:
        return ""
    origin = pull_origin()
    if origin == "fork":
        return "the command of `api_key` is never run for a pull request from a fork"
    if origin == "here" and not of_base:
        return "the command of `api_key` is run for a pull request only as the base branch has it"
    return ""


def request_key(environment: Environment, access: Access, root: Path) -> RequestKey:
    """The key of the environment's requests, known or to be printed; from then on it is hidden in all output."""
    if not access.command:
        return RequestKey(access)
    command = KeyCommand(access.command, _checkout(root), os.environ)
    return RequestKey(access, command, lambda key: credentials.learn_secret(f"{environment.name}.api_key", key))


def _checkout(root: Path) -> Path:
    """The folder of everything that was checked out beside the configuration."""
    found = repository(root)
    top = found.top if found is not None else root
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or top)
    return workspace if top.is_relative_to(workspace) else top
