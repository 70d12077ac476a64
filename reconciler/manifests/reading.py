"""Folders on disk → manifests, with every file they refer to.

Whatever lies in the folders, reading them ends: links never lead out of the repository or in circles, nothing
but regular files is opened, and no more of a file is read than a file may have.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from reconciler.diagnostics import Diagnostic, Location, errors
from reconciler.kinds import KINDS
from reconciler.kinds.model_schema import WRITTEN_BY
from reconciler.manifests import disk
from reconciler.manifests.disk import UnfitError
from reconciler.manifests.parser import Manifest
from reconciler.manifests.references import file_references
from reconciler.manifests.search import FoundFile, search
from reconciler.manifests.steps import Steps, Work
from reconciler.source import Node, fields, has_front_matter, parse

__all__ = ["FILE_BYTES", "Manifest", "ReadFolders", "read", "read_in_steps"]

FILE_BYTES: Final = 24 * 1024 * 1024
"""What a file may have: more than the largest body that an API takes. An agent has 1,048,576 characters of instructions
and 3 MiB of tools. Escaped to ASCII a character of two bytes has six, and one of four has twelve: 12 MiB and 9 MiB."""
_FRONT_MATTER: Final = """to make it a manifest, begin it with these three lines:
---
model: gpt-4.1
---
else refer to it by `{file: …}`, move it into a folder `prompts`, or remove it"""
_SCHEMA_HEAD: Final = 200
"""In so many bytes at its beginning a schema says what wrote it."""
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ReadFolders:
    """Every manifest of the folders, what is wrong with them, and the text of each file that was read."""

    manifests: tuple[Manifest, ...]
    faults: tuple[Diagnostic, ...]
    sources: Mapping[str, str]

    @property
    def faults_of_manifests(self) -> tuple[Diagnostic, ...]:
        """What is wrong with the manifests, whatever Markdown that is none stands beside them."""
        return tuple(fault for fault in self.faults if fault.code not in ("no-front-matter", "unresolved-conflict"))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A file read as a manifest, which it is unless some reference names it."""

    source: FoundFile
    documents: tuple[Node, ...]
    references: tuple[tuple[tuple[str, Node], ...], ...]
    """For each document."""
    faults: tuple[Diagnostic, ...]


def read(root: Path, folders: Sequence[str], overlay: Mapping[str, str] = _NOTHING) -> ReadFolders:
    """Every manifest in the folders below the root, in the order of their paths; nothing is written.

    It is as if the texts of the overlay stood at their paths, which begin at the root, whether the files exist or not.
    """
    return Work(read_in_steps(root, folders, overlay)).result


def read_in_steps(root: Path, folders: Sequence[str], overlay: Mapping[str, str] = _NOTHING) -> Steps[ReadFolders]:
    """The same, file by file."""
    library = _Library(disk.real(root), overlay)
    files, faults = search(library.root, folders, overlay)
    candidates: list[_Candidate] = []
    for file in files:
        if file.may_be_manifest and (candidate := library.candidate(file)) is not None:
            candidates.append(candidate)
            yield
    named: set[Path] = set()
    for candidate in candidates:
        named.update(library.targets(candidate))
        yield
    kept = [candidate for candidate in candidates if not candidate.source.is_among(named)]
    manifests: list[Manifest] = []
    for candidate in kept:
        manifests += library.manifests(candidate)
        yield
    faults += [*library.faults, *(fault for candidate in kept for fault in candidate.faults)]
    faults += _data_with_references(candidate for candidate in candidates if candidate.source.is_among(named))
    faults += _unread_folders(library.root, folders, {file.real for file in files})
    if not errors(faults):  # what cannot be read might have referred to it
        faults += _unused_files(files, named | {candidate.source.real for candidate in kept})
    faults += _unresolved_conflicts(file for file in files if file.is_conflict and not file.is_among(named))
    return ReadFolders(tuple(manifests), tuple(faults), library.sources)


def _data_with_references(candidates: Iterable[_Candidate]) -> Iterator[Diagnostic]:
    """The errors of data that looks like a manifest: taken for data, its object would vanish in silence."""
    message = "This file is itself referred to, so it is data and may not refer to files."
    remedy = "write the content out here, or let no manifest refer to this file"
    for candidate in candidates:
        for _, node in sum(candidate.references, ()):
            yield Diagnostic(node.place, "bad-reference", message, remedy)
        if candidate.source.is_markdown and not any(candidate.references):
            yield from _texts_with_fields(candidate.documents)


def _texts_with_fields(documents: Iterable[Node]) -> Iterator[Diagnostic]:
    message = "A reference names this file, so it is a text, front matter included, and no manifest."
    remedy = "if it is to be one, move its text to a file of its own, and refer to that from both"
    for document in documents:
        if "model" in fields(document):
            yield Diagnostic(document.keys["model"], "bad-reference", message, remedy, "warning")


def _unresolved_conflicts(files: Iterable[FoundFile]) -> Iterator[Diagnostic]:
    message = "This is the live text of a prompt that was changed in Git as well, at the same lines."
    remedy = "merge it into the prompt and delete this file; or delete it, and pull with `--take live` or `--take git`"
    for file in files:
        yield Diagnostic(Location(file.file), "unresolved-conflict", message, remedy)


def _unused_files(files: Iterable[FoundFile], used: set[Path]) -> Iterator[Diagnostic]:
    for file in files:
        if file.real in used or file.is_about_folder or file.is_conflict or _is_editor_schema(file.real):
            continue
        if file.searched and file.is_markdown:
            message = "This Markdown file has no front matter, so it is not a manifest, and nothing refers to it."
            yield Diagnostic(Location(file.file, 1, 1), "no-front-matter", message, _FRONT_MATTER)
        else:
            remedy = "refer to it by `{file: …}`, or remove it"
            yield Diagnostic(Location(file.file), "unused-file", "Nothing refers to this file.", remedy, "warning")


def _is_editor_schema(file: Path) -> bool:
    if file.suffix == ".json" and file.is_file():
        with suppress(OSError), file.open("rb") as opened:
            return WRITTEN_BY.encode() in opened.read(_SCHEMA_HEAD)
    return False


def _unread_folders(root: Path, folders: Sequence[str], read: Collection[Path]) -> Iterator[Diagnostic]:
    """Folders of another kind beside those that are read: what a manifest asked for that moved there would go away."""
    names = [kind.plural for kind in KINDS.values()]
    beside = {Path(folder).parent / name for folder in folders if Path(folder).name in names for name in names}
    for folder in sorted(each.as_posix() for each in beside - set(map(Path, folders)) if (root / each).is_dir()):
        files, library = search(root, [folder])[0], _Library(root)
        unread = (library.candidate(file) for file in files if file.may_be_manifest and file.real not in read)
        if any("model" in fields(document) for candidate in unread if candidate for document in candidate.documents):
            message = f"`manifests` does not list the folder `{folder}`, and no manifest in it is read."
            remedy = f"add `{folder}` to `manifests`, or rename the folder"
            yield Diagnostic(Location("reconciler.yaml"), "unread-folder", message, remedy, "warning")


class _Library:
    """Reads every file once, and remembers what was in it or why it cannot be read."""

    def __init__(self, root: Path, overlay: Mapping[str, str] = _NOTHING) -> None:
        self.root = root
        self.faults: list[Diagnostic] = []
        self.sources: dict[str, str] = {}
        self._overlay = {disk.real(root / file): text for file, text in overlay.items()}
        self._texts: dict[Path, tuple[str, UnfitError | None]] = {}
        self._attached: dict[Path, Node | UnfitError | None] = {}
        self._targets: dict[tuple[Path, str], Path] = {}

    def candidate(self, source: FoundFile) -> _Candidate | None:
        """What is in a file, if it is a manifest; None where it is a text without front matter."""
        try:
            disk.keep_inside(self.root, source.real)
            text = self._text(source.real, source.file)
        except UnfitError as error:
            return _Candidate(source, (), (), (error.at(Location(source.file)),))
        if source.is_markdown and not has_front_matter(text):
            return None
        parsed = parse(text, source.file, syntax="markdown" if source.is_markdown else "yaml")
        documents = _without_empty(parsed.documents)
        return _Candidate(source, documents, tuple(file_references(document) for document in documents), parsed.faults)

    def targets(self, candidate: _Candidate) -> Iterator[Path]:
        """The files that the candidate's references name, as far as they may be named."""
        for written, _ in sum(candidate.references, ()):
            try:
                yield self._target(candidate.source.path.parent, written)
            except UnfitError:  # reported where the reference is followed
                yield Path(os.path.normpath(candidate.source.path.parent / written))

    def manifests(self, candidate: _Candidate) -> Iterator[Manifest]:
        """The candidate's documents with what they refer to."""
        source, alone = candidate.source, len(candidate.documents) == 1
        for node, references in zip(candidate.documents, candidate.references, strict=True):
            attachments = {
                written: attached
                for written, reference in references
                if (attached := self._attachment(source.path.parent, written, reference.place))
            }
            yield Manifest(source.file, source.path.stem, node, alone, attachments)

    def _attachment(self, folder: Path, written: str, place: Location) -> Node | None:
        """What is in the file that a reference names; None where an error says why there is nothing."""
        try:
            target = self._target(folder, written)
            if target not in self._attached:
                self._attached[target] = self._content(target)
            attached = self._attached[target]
        except UnfitError as error:
            attached = error
        if isinstance(attached, UnfitError):
            self.faults.append(attached.at(place))
            return None
        return attached

    def _target(self, folder: Path, written: str) -> Path:
        if (folder, written) not in self._targets:
            self._targets[folder, written] = disk.target(self.root, folder, written)
        return self._targets[folder, written]

    def _content(self, target: Path) -> Node | UnfitError | None:
        file, suffix = disk.shown(target, self.root), target.suffix.lower()
        try:
            text = self._text(target, file)
        except UnfitError as error:
            return error
        if suffix in disk.TEXTS:
            return Node(text, Location(file, 1, 1))
        parsed = parse(text, file, syntax="json" if suffix == ".json" else "yaml")
        documents = _without_empty(parsed.documents)
        self.faults += parsed.faults or _not_one_value(documents)
        return documents[0] if documents and documents[0].value is not None else None

    def _text(self, path: Path, file: str) -> str:
        if path not in self._texts:
            written = self._overlay.get(path)
            self._texts[path] = (
                disk.text(path, file, FILE_BYTES)
                if written is None
                else disk.decoded(written.encode(errors="surrogatepass"), file, FILE_BYTES)
            )
        self.sources[file], error = self._texts[path]
        if error:
            raise error
        return self.sources[file]


def _without_empty(documents: tuple[Node, ...]) -> tuple[Node, ...]:
    """The documents less the empty ones: a `---` at the end begins none. One that is alone stays."""
    return tuple(document for document in documents if document.value is not None) or documents[:1]


def _not_one_value(documents: tuple[Node, ...]) -> Iterator[Diagnostic]:
    first, *more = documents
    if first.value is None:
        yield Diagnostic(first.place, "syntax", "This file holds no value.", "write one, or remove the reference")
    for document in more:
        yield Diagnostic(document.place, "syntax", "A second document in a file that must be one value.", "remove it")
