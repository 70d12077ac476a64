"""What a scheduled run may do: which changes of a plan its policy permits, and why the others need review."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never

from reconciler.canonical import Absent
from reconciler.kinds import KINDS
from reconciler.model import (
    Action,
    Address,
    Change,
    Done,
    Failed,
    FieldChange,
    Objection,
    Outcome,
    Plan,
    Skipped,
    Stale,
    Unsettled,
)
from reconciler.plan import marker as markers
from reconciler.plan.changes import narrow

DRIFT = "drift"
EDITS = "edits"
PERMITS: dict[str, str] = {
    DRIFT: "revert what changed on the server",
    EDITS: "apply what was edited in Git and never applied, without the review",
}
_NEVER: dict[Action, str] = {
    "delete": "a deletion always needs review",
    "forget": "forgetting always needs review",
}
_NEVER_CAUSES = {
    "conflict": "it changed in Git and on the server: choose which of the two applies",
    "unknown": "the cause is unknown: review it",
}


_Blocked: TypeAlias = Mapping[Address, Collection[str]]
"""By address, the codes of the objections that block its change."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a scheduled run may write; nothing unless it is stated."""

    apply: frozenset[str] = frozenset()
    after: int = 0
    """So many seconds drift stays as it is from the moment that the issue reports it."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Why a scheduled run does not do what the policy permits: of edits, of some drift, of everything."""

    edits: str | None = None
    drift: Mapping[str, str] = field(default_factory=dict)
    """By the digest of a change."""
    everything: str | None = None


@dataclass(frozen=True, slots=True)
class NeedsReview:
    """A change that needs review, and why."""

    change: Change
    why: str


@dataclass(frozen=True, slots=True)
class PolicySplit:
    """A plan in two: what may be done now, and what needs review."""

    plan: Plan
    ready: Plan
    to_review: tuple[NeedsReview, ...]


@dataclass(frozen=True, slots=True)
class ScheduledRun:
    """What a scheduled run planned, what became of what it tried, and what needs review."""

    plan: Plan
    to_review: tuple[NeedsReview, ...]
    outcomes: tuple[Outcome, ...] = ()
    run: str | None = None
    """The record of what was written, if anything was."""
    overwrote: tuple[Change, ...] = ()
    """The changes that were written, or that may have been."""

    @property
    def objections(self) -> tuple[Objection, ...]:
        return self.plan.standing

    @property
    def is_well(self) -> bool:
        """Whether nothing needs review."""
        return not self.to_review and not self.objections


def split_by_policy(plan: Plan, policy: Policy, waits: Waits = Waits()) -> PolicySplit:  # a frozen value
    """The plan in what a scheduled run may do, and what needs review."""
    refresh = EDITS in policy.apply and waits.edits is None and waits.everything is None and not plan.standing
    blocked = _blocking_codes(plan)
    return _split(plan, blocked, lambda change: _why_not(change, blocked, policy, waits), refresh=refresh)


def split_for_revert(plan: Plan, policy: Policy, addresses: Collection[Address]) -> PolicySplit:
    """The plan in the drift of some addresses, which somebody wants reverted now, and all else."""
    blocked = _blocking_codes(plan)
    now, later = Policy(frozenset({DRIFT})), "it was not requested here; the next scheduled run may apply it"

    def reason(change: Change) -> str | None:
        if change.address in addresses:
            return _why_not(change, blocked, now, Waits())
        return _why_not(change, blocked, policy, Waits()) or later

    return _split(plan, blocked, reason, refresh=False)


def due(reported: datetime | None, after: int, now: datetime) -> datetime:
    """When drift that the issue reported then may be reverted, where it reports it now at the latest."""
    return (reported or now) + timedelta(seconds=after)


def pieces(plan: Plan) -> tuple[Change, ...]:
    """The changes, with drift apart from what was edited beside it, where each of the two can be written alone."""
    blocked = _blocking_codes(plan)
    return tuple(piece for change in plan.changes for piece in _drift_and_edits(change, blocked))


def _drift_and_edits(change: Change, blocked: _Blocked) -> tuple[Change, ...]:
    if change.action != "update" or len(permits(change)) == 1 or any(_always(change, blocked)):
        return (change,)
    drift = narrow(change, [field.path for field in change.fields if field.cause == DRIFT])
    done = {field.path for field in drift.fields} if drift is not None else set()
    edits = narrow(change, [field.path for field in change.fields if field.path not in done])
    if drift is None or edits is None or permits(drift) != {DRIFT} or permits(edits) != {EDITS}:
        return (change,)
    return drift, edits


def _split(plan: Plan, blocked: _Blocked, reason: Callable[[Change], str | None], *, refresh: bool) -> PolicySplit:
    parts: list[tuple[Change, str | None]] = []
    for change in plan.changes:
        judged = [(piece, reason(piece)) for piece in _drift_and_edits(change, blocked)]
        parts += judged if any(why is not None for _, why in judged) else [(change, None)]
    changes = tuple(change for change, why in parts if why is None)
    return PolicySplit(
        plan=plan,
        ready=replace(plan, changes=changes, marks=plan.marks if refresh else (), objections=(), selected=True),
        to_review=tuple(NeedsReview(change, why) for change, why in parts if why is not None),
    )


def scheduled_run(
    division: PolicySplit, outcomes: Sequence[Outcome] = (), begun: Sequence[Change] = (), run: str | None = None
) -> ScheduledRun:
    """What the scheduled run came to; `begun` are the changes whose write was on its way."""
    by_change = {id(outcome.task): outcome for outcome in outcomes}
    tried = [(change, by_change.get(id(change))) for change in division.ready.changes]
    undone = [NeedsReview(change, why) for change, outcome in tried if (why := _undone(outcome)) is not None]
    written = tuple(change for change in begun if not isinstance(by_change.get(id(change)), Stale | Skipped))
    to_review = sorted(
        [*division.to_review, *undone], key=lambda review: (review.change.address, review.change.id or "")
    )
    return ScheduledRun(division.plan, tuple(to_review), tuple(outcomes), run, written)


def permits(change: Change) -> frozenset[str]:
    """What a policy has to permit for the change to be carried out."""
    drifted = any(field.cause == DRIFT for field in change.fields)
    if change.action != "update":
        return frozenset({EDITS, *([DRIFT] if drifted else [])})
    edited = any(field.cause != DRIFT and not (drifted and _travels(change, field)) for field in change.fields)
    return frozenset([DRIFT] * drifted + [EDITS] * (edited or not drifted))


def _travels(change: Change, field: FieldChange) -> bool:
    """Whether a field only goes along with what is reverted: Git says of it what the last apply left.

    Of a field in which anything was edited Git says something else, so it never passes for drift.
    """
    desired, marker = change.desired, change.live.marker if change.live is not None else None
    if desired is None or marker is None or field.cause != "edit" or field.path[0] not in desired.fields:
        return False
    kind = KINDS[desired.address.kind]
    want = markers.less_ignored(field.path[0], desired.fields[field.path[0]], desired.ignore, kind)
    return not isinstance(want, Absent) and markers.applied(marker, field.path[:1]) == markers.short_digest(want)


def _why_not(change: Change, blocked: _Blocked, policy: Policy, waits: Waits) -> str | None:
    """Why the change needs review; None where it may be done."""
    return "; ".join(_always(change, blocked)) or next(_by_policy(change, policy, waits), None)


def _blocking_codes(plan: Plan) -> _Blocked:
    codes: dict[Address, set[str]] = {}
    for objection in plan.standing:
        for address in objection.holds:
            codes.setdefault(address, set()).add(objection.code)
    return codes


def _always(change: Change, blocked: _Blocked) -> Iterator[str]:
    """What no policy permits."""
    if change.action in _NEVER:
        yield _NEVER[change.action]
    causes = {field.cause for field in change.fields}
    yield from (why for cause, why in _NEVER_CAUSES.items() if cause in causes)
    if change.address in blocked:
        yield f"blocked: {', '.join(sorted(blocked[change.address]))}"


def _by_policy(change: Change, policy: Policy, waits: Waits) -> Iterator[str]:
    wanted = permits(change)
    missing = wanted - policy.apply
    if missing and wanted == {DRIFT, EDITS} and change.action == "update":
        yield "some of it was edited in Git and some of it drifted: one apply does both, so it needs review"
    elif EDITS in missing:
        yield "`reconcile.apply` does not include `edits`"
    elif missing:
        yield "`reconcile.apply` does not include `drift`"
    if EDITS in wanted and waits.edits is not None:
        yield waits.edits
    if waits.everything is not None:
        yield waits.everything
    if DRIFT in wanted and change.digest in waits.drift:
        yield waits.drift[change.digest]


def _undone(outcome: Outcome | None) -> str | None:
    """Why something that may be done is still to do."""
    match outcome:
        case Done():
            return None
        case Failed(message=message, in_doubt=in_doubt):
            return message if in_doubt else f"it failed: {message}"
        case Unsettled():
            return "it was written, but the server's response differs"
        case Stale(reason=reason) | Skipped(reason=reason):
            return f"it was not done: {reason}"
        case None:
            return "it was not done"
    assert_never(outcome)
