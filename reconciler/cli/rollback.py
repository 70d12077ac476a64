"""`reconciler rollback`: a plan back to how things were before a run, applied like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.cli.applying import Manner
    from reconciler.cli.session import Session
    from reconciler.past import Past


@click.command("rollback")
@click.argument("run", required=False)
@options.option("--from", "source", metavar="FILE", help="A record from elsewhere, such as one that CI kept.")
@options.environment
@options.auto_approve
@options.allow
@options.option("--json", "as_json", is_flag=True, help="Tell what happens as JSON lines; needs --auto-approve.")
@options.option("--json-into", metavar="FILE", help="Write the same JSON lines to a file.")
@options.parallelism
@options.timeout
@options.state_dir
@options.interactive
@options.colour
def command(
    run: str | None,
    source: str | None,
    environment: str | None,
    auto_approve: bool,
    allow: tuple[str, ...],
    as_json: bool,
    json_into: str | None,
    parallelism: int,
    timeout: float | None,
    state_dir: str | None,
    input: bool,
    color: bool | None,
) -> int:
    """Plan back to how things were before RUN (by default the last one), and apply that.

    What was updated is put back, what was deleted is created again under a new id, what was created is deleted.
    It only looks back: revert the commit in Git as well, or the next plan says `rolled-back`.
    """
    import sys

    from reconciler.cli.applying import Manner
    from reconciler.cli.planning import allowed
    from reconciler.cli.session import in_loop, load, open_session, state_folder, style_of
    from reconciler.model import Address
    from reconciler.undo import rejected

    past = _past(run, source, state_folder(load(style_of(sys.stdout, color)), state_dir))
    session = open_session(environment or past.head.where.environment, colour=color, writes=True, state=state_dir)
    kinds = {step.address: Address(step.kind, step.key) for step in past.steps}
    manner = Manner(
        approved=auto_approve,
        may_ask=input,
        parallelism=parallelism,
        as_json=as_json,
        json_into=json_into,
        command="rollback",
        saved=True,
        rolls_back=past.head.run,
        rejected={kinds[address]: digest for address, digest in rejected(past.steps).items()},
    )
    return in_loop(_roll_back, session, past, manner, allowed(allow), timeout=timeout)


def _past(run: str | None, source: str | None, folder: Path) -> Past:
    from pathlib import Path

    from reconciler import history
    from reconciler.cli.failure import Failure
    from reconciler.diagnostics import did_you_mean

    known = {path.stem: path for path in history.paths(folder / history.FOLDER)}
    if source is None and not known:
        raise Failure("Nothing was applied from here yet.", "name a record with --from FILE")
    name = run or max(known, default="")
    path = Path(source) if source is not None else known.get(name)
    if path is None:
        raise Failure(f"There is no run {name!r}.", did_you_mean(name, known))
    try:
        return history.read(path)
    except history.BadRecord as error:
        raise Failure(str(error), "another one, by `reconciler history`") from error


async def _roll_back(session: Session, past: Past, manner: Manner, allow: frozenset[str]) -> int:
    from dataclasses import replace

    from reconciler.cli.applying import clock, settle, telling
    from reconciler.cli.failure import Failure
    from reconciler.cli.lock import only_one
    from reconciler.undo import undo

    there = past.head.where
    if (there.stack, there.base_url) != (session.where.stack, session.where.base_url):
        raise Failure(
            f"Run {past.head.run} was of {there.stack} at {there.base_url}.", "choose its environment with -e"
        )
    with telling(session, manner) as told, only_one(session.connection.state_dir):
        async with session.provider() as provider:
            observed_at = clock()
            live = await session.live(provider)
            plan = undo(past.steps, past.head.nonce, live, session.where, past.head.run)
            objections = tuple(replace(o, allowed=o.code in allow) for o in plan.objections)
            told.plan(replace(plan, objections=objections, notes=(*plan.notes, _in_git(past))))
            return await settle(told, provider, replace(plan, objections=objections), observed_at)


def _in_git(past: Past) -> str:
    commit = past.head.commit
    if commit is None:
        return "The run was made without Git: change the manifests back as well."
    if commit.endswith("+dirty"):
        return "The run was made from files that were not committed: change them back as well."
    return f"In Git this belongs to it: git revert {commit}"
