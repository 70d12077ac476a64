"""What is shown of a plan, as a small tree of values: `page` decides, and each format only writes it.

    Page       headline, places, warnings, alerts, parts, notes, ends
      Part       one half of a plan, or what some environments share: a table and sections
        TableRow   a change in a few words
        Section    a change in full: facts, causes, blocks
          Block      Meanings, Field (Short or LongValue), Group (a function), Fold (what may be read later)

Phrases are runs of text, each with a look. A run without a look is a sentence of ours, in which names stand between
backticks. Nothing in the tree is escaped: each format makes live text inert in its own way, and how lines are broken
is its own affair. What is said, grouped, shortened, ordered and how bad it is, is decided before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from reconciler.canonical import Json
from reconciler.render.text_diff import Line, Replacement, compare, replacements, whole
from reconciler.render.view import Document, Lost, MeaningView, ObjectionView

S = TypeVar("S")
T = TypeVar("T")
Look: TypeAlias = Literal["", "code", "gone", "new", "good", "bad", "blocked", "strong"]


@dataclass(frozen=True, slots=True)
class Run:
    """Some text of one look: a name, a word that is gone or new, a word that is good, bad, or that blocks."""

    text: str
    look: Look = ""


Phrase: TypeAlias = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Short:
    """Values that read well on one line: where they stand (`live`, `Git`) if that is not plain, the value, its look."""

    sides: tuple[tuple[str, Json, Look], ...]


@dataclass(frozen=True, slots=True)
class LongValue:
    """A long text with its size, or the lines of a structure, on one side or both."""

    before: str | tuple[str, ...] | None
    after: str | tuple[str, ...] | None
    size: str
    most: int
    """How many lines are shown of what is on one side only."""

    @property
    def is_text(self) -> bool:
        return isinstance(self.before, str) or isinstance(self.after, str)

    @property
    def words(self) -> tuple[Replacement, ...]:
        """The few words that the edit of a text is about; nothing where they are many."""
        if isinstance(self.before, str) and isinstance(self.after, str):
            return replacements(self.before, self.after)
        return ()

    def rows(self, sign: str, *, most: int = 0, context: int | None = 3) -> list[Line]:
        """What changed, or the beginning of what is on one side only."""
        if self.before is not None and self.after is not None:
            return compare(self.before, self.after, context=context)
        return whole(sign, self.after or self.before or "", most or self.most)


@dataclass(frozen=True, slots=True)
class Field:
    """A field that will differ: its name below its group, and words such as `added`, `drift` or `reset: …`."""

    sign: str
    name: str
    content: Short | LongValue
    fate: str = ""
    tags: tuple[str, ...] = ()

    @property
    def is_short(self) -> bool:
        return isinstance(self.content, Short)


@dataclass(frozen=True, slots=True)
class Meanings:
    """What the change of a schema means for those who call."""

    meanings: tuple[MeaningView, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A function, or the schema of the answer: everything that changes in it."""

    title: Phrase
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Fold:
    """Fields that may be read later."""

    title: str
    fields: tuple[Field, ...]


Block: TypeAlias = "Meanings | Field | Group | Fold"


@dataclass(frozen=True, slots=True)
class Member:
    """Who shares a change; the patch, where nothing else is shown of it."""

    address: str
    file: str
    line: int
    patch: Document


@dataclass(frozen=True, slots=True)
class Section:
    """A change in full, or what many share."""

    sign: str
    action: str
    title: str
    address: str
    """Nothing for what many share."""
    will: str
    id: str
    file: str
    line: int
    why: tuple[str, ...]
    """Who moved its fields, where that was not Git alone."""
    blocked: tuple[str, ...]
    blocks: tuple[Block, ...]
    members: tuple[Member, ...] = ()
    unchanged: str = ""
    patch: Document | None = None
    sources: tuple[str, ...] = ()
    """The other files that its fields were read from."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A change in a few words; its section is the one at the same place in the part."""

    sign: str
    action: str
    who: Phrase
    blocked: tuple[str, ...]
    done: Phrase
    """What is done besides changing fields; nothing for an update."""
    what: tuple[Phrase, ...]

    @property
    def phrases(self) -> tuple[Phrase, ...]:
        """All of it."""
        if not (self.done and self.what):
            return self.what or (self.done,)
        return ((*self.done, Run(": "), *self.what[0]), *self.what[1:])


class Made(Generic[T]):
    """Values that are made each time they are read: what has no room, or what nobody looks at, costs nothing."""

    __slots__ = ("_length", "_make_all")

    def __init__(self, make: Callable[[S], T], of: Sequence[S]) -> None:
        self._length = len(of)
        self._make_all: Callable[[], Iterator[T]] = lambda: map(make, of)

    def __iter__(self) -> Iterator[T]:
        return self._make_all()

    def __len__(self) -> int:
        return self._length


@dataclass(frozen=True, slots=True)
class Part:
    """Some changes, worst first: a row each, and a section each. Without a title they are all there are."""

    title: str
    changes: int
    rows: Made[TableRow]
    sections: Made[Section]
    addresses: tuple[tuple[str, ...], ...]
    """Of each section, the changes that it is about."""
    blocked: tuple[ObjectionView, ...] = ()
    """What blocks them, where nothing is done with this plan."""
    later: bool = False
    """Whether it may be folded."""

    @property
    def has_any(self) -> bool:
        return bool(self.rows or self.blocked)


@dataclass(frozen=True, slots=True)
class Alert:
    """Objections of one code, in the environments named, if not in all."""

    code: str
    allowed: bool
    objections: tuple[ObjectionView, ...]
    environments: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a plan applies, and what it is compared with."""

    environment: str
    stack: str
    address: str
    base: str = ""


@dataclass(frozen=True, slots=True)
class Offline:
    """Why nothing live was read, in the environments named, if not in all; and the base that stands for it."""

    environments: str
    why: str
    base: str


@dataclass(frozen=True, slots=True)
class Note:
    """What is worth knowing besides, in the environments named, if not in all."""

    environments: str
    text: str


@dataclass(frozen=True, slots=True)
class End:
    """The last lines of a plan; the verdict is Terraform's, to the byte."""

    name: str
    counts: tuple[str, ...]
    verdict: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Page:
    """Everything there is to say, in the order in which it matters."""

    headline: str
    tone: Literal["blocked", "pending", "nothing"]
    places: tuple[Place, ...]
    lost: tuple[Lost, ...]
    offline: tuple[Offline, ...]
    alerts: tuple[Alert, ...]
    parts: tuple[Part, ...]
    notes: tuple[Note, ...]
    ends: tuple[End, ...]
