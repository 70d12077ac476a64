"""From a session to a finished plan: the one way that plan, apply and forget share."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.apply import journal
from reconciler.console import credentials
from reconciler.console.failure import Failure
from reconciler.github import actions_output
from reconciler.manifests.disk import opened
from reconciler.model import Address, Base, Desired, Live, Plan
from reconciler.plan import allowances
from reconciler.plan.against_base import as_live, part, same, split, unseen
from reconciler.plan.guards import PlanContext, unreliable_list
from reconciler.plan.make import make_plan, only_drift, select
from reconciler.plan.ownership import DuplicatePolicy, ours_by_address
from reconciler.providers import ApiGone, Provider, Unreachable
from reconciler.render import FORMATS, Document, Style, document, hidden
from reconciler.render.several import Lost, Section, several
from reconciler.run.lineage import behind
from reconciler.run.session import Session

if TYPE_CHECKING:
    from reconciler.run.base_plan import Basis

_LARGEST = 256_000_000


FAILURES = "_failures.json"
"""What no environment is called: why those are missing of which a folder has no plan."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked to have planned."""

    keys: tuple[str, ...] = ()
    allow: frozenset[str] = frozenset()
    allowances: tuple[allowances.Allowance, ...] = ()
    """What labels allow: each its own objections and no others of their code."""
    drift: bool = False
    resolve: DuplicatePolicy = field(default_factory=DuplicatePolicy)


async def planned(session: Session, provider: Provider, desired: Sequence[Desired], request: Request) -> Plan:
    """The whole plan, and then as much of it as was asked for."""
    return judged(session, provider, desired, await session.live(provider), request)


def judged(
    session: Session, provider: Provider, desired: Sequence[Desired], live: Sequence[Live], request: Request
) -> Plan:
    """The same, over objects that were read already."""
    whole = judge(session, desired, live, request, facts(session, provider, live, desired))
    return narrowed(whole, session, addresses(session, desired, live), request)


async def compared(session: Session, found: Basis, request: Request) -> Plan:
    """The plan of what this change does, beside what was pending already; over the base where nothing answers."""
    desired = session.desired()
    before, notes = found.desired(session)
    notes = (*found.notes, *notes)
    base = replace(found.base, changed=bool(notes) or not same(desired, before))
    if session.offline is not None:
        return _offline(session, base, (desired, before), request, notes)
    try:
        async with session.provider() as provider:
            live = await session.live(provider)
            known = facts(session, provider, live, desired)
    except (Unreachable, ApiGone) as error:
        gone = replace(session, offline=error.message)
        return _offline(gone, base, (desired, before), request, notes)
    whole, other = (judge(session, side, live, request, known) for side in (desired, before))
    plan = _brought(session, split(replace(whole, notes=(*notes, *whole.notes)), other, base))
    return narrowed(plan, session, addresses(session, desired, live), request)


def _offline(
    session: Session,
    base: Base,
    sides: tuple[Sequence[Desired], Sequence[Desired]],
    request: Request,
    notes: tuple[str, ...],
) -> Plan:
    """The plan over objects such as an apply of the base would leave."""
    pinned = {one.address: one.id for one in sides[0] if one.id} if not session.environment.borrowed else {}
    known = {one.address for one in sides[1]}
    adopted = [
        f"{address} adopts {id}, which was not looked at." for address, id in pinned.items() if address not in known
    ]
    desired, before = (tuple(replace(one, id=None) for one in side) for side in sides)
    live = as_live(before, session.where)
    notes = (*notes, *adopted)
    whole, other = (judge(session, side, live, request, PlanContext()) for side in (desired, before))
    both = split(replace(whole, notes=(*notes, *whole.notes)), other, base)
    plan = unseen(_brought(session, both), session.offline or "")
    return narrowed(plan, session, addresses(session, desired, live), request)


def _brought(session: Session, plan: Plan) -> Plan:
    """What merging does: what the change brings, unless the base's configuration says `apply: everything`."""
    return plan if session.environment.apply == "everything" else part(plan, session.environment.limits)


def judge(
    session: Session, desired: Sequence[Desired], live: Sequence[Live], request: Request, known: PlanContext
) -> Plan:
    """The whole plan, with every objection."""
    return make_plan(
        desired,
        live,
        session.where,
        limits=session.environment.limits,
        allow=request.allow,
        facts=known,
        resolve=request.resolve,
    )


def narrowed(plan: Plan, session: Session, known: Collection[Address], request: Request) -> Plan:
    """As much of a whole plan as was asked for."""
    if request.drift:
        plan = only_drift(plan)
    if request.keys:
        chosen, exactly = matching(request.keys, known, session.title)
        plan = select(plan, chosen, exactly=exactly)
    return allowances.permitted(plan, request.allowances)


def facts(session: Session, provider: Provider, live: Sequence[Live], desired: Sequence[Desired]) -> PlanContext:
    """What Git, the server and the history say about it."""
    ours = [one for _, one in ours_by_address(live, session.where)]
    lost, notes = behind(session, ours, desired)
    rejected = journal.rejections(session.connection.state_dir / journal.FOLDER, session.where)
    return PlanContext(lost, provider.project, rejected, notes, provider.unreliable)


def warn_of_lists(provider: Provider) -> None:
    """Says which lists are unreliable, where no plan says it."""
    for kind, fault in sorted(provider.unreliable.items()):
        click.echo(f"Warning: {unreliable_list(kind, fault)}", err=True)


def addresses(session: Session, desired: Sequence[Desired], live: Sequence[Live]) -> set[Address]:
    """Every address that is desired or ours."""
    return {address for address, _ in ours_by_address(live, session.where)} | {one.address for one in desired}


def show(plan: Plan, format_name: str, style: Style) -> None:
    """Prints a plan in one of the formats."""
    show_documents([document(plan)], format_name, style)


def less_secrets(told: Document) -> Document:
    """A plan's document as it may be shown, kept and sent: what is applied is planned afresh, from what is real."""
    return hidden(told, credentials.hidden())


def show_all(found: Sequence[Plan | Lost], format_name: str, style: Style) -> None:
    """Prints the plans of several environments together."""
    show_sections([one if isinstance(one, Lost) else document(one) for one in found], format_name, style)


def show_documents(found: Sequence[Section], format_name: str, style: Style) -> None:
    """Prints plans' documents in one of the formats: of a single one, that plan."""
    (first, *others) = found
    if others or isinstance(first, Lost) or format_name == "github":
        show_sections(found, format_name, style)
    else:
        click.echo(FORMATS[format_name](less_secrets(first), style), nl=False)


def show_sections(found: Sequence[Section], format_name: str, style: Style) -> None:
    """Prints documents as those of several environments; for a job of GitHub Actions with all that belongs to it."""
    sections = [one if isinstance(one, Lost) else less_secrets(one) for one in found]
    if format_name == "github":
        actions_output.tell(sections, style)
    else:
        click.echo(several(format_name, sections, style), nl=False)


def save_all(found: Sequence[Plan | Lost], folder: str) -> None:
    """Writes each plan's document into the folder, by the name of its environment; and what failed, if any did."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = "with several environments, --out names a folder"
        raise Failure(f"Cannot make the folder {folder}: {error.strerror}.", remedy) from error
    for one in found:
        if not isinstance(one, Lost):
            save(one, str(Path(folder) / f"{one.where.environment}.json"))
    lost = [one for one in found if isinstance(one, Lost)]
    failures = Path(folder) / FAILURES
    if lost:
        write_plan(several("json", lost, Style()), str(failures))
    else:
        failures.unlink(missing_ok=True)


def save(plan: Plan, path: str) -> None:
    """Writes a plan's document, whole or not at all; a pipe or a device is written to and never replaced."""
    write_plan(FORMATS["json"](less_secrets(document(plan)), Style()), path)


def plan_text(path: str) -> str:
    """The text of a saved plan; an `OSError` where it is no regular file, or larger than any plan."""
    with opened(Path(path)) as stream:
        raw = stream.read(_LARGEST + 1) or b""
    if len(raw) > _LARGEST:
        raise OSError(errno.EFBIG, f"it is larger than {_LARGEST // 1_000_000} MB", path)
    return raw.decode()


def write_plan(text: str, path: str) -> None:
    """Writes the text of a plan's document in the same way."""
    try:
        target = Path(path)
        if target.exists() and not target.is_file():
            target.write_text(text)
        else:
            _replace(target.resolve(), text)
    except OSError as error:
        raise Failure(
            f"Cannot write the plan to {path}: {error.strerror}.",
            "nothing was changed; name a file in a folder that exists",
        ) from error


def _replace(target: Path, text: str) -> None:
    beside = target.with_name(f".{target.name}.writing")
    try:
        beside.write_text(text)
        beside.replace(target)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise


def matching(
    arguments: Sequence[str], known: Iterable[Address], title: str
) -> tuple[tuple[Address, ...], frozenset[Address]]:
    """The addresses that keys and globs name, and those named without a glob; one that names none is an error."""
    from fnmatch import fnmatchcase

    from reconciler.diagnostics import did_you_mean

    addresses = sorted(set(known))
    chosen: set[Address] = set()
    exactly: set[Address] = set()
    for word in arguments:
        hits = [a for a in addresses if fnmatchcase(a.key, word) or fnmatchcase(str(a), word)]
        if not hits:
            raise Failure(f"Nothing is called {word!r} in {title}.", did_you_mean(word, [a.key for a in addresses]))
        chosen.update(hits)
        exactly.update(a for a in hits if word in (a.key, str(a)))
    return tuple(sorted(chosen)), frozenset(exactly)


def allowed(codes: Sequence[str]) -> frozenset[str]:
    """The codes that were allowed; one that does not exist is an error."""
    from reconciler.diagnostics import did_you_mean
    from reconciler.plan.guards import FORMER_CODES, NEVER_ALLOWED, OBJECTIONS

    for code in set(codes) & set(FORMER_CODES):
        click.echo(f"Note: The objection `{code}` is now called `{FORMER_CODES[code]}`.", err=True)
    named = frozenset(FORMER_CODES.get(code, code) for code in codes)
    for code in sorted(named):
        if code not in OBJECTIONS:
            raise Failure(f"There is no objection {code!r}.", did_you_mean(code, OBJECTIONS))
        if code in NEVER_ALLOWED:
            raise Failure(f"The objection `{code}` cannot be overridden.", "see docs/diagnostics.md for what to do")
    return named
