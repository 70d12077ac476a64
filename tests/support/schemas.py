"""Odd values within values, and what schemas say of their members."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything within a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inner:
        yield (*path, key)
        yield from places(member, (*path, key))


def changed(value: Any, path: tuple[Any, ...], member: Any) -> Any:
    """The value with another member at the path; `...` takes it out."""
    if not path:
        return {} if member is ... else member
    step, *rest = path
    inner = member if not rest else changed(value[step], tuple(rest), member)
    if isinstance(value, list):
        return [each for index, old in enumerate(value) if (each := inner if index == step else old) is not ...]
    return {key: each for key, old in value.items() if (each := inner if key == step else old) is not ...}


def described(schema: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The description of every member that a schema has, apart from those that it only permits or forbids."""
    if isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            if isinstance(inner, dict) and inner.keys() & {"type", "enum", "anyOf"} and inner.get("type") != "null":
                yield f"{path}.{name}", inner.get("description", "")
        for name, inner in schema.items():
            if name not in ("if", "not"):
                yield from described(inner, f"{path}.{name}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from described(inner, path)


def closed(schema: Any) -> Any:
    """The schema, against every member that it does not name."""
    if isinstance(schema, list):
        return [closed(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    whole = {name: closed(inner) for name, inner in schema.items()}
    return {**whole, "additionalProperties": False} if isinstance(schema.get("required"), list) else whole
