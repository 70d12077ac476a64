"""`reconciler import`: live objects become manifests, and a plan then adopts them without one change."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.authoring.import_output import note_other_members
from reconciler.kinds import KINDS
from reconciler.providers.objects import live_object
from support.checkout import Checkout, answering
from support.emulator_process import served
from support.emulator_world import BETAS

LONG = "\n".join(f"{number}. Be kind to everybody who asks." for number in range(12))
LOOKUP = {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object", "properties": {}}}}
SIXTEEN = {f"pair-{number}": "x" for number in range(16)}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    data = tmp_path_factory.mktemp("servers")
    with served(data / "production.db") as production, served(data / "staging.db") as staging:
        yield {"production": f"{production}/v1", "staging": f"{staging}/v1"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    """One for all calls: each has to read the certificates of the machine."""
    with httpx.Client() as one:
        yield one


class Account:
    """Two servers, which begin empty, and a checkout that knows both."""

    def __init__(self, checkout: Checkout, servers: dict[str, str], client: httpx.Client) -> None:
        self.checkout, self.servers, self.client, self.run = checkout, servers, client, checkout.run
        (checkout.root / "assistants").rmdir()
        for name in servers:
            for api in ("assistants", "agents"):
                for one in self.listed(api, name):
                    self.call("DELETE", f"{api}/{one['id']}", name)
        self.configure()

    def configure(self, more: str = "") -> None:
        stated = (f"  {name}: {{provider: openai, base_url: {url}}}\n" for name, url in self.servers.items())
        self.checkout.config(f"stack: people\n{more}environments:\n{''.join(stated)}")

    def call(self, method: str, path: str, server: str = "production", body: Any = None) -> Any:
        api = path.split("/")[0].split("?")[0]
        answer = self.client.request(method, f"{self.servers[server]}/{path}", headers=BETAS[api], json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def listed(self, api: str, server: str = "production") -> list[Any]:
        return list(self.call("GET", f"{api}?limit=100", server)["data"])

    def made(self, api: str = "assistants", server: str = "production", **body: Any) -> str:
        """Somebody makes an object in the dashboard; its id."""
        return str(self.call("POST", api, server, {"model": "gpt-5.1", **body})["id"])

    def text(self, path: str) -> str:
        return (self.checkout.root / path).read_text()

    def files(self) -> list[str]:
        """Every file of the checkout that was not there at first."""
        root = self.checkout.root
        found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in found if path.parts[0] not in (".reconciler", "reconciler.yaml"))


@pytest.fixture
def account(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    servers: dict[str, str],
    client: httpx.Client,
) -> Account:
    return Account(Checkout(tmp_path, monkeypatch, capsys), servers, client)


@pytest.mark.no_cover
def test_what_is_live_becomes_files_and_a_plan_adopts_it_without_a_change(account: Account) -> None:
    helper = account.made(name="HR Helper", instructions=LONG, tools=[{"type": "file_search"}, LOOKUP])
    second = account.made(name="HR Helper 2", description="Another")
    desk = account.made("agents", name="Order Desk", instructions="Sell.")

    shown = account.run("import", "-e", "production", "--dry-run")
    assert account.files() == []
    told = account.run("import", "-e", "production")

    assert (shown.code, told.code, told.err) == (0, 0, "")
    assert shown.out == told.out.replace("file written.", "file would be written.")
    assert told.out == (
        f"production (openai, {account.servers['production']}), stack people\n\n"
        "  agents/\n"
        f"    order-desk.yaml     Order Desk  {desk}\n"
        "  assistants/\n"
        f"    hr-helper.yaml      HR Helper  {helper}\n"
        f"    hr-helper-2.yaml    HR Helper 2  {second}\n"
        "    prompts/\n"
        "      hr-helper.md\n\n"
        "3 manifests and 1 other file written.\n"
        "Next: reconciler plan -e production\n"
    )
    assert account.text("assistants/prompts/hr-helper.md") == f"{LONG}\n"
    assert "Plan: 3 to import, 0 to add, 0 to change" in account.run("plan", "-e", "production").out
    assert "No changes." in account.run("plan", "-e", "staging").out
    assert account.run("validate").code == 0
    assert account.run("apply", "-e", "production", "--auto-approve").code == 0
    assert "No changes." in account.run("plan", "-e", "production").out


def test_what_has_a_manifest_is_counted_and_not_written_again(account: Account) -> None:
    account.made(name="One")
    account.run("import", "-e", "production")
    account.made(name="Two")

    told = account.run("import", "-e", "production")
    again = account.run("import", "-e", "production")

    assert ("two.yaml" in told.out, "one.yaml" in told.out) == (True, False)
    assert "1 manifest written.\n1 has a manifest already.\n" in told.out
    assert again.out.endswith("\n\nThere is nothing to import.\n2 have a manifest already.\n")


def test_what_cannot_be_adopted_is_left_and_named_and_the_rest_is_written(account: Account) -> None:
    full = account.made(name="Full", metadata=SIXTEEN)
    account.made(name="Fits")

    told = account.run("import", "-e", "production")

    reason = "16 metadata pairs leave no room for the marker; remove one on the server"
    assert (told.code, told.err) == (0, f"1 was left: {full} (Full): {reason}.\n")
    assert account.files() == ["assistants/fits.yaml"]


def test_a_key_that_a_manifest_has_or_had_is_not_given_again(account: Account) -> None:
    folder = account.checkout.root / "assistants"
    folder.mkdir()
    own = "reconciler:\n  key: bot\n  was: [old-bot]\n  environments: {production: false, staging: false}\n"
    (folder / "first.yaml").write_text(f"model: gpt-5.1\nname: Some\n{own}")
    account.made(name="Bot")
    account.made(name="Old Bot")
    account.made(name="First")

    told = account.run("import", "-e", "production")

    assert (told.code, told.err) == (0, "")
    assert account.files() == [f"assistants/{stem}.yaml" for stem in ("bot-2", "first-2", "first", "old-bot-2")]
    assert account.run("validate").code == 0


def test_objects_are_named_by_id_name_and_glob(account: Account) -> None:
    account.made(name="HR One")
    account.made(name="HR Two")
    other = account.made(name="Other")
    account.made(name="Last")

    told = account.run("import", "-e", "production", "HR*", other)
    nothing = account.run("import", "-e", "production", "Lost", "--dry-run")
    apart = account.run("import", "-e", "production", "assistant.lost", other, "--dry-run")

    assert told.code == 0
    assert account.files() == ["assistants/hr-one.yaml", "assistants/hr-two.yaml", "assistants/other.yaml"]
    assert nothing.code == 1
    assert "has no agent or assistant called 'Lost'.\n  did you mean `Last`?" in nothing.err
    assert f"to pair a manifest with an object, write `assistant.lost={other}`" in apart.err


def test_an_object_whose_manifest_is_lost_comes_back_under_its_key(account: Account) -> None:
    id = account.made(name="Some Name", reasoning_effort="high")
    account.run("import", "-e", "production")
    manifest = account.checkout.root / "assistants/some-name.yaml"
    manifest.write_text(manifest.read_text() + "  on_removal: refuse\n  key: bot\n")
    assert account.run("apply", "-e", "production", "--auto-approve").code == 0
    manifest.unlink()

    told = account.run("import", "-e", "production")

    assert f"bot.yaml    Some Name  {id}" in told.out
    assert account.text("assistants/bot.yaml").endswith(
        "reconciler:\n  on_removal: refuse\n  environments:\n    staging: false\n"
    )
    assert "No changes." in account.run("plan", "-e", "production").out


def test_files_in_the_way_are_only_written_over_with_force(account: Account) -> None:
    account.made(name="HR Helper", instructions=LONG)
    account.made(name="Second")
    way = account.checkout.root / "assistants/prompts/hr-helper.md"
    way.parent.mkdir(parents=True)
    way.write_text("old\n")

    refused = account.run("import", "-e", "production")
    files = account.files()
    forced = account.run("import", "-e", "production", "--force")

    assert (refused.code, files) == (1, ["assistants/prompts/hr-helper.md"])
    assert "1 file exist with different content:\n  assistants/prompts/hr-helper.md" in refused.err
    assert (forced.code, way.read_text()) == (0, f"{LONG}\n")


def test_another_stack_another_environment_and_copies_are_left_and_named(account: Account) -> None:
    account.made(name="Mine")
    account.run("import", "-e", "production")
    account.run("apply", "-e", "production", "--auto-approve")
    (mine,) = account.listed("assistants")
    marker = mine["metadata"]["reconciler"]
    copy = account.made(name="Copy", metadata={"reconciler": marker})
    other = account.made(name="Other", metadata={"reconciler": "v1 sales/production/bot f=1 d="})
    odd = account.made(name="Odd", metadata={"reconciler": "yes"})

    told = account.run("import", "-e", "production")

    assert "There is nothing to import.\n1 has a manifest already.\n" in told.out
    assert f"{copy} (Copy): a copy of assistant.mine ({mine['id']})." in told.err
    assert f"{other} (Other): managed by the stack sales, environment production." in told.err
    assert f"{odd} (Odd): its metadata entry `reconciler` is not a marker" in told.err


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """A folder with nothing in it."""
    checkout = Checkout(tmp_path, monkeypatch, capsys)
    (tmp_path / "assistants").rmdir()
    return checkout


def saved(id: str, **body: Any) -> dict[str, Any]:
    """An object as the official package dumps it: what is not set is null."""
    unset = dict.fromkeys(("description", "instructions", "temperature", "top_p", "tool_resources", "reasoning_effort"))
    stated = {"object": "assistant", "created_at": 1, "model": "gpt-4o", "metadata": {}, "tools": [], **body}
    return {"id": id, **unset, **stated}


def test_saved_json_becomes_manifests_without_a_server_and_an_apply_creates_them(folder: Checkout) -> None:
    bodies = [saved("asst_1", name="HR Helper", instructions=LONG), saved("asst_2", name="Bot", tools=[LOOKUP])]
    (folder.root / "dump.json").write_text(json.dumps({"data": bodies, "object": "list", "has_more": False}))

    told = folder.run("import", "--from", "dump.json")
    again = folder.run("import", "--from", "dump.json")
    applied = folder.run("apply", "--auto-approve")

    assert (told.code, told.err) == (0, "")
    assert told.out == (
        "every environment, from dump.json\n\n"
        "  assistants/\n"
        "    bot.yaml          Bot  asst_2\n"
        "    hr-helper.yaml    HR Helper  asst_1\n"
        "    prompts/\n"
        "      hr-helper.md\n\n"
        "2 manifests and 1 other file written.\n"
        "Next: reconciler plan\n"
    )
    text = (folder.root / "assistants/hr-helper.yaml").read_text()
    assert text.endswith("reconciler:\n  former_ids:\n    - asst_1\n")
    assert again.out.endswith("There is nothing to import.\n2 have a manifest already.\n")
    assert "Resources: 2 added" in applied.out
    assert "No changes." in folder.run("plan").out
    assert {"asst_1", "asst_2"} <= set(folder.run("output").out.split())


def test_of_an_id_in_several_files_the_last_wins_and_the_differences_are_told(folder: Checkout) -> None:
    (folder.root / "old.json").write_text(json.dumps(saved("asst_1", name="Old", tools=[LOOKUP])))
    (folder.root / "new.json").write_text(json.dumps(saved("asst_1", name="New")))
    (folder.root / "same.json").write_text(json.dumps(saved("asst_1", name="New")))

    told = folder.run("import", "--from", "old.json", "new.json", "same.json")

    message = "asst_1 is also in old.json:1:1, and differs in name, tools.functions.lookup."
    assert (told.code, f"new.json:1:1: saved-twice (warning): {message}" in told.err) == (0, True)
    assert told.err.count("saved-twice") == 1
    assert (folder.root / "assistants/new.yaml").exists()


def test_a_marker_of_an_earlier_life_is_not_taken_along(folder: Checkout) -> None:
    pair = {"reconciler": "v1 sales/production/bot f=1 d="}
    (folder.root / "dump.json").write_text(json.dumps(saved("asst_1", name="Bot", metadata={**pair, "team": "hr"})))

    told = folder.run("import", "--from", "dump.json")

    assert told.err == "Note: 1 marker not carried over: sales/production/bot.\n"
    assert "metadata:\n  team: hr\n" in (folder.root / "assistants/bot.yaml").read_text()


def test_what_no_manifest_has_is_named_and_a_strange_id_is_kept_as_any_other(folder: Checkout) -> None:
    bodies = [saved("asst\n1", name="Bot", file_ids=["file-1"], usage={}), saved("a" * 999, name="Long")]
    (folder.root / "dump.json").write_text(json.dumps(bodies))

    told = folder.run("import", "--from", "dump.json")

    assert (told.code, told.err) == (0, "Note: Manifests have no field `file_ids`; it was left out of asst\\n1.\n")
    assert "a" * 999 in (folder.root / "assistants/long.yaml").read_text()


def test_a_tool_that_the_embedded_server_lacks_is_kept_whether_or_not_a_manifest_is_there(folder: Checkout) -> None:
    for number in (1, 2):
        body = saved(f"asst_{number}", name=f"Bot {number}", tools=[{"type": "bing_grounding"}])
        (folder.root / "dump.json").write_text(json.dumps(body))
        told = folder.run("import", "--from", "dump.json")
        assert (told.err, (folder.root / f"assistants/bot-{number}.yaml").exists()) == ("", True)


def test_where_nothing_can_be_a_request_no_environment_is_added(folder: Checkout) -> None:
    (folder.root / "dump.json").write_text(json.dumps({"id": "agent_1", "model": "gpt-5.1", "name": "Desk"}))

    told = folder.run("import", "--from", "dump.json", "--to", "responses")

    assert "There is nothing to import.\n" in told.out
    assert not (folder.root / "reconciler.yaml").exists()


def test_an_environment_that_cannot_have_a_saved_object_gets_false(folder: Checkout) -> None:
    project = "https://x.services.ai.azure.com/api/projects/p"
    foundry = f"azure: {{provider: foundry, base_url: '{project}', api_key: {{env: AZURE}}}}"
    folder.config(f"stack: people\nenvironments:\n  production: {{provider: openai}}\n  {foundry}\n")
    (folder.root / "dump.json").write_text(json.dumps({"id": "agent_1", "model": "gpt-5.1", "name": "Desk"}))

    told = folder.run("import", "--from", "dump.json")

    assert (told.code, told.err) == (0, "")
    text = (folder.root / "agents/desk.yaml").read_text()
    assert text.endswith("reconciler:\n  former_ids:\n    - agent_1\n  environments:\n    azure: false\n")
    assert folder.run("validate").code == 0


def test_files_that_are_not_json_are_named_with_their_line_and_nothing_is_written(folder: Checkout) -> None:
    (folder.root / "good.json").write_text(json.dumps(saved("asst_1")))
    (folder.root / "bad.json").write_text('{"id": 1,\n "model"}')

    told = folder.run("import", "--from", "good.json", "bad.json")

    assert (told.code, told.out, folder.root.joinpath("assistants").exists()) == (1, "", False)
    assert "bad.json:2:9: syntax: This is not JSON" in told.err


def test_a_folder_for_a_kind_that_has_none_is_listed_in_the_configuration(account: Account) -> None:
    account.configure("manifests: [assistants]  # ours\n")
    account.made("agents", name="Desk")

    told = account.run("import", "-e", "production")

    assert "  reconciler.yaml    changed\n  agents/\n    desk.yaml" in told.out
    assert "1 manifest written, 1 file changed.\n" in told.out
    missing = "`manifests` lists the folder assistants, which does not exist: create it, or remove the entry."
    assert told.err == f"Warning: {missing}\n"
    assert "manifests: [assistants, agents]  # ours\n" in account.text("reconciler.yaml")
    (account.checkout.root / "assistants").mkdir()
    assert "Plan: 1 to import, 0 to add, 0 to change" in account.run("plan", "-e", "production").out


@pytest.mark.parametrize(
    ("stated", "path"), [("ours", "ours/agents/desk.yaml"), ("lib/agents", "lib/agents/desk.yaml")]
)
def test_a_folder_of_another_name_has_the_kinds_below_it(account: Account, stated: str, path: str) -> None:
    account.configure(f"manifests: {stated}\n")
    account.made("agents", name="Desk")

    account.run("import", "-e", "production")

    assert account.files() == [path]
    assert "Plan: 1 to import, 0 to add, 0 to change" in account.run("plan", "-e", "production").out


def test_members_that_are_not_known_here_are_kept_and_named(folder: Checkout) -> None:
    tools = [{"type": "function", "function": {"name": "look-up", "cache": True}}, {"type": "file_search", "eager": 1}]
    (folder.root / "dump.json").write_text(json.dumps(saved("asst_1", name="Bot", tools=tools)))

    told = folder.run("import", "--from", "dump.json")
    manifest = folder.root / "assistants/bot.yaml"
    bare, stated = manifest.read_text().split("  unknown_members:\n")

    note = "assistant.bot keeps members that this version does not know: tools.eager, tools.function.cache"
    assert told.err == f"Note: {note}.\n"
    assert stated == "    - tools.eager\n    - tools.function.cache\n"
    assert folder.run("validate").code == 0
    manifest.write_text(bare)
    assert "write `reconciler: {unknown_members: [tools.function.cache]}`" in folder.run("validate").err
    manifest.write_text(bare + "  unknown_members: [tools.eager, tools.function.cache, 'a b', nofield]\n")
    assert folder.run("validate").err.count("bad-path") == 2


def test_in_an_empty_folder_a_provider_is_enough_and_the_configuration_is_written(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    (account.checkout.root / "reconciler.yaml").unlink()
    monkeypatch.setenv("OPENAI_BASE_URL", account.servers["production"])
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    account.made(name="Bot")

    lost = account.run("import")
    told = account.run("import", "-e", "openai")
    configuration = account.text("reconciler.yaml")
    (account.checkout.root / "reconciler.yaml").unlink()
    account.made(name="Other")
    account.run("import", "-e", "openai")

    assert "start with `reconciler import -e openai`, which writes one;" in lost.err
    assert (told.code, "  reconciler.yaml" in told.out) == (0, True)
    assert "Note: reconciler.yaml names the stack test-in-an-empty" in told.err
    assert ", stack test-in-an-empty" in told.out.splitlines()[0]
    assert configuration.splitlines()[1].startswith("stack: test-in-an-empty")
    assert account.text("reconciler.yaml").splitlines()[1] == "environments:"  # `local` keeps its stack
    assert "Plan: 2 to import, 0 to add, 0 to change" in account.run("plan", "-e", "openai").out


def test_a_list_that_contradicts_itself_ends_the_import_and_nothing_is_written(account: Account) -> None:
    row = {"id": "asst_1", "object": "assistant", "model": "gpt-5.1", "name": "Bot"}
    with answering(200, json.dumps({"object": "list", "data": [row, row], "has_more": False})) as there:
        account.checkout.config(
            f"stack: people\nenvironments:\n  odd: {{provider: openai, base_url: '{there.url}', kinds: assistant}}\n"
        )
        told = account.run("import", "-e", "odd")

    assert (told.code, told.out, account.files()) == (1, "", [])
    assert "The server's list of assistants is unreliable" in told.err
    assert "Nothing was written." in told.err


def test_an_error_in_a_manifest_ends_the_import_and_says_that_nothing_was_written(account: Account) -> None:
    account.made(name="Bot")
    (account.checkout.root / "assistants").mkdir()
    (account.checkout.root / "assistants" / "old.yaml").write_text("name: Old")

    told = account.run("import", "-e", "production")

    assert (told.code, told.out, account.files()) == (1, "", ["assistants/old.yaml"])
    assert "Error: Errors found; nothing was written.\n  fix the errors above and rerun\n" in told.err


def test_what_is_live_beside_what_a_manifest_can_say_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    raw = {"id": "agent_1", "object": "agent", "model": "m", "new_field": {"a": 1}, "other": None}

    note_other_members([live_object(KINDS["agent"], raw)], "stays on the server in")

    assert capsys.readouterr().err == "Note: Manifests have no field `new_field`; it stays on the server in agent_1.\n"


@pytest.mark.no_cover
def test_a_secret_of_the_environment_is_written_into_no_file(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnop")
    id = account.made(name="Bot", instructions="Use sk-abcdefghijklmnop to log in.")
    tools = [{"type": "function", "function": {"name": f"f{number}"}} for number in range(128)]
    account.made(name="Many", tools=tools)

    told = account.run("import", "-e", "production")

    assert account.files() == ["assistants/many.yaml"]
    assert told.err == f"1 was left: {id} (Bot): a secret in `instructions`, which must not be written to a file.\n"


def test_what_a_manifest_cannot_say_is_left_with_the_field_and_the_reason(folder: Checkout) -> None:
    tools = [{"type": "function", "function": {"name": f"f{number}"}} for number in range(129)]
    odd = saved("asst_2", name="Odd", temperature="hot")
    mcp = {"type": "mcp", "server_label": "crm", "transport": {"headers": {"Authorization": "Bearer abcdefghi123"}}}
    secret = {"id": "agent_4", "model": "gpt-5.1", "name": "Secret", "tools": [mcp]}
    text = {"format": {"type": "json_schema", "name": "answer", "schema": {"type": "object"}}}
    named = {"id": "agent_5", "model": "gpt-5.1", "name": "Named", "text": text}
    files = [saved("asst_1", name="Many", tools=tools), odd, saved("asst_3", name=None), secret, named]
    (folder.root / "dump.json").write_text(json.dumps(files))

    told = folder.run("import", "--from", "dump.json")

    assert told.code == 0
    assert "1 was left: asst_1 (Many): `tools`: 129 tools; the API takes 128.\n" in told.err
    assert "1 was left: agent_4 (Secret): a secret in `tools`, which must not be written to a file.\n" in told.err
    assert "1 was left: agent_5 (Named): `text.format.name`: There is no field `name` here.\n" in told.err
    assert "1 was left: asst_2 (Odd): `temperature`: Expected a number, found text.\n" in told.err
    assert [path.stem for path in (folder.root / "assistants").iterdir()] == ["assistant-3"]


def test_saved_json_is_for_one_environment_where_one_is_selected(
    folder: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.config("stack: people\nenvironments:\n  one: {provider: openai}\n  two: {provider: openai, project: p}\n")
    raw = json.dumps(saved("asst_1", name="Bot")).encode("utf-16")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))

    told = folder.run("import", "--from", "-", "-e", "two")

    assert told.out.startswith(
        "two (openai, https://api.openai.com/v1, project p), stack people, from standard input\n"
    )
    text = (folder.root / "assistants/bot.yaml").read_text()
    assert text.endswith("  environments:\n    one: false\n")
    assert told.out.endswith("Next: reconciler plan -e two\n")


def test_files_that_cannot_be_read_are_named(folder: Checkout) -> None:
    (folder.root / "latin.json").write_bytes(b'{"name": "\xe9"}')

    missing, latin = folder.run("import", "--from", "no.json"), folder.run("import", "--from", "latin.json")

    assert (missing.code, latin.code) == (1, 1)
    assert f"There is no file {folder.root / 'no.json'}." in missing.err
    assert "latin.json is not UTF-8: invalid continuation byte." in latin.err
