"""The workflows of a repository, from its configuration and what Git says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from reconciler.authoring.init_questions import InitOptions
from reconciler.authoring.surroundings import Surroundings, known_action
from reconciler.config import Config
from reconciler.console.failure import Failure
from reconciler.drafts.first_files import in_turn
from reconciler.drafts.workflows import (
    ACTION,
    WorkflowSetup,
    preview_environment,
    workflow_environments,
    workflows,
)
from reconciler.settings import ProviderSettings
from reconciler.source import parse

_FOLDER: Final = ".github/workflows"
_SANDBOX: Final = "sandbox"
_REPLACE: Final = f"{ACTION} # REPLACE: the action and the full hash of its commit"


@dataclass(frozen=True, slots=True)
class PlannedWorkflows:
    """The workflows to be written, and what they depend on."""

    top: Path
    setup: WorkflowSetup
    texts: Mapping[str, str]
    """By path from the top of the repository."""
    without_action: Mapping[str, str]
    """The same as they are while the action is not known."""
    left: Sequence[str]
    """The environments that they leave out."""
    signs_in: Sequence[str]
    """The environments whose key a command prints."""

    @property
    def lacks_action(self) -> bool:
        """Whether the action is not known."""
        return self.setup.uses == _REPLACE


def repository_workflows(
    loaded: Config, folders: Sequence[str], options: InitOptions, around: Surroundings
) -> PlannedWorkflows | None:
    """The workflows for every environment with a server; None where the code host is not GitHub.

    `folders` are those below that share the configuration, and have the stacks.
    """
    if around.is_on_gitlab:
        return None
    if around.top is None:
        raise Failure("Workflows belong to a Git repository, and this folder is in none.", "run `git init` first")
    servers = {name: each.settings for name, each in loaded.environments.items() if each.settings.remote}
    names = in_turn([name for name in servers if name != _SANDBOX])
    if not names:
        remedy = "state one below `environments` in reconciler.yaml; for a new file, pass --environment NAME=URL"
        raise Failure("Workflows need an environment with a server, and there is none.", remedy)
    sandbox = servers.get(_SANDBOX)
    setup = WorkflowSetup(
        workflow_environments({name: _secret_variables(servers[name]) for name in names}),
        preview_environment(_SANDBOX, _secret_variables(sandbox)) if sandbox is not None else None,
        around.branch,
        options.action or known_action() or _REPLACE,
        around.inside,
        folders,
    )
    left = [name for name, each in loaded.environments.items() if each.settings.owned_folder is not None]
    signs_in = [name for name, settings in servers.items() if settings.runs_commands]
    texts, without = _workflow_texts(setup), _workflow_texts(replace(setup, uses=_REPLACE))
    return PlannedWorkflows(around.top, setup, texts, without, left, signs_in)


def _secret_variables(settings: ProviderSettings) -> tuple[str, ...]:
    """The variables of an environment's secrets, that of the key first; empty where a command prints the key."""
    return (*([""] if settings.runs_commands else []), *settings.secret_variables())


def _workflow_texts(setup: WorkflowSetup) -> dict[str, str]:
    """By path, every workflow; each was read back."""
    texts = {f"{_FOLDER}/{name}": text for name, text in workflows(setup).items()}
    for folder in (setup.folder, *setup.folders):
        is_two = folder in setup.folders and folder.split() != [folder]  # the action's list has blanks between them
        if is_two or "${{" in folder:
            raise Failure(f"Workflows cannot name the folder {folder!r}.", "rename it")
    for path, text in texts.items():
        if parse(text, path).faults:
            raise Failure(f"{path} cannot be written.", "a folder has a name that workflows cannot have: rename it")
    return texts
