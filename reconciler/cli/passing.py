"""One pass over an environment: plan, divide, carry out what may be, and tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import click

from reconciler import history
from reconciler.canonical import Json
from reconciler.cli.actions import author as author_of
from reconciler.cli.actions import run_url
from reconciler.cli.applying import Telling, clock, settle
from reconciler.cli.credentials import hidden
from reconciler.cli.failure import Failure
from reconciler.cli.issues import tell as tell_issue
from reconciler.cli.planning import Request, facts, judge
from reconciler.cli.session import Session
from reconciler.cli.waiting import edits_wait
from reconciler.guards import Facts
from reconciler.hosting import Hosting, HostingError
from reconciler.model import Address, Change, Live, Marker, Outcome, Plan, Task, Where
from reconciler.providers import Provider
from reconciler.render import events
from reconciler.render.console import quoting, report
from reconciler.render.console.memory import Look, moment
from reconciler.render.values import inert
from reconciler.unattended import EDITS, Division, Pass, Policy, divide, passed


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pass is given."""

    told: Telling
    session: Session
    place: Hosting | None
    author: str | None
    apply_workflow: str
    timeout: float | None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def policy(self) -> Policy:
        return self.session.environment.reconcile


@dataclass(frozen=True, slots=True)
class Found:
    """What a pass came to, and how it ended."""

    passed: Pass
    code: int = 0
    failure: Failure | None = None
    """Why nothing could be written, where something was to be."""


@dataclass(slots=True)
class _Heard:
    """What was begun, and what became of it."""

    begun: list[Change] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        """Keeps what is about to be written over."""
        if isinstance(task, Change):
            self.begun.append(task)

    def going_on(self, task: Task, seconds: float) -> None:
        """Nothing to keep."""

    def ended(self, outcome: Outcome) -> None:
        """Keeps what became of it."""
        self.outcomes.append(outcome)

    def noticed(self, text: str) -> None:
        """Nothing to keep."""


async def one_pass(asked: Asked) -> Found:
    """Plans everything, and carries out what may be done without anybody."""
    session = asked.session
    desired = session.desired()
    async with session.provider() as provider:
        observed_at = clock()
        live = await session.live(provider)
        known = facts(session, provider, live, desired)
        plan = judge(session, desired, live, Request(), known)
        asked.told.plan(plan)
        division = divide(plan, asked.policy, _wait(asked, plan, known))
        if not division.ready.changes and not division.ready.marks:
            return Found(passed(division))
        return await _carried_out(asked, provider, division, observed_at)


def tell(asked: Asked, found: Found) -> None:
    """Says what is left for people, here and in the issue."""
    passed = hidden().deep(found.passed, (Address, Where, Marker))
    asked.told.text(f"\n{rows}" if (rows := report.lines(passed)) else "")
    for left in passed.left:
        address = str(left.change.address)
        asked.told.events(events.diagnostic("warning", f"{address} is left for people", left.why, address))
    comments = list(quoting.comments(passed))
    if asked.place is None:
        return
    try:
        author = author_of(asked.author, asked.place)
        said = tell_issue(asked.place, author, passed, comments, Look(moment(asked.now()), run_url()))
    except HostingError as error:
        _quoted_here(comments)
        raise _untold(error, found) from error
    except KeyboardInterrupt:
        _quoted_here(comments)
        raise
    if said:
        asked.told.text(f"\n{said}\n")
        asked.told.events(events.diagnostic("info", said))


def _wait(asked: Asked, plan: Plan, known: Facts) -> str | None:
    """Why edits wait, where any might be carried out: else nothing is asked of anybody."""
    if EDITS not in asked.policy.apply or not (plan.changes or plan.marks):
        return None
    return edits_wait(asked.session, known, asked.place, asked.apply_workflow, asked.told.manner.beside)


async def _carried_out(asked: Asked, provider: Provider, division: Division, observed_at: float) -> Found:
    """Does what is ready; that nothing can be recorded is told with the rest."""
    heard = _Heard()
    folder = asked.session.connection.state_dir / history.FOLDER
    before = set(history.paths(folder))
    failure, code = None, 0
    try:
        code = await settle(asked.told, asked.session, provider, division.ready, observed_at, also=[heard])
    except Failure as error:
        failure = error
    run = next((path.stem for path in reversed(history.paths(folder)) if path not in before), None)
    return Found(passed(division, heard.outcomes, heard.begun, run), code, failure)


def _quoted_here(comments: list[str]) -> None:
    """What was not told there is told here: nothing that was written over is to be lost."""
    for text in comments:
        click.echo(f"\n{inert(text)}")


def _untold(error: HostingError, found: Found) -> Failure:
    stands = "What was written stands." if found.passed.overwrote else "Nothing was written."
    if found.failure is not None:
        found.failure.show()
    return Failure(f"The issue could not be told: {error.message} {stands}", error.remedy, code=found.code or 1)
