"""`reconciler.yaml` → Config: what is applied where, and how to get there.

Nothing here reads the process's environment: it is a parameter, and what it holds is in no message.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from reconciler.config import form
from reconciler.config.choice import access, choose, in_ci, nowhere, unowned
from reconciler.config.provider_settings import Errors, Providers, implied
from reconciler.config.texts import is_there, masked, text_or_error
from reconciler.config.values import FILE, LOCAL, Config, Environment, Loaded
from reconciler.diagnostics import Diagnostic, Location, errors
from reconciler.plan.guards import Limits
from reconciler.source import parse

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


def load(start: Path, *, providers: Providers, kinds: Collection[str]) -> Loaded:
    """The configuration that holds in the folder, or everything wrong with it."""
    path = find(start)
    if path is None:
        return _without_file(start.absolute(), providers, kinds)
    text = text_or_error(path, FILE)
    if isinstance(text, Diagnostic):
        return Loaded(None, (text,), {})
    return read(text, path.parent, providers=providers, kinds=kinds)


def read(text: str, root: Path, *, providers: Providers, kinds: Collection[str]) -> Loaded:
    """The configuration that a text would be in a folder, or everything wrong with it."""
    parsed = parse(text, FILE)
    several = "A second document; the file must be one."
    faults = [*parsed.faults, *(Diagnostic(d.place, "config", several, "remove it") for d in parsed.documents[1:])]
    config, wrong = None, Errors()
    for node in parsed.documents[:1]:
        config, wrong = form.read(node, root, providers, kinds)
    sources = {FILE: masked(text, parsed.documents)}
    if config is None or errors(faults) or any(name is None for name, _ in wrong):
        return Loaded(None, (*faults, *(fault for _, fault in wrong)), sources)
    broken: dict[str, tuple[Diagnostic, ...]] = {}  # those alone cannot be used
    for name, fault in wrong:
        broken[str(name)] = (*broken.get(str(name), ()), fault)
    sound = {name: environment for name, environment in config.environments.items() if name not in broken}
    return Loaded(replace(config, environments=sound, broken=broken, sources=sources), tuple(faults), sources)


def _without_file(root: Path, providers: Providers, kinds: Collection[str]) -> Loaded:
    if is_there(root / "reconciler.yml"):
        fault = Diagnostic(Location("reconciler.yml"), "config", "This file is not read.", f"rename it to {FILE}")
        return Loaded(None, (fault,), {})
    folders = form.usual_folders(root, kinds)
    local = {LOCAL: Environment(LOCAL, LOCAL, providers[LOCAL]())} if (root / folders[0]).is_dir() else {}
    return Loaded(Config(root, None, folders, local, None, implied(providers)), (), {})
