"""The objects of every API in one SQLite file: whole after a kill at any moment, shared by processes at once."""

import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reconciler.emulator.shapes import EmulatorError, Fields

SCHEMA_VERSION = 2

_CREATE = (
    # AUTOINCREMENT: a number is never used twice, so the order of a listing survives deletes
    """CREATE TABLE objects (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        api TEXT NOT NULL,
        id TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        fields TEXT NOT NULL,
        UNIQUE (api, id)
    )""",
    "CREATE INDEX objects_listed ON objects (api, created_at, seq)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
_STEPS: dict[int, tuple[str, ...]] = {
    0: _CREATE,
    1: (  # had one table, of assistants
        *_CREATE,
        "UPDATE sqlite_sequence SET name = 'objects' WHERE name = 'assistants'",
        """INSERT INTO objects (seq, api, id, created_at, updated_at, fields)
            SELECT seq, 'assistants', id, created_at, created_at, fields FROM assistants""",
        "DROP TABLE assistants",
    ),
    SCHEMA_VERSION: (),
}
"""By the version of a file, what makes it one of SCHEMA_VERSION."""

_COLUMNS = "id, created_at, updated_at, fields"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One stored object of an API."""

    id: str
    created_at: int
    updated_at: int
    fields: Fields


ListPosition = tuple[int, int]
"""Where an object stands in a listing, as its created_at, which several share, and its sequence number."""


class Store:
    """The database. Every write is one transaction; every method may be called from any thread."""

    def __init__(self, path: str | os.PathLike[str], *, patience: float) -> None:
        self._lock = threading.Lock()
        self._connection = _open(os.fspath(path), patience)
        weakref.finalize(self, self._connection.close)  # who forgets to close it leaves no database open

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def add(self, api: str, record: StoredObject) -> None:
        """Keep a new object, the last in the order of insertion."""
        row = (api, record.id, record.created_at, record.updated_at, _encode(record.fields))
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO objects (api, id, created_at, updated_at, fields) VALUES (?, ?, ?, ?, ?)", row
            )

    def find(self, api: str, id: str) -> StoredObject | None:
        with self._lock:
            return _find(self._connection, api, id)

    def change(self, api: str, id: str, at: int, decide: Callable[[Fields], Fields]) -> StoredObject | None:
        """Replace the fields by what `decide` makes of them, in one transaction; None where the id is unknown."""
        with self._writing() as connection:
            before = _find(connection, api, id)
            if before is None:
                return None
            after = replace(before, updated_at=at, fields=decide(before.fields))
            row = (at, _encode(after.fields), api, id)
            connection.execute("UPDATE objects SET updated_at = ?, fields = ? WHERE api = ? AND id = ?", row)
            return after

    def remove(self, api: str, id: str) -> bool:
        """Forget an object; False when there is no such id."""
        with self._writing() as connection:
            return connection.execute("DELETE FROM objects WHERE api = ? AND id = ?", (api, id)).rowcount > 0

    def place(self, api: str, id: str) -> ListPosition | None:
        query = "SELECT created_at, seq FROM objects WHERE api = ? AND id = ?"
        with self._lock:
            row = self._connection.execute(query, (api, id)).fetchone()
        return (row[0], row[1]) if row else None

    def stretch(
        self,
        api: str,
        *,
        descending: bool,
        after: ListPosition | None = None,
        before: ListPosition | None = None,
        limit: int = -1,
    ) -> list[StoredObject]:
        """The objects between two positions, in listing order. With `before` alone, those nearest to it."""
        backwards = before is not None and after is None
        later, earlier = ("<", ">") if descending else (">", "<")
        where, values = ["api = ?"], list[Any]([api])
        for position, sign in ((after, later), (before, earlier)):
            if position is not None:
                where.append(f"(created_at, seq) {sign} (?, ?)")
                values += position
        direction = "DESC" if descending != backwards else "ASC"
        order = f"ORDER BY created_at {direction}, seq {direction}"
        # every part is one of the literals above; values are bound
        query = f"SELECT {_COLUMNS} FROM objects WHERE {' AND '.join(where)} {order} LIMIT ?"  # noqa: S608
        with self._lock:
            rows = self._connection.execute(query, (*values, limit)).fetchall()
        records = [_decode(row) for row in rows]
        return records[::-1] if backwards else records

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _transaction(self._connection):
            yield self._connection


def _find(connection: sqlite3.Connection, api: str, id: str) -> StoredObject | None:
    query = f"SELECT {_COLUMNS} FROM objects WHERE api = ? AND id = ?"  # noqa: S608 - a literal
    row = connection.execute(query, (api, id)).fetchone()
    return _decode(row) if row else None


def _decode(row: tuple[str, int, int, str]) -> StoredObject:
    id, created_at, updated_at, fields = row
    return StoredObject(id, created_at, updated_at, json.loads(fields))


def _encode(fields: Fields) -> str:
    return json.dumps(fields, separators=(",", ":"))


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # some failures, a full disk among them, end the transaction on their own
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _open(path: str, patience: float) -> sqlite3.Connection:
    try:
        if path != ":memory:":
            Path(path).absolute().parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise _unusable(path, error) from error
    except EmulatorError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    # two processes that open a new file at once may get in each other's way here, whatever the timeout: one
    # of them has set the mode then, and a file that cannot be written at all shows at the transaction below
    with suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    with _transaction(connection):
        for statement in _STEPS[_version(connection, path)]:
            connection.execute(statement)


def _version(connection: sqlite3.Connection, path: str) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version > SCHEMA_VERSION:
        raise EmulatorError(
            f"{path} was written by a newer emulator (schema {version}; this one knows {SCHEMA_VERSION})",
            "Upgrade assistants-reconciler, or name another file.",
        )
    if version == 0 and tables > 0:
        raise EmulatorError(f"{path} is a database of another program", "Name another file.")
    return int(version)


def _unusable(path: str, error: Exception) -> EmulatorError:
    if "locked" in str(error):
        remedy = "Another process is holding it: stop that one, or name another file."
    elif isinstance(error, sqlite3.OperationalError | OSError):
        remedy = "Check that its folder can be written to, or name another file."
    else:
        remedy = "Move it out of the way and start again with a new one, or name another file."
    return EmulatorError(f"{path} cannot be used as the emulator's database: {error}", remedy)
