"""Carries out a plan: bounded concurrency, one outcome a change, every write verified.

Nothing but the plan decides what is done. An object that may have changed since is read again just before its
write; one that did change is left alone and reported, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace

import anyio

from reconciler.apply.context import PARALLELISM, Listener, RunContext, Stop, failed
from reconciler.apply.creates import Creates
from reconciler.apply.verify import MARKER_PATH, changed_since_plan, left_unsettled, less_settled, unsettled
from reconciler.canonical import ABSENT, Json, equal
from reconciler.kinds import KINDS
from reconciler.model import (
    REMOVALS,
    Desired,
    Difference,
    Done,
    Failed,
    Live,
    Marker,
    MarkerRefresh,
    Outcome,
    Plan,
    Skipped,
    Stale,
    Target,
    Task,
    Unsettled,
)
from reconciler.plan import marker as markers
from reconciler.plan.diff import compare
from reconciler.plan.guards import replaces
from reconciler.providers import (
    Clock,
    InDoubt,
    ObjectGone,
    Outdated,
    Provider,
    ProviderError,
    overwriting,
    time_left,
    until,
)

__all__ = ["PARALLELISM", "Clock", "Listener", "RunContext", "Stop", "apply"]
_FRESH_SECONDS = 5.0
_CHANGE_SECONDS = 120.0
_TICK_SECONDS = 10.0
_INTERRUPTED = "interrupted during a write; rerun to resolve"
_TIMED_OUT = "the time limit of --timeout is reached"


async def apply(
    plan: Plan,
    provider: Provider,
    run: RunContext,
    listener: Listener,
    *,
    parallelism: int = PARALLELISM,
    stop: Stop | None = None,
    clock: Clock | None = None,
) -> tuple[Outcome, ...]:
    """Does what the plan says and no objection blocks; deletes come last, and what is forgotten."""
    work = _Apply(plan.where, provider, run, listener, stop or Stop(), clock or Clock(), parallelism)
    held = plan.held
    for change in plan.changes:
        if change.address in held:
            work.end(Skipped(change, "blocked by an objection"))
    ready: list[Task] = [*plan.ready, *(mark for mark in plan.marks if mark.address not in held)]
    with anyio.CancelScope() as work.stop.scope:
        async with anyio.create_task_group() as watch:
            watch.start_soon(work.tick)
            await work.all(ready, proven=_proven(plan), pending=() if plan.selected else plan.rest)
            watch.cancel_scope.cancel()
    work.creates.give_up()
    for task in ready:
        if id(task) not in work.outcomes:
            work.end(Skipped(task, work.stop.reason or "interrupted"))
    return tuple(work.outcomes.values())


def _proven(plan: Plan) -> set[str]:
    """The kinds of which the plan has seen something of ours."""
    marked = {
        change.address.kind for change in plan.changes if change.live is not None and change.live.marker is not None
    }
    return marked | {mark.address.kind for mark in plan.marks} | {address.kind for address in plan.settled}


@dataclass(slots=True)
class _Apply:
    """One run of tasks."""

    where: Target
    provider: Provider
    run: RunContext
    listener: Listener
    stop: Stop
    clock: Clock
    parallelism: int
    proven: set[str] = field(default_factory=set)
    """The kinds of which something of ours was seen on this server."""
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    in_flight: dict[int, tuple[Task, float]] = field(default_factory=dict)
    creates: Creates = field(init=False)

    def __post_init__(self) -> None:
        shared = (self.where, self.provider, self.run, self.clock, self.stop)
        self.creates = Creates(*shared, end=self.end, notice=self._notice)

    async def all(self, tasks: Sequence[Task], *, proven: set[str], pending: Sequence[Task] = ()) -> None:
        """Does the tasks: a kind's first create by itself, deletes last, and then looks for what landed late."""
        creates = [task for task in tasks if task.action == "create"]
        await self.creates.look_before(creates)
        self.proven = proven
        written = [task for task in tasks if task.action not in REMOVALS]
        await self._make([task for task in written if id(task) not in self.creates.doubts])
        if self.creates.doubts:
            await self.creates.settle(self._make)
        # What can only be done right the first time: by now the run has learnt what the server does.
        removals = [task for task in tasks if task.action in REMOVALS]
        self._keep_replaced(removals, [*creates, *(task for task in pending if task.action == "create")])
        await self._together(removals)
        if self.provider.doubted:
            with self._in_time():
                await self.creates.look_after(creates, self.outcomes)

    def _keep_replaced(self, removals: Iterable[Task], creates: Iterable[Task]) -> None:
        """Ends the removals of what an object of another kind was to replace that was not created."""
        failed = [task for task in creates if not isinstance(self.outcomes.get(id(task)), Done | Unsettled)]
        missing = [task.desired for task in failed if task.desired is not None]
        for task in removals:
            other = next((desired for desired in missing if replaces(desired, task.address, task.live)), None)
            if other is not None:
                self.end(Skipped(task, f"{other.address}, which replaces it, was not created"))

    async def tick(self) -> None:
        """Reports from time to time what is still going on."""
        while True:
            await self.clock.sleep(_TICK_SECONDS)
            now = self.clock.monotonic()
            for task, began in tuple(self.in_flight.values()):
                if now - began >= _TICK_SECONDS:
                    self._report(lambda t=task, b=began: self.listener.going_on(t, self.clock.monotonic() - b))  # type: ignore[misc]

    def end(self, outcome: Outcome) -> None:
        """Keeps a task's outcome, and reports it."""
        self.outcomes[id(outcome.task)] = outcome
        self._report(lambda: self.listener.ended(outcome))

    def _notice(self, text: str) -> None:
        self._report(lambda: self.listener.noticed(text))

    def _report(self, report: Callable[[], None]) -> None:
        try:
            report()
        except OSError as error:
            self.stop.softly(_unrecorded(error))

    async def _make(self, tasks: Sequence[Task]) -> None:
        """Does the tasks together, once a first create of each kind went alone of which nothing was ours."""
        for task in tasks:
            if task.action == "create" and task.address.kind not in self.proven and id(task) not in self.outcomes:
                await self._do(task)
        await self._together([task for task in tasks if id(task) not in self.creates.doubts])

    async def _together(self, tasks: Sequence[Task]) -> None:
        limiter = anyio.CapacityLimiter(self.parallelism)

        async def in_turn(task: Task) -> None:
            async with limiter:
                await self._do(task)

        async with anyio.create_task_group() as group:
            for task in tasks:
                if id(task) not in self.outcomes:
                    group.start_soon(in_turn, task)

    async def _do(self, task: Task) -> None:
        began = self.clock.monotonic()
        if self.stop.reason is None and time_left(began) <= 0:
            self.stop.softly(_TIMED_OUT)
        if self.stop.reason is not None:
            self.end(Skipped(task, self.stop.reason))
            return
        self.in_flight[id(task)] = (task, began)
        try:
            outcome = await self._carried_out(task, began)
            self.stop.unreached = 0
        except InDoubt as error:
            self.stop.stop_if_unavailable(error)
            self.creates.doubt(task, error)
            return
        except ProviderError as error:
            self.stop.stop_if_unavailable(error)
            outcome = failed(task, error, self.clock.monotonic() - began)
        except OSError as error:
            self.stop.softly(_unrecorded(error))
            outcome = Skipped(task, _unrecorded(error))
        except anyio.get_cancelled_exc_class():
            known = task.live.id if task.live else None
            self.end(Failed(task, _INTERRUPTED, id=known, in_doubt=task.action == "create"))
            raise
        finally:
            del self.in_flight[id(task)]
        self.end(outcome)

    async def _carried_out(self, task: Task, began: float) -> Outcome:
        planned = task.live
        if planned is None:
            with self._in_time():
                return await self._created(task, began)
        current: Live | Outcome = planned
        good_until = float("-inf") if self.run.reread else self.run.observed_at + _FRESH_SECONDS
        while True:
            if (now := self.clock.monotonic()) > good_until:
                with self._in_time():
                    current = await self._as_it_is(task, planned)
                # where the pace is so slow that reading takes long, so does writing
                good_until = now + max(_FRESH_SECONDS, 2 * (self.clock.monotonic() - now))
            if not isinstance(current, Live):
                return current
            with self._in_time(), overwriting(good_until), suppress(Outdated):
                if task.desired is None:
                    return await self._removed(task, current, began)
                return await self._updated(task, current, task.desired, began)
            good_until = float("-inf")

    def _in_time(self) -> AbstractContextManager[None]:
        """Within, a reading or a write takes no longer than it may."""
        return until(self.clock.monotonic() + _CHANGE_SECONDS)

    async def _as_it_is(self, task: Task, planned: Live) -> Live | Outcome:
        """The object as it is now; the task's outcome where another than this very run changed it."""
        try:
            fresh = await self.provider.fetch(planned.kind, planned.id, age=_FRESH_SECONDS)
        except ObjectGone:
            if task.action == "delete":
                return Done(task, planned.id)
            return Stale(task, planned.id, "deleted on the server after planning; plan again")
        if differs := changed_since_plan(planned, fresh, task.desired, self.run.nonce):
            return Stale(task, planned.id, "changed on the server after planning; plan again", differs)
        return fresh

    async def _created(self, task: Task, began: float) -> Outcome:
        assert task.desired is not None  # noqa: S101  # every create has a manifest
        marker = self.run.marker(self.where, task.desired, None, task.patch)
        self.listener.started(task, None, task.patch)
        made = await self.provider.create(task.address.kind, task.patch, marker)
        self.proven.add(made.kind)
        if made.marker is None:  # an answer may leave out what the server keeps
            with suppress(ProviderError):
                made = await self.provider.fetch(made.kind, made.id)
        if made.marker is None:
            return await self.creates.take_back(task, task.desired, made, began)
        made = await self._completed(task, task.desired, made, marker)
        return await self._verified(task, task.desired, made, marker, began, sent=KINDS[made.kind].fields)

    async def _completed(self, task: Task, desired: Desired, made: Live, marker: Marker) -> Live:
        """The object once it was sent what its create left to defaults, where the server has others."""
        if not made.carries(marker):  # the answer is an object that existed
            return made
        patch = compare(desired, made, KINDS[made.kind], made.marker).patch
        sent = {"metadata": patch.get("metadata"), **task.patch}
        rest = {name: value for name, value in patch.items() if name not in sent or not equal(value, sent[name])}
        if rest:
            with suppress(ProviderError):
                return await self.provider.update(made, rest, replace(marker, id=made.id), desired.untouched)
        return made

    async def _updated(self, task: Task, live: Live, desired: Desired, began: float) -> Outcome:
        patch = self._patch(task, live, desired)
        marker = less_settled(self.run.marker(self.where, desired, live, patch), desired, live)
        self.listener.started(task, live, patch)
        changed = await self.provider.update(live, patch, marker, desired.untouched)
        return await self._verified(task, desired, changed, marker, began, sent=(*patch, "metadata"))

    def _patch(self, task: Task, live: Live, desired: Desired) -> Mapping[str, Json]:
        """What the plan says, with what is left to the dashboard as the last reading has it."""
        if isinstance(task, MarkerRefresh) or live is task.live:
            return task.patch
        base = live.marker if task.action != "adopt" else None
        return compare(desired, live, KINDS[live.kind], base).patch

    async def _removed(self, task: Task, live: Live, began: float) -> Outcome:
        self.listener.started(task, live, task.patch)
        if task.action == "delete":
            await self.provider.delete(live)
            return Done(task, live.id, self.clock.monotonic() - began)
        freed = await self.provider.forget(live, task.patch)
        seconds = self.clock.monotonic() - began
        if freed.marker is None:
            return Done(task, live.id, seconds)
        kept = Difference(MARKER_PATH, ABSENT, freed.pairs.get(markers.KEY))
        return Unsettled(task, live.id, (kept,), seconds)

    async def _verified(
        self, task: Task, desired: Desired, live: Live, marker: Marker, began: float, *, sent: Collection[str]
    ) -> Outcome:
        """Done, if the answer says so; a mismatch in what was sent is remembered, so that it is not sent again.

        What differs and was not sent, somebody changed meanwhile: the next plan shows it as drift.
        """
        mismatches = unsettled(desired, live, marker)
        fields = {difference.path[0] for difference in mismatches if difference.path[0] in sent}
        if fields and live.marker is not None and all(mismatch.path != MARKER_PATH for mismatch in mismatches):
            noted = {**marker.unsettled, **left_unsettled(desired, live, fields)}
            try:
                await self.provider.update(live, {}, replace(marker, id=live.id, unsettled=noted), desired.untouched)
            except ProviderError as error:
                what = "the response mismatch could not be noted in its marker"
                self._notice(f"{desired.address}: {what}: {error.message}")
        seconds = self.clock.monotonic() - began
        return Unsettled(task, live.id, mismatches, seconds) if mismatches else Done(task, live.id, seconds)


def _unrecorded(error: OSError) -> str:
    return f"progress cannot be recorded: {error.strerror or error}"
