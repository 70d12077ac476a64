"""Stop managing objects, or delete those of a preview stack: plans that need no manifests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

from reconciler.console.failure import Failure
from reconciler.github import ci_context
from reconciler.github.closed_pulls import Preview, preview_fates, previews
from reconciler.github.comment_content import CommentRequest, content_without_plan
from reconciler.github.comment_posting import post_comment
from reconciler.model import Live, Plan
from reconciler.plan.make import forgetting, make_plan
from reconciler.providers import Provider
from reconciler.render import events
from reconciler.render.sentences import count
from reconciler.run.addressing import addresses_named
from reconciler.run.execute import plan_and_apply
from reconciler.run.missing_apis import stop_at_missing
from reconciler.run.planning import PlanRequest, destruction, known_addresses
from reconciler.run.reporter import Reporter
from reconciler.run.session import Session, run_async, warn_of_lists, with_stack

MOST = 20
"""Preview stacks that one run destroys; the next run goes on."""


def forget(reporter: Reporter, session: Session, keys: tuple[str, ...]) -> int:
    """Removes the markers of the objects with these keys; the exit code."""

    def plan(provider: Provider, live: Sequence[Live]) -> Plan:
        warn_of_lists(provider)
        known = known_addresses(session, (), live)
        stop_at_missing(keys, known, session, provider.gone)
        addresses, _ = addresses_named(keys, known, session.title)
        return forgetting(make_plan((), live, session.where), live, session.where, addresses)

    return run_async(plan_and_apply, reporter, session, plan, timeout=reporter.options.timeout)


def destroy(reporter: Reporter, session: Session, allow: frozenset[str]) -> int:
    """Deletes everything of the session's stack, as if its folder of manifests were empty; the exit code."""

    def plan(provider: Provider, live: Sequence[Live]) -> Plan:
        return destruction(session, provider, live, PlanRequest(allow=allow))

    return run_async(plan_and_apply, reporter, session, plan, timeout=reporter.options.timeout)


def destroy_previews(reporter: Reporter, session: Session, pattern: str, allow: frozenset[str]) -> int:
    """Destroys the preview stacks whose pull requests are closed or have conflicts; an error in one stops no other."""
    unneeded = _unneeded_previews(reporter, session, session.environment.stack_from(pattern))
    codes = [_destroy_preview(reporter, session, preview, allow) for preview in unneeded[:MOST]]
    remaining, failed = len(unneeded) - len(codes), sum(code != 0 for code in codes)
    parts = [
        f"Destroyed {count(len(codes) - failed, 'preview stack')}.",
        *([f"{failed} failed, see above."] if failed else []),
        *([f"The next run destroys {remaining} more: one run destroys at most {MOST}."] if remaining else []),
    ]
    reporter.text(f"\n{' '.join(parts)}\n")
    return max(codes, default=0)


def _unneeded_previews(reporter: Reporter, session: Session, pattern: str) -> list[Preview]:
    """The preview stacks to destroy; reports of each that is live what becomes of it, and why."""
    live, _ = run_async(session.read_live, timeout=reporter.options.timeout)
    live_previews = previews(live, session.environment, pattern, session.config)
    reporter.text(f"{session.title}: {count(len(live_previews), 'preview stack')} like {pattern}.\n")
    unneeded = []
    if live_previews:
        with ci_context.connected() as host:
            for preview, is_unneeded, why in preview_fates(host, live_previews):
                fate = "to be destroyed" if is_unneeded else "left alone"
                reporter.text(f"  {preview.stack}: #{preview.pull} {why}; {fate}.\n")
                unneeded += [preview] if is_unneeded else []
    return unneeded


def _destroy_preview(reporter: Reporter, session: Session, preview: Preview, allow: frozenset[str]) -> int:
    """Destroys one preview stack as `destroy --stack NAME` does, and updates the comment about it."""
    environment = with_stack(preview.stack, session.environment)
    where = replace(session.where, stack=environment.stack, former_stacks=())
    reporter.text("\n")
    written = StringIO()
    reporter.open(written)
    try:
        code = destroy(reporter, replace(session, environment=environment, where=where), allow)
    except Failure as failure:
        failure.show()
        reporter.events(events.diagnostic("error", failure.message, failure.remedy))
        code = failure.code
    reporter.streams.pop()
    request = CommentRequest(
        "ended", applying=False, text=written.getvalue(), run=ci_context.run_id(), url=ci_context.run_url()
    )
    try:
        post_comment(content_without_plan((where.environment,), preview.stack, request), preview.pull, None)
    except Failure as failure:  # what was destroyed is destroyed all the same
        failure.show()
    return code
