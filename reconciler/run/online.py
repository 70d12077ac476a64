"""`validate --online`: what the servers of environments say of the models, vector stores and files in manifests."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from reconciler import config
from reconciler.config import Config, Environment
from reconciler.diagnostics import Diagnostic, Location, nearest
from reconciler.manifests.parser import ParsedManifests
from reconciler.providers import Provider, ProviderError, Unauthorized, until
from reconciler.render import Style
from reconciler.rules import RULES
from reconciler.run import commands
from reconciler.run.session import Session, session_in
from reconciler.source import Node, items, member

_BY_DEPLOYMENT: Final = ".azure.com"
"""Servers there list the models that could be deployed, and not the names of deployments."""
_SECONDS: Final = 120.0
"""How long one server may take to answer everything."""
_LOOKED_UP: Final = (
    ("missing-store", "/vector_stores", "vector store", ("file_search", "vector_store_ids")),
    ("missing-file", "/files", "file", ("code_interpreter", "file_ids")),
)


@dataclass(frozen=True, slots=True)
class OnlineAnswers:
    """What one server says of what is desired there."""

    found: tuple[Diagnostic, ...] = ()
    dates: Mapping[str, str | None] = field(default_factory=dict)
    """The models that it lists, each with its last day if it says one."""


async def ask_servers(
    loaded: Config, environments: Sequence[Environment], parsed: Mapping[str, ParsedManifests], style: Style
) -> dict[str, OnlineAnswers]:
    """By environment, what its server says; an environment without a server is not asked."""
    remote = [each for each in environments if each.settings.remote]
    return {each.name: await _answers(loaded, each, parsed[each.name], style) for each in remote}


async def _answers(loaded: Config, environment: Environment, parsed: ParsedManifests, style: Style) -> OnlineAnswers:
    access = config.access(environment, os.environ)
    reason = commands.why_not_run(environment.settings, of_base=environment.of_base)
    if isinstance(access, Diagnostic):
        return OnlineAnswers((_not_asked(environment, access.message, access.remedy),))
    if reason:
        return OnlineAnswers((_not_asked(environment, f"{reason}.", "ask once the change is merged"),))
    session = session_in(loaded, environment, style)
    try:
        with until(time.monotonic() + _SECONDS):
            return await _asked(session, parsed)
    except ProviderError as error:
        return OnlineAnswers((_not_asked(environment, error.message, error.remedy),))


async def _asked(session: Session, parsed: ParsedManifests) -> OnlineAnswers:
    async with session.provider() as provider:
        dates = await provider.models()
        if not dates:
            await provider.missing("/models", ())  # which says why, where it is not that it lists none
        found = [each for row in _LOOKED_UP for each in await _missing_objects(session, provider, parsed, *row)]
    return OnlineAnswers((*_not_listed(session, parsed, dates), *found), dates)


def _not_listed(session: Session, parsed: ParsedManifests, listed: Mapping[str, str | None]) -> Iterator[Diagnostic]:
    host = urlsplit(session.where.base_url).hostname or ""
    known = {*listed, *session.environment.models}
    models = [found for body in parsed.bodies.values() if (found := member(body, "model")) is not None]
    if models and not listed:
        yield _not_asked(session.environment, "It lists no models.", "")
    for model in models if listed and not host.endswith(_BY_DEPLOYMENT) else ():
        if model.value not in known:
            meant = nearest(str(model.value), listed)
            remedy = f"did you mean `{meant}`?" if meant else f"choose one of the {len(listed):,} that it lists"
            yield _found("model-not-listed", model.place, f"{session.title} does not list `{model.value}`.", remedy)


async def _missing_objects(
    session: Session, provider: Provider, parsed: ParsedManifests, code: str, path: str, noun: str, steps: Iterable[str]
) -> list[Diagnostic]:
    """Of one sort of objects that manifests name, those that the server does not have."""
    named = [each for body in parsed.bodies.values() for each in _named_ids(body, ("tool_resources", *steps))]
    try:
        missing = await provider.missing(path, {str(each.value) for each in named}) if named else frozenset()
    except Unauthorized as error:
        return [_not_asked(session.environment, error.message, f"allow the key to read each {noun}")]
    if missing is None:
        return [_not_asked(session.environment, f"It cannot be asked for each {noun}.", "")]
    remedy = f"create it there, or correct the id; `values` of the environment are in {config.FILE}"
    return [
        _found(code, each.place, f"{session.title} has no {noun} `{each.value}`.", remedy)
        for each in named
        if each.value in missing
    ]


def _named_ids(body: Node, path: Iterable[str]) -> Iterator[Node]:
    """The ids that a list of a manifest holds."""
    node: Node | None = body
    for step in path:
        node = member(node, step)
    yield from (each for each in items(node) if isinstance(each.value, str) and each.value)


def _not_asked(environment: Environment, message: str, remedy: str) -> Diagnostic:
    place = environment.place or Location(config.FILE)
    return _found("not-asked", place, f"Not everything could be asked of `{environment.name}`. {message}", remedy)


def _found(code: str, place: Location, message: str, remedy: str) -> Diagnostic:
    return Diagnostic(place, code, message, remedy, RULES[code].severity)
