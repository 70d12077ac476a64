"""What `doctor` prints: rows that fit, in columns, and the same as data."""

from __future__ import annotations

import json

from reconciler.render.checkup import CHECKUP_FORMATS, Checkup, Finding
from reconciler.render.style import Style

LONG = "The server answers, and says a good deal more than would ever fit into a line of eighty columns."
FOUND = (
    Finding("key", "ok", "It comes from the variable KEY."),
    Finding("assistants", "problem", LONG, f"one thing\n{LONG}", "Nothing can be managed."),
    Finding("assistants", "note", "a\x1b[31m\nb", cannot="Nothing can be managed."),
)


def text(checkup: Checkup, width: int = 80, *, colour: bool = False) -> str:
    return CHECKUP_FORMATS["text"](checkup, Style(width=width, colour=colour))


def test_rows_are_in_columns_and_fit_whatever_is_said() -> None:
    printed = text(Checkup("far (address)", FOUND, "environments:\n  far:\n    kinds: [agent]\n", tried=True))

    assert printed == (
        """\
far (address)

key         ok       It comes from the variable KEY.
assistants  problem  The server answers, and says a good deal more than would
                     ever fit into a line of eighty columns.
                     -> one thing
                     -> The server answers, and says a good deal more than would
                        ever fit into a line of eighty columns.
            note     a<U+001B>[31m\\nb

What cannot work there:
- Nothing can be managed.

To write down in reconciler.yaml:

environments:
  far:
    kinds: [agent]

1 problem, 1 note.
"""
    )


def test_the_last_line_says_how_it_is() -> None:
    assert text(Checkup("far", FOUND[:1])).endswith("\n\nNo problems.\n")
    assert text(Checkup("far", FOUND[2:])).endswith("\n\nNo problems; 1 note.\n")
    assert text(Checkup("far", FOUND[1:2])).endswith("\n\n1 problem.\n")
    assert text(Checkup("far", ())) == "far\n\nNo problems.\n"
    assert "\x1b[1;31mproblem" in text(Checkup("far", FOUND), colour=True)
    assert max(map(len, text(Checkup("far", FOUND), 20).splitlines())) < 70


def test_data_says_the_same() -> None:
    data = json.loads(CHECKUP_FORMATS["json"](Checkup("far", FOUND, tried=True), Style()))

    assert [each["health"] for each in data["findings"]] == ["ok", "problem", "note"]
    assert data["findings"][0] == {
        "area": "key", "health": "ok", "text": "It comes from the variable KEY.", "remedy": None, "cannot": None,
    }  # fmt: skip
    assert (data["cannot"], data["counts"]) == (["Nothing can be managed."], {"ok": 1, "note": 1, "problem": 1})
    assert (data["settings"], data["tried"]) == (None, True)
