"""`reconciler destroy`: everything of a preview stack, through a plan like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.github.closed_pulls import Preview
    from reconciler.model import Live, Plan
    from reconciler.run.execute import Reporter
    from reconciler.run.session import Session
    from reconciler.run.write_options import WriteOptions


_EMPTY = "no-manifests"
_MOST = 20
"""Preview stacks that one run destroys; the next run goes on."""


@click.command("destroy")
@options.option("--stack", metavar="NAME", required=True, help="The stack whose assistants are to be destroyed.")
@options.option(
    "--closed-pulls",
    is_flag=True,
    help="A `*` in --stack stands for the number of a pull request: destroy the stacks of those that are closed or have"
    " conflicts.",
)
@options.environment
@options.allow
@options.writing(events=True)
def command(
    *, stack: str, closed_pulls: bool, environment: str | None, allow: tuple[str, ...], hand: WriteOptions
) -> int:
    """Delete everything that a stack owns here, as if its folder of manifests were empty.

    Meant for preview stacks that `apply --stack NAME` made. It is guarded like any delete: more than a fifth at
    once needs `--allow too-many-deletes`, and what was applied with `on_removal` is kept or refused.

    With --closed-pulls the code host is asked which pull requests are still open: for a scheduled job.
    """
    from reconciler.run.execute import ApplyOptions, telling
    from reconciler.run.plan_request import allowed
    from reconciler.run.session import in_loop, open_session

    manner = ApplyOptions.by(hand, command="destroy", beside=(hand.json_into,) if hand.json_into else ())
    with telling(manner, colour=hand.colour) as told:
        if closed_pulls:
            session = open_session(environment, colour=hand.colour, owns=True, state=hand.state_dir)
            return _destroy_closed(told, session, allowed(allow), stack, hand.timeout)
        session = open_session(environment, colour=hand.colour, owns=True, state=hand.state_dir, stack=stack)
        return in_loop(_destroy, told, session, allowed(allow), timeout=hand.timeout)


async def _destroy(told: Reporter, session: Session, allow: frozenset[str]) -> int:
    from reconciler.run.execute import plan_and_settle
    from reconciler.run.plan_request import Request, judged

    request = Request(allow=allow | {_EMPTY})
    return await plan_and_settle(
        told, session, lambda provider, live: (_meant(judged(session, provider, (), live, request)), 0)
    )


def _meant(plan: Plan) -> Plan:
    """The plan without the objection that nothing is desired: that is what was asked for; and whether there is any."""
    from dataclasses import replace

    none = () if plan.changes else (f"Nothing here is of stack `{plan.where.stack}`.",)
    objections = tuple(objection for objection in plan.objections if objection.code != _EMPTY)
    return replace(plan, objections=objections, notes=(*plan.notes, *none))


def _destroy_closed(
    told: Reporter, session: Session, allow: frozenset[str], pattern: str, timeout: float | None
) -> int:
    """Destroys the preview stacks whose pull requests are closed or have conflicts; one that fails stops no other."""
    unneeded = _unneeded(told, session, pattern, timeout)
    codes = [_destroy_one(told, session, preview, allow, timeout) for preview in unneeded[:_MOST]]
    left = len(unneeded) - len(codes)
    failed = sum(code != 0 for code in codes)
    parts = [
        f"Destroyed {len(codes) - failed} preview stack{'s' * (len(codes) - failed != 1)}.",
        *([f"{failed} failed, see above."] if failed else []),
        *([f"The next run destroys {left} more: one run destroys at most {_MOST}."] if left else []),
    ]
    told.text(f"\n{' '.join(parts)}\n")
    return max(codes, default=0)


def _unneeded(told: Reporter, session: Session, pattern: str, timeout: float | None) -> Sequence[Preview]:
    """The preview stacks to be destroyed; says of each that is live what becomes of it, and why."""
    from reconciler.github import ci_context
    from reconciler.github.closed_pulls import judged, previews
    from reconciler.run.session import in_loop

    pattern = session.environment.stack_from(pattern)
    live = in_loop(_live, session, timeout=timeout)
    found = previews(live, session.environment, pattern, session.config)
    told.text(f"{session.title}: {len(found)} preview stack{'s' * (len(found) != 1)} like {pattern}.\n")
    unneeded = []
    if found:
        with ci_context.asking() as place:
            for preview, is_unneeded, why in judged(place, found):
                fate = "to be destroyed" if is_unneeded else "left alone"
                told.text(f"  {preview.stack}: #{preview.pull} {why}; {fate}.\n")
                unneeded += [preview] if is_unneeded else []
    return unneeded


async def _live(session: Session) -> Sequence[Live]:
    async with session.provider() as provider:
        return await session.live(provider)


def _destroy_one(
    told: Reporter, session: Session, preview: Preview, allow: frozenset[str], timeout: float | None
) -> int:
    """Destroys one preview stack as `destroy --stack NAME` does, and has the comment about it say so."""
    from dataclasses import replace
    from io import StringIO

    from reconciler.run.session import owned_by

    environment = owned_by(preview.stack, session.environment)
    where = replace(session.where, stack=environment.stack, former_stacks=())
    told.text("\n")
    kept = StringIO()
    told.open(kept)
    code = _code(told, replace(session, environment=environment, where=where), allow, timeout)
    told.streams.pop()
    _comment(preview, where.environment, kept.getvalue())
    return code


def _code(told: Reporter, session: Session, allow: frozenset[str], timeout: float | None) -> int:
    from reconciler.console.failure import Failure
    from reconciler.render import events
    from reconciler.run.session import in_loop

    try:
        return in_loop(_destroy, told, session, allow, timeout=timeout)
    except Failure as failure:
        failure.show()
        told.events(events.diagnostic("error", failure.message, failure.remedy))
        return failure.code


def _comment(preview: Preview, environment: str, events: str) -> None:
    """Carries on the comment about the preview; where that cannot be done, what was destroyed is so all the same."""
    from reconciler.cli.comment import say
    from reconciler.console.failure import Failure
    from reconciler.github import ci_context
    from reconciler.github.comment_content import CommentRequest, about_places

    telling = CommentRequest("ended", applying=False, text=events, run=ci_context.run_id(), url=ci_context.run_url())
    try:
        say([about_places((environment,), preview.stack, telling)], preview.pull, None, dry_run=False)
    except Failure as failure:
        failure.show()
