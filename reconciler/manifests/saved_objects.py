"""Saved JSON → the objects in it: lists, pages, arrays, single objects, and several of them one after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from json.decoder import JSONDecodeError
from math import isinf
from typing import Final, NoReturn, TypeAlias, cast

from reconciler.canonical import Json
from reconciler.diagnostics import Diagnostic, Location
from reconciler.kinds import KINDS, Kind
from reconciler.manifests.printed_python import read_printed
from reconciler.source import Positions

_Object: TypeAlias = dict[str, Json]
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_SEPARATOR: Final = re.compile(r"[ \t\r\n]*[,:]?[ \t\r\n]*")
_PRINTED: Final = re.compile(r"[\[{(\s]*(?:'|[A-Z]\w+[\[(])")
"""How Python prints dictionaries and objects."""
_AS_JSON: Final = "name a file of JSON: a list, an object, or one object a line, such as `page.model_dump_json()`"
_DEEPEST: Final = 8


@dataclass(frozen=True, slots=True)
class SavedObject:
    """One object of a file, as it was saved."""

    kind: str
    id: str | None
    raw: Mapping[str, Json]
    place: Location


@dataclass(frozen=True, slots=True)
class SavedFile:
    """The objects of a file, and everything wrong with it."""

    objects: tuple[SavedObject, ...]
    faults: tuple[Diagnostic, ...]


def read_saved(text: str, file: str) -> SavedFile:
    """Every agent and assistant in the text; anything else is a warning, and unreadable text an error."""
    reader = _SavedReader(text.removeprefix("\ufeff"), file)
    try:
        return SavedFile(tuple(reader.objects()), tuple(reader.faults))
    except JSONDecodeError as error:
        printed = read_printed(error.doc) if _PRINTED.match(error.doc) else None
        if printed:
            return _read_printed(printed, file)
        fault = Diagnostic(reader.positions.place(error.pos), "syntax", f"This is not JSON: {error.msg}.", _AS_JSON)
        return SavedFile((), (*reader.faults, fault))


def _read_printed(values: Sequence[tuple[int, Json]], file: str) -> SavedFile:
    """The same of what Python printed: of each object the line is known on which it, or its list, begins."""
    objects: list[SavedObject] = []
    faults: list[Diagnostic] = []
    for line, value in values:
        read, place = read_saved(json.dumps(value), file), Location(file, line, 1)
        objects += [replace(each, place=place) for each in read.objects]
        faults += [replace(each, place=place) for each in read.faults]
    return SavedFile(tuple(objects), tuple(faults))


class _SavedReader:
    """Walks what holds objects, and has the standard library read each of those at once."""

    def __init__(self, text: str, file: str) -> None:
        self.positions = Positions(text, file)
        self.faults: list[Diagnostic] = []
        self._text = text
        self._decode = json.JSONDecoder(parse_constant=_reject, parse_float=_finite).raw_decode

    def objects(self) -> Iterator[SavedObject]:
        at = self._behind(_SPACE, 0)
        if at == len(self._text):
            raise JSONDecodeError("the file is empty", self._text, 0)
        while at < len(self._text):
            value, end = self._value(at)
            yield from self._within(value, at, 0)
            at = self._behind(_SPACE, end)

    def _value(self, at: int) -> tuple[Json, int]:
        try:
            return cast(tuple[Json, int], self._decode(self._text, at))
        except JSONDecodeError:
            raise
        except (RecursionError, ValueError) as error:
            message = "values nest too deep" if isinstance(error, RecursionError) else str(error)
            raise JSONDecodeError(message, self._text, at) from None

    def _within(self, value: Json, at: int, depth: int) -> Iterator[SavedObject]:
        """The objects of a value: it is one, or it holds them."""
        if isinstance(value, list) and depth < _DEEPEST:
            for inner, offset in self._parts(at):
                yield from self._within(inner, offset, depth + 1)
        elif isinstance(value, dict) and isinstance(value.get("data"), list) and "model" not in value:
            if value.get("has_more") is True:
                self._warn("incomplete-list", at, "This list has more pages.", "save those as well")
            yield from self._within(*self._members(at)["data"], depth + 1)
        elif isinstance(value, dict) and _is_around_objects(value):
            for inner, offset in self._members(at).values():
                if _has_objects(inner) or _is_to_be_told(inner):
                    yield from self._within(inner, offset, depth + 1)
        elif isinstance(value, dict):
            yield from self._object(value, at)
        else:
            self._warn("not-imported", at, "This is not an object.", _AS_JSON)

    def _object(self, raw: _Object, at: int) -> Iterator[SavedObject]:
        id, kind = raw.get("id"), _kind_of(raw)
        named = id if isinstance(id, str) and id else None
        if kind is not None and isinstance(raw.get("model"), str):
            yield SavedObject(kind.name, named, raw, self.positions.place(at))
            return
        stated = raw.get("object")
        what = f"{kind.with_article} without a `model`" if kind is not None else "not an agent or assistant"
        of_kind = f" (`object` is `{stated}`)" if isinstance(stated, str) and kind is None else ""
        self._warn("not-imported", at, f"{named or 'This'} is {what}{of_kind}.", "it is left out")

    def _warn(self, code: str, at: int, message: str, remedy: str) -> None:
        self.faults.append(Diagnostic(self.positions.place(at), code, message, remedy, "warning"))

    def _members(self, at: int) -> dict[str, tuple[Json, int]]:
        """The members of the object that begins there, each with the offset of its value."""
        parts = self._parts(at)
        return {str(key): member for (key, _), member in zip(parts, parts, strict=True)}

    def _parts(self, at: int) -> Iterator[tuple[Json, int]]:
        """What stands within the brackets that open there, with its offset; of an object its keys and values."""
        at = self._behind(_SPACE, at + 1)
        while self._text[at] not in "]}":
            value, end = self._value(at)
            yield value, at
            at = self._behind(_SEPARATOR, end)

    def _behind(self, pattern: re.Pattern[str], at: int) -> int:
        match = pattern.match(self._text, at)
        return match.end() if match is not None else at


def _reject(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _finite(digits: str) -> float:
    number = float(digits)
    return _reject(digits) if isinf(number) else number


def _is_around_objects(value: _Object) -> bool:
    """Whether a mapping is no object itself and holds some, under their ids or in what a program or a page wrote."""
    return _kind_of(value) is None and not isinstance(value.get("object"), str) and _has_objects(value)


def _has_objects(value: Json, depth: int = _DEEPEST) -> bool:
    """Whether the value, or something in it, could be an object."""
    if isinstance(value, dict) and isinstance(value.get("model"), str):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return depth > 0 and any(_has_objects(each, depth - 1) for each in inner)


def _is_to_be_told(value: Json) -> bool:
    """Whether what holds no object looks as if it was meant to."""
    members = value if isinstance(value, list) else ()
    return any(isinstance(each, dict) for each in members) or (isinstance(value, dict) and "id" in value)


def _kind_of(raw: _Object) -> Kind | None:
    """What an object is: as it says, else by its id, else by the fields that only one kind has."""
    stated, id = raw.get("object"), raw.get("id")
    if isinstance(stated, str):
        return KINDS.get(stated)
    by_id = [kind for kind in KINDS.values() if kind.id_prefix and str(id).startswith(kind.id_prefix)]
    if by_id or "model" not in raw:
        return by_id[0] if by_id else None
    known = {name: len(raw.keys() & set(kind.fields)) for name, kind in KINDS.items()}
    return max((KINDS["assistant"], *KINDS.values()), key=lambda kind: known[kind.name])
