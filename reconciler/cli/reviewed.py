"""`reconciler reviewed`: the plan that was reviewed on the merged pull request, as its run kept it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.failure import Failure

if TYPE_CHECKING:
    from reconciler.github import CodeHost, Pull
    from reconciler.github.plan_artifacts import KeptPlan
    from reconciler.render import Document

    Files = Mapping[str, bytes]

_ORIGIN = "origin/"


@click.command("reviewed")
@options.option("--out", metavar="FILE", required=True, help="Where to write the plan.")
@options.environment
@options.stack
@options.option("--commit", metavar="SHA", help="What the pull request became; default: the job's commit.")
@options.option("--workflow", metavar="FILE", default="plan.yml", show_default=True, help="What plans pull requests.")
@options.option(
    "--artifact",
    metavar="NAME",
    help="Where it keeps the plan, each attempt its own: NAME-1 …; default: reconciler-ENVIRONMENT, reconciler-plans.",
)
def command(
    out: str,
    environment: str | None,
    stack: str | None,
    commit: str | None,
    workflow: str,
    artifact: str | None,
) -> int:
    """Fetch the plan that was reviewed on the merged pull request.

    It is the newest plan that a successful attempt of the plan's workflow kept before the merge, for the head of the
    merged pull request, in the same repository; it is found through the API, whatever comments say. Where there is
    none, nobody has reviewed what an apply would do: exits 1, and says how to plan it.
    """
    from reconciler.github import ci_context
    from reconciler.github.comment_content import named
    from reconciler.github.plan_artifacts import artifacts_of, plan_in
    from reconciler.run.plan_request import write_plan

    stack, name = named(environment, stack)
    commit = commit or os.environ.get("GITHUB_SHA")
    if not commit:
        raise Failure("No commit is named as the merged one.", "pass `--commit SHA`")
    with ci_context.asking() as place, _or_plan_again(name):
        pull = _merged(place, commit)
        artifacts = (artifact,) if artifact else artifacts_of(name)
        found, content = _reviewed(place, pull, workflow, artifacts, lambda files: plan_in(files, stack, name))
    write_plan(content.decode(), out)
    made = found.kept.made
    source = f"the run {found.run.id}, attempt {found.attempt}, at {pull.head[:12]}, made {made}"
    click.echo(f"{out} is the plan of #{pull.number} for {name}, from {source}.", err=True)
    return 0


@contextmanager
def _or_plan_again(name: str) -> Iterator[None]:
    """What ends the command within says what to do without a reviewed plan."""
    try:
        yield
    except Failure as failure:
        raise Failure(failure.message, failure.remedy or _remedy(name)) from failure


def _remedy(name: str) -> str:
    return (
        "plan what is pending, look at it, and apply that:\n"
        f"  reconciler plan -e {name} --out plan.json\n"
        "  reconciler apply plan.json\n"
        "or have somebody approve it on a protected environment"
    )


def _merged(place: CodeHost, commit: str) -> Pull:
    from reconciler.github import ci_context

    pull = ci_context.merged_pull(place, commit)
    if pull is None:
        raise Failure(f"No merged pull request brought {commit[:12]}, so nobody has reviewed a plan of it.")
    if pull.head_repository.lower() != ci_context.repository().lower():
        whose = pull.head_repository or "a repository that is gone"
        raise Failure(f"#{pull.number} came from {whose}, where no plan of what is live can be made.")
    return pull


def _reviewed(
    place: CodeHost,
    pull: Pull,
    workflow: str,
    artifacts: Sequence[str],
    read: Callable[[Files], tuple[bytes, Document]],
) -> tuple[KeptPlan, bytes]:
    """The newest plan of what was merged that a successful attempt had kept before the merge, beside its base."""
    from reconciler.github.plan_artifacts import kept_plans
    from reconciler.plan.allowances import moment

    runs, merged = place.runs(workflow, pull.head), moment(pull.merged_at)
    plans = kept_plans(place.artifacts, pull, runs, artifacts)
    early = [one for one in plans if merged is not None and one.made < merged]
    for one in early:
        content = _content(place, one, pull, read) if _succeeded(place, one) else None
        if content is not None:
            return one, content
    late = "" if len(early) == len(plans) else "; what was planned after the merge was reviewed by nobody"
    if early:
        raise Failure(
            f"No run of {workflow} that planned #{pull.number} at {pull.head[:12]} for {pull.base} succeeded{late}."
        )
    names = " or ".join(repr(name) for name in artifacts)
    raise Failure(f"{workflow} kept no plan {names} of #{pull.number} at {pull.head[:12]} before the merge{late}.")


def _succeeded(place: CodeHost, one: KeptPlan) -> bool:
    """Whether the attempt that kept it ended well, whatever others of its run did."""
    run = one.run if one.attempt == one.run.attempt else place.run(one.run.id, one.attempt)
    return run is not None and (run.status, run.conclusion) == ("completed", "success")


def _content(
    place: CodeHost, found: KeptPlan, pull: Pull, read: Callable[[Files], tuple[bytes, Document]]
) -> bytes | None:
    """The plan; None where it is of another pull request, which proposes the same commit to another branch."""
    files = place.files(found.kept)
    if files is None:
        raise Failure(f"The run {found.run.id} planned #{pull.number}, and {found.kept.name!r} is not kept any more.")
    content, plan = read(files)
    base = plan.get("base")
    revision = str(base["revision"]) if isinstance(base, dict) else ""
    if revision.startswith(_ORIGIN) and pull.base not in ("", revision.removeprefix(_ORIGIN)):
        return None
    if plan.get("offline") is not None:
        raise Failure("The plan was made without looking at what is live, so nobody has reviewed an apply.")
    return content
