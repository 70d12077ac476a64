"""Plans of every environment at once; what fails in one hides nothing of the others."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

import anyio

from reconciler.console.failure import Failure, failure, flattened
from reconciler.model import Plan
from reconciler.providers import ProviderError
from reconciler.render.several import Lost
from reconciler.run.session import TOLD


@dataclass(slots=True)
class _Result:
    """What became of one environment."""

    name: str
    found: Plan | Lost


async def every(
    environments: Iterable[str], plan: Callable[[str], Coroutine[Any, Any, Plan]]
) -> tuple[Plan | Lost, ...]:
    """Every environment's plan, or why there is none; in the order of the environments."""
    results = [_Result(name, Lost(name, "It was not planned.")) for name in environments]

    async def one(result: _Result) -> None:
        try:
            result.found = await plan(result.name)
        except Failure as error:
            result.found = _lost(result.name, error)
        except ProviderError as error:
            result.found = _lost(result.name, failure(error))
        except BaseExceptionGroup as group:
            first = flattened(group)
            if not isinstance(first, ProviderError | Failure):
                raise
            result.found = _lost(result.name, first if isinstance(first, Failure) else failure(first))

    TOLD.set(set())
    async with anyio.create_task_group() as tasks:
        for result in results:
            tasks.start_soon(one, result)
    return tuple(result.found for result in results)


def _lost(name: str, error: Failure) -> Lost:
    if not error.wrong:
        return Lost(name, error.message, error.remedy)
    first, *more = error.wrong
    others = f" ({len(more)} more of it is said beside this)" if more else ""
    return Lost(name, f"{first.place}: {first.message}{others}", first.remedy)
