"""`reconciler validate`: every fault of every file, and nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from reconciler.config import Config, Environment
    from reconciler.diagnostics import Diagnostic


@click.command("validate")
@options.environment
@options.formats("text", "github", help="How to report; github annotates the manifests in a job of GitHub Actions.")
@options.colour
def command(environment: str | None, format: str, color: bool | None) -> int:
    """Check every manifest, and send nothing.

    Reads the manifests as every environment of reconciler.yaml would (or as the one that -e names), and
    reports everything wrong at once with file, line, column and remedy.
    """
    return _validate(environment, color)


def _validate(name: str | None, colour: bool | None) -> int:
    import os
    import sys

    from reconciler import config
    from reconciler.console import credentials
    from reconciler.console.output import style_of
    from reconciler.diagnostics import Diagnostic
    from reconciler.manifests import parser, reading
    from reconciler.run import session

    style = style_of(sys.stdout, colour=colour)
    loaded = session.load(style)
    read = reading.read(loaded.root, loaded.manifests)
    said = name or os.environ.get("RECONCILER_ENVIRONMENT")
    chosen = [config.choose(loaded, name, os.environ, owns=False)] if said else _stated(loaded)
    environments = [one for one in chosen if not isinstance(one, Diagnostic)]
    faults = [
        *read.faults,
        *credentials.secrets_in(read.sources),
        *(one for one in chosen if isinstance(one, Diagnostic)),
    ]
    faults += [one for wrong in loaded.broken.values() if not said or wrong[0] in chosen for one in wrong]
    faults += [fault for one in environments if (fault := config.unowned(loaded, one))]
    for environment in environments:
        faults += parser.parse(read.manifests, session.setting(loaded, environment)).faults
    session.stop_at_errors(faults, {**loaded.sources, **read.sources}, style)
    count = len(read.manifests)
    names = f"environment{'s' * (len(environments) != 1)}: {', '.join(one.name for one in environments)}"
    if not count:
        click.echo(f"No manifests found in {', '.join(f'`{folder}`' for folder in loaded.manifests)}.")
        return 0
    click.echo(f"Valid: {count} manifest{'s' * (count != 1)} ({names}).")
    return 0


def _stated(loaded: Config) -> list[Environment | Diagnostic]:
    """Every environment of `reconciler.yaml`; `local` where it names none, for values may only be elsewhere."""
    return [one for one in loaded.environments.values() if one.place is not None] or [*loaded.environments.values()]
