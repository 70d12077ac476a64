"""From a session to a finished plan: the one way that plan, apply and forget share."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import click

from reconciler import history
from reconciler.cli.checkout import behind
from reconciler.cli.failure import Failure
from reconciler.cli.session import Session, matching
from reconciler.guards import Facts
from reconciler.model import Address, Desired, Live, Plan
from reconciler.ownership import Twins, ours_by_address
from reconciler.plan import make_plan, only_drift, select
from reconciler.providers import Provider
from reconciler.render import FORMATS, Style, document


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked to have planned."""

    keys: tuple[str, ...] = ()
    allow: frozenset[str] = frozenset()
    drift: bool = False
    resolve: Twins = field(default_factory=Twins)


async def planned(session: Session, provider: Provider, desired: Sequence[Desired], request: Request) -> Plan:
    """The whole plan, and then as much of it as was asked for."""
    return judged(session, provider, desired, await session.live(provider), request)


def judged(
    session: Session, provider: Provider, desired: Sequence[Desired], live: Sequence[Live], request: Request
) -> Plan:
    """The same, over objects that were read already."""
    plan = make_plan(
        desired,
        live,
        session.where,
        limits=session.environment.limits,
        allow=request.allow,
        facts=facts(session, provider, live),
        resolve=request.resolve,
    )
    if request.drift:
        plan = only_drift(plan)
    if not request.keys:
        return plan
    chosen, exactly = matching(request.keys, addresses(session, desired, live), session.title)
    return select(plan, chosen, exactly=exactly)


def facts(session: Session, provider: Provider, live: Sequence[Live]) -> Facts:
    """What Git, the server and the history say about it."""
    ours = [one.marker for _, one in ours_by_address(live, session.where) if one.marker is not None]
    commits = [marker.commit.partition("+")[0] for marker in ours if marker.commit]
    absent, notes = behind(session.config.root, commits)
    rejected = history.rejections(session.connection.state_dir / history.FOLDER, session.where)
    return Facts(absent, provider.project, rejected, notes)


def addresses(session: Session, desired: Sequence[Desired], live: Sequence[Live]) -> set[Address]:
    """Every address that is desired or ours."""
    return {address for address, _ in ours_by_address(live, session.where)} | {one.address for one in desired}


def show(plan: Plan, format: str, style: Style) -> None:
    """Prints a plan in one of the formats."""
    click.echo(FORMATS[format](document(plan), style), nl=False)


def save(plan: Plan, path: str) -> None:
    """Writes a plan's document, whole or not at all; a pipe or a device is written to and never replaced."""
    text = FORMATS["json"](document(plan), Style())
    try:
        target = Path(path)
        if target.exists() and not target.is_file():
            target.write_text(text)
        else:
            _replace(target.resolve(), text)
    except OSError as error:
        raise Failure(f"Cannot write the plan to {path}: {error.strerror}.", "nothing was changed") from error


def _replace(target: Path, text: str) -> None:
    beside = target.with_name(f".{target.name}.writing")
    try:
        beside.write_text(text)
        beside.replace(target)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def allowed(codes: Sequence[str]) -> frozenset[str]:
    """The codes that were allowed; one that does not exist is an error."""
    from reconciler.diagnostics import did_you_mean
    from reconciler.guards import OBJECTIONS

    for code in codes:
        if code not in OBJECTIONS:
            raise Failure(f"There is no objection {code!r}.", did_you_mean(code, OBJECTIONS))
    return frozenset(codes)
