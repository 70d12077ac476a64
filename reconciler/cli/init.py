"""`reconciler init`: a folder becomes a repository of manifests."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from reconciler.drafts.first_files import FirstEnvironment

_ACTION = re.compile(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}")


@click.command("init")
@options.option("--stack", metavar="NAME", help="Name of the stack; default: that of the repository or the folder.")
@click.option(
    "-e",
    "--environment",
    "words",
    multiple=True,
    metavar="NAME[=URL]",
    help="An environment and the address of its server; default: OpenAI's own. May be repeated.",
)
@options.option(
    "--workflows", is_flag=True, default=None, help="Write workflows for GitHub: plan, apply, reconcile, previews."
)
@options.option(
    "--agents-md", is_flag=True, default=None, help="Write a section in AGENTS.md for coding assistants, or update it."
)
@options.option("--kind", type=click.Choice(("agent", "assistant")), help="Kind of the example; default: agent.")
@options.option("--layout", type=click.Choice(("yaml", "markdown")), help="Syntax of the example; default: yaml.")
@options.option(
    "--example/--no-example",
    "has_example",
    default=None,
    help="Write an example where there are no manifests; default: yes.",
)
@options.option(
    "--action", metavar="OWNER/REPO@COMMIT", help="The action that workflows use; default: that of this installation."
)
@options.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@options.interactive
@options.colour
def command(
    *,
    stack: str | None,
    words: tuple[str, ...],
    workflows: bool | None,
    agents_md: bool | None,
    kind: str | None,
    layout: str | None,
    has_example: bool | None,
    action: str | None,
    dry_run: bool,
    may_ask: bool,
    colour: bool | None,
) -> int:
    """Set up a repository: configuration, an example, editor schemas, and on request workflows and AGENTS.md.

    On a terminal and without options it asks questions; otherwise it asks nothing. Nothing is sent, and an existing
    file is never overwritten: in a folder that has a reconciler.yaml, only what --workflows and --agents-md ask for
    is added.

    `local`, the embedded server, is always there, so that `reconciler plan` works at once. The keys of the others
    are read from variables, which reconciler.yaml names. An environment called `sandbox` is for previews.
    """
    from pathlib import Path

    from reconciler import config
    from reconciler.authoring.init_questions import InitOptions, answered
    from reconciler.authoring.initializing import initialize
    from reconciler.authoring.surroundings import surroundings
    from reconciler.console.output import stdout_style

    if action is not None and not _ACTION.fullmatch(action):
        raise click.UsageError("--action is OWNER/REPO@COMMIT with a full hash: tags and branches can be moved.")
    servers = _environments_of(words)
    wanted = InitOptions(stack, servers, kind, layout, has_example, workflows, agents_md, action, dry_run)
    around = surroundings(Path.cwd())
    if may_ask and not wanted.are_stated and config.find(around.folder) is None and _is_terminal():
        wanted = answered(wanted, around)
    initialize(wanted, around, stdout_style(colour=colour))
    return 0


def _environments_of(words: tuple[str, ...]) -> tuple[FirstEnvironment, ...]:
    from reconciler.config import LOCAL
    from reconciler.drafts.first_files import FirstEnvironment
    from reconciler.model import NAME, NAME_RULE

    found: dict[str, FirstEnvironment] = {}
    for name, _, url in (word.partition("=") for word in words):
        if not NAME.fullmatch(name):
            raise click.UsageError(f"--environment {name!r} is not a name: use {NAME_RULE}.")
        if name == LOCAL or name in found:
            raise click.UsageError(f"--environment {name} is there already; `{LOCAL}` is the embedded server.")
        found[name] = FirstEnvironment(name, url or None)
    return tuple(found.values())


def _is_terminal() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stdout.isatty())
