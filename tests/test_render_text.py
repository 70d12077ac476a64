"""A plan for a terminal, as a person reads it: whole texts."""

from __future__ import annotations

import re
from dataclasses import replace
from time import process_time

import pytest

from reconciler.model import Meaning, Plan
from reconciler.paths import read as path
from reconciler.render import FORMATS, Style, document
from support.render_plans import (
    WHERE,
    adopt,
    create,
    delete,
    field,
    forget,
    lookalike,
    mark,
    merging,
    plan,
    rename,
    update,
)

PROMPT = "# Role\nYou are kind.\n\nYou answer quickly.\nYou never lie.\n\nSign with\tACME."


def text(of: Plan, style: Style | None = None) -> str:
    return FORMATS["text"](document(of), style or Style())


def body(of: Plan, style: Style | None = None) -> str:
    """What is between the verdict and the closing lines."""
    return text(of, style).split("\n\n", 2)[2].rsplit("\n\n", 1)[0]


def last_line(of: Plan) -> str:
    return text(of).splitlines()[-1]


def test_nothing_to_do_says_where_and_that_nothing_will_change():
    assert (
        text(plan(unchanged=14, unmanaged=3))
        == """\
production (openai, https://api.example.com/v1, project proj_x), stack acme

14 unchanged, 3 unmanaged.
No changes. Your agents and assistants match the manifests.
"""
    )


def test_markers_alone_are_no_changes():
    assert text(plan(marks=(mark("x"), mark("y")), unchanged=2)).endswith(
        "2 unchanged, 0 unmanaged.\n2 markers will be refreshed.\nNo changes. Your assistants match the manifests.\n"
    )


def test_a_plan_of_everything_reads_as_a_whole():
    whole = plan(
        create("new", field("name", after="New"), field("temperature", after=0.0)),
        update(
            "hr",
            field("model", "gpt-4o", "gpt-4.1"),
            field("instructions", PROMPT, PROMPT.replace("quickly", "slowly"), "drift"),
            field("metadata.owner", "anna", cause="conflict"),
            field("tools.file_search", after={}),
            hidden=9,
        ),
        adopt("tutor"),
        rename("reviewer", "critic"),
        forget("old"),
        delete("gone", field("name", "Old one"), field("model", "gpt-4o"), field("temperature", 1)),
        marks=(mark("x"),),
        objections=(lookalike("new"),),
        notes=("1 copy is left alone: asst_c",),
        unchanged=14,
        unmanaged=3,
    )

    assert (
        text(whole)
        == """\
production (openai, https://api.example.com/v1, project proj_x), stack acme

1 blocked (possible-duplicate). Will apply: 1 deletion, 1 conflict, 1 prompt
  changed, and more

  + new       blocked · create
  - gone      delete for good: Old one, gpt-4o
  ~ hr        metadata.owner removed (conflict), prompt: quickly → slowly
              (drift), model gpt-4o → gpt-4.1, tools.file_search added
  . old       forget, do not delete
  > reviewer  rename: was critic
  = tutor     adopt

  + assistant.new will be created (assistants/new.yaml:1)
      blocked: possible-duplicate
      + name         "New"
      + temperature  0

  - assistant.gone will be destroyed (asst_gone)
      - name         "Old one"
      - model        "gpt-4o"
      - temperature  1

  ~ assistant.hr will be updated in-place (assistants/hr.yaml:1, asst_hr)
      # conflict: changed in Git and outside it since the last apply
      # drift: changed outside Git; apply puts it back, pull takes it into Git
      # the rest: edited in Git
      ~ instructions  # drift
            │ # Role
            │ You are kind.
            │
          - │ You answer [-quickly-].
          + │ You answer {+slowly+}.
            │ You never lie.
            │
            │ Sign with    ACME.
      ~ model              "gpt-4o" -> "gpt-4.1"
      - metadata.owner     "anna"  # conflict
      + tools.file_search  {}
      # (9 unchanged fields hidden)

  . assistant.old will be forgotten, not destroyed (asst_old)
  > assistant.reviewer will be renamed, was critic
      (assistants/reviewer.yaml:1, asst_reviewer)
  = assistant.tutor will be adopted (assistants/tutor.yaml:1, asst_tutor)

Objection (possible-duplicate) assistant.new: asst_9 has this name
  set `id: asst_9`
  (--allow possible-duplicate overrides it)

Note: 1 copy is left alone: asst_c

14 unchanged, 3 unmanaged.
1 marker will be refreshed.
Plan: 1 to import, 1 to add, 2 to change, 1 to destroy, 1 to forget.
"""
    )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ((create("a"), update("b"), update("c")), "Plan: 1 to add, 2 to change, 0 to destroy."),
        ((adopt("a"), update("b")), "Plan: 1 to import, 0 to add, 1 to change, 0 to destroy."),
        ((adopt("a", field("name", "b", "c")),), "Plan: 1 to import, 0 to add, 1 to change, 0 to destroy."),
        ((forget("a"),), "Plan: 0 to add, 0 to change, 0 to destroy, 1 to forget."),
        ((rename("a", "b"), delete("c")), "Plan: 0 to add, 1 to change, 1 to destroy."),
    ],
)
def test_the_last_line_is_terraforms_to_the_byte(changes, line):
    assert last_line(plan(*changes)) == line


def test_a_standing_objection_never_reads_as_no_changes():
    assert last_line(plan(objections=(lookalike("x"),))) == "Plan: 0 to add, 0 to change, 0 to destroy."


def test_an_allowed_objection_says_so_and_holds_nothing_back():
    whole = plan(create("x"), objections=(lookalike("x", allowed=True, remedy=""),))

    assert (
        body(whole)
        == """\
  + assistant.x will be created (assistants/x.yaml:1)

Allowed (possible-duplicate) assistant.x: asst_9 has this name
  (allowed by --allow possible-duplicate)"""
    )


def test_an_objection_to_everything_has_no_address():
    everything = replace(lookalike("x"), address=None, message="no manifests:\nnothing at all")

    assert body(plan(objections=(everything,))) == (
        "Objection (possible-duplicate): no manifests:\n"
        "  nothing at all\n"
        "  set `id: asst_9`\n"
        "  (--allow possible-duplicate overrides it)"
    )


def test_a_selection_says_that_it_is_one():
    assert "Only what was selected: the whole plan may hold more.\n" in text(plan(create("x"), selected=True))


def test_an_import_that_changes_fields_is_shown_as_an_update():
    assert (
        body(plan(adopt("x", field("temperature", 1, 0, "adoption"))))
        == """\
  ~ assistant.x will be adopted and updated in-place
      (assistants/x.yaml:1, asst_x)
      ~ temperature  1 -> 0"""
    )


def test_a_change_names_the_stack_it_comes_from():
    moved = replace(rename("x", "y"), previous_stack="old", desired=None)

    assert body(plan(moved)) == "  > assistant.x will be renamed, was y, of the stack old (asst_x)"


def test_a_place_without_a_line_is_the_file():
    whole_file = adopt("x")
    assert whole_file.desired
    place = replace(whole_file.desired.place, line=0)
    whole_file = replace(whole_file, desired=replace(whole_file.desired, place=place))

    assert body(plan(whole_file)) == "  = assistant.x will be adopted (assistants/x.yaml, asst_x)"


def test_a_new_prompt_is_shown_up_to_forty_lines():
    prompt = "\n".join(f"Rule {i}" for i in range(1, 42))

    assert body(plan(create("x", field("instructions", after=prompt)))).endswith(
        "          + │ Rule 39\n          + │ Rule 40\n          … 1 more line"
    )


def test_a_far_away_change_is_headed_by_where_it_is():
    before = "\n".join(f"line {i}" for i in range(1, 20))

    assert (
        body(plan(update("x", field("instructions", before, before.replace("line 10\n", "line ten\n")))))
        == """\
  ~ assistant.x will be updated in-place (assistants/x.yaml:1, asst_x)
      ~ instructions
          @@ line 7 @@
            │ line 7
            │ line 8
            │ line 9
          - │ line [-10-]
          + │ line {+ten+}
            │ line 11
            │ line 12
            │ line 13"""
    )


def test_tools_of_a_new_assistant_are_shown_by_name():
    parameters = {"type": "object", "properties": {"n": {"type": "integer", "description": "Number of it"}}}
    tools = {"file_search": {}, "functions": {"look up": {"description": "Find it", "parameters": parameters}}}

    assert (
        body(plan(create("x", field("tools", after=tools))))
        == """\
  + assistant.x will be created (assistants/x.yaml:1)
      + tools.file_search  {}
      Function look up
        + description  "Find it"
        Schema as JSON:
              + │ {
              + │   "properties": {
              + │     "n": {"description": "Number of it", "type": "integer"}
              + │   }
              + │   "type": "object"
              + │ }"""
    )


def test_a_text_that_becomes_a_structure_stands_in_quotes():
    schema = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": True}}

    assert (
        body(plan(update("x", field("response_format", "auto", schema))))
        == """\
  ~ assistant.x will be updated in-place (assistants/x.yaml:1, asst_x)
      ~ response_format
          - │ "auto"
          + │ {
          + │   "json_schema": {
          + │     "name": "answer"
          + │     "schema": {"type": "object"}
          + │     "strict": true
          + │   }
          + │   "type": "json_schema"
          + │ }"""
    )


def test_what_merging_leaves_stands_below_and_an_empty_part_is_no_all_clear():
    left = text(merging(rest=(update("hr", field("name", "a", "b", "conflict")),), rest_objections=(lookalike("hr"),)))

    assert "Merging does this: nothing.\n\nNot done by merging:\n" in left
    assert "\n  Blocked (possible-duplicate): assistant.hr: asst_9 has this name\n" in left
    assert left.splitlines()[-1] == "Plan: 0 to add, 0 to change, 0 to destroy."
    assert text(merging()).splitlines()[-1] == "No changes. Your agents and assistants match the manifests."


def test_organization_is_part_of_the_address():
    text_ = text(Plan(replace(WHERE, organization="org_1", project=None)))

    assert text_.startswith("production (openai, https://api.example.com/v1, organization org_1), stack acme\n")


def test_colour_adds_nothing_but_colour():
    """But for the brackets around changed words, which colour makes unnecessary."""
    whole = plan(create("x", field("name", after="X")), delete("y"), objections=(lookalike("x"),))
    coloured = text(whole, Style(colour=True))

    assert "\x1b[1;31m-\x1b[0m \x1b[1;31massistant.y\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text(whole)


def test_changed_words_stand_out_by_colour_alone():
    coloured = body(plan(update("x", field("instructions", "a b\nc", "a d\nc"))), Style(colour=True))

    assert "\x1b[31m-\x1b[0m │ \x1b[31ma \x1b[0m\x1b[7;31mb\x1b[0m" in coloured
    assert "[-" not in coloured


def test_one_remedy_for_several_objections_is_shown_once_and_what_is_to_be_pasted_is_not_broken():
    paste = "write under `reconciler:` in assistants/x.yaml: `id: {production: asst_1}`, and so on:\n    id: x"
    shown = text(plan(objections=(lookalike("a", remedy=paste), lookalike("b", remedy=paste))))

    assert shown.count("write under") == 1
    assert "`id: {production: asst_1}`" in shown
    assert "\n      id: x\n" in shown


# many at once, long ones, conflicts

TERMS = "Pay up to 300 EUR.\n- one\n- two"


def test_equal_edits_of_many_are_shown_once_with_who_shares_them():
    shown = text(plan(*(update(f"desk-{i}", field("model", "a", "b")) for i in range(50))))

    assert "\n50 models changed: a → b\n" in shown
    assert len(shown.splitlines()) < 30
    assert all(f"assistant.desk-{i}" in shown for i in range(50))


def test_a_row_names_the_words_that_changed_and_the_signs_of_a_diff_stand_apart_from_those_of_the_text():
    shown = text(plan(update("hr", field("instructions", TERMS, TERMS.replace("300", "500"))), forget("old")))

    assert "1 prompt changed: 300 → 500 EUR, 1 forgotten" in shown
    assert "  ~ hr   prompt: 300 → 500 EUR\n  . old  forget, do not delete\n" in shown
    assert "\n            │ - one\n" in shown


def test_a_long_name_stands_above_what_is_done_to_it():
    shown = body(plan(*(update(f"{'x' * 30}-{key}", field("model", "a", key)) for key in "bc")))

    assert f"  ~ {'x' * 30}-b\n      model a → b\n" in shown


def test_nothing_of_ours_breaks_within_a_word_at_eighty_columns():
    note = "words and more words, " * 20
    shown = text(
        plan(
            *(update(key, field("name", f"{key} " * 25, "z " * 25), field("description", "w " * 25)) for key in "ab"),
            objections=(replace(lookalike("a"), message=note, remedy=note),),
            notes=(note,),
        )
    )

    assert max(map(len, shown.splitlines())) <= 80


def test_values_that_have_no_room_beside_each_other_stand_below_each_other():
    long, longer = "a " * 20, "b " * 20
    shown = body(plan(update("x", field("description", long.strip(), longer.strip()))))

    assert f'      ~ description\n          - │ "{long.strip()}"\n          + │ "{longer.strip()}"' in shown


def test_no_row_of_a_broken_text_is_a_command_and_spaces_count_once():
    note = f"  {'word ' * 13}::error::x  and   more"
    shown = text(plan(notes=(note,)))

    assert "\n  <U+003A>:error::x and more\n" in shown


def test_wide_letters_take_two_columns():
    shown = text(plan(notes=("休暇の質問 " * 20,)))

    assert max(len(line) for line in shown.splitlines() if "休" in line) <= 50


@pytest.mark.no_cover
@pytest.mark.parametrize(("act", "side"), [(create, "after"), (delete, "before")])
def test_the_more_texts_come_or_go_the_less_is_shown_of_each(act, side):
    prompt = "\n".join(f"Line {number}." for number in range(100))
    changes = [act(f"a{number}", field("instructions", **{side: prompt})) for number in range(1_000)]

    assert text(plan(*changes)).count("Line 3.") == 1_000
    assert "Line 4." not in text(plan(*changes))


@pytest.mark.no_cover
def test_a_thousand_functions_are_read_once():
    names = [f"tools.functions.f{number}.parameters" for number in range(1_000)]
    change = update("hr", *(field(f"{name}.required", [], ["x"]) for name in names))
    meanings = tuple((path(name), Meaning("`x` became required", breaking=True)) for name in names)
    began = process_time()

    assert text(plan(replace(change, meanings=meanings))).count("breaking: now requires `x`") == 1_000
    assert process_time() - began < 5
