"""Values changed in the texts of people: everything else stays as it is, or nothing is done."""

from __future__ import annotations

import copy
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import ABSENT, Absent, Json, equal
from reconciler.diagnostics import Location
from reconciler.source import Edit, OneLine, edited, parse, plain
from support.yaml_layouts import laid_out, paths, value

Path = tuple[str | int, ...]


def changed(text: str, path: Path, value: Json | Absent, *, document: int = 0, file: str = "a.yaml") -> str | None:
    at = parse(text, file).documents[document].place if file.endswith(".yaml") else Location(file, 1, 1)
    return edited(text, file, at, [Edit(path, value)])


def pinned(text: str, document: int = 0, *, id: str = "agent_1", environment: str = "production") -> str | None:
    return changed(text, ("reconciler", "id", environment), id, document=document)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# HR\nmodel: gpt-4o   # fast\n",
            "# HR\nmodel: gpt-4o   # fast\nreconciler:\n  id: {production: agent_1}\n",
        ),
        ("model: gpt-4o", "model: gpt-4o\nreconciler:\n  id: {production: agent_1}"),
        ("model: a\r\nname: b\r\n", "model: a\r\nname: b\r\nreconciler:\r\n  id: {production: agent_1}\r\n"),
        ("\ufeff  model: a\n", "\ufeff  model: a\n  reconciler:\n    id: {production: agent_1}\n"),
        (
            "model: a\nreconciler:\n  # moved\n  was: [hr]\n\n# end\n",
            "model: a\nreconciler:\n  # moved\n  was: [hr]\n  id: {production: agent_1}\n\n# end\n",
        ),
        (
            "reconciler:\n  id:\n    staging: agent_2  # ours\nmodel: a\n",
            "reconciler:\n  id:\n    staging: agent_2  # ours\n    production: agent_1\nmodel: a\n",
        ),
        (
            "reconciler: {id: {staging: agent_2}}\nmodel: a\n",
            "reconciler: {id: {staging: agent_2, production: agent_1}}\nmodel: a\n",
        ),
        ("reconciler: {}\nmodel: a\n", "reconciler: {id: {production: agent_1}}\nmodel: a\n"),
        (
            "reconciler:  # later\nmodel: a\n",
            "reconciler:  # later\n  id: {production: agent_1}\nmodel: a\n",
        ),
        ("reconciler: {id: , a: 1}\n", "reconciler: {id: {production: agent_1}, a: 1}\n"),
        ("reconciler: {id: {production: }}\n", "reconciler: {id: {production: agent_1}}\n"),
        (
            '{\n  "model": "a"\n}\n',
            '{\n  "model": "a",\n  "reconciler": {"id": {"production": "agent_1"}}\n}\n',
        ),
        (
            "model: a\ninstructions: |+\n  Be kind.\n\n",
            "model: a\ninstructions: |+\n  Be kind.\n\nreconciler:\n  id: {production: agent_1}\n",
        ),
        (
            "model: a\ninstructions: |\n  Be kind.",
            "model: a\ninstructions: |-\n  Be kind.\nreconciler:\n  id: {production: agent_1}",
        ),
        ("a: |+\n  Be kind.", "reconciler:\n  id: {production: agent_1}\na: |+\n  Be kind."),
        ("# nothing yet\n", "# nothing yet\nreconciler:\n  id: {production: agent_1}\n"),
    ],
    ids=[
        "no block",
        "no last newline",
        "windows",
        "indented",
        "a block",
        "another environment",
        "in braces",
        "empty braces",
        "an empty block",
        "an empty id",
        "an empty environment",
        "JSON",
        "a text that keeps its newlines",
        "a text without a newline",
        "a text that would keep one",
        "only a comment",
    ],
)
def test_a_member_is_added_where_people_would_write_it(before: str, after: str) -> None:
    assert pinned(before) == after


def test_of_several_documents_one_is_changed() -> None:
    text = "---\nreconciler: {key: a}\nmodel: a\n--- # two\nreconciler: {key: b}\nmodel: b\n...\n"
    without_block = "model: a\n---\nmodel: b\n---\nmodel: c\n"

    assert pinned(text, 1) == text.replace("{key: b}", "{key: b, id: {production: agent_1}}")
    assert pinned(without_block, 1) == (
        "model: a\n---\nmodel: b\nreconciler:\n  id: {production: agent_1}\n---\nmodel: c\n"
    )


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: 1 # c\n", ("a",), 2.5, "a: 2.5 # c\n"),
        ("a: one  # c\n", ("a",), "two words", "a: two words  # c\n"),
        ("a: one\n", ("a",), "yes", "a: 'yes'\n"),
        ("a: 'one'\n", ("a",), "it's", "a: 'it''s'\n"),
        ("a: 'one'\n", ("a",), "a\u200bb", 'a: "a\\u200Bb"\n'),
        ('a: "one" # c\n', ("a",), "two\nlines", "a: |- # c\n  two\n  lines\n"),
        ("a: [x, {b: 1}]\n", ("a", 1, "b"), "two\nlines", 'a: [x, {b: "two\\nlines"}]\n'),
        ("a: [x, 'b']\n", ("a", 1), "c, d", 'a: [x, "c, d"]\n'),
        ("a: one\n", ("a",), "x" * 70 + " " + "w" * 70, f"a: {'x' * 70} {'w' * 70}\n"),
        ("a: one\n  more # c\nb: 1\n", ("a",), "two", "a: two # c\nb: 1\n"),
        ("a: # c\nb: 1\n", ("a",), "x", "a: x # c\nb: 1\n"),
        ("a:\nb: 1\n", ("a",), "x", "a: x\nb: 1\n"),
        ("a:\n    one # c\n", ("a",), "two\nthree\n", "a: | # c\n  two\n  three\n"),
        ("a: !!str 5\n", ("a",), "x", "a: !!str x\n"),
        ("a: &x 1\nb: 2\n", ("a",), 3, "a: &x 3\nb: 2\n"),
        ("a: &x 1\nb: *x\n", ("b",), 3, "a: &x 1\nb: 3\n"),
        (
            "d: &d {x: 1, w: 2}\na:\n  <<: *d\n  w: 3\n",
            ("a", "x"),
            4,
            "d: &d {x: 1, w: 2}\na:\n  <<: *d\n  w: 3\n  x: 4\n",
        ),
    ],
)
def test_a_value_is_replaced_and_its_quotes_and_comment_stay(before: str, path: Path, value: Json, after: str) -> None:
    assert changed(before, path, value) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: |  # c\n    one\n\n# d\nb: 1\n", "a: |-  # c\n    two\n\n      x\ttab\n\n# d\nb: 1\n"),
        ("a: |+\n  one\n\nb: 1\n", "a: |-\n  two\n\n    x\ttab\nb: 1\n"),
        ("a: &t >-\n  one\n  more", "a: &t |-\n  two\n\n    x\ttab"),
        ("a: |2\n   one\n", "a: |-\n  two\n\n    x\ttab\n"),
        ("a: |\r\n   one\r\n", "a: |-\r\n   two\r\n\r\n     x\ttab\r\n"),
        ("a: |\n\nb: 1\n", "a: |-\n  two\n\n    x\ttab\n\nb: 1\n"),
        ("a:\n  b: 1\n  c: 2 # d\n# e\n", "a: |-\n  two\n\n    x\ttab\n# e\n"),
    ],
)
def test_a_text_is_a_block_as_far_to_the_right_as_before(before: str, after: str) -> None:
    assert changed(before, ("a",), "two\n\n  x\ttab") == after


def test_a_folded_text_of_one_line_stays_folded() -> None:
    assert changed("a: >-\n    one\n    two\n", ("a",), "word " * 25 + "end") == (
        f"a: >-\n    {'word ' * 19}word\n    {'word ' * 5}end\n"
    )
    assert changed("a: >-\n    one\n", ("a",), "x") == "a: >-\n    x\n"


WIDE = "this line of the text is as wide as its others"
PARAGRAPHS = f"""\
a: >+2  # c
  one
  two

  {WIDE}
  {WIDE}
  {WIDE} end


  - a
  - b

b: 1
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("one\n  two", "1"),
        ("one\n", "1\n  one\n"),
        (f"{WIDE}\n  {WIDE} end", "this ends"),
        (f"{WIDE}\n  {WIDE}\n", f"1\n  {WIDE}\n"),
        (f"{WIDE} end", f"{WIDE} end\n  and more"),
        ("- a\n  - b", "- a\n  - c"),
    ],
)
def test_of_a_folded_text_the_lines_stay_that_have_not_changed(old: str, new: str) -> None:
    after = PARAGRAPHS.replace(old, new)
    (value,) = (each.value["a"] for each in parse(after, "a.yaml").documents)  # type: ignore[index]

    assert changed(PARAGRAPHS, ("a",), plain(value)) == after


def test_new_lines_of_a_folded_text_are_as_wide_as_those_before() -> None:
    text = f"one two\n{WIDE} {WIDE} and this sentence is new and goes on to the end\n\n- a - b\n\n"
    new = "and this sentence is new and goes on to the\n  end"

    assert changed(PARAGRAPHS, ("a",), text) == PARAGRAPHS.replace(f"{WIDE} end", new)


@pytest.mark.parametrize("text", ["\nx", "x\n  w", "x ::add-mask", "x ", "w\n\n\tz"])
def test_what_no_folded_text_can_hold_becomes_another_block(text: str) -> None:
    became = changed("a: >-\n    one\n", ("a",), text)

    assert str(became).startswith(("a: |", 'a: "'))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\n", "a: 1\nb:\n  c:\n    d: 1\n    e:\n      - 2\n  f: 3\ng: 4\n"),
        ("b: {c: {}}\n", "b: {c: {d: 1, e: [2]}, f: 3}\ng: 4\n"),
        ("b:\n  x: 1\n", "b:\n  x: 1\n  c:\n    d: 1\n    e:\n      - 2\n  f: 3\ng: 4\n"),
    ],
)
def test_what_is_below_one_missing_mapping_is_added_together(before: str, after: str) -> None:
    edits = [Edit(("b", "c", "d"), 1), Edit(("b", "c", "e"), [2]), Edit(("b", "f"), 3), Edit(("g",), 4)]

    assert edited(before, "a.yaml", parse(before, "a.yaml").documents[0].place, edits) == after


def test_a_text_that_no_block_can_end_with_is_quoted() -> None:
    assert changed("a: |-\n  x", ("a",), "w\n") == 'a: "w\\n"'


@pytest.mark.parametrize(
    ("text", "block"),
    [("one", "|-\n    one"), (" one\ntwo\n", "|3\n     one\n    two"), ("a\u200b", '"a\\u200B"'), ("", "''"), (5, "5")],
)
def test_a_block_stays_one_where_that_can_hold_the_value(text: Json, block: str) -> None:
    assert changed("- a: |\n    x\n  b: 1\n", (0, "a"), text) == f"- a: {block}\n  b: 1\n".replace("|3", "|2")


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: 1 # c\nb: 1\n", ("a",), {"x": [1]}, "a: # c\n  x:\n    - 1\nb: 1\n"),
        ("b:\n- 1\na: x\n", ("a",), [{"w": 1}, 2], "b:\n- 1\na:\n- w: 1\n- 2\n"),
        ("a: [1, 2] # c\n", ("a",), {"x": 1}, "a: {x: 1} # c\n"),
        ("a: [1, 2]\n", ("a",), {"x": "w\nz"}, "a:\n  x: |-\n    w\n    z\n"),
        ("a:\n   - 1\n   # c\n   - 2\n", ("a",), {}, "a: {}\n"),
        ("a: # c\n   - 1\n   - 2\n", ("a",), "x", "a: x # c\n"),
        ("a:\n   - 1\n   - 2\n", ("a",), {"x": 1}, "a:\n  x: 1\n"),
        ("- a: 1\n  b: 2\n- c\n", (0,), [1, 2], "- - 1\n  - 2\n- c\n"),
        ("-   a: 1\n    b: 2\n- c\n", (0,), "x", "-   x\n- c\n"),
        ("-\n- c\n", (0,), {"a": 1, "b": 2}, "- a: 1\n  b: 2\n- c\n"),
        ("- |\n  text\n- c\n", (0,), {"a": 1, "b": 2}, "- a: 1\n  b: 2\n- c\n"),
        ("- x # c\n- c\n", (0,), "two\nlines\n", "- | # c\n  two\n  lines\n- c\n"),
        ("a: |  # c\n  one\n", ("a",), OneLine(file="prompts/a.md"), "a: {file: prompts/a.md}  # c\n"),
        ("a: 1\n", (), {"b": [1]}, "b:\n  - 1\n"),
        ("a: 1\n", (), [{"b": 1}], "- b: 1\n"),
        ("a: {b: 1, c: 2}\n", ("a",), {"b": 1, "d": 3}, "a: {b: 1, d: 3}\n"),
        (
            "a:\n  # of b\n  b: 1  # one\n  # of c\n  c: [1, 2, 3] # many\n  d: 1\n",
            ("a",),
            {"c": [1, 3], "b": 1, "e": {"f": 1}},
            "a:\n  # of b\n  b: 1  # one\n  # of c\n  c: [1, 3] # many\n  e:\n    f: 1\n",
        ),
        (
            "a:\n  - x: 1 # one\n  - x: 2 # two\n  # of three\n  - x: 3\n",
            ("a",),
            [{"x": 1}, {"x": 4}],
            "a:\n  - x: 1 # one\n  - x: 4 # two\n  # of three\n",
        ),
        ("a: [b, c]\n", ("a",), ["o", "b", "c"], "a: [o, b, c]\n"),
        ("a: [\n  b, # b\n  c\n]\n", ("a",), ["b", "o", "c"], "a: [\n  b, # b\n  o,\n  c\n]\n"),
        ("a:\n- b\n# of c\n- c\n", ("a",), ["b", "m", "o", "c"], "a:\n- b\n- m\n- o\n# of c\n- c\n"),
        ("- - b: 1\n", (0,), [{"x": 1, "w": 1}, {"b": 1}], "- - x: 1\n    w: 1\n  - b: 1\n"),
        ("a: &x [1]\nb: *x\n", ("b",), [2, 1], "a: &x [1]\nb:\n  - 2\n  - 1\n"),
        ("d: &d {x: 1}\na:\n    <<: *d\n    w: 3\n", ("a",), {"w": 4}, "d: &d {x: 1}\na:\n    w: 4\n"),
        ("a: 0x10 # c\nb: 1\n", (), {"a": 16, "b": 2}, "a: 0x10 # c\nb: 2\n"),
        ("a:\n   - b\n   - c\n", ("a",), ["o", "b", "c"], "a:\n   - o\n   - b\n   - c\n"),
        ("a:\n  - b\n", ("a",), ["b", "c", "d"], "a:\n  - b\n  - c\n  - d\n"),
    ],
)
def test_mappings_and_lists_are_written_as_the_ones_before(before: str, path: Path, value: Json, after: str) -> None:
    assert changed(before, path, value) == after


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a:\n  - x: 1  # c\n", ("a", 1), {"x": 2, "w": [3]}, "a:\n  - x: 1  # c\n  - x: 2\n    w:\n      - 3\n"),
        ("a:\n- x\nb: 1\n", ("a", 1), "two\nlines", "a:\n- x\n- |-\n  two\n  lines\nb: 1\n"),
        ("a:\n- x\n\nb: 1\n", ("a", 1), "\n", 'a:\n- x\n- "\\n"\n\nb: 1\n'),
        ("a: 1\n\nb:\n", ("b",), {"c": "\n"}, 'a: 1\n\nb:\n  c: "\\n"\n'),
        ("a:\n  b: 1\n\nc: 1\n", ("a", "x"), {"w": "\n"}, 'a:\n  b: 1\n  x:\n    w: "\\n"\n\nc: 1\n'),
        (
            "a: 1 # c\n\n# our own\nreconciler: {was: [b]}\n",
            ("c", "d"),
            2,
            "a: 1 # c\nc: {d: 2}\n\n# our own\nreconciler: {was: [b]}\n",
        ),
        ("a: [x,w]\n", ("a", 2), "z", "a: [x,w,z]\n"),
        ("a: []\n", ("a", 0), "z", "a: [z]\n"),
        ("a: []\n", ("a", 0), "w\nz", "a:\n  - |-\n    w\n    z\n"),
        ("a: {}\n", ("a", "b", "c"), "w\nz", "a:\n  b:\n    c: |-\n      w\n      z\n"),
        ("a: [{}]\n", ("a", 0, "b"), "w\nz", 'a: [{b: "w\\nz"}]\n'),
        ("a: [\n  x, # one\n  w # two\n]\n", ("a", 2), "z", "a: [\n  x, # one\n  w, # two\n  z\n]\n"),
        ("a: [\n  x,\n  w, # two\n]\n", ("a", 2), "z", "a: [\n  x,\n  w, # two\n  z,\n]\n"),
        ("a: {\n  x: 1\n}\n", ("a", "w"), 2, "a: {\n  x: 1,\n  w: 2\n}\n"),
        ("a: {\n  x: 1 }\n", ("a", "w"), 2, "a: {\n  x: 1, w: 2 }\n"),
        ("- x: 1\n  # c\n  w: 2\n", (0, "z"), 3, "- x: 1\n  # c\n  w: 2\n  z: 3\n"),
        ("a: 1\n", ("m", "o"), [1], "a: 1\nm:\n  o:\n    - 1\n"),
        ("a: 1\n", ("r", "environments", "no", "model"), "x", "a: 1\nr:\n  environments:\n    'no': {model: x}\n"),
        ("a: 1\nb: |-\n  x", ("c",), "w\n", "a: 1\nb: |-\n  x\nc: |\n  w\n"),
        ("a: 1\nb: | # x\n  x", ("c",), 2, "a: 1\nb: |- # x\n  x\nc: 2"),
        ("a:\n  - b: >1\n     x", ("c",), 2, "a:\n  - b: >1-\n     x\nc: 2"),
    ],
)
def test_members_and_items_are_added_at_the_end(before: str, path: Path, value: Json, after: str) -> None:
    assert changed(before, path, value) == after


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ("a: 1\n# of b\nb: 2 # c\n\n# of d\nd: 3\n", ("b",), "a: 1\n# of b\n\n# of d\nd: 3\n"),
        ("a: 1\nb:\n  - x\n  # w\n  - z\nc: 1\n", ("b",), "a: 1\nc: 1\n"),
        ("a: 1\nb: 2", ("b",), "a: 1"),
        ("a: 1\r\nb: 2", ("b",), "a: 1"),
        ("a: |\n  x\nb: 2", ("b",), "a: |\n  x\n"),
        ("a: |\n  x\n\n  w\n\nb: 2\n", ("a",), "\nb: 2\n"),
        ("- a: 1 # c\n  b: 2\n", (0, "a"), "- b: 2\n"),
        ("- a: 1\n  # of b\n  b: 2\n", (0, "a"), "-\n  # of b\n  b: 2\n"),
        ("a: # c\n  b: 1 # d\ne: 1\n", ("a", "b"), "a: {} # c\ne: 1\n"),
        ("a:\n  - b\ne: 1\n", ("a", 0), "a: []\ne: 1\n"),
        ("a: 1\n", ("a",), "{}\n"),
        ("a: [x, w, z]\n", ("a", 0), "a: [w, z]\n"),
        ("a: [x, w, z]\n", ("a", 1), "a: [x, z]\n"),
        ("a: [x, w, z]\n", ("a", 2), "a: [x, w]\n"),
        ("a: [x, w, ]\n", ("a", 1), "a: [x, ]\n"),
        ("a: [x]\n", ("a", 0), "a: []\n"),
        ("a: {x: 1}\n", ("a", "x"), "a: {}\n"),
        ("a: [\n  x, # one\n  w # two\n]\n", ("a", 1), "a: [\n  x # one\n]\n"),
        ("a: [\n  x, # one\n  w # two\n]\n", ("a", 0), "a: [\n  w # two\n]\n"),
        ("a: [\n  x, w,\n  z]\n", ("a", 0), "a: [\n  w,\n  z]\n"),
        ("a: 1\nb: 1\n", ("c",), "a: 1\nb: 1\n"),
        ("a: 1\nb:\n", ("b", "c", "d"), "a: 1\nb:\n"),
        ("a: [1]\n", ("a", 1), "a: [1]\n"),
    ],
)
def test_a_member_is_removed_with_its_lines(before: str, path: Path, after: str) -> None:
    assert changed(before, path, ABSENT) == after


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("a: {b: agent_2}\n", ("a", "b", "c"), 1),
        ("a: ~\n", ("a", "b"), 1),
        ("base: &own {was: [a]}\na: *own\n", ("a", "b"), 1),
        ("base: &own {was: [a]}\na: *own\n", ("base", "was"), []),
        ("base: &own {was: [a]}\na: *own\n", ("base",), ABSENT),
        ("base: &own {x: 1}\na:\n  <<: *own\n", ("a", "x"), ABSENT),
        ("- model: a\n", ("a",), 1),
        ("- a\n", (3,), 1),
        ("- a\n", (1, 0), 1),
        ("a: 1\n", (0,), 1),
        ("a: 1\n", (), ABSENT),
        ("? a\n", ("a", "b"), 1),
        ("? [a, b]\n: 1\n", ("c",), 1),
    ],
)
def test_what_cannot_be_changed_in_safety_is_left_to_people(text: str, path: Path, value: Json | Absent) -> None:
    assert changed(text, path, value) is None


def test_an_anchored_value_may_change_where_nothing_else_does() -> None:
    text = "a: &x\n  b: 1\nc: 2\n---\nd: 1\n"

    assert changed(text, ("a", "b"), 3) == text.replace("b: 1", "b: 3")
    assert changed(text, ("d",), ABSENT, document=1) == text.replace("d: 1", "{}")


def test_a_text_that_cannot_be_read_or_is_another_now_is_left_alone() -> None:
    at = parse("model: a\n", "a.yaml").documents[0].place

    assert edited("model: [\n", "a.yaml", at, [Edit(("model",), "b")]) is None
    assert edited("\n\nmodel: a\n", "a.yaml", at, [Edit(("model",), "b")]) is None
    assert edited('{"a": }', "a.json", at, [Edit(("a",), "b")]) is None


@pytest.mark.parametrize("id", ["1234", "no", "a b: {c}", "ag\u00e9nt\n#"])
def test_any_id_and_environment_is_read_as_it_was_given(id: str) -> None:
    after = pinned("model: a\n", id=id, environment="no")

    assert after is not None
    assert plain(parse(after, "a.yaml").documents[0]) == {"model": "a", "reconciler": {"id": {"no": id}}}


def test_the_paths_of_several_edits_are_those_of_the_document_before() -> None:
    text = "a:\n  - 0\n  - 1 # one\n  - 2\n  - 3\nb: x\n"
    edits = [
        *(Edit(("a", 1), ABSENT), Edit(("a", 5), "five"), Edit(("a", 3), ABSENT), Edit(("a", 2), "two")),
        *(Edit(("a", 4), "four"), Edit(("a", 0), 0), Edit(("c",), 1), Edit(("b",), ABSENT)),
    ]

    after = edited(text, "a.yaml", parse(text, "a.yaml").documents[0].place, edits)

    assert after == "a:\n  - 0\n  - two\n  - four\n  - five\nc: 1\n"


PRETTY = '{\n\t"name": "a",\n\t"parameters": {\n\t\t"required": ["x", "w"],\n\t\t"properties": {}\n\t}\n}'


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ('{"a":1,"b":[1,2]}', ("c",), "é\u200b🤖", '{"a":1,"b":[1,2],"c":"é\\u200b🤖"}'),
        ('{"a":1,"b":[1, 2]}', ("b", 2), None, '{"a":1,"b":[1, 2, null]}'),
        ('{"a": 1}\r\n', ("b", "c"), {"d": 1.0}, '{"a": 1, "b": {"c": {"d": 1.0}}}\r\n'),
        ('{"a": 1, "b": 2}', ("a",), ABSENT, '{"b": 2}'),
        ('{"a": "\\ud83e\\udd16 \\/ \\"", "b": -1e3 }', ("b",), True, '{"a": "\\ud83e\\udd16 \\/ \\"", "b": true }'),
        ("{}", ("a",), 1, '{"a": 1}'),
        (PRETTY, ("parameters", "required"), ["x", "z"], PRETTY.replace('"w"', '"z"')),
        (PRETTY, ("parameters", "required"), {"x": "z"}, PRETTY.replace('["x", "w"]', '{"x": "z"}')),
        (PRETTY, ("name",), ["x"], PRETTY.replace('"a"', '[\n\t\t"x"\n\t]')),
        (PRETTY, ("parameters", "properties", "p"), 1, PRETTY.replace("{}", '{\n\t\t\t"p": 1\n\t\t}')),
        (PRETTY, ("parameters", "properties"), ABSENT, PRETTY.replace(',\n\t\t"properties": {}', "")),
        (PRETTY, ("parameters", "required"), ABSENT, PRETTY.replace('\n\t\t"required": ["x", "w"],', "")),
        (
            PRETTY,
            ("strict",),
            [1, {"a": []}],
            PRETTY[:-2] + ',\n\t"strict": [\n\t\t1,\n\t\t{\n\t\t\t"a": []\n\t\t}\n\t]\n}',
        ),
        ('{"a":["x","w"]}', ("a",), ["x", "o", "w"], '{"a":["x","o","w"]}'),
        ('{"a":1,"b":2}', ("c",), {"d": [1, 2]}, '{"a":1,"b":2,"c":{"d":[1,2]}}'),
        ('{"a":1}', ("a",), [1, 2], '{"a":[1,2]}'),
        ("[\n  1\n]", (), [0, 1], "[\n  0,\n  1\n]"),
        ("\ufeff[1]\n", (), {"a": 1}, '\ufeff{"a": 1}\n'),
        ('{\r\n  "a": 1\r\n}', ("b",), [1], '{\r\n  "a": 1,\r\n  "b": [\r\n    1\r\n  ]\r\n}'),
        ('{"a": null}', ("a", "b"), 1, None),
        ('{"a": 1}', ("a", "b"), 1, None),
    ],
)
def test_a_json_file_keeps_its_layout(before: str, path: Path, value: Json | Absent, after: str | None) -> None:
    assert changed(before, path, value, file="f.json") == after


MANIFEST = "---\nname: HR  # people\nmodel: a\n---\n\n# You\n\nBe kind.\n\n"


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        (MANIFEST, ("name",), "IT", MANIFEST.replace("HR", "IT")),
        (MANIFEST, ("reconciler", "id"), "asst_1", MANIFEST.replace("a\n---", "a\nreconciler: {id: asst_1}\n---")),
        (MANIFEST, ("model",), ABSENT, MANIFEST.replace("model: a\n", "")),
        (MANIFEST, ("instructions",), "Be brief.", MANIFEST.replace("# You\n\nBe kind.", "Be brief.")),
        (f"\ufeff{MANIFEST}", ("instructions",), "---\n", f"\ufeff{MANIFEST}".replace("# You\n\nBe kind.", "---")),
        (
            MANIFEST.replace("\n", "\r\n"),
            ("instructions",),
            "a\nb",
            "---\nname: HR  # people\nmodel: a\n---\n\na\nb\n\n".replace("\n", "\r\n"),
        ),
        (MANIFEST, ("instructions",), ABSENT, MANIFEST[: MANIFEST.index("# You")]),
        (
            MANIFEST,
            ("instructions",),
            OneLine(file="a.md"),
            "---\nname: HR  # people\nmodel: a\ninstructions: {file: a.md}\n---\n\n",
        ),
        ("---\nname: HR\n---\nBe kind.\n", ("instructions",), "\t", '---\nname: HR\ninstructions: "\\t"\n---\n'),
        ("---\nname: HR\n---\nBe kind.\n", ("instructions",), "\nBe", "---\nname: HR\n---\n\n\nBe\n"),
        ("---\nname: HR\n---", ("instructions",), "Be kind.", "---\nname: HR\n---\n\nBe kind.\n"),
        ("---\n---\n", ("name",), "HR", "---\nname: HR\n---\n"),
        (
            "---\ninstructions: {file: a.md}\n---\n",
            ("instructions", "file"),
            "b.md",
            "---\ninstructions: {file: b.md}\n---\n",
        ),
        ("---\nname: HR\n", ("name",), "IT", None),
    ],
)
def test_a_markdown_manifest_keeps_what_is_not_edited(
    before: str, path: Path, value: Json | Absent, after: str | None
) -> None:
    assert changed(before, path, value, file="hr.md") == after


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("Be kind.\n", "Be brief.\nAlways.", "Be brief.\nAlways.\n"),
        ("Be kind.", "Be brief.\n", "Be brief."),
        ("\ufeffone\r\ntwo\r\n\r\n", "one\nthree", "\ufeffone\r\nthree\r\n\r\n"),
        ("a\r\nb\r\nc\nd\re", "a\nx\nw\nd\ne", "a\r\nx\r\nw\nd\re"),
        ("a\nb\r\nc\r\n", "a\nb", "a\nb\r\n"),
        ("a\nb\r\n", "a\nb\nc", "a\nb\nc\r\n"),
        ("a\n", "", "\n"),
        ("", "new", "new\n"),
        ("---\nname: x\n---\nBody\n", "---\nall\n---", "---\nall\n---\n"),
        ("a\n", 5, None),
    ],
)
def test_a_whole_text_keeps_its_line_ends_and_the_end_of_its_file(before: str, value: Json, after: str | None) -> None:
    assert changed(before, (), value, file="prompt.md") == after
    assert changed(before, ("a",), value, file="prompt.txt") is None


def edit_of(random: Random, data: dict[str, Json]) -> tuple[Edit, Json]:
    """A random edit, and the data that it is to make."""
    path = random.choice(list(paths(data)))
    after: Json = copy.deepcopy(data)
    outer: Json = after
    for step in path[:-1]:
        outer = outer[step]  # type: ignore[index, call-overload]  # a path of the data
    inner = outer[path[-1]] if path else after  # type: ignore[index, call-overload]
    new = value(random)
    if isinstance(inner, list) and random.random() < 0.5:
        inner.append(new)
        return Edit((*path, len(inner) - 1), new), after
    if isinstance(inner, dict) and (not path or random.random() < 0.5):
        inner["new"] = {"er": new}
        return Edit((*path, "new", "er"), new), after
    if random.random() < 0.3:
        del outer[path[-1]]  # type: ignore[union-attr, arg-type]
        return Edit(path, ABSENT), after
    outer[path[-1]] = new  # type: ignore[index, call-overload]
    return Edit(path, new), after


@pytest.mark.no_cover
@given(st.integers(0, 2**32))
def test_every_byte_outside_the_lines_of_an_edited_value_stays(seed: int) -> None:
    for number in range(20):
        random = Random(f"{seed}/{number}")
        laid = laid_out(random)
        edit, wanted = edit_of(random, laid.data)
        at = parse(laid.text, "a.yaml").documents[0].place
        assert plain(parse(laid.text, "a.yaml").documents[0]) == laid.data

        after = edited(laid.text, "a.yaml", at, [edit])

        assert after is not None, (laid.text, edit)
        assert equal(plain(parse(after, "a.yaml").documents[0]), wanted)
        before, behind = laid.lines(edit.path[:-1] if edit.value is ABSENT else edit.path)
        assert after.startswith(before), (laid.text, edit, after)
        assert after.endswith(behind), (laid.text, edit, after)


@pytest.mark.no_cover
@given(st.integers(0, 2**32))
def test_several_edits_are_made_at_once_and_no_comment_outside_them_is_lost(seed: int) -> None:
    random = Random(seed)
    laid = laid_out(random)
    keys = random.sample(list(laid.data), random.randint(1, len(laid.data)))
    edits = [Edit((key,), ABSENT if random.random() < 0.3 else value(random)) for key in keys]
    wanted: dict[str, Json] = dict(laid.data)
    for edit in edits:
        wanted.pop(str(edit.path[0]))
        wanted |= {} if isinstance(edit.value, Absent) else {str(edit.path[0]): edit.value}

    after = edited(laid.text, "a.yaml", parse(laid.text, "a.yaml").documents[0].place, edits)

    assert after is not None, (laid.text, edits)
    assert equal(plain(parse(after, "a.yaml").documents[0]), wanted)
    kept = [laid.span(path) for path in laid.spans if len(path) == 1 and path[0] not in keys]
    assert all(text in after for text in kept), (laid.text, edits, after)
