"""Faults come in one order, once each, and every remedy names something that exists."""

from __future__ import annotations

import re
from itertools import permutations
from pathlib import Path

import pytest

from reconciler.diagnostics import CODES, Diagnostic, Location, Severity, did_you_mean, errors, in_order

A, B = Location("a.yaml", 2, 1), Location("a.yaml", 10, 1)


def fault(place: Location, severity: Severity = "error", message: str = "m") -> Diagnostic:
    return Diagnostic(place, "syntax", message, severity=severity)


@pytest.mark.parametrize(
    ("place", "text"),
    [(Location("a.yaml", 3, 7), "a.yaml:3:7"), (Location("a.yaml"), "a.yaml")],
)
def test_a_place_reads_as_editors_take_it(place: Location, text: str) -> None:
    assert str(place) == text


def test_faults_are_in_order_of_place_errors_first_whatever_order_they_came_in() -> None:
    wanted = (fault(A, "error"), fault(A, "warning", "a"), fault(B), fault(Location("b.yaml")))

    assert {in_order(some) for some in permutations(wanted)} == {wanted}


def test_the_same_fault_is_told_once() -> None:
    assert in_order([fault(A), fault(B), fault(A)]) == (fault(A), fault(B))


def test_warnings_stop_nothing() -> None:
    assert errors([fault(A, "warning"), fault(B)]) == (fault(B),)


@pytest.mark.parametrize(
    ("word", "known", "remedy"),
    [
        ("file_serch", ("file_search", "function"), "did you mean `file_search`?"),
        ("prod", ("local", "production"), "did you mean `production`?"),
        ("prod", ("production", "products"), "known here: `production`, `products`"),
        ("pr", ("local", "production"), "known here: `local`, `production`"),
        ("get", ("forget", "plan"), "known here: `forget`, `plan`"),
        ("deploy", ("destroy",), "known here: `destroy`"),
        ("zzz", ("b", "a"), "known here: `a`, `b`"),
        ("", ("b", "a"), "known here: `a`, `b`"),
        ("zzz", (), ""),
    ],
)
def test_a_remedy_names_the_nearest_word_or_all_there_are(word: str, known: tuple[str, ...], remedy: str) -> None:
    assert did_you_mean(word, known) == remedy


def test_codes_are_sorted_words_with_a_sentence_each() -> None:
    assert list(CODES) == sorted(CODES)
    assert [code for code in CODES if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)] == []
    assert [code for code, said in CODES.items() if not re.fullmatch(r"[A-Z`{].*\.", said)] == []


def test_every_code_is_used_somewhere() -> None:
    package = Path(__file__).parent.parent / "reconciler"
    sources = [path.read_text() for path in package.rglob("*.py") if path.name != "diagnostics.py"]

    assert [code for code in CODES if not any(f'"{code}"' in source for source in sources)] == []
