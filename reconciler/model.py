"""The vocabulary: frozen values that pass between modules; no decisions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final, Literal, TypeAlias

from reconciler.canonical import ABSENT, Absent, Fields, Json
from reconciler.diagnostics import Location
from reconciler.paths import Path

OnRemoval: TypeAlias = Literal["delete", "keep", "refuse"]
Action: TypeAlias = Literal["create", "update", "delete", "adopt", "rename", "forget"]
WHOLE: Final[frozenset[Action]] = frozenset({"create", "delete"})
"""The actions on an object as a whole, in which no field is a change of its own."""
REMOVALS: Final[frozenset[Action]] = frozenset({"delete", "forget"})
Cause: TypeAlias = Literal["edit", "drift", "conflict", "adoption", "unknown"]
Origin: TypeAlias = Literal["change", "pending"]
"""Beside another revision: whether what is checked out brings it, or it is to be done anyway."""
Applies: TypeAlias = Literal["change", "everything"]


NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
"""What a stack, an environment and a key match."""
NAME_RULE: Final = "1 to 64 of a-z, 0-9, `.`, `_`, `-`, beginning with a letter or digit"
"""The same in words."""


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """What a resource is called here: identity is always the pair."""

    kind: str
    key: str

    def __str__(self) -> str:
        return f"{self.kind}.{self.key}"


@dataclass(frozen=True, slots=True)
class Target:
    """The stack and the environment that a plan is about, and the address behind it."""

    stack: str
    environment: str
    provider: str
    base_url: str
    organization: str | None = None
    project: str | None = None
    former_stacks: tuple[str, ...] = ()

    @property
    def identity(self) -> dict[str, str | None]:
        """By what it is the same target: what a stack was called and an organization's name do not matter."""
        names = ("stack", "environment", "provider", "base_url", "project")
        return {name: getattr(self, name) for name in names}

    @property
    def stacks(self) -> tuple[str, ...]:
        """Every name under which the stack manages objects."""
        return (self.stack, *self.former_stacks)


@dataclass(frozen=True, slots=True)
class Marker:
    """Our one metadata entry: whose the object is, and what the last apply left in it."""

    stack: str
    environment: str
    key: str
    form: int
    digests: Mapping[str, str] = field(default_factory=dict)
    ignored: str = ""
    id: str | None = None
    on_removal: OnRemoval = "delete"
    nonce: str | None = None
    commit: str | None = None
    unsettled: Mapping[str, str] = field(default_factory=dict)
    """By field, a digest of what the server left there although something else was sent."""
    rejected: str | None = None
    """A digest of what was rolled back, which no apply may bring again by itself."""

    @property
    def write(self) -> tuple[str | None, str, str, str]:
        """Which write stamped it: no other object of the run has the same."""
        return self.nonce, self.stack, self.environment, self.key


@dataclass(frozen=True, slots=True)
class Desired:
    """What one manifest says a resource should be, in normal form."""

    address: Address
    fields: Fields
    place: Location
    left_to_server: frozenset[Path] = frozenset()
    """Paths of what nothing is stated about and the server may choose."""
    id: str | None = None
    was: tuple[str, ...] = ()
    former_ids: tuple[str, ...] = ()
    """The ids that it had where it was before; what is live is never looked for by them."""
    on_removal: OnRemoval = "delete"
    ignore: tuple[Path, ...] = ()
    held: tuple[Path, ...] = ()
    """Paths of what one write leaves as it is live, to be applied another time."""
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)
    """By field, the files that it was read from, where that is not the manifest."""

    @property
    def untouched(self) -> tuple[Path, ...]:
        """Everything that a write leaves as it is live."""
        return (*self.ignore, *self.held)


@dataclass(frozen=True, slots=True)
class Live:
    """One object behind the API: in normal form, and as it came."""

    kind: str
    id: str
    fields: Fields
    raw: Mapping[str, Json]
    marker: Marker | None = None
    odd_marker: bool = False
    """Whether a metadata entry of the marker's name holds something else."""
    created_at: float = 0

    @property
    def address(self) -> Address:
        """What it is called here; an unmanaged one by its id."""
        return Address(self.kind, self.marker.key if self.marker else self.id)

    @property
    def identity(self) -> tuple[str, str]:
        """By what it is the same object."""
        return self.kind, self.id

    @property
    def pairs(self) -> Mapping[str, Json]:
        """Its metadata as it came."""
        metadata = self.raw.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def name(self) -> str | None:
        name = self.fields.get("name")
        return name if isinstance(name, str) else None

    def carries(self, marker: Marker) -> bool:
        """Whether it is stamped by the very write that the marker is of."""
        return self.marker is not None and self.marker.write == marker.write


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One path that will differ, and who changed it."""

    path: Path
    before: Json | Absent
    after: Json | Absent
    cause: Cause
    origin: Origin | None = None
    reason: str | None = None
    """Why another change of the same plan brings it, such as a model that does not take it; in no digest."""
    applied: Json | Absent = ABSENT
    """Of a conflict, the value that the last apply left there, where it is known; in no digest."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One thing that the change of a JSON Schema means for those who call, in words."""

    text: str
    breaking: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One thing a plan will do."""

    action: Action
    address: Address
    id: str | None
    digest: str
    fields: tuple[FieldChange, ...] = ()
    hidden: int = 0  # how many fields of the kind stay as they are
    patch: Mapping[str, Json] = field(default_factory=dict)
    seen: str | None = None
    previous_key: str | None = None
    previous_stack: str | None = None
    meanings: tuple[tuple[Path, Meaning], ...] = ()
    """What the changed schemas mean, each with the path of its schema."""
    origin: Origin | None = None
    desired: Desired | None = None
    live: Live | None = None

    @property
    def place(self) -> Location | None:
        return self.desired.place if self.desired else None


@dataclass(frozen=True, slots=True)
class MarkerRefresh:
    """Both sides agree and the marker does not: the next apply refreshes it."""

    action: ClassVar[Literal["mark"]] = "mark"
    patch: ClassVar[Mapping[str, Json]] = MappingProxyType({})

    address: Address
    desired: Desired
    live: Live
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason why changes should not be applied, and the code by which a person may allow it."""

    code: str
    message: str
    remedy: str
    address: Address | None = None
    holds: frozenset[Address] = frozenset()
    allowed: bool = False
    by: str | None = None
    """Who allowed it, where that was a label's doing."""
    origin: Origin | None = None

    @classmethod
    def to(cls, address: Address, code: str, message: str, remedy: str, *also: Address) -> Objection:
        """An objection to what is planned for one address, and for others that depend on it."""
        return cls(code, message, remedy, address, frozenset({address, *also}))


@dataclass(frozen=True, slots=True)
class Difference:
    """A path where a written object did not become what was wanted."""

    path: Path
    wanted: Json | Absent
    got: Json | Absent


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A live object in which the server kept other values than it was sent: they are not sent again."""

    address: Address
    id: str
    place: Location
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class LostMarker:
    """A live object without a marker that was managed here, and under which address."""

    address: Address
    live: Live
    certain: bool
    """Whether a run record says so; else it may be so, since other clients replace the metadata of its kind."""


@dataclass(frozen=True, slots=True)
class Base:
    """The revision whose manifests a plan was held against."""

    revision: str
    commit: str | None = None
    changed: bool = True
    """Whether the manifests, or what the configuration says of them, are others there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything an apply will do, and everything there is to say about it."""

    where: Target
    changes: tuple[Change, ...] = ()
    marks: tuple[MarkerRefresh, ...] = ()
    objections: tuple[Objection, ...] = ()
    notes: tuple[str, ...] = ()
    unchanged: int = 0
    unmanaged: int = 0
    elsewhere: int = 0
    """How many of these another stack or environment manages, such as a preview stack."""
    ours: int = 0  # how many live objects carried our marker when the plan was made
    selected: bool = False  # whether arguments narrowed the plan
    selected_kinds: frozenset[str] = frozenset()
    """The kinds of the addresses that arguments named, if any did."""
    settled: tuple[Address, ...] = ()
    """The addresses that nothing is to be done about."""
    mismatches: tuple[Mismatch, ...] = ()
    base: Base | None = None
    offline: str | None = None
    """Why nothing live was read, where the manifests of the base stand for it."""
    applies: Applies = "everything"
    """Whether an apply of it does what one change brings, or everything that is pending."""
    rest: tuple[Change, ...] = ()
    """What is pending as well, and is not done with this plan."""
    rest_objections: tuple[Objection, ...] = ()
    lost: tuple[LostMarker, ...] = ()

    @property
    def held(self) -> frozenset[Address]:
        """The addresses that a standing objection holds back."""
        return frozenset(address for o in self.objections if not o.allowed for address in o.holds)

    @property
    def ready(self) -> tuple[Change, ...]:
        """The changes that no standing objection holds back."""
        held = self.held
        return tuple(change for change in self.changes if change.address not in held)

    @property
    def standing(self) -> tuple[Objection, ...]:
        """The objections that nobody allowed."""
        return tuple(objection for objection in self.objections if not objection.allowed)


Task: TypeAlias = Change | MarkerRefresh


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was carried out and verified."""

    task: Task
    id: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Stale:
    """A change that was not written, because its object moved since it was planned."""

    task: Task
    id: str | None
    reason: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A change that the server took, and whose outcome differs from what was asked."""

    task: Task
    id: str
    differences: tuple[Difference, ...]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Failed:
    """A change that did not happen, as far as anybody can tell."""

    task: Task
    message: str
    remedy: str = ""
    id: str | None = None
    request_id: str | None = None
    param: str | None = None
    seconds: float = 0.0
    in_doubt: bool = False
    """Whether it may have happened all the same."""
    looked: bool = False
    """Whether it was looked for in vain, for as long as lists may take to show it."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A change that was not tried, and why."""

    task: Task
    reason: str


Outcome: TypeAlias = Done | Stale | Unsettled | Failed | Skipped
