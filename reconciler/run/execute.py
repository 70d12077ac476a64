"""Approve a plan that was shown, carry it out and record it: what every command that writes shares."""

from __future__ import annotations

import getpass
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TypeAlias

import click

from reconciler.apply import journal
from reconciler.apply.engine import Listener, RunContext, Stop, apply
from reconciler.console import credentials
from reconciler.console.failure import Failure
from reconciler.github import ci_context
from reconciler.manifests.steps import Steps, Work
from reconciler.model import Desired, Done, Live, Outcome, Plan
from reconciler.plan.changes import fingerprint
from reconciler.plan.objections import NEVER_ALLOWED
from reconciler.plan.run_record import Earlier, Head
from reconciler.providers import Provider
from reconciler.render import events, outcomes
from reconciler.run.checkout import commit
from reconciler.run.interrupts import INTERRUPTED, interruptible
from reconciler.run.lineage import sources_of_edits
from reconciler.run.lock import only_one
from reconciler.run.options import ApplyOptions
from reconciler.run.overlap import opened_beside
from reconciler.run.reporter import Listeners, Reporter
from reconciler.run.session import Session

PlanOfLive: TypeAlias = Callable[[Provider, Sequence[Live]], Plan]
"""How a command makes its plan of what is live."""


async def plan_and_apply(
    reporter: Reporter, session: Session, plan_of_live: PlanOfLive, work: Work[Sequence[Desired]] | None = None
) -> int:
    """Plans over what is live, shows it and carries it out, as the only one in this checkout.

    The work comes to what is desired, where that matters; what is live is listed beside it.
    """
    work = work or Work(_nothing_desired())
    with ExitStack() as held:
        try:
            held.enter_context(only_one(session.connection.state_dir))
        except Failure:
            work.result  # noqa: B018  # what is wrong with manifests is told before that another apply runs
            raise
        observed_at = time.monotonic()
        async with opened_beside(session, work) as (provider, live):
            await session.ask_for_dates(provider, work.result)
            plan = plan_of_live(provider, live)
            reporter.plan(plan)
            return await confirm_and_apply(reporter, session, provider, plan, observed_at)


def _nothing_desired() -> Steps[Sequence[Desired]]:
    yield from ()
    return ()


async def confirm_and_apply(
    reporter: Reporter,
    session: Session,
    provider: Provider,
    plan: Plan,
    observed_at: float,
    *watchers: Listener,
) -> int:
    """Carries out a plan that was shown, if it may be; the exit code says whether all of it is done."""
    options = reporter.options
    if not plan.changes and not (plan.marks and options.auto_approve):
        return _end_without_writes(reporter, plan, _remainder(reporter, session, plan))
    if plan.standing and not plan.ready and plan.changes:
        raise _all_blocked(plan)
    was_asked = approve(options) if plan.changes else False
    reporter.text("\n")
    run = RunContext(
        nonce=secrets.token_hex(4),
        commit=options.commit or commit(session.config.root, options.own_files, session.config.extends),
        reread=was_asked or options.planned_before,
        observed_at=observed_at,
        rejected=options.rejected,
        earlier=_earlier_creates(session, plan),
    )
    stop = Stop()
    with _begin_record(session, options, run, plan) as record, reporter.listeners(plan) as listeners:
        async with interruptible(stop):
            everybody = Listeners([record, *listeners, *watchers])
            ended = await apply(plan, provider, run, everybody, parallelism=options.parallelism, stop=stop)
    reporter.is_over = True
    if record.broken is not None:
        stop.softly(f"progress cannot be recorded: {record.broken.strerror}")
    _report_stop(reporter, stop)
    return _report_end(reporter, plan, ended, stop, _remainder(reporter, session, plan, ended))


def _remainder(reporter: Reporter, session: Session, plan: Plan, ended: Sequence[Outcome] = ()) -> Sequence[str]:
    """What still differs after an apply, for people; programs hear it at once."""
    if reporter.options.command != "apply":
        return ()
    stack = f" --stack {session.environment.stack}" if session.environment.borrowed else ""
    target = f"-e {session.environment.name}{stack}"
    differs = outcomes.remainder(ended, plan, target, sources_of_edits(session, plan.rest, plan.applies))
    if differs:
        reporter.events(events.remainder(differs[0], " ".join(differs[1:])))
    return differs


def _end_without_writes(reporter: Reporter, plan: Plan, remainder: Sequence[str]) -> int:
    """Ends an apply that has nothing to write; markers alone are not worth a question."""
    if reporter.refused or (remainder and not plan.standing):
        reporter.text(f"\n{outcomes.closing((), plan, reporter.refused, remainder)}")
    if plan.standing:
        raise Failure("Blocked by an objection; nothing was changed.", "see the plan above")
    if plan.marks:
        reporter.text("With --auto-approve, or together with another change, an apply refreshes it.\n")
    reporter.events(events.closing((), "Nothing to do."))
    return 1 if reporter.refused else 0


def _earlier_creates(session: Session, plan: Plan) -> Earlier:
    """What was created from here lately, or may have been, where anything is to be created."""
    if all(change.action != "create" for change in plan.changes):
        return Earlier()
    return journal.earlier(session.connection.state_dir / journal.FOLDER, session.where, time.time())


def _report_stop(reporter: Reporter, stop: Stop) -> None:
    """Reports why it ended early, before all else: the reason may be that the rest cannot be written."""
    if stop.reason not in (None, INTERRUPTED):
        with suppress(BrokenPipeError):
            click.echo(f"Stopped early: {stop.reason}.", err=True)
        reporter.events(events.diagnostic("error", f"Stopped early: {stop.reason}."))


def _report_end(reporter: Reporter, plan: Plan, ended: Sequence[Outcome], stop: Stop, remainder: Sequence[str]) -> int:
    """Reports how it ended; the exit code."""
    notes = outcomes.after_changes(ended)
    closing = outcomes.closing(ended, plan, reporter.refused, (*notes, *remainder))
    reporter.text(f"\n{closing}")
    reporter.events(*(events.diagnostic("info", note) for note in notes))
    reporter.events(events.closing(ended, closing.splitlines()[-1]))
    if stop.reason == INTERRUPTED:
        return 130
    done = all(isinstance(outcome, Done) for outcome in ended)
    return 0 if done and stop.reason is None and not plan.standing and not reporter.refused else 1


def _begin_record(session: Session, options: ApplyOptions, run: RunContext, plan: Plan) -> journal.Journal:
    """The record of a run, begun before anything is written."""
    now = datetime.now(UTC)
    head = Head(
        run=journal.run_id(run.nonce, now),
        began=now.isoformat(timespec="seconds"),
        command=options.command,
        where=session.where,
        nonce=run.nonce,
        commit=run.commit,
        fingerprint=fingerprint(plan),
        rolls_back=options.rolls_back,
        rejected={str(address): digest for address, digest in run.rejected.items()},
        by=ci_context.actor() or _user(),
    )
    folder = session.connection.state_dir / journal.FOLDER
    try:
        return journal.Journal(folder, head, credentials.of_config(session.config))
    except OSError as error:
        remedy = "without a record nothing is written; name another folder with --state-dir"
        where = f": {error.filename}" if error.filename else ""
        raise Failure(f"Cannot record the run: {error.strerror}{where}.", remedy) from error


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run a user without a name
        return None


def _all_blocked(plan: Plan) -> Failure:
    codes = sorted({objection.code for objection in plan.standing} - NEVER_ALLOWED)
    override = f"; to override: {' '.join(f'--allow {code}' for code in codes)}" if codes else ""
    return Failure("Objections block every change; nothing was changed.", f"review them{override}")


def approve(options: ApplyOptions) -> bool:
    """Waits for a literal `yes`; anything else ends the command. Whether a person was asked."""
    if options.auto_approve:
        return False
    if options.as_json or not options.may_ask or not (sys.stdin and sys.stdin.isatty()):
        raise Failure("Approval requires a terminal; nothing was changed.", "after review, pass --auto-approve")
    click.echo("\nDo you want to perform these actions? Only `yes` will be accepted to approve.\n")
    if _typed("  Enter a value: ") != "yes":
        raise Failure("Apply cancelled; nothing was changed.")
    return True


def _typed(prompt: str) -> str:
    """What a person types; nothing else runs meanwhile, and Ctrl-C ends the command at once."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input(prompt)
    except EOFError:
        click.echo("")
        return ""
    except KeyboardInterrupt as interrupt:
        click.echo("")
        raise Failure("Interrupted; nothing was changed.", code=130) from interrupt
    finally:
        signal.signal(signal.SIGINT, before)
