"""A plan beside another revision: its configuration is the one that is trusted, its manifests are compared with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import click

from reconciler import config
from reconciler.config import Config, Environment
from reconciler.console import credentials
from reconciler.console.failure import Failure
from reconciler.diagnostics import Diagnostic, errors
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading
from reconciler.model import Base, Desired
from reconciler.providers import PROVIDERS
from reconciler.render import Style
from reconciler.render.values import inert
from reconciler.run.revision import Revision, laid_out
from reconciler.run.session import Session, chosen, load, owned_by, session_of, setting

_TRUSTED = (
    "provider", "base_url", "api_key", "organization", "project", "kinds", "stack", "former_stacks", "limits",
    "reconcile", "allow_by_author", "apply",
)  # fmt: skip
_WRITTEN = {"former_stacks": "stack", "allow_by_author": "allow"}
"""What the file calls it."""
_APART = (
    "No commit is known here that this change and {0} have in common, so it is held against {0} as it is: what {0} has"
    " and this change lacks looks taken away. A shallow clone wants `fetch-depth: 0`."
)


@dataclass(frozen=True, slots=True)
class Basis:
    """What another revision says: where things may go, and what its manifests ask for."""

    revision: Revision
    trusted: Config | None
    """Its configuration; None where it has none that can be read."""
    manifests: Config | None
    """The configuration beside its manifests."""
    notes: tuple[str, ...] = ()

    @property
    def base(self) -> Base:
        return Base(self.revision.name, self.revision.commit)

    def desired(self, session: Session) -> tuple[tuple[Desired, ...], tuple[str, ...]]:
        """What its manifests ask for in the session's environment; with a note where they are wrong."""
        name = session.environment.name
        known = (one for one in (self.manifests, self.trusted) if one is not None and name in one.environments)
        read_as = next(known, None)  # an environment that is younger than the branch is as the revision has it
        if read_as is None:
            return (), ()
        environment = replace(read_as.environments[name], stack=session.environment.stack)
        read = reading.read(read_as.root, read_as.manifests) if _has_any(read_as) else reading.ReadFolders((), (), {})
        parsed = parser.parse(read.manifests, setting(read_as, environment))
        wrong = errors([*read.faults, *parsed.faults])
        if wrong:
            note = f"The manifests of {self.revision.name} are wrong themselves ({wrong[0].place}: {wrong[0].message})"
            return (), (f"{note}: everything is shown as what this change does.",)
        return parsed.desired, ()


def desired_at(revision: Revision, session: Session) -> tuple[Desired, ...]:
    """What a revision's manifests ask for in the session's environment; nothing where they are wrong."""
    return Basis(revision, None, _config(revision)[0]).desired(session)[0]


def stated_at(revision: Revision, session: Session) -> tuple[Desired, ...]:
    """The same; ends the command where they are wrong, or know no such environment: that is not to be nothing."""
    found, reason = _config(revision)
    name = session.environment.name
    if found is None:
        raise Failure(reason, "name a commit that has one")
    if name not in found.environments:
        raise Failure(f"{revision.name} has no environment `{name}`.", "name a commit that has it")
    desired, notes = Basis(revision, None, found).desired(session)
    if notes:
        raise Failure(notes[0].partition(": everything is shown")[0] + ".", "name a commit whose manifests are valid")
    return desired


@contextmanager
def basis(loaded: Config, revision: str | None) -> Iterator[Basis | None]:
    """The revision's side, for as long as its files are needed; None where no revision was named.

    Manifests are those of the commit from which HEAD parted from it; the configuration is the revision's own, so
    that no branch sends a key elsewhere by being old.
    """
    if revision is None:
        yield None
        return
    with laid_out(loaded.root, revision) as tip, laid_out(loaded.root, revision, common=True) as common:
        trusted, reason = _config(tip)
        notes = (reason,) if reason else tuple(_differences(loaded, trusted, revision))
        if common.apart:
            notes = (*notes, _APART.format(revision))
        yield Basis(common, trusted, _config(common)[0], notes)


def trusted(loaded: Config, revision: str) -> Config | None:
    """The configuration of a revision, which no branch changes; None where it has none that can be read."""
    with laid_out(loaded.root, revision) as tip:
        return _config(tip)[0]


def beside(
    found: Basis, loaded: Config, name: str | None, style: Style, *, offline: bool, state: str | None, stack: str | None
) -> Session:
    """The session of a plan beside a revision: in the place that the revision names, or nowhere with the reason."""
    environment, reason = under(found, chosen(loaded, name, style, owns=stack is None))
    environment = owned_by(stack, environment)
    access = config.access(environment, os.environ)
    if not reason and isinstance(access, Diagnostic):
        reason = access.message
    if offline:
        reason = "--offline was said"
    return session_of(loaded, environment, style, state=state, offline=reason or None)


def under(found: Basis, environment: Environment) -> tuple[Environment, str]:
    """The environment as the revision has it, with the values that are checked out; or why it may not be reached."""
    name, revision = environment.name, found.revision.name
    if found.trusted is None:
        return environment, f"{revision} has no configuration that can be read"
    if name in found.trusted.broken:
        return environment, f"`{name}` of {revision} is wrong: {found.trusted.broken[name][0].message}"
    base = found.trusted.environments.get(name)
    if base is None:
        return (
            environment,
            f"{revision} has no environment `{name}`: it is new, and no key is sent there before it is merged",
        )
    return replace(base, values=environment.values, models=environment.models, place=environment.place), ""


def governed(revision: str, name: str | None, style: Style, *, state: str | None, stack: str | None) -> Session:
    """The session of a command that writes where the revision says; an environment that it lacks is none."""
    loaded = _governed(load(style), revision)
    environment = owned_by(stack, chosen(loaded, name, style, owns=stack is None))
    return session_of(loaded, environment, style, state=state)


def _governed(loaded: Config, revision: str) -> Config:
    with laid_out(loaded.root, revision) as tip:
        trusted, reason = _config(tip)
    if trusted is None:
        raise Failure(reason, f"commit a {config.FILE} there first: it says where requests are sent")
    judged = {name: under(Basis(tip, trusted, None), one) for name, one in loaded.environments.items()}
    absent = (f"{reason}." for _, reason in judged.values() if reason)
    for note in (*_differences(loaded, trusted, tip.name), *absent):
        click.echo(f"Note: {inert(note)}", err=True)
    known = {name: environment for name, (environment, reason) in judged.items() if not reason}
    return replace(loaded, environments=known, default_environment=trusted.default_environment)


def _config(revision: Revision) -> tuple[Config | None, str]:
    """The configuration of a revision, or why there is none."""
    loaded = config.load(revision.root, providers=tuple(PROVIDERS), kinds=tuple(KINDS))
    if loaded.config is not None and loaded.config.root != revision.root:
        return None, f"{revision.name} has no {config.FILE} here."
    if loaded.config is None:
        fault = errors(loaded.faults)[0]
        return None, f"{fault.place} of {revision.name} is wrong: {fault.message}"
    credentials.learn(one.api_key for one in loaded.config.environments.values() if one.api_key)
    return loaded.config, ""


def _has_any(found: Config) -> bool:
    return any((found.root / folder).is_dir() for folder in found.manifests)


def _differences(head: Config, base: Config | None, revision: str) -> Iterator[str]:
    """What a branch would change about where things go: none of it counts before it is merged."""
    for name, ours in head.environments.items():
        theirs = base.environments.get(name) if base is not None else None
        if theirs is None:
            continue
        moved = [word for word in _TRUSTED if getattr(ours, word) != getattr(theirs, word)]
        if moved:
            names = ", ".join(dict.fromkeys(f"`{_WRITTEN.get(word, word)}`" for word in moved))
            here = f"{config.FILE}: this change moves {names} of `{name}`."
            yield f"{here} Until it is merged, those of {revision} are used."
        if theirs.stack not in (ours.stack, *ours.former_stacks):
            left = f"{config.FILE}: the assistants of the stack {theirs.stack} in `{name}` stay with it"
            renamed = f"`stack: {{name: {ours.stack}, was: [{theirs.stack}]}}` renames them instead"
            yield f"{left}, and an apply after the merge creates each a second time: {renamed}."
