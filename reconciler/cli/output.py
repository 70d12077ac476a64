"""`reconciler output`: keys and ids, for programs that have to name an assistant or an agent."""

from __future__ import annotations

import click

from reconciler.cli import completers, options
from reconciler.github import ci_output_guard
from reconciler.run.options import SessionOptions


@click.command("output")
@click.argument("key", required=False, shell_complete=completers.keys)
@options.environment
@options.stack
@options.formats("text", "json", "env", "csv", help="How to print them.")
@options.option("--raw", is_flag=True, help="Print the id of KEY alone, without a newline.")
@options.option("--write-pins", is_flag=True, help="Write the ids into the manifests that name none.")
@options.in_session
def command(*, key: str | None, format: str, raw: bool, write_pins: bool, session_options: SessionOptions) -> int:
    """Print the keys and ids of managed agents and assistants.

    With KEY, only its id; as JSON it is a string. `env` prints lines like ASSISTANT_HR_HELPER=asst_abc123.

    With --write-pins the ids are written under `reconciler.id` of the manifests that name none for the environment;
    KEY may then be a glob. An id that a manifest names is never replaced.
    """
    from reconciler.authoring.pins import write_pins as write
    from reconciler.run.live_output import print_ids
    from reconciler.run.session import open_session

    if raw and (key is None or write_pins):
        raise click.UsageError("--raw prints the id of one KEY: name it.")
    if write_pins:
        return write(open_session(session_options, owns=True), key)
    ci_output_guard.says_data()
    print_ids(open_session(session_options, owns=False), key, "raw" if raw else format)
    return 0
