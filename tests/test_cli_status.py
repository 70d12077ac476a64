"""`reconciler status`, in process."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import Checkout


def test_everything_is_listed_with_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys, one="model: gpt-4o\nname: One\n")
    here.run("apply", "--auto-approve")
    here.write(one="model: gpt-4.1\nname: One\n", two="model: gpt-4o\n")

    shown = here.run("status")
    rows = here.run("status", "--json").data

    assert shown.code == 0
    assert shown.out.startswith("local (.reconciler/local.db), stack default\n\naddress ")
    assert [(row["address"], row["state"]) for row in rows] == [
        ("assistant.one", "edited"),
        ("assistant.two", "to be created"),
    ]
