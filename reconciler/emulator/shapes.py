"""What a value may look like: the words in which the table of fields is written.

A shape refuses a value by raising the first fault it finds, as the hosted server reports one fault a request.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.emulator import refusals
from reconciler.emulator.refusals import RequestRefused, WireError


class Shape(Protocol):
    """What one value may look like."""

    def check(self, value: Any, path: str) -> None:
        """Return if `value` has this shape; raise Refused, naming `path`, if not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string."""

    longest: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    may_be_empty: bool = True
    expects: str = field(default="a string", init=False)

    def check(self, value: Any, path: str) -> None:
        _require(isinstance(value, str), refusals.wrong_type, path, self.expects, value)
        _require(bool(value) or self.may_be_empty, refusals.empty_string, path)
        if self.choices:
            _require(value in self.choices, refusals.unsupported_choice, path, value, self.choices)
        if self.longest is not None:
            _require(len(value) <= self.longest, refusals.string_too_long, path, self.longest, len(value))
        if self.pattern is not None:
            matches = re.fullmatch(self.pattern, value) is not None
            _require(matches, refusals.pattern_mismatch, path, self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number within bounds; a boolean is none."""

    minimum: float
    maximum: float
    whole: bool = False

    @property
    def noun(self) -> str:
        return "integer" if self.whole else "decimal"

    @property
    def expects(self) -> str:
        return "an integer" if self.whole else "a decimal"

    def check(self, value: Any, path: str) -> None:
        fits = type(value) is int or (type(value) is float and not self.whole)
        _require(fits, refusals.wrong_type, path, self.expects, value)
        for bound, above in ((self.maximum, True), (self.minimum, False)):
            if value > bound if above else value < bound:
                raise RequestRefused(refusals.out_of_range(path, value, bound=bound, above=above, noun=self.noun))


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    expects: str = field(default="a boolean", init=False)

    def check(self, value: Any, path: str) -> None:
        _require(isinstance(value, bool), refusals.wrong_type, path, self.expects, value)


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON object, whatever is in it."""

    expects: str = field(default="an object", init=False)

    def check(self, value: Any, path: str) -> None:
        _require(isinstance(value, dict), refusals.wrong_type, path, self.expects, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """An array."""

    of: Shape
    noun: str
    """What several of them are called."""
    longest: int

    def check(self, value: Any, path: str) -> None:
        _require(isinstance(value, list), refusals.wrong_type, path, f"an array of {self.noun}", value)
        _require(len(value) <= self.longest, refusals.array_too_long, path, self.longest, len(value))
        for index, item in enumerate(value):
            self.of.check(item, f"{path}[{index}]")


@dataclass(frozen=True, slots=True)
class Optional:
    """A value or null."""

    of: Shape

    def check(self, value: Any, path: str) -> None:
        if value is not None:
            self.of.check(value, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """An object with these members and no others."""

    members: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    exclusive: tuple[str, ...] = ()
    """Of these, exactly one."""
    expects: str = field(default="an object", init=False)

    def check(self, value: Any, path: str) -> None:
        _require(isinstance(value, dict), refusals.wrong_type, path, self.expects, value)
        for name in value:
            _require(name in self.members, refusals.unknown, _join(path, name))
        for name in self.required:
            _require(name in value, refusals.missing, _join(path, name))
        for name, member in value.items():
            self.members[name].check(member, _join(path, name))
        self._check_exclusive(value, path)

    def _check_exclusive(self, value: Mapping[str, Any], path: str) -> None:
        if self.exclusive and not any(name in value for name in self.exclusive):
            raise RequestRefused(refusals.missing(_join(path, self.exclusive[0])))
        sent = [name for name in self.exclusive if value.get(name)]
        if len(sent) > 1:
            names = refusals.listed(sent)
            raise RequestRefused(
                WireError(f"Invalid '{path}': {names} cannot be used together.", path, "invalid_value")
            )


@dataclass(frozen=True, slots=True)
class Variants:
    """An object whose `type` says which of several it is."""

    by_type: Mapping[str, Members]
    expects: str = field(default="an object", init=False)

    def check(self, value: Any, path: str) -> None:
        _require(isinstance(value, dict), refusals.wrong_type, path, self.expects, value)
        _require("type" in value, refusals.missing, _join(path, "type"))
        Text(choices=tuple(self.by_type)).check(value["type"], _join(path, "type"))
        self.by_type[value["type"]].check(value, path)


@dataclass(frozen=True, slots=True)
class WordOr:
    """One word, or else another shape."""

    word: str
    shape: Shape

    def check(self, value: Any, path: str) -> None:
        if value != self.word:
            self.shape.check(value, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """An object of strings."""

    most: int
    longest_name: int
    value: Shape
    expects: str = field(default="an object", init=False)

    def check(self, value: Any, path: str) -> None:
        _require(isinstance(value, dict), refusals.wrong_type, path, self.expects, value)
        self.check_count(value, path)
        for name, text in value.items():
            fits = len(name) <= self.longest_name
            _require(fits, refusals.property_name_too_long, path, name, self.longest_name)
            self.value.check(text, f"{path}.{name}")

    def check_count(self, value: Mapping[str, Any], path: str) -> None:
        """Raise Refused if too many pairs are kept; one that is null is being removed."""
        kept = sum(text is not None for text in value.values())
        _require(kept <= self.most, refusals.too_many_properties, path, self.most, kept)


class _Explain(Protocol):
    def __call__(self, *args: Any) -> WireError: ...


def _require(holds: bool, explain: _Explain, *args: Any) -> None:  # noqa: FBT001 - the condition is the subject
    if not holds:
        raise RequestRefused(explain(*args))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def optional(members: Mapping[str, Shape], *, names: Iterable[str]) -> dict[str, Shape]:
    """The same members, those named nullable."""
    return {**members, **{name: Optional(members[name]) for name in names}}
