"""`reconciler forget`: lets go of assistants without deleting them, through a plan like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from reconciler.cli.applying import Approval
    from reconciler.cli.session import Session


@click.command("forget")
@click.argument("keys", nargs=-1, required=True, metavar="KEY...")
@options.environment
@options.auto_approve
@options.parallelism
@options.interactive
@options.colour
def command(
    keys: tuple[str, ...],
    environment: str | None,
    auto_approve: bool,
    parallelism: int,
    input: bool,
    color: bool | None,
) -> int:
    """Let go of assistants without deleting them.

    Takes our marker off; the assistants stay as they are and are unmanaged from then on. Take their manifests
    away too, or the next plan asks whether they are to be created again.
    """
    from reconciler.cli.applying import Approval
    from reconciler.cli.session import in_loop, open_session

    session = open_session(environment, colour=color, writes=True)
    return in_loop(_forget, session, keys, Approval(given=auto_approve, may_ask=input), parallelism)


async def _forget(session: Session, keys: tuple[str, ...], approval: Approval, parallelism: int) -> int:
    from reconciler.cli.applying import settle
    from reconciler.cli.planning import addresses, show
    from reconciler.cli.session import matching
    from reconciler.plan import forgetting, make_plan

    async with session.provider() as provider:
        live = await session.live(provider)
        chosen, _ = matching(keys, addresses(session, (), live))
        plan = forgetting(make_plan((), live, session.where), live, session.where, [one.key for one in chosen])
        show(plan, "text", session.style)
        return await settle(session, provider, plan, approval, parallelism)
