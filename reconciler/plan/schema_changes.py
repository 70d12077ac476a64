"""What a change of a JSON Schema means for those who call: each part in words, breaking or compatible.

Breaking is what refuses arguments that were valid before. Where that cannot be told, it is called breaking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.canonical import Json, encode, equal
from reconciler.model import Meaning
from reconciler.paths import Path, show

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_WORDS = ("title", "description", "default", "examples", "$comment", "deprecated")
_MAPPINGS = ("$defs", "definitions", "patternProperties")


def meanings(before: Json, after: Json) -> tuple[Meaning, ...]:
    """Everything that changes between two schemas, what breaks first."""
    found = dict.fromkeys(_schema(_mapping(before), _mapping(after), ()))
    return tuple(sorted(found, key=lambda meaning: not meaning.breaking))


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _schema(before: dict[str, Json], after: dict[str, Json], path: Path) -> Iterator[Meaning]:
    if equal(before, after):
        return
    yield from _required(before, after, path)
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        if key not in ("required", "properties") and not equal(one, other):
            yield from _KEYWORDS.get(key, _other)(key, one, other, path)
    yield from _properties(before, after, path)


def _required(before: dict[str, Json], after: dict[str, Json], path: Path) -> Iterator[Meaning]:
    was, is_now = _names(before.get("required")), _names(after.get("required"))
    known = _mapping(before.get("properties"))
    for name in sorted(is_now - was):
        if name in known:
            yield Meaning(f"{_at((*path, name))} became required", breaking=True)
    for name in sorted(was - is_now):
        if name in _mapping(after.get("properties")):
            yield Meaning(f"{_at((*path, name))} became optional", breaking=False)


def _properties(before: dict[str, Json], after: dict[str, Json], path: Path) -> Iterator[Meaning]:
    one, other = _mapping(before.get("properties")), _mapping(after.get("properties"))
    required = _names(after.get("required"))
    for name in sorted(one.keys() | other.keys()):
        place = (*path, name)
        if name not in one:
            wanted = " and required" if name in required else ""
            kind = _type(_mapping(other[name]).get("type"))
            yield Meaning(f"{_at(place)} is new{wanted} ({kind})", breaking=name in required)
        elif name not in other:
            yield Meaning(f"{_at(place)} is gone", breaking=True)
        else:
            yield from _schema(_mapping(one[name]), _mapping(other[name]), place)


def _definitions(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    one, other = _mapping(before), _mapping(after)
    for name in sorted(one.keys() | other.keys()):
        if name in one and name in other:
            yield from _schema(_mapping(one[name]), _mapping(other[name]), (*path, key, name))
        else:
            yield Meaning(f"{_at((*path, key, name))} is {'gone' if name in one else 'new'}", breaking=name in one)


def _inner(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    yield from _schema(_mapping(before), _mapping(after), (*path, "[]"))


def _types(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    was, is_now = _names(before), _names(after)
    wider = (bool(was) and was <= (is_now | ({"integer"} if "number" in is_now else set()))) or not is_now
    yield Meaning(f"{_at(path)}: {_type(before)} → {_type(after)}", breaking=not wider)


def _enum(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    was, is_now = _members(before), _members(after)
    if not isinstance(before, list) or not isinstance(after, list):
        free = "takes any value" if after is None else f"takes only {_listed(is_now)}"
        yield Meaning(f"{_at(path)} {free}", breaking=after is not None)
        return
    if lost := [text for text in was if text not in is_now]:
        yield Meaning(f"{_at(path)}: enum lost {_listed(lost)}", breaking=True)
    if gained := [text for text in is_now if text not in was]:
        yield Meaning(f"{_at(path)}: enum gained {_listed(gained)}", breaking=False)


def _bound(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    breaking = after is not None
    if isinstance(before, int | float) and isinstance(after, int | float):
        breaking = after > before if key in _LOWER else after < before
    yield Meaning(f"{_at(path)}: {key} {_short(before)} → {_short(after)}", breaking=breaking)


def _word(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    yield Meaning(f"{_at(path)}: {key} changed", breaking=False)


def _additional(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _schema(before, after, (*path, "*"))
    elif after is False:
        yield Meaning(f"{_at(path)} take no other properties any more", breaking=True)
    elif isinstance(after, dict) and before is not False:
        yield Meaning(f"{_at(path)} take only some other properties", breaking=True)
    else:
        yield Meaning(f"{_at(path)} take other properties", breaking=False)


def _other(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    yield Meaning(f"{_at(path)}: {key} {_short(before)} → {_short(after)}", breaking=after is not None)


_KEYWORDS: dict[str, Callable[[str, Json, Json, Path], Iterator[Meaning]]] = {
    "type": _types,
    "enum": _enum,
    "items": _inner,
    "additionalProperties": _additional,
    **dict.fromkeys(_MAPPINGS, _definitions),
    **dict.fromkeys((*_LOWER, *_UPPER), _bound),
    **dict.fromkeys(_WORDS, _word),
}


def _at(path: Path) -> str:
    return f"`{show(path)}`" if path else "the arguments"


def _names(value: Json) -> set[str]:
    if isinstance(value, list):
        return {member for member in value if isinstance(member, str)}
    return {value} if isinstance(value, str) else set()


def _members(value: Json) -> list[str]:
    return [encode(member) for member in value] if isinstance(value, list) else []


def _type(value: Json) -> str:
    return " or ".join(sorted(_names(value))) or "any type"


def _listed(texts: list[str]) -> str:
    return ", ".join(f"`{text.strip(chr(34))}`" for text in texts)


def _short(value: Json) -> str:
    text = "nothing" if value is None else encode(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
