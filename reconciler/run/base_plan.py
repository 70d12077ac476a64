"""Compare with another revision: its configuration is the trusted one, its manifests are the base."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import click

from reconciler import config
from reconciler.config import Config, Environment
from reconciler.console.configuration import loaded_configuration
from reconciler.console.failure import Failure
from reconciler.diagnostics import Diagnostic, errors
from reconciler.manifests import parser, reading
from reconciler.manifests.steps import Steps, Work
from reconciler.model import Base, Desired
from reconciler.providers import PROVIDERS
from reconciler.render import Style
from reconciler.render.values import inert
from reconciler.run import commands
from reconciler.run.manifest_context import manifest_context
from reconciler.run.options import SessionOptions
from reconciler.run.revision import Revision, laid_out
from reconciler.run.session import (
    Session,
    choose_environment,
    load_config,
    open_session,
    read_once,
    session_in,
    session_of,
    why_unread,
    with_stack,
)

_TRUSTED = (
    "provider", "settings", "kinds", "stack", "former_stacks", "limits",
    "reconcile", "allow_by_author", "apply", "rules",
)  # fmt: skip
_WRITTEN = {"former_stacks": ("stack",), "allow_by_author": ("allow",)}
"""What the file calls it."""
_NO_ANCESTOR = (
    "No common ancestor with {0} in this clone; comparing with {0} itself: what {0} has and this change lacks looks"
    " removed. In a shallow clone, set `fetch-depth: 0`."
)

_NO_FOLDERS = reading.ReadFolders((), (), {})


@dataclass(frozen=True, slots=True)
class BaseRevision:
    """What another revision says: which targets may be reached, and what its manifests state."""

    revision: Revision
    trusted: Config | None
    """Its configuration; None where it has none that can be read."""
    manifests: Config | None
    """The configuration beside its manifests."""
    notes: tuple[str, ...] = ()

    @property
    def base(self) -> Base:
        return Base(self.revision.name, self.revision.commit)

    def desired(
        self, session: Session, counts: Callable[[Diagnostic], bool] = lambda fault: True
    ) -> tuple[tuple[Desired, ...], tuple[str, ...]]:
        """What its manifests state for the session's environment; nothing and a note where they have errors."""
        return Work(self.desired_in_steps(session, counts)).result

    def desired_in_steps(
        self, session: Session, counts: Callable[[Diagnostic], bool] = lambda fault: True
    ) -> Steps[tuple[tuple[Desired, ...], tuple[str, ...]]]:
        """The same, manifest by manifest."""
        name = session.environment.name
        known = (each for each in (self.manifests, self.trusted) if each is not None and name in each.environments)
        read_as = next(known, None)  # an environment that is younger than the branch is as the revision has it
        if read_as is None:
            return (), ()
        own = read_as.environments[name]
        possible = tuple(sorted(PROVIDERS[own.provider].terms.kinds)) or None  # of others nothing was ever applied
        environment = replace(own, stack=session.environment.stack, kinds=session.environment.kinds or possible)
        has_manifests = any((read_as.root / folder).is_dir() for folder in read_as.manifests)
        read = (yield from read_once(read_as.root, read_as.manifests)) if has_manifests else _NO_FOLDERS
        parsed = yield from parser.parse_in_steps(read.manifests, manifest_context(read_as, environment))
        faults = [fault for fault in errors([*read.faults_of_manifests, *parsed.faults]) if counts(fault)]
        if faults:
            note = f"The manifests of {self.revision.name} have errors ({faults[0].place}: {faults[0].message})"
            return (), (f"{note}: everything is shown as what this change does.",)
        return parsed.desired, ()

    def environment(self, environment: Environment) -> tuple[Environment, str]:
        """The environment as the revision has it, with the values that are checked out; or why it is not reached."""
        name, revision = environment.name, self.revision.name
        is_new = self.trusted is None or name not in {*self.trusted.environments, *self.trusted.broken}
        if is_new and environment.settings.owned_folder is not None:  # it is of this checkout, and no key is sent
            return environment, ""
        if self.trusted is None:
            return environment, f"{revision} has no configuration that can be read"
        if name in self.trusted.broken:
            return environment, f"`{name}` of {revision} has an error: {self.trusted.broken[name][0].message}"
        trusted = self.trusted.environments.get(name)
        if trusted is None:
            reason = f"{revision} has no environment `{name}`: it is new, and no key is sent there before it is merged"
            return environment, reason
        own = replace(trusted, values=environment.values, models=environment.models, place=environment.place)
        return replace(own, of_base=True), commands.why_not_run(trusted.settings, of_base=True)


def desired_at(
    revision: Revision,
    session: Session,
    *,
    required: bool = False,
    counts: Callable[[Diagnostic], bool] = lambda fault: True,
) -> tuple[Desired, ...]:
    """What a revision's manifests state for the session's environment; nothing where they have errors that count.

    Where they are `required`, errors and an unknown environment end the command.
    """
    loaded, reason = _config_in(revision)
    desired, notes = BaseRevision(revision, None, loaded).desired(session, counts)
    name = session.environment.name
    if required and loaded is None:
        raise Failure(reason, "name a commit that has one")
    if required and loaded is not None and name not in loaded.environments:
        raise Failure(f"{revision.name} has no environment `{name}`.", "name a commit that has it")
    if required and notes:
        raise Failure(notes[0].partition(": everything is shown")[0] + ".", "name a commit whose manifests are valid")
    return desired


@contextmanager
def base_revision(loaded: Config, name: str | None) -> Iterator[BaseRevision | None]:
    """The revision, for as long as its files are needed; None where none is named.

    Manifests are those of the commit from which HEAD parted from it; the configuration is the revision's own, so
    that no branch sends a key elsewhere by being old.
    """
    if name is None:
        yield None
        return
    with laid_out(loaded.root, name) as tip, laid_out(loaded.root, name, common=True) as common:
        trusted, reason = _config_in(tip)
        notes = (reason,) if reason else tuple(_differences(loaded, trusted, name))
        if common.apart:
            notes = (*notes, _NO_ANCESTOR.format(name))
        yield BaseRevision(common, trusted, _config_in(common)[0], notes)


def config_at(loaded: Config, revision: str) -> Config | None:
    """The configuration of a revision, which no branch changes; None where it has none that can be read."""
    with laid_out(loaded.root, revision) as tip:
        return _config_in(tip)[0]


def session_with_base(
    base: BaseRevision, loaded: Config, options: SessionOptions, style: Style, *, offline: bool
) -> Session:
    """The session of a plan compared with a revision: at the target that it names, or offline with the reason."""
    chosen = choose_environment(loaded, options.environment, style, owns=options.stack is None)
    environment, reason = base.environment(chosen)
    environment = with_stack(options.stack, environment)
    if offline or not reason:
        reason = why_unread(environment, offline=offline)
    return session_in(loaded, environment, style, state_dir=options.state_dir, offline=reason or None)


def session_by_revision(revision: str | None, style: Style, options: SessionOptions) -> Session:
    """The session of a command that writes where the revision says, or without one where the checkout does.

    An environment that the revision lacks does not exist.
    """
    if revision is None:
        return open_session(options, owns=True)
    return session_of(_with_trusted_environments(load_config(style), revision), options, style, owns=True)


def _with_trusted_environments(loaded: Config, revision: str) -> Config:
    with laid_out(loaded.root, revision) as tip:
        trusted, reason = _config_in(tip)
    if trusted is None:
        raise Failure(reason, f"commit a {config.FILE} there first: it says where requests are sent")
    base = BaseRevision(tip, trusted, None)
    by_name = {name: base.environment(environment) for name, environment in loaded.environments.items()}
    absent = (f"{reason}." for _, reason in by_name.values() if reason)
    for note in (*_differences(loaded, trusted, tip.name), *absent):
        click.echo(f"Note: {inert(note)}", err=True)
    known = {name: environment for name, (environment, reason) in by_name.items() if not reason}
    return replace(loaded, environments=known, default_environment=trusted.default_environment)


def _config_in(revision: Revision) -> tuple[Config | None, str]:
    """The configuration of a revision, or why there is none."""
    loaded = loaded_configuration(revision.root, revision.top)
    if loaded.config is not None and loaded.config.root != revision.root:
        return None, f"{revision.name} has no {config.FILE} here."
    if loaded.config is None:
        fault = errors(loaded.faults)[0]
        return None, f"{fault.place} of {revision.name} has an error: {fault.message}"
    return loaded.config, ""


def _differences(head: Config, base: Config | None, revision: str) -> Iterator[str]:
    """What a branch would change about targets and policy: none of it counts before it is merged."""
    for name, ours in head.environments.items():
        theirs = base.environments.get(name) if base is not None else None
        if theirs is None:
            continue
        changed = [word for word in _TRUSTED if getattr(ours, word) != getattr(theirs, word)]
        if changed:
            parts = {**_WRITTEN, "settings": ours.settings.differences(theirs.settings)}
            names = ", ".join(dict.fromkeys(f"`{word}`" for name in changed for word in parts.get(name, (name,))))
            here = f"{config.FILE}: this change modifies {names} of `{name}`."
            yield f"{here} Until it is merged, the values of {revision} are used."
        if theirs.stack not in (ours.stack, *ours.former_stacks):
            kept = f"{config.FILE}: what the stack {theirs.stack} manages in `{name}` stays with it"
            renamed = f"`stack: {{name: {ours.stack}, was: [{theirs.stack}]}}` renames them instead"
            yield f"{kept}, and an apply after the merge creates each a second time: {renamed}."
