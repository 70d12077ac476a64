"""The last look of a run: late creates are taken, equal twins deleted, others told, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from reconciler.apply.creates import LOOK_SECONDS, LateCreates, Looks, late_creates
from reconciler.model import Address, Live
from reconciler.plan import marker as markers
from reconciler.providers import ProviderError, Rejected
from reconciler.providers.errors import Broken
from support.faults import TIME, clock, run
from support.lives import KIND, stamped, stranger, wanted
from support.world import WHERE

A = Address("assistant", "a")
WANTED = wanted("a", name="A")


class Place:
    """What each look shows, and what was deleted."""

    def __init__(self, looks: Sequence[Sequence[Live]], error: ProviderError | None = None) -> None:
        self.looks = list(looks)
        self.at: list[float] = []
        self.deleted: list[str] = []
        self._error = error

    async def observe(self, kind: str) -> tuple[Live, ...]:
        self.at.append(clock())
        return tuple(self.looks.pop(0) if len(self.looks) > 1 else self.looks[0])

    async def delete(self, live: Live) -> None:
        if self._error is not None:
            raise self._error
        self.deleted.append(live.id)


def made(id: str, nonce: str = "now", key: str = "a", created_at: float = 0, **moved: Any) -> Live:
    one = replace(WANTED, address=Address("assistant", key))
    stamp = markers.stamp(one, KIND, ("acme", "production"), id=None, nonce=nonce, commit=None)
    return stamped(one, stamp, id, created_at=created_at, **moved)


def swept(place: Place, known: str | None, lands: float = 0.0) -> LateCreates:
    async def story() -> LateCreates:
        looks = Looks(place, WHERE, ["assistant"], TIME, clock() + LOOK_SECONDS)  # type: ignore[arg-type]
        return await late_creates(looks, "now", {A: known}, lands)

    found: LateCreates = run(story)
    return found


def test_it_looks_twice_with_growing_pauses() -> None:
    place = Place([[]])

    assert swept(place, None) == LateCreates({}, ())
    assert place.at == [0.5, 2.0]


def test_it_looks_until_nothing_lands_any_more() -> None:
    place = Place([[made("x")]] * 3 + [[made("x"), made("y")]])

    assert "y landed late beside x" in swept(place, "x", lands=7.0).notes[0]
    assert place.at == [0.5, 2.0, 4.0, 8.0]


def test_it_looks_until_what_was_created_is_listed_and_then_for_its_twin() -> None:
    place = Place([[made("y")]] * 4 + [[made("x"), made("y")]])

    assert "y landed late beside x" in swept(place, "x").notes[0]
    assert place.at == [0.5, 2.0, 4.0, 8.0, 13.0]


def test_what_no_list_shows_is_told_apart_and_nothing_is_deleted_beside_it() -> None:
    place = Place([[made("y")]])

    assert swept(place, "x") == LateCreates({}, (), (A,))
    assert place.deleted == []
    assert place.at[-1] == LOOK_SECONDS


@pytest.mark.parametrize("looks", [[[made("x")], []], [[], [made("x")]]])
def test_what_landed_late_is_the_object_of_a_create_that_failed(looks: list[list[Live]]) -> None:
    found = swept(Place(looks), None)

    assert found.late[A].id == "x"
    assert found.notes == ()


def test_an_equal_twin_is_deleted() -> None:
    place = Place([[made("x"), made("y")]])
    found = swept(place, "x")

    assert place.deleted == ["y"]
    assert found.late == {}
    assert "y landed late beside x" in found.notes[0]


def test_of_twins_of_a_failed_create_the_oldest_is_kept() -> None:
    place = Place([[made("x", created_at=2), made("y", created_at=1), made("b", created_at=2)]])

    assert swept(place, None).late[A].id == "y"
    assert place.deleted == ["b", "x"]


def test_a_twin_that_differs_is_only_told() -> None:
    place = Place([[made("x"), made("y", description="another")]])

    assert "differs" in swept(place, "x").notes[0]
    assert place.deleted == []


@pytest.mark.parametrize("error", [Broken("oops"), Rejected("no")])
def test_a_twin_that_cannot_be_deleted_is_told(error: ProviderError) -> None:
    found = swept(Place([[made("x"), made("y")]], error), None)

    assert found.late[A].id == "x"
    assert f"could not be deleted: {error.message}" in found.notes[0]


@pytest.mark.parametrize(
    "other", [made("y", nonce="before"), made("y", key="b"), stranger("y", name="A"), replace(made("y"), marker=None)]
)
def test_what_this_run_did_not_make_is_left_alone(other: Live) -> None:
    place = Place([[made("x"), other]])

    assert swept(place, "x") == LateCreates({}, ())
    assert place.deleted == []


def test_a_copy_of_what_this_run_made_is_left_alone() -> None:
    original = made("x")
    assert original.marker is not None
    copy = replace(made("y"), marker=replace(original.marker, id="x"))
    place = Place([[original, copy]])

    swept(place, "x")
    assert place.deleted == []
