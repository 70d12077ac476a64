"""What a change of a JSON Schema means for those who call: each part in words, breaking or compatible.

Breaking is what rejects arguments that were valid before. Where that cannot be known, it is called breaking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from reconciler.canonical import Json, encode, equal
from reconciler.model import Meaning
from reconciler.paths import Path, quoted, show

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_WORDS = ("title", "description", "default", "examples", "$comment", "deprecated")
_MAPPINGS = ("$defs", "definitions", "patternProperties")
_LONGEST = 40


def meanings(before: Json, after: Json) -> tuple[Meaning, ...]:
    """Everything that changes between two schemas, what breaks first."""
    changes = dict.fromkeys(_schema(_as_mapping(before), _as_mapping(after), ()))
    return tuple(sorted(changes, key=lambda meaning: not meaning.breaking))


def _schema(before: dict[str, Json], after: dict[str, Json], path: Path) -> Iterator[Meaning]:
    yield from _required(before, after, path)
    for key in sorted((before.keys() | after.keys()) - {"required", "properties"}):
        one, other = before.get(key), after.get(key)
        if not equal(one, other):
            yield from _KEYWORDS.get(key, _keyword_value)(key, one, other, path)
    one, other = _as_mapping(before.get("properties")), _as_mapping(after.get("properties"))
    required = _names_in(after.get("required"))
    for name in sorted(one.keys() | other.keys()):
        if name not in one:
            new = f"new{' and required' if name in required else ''} ({_type(_as_mapping(other[name]).get('type'))})"
            yield Meaning(f"{_at((*path, name))} is {new}", breaking=name in required)
        elif name not in other:
            yield Meaning(f"{_at((*path, name))} is gone", breaking=True)
        else:
            yield from _schema(_as_mapping(one[name]), _as_mapping(other[name]), (*path, name))


def _required(before: dict[str, Json], after: dict[str, Json], path: Path) -> Iterator[Meaning]:
    was, is_now = _names_in(before.get("required")), _names_in(after.get("required"))
    for name in sorted((is_now - was) & _as_mapping(before.get("properties")).keys()):
        yield Meaning(f"{_at((*path, name))} became required", breaking=True)
    for name in sorted((was - is_now) & _as_mapping(after.get("properties")).keys()):
        yield Meaning(f"{_at((*path, name))} became optional", breaking=False)


def _definitions(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    one, other = _as_mapping(before), _as_mapping(after)
    for name in sorted(one.keys() | other.keys()):
        if name in one and name in other:
            yield from _schema(_as_mapping(one[name]), _as_mapping(other[name]), (*path, key, name))
        else:
            yield Meaning(f"{_at((*path, key, name))} is {'gone' if name in one else 'new'}", breaking=name in one)


def _items(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    yield from _schema(_as_mapping(before), _as_mapping(after), (*path, "[]"))


def _types(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    was, is_now = _names_in(before), _names_in(after)
    wider = (bool(was) and was <= (is_now | ({"integer"} if "number" in is_now else set()))) or not is_now
    yield Meaning(f"{_at(path)}: {_type(before)} → {_type(after)}", breaking=not wider)


def _enum(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    was, is_now = ([encode(v) for v in side] if isinstance(side, list) else [] for side in (before, after))
    if not isinstance(before, list) or not isinstance(after, list):
        free = "takes any value" if after is None else f"takes only {_quoted_values(is_now)}"
        yield Meaning(f"{_at(path)} {free}", breaking=after is not None)
        return
    if lost := [text for text in was if text not in is_now]:
        yield Meaning(f"{_at(path)}: enum lost {_quoted_values(lost)}", breaking=True)
    if gained := [text for text in is_now if text not in was]:
        yield Meaning(f"{_at(path)}: enum gained {_quoted_values(gained)}", breaking=False)


def _additional(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _schema(before, after, (*path, "*"))
    elif after is False:
        yield Meaning(f"{_at(path)} take no other properties any more", breaking=True)
    elif isinstance(after, dict) and before is not False:
        yield Meaning(f"{_at(path)} take only some other properties", breaking=True)
    else:
        yield Meaning(f"{_at(path)} take other properties", breaking=False)


def _wording(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    yield Meaning(f"{_at(path)}: {key} changed", breaking=False)


def _keyword_value(key: str, before: Json, after: Json, path: Path) -> Iterator[Meaning]:
    """A keyword that is shown as it is; of a bound it is known which direction breaks."""
    breaking = after is not None
    if key in (*_LOWER, *_UPPER) and isinstance(before, int | float) and isinstance(after, int | float):
        breaking = after > before if key in _LOWER else after < before
    one, other = ("nothing" if side is None else encode(side) for side in (before, after))
    sides = " → ".join(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…" for text in (one, other))
    yield Meaning(f"{_at(path)}: {key} {sides}", breaking=breaking)


_KEYWORDS: dict[str, Callable[[str, Json, Json, Path], Iterator[Meaning]]] = {
    "type": _types,
    "enum": _enum,
    "items": _items,
    "additionalProperties": _additional,
    **dict.fromkeys(_MAPPINGS, _definitions),
    **dict.fromkeys(_WORDS, _wording),
}


def _at(path: Path) -> str:
    return quoted(show(path)) if path else "the arguments"


def _as_mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _names_in(value: Json) -> set[str]:
    return {text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)}


def _type(value: Json) -> str:
    return " or ".join(sorted(_names_in(value))) or "any type"


def _quoted_values(texts: list[str]) -> str:
    return ", ".join(quoted(text.strip('"')) for text in texts)
