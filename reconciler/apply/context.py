"""What an apply is given besides the plan: who it is, who watches, and what stops it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import anyio

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.model import Address, Desired, Failed, Live, Marker, Outcome, Target, Task
from reconciler.plan import marker as markers
from reconciler.plan.ownership import is_ours
from reconciler.plan.run_record import Earlier
from reconciler.providers import (
    ApiGone,
    InDoubt,
    ObjectGone,
    Provider,
    ProviderError,
    Rejected,
    Unauthorized,
    Unreachable,
)

PARALLELISM = 8
"""How many things are done at once."""
_UNREACHED = 3
_SHARED_SECONDS = 1.0
"""Those who look at the same moment share a listing, where a server has no reading by id."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """What a run writes into every marker, and how careful it has to be."""

    nonce: str
    commit: str | None = None
    reread: bool = False
    """Whether every object is read again before its write: the plan was saved, or a person was asked."""
    observed_at: float = float("inf")
    """When the live objects were read, by the clock of the apply."""
    earlier: Earlier = Earlier()  # noqa: RUF009  # a frozen value
    """What runs before this one created here, or may have created."""
    rejected: Mapping[Address, str] = field(default_factory=dict)
    """What a rollback rejects, by address."""

    def marker(self, where: Target, desired: Desired, live: Live | None, patch: Mapping[str, Json]) -> Marker:
        """What an object is stamped with that is about to be as desired."""
        kind = KINDS[desired.address.kind]
        owner = (where.stack, where.environment)
        id = live.id if live is not None else None
        stamped = markers.stamp(desired, kind, owner, id=id, nonce=self.nonce, commit=self.commit)
        if live is not None and desired.held:
            stamped = markers.holding(stamped, desired, live, live.marker if is_ours(live, where) else None, kind)
        kept = live.marker.unsettled if live is not None and live.marker is not None else {}
        return replace(
            stamped,
            unsettled={field: value for field, value in kept.items() if field not in patch},
            rejected=self.rejected.get(desired.address),
        )


class Listener:
    """Whoever watches an apply; by itself it heeds nothing.

    One that cannot write any more (OSError) ends the apply after what is in flight.
    """

    def started(self, task: Task, live: Live | None, patch: Mapping[str, Json]) -> None:
        """A task is about to be written over the object."""

    def going_on(self, task: Task, seconds: float) -> None:
        """A task takes long."""

    def ended(self, outcome: Outcome) -> None:
        """A task has come to its outcome."""

    def noticed(self, text: str) -> None:
        """Something else that is worth reporting."""


@dataclass(slots=True)
class Stop:
    """How an apply is brought to its end before its time."""

    reason: str | None = None
    scope: anyio.CancelScope | None = None
    unreached: int = 0
    """How many tasks in a row found no server."""

    def softly(self, reason: str) -> None:
        """Starts nothing new."""
        self.reason = self.reason or reason

    def stop_if_unavailable(self, error: ProviderError) -> None:
        """Starts nothing more where the next would fare no better."""
        if isinstance(error, InDoubt) and error.blind is not None:
            error = error.blind
        if isinstance(error, ApiGone):
            self.softly(f"the server has no {error.api}")
        if isinstance(error, Unauthorized):
            self.softly("the server rejects the key")
        self.unreached = self.unreached + 1 if isinstance(error, Unreachable) else 0
        if self.unreached >= _UNREACHED:
            self.softly(f"the server cannot be reached: {error.message}")

    def at_once(self) -> None:
        """Cuts off what is in flight too."""
        self.softly("interrupted")
        if self.scope is not None:
            self.scope.cancel()


def failed(task: Task, error: ProviderError, seconds: float) -> Failed:
    """The outcome of a task that the server could not do."""
    return Failed(
        task=task,
        message=error.message,
        remedy=error.remedy,
        id=task.live.id if task.live is not None else None,
        request_id=error.response.request_id,
        param=error.response.param,
        seconds=seconds,
    )


async def still_there(provider: Provider, kind: str, ids: Iterable[str]) -> tuple[tuple[Live, ...], frozenset[str]]:
    """Those of the objects that are live, whatever a list says: lists lag; and those of which only a list can tell.

    Raises where nothing can be said of one.
    """
    found = await fetch_each(provider, ((kind, id) for id in ids), age=_SHARED_SECONDS)
    unread = (id for (_, id), one in found.items() if isinstance(one, ObjectGone) and not one.named)
    return tuple(one for one in found.values() if isinstance(one, Live)), frozenset(unread)


async def fetch_each(
    provider: Provider, identities: Iterable[tuple[str, str]], *, age: float
) -> dict[tuple[str, str], Live | ProviderError]:
    """Each object as it is now, several read at once, or why the server does not show it.

    Raises the first error that says nothing of an object, as it is and in no group.
    """
    found: dict[tuple[str, str], Live | ProviderError] = {}
    errors: list[ProviderError] = []
    limiter = anyio.CapacityLimiter(PARALLELISM)

    async def look(kind: str, id: str) -> None:
        async with limiter:
            try:
                found[kind, id] = await provider.fetch(kind, id, age=age)
            except (ObjectGone, ApiGone, Rejected) as error:
                found[kind, id] = error
            except ProviderError as error:
                errors.append(error)
                group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        for kind, id in identities:
            group.start_soon(look, kind, id)
    if errors:
        raise errors[0]
    return found
