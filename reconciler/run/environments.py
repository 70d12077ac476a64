"""Two environments of one configuration, read and compared: what their manifests state and what is live in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import anyio
import click

from reconciler.config import Config
from reconciler.console.credentials import hidden
from reconciler.console.failure import Failure, first_error
from reconciler.console.output import stdout_style
from reconciler.diagnostics import did_you_mean
from reconciler.model import Desired, Live, Target
from reconciler.plan.environments import EnvironmentComparison, Side, compare_environments, side
from reconciler.providers import ProviderError
from reconciler.render import Style
from reconciler.render.environments import FORMATS
from reconciler.render.values import inert
from reconciler.run import commands
from reconciler.run.addressing import addresses_named
from reconciler.run.git import repository
from reconciler.run.interrupts import terminable
from reconciler.run.options import SessionOptions
from reconciler.run.session import (
    REPORTED,
    Session,
    choose_environment,
    failure_of,
    load_config,
    run_async,
    session_in,
    why_unread,
)


@dataclass(frozen=True, slots=True)
class EnvironmentPair:
    """The two environments that a person named, in that order."""

    first: str
    second: str


def pair_named(word: str, loaded: Config) -> EnvironmentPair:
    """The environments of `A..B`; where they are not that, the command ends, and a range of Git is known as one."""
    first, _, second = word.partition("..")
    second = second.removeprefix(".")
    known = {*loaded.environments, *loaded.implied, *loaded.broken}
    unknown = [name for name in (first, second) if name not in known]
    if not unknown:
        return EnvironmentPair(first, second)
    git = repository(loaded.root)
    if git is not None and any(git.commit_of(name) for name in unknown if name and not name.startswith("-")):
        remedy = f"`reconciler plan --base {first or second}` compares what is checked out with it"
        raise Failure(f"{word} is a range of Git, and `diff A..B` compares two environments.", remedy)
    raise Failure(
        f"There is no environment {unknown[0]!r}.", did_you_mean(unknown[0], {*loaded.environments, *loaded.broken})
    )


def print_comparison(
    named: str,
    keys: Sequence[str],
    format_name: str,
    options: SessionOptions,
    *,
    offline: bool,
    detailed: bool,
) -> int:
    """Prints what differs between the two of `A..B`, or of what the keys name; the exit code."""
    if format_name not in FORMATS:
        formats = ", ".join(FORMATS)
        raise Failure(f"Two environments are not compared as {format_name}.", f"pass --format with one of {formats}")
    style = stdout_style(colour=options.colour)
    with terminable():
        loaded = load_config(style)
        comparison = compared(loaded, pair_named(named, loaded), keys, options, style, offline=offline)
    click.echo(FORMATS[format_name](hidden().deep(comparison, (Target, Live, Desired)), style), nl=False)
    if not detailed:
        return 0
    is_unread = any(side.unread is not None or side.gone for side in comparison.sides)
    return 2 if comparison.differences else 1 if is_unread and not offline else 0


def compared(
    loaded: Config, pair: EnvironmentPair, keys: Sequence[str], options: SessionOptions, style: Style, *, offline: bool
) -> EnvironmentComparison:
    """Everything that differs between the two, or of what the keys name; what cannot be read is left to manifests."""
    if pair.first == pair.second:
        raise Failure(f"{pair.first} is compared with itself.", "name two environments: `diff staging..production`")
    open_session = partial(_session, loaded, options=options, style=style, offline=offline)
    first, second = run_async(_sides, pair, open_session, timeout=options.timeout)
    only = None
    if keys:
        title = f"{pair.first} and {pair.second}"
        only, _ = addresses_named(keys, first.addresses | second.addresses, title)
    return compare_environments(first, second, only)


def _session(loaded: Config, name: str, *, options: SessionOptions, style: Style, offline: bool) -> Session:
    """A session in the environment; one without a key where nothing may be sent, or where there is none."""
    environment = choose_environment(loaded, name, style, owns=True)
    reason = "" if offline else commands.why_not_run(environment.settings, of_base=False)
    reason = reason or why_unread(environment, offline=offline)
    return session_in(loaded, environment, style, state_dir=options.state_dir, offline=reason or None)


async def _sides(pair: EnvironmentPair, open_session: Callable[[str], Session]) -> tuple[Side, Side]:
    REPORTED.set(set())  # of this task alone: both read the same files
    sessions = [open_session(name) for name in (pair.first, pair.second)]
    stated = [session.desired(may_lack=True) for session in sessions]
    sides: dict[int, Side] = {}

    async def read(number: int) -> None:
        sides[number] = await _read_side(sessions[number], stated[number])

    async with anyio.create_task_group() as tasks:
        for number in range(len(sessions)):
            tasks.start_soon(read, number)
    return sides[0], sides[1]


async def _read_side(session: Session, desired: Sequence[Desired]) -> Side:
    """What is stated and live in one environment; only what is stated, and why, where the server is not reached."""
    if session.offline is not None:
        return side(desired, None, session.where, session.offline)
    try:
        live, gone = await session.read_live()
    except (ProviderError, BaseExceptionGroup) as error:
        first = first_error(error)
        if not isinstance(first, ProviderError):
            raise
        failure = failure_of(first)
        remedy = "".join(f"\n  {line}" for line in failure.remedy.split("\n") if line)
        click.echo(f"Warning: {inert(failure.message)}{inert(remedy)}", err=True)
        return side(desired, None, session.where, first.message)
    return side(desired, live, session.where, gone=gone.keys())
