"""`reconciler status`, in process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.canonical import digest
from reconciler.model import Target
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


def test_every_other_stack_is_told_apart_and_a_preview_with_what_removes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys, one="model: gpt-4o\nname: One\n", two="model: gpt-4o\n")
    here.config("stack: acme\nenvironments: {local: {}, staging: {provider: local, stack: acme-staging}}\n")
    for stack in ("{stack}", "{stack}-pr-7", "mine"):
        assert here.run("apply", "-e", "local", "--stack", stack, "--auto-approve").code == 0
    foreign = here.applied(wanted("x", name="Theirs"), Target("billing", "prod", "local", LOCAL.base_url))
    here.call("POST", "", {"model": "gpt-4o", "name": "Nobody's"})
    here.call("POST", "", {**body_of(wanted("y"), Target("billing", "prod", "local", ""), id="asst_original")})

    told, rows = here.run("status", "-e", "staging", "--all-stacks"), here.run("status", "-e", "staging", "--json").data
    data = here.run("status", "-e", "staging", "--all-stacks", "--json").data

    assert told.code == 0
    assert "0 managed, 2 to be created, 2 unmanaged, 2 of acme-pr-7/local, 2 of acme/local," in told.out
    assert "acme/local: 2 assistants, created today\n    reconciler.yaml names this stack.\n" in told.out
    remove = "reconciler destroy -e local --stack acme-pr-7 --allow too-many-deletes"
    assert f"called after pull request 7. This deletes it:\n    `{remove}`\n      assistant.one  asst_" in told.out
    assert "mine/local: 2 assistants, created today\n    It was applied from this checkout: a" in told.out
    assert "billing/prod: 1 assistant, created today\n    reconciler.yaml does not name it: " in told.out
    assert f"      assistant.x  {foreign}  Theirs\n" in told.out
    assert "1 preview; of closed pull requests, this deletes them:\n`reconciler destroy -e local --stack '" in told.out
    assert [(each["stack"], each["pull"], each["remove"]) for each in data["stacks"]] == [
        ("acme", None, None), ("acme-pr-7", 7, remove), ("billing", None, None), ("mine", None, None)
    ]  # fmt: skip
    assert len(rows) - len(data["objects"]) == sum(each["number"] for each in data["stacks"])
    assert here.run("plan", "-e", "local").out.endswith(
        "2 unchanged, 2 unmanaged, 5 of other stacks.\nNo changes. Your assistants match the manifests.\n"
    )
    assert here.run(*remove.split()[1:], "--auto-approve").code == 0
    assert "acme-pr-7" not in here.run("status", "-e", "staging", "--all-stacks").out
