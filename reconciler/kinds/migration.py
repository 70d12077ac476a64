"""What becomes of a resource elsewhere: field by field, whether it is the same there, changed or lost.

The targets of an assistant are an agent, which stays an object on a server, and a request to the Responses API, which
is configuration that a program sends; that of an agent is an assistant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.canonical import Fields
from reconciler.diagnostics import Location
from reconciler.kinds.assistant import ASSISTANT
from reconciler.kinds.carrying import FieldVerdict, Verdict
from reconciler.kinds.conversion import carried
from reconciler.kinds.kind import Kind
from reconciler.model import Address, Desired

TARGETS: Final = {"agent": "an agent", "responses": "a Responses request"}
VERDICTS: Final[tuple[Verdict, ...]] = ("lost", "changed", "same")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What becomes of one manifest, by target."""

    address: Address
    place: Location
    targets: Mapping[str, tuple[FieldVerdict, ...]]

    def counted(self, target: str) -> dict[Verdict, int]:
        """How many fields are lost, changed and the same there."""
        found = [each.verdict for each in self.targets[target]]
        return {verdict: found.count(verdict) for verdict in VERDICTS}

    @property
    def recommended(self) -> tuple[str, str]:
        """The target that loses least, and why; an agent where none loses less, since it stays managed here."""
        lost = {target: self.counted(target)["lost"] for target in TARGETS}
        best = min(TARGETS, key=lambda target: lost[target])
        if len({*lost.values()}) == 1:
            return best, f"{'both lose as much' if lost[best] else 'neither loses anything'}, and it stays managed here"
        return best, "it loses less" if lost[best] else "it loses nothing"


def verdicts(fields: Fields, kind: Kind, target: str) -> tuple[FieldVerdict, ...]:
    """What becomes of everything that the body states, in the order of the kind's fields."""
    return tuple(part.verdict for part in carried(fields, kind, target))


def assess(desired: Mapping[str, Sequence[Desired]]) -> tuple[Assessment, ...]:
    """What becomes of every assistant that the manifests of these environments ask for, by address."""
    kind = ASSISTANT
    by_address: dict[Address, dict[str, Desired]] = {}
    for environment, resources in desired.items():
        for resource in resources:
            if resource.address.kind == kind.name:
                by_address.setdefault(resource.address, {})[environment] = resource
    return tuple(_assessed(address, by_address[address], kind) for address in sorted(by_address))


def _assessed(address: Address, by_environment: Mapping[str, Desired], kind: Kind) -> Assessment:
    targets = {}
    for target in TARGETS:
        holding: dict[FieldVerdict, list[str]] = {}
        for environment, resource in by_environment.items():
            for verdict in verdicts(resource.fields, kind, target):
                holding.setdefault(verdict, []).append(environment)
        everywhere = len(by_environment)
        targets[target] = tuple(
            verdict if len(names) == everywhere else replace(verdict, environments=tuple(names))
            for verdict, names in sorted(holding.items(), key=lambda item: kind.fields.index(item[0].path[0]))
        )
    return Assessment(address, next(iter(by_environment.values())).place, targets)
