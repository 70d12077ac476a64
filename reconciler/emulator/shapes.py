"""What a value may look like: the words in which a kind's table of fields is written.

A shape rejects a value by raising the first error it finds, as the hosted server reports one error a request, and in
the words of that server.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Fields = dict[str, Any]
"""The fields of an object, by name."""


class EmulatorError(Exception):
    """The emulator cannot start here: what is wrong, and what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(f"{message}. {remedy}")
        self.message = message
        self.remedy = remedy


class WireError(Exception):
    """One error answer, which ends a request."""

    def __init__(
        self,
        message: str,
        param: str | None = None,
        code: str | None = None,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002 - the wire's own word
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": type, "param": param, "code": code}}


class Shape(Protocol):
    """What one value may look like."""

    def check(self, value: Any, path: str) -> None:
        """Return if `value` has this shape; raise WireError, naming `path`, if not."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A string."""

    longest: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    may_be_empty: bool = True

    def check(self, value: Any, path: str) -> None:
        _expect(value, path, "a string", str)
        if not (value or self.may_be_empty):
            wanted = "empty string. Expected a string with minimum length 1, but got an empty string instead."
            raise _invalid_value(path, wanted, "empty_string")
        if self.choices and value not in self.choices:
            supported = f"Invalid value: '{value}'. Supported values are: {listed(self.choices)}."
            raise WireError(supported, path, "invalid_value")
        if self.longest is not None and len(value) > self.longest:
            wanted = f"string too long. Expected a string with maximum length {self.longest}, "
            raise _invalid_value(
                path, f"{wanted}but got a string with length {len(value)} instead.", "string_above_max_length"
            )
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            wanted = f"string does not match pattern. Expected a string that matches the pattern '{self.pattern}'."
            raise _invalid_value(path, wanted, "invalid_value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number within bounds; a boolean is none."""

    minimum: float
    maximum: float
    whole: bool = False

    def check(self, value: Any, path: str) -> None:
        noun, types = ("integer", (int,)) if self.whole else ("decimal", (int, float))
        _expect(value, path, "an integer" if self.whole else "a decimal", *types)
        if value > self.maximum:
            wanted = f"{noun} above maximum value. Expected a value <= {self.maximum}, but got {value} instead."
            raise _invalid_value(path, wanted, f"{noun}_above_max_value")
        if value < self.minimum:
            wanted = f"{noun} below minimum value. Expected a value >= {self.minimum}, but got {value} instead."
            raise _invalid_value(path, wanted, f"{noun}_below_min_value")


@dataclass(frozen=True, slots=True)
class Plain:
    """Any value of one type, whatever is in it."""

    expects: str
    of: type

    def check(self, value: Any, path: str) -> None:
        _expect(value, path, self.expects, self.of)


FLAG = Plain("a boolean", bool)
ANYTHING = Plain("an object", dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """An array."""

    of: Shape
    noun: str
    """What several of them are called."""
    longest: int

    def check(self, value: Any, path: str) -> None:
        _expect(value, path, f"an array of {self.noun}", list)
        if len(value) > self.longest:
            wanted = f"array too long. Expected an array with maximum length {self.longest}, "
            raise _invalid_value(
                path, f"{wanted}but got an array with length {len(value)} instead.", "array_above_max_length"
            )
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

    def check(self, value: Any, path: str) -> None:
        ANYTHING.check(value, path)
        prefix = f"{path}." if path else ""
        for name in value:
            if name not in self.members:
                raise WireError(f"Unknown parameter: '{prefix}{name}'.", f"{prefix}{name}", "unknown_parameter")
        for name in self.required:
            if name not in value:
                raise missing(f"{prefix}{name}")
        for name, member in value.items():
            self.members[name].check(member, f"{prefix}{name}")
        if self.exclusive and not any(name in value for name in self.exclusive):
            raise missing(f"{prefix}{self.exclusive[0]}")
        sent = [name for name in self.exclusive if value.get(name)]
        if len(sent) > 1:
            raise _invalid_value(path, f"{listed(sent)} cannot be used together.", "invalid_value")


@dataclass(frozen=True, slots=True)
class Variants:
    """An object whose `type` says which of several it is."""

    by_type: Mapping[str, Members]

    def check(self, value: Any, path: str) -> None:
        ANYTHING.check(value, path)
        if "type" not in value:
            raise missing(f"{path}.type")
        Text(choices=tuple(self.by_type)).check(value["type"], f"{path}.type")
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

    def check(self, value: Any, path: str) -> None:
        ANYTHING.check(value, path)
        self.check_count(value, path)
        for name, text in value.items():
            if len(name) > self.longest_name:
                message = (
                    f"Invalid property name in '{path}': '{name[:3]}...{name[-3:]}' is too long. Expected a string"
                )
                message += (
                    f" with maximum length {self.longest_name}, but got a string with length {len(name)} instead."
                )
                raise WireError(message, f"{path}.{name}", "property_name_above_max_length")
            self.value.check(text, f"{path}.{name}")

    def check_count(self, value: Mapping[str, Any], path: str) -> None:
        """Raise WireError if too many pairs are kept; one that is null is being removed."""
        kept = sum(text is not None for text in value.values())
        if kept > self.most:
            wanted = f"too many properties. Expected an object with at most {self.most} properties"
            wanted += f", but got an object with {kept} properties instead."
            raise _invalid_value(path, wanted, "object_above_max_properties")


_TYPE_NAMES: dict[type, str] = {
    type(None): "null",
    bool: "a boolean",
    int: "an integer",
    float: "a decimal number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def _expect(value: Any, path: str, expected: str, *types: type) -> None:
    if type(value) not in types:
        about = f" for '{path}'" if path else ""
        message = f"Invalid type{about}: expected {expected}, but got {_TYPE_NAMES[type(value)]} instead."
        raise WireError(message, path or None, "invalid_type")


def _invalid_value(path: str, wanted: str, code: str) -> WireError:
    return WireError(f"Invalid '{path}': {wanted}", path, code)


def missing(path: str) -> WireError:
    """A member that has to be there and is not."""
    return WireError(f"Missing required parameter: '{path}'.", path, "missing_required_parameter")


def listed(words: Iterable[str]) -> str:
    """`'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`."""
    *most, last = [f"'{word}'" for word in words]
    if not most:
        return last
    return f"{', '.join(most)}{',' if len(most) > 1 else ''} and {last}"
