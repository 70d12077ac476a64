"""Texts compared: words, white space, and lines too long to read."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.texts.fold import fold
from reconciler.render.texts.lines import Line, bracketed, compare_lines, whole
from reconciler.render.values import compact, inert, one_line, pretty, shortened


def diff(before: str, after: str, width: int = 1000) -> list[str]:
    rows = fold(compare_lines(before.split("\n"), after.split("\n")), width)
    return [f"{row.sign} {bracketed(row)}" for row in rows]


def texts(rows: list[Line]) -> list[str]:
    return [row.text for row in rows]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("be quick", "be slow", ["- be [-quick-]", "+ be {+slow+}"]),
        ("a b c d", "a x y d", ["- a [-b c-] d", "+ a {+x y+} d"]),
        ("be kind", "be kind, be brief", ["- be kind", "+ be kind{+, be brief+}"]),
        ("one thing", "quite another", ["- one thing", "+ quite another"]),
        ("a b\nc d", "a b c d", ["- a b", "- c d", "+ a b{+·+}c d"]),
        ("keep this\nold", "keep that\nold\nmore", ["- keep [-this-]", "+ keep {+that+}", "  old", "+ more"]),
    ],
)
def test_changed_words_are_marked(before, after, lines):
    assert diff(before, after) == lines


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a b", "a b ", ["- a·b", "+ a·b{+·+}"]),
        ("a  b", "a b", ["- a[-··-]b", "+ a{+·+}b"]),
        ("a\tb", "a    b", ["- a[-→-]b", "+ a{+····+}b"]),
        ("a b", "a\u00a0b", ["- a[-·-]b", "+ a{+<U+00A0>+}b"]),
        ("a b c", "a b d  ", ["- a b [-c-]", "+ a b {+d··+}"]),
        ("", "  ", ["- ", "+ {+··+}"]),
    ],
)
def test_white_space_that_changed_is_visible(before, after, lines):
    assert diff(before, after) == lines


def test_white_space_of_what_stays_is_not_marked():
    assert diff("\ta  b \nc x", "\ta  b \nc y") == ["      a  b ", "- c [-x-]", "+ c {+y+}"]


def test_a_new_text_shows_its_tabs_and_trailing_spaces():
    assert texts(whole("+", ["a b ", "\tc"], 40)) == ["a b·", "→c"]


def test_texts_too_large_to_compare_word_by_word_are_marked_as_one():
    before, after = ("".join(f" {side}{i} ," for i in range(300)) for side in "ab")
    shared = "and the rest of it " * 3 + "x" * 900

    assert diff(f"{shared}{before} end", f"{shared}{after} end", 10_000) == [
        f"- {shared} [-{before[1:-2]}-] , end",
        f"+ {shared} {{+{after[1:-2]}+}} , end",
    ]


def test_a_very_long_line_is_shown_around_its_changed_words():
    filler = "many words follow here. " * 100

    assert diff(f"{filler}be quick. {filler}", f"{filler}be slow. {filler}", 90) == [
        "- … here. many words follow here. be [-quick-]. many words follow here. many words …",
        "+ … here. many words follow here. be {+slow+}. many words follow here. many words …",
    ]


def test_two_changes_far_apart_show_what_is_next_to_each():
    filler = "many words follow here. " * 20

    assert diff(f"one {filler}red", f"two {filler}blue", 90) == [
        "- [-one-] many words follow here. many words … follow here. many words follow here. [-red-]",
        "+ {+two+} many words follow here. many words … follow here. many words follow here. {+blue+}",
    ]


def test_long_lines_are_wrapped_at_spaces():
    assert texts(fold(whole("+", ["a long line of words", "nospacesatallinhere"], 40), 12)) == [
        "a long ",
        "↪ line of ",
        "↪ words",
        "nospacesat",
        "↪ allinhere",
    ]


def test_marks_survive_wrapping():
    assert diff("a b c d e f", "a b see dee e f", 8) == [
        "- a b [-c -]",
        "- ↪ [-d-] e f",
        "+ a b ",
        "+ ↪ {+see +}",
        "+ ↪ {+dee+} e ",
        "+ ↪ f",
    ]


def test_context_is_cut_short():
    assert diff("a long line of context\nx", "a long line of context\ny", 12)[0] == "  a long line…"


def test_a_line_that_comes_or_goes_is_not_marked():
    assert diff("a\nb", "a\nb\nc") == ["  a", "  b", "+ c"]
    assert diff("a\nb\nc", "a\nb") == ["  a", "  b", "- c"]


def test_a_change_of_one_line_far_away_has_a_short_heading():
    before = [str(i) for i in range(9)]

    assert texts(compare_lines(before, [*before, "more"]))[0] == "@@ -7,3 +7,4 @@"


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
    assert pretty([{"a": "x" * 40, "b": "y" * 40}, [1, 2]]) == [
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


def test_of_long_lines_as_much_is_shown_as_usual_ones_would_take():
    assert texts(whole("+", ["short", "x" * 1_000, "y"], 2)) == ["short", "x" * 395, "607 more characters"]


@given(st.lists(st.sampled_from("abcdef"), max_size=40), st.lists(st.sampled_from("abcdef"), max_size=40))
def test_no_line_that_differs_is_left_out(before, after):
    lines = compare_lines(before, after)
    gone, new = (Counter(line.text for line in lines if line.sign == sign) for sign in "-+")

    assert Counter(before) - gone == Counter(after) - new
    assert sum(gone.values()) - sum(new.values()) == len(before) - len(after)
    assert bool(lines) == (before != after)
