"""What is live and managed by other stacks and environments: whose each is, and which are previews."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from reconciler.model import Live, Target
from reconciler.plan.ownership import other_manager

Origin: TypeAlias = Literal["configured", "pull-request", "other-folder", "applied-here", "unknown"]
"""By what a stack is known: the configuration, a name like a preview's, another folder, the run records, or nothing."""
_PULL = re.compile(r"(.+)-pr-[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class OtherStack:
    """One other stack in one environment, and its live objects by address."""

    stack: str
    environment: str
    origin: Origin
    objects: tuple[Live, ...]
    folder: str = ""
    """The other folder of the repository that manages it."""

    @property
    def pull(self) -> str:
        """The number of the pull request that the preview is called after."""
        return self.stack.rpartition("-")[2] if self.origin == "pull-request" else ""

    @property
    def created(self) -> tuple[float, float] | None:
        """When the first and the last of its objects were created, in seconds since the epoch; None if unknown."""
        moments = sorted(one.created_at for one in self.objects if one.created_at)
        return (moments[0], moments[-1]) if moments else None


def other_stacks(
    live: Iterable[Live],
    where: Target,
    configured: Mapping[str, Collection[str]],
    applied_here: Collection[str],
) -> tuple[OtherStack, ...]:
    """Every other stack that manages something here.

    `configured` are the stacks of each environment of the configuration; `applied_here` those that were applied from
    this checkout.
    """
    groups: dict[tuple[str, str], list[Live]] = {}
    for one in live:
        if marker := other_manager(one, where):
            groups.setdefault((marker.stack, marker.environment), []).append(one)
    return tuple(
        OtherStack(
            stack,
            environment,
            _origin_of(stack, environment, configured, applied_here),
            tuple(sorted(groups[stack, environment], key=lambda one: (one.address, one.id))),
        )
        for stack, environment in sorted(groups)
    )


def of_folder(stack: OtherStack, folder: str | None) -> OtherStack:
    """The stack, as one that another folder of the repository manages, if one does."""
    return stack if folder is None else replace(stack, origin="other-folder", folder=folder)


def _origin_of(
    stack: str, environment: str, configured: Mapping[str, Collection[str]], applied_here: Collection[str]
) -> Origin:
    """A stack that the configuration names anywhere is never taken for a preview.

    One that was applied from here may be one, or the stack under the name that it had before.
    """
    names = {name for own in configured.values() for name in own}
    if stack in names:
        return "configured"
    found = _PULL.fullmatch(stack)
    if found and found[1] in configured.get(environment, ()):
        return "pull-request"
    return "applied-here" if stack in applied_here and environment in configured else "unknown"
