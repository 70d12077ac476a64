"""`reconciler status`, in process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.canonical import digest
from reconciler.plan import marker as markers
from support.checkout import LOCAL, Checkout, body_of
from support.lives import KIND, wanted


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


def test_what_the_server_did_not_keep_is_told_and_exits_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys, one="model: gpt-4o\nname: One\n")
    body = body_of(wanted("one", name="One"), LOCAL, name="Kept")
    marker = markers.decode(body["metadata"]["reconciler"], KIND)
    assert marker is not None
    unsettled = markers.encode(replace(marker, unsettled={"name": digest("Kept", 6)}), KIND)
    here.call("POST", "", {**body, "metadata": {"reconciler": unsettled}})

    planned, shown, applied = here.run("plan", "--detailed-exitcode"), here.run("status"), here.run("apply")

    said = 'Note: assistant.one differs from its manifest: `name` is "Kept" instead of "One".'
    assert [told.code for told in (planned, shown, applied)] == [0, 0, 0]
    assert [said in told.out for told in (planned, shown, applied)] == [True, True, True]
    assert planned.out.endswith(
        "No changes. 1 assistant differs from its manifest: the server does not keep what it is sent.\n"
    )
    assert "in sync" not in shown.out
