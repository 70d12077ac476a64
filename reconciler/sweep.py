"""What landed late: the last look of a run in which a create was ever in doubt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from reconciler.canonical import equal
from reconciler.model import Address, Live, Where
from reconciler.ownership import ours_by_address
from reconciler.providers import Provider, ProviderError

_PAUSES = (0.5, 1.5)


@dataclass(frozen=True, slots=True)
class Swept:
    """What was found: creates that happened after all, and what became of their twins."""

    late: Mapping[Address, Live]
    notes: tuple[str, ...] = field(default=())


async def sweep(
    provider: Provider,
    where: Where,
    nonce: str,
    known: Mapping[Address, str | None],
    sleep: Callable[[float], Awaitable[None]],
) -> Swept:
    """Looks for what carries the run's nonce; a twin that equals what is kept is deleted, any other is told."""
    made: dict[Address, dict[str, Live]] = {}
    for pause in _PAUSES:
        await sleep(pause)
        for kind in sorted({address.kind for address in known}):
            for address, one in ours_by_address(await provider.observe(kind), where):
                if one.marker is not None and one.marker.nonce == nonce and address in known:
                    made.setdefault(address, {})[one.id] = one
    late: dict[Address, Live] = {}
    notes: list[str] = []
    for address, found in sorted(made.items()):
        kept = found.get(known[address] or "") or min(found.values(), key=lambda one: (one.created_at, one.id))
        if known[address] is None:
            late[address] = kept
        twins = [one for id, one in sorted(found.items()) if id != kept.id]
        notes.extend([await _rid_of(provider, address, kept, twin) for twin in twins])
    return Swept(late, tuple(notes))


async def _rid_of(provider: Provider, address: Address, kept: Live, twin: Live) -> str:
    if not equal(dict(kept.fields), dict(twin.fields)):
        return f"{address}: {twin.id} landed late beside {kept.id} and differs from it; it was left alone."
    try:
        await provider.delete(twin)
    except ProviderError as error:
        return f"{address}: {twin.id} landed late beside {kept.id} and could not be deleted: {error.message}"
    return f"{address}: {twin.id} landed late beside {kept.id}, the same in every field; it was deleted."
