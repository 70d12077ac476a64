"""The creates of an apply: what exists already is not made again, what may exist is looked for first.

Lists may lag, so a create in doubt is looked for again and again, and once more at the end of the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.apply.context import RunContext, Stop, failed, still_there
from reconciler.apply.verify import unsettled
from reconciler.canonical import Absent, equal
from reconciler.kinds import KINDS
from reconciler.model import Address, Desired, Done, Failed, Live, Outcome, Stale, Target, Task, Unsettled
from reconciler.plan.diff import differences
from reconciler.plan.ownership import managed
from reconciler.providers import LANDS_SECONDS, Clock, InDoubt, Provider, ProviderError, time_left

LOOK_SECONDS = 30.0
"""For so long is looked for what lists may not show yet."""
_PAUSES = (0.5, 1.5, 2.0, 4.0, 5.0)
_ENOUGH = 2
_TRIES = 3
_NO_OWNERSHIP = "use a server that keeps metadata"
_LOOK_AGAIN = "rerun: it looks for this object before creating anything"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A create that may have happened, and whose object was not seen."""

    task: Task
    why: str
    since: float
    """The last moment at which it was still waited for."""
    looked: bool = False
    """Whether it was looked for in vain already, for as long as lists may lag."""

    @property
    def until(self) -> float:
        """Until when it is looked for."""
        return self.since + LOOK_SECONDS

    def outcome(self, now: float) -> Failed:
        """What is reported of it where it was not seen."""
        looked = now >= self.until
        seen = f"; no list showed it within {LOOK_SECONDS:.0f}s" if looked else ""
        why = f"it may have been created: {self.why.rstrip('.')}{seen}"
        return Failed(self.task, why, _LOOK_AGAIN, in_doubt=True, looked=looked)


@dataclass(slots=True)
class Looks:
    """Looks at what is ours, with growing pauses, for as long as lists may lag."""

    provider: Provider
    where: Target
    kinds: Sequence[str]
    clock: Clock
    until: float
    paused: int = 0

    async def again(self) -> bool:
        """Waits for the next look; False where the time for them is up."""
        now = self.clock.monotonic()
        seconds = min(self.until - now, time_left(now))
        if seconds <= 0:
            return False
        await self.clock.sleep(min(seconds, _PAUSES[min(self.paused, len(_PAUSES) - 1)]))
        self.paused += 1
        return True

    async def ours(self) -> list[Live]:
        """What is ours now, as far as lists show it."""
        return managed([live for kind in self.kinds for live in await self.provider.observe(kind)], self.where)


@dataclass(frozen=True, slots=True)
class LateCreates:
    """Creates that happened after all, what became of their duplicates, and what no list shows."""

    late: Mapping[Address, Live]
    notes: tuple[str, ...] = ()
    unlisted: tuple[Address, ...] = ()
    """What was created and is not listed: a duplicate of it would not be either."""


async def late_creates(looks: Looks, nonce: str, known: Mapping[Address, str | None], lands: float) -> LateCreates:
    """Looks for what carries the run's nonce, until nothing lands any more.

    A duplicate that equals what is kept is deleted, any other is reported.
    """
    made: dict[Address, dict[str, Live]] = {}
    unlisted: tuple[Address, ...] = ()
    while await looks.again():
        for live in await looks.ours():
            if live.marker is not None and live.marker.nonce == nonce and live.address in known:
                made.setdefault(live.address, {})[live.id] = live
        unlisted = tuple(sorted(a for a, id in known.items() if id is not None and id not in made.get(a, {})))
        if looks.paused >= _ENOUGH and not unlisted and looks.clock.monotonic() >= lands:
            break
    late: dict[Address, Live] = {}
    notes: list[str] = []
    for address, objects in sorted(made.items()):
        if address in unlisted:
            continue
        kept = objects.get(known[address] or "") or min(objects.values(), key=lambda live: (live.created_at, live.id))
        if known[address] is None:
            late[address] = kept
        duplicates = [live for id, live in sorted(objects.items()) if id != kept.id]
        for duplicate in duplicates:
            became = await _removed_duplicate(looks.provider, kept, duplicate)
            notes.append(f"{address}: {duplicate.id} landed late beside {kept.id}{became}")
    return LateCreates(late, tuple(notes), unlisted)


async def _removed_duplicate(provider: Provider, kept: Live, duplicate: Live) -> str:
    if not equal(dict(kept.fields), dict(duplicate.fields)):
        return " and differs from it; it was left alone."
    try:
        await provider.delete(duplicate)
    except ProviderError as error:
        return f" and could not be deleted: {error.message}"
    return ", the same in every field; it was deleted."


@dataclass(slots=True)
class Creates:
    """The creates of one run."""

    where: Target
    provider: Provider
    run: RunContext
    clock: Clock
    stop: Stop
    end: Callable[[Outcome], None]
    notice: Callable[[str], None]
    doubts: dict[int, Doubt] = field(default_factory=dict)
    _tries: Counter[int] = field(default_factory=Counter)

    async def look_before(self, tasks: Sequence[Task]) -> None:
        """Reads the newest page once more: what another run has made meanwhile is not made again."""
        for kind in sorted({task.address.kind for task in tasks}):
            of_kind = [task for task in tasks if task.address.kind == kind]
            try:
                there, young = await self._there(kind, of_kind)
            except ProviderError as error:
                for task in of_kind:
                    self.end(failed(task, error, 0.0))
                continue
            for task in of_kind:
                if task.address in there:
                    self.end(self._exists(task, there[task.address]))
                elif (doubt := self._of_earlier(task, young)) is not None:
                    self.doubts[id(task)] = doubt

    def _of_earlier(self, task: Task, young: Collection[str]) -> Doubt | None:
        """What a run before this one leaves in doubt about a create."""
        earlier, now, address = self.run.earlier, self.clock.monotonic(), str(task.address)
        if (looked := earlier.doubts.get(address)) is not None:
            wait = max(LANDS_SECONDS - earlier.begun.get(address, 0.0), 0.0)
            return Doubt(task, "a run before this one was cut off while it created it", now + wait, looked)
        made = earlier.made.get(address, "")
        if made not in young:
            return None
        return Doubt(task, f"a run before this one created it as {made}", now - earlier.ages[made])

    def doubt(self, task: Task, error: InDoubt) -> None:
        """Keeps in mind a create of this run that may have happened."""
        self._tries[id(task)] += 1
        self.doubts[id(task)] = Doubt(task, error.message, error.since)

    async def settle(self, make: Callable[[Sequence[Task]], Awaitable[None]]) -> None:
        """Looks for what is in doubt until lists show what is known to exist; what surely is not there is made."""
        looks = self._looks([doubt.task.address for doubt in self.doubts.values()])
        reported = False
        try:
            while self.doubts and self.stop.reason is None:
                await self._decide(await looks.ours(), make)
                looks.until = max((doubt.until for doubt in self.doubts.values()), default=0.0)
                if self.doubts and not reported:
                    reported = True
                    names = ", ".join(sorted(str(doubt.task.address) for doubt in self.doubts.values()))
                    seconds = f"{LOOK_SECONDS:.0f}s"
                    self.notice(f"Looking for up to {seconds} for what may have been created already: {names}.")
                if not await looks.again():
                    break
        except ProviderError as error:
            self.notice(f"Could not look for what may have been created: {error.message}")
        self.give_up()

    def give_up(self) -> None:
        """Reports what stays in doubt."""
        for doubt in self.doubts.values():
            self.end(doubt.outcome(self.clock.monotonic()))
        self.doubts.clear()

    async def take_back(self, task: Task, desired: Desired, made: Live, began: float) -> Outcome:
        """Deletes what was just created and cannot be owned, and starts nothing new."""
        became = await self._taken_back(desired, made)
        why = f"the server drops metadata, so ownership cannot be stored; {made.id} {became}"
        self.stop.softly(why)
        return Failed(task, why, _NO_OWNERSHIP, seconds=self.clock.monotonic() - began)

    async def _taken_back(self, desired: Desired, made: Live) -> str:
        if self.provider.known(made.kind).was_there(made.id):
            return "existed before this create and was left unchanged"
        mismatches = differences(desired, made, KINDS[made.kind])
        if any(one.path[0] != "metadata" or not isinstance(one.got, Absent) for one in mismatches):
            return "differs from what was sent and may belong to someone else; it was left unchanged"
        try:
            await self.provider.delete(made)
        except ProviderError as error:
            return f"was created and could not be deleted ({error.message}): delete it manually"
        return "was created and deleted again"

    async def look_after(self, creates: Sequence[Task], outcomes: Mapping[int, Outcome]) -> None:
        """A create that was in doubt may land late: looks once more for what carries this run's nonce."""
        doubted = [change for change in creates if change.address in self.provider.doubted]
        ids = {change.address: getattr(outcomes.get(id(change)), "id", None) for change in doubted}
        try:
            lands = max(self.provider.doubted.values())
            if (remaining := lands - self.clock.monotonic()) > 0:
                self.notice(f"Looking for {remaining:.0f}s more for creates without an answer that may still land.")
            result = await late_creates(self._looks(list(ids)), self.run.nonce, ids, lands)
        except ProviderError as error:
            self.notice(f"Could not look for late creates: {error.message}")
            return
        for change in doubted:
            if (late := result.late.get(change.address)) is not None:
                self.end(self._exists(change, late))
            elif change.address in result.unlisted:
                made = ids[change.address]
                why = f"{made} was created, but no list shows it within {LOOK_SECONDS:.0f}s"
                why += ", so a duplicate would not be listed either"
                remedy = "plan again later: a second one is reported as `duplicate`"
                self.end(Failed(change, why, remedy, made, in_doubt=True))
        for text in result.notes:
            self.notice(text)

    async def _there(self, kind: str, tasks: Sequence[Task]) -> tuple[dict[Address, Live], frozenset[str]]:
        """What is ours by now, as the newest page and the ids that earlier runs were given say.

        Of some of these ids, the young ones, lists cannot tell yet, and some servers have no reading by id.
        """
        known, earlier = self.provider.known(kind), self.run.earlier
        began = self.clock.monotonic()
        recalled = {id: began - earlier.ages.get(id, float("inf")) for id in earlier.made.values()}
        known.sent.update(recalled)
        newest = await self.provider.newest(kind)
        listed = {live.id for live in newest}
        wanted = [earlier.made[str(task.address)] for task in tasks if str(task.address) in earlier.made]
        lagging, unread = await still_there(self.provider, kind, [id for id in wanted if id not in listed])
        young = {id for id in unread if earlier.ages.get(id, LOOK_SECONDS) < LOOK_SECONDS}
        for id in recalled.keys() - listed - {live.id for live in lagging} - young:
            del known.sent[id]
        there = {live.address: live for live in managed((*newest, *lagging), self.where)}
        return there, frozenset(young)

    async def _decide(self, ours: Sequence[Live], make: Callable[[Sequence[Task]], Awaitable[None]]) -> None:
        """Takes what was found, and makes what a list that can be believed does not show."""
        there = {live.address: live for live in ours}
        absent: list[Task] = []
        for doubt in tuple(self.doubts.values()):
            task = doubt.task
            if task.address in there:
                self.end(self._exists(task, there[task.address], self.clock.monotonic() - doubt.since))
            elif self._tries[id(task)] < _TRIES and self._is_absent(doubt):
                absent.append(task)
            else:
                continue
            del self.doubts[id(task)]
        await make(absent)

    def _is_absent(self, doubt: Doubt) -> bool:
        known = self.provider.known(doubt.task.address.kind)
        return not known.unlisted if doubt.looked else known.shown(doubt.since)

    def _exists(self, task: Task, live: Live, seconds: float = 0.0) -> Outcome:
        """The outcome of a create whose object was found: done, if a run from here made it and it is as desired."""
        nonce = live.marker.nonce if live.marker is not None else None
        assert task.desired is not None  # noqa: S101  # every create has a manifest
        if nonce == self.run.nonce:
            marker = self.run.marker(self.where, task.desired, None, task.patch)
            mismatches = unsettled(task.desired, live, marker)
            return Unsettled(task, live.id, mismatches, seconds) if mismatches else Done(task, live.id, seconds)
        as_desired = not any(differences(task.desired, live, KINDS[live.kind]))
        if nonce in self.run.earlier.nonces and as_desired:
            return Done(task, live.id, seconds)
        return Stale(task, live.id, f"it was created meanwhile, as {live.id}; plan again")

    def _looks(self, addresses: Sequence[Address]) -> Looks:
        kinds = sorted({address.kind for address in addresses})
        return Looks(self.provider, self.where, kinds, self.clock, self.clock.monotonic() + LOOK_SECONDS)
