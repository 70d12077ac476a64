"""Objects that were managed and lost their marker: a record, an id or the looks tell, and nothing is made twice."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator import Emulator
from reconciler.kinds import KINDS
from reconciler.model import Address, Desired, Live, Plan
from reconciler.plan.guards import PlanContext
from reconciler.plan.make import make_plan
from reconciler.plan.policy import DRIFT, EDITS, Policy, split_by_policy
from reconciler.plan.run_record import Head, head_to_dict, left_managed
from reconciler.plan.status import standings
from reconciler.render.status import table
from reconciler.render.style import Style
from support.checkout import Checkout
from support.emulator_world import call
from support.lives import applied, stranger, wanted
from support.world import WHERE, desired

HR = "name: HR Helper\nmodel: gpt-5.1\ninstructions: Be kind.\n"
OTHER = {"name": "Somebody's", "instructions": "Be brief.", "metadata": {"team": "people"}}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    """A checkout with one agent that was applied."""
    checkout = Checkout(tmp_path, monkeypatch, capsys)
    checkout.config("manifests: [agents]\n")
    write(checkout, HR)
    assert checkout.run("apply", "--auto-approve").code == 0
    return checkout


def write(checkout: Checkout, text: str) -> None:
    (checkout.root / "agents").mkdir(exist_ok=True)
    (checkout.root / "agents/hr.yaml").write_text(text)


def by_sdk(checkout: Checkout, **body: Any) -> list[Any]:
    """Another client changes the one agent, if it is told how; the agents there are."""
    emulator = Emulator(checkout.root / ".reconciler/local.db")
    try:
        agents: list[Any] = call(emulator, "GET", "/v1/agents").json()["data"]
        if body:
            assert call(emulator, "POST", f"/v1/agents/{agents[0]['id']}", body).status_code == 200
    finally:
        emulator.close()
    return agents


def states(checkout: Checkout) -> list[tuple[str | None, str]]:
    return [(row["address"], row["state"]) for row in checkout.run("status", "--json").data]


def test_a_run_record_knows_the_agent_whose_metadata_was_replaced_and_its_pin_brings_it_back(here: Checkout) -> None:
    (agent,) = by_sdk(here, **OTHER)
    line = f"id: {{local: {agent['id']}}}"

    plan, tried = here.run("plan"), here.run("apply", "--auto-approve")
    document = json.loads(here.run("plan", "--json").out)

    assert [objection["code"] for objection in document["objections"]] == ["marker-lost"]
    assert f"`{line}`" in plan.out
    assert (tried.code, len(by_sdk(here))) == (1, 1)
    assert states(here) == [("agent.hr", "marker lost")]

    write(here, f"{HR}reconciler: {{{line}}}\n")
    again = here.run("plan")
    assert "Plan: 1 to import" in again.out
    assert "has lost its marker" in " ".join(again.out.split())
    assert states(here) == [("agent.hr", "to be adopted, marker lost")]
    applied = here.run("apply", "--auto-approve")
    assert (applied.code, applied.out.count("Running sessions keep the configuration")) == (0, 1)
    assert states(here) == [("agent.hr", "in sync")]
    assert by_sdk(here)[0]["metadata"].keys() == {"reconciler"}


def test_an_agent_without_marker_or_manifest_is_left_alone_and_named(here: Checkout) -> None:
    (agent,) = by_sdk(here, metadata={})
    (here.root / "agents/hr.yaml").unlink()

    plan = here.run("plan")

    assert "No changes." in plan.out
    assert f"{agent['id']} was managed as agent.hr and has no marker any more" in " ".join(plan.out.split())
    assert states(here) == [("agent.hr", "marker lost")]


@pytest.mark.parametrize(
    ("moved", "code", "state"),
    [({"metadata": {}}, "possible-duplicate", "unmanaged, marker lost?"), (OTHER, None, "unmanaged")],
    ids=["its looks", "nothing"],
)
def test_without_a_record_its_looks_may_tell(
    here: Checkout, moved: dict[str, Any], code: str | None, state: str
) -> None:
    by_sdk(here, **moved)
    shutil.rmtree(here.root / ".reconciler/history")

    objections = json.loads(here.run("plan", "--json").out)["objections"]

    assert [objection["code"] for objection in objections] == ([code] if code else [])
    assert ["has erased the marker" in objection["message"] for objection in objections] == ([True] if code else [])
    assert states(here) == [("agent.hr", "to be created"), (None, state)]


def test_what_was_forgotten_from_here_lost_nothing(here: Checkout) -> None:
    here.run("forget", "hr", "--auto-approve")

    assert states(here) == [("agent.hr", "to be created"), (None, "unmanaged")]


def planned(some: list[Desired], live: list[Live], **recorded: str) -> Plan:
    """The plan where records know these assistants, by id."""
    known = {("assistant", id): Address("assistant", key) for id, key in recorded.items()}
    return make_plan(some, live, WHERE, facts=PlanContext(recorded=known))


def told(plan: Plan) -> tuple[list[str], tuple[str, ...]]:
    return [objection.code for objection in plan.objections], plan.notes


def test_a_record_counts_for_any_kind_and_under_a_former_key() -> None:
    renamed = wanted("hr", name="HR", own={"was": ["hr-bot"]})

    plan = planned([renamed], [stranger(), stranger("asst_8", name="HR")], asst_9="hr-bot", asst_8="hr")

    (objection,) = plan.objections
    assert (objection.code, objection.holds) == ("marker-lost", {Address("assistant", "hr")})
    assert "asst_8, asst_9 were managed as this one and have no markers any more" in objection.message
    assert objection.remedy.endswith("in hr.yaml: `id: {production: asst_8}`")
    assert plan.notes == ()


def test_another_that_looks_the_same_stays_an_objection_of_its_own() -> None:
    plan = planned([wanted("hr", name="HR")], [stranger(), stranger("asst_8", name="HR")], asst_9="hr")

    assert told(plan) == (["marker-lost", "possible-duplicate"], ())


def test_what_was_managed_under_another_key_is_only_a_possible_duplicate() -> None:
    released = planned([wanted("a"), wanted("hr", name="HR")], [applied(wanted("a")), stranger(name="HR")], asst_9="a")
    renamed = planned([wanted("hr", name="HR")], [stranger(name="HR")], asst_9="hr-bot")

    assert told(released) == (["possible-duplicate"], ())
    assert told(renamed)[0] == ["possible-duplicate"]
    assert renamed.notes[0].startswith("asst_9 was managed as assistant.hr-bot and has no marker any more")


@pytest.mark.parametrize(
    "live",
    [
        [applied(wanted("hr"), "asst_1"), stranger()],
        [applied(wanted("hr"), "asst_9", where=replace(WHERE, stack="umbrella"))],
        [],
    ],
    ids=["something else has the address", "another stack has it", "it is not there"],
)
def test_a_record_says_nothing_of_what_others_have(live: list[Live]) -> None:
    plan = planned([wanted("hr")], live, asst_9="hr")

    assert (plan.lost, plan.notes) == ((), ())


def test_an_agent_that_is_pinned_and_not_recorded_may_have_lost_its_marker() -> None:
    agent = Live("agent", "agent_1", KINDS["agent"].read({"model": "gpt-5.1"}), {"model": "gpt-5.1"})
    (pinned,) = desired(("agent", {"model": "gpt-5.1", "reconciler": {"id": {"production": "agent_1"}}}))

    plan = make_plan([pinned], [agent], WHERE)
    rows = standings(plan, [agent])

    assert told(plan) == ([], ())
    assert [row.state for row in rows] == ["to be adopted, marker lost?"]
    assert "0 managed, 1 to be adopted, 0 unmanaged." in table(rows, Style())


@pytest.mark.parametrize(
    ("kind", "moved", "causes", "written"),
    [
        ("agent", {"name": "Other"}, {"unknown"}, False),
        ("agent", {}, set(), True),
        ("assistant", {"name": "Other"}, {"adoption"}, True),
    ],
    ids=["an agent that differs", "an agent that does not", "an assistant, whose marker others keep"],
)
def test_what_others_may_have_changed_with_the_marker_is_not_overwritten_unattended(
    kind: str, moved: dict[str, Any], causes: set[str], written: bool
) -> None:
    body = {"model": "gpt-5.1", "name": "HR"}
    found = Live(kind, "it_1", KINDS[kind].read({**body, **moved}), {**body, **moved})
    plan = make_plan(desired((kind, {**body, "reconciler": {"id": {"production": "it_1"}}})), [found], WHERE)

    division = split_by_policy(plan, Policy(frozenset({DRIFT, EDITS})))

    assert {field.cause for change in plan.changes for field in change.fields} == causes
    assert [change.action for change in division.ready.changes] == (["adopt"] if written else [])


def test_the_table_counts_what_lost_its_marker() -> None:
    live = [stranger()]

    assert "0 managed, 1 marker lost, 0 unmanaged." in table(standings(planned([], live, asst_9="hr"), live), Style())


def record(*outcomes: dict[str, Any], **head: Any) -> list[str]:
    """The lines of a record, as a run writes them."""
    run = head_to_dict(Head("r", "now", "apply", replace(WHERE, **head), "n"))
    facts = [{"type": "run", "format": "1.0", **run}, {"type": "intent"}, *({"type": "outcome", **o} for o in outcomes)]
    return [json.dumps(fact, separators=(",", ":")) + "\n" for fact in facts]


def outcome(key: str, action: str = "create", outcome: str = "done", id: str | None = "asst_1") -> dict[str, Any]:
    return {"kind": "assistant", "key": key, "action": action, "id": id, "outcome": outcome}


@pytest.mark.parametrize(
    ("runs", "managed"),
    [
        ([record(outcome("a"))], {"asst_1": "a"}),
        ([record(outcome("a", outcome="unsettled"))], {"asst_1": "a"}),
        ([record(outcome("a", outcome="failed"), outcome("b", id=None))], {}),
        ([record(outcome("a")), record(outcome("b", "rename"))], {"asst_1": "b"}),
        ([record(outcome("a")), record(outcome("a", "forget"))], {"asst_1": None}),
        ([record(outcome("a")), record(outcome("a", "delete"), stack="umbrella")], {"asst_1": "a"}),
        ([["{"], [], ["{}"], [*record(), '{"type":"outcome","id":"asst_1"}'], record(outcome("a"))], {"asst_1": "a"}),
    ],
    ids=["created", "unsettled", "failed", "renamed", "forgotten", "another stack's", "unreadable"],
)
def test_the_last_run_that_names_an_object_says_whether_it_is_managed(
    runs: list[list[str]], managed: dict[str, str | None]
) -> None:
    found = left_managed(runs, WHERE)

    assert {id: address and address.key for (_, id), address in found.items()} == managed
