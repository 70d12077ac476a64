"""`reconciler plan`: what an apply would do, and why; it never writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from reconciler.cli import options
from reconciler.console.failure import Failure
from reconciler.run.options import SessionOptions

if TYPE_CHECKING:
    from reconciler.model import Plan
    from reconciler.render import Style
    from reconciler.render.several import Lost
    from reconciler.run.planner import Planner
    from reconciler.run.planning import PlanRequest


@click.command("plan")
@options.keys()
@options.environments
@options.option("--all-environments", is_flag=True, help="Plan every environment of reconciler.yaml, at once.")
@options.stack
@options.formats(*options.PLAN_FORMATS, help="How to show it.")
@options.option("--out", metavar="FILE", help="Save the plan there as well, for review and for `show`.")
@options.option(
    "--base",
    metavar="REV",
    help="Plan only what this change does, compared with that Git revision; the target is read from REV's"
    " reconciler.yaml.",
)
@options.option("--offline", is_flag=True, help="Send nothing: plan over the manifests of --base as if applied.")
@options.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending, 3 when one is blocked.")
@options.option("--drift", is_flag=True, help="Show and judge only what was changed on the server.")
@options.option(
    "--destroy", is_flag=True, help="Show what `destroy` would delete of the stack, and what objects to it."
)
@options.allow
@options.allowances
@options.timeout
@options.in_session
@options.for_scripts
def command(
    *,
    keys: tuple[str, ...],
    environments: tuple[str, ...],
    all_environments: bool,
    format: str,
    out: str | None,
    base: str | None,
    offline: bool,
    detailed_exitcode: bool,
    drift: bool,
    destroy: bool,
    allow: tuple[str, ...],
    allowances: tuple[str, ...],
    session_options: SessionOptions,
) -> int:
    """Show what an apply would do.

    KEYS and globs (`hr-*`) narrow the plan; deletes are only included where a key names them exactly.

    With --base the plan is what merging this change does; what was pending already is shown apart from it, and is not
    applied with it. Without a key or a server, that revision's manifests replace what is live. With several
    environments, --out names a folder of NAME.json.

    With --destroy it is the plan that `destroy --stack NAME` carries out: everything that the stack manages.
    """
    from reconciler.github.plan_artifacts import allowances_in
    from reconciler.run.planner import exit_code
    from reconciler.run.planning import PlanRequest, objection_codes

    names = tuple(dict.fromkeys(environments))
    together = _is_every(names, all_environments=all_environments) or len(names) > 1
    request = PlanRequest(keys, objection_codes(allow), allowances_in(allowances), drift, destroy)
    _reject_with_destroy(request, base=base, out=out)
    with _planner(request, base, session_options, offline=offline) as planner:
        every = names or planner.config.all_names()
        plans = planner.plan_all(every) if together else (planner.plan_one(*names or (None,)),)
        _save_and_show(plans, out, format, planner.style, together=together)
    return exit_code(plans, detailed=detailed_exitcode)


def _save_and_show(plans: Sequence[Plan | Lost], out: str | None, format: str, style: Style, *, together: bool) -> None:
    from reconciler.run.plan_output import save, show

    try:  # first, for whoever reads the output may not read all of it
        if out is not None:
            save(plans, out, together=together)
    finally:
        show(plans, format, style, together=together)


def _reject_with_destroy(request: PlanRequest, *, base: str | None, out: str | None) -> None:
    """Ends the command where an option would make another plan of --destroy than the one that `destroy` makes."""
    others = {"KEYS": request.keys, "--base": base, "--drift": request.drift, "--allowances": request.allowances}
    named = [name for name, given in others.items() if given]
    if request.destroy and named:
        raise Failure(
            f"--destroy plans the whole stack: it does not go with {', '.join(named)}.", "pass one of the two"
        )
    if request.destroy and out is not None:
        remedy = "`reconciler destroy --stack NAME` shows the plan again and carries it out; --json prints it"
        raise Failure("A saved plan of --destroy could not be applied, so it does not go with --out.", remedy)


def _check_offline(base: str | None, *, offline: bool) -> None:
    if offline and base is None:
        raise Failure("--offline requires --base.", "name the revision to compare with: `--base origin/main --offline`")


@contextmanager
def _planner(
    request: PlanRequest, base: str | None, session_options: SessionOptions, *, offline: bool
) -> Iterator[Planner]:
    from reconciler.console.output import stdout_style
    from reconciler.run.base_plan import base_revision
    from reconciler.run.interrupts import terminable
    from reconciler.run.planner import Planner
    from reconciler.run.session import load_config

    _check_offline(base, offline=offline)
    style = stdout_style(colour=session_options.colour)
    loaded = load_config(style, anywhere=True)
    with terminable(), base_revision(loaded, base) as revision:
        yield Planner(loaded, revision, request, session_options, style, offline)


def _is_every(names: Sequence[str], *, all_environments: bool) -> bool:
    """Whether every environment is meant: those named on the command line win over a variable."""
    if not names or not all_environments:
        return all_environments
    if click.get_current_context().get_parameter_source("all_environments") is ParameterSource.ENVIRONMENT:
        return False
    raise Failure("-e and --all-environments exclude each other.", "pass only one of them")
