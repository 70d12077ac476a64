"""Options that commands share; each has its `RECONCILER_…` variable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar

import click

from reconciler.cli import completers
from reconciler.github.ci_output_guard import FORMAT
from reconciler.run.options import ApplyOptions, SessionOptions

F = TypeVar("F", bound=Callable[..., Any])

_PARALLELISM = click.IntRange(1, 64)
PLAN_FORMATS = ("text", "markdown", "json", "html", "github")
"""The formats of a plan, which `render.FORMATS` makes: named here so that no option imports them."""


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """A click option that can also be set by a variable of its own name; its metavar says what completes its value."""
    long = next(name for name in names if name.startswith("--")).partition("/")[0].removeprefix("--")
    settings.setdefault("envvar", f"RECONCILER_{long.upper().replace('-', '_')}")
    settings.setdefault("shell_complete", completers.BY_METAVAR.get(str(settings.get("metavar"))))
    return click.option(*names, **settings)


class _Name(click.types.StringParamType):
    """The name of one thing, also in a variable, which click would split where several are taken."""

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        return (rv,)


def _the_one(_context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> str | None:
    if len(set(given)) > 1:
        named = " and ".join(f"`{name}`" for name in dict.fromkeys(given))
        raise click.UsageError(f"{parameter.opts[-1]} names one, and {named} were passed: run the command for each.")
    return given[0] if given else None


def one_name(*names: str, **settings: Any) -> Callable[[F], F]:
    """An option that says where a command acts: two names are an error, where the last one would win otherwise."""
    return option(*names, metavar="NAME", type=_Name(), multiple=True, callback=_the_one, **settings)


environment = one_name(
    "-e",
    "--environment",
    shell_complete=completers.environments,
    envvar=[],  # RECONCILER_ENVIRONMENT is read with the configuration, where an error can name the variable
    help="Environment to use. Default: RECONCILER_ENVIRONMENT, then reconciler.yaml, then `local`.",
)
environments = option(
    "-e",
    "--environment",
    "environments",
    metavar="NAME",
    multiple=True,
    shell_complete=completers.environments,
    envvar=[],
    help="Environment to use; may be repeated. Default: RECONCILER_ENVIRONMENT, then reconciler.yaml, then `local`.",
)
allow = option("--allow", metavar="CODE", multiple=True, help="Override objections with this code; may be repeated.")
allowances = option(
    "--allowances",
    metavar="FILE",
    multiple=True,
    help="What labels override, as `reconciler allowed` wrote it; may be repeated.",
)
config_from = option(
    "--config-from",
    metavar="REV",
    help="Read where requests are sent, the limits and the policy from that Git revision's reconciler.yaml.",
)
colour = option("--color/--no-color", "colour", default=None, help="Use color or do not; default: on a terminal.")
auto_approve = option("--auto-approve", "-y", "--yes", is_flag=True, help="Apply without asking.")
interactive = option(
    "--input", "may_ask", default=True, type=bool, metavar="BOOL", help="Allow interactive prompts; default: true."
)
parallelism = option(
    "--parallelism",
    default=8,
    show_default=True,
    type=_PARALLELISM,
    help="How many changes to carry out at once.",
)
stack = one_name(
    "--stack",
    shell_complete=completers.stacks,
    help="Use this stack instead of the environment's, e.g. for a preview.",
)
pull = option("--pull", type=click.IntRange(min=1), metavar="N", help="The pull request; default: the job's own.")
timeout = option(
    "--timeout",
    type=click.FloatRange(min=1),
    metavar="SECONDS",
    help="Overall time limit; default: none, 2 minutes per change.",
)


def plan_artifact(command: F) -> F:
    """Adds where a pull request's plans are kept."""
    command = option(
        "--artifact",
        metavar="NAME",
        help="Where it keeps plans, those of each attempt as NAME-1 …; default: reconciler-ENVIRONMENT or"
        " reconciler-plans.",
    )(command)
    return option(
        "--workflow",
        metavar="FILE",
        shell_complete=completers.workflows,
        default="plan.yml",
        show_default=True,
        help="What plans pull requests.",
    )(command)


def keys(metavar: str | None = None, completes: completers.Completer = completers.keys) -> Callable[[F], F]:
    """The argument KEYS, whose keys may also be given as Terraform's `-target=ADDRESS`."""

    def both(command: F) -> F:
        return click.argument("keys", **keys_settings(metavar, completes))(_target(command))

    return both


def keys_settings(metavar: str | None, completes: completers.Completer) -> dict[str, Any]:
    """How click makes the argument KEYS, for commands that are not functions."""
    return {"nargs": -1, "metavar": metavar, "shell_complete": completes, "callback": _with_targets}


def _with_targets(context: click.Context, _argument: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    return (*given, *context.meta.get(_TARGETS, ()))


_TARGETS = "reconciler.targets"
_target = option(
    "--target",
    multiple=True,
    is_eager=True,
    expose_value=False,
    metavar="ADDRESS",
    shell_complete=completers.keys,
    callback=lambda context, _option, given: context.meta.__setitem__(_TARGETS, given),
    help="The same as one of KEYS, as Terraform has it; may be repeated.",
)


def for_scripts(command: F) -> F:
    """Accepts what scripts written for Terraform pass to `plan` as to `apply`: hidden, since it does nothing."""
    command = option("--input", type=bool, hidden=True, expose_value=False)(command)
    return option("--parallelism", type=_PARALLELISM, hidden=True, expose_value=False)(command)


state_dir = option(
    "--state-dir", metavar="DIR", help="Where records, the lock and local data are; default: .reconciler."
)


def _gathered(
    name: str, record: Callable[..., Any], declared: Sequence[Callable[[Any], Any]]
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Declares the options, and hands to the command all that belong to the record as one; next to the function."""

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        @wraps(command)
        def decorated(**arguments: Any) -> int:
            own = {field.name: arguments.pop(field.name) for field in fields(ApplyOptions) if field.name in arguments}
            return command(**{name: record(**own)}, **arguments)

        for declare in reversed(declared):
            decorated = declare(decorated)
        return decorated

    return decorate


def printing(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the options of a command that reads files only, and hands them over as `session_options`."""
    return _gathered("session_options", SessionOptions, (colour,))(command)


def in_session(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the options of every command that reads what is live, and hands them over as `session_options`."""
    return _gathered("session_options", SessionOptions, (state_dir, colour))(command)


def writing(*, command: str, events: bool = False) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Adds the options of every command that writes, and hands them over as `apply_options`."""
    json_lines = (
        option("--json", "as_json", is_flag=True, help="Print what happens as JSON lines; requires --auto-approve."),
        option("--json-into", metavar="FILE", help="Write the same JSON lines to a file."),
    )

    def record(**own: Any) -> ApplyOptions:
        return ApplyOptions(command=command, **own).with_own_file(own.get("json_into"))

    declared = (auto_approve, *(json_lines if events else ()), parallelism, timeout, state_dir, interactive, colour)
    return _gathered("apply_options", record, declared)


def trying(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the options of a command that reads, and with --write also creates what it deletes again."""

    def record(**own: Any) -> ApplyOptions:
        return ApplyOptions(command="doctor", **own)

    return _gathered("apply_options", record, (auto_approve, timeout, state_dir, interactive, colour))(command)


def scheduled(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the options of a scheduled run: approved, asks nothing, and reads each object again before it is written."""

    def record(**own: Any) -> ApplyOptions:
        given = ApplyOptions(command="reconcile", auto_approve=True, may_ask=False, planned_before=True, **own)
        return given.with_own_file(given.json_into)

    json_into = option("--json-into", metavar="FILE", help="Write what happens as JSON lines to a file as well.")
    return _gathered("apply_options", record, (json_into, parallelism, timeout, state_dir, colour))(command)


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


# Not two options with one destination: click 8.1 lets the default of one overwrite what the other was given.
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


def require_goal(to: str | None, *, strict: bool, into: str | None) -> None:
    """Ends the command where an option has no effect without another."""
    if strict and to is None:
        raise click.UsageError("--strict needs --to: only what becomes something else has unresolved fields.")
    if into is not None and to != "responses":
        raise click.UsageError("--into needs `--to responses`: it names the environment for the requests.")
