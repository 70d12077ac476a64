"""How everything stands: every state, the table and the data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from reconciler.canonical import ABSENT
from reconciler.emulator import Settings
from reconciler.model import Address, Change, Difference, Live, Marker, Plan
from reconciler.plan.make import make_plan
from reconciler.plan.other_stacks import Origin, OtherStack
from reconciler.plan.status import Standing, standings
from reconciler.render.other_stacks import data as other_data
from reconciler.render.other_stacks import text as others_text
from reconciler.render.status import data, table
from reconciler.render.style import Style
from support.lives import applied, stranger, wanted
from support.render_plans import kept
from support.world import SCENARIOS, WHERE, Scenario, World, desired, run

NOW = 1_800_000_000
BY_NAME = {scenario.path.stem: scenario for scenario in SCENARIOS}


def called(name: str | None = None, model: str | None = None) -> dict[str, str | None]:
    """What the columns of its kind say of an object."""
    return {"model": model, "name": name}


def _states(name: str, folder) -> dict[str, str]:
    scenario: Scenario = BY_NAME[name]

    async def story() -> tuple[Standing, ...]:
        world, wanted = await scenario.prepared(folder, Settings())
        return standings(await world.plan(wanted, **scenario.options), await world.live())

    return {row.address or row.id or "": row.state for row in run(story)}


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("nothing-to-do", {"assistant.hr-helper": "in sync"}),
        ("edits-a-prompt", {"assistant.hr-helper": "edited"}),
        ("tells-drift-from-edits", {"assistant.hr-helper": "edited, drifted"}),
        ("refuses-a-conflict", {"assistant.hr-helper": "conflict"}),
        ("creates-what-is-missing", {"assistant.hr-helper": "to be created"}),
        ("refuses-an-id-that-is-gone", {"assistant.mine": "id not found"}),
        ("adopts-by-id", {"assistant.mine": "to be adopted", "asst_2": "unmanaged"}),
        ("renames-with-was", {"assistant.hr-helper": "to be renamed"}),
        (
            "deletes-what-has-no-manifest",
            {"assistant.one": "in sync", "assistant.two": "to be deleted", "asst_1": "unmanaged"},
        ),
        ("lets-go-where-removal-keeps", {"assistant.one": "in sync", "assistant.two": "to be forgotten"}),
        ("remembers-a-new-removal-rule", {"assistant.one": "edited"}),
    ],
)
def test_every_state_has_its_word(name: str, states: dict[str, str], tmp_path) -> None:
    assert _states(name, tmp_path) == states


def test_twins_are_called_duplicates() -> None:
    async def story() -> tuple[Standing, ...]:
        world = World()
        wanted = desired({"model": "gpt-4o"})
        await world.settle(wanted)
        (one,) = await world.live()
        await world.by_hand("POST", "/assistants", {"model": "gpt-4o", "metadata": one.raw["metadata"]})
        return standings(await world.plan(wanted), await world.live())

    assert [row.state for row in run(story)] == ["duplicate", "duplicate"]


def test_copies_that_no_manifest_wants_are_called_duplicates() -> None:
    live = [applied(wanted("a"), "asst_1"), applied(wanted("a"), "asst_2", name="mine")]

    assert [row.state for row in standings(make_plan((), live, WHERE), live)] == ["duplicate", "duplicate"]


def test_what_is_unmanaged_comes_by_name_and_what_other_stacks_manage_after_it() -> None:
    def one(id: str, name: str | None = None, marker: Marker | None = None) -> Live:
        return Live("assistant", id, {"name": name}, {}, marker=marker)

    preview = Marker("acme-pr-7", "production", "hr", 1)
    found = [
        *(one("asst_3", "b"), one("asst_1"), one("asst_2", "A")),
        *(one("asst_9", "z", preview), one("asst_8", "y", Marker("acme", "staging", "hr", 1))),
        *(one("asst_7", "x", preview), one("asst_0", "ours", Marker("acme", "production", "hr", 1))),
    ]

    rows = standings(Plan(WHERE), found)

    assert [(row.id, row.owner) for row in rows] == [
        ("asst_0", None),
        *(("asst_2", None), ("asst_3", None), ("asst_1", None)),
        *(("asst_7", "acme-pr-7/production"), ("asst_9", "acme-pr-7/production"), ("asst_8", "acme/staging")),
    ]
    assert {row.state for row in rows[1:]} == {"unmanaged"}
    shown = table(rows, Style()).splitlines()
    assert "  of acme-pr-7/production  " in shown[5]
    assert shown[-1] == "1 managed, 3 unmanaged, 2 of acme-pr-7/production, 1 of acme/staging."


def test_the_totals_name_a_few_other_stacks_and_count_many() -> None:
    markers = [Marker(f"acme-pr-{number}", "staging", "hr", 1) for number in range(9)]
    found = [Live("assistant", f"asst_{each.stack}", {"name": "x"}, {}, marker=each) for each in (*markers, markers[0])]

    assert table(standings(Plan(WHERE), found), Style()).endswith("\n0 managed, 0 unmanaged, 10 of 9 other stacks.\n")


def test_a_change_that_says_nothing_more_is_a_change() -> None:
    world = World()
    bare = Plan(world.where, changes=(Change("update", Address("assistant", "a"), None, ""),))

    assert standings(bare, ()) == (Standing("assistant.a", None, called(), "changed"),)


ROWS = (
    Standing("assistant.hr", "asst_1", called("HR\x1b[2J", "gpt-4o"), "in sync", "1a2b3c4d5e6f"),
    Standing("assistant.new", None, called(model="gpt-4.1"), "to be created"),
    Standing(None, "asst_9", called("x" * 60), "unmanaged"),
)


def test_the_table_has_one_line_an_object() -> None:
    assert table(ROWS, Style(width=120)) == (
        "address        id      model    state          commit        name\n"
        "assistant.hr   asst_1  gpt-4o   in sync        1a2b3c4d5e6f  HR<U+001B>[2J\n"
        "assistant.new  -       gpt-4.1  to be created  -             -\n"
        f"-              asst_9  -        unmanaged      -             {'x' * 39}…\n"
        "\n1 managed, 1 to be created, 1 unmanaged.\n"
    )


@pytest.mark.parametrize(
    ("width", "head", "note"),
    [
        (100, "address        id      model    state          name", "(not shown: commit)"),
        (60, "address        id      model    state", "(not shown: commit, name)"),
        (40, "address        id      state", "(not shown: model, commit, name)"),
        (30, "address        state", "(not shown: id, model, commit, name)"),
    ],
)
def test_what_does_not_fit_is_omitted_by_importance_and_that_is_said(width: int, head: str, note: str) -> None:
    lines = table(ROWS, Style(width=width)).splitlines()

    assert (lines[0], lines[4]) == (head, note)
    assert all(len(line) <= width for line in lines[:4])


def test_an_address_that_is_too_long_for_any_table_is_shortened() -> None:
    rows = (replace(ROWS[0], address=f"assistant.{'x' * 60}"), ROWS[1])

    assert table(rows, Style(width=40)).splitlines()[:3] == [
        "address                    state",
        "assistant.xxxxxxxxxxxxxx…  in sync",
        "assistant.new              to be created",
    ]


def test_a_column_without_a_value_is_not_there_and_wide_letters_line_up() -> None:
    rows = (Standing("assistant.a", "asst_1", called("休暇"), "in sync", None), replace(ROWS[0], commit=None))

    assert table(rows, Style()).splitlines()[:3] == [
        "address       id      model   state    name",
        "assistant.a   asst_1  -       in sync  休暇",
        "assistant.hr  asst_1  gpt-4o  in sync  HR<U+001B>[2J",
    ]


def test_a_note_breaks_between_words() -> None:
    shown = table((replace(ROWS[0], state="mismatch", mismatch=KEPT),), Style(width=60)).split("\n\n")[2]

    assert all(len(line) <= 60 for line in shown.splitlines())


def test_the_table_is_painted_only_where_there_is_colour() -> None:
    assert "\x1b[1;32min sync" in table(ROWS, Style(colour=True))


def test_the_data_has_every_member() -> None:
    assert data(ROWS)[1] == {
        "address": "assistant.new",
        "id": None,
        "name": None,
        "model": "gpt-4.1",
        "state": "to be created",
        "commit": None,
        "owner": None,
        "mismatch": [],
    }


KEPT = kept("hr", Difference(("temperature",), 0.2, 1), Difference(("description",), "Says\nno\x1b[2J", ABSENT))


def test_what_the_server_did_not_keep_is_not_in_sync() -> None:
    one = Live("assistant", KEPT.id, {}, {}, marker=Marker("acme", "production", "hr", 1))
    plan = Plan(World().where, mismatches=(KEPT,))
    edited = replace(plan, changes=(Change("update", KEPT.address, KEPT.id, ""),))

    assert [row.state for row in standings(plan, [one])] == ["mismatch"]
    assert [row.state for row in standings(edited, [one])] == ["changed, mismatch"]


def test_the_table_says_what_the_server_did_not_keep_and_why_it_is_not_sent_again() -> None:
    rows = (replace(ROWS[0], state="mismatch", mismatch=KEPT),)

    assert table(rows, Style(width=1_000)).split("\n\n")[2] == (
        "Note: assistant.hr differs from its manifest: `temperature` is 1 instead of 0.2;"
        ' `description` is absent instead of "Says\\nno<U+001B>[2J". The server kept this instead of what it was sent,'
        " so it is sent again only once the manifest or it changes.\n"
    )
    assert data(rows)[0]["mismatch"][0] == {"path": "temperature", "live": 1, "desired": 0.2}


def stack(days: Sequence[float], number: int = 1, origin: Origin = "unknown") -> OtherStack:
    """A stack whose objects were created so many days ago; never, where that is unknown."""
    moments = [NOW - days[index % len(days)] * 86_400 if days else 0 for index in range(number)]
    objects = tuple(stranger(f"asst_{index}", created_at=moment) for index, moment in enumerate(moments))
    return OtherStack("acme-pr-7", "production", origin, objects)


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ([], ""),
        ([0.5], ", created today"),
        ([1.5], ", created 1 day ago"),
        ([8.1, 12], ", created 8 to 12 days ago"),
        ([0.1, 1.5], ", created 0 to 1 days ago"),
    ],
)
def test_the_age_of_another_stack_is_told_where_the_server_says_it(days: list[float], said: str) -> None:
    told = others_text([stack(days, 2)], NOW, Style())

    assert f"acme-pr-7/production: 2 assistants{said}\n" in told
    assert (other_data([stack(days)])[0]["oldest"] is None) == (days == [])


def test_of_a_large_stack_the_first_objects_are_named() -> None:
    told = others_text([stack([1], 25, "pull-request")], NOW, Style())

    assert told.count("assistant.asst_") == 20
    assert "      and 5 more\n" in told
    assert others_text([], NOW, Style()) == "No other stack is on this server.\n"
