"""`reconciler plan`: what an apply would do, and why; it never writes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from reconciler.cli import options

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.config import Config
    from reconciler.model import Plan
    from reconciler.render import Style
    from reconciler.render.several import Lost
    from reconciler.run.base_plan import Basis
    from reconciler.run.plan_request import Request
    from reconciler.run.session import Session


@click.command("plan")
@click.argument("keys", nargs=-1)
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
@options.option("--offline", is_flag=True, help="Send nothing: the manifests of --base stand for what is live.")
@options.option("--detailed-exitcode", is_flag=True, help="Exit 2 when changes are pending, 3 when one is objected to.")
@options.option("--drift", is_flag=True, help="Show and judge only what somebody changed behind Git's back.")
@options.allow
@options.allowances
@options.timeout
@options.state_dir
@options.for_scripts
@options.colour
def command(
    keys: tuple[str, ...],
    environments: tuple[str, ...],
    all_environments: bool,
    stack: str | None,
    format: str,
    out: str | None,
    base: str | None,
    offline: bool,
    detailed_exitcode: bool,
    drift: bool,
    allow: tuple[str, ...],
    allowances: tuple[str, ...],
    timeout: float | None,
    state_dir: str | None,
    color: bool | None,
) -> int:
    """Show what an apply would do.

    KEYS and globs (`hr-*`) narrow the plan; deletes are only taken in where a key names them exactly.

    With --base the plan is what merging this change does; what was pending already is shown beside it, and is not
    applied with it. Without a key or a server, that revision's manifests stand for what is live. With several
    environments, --out names a folder of NAME.json.
    """
    import sys

    from reconciler.console.output import style_of
    from reconciler.github.plan_artifacts import labelled
    from reconciler.run.plan_request import Request, allowed
    from reconciler.run.session import load

    named = tuple(dict.fromkeys(environments))
    every = _every(named, all_environments=all_environments)
    _refuse_offline_alone(base, offline=offline)
    request = Request(keys=keys, allow=allowed(allow), allowances=labelled(allowances), drift=drift)
    style, showing = style_of(sys.stdout, colour=color), Showing(format, out, timeout)
    loaded = load(style, anywhere=True)
    with _beside(loaded, base) as found:
        asked = PlanArguments(request, loaded, found, style, offline, state_dir, stack)
        plans = showing.plans(asked, named, every=every)
    return _code(plans, detailed=detailed_exitcode)


@contextmanager
def _beside(loaded: Config, base: str | None) -> Iterator[Basis | None]:
    """The other revision, whose files go when the plan ends, also by a signal."""
    from reconciler.run.base_plan import basis
    from reconciler.run.interrupts import terminable

    with terminable(), basis(loaded, base) as found:
        yield found


def _every(named: Sequence[str], *, all_environments: bool) -> bool:
    """Whether every environment is meant: those named on the command line win over a variable."""
    from reconciler.console.failure import Failure

    if not named or not all_environments:
        return all_environments
    if _said_by_variable("all_environments"):
        return False
    raise Failure("-e and --all-environments exclude each other.", "leave one of them out")


def _refuse_offline_alone(base: str | None, *, offline: bool) -> None:
    from reconciler.console.failure import Failure

    if offline and base is None:
        raise Failure("--offline requires --base.", "name the revision to compare with: `--base origin/main --offline`")


@dataclass(frozen=True, slots=True)
class PlanArguments:
    """What was asked for, whatever the environment."""

    request: Request
    loaded: Config
    found: Basis | None
    style: Style
    offline: bool
    state_dir: str | None
    stack: str | None

    async def plan(self, environment: str | None) -> Plan:
        """The plan of one environment."""
        from reconciler.run.plan_request import compared, planned

        session = self._session(environment)
        if self.found is not None:
            return await compared(session, self.found, self.request)
        desired = session.desired()
        async with session.provider() as provider:
            return await planned(session, provider, desired, self.request)

    def _session(self, environment: str | None) -> Session:
        from reconciler.run.base_plan import beside
        from reconciler.run.session import chosen, owned_by, session_of

        if self.found is not None:
            return beside(
                self.found,
                self.loaded,
                environment,
                self.style,
                offline=self.offline,
                state=self.state_dir,
                stack=self.stack,
            )
        meant = owned_by(self.stack, chosen(self.loaded, environment, self.style, owns=self.stack is None))
        return session_of(self.loaded, meant, self.style, state=self.state_dir)


@dataclass(frozen=True, slots=True)
class Showing:
    """How plans are shown and kept, and how long they may take."""

    format: str
    out: str | None
    timeout: float | None

    def plans(self, asked: PlanArguments, named: Sequence[str], *, every: bool) -> Sequence[Plan | Lost]:
        """The plans that were asked for, shown and saved."""
        if every or len(named) > 1:
            return self.all(asked, named)
        return self.one(asked, named[0] if named else None)

    def one(self, asked: PlanArguments, environment: str | None) -> Sequence[Plan | Lost]:
        """The plan of one environment, shown and saved."""
        from reconciler.run.plan_request import save, show
        from reconciler.run.session import in_loop

        plan = in_loop(asked.plan, environment, timeout=self.timeout)
        show(plan, self.format, asked.style)
        if self.out is not None:
            save(plan, self.out)
        return (plan,)

    def all(self, asked: PlanArguments, named: Sequence[str]) -> Sequence[Plan | Lost]:
        """The plans of the named environments, or of every one, shown and saved."""
        from reconciler.run.all_environments import every
        from reconciler.run.plan_request import save_all, show_all
        from reconciler.run.session import in_loop

        found = in_loop(every, named or asked.loaded.all_names(), asked.plan, timeout=self.timeout)
        show_all(found, self.format, asked.style)
        if self.out is not None:
            save_all(found, self.out)
        return found


def _code(found: Sequence[Plan | Lost], *, detailed: bool) -> int:
    """The worst that is to be said of any of them."""
    from reconciler.render.several import Lost

    plans = [one for one in found if not isinstance(one, Lost)]
    if any(isinstance(one, Lost) for one in found):
        return 1
    if not detailed:
        return 0
    return 3 if any(plan.standing for plan in plans) else 2 if any(plan.changes for plan in plans) else 0


def _said_by_variable(option: str) -> bool:
    """Whether only the environment says so: what is said on the command line wins."""
    return click.get_current_context().get_parameter_source(option) is ParameterSource.ENVIRONMENT
