"""Why edits wait, although the policy permits a scheduled run to apply them: their review is not complete."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.github import CodeHost, CodeHostError
from reconciler.manifests.disk import SUFFIXES
from reconciler.plan.guards import PlanContext
from reconciler.run.checkout import commit, head, ignored
from reconciler.run.records import newest_apply
from reconciler.run.session import Session

BY_HAND = "workflow_dispatch"
"""A run that was started by hand, for a purpose of the moment: it says nothing of what was reviewed."""


def edits_wait(
    session: Session, context: PlanContext, host: CodeHost | None, workflow: str, besides: tuple[str, ...] = ()
) -> str | None:
    """Why no edit may be applied without review now; None where there is no reason."""
    at = commit(session.config.root, besides, session.config.extends)
    if at is None:
        return "nothing here is in Git, so nobody can have reviewed it"
    return next(_reasons_to_wait(session, context, host, workflow, at), None)


def _reasons_to_wait(
    session: Session, context: PlanContext, host: CodeHost | None, workflow: str, at: str
) -> Iterator[str]:
    """What is checked out must be what was reviewed, newer than the last apply, and the reviewed apply done."""
    root = session.config.root
    if at.endswith("+dirty"):
        yield f"files here differ from the commit {at.removesuffix('+dirty')}, which is what was reviewed"
    if context.behind:
        yield "something was applied from a commit that this checkout does not have"
    yield from (f"{note[:1].lower()}{note[1:].removesuffix('.')}" for note in context.unknown_history)
    if any(name.lower().endswith(tuple(SUFFIXES)) for name in ignored(root, session.config.manifests)):
        yield "files that Git ignores are among the manifests"
    newest = newest_apply(session, at)
    if newest is not None:
        outcomes = [*(newest.outcomes.get(step.address) for step in newest.steps), *newest.outcomes.values()]
        if not newest.ended or any(outcome != "done" for outcome in outcomes):
            yield f"the apply of {at} ended incomplete ({newest.head.run})"
    if host is not None:
        yield from _reviewed_apply_failed(host, workflow, head(root))


def _reviewed_apply_failed(host: CodeHost, workflow: str, commit: str) -> Iterator[str]:
    """Whether the newest run of the workflow that applies reviewed plans did not succeed."""
    try:
        runs = [run for run in host.runs(workflow, commit) if run.event != BY_HAND]
    except CodeHostError as error:
        yield f"whether the reviewed apply of {commit[:12]} succeeded is not known: {error.message}"
        return
    if runs and runs[0].status != "completed":
        yield f"the reviewed apply of {commit[:12]} still runs"
    elif runs and runs[0].conclusion != "success":
        yield f"the reviewed apply of {commit[:12]} did not succeed ({workflow}: {runs[0].conclusion})"
