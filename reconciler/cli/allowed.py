"""`reconciler allowed`: the objections that labels on the pull request let pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from reconciler.cli import options, runner

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.hosting import Hosting, Label

PREFIX = "reconciler/allow:"


@click.command("allowed")
@options.option("--pull", type=click.IntRange(min=1), metavar="N", help="The pull request; default: the job's own.")
@options.option(
    "--workflow",
    metavar="FILE",
    default="plan.yml",
    show_default=True,
    help="The workflow that plans pull requests: a label counts if it was set after this ran for the newest push.",
)
def command(pull: int | None, workflow: str) -> int:
    """Print the codes that labels `reconciler/allow:CODE` on the pull request allow, one a line.

    Meant for `RECONCILER_ALLOW="$(reconciler allowed)" reconciler plan`. A label counts if a person set it who may
    write to the repository, and set it after the newest push: it allows what was seen. Other labels are told of on
    standard error. Without a pull request there are none.
    """
    from reconciler.cli import actions

    runner.says_data()
    with actions.asking() as place:
        number = actions.pull_number(pull, place)
        for code in sorted({*_codes(place, number, workflow)}) if number is not None else ():
            click.echo(code)
    return 0


def _codes(place: Hosting, number: int, workflow: str) -> Iterator[str]:
    labels = [label for label in place.labels(number) if label.name.lower().startswith(PREFIX)]
    pushed = _pushed(place, number, workflow) if labels else None
    for label in labels:
        reason = _why_not(place, label, pushed, workflow)
        if reason is None:
            yield _code(label)
        else:
            click.echo(f"The label {label.name!r} does not count: {reason}.", err=True)


def _code(label: Label) -> str:
    """The objection that it names: a hosting takes `Allow` and `allow` for one label."""
    return label.name[len(PREFIX) :].strip().lower()


def _pushed(place: Hosting, number: int, workflow: str) -> datetime | None:
    """When the newest push was there at the latest: a commit's own date is whatever its author says."""
    runs = place.runs(workflow, place.pull(number).head)
    moments = (_moment(run.created) for run in runs if run.event == "pull_request")
    return min(filter(None, moments), default=None)


def _moment(text: str) -> datetime | None:
    """A moment as a hosting writes it, to whatever precision."""
    from datetime import UTC, datetime

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _why_not(place: Hosting, label: Label, pushed: datetime | None, workflow: str) -> str | None:
    from reconciler.diagnostics import did_you_mean
    from reconciler.guards import OBJECTIONS

    code, at = _code(label), _moment(label.at)
    if code not in OBJECTIONS:
        return f"there is no objection {code!r}, {did_you_mean(code, OBJECTIONS)}"
    if label.by is None:
        return "nobody can tell who set it"
    if label.by.endswith("[bot]"):
        return f"{label.by} set it, and a program cannot allow anything"
    if not place.may_write(label.by):
        return f"{label.by} set it, who may not write to this repository"
    if pushed is None:
        return f"{workflow} has not run for the newest push, so nobody can have seen what it allows"
    if at is None or at < pushed:
        return "it was set before the newest push, whose plan may be another one; take it off and set it again"
    return None
