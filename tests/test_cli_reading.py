"""`show`, `output` and `forget`: what is live, for people and for programs; and letting go of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.checkout import LOCAL, Checkout, body_of
from support.lives import wanted


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys)


TITLE = "# local (.reconciler/local.db), stack default\n"

# what is no regular file


@pytest.fixture(params=["a pipe", "a link to a device", "a folder"])
def endless(request: pytest.FixtureRequest, here: Checkout) -> str:
    """A file that would never be read to its end, called like a plan and like a record."""
    history = here.root / ".reconciler" / "history"
    history.mkdir(parents=True)
    for path in (here.root / "plan.json", history / "20260101T000000000Z-aaaa.jsonl"):
        match request.param:
            case "a pipe":
                os.mkfifo(path)
            case "a folder":
                path.mkdir()
            case _:
                path.symlink_to("/dev/zero")
    return "it is a folder" if request.param == "a folder" else "it is not a regular file"


@pytest.mark.parametrize("command", [("apply",), ("show",), ("rollback", "--from")], ids=" ".join)
def test_a_file_that_is_none_is_not_opened(here: Checkout, endless: str, command: tuple[str, ...]) -> None:
    told = here.run(*command, "./plan.json")

    assert told.code == 1
    assert f"plan.json cannot be read: {endless}." in told.err


def test_a_record_that_is_no_file_is_a_note_and_hides_nothing(here: Checkout, endless: str) -> None:
    here.write(hr="model: gpt-4o\n")

    planned, applied, told = here.run("plan"), here.run("apply", "--auto-approve"), here.run("history")

    assert (planned.code, applied.code, told.code) == (0, 0, 0), applied.err
    assert len(told.out.splitlines()) == 2  # with the names of its columns
    assert f"aaaa.jsonl cannot be read: {endless}." in told.err


@pytest.mark.no_cover
@pytest.mark.parametrize("command", ["apply", "show"])
def test_a_plan_that_is_larger_than_any_is_not_read(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (here.root / "plan.json").touch()
    os.truncate(here.root / "plan.json", 10**12)

    assert "plan.json cannot be read: it is larger than 256 MB." in here.run(command, "plan.json").err


# show

BY_HAND = {
    "model": "gpt-4o",
    "name": "By hand: ‮ odd #1",
    "instructions": "First line\n\n  indented \nlast",
    "tools": [
        {"type": "file_search"},
        {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}},
    ],
    "metadata": {"team": "no"},
    "temperature": 0,
}


def test_what_is_shown_of_a_stranger_can_be_saved_and_is_a_pure_adoption(here: Checkout) -> None:
    id = here.call("POST", "", BY_HAND)["id"]

    shown = here.run("show", id)
    here.write(x=shown.out)
    plan = here.run("plan", "--json").data

    assert (shown.code, shown.err) == (0, "# local (.reconciler/local.db), stack default\n")
    assert [(c["action"], c["id"], c["fields"]) for c in plan["changes"]] == [("adopt", id, [])]
    assert here.run("apply", "--auto-approve").code == 0
    assert here.run("plan", "--detailed-exitcode").code == 0


def test_what_is_ours_is_shown_by_key_address_or_id_without_an_id(here: Checkout) -> None:
    id = here.applied(wanted("hr", name="HR", own={"on_removal": "refuse"}))

    shown = {here.run("show", name).out for name in ("hr", "assistant.hr", id)}

    assert shown == {"model: gpt-4o\nname: HR\nreconciler:\n  on_removal: refuse\n"}


def test_a_copy_of_ours_is_shown_with_its_id(here: Checkout) -> None:
    body = body_of(wanted("hr", name="HR"), id="asst_original")

    copy = here.call("POST", "", body)["id"]

    assert f"id: {{local: {copy}}}\n" in here.run("show", copy).out


def test_the_raw_object_is_shown_as_it_came(here: Checkout) -> None:
    id = here.call("POST", "", BY_HAND)["id"]

    assert here.run("show", id, "--format", "json").data == here.live()[id]


def test_what_is_not_there_is_said_with_the_place_and_a_suggestion(here: Checkout) -> None:
    here.applied(wanted("hr-helper"))

    told = here.run("show", "hr-helpr")

    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Error: local (.reconciler/local.db) has no 'hr-helpr'")
    assert "did you mean `hr-helper`?" in told.err


def test_where_nothing_is_managed_an_unknown_id_leads_to_what_is_live(here: Checkout) -> None:
    told = here.run("show", "asst_nope")

    assert told.err.endswith("and the file does not exist.\n  `reconciler status` lists what is live\n")


def test_a_plan_file_that_is_missing_is_not_taken_for_a_key_alone(here: Checkout) -> None:
    assert "There is no file " in here.run("show", "plan.json").err


def test_a_live_name_shows_what_no_key_or_id_is_called(here: Checkout) -> None:
    here.applied(wanted("hr", name="Helper"))
    id = here.call("POST", "", {"model": "gpt-4o", "name": "HR"})["id"]

    assert here.run("show", "HR").out == f"model: gpt-4o\nname: HR\nreconciler:\n  id: {{local: {id}}}\n"
    assert here.run("show", "hr").out == here.run("show", "helper").out == "model: gpt-4o\nname: Helper\n"


def test_a_name_of_several_tells_their_ids_and_one_that_is_near_is_offered(here: Checkout) -> None:
    ours = here.applied(wanted("a", name="HR Helper"))
    other = here.call("POST", "", {"model": "gpt-4o", "name": "HR Helper"})["id"]

    told, near = here.run("show", "HR", "Helper"), here.run("show", "HR Helpers")

    assert (told.code, told.out) == (1, "")
    assert "'HR Helper' is the name of several objects in local" in told.err
    assert f"assistant.a ({ours})" in told.err
    assert other in told.err
    assert "name one by id" in told.err
    assert "did you mean `HR Helper`?" in near.err


def test_a_key_of_several_names_them(here: Checkout) -> None:
    ids = [here.applied(wanted("hr")), here.applied(wanted("hr"))]

    told = here.run("show", "hr")

    assert told.code == 1
    assert all(id in told.err for id in ids)
    assert here.run("show", ids[0]).code == 0


# output


def test_what_is_ours_is_listed_for_people_and_programs(here: Checkout) -> None:
    hr, maths = here.applied(wanted("hr-helper", name="HR")), here.applied(wanted("maths"))
    here.call("POST", "", BY_HAND)

    text, data, env, csv = (here.run("output", "--format", name) for name in ("text", "json", "env", "csv"))

    assert text.out == f"assistant.hr-helper  {hr}\nassistant.maths      {maths}\n"
    assert data.data == {
        "assistant": {"hr-helper": {"id": hr, "name": "HR"}, "maths": {"id": maths, "name": None}},
    }
    assert env.out == f"ASSISTANT_HR_HELPER={hr}\nASSISTANT_MATHS={maths}\n"
    assert csv.out == f"kind,key,id\nassistant,hr-helper,{hr}\nassistant,maths,{maths}\n"
    assert {text.err, data.err, env.err, csv.err} == {TITLE}
    assert here.run("output", "--json").out == data.out


@pytest.mark.parametrize("key", ["hr-helper", "assistant.hr-helper"])
def test_one_id_alone_can_be_asked_for(here: Checkout, key: str) -> None:
    id = here.applied(wanted("hr-helper"))

    assert here.run("output", key).out == f"{id}\n"


def test_a_key_that_is_not_ours_prints_nothing_where_programs_read(here: Checkout) -> None:
    here.applied(wanted("hr-helper"))

    told = here.run("output", "hr-hepler")

    assert (told.code, told.out) == (1, "")
    assert "did you mean `hr-helper`?" in told.err


def test_nothing_of_ours_is_an_empty_list(here: Checkout) -> None:
    assert (here.run("output").out, here.run("output", "--json").data) == ("", {})


def test_a_doubled_address_is_no_answer(here: Checkout) -> None:
    here.applied(wanted("hr"))
    here.applied(wanted("hr"))

    told = here.run("output", "--json")

    assert (told.code, told.out) == (1, "")
    assert "Several live objects carry one address: assistant.hr." in told.err


def test_two_keys_never_share_a_variable_in_silence(here: Checkout) -> None:
    here.applied(wanted("a-b"))
    here.applied(wanted("a.b"))

    told = here.run("output", "--format", "env")

    assert (told.code, told.out) == (1, "")
    assert "assistant.a-b and assistant.a.b" in told.err
    assert here.run("output", "--format", "csv").code == 0


def test_ids_of_elsewhere_are_read_from_manifests_even_from_those_with_errors(here: Checkout) -> None:
    id = here.applied(wanted("hr"))
    here.write(hr="model: m\nreconciler: {former_ids: [asst_0], unresolved: [file_search]}\n", maths="model: [\n")

    text, data = here.run("output"), here.run("output", "--json").data

    assert text.out.endswith(f"\n\nformer id  address       id\nasst_0     assistant.hr  {id}\n")
    assert data["assistant"]["hr"] == {"id": id, "name": None, "former_ids": ["asst_0"]}
    assert here.run("output", "hr").out == f"{id}\n"
    here.write(hr='model: m\nreconciler: {former_ids: ["\\e[2J"]}\n')
    assert "cannot be printed safely" in here.run("output").err


# forget


def test_forgetting_takes_the_marker_off_and_leaves_the_assistant(here: Checkout) -> None:
    kept, gone = here.applied(wanted("kept")), here.applied(wanted("gone", name="HR", metadata={"team": "people"}))

    told = here.run("forget", "gone", "--auto-approve")

    assert told.code == 0
    assert "assistant.gone" in told.out
    assert here.live()[gone]["metadata"] == {"team": "people"}
    assert here.live()[gone]["name"] == "HR"
    assert here.run("output", "--json").data["assistant"].keys() == {"kept"}
    assert "reconciler" in here.live()[kept]["metadata"]


def test_forgetting_asks_first(here: Checkout) -> None:
    id = here.applied(wanted("hr"))

    told = here.run("forget", "hr")

    assert told.code == 1
    assert "Plan: 0 to add, 0 to change, 0 to destroy, 1 to forget." in told.out
    assert "reconciler" in here.live()[id]["metadata"]


def test_forgetting_works_where_the_manifests_are_broken(here: Checkout) -> None:
    here.write(broken="model: [\n")
    here.applied(wanted("hr"))

    assert here.run("forget", "hr", "--auto-approve").code == 0


def test_forgetting_ends_a_duplicate(here: Checkout) -> None:
    ids = [here.applied(wanted("hr", name="HR")), here.applied(wanted("hr", name="HR"))]
    here.write(hr=f"model: gpt-4o\nname: HR\nreconciler: {{id: {{local: {ids[1]}}}}}\n")
    assert here.run("plan", "--detailed-exitcode").code == 3

    forgotten = here.run("forget", "hr", "--auto-approve")
    plan = here.run("plan", "--json").data

    assert forgotten.code == 0
    assert " 2 done " in here.run("history").out
    assert [(c["action"], c["id"]) for c in plan["changes"]] == [("adopt", ids[1])]
    assert plan["objections"] == []


def test_only_a_duplicate_is_deleted_as_one(here: Checkout) -> None:
    first, second = here.applied(wanted("hr", name="A")), here.applied(wanted("hr", name="B"))
    other = here.applied(wanted("it", name="C"))
    pinned = f"model: gpt-4o\nname: A\nreconciler: {{id: {{local: {first}}}}}\n"
    here.write(hr=pinned, it="model: gpt-4o\nname: C\n")

    words = ["apply", "--auto-approve", "--delete-duplicate"]
    told = here.run(*words, other, "--delete-duplicate", "asst_typo", "--delete-duplicate", second)
    deleted = here.run(*words, second)
    again = here.run(*words, first)

    assert (told.code, told.out) == (1, "")
    assert f": {other}, asst_typo; nothing was changed.\n  pass one of {second} (assistant.hr)\n" in told.err
    assert deleted.code == 0
    assert f": {first}; nothing was changed.\n  there are no duplicates: pass no id\n" in again.err
    assert set(here.live()) == {first, other}


def test_what_is_not_ours_cannot_be_forgotten(here: Checkout) -> None:
    id = here.call("POST", "", BY_HAND)["id"]
    here.applied(wanted("hr-helper"), where=LOCAL)

    for word in (id, "hr-helpr"):
        told = here.run("forget", word, "--auto-approve")
        assert (told.code, told.out) == (1, "")
        assert f"Nothing is called '{word}'" in told.err
