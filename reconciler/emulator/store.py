"""Assistants in one SQLite file: whole after a kill at any moment, shared by processes at once."""

import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.emulator.shapes import EmulatorError

SCHEMA_VERSION = 1

_CREATE = (
    # AUTOINCREMENT: a number is never used twice, so the order of a listing survives deletes
    """CREATE TABLE assistants (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        created_at INTEGER NOT NULL,
        fields TEXT NOT NULL
    )""",
    "CREATE INDEX assistants_listed ON assistants (created_at, seq)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One stored assistant."""

    id: str
    created_at: int
    fields: Fields


ListPosition = tuple[int, int]
"""Where an assistant stands in a listing, as its created_at, which several share, and its sequence number."""


class Store:
    """The database. Every write is one transaction; every method may be called from any thread."""

    def __init__(self, path: str | os.PathLike[str], *, patience: float) -> None:
        self._lock = threading.Lock()
        self._connection = _open(os.fspath(path), patience)
        weakref.finalize(self, self._connection.close)  # who forgets to close it leaves no database open

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def add(self, record: StoredObject) -> None:
        """Keep a new assistant, the last in the order of insertion."""
        row = (record.id, record.created_at, _encode(record.fields))
        with self._writing() as connection:
            connection.execute("INSERT INTO assistants (id, created_at, fields) VALUES (?, ?, ?)", row)

    def find(self, id: str) -> StoredObject | None:
        with self._lock:
            return _find(self._connection, id)

    def change(self, id: str, decide: Callable[[Fields], Fields]) -> StoredObject | None:
        """Replace the fields by what `decide` makes of them, in one transaction; None where the id is unknown."""
        with self._writing() as connection:
            before = _find(connection, id)
            if before is None:
                return None
            after = StoredObject(before.id, before.created_at, decide(before.fields))
            row = (_encode(after.fields), id)
            connection.execute("UPDATE assistants SET fields = ? WHERE id = ?", row)
            return after

    def remove(self, id: str) -> bool:
        """Forget an assistant; False when there is no such id."""
        with self._writing() as connection:
            return connection.execute("DELETE FROM assistants WHERE id = ?", (id,)).rowcount > 0

    def place(self, id: str) -> ListPosition | None:
        with self._lock:
            row = self._connection.execute("SELECT created_at, seq FROM assistants WHERE id = ?", (id,)).fetchone()
        return (row[0], row[1]) if row else None

    def stretch(
        self,
        *,
        descending: bool,
        after: ListPosition | None = None,
        before: ListPosition | None = None,
        limit: int = -1,
    ) -> list[StoredObject]:
        """The assistants between two positions, in listing order. With `before` alone, those nearest to it."""
        backwards = before is not None and after is None
        later, earlier = ("<", ">") if descending else (">", "<")
        where, values = [], list[int]()
        for position, sign in ((after, later), (before, earlier)):
            if position is not None:
                where.append(f"(created_at, seq) {sign} (?, ?)")
                values += position
        condition = f"WHERE {' AND '.join(where)} " if where else ""
        direction = "DESC" if descending != backwards else "ASC"
        order = f"ORDER BY created_at {direction}, seq {direction}"
        # every part is one of the literals above; values are bound
        query = f"SELECT id, created_at, fields FROM assistants {condition}{order} LIMIT ?"  # noqa: S608
        with self._lock:
            rows = self._connection.execute(query, (*values, limit)).fetchall()
        records = [_decode(row) for row in rows]
        return records[::-1] if backwards else records

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _transaction(self._connection):
            yield self._connection


def _find(connection: sqlite3.Connection, id: str) -> StoredObject | None:
    row = connection.execute("SELECT id, created_at, fields FROM assistants WHERE id = ?", (id,)).fetchone()
    return _decode(row) if row else None


def _decode(row: tuple[str, int, str]) -> StoredObject:
    return StoredObject(row[0], row[1], json.loads(row[2]))


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
        if _version(connection, path) == 0:
            for statement in _CREATE:
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
