"""`reconciler forget`: lets go of assistants without deleting them, through a plan like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model import Live, Plan
    from reconciler.providers import Provider
    from reconciler.run.execute import Reporter
    from reconciler.run.session import Session
    from reconciler.run.write_options import WriteOptions


@click.command("forget")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@options.environment
@options.writing()
def command(*, keys: tuple[str, ...], environment: str | None, hand: WriteOptions) -> int:
    """Stop managing assistants without deleting them.

    Takes our marker off; the assistants stay as they are and are unmanaged from then on. Take their manifests
    away too, or the next plan asks whether they are to be created again.
    """
    from reconciler.run.execute import ApplyOptions, telling
    from reconciler.run.session import in_loop, open_session

    manner = ApplyOptions.by(hand, command="forget")
    with telling(manner, colour=hand.colour) as told:
        session = open_session(environment, colour=hand.colour, owns=True, state=hand.state_dir)
        return in_loop(_forget, told, session, keys, timeout=hand.timeout)


async def _forget(told: Reporter, session: Session, keys: tuple[str, ...]) -> int:
    from reconciler.plan.make import forgetting, make_plan
    from reconciler.run.execute import plan_and_settle
    from reconciler.run.plan_request import addresses, matching, warn_of_lists

    def planning(provider: Provider, live: Sequence[Live]) -> tuple[Plan, int]:
        warn_of_lists(provider)
        chosen, _ = matching(keys, addresses(session, (), live), session.title)
        return forgetting(make_plan((), live, session.where), live, session.where, chosen), 0

    return await plan_and_settle(told, session, planning)
