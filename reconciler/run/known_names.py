"""The names that a folder gives to environments, objects and runs, read fast and leniently: for completion.

Nothing is sent or written, and nothing wrong is reported: what cannot be read has no names. Every name is a word of
letters, digits and a few signs, whatever the files hold, so that no shell can take it for anything else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from reconciler.manifests import disk
from reconciler.manifests.disk import UnfitError
from reconciler.manifests.search import search
from reconciler.source import Node, fields, items, member, parse

KINDS_BY_FOLDER: Final[Mapping[str, str]] = {"agents": "agent", "assistants": "assistant"}
"""The kind of the manifests in a folder: `kinds.KINDS`, named here because importing the kinds takes too long."""
_FILE: Final = "reconciler.yaml"
_LARGEST: Final = 1024 * 1024
_MOST_READ: Final = 3000
"""So many manifests are read while a person waits for a key."""
_LEVELS: Final = 8
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_DOCUMENT: Final = re.compile(r"^---(?=\s|$).*\n?", re.MULTILINE)
_MODEL: Final = re.compile(r"\bmodel[\"']?\s*:")
_RUN: Final = re.compile(r"[\w.-]+", re.ASCII)
_HEAD_STACK: Final = re.compile(r'"stack": ?"([a-z0-9][a-z0-9._-]{0,63})"')
_RECORDS: Final = 50
_REVISION: Final = re.compile(r"\w[\w./-]*")


class KnownObject(NamedTuple):
    """What a manifest is of, and the file that it is in."""

    kind: str
    key: str
    file: str

    @property
    def address(self) -> str:
        """Its kind and key."""
        return f"{self.kind}.{self.key}"


def known_environments(folder: Path) -> dict[str, str]:
    """Each environment of the folder's configuration, with its provider."""
    file = _configuration_file(folder)
    if file is None:
        return {"local": "local"}
    own, *extended = _configurations(file)
    stated = dict(fields(own.get("environments")))
    for configuration in extended:
        stated = {**fields(configuration.get("environments")), **stated}
    providers = {
        name: member(node, "provider")
        for name, node in stated.items()
        if node.value is not None or not extended  # null leaves out what is inherited
    }
    named = {name: str(provider.value) if provider else "" for name, provider in providers.items()}
    return {name: provider for name, provider in named.items() if _NAME.fullmatch(name)} or {"local": "local"}


def known_objects(folder: Path) -> list[KnownObject]:
    """Whatever the folder's manifests are of, in the order of their files; of very many, what the files' names say."""
    file = _configuration_file(folder)
    root = disk.real(file.parent if file is not None else folder)
    names = _manifest_folders(_configuration_fields(file)) if file is not None else []
    folders = [name for name in names or KINDS_BY_FOLDER if (root / name).is_dir()]
    files, _faults = search(root, folders)
    manifests = [found for found in files if found.may_be_manifest]
    if len(manifests) > _MOST_READ:
        named = (KnownObject(_kind_by_folder(found.file), found.path.stem, found.file) for found in manifests)
        return [each for each in named if _NAME.fullmatch(each.key)]
    return [each for found in manifests for each in _objects_in(found.real, found.file)]


def known_runs(folder: Path, state_dir: str | None) -> list[str]:
    """The ids of the runs that were recorded in the folder, the newest first."""
    return [path.stem for path in _records(folder, state_dir) if _RUN.fullmatch(path.stem)]


def known_stacks(folder: Path, state_dir: str | None) -> list[str]:
    """The stacks that the newest runs of the folder were of, the newest first: previews too."""
    found = (_HEAD_STACK.search(_first_line(path)) for path in _records(folder, state_dir)[:_RECORDS])
    return list(dict.fromkeys(head[1] for head in found if head))


def known_revisions(folder: Path) -> list[str]:
    """The branches and tags of the folder's repository."""
    from reconciler.run.git import repository

    here = repository(folder)
    if here is None:
        return []
    patterns = ("refs/heads", "refs/remotes", "refs/tags")  # sorted by date, Git would read every commit
    listed = here.text("for-each-ref", "--format=%(refname:short)", *patterns).splitlines()
    return ["HEAD", *(name for name in listed if _REVISION.fullmatch(name))]


def _records(folder: Path, state_dir: str | None) -> list[Path]:
    file = _configuration_file(folder)
    state = Path(state_dir) if state_dir else (file.parent if file is not None else folder) / ".reconciler"
    return sorted((state / "history").glob("*.jsonl"), reverse=True)


def _first_line(path: Path) -> str:
    try:
        with disk.opened(path) as stream:
            return stream.readline(_LARGEST).decode(errors="replace")
    except OSError:
        return ""


def _configuration_file(folder: Path) -> Path | None:
    here = folder.absolute()
    return next((at / _FILE for at in (here, *here.parents) if os.path.lexists(at / _FILE)), None)


def _configurations(file: Path) -> Iterator[Mapping[str, Node]]:
    """The fields of a configuration, then of what it extends, one after the other."""
    for _ in range(_LEVELS):
        configuration = _configuration_fields(file)
        yield configuration
        extended = configuration.get("extends")
        if extended is None or not isinstance(extended.value, str):
            return
        file = file.parent / extended.value


def _configuration_fields(file: Path) -> Mapping[str, Node]:
    documents = parse(_text_or_nothing(file), file.name).documents
    return fields(documents[0]) if documents else {}


def _text_or_nothing(path: Path) -> str:
    try:
        return disk.text(path, path.name, _LARGEST)[0]
    except (UnfitError, OSError, ValueError):
        return ""


def _manifest_folders(configuration: Mapping[str, Node]) -> list[str]:
    stated = configuration.get("manifests")
    values = [node.value for node in (stated, *items(stated)) if node is not None]
    return [value for value in values if isinstance(value, str) and "\0" not in value]


def _objects_in(path: Path, file: str) -> Iterator[KnownObject]:
    """What the manifests in a file are of: by its name, its folder, and what their `reconciler:` blocks state."""
    documents = _DOCUMENT.split(_text_or_nothing(path))
    if path.suffix.lower() == disk.MARKDOWN:
        documents = documents[1:2] if not documents[0].strip() else []
    manifests = [document for document in documents if _MODEL.search(document)]
    for document in manifests:
        block = _block_entries(document)
        stem = Path(file).stem if len(manifests) == 1 else ""
        kind = _stated_word(block, "kind")
        key = _stated_word(block, "key") or stem
        if _NAME.fullmatch(key):
            yield KnownObject(kind if kind in KINDS_BY_FOLDER.values() else _kind_by_folder(file), key, file)


def _kind_by_folder(file: str) -> str:
    folders = reversed(file.split("/")[:-1])
    return next((KINDS_BY_FOLDER[name] for name in folders if name in KINDS_BY_FOLDER), "assistant")


def _block_entries(document: str) -> list[str]:
    """The entries of the `reconciler:` block at its first level, be it one line or several."""
    _, _, after = f"\n{document}".partition("\nreconciler:")
    first, *lines = after.split("\n")
    if first.strip().startswith("{"):
        return re.split(r"[{},]", first)
    indent = next((len(line) - len(line.lstrip()) for line in lines if line.strip()), 0)
    entries = []
    for line in lines if indent else ():
        if line.strip() and not line.startswith(" "):
            break
        if len(line) - len(line.lstrip()) == indent:
            entries.append(line)
    return entries


def _stated_word(entries: list[str], name: str) -> str:
    for entry in entries:
        if found := re.match(rf"\s*[\"']?{name}[\"']?\s*:\s*[\"']?([a-z0-9][a-z0-9._-]*)", entry):
            return found[1]
    return ""
