"""Fifty assistants that were made by hand, in two environments: from nothing to two empty plans in four commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from support.checkout import Checkout
from support.emulator_process import served
from support.emulator_world import BETA

PROMPT = "You are {name} of {environment}.\n" + "\n".join(f"{number}. Be kind to everybody." for number in range(10))


def by_hand(number: int, environment: str) -> dict[str, Any]:
    """What somebody made in a dashboard: in staging with another store and model, and here and there another prompt."""
    name = f"Helper {number}"
    body: dict[str, Any] = {"name": name, "model": "gpt-4.1" if environment == "production" else "gpt-4.1-mini"}
    if number % 3:
        body["instructions"] = PROMPT.format(name=name, environment="people" if number % 5 else environment)
    if number % 2:
        body["tools"] = [{"type": "file_search"}]
        body["tool_resources"] = {"file_search": {"vector_store_ids": [f"vs_{environment}_{number % 4}"]}}
    return body | ({"description": "Of staging alone."} if environment == "staging" and number % 10 == 0 else {})


@pytest.mark.no_cover
def test_fifty_assistants_of_two_environments_take_four_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys)
    with served(tmp_path / "production.db") as production, served(tmp_path / "staging.db") as staging:
        servers = {"production": production, "staging": staging}
        for name, url in servers.items():
            with httpx.Client(base_url=f"{url}/v1", headers=BETA) as client:
                for number in range(50):
                    assert client.post("/assistants", json=by_hand(number, name)).status_code == 200
        stated = "".join(f"  {name}: {{provider: openai, base_url: {url}/v1}}\n" for name, url in servers.items())
        here.config(f"stack: people\nenvironments:\n{stated}")

        for words in ("import -e production", "import -e staging"):
            assert here.run(*words.split()).code == 0
        for name in servers:
            applied = here.run("apply", "-e", name, "--auto-approve")
            assert "Apply complete! Resources: 50 imported, 0 added, 0 changed, 0 destroyed." in applied.out, applied
        for name in servers:
            assert "No changes." in here.run("plan", "-e", name).out

    config = (tmp_path / "reconciler.yaml").read_text()
    assert (
        "values: {model: gpt-4.1-mini, vector_store_helper_1: vs_staging_1, vector_store_helper_11: vs_staging_3}"
        in config
    )
    patched = [path for path in (tmp_path / "assistants").glob("*.yaml") if "environments:" in path.read_text()]
    assert len(patched) == len([number for number in range(50) if number % 10 == 0 or (number % 3 and not number % 5)])
