"""Folders on disk → manifests, with every file they refer to.

Whatever lies in the folders, reading them ends: links never lead out of the repository or in circles, nothing
but regular files is opened, and no more of a file is read than a file may have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.diagnostics import Diagnostic, Location, errors
from reconciler.manifests import disk
from reconciler.manifests.disk import UnfitError
from reconciler.manifests.references import wanted
from reconciler.manifests.search import ManifestFile, Search
from reconciler.source import Node, parse

__all__ = ["MANIFEST_BYTES", "REFERENCE_BYTES", "Manifest", "ReadFolders", "read"]

MANIFEST_BYTES: Final = 1024 * 1024
REFERENCE_BYTES: Final = 2 * 1024 * 1024
_UNREFERRED: Final = frozenset({"readme.md", "readme.txt"})


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document of a manifest file, and what is in the files it refers to."""

    file: str
    stem: str
    node: Node
    alone: bool
    """Whether it is the only document of its file."""
    attachments: Mapping[str, Node] = field(default_factory=dict)
    """By the reference as written; one that cannot be had is not here, and has its fault."""


@dataclass(frozen=True, slots=True)
class ReadFolders:
    """Every manifest of the folders, what is wrong with them, and the text of each file that was read."""

    manifests: tuple[Manifest, ...]
    faults: tuple[Diagnostic, ...]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file read as a manifest, which it is unless some reference names it."""

    found: ManifestFile
    documents: tuple[Node, ...]
    references: tuple[tuple[tuple[str, Node], ...], ...]
    """For each document."""
    faults: tuple[Diagnostic, ...]


def read(root: Path, folders: Sequence[str]) -> ReadFolders:
    """Every manifest in the folders below the root, in the order of their paths; nothing is written."""
    library = _Library(disk.real(root))
    search = Search(library.root)
    found = search.through(folders)
    candidates = [library.candidate(one) for one in found if one.may_be_manifest]
    named = {target for one in candidates for target in library.targets(one)}
    kept = [one for one in candidates if one.found.real not in named]
    manifests = tuple(manifest for one in kept for manifest in library.manifests(one))
    faults = [*search.faults, *library.faults, *(fault for one in kept for fault in one.faults)]
    faults += _nested(one for one in candidates if one.found.real in named)
    if not errors(faults):  # what cannot be read might have referred to it
        faults += _unused(found, named | {one.found.real for one in kept})
    return ReadFolders(manifests, tuple(faults), library.sources)


def _nested(candidates: Iterable[_Candidate]) -> Iterator[Diagnostic]:
    """The faults of data that looks like a manifest: taken for data, its assistant would vanish in silence."""
    message = "This file is itself referred to, so it is data and may not refer to files."
    remedy = "write the content out here, or let no manifest refer to this file"
    for candidate in candidates:
        for _, node in sum(candidate.references, ()):
            yield Diagnostic(node.place, "bad-reference", message, remedy)


def _unused(found: Iterable[ManifestFile], used: set[Path]) -> Iterator[Diagnostic]:
    remedy = "refer to it by `{file: …}`, or remove it"
    for one in found:
        if one.real not in used and one.path.name.lower() not in _UNREFERRED:
            yield Diagnostic(Location(one.file), "unused-file", "Nothing refers to this file.", remedy, "warning")


class _Library:
    """Reads every file once, and remembers what was in it or why it cannot be had."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[Diagnostic] = []
        self.sources: dict[str, str] = {}
        self._attached: dict[Path, Node | UnfitError | None] = {}

    def candidate(self, found: ManifestFile) -> _Candidate:
        """What is in a file, if it is a manifest."""
        try:
            disk.keep_inside(self.root, found.real)
            text = self._text(found.real, found.file, MANIFEST_BYTES)
        except UnfitError as error:
            return _Candidate(found, (), (), (error.at(Location(found.file)),))
        parsed = parse(text, found.file)
        documents = _stated(parsed.documents)
        return _Candidate(found, documents, tuple(wanted(one) for one in documents), parsed.faults)

    def targets(self, candidate: _Candidate) -> Iterator[Path]:
        """The files that the candidate's references name, as far as they may be named."""
        for written, _ in sum(candidate.references, ()):
            try:
                yield disk.target(self.root, candidate.found.path.parent, written)
            except UnfitError:  # reported where the reference is followed
                continue

    def manifests(self, candidate: _Candidate) -> Iterator[Manifest]:
        """The candidate's documents with what they refer to."""
        found, alone = candidate.found, len(candidate.documents) == 1
        for node, references in zip(candidate.documents, candidate.references, strict=True):
            attachments = {
                written: attached
                for written, place in references
                if (attached := self._attachment(found.path.parent, written, place.place))
            }
            yield Manifest(found.file, found.path.stem, node, alone, attachments)

    def _attachment(self, folder: Path, written: str, place: Location) -> Node | None:
        """What is in the file that a reference names; None where a fault says why there is nothing."""
        try:
            target = disk.target(self.root, folder, written)
            if target not in self._attached:
                self._attached[target] = self._content(target)
            attached = self._attached[target]
        except UnfitError as error:
            attached = error
        if isinstance(attached, UnfitError):
            self.faults.append(attached.at(place))
            return None
        return attached

    def _content(self, target: Path) -> Node | UnfitError | None:
        file, suffix = disk.shown(target, self.root), target.suffix.lower()
        try:
            text = self._text(target, file, REFERENCE_BYTES)
        except UnfitError as error:
            return error
        if suffix in disk.TEXTS:
            return Node(text, Location(file, 1, 1))
        parsed = parse(text, file, syntax="json" if suffix == ".json" else "yaml")
        documents = _stated(parsed.documents)
        self.faults += parsed.faults or _not_one(documents)
        return documents[0] if documents and documents[0].value is not None else None

    def _text(self, path: Path, file: str, limit: int) -> str:
        text, error = disk.text(path, file, limit)
        self.sources[file] = text
        if error:
            raise error
        return text


def _stated(documents: tuple[Node, ...]) -> tuple[Node, ...]:
    """The documents less the empty ones: a `---` at the end begins none. One that is alone stays."""
    return tuple(one for one in documents if one.value is not None) or documents[:1]


def _not_one(documents: tuple[Node, ...]) -> Iterator[Diagnostic]:
    if documents[0].value is None:
        yield Diagnostic(
            documents[0].place, "syntax", "This file holds no value.", "write one, or remove the reference"
        )
    for one in documents[1:]:
        yield Diagnostic(one.place, "syntax", "A second document in a file that must be one value.", "remove it")
