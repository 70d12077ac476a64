"""Three-way merges of prompts: what one side changed, and the other did not, is in the result."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.source.text_merge import merged_text

BASE = "# You\n\nhelp people.\n\nBe kind.\nBe brief.\nEnd.\n"
LINES = st.lists(st.sampled_from(["a", "b", "c", "", "  d"]), max_size=8).map("\n".join)


def test_changes_in_different_places_are_both_in_the_result() -> None:
    git, live = BASE.replace("people", "employees"), BASE.replace("brief", "short").replace("End.\n", "")

    assert merged_text(BASE, git, live) == "# You\n\nhelp employees.\n\nBe kind.\nBe short.\n"


@pytest.mark.parametrize(
    ("git", "live"),
    [
        (BASE.replace("kind", "nice"), BASE.replace("kind", "fair")),
        (BASE.replace("kind", "nice"), BASE.replace("brief", "short")),
        (BASE.replace("Be kind.\n", ""), BASE.replace("kind", "fair")),
        (f"{BASE}one\n", f"{BASE}two\n"),
        ("x", "y"),
    ],
    ids=["one line", "lines that touch", "a removed line", "both add at the end", "everything"],
)
def test_changes_that_overlap_are_left_to_people(git: str, live: str) -> None:
    assert merged_text(BASE, git, live) is None


def test_line_ends_and_the_end_of_a_file_are_no_changes() -> None:
    windows = BASE.replace("\n", "\r\n")

    assert merged_text(BASE, f"\ufeff{windows}", BASE.replace("brief", "short").rstrip()) == BASE.replace(
        "brief", "short"
    )
    assert merged_text(windows, BASE.rstrip(), BASE.replace("kind", "fair")) == BASE.replace("kind", "fair").rstrip()


def test_a_text_that_repeats_itself_is_merged_where_it_changed() -> None:
    lines = [f"Rule {number * number % 40}" for number in range(400)]
    git, live = [*lines], [*lines]
    git[100], live[110] = "git", "live"

    merged = merged_text("\n".join(lines), "\n".join(git), "\n".join(live))

    lines[100], lines[110] = "git", "live"
    assert merged == "\n".join(lines)


def test_a_text_that_one_side_wrote_anew_is_taken_from_it() -> None:
    base, git = ("\n".join(f"{side} {number}" for number in range(600)) for side in ("base", "git"))

    assert merged_text(base, git, base) == git


@pytest.mark.no_cover
@given(LINES, LINES)
def test_what_only_one_side_changed_is_taken_from_it(base: str, changed: str) -> None:
    wanted = changed.rstrip("\n")

    for merged in (
        merged_text(base, base, changed),
        merged_text(base, changed, base),
        merged_text(base, changed, changed),
    ):
        assert merged is not None
        assert merged.rstrip("\n") == wanted


@pytest.mark.no_cover
@given(LINES, LINES, LINES)
def test_both_sides_count_the_same(base: str, one: str, other: str) -> None:
    merged, mirrored = merged_text(base, one, other), merged_text(base, other, one)

    assert (merged is None) == (mirrored is None)
    assert merged is None or mirrored is None or merged.rstrip("\n") == mirrored.rstrip("\n")


@pytest.mark.no_cover
def test_a_very_long_prompt_is_merged() -> None:
    lines = [
        "" if number % 3 == 0 else f"Rule {number % 700}: be kind and answer in {number % 11} words."
        for number in range(9000)
    ]
    base = "\n".join(lines)
    git, live = list(lines), list(lines)
    for number in range(0, 9000, 50):
        git[number + 1], live[number + 31] = f"git {number}", f"live {number}"
    assert len(base) > 240_000

    merged = merged_text(base, "\n".join(git), "\n".join(live))

    assert merged is not None
    assert merged.count("git ") == merged.count("live ") == 180
