"""JSON Schemas judged against bundled metaschemas only: nothing is ever fetched or opened."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NoReturn

import jsonschema_rs

from reconciler.canonical import Json
from reconciler.diagnostics import did_you_mean
from reconciler.kinds.problems import Loc, Problem

_DEFAULT = "https://json-schema.org/draft/2020-12/schema"
_KNOWN = {
    _DEFAULT: _DEFAULT,
    "https://json-schema.org/draft/2019-09/schema": "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema": "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-06/schema": "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-04/schema": "http://json-schema.org/draft-04/schema#",
}
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_DATA = ("const", "default", "enum", "example", "examples")
_SUBSCHEMAS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
_TYPES = ("array", "boolean", "integer", "null", "number", "object", "string")
_SEE = "see https://json-schema.org/understanding-json-schema"
_STANDS_ALONE = "fix it; every reference and pattern must hold within this schema"
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def check_schema(schema: Any, loc: Loc) -> Iterator[Problem]:
    """Every reason why the value is not a JSON Schema that stands on its own."""
    dumped = json.dumps(schema, ensure_ascii=False)
    foreign = list(_foreign(schema, loc)) if "$" in dumped else []  # as `$schema` and every reference has
    yield from foreign
    if foreign or _HALF_CHARACTER.search(dumped):
        return  # half a character is reported where the text was read; the validator chokes on it
    try:
        faulty = list(_against_metaschema(schema, loc))
        if not faulty:
            jsonschema_rs.validator_for(schema, retriever=_no_fetch)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        faulty = [_unresolved(error, loc)]
    yield from faulty


def schema_problems(schema: Any, loc: Loc, *, strict: bool | None = None) -> Iterator[Problem]:
    """Every reason why the value, if there is one, is not such a schema, or not a strict one where it has to be."""
    if schema is not None:
        yield from check_schema(schema, loc)
        if strict:
            yield from check_strict(schema, loc)


def check_strict(schema: Json, loc: Loc) -> Iterator[Problem]:
    """Every object in the schema that `strict: true` would reject."""
    for place, part in _subschemas(schema, loc):
        if "properties" not in part and not _may_be_object(part.get("type")):
            continue
        if part.get("additionalProperties") is not False:
            message = "`strict: true` requires `additionalProperties: false` here."
            yield Problem(place, "not-strict", message, "add it, or leave `strict` out")
        properties, required = part.get("properties"), part.get("required")
        stated = set(properties) if isinstance(properties, dict) else set()
        missing = sorted(stated - set(map(str, required if isinstance(required, list) else ())))
        if missing:
            names = ", ".join(f"`{name}`" for name in missing)
            message = f"`strict: true` requires every property under `required`; missing: {names}."
            yield Problem(place, "not-strict", message, "list them under `required`; make them nullable instead")


def _may_be_object(stated: Json) -> bool:
    return stated == "object" or (isinstance(stated, list) and "object" in stated)


def _no_fetch(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not fetched")


@cache
def _metaschema(url: str) -> Any:
    return jsonschema_rs.validator_for({"$schema": url, "$ref": url}, retriever=_no_fetch)


def _against_metaschema(schema: Json, loc: Loc) -> Iterator[Problem]:
    stated = schema.get("$schema") if isinstance(schema, dict) else None
    url = _KNOWN[stated.rstrip("#")] if isinstance(stated, str) else _DEFAULT
    seen: set[tuple[str | int, ...]] = set()
    for error in _metaschema(url).iter_errors(schema):
        place = tuple(error.instance_path)
        if place not in seen:
            seen.add(place)
            message = error.message if len(error.message) <= 200 else f"{error.message[:200]}…"
            remedy = did_you_mean(error.instance, _TYPES) if _names_type(place, error.instance) else _SEE
            yield Problem((*loc, *place), "bad-schema", f"This is not a valid JSON Schema: {message}.", remedy)


def _names_type(place: Loc, value: object) -> bool:
    return place[-1:] == ("type",) and place[-2:-1] != ("properties",) and isinstance(value, str)


def _unresolved(error: Exception, loc: Loc) -> Problem:
    """What no metaschema sees: a pointer that leads nowhere, an invalid pattern."""
    reason = str(getattr(error, "message", error)).splitlines()[0]
    place = (*loc, *getattr(error, "instance_path", ()))
    return Problem(place, "bad-schema", f"This is not a valid JSON Schema: {reason}.", _STANDS_ALONE)


def _foreign(schema: Json, loc: Loc) -> Iterator[Problem]:
    for place, part in _subschemas(schema, loc):
        stated = part.get("$schema")
        if isinstance(stated, str) and stated.rstrip("#") not in _KNOWN:
            known = ", ".join(_KNOWN)
            yield Problem((*place, "$schema"), "foreign-schema", f"Unknown `$schema` {stated!r}.", f"one of {known}")
        for name in _REFERENCES:
            target = part.get(name)
            if isinstance(target, str) and not target.startswith("#"):
                message = f"`{name}` refers outside this schema, to {target!r}; nothing is fetched or opened."
                yield Problem(
                    (*place, name),
                    "foreign-schema",
                    message,
                    "copy it under `$defs` and refer to `#/$defs/…`",
                )


def _subschemas(value: Json, loc: Loc) -> Iterator[tuple[Loc, dict[str, Json]]]:
    """Every mapping that is a schema, with its place; what is mere data is passed over."""
    if isinstance(value, list):
        for index, member in enumerate(value):
            yield from _subschemas(member, (*loc, index))
    if not isinstance(value, dict):
        return
    yield loc, value
    for name, member in value.items():
        if name in _SUBSCHEMAS and isinstance(member, dict):
            for key, part in member.items():
                yield from _subschemas(part, (*loc, name, key))
        elif name not in _DATA:
            yield from _subschemas(member, (*loc, name))
