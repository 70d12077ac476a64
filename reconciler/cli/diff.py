"""`reconciler diff`: the plan by another name, or two environments compared."""

from __future__ import annotations

from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from reconciler.cli import completers, options, plan
from reconciler.console.failure import Failure
from reconciler.run.options import SessionOptions

_TAKEN = ("keys", "target", "format", "json", "offline", "detailed_exitcode", "timeout", "state_dir", "colour")
"""The options of `plan` that a comparison of environments takes as well."""


@wraps(plan.command.callback)  # type: ignore[arg-type]  # a command calls something
def _plan_or_compare(keys: tuple[str, ...], **arguments: Any) -> int:
    pair = next((key for key in keys if ".." in key), None)
    if pair is None:
        if len(keys) == 2:
            _reject_words(*keys)
        return int(plan.command.callback(keys=keys, **arguments))  # type: ignore[misc]
    _reject_other_options()
    return _compare(pair, tuple(key for key in keys if key != pair), arguments)


def _reject_words(first: str, second: str) -> None:
    """Ends the command where both are environments: no key is meant by that."""
    from reconciler.console.output import stdout_style
    from reconciler.run.session import load_config

    if {first, second} <= load_config(stdout_style(), anywhere=True).environments.keys():
        raise Failure(f"{first} and {second} are environments.", f"compare them: `reconciler diff {first}..{second}`")


def _reject_other_options() -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in _TAKEN and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            message = f"{parameter.opts[0]} does not go with a comparison of two environments."
            raise Failure(message, "leave it out, or leave out `A..B` for a plan")


def _compare(pair: str, keys: tuple[str, ...], arguments: dict[str, Any]) -> int:
    from reconciler.run.environments import print_comparison

    colour, state_dir, timeout = (arguments[name] for name in ("colour", "state_dir", "timeout"))
    return print_comparison(
        pair,
        keys,
        arguments["format"],
        SessionOptions(state_dir=state_dir, timeout=timeout, colour=colour),
        offline=arguments["offline"],
        detailed=arguments["detailed_exitcode"],
    )


_KEYS = click.Argument(["keys"], **options.keys_settings("[A..B] [KEYS]...", completers.keys_or_comparison))

command = click.Command(
    "diff",
    callback=_plan_or_compare,
    params=[_KEYS, *plan.command.params[1:]],
    help="""Show what an apply would do, as `plan` does, or compare two environments.

    `diff staging..production` shows what the manifests state differently for the two, and what is live in one and not
    as stated: drift, or what was not applied yet. KEYS narrow it. With --offline only the manifests are compared, and
    nothing is sent. It is printed as text, markdown or json; --detailed-exitcode exits 2 if anything differs.

    Without `A..B` it is `plan`, with the same arguments and options.
    """,
)
