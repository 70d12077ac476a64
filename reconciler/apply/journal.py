"""A record of every apply, written ahead: what is about to be done over what, and what became of it.

One file a run, one JSON line a fact, written line by line, so that it can be read after a kill. It is a
convenience for people and for `rollback`: nothing else depends on it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any

from reconciler import __version__
from reconciler.apply.context import Listener
from reconciler.canonical import Json
from reconciler.manifests.disk import opened
from reconciler.masking import Mask, mask
from reconciler.model import Address, Done, Failed, Live, Outcome, Skipped, Stale, Target, Task, Unsettled
from reconciler.plan import run_record
from reconciler.plan.guards import wanted_digest
from reconciler.plan.run_record import BadRecord, Earlier, Head, RunRecord

_RECENT = 3
FOLDER = "history"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept, the newest first."""

    runs: int = 200
    size: int = 200_000_000


class Journal(Listener):
    """Watches an apply and writes down what it sees, before and after."""

    def __init__(
        self,
        folder: Path,
        head: Head,
        secrets: Iterable[str] = (),
        bounds: Bounds | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _prune(folder, bounds or Bounds())
        self.path = folder / f"{head.run}.jsonl"
        self.broken: OSError | None = None
        """Why it could not be written to the end."""
        self._mask = _secret_mask(secrets)
        self._now = now
        self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._size = 0
        try:
            versions = {"format": run_record.FORMAT, "reconciler_version": __version__}
            self._write({"type": "run", **versions, **run_record.head_to_dict(head)})
        except OSError:
            os.close(self._file)
            self.path.unlink(missing_ok=True)
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._write({"type": "end", "complete": kind is None})
        os.close(self._file)

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        """Writes ahead what is about to be done, with the whole object that it overwrites."""
        desired = task.desired
        facts = {
            "before": dict(live.raw) if live is not None else None,
            "patch": dict(patch),
            "wanted": wanted_digest(desired) if desired is not None else None,
            "ignore": [list(path) for path in desired.ignore] if desired is not None else [],
            "at": round(self._now(), 3),
        }
        self._write({"type": "intent", **_task_facts(task), **facts})

    def ended(self, outcome: Outcome) -> None:
        """Writes down what became of a task."""
        self._write({"type": "outcome", **_task_facts(outcome.task), **_outcome_facts(outcome)})

    def noticed(self, text: str) -> None:
        """Writes down what else was seen."""
        self._write({"type": "notice", "text": text})

    def _write(self, fact: Mapping[str, Any]) -> None:
        """Appends a line, whole or not at all."""
        line = json.dumps(self._mask.deep(fact), separators=(",", ":"))
        rest = f"{line}\n".encode()
        whole = self._size + len(rest)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            self.broken = error
            with suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size = whole


def paths(folder: Path) -> list[Path]:
    """The records that are there, the oldest first."""
    return sorted(folder.glob("*.jsonl"))


def read(path: Path, secrets: Iterable[str] = ()) -> RunRecord:
    """What a record tells, with the secrets that were left out of it, where they are known here."""
    try:
        return _secret_mask(secrets).inverse().deep(run_record.parse(_record_lines(path)))
    except BadRecord as error:
        raise BadRecord(f"{path} cannot be used: {error}.") from error
    except OSError as error:
        unreadable = f"{path} cannot be read: {error.strerror}."
        raise BadRecord(unreadable if path.exists() else f"There is no file {path.absolute()}.") from error


def rejections(folder: Path, where: Target) -> dict[str, str]:
    """By address, digests of what rollbacks from here rejected; what is unreadable says nothing."""
    runs: list[RunRecord] = []
    for path in paths(folder):
        with suppress(BadRecord, OSError):
            first_line = [next(_record_lines(path), "")]
            if runs or run_record.parse(first_line).head.rejected:  # a rollback, and what ran after it
                runs.append(read(path))
    return run_record.active_rejections(runs, where)


def earlier(folder: Path, where: Target, now: float) -> Earlier:
    """What the last runs here created, and what of it is unknown."""
    runs: list[RunRecord] = []
    for path in paths(folder)[-_RECENT:]:
        with suppress(BadRecord, OSError):
            runs.append(read(path))
    return run_record.earlier([run for run in runs if run_record.is_of(run.head.where, where)], now)


def left_managed(folder: Path, where: Target) -> dict[tuple[str, str], Address | None]:
    """By kind and id, the address of each object that the runs from here left managed; None where they let go."""
    return run_record.left_managed(map(_readable_lines, paths(folder)), where)


def run_id(nonce: str, now: datetime) -> str:
    """The name of a run: when it began, and its nonce."""
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{nonce}"


def _record_lines(path: Path) -> Iterator[str]:
    with TextIOWrapper(opened(path), encoding="utf-8", errors="replace") as lines:
        yield from lines


def _readable_lines(path: Path) -> Iterator[str]:
    with suppress(OSError):
        yield from _record_lines(path)


def _secret_mask(secrets: Iterable[str]) -> Mask:
    """What hides each secret behind its digest, so that who has the secrets knows them again."""

    def stand_in(form: str, _secret: str, _how: str) -> str:
        return run_record.LEFT_OUT.format(sha256(form.encode(errors="surrogateescape")).hexdigest()[:8])

    return mask(secrets, stand_in, cut=False)


def _task_facts(task: Task) -> dict[str, Any]:
    return {
        "address": str(task.address),
        "kind": task.address.kind,
        "key": task.address.key,
        "action": task.action,
        "id": task.live.id if task.live is not None else None,
    }


def _outcome_facts(outcome: Outcome) -> dict[str, Any]:
    facts: dict[str, Any] = {"outcome": type(outcome).__name__.lower()}
    if isinstance(outcome, Done | Unsettled | Failed | Stale) and outcome.id:
        facts["id"] = outcome.id
    if isinstance(outcome, Failed):
        facts |= {"message": outcome.message, "request_id": outcome.request_id}
        facts |= {"in_doubt": True, "looked": outcome.looked} if outcome.in_doubt else {}
    if isinstance(outcome, Stale | Skipped):
        facts["message"] = outcome.reason
    return facts


def _prune(folder: Path, bounds: Bounds) -> None:
    """Forgets the oldest runs, so that with the one to come the folder stays within bounds."""
    size = 0
    for count, path in enumerate(reversed(paths(folder)), 2):
        with suppress(OSError):
            size += path.stat().st_size
            if count > bounds.runs or size > bounds.size:
                path.unlink()
