"""A live object belongs to the manifest that a person names, or that its id or its name leaves no doubt about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model import Address, Live
from reconciler.plan.matching import Matchable, match
from support.lives import stranger


def at(key: str, kind: str = "assistant") -> Address:
    return Address(kind, key)


def named(id: str, name: str | None) -> Live:
    return stranger(id, **({"name": name} if name else {}))


def told(manifests: list[Matchable], live: list[Live], by_hand: dict[Address, str] | None = None) -> list[str]:
    matching = match(manifests, live, by_hand or {})
    pairs = [f"{pair.address} = {pair.live.id} by {pair.by}" for pair in matching.pairs]
    asked = [
        f"{each.name}: {' '.join(map(str, each.addresses))} ? {' '.join(one.id for one in each.live)}"
        for each in matching.ambiguous
    ]
    return pairs + asked


HELPER, OTHER = Matchable(at("a"), "Helper"), Matchable(at("b"), "Other")


@pytest.mark.parametrize(
    ("manifests", "live", "by_hand", "found"),
    [
        ([HELPER, OTHER], [("s1", "Other"), ("s2", "Helper")], {}, ["a = s2 by name", "b = s1 by name"]),
        ([HELPER], [("s1", "helper")], {}, []),
        ([HELPER], [("s1", "Helper"), ("s2", "Helper")], {}, ["Helper: a ? s1 s2"]),
        ([HELPER, replace(HELPER, address=at("c"))], [("s1", "Helper")], {}, ["Helper: a c ? s1"]),
        ([Matchable(at("a"))], [("s1", None)], {}, []),
        ([replace(HELPER, id="s1"), OTHER], [("s1", "Other"), ("s2", "Helper")], {}, ["a = s1 by id"]),
        ([replace(HELPER, is_managed=True)], [("s1", "Helper")], {}, []),
        ([HELPER, OTHER], [("s1", "Helper"), ("s2", "Helper")], {"a": "s2"}, ["a = s2 by hand"]),
        ([HELPER, OTHER], [("s1", "Helper"), ("s2", "Other")], {"b": "s1"}, ["b = s1 by hand"]),
        ([replace(HELPER, id="s9")], [("s1", "Helper"), ("s9", "x")], {"a": "s1"}, ["a = s1 by hand"]),
        ([replace(HELPER, id="s1"), OTHER], [("s1", "Helper")], {"b": "s1"}, ["b = s1 by hand"]),
    ],
)
def test_objects_are_matched_by_hand_by_id_and_by_a_name_that_only_one_of_each_has(
    manifests: list[Matchable], live: list[tuple[str, str | None]], by_hand: dict[str, str], found: list[str]
) -> None:
    said = told(manifests, [named(*one) for one in live], {at(key): id for key, id in by_hand.items()})

    assert [line.replace("assistant.", "") for line in said] == found


def test_a_name_matches_within_its_kind_alone() -> None:
    agent = replace(named("agent_1", "Helper"), kind="agent")

    assert told([HELPER], [agent]) == []
    assert told([HELPER, Matchable(at("a", "agent"), "Helper")], [agent]) == ["agent.a = agent_1 by name"]
