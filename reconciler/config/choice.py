"""Which environment is meant, and whether it may be used; with what is only known when the tool runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from reconciler.config.values import DEFAULT_STACK, FILE, LOCAL, Config, Environment
from reconciler.diagnostics import Diagnostic, Location, did_you_mean
from reconciler.kinds import KINDS
from reconciler.settings import Access, NoAccessError

VARIABLE: Final = "RECONCILER_ENVIRONMENT"
OPTION: Final = "--environment"
_NOT_CI: Final = frozenset({"", "0", "false"})


def choose(config: Config, name: str | None, environ: Mapping[str, str], *, owns: bool) -> Environment | Diagnostic:
    """The environment of that name, else of the variable, else the default one; or why it may not be.

    `owns` says that it matters whose the objects there are.
    """
    stated = (environ.get(VARIABLE) or None) if name is None else name
    chosen = (config.default_environment or LOCAL) if stated is None else stated
    if chosen in config.broken:
        return config.broken[chosen][0]
    environment = config.environments.get(chosen) or config.implied.get(chosen)
    if environment is None:
        place = Location(OPTION if name is not None else VARIABLE if stated else config.file or FILE)
        return nowhere(config) or _no_environment(chosen, config, place)
    if stated is None and environment.name == LOCAL:
        return _by_default(config, environment, environ)
    return (unowned(config, environment) if owns else None) or environment


def nowhere(config: Config) -> Diagnostic | None:
    """Why nothing can be done in this folder: no file says where to act, and there is nothing to act on."""
    if config.environments or config.file:
        return None
    folders = sorted(kind.plural for kind in KINDS.values())
    named = " or ".join(f"`{folder}`" for folder in folders)
    message = f"There is no {FILE} in {config.root} or above it, and no folder {named} in it."
    remedy = "run it in the repository, or name its folder with `-C DIR`; to begin one: `reconciler init`"
    return Diagnostic(Location(FILE), "config", message, remedy)


def _no_environment(name: str, config: Config, place: Location) -> Diagnostic:
    message, remedy = f"There is no environment `{name}`.", did_you_mean(name, config.environments)
    is_near = remedy.startswith("did you mean")
    if config.file is None and not is_near:
        message = f"There is no environment `{name}`, because there is no {FILE} in {config.root} or above it."
        return Diagnostic(
            place,
            "unknown-environment",
            message,
            f"write {FILE}, or run `reconciler init`; without it there is `{LOCAL}` alone",
        )
    every = ", ".join(f"`{environment}`" for environment in sorted(config.environments))
    remedy += f" (there are {every})" if is_near else ""
    return Diagnostic(place, "unknown-environment", message, remedy)


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether a CI runs this, as far as its variable says."""
    return environ.get("CI", "").strip().lower() not in _NOT_CI


def _by_default(config: Config, environment: Environment, environ: Mapping[str, str]) -> Environment | Diagnostic:
    others = [f"`{name}`" for name in sorted({*config.environments, *config.broken}) if name != LOCAL]
    if others and environment.place is None and config.default_environment is None:
        message = f"No environment selected; {FILE} has {', '.join(others)} and no `{LOCAL}`."
        remedy = f"pass `-e NAME`, or write `default_environment: {others[0].strip('`')}` in {FILE}"
        return Diagnostic(Location(OPTION), "config", message, f"{remedy}; `-e {LOCAL}` is the embedded server")
    if not in_ci(environ):
        return replace(environment, defaulted=True)
    message = "No environment selected; in CI `local` is not used by default."
    remedy = f"pass `-e NAME` or set {VARIABLE}; `-e {LOCAL}` is the embedded server"
    return Diagnostic(Location(OPTION), "config", message, remedy)


def unowned(config: Config, environment: Environment) -> Diagnostic | None:
    """Why nothing may be planned there: no stack says whose the objects are."""
    if environment.settings.embedded or environment.stack != DEFAULT_STACK:
        return None
    message = f"`{environment.name}` has no `stack`, the name under which this repository manages objects there."
    lines = f"version: 1\nstack: my-team\nenvironments:\n  {environment.name}: {{provider: {environment.provider}}}"
    remedy = (
        f"write `stack: NAME` in {FILE}, as a line of its own or under the environment"
        if config.file
        else f"write a {FILE}:\n{lines}"
    )
    return Diagnostic(environment.place or Location(config.file or FILE), "config", message, remedy)


def access(environment: Environment, environ: Mapping[str, str]) -> Access | Diagnostic:
    """How to reach the environment: the file first, then the variables that its provider reads."""
    try:
        return environment.settings.access(environment.name, environ)
    except NoAccessError as error:
        stated = None if error.is_wrong else environment.place
        return Diagnostic(stated or Location(error.variable or FILE), "config", error.message, error.remedy)
