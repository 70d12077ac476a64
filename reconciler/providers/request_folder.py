"""A folder of requests on disk: one JSON file each, and an index of what a request does not contain.

Files are written whole or not at all, and the same content always gives the same bytes.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from reconciler.canonical import Json
from reconciler.providers.errors import Broken, Rejected, ResponseInfo, parsed_body
from reconciler.providers.pages import is_id

T = TypeVar("T")
INDEX: Final = "_index.json"
"""No key begins with `_`, so that no request has this name."""
_SUFFIX: Final = ".json"
_VERSION: Final = 1
_BYTES: Final = 16 * 1024 * 1024
_NOT_OURS: Final = (".git", ".reconciler")
_ENTRY: Final = ("name", "description", "marker")
_CONFLICT: Final = b"<<<<<<< "
_MERGE: Final = (
    "it holds an unfinished merge of Git: keep one side of each part; of a `marker` either will do, since the next"
    " apply refreshes it"
)
_NEVER_AGAIN: Final = ResponseInfo(should_retry=False)
Members = dict[str, Json]


@dataclass(frozen=True, slots=True)
class FolderContents:
    """What a folder holds: requests by the stems of their files, and what the index says of each."""

    requests: Mapping[str, Members]
    index: Mapping[str, Members]


class RequestFolder:
    """The files of one folder of a checkout; what is wrong with one is an error that names it."""

    def __init__(self, root: Path, folder: str) -> None:
        self.name = folder
        """How messages call it."""
        self._root = root
        self._path = root / folder
        self._indexed: tuple[bytes | None, dict[str, Members]] = (None, {})
        """The index as it was read or written last, as bytes and as entries: it is read again and again."""
        self._texts: dict[str, tuple[Members, str]] = {}
        """By id, an entry and the lines that it is in the index."""

    def read(self) -> FolderContents:
        """Everything in the folder; nothing where there is none yet."""
        requests, wrong = {}, []
        for stem in self.stems():
            try:
                if self._is_file(stem):
                    requests[stem] = self._request(stem)
            except Broken as error:
                wrong.append(error)
        if wrong:
            raise _broken("\n".join(error.message for error in wrong), wrong[0].remedy)
        return FolderContents(requests, self._index())

    def stems(self) -> list[str]:
        """The names that requests here may have, in order, without looking whether each is a file."""
        self._check_inside(self._path)
        try:
            names = sorted(path.name for path in self._path.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _broken(f"Cannot read {self.name}: {error.strerror}.", "change its permissions") from error
        files = (name for name in names if name.endswith(_SUFFIX) and name[0] != "." and name != INDEX)
        return [name.removesuffix(_SUFFIX) for name in files]

    def read_one(self, id: str) -> FolderContents:
        """The same of one request; nothing where it is not there."""
        self._check_inside(self._path)
        is_there = is_id(id) and "/" not in id and f"{id}{_SUFFIX}" != INDEX and self._is_file(id)
        return FolderContents({id: self._request(id)} if is_there else {}, self._index())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Within, no other process writes here; the folder exists, and nothing half-written is left in it."""
        self._check_inside(self._path)

        def opened() -> int:
            self._path.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, os.O_RDONLY)

        handle = self._written(self.name, opened)
        try:
            with suppress(OSError):  # some network file systems have no locks: the checkout's own has to do
                fcntl.flock(handle, fcntl.LOCK_EX)
            for left in self._path.glob(".*.writing"):
                left.unlink(missing_ok=True)
            yield
        finally:
            os.close(handle)

    def is_taken(self, id: str) -> bool:
        """Whether a file has the name that the request would have, be it in another case."""
        return os.path.lexists(self._path / f"{id}{_SUFFIX}")

    def write(self, id: str, request: Mapping[str, Json]) -> None:
        """The request in its file."""
        self._replace(f"{id}{_SUFFIX}", _text({**request}) + "\n")

    def write_index(self, before: Mapping[str, Members], entries: Mapping[str, Members]) -> None:
        """The index with an entry for each request of which there is something to say; no file where there is none."""
        filled = {id: entry for id, entry in sorted(entries.items()) if entry}
        if {**before} == filled:
            return
        if filled:
            lines = ",\n".join(self._entry_text(id, entry) for id, entry in filled.items())
            text = f'{{\n  "version": {_VERSION},\n  "requests": {{\n{lines}\n  }}\n}}\n'
            self._indexed = self._replace(INDEX, text), filled
        else:
            self._unlink(INDEX)

    def remove(self, id: str) -> None:
        """Removes the file of a request."""
        self._unlink(f"{id}{_SUFFIX}")

    def _is_file(self, id: str) -> bool:
        path = self._path / f"{id}{_SUFFIX}"
        return os.path.lexists(path) and not path.is_dir()

    def _request(self, id: str) -> Members:
        name = f"{id}{_SUFFIX}"
        if not is_id(id):
            raise _broken(f"{self.name} has a file named {name!a}.", "rename it in UTF-8")
        request = self._mapping_in(name, self._content(name))
        if not isinstance(request.get("metadata") or {}, dict):
            raise _broken(f"{self.name}/{name}: `metadata` is not an object.", "write a mapping of texts, or omit it")
        return request

    def _index(self) -> dict[str, Members]:
        if not os.path.lexists(self._path / INDEX):
            return {}
        content, where = self._content(INDEX), f"{self.name}/{INDEX}"
        if content == self._indexed[0]:
            return self._indexed[1]
        index = self._mapping_in(INDEX, content)
        if index.get("version") != _VERSION:
            message = f"{where} has the version {index.get('version')}; this reconciler reads version {_VERSION}."
            raise _broken(message, "use the reconciler that wrote it, or a later one")
        entries = index.get("requests")
        sound = {
            id: entry
            for id, entry in (entries.items() if isinstance(entries, dict) else ())
            if isinstance(entry, dict) and all(isinstance(entry.get(name, ""), str) for name in _ENTRY)
        }
        if not isinstance(entries, dict) or len(sound) < len(entries):
            message = f"{where} is not an index: `requests` must have an object of texts for each file."
            raise _broken(message, f"restore it: `git checkout -- {where}`")
        self._indexed = content, sound
        return sound

    def _entry_text(self, id: str, entry: Members) -> str:
        known, text = self._texts.get(id, ({}, ""))
        if known != entry:
            text = f"    {_text(id)}: {_text(_entry_in_order(entry))}".replace("\n", "\n    ")
            self._texts[id] = entry, text
        return text

    def _content(self, name: str) -> bytes:
        path, where = self._path / name, f"{self.name}/{name}"
        self._check_inside(path)
        try:
            if not path.is_file():
                raise _broken(f"{where} is not a regular file.", "replace it with a regular file")
            with path.open("rb") as stream:
                content = stream.read(_BYTES + 1)
        except OSError as error:
            raise _broken(f"Cannot read {where}: {error.strerror}.", "change its permissions") from error
        if len(content) > _BYTES:
            raise _broken(f"{where} is larger than {_BYTES // 1024:,} KiB.", "check that it is a request")
        return content

    def _mapping_in(self, name: str, content: bytes) -> Members:
        """The JSON object that is the content of a file."""
        body, where = parsed_body(content), f"{self.name}/{name}"
        if not isinstance(body, dict):
            remedy = _MERGE if _CONFLICT in content else f"fix it, or restore it: `git checkout -- {where}`"
            raise _broken(f"{where}{_why_not_json(content)}", remedy)
        return body

    def _check_inside(self, path: Path) -> None:
        """Raises where a link leads out of the repository, or into what is not to be written in."""
        root, real = (Path(os.path.realpath(each)) for each in (self._root, path))
        if not real.is_relative_to(root) or set(_NOT_OURS) & set(real.relative_to(root).parts):
            where = self.name if path == self._path else f"{self.name}/{path.name}"
            raise _broken(f"{where} is a link that leads out of the repository.", "replace the link with the files")

    def _replace(self, name: str, text: str) -> bytes:
        """Writes a file whole or not at all; what is in it now."""
        beside, path = self._path / f".{name}.writing", self._path / name
        content = text.encode(errors="backslashreplace")  # half a character is written as JSON has it

        def replaced() -> bytes:
            beside.write_bytes(content)
            beside.replace(path)
            return content

        try:
            return self._written(f"{self.name}/{name}", replaced)
        except Rejected:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise

    def _unlink(self, name: str) -> None:
        self._written(f"{self.name}/{name}", lambda: (self._path / name).unlink(missing_ok=True))

    def _written(self, where: str, write: Callable[[], T]) -> T:
        try:
            return write()
        except OSError as error:
            remedy = "free disk space, or change the permissions, and rerun"
            raise Rejected(f"Cannot write {where}: {error.strerror}.", remedy, _NEVER_AGAIN) from error


def _text(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _entry_in_order(entry: Mapping[str, Json]) -> Members:
    """Known members first, and after them what a later version may have written."""
    return {name: entry[name] for name in (*_ENTRY, *sorted(entry.keys() - {*_ENTRY})) if name in entry}


def _broken(message: str, remedy: str) -> Broken:
    return Broken(message, remedy, _NEVER_AGAIN)


def _why_not_json(content: bytes) -> str:
    """Where and why a content is not a JSON object."""
    try:
        json.loads(content.decode())
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f":{line}: The byte 0x{content[error.start]:02x} is not UTF-8."
    except json.JSONDecodeError as error:
        return f":{error.lineno}:{error.colno}: This is not JSON: {error.msg}."
    except RecursionError:
        pass
    return " is not a JSON object, or nests too deeply, or holds a number that is not finite."
