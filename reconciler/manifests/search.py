"""Which files there are: folders walked without recursion, circles or surprises."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.diagnostics import Diagnostic, Location
from reconciler.manifests import disk

DATA_FOLDERS: Final = frozenset({"prompts", "functions", "schemas"})


@dataclass(frozen=True, slots=True)
class ManifestFile:
    """A file that the search came upon."""

    path: Path
    file: str
    real: Path
    searched: bool
    """Whether its folder is one that manifests are looked for in."""

    @property
    def may_be_manifest(self) -> bool:
        return self.searched and self.path.suffix.lower() in disk.MANIFESTS


class Search:
    """Finds every file that could be a manifest, or could be named by one, and remembers what was wrong."""

    def __init__(self, root: Path) -> None:
        self.faults: list[Diagnostic] = []
        self._root = root
        self._found: list[ManifestFile] = []
        self._seen: set[Path] = set()
        self._pending: deque[tuple[Path, bool]] = deque()

    def through(self, folders: Sequence[str]) -> list[ManifestFile]:
        """The files of the folders in the order of their paths."""
        self._pending.extend((Path(os.path.normpath(self._root / folder)), True) for folder in folders)
        while self._pending:
            folder, searched = self._pending.popleft()
            self._visit(folder, searched=searched)
        return sorted(self._found, key=lambda one: one.file)

    def _visit(self, folder: Path, *, searched: bool) -> None:
        real = disk.real(folder)
        if real in self._seen:
            return
        self._seen.add(real)
        try:
            disk.keep_inside(self._root, real)
            entries = _listed(folder)
        except disk.UnfitError as error:
            self.faults.append(error.at(Location(disk.shown(folder, self._root))))
            return
        for entry in entries:
            self._enter(entry, real, searched=searched)

    def _enter(self, entry: os.DirEntry[str], folder: Path, *, searched: bool) -> None:
        path = Path(entry.path)
        if entry.name.startswith(".") or path == self._root / "reconciler.yaml":
            return
        if _is_folder(entry):
            self._later(path, searched=searched and entry.name not in DATA_FOLDERS, link=entry.is_symlink())
        elif path.suffix.lower() in disk.SUFFIXES:
            real = disk.real(path) if entry.is_symlink() else folder / entry.name
            self._found.append(ManifestFile(path, disk.shown(path, self._root), real, searched))

    def _later(self, folder: Path, *, searched: bool, link: bool) -> None:
        # Links come last, so that a file which has two ways to it is shown by its real one.
        if link:
            self._pending.append((folder, searched))
        else:
            self._pending.appendleft((folder, searched))


def _listed(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        unfit = disk.unfit(error, "folder")
        unfit.remedy += "; which folders are read stands under `manifests` in reconciler.yaml"
        raise unfit from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle: whoever reads it will say so
        return False
