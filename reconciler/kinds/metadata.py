"""The pairs of `metadata`, one of which is the marker's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import WithJsonSchema

from reconciler.canonical import Json
from reconciler.kinds.problems import Loc, Problem, wrong_type

MARKER: Final = "reconciler"
"""The key in `metadata` that is ours."""
_MOST_PAIRS: Final = 15
_LONGEST_KEY: Final = 64
_LONGEST_VALUE: Final = 512

Pairs: TypeAlias = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": _MOST_PAIRS,
            "propertyNames": {"minLength": 1, "maxLength": _LONGEST_KEY},
            "patternProperties": {f"^{MARKER}$": False},
            "additionalProperties": {"type": ["string", "null"], "minLength": 1, "maxLength": _LONGEST_VALUE},
        }
    ),
]
"""The pairs as they are written; null in an environment's patch removes one."""


def filled_pairs(pairs: Mapping[str, Json], body: Any) -> Json:
    """The normal form: an empty value is an absent one."""
    return {key: value for key, value in pairs.items() if value not in (None, "")}


def metadata_problems(pairs: Mapping[str, Json]) -> Iterator[Problem]:
    """Why the API would reject the pairs, or the marker would not fit beside them."""
    count = len(pairs.keys() - {MARKER})
    if count > _MOST_PAIRS:
        message = f"{count} metadata pairs; the API keeps 16, and one of them is the marker."
        yield Problem(("metadata",), "metadata-pairs", message, f"keep {_MOST_PAIRS}")
    for key, value in pairs.items():
        yield from _pair_problems(key, value)


def _pair_problems(key: str, value: Json) -> Iterator[Problem]:
    loc: Loc = ("metadata", key)
    if key == MARKER:
        message = "The metadata key `reconciler` is reserved for the marker."
        yield Problem(loc, "reserved-metadata", message, "choose another name", at_key=True)
    if len(key) > _LONGEST_KEY:
        message = f"A metadata key of {len(key)} characters; the API takes {_LONGEST_KEY}."
        yield Problem(loc, "too-large", message, "shorten it", at_key=True)
    if not key:
        yield Problem(loc, "too-small", "A metadata key without a name.", "name it", at_key=True)
    if not isinstance(value, str):
        yield wrong_type(loc, "text", value)
    elif not value:
        yield Problem(loc, "too-small", "An empty metadata value is an absent one.", "leave the key out")
    elif len(value) > _LONGEST_VALUE:
        message = f"A metadata value of {len(value)} characters; the API takes {_LONGEST_VALUE}."
        yield Problem(loc, "too-large", message, "shorten it, or spread it over two keys")
