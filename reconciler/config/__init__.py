"""`reconciler.yaml` → Config: what is applied where, and how to get there.

Nothing here reads the process's environment: it is a parameter, and what it holds is in no message.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.config import form
from reconciler.config.choice import access, choose, in_ci, nowhere, unowned
from reconciler.config.extending import EXTENDS, ConfigFile, chain, config_file, inherited
from reconciler.config.provider_settings import Errors, Providers, implied
from reconciler.config.repository import repository_top
from reconciler.config.texts import is_there, text_or_error
from reconciler.config.values import FILE, LOCAL, Config, Environment, Loaded
from reconciler.diagnostics import Diagnostic, Location, errors
from reconciler.plan.guards import Limits
from reconciler.source import Node, locate, member

__all__ = [
    "FILE",
    "LOCAL",
    "Config",
    "Environment",
    "Limits",
    "Loaded",
    "access",
    "choose",
    "find",
    "in_ci",
    "load",
    "nowhere",
    "read",
    "unowned",
]


def find(start: Path) -> Path | None:
    """The nearest `reconciler.yaml`, from the folder upwards."""
    start = start.absolute()
    return next((path / FILE for path in (start, *start.parents) if is_there(path / FILE)), None)


def load(start: Path, *, providers: Providers, kinds: Collection[str], top: Path | None = None) -> Loaded:
    """The configuration that holds in the folder, or everything wrong with it."""
    path = find(start)
    if path is None:
        return _without_file(start.absolute(), providers, kinds)
    text = text_or_error(path, FILE)
    if isinstance(text, Diagnostic):
        return Loaded(None, (text,), {})
    return read(text, path.parent, providers=providers, kinds=kinds, top=top)


def read(text: str, root: Path, *, providers: Providers, kinds: Collection[str], top: Path | None = None) -> Loaded:
    """The configuration that a text would be in a folder, or everything wrong with it.

    The files that it extends are those of the folders around it, up to `top`, else to the top of the repository.
    """
    files, cut = chain(config_file(text, FILE), root, top or repository_top(root))
    faults = [*cut, *(fault for file in files for fault in file.faults)]
    sources = {file.name: file.source for file in files}
    nodes = [file.node for file in files if file.node is not None]
    if len(nodes) < len(files):
        return Loaded(None, tuple(faults), sources)
    config, wrong = _config_of(nodes, root, providers, kinds)
    wrong += _without_stack(files)
    if config is None or errors(faults) or any(name is None for name, _ in wrong):
        return Loaded(None, (*faults, *(fault for _, fault in wrong)), sources)
    broken: dict[str, tuple[Diagnostic, ...]] = {}  # those alone cannot be used
    for name, fault in wrong:
        broken[str(name)] = (*broken.get(str(name), ()), fault)
    sound = {name: environment for name, environment in config.environments.items() if name not in broken}
    extends = tuple(file.name for file in files[1:])
    config = replace(config, environments=sound, broken=broken, sources=sources, extends=extends)
    return Loaded(config, tuple(faults), sources)


def _config_of(
    nodes: Sequence[Node], root: Path, providers: Providers, kinds: Collection[str]
) -> tuple[Config | None, Errors]:
    """What the nearest of the files comes to, each merged over the next; and everything wrong with any."""
    node, wrong = nodes[-1], Errors()
    for child in reversed(nodes[:-1]):
        wrong += [each for each in form.read(node, root, providers, kinds)[1] if each[0] is None]
        node = inherited(node, child)
    config, found = form.read(node, root, providers, kinds)
    return config, list(dict.fromkeys([*wrong, *found]))


def _without_stack(files: Sequence[ConfigFile]) -> Iterator[tuple[None, Diagnostic]]:
    """That the folder has no stack of its own: two folders with one would delete each other's objects."""
    node = files[0].node
    if node is not None and len(files) > 1 and member(node, "stack") is None:
        message = f"`stack` is missing: {FILE} inherits none from {files[1].name}."
        remedy = (
            "write `stack: NAME` here, a name that no other folder has; if other folders extend this file, run it there"
        )
        yield None, Diagnostic(locate(node, [EXTENDS], key=True), "missing-field", message, remedy)


def _without_file(root: Path, providers: Providers, kinds: Collection[str]) -> Loaded:
    if is_there(root / "reconciler.yml"):
        fault = Diagnostic(Location("reconciler.yml"), "config", "This file is not read.", f"rename it to {FILE}")
        return Loaded(None, (fault,), {})
    folders = form.usual_folders(root, kinds)
    local = {LOCAL: Environment(LOCAL, LOCAL, providers[LOCAL]())} if (root / folders[0]).is_dir() else {}
    return Loaded(Config(root, None, folders, local, None, implied(providers)), (), {})
