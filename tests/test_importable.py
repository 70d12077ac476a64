"""Which live objects an import may make manifests of, and why it leaves the others."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model import Address
from reconciler.plan.importable import Candidates, candidates
from support.lives import applied, marked, stranger, wanted
from support.world import WHERE


def reasons(found: Candidates) -> dict[str, str]:
    return {each.live.id: each.reason for each in found.left}


def test_what_no_manifest_names_is_importable_and_the_oldest_comes_first() -> None:
    first, second = stranger("asst_b", created_at=1), stranger("asst_a", created_at=2)
    pinned, managed = stranger("asst_p"), applied(wanted("m"), "asst_m")
    manifests = [wanted("m"), wanted("p", own={"id": "asst_p"})]

    found = candidates([second, first, pinned, managed], manifests, WHERE)

    assert found == Candidates(importable=(first, second), managed=(pinned, managed), left=())


def test_what_carries_our_marker_without_a_manifest_is_importable_unless_that_is_meant() -> None:
    lost, removed = applied(wanted("lost"), "asst_1"), applied(wanted("removed"), "asst_2")
    twice = [applied(wanted("twice"), "asst_3"), applied(wanted("twice"), "asst_4")]

    found = candidates([lost, removed, *twice], [], WHERE, absent=[Address("assistant", "removed")])

    doubled = "several live assistants carry the key twice; `reconciler plan` shows what to do"
    assert found.importable == (lost,)
    assert reasons(found) == {
        "asst_2": "its manifest says that it does not exist in production, and the next plan removes it",
        "asst_3": doubled,
        "asst_4": doubled,
    }


def test_what_is_not_ours_to_adopt_is_left_with_the_reason() -> None:
    ours = applied(wanted("bot"), "asst_1")
    other_stack, other_environment = marked(ours, stack="sales"), marked(ours, environment="staging")
    live = [
        replace(ours, id="asst_copy"),
        other_stack,
        replace(marked(other_environment, id="asst_e"), id="asst_e"),
        replace(stranger("asst_odd"), odd_marker=True),
        stranger("asst_pinned"),
        stranger("asst_full", metadata={f"k{number}": "v" for number in range(16)}),
    ]

    found = candidates(live, [], WHERE, pinned={("assistant", "asst_pinned"): "staging"})

    assert (found.importable, found.managed) == ((), ())
    assert reasons(found) == {
        "asst_copy": "a copy of assistant.bot (asst_1)",
        "asst_1": "managed by the stack sales, environment production",
        "asst_e": "managed by the stack acme, environment staging",
        "asst_odd": "its metadata entry `reconciler` is not a marker, and adopting the object would overwrite it",
        "asst_pinned": "named by a manifest for the environment staging",
        "asst_full": "16 metadata pairs leave no room for the marker; remove one on the server",
    }
