"""Keys from names: readable, valid, unique on every file system, and the same whatever the order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.drafts.keys import keys_of, slug_of
from reconciler.model import NAME, Address, Live


def live(id: str, name: str | None, kind: str = "assistant", created_at: float = 0) -> Live:
    return Live(kind, id, {"name": name}, {}, created_at=created_at)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("HR Helper", "hr-helper"),
        ("Straße nach Łódź", "strasse-nach-lodz"),
        ("Ærlig Ø", "aerlig-o"),
        ("Maria’s bot", "marias-bot"),
        ("🤖 Bot 🤖", "bot"),
        ("ﬁne Ⅷ", "fine-viii"),
        ("помощник", ""),
        ("../../etc/passwd", "etc-passwd"),
        (f"{'x' * 63} yz", "x" * 63),
    ],
)
def test_a_name_becomes_what_a_person_would_type(name: str, slug: str) -> None:
    assert slug_of(name) == slug


@pytest.mark.parametrize(
    ("id", "key"),
    [
        ("asst_abcdefgH1234", "assistant-efgh1234"),
        ("asst_17", "assistant-17"),
        ("3f2a9c1e-0b6d-4c1e-9d2a-7f6e5d4c3b2a", "assistant-5d4c3b2a"),
        ("my-bot", "my-bot"),
        ("night_shift", "night-shift"),
        ("bot-1", "bot-1"),
        ("customer-support-v2", "customer-support-v2"),
        ("9f86d081884c7d659a2f", "assistant-7d659a2f"),
        ("Other Bot 2", "other-bot-2"),
        ("con", "con-assistant"),
        ("___", "assistant"),
        ("2024", "assistant-2024"),
    ],
)
@pytest.mark.parametrize("name", [None, "🤖"])
def test_what_has_no_name_to_speak_of_is_called_by_its_id(id: str, name: str | None, key: str) -> None:
    assert list(keys_of([live(id, name)], ()).values()) == [key]


def test_a_number_alone_has_the_kind_before_it() -> None:
    found = keys_of([live("asst_1", "客服 1"), live("asst_2", "7" * 80), live("asst_3", "4o")], ())

    assert sorted(found.values()) == ["4o", "assistant-1", f"assistant-{'7' * 54}"]


def test_the_oldest_has_the_name_and_a_name_with_a_number_keeps_it() -> None:
    objects = [
        live("asst_3", "Bot", created_at=3),
        live("asst_2", "bot!", created_at=2),
        live("asst_9", "Bot 2", created_at=9),
        live("agent_1", "Bot", "agent"),
    ]

    assert keys_of(objects, ()) == {
        ("agent", "agent_1"): "bot",
        ("assistant", "asst_2"): "bot",
        ("assistant", "asst_9"): "bot-2",
        ("assistant", "asst_3"): "bot-3",
    }


def test_what_is_taken_or_what_windows_keeps_for_itself_is_not_given() -> None:
    objects = [live("asst_1", "Bot"), live("asst_2", "CON"), live("asst_3", "Read me"), live("asst_4", "README")]
    taken = [Address("assistant", "bot"), Address("agent", "con")]

    found = sorted(keys_of(objects, taken).values())

    assert found == ["bot-2", "con-assistant", "read-me", "readme-assistant"]


_NAMES = st.none() | st.text(max_size=80) | st.sampled_from(["Bot", "bot", "BOT 2", "Bot 2", "x" * 64, "con"])


@pytest.mark.no_cover
@given(st.lists(st.tuples(st.sampled_from(["agent", "assistant"]), _NAMES, st.integers(0, 2)), max_size=12))
def test_keys_are_valid_and_unique_whatever_the_order(made: list) -> None:
    objects = [live(f"id_{n}", name, kind, created) for n, (kind, name, created) in enumerate(made)]
    taken = [Address("assistant", "bot-2")]

    found = keys_of(objects, taken)

    assert found == keys_of(random.Random(1).sample(objects, len(objects)), taken)
    assert all(NAME.fullmatch(key) for key in found.values())
    addresses = [*taken, *(Address(kind, key) for (kind, _), key in found.items())]
    assert len(set(addresses)) == len(made) + 1
