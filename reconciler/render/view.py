"""A plan's document as typed values: what the formats for people are made from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from reconciler.canonical import Json
from reconciler.plan.changes import Summary
from reconciler.plan.objections import NEVER_ALLOWED

Document: TypeAlias = dict[str, Json]

T = TypeVar("T")
_REQUIRED = re.compile(r"(`.+`) became required")


class BadDocument(ValueError):
    """A text that is no plan's document, or one that has been touched."""


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field that will differ."""

    path: str
    before: Json
    after: Json
    cause: str
    origin: str | None
    excerpt: bool = False
    """Whether it is only the lines of a text that differ: what is around them is another in each object."""
    reason: str | None = None
    """Why another change of the plan brings it."""
    applied: tuple[Json, ...] = ()
    """Of a conflict, the value that the last apply left there, where it is known."""
    files: tuple[str, ...] = ()
    """Where its text is written, if not in the manifest."""


@dataclass(frozen=True, slots=True)
class MeaningView:
    """What the change of a schema means, as it reads behind the name of the function, and where the schema stands."""

    path: str
    text: str
    breaking: bool


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change, and the codes of the standing objections that hold it back."""

    address: str
    action: str
    origin: str | None
    id: str | None
    previous_key: str | None
    previous_stack: str | None
    file: str | None
    line: int | None
    fields: tuple[FieldView, ...]
    unchanged_fields: int
    meanings: tuple[MeaningView, ...]
    patch: Document
    """What is sent, whole: every field of it, whichever of them are shown."""
    held_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """One reason not to apply, allowed or standing."""

    code: str
    message: str
    address: str | None
    remedy: str
    allowed: bool
    allowed_by: str | None
    """Who allowed it by a label."""
    holds: tuple[str, ...]
    origin: str | None
    """Beside another revision: whether this change brings it, or it stands anyway."""

    @property
    def can_be_allowed(self) -> bool:
        return self.code not in NEVER_ALLOWED


@dataclass(frozen=True, slots=True)
class MismatchView:
    """A live object in which the server kept other values than it was sent: by path, what is live and desired."""

    address: str
    file: str | None
    line: int | None
    fields: tuple[tuple[str, Json, Json], ...]


@dataclass(frozen=True, slots=True)
class View:
    """A whole plan."""

    stack: str
    environment: str
    provider: str
    base_url: str
    organization: str | None
    project: str | None
    base: str | None
    """The revision that the plan was held against: `main (1a2b3c)`."""
    applies: str
    """Whether merging applies only what the change brings, or everything that is pending."""
    kinds: tuple[str, ...]
    """The kinds of everything that a manifest wants or that is managed."""
    offline: str | None
    """Why nothing live was read."""
    fingerprint: str
    summary: Summary
    unchanged: int
    unmanaged: int
    elsewhere: int
    """How many of these another stack or environment manages."""
    changes: tuple[ChangeView, ...]
    marks: int
    objections: tuple[ObjectionView, ...]
    pending: tuple[ChangeView, ...]
    """What is pending as well, and is not done with this plan."""
    pending_objections: tuple[ObjectionView, ...]
    notes: tuple[str, ...]
    mismatches: tuple[MismatchView, ...]
    complete: bool

    @property
    def standing(self) -> tuple[ObjectionView, ...]:
        return tuple(objection for objection in self.objections if not objection.allowed)

    @property
    def narrowed(self) -> bool:
        """Whether arguments selected a part of the plan."""
        return not self.complete and not self.standing and self.offline is None and not self.pending


@dataclass(frozen=True, slots=True)
class Lost:
    """An environment without a plan, and why."""

    environment: str
    message: str
    remedy: str = ""


def view(document: Document) -> View:
    """The document's values; `BadDocument` where one is missing or not of its type."""
    environment, counts = _take(document, "environment", dict), _take(document, "summary", dict)
    pending = _perhaps(document, "pending", dict) or {"changes": [], "objections": []}
    (changes, objections), (others, against) = _read_part(document), _read_part(pending)
    return View(
        stack=_take(document, "stack", str),
        environment=_take(environment, "name", str),
        provider=_take(environment, "provider", str),
        base_url=_take(environment, "base_url", str),
        organization=_perhaps(environment, "organization", str),
        project=_perhaps(environment, "project", str),
        base=_read_base(document),
        applies=_perhaps(document, "applies", str) or "everything",
        kinds=_texts(document, "kinds") if "kinds" in document else ("assistant",),
        offline=_perhaps(document, "offline", str),
        fingerprint=_take(document, "fingerprint", str),
        summary=_read_summary(counts),
        unchanged=_take(counts, "unchanged", int),
        unmanaged=_take(counts, "unmanaged", int),
        elsewhere=_perhaps(counts, "elsewhere", int) or 0,
        changes=changes,
        marks=len(_read_members(document, "marks")),
        objections=objections,
        pending=others,
        pending_objections=against,
        notes=_texts(document, "notes"),
        mismatches=tuple(map(view_mismatch, _read_members(document, "mismatches"))) if "mismatches" in document else (),
        complete=_take(document, "complete", bool),
    )


def _read_part(document: Document) -> tuple[tuple[ChangeView, ...], tuple[ObjectionView, ...]]:
    """Some changes, and what speaks against them."""
    objections = tuple(_read_objection(member) for member in _read_members(document, "objections"))
    held_by: dict[str, list[str]] = {}
    for objection in objections:
        for address in () if objection.allowed else objection.holds:
            held_by.setdefault(address, []).append(objection.code)
    return tuple(_read_change(member, held_by) for member in _read_members(document, "changes")), objections


def _read_summary(counts: Document) -> Summary:
    return Summary(
        add=_take(counts, "add", int),
        change=_take(counts, "change", int),
        destroy=_take(counts, "destroy", int),
        imports=_take(counts, "import", int),
        forget=_take(counts, "forget", int),
    )


def _read_base(document: Document) -> str | None:
    if document.get("base") is None:
        return None
    base = _take(document, "base", dict)
    commit = _perhaps(base, "commit", str)
    return _take(base, "revision", str) + (f" ({commit})" if commit else "")


def _read_change(change: Document, held_by: Mapping[str, Sequence[str]]) -> ChangeView:
    address = _take(change, "address", str)
    return ChangeView(
        address=address,
        action=_take(change, "action", str),
        origin=_perhaps(change, "origin", str),
        id=_perhaps(change, "id", str),
        previous_key=_perhaps(change, "previous_key", str),
        previous_stack=_perhaps(change, "previous_stack", str),
        file=_perhaps(change, "file", str),
        line=_perhaps(change, "line", int),
        fields=tuple(_read_field(member) for member in _read_members(change, "fields")),
        unchanged_fields=_perhaps(change, "unchanged_fields", int) or 0,
        meanings=tuple(_read_meaning(member) for member in _read_members(change, "meanings"))
        if "meanings" in change
        else (),
        patch=_take(change, "patch", dict),
        held_by=tuple(held_by.get(address, ())),
    )


def _read_meaning(meaning: Document) -> MeaningView:
    text = _REQUIRED.sub(r"now requires \1", _take(meaning, "text", str))
    return MeaningView(_take(meaning, "path", str), text, _take(meaning, "breaking", bool))


def _read_field(field: Document) -> FieldView:
    return FieldView(
        path=_take(field, "path", str),
        before=field.get("before"),
        after=field.get("after"),
        cause=_take(field, "cause", str),
        origin=_perhaps(field, "origin", str),
        reason=_perhaps(field, "reason", str),
        applied=(field["applied"],) if "applied" in field else (),
        files=_texts(field, "files") if "files" in field else (_take(field, "file", str),) if "file" in field else (),
    )


def _read_objection(objection: Document) -> ObjectionView:
    return ObjectionView(
        code=_take(objection, "code", str),
        message=_take(objection, "message", str),
        address=_perhaps(objection, "address", str),
        remedy=_take(objection, "remedy", str),
        allowed=_take(objection, "allowed", bool),
        allowed_by=_perhaps(objection, "allowed_by", str),
        holds=_texts(objection, "holds"),
        origin=_perhaps(objection, "origin", str),
    )


def view_mismatch(mismatch: Document) -> MismatchView:
    """The same of one object alone."""
    return MismatchView(
        address=_take(mismatch, "address", str),
        file=_perhaps(mismatch, "file", str),
        line=_perhaps(mismatch, "line", int),
        fields=tuple(
            (_take(one, "path", str), one.get("live"), one.get("desired")) for one in _read_members(mismatch, "fields")
        ),
    )


def _take(document: Document, key: str, kind: type[T]) -> T:
    value = document.get(key)
    if type(value) is not kind:  # exactly: True is no number here
        raise BadDocument(f"`{key}` is missing, or is not a {kind.__name__}")
    return value


def _perhaps(document: Document, key: str, kind: type[T]) -> T | None:
    return None if document.get(key) is None else _take(document, key, kind)


def _read_members(document: Document, key: str) -> list[Document]:
    members: list[Json] = _take(document, key, list)
    return [_take({key: member}, key, dict) for member in members]


def _texts(document: Document, key: str) -> tuple[str, ...]:
    members: list[Json] = _take(document, key, list)
    return tuple(_take({key: member}, key, str) for member in members)
