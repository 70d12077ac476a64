"""Carries out a plan: bounded concurrency, one outcome a change, every write verified."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import anyio

from reconciler import marker as markers
from reconciler.canonical import ABSENT
from reconciler.diff import differences
from reconciler.kinds import KINDS
from reconciler.model import (
    Change,
    Desired,
    Difference,
    Done,
    Failed,
    Live,
    Mark,
    Marker,
    Outcome,
    Plan,
    Skipped,
    Task,
    Unsettled,
    Where,
)
from reconciler.providers import ApiGone, Provider, ProviderError, Unauthorized

PARALLELISM = 8


@dataclass(frozen=True, slots=True)
class Run:
    """What a run writes into every marker: its own nonce, and the commit it applies."""

    nonce: str
    commit: str | None = None


class Listener(Protocol):
    """Whoever watches an apply."""

    def started(self, task: Task) -> None:
        """A task begins."""

    def ended(self, outcome: Outcome) -> None:
        """A task has come to its outcome."""


async def apply(
    plan: Plan,
    provider: Provider,
    run: Run,
    listener: Listener,
    *,
    parallelism: int = PARALLELISM,
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Outcome, ...]:
    """Does what the plan says and no objection holds back; deletes come last."""
    held = plan.held
    apply_ = _Apply(plan.where, provider, run, listener, anyio.CapacityLimiter(parallelism), clock)
    for change in plan.changes:
        if change.address in held:
            apply_.end(Skipped(change, "an objection stands"))
    writes: list[Task] = [*(c for c in plan.ready if c.action != "delete"), *plan.marks]
    if plan.ours == 0:
        writes = await apply_.first_alone(writes)
    await apply_.together([task for task in writes if not (isinstance(task, Mark) and task.address in held)])
    await apply_.together([change for change in plan.ready if change.action == "delete"])
    return tuple(apply_.outcomes)


@dataclass(slots=True)
class _Apply:
    """One run of tasks."""

    where: Where
    provider: Provider
    run: Run
    listener: Listener
    limiter: anyio.CapacityLimiter
    clock: Callable[[], float]
    outcomes: list[Outcome] = field(default_factory=list)
    halted: str | None = None

    async def first_alone(self, tasks: Sequence[Task]) -> list[Task]:
        """Does the first create by itself: a server that forgets metadata is found out with one object."""
        first = next((task for task in tasks if isinstance(task, Change) and task.action == "create"), None)
        if first is None:
            return list(tasks)
        await self._do(first)
        last = self.outcomes[-1]
        if isinstance(last, Unsettled) and any(d.path == ("metadata", markers.KEY) for d in last.differences):
            self.halted = f"this server does not keep metadata, which is where ownership lives; {last.id} was created"
        return [task for task in tasks if task is not first]

    async def together(self, tasks: Sequence[Task]) -> None:
        """Does the tasks, as many at once as may be."""
        async with anyio.create_task_group() as group:
            for task in tasks:
                group.start_soon(self._in_turn, task)

    def end(self, outcome: Outcome) -> None:
        """Notes what became of a task."""
        self.outcomes.append(outcome)
        self.listener.ended(outcome)

    async def _in_turn(self, task: Task) -> None:
        async with self.limiter:
            await self._do(task)

    async def _do(self, task: Task) -> None:
        if self.halted is not None:
            self.end(Skipped(task, self.halted))
            return
        self.listener.started(task)
        began = self.clock()
        try:
            id, found = await self._carried_out(task)
        except ProviderError as error:
            self.end(self._failure(task, error, began))
            return
        seconds = self.clock() - began
        self.end(Unsettled(task, id, found, seconds) if found else Done(task, id, seconds))

    def _failure(self, task: Task, error: ProviderError, began: float) -> Failed:
        if isinstance(error, ApiGone | Unauthorized):
            self.halted = "the server turned everything away"
        return Failed(
            task=task,
            message=error.message,
            remedy=error.remedy,
            id=task.live.id if task.live is not None else None,
            request_id=error.request_id,
            param=error.param,
            seconds=self.clock() - began,
        )

    async def _carried_out(self, task: Task) -> tuple[str, tuple[Difference, ...]]:
        """The object's id, and where it did not become what was asked."""
        live, desired = task.live, task.desired
        if live is None and desired is not None and isinstance(task, Change):
            marker = self._marker(desired, None)
            made = await self.provider.create(task.address.kind, task.patch, marker)
            return made.id, _unsettled(desired, made, marker)
        assert live is not None, "every task but a create has a live object"  # noqa: S101
        if desired is None:
            return live.id, await self._let_go(task, live)
        marker = self._marker(desired, live)
        patch = task.patch if isinstance(task, Change) else {}
        changed = await self.provider.update(live, patch, marker, desired.ignore)
        return live.id, _unsettled(desired, changed, marker)

    async def _let_go(self, task: Task, live: Live) -> tuple[Difference, ...]:
        if isinstance(task, Change) and task.action == "delete":
            await self.provider.delete(live)
            return ()
        freed = await self.provider.forget(live)
        if freed.marker is None:
            return ()
        return (Difference(("metadata", markers.KEY), ABSENT, str(_pair(freed))),)

    def _marker(self, desired: Desired, live: Live | None) -> Marker:
        kind = KINDS[desired.address.kind]
        owner = (self.where.stack, self.where.environment)
        id = live.id if live is not None else None
        return markers.stamp(desired, kind, owner, id=id, nonce=self.run.nonce, commit=self.run.commit)


def _pair(live: Live) -> object:
    metadata = live.raw.get("metadata")
    return metadata.get(markers.KEY) if isinstance(metadata, dict) else None


def _unsettled(desired: Desired, live: Live, marker: Marker) -> tuple[Difference, ...]:
    """Where an answer differs from what was asked, the marker included."""
    kind = KINDS[desired.address.kind]
    found = [Difference(path, wanted, got) for path, wanted, got in differences(desired, live, kind)]
    text = markers.encode(marker, kind)
    got = _pair(live)
    if got != text:
        found.append(Difference(("metadata", markers.KEY), text, ABSENT if got is None else str(got)))
    return tuple(found)
