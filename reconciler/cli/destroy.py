"""`reconciler destroy`: everything of a throw-away stack, through a plan like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from reconciler.cli.applying import Telling
    from reconciler.cli.session import Session
    from reconciler.model import Plan


_EMPTY = "no-manifests"


@click.command("destroy")
@options.option("--stack", metavar="NAME", required=True, help="The stack whose assistants are to go.")
@options.environment
@options.allow
@options.writing(events=True)
def command(*, stack: str, environment: str | None, allow: tuple[str, ...], hand: options.Hand) -> int:
    """Delete everything that a stack owns here, as if its folder of manifests were empty.

    Meant for throw-away copies that `apply --stack NAME` made. It is guarded like any delete: more than a fifth at
    once wants `--allow too-many-deletes`, and what was applied with `on_removal` is kept or refused.
    """
    from reconciler.cli.applying import Manner, telling
    from reconciler.cli.planning import allowed
    from reconciler.cli.session import in_loop, open_session

    manner = Manner.by(hand, command="destroy", beside=(hand.json_into,) if hand.json_into else ())
    with telling(manner, hand.colour) as told:
        session = open_session(environment, colour=hand.colour, writes=True, state=hand.state_dir, stack=stack)
        return in_loop(_destroy, told, session, allowed(allow), timeout=hand.timeout)


async def _destroy(told: Telling, session: Session, allow: frozenset[str]) -> int:
    from reconciler.cli.applying import clock, settle
    from reconciler.cli.lock import only_one
    from reconciler.cli.planning import Request, planned

    with only_one(session.connection.state_dir):
        async with session.provider() as provider:
            observed_at = clock()
            plan = _meant(await planned(session, provider, (), Request(allow=allow | {_EMPTY})))
            told.plan(plan)
            return await settle(told, session, provider, plan, observed_at)


def _meant(plan: Plan) -> Plan:
    """The plan without the objection that nothing is desired: that is what was asked for; and whether there is any."""
    from dataclasses import replace

    none = () if plan.changes else (f"Nothing here is of stack `{plan.where.stack}`.",)
    objections = tuple(objection for objection in plan.objections if objection.code != _EMPTY)
    return replace(plan, objections=objections, notes=(*plan.notes, *none))
