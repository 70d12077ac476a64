"""Plan back to the state before a run, or at a commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.console.failure import Failure
from reconciler.model import Address, Live, Plan
from reconciler.plan.guards import PlanContext, missing_apis, unreliable_lists, with_allowed, wrong_project
from reconciler.plan.rollback import rejected, rejected_by_state, undo
from reconciler.plan.run_record import RunRecord, is_of
from reconciler.providers import Provider
from reconciler.run.base_plan import desired_at
from reconciler.run.checkout import is_in_history
from reconciler.run.execute import plan_and_apply
from reconciler.run.planning import PlanRequest, remedies_of_gone, requested_plan
from reconciler.run.records import record_to_undo
from reconciler.run.reporter import Reporter
from reconciler.run.revision import laid_out
from reconciler.run.session import open_session, run_async

_PULL = "`reconciler pull` does that for fields."


def restore_commit(reporter: Reporter, commit: str, request: PlanRequest) -> int:
    """Plans the manifests of an earlier commit for some keys, and applies that like any other plan."""
    session = open_session(reporter.options, owns=True)
    now, root = session.desired(), session.config.root
    with laid_out(root, commit) as revision:
        if not is_in_history(root, revision.commit):
            message = f"{commit} is not in the history of what is checked out, so it is not an earlier state of it."
            remedy = "check that commit out and apply it; in a shallow clone, fetch all: `fetch-depth: 0`"
            raise Failure(message, remedy)
        then, commit = desired_at(revision, session, required=True), revision.commit

    def plan(provider: Provider, live: Sequence[Live]) -> Plan:
        plan = requested_plan(session, provider, then, live, request)
        rejects = rejected_by_state(now, then, {change.address for change in plan.changes})
        reporter.options = replace(
            reporter.options, planned_before=True, rolls_back=commit, commit=commit, rejected=rejects
        )
        revert = " Revert in Git what changed them since, as well." if rejects else ""
        return replace(plan, notes=(*plan.notes, f"The manifests of {commit} are planned.{revert}"))

    return run_async(plan_and_apply, reporter, session, plan, timeout=reporter.options.timeout)


def restore_run(reporter: Reporter, run: str | None, file: str | None, allow: frozenset[str]) -> int:
    """Undoes a run: the one in a file, the one that is named, or the last one that changed anything."""
    record = record_to_undo(run, file, reporter.options)
    recorded = record.head.where
    reporter.options = replace(
        reporter.options,
        environment=reporter.options.environment or recorded.environment,
        rolls_back=record.head.run,
        rejected=rejected(record.steps),
        planned_before=True,
    )
    session = open_session(reporter.options, owns=True)
    if not is_of(recorded, session.where):
        target = f"{recorded.stack} in {recorded.environment} at {recorded.base_url}"
        remedy = "choose its environment with -e"
        if recorded.environment == session.where.environment:
            remedy = (
                "a run is rolled back in its own stack and at its own address; what a preview had,"
                " `reconciler apply --stack NAME` creates again"
            )
        raise Failure(f"Run {record.head.run} was of {target}; nothing was changed.", remedy)

    def plan(provider: Provider, live: Sequence[Live]) -> Plan:
        context = PlanContext(
            answered_project=provider.project, unreliable=provider.unreliable, gone=remedies_of_gone(provider)
        )
        limits = session.environment.limits
        plan = undo(record.steps, record.head.nonce, live, session.where, record.head.run, limits)
        checks = (
            *wrong_project(plan.changes, session.where, context),
            *unreliable_lists(plan.changes, context),
            *missing_apis({Address(step.kind, step.key) for step in record.steps}, session.where, context),
        )
        objections = with_allowed((*plan.objections, *checks), allow)
        return replace(plan, objections=objections, notes=(*plan.notes, _git_note(record)))

    return run_async(plan_and_apply, reporter, session, plan, timeout=reporter.options.timeout)


def _git_note(record: RunRecord) -> str:
    commit = record.head.commit
    if commit is None:
        return f"The run was made without Git: change the manifests back as well. {_PULL}"
    if commit.endswith("+dirty"):
        return f"The run was made from files that were not committed: change them back as well. {_PULL}"
    return f"In Git this belongs to it: git revert {commit}"
