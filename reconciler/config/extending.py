"""`extends`: the chain of files that a `reconciler.yaml` inherits from, and what it inherits."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from reconciler.config.texts import is_there, masked, text_or_error
from reconciler.config.values import FILE
from reconciler.diagnostics import Diagnostic, Location
from reconciler.source import Node, fields, member, merged, parse

EXTENDS: Final = "extends"
MOST: Final = 5
"""So many files may extend one another."""
_ENVIRONMENTS: Final = "environments"
_OF_EACH_FOLDER: Final = ("version", "stack", "manifests", EXTENDS)
_LIKE: Final = f"write a relative path that ends in {FILE}, such as `../{FILE}`"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """One file, and everything wrong with its syntax."""

    name: str
    """Its path, as seen from the folder of the first file."""
    node: Node | None
    """None where its syntax is wrong."""
    faults: tuple[Diagnostic, ...]
    source: str
    """Its text, less what may be secret."""


def config_file(text: str, name: str) -> ConfigFile:
    """The text as one document, or what keeps it from being one."""
    parsed = parse(text, name)
    several = "A second document; the file must be one."
    further = (Diagnostic(each.place, "config", several, "remove it") for each in parsed.documents[1:])
    node = parsed.documents[0] if parsed.documents else None
    return ConfigFile(name, node, (*parsed.faults, *further), masked(text, parsed.documents))


def chain(first: ConfigFile, root: Path, top: Path | None) -> tuple[tuple[ConfigFile, ...], tuple[Diagnostic, ...]]:
    """The file and those that it extends, the nearest first, and why the chain ends early.

    None is outside of `top`, and none is reached through a link: a revision of Git has the same files at these paths.
    """
    files, here = [first], os.path.realpath(root)
    while (path := extended_by(files[-1].node, files[-1].name)) is not None:
        if isinstance(path, Diagnostic):
            return tuple(files), (path,)
        name = os.path.relpath(os.path.join(here, path), here)  # noqa: PTH118  # `..` and back is the folder itself
        text = _text_of(name, files, here, top)
        if isinstance(text, Diagnostic):
            return tuple(files), (text,)
        files.append(config_file(text, name))
    return tuple(files), ()


def extended_by(node: Node | None, file: str) -> str | Diagnostic | None:
    """The path of the file that this one extends, as seen from where `file` is seen; None where it extends none."""
    stated = member(node, EXTENDS)
    if stated is None or not isinstance(stated.value, str):  # of another type: its form says so
        return None
    if posixpath.basename(stated.value) != FILE or posixpath.isabs(stated.value) or "\0" in stated.value:
        return Diagnostic(stated.place, "config", f"`{stated.value}` is not the path of a {FILE}.", _LIKE)
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), stated.value))


def _text_of(name: str, files: Sequence[ConfigFile], here: str, top: Path | None) -> str | Diagnostic:
    extends = member(files[-1].node, EXTENDS)
    stated = extends.place if extends is not None else Location(files[-1].name)
    names = [file.name for file in files]
    if name in names:
        circle = " → ".join([*names[names.index(name) :], name])
        return Diagnostic(stated, "config", f"This file extends itself: {circle}.", f"remove one `{EXTENDS}`")
    if len(files) == MOST:
        return Diagnostic(stated, "config", f"More than {MOST} files extend one another.", f"remove one `{EXTENDS}`")
    path = Path(os.path.normpath(f"{here}/{name}"))
    if (top is not None and not path.is_relative_to(top)) or ".git" in path.parts:
        message = f"{name} is outside of the repository."
        return Diagnostic(stated, "path-outside-repo", message, f"extend a {FILE} within it")
    if not is_there(path):
        return Diagnostic(stated, "unreadable", f"There is no {name}.", _LIKE)
    if Path(os.path.realpath(path)) != path:
        return Diagnostic(stated, "path-outside-repo", f"{name} is reached through a link.", "name the file itself")
    return text_or_error(path, name)


def inherited(parent: Node, child: Node) -> Node:
    """The child's file as a merge patch over the parent's, less what is each folder's own.

    Nothing of an environment is inherited by one with another provider, and no key source by one with its own.
    """
    shared, theirs = _without(parent, *_OF_EACH_FOLDER), member(parent, _ENVIRONMENTS)
    if theirs is not None and isinstance(theirs.value, dict):
        ours = fields(member(child, _ENVIRONMENTS))
        left = {name: _for_child(each, ours.get(name)) for name, each in theirs.value.items()}
        kept = replace(theirs, value={name: each for name, each in left.items() if each is not None})
        shared = replace(shared, value={**fields(shared), _ENVIRONMENTS: kept})
    return replace(merged(shared, child), place=child.place)


def _for_child(theirs: Node, ours: Node | None) -> Node | None:
    """What an environment of a child inherits; None if nothing."""
    has, wants = (member(each, "provider") for each in (theirs, ours))
    if has is not None and wants is not None and has.value != wants.value:
        return None
    return _without(theirs, "stack", *(["api_key"] if member(ours, "api_key") is not None else []))


def _without(node: Node, *names: str) -> Node:
    if not isinstance(node.value, dict):
        return node
    return replace(node, value={name: each for name, each in node.value.items() if name not in names})
