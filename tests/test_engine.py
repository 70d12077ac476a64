"""An apply, task by task: what comes first and last, what is left alone, what is said, and how it ends early."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

import anyio
import httpx
import pytest

from reconciler.apply import engine
from reconciler.apply.engine import Listener, RunContext, Stop, apply
from reconciler.canonical import Json
from reconciler.emulator import Settings
from reconciler.model import Desired, Done, Failed, Live, Outcome, Plan, Skipped, Stale, Task, Unsettled
from reconciler.plan.ownership import DuplicatePolicy
from reconciler.plan.run_record import Earlier
from reconciler.providers import ApiGone, until
from reconciler.providers.openai import local_server
from support.faults import TIME, answering, clock, faulty, is_collection, run, wire_clock
from support.world import World, desired

Handler = Callable[[httpx.Request], Awaitable[httpx.Response]]


class Watch(Listener):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        self.told.append(f"started {task.address.key}")

    def going_on(self, task: Task, seconds: float) -> None:
        self.told.append(f"{task.address.key} takes {seconds:.0f}")

    def ended(self, outcome: Outcome) -> None:
        self.told.append(f"{type(outcome).__name__} {outcome.task.address.key}")

    def noticed(self, text: str) -> None:
        self.told.append(text)


class Between(httpx.AsyncBaseTransport):
    """A server of the world that is in somebody's way."""

    def __init__(self, world: World, handle: Callable[[httpx.Request, Handler], Awaitable[httpx.Response]]) -> None:
        self._inner = httpx.ASGITransport(app=world.emulator)
        self._handle = handle
        self.requests: list[str] = []
        world.provider = local_server(self, lambda line: None, lambda: None, wire_clock())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.path.removeprefix('/v1')}")
        return await self._handle(request, self._inner.handle_async_request)


def bodies(*names: str, **more: Any) -> tuple[Desired, ...]:
    return desired(*({"model": "gpt-4o", "name": f"I am {name}", **more} for name in names), keys=names)


def fresh(settings: Settings | None = None) -> World:
    """A world with nothing in it, in virtual time."""
    world = World(settings or Settings())
    faulty(world)
    return world


async def settled(*names: str, settings: Settings | None = None, **more: Any) -> World:
    """A world in which these are live already."""
    world = fresh(settings)
    assert all(isinstance(outcome, Done) for outcome in await world.settle(bodies(*names, **more)))
    return world


async def carry_out(world: World, plan: Plan, run: RunContext | None = None, **options: Any) -> tuple[Outcome, ...]:
    watch = options.pop("watch", Listener())
    return await apply(plan, world.provider, run or RunContext("n2"), watch, clock=TIME, **options)


def kinds(outcomes: tuple[Outcome, ...]) -> dict[str, str]:
    return {outcome.task.address.key: type(outcome).__name__ for outcome in outcomes}


# order and parallelism


def test_a_first_create_is_made_alone_and_deletes_come_last() -> None:
    async def story() -> tuple[list[str], int]:
        world = World()
        busy = most = 0
        during: list[int] = []

        async def slowly(request: httpx.Request, on: Handler) -> httpx.Response:
            nonlocal busy, most
            busy, most = busy + 1, max(most, busy + 1)
            during.append(busy)
            await anyio.sleep(0.1)
            busy -= 1
            return await on(request)

        between = Between(world, slowly)
        await carry_out(world, await world.plan(bodies(*"abcdefghij")))
        assert during[:4] == [1, 1, 1, 1]  # the list, the newest, the first; and then the others
        assert most == engine.PARALLELISM
        plan = await world.plan(bodies("a", "k", "l"), allow=frozenset({"too-many-deletes"}))
        between.requests.clear()
        await carry_out(world, plan, parallelism=2)
        return [request.split()[0] for request in between.requests], most

    methods, _ = run(story)
    assert methods == ["GET", "POST", "POST", *["DELETE"] * 9]


@pytest.mark.parametrize("parallelism", [1, 3, 64])
def test_no_more_is_in_flight_than_was_asked_for(parallelism: int) -> None:
    async def story() -> int:
        world = await settled(*"abcdefghij")
        busy = most = 0

        async def slowly(request: httpx.Request, on: Handler) -> httpx.Response:
            nonlocal busy, most
            busy, most = busy + 1, max(most, busy + 1)
            await anyio.sleep(0.1)
            busy -= 1
            return await on(request)

        plan = await world.plan(bodies(*"abcdefghij", description="other"))
        Between(world, slowly)
        await carry_out(world, plan, parallelism=parallelism)
        return most

    assert run(story) == min(parallelism, 10)


def test_what_is_held_back_is_reported_and_the_rest_is_done() -> None:
    async def story() -> tuple[Outcome, ...]:
        world = fresh()
        await world.by_hand("POST", "/assistants", {"model": "gpt-4o", "name": "I am a"})
        return await carry_out(world, await world.plan(bodies("a", "b")))

    assert kinds(run(story)) == {"a": "Skipped", "b": "Done"}


# before a create


def test_what_somebody_created_meanwhile_is_not_created_again() -> None:
    async def story() -> tuple[Outcome, ...]:
        world = fresh()
        plan = await world.plan(bodies("a", "b"))
        await world.settle(bodies("a"))
        outcomes = await carry_out(world, plan)
        assert len(await world.live()) == 2
        return outcomes

    stale, done = run(story)
    assert isinstance(stale, Stale)
    assert "created meanwhile" in stale.reason
    assert isinstance(done, Done)


def test_where_the_newest_cannot_be_read_nothing_is_created_and_the_rest_is_done() -> None:
    async def story() -> tuple[dict[str, str], int]:
        world = await settled("a")
        plan = await world.plan(bodies("a", "b", "c", description="other"))
        faulty(world, dict.fromkeys(range(1), "401"))
        return kinds(await carry_out(world, plan)), len(await world.live())

    assert run(story) == ({"a": "Done", "b": "Failed", "c": "Failed"}, 1)


# staleness


async def _moved_then(world: World, plan: Plan, body: dict[str, Json], **options: Any) -> Outcome:
    (one,) = [change.live for change in plan.changes if change.live is not None]
    await world.by_hand("POST", f"/assistants/{one.id}", body)
    (outcome,) = await carry_out(world, plan, RunContext("n2", reread=True), **options)
    return outcome


def test_what_moved_since_is_not_written_but_shown() -> None:
    async def story() -> tuple[Outcome, Any]:
        world = await settled("a")
        plan = await world.plan(bodies("a", description="mine"))
        outcome = await _moved_then(world, plan, {"description": "theirs"})
        return outcome, (await world.live())[0].raw["description"]

    outcome, description = run(story)
    assert isinstance(outcome, Stale)
    assert [(d.path, d.wanted, d.got) for d in outcome.differences] == [(("description",), None, "theirs")]
    assert description == "theirs"


def test_what_became_as_it_is_wanted_goes_on() -> None:
    async def story() -> Outcome:
        world = await settled("a")
        return await _moved_then(world, await world.plan(bodies("a", description="mine")), {"description": "mine"})

    assert isinstance(run(story), Done)


def test_what_another_took_over_is_not_written() -> None:
    async def story() -> tuple[Outcome, ...]:
        world = await settled("a")
        plan = await world.plan(bodies("a", description="mine"))
        (one,) = await world.live()
        await world.by_hand("POST", f"/assistants/{one.id}", {"metadata": {"reconciler": "v1 acme/staging/a f=1"}})
        return await carry_out(world, plan, RunContext("n2", reread=True))

    (outcome,) = run(story)
    assert isinstance(outcome, Stale)
    assert [difference.path for difference in outcome.differences] == [("metadata", "reconciler")]


@pytest.mark.parametrize(("keys", "kind"), [("a", Stale), ("", Done)])
def test_what_was_deleted_meanwhile_is_stale_but_for_its_delete(keys: str, kind: type[Outcome]) -> None:
    async def story() -> tuple[Outcome, ...]:
        world = await settled("a")
        plan = await world.plan(bodies(*keys, description="mine"), allow=frozenset({"no-manifests"}))
        (one,) = await world.live()
        await world.by_hand("DELETE", f"/assistants/{one.id}")
        return await carry_out(world, plan, RunContext("n2", reread=True))

    (outcome,) = run(story)
    assert isinstance(outcome, kind)


@pytest.mark.parametrize(("age", "reads"), [(4.9, 0), (5.1, 1)])
def test_what_was_read_long_ago_is_read_again(age: float, reads: int) -> None:
    async def story() -> int:
        world = await settled("a")
        plan = await world.plan(bodies("a", description="mine"))
        observed = clock()
        faults = faulty(world)
        await anyio.sleep(age)
        await carry_out(world, plan, RunContext("n2", observed_at=observed))
        return sum(request.method == "GET" for request in faults.seen)

    assert run(story) == reads


def test_an_edit_made_while_an_apply_runs_is_not_overwritten() -> None:
    async def story() -> tuple[dict[str, str], set[Any]]:
        world = await settled(*"abcdefghij")
        plan, observed = await world.plan(bodies(*"abcdefghij", description="ours")), clock()

        async def slowly(request: httpx.Request, on: Handler) -> httpx.Response:
            await anyio.sleep(2)
            return await on(request)

        async def somebody() -> None:
            await anyio.sleep(7)
            await world.by_hand("POST", "/assistants/asst_10", {"description": "theirs"})

        Between(world, slowly)
        async with anyio.create_task_group() as group:
            group.start_soon(somebody)
            outcomes = await carry_out(world, plan, RunContext("n2", observed_at=observed), parallelism=2)
        return kinds(outcomes), {one["description"] for one in (await world.raw()).values()}

    outcomes, live = run(story)
    assert outcomes == {**dict.fromkeys("abcdefghi", "Done"), "j": "Stale"}
    assert live == {"ours", "theirs"}


@pytest.mark.parametrize(("body", "method"), [({"description": "ours"}, "POST"), (None, "DELETE")])
def test_an_edit_made_while_a_write_waits_is_not_overwritten(body: Any, method: str) -> None:
    """The server asks to be left alone for half a minute; whatever was read before that is old."""

    async def story() -> tuple[Outcome, Any]:
        world = await settled("a", "b")
        keys = "ab" if body else "b"
        plan, observed = await world.plan(bodies(*keys, **(body or {}))), clock()
        first = True

        async def busy(request: httpx.Request, on: Handler) -> httpx.Response:
            nonlocal first
            if request.method != method or not first or not request.url.path.endswith("asst_1"):
                return await on(request)
            first = False
            await world.by_hand("POST", "/assistants/asst_1", {"description": "theirs"})
            return httpx.Response(429, json={}, headers={"Retry-After": "30"})

        Between(world, busy)
        outcomes = {outcome.task.address.key: outcome for outcome in await carry_out(world, plan, at(observed))}
        return outcomes["a"], (await world.raw())["asst_1"]["description"]

    outcome, description = run(story)
    assert isinstance(outcome, Stale)
    assert [(d.path, d.got) for d in outcome.differences] == [(("description",), "theirs")]
    assert description == "theirs"


def at(observed: float) -> RunContext:
    """A run over what was read at a moment."""
    return RunContext("n2", observed_at=observed)


def test_a_write_whose_answer_was_lost_is_known_again_as_this_runs_own() -> None:
    async def story() -> tuple[dict[str, str], list[str], list[str]]:
        world = await settled("a")
        plan, observed = await world.plan(bodies("a", description="ours")), clock()
        asked: list[str] = []

        async def lost(request: httpx.Request, on: Handler) -> httpx.Response:
            asked.append(request.method)
            answer = await on(request)
            if asked == ["POST"]:
                await anyio.sleep(60)
                raise httpx.ReadTimeout("too late", request=request)
            return answer

        Between(world, lost)
        outcomes = kinds(await carry_out(world, plan, at(observed)))
        return outcomes, asked[:3], [one["description"] for one in (await world.raw()).values()]

    assert run(story) == ({"a": "Done"}, ["POST", "GET", "POST"], ["ours"])


def test_where_every_request_waits_for_long_an_object_is_not_read_for_ever() -> None:
    """Eight workers share one request in two seconds: each waits for many seconds between its reading and its write."""

    async def story() -> tuple[set[str], int]:
        keys = [f"a{number}" for number in range(24)]
        world = await settled(*keys)
        plan, observed = await world.plan(bodies(*keys, description="ours")), clock()
        free, reads = clock(), 0

        async def limited(request: httpx.Request, on: Handler) -> httpx.Response:
            nonlocal free, reads
            if clock() < free:
                return httpx.Response(429, json={})
            free = clock() + 2
            reads += request.method == "GET"
            return await on(request)

        Between(world, limited)
        return set(kinds(await carry_out(world, plan, at(observed))).values()), reads

    outcomes, reads = run(story)
    assert outcomes == {"Done"}
    assert reads <= 36


def test_what_is_recorded_is_what_was_there_just_before_the_write() -> None:
    class Watch(Listener):
        before: Any = None

        def started(self, task: object, live: Live | None, patch: object) -> None:  # type: ignore[override]
            self.before = live

    async def story() -> Any:
        ignoring = {"reconciler": {"ignore_changes": ["description"]}}
        world, watch = await settled("a", **ignoring), Watch()
        plan, observed = await world.plan(bodies("a", instructions="ours", **ignoring)), clock()
        await world.by_hand("POST", "/assistants/asst_1", {"description": "theirs"})
        await anyio.sleep(6)
        await carry_out(world, plan, RunContext("n2", observed_at=observed), watch=watch)
        return watch.before.raw["description"]

    assert run(story) == "theirs"


def test_what_is_left_to_the_dashboard_is_taken_from_the_second_reading() -> None:
    async def story() -> tuple[Outcome, Any]:
        ignoring = {"reconciler": {"ignore_changes": ["metadata.eval"]}, "metadata": {"eval": "1", "team": "a"}}
        world = await settled("a", settings=Settings(metadata="replace"), **ignoring)
        plan = await world.plan(bodies("a", **{**ignoring, "metadata": {"eval": "1", "team": "b"}}))
        (one,) = await world.live()
        told = {**one.raw["metadata"], "eval": "moved"}  # type: ignore[dict-item]
        outcome = await _moved_then(world, plan, {"metadata": told})
        return outcome, (await world.live())[0].raw["metadata"]

    outcome, metadata = run(story)
    assert isinstance(outcome, Done)
    assert (metadata["team"], metadata["eval"]) == ("b", "moved")


def test_an_adoption_takes_the_second_reading_too() -> None:
    async def story() -> Outcome:
        world = fresh()
        one = await world.by_hand("POST", "/assistants", {"model": "gpt-4o", "name": "x"})
        wanted = bodies("a", reconciler={"id": {"production": one["id"]}, "ignore_changes": ["description"]})
        return await _moved_then(world, await world.plan(wanted), {"description": "theirs"})

    assert isinstance(run(story), Done)


# verification


def _stubborn(field: str, value: Json) -> Callable[[httpx.Request, Handler], Awaitable[httpx.Response]]:
    """A server that keeps a field as it likes."""

    async def handle(request: httpx.Request, on: Handler) -> httpx.Response:
        response = await on(request)
        await response.aread()
        if response.status_code != 200 or request.method == "DELETE":
            return response
        told = response.json()
        for one in told.get("data", [told]):
            one[field] = value
        return httpx.Response(200, json=told)

    return handle


def test_what_a_server_leaves_different_is_told_once_and_not_sent_again() -> None:
    async def story() -> tuple[Outcome, Plan]:
        world = await settled("a")
        wanted = bodies("a", description="mine")
        plan = await world.plan(wanted)
        Between(world, _stubborn("description", "theirs"))
        (outcome,) = await carry_out(world, plan)
        return outcome, await world.plan(wanted)

    outcome, again = run(story)
    assert isinstance(outcome, Unsettled)
    assert [(d.path, d.wanted, d.got) for d in outcome.differences] == [(("description",), "mine", "theirs")]
    assert (again.changes, again.marks) == ((), ())
    assert [one.differences for one in again.mismatches] == [outcome.differences]


def test_metadata_that_no_way_removes_is_unsettled_once_and_then_a_notice() -> None:
    async def keeps(request: httpx.Request, on: Handler) -> httpx.Response:
        if b"null" in request.content or b'""' in request.content:
            return httpx.Response(400, json={"error": {"message": "metadata must be text"}})
        return await on(request)

    async def story() -> tuple[tuple[Outcome, ...], Plan]:
        world = await settled("a", metadata={"tier": "gold", "team": "x"})
        wanted = bodies("a", metadata={"team": "y"})
        Between(world, keeps)
        outcomes = await carry_out(world, await world.plan(wanted))
        return outcomes, await world.plan(wanted)

    (outcome,), again = run(story)
    assert isinstance(outcome, Unsettled)
    assert [(d.path, d.got) for d in outcome.differences] == [(("metadata", "tier"), "gold")]
    assert (again.changes, again.marks) == ((), ())
    assert [one.differences for one in again.mismatches] == [outcome.differences]


def test_a_note_of_what_did_not_settle_that_cannot_be_made_is_told() -> None:
    async def story() -> tuple[tuple[Outcome, ...], list[str]]:
        world = await settled("a")
        plan = await world.plan(bodies("a", description="mine"))
        stubborn, writes = _stubborn("description", "theirs"), 0

        async def once(request: httpx.Request, on: Handler) -> httpx.Response:
            nonlocal writes
            writes += 1
            return await (stubborn(request, on) if writes == 1 else answering(403)(None, request))  # type: ignore[arg-type]

        Between(world, once)
        watch = Watch()
        return await carry_out(world, plan, watch=watch), watch.told

    (outcome,), told = run(story)
    assert isinstance(outcome, Unsettled)
    assert any("could not be noted" in text for text in told)


@pytest.mark.no_cover
@pytest.mark.parametrize(("reads", "most"), [(True, 1.4), (False, 1.5)])
def test_what_was_created_lately_and_is_gone_is_asked_for_several_at_once(reads: bool, most: float) -> None:
    async def story() -> tuple[float, int]:
        world = await settled("a")
        made = {f"assistant.k{number}": f"asst_lost{number}" for number in range(200)}

        async def slowly(request: httpx.Request, on: Handler) -> httpx.Response:
            await anyio.sleep(0.05)
            if not reads and request.method == "GET" and not is_collection(request):
                return httpx.Response(405, json={"detail": "Method Not Allowed"})
            return await on(request)

        between = Between(world, slowly)
        plan = await world.plan((*bodies("a"), *bodies(*(f"k{number}" for number in range(200)))))
        began, asked = clock(), len(between.requests)
        creates = engine.Creates(world.where, world.provider, RunContext("n2", earlier=Earlier(made)), *quietly)
        await creates.look_before(plan.changes)
        assert creates.doubts == {}
        listings = sum(request == "GET /assistants" for request in between.requests[asked:])
        return clock() - began, listings

    ended: list[object] = []
    quietly = (TIME, Stop(), lambda task, outcome: ended.append(outcome), ended.append)
    took, listings = run(story)

    assert took < most
    assert listings <= 4
    assert ended == []


def test_where_it_cannot_be_told_whether_something_is_still_there_nothing_is_created() -> None:
    async def story() -> tuple[tuple[Outcome, ...], int]:
        world = await settled("a")
        plan = await world.plan(bodies("a", "b"))

        async def failing(request: httpx.Request, on: Handler) -> httpx.Response:
            if request.url.path.endswith("/asst_lost"):
                return httpx.Response(500, json={"error": {"message": "Oops."}})
            return await on(request)

        Between(world, failing)
        earlier = Earlier({"assistant.b": "asst_lost"})
        return await carry_out(world, plan, RunContext("n2", earlier=earlier)), len(await world.live())

    (outcome,), live = run(story)
    assert isinstance(outcome, Failed)
    assert (outcome.message, live) == ("500: Oops.", 1)


# servers that drop metadata


@pytest.mark.parametrize("keys", ["a", "abcde"])
def test_a_server_that_drops_metadata_keeps_nothing_however_often_it_is_applied_to(keys: str) -> None:
    async def story() -> tuple[list[tuple[Outcome, ...]], int, str | None]:
        world, runs, stop = fresh(Settings(forget_metadata=True)), [], Stop()
        for model in ("gpt-4o", "gpt-4.1", "gpt-4o-mini"):
            wanted = desired(*({"model": model, "instructions": f"Be {key}."} for key in keys), keys=keys)
            runs.append(await carry_out(world, await world.plan(wanted), stop=(stop := Stop())))
        return runs, len(await world.live()), stop.reason

    runs, live, reason = run(story)
    for outcomes in runs:
        first, *others = sorted(outcomes, key=lambda outcome: outcome.task.address)
        assert isinstance(first, Failed)
        assert "asst_" in first.message
        assert first.message.endswith("was created and deleted again")
        assert all(isinstance(outcome, Skipped) for outcome in others)
    assert live == 0
    assert reason is not None
    assert reason.startswith("the server drops metadata, so ownership cannot be stored; asst_")


def _bare(world: World, *, existing: str | None = None, deletes: bool = True, reads: bool = False) -> None:
    """The server answers creates without metadata, perhaps with an object that exists already."""

    async def handle(request: httpx.Request, on: Handler) -> httpx.Response:
        if request.method == "DELETE" and not deletes:
            return httpx.Response(400, json={"error": {"message": "no deletes here"}})
        if request.method == "POST" and is_collection(request) and existing is not None:
            return await on(httpx.Request("GET", f"{request.url}/{existing}", headers=request.headers))
        response = await on(request)
        await response.aread()
        if request.method == "POST" and is_collection(request):
            return httpx.Response(200, json={**response.json(), "metadata": {}})
        if not reads and request.method == "GET" and not is_collection(request):
            return httpx.Response(200, json={**response.json(), "metadata": {}})
        return response

    Between(world, handle)


def test_an_answer_without_metadata_is_read_again_before_anything_is_deleted() -> None:
    async def story() -> tuple[dict[str, str], int]:
        world = World()
        _bare(world, reads=True)
        return kinds(await carry_out(world, await world.plan(bodies("a", "b")))), len(await world.live())

    assert run(story) == ({"a": "Done", "b": "Done"}, 2)


def test_an_object_that_a_create_was_answered_with_and_that_existed_before_is_left_alone() -> None:
    async def story() -> tuple[tuple[Outcome, ...], int]:
        world = World()
        one = await world.by_hand("POST", "/assistants", {"model": "gpt-4o", "name": "somebody's"})
        _bare(world, existing=one["id"])
        return await carry_out(world, await world.plan(bodies("a"))), len(await world.live())

    (outcome,), live = run(story)
    assert isinstance(outcome, Failed)
    assert "asst_1 existed before this create and was left unchanged" in outcome.message
    assert live == 1


@pytest.mark.parametrize("edited", [{"temperature": 0.3}, {"instructions": "Be theirs."}])
def test_what_somebody_edits_between_reading_and_write_is_drift_and_no_refusal(edited: dict[str, Any]) -> None:
    async def story() -> tuple[tuple[Outcome, ...], Plan, int]:
        world = await settled("a", name="Stays")
        wanted = bodies("a", name="Stays", description="new")
        plan, writes = await world.plan(wanted), 0

        async def handle(request: httpx.Request, on: Handler) -> httpx.Response:
            nonlocal writes
            if request.method == "POST":
                writes += 1
                await world.by_hand("POST", request.url.path.removeprefix("/v1"), edited)
            return await on(request)

        Between(world, handle)
        outcomes = await carry_out(world, plan)
        return outcomes, await world.plan(wanted), writes

    (outcome,), again, writes = run(story)
    assert isinstance(outcome, Unsettled)
    (change,) = again.changes
    assert [(one.path[0], one.cause) for one in change.fields] == [(name, "drift") for name in edited]
    assert writes == 1


@pytest.mark.parametrize("theirs", [{"instructions": "Be theirs."}, {"metadata": {"team": "theirs"}}])
def test_what_somebody_made_just_before_a_create_that_it_answers_is_left_alone(theirs: dict[str, Any]) -> None:
    async def story() -> tuple[tuple[Outcome, ...], int]:
        world = World()
        plan = await world.plan(bodies("a"))
        assert plan.changes[0].desired is not None
        name = plan.changes[0].desired.fields["name"]

        async def handle(request: httpx.Request, on: Handler) -> httpx.Response:
            if request.method == "POST" and is_collection(request):
                one = await world.by_hand("POST", "/assistants", {"model": "gpt-4o", "name": name, **theirs})
                return await on(httpx.Request("GET", f"{request.url}/{one['id']}", headers=request.headers))
            return await on(request)

        Between(world, handle)
        return await carry_out(world, plan), len(await world.live())

    (outcome,), live = run(story)
    assert isinstance(outcome, Failed)
    assert "asst_1 differs from what was sent and may belong to someone else" in outcome.message
    assert live == 1


@pytest.mark.parametrize("whose", ["this run's", "an earlier run's"])
def test_an_object_of_another_address_that_answers_a_create_is_left_alone(whose: str) -> None:
    async def story() -> tuple[Any, Any, tuple[Outcome, ...]]:
        world = fresh()
        first = RunContext("n1" if whose == "this run's" else "n0")
        await apply(await world.plan(bodies("a")), world.provider, first, Listener(), clock=TIME)
        (one,) = await world.live()
        wanted = (*bodies("a"), *bodies("b", description="Another.", temperature=0.5))

        async def handle(request: httpx.Request, on: Handler) -> httpx.Response:
            if request.method == "POST" and is_collection(request):
                return await on(httpx.Request("GET", f"{request.url}/{one.id}", headers=request.headers))
            return await on(request)

        Between(world, handle)
        outcomes = await carry_out(world, await world.plan(wanted), RunContext("n1"))
        return one.raw, (await world.live())[0].raw, outcomes

    before, after, (outcome,) = run(story)
    assert isinstance(outcome, Unsettled)
    assert before == after


def test_what_cannot_be_deleted_again_is_named() -> None:
    async def story() -> tuple[Outcome, ...]:
        world = World()
        _bare(world, deletes=False)
        return await carry_out(world, await world.plan(bodies("a")))

    (outcome,) = run(story)
    assert isinstance(outcome, Failed)
    assert "asst_1 was created and could not be deleted (400: no deletes here): delete" in outcome.message


def test_a_marker_that_cannot_be_taken_off_is_unsettled() -> None:
    async def story() -> tuple[Outcome, ...]:
        world = await settled("a", reconciler={"on_removal": "keep"})
        (one,) = await world.live()
        plan = await world.plan((), allow=frozenset({"no-manifests"}))
        assert [change.action for change in plan.changes] == ["forget"]
        Between(world, _stubborn("metadata", one.raw["metadata"]))
        return await carry_out(world, plan)

    (outcome,) = run(story)
    assert isinstance(outcome, Unsettled)
    assert outcome.differences[0].path == ("metadata", "reconciler")


# ends before its time


@pytest.mark.parametrize("fault", ["404 html", "401", "403"])
def test_where_the_server_turns_everything_away_nothing_more_is_tried(fault: str) -> None:
    async def story() -> tuple[dict[str, str], int]:
        world = await settled(*"abcde")
        plan = await world.plan(bodies(*"abcde", description="other"))
        faults = faulty(world, dict.fromkeys(range(100), fault))
        return kinds(await carry_out(world, plan, parallelism=1)), len(faults.seen)

    outcomes, requests = run(story)
    assert outcomes == {"a": "Failed", **dict.fromkeys("bcde", "Skipped")}
    assert requests == 1


def test_an_api_that_is_gone_is_found_out_before_the_first_write() -> None:
    world = World(Settings(apis=()))
    with pytest.raises(ApiGone) as caught:
        run(world.plan, bodies("a"))
    assert (caught.value.api, caught.value.answer[:3]) == ("Agents API", "404")


def test_a_soft_stop_begins_nothing_new_and_lets_what_is_in_flight_finish() -> None:
    async def story() -> dict[str, str]:
        world, stop = await settled(*"abcd"), Stop()
        plan = await world.plan(bodies(*"abcd", description="other"))

        async def stopping(request: httpx.Request, on: Handler) -> httpx.Response:
            await anyio.sleep(1)
            stop.softly("interrupted")
            return await on(request)

        Between(world, stopping)
        return kinds(await carry_out(world, plan, parallelism=2, stop=stop))

    assert sorted(run(story).values()) == ["Done", "Done", "Skipped", "Skipped"]


def test_a_hard_stop_cuts_off_what_is_in_flight_and_says_so() -> None:
    async def story() -> tuple[tuple[Outcome, ...], float]:
        world, stop = await settled(*"abcd"), Stop()
        plan = await world.plan(bodies(*"abcd", description="other"))

        async def hanging(request: httpx.Request, on: Handler) -> httpx.Response:
            await anyio.sleep(5)
            stop.at_once()
            await anyio.sleep_forever()
            raise AssertionError

        Between(world, hanging)
        return await carry_out(world, plan, parallelism=2, stop=stop), clock()

    outcomes, took = run(story)
    assert sorted(kinds(outcomes).values()) == ["Failed", "Failed", "Skipped", "Skipped"]
    assert {o.message for o in outcomes if isinstance(o, Failed)} == {engine._INTERRUPTED}
    assert {o.reason for o in outcomes if isinstance(o, Skipped)} == {"interrupted"}
    assert took == 5.0


def test_a_stop_before_the_start_does_nothing() -> None:
    async def story() -> tuple[dict[str, str], int]:
        world, stop = World(), Stop()
        faults = faulty(world)
        plan = await world.plan(bodies("a", "b"))
        stop.at_once()
        outcomes = await carry_out(world, plan, stop=stop)
        return kinds(outcomes), sum(request.method != "GET" for request in faults.seen)

    assert run(story) == ({"a": "Skipped", "b": "Skipped"}, 0)


@pytest.mark.parametrize("method", ["started", "ended"])
def test_what_cannot_be_recorded_any_more_ends_the_run(method: str) -> None:
    class Full(Listener):
        pass

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    setattr(Full, method, staticmethod(fail))

    async def story() -> tuple[dict[str, str], int, str | None]:
        world, stop = await settled(*"abc"), Stop()
        plan = await world.plan(bodies(*"abc", description="other"))
        faults = faulty(world)
        outcomes = await carry_out(world, plan, parallelism=1, stop=stop, watch=Full())
        return kinds(outcomes), len(faults.seen), stop.reason

    outcomes, requests, reason = run(story)
    assert reason is not None
    assert "No space left" in reason
    done = 0 if method == "started" else 1
    assert requests == done
    assert sorted(outcomes.values()) == ["Done"] * done + ["Skipped"] * (3 - done)


def test_a_change_has_two_minutes_and_the_others_go_on() -> None:
    async def story() -> tuple[tuple[Outcome, ...], float, list[str]]:
        world = await settled("a", "b")
        plan = await world.plan(bodies("a", "b", description="other"))
        stuck = next(change.id for change in plan.changes if change.address.key == "a")

        async def hanging(request: httpx.Request, on: Handler) -> httpx.Response:
            if str(stuck) in request.url.path:
                await anyio.sleep_forever()
            return await on(request)

        Between(world, hanging)
        watch = Watch()
        outcomes = await carry_out(world, plan, watch=watch)
        return outcomes, clock(), watch.told

    outcomes, took, told = run(story)
    assert kinds(outcomes) == {"a": "Failed", "b": "Done"}
    assert took == pytest.approx(120.0)
    assert [text for text in told if "takes" in text][:3] == ["a takes 10", "a takes 20", "a takes 30"]


def test_the_outcomes_name_the_call_and_the_parameter() -> None:
    async def story() -> tuple[Outcome, ...]:
        world = await settled("a")
        plan = await world.plan(bodies("a", description="other"))

        async def refusing(request: httpx.Request, on: Handler) -> httpx.Response:
            error = {"error": {"message": "too long", "param": "description"}}
            return httpx.Response(400, json=error, headers={"x-request-id": "req_7"})

        Between(world, refusing)
        return await carry_out(world, plan)

    (outcome,) = run(story)
    assert isinstance(outcome, Failed)
    assert (outcome.request_id, outcome.param, outcome.id) == ("req_7", "description", "asst_1")


def test_what_a_rollback_rejects_is_written_into_the_marker() -> None:
    async def story() -> list[str | None]:
        world = await settled("a", "b")
        plan = await world.plan(bodies("a", "b", description="other"))
        first = plan.changes[0].address
        await carry_out(world, plan, RunContext("n2", rejected={first: "digest12"}))
        return [one.marker.rejected for one in await world.live() if one.marker is not None]

    assert sorted(run(story), key=str) == [None, "digest12"]


# open creates


def test_a_twin_that_lands_late_is_swept() -> None:
    async def story() -> tuple[dict[str, str], int, list[str]]:
        world, watch = World(), Watch()
        plan = await world.plan(bodies("a"))
        faults = faulty(world, {1: "429 and late by 3"})
        outcomes = await carry_out(world, plan, watch=watch)
        assert faults.late == []
        return kinds(outcomes), len(await world.live()), watch.told

    outcomes, live, told = run(story)
    assert (outcomes, live) == ({"a": "Done"}, 1)
    assert any("the same in every field; it was deleted" in text for text in told)


def test_a_failed_create_that_landed_after_all_is_done() -> None:
    async def story() -> tuple[list[str], dict[str, str]]:
        world, watch = World(), Watch()
        plan = replace(await world.plan(bodies("a")), ours=1)
        faulty(world, {1: "late by 1", 2: "401"})
        return watch.told, kinds(await carry_out(world, plan, watch=watch))

    told, outcomes = run(story)
    assert told == ["started a", "Failed a", "Done a"]
    assert outcomes == {"a": "Done"}


def test_a_last_look_that_fails_is_told() -> None:
    async def story() -> tuple[dict[str, str], list[str]]:
        world, watch = World(), Watch()
        plan = await world.plan(bodies("a"))
        faulty(world, {1: "timeout after", **dict.fromkeys(range(3, 100), "403")})
        return kinds(await carry_out(world, plan, watch=watch)), watch.told

    outcomes, told = run(story)
    assert outcomes == {"a": "Done"}
    assert any("Could not look for late creates" in text for text in told)


def test_twins_of_an_earlier_crash_hold_back_their_own_address_only() -> None:
    async def story() -> tuple[Plan, dict[str, str], int]:
        world = World()
        plan = await world.plan(bodies("a", "b"))
        faults = faulty(world, {1: "late by 1000"})
        await carry_out(world, plan)
        await faults.land_all()
        faulty(world)
        again = await world.plan(bodies("a", "b", description="other"))
        outcomes = kinds(await carry_out(world, again))
        resolving = await world.plan(bodies("a", "b", description="other"), resolve=DuplicatePolicy(equal=True))
        await carry_out(world, resolving)
        return again, outcomes, len(await world.live())

    again, outcomes, live = run(story)
    assert [(o.code, str(o.address)) for o in again.objections] == [("duplicate", "assistant.a")]
    assert (outcomes, live) == ({"a": "Skipped", "b": "Done"}, 2)


def test_a_server_that_is_gone_is_not_knocked_at_for_every_change() -> None:
    async def story() -> tuple[tuple[Outcome, ...], Stop]:
        world = await settled(*"abcdefghijklmnop")
        plan = await world.plan(bodies(*"abcdefghijklmnop", description="new"))

        async def gone(request: httpx.Request, on: Handler) -> httpx.Response:
            raise httpx.ConnectError("connection refused")

        Between(world, gone)
        stop = Stop()
        return await carry_out(world, plan, parallelism=2, stop=stop), stop

    outcomes, stop = run(story)
    words = [type(outcome).__name__ for outcome in outcomes]

    assert (words.count("Failed"), words.count("Skipped")) == (4, 12)
    assert stop.reason is not None
    assert stop.reason.startswith("the server cannot be reached: Cannot reach")


def test_what_was_not_begun_when_the_time_was_up_is_not_called_a_failure() -> None:
    async def story() -> tuple[Outcome, ...]:
        world = await settled("a", "b")
        plan = await world.plan(bodies("a", "b", description="new"))
        with until(TIME.monotonic() - 1):
            return await carry_out(world, plan)

    assert kinds(run(story)) == {"a": "Skipped", "b": "Skipped"}


def test_what_was_created_a_moment_ago_is_not_created_again_because_a_list_lags() -> None:
    async def story() -> tuple[tuple[Outcome, ...], int]:
        world = await settled("a")

        async def lagging(request: httpx.Request, on: Handler) -> httpx.Response:
            if is_collection(request) and request.method == "GET":
                return httpx.Response(200, json={"object": "list", "data": [], "has_more": False}, request=request)
            return await on(request)

        Between(world, lagging)
        plan = await world.plan(bodies("a", "b"))
        made = {"assistant.a": "asst_1", "assistant.b": "asst_gone"}
        outcomes = await carry_out(world, plan, RunContext("n2", earlier=Earlier(made)))
        return outcomes, len([call for call in world.writes() if call["method"] == "POST"])

    outcomes, _ = run(story)

    assert kinds(outcomes) == {"a": "Stale", "b": "Done"}
    assert [o.reason for o in outcomes if isinstance(o, Stale)] == ["it was created meanwhile, as asst_1; plan again"]


# copies


def test_a_copy_that_somebody_made_and_rewrote_outlives_the_manifest() -> None:
    """Before its first update nothing on an object says that it is no copy."""

    async def story() -> tuple[Plan, dict[str, str], dict[str, Any]]:
        world = await settled("a", "b")
        original = (await world.raw())["asst_1"]
        copy = {name: original[name] for name in ("model", "name", "metadata")}
        await world.by_hand("POST", "/assistants", {**copy, "instructions": "My own work."})
        plan = await world.plan(bodies("b"))
        return plan, kinds(await carry_out(world, plan)), await world.raw()

    plan, outcomes, live = run(story)

    assert [objection.code for objection in plan.objections if objection.address] == ["duplicate"]
    assert outcomes == {"a": "Skipped"}
    assert sorted(live) == ["asst_1", "asst_2", "asst_3"]


def test_the_id_reaches_the_marker_with_whatever_is_written_first_and_by_no_write_of_its_own() -> None:
    async def story() -> tuple[list[str], list[str], int]:
        world = await settled("edited", "marked", "kept")
        before, count = await identified(world), len(world.writes())
        desired = (
            *bodies("edited", description="New."),
            *bodies("marked", reconciler={"ignore_changes": ["description"]}),
            *bodies("kept"),
        )
        assert set(kinds(await world.settle(desired)).values()) == {"Done"}
        return before, await identified(world), len(world.writes()) - count

    assert run(story) == ([], ["edited", "marked"], 2)


async def identified(world: World) -> list[str]:
    """The keys of the objects whose marker says which one it was written for."""
    return sorted(one.marker.key for one in await world.live() if one.marker and one.marker.id == one.id)
