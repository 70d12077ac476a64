"""`reconciler doctor`: what works here and at the server, what does not, and what fixes it."""

from __future__ import annotations

from dataclasses import replace

import click

from reconciler.cli import options
from reconciler.github import ci_output_guard
from reconciler.run.options import ApplyOptions


@click.command("doctor")
@options.option("--write", is_flag=True, help="Try each kind with a throw-away object that is deleted again.")
@options.option("--model", metavar="NAME", help="The model of the throw-away objects; default: one that is in use.")
@options.environment
@options.formats("text", "json", help="How to print it.")
@options.trying
def command(*, write: bool, model: str | None, format: str, apply_options: ApplyOptions) -> int:
    """Look at the configuration, the server, the manifests, Git and the CI job, and say what fixes what is wrong.

    Only reads. With --write it asks, then creates one throw-away object of each kind, called
    `reconciler doctor, delete me`, of the stack `reconciler-doctor`; it modifies it to see what the server keeps,
    and deletes it again, also after Ctrl-C. Exits 1 if there is a problem.
    """
    from reconciler.run.doctor import examine

    if format == "json":
        ci_output_guard.says_data()
    return examine(replace(apply_options, as_json=format == "json"), format, write=write, model=model)
