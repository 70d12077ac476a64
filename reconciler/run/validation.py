"""Checks whether manifests are valid, for every environment and without a server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import click

from reconciler import config
from reconciler.config import Config, Environment
from reconciler.console import credentials
from reconciler.console.output import stdout_style
from reconciler.diagnostics import Diagnostic, Location, Severity
from reconciler.manifests import parser, reading
from reconciler.model import Desired
from reconciler.plan.retirements import retirements
from reconciler.render.sentences import count
from reconciler.run.lock import state_folder
from reconciler.run.options import SessionOptions
from reconciler.run.session import load_config, manifest_context, stop_at_errors, target_of, today

Aside: TypeAlias = Callable[[reading.ReadFolders, Sequence[Diagnostic]], Iterable[Diagnostic]]
"""Of what is wrong with the manifests that were read, what concerns a command."""


def validate_manifests(options: SessionOptions) -> None:
    """Reports every error of every manifest, and ends the command where there is one; else prints what was read."""
    checked = check_manifests(options, warn_of_ends=True)
    if number := len(checked.read.manifests):
        names = checked.desired
        plural = "s" * (len(names) != 1)
        click.echo(f"Valid: {count(number, 'manifest')} (environment{plural}: {', '.join(names)}).")
    else:
        click.echo(f"No manifests found in {', '.join(f'`{folder}`' for folder in checked.config.manifests)}.")


@dataclass(frozen=True, slots=True)
class CheckedManifests:
    """Manifests without errors, as the chosen environments read them."""

    config: Config
    read: reading.ReadFolders
    environments: Sequence[Environment]
    desired: Mapping[str, Sequence[Desired]]


def check_manifests(
    options: SessionOptions, *, warn_of_ends: bool = False, aside: Aside = lambda read, faults: faults
) -> CheckedManifests:
    """The manifests as every environment of the configuration reads them, or as the selected one does.

    An error ends the command; `aside` says which of what is wrong it is to be told of.
    """
    style = stdout_style(colour=options.colour)
    loaded = load_config(style)
    read = reading.read(loaded.root, loaded.manifests)
    selected = options.environment or os.environ.get("RECONCILER_ENVIRONMENT")
    stated = [each for each in loaded.environments.values() if each.place is not None]
    every = stated or [*loaded.environments.values()]  # `local` where none is stated: values may only be elsewhere
    chosen = [config.choose(loaded, options.environment, os.environ, owns=False)] if selected else every
    environments = [each for each in chosen if not isinstance(each, Diagnostic)]
    parsed = {each.name: parser.parse(read.manifests, manifest_context(loaded, each)) for each in environments}
    of_manifests = [*read.faults, *(fault for each in parsed.values() for fault in each.faults)]
    faults = [*aside(read, of_manifests), *credentials.secrets_in(read.sources)]
    faults += [each for each in chosen if isinstance(each, Diagnostic)]
    faults += [each for broken in loaded.broken.values() if not selected or broken[0] in chosen for each in broken]
    for each in environments:
        unowned = config.unowned(loaded, each)
        faults += [unowned] if unowned else []
        faults += _retirement_warnings(parsed[each.name].desired, each, loaded) if warn_of_ends else ()
    stop_at_errors(faults, {**loaded.sources, **read.sources}, style)
    return CheckedManifests(loaded, read, environments, {name: each.desired for name, each in parsed.items()})


def _retirement_warnings(desired: Sequence[Desired], environment: Environment, loaded: Config) -> Iterator[Diagnostic]:
    where = target_of(environment, environment.settings.unreached(), state_folder(loaded))
    for retirement in retirements(desired, where, today(), deployments=environment.models):
        place = retirement.place or environment.place or Location(config.FILE)
        severity: Severity = "warning" if retirement.is_of_vendor else "note"
        yield Diagnostic(place, retirement.code, retirement.message, retirement.remedy, severity)
