"""What every command begins with: the configuration, the environment, the manifests, the place itself."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import anyio
import click

from reconciler import config
from reconciler.config import Access, Config, Environment
from reconciler.console import credentials
from reconciler.console.failure import Failure, failure, flattened
from reconciler.console.output import log, style_of
from reconciler.diagnostics import Diagnostic, errors, in_order
from reconciler.github import actions_output
from reconciler.kinds import KINDS, ServerTraits
from reconciler.manifests import parser, reading
from reconciler.model import NAME, Desired, Live, Target
from reconciler.providers import PROVIDERS, Connection, Provider, ProviderError, Unauthorized, advice, until
from reconciler.render import Style
from reconciler.render.faults import report
from reconciler.render.sentences import address_of
from reconciler.render.values import inert
from reconciler.render.visible import visible
from reconciler.run.lock import prepare, state_folder

T = TypeVar("T")
PATIENCE = 10.0
"""So many seconds nobody wonders whether a command hangs."""
TOLD: ContextVar[set[Diagnostic]] = ContextVar("TOLD")
"""What was said to be wrong already, where one command reads the same files for several environments."""


@dataclass(frozen=True, slots=True)
class Session:
    """One environment of one checkout, chosen and reachable; nothing has been sent."""

    config: Config
    environment: Environment
    where: Target
    connection: Connection
    style: Style
    offline: str | None = None
    """Why nothing may be sent."""

    @property
    def title(self) -> str:
        """The environment and its address."""
        return f"{self.where.environment} ({address_of(self.where)})"

    def desired(self, *, may_lack: bool = False) -> tuple[Desired, ...]:
        """What the manifests ask for here; ends the command where anything is wrong with them.

        With `may_lack` a folder that is not there has no manifests yet, and a note says so.
        """
        folders = self._folders() if may_lack else self.config.manifests
        read = reading.read(self.config.root, folders)
        parsed = parser.parse(read.manifests, setting(self.config, self.environment))
        if folders and not read.manifests:
            click.echo(
                f"Note: No manifests found in {', '.join(f'`{inert(folder)}`' for folder in folders)}.", err=True
            )
        stop_at_errors([*read.faults, *parsed.faults, *credentials.secrets_in(read.sources)], read.sources, self.style)
        if self.environment.borrowed:
            # The pinned objects are another stack's, and only that stack's are worth keeping.
            return tuple(replace(one, id=None, on_removal="delete") for one in parsed.desired)
        return parsed.desired

    def _folders(self) -> tuple[str, ...]:
        """The folders of manifests that are there."""
        there = tuple(folder for folder in self.config.manifests if (self.config.root / folder).exists())
        for folder in self.config.manifests:
            if folder not in there:
                click.echo(f"Note: There is no folder {inert(folder)} yet, so no manifest is read from it.", err=True)
        return there

    @asynccontextmanager
    async def provider(self) -> AsyncIterator[Provider]:
        """The place, open for as long as it is needed."""
        if self.where.provider == config.LOCAL:
            prepare(self.connection.state_dir)
        opened = PROVIDERS[self.where.provider].open(self.connection, log)
        try:
            yield opened
        except BaseException as error:
            self._located(flattened(error))
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await opened.aclose()

    def _located(self, error: BaseException) -> None:
        """Says of a server's error which environment it is of, and where the key came from."""
        if not isinstance(error, ProviderError):
            return
        error.where = self.title
        if self.where.provider != config.LOCAL:
            error.remedy = "\n".join(filter(None, (advice(error, self.where.base_url), self._key_of(error))))

    def _key_of(self, error: ProviderError) -> str:
        variable = self.environment.api_key or config.KEY
        if error.response.status is None:
            return ""
        if self.connection.api_key is not None:
            return f"The key came from the variable {variable}."
        return f"No key was sent: the variable {variable} is not set." if isinstance(error, Unauthorized) else ""

    async def live(self, provider: Provider, patience: float = PATIENCE) -> tuple[Live, ...]:
        """Everything live of every kind that the environment has; that it takes long is said once."""
        failed = None
        found: list[Live] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._say_that_it_goes_on, patience)
            try:
                found = [one for kind in self.kinds for one in await provider.observe(kind)]
            except ProviderError as error:  # as it is, and in no group
                failed = error
            tasks.cancel_scope.cancel()
        if failed is not None:
            raise failed
        return tuple(found)

    async def _say_that_it_goes_on(self, seconds: float) -> None:
        await anyio.sleep(seconds)
        if self.connection.waiting is not None:
            self.connection.waiting(f"Still reading what is live after {seconds:.0f}s.")

    @property
    def kinds(self) -> tuple[str, ...]:
        return self.environment.kinds or tuple(KINDS)


def open_session(
    name: str | None, *, colour: bool | None, owns: bool, state: str | None = None, stack: str | None = None
) -> Session:
    """The environment that was asked for, under another stack if one is named; or every reason why not."""
    style = style_of(sys.stdout, colour=colour)
    loaded = load(style, anywhere=True)
    environment = owned_by(stack, chosen(loaded, name, style, owns=owns and stack is None))
    return session_of(loaded, environment, style, state=state)


def chosen(loaded: Config, name: str | None, style: Style, *, owns: bool) -> Environment:
    """The environment that was asked for, if it may be used."""
    found = config.choose(loaded, name, os.environ, owns=owns)
    for wrong in loaded.broken.values():
        if found in wrong:
            stop_at_errors(wrong, loaded.sources, style)
        elif TOLD.get(None) is None:  # where every environment is planned, each tells its own
            stop_at_errors([replace(fault, severity="warning") for fault in wrong], loaded.sources, style)
    return _sound(found, loaded, style)


def session_of(
    loaded: Config, environment: Environment, style: Style, *, state: str | None = None, offline: str | None = None
) -> Session:
    """A session in an environment; without a key where a reason says that nothing may be sent."""
    credentials.learn([environment.api_key or config.KEY])
    found = config.unreached(environment) if offline is not None else config.access(environment, os.environ)
    access = _sound(found, loaded, style)
    folder = state_folder(loaded, state)
    warn_of_default(environment, loaded)
    connection = Connection(
        base_url=access.base_url or _shown(folder / "local.db"),
        state_dir=folder,
        api_key=access.api_key,
        organization=access.organization,
        project=access.project,
        models=environment.models,
    )
    session = Session(loaded, environment, _where(environment, access, connection), connection, style, offline)
    told = replace(connection, waiting=lambda line: click.echo(visible(f"{session.title}: {line}"), err=True))
    return replace(session, connection=told)


def load(style: Style, *, anywhere: bool = False) -> Config:
    """The configuration; ends the command where it is wrong, or where there is nothing to act on in this folder.

    `anywhere` leaves that to the choice of an environment, which may be one that needs no file.
    """
    loaded = config.load(Path.cwd(), providers=tuple(PROVIDERS), kinds=tuple(KINDS))
    stop_at_errors(loaded.faults, loaded.sources, style)
    if loaded.config is None:
        raise Failure("There is no configuration.")
    credentials.learn(one.api_key for one in loaded.config.environments.values() if one.api_key)
    if not anywhere and (fault := config.nowhere(loaded.config)):
        _sound(fault, loaded.config, style)
    return loaded.config


def setting(loaded: Config, environment: Environment) -> parser.ManifestContext:
    """What reading the manifests needs to know of an environment."""
    terms = PROVIDERS[environment.provider].terms
    names = dict.fromkeys((*loaded.environments, *loaded.broken, environment.name))
    return parser.ManifestContext(
        name=environment.name,
        environments=tuple(names),
        values=environment.values,
        terms=ServerTraits(tools=terms.tools, families=environment.models),
    )


def stop_at_errors(faults: Iterable[Diagnostic], sources: Mapping[str, str], style: Style) -> None:
    """Shows everything that is wrong; ends the command where any of it is an error."""
    found, sources = credentials.less_secrets(in_order(faults), sources)
    told = TOLD.get(set[Diagnostic]())
    untold = [fault for fault in found if fault not in told]
    if untold:
        coloured = style_of(sys.stderr, colour=style.colour or None).colour
        click.echo(report(untold, sources, colour=coloured), err=True, nl=False)
        actions_output.faults(untold)
    told.update(untold)
    if wrong := errors(found):
        raise Failure("Errors found; nothing was sent.", "fix the errors above and rerun", wrong=wrong)


def in_loop(work: Callable[..., Coroutine[Any, Any, T]], *arguments: Any, timeout: float | None = None) -> T:
    """Runs what has to wait for answers; a failing place ends the command with its reason."""
    limit = time.monotonic() + timeout if timeout is not None else float("inf")
    try:
        with until(limit):
            return anyio.run(work, *arguments)
    except ProviderError as error:
        raise failure(error) from error
    except BaseExceptionGroup as group:
        first = flattened(group)
        raise (failure(first) if isinstance(first, ProviderError) else first) from group


def owned_by(stack: str | None, environment: Environment) -> Environment:
    """The environment with another stack, which has no former names."""
    stack = environment.stack_from(stack) if stack is not None else None
    if stack is None or stack == environment.stack:
        return environment
    if not NAME.fullmatch(stack):
        raise Failure(
            f"{stack!r} is not a name of a stack.",
            "1 to 64 of a-z, 0-9, `.`, `_`, `-`, beginning with a letter or digit",
        )
    return replace(environment, stack=stack, former_stacks=(), borrowed=True)


def _where(environment: Environment, access: Access, connection: Connection) -> Target:
    return Target(
        stack=environment.stack,
        environment=environment.name,
        provider=environment.provider,
        base_url=connection.base_url,
        organization=access.organization,
        project=access.project,
        former_stacks=environment.former_stacks,
    )


def _shown(path: Path) -> str:
    """The path as seen from the checkout, so that a plan reads the same on every machine."""
    return f"{path.parent.name}/{path.name}"


def _sound(found: T | Diagnostic, loaded: Config, style: Style) -> T:
    if isinstance(found, Diagnostic) and found == config.nowhere(loaded):
        raise Failure(found.message, found.remedy)
    if isinstance(found, Diagnostic):
        stop_at_errors([found], loaded.sources, style)
        raise Failure(found.message, found.remedy)
    return found


def warn_of_default(environment: Environment, loaded: Config) -> None:
    """Nobody shall believe that they are talking to production when they are not."""
    keys = [config.KEY, *sorted(one.api_key for one in loaded.environments.values() if one.api_key)]
    found = [name for name in keys if os.environ.get(name)]
    if environment.defaulted and found:
        click.echo(
            f"Warning: {found[0]} is set, and nothing said which environment: this is `local`, the embedded"
            " server.\n  Nothing here reaches any other. Say `-e NAME`.",
            err=True,
        )
