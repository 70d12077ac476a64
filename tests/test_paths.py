"""Paths are read and written in one grammar, and reach into values that may be anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import ABSENT, Absent, Json
from reconciler.paths import BadPath, Path, at, put, read, show, without


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("temperature",), "temperature"),
        (("tools", "functions", "look_up-2"), "tools.functions.look_up-2"),
        (("metadata", "last eval"), 'metadata["last eval"]'),
        (("metadata", "a.b", "c"), 'metadata["a.b"].c'),
        (("a b",), '["a b"]'),
        (("a b", "c"), '["a b"].c'),
        (("metadata", ""), 'metadata[""]'),
        (("metadata", 'say "hi" \\ bye'), r'metadata["say \"hi\" \\ bye"]'),
        (("metadata", "a\nb]"), r'metadata["a\nb]"]'),
        (("metadata", "ключ"), 'metadata["ключ"]'),
        (("1", "2"), "1.2"),
    ],
)
def test_a_path_is_shown_and_read_alike(path: Path, text: str) -> None:
    assert show(path) == text
    assert read(text) == path


@given(st.lists(st.text(max_size=6), min_size=1, max_size=5).map(tuple))
def test_what_is_shown_reads_as_it_was(path: Path) -> None:
    assert read(show(path)) == path


def path_or_nothing(text: str) -> Path | None:
    try:
        return read(text)
    except BadPath:
        return None


@given(st.text(alphabet='ab.[]"\\ \n', max_size=10))
def test_any_text_is_a_path_or_a_bad_one(text: str) -> None:
    path = path_or_nothing(text)

    assert path is None or read(show(path)) == path


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        ".a",
        "a.",
        "a..b",
        "a b",
        "a[0]",
        "a['b']",
        'a["b"',
        'a["b"]c',
        'a.["b"]',
        r'a["\x"]',
        'a["\n"]',
        "a[]",
        "a[b]",
        "ключ",
        " a",
        "a\n",
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(BadPath):
        read(text)


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        (("a",), {"c": [1]}),
        (("a", "b"), {"a": {}, "c": [1]}),
        (("a", "x"), {"a": {"b": None}, "c": [1]}),
        (("x",), {"a": {"b": None}, "c": [1]}),
        (("c", "0"), {"a": {"b": None}, "c": [1]}),
        ((), {"a": {"b": None}, "c": [1]}),
    ],
)
def test_without_takes_away_what_stands_at_the_path(path: Path, rest: Json) -> None:
    value: Json = {"a": {"b": None}, "c": [1]}

    assert without(value, path) == rest
    assert value == {"a": {"b": None}, "c": [1]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("a", "b"), None),
        (("a",), {"b": None}),
        ((), {"a": {"b": None}}),
        (("a", "x"), ABSENT),
        (("a", "b", "c"), ABSENT),
    ],
)
def test_at_tells_null_from_nothing(path: Path, found: Json | Absent) -> None:
    assert at({"a": {"b": None}}, path) == found


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ((), 7),
        (("a",), {"a": 7}),
        (("x",), {"a": {"b": 1}, "x": 7}),
        (("a", "b"), {"a": {"b": 7}}),
        (("a", "x"), {"a": {"b": 1, "x": 7}}),
        (("x", "y"), {"a": {"b": 1}}),
        (("a", "b", "c"), {"a": {"b": 1}}),
    ],
)
def test_put_sets_the_member_where_its_parents_are(path: Path, after: Json) -> None:
    assert put({"a": {"b": 1}}, path, 7) == after
