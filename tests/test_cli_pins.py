"""`reconciler output --write-pins`: ids in manifests, as people would write them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.checkout import Checkout
from support.emulator_process import served

pytestmark = pytest.mark.no_cover

AGENTS = {"OpenAI-Beta": "agents=v1"}
HR = "# for people\nmodel: gpt-5.1   # reasons\nname: HR\n"
TWO = """\
model: gpt-4o
name: One
reconciler:
  key: one   # the first
---
model: gpt-4o
name: Two
reconciler: {key: two}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("server") / "served.db") as address:
        yield f"{address}/v1"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], server: str) -> Checkout:
    """A checkout of an agent and two assistants, applied to production and staging."""
    checkout = Checkout(tmp_path, monkeypatch, capsys, both=TWO)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents/hr.yaml").write_text(HR)
    stacks = {name: f"{tmp_path.name.replace('_', '-')[-40:]}-{name}" for name in ("production", "staging")}
    stated = (f"  {name}: {{provider: openai, base_url: {server}, stack: {stack}}}\n" for name, stack in stacks.items())
    checkout.config("environments:\n" + "".join(stated))
    for name in stacks:
        assert checkout.run("apply", "-e", name, "--auto-approve").code == 0
    return checkout


def ids(here: Checkout, environment: str) -> dict[str, str]:
    listed = here.run("output", "-e", environment, "--json").data
    return {key: one["id"] for of_kind in listed.values() for key, one in of_kind.items()}


def test_each_manifest_gets_its_id_in_every_environment_and_keeps_its_layout(here: Checkout) -> None:
    production, staging = ids(here, "production"), ids(here, "staging")

    told = here.run("output", "-e", "production", "--write-pins")
    here.run("output", "-e", "staging", "hr", "--write-pins")
    again = here.run("output", "-e", "production", "--write-pins")

    assert (told.code, told.out.splitlines()[-1]) == (0, "3 ids written.")
    assert f"agents/hr.yaml: agent.hr {production['hr']}" in told.out
    assert (again.code, again.out) == (0, "0 ids written.\n")
    assert (here.root / "agents/hr.yaml").read_text() == (
        f"{HR}reconciler:\n  id: {{production: {production['hr']}, staging: {staging['hr']}}}\n"
    )
    assert (here.root / "assistants/both.yaml").read_text() == TWO.replace(
        "  key: one   # the first\n", f"  key: one   # the first\n  id: {{production: {production['one']}}}\n"
    ).replace("{key: two}", f"{{key: two, id: {{production: {production['two']}}}}}")
    assert "No changes." in here.run("plan", "-e", "production").out


def test_agents_whose_metadata_another_client_replaced_are_pinned_by_their_record(here: Checkout, server: str) -> None:
    id = ids(here, "production")["hr"]
    body = {"name": "Other", "metadata": {"team": "people"}}
    assert httpx.post(f"{server}/agents/{id}", json=body, headers=AGENTS).status_code == 200

    told = here.run("output", "-e", "production", "agent.*", "--write-pins")

    assert (told.code, told.out) == (0, f"agents/hr.yaml: agent.hr {id}\n1 id written.\n")
    assert "Plan: 1 to import, 0 to add" in here.run("plan", "-e", "production", "hr").out


def test_what_cannot_be_written_in_safety_is_printed_to_be_pasted(here: Checkout) -> None:
    id = ids(here, "production")["hr"]
    text = f"{HR}reconciler: ~\n"
    (here.root / "agents/hr.yaml").write_text(text)
    (here.root / "agents/hr.yaml").chmod(0o640)

    told = here.run("output", "-e", "production", "hr", "--write-pins")

    assert (told.code, told.out) == (1, "0 ids written.\n")
    assert f"the id of agent.hr was not written; write under `reconciler:`: `id: {{production: {id}}}`" in told.err
    assert (here.root / "agents/hr.yaml").read_text() == text


def test_an_address_that_several_have_gets_no_id(here: Checkout, server: str) -> None:
    agents = httpx.get(f"{server}/agents", headers=AGENTS).json()["data"]
    (one,) = (agent for agent in agents if agent["id"] == ids(here, "production")["hr"])
    copy = {"model": one["model"], "name": one["name"], "metadata": one["metadata"]}
    assert httpx.post(f"{server}/agents", json=copy, headers=AGENTS).status_code == 200

    told = here.run("output", "-e", "production", "hr", "--write-pins")

    assert (told.code, told.out) == (1, "0 ids written.\n")
    assert "several live objects have this address" in told.err


def test_a_file_keeps_its_byte_order_mark_and_its_mode(here: Checkout) -> None:
    path = here.root / "agents/hr.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + HR.encode())
    path.chmod(0o640)

    assert here.run("output", "-e", "production", "hr", "--write-pins").code == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbf# for people\n")
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_markdown_manifest_gets_its_id_into_its_front_matter(here: Checkout) -> None:
    (here.root / "agents/hr.yaml").unlink()
    path = here.root / "agents/hr.md"
    front, text = HR.replace("\n", "\r\n"), "---\r\n\r\nHelp: ---\r\n\r\n---\r\nreconciler:\r\n"
    path.write_bytes(f"\ufeff---\r\n{front}{text}".encode())
    id = ids(here, "production")["hr"]

    assert here.run("output", "-e", "production", "hr", "--write-pins").code == 0
    pinned = f"reconciler:\r\n  id: {{production: {id}}}\r\n"
    assert path.read_bytes().decode() == f"\ufeff---\r\n{front}{pinned}{text}"
    assert here.run("output", "-e", "production", "hr", "--write-pins").out == "0 ids written.\n"


@pytest.mark.parametrize("where", [("-e", "local"), ("-e", "production", "--stack", "preview")])
def test_ids_that_no_other_checkout_finds_are_not_written(here: Checkout, where: tuple[str, ...]) -> None:
    told = here.run("output", *where, "--write-pins")

    assert (told.code, "No ids were written" in told.err) == (1, True)
    assert (here.root / "agents/hr.yaml").read_text() == HR
