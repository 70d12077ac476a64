"""What a server says of itself when it is only read: whether it answers, its kinds, lists, pages and models."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler import urls
from reconciler.canonical import Json
from reconciler.diagnostics import Location, nearest
from reconciler.kinds import KINDS, Kind
from reconciler.model import Desired, Live
from reconciler.plan.guards import unreliable_list
from reconciler.plan.ownership import managed, other_manager
from reconciler.providers import ApiGone, Paging, Provider, ProviderError, Unauthorized, Unreachable, until
from reconciler.providers.key_command import NoKeyError
from reconciler.render.checkup import Finding
from reconciler.render.sentences import count
from reconciler.run.session import Session

STACK = "reconciler-doctor"
"""The stack of throw-away objects: nothing else is ever of it."""
_PATIENCE = 20.0
"""Seconds in which the first answer has to come."""
_NEEDED = "requires an `api-version`"


@dataclass(slots=True)
class Examined:
    """A server, what the manifests want of it, and what it was seen to have."""

    session: Session
    provider: Provider
    desired: Sequence[Desired]
    live: dict[str, tuple[Live, ...]] = field(default_factory=dict)
    """By kind, what is listed: of those that the server has."""
    gone: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that the server has."""
        return tuple(KINDS[kind] for kind in self.live)

    @property
    def settings(self) -> str:
        """What is worth writing down: the kinds that there are, where others are missing and nothing says so."""
        environment = self.session.environment
        if not self.gone or not self.live or environment.kinds is not None:
            return ""
        return f"environments:\n  {environment.name}:\n    kinds: [{', '.join(sorted(self.live))}]\n"

    def wants(self, kind: str) -> bool:
        """Whether a manifest or the environment names the kind."""
        return kind in (self.session.environment.kinds or ()) or any(each.address.kind == kind for each in self.desired)


async def server_findings(examined: Examined) -> AsyncIterator[Finding]:
    """Everything about the server, in the order in which it is asked; what fails for every kind is said once."""
    session, provider = examined.session, examined.provider
    errors: dict[str, ProviderError] = {}
    for name in session.kinds:
        error = await _observe(examined, name)
        errors |= {name: error} if error is not None else {}
        if isinstance(error, Unreachable | NoKeyError):
            break
    common = _common_failure(session, errors)
    for finding in (*_address(session, common), *_api_version(session, errors.values())):
        yield finding
    dates: Mapping[str, str | None] = {}
    if common is None:
        for name in session.kinds:
            async for finding in _kind_findings(examined, KINDS[name], errors.get(name)):
                yield finding
        dates = await provider.models()
        for finding in (*_project(session, provider.project), *_model_findings(examined, dates)):
            yield finding
    for finding in retirement_findings(session, examined.desired, dates):
        yield finding


def _common_failure(session: Session, errors: Mapping[str, ProviderError]) -> ProviderError | None:
    """Why nothing can be had of the server: it does not answer, or fails for each kind in the same way."""
    found = [*errors.values()]
    if found and isinstance(found[-1], Unreachable | NoKeyError):
        return found[-1]
    is_same = len({error.message for error in found}) == 1 and not isinstance(found[0], ApiGone)
    return found[0] if is_same and len(found) == len(session.kinds) else None


async def _observe(examined: Examined, kind: str) -> ProviderError | None:
    """Reads what is live of a kind; why it cannot be read."""
    try:
        with until(time.monotonic() + _PATIENCE):
            await examined.provider.newest(kind)
        examined.live[kind] = await examined.provider.observe(kind)
    except ProviderError as error:
        return error
    return None


def _address(session: Session, failure: ProviderError | None) -> Iterator[Finding]:
    needs_version = failure is not None and _needs_version(session, failure)
    if failure is None or needs_version or isinstance(failure, Unauthorized):
        yield _answering(session)
    if failure is not None and not needs_version:
        area = "key" if isinstance(failure, Unauthorized | NoKeyError) else "address"
        text = f"{_failure_text(failure, 'The server')} Nothing else of the server could be looked at."
        yield Finding(area, "problem", text, session.remedy(failure))


def _answering(session: Session) -> Finding:
    where = session.where.base_url
    if session.environment.settings.embedded:
        return Finding("address", "ok", f"The embedded server, in {where}.")
    if not session.environment.settings.remote:
        return Finding("address", "ok", f"The folder {where} of this checkout.")
    if not urls.may_have_key(where):
        remedy = "write `https://` in `base_url`, if the server speaks that"
        return Finding("address", "note", f"{where} answers, over plain http: whoever is between reads it.", remedy)
    return Finding("address", "ok", f"{where} answers.")


def _api_version(session: Session, failures: Iterable[ProviderError]) -> Iterator[Finding]:
    stated = session.access.query.get("api-version")
    needed = next((error for error in failures if _needs_version(session, error)), None)
    if needed is not None:
        sent = f"`{stated}` is sent" if stated else "none is sent"
        remedy = "write `query: {api-version: VERSION}` for the environment, with one that the server has"
        yield Finding("api-version", "problem", f"The server requires one, and {sent}: {needed.message}", remedy)
    elif stated:
        yield Finding("api-version", "ok", f"`{stated}` is sent with every request.")


def _needs_version(session: Session, error: ProviderError) -> bool:
    return _NEEDED in session.remedy(error)


async def _kind_findings(examined: Examined, kind: Kind, error: ProviderError | None) -> AsyncIterator[Finding]:
    if isinstance(error, ApiGone):
        for finding in _gone_findings(examined, kind, error):
            yield finding
        return
    if error is not None:
        yield _refused(examined.session, kind, error)
        return
    contradiction = examined.provider.unreliable.get(kind.name)
    if contradiction is not None:
        yield Finding(kind.plural, "ok", f"{_counted(examined, kind)}.")
        remedy = "fix the server's paging; if other programs create and delete objects there now, run it again"
        cannot = f"{kind.plural.capitalize()} are not created or deleted while their list contradicts itself."
        yield Finding(kind.plural, "problem", unreliable_list(kind.name, contradiction), remedy, cannot)
        return
    for finding in (*await _listing(examined, kind), *_left_over(examined, kind)):
        yield finding


async def _listing(examined: Examined, kind: Kind) -> tuple[Finding, ...]:
    """How many are listed, and whether in pages, which is known of what is here."""
    counted = _counted(examined, kind)
    answers = Finding(kind.plural, "ok", f"{counted}.")
    if not examined.session.environment.settings.remote:
        return (answers,)
    try:
        paging = await examined.provider.paging(kind.name)
    except ProviderError as failure:
        return answers, _refused(examined.session, kind, failure)
    if paging == "unknown":  # there are too few
        return (Finding(kind.plural, "ok", f"{counted}; whether in pages cannot be told yet."),)
    return answers, _paging(examined, kind, paging)


def _gone_findings(examined: Examined, kind: Kind, error: ApiGone) -> Iterator[Finding]:
    wanted = examined.wants(kind.name)
    if not error.answer and not wanted:  # no server of this sort has it
        return
    examined.gone.append(kind.name)
    only = len(examined.gone) == len(examined.session.kinds)
    remedy = error.remedy if examined.live else examined.session.remedy(error)  # where others answer, the path is right
    cannot = f"{kind.plural.capitalize()} cannot be planned or applied." if wanted else ""
    yield Finding(kind.plural, "problem" if wanted or only else "note", error.message, remedy, cannot)


def _refused(session: Session, kind: Kind, error: ProviderError) -> Finding:
    return Finding(kind.plural, "problem", _failure_text(error, f"The {kind.api}"), session.remedy(error))


def _failure_text(error: ProviderError, who: str) -> str:
    """What the server answered, and by which name its owner finds the request."""
    request = f" [request {error.response.request_id}]" if error.response.request_id else ""
    said = f"{who} rejects the key: {error.message}" if isinstance(error, Unauthorized) else error.message
    return f"{said.rstrip('.')}{request}."


def _counted(examined: Examined, kind: Kind) -> str:
    """How many are listed, and whose they are."""
    live, where = examined.live[kind.name], examined.session.where
    ours = {each.id for each in managed(live, where)}
    others = sum(other_manager(each, where) is not None for each in live)
    parts = {"managed here": len(ours), "of other stacks": others, "unmanaged": len(live) - len(ours) - others}
    owners = ", ".join(f"{number:,} {whose}" for whose, number in parts.items() if number)
    settings = examined.session.environment.settings
    who = f"The {kind.api} answers and lists" if settings.owned_folder is None else f"{where.base_url} has"
    return f"{who} {count(len(live), kind.name)}{f': {owners}' if owners else ''}"


def _paging(examined: Examined, kind: Kind, paging: Paging) -> Finding:
    if paging == "works":
        page = examined.provider.learned(kind.name).page
        return Finding(kind.plural, "ok", f"The list comes in pages, of {page:,} at most.")
    listed = len(examined.live[kind.name])
    what = "an array" if examined.provider.learned(kind.name).sends_arrays else "one answer"
    text = f"The list has no pages: the server sends {what} of {listed:,}, and more cannot be asked for."
    cannot = f"{kind.plural.capitalize()} beyond what one answer lists are not seen, and would be created again."
    return Finding(kind.plural, "note", text, cannot=cannot)


def _left_over(examined: Examined, kind: Kind) -> Iterator[Finding]:
    for live in examined.live[kind.name]:
        if live.marker is not None and live.marker.stack == STACK:
            remedy = f"reconciler destroy --stack {STACK} -e {examined.session.environment.name}"
            yield Finding(kind.plural, "note", f"{live.id} is left of a `doctor --write`.", remedy)


def _project(session: Session, answered: str | None) -> Iterator[Finding]:
    stated = session.where.project
    if answered is None:
        return
    if stated is not None and stated != answered:
        remedy = "look at `project` of the environment, and at which project the key is of"
        yield Finding("project", "problem", f"The server answers for {answered}, not {stated}.", remedy)
    else:
        yield Finding("project", "ok", f"The server answers for {answered}.")


def _model_findings(examined: Examined, offered: Mapping[str, str | None]) -> Iterator[Finding]:
    deployments = examined.session.environment.models
    used: dict[Json, Location] = {}
    for each in examined.desired:
        used.setdefault(each.fields.get("model"), each.place)
    if not offered and examined.session.environment.settings.remote:
        yield Finding("models", "note", "The server lists no models, so whether those in use are offered is not known.")
    missing = {model: place for model, place in used.items() if offered and model not in (*offered, *deployments)}
    for model, place in missing.items():
        meant = nearest(str(model), offered)
        remedy = f"did you mean `{meant}`?" if meant else f"choose one of the {len(offered):,} that are"
        yield Finding("models", "problem", f"`{model}` ({place.file}) is not offered by the server.", remedy)
    if offered and used and not missing:
        yield Finding("models", "ok", f"The server offers {'the model' if len(used) == 1 else 'every model'} in use.")


def retirement_findings(
    session: Session, desired: Sequence[Desired], dates: Mapping[str, str | None]
) -> Iterator[Finding]:
    """What in use ends or has ended, as the server says, else as its vendor published."""
    for retirement in session.retirements(desired, dates):
        where = f"{retirement.place.file}: " if retirement.place is not None else ""
        yield Finding("retirements", "note", f"{where}{retirement.message}", retirement.remedy)
