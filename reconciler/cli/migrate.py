"""`reconciler migrate`: what becomes of the assistants where the Assistants API is gone; nothing is sent or written."""

from __future__ import annotations

import click

from reconciler.cli import options
from reconciler.github import ci_output_guard
from reconciler.run.options import SessionOptions


@click.command("migrate")
@click.argument("words", nargs=-1, metavar="[KEY]...")
@options.environment
@options.formats("text", "markdown", "json", help="How to print it.")
@options.printing
def command(*, words: tuple[str, ...], format: str, session_options: SessionOptions) -> int:
    """Assess what becomes of each assistant as an agent and as a Responses request.

    Reads the manifests as `validate` does. Each field is the same there, changed, or lost, with what to do instead.
    KEY names an assistant and may be a glob; without it all are assessed. Nothing is sent or written.
    """
    from reconciler.run.validation import assess_migration

    if format == "json":
        ci_output_guard.says_data()
    assess_migration(session_options, words, format)
    return 0
