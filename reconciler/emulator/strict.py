"""What strict mode requires of a JSON Schema: every object closed, every property required."""

from collections.abc import Iterator
from typing import Any

Context = tuple[str, ...]


def first_objection(schema: dict[str, Any]) -> str | None:
    """The first reason why `schema` is not strict, in the hosted server's words; None when it is."""
    kind = schema.get("type")
    if kind != "object":
        return f"""schema must be a JSON Schema of 'type: "object"', got 'type: "{kind}"'."""
    return next(_schema_objections(schema, ()), None)


def _schema_objections(node: Any, context: Context) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in node:
        yield from _object_objections(node, context)
    for step, child in _subschemas_of(node):
        yield from _schema_objections(child, (*context, *step))


def _object_objections(node: dict[str, Any], context: Context) -> Iterator[str]:
    if node.get("additionalProperties") is not False:
        yield f"In context={context}, 'additionalProperties' is required to be supplied and to be false."
    properties, required = node.get("properties"), node.get("required")
    stated = properties if isinstance(properties, dict) else {}
    supplied = required if isinstance(required, list) else []
    reason = (
        f"In context={context}, 'required' is required to be supplied and to be an array including every key "
        "in properties."
    )
    for name in stated:
        if name not in supplied:
            yield f"{reason} Missing '{name}'."
    for name in supplied:
        if name not in stated:
            yield f"{reason} Extra required key '{name}' supplied."


def _subschemas_of(node: dict[str, Any]) -> Iterator[tuple[Context, Any]]:
    for keyword in ("properties", "$defs", "definitions"):
        named = node.get(keyword)
        for name, child in named.items() if isinstance(named, dict) else ():
            yield (keyword, name), child
    for keyword in ("anyOf", "allOf", "oneOf", "prefixItems"):
        several = node.get(keyword)
        for index, child in enumerate(several) if isinstance(several, list) else ():
            yield (keyword, str(index)), child
    yield ("items",), node.get("items")
