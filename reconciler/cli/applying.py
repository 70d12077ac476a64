"""Asking, and then carrying out: what apply and forget share."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass

import anyio.to_thread
import click

from reconciler.cli.checkout import commit
from reconciler.cli.failure import Failure
from reconciler.cli.planning import Request, planned, show
from reconciler.cli.progress import watch
from reconciler.cli.session import Session
from reconciler.model import Done, Plan
from reconciler.providers import Provider
from reconciler.reconcile import Run, apply
from reconciler.render import outcomes


@dataclass(frozen=True, slots=True)
class Approval:
    """Whether somebody said yes already, and whether anybody may be asked."""

    given: bool
    may_ask: bool


async def carry_out(session: Session, request: Request, approval: Approval, parallelism: int) -> int:
    """Plans, shows, asks, applies; the exit code says whether all of it is done."""
    desired = session.desired()
    async with session.provider() as provider:
        plan = await planned(session, provider, desired, request)
        show(plan, "text", session.style)
        return await settle(session, provider, plan, approval, parallelism)


async def settle(session: Session, provider: Provider, plan: Plan, approval: Approval, parallelism: int) -> int:
    """Carries out a plan that was shown, if it may be."""
    if not plan.changes and not plan.marks:
        return 1 if plan.standing else 0
    if plan.changes:
        refuse_what_is_held(plan)
        await approve(approval)
    run = Run(nonce=secrets.token_hex(4), commit=commit(session.config.root))
    with watch(plan, session.style) as listener:
        found = await apply(plan, provider, run, listener, parallelism=parallelism)
    click.echo("")
    click.echo(outcomes.closing(found, plan), nl=False)
    return 0 if all(isinstance(outcome, Done) for outcome in found) and not plan.standing else 1


def refuse_what_is_held(plan: Plan) -> None:
    """Ends the command where objections leave nothing to do."""
    if plan.ready or not plan.standing:
        return
    codes = " ".join(f"--allow {code}" for code in sorted({objection.code for objection in plan.standing}))
    raise Failure(
        "Objections hold back every change; nothing was changed.", f"look at each; then, if it is right: {codes}"
    )


async def approve(approval: Approval) -> None:
    """Waits for a literal `yes`; anything else ends the command."""
    if approval.given:
        return
    if not approval.may_ask or not sys.stdin.isatty():
        raise Failure("Nobody can be asked here; nothing was changed.", "say --auto-approve once the plan was reviewed")
    click.echo("\nDo you want to perform these actions? Only `yes` will be accepted to approve.\n")
    answer = await anyio.to_thread.run_sync(input, "  Enter a value: ", abandon_on_cancel=True)
    if answer != "yes":
        raise Failure("Apply cancelled; nothing was changed.")
    click.echo("")
