"""Why edits wait, although a policy lets a pass carry them out: their review is not what it should be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.apply import journal
from reconciler.github import CodeHostError
from reconciler.plan import run_record
from reconciler.run.checkout import commit, head, ignored

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.github import CodeHost
    from reconciler.plan.guards import PlanContext
    from reconciler.plan.run_record import Past
    from reconciler.run.session import Session

_READ = (".yaml", ".yml", ".json", ".md", ".txt")
BY_HAND = "workflow_dispatch"
"""A run that somebody set off for some purpose of the moment: it says nothing of what was reviewed."""


def edits_wait(
    session: Session, known: PlanContext, host: CodeHost | None, workflow: str, besides: tuple[str, ...] = ()
) -> str | None:
    """Why no edit may be carried out now without anybody; None where nothing speaks against it."""
    at = commit(session.config.root, besides)
    if at is None:
        return "nothing here is in Git, so nobody can have reviewed it"
    return next((reason for reasons in _every(session, known, host, workflow, at) for reason in reasons), None)


def _every(
    session: Session, known: PlanContext, host: CodeHost | None, workflow: str, at: str
) -> Iterator[Iterator[str]]:
    yield _of_checkout(session, known, at)
    yield _of_history(session, at)
    if host is not None:
        yield _of_hosting(host, workflow, head(session.config.root))


def _of_checkout(session: Session, known: PlanContext, at: str) -> Iterator[str]:
    """What is checked out is to be what was reviewed, and newer than what was applied last."""
    if at.endswith("+dirty"):
        yield f"files here differ from the commit {at.removesuffix('+dirty')}, which is what was reviewed"
    if known.behind:
        yield "something was applied from a commit that this checkout does not have"
    if known.notes:
        yield "this clone is shallow, so nobody can tell whether it is behind: fetch-depth: 0"
    if any(name.lower().endswith(_READ) for name in ignored(session.config.root, session.config.manifests)):
        yield "files that Git ignores stand among the manifests"


def _of_history(session: Session, at: str) -> Iterator[str]:
    newest = _newest(session.connection.state_dir / journal.FOLDER, session, at)
    if newest is not None and not _went_well(newest):
        yield f"the apply of {at} ended incomplete ({newest.head.run})"


def _newest(folder: Path, session: Session, at: str) -> Past | None:
    """The newest apply of a commit in this place that was recorded here."""
    for path in reversed(journal.paths(folder)):
        with suppress(run_record.BadRecord, OSError):
            one = journal.read(path)
            if (
                one.head.command == "apply"
                and one.head.commit == at
                and run_record.is_of(one.head.where, session.where)
            ):
                return one
    return None


def _went_well(one: Past) -> bool:
    told = [one.outcomes.get(step.address) for step in one.steps]
    return one.ended and all(outcome == "done" for outcome in (*told, *one.outcomes.values()))


def _of_hosting(host: CodeHost, workflow: str, commit: str) -> Iterator[str]:
    """What became of the newest run of the workflow that applies what was reviewed."""
    try:
        runs = [run for run in host.runs(workflow, commit) if run.event != BY_HAND]
    except CodeHostError as error:
        yield f"whether the reviewed apply of {commit[:12]} went well cannot be told: {error.message}"
    else:
        if runs and runs[0].status != "completed":
            yield f"the reviewed apply of {commit[:12]} still goes on"
        elif runs and runs[0].conclusion != "success":
            yield f"the reviewed apply of {commit[:12]} did not succeed ({workflow}: {runs[0].conclusion})"
