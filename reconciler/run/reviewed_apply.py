"""Apply what a fresh plan says, or of a reviewed plan what is unchanged since review."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from reconciler.console.failure import Failure
from reconciler.console.output import stdout_style
from reconciler.manifests.steps import Work
from reconciler.model import Change, Desired, Live, Plan
from reconciler.plan.allowances import permitted
from reconciler.plan.changes import fingerprint
from reconciler.plan.reviewed import environment_of, other_target, review
from reconciler.providers import Provider
from reconciler.render import FORMATS, Document, Style, document, events
from reconciler.render.sentences import noun
from reconciler.render.visible import visible
from reconciler.run.base_plan import session_by_revision
from reconciler.run.execute import plan_and_apply
from reconciler.run.options import SessionOptions
from reconciler.run.overlap import begin
from reconciler.run.plan_output import masked
from reconciler.run.planning import PlanRequest, requested_plan
from reconciler.run.reporter import Reporter
from reconciler.run.session import Session, run_async


def reviewed_session(options: SessionOptions, reviewed: Document | None, config_from: str | None) -> Session:
    """The environment that is named, else the reviewed plan's, as the configuration here or of a revision has it."""
    named = options.environment or os.environ.get("RECONCILER_ENVIRONMENT")
    if not named and reviewed is not None:
        options = replace(options, environment=environment_of(reviewed))
    return session_by_revision(config_from, stdout_style(colour=options.colour), options)


def apply_plan(
    reporter: Reporter, session: Session, request: PlanRequest, reviewed: Document | None, expect: str | None
) -> int:
    """Plans, and applies the plan, or what of it was reviewed; the exit code.

    `expect` is the fingerprint that the plan must have.
    """
    work: Work[Sequence[Desired]] = Work(session.desired_in_steps(judged=True))
    begin(session, work)

    def plan(provider: Provider, live: Sequence[Live]) -> Plan:
        desired = work.result
        if reviewed is None:
            return _expected(requested_plan(session, provider, desired, live, request), expect)
        is_part = reviewed.get("applies") == "change"
        whole = requested_plan(session, provider, desired, live, replace(request, allowances=()))
        if not is_part:
            whole = _expected(whole, expect)
        limited = _reviewed_part(reporter, session, whole, reviewed, live)
        plan = permitted(limited, request.allowances)  # labels count for what remains
        return _expected(plan, expect) if is_part else plan

    return run_async(plan_and_apply, reporter, session, plan, work, timeout=reporter.options.timeout)


def _expected(plan: Plan, expect: str | None) -> Plan:
    actual = fingerprint(plan)
    if expect is not None and actual != expect:
        raise Failure(f"The plan's fingerprint is {actual}, not {expect}; nothing was changed.", "review it again")
    return plan


def _reviewed_part(reporter: Reporter, session: Session, plan: Plan, reviewed: Document, live: Sequence[Live]) -> Plan:
    """What is both reviewed and unchanged since; reports the rest, and counts what is refused."""
    reason = other_target(reviewed, plan.where)
    if reason is not None:
        remedy = "nothing was changed; plan for this target, and review that plan"
        raise Failure(f"This plan was made for another target: {reason}.", remedy)
    result = review(plan, reviewed, live, session.environment.limits)
    for address in result.already:
        _report(reporter, "info", address, "Done already")
    for change in result.unreviewed:
        _report(reporter, "info", str(change.address), f"Not done: this {change.action} needs review")
    for address, now in result.moved:
        if now is None:
            _report(reporter, "error", address, f"Refused: the {noun([address])} changed; no action is needed now")
        else:
            _report(reporter, "error", address, "Refused: it is no longer what was reviewed", _as_text(plan, now))
    reporter.refused = len(result.moved)
    return result.plan


def _report(reporter: Reporter, severity: str, address: str, text: str, detail: str = "") -> None:
    reporter.text(f"{visible(address)}: {text}\n{detail}")
    reporter.events(events.diagnostic(severity, f"{address}: {text}", detail, address))


def _as_text(plan: Plan, change: Change) -> str:
    alone = replace(plan, changes=(change,), marks=(), objections=(), notes=(), selected=True)
    text = FORMATS["text"](masked(document(alone)), Style())
    return f"\nWhat it would be now, which is not done:\n\n{text}\n"
