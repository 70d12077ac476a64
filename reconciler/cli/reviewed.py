"""`reconciler reviewed`: the plan that was reviewed on the merged pull request, as its run kept it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.cli.failure import Failure

if TYPE_CHECKING:
    from reconciler.hosting import Hosting, Pull, Run


@click.command("reviewed")
@options.option("--out", metavar="FILE", required=True, help="Where to write the plan.")
@options.environment
@options.stack
@options.option("--commit", metavar="SHA", help="What the pull request became; default: the job's commit.")
@options.option("--workflow", metavar="FILE", default="plan.yml", show_default=True, help="What plans pull requests.")
@options.option(
    "--artifact",
    metavar="NAME",
    help="Where it keeps the plan; default: reconciler-ENVIRONMENT, then reconciler-plans.",
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

    It is what the newest successful run of the plan's workflow kept whose head is that of the merged pull request, in
    the same repository; it is found through the API, whatever comments say. Where there is none, nobody has reviewed
    what an apply would do: exits 1, and says how to plan it.
    """
    from reconciler.cli import actions
    from reconciler.cli.commenting import named
    from reconciler.cli.planning import write_plan

    stack, name = named(environment, stack)
    artifacts = [artifact] if artifact else [f"reconciler-{name}", "reconciler-plans"]
    commit = commit or os.environ.get("GITHUB_SHA")
    if not commit:
        raise Failure("Nobody said which commit was merged.", "say `--commit SHA`")
    remedy = _remedy(name)
    with actions.asking() as place:
        pull = _merged(place, commit, remedy)
        run = _newest(place, pull, workflow, remedy)
        found = (place.artifact(run.id, one) for one in artifacts)
        files = next((one for one in found if one is not None), None)
    if files is None:
        message = f"The run {run.id}, which planned #{pull.number}, keeps no {artifacts[0]!r}, or not any more."
        raise Failure(message, remedy)
    content = _plan(files, stack, name, remedy)
    write_plan(content.decode(), out)
    click.echo(f"{out} is the plan of #{pull.number} for {name}, from the run {run.id} at {pull.head[:12]}.", err=True)
    return 0


def _remedy(name: str) -> str:
    return (
        "plan what is pending, look at it, and apply that:\n"
        f"  reconciler plan -e {name} --out plan.json\n"
        "  reconciler apply plan.json\n"
        "or have somebody approve it on a protected environment"
    )


def _merged(place: Hosting, commit: str, remedy: str) -> Pull:
    from reconciler.cli import actions

    pull = actions.merged_pull(place, commit)
    if pull is None:
        raise Failure(f"No merged pull request brought {commit[:12]}, so nobody has reviewed a plan of it.", remedy)
    if pull.head_repository.lower() != actions.repository().lower():
        whose = pull.head_repository or "a repository that is gone"
        raise Failure(f"#{pull.number} came from {whose}, where no plan of what is live can be made.", remedy)
    return pull


def _newest(place: Hosting, pull: Pull, workflow: str, remedy: str) -> Run:
    """The newest successful run that planned what was merged."""
    here = pull.base_repository.lower()
    runs = [
        run
        for run in place.runs(workflow, pull.head)
        if run.event == "pull_request" and run.head_repository.lower() == here
    ]
    for run in runs:
        if run.status == "completed" and run.conclusion == "success":
            return run
    how = f"its newest run: {runs[0].conclusion or runs[0].status}" if runs else "it did not run"
    raise Failure(f"{workflow} has not planned #{pull.number} at {pull.head[:12]} with success ({how}).", remedy)


def _plan(files: Mapping[str, bytes], stack: str, name: str, remedy: str) -> bytes:
    """The one plan of this environment among the files, whole and as it was saved."""
    from reconciler.render import BadDocument, read
    from reconciler.render.console.sticky import UNKNOWN
    from reconciler.review import environment_of

    named = [content for path, content in files.items() if path.rpartition("/")[2] in ("plan.json", f"{name}.json")]
    if len(named) != 1:
        raise Failure(f"The artifact holds {len(named)} files called plan.json or {name}.json, and not one.", remedy)
    try:
        plan = read(named[0].decode())
    except (BadDocument, UnicodeDecodeError) as error:
        raise Failure(f"What the run kept is no plan that can be applied: {error}.", remedy) from error
    there = (environment_of(plan), plan["stack"])
    if there[0] != name or stack not in (there[1], UNKNOWN):
        raise Failure(f"The plan is of {there[0]}, stack {there[1]}, and not of {name}, stack {stack}.", remedy)
    if plan.get("offline") is not None:
        raise Failure("The plan was made without looking at what is live, so nobody has reviewed an apply.", remedy)
    return named[0]
