"""What every command begins with: reading what is live, and saying so where that takes long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from reconciler.model import Live
from reconciler.providers import Provider, Unreachable
from reconciler.run.options import SessionOptions
from reconciler.run.session import Session, open_session


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
