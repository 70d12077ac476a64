"""`reconciler.yaml` → Config: what is applied where, and how to get there.

Nothing here reads the process's environment: it is a parameter, and what it holds is in no message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.config import form
from reconciler.config.choice import access, choose, in_ci, nowhere, unowned
from reconciler.config.provider_settings import Errors, Providers, implied
from reconciler.config.values import FILE, LOCAL, Config, Environment, Loaded
from reconciler.diagnostics import Diagnostic, Location, errors
from reconciler.plan.guards import Limits
from reconciler.source import Node, fields, parse

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

_BYTES: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_SECRETS: Final = re.compile(r"\bsk-[\w-]{6,}|(?<=://)[^\s/\"']*(?=@)")
_KEY_LINE: Final = re.compile(r"((?:key|token|secret|password)[\"']?[ \t]*:[ \t]*)([^\s{][^\r\n]*)", re.IGNORECASE)
_MAY_HOLD_KEYS: Final = ("api_key", "headers", "query")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def find(start: Path) -> Path | None:
    """The nearest `reconciler.yaml`, from the folder upwards."""
    start = start.absolute()
    return next((path / FILE for path in (start, *start.parents) if _is_there(path / FILE)), None)


def load(start: Path, *, providers: Providers, kinds: Collection[str]) -> Loaded:
    """The configuration that holds in the folder, or everything wrong with it."""
    path = find(start)
    if path is None:
        return _without_file(start.absolute(), providers, kinds)
    text = _text_or_error(path)
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
    sources = {FILE: _masked(text, parsed.documents)}
    if config is None or errors(faults) or any(name is None for name, _ in wrong):
        return Loaded(None, (*faults, *(fault for _, fault in wrong)), sources)
    broken: dict[str, tuple[Diagnostic, ...]] = {}  # those alone cannot be used
    for name, fault in wrong:
        broken[str(name)] = (*broken.get(str(name), ()), fault)
    sound = {name: environment for name, environment in config.environments.items() if name not in broken}
    return Loaded(replace(config, environments=sound, broken=broken, sources=sources), tuple(faults), sources)


def _without_file(root: Path, providers: Providers, kinds: Collection[str]) -> Loaded:
    if _is_there(root / "reconciler.yml"):
        fault = Diagnostic(Location("reconciler.yml"), "config", "This file is not read.", f"rename it to {FILE}")
        return Loaded(None, (fault,), {})
    folders = form.usual_folders(root, kinds)
    local = {LOCAL: Environment(LOCAL, LOCAL, providers[LOCAL]())} if (root / folders[0]).is_dir() else {}
    return Loaded(Config(root, None, folders, local, None, implied(providers)), (), {})


def _is_there(path: Path) -> bool:
    try:
        return path.is_symlink() or path.exists()
    except OSError:  # a folder above that may not be looked into
        return False


def _text_or_error(path: Path) -> str | Diagnostic:
    try:
        if path.exists() and not path.is_file():
            remedy = "replace it with a regular file"
            return Diagnostic(Location(FILE), "unreadable", "This is not a regular file.", remedy)
        # a branch may make it a link to some file of the machine, whose lines would be quoted as wrong
        folder, real = (Path(os.path.realpath(link)) for link in (path.parent, path))
        if not real.is_relative_to(folder) or ".git" in real.relative_to(folder).parts:
            message = "This link leads out of its folder."
            return Diagnostic(Location(FILE), "path-outside-repo", message, "put the file itself here")
        with path.open("rb") as stream:
            raw = stream.read(_BYTES + 1)
        if len(raw) > _BYTES:
            return Diagnostic(Location(FILE), "too-large", f"This file is larger than {_BYTES // 1024:,} KiB.", "")
        return raw.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        place = Location(FILE, error.object.count(b"\n", 0, error.start) + 1, 1)
        message = f"The byte 0x{error.object[error.start]:02x} is not UTF-8."
        return Diagnostic(place, "encoding", message, "save the file as UTF-8")
    except OSError as error:
        return Diagnostic(Location(FILE), "unreadable", f"This file cannot be read: {error.strerror}.", "")


def _masked(text: str, documents: Iterable[Node]) -> str:
    """The text with stars for every key and password, and every other column where it was.

    Errors show the lines they are about, in public logs too. Some secrets can be told without the documents, which a
    text that does not parse has none of.
    """
    text = _SECRETS.sub(lambda match: "*" * len(match[0]), text)
    text = _KEY_LINE.sub(lambda match: match[1] + re.sub(r"\S", "*", match[2]), text)
    lines = text.split("\n")
    for node in (key for document in documents for key in _possible_keys(document)):
        at, start = node.place.line - 1, node.place.column - 1
        lines[at] = lines[at][:start] + re.sub(r"\S", "*", lines[at][start:])
    return "\n".join(lines)


def _possible_keys(node: Node) -> Iterator[Node]:
    """Whatever stands where a key might have been written, and is no variable's name."""
    for name, member in fields(node).items():
        yield from _written_nodes(member) if name in _MAY_HOLD_KEYS else _possible_keys(member)


def _written_nodes(node: Node, holder: str = "") -> Iterator[Node]:
    if isinstance(node.value, dict):
        yield from (each for name, member in fields(node).items() for each in _written_nodes(member, name))
    elif not isinstance(node.value, tuple) and not (holder == "env" and _VARIABLE.fullmatch(str(node.value))):
        yield node
