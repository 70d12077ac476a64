"""One pass over an environment: plan, divide, carry out what may be, and tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import click

from reconciler.apply import journal
from reconciler.canonical import Json
from reconciler.console.credentials import hidden
from reconciler.console.failure import Failure
from reconciler.github import CodeHost, CodeHostError, Issue
from reconciler.github.ci_context import author as author_of
from reconciler.github.ci_context import run_url
from reconciler.github.drift_issue import known as known_issues
from reconciler.github.drift_issue import tell as tell_issue
from reconciler.github.posts import issue_text, overwritten
from reconciler.github.posts.issue_memory import Memory, PassStamp, moment, readable, remembered
from reconciler.model import Address, Change, Desired, Live, Marker, Outcome, Plan, Target, Task
from reconciler.plan.guards import PlanContext
from reconciler.plan.unattended import EDITS, Pass, Policy, PolicySplit, Waits, divide, due, passed, pieces, put_back
from reconciler.providers import Provider
from reconciler.render import events
from reconciler.render.values import inert
from reconciler.run.edit_gate import edits_wait
from reconciler.run.execute import Reporter, clock, confirm_and_apply
from reconciler.run.plan_request import Request, addresses, facts, judge, matching
from reconciler.run.session import Session


@dataclass(frozen=True, slots=True)
class ScheduledRequest:
    """What a pass is given."""

    told: Reporter
    session: Session
    place: CodeHost | None
    author: str | None
    apply_workflow: str
    timeout: float | None
    keys: tuple[str, ...] = ()
    put_back: bool = False
    """Whether somebody wants drift put back now: of the keys, or wherever there is any."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def policy(self) -> Policy:
        return self.session.environment.reconcile


@dataclass(frozen=True, slots=True)
class ScheduledResult:
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
        if isinstance(task, Change) and all(task is not begun for begun in self.begun):
            self.begun.append(task)

    def going_on(self, task: Task, seconds: float) -> None:
        """Nothing to keep."""

    def ended(self, outcome: Outcome) -> None:
        """Keeps what became of it."""
        self.outcomes.append(outcome)

    def noticed(self, text: str) -> None:
        """Nothing to keep."""


async def one_pass(asked: ScheduledRequest) -> ScheduledResult:
    """Plans everything, and carries out what may be done without anybody."""
    session = asked.session
    desired = session.desired()
    async with session.provider() as provider:
        observed_at = clock()
        live = await session.live(provider)
        known = facts(session, provider, live, desired)
        plan = judge(session, desired, live, Request(), known)
        asked.told.plan(plan)
        if asked.put_back:
            division = put_back(plan, asked.policy, _wanted(asked, plan, desired, live))
        else:
            division = divide(plan, asked.policy, _waits(asked, plan, known))
        if not division.ready.changes and not division.ready.marks:
            return ScheduledResult(passed(division))
        return await _carried_out(asked, provider, division, observed_at)


def tell(asked: ScheduledRequest, found: ScheduledResult) -> None:
    """Says what is left for people, here and in the issue."""
    passed = hidden().deep(found.passed, (Address, Target, Marker))
    asked.told.text(f"\n{rows}" if (rows := issue_text.lines(passed)) else "")
    for left in passed.left:
        address = str(left.change.address)
        asked.told.events(events.diagnostic("warning", f"{address}: Needs review: {left.why}", left.why, address))
    comments = list(overwritten.comments(passed))
    if asked.place is None:
        return
    try:
        author = author_of(asked.author, asked.place)
        look, may_write = PassStamp(moment(asked.now), run_url()), bool(asked.policy.apply)
        said = tell_issue(asked.place, author, passed, comments, look, may_write=may_write)
    except CodeHostError as error:
        _quoted_here(comments)
        raise _untold(error, found) from error
    except KeyboardInterrupt:
        _quoted_here(comments)
        raise
    if said:
        asked.told.text(f"\n{said}\n")
        asked.told.events(events.diagnostic("info", said))


def _wanted(
    asked: ScheduledRequest, plan: Plan, desired: Sequence[Desired], live: Sequence[Live]
) -> frozenset[Address]:
    """Where drift is to be put back now."""
    if not asked.keys:
        return frozenset(change.address for change in plan.changes)
    session = asked.session
    return frozenset(matching(asked.keys, addresses(session, desired, live), session.title)[0])


def _waits(asked: ScheduledRequest, plan: Plan, known: PlanContext) -> Waits:
    """Why a pass does not do what the policy lets through; nothing is asked of anybody where there is nothing to do."""
    if not asked.policy.apply or not (plan.changes or plan.marks):
        return Waits()
    edits = None
    if EDITS in asked.policy.apply:
        edits = edits_wait(asked.session, known, asked.place, asked.apply_workflow, asked.told.manner.beside)
    if asked.place is None:
        return Waits(edits, _drift_waits(asked, plan, None))
    try:
        issue = next(iter(known_issues(asked.place, author_of(asked.author, asked.place), plan.where)), None)
    except CodeHostError as error:
        return Waits(edits, everything=f"whether `{issue_text.HOLD}` is set cannot be told: {error.message}")
    held = issue is not None and any(name.casefold() == issue_text.HOLD for name in issue.labels)
    stopped = f"the label `{issue_text.HOLD}` on the issue of this environment stops it" if held else None
    return Waits(edits, _drift_waits(asked, plan, issue), stopped)


def _drift_waits(asked: ScheduledRequest, plan: Plan, issue: Issue | None) -> Mapping[str, str]:
    """By the digest of a change, until when it waits, where that is not over."""
    after, memory = asked.policy.after, remembered(issue.body) if issue is not None else None
    if not after:
        return {}
    if asked.place is None:
        why = "`reconcile.after` counts from the moment that an issue told of it, and this run keeps none"
        return {change.digest: why for change in pieces(plan)}
    moments = {change.digest: due(_told_at(memory, change), after, asked.now) for change in pieces(plan)}
    label = f"the label `{issue_text.HOLD}` on the issue of this environment stops that"
    return {
        digest: f"it is put back from {readable(moment(at))} on; {label}"
        for digest, at in moments.items()
        if at > asked.now
    }


def _told_at(memory: Memory | None, change: Change) -> datetime | None:
    told = memory.of(change.digest) if memory is not None else None
    return datetime.fromisoformat(told) if told else None


async def _carried_out(
    asked: ScheduledRequest, provider: Provider, division: PolicySplit, observed_at: float
) -> ScheduledResult:
    """Does what is ready; that nothing can be recorded is told with the rest."""
    heard = _Heard()
    folder = asked.session.connection.state_dir / journal.FOLDER
    before = set(journal.paths(folder))
    failure, code = None, 0
    try:
        code = await confirm_and_apply(asked.told, asked.session, provider, division.ready, observed_at, also=[heard])
    except Failure as error:
        failure = error
    run = next((path.stem for path in reversed(journal.paths(folder)) if path not in before), None)
    return ScheduledResult(passed(division, heard.outcomes, heard.begun, run), code, failure)


def _quoted_here(comments: list[str]) -> None:
    """What was not told there is told here: nothing that was written over is to be lost."""
    for text in comments:
        click.echo(f"\n{inert(text)}")


def _untold(error: CodeHostError, found: ScheduledResult) -> Failure:
    stands = "What was written stands." if found.passed.overwrote else "Nothing was written."
    if found.failure is not None:
        found.failure.show()
    return Failure(f"Could not update the issue: {error.message} {stands}", error.remedy, code=found.code or 1)
