"""Check the manifests for every environment, and send nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

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


def validate_manifests(options: SessionOptions) -> None:
    """Reports every error of every manifest, and ends the command where there is one; else prints what was read."""
    style = stdout_style(colour=options.colour)
    loaded = load_config(style)
    read = reading.read(loaded.root, loaded.manifests)
    selected = options.environment or os.environ.get("RECONCILER_ENVIRONMENT")
    stated = [each for each in loaded.environments.values() if each.place is not None]
    every = stated or [*loaded.environments.values()]  # `local` where none is stated: values may only be elsewhere
    chosen = [config.choose(loaded, options.environment, os.environ, owns=False)] if selected else every
    environments = [each for each in chosen if not isinstance(each, Diagnostic)]
    faults = [*read.faults, *credentials.secrets_in(read.sources)]
    faults += [each for each in chosen if isinstance(each, Diagnostic)]
    faults += [each for broken in loaded.broken.values() if not selected or broken[0] in chosen for each in broken]
    for each in environments:
        unowned = config.unowned(loaded, each)
        faults += [unowned] if unowned else []
        parsed = parser.parse(read.manifests, manifest_context(loaded, each))
        faults += [*parsed.faults, *_retirement_warnings(parsed.desired, each, loaded)]
    stop_at_errors(faults, {**loaded.sources, **read.sources}, style)
    if read.manifests:
        plural, names = "s" * (len(environments) != 1), ", ".join(each.name for each in environments)
        click.echo(f"Valid: {count(len(read.manifests), 'manifest')} (environment{plural}: {names}).")
    else:
        click.echo(f"No manifests found in {', '.join(f'`{folder}`' for folder in loaded.manifests)}.")


def _retirement_warnings(desired: Sequence[Desired], environment: Environment, loaded: Config) -> Iterator[Diagnostic]:
    where = target_of(environment, environment.settings.unreached(), state_folder(loaded))
    for retirement in retirements(desired, where, today(), deployments=environment.models):
        place = retirement.place or environment.place or Location(config.FILE)
        severity: Severity = "warning" if retirement.is_of_vendor else "note"
        yield Diagnostic(place, retirement.code, retirement.message, retirement.remedy, severity)
