"""Asking, and then carrying out: what apply, forget and rollback share."""

from __future__ import annotations

import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, TypeAlias

import click

from reconciler.apply import journal
from reconciler.apply.engine import PARALLELISM, Listener, RunContext, Stop, apply
from reconciler.console import credentials
from reconciler.console.failure import Failure
from reconciler.console.output import style_of
from reconciler.model import Address, Done, Live, Outcome, Plan
from reconciler.plan.changes import fingerprint
from reconciler.plan.guards import NEVER_ALLOWED
from reconciler.plan.run_record import Earlier, Head
from reconciler.providers import Provider
from reconciler.render import FORMATS, Style, document, events, hidden, outcomes
from reconciler.run.checkout import commit
from reconciler.run.interrupts import INTERRUPTED, interruptible, terminable
from reconciler.run.lineage import brought
from reconciler.run.lock import only_one
from reconciler.run.progress import All, Events, watch
from reconciler.run.session import Session
from reconciler.run.write_options import WriteOptions


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """How a plan is to be carried out, and who is told."""

    approved: bool = False
    may_ask: bool = True
    parallelism: int = PARALLELISM
    as_json: bool = False
    json_into: str | None = None
    command: str = "apply"
    saved: bool = False
    """Whether what is carried out was planned at another time."""
    beside: tuple[str, ...] = ()
    """Files that the command itself reads or writes, which belong to no commit."""
    commit: str | None = None
    """The commit whose manifests are applied, where it is not the one that is checked out."""
    rolls_back: str | None = None
    rejected: Mapping[Address, str] = field(default_factory=dict)

    @staticmethod
    def by(hand: WriteOptions, **more: Any) -> ApplyOptions:
        """The manner that was asked for on the command line, and what the command adds."""
        asked = {
            "approved": hand.auto_approve,
            "may_ask": hand.may_ask,
            "parallelism": hand.parallelism,
            "as_json": hand.as_json,
            "json_into": hand.json_into,
        }
        return ApplyOptions(**{**asked, **more})


@dataclass(slots=True)
class Reporter:
    """Where a plan and what becomes of it are told: to people, to programs, or both."""

    manner: ApplyOptions
    style: Style
    streams: list[Events] = field(default_factory=list)

    def open(self, stream: IO[str]) -> None:
        """Tells programs from now on too, beginning with who speaks."""
        self.streams.append(Events(stream))
        self.streams[-1].say(events.version())

    def plan(self, plan: Plan) -> None:
        """Shows what is about to be done."""
        self.text(FORMATS["text"](hidden(document(plan), credentials.hidden()), self.style))
        self.events(*events.planned(plan))

    def text(self, text: str) -> None:
        """Says something to people."""
        if not self.manner.as_json:
            click.echo(text, nl=False)

    def events(self, *told: events.Event) -> None:
        """Says something to programs."""
        for stream in self.streams:
            for event in told:
                stream.say(event)

    @contextmanager
    def listeners(self, plan: Plan) -> Iterator[list[Listener]]:
        """Everybody who watches."""
        listening: list[Listener] = [*self.streams]
        if self.manner.as_json:
            yield listening
            return
        with watch(plan, self.style) as display:
            yield [*listening, display]


@contextmanager
def telling(manner: ApplyOptions, *, colour: bool | None) -> Iterator[Reporter]:
    """Opens the streams that were asked for; how a command fails is told to programs too."""
    told = Reporter(manner, style_of(sys.stdout, colour=colour))
    with terminable(), ExitStack() as stack:
        try:
            if manner.as_json:
                told.open(sys.stdout)
            if manner.json_into is not None:
                told.open(stack.enter_context(_opened(manner.json_into)))
            yield told
        except Failure as failure:
            with suppress(OSError):
                told.events(events.diagnostic("error", failure.message, failure.remedy))
            raise
        except KeyboardInterrupt:
            with suppress(OSError):
                told.events(events.diagnostic("error", "Interrupted."))
            raise


Planning: TypeAlias = Callable[[Provider, Sequence[Live]], tuple[Plan, int]]
"""What a command makes of what is live: the plan to carry out, and how many changes it refused before."""


async def plan_and_settle(told: Reporter, session: Session, planning: Planning) -> int:
    """Plans over what is live, shows it and carries it out, as the only one in this checkout."""
    with only_one(session.connection.state_dir):
        async with session.provider() as provider:
            observed_at = clock()
            plan, refused = planning(provider, await session.live(provider))
            told.plan(plan)
            return await confirm_and_apply(told, session, provider, plan, observed_at, refused)


async def confirm_and_apply(
    told: Reporter,
    session: Session,
    provider: Provider,
    plan: Plan,
    observed_at: float,
    refused: int = 0,
    also: Sequence[Listener] = (),
) -> int:
    """Carries out a plan that was shown, if it may be; the exit code says whether all of it is done.

    `refused` counts what was turned away before: it is part of how the apply ends. `also` watch it.
    """
    if not plan.changes and not (plan.marks and told.manner.approved):
        return _nothing(told, plan, refused, _left(told, session, plan))
    asked = False
    if plan.changes:
        refuse_what_is_held(plan)
        asked = approve(told.manner)
    told.text("\n")
    run = RunContext(
        nonce=secrets.token_hex(4),
        commit=told.manner.commit or commit(session.config.root, told.manner.beside),
        reread=asked or told.manner.saved,
        observed_at=observed_at,
        rejected=told.manner.rejected,
        earlier=_earlier(session, plan),
    )
    stop = Stop()
    found = await _applied(told, session, provider, plan, run, stop, also)
    _why_it_stopped(told, stop)
    return _closed(told, plan, found, stop, refused, _left(told, session, plan, found))


def _left(told: Reporter, session: Session, plan: Plan, found: Sequence[Outcome] = ()) -> Sequence[str]:
    """What still differs after an apply, for people; programs are told at once."""
    if told.manner.command != "apply":
        return ()
    stack = f" --stack {session.environment.stack}" if session.environment.borrowed else ""
    where = f"-e {session.environment.name}{stack}"
    left = outcomes.remainder(found, plan, where, brought(session, plan.rest, plan.applies))
    if left:
        told.events(events.remainder(left[0], " ".join(left[1:])))
    return left


def _nothing(told: Reporter, plan: Plan, refused: int, left: Sequence[str]) -> int:
    """Ends an apply that has nothing to write; markers alone are not worth asking anybody."""
    if refused or (left and not plan.standing):
        told.text(f"\n{outcomes.closing((), plan, refused, left)}")
    if plan.standing:
        raise Failure("An objection stands; nothing was changed.", "look at what is said above")
    if plan.marks:
        told.text("With --auto-approve, or beside another change, an apply refreshes it.\n")
    told.events(events.closing((), "Nothing to do."))
    return 1 if refused else 0


def _earlier(session: Session, plan: Plan) -> Earlier:
    """What was created from here lately, or may have been, where anything is to be created."""
    if all(change.action != "create" for change in plan.changes):
        return Earlier()
    return journal.earlier(session.connection.state_dir / journal.FOLDER, session.where, time.time())


async def _applied(
    told: Reporter,
    session: Session,
    provider: Provider,
    plan: Plan,
    run: RunContext,
    stop: Stop,
    also: Sequence[Listener],
) -> Sequence[Outcome]:
    with record(session, told.manner, run, plan) as kept, told.listeners(plan) as listeners:
        async with interruptible(stop):
            watching = All([kept, *listeners, *also])
            found = await apply(plan, provider, run, watching, parallelism=told.manner.parallelism, stop=stop)
    if kept.broken is not None:
        stop.softly(f"progress cannot be recorded: {kept.broken.strerror}")
    return found


def _why_it_stopped(told: Reporter, stop: Stop) -> None:
    """Says why it ended before its time, before all else: the reason may be that nobody hears the rest."""
    if stop.reason not in (None, INTERRUPTED):
        why = f"Stopped early: {stop.reason}."
        click.echo(why, err=True)
        told.events(events.diagnostic("error", why))


def _closed(told: Reporter, plan: Plan, found: Sequence[Outcome], stop: Stop, refused: int, left: Sequence[str]) -> int:
    """Says how it ended; the exit code."""
    closing = outcomes.closing(found, plan, refused, left)
    told.text(f"\n{closing}")
    told.events(events.closing(found, closing.splitlines()[-1]))
    if stop.reason == INTERRUPTED:
        return 130
    done = all(isinstance(outcome, Done) for outcome in found)
    return 0 if done and stop.reason is None and not plan.standing and not refused else 1


def record(session: Session, manner: ApplyOptions, run: RunContext, plan: Plan) -> journal.Journal:
    """The record of a run, begun before anything is written."""
    now = datetime.now(UTC)
    head = Head(
        run=journal.run_id(run.nonce, now),
        began=now.isoformat(timespec="seconds"),
        command=manner.command,
        where=session.where,
        nonce=run.nonce,
        commit=run.commit,
        fingerprint=fingerprint(plan),
        rolls_back=manner.rolls_back,
        rejected={str(address): digest for address, digest in run.rejected.items()},
    )
    try:
        return journal.Journal(
            session.connection.state_dir / journal.FOLDER, head, credentials.of_config(session.config)
        )
    except OSError as error:
        remedy = "without a record nothing is written; name another folder with --state-dir"
        where = f": {error.filename}" if error.filename else ""
        raise Failure(f"Cannot record the run: {error.strerror}{where}.", remedy) from error


def refuse_what_is_held(plan: Plan) -> None:
    """Ends the command where objections leave nothing to do."""
    if plan.ready or not plan.standing:
        return
    found = sorted({objection.code for objection in plan.standing} - NEVER_ALLOWED)
    codes = f"; to override: {' '.join(f'--allow {code}' for code in found)}" if found else ""
    raise Failure("Objections block every change; nothing was changed.", f"review them{codes}")


def approve(manner: ApplyOptions) -> bool:
    """Waits for a literal `yes`; anything else ends the command. Whether a person was asked."""
    if manner.approved:
        return False
    if manner.as_json or not manner.may_ask or not (sys.stdin and sys.stdin.isatty()):
        raise Failure("Approval requires a terminal; nothing was changed.", "after review, pass --auto-approve")
    click.echo("\nDo you want to perform these actions? Only `yes` will be accepted to approve.\n")
    if _answer("  Enter a value: ") != "yes":
        raise Failure("Apply cancelled; nothing was changed.")
    return True


def _answer(prompt: str) -> str:
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


def clock() -> float:
    """The clock by which readings grow old."""
    return time.monotonic()


def _opened(path: str) -> IO[str]:
    try:
        return open(path, "w", encoding="utf-8")  # noqa: PTH123  # closed by the stack that it enters
    except OSError as error:
        raise Failure(f"Cannot write events to {path}: {error.strerror}.", "nothing was changed") from error
