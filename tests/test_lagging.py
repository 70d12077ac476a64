"""Lists that lag behind, answers that are lost, a run that is killed: nothing is ever created twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from reconciler.apply import journal
from reconciler.apply.engine import Listener, RunContext, Stop, apply
from reconciler.canonical import Json
from reconciler.model import Desired, Failed, Live, Outcome, Task
from reconciler.plan.run_record import Head
from reconciler.providers import Known
from reconciler.providers.openai import local_server
from support.faults import EPOCH, TIME, clock, is_collection, run, wire_clock
from support.world import WHERE, World, desired

pytestmark = pytest.mark.no_cover

KEYS = tuple(f"k{number}" for number in range(12))


def bodies(*keys: str, **more: Json) -> tuple[Desired, ...]:
    return desired(*({"model": "gpt-4o", "name": f"I am {key}", **more} for key in keys), keys=keys)


@dataclass
class Lagging(httpx.AsyncBaseTransport):
    """A server whose lists show a new object some seconds late, and whose answers to creates get lost."""

    world: World
    behind: float = 3.0
    lost: Callable[[int], str | None] = lambda number: None
    """What becomes of a create: `before` loses the request, `after` the answer, `busy` denies what was done."""
    dies_at: int | None = None
    """At which create everything hangs, as it would for a client that is killed."""
    late: float = 0.0
    """How many seconds after the answer was lost, or the client killed, a create is done all the same."""
    by_id: bool = True
    """Whether an object can be read by its id."""
    unreadable_after: int = 1_000
    creates: int = 0
    lists: int = 0
    born: dict[str, float] = field(default_factory=dict)
    dead: anyio.Event = field(default_factory=anyio.Event)

    def __post_init__(self) -> None:
        self.inner = httpx.ASGITransport(app=self.world.emulator)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.sleep(0.05)
        if not is_collection(request):
            if request.method == "GET" and not self.by_id:
                return httpx.Response(405, json={"detail": "Method Not Allowed"})
            return await self.inner.handle_async_request(request)
        return await (self._listed(request) if request.method == "GET" else self._created(request))

    async def _created(self, request: httpx.Request) -> httpx.Response:
        self.creates += 1
        fate = self.lost(self.creates)
        if fate == "before":
            raise httpx.ReadTimeout("as laid", request=request)
        response = await self.inner.handle_async_request(request)
        await response.aread()
        is_late = fate == "after" or self.dies_at == self.creates
        self.born[response.json()["id"]] = clock() + (self.late if is_late else 0.0)
        if self.dies_at == self.creates:
            self.dead.set()
            await anyio.sleep_forever()
        if fate == "after":
            raise httpx.ReadTimeout("as laid", request=request)
        if fate == "busy":
            return httpx.Response(429, json={"error": {"message": "Too fast."}})
        return response

    async def _listed(self, request: httpx.Request) -> httpx.Response:
        self.lists += 1
        if self.lists > self.unreadable_after:
            return httpx.Response(403, json={"error": {"message": "Not you."}})
        response = await self.inner.handle_async_request(request)
        await response.aread()
        told = response.json()
        shown = [one for one in told["data"] if clock() - self.born.get(one["id"], -self.behind) >= self.behind]
        return httpx.Response(200, json={**told, "data": shown})


def some(seed: int, share: float = 0.3) -> Callable[[int], str | None]:
    """Some creates are lost, on the way there or on the way back."""
    chance = random.Random(seed)
    fates = [chance.choice(["after", "before"]) if chance.random() < share else None for _ in range(200)]
    return lambda number: fates[number]


class Dying(Listener):
    """Writes the record of a run, until the run is killed; keeps what it was told."""

    def __init__(self, folder: Path, nonce: str) -> None:
        began = datetime.fromtimestamp(EPOCH + clock(), UTC)
        head = Head(journal.run_id(nonce, began), began.isoformat(), "apply", WHERE, nonce)
        self.record = journal.Journal(folder, head, now=lambda: EPOCH + clock())
        self.dead = False
        self.told: list[str] = []

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        self.record.started(task, live, patch)

    def ended(self, outcome: Outcome) -> None:
        if not self.dead:
            self.record.ended(outcome)

    def noticed(self, text: str) -> None:
        self.told.append(text)


@dataclass
class Place:
    """One such server, and a checkout that remembers what was applied from it."""

    folder: Path
    world: World = field(default_factory=World)
    told: list[str] = field(default_factory=list)
    born: dict[str, float] = field(default_factory=dict)
    runs: int = 0
    stop: Stop = field(default_factory=Stop)

    def through(self, **how: Any) -> Lagging:
        lagging = Lagging(self.world, born=self.born, **how)
        self.world.provider = local_server(lagging, lambda line: None, lambda: None, wire_clock())
        return lagging

    async def apply(self, *wanted: Desired, dying: Lagging | None = None) -> Counter[str]:
        """What became of an apply, in words; none where it is killed."""
        self.runs += 1
        watch = Dying(self.folder, f"n{self.runs}")
        plan = await self.world.plan(wanted)
        carried = RunContext(f"n{self.runs}", earlier=journal.earlier(self.folder, WHERE, EPOCH + clock()))
        outcomes: list[Outcome] = []

        async def work() -> None:
            outcomes.extend(await apply(plan, self.world.provider, carried, watch, clock=TIME, stop=self.stop))

        async with anyio.create_task_group() as group:
            group.start_soon(work)
            if dying is not None:
                await dying.dead.wait()
                watch.dead = True
                group.cancel_scope.cancel()
        self.told += watch.told
        return Counter("In doubt" if isinstance(o, Failed) and o.in_doubt else type(o).__name__ for o in outcomes)

    async def killed(self, *wanted: Desired, at: int, **how: Any) -> None:
        """An apply that is killed once so many creates were sent; half a second goes by."""
        await self.apply(*wanted, dying=self.through(dies_at=at, **how))
        await anyio.sleep(0.5)

    async def names(self) -> Counter[str]:
        """What there really is, whatever a list shows."""
        answer = await self.world.by_hand("GET", "/assistants?limit=100")
        return Counter(one["name"] for one in answer["data"])


def once_each(*keys: str) -> Counter[str]:
    return Counter(f"I am {key}" for key in keys)


@pytest.mark.parametrize("behind", [0.0, 3.0])
@pytest.mark.parametrize("seed", range(6))
def test_lost_answers_double_nothing_where_lists_lag(seed: int, behind: float, tmp_path: Path) -> None:
    async def story() -> tuple[Counter[str], Counter[str]]:
        place = Place(tmp_path)
        place.through(behind=behind, lost=some(seed))
        return await place.apply(*bodies(*KEYS)), await place.names()

    outcomes, found = run(story)

    assert found == once_each(*KEYS)
    assert outcomes == {"Done": 12}


@pytest.mark.parametrize("seed", range(6))
def test_where_lists_lag_far_one_more_run_makes_what_stayed_in_doubt(seed: int, tmp_path: Path) -> None:
    async def story() -> list[Any]:
        place = Place(tmp_path)
        place.through(behind=20.0, lost=some(seed))
        first = await place.apply(*bodies(*KEYS))
        after = await place.names()
        place.through(behind=20.0)
        return [first, after, await place.apply(*bodies(*KEYS)), await place.names()]

    first, after, again, found = run(story)

    assert set(first) <= {"Done", "In doubt"}
    assert max(after.values()) == 1
    assert set(again) <= {"Done"}
    assert found == once_each(*KEYS)


@pytest.mark.parametrize("behind", [0.0, 3.0])
@pytest.mark.parametrize("at", [1, 3, 5, 7, 9, 11])
def test_a_killed_run_that_is_run_again_at_once_doubles_nothing(at: int, behind: float, tmp_path: Path) -> None:
    async def story() -> tuple[Counter[str], Counter[str]]:
        place = Place(tmp_path)
        await place.killed(*bodies(*KEYS), at=at, behind=behind)
        place.through(behind=behind)
        return await place.apply(*bodies(*KEYS)), await place.names()

    outcomes, found = run(story)

    assert found == once_each(*KEYS)
    assert set(outcomes) <= {"Done"}


@pytest.mark.parametrize(("behind", "seconds"), [(3.0, 7.0), (20.0, 27.0)])
def test_the_only_create_is_waited_for_until_a_list_shows_it(behind: float, seconds: float, tmp_path: Path) -> None:
    async def story() -> tuple[Counter[str], Counter[str], float, list[str]]:
        place = Place(tmp_path)
        place.through(behind=behind, lost=lambda number: "after")
        return await place.apply(*bodies("a")), await place.names(), clock(), place.told

    outcomes, found, took, told = run(story)

    assert (outcomes, found) == ({"Done": 1}, once_each("a"))
    assert took < seconds
    assert told == ["Looking for up to 30s for what may have been created already: assistant.a."]


def test_what_no_list_shows_is_in_doubt_and_not_made_again(tmp_path: Path) -> None:
    async def story() -> list[Any]:
        place = Place(tmp_path)
        lagging = place.through(behind=100.0, lost=lambda number: "after" if number == 1 else None)
        first = await place.apply(*bodies(*"abc"))
        again = await place.apply(*bodies(*"abc"))
        sent = lagging.creates
        await anyio.sleep(100.0)
        return [first, again, sent, await place.apply(*bodies(*"abc")), await place.names()]

    first, again, sent, last, found = run(story)

    assert (first, again) == ({"Done": 2, "In doubt": 1}, {"Done": 2, "In doubt": 1})
    assert sent == 3
    assert (last, found) == ({}, once_each(*"abc"))


def test_what_did_not_arrive_is_in_doubt_for_one_run_where_nothing_shows_how_lists_are(tmp_path: Path) -> None:
    async def story() -> list[Any]:
        place = Place(tmp_path)
        place.through(behind=0.0, lost=lambda number: "before" if number == 1 else None)
        first = await place.apply(*bodies("a"))
        took = clock()
        place.through(behind=0.0)
        again = await place.apply(*bodies("a"))
        return [first, took, again, clock() - took, await place.names()]

    first, took, again, seconds, found = run(story)

    assert (first, again, found) == ({"In doubt": 1}, {"Done": 1}, once_each("a"))
    assert 30.0 < took < 35.0
    assert seconds < 1.0


def test_what_was_created_twice_and_shows_late_is_left_once(tmp_path: Path) -> None:
    """A gateway says that it is busy, and the create went through all the same."""

    async def story() -> list[Any]:
        place = Place(tmp_path)
        place.through(behind=3.0, lost=lambda number: "busy" if number == 2 else None)
        return [await place.apply(*bodies(*"abc")), await place.names(), place.told]

    outcomes, found, told = run(story)

    assert (outcomes, found) == ({"Done": 3}, once_each(*"abc"))
    assert ["landed late" in text for text in told] == [True]


def test_what_may_be_there_twice_is_in_doubt_where_no_list_shows_it(tmp_path: Path) -> None:
    async def story() -> list[Any]:
        place = Place(tmp_path)
        place.through(behind=100.0, lost=lambda number: "busy" if number == 2 else None)
        return [await place.apply(*bodies(*"abc"))]

    assert run(story) == [{"Done": 2, "In doubt": 1}]


def test_what_a_killed_run_made_and_nobody_wants_so_any_more_is_planned_again(tmp_path: Path) -> None:
    async def story() -> list[Any]:
        place = Place(tmp_path)
        await place.killed(*bodies(*"abc"), at=3)
        place.through()
        other = bodies(*"abc", description="other")
        first = await place.apply(*other)
        return [first, await place.apply(*other), await place.names()]

    first, again, found = run(story)

    assert first == {"Stale": 3}
    assert (again, found) == ({"Done": 3}, once_each(*"abc"))


def test_looking_ends_at_once_when_it_is_interrupted_and_is_taken_up_again(tmp_path: Path) -> None:
    async def story() -> list[Any]:
        place = Place(tmp_path)
        place.through(behind=20.0, lost=lambda number: "after")

        async def interrupt() -> None:
            await anyio.sleep(8.0)
            place.stop.softly("interrupted")

        async with anyio.create_task_group() as group:
            group.start_soon(interrupt)
            first = await place.apply(*bodies("a"))
        took, place.stop = clock(), Stop()
        place.through(behind=20.0)
        return [first, took, await place.apply(*bodies("a")), await place.names()]

    first, took, again, found = run(story)

    assert first == {"In doubt": 1}
    assert took < 18.0
    assert (again, found) == ({"Done": 1}, once_each("a"))


def test_a_run_that_is_killed_while_it_looks_leaves_the_doubt_to_the_next(tmp_path: Path) -> None:
    async def story() -> list[Any]:
        place = Place(tmp_path)
        await place.killed(*bodies("a"), at=1, behind=20.0)
        lagging = place.through(behind=20.0)
        with anyio.move_on_after(5.0):
            await place.apply(*bodies("a"))
        return [await place.apply(*bodies("a")), await place.names(), lagging.creates]

    assert run(story) == [{"Done": 1}, once_each("a"), 0]


def test_where_lists_cannot_be_read_any_more_it_stays_in_doubt(tmp_path: Path) -> None:
    async def story() -> list[Any]:
        place = Place(tmp_path)
        lagging = place.through(behind=3.0, lost=lambda number: "after")
        lagging.unreadable_after = 7
        return [await place.apply(*bodies("a")), place.told, lagging.creates]

    outcomes, told, creates = run(story)

    assert (outcomes, creates) == ({"In doubt": 1}, 1)
    assert any("Could not look for what may have been created: 403" in text for text in told)


def test_an_old_run_that_was_killed_keeps_nobody_waiting(tmp_path: Path) -> None:
    async def story() -> list[Any]:
        place = Place(tmp_path)
        await place.killed(*bodies("a"), at=1, behind=0.0)
        (one,) = await place.world.live()
        await place.world.by_hand("DELETE", f"/assistants/{one.id}")
        await anyio.sleep(3600.0)
        place.through(behind=0.0)
        began = clock()
        return [await place.apply(*bodies("a")), clock() - began < 1.0]

    assert run(story) == [{"Done": 1}, True]


def test_lists_are_believed_for_as_long_as_they_were_ever_seen_to_lag() -> None:
    known = Known({"early": 0.0, "late": 5.0, "recalled": float("-inf")})

    assert not known.shown(-1.0)
    known.saw({"early"}, 6.0, ["early", "late", "recalled"])
    assert known.unlisted == {"late", "recalled"}
    assert not known.shown(0.0)
    known.saw({"early", "late", "recalled", "a stranger"}, 7.0, ["early", "late", "recalled"])
    assert known.unlisted == frozenset()
    assert [known.shown(moment) for moment in (3.0, 5.0, 5.1)] == [True, True, False]
    known.saw({"late", "early", "recalled"}, 9.2, ["early", "late", "recalled"])
    assert known.shown(5.1)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("late", [2.0, 5.0, 7.0])
def test_a_create_that_is_done_seconds_after_its_answer_was_lost_doubles_nothing(
    late: float, seed: int, tmp_path: Path
) -> None:
    async def story() -> tuple[Counter[str], Counter[str]]:
        place = Place(tmp_path)
        place.through(behind=0.0, late=late, lost=some(seed))
        return await place.apply(*bodies(*KEYS)), await place.names()

    assert run(story) == ({"Done": len(KEYS)}, once_each(*KEYS))


@pytest.mark.parametrize("late", [2.0, 5.0, 7.0])
def test_a_create_that_is_done_seconds_after_its_client_was_killed_is_not_made_again(
    late: float, tmp_path: Path
) -> None:
    async def story() -> tuple[Counter[str], Counter[str]]:
        place = Place(tmp_path)
        await place.killed(*bodies(*KEYS), at=5, behind=0.0, late=late)
        place.through(behind=0.0)
        return await place.apply(*bodies(*KEYS)), await place.names()

    outcomes, found = run(story)
    assert set(outcomes) <= {"Done", "In doubt"}
    assert max(found.values()) == 1


def test_what_the_last_run_made_is_looked_for_where_only_a_late_list_can_tell(tmp_path: Path) -> None:
    async def story() -> tuple[Counter[str], Counter[str]]:
        place = Place(tmp_path)
        place.through(by_id=False)
        await place.apply(*bodies(*KEYS))
        place.through(by_id=False)
        return await place.apply(*bodies(*KEYS)), await place.names()

    assert run(story) == ({"Done": len(KEYS)}, once_each(*KEYS))
