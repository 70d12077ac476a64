"""What becomes of one field in another API: the printed verdict, and the converted value.

Both come from one rule, so the printed verdict and the result cannot differ: a field that is the same is carried as it
is, and one that is lost carries nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from reconciler.canonical import Fields, Json
from reconciler.paths import Path

Verdict: TypeAlias = Literal["same", "changed", "lost"]


@dataclass(frozen=True, slots=True)
class FieldVerdict:
    """What becomes of one field, or of one member of it."""

    path: Path
    verdict: Verdict
    text: str = ""
    """How it changes, or what to do instead."""
    environments: tuple[str, ...] = ()
    """Where it holds, if not wherever the manifest exists."""


@dataclass(frozen=True, slots=True)
class Carried:
    """A verdict, and what is stated there because of it: values in normal form, by path."""

    verdict: FieldVerdict
    placed: Mapping[Path, Json] = field(default_factory=dict)


FieldRule: TypeAlias = Callable[[Json, Fields], Iterator[Carried]]
"""What becomes of the value of a field that is stated, and of the body that it stands in."""


def same(path: Path, value: Json) -> Carried:
    """The field has the same name there."""
    return Carried(FieldVerdict(path, "same"), {path: value})


def changed(path: Path, text: str, placed: Mapping[Path, Json] | None = None) -> Carried:
    """The field has another form there."""
    return Carried(FieldVerdict(path, "changed", text), placed or {})


def lost(path: Path, text: str) -> Carried:
    """The field does not exist there."""
    return Carried(FieldVerdict(path, "lost", text))


def kept_field(name: str) -> FieldRule:
    """The rule of a field that is the same there."""

    def rule(value: Json, fields: Fields) -> Iterator[Carried]:
        yield same((name,), value)

    return rule


def changed_field(name: str, text: str, into: Path = ()) -> FieldRule:
    """The rule of a field that is there in another way: with the same value at a path, where one is named."""

    def rule(value: Json, fields: Fields) -> Iterator[Carried]:
        yield changed((name,), text, {into: value} if into else None)

    return rule


def lost_field(name: str, text: str) -> FieldRule:
    """The rule of a field that is not there."""

    def rule(value: Json, fields: Fields) -> Iterator[Carried]:
        yield lost((name,), text)

    return rule


def members(value: Json) -> Mapping[str, Json]:
    """The members of a mapping; of anything else, none."""
    return value if isinstance(value, dict) else {}
