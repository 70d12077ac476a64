"""The expressions of a workflow, as far as ours use them: whatever is not known here fails the test."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<op>==|!=|&&|\|\||[!().,*\[\]])|(?P<name>[A-Za-z_][\w-]*)|(?P<end>$))"
)
_WHOLE = re.compile(r"\$\{\{(.*?)\}\}", re.S)
_STATUS = re.compile(r"\b(always|success|failure|cancelled)\s*\(")

Context = Mapping[str, Any]


class Lenient(dict[str, Any]):
    """A mapping in which what is missing is null, as in an event's payload; elsewhere it is a mistake."""


def filled(template: str, context: Context) -> str:
    """A value with its expressions in the place they stand in."""
    return _WHOLE.sub(lambda found: _text(evaluated(found[1], context)), template)


def holds(condition: str | None, context: Context, status: Mapping[str, bool]) -> bool:
    """Whether a step or job with this `if` runs; without a word on the status it wants success."""
    text = condition or "success()"
    whole = _WHOLE.fullmatch(text.strip())
    text = whole[1] if whole else text
    assert "${{" not in text, f"an expression inside a condition: {text}"
    if not _STATUS.search(text):
        text = f"success() && ({text})"
    return _truth(evaluated(text, context, status))


def evaluated(text: str, context: Context, status: Mapping[str, bool] | None = None) -> Any:
    """What an expression comes to."""
    return _Reader(text, context, status or {}).whole()


class _Reader:
    """Reads one expression from left to right, and knows its value at once: nothing in it has effects."""

    def __init__(self, text: str, context: Context, status: Mapping[str, bool]) -> None:
        self._text, self._at = text, 0
        self._context, self._status = context, status
        self._kind, self._word = "", ""
        self._next()

    def whole(self) -> Any:
        value = self._either()
        assert self._kind == "end", f"{self._word!r} is too much in: {self._text}"
        return value

    def _next(self) -> str:
        word = self._word
        found = _TOKEN.match(self._text, self._at)
        assert found, f"not understood here: {self._text[self._at :]}"
        self._kind, self._word, self._at = str(found.lastgroup), found[str(found.lastgroup)], found.end()
        return word

    def _takes(self, *operators: str) -> str | None:
        return self._next() if self._kind == "op" and self._word in operators else None

    def _wants(self, operator: str) -> None:
        assert self._takes(operator), f"{operator} is missing before {self._word!r} in: {self._text}"

    def _either(self) -> Any:
        value = self._both()
        while self._takes("||"):
            other = self._both()
            value = value if _truth(value) else other
        return value

    def _both(self) -> Any:
        value = self._equal()
        while self._takes("&&"):
            other = self._equal()
            value = other if _truth(value) else value
        return value

    def _equal(self) -> Any:
        value = self._one()
        while operator := self._takes("==", "!="):
            value = _same(value, self._one()) is (operator == "==")
        return value

    def _one(self) -> Any:
        if self._takes("!"):
            return not _truth(self._one())
        if self._takes("("):
            value = self._either()
            self._wants(")")
            return value
        if self._kind == "text":
            return self._next()[1:-1].replace("''", "'")
        assert self._kind == "name", f"{self._word!r} is no value in: {self._text}"
        name = self._next()
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        return self._called(name) if self._takes("(") else self._found(name)

    def _called(self, name: str) -> Any:
        given = []
        while not self._takes(")"):
            given.append(self._either())
            self._takes(",")
        if name in self._status:
            return self._status[name]
        assert name in _FUNCTIONS, f"{name}() is not known here: {self._text}"
        return _FUNCTIONS[name](*given)

    def _found(self, name: str) -> Any:
        assert name in self._context, f"there is no context {name!r} here: {self._text}"
        value = self._context[name]
        while self._takes("."):
            if self._takes("*"):
                return self._each(value)
            value = _member(value, self._next(), self._text)
        return value

    def _each(self, values: Any) -> list[Any]:
        self._wants(".")
        name = self._next()
        return [_member(value, name, self._text) for value in values or []]


def _member(value: Any, name: str, text: str) -> Any:
    if value is None:
        return None
    assert isinstance(value, Mapping), f"{name!r} of what is not a mapping: {text}"
    assert isinstance(value, Lenient) or name in value, f"there is no {name!r}: {text}"
    found = value.get(name)
    return Lenient(found) if isinstance(found, dict) and isinstance(value, Lenient) else found


def _truth(value: Any) -> bool:
    return value not in (None, "", 0) and value is not False


def _text(value: Any) -> str:
    assert not isinstance(value, (dict, list)), f"this has no text: {value}"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _same(one: Any, other: Any) -> bool:
    """Texts are compared whatever their case; of two kinds only null and the empty text are the same here."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    if {type(one), type(other)} == {str, type(None)}:
        return (one or None) == (other or None)
    assert type(one) is type(other), f"{one!r} and {other!r} are not compared here"
    return bool(one == other)


def _contains(search: Any, item: Any) -> bool:
    if isinstance(search, str):
        return str(item).casefold() in search.casefold()
    assert isinstance(search, list), "only texts and lists are searched here"
    return any(_same(one, item) for one in search)


_CONSTANTS = {"true": True, "false": False, "null": None}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"contains": _contains}
