"""What the table of a kind is written in: types of values, limits, and the entry of a field.

A kind's fields are a pydantic model. The same model reads both sides: a live object leniently, keeping the members
that it does not know, and a manifest strictly and with `extra="forbid"`. What it gives is the normal form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator

from reconciler.canonical import Json, equal
from reconciler.diagnostics import did_you_mean
from reconciler.kinds.problems import Loc, Problem
from reconciler.paths import Path

Data: TypeAlias = dict[str, Json]

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_TEXT_FILE: Final = re.compile(r"[\w./-]+\.(?:md|txt)")


def text(value: str) -> str | None:
    """Text with LF line ends, no leading byte-order marks, no final newlines; empty is null.

    All the marks go, so that the normal form of a normal form is itself: what was sent comes back.
    """
    return value.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").rstrip("\n") or None


def _as_stated(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """The value itself once it is known to be of the type: a lenient reading must not convert it."""
    check(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


Text: TypeAlias = Annotated[str, AfterValidator(text)]
Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False), WrapValidator(_as_stated)]
Whole: TypeAlias = Annotated[int, WrapValidator(_as_stated)]
Flag: TypeAlias = Annotated[bool, WrapValidator(_as_stated)]


@dataclass(frozen=True, slots=True)
class ValueLimits:
    """What the API takes of a value, at any depth."""

    longest: int | None = None
    """Characters of a text."""
    between: tuple[float, float] | None = None
    one_of: tuple[str, ...] = ()
    most: int | None = None
    """Entries of a list."""
    noun: str = "entries"
    """What the value is, or what the entries are."""
    name_of: int | None = None
    """Signs of a name that programs use."""

    def problems(self, value: Any, loc: Loc) -> Iterator[Problem]:
        """Why the API would reject the value."""
        if self.longest is not None:
            yield from _text_problems(value, self.longest, loc)
        if self.between is not None and not self.between[0] <= value <= self.between[1]:
            code = "too-large" if value > self.between[1] else "too-small"
            yield Problem(loc, code, f"`{loc[-1]}` is {value}.", "the API takes {} to {}".format(*self.between))
        if self.one_of and value not in self.one_of:
            remedy = did_you_mean(value, self.one_of)
            yield Problem(loc, "unknown-value", f"`{value}` is not {self.noun}.", remedy)
        if self.most is not None and len(value) > self.most:
            yield Problem(loc, "too-large", f"{len(value)} {self.noun}; the API takes {self.most}.", "drop some")
        if self.name_of is not None and not (_NAME.fullmatch(value) and len(value) <= self.name_of):
            shown = value if len(value) <= 80 else f"{value[:80]}…"
            remedy = f"1 to {self.name_of} letters of A to Z, digits, `_` and `-`"
            yield Problem(loc, "bad-name", f"{shown!r} is not a name that the API takes.", remedy)


def _text_problems(value: str, longest: int, loc: Loc) -> Iterator[Problem]:
    if len(value) > longest:
        message = f"`{loc[-1]}` has {len(value):,} characters; the API takes {longest:,}."
        yield Problem(loc, "too-large", message, "shorten it")
    if _TEXT_FILE.fullmatch(value):
        message = f"`{loc[-1]}` is the text {value!r}, not what is in a file of that name."
        remedy = f"write `{loc[-1]}: {{file: {value}}}` if the file is meant"
        yield Problem(loc, "bad-reference", message, remedy, "warning")


class FieldPart(BaseModel):
    """A mapping within a field."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    same_as_absent: ClassVar[Mapping[str, tuple[Json, ...]]] = {}
    """By member, the values that mean the same as leaving it out; null always does."""
    needed: ClassVar[tuple[str, ...]] = ()
    """The members that a manifest has to state, though live objects may be without."""
    by_type: ClassVar[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    """By its `type`, the members that this requires, and those that it takes of the members that some type excludes."""
    takes_others: ClassVar[bool] = False
    """Whether a manifest may state members that are not known here."""

    def normal(self) -> Data:
        """The members that say something."""
        known = ((member, getattr(self, name)) for name, member, _ in _fields_of(type(self)))
        stated = {name: plainly(value) for name, value in known if value is not None} | (self.model_extra or {})
        return {name: value for name, value in stated.items() if not self._is_absent(name, value)}

    def problems(self, loc: Loc) -> Iterator[Problem]:
        """What is wrong with the members together."""
        yield from ()

    def _is_absent(self, name: str, value: Json) -> bool:
        same = self.same_as_absent.get(name)
        return value is None or (same is not None and any(equal(value, each) for each in same))


@cache
def _fields_of(model: type[BaseModel]) -> tuple[tuple[str, str, tuple[ValueLimits, ...]], ...]:
    """By name the members of a model, what each is called outside, and its limits."""
    fields = model.model_fields.items()
    return tuple(
        (name, info.alias or name, tuple(limits for limits in info.metadata if isinstance(limits, ValueLimits)))
        for name, info in fields
    )


def plainly(value: Any, body: Any = None) -> Json:
    """The normal form of a value that needs no more than its model."""
    return value.normal() if isinstance(value, FieldPart) else value


def limit_problems(model: BaseModel, loc: Loc = ()) -> Iterator[Problem]:
    """Why the API would reject values of the model, or of the parts within it."""
    for name, member, limits in _fields_of(type(model)):
        value = getattr(model, name)
        if value is None:
            continue
        place = (*loc, member)
        for limit in limits:
            yield from limit.problems(value, place)
        parts = [((*place, i), part) for i, part in enumerate(value)] if isinstance(value, list) else [(place, value)]
        for where, part in parts:
            if isinstance(part, FieldPart):
                yield from part.problems(where)
                yield from limit_problems(part, where)


def unchanged(value: Json, behind: Json) -> Json:
    """A value that the API takes as it stands in the normal form."""
    return value


@dataclass(frozen=True, slots=True)
class FieldRules:
    """The entry of a field in its kind's table; its type and its limits stand beside it."""

    default: Json = None
    """What it is, in the normal form, where nothing is stated."""
    required: bool = False
    exchanged: bool = False
    """Whether people change it and still mean the same object, even one without a name."""
    rejected_by: Literal["reasoning", "other"] | None = None
    """The models that do not take it: those that reason, or the others."""
    chosen: tuple[Path, ...] = ()
    """What of it the server may choose: paths within the field, `()` for all of it."""
    chosen_by_all: bool = True
    """Whether the server chooses for every model, or for those alone that do not take the field."""
    companions: tuple[str, ...] = ()
    """Fields that must travel with it when it changes."""
    resets: tuple[Path, ...] = ()
    """What the server chose for the value that it had, and chooses anew when it changes."""
    by_member: bool = False
    """Whether its members are compared and attributed one by one."""
    groups: tuple[str, ...] = ()
    """Members that hold members themselves."""
    no_empty_members: bool = False
    schemas: tuple[Path, ...] = ()
    """Where within it JSON Schemas stand; `*` is any member."""
    normal: Callable[[Any, Any], Json] = plainly
    """The normal form of what the model read, and the body that it stands in."""
    wire: Callable[[Json, Json], Json] = unchanged
    """What the API takes for a value in the normal form, over what is live."""
    stated: Callable[[Json], Json] | None = None
    """What a manifest says for it, where that is less than what is sent."""

    def manifest(self, value: Json) -> Json:
        """What a manifest says for a value in the normal form."""
        return self.wire(value, None) if self.stated is None else self.stated(value)

    def without_hollows(self, value: Json) -> Json:
        """The value without the empty members that the normal form never has."""
        if not isinstance(value, dict):
            return value
        return {k: v for k, v in value.items() if v != {} or not (self.no_empty_members or k in self.groups)}

    def members(self, name: str, value: Json) -> dict[Path, Json]:
        """The value of the field of this name by the parts that are compared and attributed one by one."""
        if not self.by_member or not isinstance(value, dict):
            return {(name,): value}
        parts: dict[Path, Json] = {}
        for key, member in value.items():
            grouped = member if key in self.groups and isinstance(member, dict) else None
            parts |= {(name, key): member} if grouped is None else {(name, key, k): m for k, m in grouped.items()}
        return parts
