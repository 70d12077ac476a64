"""`reconciler schema`: the JSON Schemas of what people write, for editors, and of the plan's document."""

from __future__ import annotations

import click

from reconciler.cli import completers, options


@click.command("schema")
@click.argument(
    "name", required=False, metavar="[assistant|agent|reconciler|plan|event]", shell_complete=completers.schemas
)
@options.option(
    "--write",
    "folder",
    is_flag=False,
    flag_value=".schemas",
    metavar="[FOLDER]",
    shell_complete=completers.folders,
    envvar=[],
    help="Write the schemas that editors read; default: .schemas, beside reconciler.yaml.",
)
@options.option(
    "--modeline",
    is_flag=True,
    envvar=[],
    help="Write them, and add a comment to manifests and reconciler.yaml that tells editors where they are.",
)
def command(*, name: str | None, folder: str | None, modeline: bool) -> int:
    """Print or write JSON Schemas, which editors use to complete and check files.

    NAME is a kind of manifests, `reconciler` for reconciler.yaml, `plan` for the JSON document of a plan, or `event`
    for one line of `apply --json`.

    Run --write again after an upgrade: it replaces the files that it wrote itself, and no others.
    """
    from reconciler.authoring.writing_schemas import print_schema, write_schemas

    if (name is None) == (folder is None and not modeline):
        raise click.UsageError("Name one schema, such as `reconciler schema assistant`, or pass --write.")
    if name is not None:
        print_schema(name)
    else:
        write_schemas(folder or ".schemas", has_modelines=modeline)
    return 0
