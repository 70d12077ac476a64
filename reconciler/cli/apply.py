"""`reconciler apply`: plans once more, and carries out exactly that plan."""

from __future__ import annotations

from dataclasses import replace

import click

from reconciler.cli import completers, options
from reconciler.run.options import ApplyOptions


@click.command("apply")
@options.keys("[KEY...|PLAN.json]", completers.keys_or_files)
@options.environment
@options.stack
@options.allow
@options.allowances
@options.option("--expect", metavar="FINGERPRINT", help="Apply nothing unless the plan has this fingerprint.")
@options.config_from
@options.option("--resolve-duplicates", is_flag=True, help="Delete duplicates that equal the one that is kept.")
@options.option("--delete-duplicate", metavar="ID", multiple=True, help="A duplicate to delete although it differs.")
@options.writing(command="apply", events=True)
def command(
    *,
    keys: tuple[str, ...],
    allow: tuple[str, ...],
    allowances: tuple[str, ...],
    expect: str | None,
    config_from: str | None,
    resolve_duplicates: bool,
    delete_duplicate: tuple[str, ...],
    apply_options: ApplyOptions,
) -> int:
    """Show the plan, and carry it out once it is approved.

    Only a literal `yes` approves. What an objection blocks is not done unless `--allow CODE` overrides it; the rest
    is. Exits 1 if anything failed, was blocked, or the server's response differs.

    With PLAN.json, which `plan --out` wrote, it plans afresh and carries out what is both reviewed and unchanged
    since review: what changed is refused and shown, what needs review is left alone. A plan made with `--base` is of
    what its change does. Without a file everything pending is applied. What still differs at the end is reported.
    """
    from reconciler.console.saved_plans import means_file, saved_plan
    from reconciler.github.plan_artifacts import allowances_in
    from reconciler.run.planning import PlanRequest, objection_codes
    from reconciler.run.reporter import reporting
    from reconciler.run.reviewed_apply import apply_plan, reviewed_session

    file = keys[0] if len(keys) == 1 and means_file(keys[0]) else None
    if file is not None:  # a plan's file was approved by its review
        apply_options = replace(apply_options, auto_approve=True, planned_before=True).with_own_file(file)
    with reporting(apply_options) as reporter:
        reviewed = saved_plan(file) if file is not None else None
        request = PlanRequest(
            keys=() if file else keys,
            allow=objection_codes(allow),
            allowances=allowances_in(allowances),
            resolve_duplicates=resolve_duplicates,
            delete_duplicates=delete_duplicate,
        )
        session = reviewed_session(apply_options, reviewed, config_from)
        return apply_plan(reporter, session, request, reviewed, expect)
