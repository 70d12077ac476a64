"""Plans of one environment, or of several at once: an error in one hides none of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import anyio

from reconciler.config import Config
from reconciler.console.failure import Failure, first_error
from reconciler.manifests.steps import Work
from reconciler.model import Plan
from reconciler.providers import ProviderError
from reconciler.render import Style
from reconciler.render.sentences import count
from reconciler.render.several import Lost
from reconciler.run.base_plan import BaseRevision, session_with_base
from reconciler.run.options import SessionOptions
from reconciler.run.overlap import opened_beside
from reconciler.run.planning import PlanRequest, destruction, plan_against_base, requested_plan
from reconciler.run.session import ONCE_READ, REPORTED, Session, failure_of, run_async, session_of


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes the plan of any environment of a configuration, for one request."""

    config: Config
    base: BaseRevision | None
    request: PlanRequest
    options: SessionOptions
    style: Style
    offline: bool

    def plan_one(self, environment: str | None) -> Plan:
        """The plan of one environment; an error ends the command."""
        return run_async(partial(self._plan, environment, alone=True), timeout=self.options.timeout)

    def plan_all(self, environments: Sequence[str]) -> tuple[Plan | Lost, ...]:
        """Every environment's plan, or why there is none; in the order of the environments."""
        return run_async(self._plan_all, environments, timeout=self.options.timeout)

    async def _plan(self, environment: str | None, *, alone: bool = False) -> Plan:
        """The plan; beside others, manifests are read one environment after the other, and reported in that order."""
        session = self._session(environment)
        if self.base is not None:
            return await plan_against_base(session, self.base, self.request, alone=alone)
        if self.request.destroy:
            async with session.provider() as provider:
                return destruction(session, provider, await session.live(provider), self.request)
        work = Work(session.desired_in_steps(judged=True))
        async with opened_beside(session, work, alone=alone) as (provider, live):
            await session.ask_for_dates(provider, work.result)
            return requested_plan(session, provider, work.result, live, self.request)

    def _session(self, name: str | None) -> Session:
        options = replace(self.options, environment=name)
        if self.base is None:
            return session_of(self.config, options, self.style, owns=True)
        return session_with_base(self.base, self.config, options, self.style, offline=self.offline)

    async def _plan_all(self, environments: Sequence[str]) -> tuple[Plan | Lost, ...]:
        results: dict[str, Plan | Lost] = {name: Lost(name, "It was not planned.") for name in environments}

        async def plan(name: str) -> None:
            try:
                results[name] = await self._plan(name)
            except (Failure, ProviderError, BaseExceptionGroup) as error:
                results[name] = _why_lost(name, error)

        REPORTED.set(set())
        ONCE_READ.set({})
        async with anyio.create_task_group() as tasks:
            for name in results:
                tasks.start_soon(plan, name)
        return tuple(results.values())


def exit_code(results: Sequence[Plan | Lost], *, detailed: bool) -> int:
    """The worst of all of them; pending changes count where `detailed` codes are wanted."""
    plans = [result for result in results if not isinstance(result, Lost)]
    if len(plans) < len(results):
        return 1
    if not detailed:
        return 0
    return 3 if any(plan.standing for plan in plans) else 2 if any(plan.changes for plan in plans) else 0


def _why_lost(name: str, error: BaseException) -> Lost:
    """Why there is no plan; what is neither a failure nor a server's error is raised again."""
    first = first_error(error)
    if isinstance(first, ProviderError):
        first = failure_of(first)
    if not isinstance(first, Failure):
        raise error
    if not first.wrong:
        return Lost(name, first.message, first.remedy)
    fault, *more = first.wrong
    others = f" (and {count(len(more), 'more error')})" if more else ""
    return Lost(name, f"{fault.place}: {fault.message}{others}", fault.remedy)
