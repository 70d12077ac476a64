"""What every command begins with: reading what is live, and saying so where that takes long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from reconciler.model import Address, Desired, Live
from reconciler.providers import ApiGone, Provider, Unreachable
from reconciler.run.options import SessionOptions
from reconciler.run.session import Session, open_session, without_api
from support.apis import Api, Apis
from support.faults import over
from support.lives import wanted


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


def observed(session: Session, *desired: Desired) -> tuple[int, tuple[str, ...]]:
    """How much is live on a server of assistants alone, and what is said of what it lacks."""

    async def story() -> tuple[int, tuple[str, ...]]:
        provider = over(Apis(Api("assistants", kept={"asst_1": {"id": "asst_1", "model": "m"}})))
        return len(await session.live(provider)), without_api(provider, desired)

    return anyio.run(story)


def test_an_api_that_no_manifest_wants_may_be_missing_and_a_note_says_so(session: Session) -> None:
    assert observed(session, wanted()) == (1, ("This server has no Agents API, so there are no agents.",))


def test_an_api_that_is_wanted_or_stated_or_the_only_one_may_not_be_missing(session: Session) -> None:
    agent = replace(wanted(), address=Address("agent", "a"))
    for kinds, desired in ((None, agent), (("assistant", "agent"), wanted()), (("agent",), wanted())):
        stated = replace(session, environment=replace(session.environment, kinds=kinds))
        with pytest.raises(ApiGone, match="This server has no Agents API: 404"):
            observed(stated, desired)
