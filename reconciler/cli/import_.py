"""`reconciler import`: what is live becomes manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import completers, options
from reconciler.run.options import SessionOptions

if TYPE_CHECKING:
    from reconciler.authoring.converting import Goal


@click.command("import")
@click.argument("words", nargs=-1, metavar="[ID|NAME|KEY=ID|FILE]...")
@options.environment
@click.option(
    "--from",
    "files",
    multiple=True,
    metavar="FILE",
    shell_complete=completers.files,
    help="Read saved JSON instead of a server; `-` is standard input.",
)
@options.option(
    "--to",
    type=click.Choice(("agent", "responses")),
    help="With --from: what assistants become, as `migrate` writes it.",
)
@options.option("--strict", is_flag=True, help="With --to: import nothing that would have an unresolved field.")
@options.option(
    "--into",
    metavar="NAME",
    shell_complete=completers.environments,
    help="With --to responses: the environment for the requests.",
)
@options.option(
    "--layout",
    type=click.Choice(("yaml", "markdown")),
    help="Syntax of new manifests; default: that of the existing ones, else yaml.",
)
@options.option("--force", is_flag=True, help="Overwrite files that no manifest uses.")
@options.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@options.in_session
def command(
    *,
    words: tuple[str, ...],
    files: tuple[str, ...],
    to: Goal | None,
    strict: bool,
    into: str | None,
    session_options: SessionOptions,
    **how: Any,
) -> int:
    """Write a manifest for every live agent and assistant that has none.

    ID|NAME selects some of them and may be a glob, as in `import 'HR*'`; the default is all. The files are checked
    before they are written: the next plan adopts each object and changes nothing. An object that cannot be imported
    this way is left, and the reason is printed.

    In a second environment, live objects are matched to the manifests by id or name. A manifest gets the id, and a
    patch of the fields that differ. KEY=ID pairs a manifest with an object where neither decides.

    `--from FILE...` reads saved JSON: a list, an object, or one object per line. It needs no server, no key and no
    environment, and the next apply creates the objects. With --to they become agents, or requests in a folder, and
    lost fields are listed under `reconciler.unresolved`.
    """
    from reconciler.authoring.import_live import import_live, session_to_import_from
    from reconciler.authoring.import_saved import Becoming, import_saved
    from reconciler.authoring.importing import ImportOptions

    if to is not None and not files:
        raise click.UsageError("--to requires --from; for assistants that have manifests, use `reconciler migrate`.")
    options.require_goal(to, strict=strict, into=into)
    if files:
        import_saved((*files, *words), ImportOptions(**how), session_options, Becoming(to, strict, into))
    else:
        import_live(session_to_import_from(session_options), words, ImportOptions(**how))
    return 0
