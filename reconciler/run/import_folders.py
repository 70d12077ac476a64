"""Where an import puts the manifests of each kind, and what `reconciler.yaml` then has to list."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.config import FILE, Config
from reconciler.kinds import KINDS
from reconciler.manifests.layout import folder_of
from reconciler.run.all_manifests import existing
from reconciler.run.file_changes import text_of
from reconciler.source import member, parse, plain


@dataclass(frozen=True, slots=True)
class Folders:
    """The folder of each kind, and all that are read once the import is written."""

    by_kind: Mapping[str, str]
    all: tuple[str, ...]
    edited: Mapping[str, str] = field(default_factory=dict)
    """`reconciler.yaml`, where it has to list one more folder."""
    before: Mapping[str, str] = field(default_factory=dict)
    """The same as it is."""


def folders_for(loaded: Config, kinds: Iterable[str], text: str | None = None) -> Folders:
    """A folder for each of the kinds: one that is read already, else a new one beside those, or below them.

    `text` is that of `reconciler.yaml`, where it is to be another one than it is.
    """
    wanted = sorted(set(kinds))
    before = text_of(loaded.root, FILE) if loaded.file is not None else ""
    text = before if text is None else text
    stated = _stated_folders(text)
    if stated is None:  # of each kind the folder that exists is read
        return _folders({kind: KINDS[kind].plural for kind in wanted}, loaded, loaded.manifests)
    by_kind = {kind: _new_folder(kind, stated) or folder_of(kind, stated) for kind in wanted}
    new = [folder for folder in dict.fromkeys(by_kind.values()) if not _is_within(folder, stated)]
    changed = _with_folders(text, stated, new) if new else text
    if changed is None:
        return _folders({kind: folder_of(kind, stated) for kind in wanted}, loaded, stated)
    found = _folders(by_kind, loaded, [*stated, *new])
    return found if not new else Folders(found.by_kind, found.all, {FILE: changed}, {FILE: before})


def _folders(by_kind: Mapping[str, str], loaded: Config, read: Sequence[str]) -> Folders:
    by_kind = {kind: posixpath.normpath(folder) for kind, folder in by_kind.items()}
    return Folders(by_kind, tuple(dict.fromkeys([*existing(loaded, read), *by_kind.values()])))


def _stated_folders(text: str) -> list[str] | None:
    """What `reconciler.yaml` lists under `manifests`, if it does."""
    documents = parse(text, FILE).documents
    node = member(documents[0], "manifests") if documents else None
    stated = plain(node) if node is not None else None
    return [str(each) for each in stated] if isinstance(stated, list) else [stated] if isinstance(stated, str) else None


def _new_folder(kind: str, stated: Sequence[str]) -> str | None:
    """The folder called like the kind, beside one that is called like another kind; None where one has it already."""
    first = posixpath.normpath(stated[0])
    has_kind = posixpath.basename(first) in {each.plural for each in KINDS.values()}
    if folder_of(kind, stated) in stated:
        return None
    return posixpath.join(posixpath.dirname(first), KINDS[kind].plural) if has_kind else None


def _is_within(folder: str, stated: Sequence[str]) -> bool:
    above = (posixpath.normpath(each) for each in stated)
    return any(each == "." or f"{folder}/".startswith(f"{each}/") for each in above)


def _with_folders(text: str, stated: Sequence[str], new: Sequence[str]) -> str | None:
    """The text with these folders listed as well; None where that cannot be done in safety."""
    return None
