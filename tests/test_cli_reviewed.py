"""`plan --out`, and then `apply FILE`: what was reviewed is what is done, change by change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.canonical import digest
from reconciler.model import Target
from support.checkout import Checkout
from support.lives import wanted

pytestmark = pytest.mark.no_cover

HR = "model: gpt-4o\nname: HR Helper\n"
IT = "model: gpt-4o\nname: IT Helper\n"
TWO = "stack: acme\nenvironments:\n  one: {provider: local, stack: one}\n  two: {provider: local, stack: two}\n"
ELSEWHERE = Target("other", "local", "local", ".reconciler/local.db")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr=HR, it=IT)


def reviewed(here: Checkout, *arguments: str) -> dict[str, Any]:
    assert here.run("plan", "--out", "plan.json", *arguments).code == 0
    return json.loads((here.root / "plan.json").read_text())


def named(here: Checkout, name: str) -> dict[str, Any]:
    (one,) = (one for one in here.live().values() if one["name"] == name)
    return one


def names(here: Checkout) -> list[str]:
    return sorted(one["name"] for one in here.live().values())


def applied(here: Checkout) -> None:
    assert here.run("apply", "--auto-approve").code == 0


# each change for itself


def test_what_was_reviewed_and_is_so_still_is_done_without_asking(here: Checkout) -> None:
    reviewed(here)

    told = here.run("apply", "plan.json")

    assert (told.code, told.err) == (0, "")
    assert told.out.endswith("Apply complete! Resources: 2 added, 0 changed, 0 destroyed.\n")
    assert names(here) == ["HR Helper", "IT Helper"]


def test_what_is_true_already_is_said_to_be(here: Checkout) -> None:
    reviewed(here)
    applied(here)

    told = here.run("apply", "plan.json")

    assert told.code == 0
    assert "assistant.hr: Done already\nassistant.it: Done already\n" in told.out
    assert len(here.live()) == 2


def test_a_manifest_that_was_edited_since_is_refused_with_what_it_would_be_now(here: Checkout) -> None:
    reviewed(here)
    here.write(hr=HR + "description: since\n")

    told = here.run("apply", "plan.json")

    assert told.code == 1
    assert "assistant.hr: Refused: it is no longer what was reviewed" in told.out
    assert '"since"' in told.out
    assert names(here) == ["IT Helper"]


@pytest.mark.parametrize("there", [False, True])
def test_a_manifest_that_was_edited_and_applied_since_is_not_done_already(here: Checkout, there: bool) -> None:
    if there:
        applied(here)
        here.write(hr=HR + "description: reviewed\n")
    reviewed(here)
    here.write(hr=HR + "description: another\n")
    applied(here)

    told = here.run("apply", "plan.json")

    assert told.code == 1
    assert "assistant.hr: Refused: the assistant changed; no action is needed now" in told.out
    assert named(here, "HR Helper")["description"] == "another"


def test_an_object_that_drifted_since_is_refused_and_the_others_go_on(here: Checkout) -> None:
    applied(here)
    here.write(hr=HR + "description: new\n", it=IT + "description: new\n")
    reviewed(here)
    here.call("POST", f"/{named(here, 'HR Helper')['id']}", {"temperature": 0.5})

    told = here.run("apply", "plan.json")

    assert told.code == 1
    assert "assistant.hr: Refused" in told.out
    assert "temperature" in told.out
    assert [named(here, name)["description"] for name in ("HR Helper", "IT Helper")] == [None, "new"]


@pytest.mark.parametrize("removed", [False, True])
def test_an_object_that_another_stack_took_since_is_left_to_it(here: Checkout, removed: bool) -> None:
    id = here.applied(wanted("hr", name="HR Helper"))
    here.write(hr=HR + "description: new\n")
    if removed:
        (here.root / "assistants" / "hr.yaml").unlink()
    planned = reviewed(here)
    assert [c["action"] for c in planned["changes"]] == ["delete" if removed else "update", "create"]
    taken = f"v1 {ELSEWHERE.stack}/local/hr id={id} f=1 d={'a' * 60}"
    here.call("POST", f"/{id}", {"metadata": {"reconciler": taken}})

    told = here.run("apply", "plan.json")

    assert told.code == 1
    assert "assistant.hr: Refused" in told.out
    assert here.live()[id]["metadata"]["reconciler"] == taken
    assert here.live()[id]["description"] is None


def test_what_nobody_reviewed_is_left_alone_and_told(here: Checkout) -> None:
    reviewed(here, "it")

    told = here.run("apply", "plan.json")

    assert told.code == 0
    assert "assistant.hr: Not done: this create needs review\n" in told.out
    assert names(here) == ["IT Helper"]


def test_two_reviewed_plans_do_not_invalidate_each_other(here: Checkout) -> None:
    assert here.run("plan", "hr", "--out", "one.json").code == 0
    assert here.run("plan", "it", "--out", "two.json").code == 0

    assert [here.run("apply", file).code for file in ("one.json", "two.json", "one.json")] == [0, 0, 0]
    assert names(here) == ["HR Helper", "IT Helper"]


# the file as a whole


def edited(document: dict[str, Any], **members: Any) -> str:
    """The document with other members, and the digest that then belongs to it."""
    changed = {name: value for name, value in {**document, **members}.items() if name != "digest"}
    return json.dumps({**changed, "digest": digest(changed)})


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({"stack": "other"}, "it is of stack other, and this is default"),
        ({"provider": "openai"}, "its environment has provider 'openai', and here it is 'local'"),
        ({"base_url": "https://example.com/v1"}, "its environment has base_url 'https://example.com/v1'"),
        ({"project": "proj_x"}, "its environment has project 'proj_x', and here it is None"),
        ({"name": "staging"}, "its environment has name 'staging', and here it is 'local'"),
    ],
)
def test_a_plan_of_another_place_is_refused_as_a_whole(here: Checkout, place: dict[str, str], said: str) -> None:
    plan = reviewed(here)
    stack = {"stack": place.pop("stack")} if "stack" in place else {}
    (here.root / "plan.json").write_text(edited(plan, environment={**plan["environment"], **place}, **stack))

    told = here.run("apply", "plan.json", "-e", "local")

    assert told.code == 1
    assert f"Error: This plan was made for another target: {said}" in told.err
    assert here.live() == {}


def test_the_environment_is_the_plans_unless_another_was_said(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    here.config(TWO)
    reviewed(here, "-e", "one")

    by_option = here.run("apply", "plan.json", "-e", "two")
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "two")
    by_variable = here.run("apply", "plan.json")
    monkeypatch.delenv("RECONCILER_ENVIRONMENT")

    assert (by_option.code, by_variable.code) == (1, 1)
    assert "was made for another target" in by_option.err
    assert "was made for another target" in by_variable.err
    assert here.live() == {}
    assert here.run("apply", "plan.json").code == 0


def spoil(plan: str, how: str) -> bytes:
    ways = {
        "edited": plan.replace("HR Helper", "XX Helper").encode(),
        "truncated": plan[: len(plan) // 2].encode(),
        "empty": b"",
        "binary": bytes(range(256)),
        "a list": b"[]",
        "no plan": b'{"a": 1}',
        "version": plan.replace('"format_version": "1.2"', '"format_version": "2.0"').encode(),
        "nan": plan.replace('"add": 2', '"add": NaN').encode(),
        "deep": b"[" * 100_000,
    }
    return ways[how]


@pytest.mark.parametrize(
    "how", ["edited", "truncated", "empty", "binary", "a list", "no plan", "version", "nan", "deep"]
)
def test_a_file_that_was_touched_is_refused_and_nothing_is_sent(here: Checkout, how: str) -> None:
    reviewed(here)
    path = here.root / "plan.json"
    path.write_bytes(spoil(path.read_text(), how))

    told = here.run("apply", "plan.json")

    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Error: plan.json is not a saved plan: ")
    assert here.live() == {}


def test_a_later_minor_version_is_read(here: Checkout) -> None:
    plan = reviewed(here)
    (here.root / "plan.json").write_text(edited(plan, format_version="1.7", news={"more": 1}))

    assert here.run("apply", "plan.json").code == 0


@pytest.mark.parametrize("word", ["missing.json", "no/such/plan", "assistants/", "folder.json"])
def test_a_file_that_is_not_there_or_a_folder_is_named(here: Checkout, word: str) -> None:
    (here.root / "folder.json").mkdir()

    told = here.run("apply", word, "--auto-approve")

    assert told.code == 1
    path = here.root / word
    fault = f"{word} cannot be read: " if path.is_dir() else f"There is no file {path}."
    assert f"Error: {fault}" in told.err
    assert here.live() == {}


def test_a_file_of_any_name_may_hold_a_plan(here: Checkout) -> None:
    assert here.run("plan", "-out=tfplan").code == 0

    assert here.run("apply", "tfplan").code == 0


def test_the_plans_of_several_environments_are_not_applied_from_one_file(here: Checkout) -> None:
    here.config("stack: acme\nenvironments:\n  local: {}\n  other: {provider: local, stack: other}\n")
    together = here.run("plan", "--all-environments", "--format", "json").out
    (here.root / "plans.json").write_text(together)

    told = here.run("apply", "plans.json")

    assert (told.code, told.out) == (1, "")
    assert "plans.json is not the saved plan of one environment." in told.err


def test_a_key_that_is_a_files_name_too_is_never_guessed(here: Checkout) -> None:
    (here.root / "hr").write_text("notes about hr")

    told = here.run("apply", "hr", "--auto-approve")
    exactly = here.run("apply", "assistant.hr", "--auto-approve")

    assert (told.code, exactly.code) == (1, 0)
    assert "where a key is meant, write its address, such as `agent.KEY`" in told.err
    assert names(here) == ["HR Helper"]


# fingerprints and allowances


def test_the_fingerprint_demands_the_whole_plan_unchanged(here: Checkout) -> None:
    found = reviewed(here)["fingerprint"]
    here.write(new=HR.replace("HR", "New"))

    wrong = here.run("apply", "--auto-approve", "--expect", found)
    with_file = here.run("apply", "plan.json", "--expect", found)
    (here.root / "assistants" / "new.yaml").unlink()
    right = here.run("apply", "--auto-approve", "--expect", found)

    assert (wrong.code, with_file.code, right.code) == (1, 1, 0)
    assert f"not {found}; nothing was changed." in wrong.err


def test_an_allowance_does_not_travel_with_the_plan(here: Checkout) -> None:
    here.call("POST", "", {"model": "gpt-4o", "name": "HR Helper"})
    plan = reviewed(here, "--allow", "possible-duplicate")
    assert [(o["code"], o["address"], o["allowed"]) for o in plan["objections"]] == [
        ("possible-duplicate", "assistant.hr", True)
    ]
    here.call("POST", "", {"model": "gpt-4o", "name": "IT Helper"})

    told = here.run("apply", "plan.json")

    assert told.code == 1
    assert names(here) == ["HR Helper", "IT Helper"]
    assert "--allow possible-duplicate" in told.err
    assert here.run("apply", "plan.json", "--allow", "possible-duplicate").code == 0


def test_an_objection_that_came_after_the_review_holds_back(here: Checkout) -> None:
    reviewed(here)
    here.call("POST", "", {"model": "gpt-4o", "name": "HR Helper"})

    told = here.run("apply", "plan.json")

    assert told.code == 1
    assert names(here) == ["HR Helper", "IT Helper"]
    assert here.run("apply", "plan.json", "--allow", "possible-duplicate").code == 0


def test_what_was_allowed_belongs_to_what_the_file_vouches_for(here: Checkout) -> None:
    here.call("POST", "", {"model": "gpt-4o", "name": "HR Helper"})
    plan = reviewed(here)
    path = here.root / "plan.json"
    path.write_text(path.read_text().replace('"allowed": false', '"allowed": true'))

    assert plan["objections"]
    assert "edited or damaged" in here.run("apply", "plan.json").err
