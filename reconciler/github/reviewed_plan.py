"""The plan that was reviewed on a merged pull request: found among what its runs kept, whatever comments say."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.console.failure import Failure
from reconciler.github import CodeHost, Pull, ci_context, same_name
from reconciler.github.plan_artifacts import KeptPlan, artifact_names, kept_plans, plan_in
from reconciler.plan.allowances import moment

_ORIGIN = "origin/"


def reviewed_plan(commit: str, stack: str, name: str, workflow: str, artifact: str | None) -> tuple[str, str]:
    """The plan of an environment that was reviewed for a merge commit, and where it is from; why there is none."""
    try:
        with ci_context.connected() as host:
            pull = _merged_pull(host, commit)
            kept, content = _newest_reviewed(host, pull, workflow, artifact_names(name, artifact), stack, name)
    except Failure as failure:
        raise Failure(failure.message, failure.remedy or _REMEDY.format(name)) from failure
    run = f"the run {kept.run.id}, attempt {kept.attempt}"
    return content.decode(), f"#{pull.number} for {name}, from {run}, at {pull.head[:12]}, made {kept.kept.made}"


_REMEDY = """plan what is pending, look at it, and apply that:
  reconciler plan -e {0} --out plan.json
  reconciler apply plan.json
or have somebody approve it on a protected environment"""


def _merged_pull(host: CodeHost, commit: str) -> Pull:
    pull = ci_context.merged_pull(host, commit)
    if pull is None:
        raise Failure(f"No merged pull request brought {commit[:12]}, so nobody has reviewed a plan of it.")
    if not same_name(pull.head_repository, ci_context.repository()):
        source = pull.head_repository or "a deleted repository"
        raise Failure(f"#{pull.number} came from {source}, where no plan of what is live can be made.")
    return pull


def _newest_reviewed(
    host: CodeHost, pull: Pull, workflow: str, artifacts: Sequence[str], stack: str, name: str
) -> tuple[KeptPlan, bytes]:
    """The newest plan for the pull request's base that a successful attempt kept before the merge."""
    runs, merged = host.runs(workflow, pull.head), moment(pull.merged_at)
    plans = kept_plans(host.artifacts, pull, runs, artifacts)
    early = [plan for plan in plans if merged is not None and plan.made < merged]
    for plan in early:
        run = plan.run if plan.attempt == plan.run.attempt else host.run(plan.run.id, plan.attempt)
        if run is not None and (run.status, run.conclusion) == ("completed", "success"):
            content = _plan_content(host, plan, pull, stack, name)
            if content is not None:
                return plan, content
    late = "" if len(early) == len(plans) else "; what was planned after the merge was reviewed by nobody"
    head = f"#{pull.number} at {pull.head[:12]}"
    if early:
        raise Failure(f"No run of {workflow} that planned {head} for {pull.base} succeeded{late}.")
    names = " or ".join(repr(name) for name in artifacts)
    raise Failure(f"{workflow} kept no plan {names} of {head} before the merge{late}.")


def _plan_content(host: CodeHost, kept: KeptPlan, pull: Pull, stack: str, name: str) -> bytes | None:
    """The plan; None where it is of another pull request, which proposes the same commit to another branch."""
    files = host.files(kept.kept)
    if files is None:
        raise Failure(f"The run {kept.run.id} planned #{pull.number}, and {kept.kept.name!r} is not kept any more.")
    content, plan = plan_in(files, stack, name)
    base = plan.get("base")
    revision = str(base["revision"]) if isinstance(base, dict) else ""
    if revision.startswith(_ORIGIN) and pull.base not in ("", revision.removeprefix(_ORIGIN)):
        return None
    if plan.get("offline") is not None:
        raise Failure("The plan was made without looking at what is live, so nobody has reviewed an apply.")
    return content
