"""Checks whether manifests are valid, for every environment, and without a server unless it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import click

from reconciler import config
from reconciler.config import Config, Environment
from reconciler.console import credentials
from reconciler.console.failure import Failure
from reconciler.console.output import stdout_style
from reconciler.diagnostics import Diagnostic, errors
from reconciler.manifests import parser, reading
from reconciler.model import Desired
from reconciler.render.sentences import count
from reconciler.run import judgement
from reconciler.run.manifest_context import manifest_context
from reconciler.run.neighbors import folders_of_base, listed, same_stack
from reconciler.run.online import OnlineAnswers, ask_servers
from reconciler.run.options import SessionOptions
from reconciler.run.session import load_config, run_async, stated_target, stop_at_errors, today

Aside: TypeAlias = Callable[[reading.ReadFolders, Sequence[Diagnostic]], Iterable[Diagnostic]]
"""Of what is wrong with the manifests that were read, what concerns a command."""


def validate_manifests(options: SessionOptions, *, online: bool = False, strict: bool = False) -> None:
    """Reports every error of every manifest, and ends the command where there is one; else prints what was read.

    With `strict` a warning ends it as well.
    """
    style = stdout_style(colour=options.colour)
    loaded = load_config(style, anywhere=True)
    if folders := folders_of_base(loaded):
        stop_at_errors([fault for faults in loaded.broken.values() for fault in faults], loaded.sources, style)
        click.echo(f"Valid: {config.FILE} has no manifests here, and is extended by {listed(folders)}.")
        return
    checked = check_manifests(options, judging="online" if online else "here")
    if strict and checked.has_warnings:
        raise Failure(
            "Warnings found.", "fix the warnings above, or allow each that is meant: docs/diagnostics.md#judgement"
        )
    if number := len(checked.read.manifests):
        names = checked.desired
        plural = "s" * (len(names) != 1)
        click.echo(f"Valid: {count(number, 'manifest')} (environment{plural}: {', '.join(names)}).")
    else:
        click.echo(f"No manifests found in {', '.join(f'`{folder}`' for folder in checked.config.manifests)}.")


@dataclass(frozen=True, slots=True)
class CheckedManifests:
    """Manifests without errors, as the chosen environments read them."""

    config: Config
    read: reading.ReadFolders
    environments: Sequence[Environment]
    desired: Mapping[str, Sequence[Desired]]
    has_warnings: bool = False


def check_manifests(
    options: SessionOptions,
    *,
    judging: Literal["online", "here"] | None = None,
    aside: Aside = lambda read, faults: faults,
) -> CheckedManifests:
    """The manifests as every environment of the configuration reads them, or as the selected one does.

    An error ends the command; `aside` says which of what is wrong it is to be told of. With `judging` all rules judge,
    also those that ask servers, or those alone that do not.
    """
    style = stdout_style(colour=options.colour)
    loaded = load_config(style)
    read = reading.read(loaded.root, loaded.manifests)
    selected = options.environment or os.environ.get("RECONCILER_ENVIRONMENT")
    stated = [each for each in loaded.environments.values() if each.place is not None]
    every = stated or [*loaded.environments.values()]  # `local` where none is stated: values may only be elsewhere
    chosen = [config.choose(loaded, options.environment, os.environ, owns=False)] if selected else every
    environments = [each for each in chosen if not isinstance(each, Diagnostic)]
    parsed = {each.name: parser.parse(read.manifests, manifest_context(loaded, each)) for each in environments}
    of_manifests = [*read.faults, *(fault for each in parsed.values() for fault in each.faults)]
    asks = judging == "online" and not errors(of_manifests)
    answers = run_async(ask_servers, loaded, environments, parsed, style) if asks else None
    judged = _judged(loaded, environments, parsed, read, answers, every=not selected) if judging else None
    faults = [*aside(read, of_manifests if judged is None else judged), *credentials.secrets_in(read.sources)]
    faults += [each for each in chosen if isinstance(each, Diagnostic)]
    faults += [each for broken in loaded.broken.values() if not selected or broken[0] in chosen for each in broken]
    unowned = (config.unowned(loaded, each) or same_stack(loaded, each) for each in environments)
    faults += [each for each in unowned if each is not None]
    stop_at_errors(faults, {**loaded.sources, **read.sources}, style)
    desired = {name: each.desired for name, each in parsed.items()}
    warned = any(fault.severity == "warning" for fault in faults)
    return CheckedManifests(loaded, read, environments, desired, warned)


def _judged(
    loaded: Config,
    environments: Sequence[Environment],
    parsed: Mapping[str, parser.ParsedManifests],
    read: reading.ReadFolders,
    answers: Mapping[str, OnlineAnswers] | None,
    *,
    every: bool,
) -> Sequence[Diagnostic]:
    """What is wrong with the manifests, and what the rules of each environment say of them."""
    sides = []
    for each in environments:
        answer = (answers or {}).get(each.name, OnlineAnswers())
        ends = _retirements(parsed[each.name], each, loaded, answer.dates)
        sides.append((each, parsed[each.name], (*ends, *answer.found)))
    return judgement.judged(sides, read, loaded, judging="all", every=every, online=answers is not None)


def _retirements(
    parsed: parser.ParsedManifests, environment: Environment, loaded: Config, dates: Mapping[str, str | None]
) -> Iterator[Diagnostic]:
    where = stated_target(environment, loaded)
    return judgement.retirement_warnings(parsed, environment, where, today(), dates)
