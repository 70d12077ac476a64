"""`reconciler allowed`: what labels on the pull request override, each what it was set on."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.console.failure import Failure
from reconciler.github import ci_output_guard


@click.command("allowed")
@options.environments
@options.option("--all-environments", is_flag=True, help="Ask for every environment of reconciler.yaml.")
@options.stack
@options.option("--out", metavar="FILE", help="Write the allowances there; default: print them.")
@options.pull
@options.option(
    "--base", metavar="REV", help="Read `allow:` from that revision's reconciler.yaml, not from what is checked out."
)
@options.plan_artifact
def command(
    *,
    environments: tuple[str, ...],
    all_environments: bool,
    stack: str | None,
    out: str | None,
    pull: int | None,
    base: str | None,
    workflow: str,
    artifact: str | None,
) -> int:
    """Write what labels on the pull request allow, for `--allowances FILE` of plan, apply and comment.

    A label `reconciler/allow:CODE` allows the objections of the newest plan made before it was set, about
    the same objects and the same changes; `reconciler/allow:CODE@ENVIRONMENT` in that environment only. It counts
    if a person set it who may write to the repository, and before the merge. Without a pull request there are none.
    """
    import sys

    from reconciler.console.output import style_of
    from reconciler.github.allow_labels import label_verdicts
    from reconciler.run.base_plan import config_at
    from reconciler.run.session import load_config

    if out is None:
        ci_output_guard.says_data()
    loaded = load_config(style_of(sys.stderr, colour=None))
    names = environments or (loaded.all_names() if all_environments else (None,))
    rules = (lambda: config_at(loaded, base)) if base is not None else (lambda: loaded)
    verdicts = label_verdicts(loaded, rules, names, stack, pull, workflow, artifact)
    text = json.dumps(verdicts, indent=2)
    try:
        Path(out).write_text(f"{text}\n", encoding="utf-8") if out is not None else click.echo(text)
    except OSError as error:
        raise Failure(f"Cannot write the allowances to {out}: {error.strerror}.", "name another file") from error
    return 0
