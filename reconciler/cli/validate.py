"""`reconciler validate`: every error in every file; nothing is sent."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.run.options import SessionOptions


@click.command("validate")
@options.environment
@options.formats("text", "github", help="How to report; github annotates the manifests in a job of GitHub Actions.")
@options.printing
def command(*, format: str, session_options: SessionOptions) -> int:
    """Check every manifest, and send nothing.

    Reads the manifests as every environment of reconciler.yaml would (or as the one that -e names), and
    reports everything wrong at once with file, line, column and remedy.
    """
    from reconciler.run.validation import validate_manifests

    validate_manifests(session_options)
    return 0
