"""`reconciler migrate --to agent`: assistants and the agents that they become, side by side."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from reconciler.canonical import Json
from reconciler.source import parse, plain
from support.bodies import bodies
from support.checkout import Checkout

CONFIG = """\
stack: people
environments:
  local: {values: {team: people}}
  staging: {provider: openai, base_url: "http://127.0.0.1:1/v1", values: {team: blue}}
  production: {provider: openai, base_url: "http://127.0.0.1:2/v1", kinds: [assistant], values: {team: red}}
  classic:
    provider: foundry
    base_url: https://people.services.ai.azure.com/api/projects/hr
    api_key: {env: AZURE_TOKEN}
    values: {team: red}
"""
HR = """\
name: HR
model: gpt-5.1
instructions: {file: prompts/hr.md}
temperature: 0.2
tools: [{type: code_interpreter}]
metadata: {team: {value: team}}
reconciler:
  id: {local: asst_0, production: asst_1}
  environments:
    local: {temperature: null, tools: null}
    staging: {instructions: Be brief.}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    checkout = Checkout(tmp_path, monkeypatch, capsys, hr=HR, it="model: gpt-5.1\nname: IT\n")
    (tmp_path / "assistants/prompts").mkdir()
    (tmp_path / "assistants/prompts/hr.md").write_text("Be kind.\n")
    checkout.config(CONFIG)
    return checkout


def test_agents_are_written_beside_the_assistants_and_live_beside_them(here: Checkout) -> None:
    here.write(hr=HR.replace("local: asst_0, ", ""))
    assert here.run("apply", "-e", "local", "--auto-approve").code == 0

    told = here.run("migrate", "--to", "agent")

    assert told.code == 0
    assert told.out == (
        "local (.reconciler/local.db), staging (openai, http://127.0.0.1:1/v1)\n"
        "\n"
        "  agents/hr.yaml    from assistants/hr.yaml; 2 fields are unresolved: code_interpreter, temperature\n"
        "  agents/it.yaml    from assistants/it.yaml\n"
        "\n"
        "2 manifests written.\n"
        "Next: settle each unresolved field, and take its word out of `reconciler.unresolved`.\n"
    )
    assert "assistant.it name no id" in told.err
    assert plain(parse((here.root / "agents/hr.yaml").read_text(), "hr.yaml").documents[0]) == {
        "name": "HR",
        "model": "gpt-5.1",
        "instructions": {"file": "../assistants/prompts/hr.md"},
        "metadata": {"team": {"value": "team"}},
        "reconciler": {
            "former_ids": {"production": "asst_1"},
            "unresolved": ["code_interpreter", "temperature"],
            "environments": {
                "local": {"unresolved": []},
                "staging": {"instructions": "Be brief."},
                "classic": False,
            },
        },
    }
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in here.run("plan", "-e", "local").out
    assert here.run("apply", "-e", "local", "--auto-approve").code == 0
    assert "No changes." in here.run("plan", "-e", "local").out
    assert here.run("validate", "-e", "staging").err.count(": unresolved-field: ") == 2
    for name in ("production", "classic"):
        assert here.run("validate", "-e", name).code == 0


def test_a_migration_writes_nothing_over_what_is_there_and_goes_on_where_it_was(here: Checkout) -> None:
    assert "would be written" in here.run("migrate", "--to", "agent", "--dry-run").out
    assert not (here.root / "agents").exists()
    assert here.run("migrate", "it", "--to", "agent").code == 0
    written = (here.root / "agents/it.yaml").read_text()
    (here.root / "agents/it.yaml").write_text(f"# by hand\n{written}")

    again = here.run("migrate", "--to", "agent")

    assert again.code == 0
    assert "assistant.it has an agent already; --force writes it again." in again.out
    assert (here.root / "agents/it.yaml").read_text().startswith("# by hand\n")
    assert here.run("migrate", "it", "--to", "agent").code == 1
    assert here.run("migrate", "it", "--to", "agent", "--force").code == 0
    assert (here.root / "agents/it.yaml").read_text() == written


def test_strict_writes_no_manifest_with_an_unresolved_field(here: Checkout) -> None:
    told = here.run("migrate", "--to", "agent", "--strict")

    assert told.code == 1
    assert (
        "assistant.hr was left: 2 fields would be unresolved, which --strict does not allow: code_interpreter"
        in told.err
    )
    assert [each.name for each in (here.root / "agents").iterdir()] == ["it.yaml"]


def test_one_environment_can_be_moved_alone(here: Checkout) -> None:
    here.run("migrate", "it", "--to", "agent", "-e", "staging", "--layout", "markdown")

    text = (here.root / "agents/it.md").read_text()
    assert "  environments:\n    local: false\n    classic: false\n" in text
    here.run("migrate", "it", "--to", "agent", "-e", "local", "--layout", "markdown", "--force")
    assert "  environments:\n    classic: false\n" in (here.root / "agents/it.md").read_text()
    told = here.run("migrate", "--to", "agent", "-e", "classic")
    assert (told.code, "No server of `classic` has agents." in told.err) == (1, True)


def test_an_error_of_an_agent_alone_stops_no_migration_and_one_of_an_assistant_does(here: Checkout) -> None:
    (here.root / "agents").mkdir()
    (here.root / "agents/odd.yaml").write_text("model: [\n")
    (here.root / "agents/other.yaml").write_text("modle: m\n")

    assert here.run("migrate").code == 0
    assert here.run("migrate", "it", "--to", "agent").code == 0
    (here.root / "agents/new.yaml").write_text("model: m\nreconciler: {was: [hr]}\n")
    told = here.run("migrate", "hr", "--to", "agent")
    assert (told.code, "its key is a former key of agent.new." in told.err) == (1, True)
    here.write(it="modle: m\n")
    assert here.run("migrate", "--to", "agent").code == 1


def test_an_agent_that_would_have_an_error_somewhere_is_left_with_the_reason(here: Checkout) -> None:
    here.config(CONFIG.replace("kinds: [assistant], values: {team: red}", "kinds: [agent]"))
    here.write(b="model: m\nname: {value: team}\n")

    told = here.run("migrate", "--to", "agent")

    assert told.code == 1
    assert "assistant.b, assistant.hr were left: Environment `production` has no value `team`.\n" in told.err
    assert [each.name for each in (here.root / "agents").iterdir()] == ["it.yaml"]


def test_an_environment_that_nobody_stated_hinders_nothing(here: Checkout) -> None:
    here.config(CONFIG.replace("  local: {values: {team: people}}\n", ""))
    here.write(hr=HR.replace("local: asst_0, ", "").replace("    local: {temperature: null, tools: null}\n", ""))

    assert here.run("migrate", "--to", "agent").code == 0
    assert (here.root / "agents/hr.yaml").exists()


def test_ids_move_to_the_environment_that_has_nothing_but_agents(here: Checkout) -> None:
    new = "  new: {provider: openai, base_url: http://127.0.0.1:3/v1, kinds: [agent], values: {team: red}}\n"
    here.config(CONFIG + new)

    here.run("migrate", "hr", "--to", "agent", "-e", "new")

    assert "  former_ids: {local: asst_0, new: asst_1}\n" in (here.root / "agents/hr.yaml").read_text()


def test_the_assistants_of_an_environment_become_requests_one_at_a_time(here: Checkout) -> None:
    text = "# kept\nmodel: gpt-5.1\nname: IT\ntools: [{type: file_search}]\n"
    here.write(it=text, hr=HR.replace("tools: [{type: code_interpreter}]\n", ""))

    shown = here.run("migrate", "hr", "-e", "production", "--to", "responses", "--dry-run")
    told = here.run("migrate", "hr", "-e", "production", "--to", "responses")

    assert shown.out.replace("would be ", "") == told.out
    assert told.out == (
        "production (openai, http://127.0.0.1:2/v1) -> production-responses (responses, dist/production)\n"
        "\n"
        "  reconciler.yaml       gets the environment production-responses\n"
        "  assistants/hr.yaml    assistant.hr\n"
        "  1 other manifest says `production-responses: false`\n"
        "\n"
        "1 assistant migrated.\n"
        "Next: reconciler plan -e production-responses\n"
    )
    assert here.run("apply", "-e", "production-responses", "--auto-approve").code == 0
    assert "No changes." in here.run("plan", "-e", "production-responses").out
    assert "asst_1     assistant.hr  hr\n" in here.run("output", "-e", "production-responses").out
    request = json.loads((here.root / "dist/production/hr.json").read_text())
    assert (request["temperature"], request["metadata"]) == (0.2, {"team": "red"})

    strict = here.run("migrate", "-e", "production", "--to", "responses", "--strict")
    assert (strict.code, "assistant.hr is in the environment already" in strict.out) == (1, True)
    assert "1 field would be unresolved, which --strict does not allow: file_search." in strict.err
    next_one = here.run("migrate", "it", "-e", "production", "--to", "responses")
    assert "  assistants/it.yaml    assistant.it; 1 field is unresolved: file_search\n" in next_one.out
    assert (here.root / "assistants/it.yaml").read_text().startswith(text)
    assert "unresolved-field: `file_search` is" in here.run("plan", "-e", "production-responses").err
    for name in ("local", "production"):
        assert here.run("validate", "-e", name).code == 0
    assert here.run("migrate", "-e", "production-responses", "--to", "responses").code == 1


def test_a_manifest_that_cannot_be_a_request_where_values_are_missing_is_left(here: Checkout) -> None:
    here.config(f"{CONFIG}  requests: {{provider: responses, folder: dist/requests}}\n")
    block = "reconciler:\n  environments: {requests: false"
    here.write(
        it=f"model: gpt-5.1\n{block}}}\n", hr=f"model: gpt-5.1\nname: {{value: team}}\n{block}, staging: false}}\n"
    )

    told = here.run("migrate", "-e", "production", "--to", "responses", "--into", "requests")

    assert told.code == 1
    assert "assistant.hr was left: Environment `requests` has no value `team`." in told.err
    assert (here.root / "assistants/it.yaml").read_text() == "model: gpt-5.1\n"
    assert here.run("migrate", "hr", "-e", "staging", "--to", "responses", "--into", "requests").code == 0


def test_an_environment_for_requests_has_a_stack_where_the_configuration_states_none(here: Checkout) -> None:
    here.write(hr="model: gpt-5.1\nname: HR\n")
    here.config("manifests: [assistants]\n")

    assert here.run("migrate", "--to", "responses").code == 0

    assert "2 to add" in here.run("plan", "-e", "local-responses").out
    assert "2 to add" in here.run("plan", "-e", "local").out


def test_what_was_tried_without_a_configuration_stays_as_it_is(here: Checkout) -> None:
    (here.root / "reconciler.yaml").unlink()
    here.write(hr="model: gpt-5.1\n")
    (here.root / "assistants/prompts/hr.md").unlink()
    assert here.run("apply", "--auto-approve").code == 0

    assert here.run("migrate", "--to", "responses").code == 0

    assert "No changes." in here.run("plan", "-e", "local").out
    assert "2 to add" in here.run("plan", "-e", "local-responses").out


@pytest.mark.parametrize("command", ["migrate", "import --from saved.json"])
def test_an_option_that_needs_another_is_refused_without_it(here: Checkout, command: str) -> None:
    assert "--strict needs --to" in here.run(*command.split(), "--strict").err
    assert "--into needs `--to responses`" in here.run(*command.split(), "--to", "agent", "--into", "x").err


def test_a_format_is_of_the_assessment_alone(here: Checkout) -> None:
    told = here.run("migrate", "--to", "agent", "--json")

    assert (told.code, "--format applies to the assessment" in told.err) == (1, True)


SAVED = [
    {
        "id": "asst_a",
        "object": "assistant",
        "model": "gpt-5.1",
        "name": "HR Helper",
        "tools": [{"type": "file_search"}],
        "tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}},
    },
    {"id": "asst_b", "object": "assistant", "model": "gpt-5.1", "name": "Old", "tools": [{"type": "browser"}]},
]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """A folder with nothing but saved assistants."""
    checkout = Checkout(tmp_path, monkeypatch, capsys)
    (tmp_path / "assistants").rmdir()
    (tmp_path / "saved.json").write_text(json.dumps(SAVED))
    return checkout


def manifest(here: Checkout, path: str) -> Json:
    return plain(parse((here.root / path).read_text(), path).documents[0])


def test_saved_assistants_become_requests_in_an_environment_that_is_added(empty: Checkout) -> None:
    told = empty.run("import", "--from", "saved.json", "--to", "responses")

    assert told.code == 0
    assert told.out.startswith("production (responses, dist/production), stack ")
    assert "assistant.old could not carry everything over; unresolved: browser." in told.err
    assert manifest(empty, "assistants/old.yaml") == {
        "name": "Old",
        "model": "gpt-5.1",
        "reconciler": {"former_ids": ["asst_b"], "unresolved": ["browser"]},
    }
    (empty.root / "assistants/old.yaml").unlink()
    assert empty.run("apply", "-e", "production", "--auto-approve").code == 0
    assert "No changes." in empty.run("plan", "-e", "production").out
    assert "asst_a     assistant.hr-helper  hr-helper\n" in empty.run("output", "-e", "production").out
    again = empty.run("import", "--from", "saved.json", "--to", "responses", "--strict")
    assert "1 has a manifest already." in again.out
    assert "asst_b (Old): 1 field would be unresolved: browser." in again.err


def test_more_dumps_can_follow_before_what_is_unresolved_is_settled(empty: Checkout) -> None:
    tools = [{"type": "browser"}]
    for id in ("asst_a", "asst_b"):
        (empty.root / "saved.json").write_text(json.dumps({"id": id, "model": "gpt-5.1", "name": id, "tools": tools}))
        assert empty.run("import", "--from", "saved.json", "--to", "responses").code == 0
    again = empty.run("import", "--from", "saved.json", "--to", "responses")

    assert "1 has a manifest already." in again.out
    assert empty.run("plan", "-e", "production").err.count("unresolved-field") == 2


def test_saved_assistants_become_agents(empty: Checkout) -> None:
    told = empty.run("import", "--from", "saved.json", "--to", "agent")

    assert told.code == 0
    assert manifest(empty, "agents/hr-helper.yaml") == {
        "name": "HR Helper",
        "model": "gpt-5.1",
        "reconciler": {"former_ids": ["asst_a"], "unresolved": ["file_search"]},
    }
    assert "2 have a manifest already." in empty.run("import", "--from", "saved.json", "--to", "agent").out
    assert empty.run("import", "--to", "agent").code == 1


def test_requests_go_where_they_are_told_to_go(empty: Checkout) -> None:
    server = "production: {provider: openai, base_url: http://127.0.0.1:1/v1, values: {team: red}, models: {m: o3}}"
    empty.config(f"# ours\nstack: people\nenvironments:\n  {server}\n")
    agent = {"id": "agent_a", "object": "agent", "model": "m", "name": "A"}
    (empty.root / "saved.json").write_text(json.dumps([SAVED[0], agent]))

    told = empty.run("import", "-e", "production", "--from", "saved.json", "--to", "responses")

    text = (empty.root / "reconciler.yaml").read_text()
    assert f"# ours\nstack: people\nenvironments:\n  {server}\n" in text
    assert plain(parse(text, "").documents[0])["environments"]["production-responses"] == {  # type: ignore[index,call-overload]
        "provider": "responses",
        "folder": "dist/production",
        "kinds": ["assistant"],
        "values": {"team": "red"},
        "models": {"m": "o3"},
    }
    assert "agents cannot be requests to the Responses API" in told.err
    own = {"former_ids": ["asst_a"], "environments": {"production": False}}
    assert manifest(empty, "assistants/hr-helper.yaml")["reconciler"] == own  # type: ignore[index,call-overload]
    (empty.root / "saved.json").write_text(json.dumps({**SAVED[0], "id": "asst_c"}))
    again = ("import", "--from", "saved.json", "--to", "responses")
    assert [empty.run(*again, "--into", each).code for each in ("production", "Requests", "b")] == [1, 1, 0]
    assert empty.run(*again, "-e", "b").code == 0


@pytest.mark.no_cover
@settings(
    max_examples=max(6, settings().max_examples // 10), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(base=bodies(), patch=bodies())
def test_what_was_migrated_plans_cleanly_beside_what_was_there(
    base: dict[str, Any], patch: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with TemporaryDirectory() as folder:
        here = Checkout(Path(folder), monkeypatch, capsys)
        here.config("stack: people\nenvironments: {local: {}}\n")
        fitting = {name: patch[name] for name in ("name", "description", "instructions", "metadata") if name in patch}
        own = {"reconciler": {"environments": {"local": fitting}}}
        here.write(a=json.dumps(patch, ensure_ascii=False), b=json.dumps({**base, **own}, ensure_ascii=False))
        assume(here.run("validate", "-e", "local").code == 0)
        before = here.run("plan", "-e", "local").out

        assert here.run("migrate", "--to", "agent").code == 0
        assert here.run("migrate", "-e", "local", "--to", "responses").code == 0

        assert "2 to add" in before
        for key in "ab":
            _settle(here, key)
        for name, number in (("local", 4), ("local-responses", 2)):
            told = here.run("apply", "-e", name, "--auto-approve")
            assert f"Resources: {number} added, 0 changed, 0 destroyed." in told.out, told
            assert "No changes." in here.run("plan", "-e", name).out


def _settle(here: Checkout, key: str) -> None:
    """Somebody decides what becomes of everything that is unresolved."""
    for path in (here.root / f"assistants/{key}.yaml", here.root / f"agents/{key}.yaml"):
        data: Any = plain(parse(path.read_text(), "").documents[0])
        own = data.setdefault("reconciler", {})
        for part in (own, *(each for each in own.get("environments", {}).values() if each)):
            part.pop("unresolved", None)
        path.write_text(json.dumps(data, ensure_ascii=False))
