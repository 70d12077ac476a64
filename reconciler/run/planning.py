"""From a session and a request to a finished plan: the one way that every command shares."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import click

from reconciler.apply import journal
from reconciler.console.failure import Failure
from reconciler.diagnostics import did_you_mean
from reconciler.kinds import KINDS
from reconciler.manifests.steps import Steps, Work
from reconciler.model import Address, Base, Desired, Live, Plan
from reconciler.plan import allowances
from reconciler.plan.against_base import as_live, part, same, split, unseen
from reconciler.plan.guards import PlanContext
from reconciler.plan.make import make_plan, only_drift, select
from reconciler.plan.objections import FORMER_CODES, NEVER_ALLOWED, OBJECTIONS
from reconciler.plan.ownership import DuplicatePolicy, claim, managed
from reconciler.providers import ApiGone, Provider, Unreachable
from reconciler.run.addressing import addresses_named
from reconciler.run.base_plan import BaseRevision
from reconciler.run.last_applied import showing_last_applied
from reconciler.run.lineage import outdated
from reconciler.run.overlap import opened_beside
from reconciler.run.session import Session

_EMPTY = "no-manifests"


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is to be planned, and which objections are overridden."""

    keys: tuple[str, ...] = ()
    allow: frozenset[str] = frozenset()
    allowances: tuple[allowances.Allowance, ...] = ()
    """What labels allow: each its own objections and no others of their code."""
    drift: bool = False
    destroy: bool = False
    """Whether everything of the stack is to go, as if its folder of manifests were empty."""
    resolve_duplicates: bool = False
    delete_duplicates: tuple[str, ...] = ()
    """The ids of duplicates to delete although they differ."""


def requested_plan(
    session: Session, provider: Provider, desired: Sequence[Desired], live: Sequence[Live], request: PlanRequest
) -> Plan:
    """The part of the whole plan that is requested."""
    _check_duplicates(session, desired, live, request.delete_duplicates)
    context = plan_context(session, provider, live, desired)
    return _requested_part(whole_plan(session, desired, live, request, context), session, desired, live, request)


def destruction(session: Session, provider: Provider, live: Sequence[Live], request: PlanRequest) -> Plan:
    """The plan that deletes everything of the session's stack, as if its folder of manifests were empty.

    It is without the objection that there are no manifests: that is what is requested.
    """
    plan = requested_plan(session, provider, (), live, replace(request, allow=request.allow | {_EMPTY}))
    note = () if plan.changes else (f"Nothing here is of stack `{plan.where.stack}`.",)
    objections = tuple(objection for objection in plan.objections if objection.code != _EMPTY)
    return replace(plan, objections=objections, notes=(*plan.notes, *note))


def _check_duplicates(
    session: Session, desired: Sequence[Desired], live: Sequence[Live], named: Collection[str]
) -> None:
    """Ends the command where an id was named that is not a duplicate's."""
    if not named:
        return
    every = DuplicatePolicy(named=frozenset(each.id for each in live))
    surplus = {each.id: each.address for each in claim(desired, live, session.where, every).surplus}
    others = [id for id in dict.fromkeys(named) if id not in surplus]
    if others:
        known = [f"{id} ({address})" for id, address in surplus.items()]
        remedy = f"pass one of {', '.join(known)}" if known else "there are no duplicates: pass no id"
        raise Failure(f"Not a duplicate in {session.title}: {', '.join(others)}; nothing was changed.", remedy)


def whole_plan(
    session: Session, desired: Sequence[Desired], live: Sequence[Live], request: PlanRequest, context: PlanContext
) -> Plan:
    """The plan of the whole environment, with every objection."""
    return make_plan(
        desired,
        live,
        session.where,
        limits=session.environment.limits,
        allow=request.allow,
        facts=context,
        resolve=DuplicatePolicy(request.resolve_duplicates, frozenset(request.delete_duplicates)),
    )


async def plan_against_base(
    session: Session, revision: BaseRevision, request: PlanRequest, *, alone: bool = False
) -> Plan:
    """The plan of what this change does, apart from what is already pending; offline where no server answers."""
    work = Work(_here_and_at_base(session, revision))
    if session.offline is not None:
        return _offline_plan(session, work.result, request)
    try:
        async with opened_beside(session, work, alone=alone) as (provider, live):
            desired = work.result.desired
            await session.ask_for_dates(provider, desired)
            context = plan_context(session, provider, live, desired)
    except (Unreachable, ApiGone) as error:
        return _offline_plan(replace(session, offline=error.message), work.result, request)
    plan = _split_plan(session, work.result, live, request, context)
    return _requested_part(plan, session, desired, live, request)


@dataclass(frozen=True, slots=True)
class _Sides:
    """What is desired here and at the base, and what is to be noted of it."""

    base: Base
    desired: Sequence[Desired]
    before: Sequence[Desired]
    notes: tuple[str, ...]


def _here_and_at_base(session: Session, revision: BaseRevision) -> Steps[_Sides]:
    desired = yield from session.desired_in_steps(judged=True)
    before, notes = yield from revision.desired_in_steps(session)
    notes = (*revision.notes, *_kinds_to_come(session), *notes)
    changed = bool(notes) or not same(desired, before)
    return _Sides(replace(revision.base, changed=changed), desired, before, notes)


def _kinds_to_come(session: Session) -> Iterator[str]:
    """Notes on kinds that this change gives the environment, of which its plan is not yet."""
    name = session.environment.name
    own = session.config.environments.get(name, session.environment).kinds or tuple(KINDS)
    for kind in (KINDS[each] for each in sorted({*own} - {*session.kinds})):
        yield f"This plan leaves out {kind.plural}: `{name}` has them only once this change to its `kinds` is merged."


def _offline_plan(session: Session, sides: _Sides, request: PlanRequest) -> Plan:
    """The plan over the objects that an apply of the base would leave."""
    pinned = {each.address: each.id for each in sides.desired if each.id} if not session.environment.borrowed else {}
    known = {each.address for each in sides.before}
    adopted = (
        f"{address} adopts {id}, which was not looked at." for address, id in pinned.items() if address not in known
    )
    desired, before = (tuple(replace(each, id=None) for each in side) for side in (sides.desired, sides.before))
    live = as_live(before, session.where)
    context = PlanContext(left_out=session.left_out())
    unpinned = _Sides(sides.base, desired, before, (*sides.notes, *adopted))
    plan = _split_plan(session, unpinned, live, request, context)
    return _requested_part(unseen(plan, session.offline or ""), session, desired, live, request)


def _split_plan(
    session: Session, sides: _Sides, live: Sequence[Live], request: PlanRequest, context: PlanContext
) -> Plan:
    """What merging does: what the change does, or everything where the base's configuration says so."""
    whole, before = (whole_plan(session, side, live, request, context) for side in (sides.desired, sides.before))
    plan = split(replace(whole, notes=(*sides.notes, *whole.notes)), before, sides.base)
    return plan if session.environment.apply == "everything" else part(plan, session.environment.limits)


def _requested_part(
    plan: Plan, session: Session, desired: Sequence[Desired], live: Sequence[Live], request: PlanRequest
) -> Plan:
    if request.drift:
        plan = only_drift(plan)
    if request.keys:
        chosen, exactly = addresses_named(
            request.keys, known_addresses(session, desired, live), session.title, session.config.environments
        )
        plan = select(plan, chosen, exactly=exactly)
    return allowances.permitted(showing_last_applied(session, plan), request.allowances)


def plan_context(session: Session, provider: Provider, live: Sequence[Live], desired: Sequence[Desired]) -> PlanContext:
    """What Git, the server and the run records say about what is live."""
    ours = managed(live, session.where)
    outdated_ids, unknown_history = outdated(session, ours, desired)
    records = session.connection.state_dir / journal.FOLDER
    unmarked = any(each.marker is None for each in live)
    recorded = journal.left_managed(records, session.where) if unmarked or provider.gone else {}
    retired = tuple(retirement.note for retirement in session.retirements(desired, provider.model_dates))
    return PlanContext(
        behind=outdated_ids,
        answered_project=provider.project,
        rejected=journal.rejections(records, session.where),
        notes=(*retired, *session.stated_and_gone(provider), *_out_of_sight(recorded, provider.gone, desired)),
        unknown_history=unknown_history,
        unreliable=provider.unreliable,
        gone=remedies_of_gone(provider),
        left_out=session.left_out() if desired else frozenset(),
        recorded=recorded,
    )


def _out_of_sight(
    recorded: Mapping[tuple[str, str], Address | None], gone: Iterable[str], desired: Sequence[Desired]
) -> Iterator[str]:
    """Notes on what was managed from here where the API is gone, and where no manifest would object to that."""
    for kind in sorted({*gone} - {each.address.kind for each in desired}):
        left = sorted({address for (of, _), address in recorded.items() if of == kind and address is not None})
        if left:
            listed = ", ".join(map(str, left))
            yield f"This server has no {KINDS[kind].api} now: what was managed as {listed} is neither seen nor removed."


def remedies_of_gone(provider: Provider) -> dict[str, str]:
    """By kind whose API the server has not, what to do about it."""
    return {kind: error.remedy for kind, error in provider.gone.items()}


def known_addresses(session: Session, desired: Sequence[Desired], live: Sequence[Live]) -> set[Address]:
    """Every address that is desired or managed."""
    return {each.address for each in managed(live, session.where)} | {each.address for each in desired}


def objection_codes(codes: Collection[str]) -> frozenset[str]:
    """The codes that `--allow` names; one that does not exist is an error."""
    for code in set(codes) & set(FORMER_CODES):
        click.echo(f"Note: The objection `{code}` is now called `{FORMER_CODES[code]}`.", err=True)
    current = frozenset(FORMER_CODES.get(code, code) for code in codes)
    for code in sorted(current):
        if code not in OBJECTIONS:
            raise Failure(f"There is no objection {code!r}.", did_you_mean(code, OBJECTIONS))
        if code in NEVER_ALLOWED:
            raise Failure(f"The objection `{code}` cannot be overridden.", "see docs/diagnostics.md for what to do")
    return current
