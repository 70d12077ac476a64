"""What every command begins with: reading what is live, and saying so where that takes long."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import anyio
import httpx
import pytest

from reconciler.model import Desired, Live, Plan
from reconciler.plan.status import standings
from reconciler.providers import ApiGone, Provider, ProviderError, Unreachable
from reconciler.run.options import SessionOptions
from reconciler.run.planning import PlanRequest, requested_plan
from reconciler.run.session import ONCE_READ, Session, open_session
from support.apis import Api, Apis
from support.faults import over, run
from support.lives import wanted
from support.world import desired as made_of


class Slow:
    """A provider that answers once it is let."""

    def __init__(self) -> None:
        self.let = anyio.Event()

    async def observe(self, _kind: str) -> tuple[Live, ...]:
        await self.let.wait()
        return ()


class Dead:
    """A provider behind which nobody is."""

    async def observe(self, _kind: str) -> tuple[Live, ...]:
        raise Unreachable("Nobody is there.")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "assistants").mkdir()
    return open_session(SessionOptions(environment="local", colour=False), owns=False)


def heard_by(session: Session, said: Callable[[str], None]) -> Session:
    return replace(session, connection=replace(session.connection, waiting=said))


def read(session: Session, provider: Any, patience: float) -> tuple[Live, ...]:
    return anyio.run(session.live, cast(Provider, provider), patience)


def test_several_environments_are_planned_over_one_state_of_the_files(session: Session) -> None:
    manifest = session.config.root / "assistants" / "hr.yaml"

    def names() -> list[Any]:
        found = []
        for name in ("Before", "After"):
            manifest.write_text(f"model: m\nname: {name}\n")
            found += [each.fields["name"] for each in session.desired()]
        return found

    def names_in_one_reading() -> list[Any]:
        ONCE_READ.set({})
        return names()

    assert copy_context().run(names_in_one_reading) == ["Before", "Before"]
    assert names() == ["Before", "After"]


def test_that_reading_takes_long_is_said_once(session: Session) -> None:
    said: list[str] = []

    async def reading() -> tuple[Live, ...]:
        slow = Slow()

        def hear(line: str) -> None:
            said.append(line)
            slow.let.set()

        return await heard_by(session, hear).live(cast(Provider, slow), 0)

    assert anyio.run(reading) == ()
    assert said == ["Still reading what is live after 0s."]


def test_why_nothing_could_be_read_is_no_group(session: Session) -> None:
    with pytest.raises(Unreachable, match="Nobody is there"):
        read(heard_by(session, print), Dead(), 60)


def test_where_nobody_is_told_it_is_waited_all_the_same(session: Session) -> None:
    async def reading() -> tuple[Live, ...]:
        slow = Slow()
        alone = replace(session, connection=replace(session.connection, waiting=None))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(alone.live, cast(Provider, slow), 0)
            await anyio.wait_all_tasks_blocked()
            slow.let.set()
        return ()

    assert anyio.run(reading) == ()


# a server that has one of the APIs


def observed(session: Session, *desired: Desired) -> tuple[int, Plan]:
    """How much is live on a server of assistants alone, and what is planned there."""

    async def story() -> tuple[int, Plan]:
        provider = over(Apis(Api("assistants", kept={"asst_1": {"id": "asst_1", "model": "m"}})))
        live = await session.live(provider)
        return len(live), requested_plan(session, provider, desired, live, PlanRequest())

    return anyio.run(story)


def test_a_server_without_an_api_that_nobody_wants_works_and_nothing_is_said(session: Session) -> None:
    number, plan = observed(session, wanted())
    assert (number, plan.objections, plan.notes, len(plan.ready)) == (1, (), (), 1)


def test_a_kind_that_the_environment_lists_and_the_server_has_not_is_noted(session: Session) -> None:
    listing = replace(session, environment=replace(session.environment, kinds=("assistant", "agent")))
    _, plan = observed(listing, wanted())
    note = "This server has no Agents API, although `kinds` of the environment local lists `agent`."
    assert (plan.objections, plan.notes) == ((), (note,))


def test_an_api_that_is_wanted_and_missing_blocks_its_kind_alone(session: Session) -> None:
    one, other = made_of(("agent", {"model": "m"}), ("agent", {"model": "m"}))
    number, plan = observed(session, wanted("x"), one, replace(other, id="agent_1"))
    (objection,) = plan.objections
    assert number == 1
    assert (objection.code, len(objection.holds)) == ("api-gone", 2)
    assert "has no Agents API: 2 agents cannot be read or written." in objection.message
    assert "`kinds` of the environment" in objection.remedy
    assert [str(change.address) for change in plan.ready] == ["assistant.x"]
    assert [row.state for row in standings(plan, ())] == ["API not found", "API not found", "to be created"]


def test_a_kind_that_the_environment_leaves_out_is_not_desired(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    (session.config.root / "assistants/a.yaml").write_text("model: m\n")
    without = replace(session, environment=replace(session.environment, kinds=("agent",)))
    assert [str(each.address) for each in session.desired()] == ["assistant.a"]
    assert without.desired() == ()
    note = "Note: 1 assistant is left out: `kinds` of the environment local does not list `assistant`.\n"
    assert capsys.readouterr().err == note


def test_where_every_api_is_missing_nothing_is_planned(session: Session) -> None:
    of_agents = replace(session, environment=replace(session.environment, kinds=("agent",)))
    with pytest.raises(ApiGone, match="This server has no Agents API: 404"):
        observed(of_agents, wanted())


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_kind_that_cannot_be_listed_for_another_reason_is_not_taken_to_be_absent(
    session: Session, status: int
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "/agents" in request.url.path:
            return httpx.Response(status, json={"error": {"message": "Not now."}})
        return httpx.Response(200, json={"object": "list", "data": [], "has_more": False})

    async def story() -> None:
        with pytest.raises(ProviderError) as caught:
            await session.live(over(httpx.MockTransport(answer)))
        assert not isinstance(caught.value, ApiGone)

    run(story)
