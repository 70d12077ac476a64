"""A scheduled run: plan an environment, divide the plan by the policy, carry out what it permits, and report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler.apply import journal
from reconciler.apply.engine import Listener
from reconciler.canonical import Json
from reconciler.console.credentials import hidden
from reconciler.console.failure import Failure
from reconciler.github import CodeHost, CodeHostError, drift_issue
from reconciler.github.drift_issue import HOLD, IssueState
from reconciler.github.posts import minute
from reconciler.manifests.steps import Work
from reconciler.model import Address, Change, Desired, Live, Marker, Outcome, Plan, Target, Task
from reconciler.plan.guards import PlanContext
from reconciler.plan.policy import (
    EDITS,
    Policy,
    PolicySplit,
    ScheduledRun,
    Waits,
    due,
    pieces,
    scheduled_run,
    split_by_policy,
    split_for_revert,
)
from reconciler.providers import Provider
from reconciler.render import events
from reconciler.render.values import one_line
from reconciler.run.addressing import addresses_named
from reconciler.run.edit_gate import edits_wait
from reconciler.run.execute import confirm_and_apply
from reconciler.run.interrupts import terminable
from reconciler.run.last_applied import showing_last_applied
from reconciler.run.lock import only_one
from reconciler.run.overlap import begin, opened_beside
from reconciler.run.planning import PlanRequest, known_addresses, plan_context, whole_plan
from reconciler.run.reporter import Reporter
from reconciler.run.session import Session, run_async


@dataclass(frozen=True, slots=True)
class ScheduledRequest:
    """What a scheduled run is given."""

    reporter: Reporter
    session: Session
    host: CodeHost | None
    author: str | None
    apply_workflow: str
    keys: tuple[str, ...] = ()
    put_back: bool = False
    """Whether drift is to be put back now: of the keys, or all of it."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def policy(self) -> Policy:
        return self.session.environment.reconcile


@dataclass(frozen=True, slots=True)
class ScheduledResult:
    """What a scheduled run came to, and how it ended."""

    scheduled_run: ScheduledRun
    code: int = 0
    failure: Failure | None = None
    """Why nothing could be written, where something was to be."""


@dataclass(slots=True)
class _Watcher(Listener):
    """Keeps what was begun, and what became of it."""

    begun: list[Change] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        if isinstance(task, Change) and all(task is not begun for begun in self.begun):
            self.begun.append(task)

    def ended(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


def run_scheduled(request: ScheduledRequest) -> ScheduledResult:
    """Plans, carries out what the policy permits, and reports; an error in any of it ends the command."""
    writes = request.policy.apply or request.put_back
    with only_one(request.session.connection.state_dir) if writes else nullcontext():
        result = run_async(_plan_and_apply, request, timeout=request.reporter.options.timeout)
        with terminable():  # the loop has taken the signal's handler down with it
            _report(request, result)
    if result.failure is not None:
        raise result.failure
    return result


async def _plan_and_apply(request: ScheduledRequest) -> ScheduledResult:
    session = request.session
    work = Work(session.desired_in_steps(judged=True))
    begin(session, work)
    observed_at = time.monotonic()
    async with opened_beside(session, work) as (provider, live):
        desired = work.result
        await session.ask_for_dates(provider, desired)
        context = plan_context(session, provider, live, desired)
        plan = showing_last_applied(session, whole_plan(session, desired, live, PlanRequest(), context))
        request.reporter.plan(plan)
        if request.put_back:
            split = split_for_revert(plan, request.policy, _drift_to_put_back(request, plan, desired, live))
        else:
            split = split_by_policy(plan, request.policy, _waits(request, plan, context))
        if not split.ready.changes and not split.ready.marks:
            return ScheduledResult(scheduled_run(split))
        return await _apply_ready(request, provider, split, observed_at)


def _report(request: ScheduledRequest, result: ScheduledResult) -> None:
    """Reports what needs review, here and in the issue."""
    passed = hidden().deep(result.scheduled_run, (Address, Target, Marker))
    reporter, host = request.reporter, request.host
    reporter.is_over = True  # the issue is written all the same
    reporter.text(f"\n{rows}" if (rows := review_lines(passed)) else "")
    for item in passed.to_review:
        address = str(item.change.address)
        reporter.events(events.diagnostic("warning", f"{address}: Needs review: {item.why}", item.why, address))
    if host is None:
        return
    try:
        may_write = bool(request.policy.apply)
        done = drift_issue.report(host, request.author, passed, request.now, may_write=may_write)
    except CodeHostError as error:
        if result.failure is not None:
            result.failure.show()
        stands = "What was written stands." if result.scheduled_run.overwrote else "Nothing was written."
        message = f"Could not update the issue: {error.message} {stands}"
        raise Failure(message, error.remedy, code=result.code or 1) from error
    if done:
        reporter.text(f"\n{done}\n")
        reporter.events(events.diagnostic("info", done))


def review_lines(scheduled: ScheduledRun) -> str:
    """What needs review, for a terminal or a log: one line per change."""
    rows = [f"  {one_line(str(item.change.address))}: {one_line(item.why)}\n" for item in scheduled.to_review]
    return "".join(["Needs review:\n", *rows]) if rows else ""


def _drift_to_put_back(
    request: ScheduledRequest, plan: Plan, desired: Sequence[Desired], live: Sequence[Live]
) -> frozenset[Address]:
    if not request.keys:
        return frozenset(change.address for change in plan.changes)
    known = known_addresses(request.session, desired, live)
    return frozenset(addresses_named(request.keys, known, request.session.title)[0])


def _waits(request: ScheduledRequest, plan: Plan, context: PlanContext) -> Waits:
    """Why the run does not do what the policy permits; nothing is asked of the code host where nothing is to do."""
    policy, host = request.policy, request.host
    if not policy.apply or not (plan.changes or plan.marks):
        return Waits()
    edits = None
    if EDITS in policy.apply:
        own_files = request.reporter.options.own_files
        edits = edits_wait(request.session, context, host, request.apply_workflow, own_files)
    if host is None:
        return Waits(edits, _drift_waits(request, plan, None))
    try:
        issue = drift_issue.issue_state(host, request.author, plan.where)
    except CodeHostError as error:
        return Waits(edits, everything=f"whether `{HOLD}` is set is not known: {error.message}")
    stopped = f"the label `{HOLD}` on the issue of this environment stops it" if issue.is_held else None
    return Waits(edits, _drift_waits(request, plan, issue), stopped)


def _drift_waits(request: ScheduledRequest, plan: Plan, issue: IssueState | None) -> Mapping[str, str]:
    """By the digest of a change, until when it waits, where that is not over."""
    after = request.policy.after
    if not after:
        return {}
    if issue is None:
        why = "`reconcile.after` counts from the moment that an issue reported it, and this run keeps none"
        return {change.digest: why for change in pieces(plan)}
    moments = {change.digest: due(issue.reported_at(change), after, request.now) for change in pieces(plan)}
    label = f"the label `{HOLD}` on the issue of this environment stops that"
    return {
        digest: f"it is put back from {minute(at)} on; {label}" for digest, at in moments.items() if at > request.now
    }


async def _apply_ready(
    request: ScheduledRequest, provider: Provider, split: PolicySplit, observed_at: float
) -> ScheduledResult:
    """Carries out what is ready; that nothing can be recorded is reported with the rest."""
    watcher = _Watcher()
    folder = request.session.connection.state_dir / journal.FOLDER
    before = set(journal.paths(folder))
    failure, code = None, 0
    try:
        code = await confirm_and_apply(request.reporter, request.session, provider, split.ready, observed_at, watcher)
    except Failure as error:
        failure = error
    run = next((path.stem for path in reversed(journal.paths(folder)) if path not in before), None)
    return ScheduledResult(scheduled_run(split, watcher.outcomes, watcher.begun, run), code, failure)
