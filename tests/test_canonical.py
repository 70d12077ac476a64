"""One encoding of JSON values: equal values share it, different values do not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import ABSENT, Absent, Json, digest, encode, equal, plain

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (0, -0.0),
        (10**22, 1e22),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
        ([{"x": [1.0]}], [{"x": [1]}]),
        ("é", "\u00e9"),
        ("\ud83d\ude00", "\U0001f600"),
        ({"\ud83d\ude00": 1}, {"\U0001f600": 1.0}),
        (ABSENT, ABSENT),
    ],
)
def test_values_that_mean_the_same_are_equal(one: Json | Absent, other: Json | Absent) -> None:
    assert equal(one, other)
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (True, 1),
        (False, 0),
        (None, ABSENT),
        ("absent", ABSENT),
        (None, ""),
        (None, "null"),
        (1, "1"),
        (1, 1.5),
        (2**53 + 1, float(2**53)),
        ([1, 2], [2, 1]),
        ([], {}),
        ({"a": None}, {}),
        ([True], [1]),
        ([1], [1, 1]),
        ({"a": {"b": False}}, {"a": {"b": 0}}),
        ("é", "e\u0301"),
    ],
)
def test_values_that_differ_are_not_equal(one: Json | Absent, other: Json | Absent) -> None:
    assert not equal(one, other)
    assert digest(one) != digest(other)


def kinds_apart(value: Json) -> Json:
    """The value with every scalar beside the name of its JSON type, so that Python's own `==` will do."""
    match value:
        case bool() | str() | None:
            return [type(value).__name__, value]
        case int() | float():
            return ["number", value]
        case list():
            return ["list", *map(kinds_apart, value)]
        case dict():
            return {key: kinds_apart(member) for key, member in value.items()}


@given(VALUES, VALUES)
def test_encodings_are_equal_exactly_where_the_values_are(one: Json, other: Json) -> None:
    assert equal(one, other) == (kinds_apart(one) == kinds_apart(other))


@given(VALUES)
def test_an_encoding_is_json_for_the_same_value(value: Json) -> None:
    assert equal(json.loads(encode(value)), value)
    assert encode(json.loads(encode(value))) == encode(value)


@given(st.dictionaries(st.text(), SCALARS, max_size=5))
def test_the_order_of_keys_does_not_matter(value: dict[str, Json]) -> None:
    assert encode(value) == encode(dict(reversed(value.items())))


def test_plain_leaves_what_is_no_whole_number() -> None:
    assert json.dumps(plain({"a": [1.0, 1.5, True, None, "1.0"]})) == '{"a": [1, 1.5, true, null, "1.0"]}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_does_not_have_has_no_encoding(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(value)


@pytest.mark.parametrize("length", [4, 6, 16, 43])
def test_a_digest_has_the_length_asked_for_and_is_safe_in_a_url(length: int) -> None:
    found = digest({"a": ["\ud83d", "\U0001f600"]}, length)

    assert len(found) == length
    assert set(found) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_digest_never_changes() -> None:
    assert encode({"b": [1.0, None], "a": "é"}) == r'{"a":"\u00e9","b":[1,null]}'
    assert digest({"b": [1.0, None], "a": "é"}) == "mxC-3OZOhqJ1VAJh"
