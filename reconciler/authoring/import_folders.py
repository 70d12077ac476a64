"""The folder of each kind that an import writes to, and the folders that `reconciler.yaml` must list."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import click

from reconciler.authoring.all_manifests import existing
from reconciler.authoring.file_changes import text_of
from reconciler.config import FILE, Config, Environment
from reconciler.config.values import DEFAULT_STACK
from reconciler.drafts.keys import slug_of
from reconciler.drafts.layout import folder_of
from reconciler.kinds import KINDS
from reconciler.source import Edit, edited, fields, member, parse, plain, write


@dataclass(frozen=True, slots=True)
class Folders:
    """The folder of each kind, and all that are read once the import is written."""

    by_kind: Mapping[str, str]
    all: tuple[str, ...]
    edited: Mapping[str, str] = field(default_factory=dict)
    """`reconciler.yaml`, where it has to list one more folder."""
    before: Mapping[str, str] = field(default_factory=dict)
    """The same as it is."""
    missing: tuple[str, ...] = ()
    """Listed folders that do not exist, which are an error in every plan."""


def folders_for(loaded: Config, kinds: Iterable[str], text: str | None = None) -> Folders:
    """A folder for each of the kinds: one that is read already, else a new one beside those, or below them.

    `text` is that of `reconciler.yaml`, where it is to be another one than it is.
    """
    wanted = sorted(set(kinds))
    before = text_of(loaded.root, FILE) if loaded.file is not None else ""
    text = before if text is None else text
    stated = _stated_folders(text)
    if stated is None:  # of each kind the folder that exists is read
        return _folders({kind: KINDS[kind].plural for kind in wanted}, loaded, existing(loaded, loaded.manifests))
    by_kind = {kind: _new_folder(kind, stated, loaded) or folder_of(kind, stated) for kind in wanted}
    new = [folder for folder in dict.fromkeys(by_kind.values()) if not _is_within(folder, stated)]
    changed = _with_folders(text, stated, new) if new else text
    if changed is None:
        return _folders({kind: folder_of(kind, stated) for kind in wanted}, loaded, stated)
    found = _folders(by_kind, loaded, [*stated, *new])
    return found if not new else replace(found, edited={FILE: changed}, before={FILE: before})


def first_stack(loaded: Config) -> str:
    """The stack of a repository without a `reconciler.yaml`: named after the folder."""
    name = slug_of(loaded.root.name)
    return name if name not in ("", DEFAULT_STACK) else "my-team"


def first_configuration(loaded: Config, here: Environment, stack: str) -> str:
    """A `reconciler.yaml` for a repository that has none, with the stack that a plan needs.

    Where there is a `local` already, that keeps the stack that it has.
    """
    click.echo(f"Note: {FILE} names the stack {stack}: choose another name now, not after the first apply.", err=True)
    own, common = ({"stack": stack}, {}) if loaded.environments else ({}, {"stack": stack})
    return write({"version": 1, **common, "environments": {here.name: {"provider": here.provider, **own}}})


def _folders(by_kind: Mapping[str, str], loaded: Config, read: Sequence[str]) -> Folders:
    by_kind = {kind: posixpath.normpath(folder) for kind, folder in by_kind.items()}
    there = [*existing(loaded, read), *by_kind.values()]
    missing = [folder for folder in read if not any(_is_within(each, [folder]) for each in there)]
    return Folders(by_kind, tuple(dict.fromkeys(there)), missing=tuple(missing))


def _stated_folders(text: str) -> list[str] | None:
    """What `reconciler.yaml` lists under `manifests`, if it does."""
    documents = parse(text, FILE).documents
    node = member(documents[0], "manifests") if documents else None
    stated = plain(node) if node is not None else None
    return [str(each) for each in stated] if isinstance(stated, list) else [stated] if isinstance(stated, str) else None


def _new_folder(kind: str, stated: Sequence[str], loaded: Config) -> str | None:
    """The folder called like the kind, beside one that is called like another; None where one has the kind already.

    An existing folder that is not listed is left alone, since its content is unknown.
    """
    first = posixpath.normpath(stated[0])
    beside = posixpath.join(posixpath.dirname(first), KINDS[kind].plural)
    is_free = posixpath.basename(first) in {each.plural for each in KINDS.values()} and not existing(loaded, [beside])
    return beside if is_free and folder_of(kind, stated) not in stated else None


def _is_within(folder: str, stated: Sequence[str]) -> bool:
    above = (posixpath.normpath(each) for each in stated)
    return any(each == "." or f"{folder}/".startswith(f"{each}/") for each in above)


def _with_folders(text: str, stated: Sequence[str], new: Sequence[str]) -> str | None:
    """The text with these folders listed as well; None where that cannot be done safely."""
    document = parse(text, FILE).documents[0]
    if isinstance(fields(document)["manifests"].value, tuple):
        edits = [Edit(("manifests", len(stated) + index), folder) for index, folder in enumerate(new)]
    else:
        edits = [Edit(("manifests",), [*stated, *new])]
    return edited(text, FILE, document.place, edits)
