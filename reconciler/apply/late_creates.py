"""Looking for creates that may have happened: again and again while lists may lag, and once more at the end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.canonical import equal
from reconciler.model import Address, Live, Target
from reconciler.plan.ownership import ours_by_address
from reconciler.providers import Provider, ProviderError, time_left

LOOK_SECONDS = 30.0
"""For so long is looked for what lists may not show yet."""
_PAUSES = (0.5, 1.5, 2.0, 4.0, 5.0)
_ENOUGH = 2


@dataclass(slots=True)
class Looks:
    """Looks at what is ours, with growing pauses, for as long as lists may lag."""

    provider: Provider
    where: Target
    kinds: Sequence[str]
    clock: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    until: float
    paused: int = 0

    async def again(self) -> bool:
        """Waits for the next look; False where the time for them is up."""
        left = min(self.until - self.clock(), time_left(self.clock()))
        if left <= 0:
            return False
        await self.sleep(min(left, _PAUSES[min(self.paused, len(_PAUSES) - 1)]))
        self.paused += 1
        return True

    async def ours(self) -> list[tuple[Address, Live]]:
        """What is ours now, as far as lists show it."""
        live = [one for kind in self.kinds for one in await self.provider.observe(kind)]
        return ours_by_address(live, self.where)


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found: creates that happened after all, what became of their twins, and what no list shows."""

    late: Mapping[Address, Live]
    notes: tuple[str, ...] = field(default=())
    unlisted: tuple[Address, ...] = ()
    """What was created and is not listed: a twin of it would not be either."""


async def sweep(looks: Looks, nonce: str, known: Mapping[Address, str | None], lands: float) -> Swept:
    """Looks for what carries the run's nonce, until nothing lands any more.

    A twin that equals what is kept is deleted, any other is told.
    """
    made: dict[Address, dict[str, Live]] = {}
    unlisted: tuple[Address, ...] = ()
    while await looks.again():
        for address, one in await looks.ours():
            if one.marker is not None and one.marker.nonce == nonce and address in known:
                made.setdefault(address, {})[one.id] = one
        unlisted = tuple(sorted(a for a, id in known.items() if id is not None and id not in made.get(a, {})))
        if looks.paused >= _ENOUGH and not unlisted and looks.clock() >= lands:
            break
    late: dict[Address, Live] = {}
    notes: list[str] = []
    for address, found in sorted(made.items()):
        if address in unlisted:
            continue
        kept = found.get(known[address] or "") or min(found.values(), key=lambda one: (one.created_at, one.id))
        if known[address] is None:
            late[address] = kept
        twins = [one for id, one in sorted(found.items()) if id != kept.id]
        notes.extend([await _rid_of(looks.provider, address, kept, twin) for twin in twins])
    return Swept(late, tuple(notes), unlisted)


async def _rid_of(provider: Provider, address: Address, kept: Live, twin: Live) -> str:
    if not equal(dict(kept.fields), dict(twin.fields)):
        return f"{address}: {twin.id} landed late beside {kept.id} and differs from it; it was left alone."
    try:
        await provider.delete(twin)
    except ProviderError as error:
        return f"{address}: {twin.id} landed late beside {kept.id} and could not be deleted: {error.message}"
    return f"{address}: {twin.id} landed late beside {kept.id}, the same in every field; it was deleted."
