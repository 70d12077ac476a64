"""Folders on disk → the files in them that could be manifests, or could be named by one.

Folders are walked without recursion or circles. Links come last, so that a file which has two ways to it is shown by
its real one.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.diagnostics import Diagnostic, Location
from reconciler.manifests import disk
from reconciler.manifests.disk import UnfitError

DATA_FOLDERS: Final = frozenset({"prompts", "functions", "schemas"})
_READMES: Final = frozenset({"readme.md", "readme.txt"})
_FOR_ASSISTANTS: Final = frozenset({"agents.md", "claude.md"})
"""What coding assistants read about a folder; with front matter such a file is a manifest."""
_CONFLICT: Final = ".live.md"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that the search came upon."""

    path: Path
    file: str
    real: Path
    searched: bool
    """Whether its folder is one that manifests are looked for in."""

    def is_among(self, named: Collection[Path]) -> bool:
        """Whether it is one of the files that references name; where it leads nowhere, by the path as written."""
        return self.real in named or self.path in named

    @property
    def is_markdown(self) -> bool:
        return self.path.suffix.lower() == disk.MARKDOWN

    @property
    def is_conflict(self) -> bool:
        """Whether it is the live text of a prompt that `pull` could not merge."""
        return self.path.name.lower().endswith(_CONFLICT)

    @property
    def is_about_folder(self) -> bool:
        """Whether it is about its folder, so that nothing has to refer to it."""
        return self.path.name.lower() in _READMES | _FOR_ASSISTANTS

    @property
    def may_be_manifest(self) -> bool:
        """Whether it is to be read as one: Markdown is one only if it has front matter."""
        is_reserved = self.path.name.lower() in _READMES or self.is_conflict
        return self.searched and self.path.suffix.lower() in disk.MANIFESTS and not is_reserved


def search(
    root: Path, folders: Sequence[str], overlay: Collection[str] = ()
) -> tuple[list[FoundFile], list[Diagnostic]]:
    """Every file of the folders, in the order of their paths, and what is wrong; what the overlay names is there."""
    starts = [Path(os.path.normpath(root / folder)) for folder in folders]
    to_come = {start for start in starts if not os.path.lexists(start) and any(_below(root, start, overlay))}
    files, faults = _walk(root, (start for start in starts if start not in to_come))
    found = {file.real for file in files}
    added = {file.real: file for start in reversed(starts) for file in _below(root, start, overlay)}
    files += [file for real, file in added.items() if real not in found]
    return sorted(files, key=lambda file: file.file), faults


def _walk(root: Path, starts: Iterable[Path]) -> tuple[list[FoundFile], list[Diagnostic]]:
    files: list[FoundFile] = []
    faults: list[Diagnostic] = []
    seen: set[Path] = set()
    pending = deque((start, True) for start in starts)
    while pending:
        folder, searched = pending.popleft()
        real = disk.real(folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            disk.keep_inside(root, real)
            entries = _entries_of(folder)
        except UnfitError as error:
            faults.append(error.at(Location(disk.shown(folder, root))))
            continue
        for entry in entries:
            path = Path(entry.path)
            if _is_hidden(path, root):
                continue
            if _is_folder(entry):
                add = pending.append if entry.is_symlink() else pending.appendleft
                add((path, searched and entry.name not in DATA_FOLDERS))
            elif path.suffix.lower() in disk.SUFFIXES:
                target = disk.real(path) if entry.is_symlink() else real / entry.name
                files.append(FoundFile(path, disk.shown(path, root), target, searched))
    return files, faults


def _below(root: Path, start: Path, overlay: Iterable[str]) -> Iterator[FoundFile]:
    """The files of the overlay that a walk from there would come upon, if they were on disk."""
    for file in overlay:
        path = Path(os.path.normpath(root / file))
        steps = [path, *path.parents]
        if start not in steps[1:] or path.suffix.lower() not in disk.SUFFIXES:
            continue
        inside = steps[: steps.index(start)]
        if not any(_is_hidden(step, root) for step in inside):
            searched = DATA_FOLDERS.isdisjoint(step.name for step in inside[1:])
            yield FoundFile(path, disk.shown(path, root), disk.real(path), searched)


def _is_hidden(path: Path, root: Path) -> bool:
    return path.name.startswith(".") or (path.name == "reconciler.yaml" and path.parent == root)


def _entries_of(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        unfit = disk.unfit(error, "folder")
        if isinstance(error, FileNotFoundError) and folder.name == "assistants":  # which is read where nothing is yet
            unfit.remedy = "create it, or `agents` for agents; `reconciler import` writes manifests of what is live"
        unfit.remedy += "; `manifests` in reconciler.yaml lists the folders that are read"
        raise unfit from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle: whoever reads it will report it
        return False
