"""Text becomes nodes with positions, or faults with positions; never an exception, never a hang."""

from __future__ import annotations

import json

import pytest
import yaml

from reconciler.canonical import Json
from reconciler.diagnostics import CODES, Location
from reconciler.source import ParsedText, has_front_matter, locate, nodes, parse, plain, yaml_text


def value(text: str, syntax: str = "yaml") -> Json:
    parsed = read(text, syntax)
    assert parsed.faults == ()
    (document,) = parsed.documents
    return plain(document)


def read(text: str, syntax: str = "yaml") -> ParsedText:
    return parse(text, "f", syntax="json" if syntax == "json" else "yaml")


def faults(text: str, syntax: str = "yaml") -> list[str]:
    found = read(text, syntax).faults
    assert all(fault.code in CODES for fault in found)
    return [f"{fault.place.line}:{fault.place.column} {fault.code}" for fault in found]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("yes", True),
        ("Off", False),
        ("TRUE", True),
        ("0", 0),
        ("-12", -12),
        ("+1_000", 1000),
        ("0x1F", 31),
        ("-0b101", -5),
        ("010", 8),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("6.02e+23", 6.02e23),
        ("1_0.", 10.0),
        ("08", "08"),
        ("1e3", "1e3"),
        ("-", [None]),
        ("-a", "-a"),
        ("1.2.3", "1.2.3"),
        ("y", "y"),
        ("gpt-4.1", "gpt-4.1"),
        ("'1'", "1"),
        ('"yes"', "yes"),
        ("|\n  a\n  b\n", "a\nb\n"),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!int '7'", 7),
        ("!!float 1", 1),
        ("!!null ''", None),
        ("!!bool no", False),
        ("!!map {a: !!seq [1]}", {"a": [1]}),
        ('"\\U0001F600"', "😀"),
    ],
)
def test_a_scalar_means_what_yaml_1_1_says(text: str, meaning: Json) -> None:
    found = value(text)

    assert found == meaning
    assert type(found) is type(meaning)


def test_keys_are_the_text_that_was_written() -> None:
    assert value("no: 1\n~: 2\n1: 3\n1.50: 4\n2024-01-01: 5\non: 6\n'': 7\n") == {
        "no": 1,
        "~": 2,
        "1": 3,
        "1.50": 4,
        "2024-01-01": 5,
        "on": 6,
        "": 7,
    }


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01",
        "2024-01-01 10:00:00",
        "2024-1-1T1:00:00.5+01:00",
        "1:30",
        "190:20:30.15",
        "!foo bar",
        "!!python/name:os.system x",
        "!!binary aGk=",
        "!!timestamp 2024-01-01",
    ],
)
def test_what_json_cannot_say_is_one_fault_and_stays_text(text: str) -> None:
    parsed = read(f"a: {text}")

    assert [(fault.code, str(fault.place)) for fault in parsed.faults] == [("not-json", "f:1:4")]
    assert isinstance(parsed.documents[0].value, dict)
    assert isinstance(parsed.documents[0].value["a"].value, str)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".NaN", "1.0e+999"])
def test_a_number_that_json_cannot_say_is_one_fault_and_nothing(text: str) -> None:
    parsed = read(f"a: {text}")

    assert [(fault.code, fault.remedy) for fault in parsed.faults] == [
        ("not-json", "write a number, or quote it if it is text")
    ]
    assert isinstance(parsed.documents[0].value, dict)
    assert parsed.documents[0].value["a"].value is None


def test_foreign_tags_on_collections_and_keys_are_faults() -> None:
    assert faults("a: !!set {b, c}\nd: !e [1]\n!f g: 1\n") == ["1:4 not-json", "2:4 not-json", "3:1 not-json"]


def test_a_message_quotes_no_more_than_it_has_room_for() -> None:
    for text in (
        "a: 1" + ":30" * 99,
        "a: !" + "x" * 99 + " b",
        "!!int " + "x" * 99,
        '"k": 1\n"k": 2'.replace("k", "k" * 99),
    ):
        assert all(len(fault.message) < 150 for fault in read(text).faults)
    assert len(read("x" * 999, "json").faults[0].message) < 150


def test_a_tag_that_its_text_does_not_fit_is_a_fault() -> None:
    assert faults("[!!int yes, !!float x, !!bool 1]") == ["1:2 wrong-type", "1:13 wrong-type", "1:24 wrong-type"]


@pytest.mark.parametrize("text", ["x: " + "9" * 301, "x: 1." + "0" * 300, "x: 0x" + "f" * 301])
def test_a_number_of_absurd_length_is_a_fault(text: str) -> None:
    assert faults(text) == ["1:4 too-large"]


def test_values_and_keys_know_where_they_stand() -> None:
    (document,) = read("a: 1\nb:\n  - x\n  - {c: 2}\n").documents

    assert locate(document, []) == Location("f", 1, 1)
    assert locate(document, ["b", 1, "c"]) == Location("f", 4, 9)
    assert locate(document, ["b", 1, "c"], key=True) == Location("f", 4, 6)
    assert locate(document, ["b", 0], key=True) == Location("f", 3, 5)


@pytest.mark.parametrize("count", [1, 16, 17])
def test_each_of_few_and_of_many_keys_knows_where_it_stands(count: int) -> None:
    names = [f"k{number}" for number in range(count)]
    (document,) = read("".join(f"{name}: 1\n" for name in names)).documents

    assert document.keys == {name: Location("f", line, 1) for line, name in enumerate(names, 1)}
    assert len(document.keys) == count
    assert document.keys.get("other") is None


def test_steps_that_match_nothing_are_skipped() -> None:
    (document,) = read("a:\n  - b: 1\n").documents

    assert locate(document, ["a", "tag", 0, "tag", "b", "gone", 7]) == Location("f", 2, 8)
    assert locate(document, ["a", 1, -1, "0"]) == Location("f", 2, 3)
    assert locate(document, ["gone"], key=True) == Location("f", 1, 1)


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_editors_count_them(line_break: str) -> None:
    assert faults(f"a: 'x\u2028y'{line_break}b: .inf") == ["2:4 not-json"]
    assert faults(f"a: 1{line_break}b: .inf") == ["2:4 not-json"]
    assert faults(f"[{line_break}NaN]", "json") == ["2:1 not-json"]


@pytest.mark.parametrize("syntax", ["yaml", "json"])
def test_a_leading_byte_order_mark_is_nothing(syntax: str) -> None:
    assert value('\ufeff{"a": 1}', syntax) == {"a": 1}
    assert locate(read('\ufeff{"a": 1}', syntax).documents[0], ["a"]) == Location("f", 1, 7)


@pytest.mark.parametrize("syntax", ["yaml", "json"])
def test_a_key_stated_twice_names_the_first(syntax: str) -> None:
    (fault,) = read('{"a": 1,\n "a": 2}', syntax).faults

    assert (fault.code, str(fault.place)) == ("duplicate-key", "f:2:2")
    assert "line 1, column 2" in fault.message


def test_keys_that_differ_only_in_quotes_are_one_key() -> None:
    assert faults("a: 1\n'a': 2\n\"a\": 3\n") == ["2:1 duplicate-key", "3:1 duplicate-key"]


def test_documents_are_read_one_after_the_other() -> None:
    assert [plain(one) for one in read("a: 1\n---\nb: 2\n---\n").documents] == [{"a": 1}, {"b": 2}, None]


def test_an_empty_text_is_one_document_that_is_null() -> None:
    assert value("# only a comment\n") is None


def test_anchors_and_aliases_repeat_a_value() -> None:
    assert value("a: &x [1, {b: 2}]\nc: *x\nd: &y text\n*y : &z 3\ne: *z\n") == {
        "a": [1, {"b": 2}],
        "c": [1, {"b": 2}],
        "d": "text",
        "text": 3,
        "e": 3,
    }
    assert value("&k a: 1\nb: *k\n") == {"a": 1, "b": "a"}


def test_merge_keys_add_what_the_mapping_does_not_state_itself() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  z: 3\n  <<: [*a, *b]\nd: {<<: *a, '<<': text}\n"

    assert faults(text) == ["6:13 duplicate-key"]
    assert value(text.replace("'<<': text", "w: 4")) == {
        "a": {"x": 1, "y": 1},
        "b": {"y": 2, "z": 2},
        "c": {"z": 3, "x": 1, "y": 1},
        "d": {"w": 4, "x": 1, "y": 1},
    }
    assert value("'<<': text") == {"<<": "text"}


def test_merging_what_is_no_mapping_is_a_fault() -> None:
    assert faults("a: &a [1]\nb: {<<: *a}\n") == ["1:8 wrong-type"]
    assert faults("b: {<<: 1}\n") == ["1:9 wrong-type"]


def test_a_merged_key_stands_where_it_was_written() -> None:
    (document,) = read("a: &a {x: 1}\nb: {<<: *a}\n").documents

    assert locate(document, ["b", "x"], key=True) == Location("f", 1, 8)


def test_an_alias_without_anchor_or_within_itself_is_a_fault() -> None:
    assert faults("a: *gone\nb: &x [*x]\n") == ["1:4 syntax", "2:8 alias-bomb"]


def test_anchors_end_with_their_document() -> None:
    assert faults("a: &x 1\n---\nb: *x\n") == ["3:4 syntax"]


@pytest.mark.parametrize("text", ["? [a]\n: 1\n", "? {a: 1}\n: 1\n", "a: &x 1\n*x : 2\n"])
def test_a_key_that_is_no_text_is_a_fault(text: str) -> None:
    assert [fault.split()[1] for fault in faults(text)] == ["wrong-type"]


def test_an_alias_bomb_goes_off_harmlessly() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    assert [fault.split()[1] for fault in faults("\n".join(lines))] == ["alias-bomb"]


def test_more_values_than_anything_real_are_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "SIZE", 1_000)
    assert [fault.split()[1] for fault in faults("[" + "1," * nodes.SIZE + "1]")] == ["too-large"]
    assert [fault.split()[1] for fault in faults("[" + "1," * nodes.SIZE + "1]", "json")] == ["too-large"]


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? ", "{? "])
def test_deep_nesting_is_a_fault(opening: str) -> None:
    assert [fault.split()[1] for fault in faults(opening * 200_000)] == ["too-deep"]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_json_is_a_fault(opening: str) -> None:
    assert [fault.split()[1] for fault in faults(opening * 200_000, "json")] == ["too-deep"]


def test_depth_is_counted_with_aliases_unfolded() -> None:
    chain = ["- &a0 [1]"] + [f"- &a{n} [*a{n - 1}]" for n in range(1, 200)]

    assert [fault.split()[1] for fault in faults("\n".join(chain))] == ["too-deep"]


@pytest.mark.parametrize("syntax", ["yaml", "json"])
def test_the_deepest_allowed_nesting_is_read(syntax: str) -> None:
    text = "[" * nodes.DEPTH + "1" + "]" * nodes.DEPTH

    assert value(text, syntax) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "place", "words", "remedy"),
    [
        ("a: b: c", "1:5", "`:` where no key", "quote"),
        ("a:\n\tb: 1", "2:1", "A tab", "spaces"),
        ("a: |\n\tx", "2:1", "A tab", "spaces"),
        ("a: [1,\nb: c", "2:5", "in what begins at line 1", "add"),
        ("a: [1, 2", "1:9", "`[` that is not closed", "add"),
        ("a: {b: 1", "1:9", "`{` that is not closed", "add"),
        ('a: "x', "1:4", "quote that is never closed", "close"),
        ('a: "b\n---\n', "1:4", "before the document ends", "close"),
        ("a: @x", "1:4", "no unquoted text may begin", "quotes"),
        ('a: "\\q"', "1:5", "escape that YAML does not know", "single quotes"),
        ('"\\ud800"', "1:4", "stands for no character", "itself"),
        ("- a\nb: 1", "2:1", "other than `-` in a list", "indentation"),
        ("a: 'it's'", "1:8", "does not continue the mapping", "quotes"),
        ("a: }", "1:4", "Expected a value", "value"),
        ("a: 1\n...\nb", "3:1", "second document", "---"),
        ("!h!x y", "1:1", "A tag that is not defined", "quotes"),
        ("%FOO\n---\n", "1:5", "begins no directive", "quotes"),
        ("a: 1\nbc\n", "2:1", "key without a `:`", "key: value"),
        ("a: &\n", "1:5", "Invalid YAML: did not find expected alphabetic", ""),
        ("a: \x01", "1:4", "U+0001", "remove"),
        ("a: 1\nb: \ufeffx", "2:4", "U+FEFF", "remove"),
        ("a: \ud800", "1:4", "U+D800", "remove"),
    ],
)
def test_yaml_that_does_not_parse_says_where_and_what_to_do(text: str, place: str, words: str, remedy: str) -> None:
    fault = read(text).faults[-1]

    assert (fault.code, f"{fault.place.line}:{fault.place.column}") == ("syntax", place)
    assert words in fault.message
    assert remedy in fault.remedy


def test_documents_before_a_syntax_error_are_kept() -> None:
    parsed = read("a: 1\n---\nb: c: d\n")

    assert [plain(one) for one in parsed.documents] == [{"a": 1}]


@pytest.mark.parametrize("text", ["a: [1, {b: ~}]\nc: 'd'\ne: |\n  f\n", "a: &x {b: yes}\nc: {<<: *x}\n", "---\n---\n"])
def test_without_libyaml_everything_means_the_same(text: str) -> None:
    assert yaml_text.read(text, nodes.Positions(text, "f"), loader=yaml.SafeLoader) == read(text)


@pytest.mark.parametrize("text", ["a:\n\tb: 1", "a: [1", "- a\nb: 1", 'a: "\\q"', "a\nb\n: 1"])
def test_without_libyaml_errors_have_remedies_too(text: str) -> None:
    (fault,) = yaml_text.read(text, nodes.Positions(text, "f"), loader=yaml.SafeLoader).faults

    assert fault.code == "syntax"
    assert not fault.message.startswith("Invalid YAML")


def test_half_a_character_is_a_fault() -> None:
    text = '"\\ud800"'

    assert faults(text, "json") == ["1:1 encoding"]
    assert [f.code for f in yaml_text.read(text, nodes.Positions(text, "f"), loader=yaml.SafeLoader).faults] == [
        "encoding"
    ]


def test_an_error_without_a_position_is_told_all_the_same() -> None:
    text = "a: \x01"  # `parse` would have refused it

    (fault,) = yaml_text.read(text, nodes.Positions(text, "f"), loader=yaml.SafeLoader).faults

    assert (fault.code, fault.place) == ("syntax", Location("f"))


@pytest.mark.parametrize(
    "text",
    ["null", " true ", "-0", "1.5e3", '"\\ud83d\\ude00\\n"', "[]", "{}", '\t{"a" : [1, {"b": ""}]}\r\n', "[[], {}]"],
)
def test_json_is_read_as_json(text: str) -> None:
    assert value(text, "json") == json.loads(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 syntax"]),
        (" \n", ["2:1 syntax"]),
        ("{", ["1:2 syntax"]),
        ('{"a"', ["1:5 syntax"]),
        ('{"a":', ["1:6 syntax"]),
        ("[1", ["1:3 syntax"]),
        ("[1 2]", ["1:4 syntax"]),
        ("[1,,2]", ["1:4 syntax"]),
        ("[,]", ["1:2 syntax"]),
        ("[01]", ["1:2 syntax"]),
        ("[1.]", ["1:2 syntax"]),
        ("[+1]", ["1:2 syntax"]),
        ("{'a': 1}", ["1:2 syntax"]),
        ("{a: 1}", ["1:2 syntax"]),
        ("// no", ["1:1 syntax"]),
        ("nul", ["1:1 syntax"]),
        ("1 2", ["1:3 syntax"]),
        ('"a\nb"', ["1:3 syntax"]),
        ('"abc', ["1:1 syntax"]),
        ('"\\q"', ["1:2 syntax"]),
        ("[1,]", ["1:3 syntax"]),
        ('{"a": NaN, "b": [-Infinity, 1e999,], "a": 1}', ["1:7 not-json", "1:18 not-json", "1:29 not-json",
                                                         "1:34 syntax", "1:38 duplicate-key"]),
        ("9" * 301, ["1:1 too-large"]),
    ],
)  # fmt: skip
def test_json_faults_have_their_places(text: str, expected: list[str]) -> None:
    assert faults(text, "json") == expected


def markdown(text: str) -> tuple[list[Json], list[str]]:
    parsed = parse(text, "f", syntax="markdown")
    assert all(fault.code in CODES and fault.remedy for fault in parsed.faults)
    found = [f"{fault.place.line}:{fault.place.column} {fault.code}" for fault in parsed.faults]
    return [plain(document) for document in parsed.documents], found


@pytest.mark.parametrize(
    ("text", "instructions"),
    [
        ("---\na: 1\n---\nHelp.\n", "Help.\n"),
        ("---\na: 1\n---\n\nHelp.\n", "Help.\n"),
        ("---\na: 1\n---\n\n\nHelp.\n", "\nHelp.\n"),
        ("---\na: 1\n---\n \nHelp.\n", " \nHelp.\n"),
        ("---\na: 1\n---\n  Help.", "  Help."),
        ("--- \na: 1\n---\t\nHelp.\n---\nb: 2\n---\n", "Help.\n---\nb: 2\n---\n"),
        ("---\na: 1\n---\n---\nHelp.", "---\nHelp."),
        ("---\na: 1\n...\n---\n\x1b\0", "\x1b\0"),
        ("\ufeff---\r\na: 1\r\n---\r\n\r\nHelp.\r\n", "Help.\r\n"),
        ("\ufeff\r\n\n---\ra: 1\r---\r\rHelp.", "Help."),
    ],
)
def test_the_text_below_the_front_matter_is_the_instructions(text: str, instructions: str) -> None:
    assert has_front_matter(text)
    assert markdown(text) == ([{"a": 1, "instructions": instructions}], [])


@pytest.mark.parametrize("body", ["", "\n", "\n\n", " \t\n\n"])
def test_a_blank_text_below_the_front_matter_states_nothing(body: str) -> None:
    assert markdown(f"---\na: 1\n---\n{body}") == ([{"a": 1}], [])
    assert markdown(f"---\ninstructions: in the fields\n---\n{body}") == ([{"instructions": "in the fields"}], [])


@pytest.mark.parametrize(
    "text", ["", "a: 1", "----\na: 1\n---\n", " ---\n---\n", "--- a\n---\n", "# T\n---\na: 1\n---\n"]
)
def test_a_text_that_does_not_begin_with_the_line_has_no_front_matter(text: str) -> None:
    assert not has_front_matter(text)


@pytest.mark.parametrize(
    ("text", "documents", "expected"),
    [
        ("---\ninstructions: a\n---\n\nb", [{"instructions": "b"}], ["2:1 duplicate-key"]),
        ("---\na: 1\ninstructions:\n---\nb", [{"a": 1, "instructions": "b"}], ["3:1 duplicate-key"]),
        ("---\na: 1\n", [], ["1:1 syntax"]),
        ("\ufeff\r\n---", [], ["2:1 syntax"]),
        ("---\na: 1\n  ---\n---a\n", [], ["1:1 syntax"]),
        ("---\na: [\n---\n]", [], ["3:1 syntax"]),
        ("---\na: \x1b\n---\n", [], ["2:4 syntax"]),
        ("---\na: 1\n--- b\n---\nc", [{"a": 1, "instructions": "c"}], ["3:5 syntax"]),
        ("---\na: 1\n--- b\n---\n", [{"a": 1}], ["3:5 syntax"]),
        ("---\n---\n", [None], []),
        ("---\n# nothing\n---\na", [{"instructions": "a"}], []),
        ("---\n- a\n---\nb", [["a"]], []),
        ("---\ntext\n---\nb", ["text"], []),
    ],
)
def test_front_matter_that_is_no_mapping_or_never_ends(text: str, documents: list[Json], expected: list[str]) -> None:
    assert markdown(text) == (documents, expected)


def test_fields_and_text_of_markdown_know_where_they_stand_however_long_the_text_is() -> None:
    body = "a\n" * 2_000_000
    (document,) = parse(f"---\r\nb:\r\n  c: 1\r\n---\r\n\r\n{body}", "f", syntax="markdown").documents

    assert document.place == Location("f", 2, 1)
    assert locate(document, ["b", "c"]) == Location("f", 3, 6)
    assert locate(document, ["instructions"]) == locate(document, ["instructions"], key=True) == Location("f", 6, 1)
    assert markdown(f"---\nb: 1\n{body}") == ([], ["1:1 syntax"])
