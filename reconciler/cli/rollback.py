"""`reconciler rollback`: restores the state before a run, or of a commit, through a plan like any other."""

from __future__ import annotations

import click

from reconciler.cli import completers, options
from reconciler.console.failure import Failure
from reconciler.run.options import ApplyOptions


@click.command("rollback")
@click.argument("names", nargs=-1, metavar="[RUN] | KEY... --to COMMIT", shell_complete=completers.runs_or_keys)
@options.option("--from", "source", metavar="FILE", help="A run record from elsewhere, such as one that CI kept.")
@options.option("--to", metavar="COMMIT", help="Restore what these keys name as the manifests of this commit.")
@options.environment
@options.allow
@options.writing(command="rollback", events=True)
def command(
    *, names: tuple[str, ...], source: str | None, to: str | None, allow: tuple[str, ...], apply_options: ApplyOptions
) -> int:
    """Restore the state before RUN (by default the last one), or with --to of a commit, through a plan like any other.

    What was updated is put back, what was deleted is created again under a new id, what was created is deleted.
    It only looks back: revert the commit in Git as well, or take what is live with `reconciler pull`; until then the
    next plan says `rolled-back`.

    With --to no record of a run is needed: the manifests at COMMIT are planned for the KEYS and globs named. A key
    that COMMIT does not have is deleted. COMMIT has to be in the history of what is checked out.
    """
    from reconciler.run.planning import PlanRequest, objection_codes
    from reconciler.run.reporter import reporting
    from reconciler.run.restore import restore_commit, restore_run

    with reporting(apply_options.with_own_file(source)) as reporter:
        _reject_mixtures(names, source, to)
        if to is not None:
            return restore_commit(reporter, to, PlanRequest(keys=names, allow=objection_codes(allow)))
        return restore_run(reporter, names[0] if names else None, source, objection_codes(allow))


def _reject_mixtures(names: tuple[str, ...], source: str | None, to: str | None) -> None:
    if to is None and len(names) > 1:
        raise Failure("--to is missing.", "pass one run, or bring keys back to a commit: rollback KEY... --to COMMIT")
    if to is not None and source is not None:
        raise Failure("--to plans from Git alone: it does not go with --from.", "pass one of the two")
    if to == "":
        raise Failure("--to requires a commit.", "pass one that the history has, such as 1a2b3c4")
    if to is not None and not names:
        raise Failure("--to requires the keys to roll back.", "pass them; '*' selects all")
