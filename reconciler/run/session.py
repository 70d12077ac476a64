"""What every command begins with: the configuration, the environment, its manifests, and what is live."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import anyio
import click

from reconciler import config
from reconciler.config import Config, Environment
from reconciler.console import credentials
from reconciler.console.configuration import current_configuration
from reconciler.console.failure import Failure, first_error
from reconciler.console.output import log, stdout_style, style_of
from reconciler.diagnostics import Diagnostic, errors, in_order
from reconciler.github import actions_output
from reconciler.kinds import KINDS
from reconciler.kinds.headers import secret_headers
from reconciler.manifests import parser, reading
from reconciler.manifests.steps import Steps, Work
from reconciler.model import NAME, NAME_RULE, Address, Desired, Live, Target
from reconciler.plan.guards import unreliable_list
from reconciler.plan.retirements import Retirement, retirements
from reconciler.providers import (
    PROVIDERS,
    ApiGone,
    Broken,
    Connection,
    Provider,
    ProviderError,
    Rejected,
    Unauthorized,
    advice,
    none_of,
    until,
)
from reconciler.render import Style
from reconciler.render.faults import report
from reconciler.render.sentences import address_of, count
from reconciler.render.values import inert
from reconciler.render.visible import visible
from reconciler.rules.key_shapes import starred
from reconciler.run import commands, judgement, neighbors
from reconciler.run.lock import prepare, state_folder
from reconciler.run.manifest_context import manifest_context
from reconciler.run.options import SessionOptions
from reconciler.settings import Access

T = TypeVar("T")
PATIENCE = 10.0
"""Seconds of silence after which a command says that it still reads."""
REPORTED: ContextVar[set[Diagnostic]] = ContextVar("REPORTED")
"""What was reported already, where one command reads the same files for several environments."""

ONCE_READ: ContextVar[dict[tuple[Path, tuple[str, ...]], reading.ReadFolders]] = ContextVar("ONCE_READ")
"""The folders that were read already, where one command plans several environments: all of one state of the files."""


@dataclass(frozen=True, slots=True)
class Session:
    """One environment of one checkout, with access to it; nothing has been sent."""

    config: Config
    environment: Environment
    where: Target
    access: Access
    connection: Connection
    style: Style
    offline: str | None = None
    """Why nothing may be sent."""
    parsed: list[parser.ParsedManifests] = field(default_factory=list, repr=False, compare=False)
    """The manifests, once they were read; without their nodes, which are most of them in memory."""
    asked: list[Provider] = field(default_factory=list, repr=False, compare=False)
    """The provider, once it was opened: from then on something may have been sent."""

    @property
    def title(self) -> str:
        """The environment and its address."""
        return f"{self.where.environment} ({address_of(self.where)})"

    def desired(self, *, may_lack: bool = False, judged: bool = False) -> tuple[Desired, ...]:
        """What the manifests state for this environment; ends the command where one has an error.

        With `may_lack` a folder that does not exist has no manifests yet, and a note says so. With `judged`, where they
        are to be applied as they stand, what the rules find counts as far as it is an error.
        """
        return Work(self.desired_in_steps(may_lack=may_lack, judged=judged)).result

    def desired_in_steps(self, *, may_lack: bool = False, judged: bool = False) -> Steps[tuple[Desired, ...]]:
        """The same, manifest by manifest."""
        folders = self._existing_folders() if may_lack else self.config.manifests
        read = yield from read_once(self.config.root, folders)
        parsed = yield from parser.parse_in_steps(read.manifests, manifest_context(self.config, self.environment))
        self.parsed[:] = [replace(parsed, bodies={})]
        if folders and not read.manifests and not errors(read.faults):
            click.echo(
                f"Note: No manifests found in {', '.join(f'`{inert(folder)}`' for folder in folders)}.", err=True
            )
        for kind, number in sorted(Counter(address.kind for address in parsed.left_out).items()):
            why = f"`kinds` of the environment {self.environment.name} does not list `{kind}`"
            are = f"{count(number, kind)} {'is' if number == 1 else 'are'}"
            click.echo(f"Note: {are} left out: {why}.", err=True)
        faults = self._faults(read, parsed, judged=judged)
        spared = "nothing was changed" if self.asked else "nothing was sent"
        stop_at_errors([*faults, *credentials.secrets_in(read.sources)], read.sources, self.style, spared)
        if self.environment.borrowed:
            # The pinned objects are another stack's, and only that stack's are worth keeping.
            return tuple(replace(manifest, id=None, on_removal="delete") for manifest in parsed.desired)
        return parsed.desired

    def _faults(
        self, read: reading.ReadFolders, parsed: parser.ParsedManifests, *, judged: bool
    ) -> tuple[Diagnostic, ...]:
        ends = judgement.retirement_warnings(parsed, self.environment, self.where, today())
        severity = self.environment.rules.severity
        found = [each for each in ends if severity.get(each.code) == "error"] if judged and severity else []
        side = (self.environment, parsed, found)
        return judgement.judged([side], read, self.config, judging="errors" if judged else "none")

    def left_out(self) -> frozenset[Address]:
        """What manifests that have no error want of kinds that the environment does not list."""
        if not self.environment.kinds:
            return frozenset()
        return frozenset(self._parsed().left_out)

    def wanted(self) -> frozenset[Address]:
        """What manifests want, as far as they can be read."""
        return frozenset(each.address for each in self._parsed().desired)

    def former_ids(self) -> dict[Address, tuple[str, ...]]:
        """The ids that resources had elsewhere, by address, as far as manifests can be read."""
        return {each.address: each.former_ids for each in self._parsed().desired if each.former_ids}

    def _parsed(self) -> parser.ParsedManifests:
        if self.parsed:
            return self.parsed[0]
        root = self.config.root
        read = reading.read(root, [folder for folder in self.config.manifests if (root / folder).exists()])
        return parser.parse(read.manifests, manifest_context(self.config, self.environment))

    def _existing_folders(self) -> tuple[str, ...]:
        existing = tuple(folder for folder in self.config.manifests if (self.config.root / folder).exists())
        for folder in self.config.manifests:
            if folder not in existing:
                click.echo(f"Note: There is no folder {inert(folder)} yet, so no manifest is read from it.", err=True)
        return existing

    @asynccontextmanager
    async def provider(self) -> AsyncIterator[Provider]:
        """The provider, open for as long as it is needed; its errors name the environment."""
        if self.environment.settings.embedded:
            prepare(self.connection.state_dir)
        opened = PROVIDERS[self.where.provider].open(self.connection, log)
        self.asked[:] = [opened]
        try:
            yield opened
        except BaseException as error:
            self._locate(first_error(error))
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await opened.aclose()

    def _locate(self, error: BaseException) -> None:
        """Adds to a server's error which environment it is from, and where the key came from."""
        if not isinstance(error, ProviderError):
            return
        error.where = self.title
        error.remedy = self.remedy(error)

    def remedy(self, error: ProviderError) -> str:
        """What to do about an error of the server, seeing its address, and where the key came from."""
        if not self.environment.settings.remote:
            return error.remedy
        remedy = advice(error, self.where.base_url, self.access.query)
        return "\n".join(filter(None, (remedy, self._key_source(error))))

    def _key_source(self, error: ProviderError) -> str:
        source = self.access.key_source
        if error.response.status is None or not source:
            return ""
        if self.access.has_key:
            return f"The key came from {source}."
        return f"No key was sent: {source} is not set." if isinstance(error, Unauthorized) else ""

    async def live(self, provider: Provider, patience: float = PATIENCE) -> tuple[Live, ...]:
        """Everything live of every kind of the environment that its server has; prints once that it takes long."""
        return self.with_secrets_learned(await self.listed(provider, patience))

    async def listed(self, provider: Provider, patience: float = PATIENCE) -> Sequence[Live]:
        """The same, while nothing is printed that it may hold the secrets of."""
        failed = None
        live: list[Live] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._say_that_it_goes_on, patience)
            try:
                live = await self._observed(provider)
            except ProviderError as error:  # as it is, and in no group
                failed = error
            tasks.cancel_scope.cancel()
        if failed is not None:
            raise failed
        return live

    def with_secrets_learned(self, live: Sequence[Live]) -> tuple[Live, ...]:
        """What is live, whose secrets are hidden in all output from now on."""
        for each in live:
            credentials.learn_found((f"{each.id}.{name}", text) for name, text in secret_headers(dict(each.raw)))
        return tuple(live)

    async def _observed(self, provider: Provider) -> list[Live]:
        """Everything live of the kinds whose API the server has; it has one at least."""
        live: list[Live] = []
        gone: list[ApiGone] = []
        refused: dict[str, ProviderError] = {}
        for kind in self.kinds:
            try:
                live += await provider.observe(kind)
            except ApiGone as error:
                gone.append(error)
            except (Broken, Rejected, Unauthorized) as error:
                refused[kind] = error
        if refused:
            raise self._why_not_listed(refused, {*self.kinds} - refused.keys() - provider.gone.keys())
        if len(gone) == len(self.kinds):
            raise none_of(gone)
        return live

    def _why_not_listed(self, refused: Mapping[str, ProviderError], read: Collection[str]) -> ProviderError:
        """Why kinds were not listed. A server may have one API and refuse every other path: only a person knows."""
        kind, error = next(iter(refused.items()))
        if read:
            setting = f"`kinds: [{', '.join(sorted(read))}]` under the environment {self.environment.name}"
            hint = f"If there are to be no {KINDS[kind].plural}, write {setting}."
            error.remedy = "\n".join(filter(None, (error.remedy, hint)))
        return error

    async def read_live(self) -> tuple[tuple[Live, ...], Mapping[str, ApiGone]]:
        """Everything live, and which APIs are missing, for a command that writes nothing; warns of unreliable lists."""
        async with self.provider() as provider:
            live = await self.live(provider)
            warn_of_lists(provider)
        for note in self.stated_and_gone(provider):
            click.echo(f"Note: {note}", err=True)
        return live, provider.gone

    async def _say_that_it_goes_on(self, seconds: float) -> None:
        await anyio.sleep(seconds)
        if self.connection.waiting is not None:
            self.connection.waiting(f"Still reading what is live after {seconds:.0f}s.")

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.environment.kinds or tuple(KINDS)

    def stated_and_gone(self, provider: Provider) -> tuple[str, ...]:
        """Notes on kinds that the environment lists and the server has not; any other may be missing."""
        listed = f"although `kinds` of the environment {self.environment.name} lists"
        lacking = (KINDS[kind] for kind in sorted(provider.gone) if kind in (self.environment.kinds or ()))
        return tuple(f"This server has no {kind.api}, {listed} `{kind.name}`." for kind in lacking)

    def retirements(
        self, desired: Sequence[Desired], live_dates: Mapping[str, str | None] | None = None
    ) -> tuple[Retirement, ...]:
        """The APIs and models in use here that end or have ended; the server's own dates count before others."""
        models, severity = self.environment.models, self.environment.rules.severity
        found = retirements(desired, self.where, today(), deployments=models, live_dates=live_dates)
        return tuple(each for each in found if severity.get(each.code) != "allow")

    async def ask_for_dates(self, provider: Provider, desired: Sequence[Desired]) -> None:
        """Asks the server when its models end, if any in use here is known to."""
        if any(retirement.code == "retired-model" for retirement in self.retirements(desired)):
            await provider.models()


def read_once(root: Path, folders: Sequence[str]) -> Steps[reading.ReadFolders]:
    """The folders below the root; as they were read before, where this is done for several environments."""
    known = ONCE_READ.get({})
    at = root, tuple(folders)
    if at not in known:
        known[at] = yield from reading.read_in_steps(root, folders)
    return known[at]


def warn_of_lists(provider: Provider) -> None:
    """Warns of unreliable lists, where no plan does."""
    for kind, fault in sorted(provider.unreliable.items()):
        click.echo(f"Warning: {unreliable_list(kind, fault)}", err=True)


def today() -> str:
    """The date in UTC."""
    return datetime.now(UTC).date().isoformat()


def target_of(environment: Environment, access: Access, folder: Path) -> Target:
    """Where the environment is, as plans name it."""
    return Target(
        stack=environment.stack,
        environment=environment.name,
        provider=environment.provider,
        base_url=access.base_url or access.folder or f"{folder.name}/local.db",  # the same in a plan of every machine
        organization=access.organization,
        project=access.project,
        former_stacks=environment.former_stacks,
    )


def stated_target(environment: Environment, loaded: Config) -> Target:
    """Where the environment is, as far as the configuration states it."""
    return target_of(environment, environment.settings.unreached(), state_folder(loaded))


def open_session(options: SessionOptions, *, owns: bool) -> Session:
    """The environment that the options name, under another stack if they name one; or every reason why not.

    `owns` says whether the command needs a stack of its own.
    """
    style = stdout_style(colour=options.colour)
    return session_of(load_config(style, anywhere=True), options, style, owns=owns)


def session_of(loaded: Config, options: SessionOptions, style: Style, *, owns: bool) -> Session:
    """The same, in a configuration that was read already."""
    environment = choose_environment(loaded, options.environment, style, owns=owns and options.stack is None)
    environment = with_stack(options.stack, environment)
    if owns and environment.borrowed:
        environment = _without_errors(neighbors.same_stack(loaded, environment) or environment, loaded, style)
    return session_in(loaded, environment, style, state_dir=options.state_dir)


def choose_environment(loaded: Config, name: str | None, style: Style, *, owns: bool) -> Environment:
    """The environment that is named, else the default, if it may be used."""
    if owns:
        neighbors.stop_in_base(loaded)
    environment = config.choose(loaded, name, os.environ, owns=owns)
    if owns and isinstance(environment, Environment):
        environment = neighbors.same_stack(loaded, environment) or environment
    for faults in loaded.broken.values():
        if environment in faults:
            stop_at_errors(faults, loaded.sources, style)
        elif REPORTED.get(None) is None:  # where every environment is planned, each reports its own
            stop_at_errors([replace(fault, severity="warning") for fault in faults], loaded.sources, style)
    return _without_errors(environment, loaded, style)


def session_in(
    loaded: Config, environment: Environment, style: Style, *, state_dir: str | None = None, offline: str | None = None
) -> Session:
    """A session in an environment; without a key where a reason says that nothing may be sent."""
    credentials.learn(environment.settings.secret_variables())
    settings = environment.settings
    found = settings.unreached() if offline is not None else config.access(environment, os.environ)
    if offline is None and (reason := commands.why_not_run(settings, of_base=environment.of_base)):
        raise Failure(f"{environment.name}: {reason}.", commands.REMEDY)
    access = _without_errors(found, loaded, style)
    folder = state_folder(loaded, state_dir)
    warn_of_default(environment, loaded)
    target = target_of(environment, access, folder)
    key = commands.request_key(environment, access, loaded.root)
    connection = Connection(access, folder, key, environment.models, root=loaded.root)
    session = Session(loaded, environment, target, access, connection, style, offline)
    waiting = replace(connection, waiting=lambda line: click.echo(visible(f"{session.title}: {line}"), err=True))
    return replace(session, connection=waiting)


def why_unread(environment: Environment, *, offline: bool) -> str:
    """Why nothing may be sent to the environment's server; empty where something may."""
    access = None if offline else config.access(environment, os.environ)
    return "--offline was passed" if offline else access.message if isinstance(access, Diagnostic) else ""


def load_config(style: Style, *, anywhere: bool = False) -> Config:
    """The configuration; ends the command where it has an error, or where this folder has nothing to act on.

    `anywhere` leaves the latter to the choice of an environment, which may be one that needs no file.
    """
    loaded = current_configuration()
    stop_at_errors(loaded.faults, loaded.sources, style)
    if loaded.config is None:
        raise Failure("There is no configuration.")
    if not anywhere and (fault := config.nowhere(loaded.config)):
        _without_errors(fault, loaded.config, style)
    return loaded.config


def local_data() -> tuple[str, Mapping[str, str]]:
    """Where the environment `local` keeps its data, and the families of its models."""
    loaded = load_config(stdout_style())
    folder, local = state_folder(loaded), loaded.environments.get(config.LOCAL)
    prepare(folder)
    return str(folder / "local.db"), local.models if local is not None else {}


def stop_at_errors(
    faults: Iterable[Diagnostic], sources: Mapping[str, str], style: Style, spared: str = "nothing was sent"
) -> None:
    """Reports all of them, each once; ends the command where one is an error, and says what it did not do."""
    known_hidden, sources = credentials.less_secrets(in_order(faults), sources)
    found = tuple(replace(each, message=starred(each.message), remedy=starred(each.remedy)) for each in known_hidden)
    reported = REPORTED.get(set[Diagnostic]())
    fresh = [fault for fault in found if fault not in reported]
    if fresh:
        files = {fault.place.file for fault in fresh}
        sources = {file: starred(text) for file, text in sources.items() if file in files}
        colored = style_of(sys.stderr, colour=style.colour or None).colour
        click.echo(report(fresh, sources, colour=colored), err=True, nl=False)
        actions_output.annotate_faults(fresh)
    reported.update(fresh)
    if wrong := errors(found):
        raise Failure(f"Errors found; {spared}.", "fix the errors above and rerun", wrong=wrong)


def run_async(work: Callable[..., Coroutine[Any, Any, T]], *arguments: Any, timeout: float | None = None) -> T:
    """Runs what waits for answers; an error of a server ends the command with its reason."""
    limit = time.monotonic() + timeout if timeout is not None else float("inf")
    try:
        with until(limit):
            return anyio.run(work, *arguments)
    except ProviderError as error:
        raise failure_of(error) from error
    except BaseExceptionGroup as group:
        first = first_error(group)
        raise (failure_of(first) if isinstance(first, ProviderError) else first) from group


def failure_of(error: ProviderError) -> Failure:
    """The message for a server's error: which server it is, and what it answered."""
    where = f"{error.where}: " if error.where else ""
    request = f" [request {error.response.request_id}]" if error.response.request_id else ""
    return Failure(f"{where}{error.message}{request}", error.remedy)


def with_stack(stack: str | None, environment: Environment) -> Environment:
    """The environment with another stack, which has no former names; as it is where none is named."""
    stack = environment.stack_from(stack) if stack is not None else None
    if stack is None or stack == environment.stack:
        return environment
    if not NAME.fullmatch(stack):
        raise Failure(f"{stack!r} is not a valid stack name.", f"use {NAME_RULE}")
    return replace(environment, stack=stack, former_stacks=(), borrowed=True)


def _without_errors(found: T | Diagnostic, loaded: Config, style: Style) -> T:
    if not isinstance(found, Diagnostic):
        return found
    if found != config.nowhere(loaded):
        stop_at_errors([found], loaded.sources, style)
    raise Failure(found.message, found.remedy)


def warn_of_default(environment: Environment, loaded: Config) -> None:
    """Warns where a key is set and `local` is only the default: it may be meant for another environment."""
    known = [*loaded.implied.values(), *loaded.environments.values()]
    keys = dict.fromkeys(name for each in known for name in sorted(each.settings.secret_variables()))
    found = [name for name in keys if os.environ.get(name)]
    if environment.defaulted and found:
        click.echo(
            f"Warning: {found[0]} is set, but no environment is selected: this is `local`, the embedded server."
            "\n  Nothing is sent to any other server. Pass `-e NAME`.",
            err=True,
        )
