"""The other folders of the repository that share a `reconciler.yaml` with this one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from os.path import relpath
from pathlib import Path
from posixpath import dirname, normpath

from reconciler.config import FILE, Config, Environment
from reconciler.config.extending import EXTENDS
from reconciler.config.texts import text_or_error
from reconciler.config.values import DEFAULT_STACK
from reconciler.console.configuration import loaded_configuration
from reconciler.console.failure import Failure
from reconciler.diagnostics import Diagnostic, Location
from reconciler.run.git import Repository, repository

_LISTED = 10


def same_stack(loaded: Config, environment: Environment) -> Diagnostic | None:
    """That another folder manages objects of the environment's server under its stack: each would delete the other's.

    Where an environment is shared, a copied folder needs one changed line.
    """
    git = repository(loaded.root)
    if git is None or not loaded.extends or not environment.settings.remote:
        return None
    stacks = (environment.stack, *environment.former_stacks)
    target = (environment.provider, environment.settings.target())
    for folder, other in _near_configurations(loaded, git, stacks):
        for each in other.environments.values():
            if each.stack in stacks and (each.provider, each.settings.target()) == target:
                message = f"The stack `{each.stack}` of `{environment.name}` is that of {folder}/{FILE} as well."
                remedy = "give each folder a `stack` of its own: with one, each deletes what the other manages"
                return Diagnostic(Location(FILE), "config", message, remedy)
    return None


def stop_in_base(loaded: Config) -> None:
    """Ends the command in a folder that has no manifests, and whose configuration is that of other folders."""
    if told := told_in_base(loaded):
        raise Failure(*told)


def told_in_base(loaded: Config) -> tuple[str, str] | None:
    """That a folder has no manifests and other folders extend its configuration, with where to go; None elsewhere."""
    folders = folders_of_base(loaded)
    if not folders:
        return None
    top = repository(loaded.root)
    there = relpath((top.top if top else loaded.root) / folders[0], Path.cwd())
    message = f"This folder has no manifests; its {FILE} is extended by {listed(folders)}."
    return message, f"run it in one of them, such as `reconciler -C {there} …`"


def listed(folders: Sequence[str]) -> str:
    """The first of the folders, and how many more there are."""
    more = f" and {len(folders) - _LISTED} more" if len(folders) > _LISTED else ""
    return f"{', '.join(folders[:_LISTED])}{more}"


def folders_of_base(loaded: Config) -> tuple[str, ...]:
    """The folders that extend a configuration from which nothing is applied; none where it states a stack.

    What a stack manages stays with it after its last manifest is gone.
    """
    has_stack = any(each.stack != DEFAULT_STACK for each in loaded.environments.values())
    return () if has_stack else extending_folders(loaded)


def extending_folders(loaded: Config) -> tuple[str, ...]:
    """The folders, seen from the top of the repository, that extend a configuration without manifests of its own."""
    git = repository(loaded.root)
    if git is None or loaded.file is None or any((loaded.root / folder).exists() for folder in loaded.manifests):
        return ()
    return tuple(sorted(folder for folder, _ in _near_configurations(loaded, git, (EXTENDS,))))


def folders_by_stack(loaded: Config, stacks: Collection[str]) -> dict[tuple[str, str], str]:
    """By stack and environment, the other folder that manages it; of these stacks."""
    git = repository(loaded.root)
    if git is None or loaded.file is None or not stacks:
        return {}
    near = _near_configurations(loaded, git, tuple(stacks))
    return {(each.stack, name): folder for folder, other in near for name, each in other.environments.items()}


def _near_configurations(loaded: Config, git: Repository, words: tuple[str, ...]) -> Iterator[tuple[str, Config]]:
    """The configurations of other folders with a file in common, of those whose text has one of the words."""
    ours = git.path(FILE)
    shared = {git.path(name) for name in (FILE, *loaded.extends)}
    listing = ("--cached", "--others", "--exclude-standard")
    for path in git.text("ls-files", "-z", *listing, "--", f":(glob)**/{FILE}").split("\0"):
        text = text_or_error(git.top / path, path) if path and path != ours else ""
        if not isinstance(text, str) or not any(word in text for word in words):
            continue
        other = loaded_configuration(Path(git.top / path).parent).config
        folder = dirname(path) or "."
        if other is not None and shared & {path, *(normpath(f"{folder}/{name}") for name in other.extends)}:
            yield folder, other
