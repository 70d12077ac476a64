"""Texts compared: sentences, words, white space, lines too long to read, and an edit told in a few words."""

from __future__ import annotations

from time import perf_counter, process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.text_diff import Line, Replacement, bracketed, compare, fold, replacements, whole
from reconciler.render.visible import columns

lively = st.text(alphabet="ab .,:;!?…()\n\t\"'`#[]休。😀\u0301\x1b↪-", max_size=200) | st.text(max_size=60)


def diff(before: str | list[str], after: str | list[str], width: int = 1000) -> list[str]:
    return [f"{row.sign} {bracketed(row)}" for row in fold(compare(before, after), width)]


def texts(rows: list[Line]) -> list[str]:
    return [row.text for row in rows]


# sentences


def test_an_edit_within_a_paragraph_shows_its_sentence_and_not_the_paragraph():
    before = "You answer questions of employees. Use the handbook only. Be brief. Never guess."

    assert diff(before, before.replace("handbook", "wiki")) == [
        "  You answer questions of employees.",
        "- ↪ Use the [-handbook-] only.",
        "+ ↪ Use the {+wiki+} only.",
        "  ↪ Be brief.",
        "  ↪ Never guess.",
    ]


def test_a_sentence_more_is_one_row_wherever_it_stands_in_its_line():
    assert diff("Be brief.\nBe kind.", "Be brief. Never guess.\nBe kind.") == [
        "  Be brief.",
        "+ ↪ Never guess.",
        "  Be kind.",
    ]
    assert diff("Be brief.\nBe kind.", "Never guess. Be brief.\nBe kind.") == [
        "+ Never guess.",
        "  ↪ Be brief.",
        "  Be kind.",
    ]
    assert diff("Be brief. Be kind.", "Be brief.") == ["  Be brief.", "- ↪ Be kind."]


def test_a_line_end_that_comes_or_goes_is_a_change():
    assert diff("Be brief. Be kind.", "Be brief.\nBe kind.") == ["  Be brief.", "- ↪ Be·kind.", "+ Be·kind."]
    assert diff("Be brief. Be kind.", "Be brief.\nBe fair.") == ["  Be brief.", "- ↪ Be [-kind-].", "+ Be {+fair+}."]
    assert diff("One two.\n\nThree.", "One two.\nThree.") == ["  One two.", "- ", "  Three."]


@pytest.mark.parametrize(
    "sentence",
    [
        "2. Answer from the handbook.",
        "  - 10. Answer.",
        "a. Answer from it.",
        "IV. Scope of it.",
        "**3.** Answer.",
        "Steps: 10. Answer.",
        "# 1. Scope.",
        "1) Answer.",
        "Ask Mr. Smith.",
        "Ask for one, e.g. Monday.",
        "Ask for a receipt, e.g. a photo of it.",
        "See No. 5 of it.",
        "See (cf. Article 3).",
        "Do this: 1. Check.",
        "Siehe z.B. Seite 3.",
        "См. т. е. это.",
        "Wait … for it.",
    ],
)
def test_the_number_of_an_item_and_what_is_shortened_end_no_sentence(sentence):
    assert diff(f"{sentence} Go on.", f"{sentence} Stop.") == [f"  {sentence}", "- ↪ Go on.", "+ ↪ Stop."]


def test_items_within_a_line_and_sentences_without_spaces_are_compared_one_by_one():
    assert diff("Steps: 1. Check. 2. Verify.", "Steps: 1. Check. 2. Ask.") == [
        "  Steps: 1. Check.",
        "- ↪ 2. Verify.",
        "+ ↪ 2. Ask.",
    ]
    assert diff("休暇に答えます。短く答えます。", "休暇に答えます。長く答えます。") == [
        "  休暇に答えます。",
        "- ↪ 短く答えます。",
        "+ ↪ 長く答えます。",
    ]


def test_a_structure_is_compared_by_its_lines():
    assert diff(["A. B c.", "D."], ["A. B d.", "D."]) == ["- A. B [-c-].", "+ A. B {+d+}.", "  D."]


# words


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("be quick", "be slow", ["- be [-quick-]", "+ be {+slow+}"]),
        ("a b c d", "a x y d", ["- a [-b c-] d", "+ a {+x y+} d"]),
        ("be kind", "be kind, be brief", ["- be kind", "+ be kind{+, be brief+}"]),
        ("one thing", "quite another", ["- one thing", "+ quite another"]),
        ("a b\nc d", "a b c d", ["- a b", "- c d", "+ a b{+·+}c d"]),
        ("keep this\nold", "keep that\nold\nmore", ["- keep [-this-]", "+ keep {+that+}", "  old", "+ more"]),
        ("a\nb", "a\nb\nc", ["  a", "  b", "+ c"]),
        ("a\nb\nc", "a\nb", ["  a", "  b", "- c"]),
    ],
)
def test_changed_words_are_marked(before, after, lines):
    assert diff(before, after) == lines


def test_texts_too_large_to_compare_word_by_word_are_marked_as_one():
    before, after = ("".join(f" {side}{i} ," for i in range(300)) for side in "ab")
    shared = "and the rest of it " * 3 + "x" * 900

    assert diff(f"{shared}{before} end", f"{shared}{after} end", 10_000) == [
        f"- {shared} [-{before[1:-2]}-] , end",
        f"+ {shared} {{+{after[1:-2]}+}} , end",
    ]


# white space


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a b", "a b ", ["- a·b", "+ a·b{+·+}"]),
        ("a  b", "a b", ["- a[-··-]b", "+ a{+·+}b"]),
        ("a\tb", "a    b", ["- a[-→-]b", "+ a{+····+}b"]),
        ("a b", "a\u00a0b", ["- a[-·-]b", "+ a{+<U+00A0>+}b"]),
        ("a b c", "a b d  ", ["- a b [-c-]", "+ a b {+d··+}"]),
        ("", "  ", ["- ", "+ {+··+}"]),
        ("Ja.  Be kind.", "Ja. Be kind.", ["- Ja.[-·-]", "+ Ja.", "  ↪ Be kind."]),
        ("はい。短く。", "はい。 短く。", ["- はい。", "- ↪ 短く。", "+ はい。{+·+}短く。"]),
    ],
)
def test_white_space_that_changed_is_visible(before, after, lines):
    assert diff(before, after) == lines


def test_white_space_of_what_stays_is_not_marked():
    assert diff("\ta  b \nc x", "\ta  b \nc y") == ["      a  b ", "- c [-x-]", "+ c {+y+}"]


def test_letters_that_look_alike_are_told_apart():
    assert diff("Cafe\u0301. Das.", "Caf\u00e9. Das.") == ["- Cafe<U+0301>.", "+ Caf<U+00E9>.", "  ↪ Das."]
    assert diff("Cafe\u0301. Das.", "Caf\u00e9s. Das.") == ["- Cafe\u0301.", "+ Caf\u00e9s.", "  ↪ Das."]


def test_a_sign_of_ours_within_the_text_is_shown_as_what_it_is():
    assert diff("a", "a\n↪ b") == ["  a", "+ <U+21AA> b"]


# what is left out


def test_an_edit_is_shown_with_three_rows_around_it_and_with_its_line():
    before = "\n".join(f"Line {i} of it" for i in range(1, 20))

    assert diff(before, before.replace("10 of", "ten of")) == [
        "@ @@ line 7 @@",
        *(f"  Line {i} of it" for i in (7, 8, 9)),
        "- Line [-10-] of it",
        "+ Line {+ten+} of it",
        *(f"  Line {i} of it" for i in (11, 12, 13)),
    ]


def test_edits_far_apart_are_headed_one_by_one():
    before = "\n".join(f"Line {i} of it" for i in range(1, 30))
    after = before.replace("2 of it\nLine 3", "two\nLine 3").replace("28 of", "x of")

    assert [row for row in diff(before, after) if row.startswith("@")] == ["@ @@ line 25 @@"]


def test_every_row_of_both_can_be_had():
    before = "\n".join(f"Line {i}" for i in range(20))

    assert len(compare(before, before + "\nmore", context=None)) == 21


@pytest.mark.parametrize("first", [0, 1, 3, 4, 5, 20])
def test_lines_far_from_every_change_are_left_out_but_counted(first):
    before = [f"Line {i}. It says so." for i in range(40)]
    after = [*before[:first], "Line x. It says so.", *before[first + 1 :]]
    rows = compare("\n".join(before), "\n".join(after), context=None)
    changed = [i for i, row in enumerate(rows) if row.sign != " "]
    shown = compare("\n".join(before), "\n".join(after))

    assert [row for row in shown if row.sign != "@"] == rows[max(changed[0] - 3, 0) : changed[-1] + 4]
    assert [row.text for row in shown if row.sign == "@"] == ([f"@@ line {first - 2} @@"] if first > 3 else [])


def test_of_texts_longer_than_any_api_takes_the_beginning_is_compared_and_that_is_said():
    remark = "… only the first 300,000 characters are compared"

    assert diff("x " * 150_000 + "a", "x " * 150_000 + "b") == [remark]
    assert diff(["a", "x" * 300_000], ["b", "x" * 300_000]) == [remark, "- a", "+ b", f"  {'x' * 999}…"]


def test_a_text_of_one_side_is_shown_up_to_a_limit():
    assert [f"{row.sign} {row.text}" for row in whole("+", "a b \n\tc\nd", 2)] == ["+ a b·", "+ →c", "… 1 more line"]
    assert texts(whole("-", ["a", "b"], 5)) == ["a", "b"]
    assert whole("-", "\n" * 5, 2)[-1].text == "4 more lines"
    assert whole("+", [], 5) == []


def test_of_long_lines_as_much_is_shown_as_usual_ones_would_take():
    assert texts(whole("+", ["short", "x" * 1_000, "y"], 2)) == ["short", "x" * 394, "608 more characters"]
    assert texts(whole("+", ["x" * 600, "y", "z"], 3)) == ["x" * 600, "4 more characters"]


# long lines


def test_a_very_long_line_is_shown_around_its_changed_words():
    filler = "many words follow here, " * 100

    assert diff(f"{filler}be quick, {filler}", f"{filler}be slow, {filler}", 90) == [
        "- … here, many words follow here, be [-quick-], many words follow here, many words …",
        "+ … here, many words follow here, be {+slow+}, many words follow here, many words …",
    ]


def test_two_changes_far_apart_show_what_is_next_to_each():
    filler = "many words follow here, " * 20

    assert diff(f"one {filler}red now", f"two {filler}blue now", 90) == [
        "- [-one-] many words follow here, many words … follow here, many words follow here, [-red-] now",
        "+ {+two+} many words follow here, many words … follow here, many words follow here, {+blue+} now",
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


@pytest.mark.parametrize(
    ("width", "context"), [(12, "a long line…"), (11, "a long…"), (22, "a long line of context"), (3, "a…")]
)
def test_context_is_cut_short_between_words(width, context):
    assert diff("a long line of context\nx", "a long line of context\ny", width)[0] == f"  {context}"


def test_context_of_one_word_is_cut_within_it():
    assert diff("  abcdefgh\nx", "  abcdefgh\ny", 8)[0] == "    abcde…"


def test_wide_characters_take_two_columns():
    assert texts(fold(whole("+", "休" * 9, 40), 10)) == ["休" * 4, "↪ " + "休" * 4, "↪ 休"]


# laws


@given(lively, lively)
def test_every_difference_is_shown_and_none_is_made_up(before, after):
    rows = compare(before, after)

    assert bool(rows) == (before != after)
    assert not rows or {"+", "-"} & {row.sign for row in rows}


@given(lively, lively, st.integers(20, 80))
def test_no_row_is_wider_than_the_width(before, after, width):
    assert all(columns(row.text) <= width for row in fold(compare(before, after), width))


few = st.lists(st.sampled_from("abcdefgh"), max_size=14) | st.lists(st.sampled_from("abcdefgh"), max_size=4).map(
    lambda letters: letters * 80
)


@given(few, few)
def test_rows_lead_from_beginning_to_end_on_both_sides(before, after):
    rows = compare(before, after, context=None)

    assert [row.text for row in rows if row.sign in " -"] == before
    assert [row.text for row in rows if row.sign in " +"] == after


# what costs no more than linearly


def same(before: list[str], after: list[str]) -> int:
    begin = perf_counter()
    kept = sum(row.sign == " " for row in compare(before, after, context=None))
    assert perf_counter() - begin < 20
    return kept


@pytest.mark.no_cover
def test_a_thousand_edits_are_found_fast():
    before = [f"line {i}" for i in range(10_000)]

    assert same(before, [f"{line}!" if i % 3 == 0 else line for i, line in enumerate(before)]) == 6_666


def test_what_is_the_same_around_an_edit_costs_next_to_nothing():
    lines = [f"Line {i}. It says so." for i in range(9_000)]
    before, after = "\n".join([*lines, "x", *lines]), "\n".join([*lines, "y", *lines])
    began = process_time()
    for _ in range(20):
        compare(before, after)

    assert process_time() - began < 2


@pytest.mark.no_cover
def test_many_lines_of_few_kinds_are_compared_fast():
    before = [str(i // 2) for i in range(40_000)]

    assert same(before, [f"{line}!" if i % 6 < 2 else line for i, line in enumerate(before)]) == 26_666


def test_many_lines_in_another_order_are_exchanged_but_for_some():
    before = [str(i % 300) for i in range(600)]

    assert same(before, before[::-1]) == 3


def test_a_section_that_moved_far_leaves_the_rest_in_place():
    sections = [[f"# Section {i}", "", *(f"- rule {i}.{k}" for k in range(6)), ""] for i in range(60)]
    before = [line for section in sections for line in section]
    moved = [line for section in [*sections[1:], sections[0]] for line in section]

    assert same(before, moved) == len(before) - len(sections[0])


# an edit in a few words


def test_a_few_words_are_told_with_what_is_around_them():
    assert replacements("Answer from the handbook only.\nBe brief.", "Answer from the wiki only.\nBe brief.") == (
        Replacement("Answer from the ", "handbook", "wiki", " only."),
    )


def test_what_is_around_is_cut_at_words():
    before = "You help people who ask about policies and holidays: never tell a lie to anybody who asks you about it."

    assert replacements(before, before.replace("lie", "joke")) == (
        Replacement("… policies and holidays: never tell a ", "lie", "joke", " to anybody who asks you about it."),
    )


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("a big dog ran", "a small cat ran", [("big dog", "small cat")]),
        ("a b", "a\nb", [("·", "↵")]),
        ("5 €", "5\u00a0€", [("·", "<U+00A0>")]),
        ("Be brief.", "Be brief.\nBe kind.", [("", "↵ Be kind.")]),
        ("a, then b and more of it, then c", "b, then b and more of it, then d", [("a", "b"), ("c", "d")]),
    ],
)
def test_words_next_to_each_other_are_one_replacement_and_white_space_alone_is_visible(before, after, words):
    assert [(edit.removed, edit.added) for edit in replacements(before, after)] == words


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x", "y " * 100),
        ("a b c d e f g h i j k l m n o p", "a X c d e Y g h i Z k l m W o p"),
        ("word " * 400, "term " * 400),
        ("same", "same"),
    ],
    ids=["long", "many", "everything", "nothing"],
)
def test_what_takes_more_than_that_is_left_to_the_diff(before, after):
    assert replacements(before, after) == ()


# words too long to read


def test_of_an_edit_in_a_very_long_word_only_what_is_around_it_is_shown():
    before = "A" * 50_000 + "x" + "B" * 50_000
    head, tail = f"…{'A' * 40}", f"{'B' * 40}…"

    assert diff(before, before.replace("x", "YZ"), width=100) == [f"- {head}[-x-]{tail}", f"+ {head}{{+YZ+}}{tail}"]
    assert [(edit.removed, edit.added) for edit in replacements(before, before.replace("x", "YZ"))] == [("x", "YZ")]


def test_a_very_long_word_that_grows_is_cut_where_it_grows():
    assert replacements("A" * 100, "A" * 100 + "b")[0].added == "b"
    assert [edit.removed for edit in replacements("A" * 100 + "b", "A" * 100)] == ["b"]
