"""`reconciler version`: the version of this program, for people and programs."""

from __future__ import annotations

import click

from reconciler import __version__
from reconciler.cli import options
from reconciler.github import ci_output_guard


@click.command("version")
@options.formats("text", "json", help="How to print it.")
def command(*, format: str) -> int:
    """Print the version, as `--version` does; as JSON also the version of Python and the platform."""
    if format == "text":
        click.echo(f"reconciler {__version__}")
        return 0
    import json
    import platform

    ci_output_guard.says_data()
    facts = {"version": __version__, "python": platform.python_version(), "platform": platform.platform()}
    click.echo(json.dumps(facts, indent=2))
    return 0
