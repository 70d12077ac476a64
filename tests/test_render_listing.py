"""Keys and ids, for people and for programs."""

from __future__ import annotations

import csv
import json
import shlex

import pytest

from reconciler.model import Address, Live
from reconciler.render.listing import LISTINGS, same_variable
from support.lives import applied, wanted

HOSTILE = "asst_1'; echo \x1b[2J\n"


def rows(*pairs: tuple[str, str]) -> list[tuple[Address, Live]]:
    return [(Address("assistant", key), applied(wanted(key, name="HR"), id)) for key, id in pairs]


def test_a_table_for_people_lines_up() -> None:
    assert LISTINGS["text"](rows(("hr", "asst_1"), ("maths-tutor", "asst_2"))) == (
        "assistant.hr           asst_1\nassistant.maths-tutor  asst_2\n"
    )


def test_what_is_invisible_shows_for_people() -> None:
    assert "\x1b" not in LISTINGS["text"](rows(("hr", HOSTILE)))


def test_json_goes_by_kind_and_key() -> None:
    assert json.loads(LISTINGS["json"](rows(("hr", "asst_1")))) == {"assistant": {"hr": {"id": "asst_1", "name": "HR"}}}


def test_a_shell_reads_the_ids_as_they_are() -> None:
    text = LISTINGS["env"](rows(("hr.helper-2", HOSTILE)))

    assert shlex.split(text) == [f"ASSISTANT_HR_HELPER_2={HOSTILE}"]


def test_csv_reads_back() -> None:
    text = LISTINGS["csv"](rows(("hr", "asst_1"), ("b", 'a,"b')))

    assert list(csv.reader(text.splitlines())) == [
        ["kind", "key", "id"],
        ["assistant", "hr", "asst_1"],
        ["assistant", "b", 'a,"b'],
    ]


@pytest.mark.parametrize(("name", "empty"), [("text", ""), ("json", "{}\n"), ("env", ""), ("csv", "kind,key,id\n")])
def test_nothing_is_listed_as_nothing(name: str, empty: str) -> None:
    assert LISTINGS[name]([]) == empty


def test_keys_that_would_share_a_variable_are_found() -> None:
    found = same_variable(rows(("a-b", "1"), ("a.b", "2"), ("c", "3")))

    assert [[address.key for address in addresses] for addresses in found] == [["a-b", "a.b"]]


FORMER = {Address("assistant", "hr"): ["asst_0", "asst_00"], Address("agent", "new"): ["asst_3"]}


def test_ids_of_elsewhere_are_a_table_of_their_own_for_people() -> None:
    assert LISTINGS["text"](rows(("hr", "asst_1")), FORMER) == (
        "assistant.hr  asst_1\n"
        "\n"
        "former id  address       id\n"
        "asst_3     agent.new     -\n"
        "asst_0     assistant.hr  asst_1\n"
        "asst_00    assistant.hr  asst_1\n"
    )


def test_ids_of_elsewhere_are_one_more_member_column_or_variable_for_programs() -> None:
    listed = rows(("b", "asst_2"), ("hr", "asst_1"))

    assert json.loads(LISTINGS["json"](listed, FORMER))["assistant"] == {
        "b": {"id": "asst_2", "name": "HR"},
        "hr": {"id": "asst_1", "name": "HR", "former_ids": ["asst_0", "asst_00"]},
    }
    assert [*csv.DictReader(LISTINGS["csv"](listed, FORMER).splitlines())] == [
        {"kind": "assistant", "key": "b", "id": "asst_2", "former_ids": ""},
        {"kind": "assistant", "key": "hr", "id": "asst_1", "former_ids": "asst_0 asst_00"},
    ]
    assert shlex.split(LISTINGS["env"](listed, FORMER))[1:] == [
        "ASSISTANT_HR=asst_1",
        "ASSISTANT_HR_FORMER_IDS=asst_0 asst_00",
    ]
    assert same_variable(rows(("hr", "1"), ("hr-former-ids", "2")), FORMER) != []
