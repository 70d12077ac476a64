"""`reconciler.yaml` → Config: what is applied where, and how to get there.

Nothing here reads the process's environment: it is a parameter, and what it holds is in no message.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.config import form
from reconciler.config.choice import KEY, access, choose, in_ci, nowhere, unowned, unreached
from reconciler.config.masking import masked
from reconciler.config.resolve import judge, resolve
from reconciler.config.values import FILE, LOCAL, Access, Config, Environment, Loaded
from reconciler.diagnostics import Diagnostic, Location, errors
from reconciler.plan.guards import Limits
from reconciler.source import Node, locate, parse

__all__ = [
    "FILE",
    "KEY",
    "LOCAL",
    "Access",
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
    "unowned",
    "unreached",
]

FOLDER: Final = "assistants"
_BYTES: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


def find(start: Path) -> Path | None:
    """The nearest `reconciler.yaml`, from the folder upwards."""
    start = start.absolute()
    return next((path / FILE for path in (start, *start.parents) if _is_there(path / FILE)), None)


def load(start: Path, *, providers: Collection[str], kinds: Collection[str]) -> Loaded:
    """The configuration that holds in the folder, or everything wrong with it."""
    path = find(start)
    if path is None:
        return _without_file(start.absolute())
    text = _text(path)
    if isinstance(text, Diagnostic):
        return Loaded(None, (text,), {})
    parsed = parse(text, FILE)
    faults = [*parsed.faults, *_several(parsed.documents)]
    config, wrong = None, list[tuple[str | None, Diagnostic]]()
    for node in parsed.documents[:1]:
        config, wrong = _config(node, path.parent, {"provider": providers, "kind": kinds})
    sources = {FILE: masked(text, parsed.documents)}
    if config is None or errors(faults) or any(name is None for name, _ in wrong):
        return Loaded(None, (*faults, *(fault for _, fault in wrong)), sources)
    return Loaded(replace(_less(config, wrong), sources=sources), tuple(faults), sources)


def _config(node: Node, root: Path, known: form.Known) -> tuple[Config | None, list[tuple[str | None, Diagnostic]]]:
    """The configuration, and everything wrong with it; each fault with the environment that it is of."""
    read = form.read(node, known)
    if read.form is None:
        return None, list(read.wrong)
    broken = {name for name, _ in read.wrong if name is not None}
    config = _placed(resolve(read.form, root, broken), node, read.form.environments)
    return config, [*read.wrong, *judge(config, node, broken)]


def _less(config: Config, wrong: Iterable[tuple[str | None, Diagnostic]]) -> Config:
    """The configuration less the environments with which something is wrong: those alone cannot be used."""
    broken: dict[str, tuple[Diagnostic, ...]] = {}
    for name, fault in wrong:
        if name is not None:
            broken[name] = (*broken.get(name, ()), fault)
    sound = {name: one for name, one in config.environments.items() if name not in broken}
    return replace(config, environments=sound, broken=broken)


def _placed(config: Config, node: Node, stated: Collection[str]) -> Config:
    environments = {
        name: replace(one, place=locate(node, ["environments", name], key=True)) if name in stated else one
        for name, one in config.environments.items()
    }
    return replace(config, environments=environments)


def _without_file(root: Path) -> Loaded:
    if _is_there(root / "reconciler.yml"):
        fault = Diagnostic(Location("reconciler.yml"), "config", "This file is not read.", f"rename it to {FILE}")
        return Loaded(None, (fault,), {})
    environments = {LOCAL: Environment(LOCAL, LOCAL)} if (root / FOLDER).is_dir() else {}
    return Loaded(Config(root, None, (FOLDER,), environments, None), (), {})


def _is_there(path: Path) -> bool:
    try:
        return path.is_symlink() or path.exists()
    except OSError:  # a folder above that may not be looked into
        return False


def _text(path: Path) -> str | Diagnostic:
    try:
        return _decoded(path)
    except UnicodeDecodeError as error:
        place = Location(FILE, error.object.count(b"\n", 0, error.start) + 1, 1)
        message = f"The byte 0x{error.object[error.start]:02x} is not UTF-8."
        return Diagnostic(place, "encoding", message, "save the file as UTF-8")
    except OSError as error:
        return Diagnostic(Location(FILE), "unreadable", f"This file cannot be read: {error.strerror}.", "")


def _decoded(path: Path) -> str | Diagnostic:
    if path.exists() and not path.is_file():
        return Diagnostic(
            Location(FILE), "unreadable", "This is not a regular file.", "let a regular file have this name"
        )
    if _leads_out(path):
        return Diagnostic(
            Location(FILE), "path-outside-repo", "This link leads out of its folder.", "put the file itself here"
        )
    with path.open("rb") as stream:
        raw = stream.read(_BYTES + 1)
    if len(raw) > _BYTES:
        return Diagnostic(Location(FILE), "too-large", f"This file is larger than {_BYTES // 1024:,} KiB.", "")
    return raw.removeprefix(_BOM).decode()


def _leads_out(path: Path) -> bool:
    """Whether a branch made it a link to some file of the machine, whose lines would be quoted as wrong."""
    folder, real = (Path(os.path.realpath(one)) for one in (path.parent, path))
    return not real.is_relative_to(folder) or ".git" in real.relative_to(folder).parts


def _several(documents: tuple[Node, ...]) -> Iterator[Diagnostic]:
    for document in documents[1:]:
        yield Diagnostic(document.place, "config", "A second document; the file must be one.", "remove it")
