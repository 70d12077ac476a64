"""`reconciler apply`: the plan, once more, and then exactly that."""

from __future__ import annotations

import click

from reconciler.cli import options


@click.command("apply")
@click.argument("keys", nargs=-1)
@options.environment
@options.auto_approve
@options.allow
@options.parallelism
@options.interactive
@options.colour
def command(
    keys: tuple[str, ...],
    environment: str | None,
    auto_approve: bool,
    allow: tuple[str, ...],
    parallelism: int,
    input: bool,
    color: bool | None,
) -> int:
    """Do what the plan says, once somebody approved it.

    Shows the plan and asks; only a literal `yes` approves. What an objection holds back is not done unless
    `--allow CODE` lets it pass; the rest is. Exits 1 if anything failed, did not settle or was held back.
    """
    from reconciler.cli.applying import Approval, carry_out
    from reconciler.cli.planning import Request, allowed
    from reconciler.cli.session import in_loop, open_session

    request = Request(keys=keys, allow=allowed(allow))
    session = open_session(environment, colour=color, writes=True)
    approval = Approval(given=auto_approve, may_ask=input)
    return in_loop(carry_out, session, request, approval, parallelism)
