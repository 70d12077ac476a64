"""`reconciler migrate`: what becomes of the assistants where the Assistants API is gone, and their manifests there."""

from __future__ import annotations

from typing import Any

import click

from reconciler.cli import completers, options
from reconciler.github import ci_output_guard
from reconciler.run.options import SessionOptions


@click.command("migrate")
@click.argument("words", nargs=-1, metavar="[KEY]...", shell_complete=completers.keys)
@options.environment
@options.option("--to", type=click.Choice(("agent", "responses")), help="Write what they become; default: assess both.")
@options.option(
    "--into",
    metavar="NAME",
    shell_complete=completers.environments,
    help="With --to responses: the environment for the requests.",
)
@options.option("--strict", is_flag=True, help="Write no manifest with an unresolved field.")
@options.option(
    "--layout",
    type=click.Choice(("yaml", "markdown")),
    help="Syntax of new manifests; default: that of the assistants' manifests.",
)
@options.option("--force", is_flag=True, help="Overwrite existing manifests.")
@options.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@options.formats("text", "markdown", "json", help="How to print the assessment.")
@options.printing
def command(
    *,
    words: tuple[str, ...],
    to: str | None,
    into: str | None,
    format: str,
    session_options: SessionOptions,
    **how: Any,
) -> int:
    """Assess or write what becomes of each assistant as an agent or as a Responses request.

    Reads the manifests as `validate` does. Each field stays the same, is changed, or is lost, with what to do instead.
    KEY names an assistant and may be a glob; the default is all. Nothing is sent.

    --to agent writes a manifest of an agent beside each assistant's, for every environment that can have agents or for
    the one of -e. --to responses adds the assistants of one environment to another, which is a folder of requests.
    Lost fields are listed under `reconciler.unresolved`, which is an error until you settle them.
    """
    from reconciler.authoring.migrating import MigrationOptions, assess_migration, migrate_to_agents
    from reconciler.authoring.request_migration import migrate_to_requests

    options.require_goal(to, strict=how["strict"], into=into)
    if to is not None and format != "text":
        raise click.UsageError("--format applies to the assessment: omit --to, or --format.")
    if to == "responses":
        return migrate_to_requests(session_options, words, MigrationOptions(**how), into)
    if to == "agent":
        return migrate_to_agents(session_options, words, MigrationOptions(**how))
    if format == "json":
        ci_output_guard.says_data()
    assess_migration(session_options, words, format)
    return 0
