"""Whatever goes wrong, the run fails cleanly or succeeds, and one more clean run makes everything right."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.apply.engine import Listener, RunContext, apply
from reconciler.canonical import Json
from reconciler.emulator import Settings
from reconciler.model import Desired, Done, Outcome, Plan
from reconciler.plan.make import make_plan
from reconciler.plan.ownership import DuplicatePolicy
from reconciler.providers import ProviderError, pages
from support.faults import FAULTS, TIME, VANISHING, clock, faulty, run
from support.world import WHERE, World, desired

pytestmark = pytest.mark.no_cover

REPLACES = Settings(metadata="replace")
SERVERS = {
    "merges": Settings(),
    "empties": Settings(metadata="merge-empty"),
    "replaces": REPLACES,
    "upserts": Settings(modify="upsert", metadata="replace", echo="sparse"),
    "one page": Settings(paging="none", echo="nulls"),
    "has agents": Settings(of_api={"agents": REPLACES}),
}
ALLOWED = frozenset({"too-many-deletes"})
PAGE = 5
STRANGERS = ("asst_stranger1", "asst_stranger2", "asst_stranger3", "asst_foreign")
_TEXT = "You are {}.\nBe kind."


def _body(name: str, **more: Json) -> dict[str, Json]:
    return {"model": "gpt-4o", "name": name, "instructions": _TEXT.format(name), **more}


BEFORE: dict[str, dict[str, Json]] = {
    "edited": _body("Edited", metadata={"team": "people", "tier": "gold"}),
    "retooled": _body("Retooled", tools=[{"type": "code_interpreter"}], temperature=0.2),
    "doomed": _body("Doomed"),
    "other-doomed": _body("Other doomed"),
    "before": _body("Renamed"),
    "freed": _body("Freed", reconciler={"on_removal": "keep"}),
    "marked": _body("Marked"),
    "same": _body("Same", metadata={"team": "people"}),
    "ignoring": _body("Ignoring", temperature=0.5, metadata={"a": "1"}, reconciler={"ignore_changes": ["metadata.a"]}),
}
AFTER: dict[str, dict[str, Json]] = {
    "new-one": _body("New one", metadata={"team": "new"}),
    "new-two": _body("New two", tools=[{"type": "file_search"}]),
    "new-three": {"model": "gpt-4o", "name": "New three"},
    "edited": _body("Edited", instructions="Quite other.", metadata={"team": "people"}),
    "retooled": _body("Retooled", description="better"),
    "after": _body("Renamed", reconciler={"was": ["before"]}),
    "adopted": _body("Adopted", description="ours now", reconciler={"id": {"production": "asst_pinned"}}),
    "marked": _body("Marked anew"),
    "same": _body("Same", metadata={"team": "people"}),
    "ignoring": _body("Ignoring", temperature=0.7, metadata={"a": "1"}, reconciler={"ignore_changes": ["metadata.a"]}),
}


AGENTS = frozenset({"edited", "retooled", "doomed", "freed", "ignoring", "new-one", "new-three"})
"""What is an agent on a server that has them."""


def _as_agent(body: Mapping[str, Json]) -> dict[str, Json]:
    """An agent of which the same can be said: what agents have not is told by what they have."""
    same = ("model", "name", "instructions", "metadata", "reconciler")
    others: dict[str, tuple[str, Json]] = {
        "temperature": ("text", {"verbosity": "low" if body.get("temperature") == 0.5 else "high"}),
        "tools": ("tools", [{"type": "function", "name": "f", "description": "F.", "parameters": {"type": "object"}}]),
        "description": ("service_tier", "flex"),
    }
    return {**{name: body[name] for name in same if name in body}, **dict(others[n] for n in others if n in body)}


def _wanted(bodies: Mapping[str, Mapping[str, Json]], settings: Settings) -> tuple[Desired, ...]:
    agents = AGENTS if settings.of_api else frozenset()
    stated = [("agent", _as_agent(body)) if key in agents else ("assistant", body) for key, body in bodies.items()]
    return desired(*stated, keys=bodies.keys())


@dataclass
class Start:
    """The world before the story, kept so that every case begins with the same one."""

    settings: Settings
    wanted: tuple[Desired, ...]
    begun: World
    strangers: Mapping[str, Any]
    freed: str

    def world(self) -> World:
        world = World(self.settings, ids=(f"asst_{n}" for n in itertools.count(100)))
        self.begun.emulator._store._connection.backup(world.emulator._store._connection)
        return world


async def _begun(settings: Settings) -> Start:
    ids = ["asst_pinned", *STRANGERS, *(f"asst_{n}" for n in range(50))]
    world = World(settings, ids=ids)
    await world.by_hand("POST", "/assistants", _body("Adopted"))
    for name in ("Stranger", "Another stranger", "A third stranger"):
        await world.by_hand("POST", "/assistants", _body(name, metadata={"theirs": "yes"}))
    foreign = {"reconciler": "v1 others/production/new-one f=1"}
    await world.by_hand("POST", "/assistants", _body("Foreign", metadata=foreign))
    await world.settle(_wanted(BEFORE, settings))
    marked = next(one for one in await world.live() if one.name == "Marked")
    moved = {**_body("Marked anew"), "metadata": marked.raw["metadata"]}
    await world.by_hand("POST", f"/assistants/{marked.id}", moved)
    ignoring = next(one for one in await world.live() if one.name == "Ignoring")
    told = {**ignoring.raw["metadata"], "a": "moved"}  # type: ignore[dict-item]
    fields = ("model", "name", "instructions", "temperature", "text")
    sent = {key: ignoring.raw[key] for key in fields if key in ignoring.raw}
    await world.by_hand("POST", f"/{ignoring.kind}s/{ignoring.id}", {**sent, "metadata": told})
    strangers = {id: raw for id, raw in (await world.raw()).items() if id in STRANGERS}
    assert set(strangers) == set(STRANGERS)
    freed = next(one.id for one in await world.live() if one.name == "Freed")
    return Start(settings, _wanted(AFTER, settings), world, strangers, freed)


STARTS = {name: run(_begun, settings) for name, settings in SERVERS.items()}


async def _planned(world: World, start: Start, **options: Any) -> Plan:
    return make_plan(start.wanted, await world.live(), WHERE, allow=ALLOWED, **options)


async def _applied(world: World, plan: Plan, nonce: str, *, reread: bool) -> tuple[Outcome, ...]:
    began = clock()
    outcomes = await apply(
        plan, world.provider, RunContext(nonce, reread=reread, observed_at=began), Listener(), clock=TIME
    )
    tasks = [id(outcome.task) for outcome in outcomes]
    assert sorted(tasks) == sorted({id(task) for task in (*plan.changes, *plan.marks)}), "one outcome a task"
    return outcomes


async def _attempt(world: World, start: Start, nonce: str, **options: Any) -> tuple[Outcome, ...]:
    """A run that may fail, as long as it does so cleanly."""
    try:
        return await _applied(world, await _planned(world, start), nonce, **options)
    except ProviderError:
        return ()


async def survives(start: Start, laid: Mapping[int, str], *, lag: int = 0, reread: bool = False) -> Counter[str]:
    """The story under faults, then once more without; what the first run's outcomes were, and how many twins."""
    world = start.world()
    faults = faulty(world, laid, lag)
    outcomes = await _attempt(world, start, "nonce1", reread=reread)
    await faults.land_all()
    faulty(world)
    plan = await _planned(world, start, resolve=DuplicatePolicy(equal=True))
    assert not plan.standing, plan.standing
    for outcome in await _applied(world, plan, "nonce2", reread=False):
        assert isinstance(outcome, Done), outcome
    await _is_right(world, start)
    twins = sum(plan.action == "delete" and plan.address.key.startswith("new-") for plan in plan.changes)
    return Counter([type(outcome).__name__ for outcome in outcomes] + ["twin"] * twins)


async def _is_right(world: World, start: Start) -> None:
    again = make_plan(start.wanted, await world.live(), WHERE)
    assert (again.changes, again.marks, again.objections) == ((), (), ())
    assert (again.ours, again.unchanged) == (len(AFTER), len(AFTER))
    after = await world.raw()
    for id, raw in start.strangers.items():
        assert after[id] == raw if id in after else id in VANISHING
    assert set((after[start.freed].get("metadata") or {}).values()) <= {"", "let go"}
    # a server that replaces may lose fields between two requests: docs/decisions/0009
    assert after[start.freed].get("name") == "Freed" or start.settings.modify == "upsert"
    came = [id for id, raw in after.items() if str(raw.get("name")).startswith("a stranger who came")]
    assert len(after) == len(AFTER) + len(start.strangers.keys() & after.keys()) + 1 + len(came)


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE", PAGE)


async def _length(name: str, reread: bool) -> int:
    """How many requests the story takes where nothing goes wrong."""
    world = STARTS[name].world()
    faults = faulty(world)
    outcomes = await _applied(world, await _planned(world, STARTS[name]), "nonce1", reread=reread)
    assert {type(outcome) for outcome in outcomes} == {Done}, outcomes
    return len(faults.seen)


@pytest.mark.parametrize("server", SERVERS)
def test_without_faults_the_story_ends_well(server: str) -> None:
    assert set(run(survives, STARTS[server], {})) == {"Done"}


async def _each(server: str, fault: str, *, reread: bool, first: int = 0, step: int = 1) -> Counter[str]:
    told: Counter[str] = Counter()
    length = await _length(server, reread)
    for number in range(first, length, step):
        try:
            told += await survives(STARTS[server], {number: fault}, reread=reread)
        except BaseException as error:
            raise AssertionError(f"{fault} at request {number} of {length}: {error!r}") from error
    return told


@pytest.mark.parametrize(("number", "fault"), list(enumerate(FAULTS)))
def test_any_single_fault_is_survived(number: int, fault: str) -> None:
    """Every fault at every fourth request of a server here, at all of them and on every server in a soak."""
    server = ("merges", "has agents")[number % 2]
    run(lambda: _each(server, fault, reread=False, first=number % 4, step=4))


@pytest.mark.soak
@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("reread", [False, True])
@pytest.mark.parametrize("fault", FAULTS)
def test_any_single_fault_is_survived_everywhere(server: str, fault: str, reread: bool) -> None:
    run(lambda: _each(server, fault, reread=reread))


def _some_faults(seed: int) -> tuple[str, dict[int, str], int, bool]:
    """A server, and many faults on it: now and then a few, now and then all the time."""
    chance = random.Random(seed)
    share = chance.choice([0.05, 0.2, 0.5, 0.9])
    names = chance.choice([list(FAULTS), [name for name in FAULTS if "late" in name or "after" in name]])
    laid = {number: chance.choice(names) for number in range(400) if chance.random() < share}
    return chance.choice(list(SERVERS)), laid, chance.choice([0, 0, 2, 12]), chance.random() < 0.3


async def _many(seeds: range) -> Counter[str]:
    told: Counter[str] = Counter()
    for seed in seeds:
        server, laid, lag, reread = _some_faults(seed)
        try:
            told += await survives(STARTS[server], laid, lag=lag, reread=reread)
        except BaseException as error:
            raise AssertionError(f"seed {seed}, on the server that {server}, lists lag {lag}: {error!r}") from error
    return told


@pytest.mark.parametrize("start", range(0, 100, 25))
def test_many_faults_at_once_are_survived(start: int) -> None:
    run(lambda: _many(range(start, start + 25)))


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 21_000, 500))
def test_many_faults_at_once_are_survived_at_length(start: int) -> None:
    run(lambda: _many(range(start, start + 500)))
