"""A merge patch says exactly what differs, or that it cannot."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import Json, equal
from reconciler.source import merge_patch, merged, parse, plain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("before", "after", "patch"),
    [
        ({"a": 1, "b": {"c": 1, "d": 2}}, {"a": 1, "b": {"c": 1, "d": 3}}, {"b": {"d": 3}}),
        ({"a": 1}, {"b": {}}, {"a": None, "b": {}}),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}),
        ({"a": {"default": None}}, {"a": {"default": None, "b": 1}}, {"a": {"b": 1}}),
        ({"a": {"default": None}}, {"a": {}}, {"a": {"default": None}}),
        ({"a": True}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {"a": None}, None),
        ({}, {"a": {"b": None}}, None),
        ({"a": 1}, {"a": 1}, {}),
    ],
)
def test_a_patch_is_the_smallest_or_none(before: Json, after: Json, patch: Json) -> None:
    assert merge_patch(before, after) == patch


@pytest.mark.no_cover
@given(JSON, JSON)
def test_a_patch_makes_one_of_the_other(before: Json, after: Json) -> None:
    patch = merge_patch(before, after)

    if patch is not None:
        base, over = (parse(json.dumps(value), "f", syntax="json").documents[0] for value in (before, patch))
        assert equal(plain(merged(base, over)), after)
