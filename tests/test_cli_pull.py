"""`reconciler pull`: a change of a dashboard becomes a change of files."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.apis import Api, Apis
from support.checkout import Checkout
from support.gits import git, repository
from support.loopback import on_loopback

PROMPT = "You help.\n\nBe kind.\n\nBe brief.\n\nSay when you do not know.\n"
HR = """\
# for people
name: HR   # as it is shown
model: gpt-4o
instructions: {file: prompts/hr.md}
temperature: 0.5   # measured
tools:
  - type: file_search
tool_resources:
  file_search: {vector_store_ids: [{value: handbook}]}
reconciler:
  environments:
    local: {top_p: 0.5}
"""
IT = "name: IT\nmodel: gpt-4o\ninstructions: {files: [prompts/hr.md, prompts/it.md]}\n"
CONFIGURATION = """\
environments:
  local: {values: {handbook: vs_1}}   # here
  staging: {provider: openai, base_url: "https://staging.example.com/v1", stack: acme, values: {handbook: vs_2}}
"""


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test leaves a copy of what all of them begin with."""
    return tmp_path_factory.mktemp("made") / "once"


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], made_once: Path
) -> Checkout:
    """A checkout of two assistants that share a prompt, committed and applied."""
    checkout = Checkout(tmp_path, monkeypatch, capsys, hr=HR, it=IT)
    if made_once.exists():
        shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
        return checkout
    (tmp_path / "assistants/prompts").mkdir()
    (tmp_path / "assistants/prompts/hr.md").write_text(PROMPT)
    (tmp_path / "assistants/prompts/it.md").write_text("IT.\n")
    checkout.config(CONFIGURATION)
    (tmp_path / ".gitignore").write_text(".reconciler")
    repository(tmp_path)
    assert checkout.run("apply", "-e", "local", "--auto-approve").code == 0
    shutil.copytree(tmp_path, made_once)
    return checkout


def moved(here: Checkout, who: str = "HR", /, **body: Any) -> None:
    """Somebody changes an assistant in the dashboard."""
    (id,) = [id for id, one in here.live().items() if one["name"] == who]
    here.call("POST", f"/{id}", body)


def text(here: Checkout, file: str) -> str:
    return (here.root / file).read_text()


def status(here: Checkout) -> list[str]:
    return git(here.root, "status", "--short").splitlines()


def test_each_value_is_written_where_it_stands_and_every_other_byte_stays(here: Checkout) -> None:
    stores = {"file_search": {"vector_store_ids": ["vs_9"]}}
    moved(here, instructions=PROMPT.replace("kind", "very kind"), temperature=0.7, top_p=0.9, tool_resources=stores)

    tried = here.run("pull", "-e", "local", "--dry-run")
    assert status(here) == []
    told = here.run("pull", "-e", "local")

    assert (told.code, told.err) == (0, "")
    assert told.out == tried.out.replace("would be written", "written")
    assert told.out.splitlines()[0] == "local (.reconciler/local.db), stack default"
    assert "Also changes: assistant.it; assistant.hr in staging; assistant.it in staging" in told.out
    assert told.out.splitlines()[-1] == "4 values written to 3 files."
    assert text(here, "assistants/hr.yaml") == HR.replace("temperature: 0.5", "temperature: 0.7").replace(
        "top_p: 0.5", "top_p: 0.9"
    )
    assert text(here, "assistants/prompts/hr.md") == PROMPT.replace("kind", "very kind")
    assert text(here, "reconciler.yaml") == f"version: 1\n{CONFIGURATION}".replace("vs_1", "vs_9")
    assert here.run("pull", "-e", "local", "hr").out.endswith("no value changed on the server alone.\n")
    assert "assistant.hr" not in here.run("plan", "-e", "local").out


def test_a_field_that_is_default_again_loses_its_line(here: Checkout) -> None:
    moved(here, temperature=None, tools=[], tool_resources={})

    here.run("pull", "-e", "local", "hr")

    kept = HR.replace("temperature: 0.5   # measured\n", "")
    assert text(here, "assistants/hr.yaml").startswith(kept[: kept.index("tools:")])
    assert "No changes." in here.run("plan", "-e", "local").out


def test_with_only_the_difference_becomes_the_patch_of_that_environment(here: Checkout) -> None:
    moved(here, name="HR of here", temperature=0.7)

    told = here.run("pull", "--only", "local")

    assert (told.code, "Also changes" in told.out) == (0, False)
    assert text(here, "assistants/hr.yaml").startswith(HR[: HR.index("reconciler:")])
    assert "No changes." in here.run("plan", "-e", "local").out
    assert here.run("pull", "--only", "local", "-e", "staging").code == 1


def test_a_file_for_the_text_of_one_environment_may_be_there_with_that_text_and_no_other(here: Checkout) -> None:
    moved(here, instructions="Only here.")
    mine = here.root / "assistants/prompts/hr.local.md"
    mine.write_text("mine\n")

    told = here.run("pull", "--only", "local")
    assert (told.code, "assistants/prompts/hr.local.md, which exists with different content" in told.out) == (1, True)
    assert status(here) == ["?? assistants/prompts/hr.local.md"]

    mine.write_text("Only here.\n")  # as a command leaves it that is killed then
    told = here.run("pull", "--only", "local")
    assert (told.code, told.out.splitlines()[-1]) == (0, "1 value written to 1 file.")
    assert "No changes." in here.run("plan", "-e", "local").out


def test_what_an_alias_repeats_can_be_taken_for_one_environment(here: Checkout) -> None:
    here.write(hr=HR.replace("model: gpt-4o", "model: &m gpt-4o\nmetadata: {model: *m}"))
    assert here.run("apply", "-e", "local", "--auto-approve").code == 0
    moved(here, model="gpt-4.1")

    refused = here.run("pull", "-e", "local")
    taken = here.run("pull", "--only", "local")

    assert (refused.code, taken.code) == (1, 0)
    assert "where it stands: take it with `--only local`, or write it by hand" in refused.out
    assert "No changes." in here.run("plan", "-e", "local").out


def test_texts_that_both_sides_edited_are_merged_over_what_was_applied(here: Checkout) -> None:
    moved(here, instructions=PROMPT.replace("help", "help people"))
    (here.root / "assistants/prompts/hr.md").write_text(PROMPT.replace("when", "so when"))

    told = here.run("pull", "-e", "local", "hr")

    assert (told.code, told.out.splitlines()[-2]) == (0, "1 value written to 1 file.")
    assert "assistant.hr instructions has the edits of both sides now" in told.out
    assert text(here, "assistants/prompts/hr.md") == PROMPT.replace("help", "help people").replace("when", "so when")
    again = here.run("pull", "-e", "local", "hr")
    assert (again.code, "assistant.hr instructions has the edits of both sides now" in again.out) == (0, True)
    assert here.run("apply", "-e", "local", "--auto-approve", "--allow", "conflict").code == 0
    assert "both sides" not in here.run("pull", "-e", "local", "hr").out


def test_a_prompt_whose_edits_overlap_is_left_to_a_person_with_the_live_text_beside_it(here: Checkout) -> None:
    moved(here, instructions=PROMPT.replace("kind", "very kind"), temperature=0.9)
    (here.root / "assistants/prompts/hr.md").write_text(PROMPT.replace("kind", "never kind"))
    here.write(hr=HR.replace("0.5   #", "0.6   #"))

    told = here.run("pull", "-e", "local", "hr")

    assert told.code == 1
    assert "both sides changed the same lines, and assistants/hr.local.live.md has the live text." in told.out
    assert "temperature (assistants/hr.yaml:5)\n    changed in Git and on the server" in told.out
    assert "live 0.9, Git 0.6" in told.out
    assert text(here, "assistants/hr.local.live.md") == PROMPT.replace("kind", "very kind")
    assert text(here, ".gitignore") == ".reconciler\n*.live.md\n"
    assert not [line for line in status(here) if "live" in line]
    assert "unresolved-conflict" in here.run("validate").err

    (here.root / "assistants/hr.local.live.md").unlink()
    kept = here.run("pull", "-e", "local", "hr", "--take", "git")
    assert (kept.code, "on the server as well: assistant.hr. To write the value of Git," in kept.out) == (0, True)
    assert "never kind" in text(here, "assistants/prompts/hr.md")
    assert here.run("pull", "-e", "local", "hr", "--take", "live").code == 0
    assert text(here, "assistants/prompts/hr.md") == PROMPT.replace("kind", "very kind")
    assert "temperature: 0.9   # measured" in text(here, "assistants/hr.yaml")


def test_without_the_text_that_was_applied_last_it_is_said_why_nothing_was_merged(here: Checkout) -> None:
    prompt = here.root / "assistants/prompts/hr.md"
    prompt.write_text("Applied, and never committed.")
    assert here.run("apply", "-e", "local", "--auto-approve").code == 0
    shutil.rmtree(here.root / ".reconciler/history")
    moved(here, instructions="Applied, and never committed.\n\nLive.")
    prompt.write_text("Git.\n\nApplied, and never committed.")

    told = here.run("pull", "-e", "local", "hr")

    assert (told.code, "the text of the last apply was not found" in told.out) == (1, True)


def test_two_live_texts_for_one_file_are_both_left(here: Checkout) -> None:
    moved(here, "HR", instructions=PROMPT.replace("kind", "very kind"), temperature=0.7)
    moved(here, "IT", instructions=PROMPT.replace("kind", "never kind") + "\nIT.")

    told = here.run("pull", "-e", "local")

    assert told.code == 1
    for key, other in (("hr", "it"), ("it", "hr")):
        assert f"assistant.{key} instructions (assistants/{key}.yaml:" in told.out
        assert f"assistant.{other} has a different live value, and both share one location" in told.out
    assert status(here) == ["M assistants/hr.yaml"]


def test_a_live_value_with_a_key_of_this_environment_is_not_written(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "sk-verysecret-123456789")
    moved(here, instructions="Use sk-verysecret-123456789.", temperature=0.7)

    told = here.run("pull", "-e", "local")

    assert (told.code, "verysecret" in told.out + told.err) == (1, False)
    assert "the live value holds a secret of this environment" in told.out
    assert status(here) == ["M assistants/hr.yaml"]


def test_what_no_pull_can_take_is_named_with_what_can(here: Checkout) -> None:
    here.call("POST", "", {"model": "gpt-4o", "name": "By hand"})
    (here.root / "assistants/it.yaml").rename(here.root / "assistants/new.yaml")
    moved(here, "IT", name="It")

    told = here.run("pull", "-e", "local")

    assert told.code == 0
    assert "Not live: assistant.new. An apply creates them;" in told.out
    assert "Without a manifest here: assistant.it. `reconciler import` writes one." in told.out
    assert "1 live object is unmanaged: `reconciler import` writes its manifest." in told.out
    assert "Nothing is called 'nobody'" in here.run("pull", "-e", "local", "nobody").err


def test_an_edit_in_git_is_not_undone(here: Checkout) -> None:
    here.write(hr=HR.replace("0.5   #", "0.6   #"))
    moved(here, top_p=0.9)

    told = here.run("pull", "-e", "local", "--take", "live")

    assert (told.code, told.out.splitlines()[-1]) == (0, "1 value that changed in Git stays as Git states.")
    assert "temperature: 0.6" in text(here, "assistants/hr.yaml")


def test_what_was_rolled_back_is_taken_out_of_git(here: Checkout) -> None:
    here.write(hr=HR.replace("0.5   #", "0.6   #"))
    assert here.run("apply", "-e", "local", "--auto-approve").code == 0
    assert here.run("rollback", "-e", "local", "--auto-approve").code == 0

    told = here.run("pull", "-e", "local")

    assert (told.code, text(here, "assistants/hr.yaml")) == (0, HR)
    assert "No changes." in here.run("plan", "-e", "local").out


def test_a_value_that_no_manifest_can_have_holds_back_no_other_one(here: Checkout) -> None:
    here.config("stack: acme\nenvironments:\n  production: {provider: responses, folder: dist}\n")
    function = "tools: [{type: function, function: {name: lookup}}]\n"
    here.write(hr=f"name: HR\nmodel: gpt-4o\ninstructions: Old\n{function}", it="name: IT\nmodel: gpt-4o\n")
    (here.root / "assistants/prompts/hr.md").unlink()
    (here.root / "assistants/prompts/it.md").unlink()
    assert here.run("apply", "-e", "production", "--auto-approve").code == 0
    request = json.loads(text(here, "dist/hr.json"))
    request["tools"][0]["output_schema"] = {"type": "object"}
    request["metadata"] = {"half": "\ud83d"}
    (here.root / "dist/hr.json").write_text(json.dumps({**request, "instructions": "New"}))

    told = here.run("pull", "-e", "production")

    assert (told.code, "instructions: New" in text(here, "assistants/hr.yaml")) == (1, True)
    assert (
        "assistant.hr tools.functions.lookup.output_schema (assistants/hr.yaml:4)\n    no manifest can have it"
        in told.out
    )
    assert "`metadata.half` holds half a character" in told.out
    assert "1 value written to 1 file." in told.out


def test_a_value_that_several_share_changes_the_others_and_holds_back_none_of_their_own(here: Checkout) -> None:
    (here.root / "assistants/prompts/it.md").unlink()
    here.config("environments:\n  local: {values: {model: gpt-4o}}\n")
    here.write(
        hr="name: HR\nmodel: {value: model}\n",
        it="name: IT\nmodel: {value: model}\ninstructions: {file: prompts/hr.md}\n",
    )
    here.run("apply", "-e", "local", "--auto-approve", "--allow", "conflict")
    moved(here, "HR", model="gpt-4.1")
    moved(here, "IT", name="It")

    told = here.run("pull", "-e", "local")

    assert (told.code, "2 values written to 2 files." in told.out) == (0, True)
    assert "Also changes: assistant.it\n    To write the values for local alone, pass `--only local`." in told.out
    assert "model: gpt-4.1" in text(here, "reconciler.yaml")


def test_a_request_that_was_committed_is_what_both_sides_edited(here: Checkout) -> None:
    here.config("stack: acme\nenvironments:\n  production: {provider: responses, folder: dist}\n")
    here.write(it="model: gpt-4o\ninstructions: {file: prompts/it.md}\n")
    (here.root / "assistants/hr.yaml").write_text("model: gpt-4o\ninstructions: {file: prompts/hr.md}\n")
    assert here.run("apply", "-e", "production", "--auto-approve").code == 0
    commit_all(here)
    shutil.rmtree(here.root / ".reconciler")
    (here.root / "assistants/prompts/hr.md").write_text(PROMPT.replace("help", "help people"))
    commit_all(here)
    request = text(here, "dist/hr.json")
    (here.root / "dist/hr.json").write_text(request.replace("brief", "very brief"))

    told = here.run("pull", "-e", "production")

    assert (told.code, text(here, "assistants/prompts/hr.md")) == (
        0,
        PROMPT.replace("help", "help people").replace("brief", "very brief"),
    )


def commit_all(here: Checkout) -> None:
    git(here.root, "add", "-A")
    git(here.root, "commit", "-qm", "next")


@pytest.fixture
def there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Checkout, Api, str]]:
    """A checkout of an agent that is applied to a server whose clients replace metadata."""
    checkout, api = Checkout(tmp_path, monkeypatch, capsys), Api("agents")
    (tmp_path / "agents").mkdir()
    (tmp_path / "assistants").rmdir()
    (tmp_path / "agents/helper.yaml").write_text("model: gpt-5.1\nname: Helper\n")
    with on_loopback(Apis(api).answer) as url:
        checkout.config(f"stack: acme\nenvironments: {{production: {{provider: openai, base_url: {url}}}}}\n")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789")
        monkeypatch.setenv("RECONCILER_ENVIRONMENT", "production")
        assert checkout.run("apply", "--auto-approve").code == 0
        yield checkout, api, next(iter(api.kept))


def test_without_a_marker_nobody_knows_who_changed_it_so_a_person_decides(there: tuple[Checkout, Api, str]) -> None:
    here, api, id = there
    api.kept[id] |= {"name": "Their helper", "metadata": {"team": "people"}}

    lost = here.run("pull")
    here.run("output", "helper", "--write-pins")
    pinned = here.run("pull")
    taken = here.run("pull", "--take", "live")

    assert (lost.code, "agent.helper: " in lost.out, "Not live" in lost.out) == (0, True, False)
    assert 'pass `--take live` or `--take git`\n    live "Their helper", Git "Helper"' in pinned.out
    assert (pinned.code, taken.code) == (1, 0)
    assert text(here, "agents/helper.yaml").startswith("model: gpt-5.1\nname: Their helper\n")
    assert "1 to import, 0 to add, 0 to change" in here.run("plan").out


def test_a_list_that_contradicts_itself_is_not_written_into_files(there: tuple[Checkout, Api, str]) -> None:
    here, api, id = there
    api.kept[id]["name"] = "Their helper"
    api.kept["again"] = api.kept[id]

    told = here.run("pull")

    assert (told.code, "The server's list of agents is unreliable" in told.err) == (1, True)
    assert "name: Helper" in text(here, "agents/helper.yaml")


def test_what_a_list_shows_is_read_by_id_before_it_is_written(there: tuple[Checkout, Api, str]) -> None:
    here, api, id = there
    api.listed[id] = {**api.kept[id], "name": "Old"}

    lagging = here.run("pull")
    api.kept[id]["name"] = "New"
    changed = here.run("pull")
    del api.kept[id]
    gone = here.run("pull")

    assert (lagging.code, lagging.out.splitlines()[-1]) == (0, "Nothing to pull: no value changed on the server alone.")
    assert (changed.code, "name: New" in text(here, "agents/helper.yaml")) == (0, True)
    assert "Not live: agent.helper." in gone.out


def test_a_value_that_another_environment_cannot_have_is_left_and_the_way_out_is_named(here: Checkout) -> None:
    own = "reconciler: {environments: {local: {tools: []}}}\n"
    here.write(it=f"name: IT\nmodel: gpt-4o\ntools: [{{type: code_interpreter}}]\n{own}")
    (here.root / "assistants/prompts/it.md").unlink()
    assert here.run("apply", "-e", "local", "--auto-approve").code == 0
    answer = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}
    moved(here, "IT", response_format=answer, name="It")

    told = here.run("pull", "-e", "local", "it")
    only = here.run("pull", "--only", "local", "it")

    assert (told.code, "name: It\n" in text(here, "assistants/it.yaml")) == (1, True)
    assert "staging cannot have it: All tools must be functions" in told.out
    assert (only.code, "1 value written to 1 file." in only.out) == (0, True)
    assert "No changes." in here.run("plan", "-e", "local", "it").out


def test_what_a_pull_reported_is_reported_again_by_the_next_command(here: Checkout) -> None:
    (here.root / "assistants/hr.yaml").write_text("nmae: x\n")

    pulled, validated = here.run("pull", "-e", "local"), here.run("validate")

    assert "assistants/hr.yaml:1:1" in pulled.err
    assert "assistants/hr.yaml:1:1" in validated.err
