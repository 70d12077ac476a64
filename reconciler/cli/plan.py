"""`reconciler plan`: what an apply would do, and why; it never writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from reconciler.cli.planning import Request
    from reconciler.cli.session import Session
    from reconciler.model import Plan


@click.command("plan")
@click.argument("keys", nargs=-1)
@options.environment
@options.stack
@options.formats("text", "markdown", "json", help="How to show it.")
@options.option("--out", metavar="FILE", help="Save the plan there as well, for review and for `show`.")
@options.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending, 3 when one is objected to.")
@options.option("--drift", is_flag=True, help="Show and judge only what somebody changed behind Git's back.")
@options.allow
@options.parallelism
@options.timeout
@options.state_dir
@options.interactive
@options.colour
def command(
    keys: tuple[str, ...],
    environment: str | None,
    stack: str | None,
    format: str,
    out: str | None,
    detailed_exitcode: bool,
    drift: bool,
    allow: tuple[str, ...],
    parallelism: int,
    timeout: float | None,
    state_dir: str | None,
    input: bool,
    color: bool | None,
) -> int:
    """Show what an apply would do.

    KEYS and globs (`hr-*`) narrow the plan; deletes are only taken in where a key names them exactly.
    """
    from reconciler.cli.planning import Request, allowed, save, show
    from reconciler.cli.session import in_loop, open_session

    request = Request(keys=keys, allow=allowed(allow), drift=drift)
    session = open_session(environment, colour=color, writes=False, state=state_dir, stack=stack)
    plan = in_loop(_planned, session, request, timeout=timeout)
    show(plan, format, session.style)
    if out is not None:
        save(plan, out)
    if not detailed_exitcode:
        return 0
    return 3 if plan.standing else 2 if plan.changes else 0


async def _planned(session: Session, request: Request) -> Plan:
    from reconciler.cli.planning import planned

    desired = session.desired()
    async with session.provider() as provider:
        return await planned(session, provider, desired, request)
