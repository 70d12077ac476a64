"""`reconciler output`: keys and ids, for programs that have to name an assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console import credentials
from reconciler.github import ci_output_guard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model import Address, Live
    from reconciler.run.session import Session


@click.command("output")
@click.argument("key", required=False)
@options.environment
@options.stack
@options.formats("text", "json", "env", "csv", help="How to print them.")
@options.state_dir
@options.colour
def command(
    key: str | None,
    environment: str | None,
    stack: str | None,
    format: str,
    state_dir: str | None,
    color: bool | None,
) -> int:
    """Print the keys and ids of managed assistants.

    With KEY, only its id. `env` prints lines like ASSISTANT_HR_HELPER=asst_abc123.
    """
    from reconciler.run.session import in_loop, open_session

    ci_output_guard.says_data()
    session = open_session(environment, colour=color, owns=False, state=state_dir, stack=stack)
    return in_loop(_print, session, key, format)


async def _print(session: Session, key: str | None, format: str) -> int:
    from reconciler.console.failure import Failure
    from reconciler.diagnostics import did_you_mean
    from reconciler.model import Marker
    from reconciler.plan.ownership import ours_by_address
    from reconciler.render.listing import LISTINGS, same_variable
    from reconciler.run.plan_request import warn_of_lists

    async with session.provider() as provider:
        live = credentials.hidden().deep(await session.live(provider), (Marker,))
        warn_of_lists(provider)
    click.echo(f"# {session.title}, stack {session.where.stack}", err=True)
    rows = ours_by_address(live, session.where)
    doubled = sorted({str(a) for i, (a, _) in enumerate(rows) if i and rows[i - 1][0] == a})
    if doubled:
        raise Failure(f"Several live objects carry one address: {', '.join(doubled)}.", "`reconciler plan` names them")
    if format != "json":
        _refuse_what_acts(rows)
    if key is None:
        hidden = [" and ".join(map(str, addresses)) for addresses in same_variable(rows)] if format == "env" else []
        if hidden:
            raise Failure(f"One variable would stand for several: {'; '.join(hidden)}.", "use --format json or csv")
        click.echo(LISTINGS[format](rows), nl=False)
        return 0
    for address, one in rows:
        if key in (address.key, str(address)):
            click.echo(one.id)
            return 0
    raise Failure(
        f"No managed assistant has the key {key!r} in {session.title}.", did_you_mean(key, [a.key for a, _ in rows])
    )


def _refuse_what_acts(rows: Sequence[tuple[Address, Live]]) -> None:
    """Ends the command where an id would be more than an id to a terminal or to the runner of a CI."""
    from reconciler.console.failure import Failure
    from reconciler.render.values import one_line

    for address, one in rows:
        if one_line(one.id) != one.id:
            raise Failure(f"The id of {address} is none to print: {one_line(one.id)}.", "--json prints it harmlessly")
