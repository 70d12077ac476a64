"""What a value may look like: the words in which a kind's table of fields is written.

A shape rejects a value by raising the first error it finds, as the hosted server reports one error a request, and in
the words of that server.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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
    maximum: float | None = None
    whole: bool = False

    def check(self, value: Any, path: str) -> None:
        noun, types = ("integer", (int,)) if self.whole else ("decimal", (int, float))
        _expect(value, path, "an integer" if self.whole else "a decimal", *types)
        if self.maximum is not None and value > self.maximum:
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
    longest: int | None = None

    def check(self, value: Any, path: str) -> None:
        _expect(value, path, f"an array of {self.noun}", list)
        if self.longest is not None and len(value) > self.longest:
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
class Compact:
    """A value whose compact JSON has at most so many bytes of UTF-8."""

    of: Shape
    largest: int

    def check(self, value: Any, path: str) -> None:
        self.of.check(value, path)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > self.largest:
            wanted = f"value too large. Expected at most {self.largest} bytes of compact JSON, "
            raise _invalid_value(path, f"{wanted}but got {size} bytes instead.", "value_above_max_size")


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

    value: Shape
    most: int | None = None
    longest_name: int | None = None

    def check(self, value: Any, path: str) -> None:
        ANYTHING.check(value, path)
        self.check_count(value, path)
        for name, text in value.items():
            if self.longest_name is not None and len(name) > self.longest_name:
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
        if self.most is not None and kept > self.most:
            wanted = f"too many properties. Expected an object with at most {self.most} properties"
            wanted += f", but got an object with {kept} properties instead."
            raise _invalid_value(path, wanted, "object_above_max_properties")


METADATA = Pairs(most=16, longest_name=64, value=Text(longest=512))


def of_type(*required: str, **members: Shape) -> Members:
    """An object whose `type` leads to these members; with it, those are required."""
    return Members(members={"type": Text(), **members}, required=("type", *required))


def nullable(shape: Members) -> Members:
    """The same object, where at every level what is not required may be null."""
    inside = {name: _nullable_inside(member) for name, member in shape.members.items()}
    return replace(shape, members={n: one if n in shape.required else Optional(one) for n, one in inside.items()})


def _nullable_inside(shape: Shape) -> Shape:
    match shape:
        case Members():
            return nullable(shape)
        case Optional(of=inner) | Compact(of=inner) | Many(of=inner):
            return replace(shape, of=_nullable_inside(inner))
        case WordOr(shape=inner):
            return replace(shape, shape=_nullable_inside(inner))
        case Variants(by_type=by_type):
            return Variants({name: nullable(members) for name, members in by_type.items()})
        case _:
            return shape


def ordered(fields: Fields, order: Iterable[str]) -> Fields:
    """The same fields in this order, and no others."""
    return {name: fields[name] for name in order if name in fields}


def with_nulls(value: Any, shape: Shape) -> Any:
    """The same value with every member that its shape has, null where it is not set."""
    match shape:
        case _ if value is None:
            return None
        case Optional(of=inner) | Compact(of=inner):
            return with_nulls(value, inner)
        case Many(of=inner):
            return [with_nulls(item, inner) for item in value]
        case Variants(by_type=by_type):
            return with_nulls(value, by_type[value["type"]])
        case Members(members=members):
            return {name: with_nulls(value.get(name), member) for name, member in members.items()}
        case _:
            return value


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
