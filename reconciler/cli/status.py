"""`reconciler status`: how everything stands, ours and unmanaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from reconciler.run.session import Session


@click.command("status")
@options.environment
@options.stack
@options.formats("text", "json", help="How to print it.")
@options.timeout
@options.state_dir
@options.colour
def command(
    environment: str | None,
    stack: str | None,
    format: str,
    timeout: float | None,
    state_dir: str | None,
    color: bool | None,
) -> int:
    """List the managed and unmanaged assistants, and what differs.

    Each assistant with its id, model, state (in sync, edited, drifted, conflict, to be created, to be deleted,
    unmanaged …) and the commit that it was applied from. Exits 0 whatever differs; `plan --detailed-exitcode` is
    for scripts.
    """
    from reconciler.run.session import in_loop, open_session

    session = open_session(environment, colour=color, owns=False, state=state_dir, stack=stack)
    return in_loop(_print, session, format, timeout=timeout)


async def _print(session: Session, format: str) -> int:
    from reconciler.console.credentials import hidden
    from reconciler.plan.make import make_plan
    from reconciler.plan.status import standings
    from reconciler.render import standings as shown
    from reconciler.run.plan_request import facts, warn_of_lists

    desired = session.desired(may_lack=True)
    async with session.provider() as provider:
        live = await session.live(provider)
        warn_of_lists(provider)
        plan = make_plan(desired, live, session.where, facts=facts(session, provider, live, desired))
    rows = hidden().deep(standings(plan, live))
    if format == "json":
        click.echo(shown.data(rows), nl=False)
        return 0
    click.echo(f"{session.title}, stack {session.where.stack}\n")
    click.echo(shown.table(rows, session.style), nl=False)
    return 0
