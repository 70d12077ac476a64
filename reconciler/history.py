"""A record of every apply, written ahead: what is about to be done over what, and what became of it.

One file a run, one JSON line a fact, flushed line by line, so that it can be read after a kill. It is a
convenience for people and for `rollback`: nothing else depends on it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from reconciler import __version__
from reconciler.canonical import Json
from reconciler.guards import wanted_digest
from reconciler.model import Done, Failed, Live, Outcome, Skipped, Stale, Task, Unsettled, Where
from reconciler.past import Head, Past, Step

FOLDER = "history"
FORMAT = "1.0"
_MOST_RUNS = 200
_MOST_BYTES = 200_000_000
_HIDDEN = "(a secret)"
_SHORTEST_SECRET = 6


class BadRecord(ValueError):
    """A file that is no record of a run."""


class Record:
    """Watches an apply and writes down what it sees, before and after."""

    def __init__(self, folder: Path, head: Head, secrets: Iterable[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _prune(folder)
        self.path = folder / f"{head.run}.jsonl"
        self._secrets = [secret for secret in secrets if len(secret) >= _SHORTEST_SECRET]
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._file: IO[str] = os.fdopen(handle, "w", encoding="utf-8")
        self._write({"type": "run", "format": FORMAT, "reconciler_version": __version__, **_head(head)})

    def __enter__(self) -> Record:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._write({"type": "end", "complete": kind is None})
        except OSError:
            if kind is None:
                raise
        finally:
            self._file.close()

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        """Writes ahead what is about to be done, with the whole object that it overwrites."""
        wanted = wanted_digest(task.desired) if task.desired is not None else None
        before = dict(live.raw) if live is not None else None
        self._write({"type": "intent", **_task(task), "before": before, "patch": dict(patch), "wanted": wanted})

    def going_on(self, task: Task, seconds: float) -> None:
        """Nothing to write down."""

    def ended(self, outcome: Outcome) -> None:
        """Writes down what became of a task."""
        self._write({"type": "outcome", **_task(outcome.task), **_became(outcome)})

    def noticed(self, text: str) -> None:
        """Writes down what else was seen."""
        self._write({"type": "notice", "text": text})

    def _write(self, fact: Mapping[str, Any]) -> None:
        line = json.dumps(fact, ensure_ascii=False, separators=(",", ":"))
        for secret in self._secrets:
            line = line.replace(json.dumps(secret, ensure_ascii=False)[1:-1], _HIDDEN)
        self._file.write(line.encode(errors="replace").decode() + "\n")
        self._file.flush()


def paths(folder: Path) -> list[Path]:
    """The records that are there, the oldest first."""
    return sorted(folder.glob("*.jsonl"))


def read(path: Path) -> Past:
    """What a record tells; a last line that a kill cut off is passed over."""
    facts = list(_facts(path))
    if not facts or facts[0].get("type") != "run":
        raise BadRecord(f"{path} is no record of a run.")
    if str(facts[0].get("format", "")).partition(".")[0] != FORMAT.partition(".")[0]:
        raise BadRecord(f"{path} has a format that this version does not know.")
    try:
        return _past(facts)
    except (KeyError, TypeError) as error:
        raise BadRecord(f"{path} is damaged: {error}.") from error


def rejections(folder: Path, where: Where) -> dict[str, str]:
    """By address, digests of what the last rollbacks here rejected; what is unreadable says nothing."""
    found: dict[str, str] = {}
    for path in paths(folder):
        try:
            past = read(path)
        except (BadRecord, OSError):
            continue
        if (past.head.where.stack, past.head.where.environment) == (where.stack, where.environment):
            found.update(past.head.rejected)
    return found


def run_id(nonce: str, now: Callable[[], Any]) -> str:
    """The name of a run: when it began, and its nonce."""
    return f"{now():%Y%m%dT%H%M%SZ}-{nonce}"


def _facts(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                fact = json.loads(line)
            except ValueError:
                continue
            if isinstance(fact, dict):
                yield fact


def _past(facts: list[dict[str, Any]]) -> Past:
    head = facts[0]
    where = Where(**{**head["where"], "former_stacks": tuple(head["where"].get("former_stacks", ()))})
    known = {name: head[name] for name in ("run", "began", "command", "nonce", "commit", "fingerprint", "rolls_back")}
    steps = tuple(_step(fact) for fact in facts if fact.get("type") == "intent")
    ended = {fact["address"]: str(fact["outcome"]) for fact in facts if fact.get("type") == "outcome"}
    ids = {fact["address"]: fact["id"] for fact in facts if fact.get("type") == "outcome" and fact.get("id")}
    return Past(
        head=Head(where=where, rejected=head.get("rejected", {}), **known),
        steps=tuple(step.with_id(ids.get(step.address)) for step in steps),
        outcomes=ended,
        ended=facts[-1].get("type") == "end",
    )


def _step(fact: Mapping[str, Any]) -> Step:
    return Step(
        kind=fact["kind"],
        key=fact["key"],
        action=fact["action"],
        id=fact["id"],
        before=fact["before"],
        wanted=fact["wanted"],
    )


def _head(head: Head) -> dict[str, Any]:
    where = {name: getattr(head.where, name) for name in Where.__dataclass_fields__}
    told = {name: getattr(head, name) for name in Head.__dataclass_fields__ if name != "where"}
    return {**told, "rejected": dict(head.rejected), "where": where}


def _task(task: Task) -> dict[str, Any]:
    return {
        "address": str(task.address),
        "kind": task.address.kind,
        "key": task.address.key,
        "action": getattr(task, "action", "mark"),
        "id": task.live.id if task.live is not None else None,
    }


def _became(outcome: Outcome) -> dict[str, Any]:
    told: dict[str, Any] = {"outcome": type(outcome).__name__.lower()}
    if isinstance(outcome, Done | Unsettled | Failed | Stale) and outcome.id:
        told["id"] = outcome.id
    if isinstance(outcome, Failed):
        told |= {"message": outcome.message, "request_id": outcome.request_id}
    if isinstance(outcome, Stale | Skipped):
        told["message"] = outcome.reason
    return told


def _prune(folder: Path) -> None:
    """Forgets the oldest runs, so that the folder stays within bounds."""
    found = paths(folder)[::-1]
    size = 0
    for count, path in enumerate(found, 2):
        try:
            size += path.stat().st_size
            if count > _MOST_RUNS or size > _MOST_BYTES:
                path.unlink()
        except OSError:
            continue
