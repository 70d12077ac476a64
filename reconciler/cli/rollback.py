"""`reconciler rollback`: a plan back to how things were before a run, applied like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reconciler.model import Desired, Live, Plan
    from reconciler.plan.run_record import Past
    from reconciler.providers import Provider
    from reconciler.run.execute import ApplyOptions, Reporter
    from reconciler.run.plan_request import Request
    from reconciler.run.session import Session
    from reconciler.run.write_options import WriteOptions


@click.command("rollback")
@click.argument("names", nargs=-1, metavar="[RUN] | KEY... --to COMMIT")
@options.option("--from", "source", metavar="FILE", help="A record from elsewhere, such as one that CI kept.")
@options.option("--to", metavar="COMMIT", help="Have the assistants of these keys as the manifests at this commit say.")
@options.environment
@options.allow
@options.writing(events=True)
def command(
    *,
    names: tuple[str, ...],
    source: str | None,
    to: str | None,
    environment: str | None,
    allow: tuple[str, ...],
    hand: WriteOptions,
) -> int:
    """Restore the state before RUN (by default the last one), or with --to of a commit, through a plan like any other.

    What was updated is put back, what was deleted is created again under a new id, what was created is deleted.
    It only looks back: revert the commit in Git as well, or the next plan says `rolled-back`.

    With --to no record of a run is needed: the manifests at COMMIT are planned for the KEYS and globs named. A key
    that COMMIT does not have is deleted. COMMIT has to be in the history of what is checked out.
    """
    from reconciler.run.execute import ApplyOptions, telling
    from reconciler.run.plan_request import Request, allowed
    from reconciler.run.session import in_loop, open_session

    manner = ApplyOptions.by(
        hand,
        command="rollback",
        saved=True,
        beside=tuple(path for path in (source, hand.json_into) if path),
    )
    with telling(manner, colour=hand.colour) as told:
        _refuse_mixtures(names, source, to)
        if to is None:
            past = _past(names[0] if names else None, source, environment, hand.state_dir)
            told.manner = _rejecting(manner, past)
            name = environment or past.head.where.environment
            session = open_session(name, colour=hand.colour, owns=True, state=hand.state_dir)
            return in_loop(_roll_back, told, session, past, allowed(allow), timeout=hand.timeout)
        session = open_session(environment, colour=hand.colour, owns=True, state=hand.state_dir)
        request = Request(keys=names, allow=allowed(allow))
        return in_loop(_to_commit, told, session, to, request, timeout=hand.timeout)


def _refuse_mixtures(names: tuple[str, ...], source: str | None, to: str | None) -> None:
    from reconciler.console.failure import Failure

    if to is None and len(names) > 1:
        raise Failure("--to is missing.", "pass one run, or bring keys back to a commit: rollback KEY... --to COMMIT")
    if to is not None and source is not None:
        raise Failure("--to plans from Git alone: it does not go with --from.", "pass one of the two")
    if to == "":
        raise Failure("--to requires a commit.", "pass one that the history has, such as 1a2b3c4")
    if to is not None and not names:
        raise Failure("--to requires the keys to roll back.", "pass them; '*' selects all")


def _rejecting(manner: ApplyOptions, past: Past) -> ApplyOptions:
    from dataclasses import replace

    from reconciler.plan.rollback import rejected

    return replace(manner, rolls_back=past.head.run, rejected=rejected(past.steps))


async def _to_commit(told: Reporter, session: Session, to: str, request: Request) -> int:
    """Plans the manifests of an earlier commit for some keys, and applies that like any other plan."""
    from dataclasses import replace

    from reconciler.plan.rollback import rejected_by_state
    from reconciler.run.execute import plan_and_settle
    from reconciler.run.plan_request import judged

    now = session.desired()
    then, commit = _manifests_at(session, to)

    def planning(provider: Provider, live: Sequence[Live]) -> tuple[Plan, int]:
        plan = judged(session, provider, then, live, request)
        rejected = rejected_by_state(now, then, {change.address for change in plan.changes})
        told.manner = replace(told.manner, rolls_back=commit, commit=commit, rejected=rejected)
        revert = " Revert in Git what changed them since, as well." if rejected else ""
        return replace(plan, notes=(*plan.notes, f"The manifests of {commit} are planned.{revert}")), 0

    return await plan_and_settle(told, session, planning)


def _manifests_at(session: Session, to: str) -> tuple[tuple[Desired, ...], str]:
    """What the manifests of a commit in the history of HEAD say, and the commit."""
    from reconciler.console.failure import Failure
    from reconciler.run.base_plan import stated_at
    from reconciler.run.checkout import is_in_history
    from reconciler.run.revision import laid_out

    with laid_out(session.config.root, to) as revision:
        if not is_in_history(session.config.root, revision.commit):
            message = f"{to} is not in the history of what is checked out, so it is not an earlier state of it."
            raise Failure(
                message, "check that commit out and apply it; in a shallow clone, fetch all: `fetch-depth: 0`"
            )
        return stated_at(revision, session), revision.commit


def _past(run: str | None, source: str | None, environment: str | None, state_dir: str | None) -> Past:
    """The run that was named, else the last one that changed anything, of the environment if one was said."""
    import sys
    from pathlib import Path

    from reconciler.apply import journal
    from reconciler.console.credentials import of_config
    from reconciler.console.failure import Failure
    from reconciler.console.output import style_of
    from reconciler.run.lock import state_folder
    from reconciler.run.session import load

    config = load(style_of(sys.stdout, colour=None))
    secrets = of_config(config)
    try:
        if source is not None:
            return journal.read(Path(source), secrets)
        known = journal.paths(state_folder(config, state_dir) / journal.FOLDER)
        return _named(run, known, secrets) if run else _last(known, environment, secrets)
    except (journal.BadRecord, OSError) as error:
        raise Failure(str(error), "name another, of `reconciler history`") from error


def _named(run: str, known: list[Path], secrets: frozenset[str]) -> Past:
    from reconciler.apply import journal
    from reconciler.console.failure import Failure
    from reconciler.diagnostics import did_you_mean

    for path in known:
        if path.stem == run:
            return journal.read(path, secrets)
    meant = did_you_mean(run, [path.stem for path in known]) if known else "no run is recorded here"
    raise Failure(f"There is no run {run!r}.", f"{meant}; to roll back a key, pass --to COMMIT")


def _last(known: list[Path], environment: str | None, secrets: frozenset[str]) -> Past:
    from reconciler.apply import journal
    from reconciler.console.failure import Failure

    for path in reversed(known):
        past = journal.read(path, secrets)
        did_something = any(step.action != "mark" for step in past.steps)
        if did_something and environment in (None, past.head.where.environment):
            return past
    raise Failure("Nothing was applied from here yet.", "name a record with --from FILE")


async def _roll_back(told: Reporter, session: Session, past: Past, allow: frozenset[str]) -> int:
    from reconciler.console.failure import Failure
    from reconciler.plan.run_record import is_of
    from reconciler.run.execute import plan_and_settle

    there = past.head.where
    if not is_of(there, session.where):
        whose = f"{there.stack} in {there.environment} at {there.base_url}"
        raise Failure(f"Run {past.head.run} was of {whose}; nothing was changed.", "choose its environment with -e")
    return await plan_and_settle(
        told, session, lambda provider, live: (_planned(past, live, session, provider, allow), 0)
    )


def _planned(past: Past, live: Sequence[Live], session: Session, provider: Provider, allow: frozenset[str]) -> Plan:
    from dataclasses import replace

    from reconciler.plan.guards import PlanContext, unreliable_lists, with_allowed, wrong_project
    from reconciler.plan.rollback import undo

    where, known = session.where, PlanContext(answered_project=provider.project, unreliable=provider.unreliable)
    plan = undo(past.steps, past.head.nonce, live, where, past.head.run, session.environment.limits)
    found = (*plan.objections, *wrong_project(plan.changes, where, known), *unreliable_lists(plan.changes, known))
    return replace(plan, objections=with_allowed(found, allow), notes=(*plan.notes, _in_git(past)))


def _in_git(past: Past) -> str:
    commit = past.head.commit
    if commit is None:
        return "The run was made without Git: change the manifests back as well."
    if commit.endswith("+dirty"):
        return "The run was made from files that were not committed: change them back as well."
    return f"In Git this belongs to it: git revert {commit}"
