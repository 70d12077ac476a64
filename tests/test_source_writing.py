"""YAML that a person would have written, and that reads back as what it was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import Json, equal
from reconciler.source import OneLine, parse, plain, write

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)))
    | st.text(" \n\t#:-|>'\"[]{}ab\u2028\x85", max_size=12)
    | st.lists(st.text(" \t#:-ab\xa0", max_size=30), max_size=12).map(" ".join)
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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("one \ntwo", "a: |-\n  one \n  two\n"),
        ("Sei höflich 🤖\n\tzwei", "a: |-\n  Sei höflich 🤖\n  \tzwei\n"),
        (" in\nout", "a: |2-\n   in\n  out\n"),
        ("one\n", "a: |\n  one\n"),
        ("a\u202e\nb", 'a: "a\\u202E\\nb"\n'),
        ("a\U000e0041", 'a: "a\\U000E0041"\n'),
    ],
)
def test_text_of_several_lines_is_a_block_unless_something_in_it_cannot_be_seen(value: str, text: str) -> None:
    assert write({"a": value}) == text
    assert plain(parse(text, "x.yaml").documents[0]) == {"a": value}


def test_a_key_of_several_lines_is_quoted_and_no_text_poses_as_another() -> None:
    data: Json = {"k\nk": "v\nw", "TEXT0OFx": "TEXT1OFxx", "": [{"b": "1\n2"}]}

    assert plain(parse(write(data), "x.yaml").documents[0]) == data


_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12) | st.text(" \n\tab:-#'\"{?", max_size=10)
_DATA = st.recursive(
    _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_TEXTS, _DATA, max_size=3))
def test_what_is_written_reads_as_it_was(data: dict) -> None:
    assert plain(parse(write(data), "x.yaml").documents[0]) == (data or {})


@pytest.mark.parametrize("odd", ["\u202e", "\u200b", "\x1b[2J", "\ufeff", "\u2028"])
@pytest.mark.parametrize("wrap", [lambda odd: {"a": odd}, lambda odd: {odd: 1}, lambda odd: {"a": [{"b": odd}]}])
def test_nothing_invisible_stands_in_the_open(odd: str, wrap: object) -> None:
    text = write(wrap(odd))  # type: ignore[operator]  # a function of the table

    assert all(character == "\n" or character.isprintable() for character in text)
    assert plain(parse(text, "x.yaml").documents[0]) == wrap(odd)  # type: ignore[operator]


def test_a_mapping_stands_on_one_line_where_that_is_asked_for_and_it_fits() -> None:
    data: Json = {
        "a": OneLine(file="a.md"),
        "b": [OneLine(id="#x", of=1)],
        "c": OneLine(a="x\ny"),
        "d": OneLine(a="x" * 101),
    }

    text = write(data)

    assert text == f"a: {{file: a.md}}\nb:\n  - {{id: '#x', of: 1}}\nc:\n  a: |-\n    x\n    y\nd:\n  a: {'x' * 101}\n"
    assert plain(parse(text, "x.yaml").documents[0]) == data


def test_a_long_line_is_folded_between_words() -> None:
    data: Json = {"a": f"{'word: ' * 30}end", "b": [f"#x  y {'- ' * 60}."], "c": "x" * 120}

    text = write(data)

    assert text.startswith("a: >-\n  word: word:")
    assert all(len(line) <= 100 for line in text.split("\n")[:-2])
    assert "\nb:\n  - >-\n    #x  y - -" in text
    assert text.endswith(f"\nc: {'x' * 120}\n")
    assert plain(parse(text, "x.yaml").documents[0]) == data


@pytest.mark.parametrize("key", ["k\n" * 700, "k " * 700 + "k", "\u202e" * 1200])
def test_a_key_of_any_length_is_read_again(key: str) -> None:
    data: Json = {key: 1, "b": [{key: {key: [1]}}], "c": {key: "x\ny"}}

    assert plain(parse(write(data), "x.yaml").documents[0]) == data


def test_what_others_do_not_read_as_text_is_quoted() -> None:
    data: Json = {"a": "1e3", "b": "0o17", "c": "1e", "d": "1.2.3", "y": "n"}

    assert write(data) == "a: '1e3'\nb: '0o17'\nc: 1e\nd: 1.2.3\n'y': 'n'\n"


def test_what_can_be_seen_is_written_as_it_is() -> None:
    assert write({"name": "Größe → 日本"}) == "name: Größe → 日本\n"


def test_the_same_value_twice_is_written_twice() -> None:
    shared: Json = {"type": "object"}

    assert "&" not in write({"a": shared, "b": shared})
