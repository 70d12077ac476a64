"""Values as a person reads them: inert, on one line, as JSON, as a structure."""

from __future__ import annotations

import pytest

from reconciler.render.values import compact, inert, one_line, shortened, structure


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::error::x", "<U+003A>:error::x"),
        ("a\n  ::error::x", "a\n  <U+003A>:error::x"),
        ("a::b", "a::b"),
        ("a ##[error]", "a <U+0023>#[error]"),
        ("##vso[x]", "<U+0023>#vso[x]"),
        ("## Heading", "## Heading"),
        ("\x1b[2J\u202e\u200b", "<U+001B>[2J<U+202E><U+200B>"),
    ],
)
def test_no_runner_and_no_terminal_obeys_live_text(text, shown):
    assert inert(text) == shown


def test_one_line_is_one_line():
    assert one_line("a\n\tb\r") == "a\\n\\tb<U+000D>"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("ü \n \x1b \\u001b \u202e", '"ü \\n <U+001B> \\\\u001b <U+202E>"'),
        (1.0, "1"),
        ({"b": True, "a": [None]}, '{"a": [null], "b": true}'),
    ],
)
def test_a_value_reads_as_json(value, shown):
    assert compact(value) == shown


def test_short_members_of_a_structure_stay_on_one_line():
    assert structure([{"a": "x" * 40, "b": "y" * 40}, [1, 2]]) == [
        "[",
        "  {",
        f'    "a": "{"x" * 40}"',
        f'    "b": "{"y" * 40}"',
        "  }",
        "  [1, 2]",
        "]",
    ]


def test_what_is_shortened_says_so():
    assert (shortened("abcdef", 6), shortened("abcdefg", 6)) == ("abcdef", "abcde…")
