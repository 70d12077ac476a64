"""Long text in short lines: broken where people pause, compared phrase by phrase, told in a few words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.texts.aligned import aligned
from reconciler.render.texts.hunks import all_of, hunks, rows
from reconciler.render.texts.phrases import END, phrases
from reconciler.render.texts.replacements import Replacement, replacements
from reconciler.render.values import inert
from reconciler.render.verdict.sizes import grown, size

lively = st.text(alphabet="ab .,:;!?…()\n\t\"'`#[]休。😀\u0301\x1b↵-", max_size=200) | st.text(max_size=60)


def shown(before: str, after: str) -> list[str]:
    return [line.text if line.sign == "@" else f"{line.sign} {line.text}" for line in hunks(before, after)]


# phrases


def test_a_sentence_begins_a_line():
    assert phrases("Be brief. Be kind.\n\nNever guess.") == ["Be brief. ", "Be kind.↵", "↵", "Never guess."]


def test_a_long_sentence_breaks_after_a_clause_or_else_at_a_space():
    assert phrases("You help employees with questions about policies, holidays, and parental leave of theirs.") == [
        "You help employees with questions about policies, ",
        "holidays, and parental leave of theirs.",
    ]
    assert phrases("one two three four five", width=15) == ["one two three ", "four five"]


def test_a_word_that_is_too_long_breaks_anywhere():
    assert phrases("ab " + "x" * 12, width=8) == ["ab ", "xxxxxxx", "xxxxx"]


def test_an_abbreviation_before_a_small_letter_is_no_end():
    assert phrases("Ask for a receipt, e.g. a photo of it.") == ["Ask for a receipt, e.g. a photo of it."]


@pytest.mark.parametrize(
    "sentence",
    [
        "2. Answer from the handbook.",
        "  - 10. Answer.",
        "a. Answer from it.",
        "IV. Scope of it.",
        "**3.** Answer.",
        "# 1. Scope.",
        "1) Answer.",
        "Ask Mr. Smith.",
        "Ask for one, e.g. Monday.",
        "See No. 5 of it.",
        "See (cf. Article 3).",
        "Do this: 1. Check.",
        "Siehe z.B. Seite 3.",
        "См. т. е. это.",
    ],
)
def test_the_number_of_an_item_and_what_is_shortened_end_no_sentence(sentence):
    assert phrases(sentence) == [sentence]
    assert phrases(f"{sentence} Then go on.") == [f"{sentence} ", "Then go on."]


def test_items_within_a_line_are_sentences_of_their_own():
    assert phrases("Steps: 1. Check. 2. Verify. 3. Go.") == ["Steps: 1. Check. ", "2. Verify. ", "3. Go."]
    assert phrases("Say no. Then go.") == ["Say no. ", "Then go."]
    assert phrases("A. B. C.") == ["A. ", "B. ", "C."]


@pytest.mark.parametrize(
    "sentence",
    [
        "- Never repeat personal data that the answer does not need.",
        *("x" * n + "." for n in range(55, 64)),
        *("word " * 11 + "x" * n + "." for n in range(10)),
        *("休" * n + "。" for n in range(27, 31)),
    ],
)
def test_what_follows_a_sentence_does_not_move_its_breaks(sentence):
    assert phrases(f"{sentence} And be kind.") == [*phrases(sentence)[:-1], phrases(sentence)[-1] + " ", "And be kind."]
    assert shown(sentence, f"{sentence} And be kind.")[-1] == "+ And be kind."
    assert sum(not row.startswith(" ") for row in shown(sentence, f"{sentence} And be kind.")) == 1


def test_white_space_behind_a_full_row_has_room_of_its_own():
    full = "x" * 58 + "."

    assert phrases(f"{full} \ny") == [full, " ↵", "y"]
    assert phrases(full + " " * 70) == [full, " " * 59, " " * 11]
    assert phrases(" " * 70) == [" " * 59, " " * 11]
    assert phrases("「はい。」と言う。") == ["「はい。」", "と言う。"]


def test_wide_characters_take_two_columns_and_end_sentences_without_a_space():
    assert phrases("休暇に答えます。短く答えます。", width=20) == ["休暇に答えます。", "短く答えます。"]
    assert phrases("休" * 9, width=9) == ["休" * 4, "休" * 4, "休"]


def test_a_sign_of_ours_within_the_text_is_shown_as_what_it_is():
    assert phrases("a↵\nb") == ["a<U+21B5>↵", "b"]


def test_no_line_begins_with_what_a_runner_obeys():
    assert phrases("::error::x") == ["<U+003A>:error::x"]


@given(lively, st.integers(20, 80))
def test_no_line_is_wider_than_the_width_and_nothing_is_dropped(text, width):
    lines = phrases(text, width)
    narrow = [line for line in lines if line.isascii() or line.removesuffix(END).isascii()]

    assert all(len(line.replace("\t", "    ")) <= width for line in narrow)
    assert sum(line.endswith(END) for line in lines) == text.count("\n")
    whole = "".join(line.removesuffix(END) + "\n" * line.endswith(END) for line in lines)
    plain = inert(text).replace(END, "<U+21B5>")
    assert whole.replace("<U+003A>", ":") == plain.replace("<U+003A>", ":")


@given(lively)
def test_a_sentence_reads_the_same_wherever_it_stands(text):
    alone = phrases("Never guess anything that is not in the handbook.")

    assert phrases(f"{text}\nNever guess anything that is not in the handbook.")[-1:] == alone


def test_behind_an_edit_within_a_long_sentence_the_lines_soon_are_the_same_again():
    sentence = (
        "If the employee asks about parental leave then explain the statutory minimum of fourteen weeks and that Acme"
        " adds another six weeks at full pay for every parent who has been with us for at least one year."
    )

    assert shown(sentence, sentence.replace("asks about", "writes to us about"))[:3] == [
        "- If the employee asks about parental leave",
        "+ If the employee writes to us about parental leave",
        "  then explain the statutory minimum",
    ]


# hunks


def test_an_edit_is_shown_with_three_phrases_around_it_and_with_its_line():
    before = "\n".join(f"Line {i}." for i in range(1, 20))

    assert shown(before, before.replace("Line 10.", "Line ten.")) == [
        "@@ line 7 @@",
        *(f"  Line {i}.↵" for i in (7, 8, 9)),
        "- Line 10.↵",
        "+ Line ten.↵",
        *(f"  Line {i}.↵" for i in (11, 12, 13)),
    ]


def test_distant_edits_are_headed_one_by_one():
    before = "\n".join(f"Line {i}." for i in range(1, 30))
    after = before.replace("Line 2.", "Line two.").replace("Line 28.", "Line x.")

    assert [line for line in shown(before, after) if line.startswith("@")] == ["@@ line 25 @@"]


def test_a_sentence_behind_another_adds_one_line():
    assert shown("A. B.\nC.", "A. B. New.\nC.") == ["  A.", "  B.", "+ New.↵", "  C."]
    assert shown("A. B.", "A.") == ["  A.", "- B."]


def test_a_line_that_is_broken_or_joined_is_a_change():
    assert shown("A. B.\nC.", "A.\nB.\nC.") == ["- A.", "+ A.↵", "  B.↵", "  C."]
    assert shown("A. B.", "A.\nC.") == ["- A.", "+ A.↵", "- B.", "+ C."]


def test_white_space_that_differs_is_visible():
    assert shown("a  b", "a b") == ["- a··b", "+ a·b"]
    assert shown("x\ty", "x y") == ["- x→y", "+ x·y"]
    assert shown("x ", "x") == ["- x·", "+ x"]
    assert shown("A.  B.", "A. B.") == ["- A.·", "+ A.", "  B."]
    assert shown("\tx\na", "\tx\nb") == ["      x↵", "- a", "+ b"]


def test_letters_that_look_alike_are_told_apart():
    assert shown("Cafe\u0301. Ö.", "Caf\u00e9. Ö.") == ["- Cafe<U+0301>.", "+ Caf<U+00E9>.", "  Ö."]
    assert shown("Cafe\u0301. Ö.", "Caf\u00e9s. Ö.") == ["- Cafe\u0301.", "+ Caf\u00e9s.", "  Ö."]


def test_spaces_that_look_alike_are_told_apart():
    assert shown("5 €", "5\u00a0€") == ["- 5·€", "+ 5<U+00A0>€"]
    assert replacements("Now: 5 €", "Now: 5\u00a0€")[0].added == "<U+00A0>"
    french = "«\u00a0mot\u00a0» " * 12
    assert all(len(row) <= 60 for row in shown("x", french))


def test_every_phrase_of_both_can_be_had():
    assert [(line.sign, line.text) for line in rows("A. B.", "A. C.")] == [(" ", "A."), ("-", "B."), ("+", "C.")]


def test_nothing_changes_in_equal_texts():
    assert shown("a\nb", "a\nb") == []


@given(lively, lively)
def test_no_difference_that_is_shown_is_hidden_and_none_is_made_up(before, after):
    lines = hunks(before, after)

    assert bool(lines) == (phrases(before) != phrases(after))
    assert {line.sign for line in lines} <= set("+- @")
    assert not lines or {"+", "-"} & {line.sign for line in lines}


def test_a_text_of_one_side_is_shown_up_to_a_limit():
    assert [(line.sign, line.text) for line in all_of("+", "A. B.\nC.", 2)] == [
        ("+", "A."),
        ("+", "B.↵"),
        ("…", "1 more line"),
    ]
    assert [line.text for line in all_of("-", "A. B.", 5)] == ["A.", "B."]
    assert all_of("-", "\n" * 5, 2)[-1].text == "4 more lines"


# which lines stay


few = st.lists(st.sampled_from("abcdefgh"), max_size=14) | st.lists(st.sampled_from("abcdefgh"), max_size=4).map(
    lambda x: x * 80
)


@given(few, few)
def test_blocks_lead_from_beginning_to_end_on_both_sides(one, other):
    blocks = list(aligned(one, other))

    assert [line for _, i, end, _, _ in blocks for line in one[i:end]] == one
    assert [line for _, _, _, j, end in blocks for line in other[j:end]] == other
    assert all(one[i:i_end] == other[j:j_end] for same, i, i_end, j, j_end in blocks if same)
    assert all(here[0] != there[0] for here, there in pairwise(blocks))


def test_what_is_once_in_both_holds_the_rest_in_place():
    assert list(aligned(list("xaxbx"), list("xbx"))) == [(True, 0, 1, 0, 1), (False, 1, 3, 1, 1), (True, 3, 5, 1, 3)]


def test_a_line_that_moved_stays_where_most_of_the_others_are():
    assert list(aligned(list("abc"), list("bca"))) == [(False, 0, 1, 0, 0), (True, 1, 3, 0, 2), (False, 3, 3, 2, 3)]


def test_a_thousand_edits_are_found_fast():
    before = [f"line {i}" for i in range(10_000)]
    after = [f"{line}!" if i % 3 == 0 else line for i, line in enumerate(before)]

    assert sum(same for same, *_ in aligned(before, after)) == 3_333


def test_comparing_many_lines_of_few_kinds_costs_no_more_than_linearly():
    before = [str(i // 2) for i in range(40_000)]
    after = [f"{line}!" if i % 6 < 2 else line for i, line in enumerate(before)]

    assert sum(i_end - i for same, i, i_end, _, _ in aligned(before, after) if same) == 26_666


def test_many_lines_in_another_order_are_exchanged_but_for_some():
    before = [str(i % 300) for i in range(600)]

    assert sum(i_end - i for same, i, i_end, _, _ in aligned(before, before[::-1]) if same) == 2


# replacements


def test_a_few_words_are_told_with_what_is_around_them():
    assert replacements("Answer from the handbook only.\nBe brief.", "Answer from the wiki only.\nBe brief.") == (
        Replacement("Answer from the ", "handbook", "wiki", " only."),
    )


def test_what_is_around_is_cut_at_words():
    before = "You help people who ask about policies and holidays: never tell a lie to anybody who asks you about it."

    assert replacements(before, before.replace("lie", "joke")) == (
        Replacement("… policies and holidays: never tell a ", "lie", "joke", " to anybody who asks you about it."),
    )


def test_words_next_to_each_other_are_one_replacement():
    assert [(one.removed, one.added) for one in replacements("a big dog ran", "a small cat ran")] == [
        ("big dog", "small cat")
    ]


def test_white_space_alone_is_visible():
    assert [(one.removed, one.added) for one in replacements("a b", "a\nb")] == [("·", "↵")]


def test_a_line_break_within_words_is_visible():
    assert replacements("Be brief.", "Be brief.\nBe kind.")[0].added == "↵ Be kind."


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


# sizes


def test_a_size_is_in_words():
    assert size("one") == "1 word"
    assert size("a b") == "2 words"
    assert size("word " * 1204) == "1,204 words"


def test_a_text_without_spaces_is_in_characters():
    assert size("休暇に関する質問に答えます。短く。") == "17 characters"


def test_growth_is_in_words_and_in_characters_where_they_are_as_many():
    assert grown("a b", "a b c") == "+1 word"
    assert grown("a b c", "a") == "-2 words"
    assert grown("ab", "abc") == "+1 character"
    assert grown("a b", "b a") == "same length"
    assert grown(["a", "b"], ["a b", "b c"]) == "+2 words"
