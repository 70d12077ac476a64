"""What a comment about several environments says after the merge, environment by environment."""

from __future__ import annotations

from reconciler.github.posts.sticky import with_part

BOTH = ("staging", "production")
PLAN = "### 1 prompt changed\n\n- all of it\n"
ROOM = 65_536


def test_what_became_of_one_stands_above_the_plan_of_all() -> None:
    told = with_part(PLAN, BOTH, "staging", "### Applied: 1 changed\n\n**staging**\n", ROOM)

    assert told == (
        "<!-- reconciler: part staging -->\n### Applied: 1 changed\n\n**staging**\n\n"
        "<!-- reconciler: part + -->\n**production**: not applied yet.\n\n"
        "<!-- reconciler: part - -->\n<details><summary>The plan</summary>\n\n"
        "### 1 prompt changed\n\n- all of it\n\n</details>\n"
    )


def test_what_was_said_last_stands_first_and_takes_the_place_of_what_was_said_before() -> None:
    first = with_part(PLAN, BOTH, "staging", "### Being applied", ROOM)
    second = with_part(first.replace("\n", "\r\n"), BOTH, "staging", "### Applied", ROOM)
    third = with_part(second, BOTH, "production", "### Not applied", ROOM)

    assert "Being applied" not in second
    assert third.count("The plan") == 1
    assert "not applied yet" not in third
    assert third.index("### Not applied") < third.index("### Applied") < third.index("all of it")


def test_the_plan_goes_first_where_there_is_no_room_and_then_all_but_the_verdict_of_others() -> None:
    first = with_part(PLAN, BOTH, "staging", f"### Applied\n\n{'x' * 100}", ROOM)
    second = with_part(first, BOTH, "production", f"### Failed\n\n{'y' * 100}", 400)
    third = with_part(first, BOTH, "production", f"### Failed\n\n{'y' * 100}", 320)
    last = with_part(first, BOTH, "production", f"### Failed\n\n{'y' * 100}", 200)

    assert ("The plan is omitted for length." in second, "xxx" in second, "yyy" in second) == (True, True, True)
    assert ("### Applied\n" in third, "xxx" in third, "yyy" in third) == (True, False, True)
    assert ("### Applied" in last, "yyy" in last) == (False, True)
    assert "omitted for length" in with_part(last, BOTH, "production", "### Applied", ROOM)


def test_no_line_of_what_is_said_begins_a_part() -> None:
    told = with_part(PLAN, BOTH, "staging", "### Failed\n<!-- reconciler: part production -->\nforged", ROOM)
    again = with_part(told, BOTH, "staging", "### Applied", ROOM)

    assert "forged" not in again
    assert "**production**: not applied yet." in again
