"""What is told from manifests alone, for every environment: whether they are valid, and what a migration would do."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from reconciler import config
from reconciler.config import Config, Environment
from reconciler.console import credentials
from reconciler.console.output import stdout_style
from reconciler.diagnostics import Diagnostic, Location, Severity
from reconciler.kinds.migration import assess
from reconciler.manifests import parser, reading
from reconciler.model import Desired
from reconciler.plan.retirements import retirements
from reconciler.render.assessment import ASSESSMENT_FORMATS
from reconciler.render.sentences import count
from reconciler.run.addressing import addresses_named
from reconciler.run.lock import state_folder
from reconciler.run.options import SessionOptions
from reconciler.run.session import load_config, manifest_context, stop_at_errors, target_of, today


def validate_manifests(options: SessionOptions) -> None:
    """Reports every error of every manifest, and ends the command where there is one; else prints what was read."""
    checked = _check(options, warn_of_ends=True)
    if checked.manifests:
        names = checked.desired
        plural = "s" * (len(names) != 1)
        click.echo(f"Valid: {count(checked.manifests, 'manifest')} (environment{plural}: {', '.join(names)}).")
    else:
        click.echo(f"No manifests found in {', '.join(f'`{folder}`' for folder in checked.folders)}.")


def assess_migration(options: SessionOptions, words: Sequence[str], format_name: str) -> None:
    """Prints what becomes of the assistants with these keys elsewhere, or of all; an error in a manifest ends it."""
    desired = _check(options, warn_of_ends=False).desired
    if words:
        known = {assessment.address for assessment in assess(desired)}
        chosen, _ = addresses_named(words, known, "the manifests of assistants, which alone are assessed")
        desired = {name: [each for each in stated if each.address in chosen] for name, stated in desired.items()}
    style = stdout_style(colour=options.colour)
    click.echo(ASSESSMENT_FORMATS[format_name](assess(desired), style), nl=False)


@dataclass(frozen=True, slots=True)
class _CheckedManifests:
    """Manifests without errors, as the chosen environments read them."""

    desired: Mapping[str, Sequence[Desired]]
    manifests: int
    folders: Sequence[str]


def _check(options: SessionOptions, *, warn_of_ends: bool) -> _CheckedManifests:
    """The manifests as every environment of the configuration reads them, or as the selected one does."""
    style = stdout_style(colour=options.colour)
    loaded = load_config(style)
    read = reading.read(loaded.root, loaded.manifests)
    selected = options.environment or os.environ.get("RECONCILER_ENVIRONMENT")
    stated = [each for each in loaded.environments.values() if each.place is not None]
    every = stated or [*loaded.environments.values()]  # `local` where none is stated: values may only be elsewhere
    chosen = [config.choose(loaded, options.environment, os.environ, owns=False)] if selected else every
    faults = [*read.faults, *credentials.secrets_in(read.sources)]
    faults += [each for each in chosen if isinstance(each, Diagnostic)]
    faults += [each for broken in loaded.broken.values() if not selected or broken[0] in chosen for each in broken]
    desired: dict[str, Sequence[Desired]] = {}
    for each in (each for each in chosen if not isinstance(each, Diagnostic)):
        unowned = config.unowned(loaded, each)
        faults += [unowned] if unowned else []
        parsed = parser.parse(read.manifests, manifest_context(loaded, each))
        faults += [*parsed.faults, *(_retirement_warnings(parsed.desired, each, loaded) if warn_of_ends else ())]
        desired[each.name] = parsed.desired
    stop_at_errors(faults, {**loaded.sources, **read.sources}, style)
    return _CheckedManifests(desired, len(read.manifests), loaded.manifests)


def _retirement_warnings(desired: Sequence[Desired], environment: Environment, loaded: Config) -> Iterator[Diagnostic]:
    where = target_of(environment, environment.settings.unreached(), state_folder(loaded))
    for retirement in retirements(desired, where, today(), deployments=environment.models):
        place = retirement.place or environment.place or Location(config.FILE)
        severity: Severity = "warning" if retirement.is_of_vendor else "note"
        yield Diagnostic(place, retirement.code, retirement.message, retirement.remedy, severity)
