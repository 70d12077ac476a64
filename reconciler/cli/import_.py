"""`reconciler import`: what is live becomes manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import options
from reconciler.run.options import SessionOptions

if TYPE_CHECKING:
    from reconciler.authoring.converting import Goal


@click.command("import")
@click.argument("words", nargs=-1, metavar="[ID|NAME|KEY=ID|FILE]...")
@options.environment
@click.option(
    "--from", "files", multiple=True, metavar="FILE", help="Read saved JSON instead of a server; `-` is standard input."
)
@options.option(
    "--to",
    type=click.Choice(("agent", "responses")),
    help="With --from: what assistants become, as `migrate` writes it.",
)
@options.option("--strict", is_flag=True, help="With --to: import nothing that would have an unresolved field.")
@options.option("--into", metavar="NAME", help="With --to responses: the environment for the requests.")
@options.option(
    "--layout",
    type=click.Choice(("yaml", "markdown")),
    help="How manifests are written; default: as those that are there, else yaml.",
)
@options.option("--force", is_flag=True, help="Write over files that no manifest uses.")
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

    ID|NAME names some of them and may be a glob, as in `import 'HR*'`; without it all are imported. What is written
    is read again first: a plan then adopts each, and changes nothing. What cannot be imported so is left and named.

    What is live in a second environment is matched to the manifests by id or name: they get its id, and a patch of what
    differs. KEY=ID gives an object to a manifest where neither decides.

    With `--from FILE...` they are read from saved JSON: a list, an object, or one object a line. That needs no server,
    no key and no environment, and the next apply creates them. With --to they become agents, or requests in a folder,
    and what is lost is listed under `reconciler.unresolved`.
    """
    from reconciler.authoring.import_live import import_live, session_to_import_from
    from reconciler.authoring.import_saved import Becoming, import_saved
    from reconciler.authoring.importing import ImportOptions

    if to is not None and not files:
        raise click.UsageError("--to needs --from; what has manifests is moved by `reconciler migrate`.")
    options.require_goal(to, strict=strict, into=into)
    if files:
        import_saved((*files, *words), ImportOptions(**how), session_options, Becoming(to, strict, into))
    else:
        import_live(session_to_import_from(session_options), words, ImportOptions(**how))
    return 0
