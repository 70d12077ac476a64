"""One encoding of JSON values, for comparing, for digests and for fingerprints.

Python's own `==` will not do: `True == 1`, and `1 == 1.0` while their texts differ.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Final, TypeAlias, Union

Json: TypeAlias = Union[None, bool, int, float, str, "list[Json]", "dict[str, Json]"]
Fields: TypeAlias = Mapping[str, Json]


class Absent(Enum):
    """The type of `ABSENT`: not there at all, which differs from null."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT
_SHORT: Final = 60
_ENCODER: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False)


def plain(value: Json) -> Json:
    """The same value with every integral float as an integer."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {key: plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value


def encode(value: Json | Absent) -> str:
    """The one text that equal values share and different values do not."""
    if isinstance(value, Absent):
        return "absent"
    if value is None:  # as most fields are
        return "null"
    text = _ENCODER.encode(value)
    if isinstance(value, str) or not (".0" in text or "e+" in text):  # as an integral float has, `1.0` or `1e+16`
        return text
    return _ENCODER.encode(plain(value))


def equal(one: Json | Absent, other: Json | Absent) -> bool:
    """Whether two JSON values mean the same."""
    if one is other:
        return True
    if isinstance(one, dict) and isinstance(other, dict) and (len(one) != len(other) or one.keys() == other.keys()):
        return len(one) == len(other) and all(equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, str) and isinstance(other, str) and one.isascii() and other.isascii():
        return one == other
    return encode(one) == encode(other)  # as halves of a character are what they make up


def digest(value: Json | Absent, length: int = 16) -> str:
    """The first characters of a SHA-256 over the canonical encoding, in URL-safe base64."""
    text = encode(value)
    return (_short_digest if len(text) <= _SHORT else _digest)(text)[:length]


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()


_short_digest: Final = lru_cache(maxsize=1000)(_digest)
"""What is short is asked for again and again: null, the defaults, paths."""
