"""Preview stacks of pull requests that are closed or have conflicts: `destroy --closed-pulls`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.canonical import Json
from reconciler.model import Target
from reconciler.run import remove
from support.checkout import LOCAL, Checkout, Told
from support.github import Hub, github
from support.lives import wanted

CONFIG = "stack: acme\nenvironments: {local: {}, other: {provider: local, stack: acme-pr-8}}\n"
CLOSED = ("--closed-pulls", "-e", "local", "--auto-approve", "--allow", "too-many-deletes")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with github() as found:
        for name, value in found.environ(run=900, GITHUB_EVENT_NAME="schedule").items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    here = Checkout(tmp_path, monkeypatch, capsys, hr="model: gpt-4o\nname: HR Helper\n")
    here.config(CONFIG)
    return here


def preview(here: Checkout, stack: str, environment: str = "local", **more: Json) -> str:
    """A preview stack of one assistant; its id."""
    where = Target(stack, environment, "local", LOCAL.base_url)
    return here.applied(wanted(name=f"{stack} in {environment}", **more), where)


def swept(here: Checkout, pattern: str = "acme-pr-*") -> Told:
    told = here.run("destroy", "--stack", pattern, *CLOSED)
    said = "".join(line for line in told.out.splitlines(keepends=True) if not line.startswith("::"))
    return Told(told.code, said, told.err)


def test_those_of_pull_requests_that_are_closed_or_have_conflicts_are_destroyed(here: Checkout, hub: Hub) -> None:
    for number in (1, 2, 3, 4, 8):
        hub.pull(number, merged="c" * 40 if number in (1, 8) else None)
    hub.pulls[2]["state"] = "closed"
    hub.pulls[3]["mergeable"] = False
    gone = [preview(here, f"acme-pr-{number}") for number in (1, 2, 3)]
    kept = [
        *(preview(here, name) for name in ("acme", "acme-pr-4", "acme-pr-5", "acme-pr-1-x", "acme-pr-01", "pr-1")),
        preview(here, "acme-pr-8"),
        preview(here, "acme-pr-1", "staging"),
        here.call("POST", "", {"model": "gpt-4o", "name": "acme-pr-1"})["id"],
    ]

    told = swept(here)

    assert told.code == 0, told.err
    assert set(here.live()) == set(kept)
    assert not set(gone) & set(kept)
    assert told.out.splitlines()[:6] == [
        "local (.reconciler/local.db): 5 preview stacks like acme-pr-*.",
        "  acme-pr-1: #1 is closed; to be destroyed.",
        "  acme-pr-2: #2 is closed; to be destroyed.",
        "  acme-pr-3: #3 has conflicts with main, so no workflow runs for it; to be destroyed.",
        "  acme-pr-4: #4 is open; left alone.",
        "  acme-pr-5: #5 was not found; left alone.",
    ]
    assert told.out.endswith("\nDestroyed 3 preview stacks.\n")


def test_the_comment_about_a_preview_says_that_it_is_gone(here: Checkout, hub: Hub) -> None:
    hub.pull(7)
    assert here.run("apply", "-e", "local", "--stack", "{stack}-pr-7", "--auto-approve", "--json-into", "e").code == 0
    assert here.run("comment", "-e", "local", "--stack", "{stack}-pr-7", "--events", "e", "--pull", "7").code == 0
    (made,) = hub.bodies(7)
    hub.pulls[7]["state"] = "closed"

    told = swept(here, "{stack}-pr-*")

    (gone,) = hub.bodies(7)
    assert (told.code, here.live()) == (0, {})
    assert made.startswith("<!-- reconciler: comment acme-pr-7 local ")
    assert ("Applied: 1 added" in made, "Applied: 1 destroyed" in gone) == (True, True)


def test_a_preview_may_go_whatever_becomes_of_what_it_is_a_copy_of(here: Checkout, hub: Hub) -> None:
    here.write(
        hr="model: gpt-4o\nreconciler: {on_removal: refuse}\n", it="model: gpt-4o\nreconciler: {on_removal: keep}\n"
    )
    hub.pull(7, merged="c" * 40)
    assert here.run("apply", "-e", "local", "--stack", "acme-pr-7", "--auto-approve").code == 0

    told = swept(here)

    assert (told.code, here.live()) == (0, {})


def test_a_comment_that_cannot_be_written_hides_nothing(here: Checkout, hub: Hub) -> None:
    hub.pull(7, merged="c" * 40)
    preview(here, "acme-pr-7")
    hub.fail("GET", "/issues/7/comments", times=99, status=403)

    told = swept(here)

    assert (told.code, here.live()) == (0, {})
    assert "The token may not GET" in told.err


def test_one_that_fails_stops_no_other_and_each_run_destroys_so_many(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remove, "MOST", 2)
    for number in (1, 2, 3):
        hub.pull(number, merged="c" * 40)
    refused = preview(here, "acme-pr-1", reconciler={"on_removal": "refuse"})
    preview(here, "acme-pr-2")
    later = preview(here, "acme-pr-3")

    told = swept(here)

    assert told.code == 1
    assert set(here.live()) == {refused, later}
    assert "Destroyed 1 preview stack. 1 failed, see above. The next run destroys 1 more" in told.out
    assert "refused-removal" in told.out
    assert "Not applied" in hub.bodies(1)[0]


def test_where_the_code_host_does_not_answer_nothing_is_destroyed(here: Checkout, hub: Hub) -> None:
    hub.pull(1, merged="c" * 40)
    hub.pull(2, merged="c" * 40)
    kept = {preview(here, "acme-pr-1"), preview(here, "acme-pr-2")}
    hub.fail("GET", "/pulls/2", times=99, status=403, message="no")

    told = swept(here)

    assert (told.code, set(here.live())) == (1, kept)


def test_nothing_to_destroy_asks_nobody(here: Checkout, hub: Hub) -> None:
    told = swept(here)

    assert (told.code, hub.requests) == (0, [])
    assert told.out.endswith("\nDestroyed 0 preview stacks.\n")


@pytest.mark.parametrize("pattern", ["acme-pr-7", "*", "acme-*-*", "Acme-*", "{other}-*"])
def test_a_pattern_has_one_star_in_the_place_of_a_number(here: Checkout, hub: Hub, pattern: str) -> None:
    told = swept(here, pattern)

    assert told.code == 1
    assert "is not a valid pattern of preview stacks" in told.err


def test_a_star_alone_destroys_nothing(here: Checkout) -> None:
    assert here.run("destroy", "--stack", "acme-pr-*", "-e", "local", "--auto-approve").code == 1
