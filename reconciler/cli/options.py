"""Options that commands share; each has its `RECONCILER_…` variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar

import click

from reconciler.github.ci_output_guard import FORMAT
from reconciler.run.write_options import WriteOptions

F = TypeVar("F", bound=Callable[..., Any])

_PARALLELISM = click.IntRange(1, 64)
PLAN_FORMATS = ("text", "markdown", "json", "html", "github")
"""The formats of a plan, which `render.FORMATS` makes: named here so that no option imports them."""


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """A click option that can also be set by a variable of its own name."""
    long = next(name for name in names if name.startswith("--")).partition("/")[0].removeprefix("--")
    settings.setdefault("envvar", f"RECONCILER_{long.upper().replace('-', '_')}")
    return click.option(*names, **settings)


environment = option(
    "-e",
    "--environment",
    metavar="NAME",
    envvar=[],  # RECONCILER_ENVIRONMENT is read with the configuration, where a fault can name the variable
    help="Environment to use. Default: RECONCILER_ENVIRONMENT, then reconciler.yaml, then `local`.",
)
environments = option(
    "-e",
    "--environment",
    "environments",
    metavar="NAME",
    multiple=True,
    envvar=[],
    help="Environment to use; may be repeated. Default: RECONCILER_ENVIRONMENT, then reconciler.yaml, then `local`.",
)
allow = option("--allow", metavar="CODE", multiple=True, help="Override objections with this code; may be repeated.")
allowances = option(
    "--allowances",
    metavar="FILE",
    multiple=True,
    help="What labels allow, as `reconciler allowed` wrote it; may be repeated.",
)
colour = option("--color/--no-color", default=None, help="Use color or do not; default: on a terminal.")
auto_approve = option("--auto-approve", is_flag=True, help="Apply without asking.")
interactive = option(
    "--input", default=True, type=bool, metavar="BOOL", help="Allow interactive prompts; default: true."
)
parallelism = option(
    "--parallelism",
    default=8,
    show_default=True,
    type=_PARALLELISM,
    help="How many changes are carried out at once.",
)
stack = option(
    "--stack",
    metavar="NAME",
    help="Use this stack instead of the environment's, e.g. for a preview.",
)
timeout = option(
    "--timeout",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Overall time limit; default: none, two minutes for each change.",
)


def for_scripts(command: F) -> F:
    """What scripts written for Terraform pass to `plan` as to `apply`: taken, and not offered, for it does nothing."""
    command = option("--input", type=bool, hidden=True, expose_value=False)(command)
    return option("--parallelism", type=_PARALLELISM, hidden=True, expose_value=False)(command)


state_dir = option(
    "--state-dir", metavar="DIR", help="Where records, the lock and local data are kept; default: .reconciler."
)


def writing(*, events: bool = False) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """The options of every command that writes, handed over as one; stands next to the function."""
    telling = (
        option("--json", "as_json", is_flag=True, help="Print what happens as JSON lines; requires --auto-approve."),
        option("--json-into", metavar="FILE", help="Write the same JSON lines to a file."),
    )
    taken = (auto_approve, *(telling if events else ()), parallelism, timeout, state_dir, interactive, colour)

    def both(command: Callable[..., int]) -> Callable[..., int]:
        @wraps(command)
        def gathered(**given: Any) -> int:
            asked = {"may_ask": given.pop("input"), "colour": given.pop("color")}
            asked |= {field.name: given.pop(field.name) for field in fields(WriteOptions) if field.name in given}
            return command(hand=WriteOptions(**asked), **given)

        for one in reversed(taken):
            gathered = one(gathered)
        return gathered

    return both


def formats(*names: str, help: str) -> Callable[[F], F]:
    """The choice of an output format, the first by default; `--json` for short."""

    def both(command: F) -> F:
        choice = option(
            "--format",
            type=click.Choice(names),
            default=names[0],
            show_default=True,
            callback=_shortened,
            help=help,
        )
        return choice(_short(command)) if "json" in names else choice(command)

    return both


# Two options with one destination would do, but click 8.1 lets the default of one overwrite what the other was given.
_SHORT = "reconciler.json"
_short = click.option(
    "--json",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=lambda context, _option, given: context.meta.__setitem__(_SHORT, given),
    help="The same as --format json.",
)


def _shortened(context: click.Context, _option: click.Parameter, given: str) -> str:
    context.meta[FORMAT] = "json" if context.meta.get(_SHORT) else given
    return str(context.meta[FORMAT])
