"""`reconciler validate`: every error in every file, and what is probably wrong; nothing is changed anywhere."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.run.options import SessionOptions


@click.command("validate")
@options.option("--online", is_flag=True, help="Also ask the servers which models, vector stores and files they have.")
@options.option("--strict", is_flag=True, help="Exit 1 for a warning, too.")
@options.environment
@options.formats("text", "github", help="How to report; github annotates the manifests in a job of GitHub Actions.")
@options.printing
def command(*, online: bool, strict: bool, format: str, session_options: SessionOptions) -> int:
    """Check every manifest, and send nothing.

    Reads the manifests as every environment of reconciler.yaml would (or as the one that -e names), and
    reports everything wrong at once with file, line, column and remedy, and what is probably wrong as warnings.
    With --online it only reads from the servers.
    """
    from reconciler.run.validation import validate_manifests

    validate_manifests(session_options, online=online, strict=strict)
    return 0
