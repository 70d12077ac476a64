"""Faults as people read them: the line, a caret under the spot, the remedy, the count."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import Diagnostic, Location
from reconciler.render.faults import report
from reconciler.render.visible import visible


def caret(line: str, column: int) -> tuple[str, str]:
    """The line as shown, and what of it stands from the caret on."""
    _, shown, pointer, _ = report([Diagnostic(Location("f", 1, column), "syntax", "No.")], {"f": line}).split("\n", 3)
    return shown.removeprefix("  1 | "), pointer.removeprefix("    | ")


def test_a_fault_shows_its_line_and_a_remedy() -> None:
    fault = Diagnostic(Location("a.yaml", 2, 9), "unknown-tool", "`x` is not a tool type.", "did you mean `y`?")
    source = {"a.yaml": "tools:\n- type: x\n"}

    assert report([fault], source) == (
        "a.yaml:2:9: unknown-tool: `x` is not a tool type.\n"
        "  2 | - type: x\n"
        "    |         ^\n"
        "  did you mean `y`?\n"
        "\n"
        "1 error.\n"
    )


@pytest.mark.parametrize(
    ("column", "rest"),
    [(1, "<U+0023>#[error] x ##vso[y]"), (2, "#[error] x ##vso[y]"), (11, "x ##vso[y]"), (13, "##vso[y]")],
)
def test_what_a_runner_would_obey_is_shown_harmlessly_and_the_caret_stays_below_its_spot(
    column: int, rest: str
) -> None:
    shown, pointed = caret("##[error] x ##vso[y]", column)

    assert shown == "<U+0023>#[error] x <U+0023>#vso[y]"
    assert shown[pointed.index("^") :].replace("<U+0023>#vso", "##vso") == rest


def test_no_faults_are_no_report() -> None:
    assert report([], {}) == ""


def test_faults_come_in_order_once_each_and_are_counted() -> None:
    late = Diagnostic(Location("b", 10, 1), "syntax", "Late")
    early = Diagnostic(Location("b", 9), "unused-file", "Early", severity="warning")
    other = Diagnostic(Location("a"), "config", "Other")

    assert report([late, early, other, late], {}) == (
        "a: config: Other.\n\nb:9:0: unused-file (warning): Early.\n\nb:10:1: syntax: Late.\n\n2 errors, 1 warning.\n"
    )


def test_warnings_alone_are_counted_alone() -> None:
    fault = Diagnostic(Location("a"), "unused-file", "Unused", severity="warning")

    assert report([fault, Diagnostic(Location("b"), "unused-file", "Unused", severity="warning")], {}).endswith(
        "\n\n2 warnings.\n"
    )


def test_a_place_that_its_file_does_not_have_shows_no_line() -> None:
    assert report([Diagnostic(Location("a", 7, 1), "syntax", "No.")], {"a": "one line"}).splitlines()[1] == ""


def test_a_remedy_of_several_lines_is_indented() -> None:
    assert "\n  write:\n  a: 1\n" in report([Diagnostic(Location("a"), "config", "No.", "write:\na: 1")], {})


def test_what_cannot_be_seen_is_shown_in_every_part() -> None:
    fault = Diagnostic(Location("a\x1b[0m", 1, 2), "syntax", "bad \u202e\nword", "use \u200b")

    assert report([fault], {"a\x1b[0m": "x"}).splitlines()[:4] == [
        "a<U+001B>[0m:1:2: syntax: bad <U+202E> word.",
        "  1 | x",
        "    |  ^",
        "  use <U+200B>",
    ]


@pytest.mark.parametrize(
    ("line", "column", "shown", "before"),
    [
        ("abc", 1, "abc", 0),
        ("abc", 4, "abc", 3),
        ("abc", 99, "abc", 3),
        ("\tx", 2, "→   x", 4),
        ("a\u202eb", 3, "a<U+202E>b", 9),
        ("日本x", 3, "日本x", 4),
        ("e\u0301x", 3, "e\u0301x", 1),
        ("x" * 100, 100, "x" * 100, 99),
        ("ab" * 100, 1, "ab" * 50 + "…", 0),
        ("ab" * 100, 200, "…b" + "ab" * 30, 61),
        ("ab" * 1_000_000, 999_999, "…" + "ab" * 50 + "…", 61),
        ("日" * 100, 100, "…" + "日" * 31, 61),
    ],
)  # fmt: skip
def test_the_caret_stands_under_the_spot(line: str, column: int, shown: str, before: int) -> None:
    assert caret(line, column) == (shown, " " * before + "^")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_any_line_break_ends_a_line(line_break: str) -> None:
    text = report([Diagnostic(Location("f", 2, 1), "syntax", "No.")], {"f": f"one\u2028{line_break}two"})

    assert "  2 | two\n" in text


def test_colour_marks_place_code_and_caret() -> None:
    text = report([Diagnostic(Location("f", 1, 1), "syntax", "No.")], {"f": "x"}, colour=True)

    assert text.startswith("\x1b[1mf:1:1\x1b[0m: \x1b[1;31msyntax\x1b[0m: No.")
    assert "\x1b[1;31m^\x1b[0m" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x00\x1b\r\x7f\x85", "<U+0000><U+001B><U+000D><U+007F><U+0085>"),
        ("\u202e\u2066\u200f", "<U+202E><U+2066><U+200F>"),
        ("\u200b\u200d\ufeff\u00ad", "<U+200B><U+200D><U+FEFF><U+00AD>"),
        ("\u2028\u2029", "<U+2028><U+2029>"),
        ("\ud800", "<U+D800>"),
        ("\U000e0041\U000e0100", "<U+E0041><U+E0100>"),
        ("é 日 😀 ⚠️", "é 日 😀 ⚠️"),
    ],
)
def test_invisible_characters_are_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown
