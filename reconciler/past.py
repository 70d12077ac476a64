"""What is known of a run that is over: the values between its record, its undoing and its telling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.canonical import Json
from reconciler.model import Where


@dataclass(frozen=True, slots=True)
class Step:
    """One write of a run: to what, and what it overwrote."""

    kind: str
    key: str
    action: str
    id: str | None
    before: Mapping[str, Json] | None
    wanted: str | None

    @property
    def address(self) -> str:
        return f"{self.kind}.{self.key}"

    def with_id(self, id: str | None) -> Step:
        """The same step, with the id that its outcome told."""
        return self if self.id is not None or id is None else replace(self, id=id)


@dataclass(frozen=True, slots=True)
class Head:
    """What a run is known by."""

    run: str
    began: str
    command: str
    where: Where
    nonce: str
    commit: str | None = None
    fingerprint: str = ""
    rolls_back: str | None = None
    rejected: Mapping[str, str] = field(default_factory=dict)
    """By address, digests of what a rollback rejects."""


@dataclass(frozen=True, slots=True)
class Past:
    """A run as its record tells it."""

    head: Head
    steps: tuple[Step, ...]
    outcomes: Mapping[str, str]
    """By address, what became of it; one that is missing was cut off."""
    ended: bool
