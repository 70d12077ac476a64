"""Labels on a pull request × the plans that were shown before → the objections that a person allowed.

A label allows the objections in the newest plan that was made before it was set: the same objection, about the same
address, blocking no other changes. What changed since is blocked again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from reconciler.canonical import Json
from reconciler.diagnostics import did_you_mean
from reconciler.model import Objection, Plan
from reconciler.plan.objections import FORMER_CODES, NEVER_ALLOWED, OBJECTIONS

T = TypeVar("T")

LABEL: Final = "reconciler/allow:"
"""What a label begins with that allows objections; a code follows, and `@ENVIRONMENT` narrows it to one."""


@dataclass(frozen=True, slots=True)
class Labelling:
    """A label that is on a pull request, and who set it when."""

    label: str
    by: str | None
    at: datetime | None
    may_write: bool
    """Whether whoever set it may push to the repository."""

    @property
    def code(self) -> str:
        """The objection that it names: a code host takes `Allow` and `allow` for one label."""
        named = self._named[0].strip()
        return FORMER_CODES.get(named, named)

    @property
    def hint(self) -> str:
        """What to name it instead, where it has an objection's former name."""
        is_former = self._named[0].strip() in FORMER_CODES
        return f"; this objection is now called {self.code!r}" if is_former else ""

    @property
    def environment(self) -> str | None:
        """The one environment that it is about; None where it is about all."""
        return self._named[2].strip() if self._named[1] else None

    @property
    def _named(self) -> tuple[str, str, str]:
        return self.label[len(LABEL) :].lower().partition("@")


@dataclass(frozen=True, slots=True)
class Case:
    """An objection with what it blocks, by which it is the same one in two plans."""

    code: str
    address: str | None
    blocks: frozenset[str]
    """Addresses with the digests of their changes; an address alone where nothing is planned for it."""

    def covers(self, other: Case) -> bool:
        """Whether whoever allowed this has allowed the other: it blocks nothing more."""
        same = (self.code, self.address) == (other.code, other.address)
        return same and other.blocks <= self.blocks and bool(other.blocks) == bool(self.blocks)


@dataclass(frozen=True, slots=True)
class Seen:
    """The objections in a plan, and since when that plan was there to be seen."""

    made: datetime
    cases: tuple[Case, ...]


@dataclass(frozen=True, slots=True)
class Allowance:
    """An objection that somebody allowed in an environment."""

    environment: str
    by: str
    case: Case


@dataclass(frozen=True, slots=True)
class Rules:
    """Whose labels count, and until when."""

    environment: str
    author: str | None = None
    """Who opened the pull request."""
    by_author: bool = True
    merged: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a label allows in an environment; or why it allows nothing."""

    labelling: Labelling
    environment: str
    allowances: tuple[Allowance, ...] = ()
    reason: str = ""
    again: bool = False
    """Whether it would count if it were set again."""


def decide(labels: Iterable[Labelling], seen: Collection[Seen], rules: Rules) -> tuple[Verdict, ...]:
    """What each label allows in the environment; labels for other environments are left out."""
    return tuple(_label_verdict(one, seen, rules) for one in labels if one.environment in (None, rules.environment))


def _label_verdict(one: Labelling, seen: Collection[Seen], rules: Rules) -> Verdict:
    reason = _why_ineffective(one, rules)
    if reason or one.by is None or one.at is None:
        return Verdict(one, rules.environment, reason=reason or "the code host does not say who set it, and when")
    before = newest_before(one.at, [(plan.made, plan) for plan in seen])
    if before is None:
        return Verdict(one, rules.environment, reason="it was set before there was a plan to look at", again=True)
    allowed = tuple(Allowance(rules.environment, one.by, case) for case in before.cases if case.code == one.code)
    reason = "" if allowed else f"the plan that it was set on has no objection {one.code!r}"
    return Verdict(one, rules.environment, allowed, reason, again=True)


def misnamed_label(one: Labelling) -> str:
    """Why a label names no objection that it could override; nothing where it does."""
    if one.code not in OBJECTIONS:
        return f"there is no objection {one.code!r} ({did_you_mean(one.code, OBJECTIONS)})"
    return f"the objection {one.code!r} cannot be overridden" if one.code in NEVER_ALLOWED else ""


def _why_ineffective(one: Labelling, rules: Rules) -> str:
    """Why a label never counts, whatever it was set on."""
    by = one.by or ""
    if misnamed := misnamed_label(one):
        return misnamed
    if by.endswith("[bot]"):
        return f"{by} set it, and a program cannot allow anything"
    if by and not one.may_write:
        return f"{by} set it, who may not write to this repository"
    if by and not rules.by_author and by.lower() == (rules.author or "").lower():
        return f"{by} set it, who opened the pull request, and `allow: {{by_author: false}}` requires somebody else"
    if one.at is not None and rules.merged is not None and one.at >= rules.merged:
        return "it was set after the merge"
    return ""


def newest_before(at: datetime, dated: Iterable[tuple[datetime, T]]) -> T | None:
    """Of what was made at several moments, the newest that is older than this one; None where none is."""
    older = [pair for pair in dated if pair[0] < at]
    return max(older, key=lambda pair: pair[0])[1] if older else None


def permitted(plan: Plan, allowances: Sequence[Allowance]) -> Plan:
    """The plan, in which the objections that somebody allowed say who did."""
    here: dict[tuple[str, str | None], list[Allowance]] = {}
    for one in allowances:
        if one.environment == plan.where.environment:
            here.setdefault((one.case.code, one.case.address), []).append(one)
    digests = _digests_by_address((str(change.address), change.digest) for change in plan.changes)
    return replace(plan, objections=tuple(_with_allowance(one, digests, here) for one in plan.objections))


def _with_allowance(
    objection: Objection,
    digests: Mapping[str, Sequence[str]],
    allowances: Mapping[tuple[str, str | None], Sequence[Allowance]],
) -> Objection:
    if objection.code in NEVER_ALLOWED or objection.allowed:
        return objection
    address = str(objection.address) if objection.address else None
    case = Case(objection.code, address, _blocked(digests, [*map(str, objection.holds)]))
    by = next((one.by for one in allowances.get((case.code, address), ()) if one.case.covers(case)), None)
    return objection if by is None else replace(objection, allowed=True, by=by)


def cases(document: Mapping[str, Any]) -> Iterator[Case]:
    """The objections of a plan's document, allowed or not: what it says of that itself is nothing to go by."""
    digests = _digests_by_address((change["address"], change.get("digest")) for change in document["changes"])
    for one in document["objections"]:
        yield Case(FORMER_CODES.get(one["code"], one["code"]), one["address"], _blocked(digests, one["holds"]))


def _digests_by_address(changes: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    digests: dict[str, list[str]] = {}
    for address, digest in changes:
        digests.setdefault(address, []).append(digest)
    return digests


def _blocked(digests: Mapping[str, Sequence[str]], holds: Sequence[str]) -> frozenset[str]:
    changes = (f"{address} {digest}" for address in holds for digest in digests.get(address, ()))
    return frozenset(changes) or frozenset(holds)


def idle(verdicts: Iterable[Verdict], plan: Mapping[str, Any]) -> tuple[Verdict, ...]:
    """The labels that name an objection which the plan's document still says is blocking."""
    codes = {one["code"] for one in plan["objections"] if not one["allowed"]} - NEVER_ALLOWED
    name = plan["environment"]["name"]
    return tuple(one for one in verdicts if one.environment == name and one.labelling.code in codes)


def document(verdicts: Iterable[Verdict]) -> list[Json]:
    """The verdicts as JSON."""
    return [
        {
            "label": one.labelling.label,
            "by": one.labelling.by,
            "at": one.labelling.at.isoformat() if one.labelling.at else None,
            "environment": one.environment,
            "reason": one.reason,
            "again": one.again,
            "allows": [
                {
                    "code": allowance.case.code,
                    "address": allowance.case.address,
                    "blocks": [*sorted(allowance.case.blocks)],
                }
                for allowance in one.allowances
            ],
        }
        for one in verdicts
    ]


def read(document: Any) -> tuple[Verdict, ...]:
    """The verdicts that `document` wrote; KeyError or TypeError where it did not."""
    if not isinstance(document, list):
        raise TypeError("this is not a list")
    return tuple(
        Verdict(
            Labelling(one["label"], one["by"], moment(one["at"] or ""), may_write=True),
            one["environment"],
            tuple(_read_allowance(allowance, one["environment"], one["by"]) for allowance in one["allows"]),
            one["reason"],
            again=one["again"],
        )
        for one in document
    )


def _read_allowance(entry: Any, environment: str, by: str) -> Allowance:
    return Allowance(environment, by, Case(entry["code"], entry["address"], frozenset(entry["blocks"])))


def moment(text: str) -> datetime | None:
    """A moment as a code host writes it, to whatever precision; None where it is none."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
