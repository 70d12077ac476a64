"""YAML that a person would have written, and that reads back as what it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import Json, equal
from reconciler.source import parse, plain, write

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)))
    | st.text(" \n\t#:-|>'\"[]{}ab\u2028\x85", max_size=12)
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.text("k", min_size=125), inner)
    ),
    max_leaves=8,
)


@given(ANYTHING)
def test_what_is_written_reads_back_the_same(value: Json) -> None:
    text = write({"key": value})

    parsed = parse(text, "x.yaml")

    assert parsed.faults == ()
    assert equal(plain(parsed.documents[0]), {"key": value}), text


@pytest.mark.parametrize(
    "word", ["no", "on", "null", "~", "1", "1.5", "0o17", "1_000", "12:30", "2024-01-01", "<<", "=", "", " x ", "1e3"]
)
def test_text_that_looks_like_something_else_stays_text(word: str) -> None:
    (document,) = parse(write({word: [word]}), "x.yaml").documents

    assert plain(document) == {word: [word]}


def test_long_text_is_a_block_as_a_person_would_write_it() -> None:
    prompt = "You help employees.\n\n  - indented\nBe brief."

    assert write({"name": "HR", "instructions": prompt, "tools": [{"type": "file_search"}]}) == (
        "name: HR\n"
        "instructions: |-\n"
        "  You help employees.\n"
        "\n"
        "    - indented\n"
        "  Be brief.\n"
        "tools:\n"
        "  - type: file_search\n"
    )


def test_text_whose_lines_end_in_space_shows_them() -> None:
    text = write({"a": "one \ntwo"})

    assert "|" not in text
    assert plain(parse(text, "x.yaml").documents[0]) == {"a": "one \ntwo"}


@pytest.mark.parametrize("odd", ["\u202e", "\u200b", "\x1b[2J", "\ufeff", "\u2028"])
@pytest.mark.parametrize("wrap", [lambda odd: {"a": odd}, lambda odd: {odd: 1}, lambda odd: {"a": [{"b": odd}]}])
def test_nothing_invisible_stands_in_the_open(odd: str, wrap: object) -> None:
    text = write(wrap(odd))  # type: ignore[operator]  # a function of the table

    assert all(character == "\n" or character.isprintable() for character in text)
    assert plain(parse(text, "x.yaml").documents[0]) == wrap(odd)  # type: ignore[operator]


def test_what_can_be_seen_is_written_as_it_is() -> None:
    assert write({"name": "Größe → 日本"}) == "name: Größe → 日本\n"


def test_the_same_value_twice_is_written_twice() -> None:
    shared: Json = {"type": "object"}

    assert "&" not in write({"a": shared, "b": shared})
