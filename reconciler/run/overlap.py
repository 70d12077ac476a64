"""What is live is listed while manifests are read, where both take long; what is wrong with manifests comes first."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel

from reconciler.console.failure import Failure
from reconciler.manifests.steps import Work
from reconciler.model import Live
from reconciler.providers import Provider, ProviderError
from reconciler.run.session import Session

FEW = 300
"""So many steps are done before anything is sent: about sixty manifests take no more, and hardly any time."""
_TURN = 0.005
"""For so many seconds steps are done until answers have their turn."""
_ROUNDS = 8
"""So many rounds of the event loop a turn has: one answer takes several."""


def begin(session: Session, work: Work[Any], *, alone: bool = True) -> None:
    """Does what is done before anything is sent: the first steps, or all where nothing is listed beside them."""
    begins = alone and session.environment.settings.remote and not session.environment.settings.runs_commands
    if not (begins and all(work.go_on() for _ in range(FEW))):
        work.result  # noqa: B018  # raises what is wrong


@asynccontextmanager
async def opened_beside(
    session: Session, work: Work[Any], *, alone: bool = True
) -> AsyncIterator[tuple[Provider, tuple[Live, ...]]]:
    """The provider and what is live, once the work on manifests is done; its errors are raised before the server's.

    What is live is listed meanwhile where the work is long and requests are all that it takes: where a program prints
    the key, that is not run while a manifest is wrong. Where several works are done in one command, so that this one
    is not alone, they are done one after the other, and report in that order.
    """
    begin(session, work, alone=alone)
    async with session.provider() as provider:
        yield provider, await _listed_beside(session, provider, work)


async def _listed_beside(session: Session, provider: Provider, work: Work[Any]) -> tuple[Live, ...]:
    found: Sequence[Live] | ProviderError = ()
    failure: Failure | None = None

    async def list_live() -> None:
        nonlocal found
        try:
            found = await session.listed(provider)
        except ProviderError as error:  # it counts once manifests are right
            found = error

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(list_live)
        try:
            await _do(work)
        except Failure as error:  # as it is, and in no group
            failure = error
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
    if isinstance(found, ProviderError):
        raise found
    return session.with_secrets_learned(found)


async def _do(work: Work[Any]) -> None:
    """Does all steps; answers that came meanwhile have their turn now and then."""
    turn = 0.0
    while work.go_on():
        if time.monotonic() >= turn:
            for _ in range(_ROUNDS):
                await anyio.lowlevel.checkpoint()
            turn = time.monotonic() + _TURN
