"""`reconciler comment`: one comment on the pull request, through its whole life."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.github.posts.sticky import DUPLICATE
from reconciler.model import Base, Change, Done, Objection, Outcome
from reconciler.render import FORMATS, Style, document, events
from reconciler.render.several import Lost, several
from support.checkout import Checkout, Told
from support.github import BOT, Asked, Hub, github
from support.render_plans import WHERE, create, field, lookalike, plan, update

HR = "model: gpt-4o\nname: HR Helper\n"
HEAD, MERGE = "a" * 40, "e" * 40
CONFIG = "stack: acme\ndefault_environment: staging\nenvironments:\n  staging: {provider: local, stack: shop}\n"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with github() as found:
        found.pull(7, head=HEAD)
        job(monkeypatch, found)
        yield found


def job(monkeypatch: pytest.MonkeyPatch, hub: Hub, run: int = 100, **more: str) -> None:
    """This is a job of the pull request, or of a push where `GITHUB_REF` says so."""
    for name, value in {**hub.environ(pull=7, run=run), **more}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr=HR)


def saved(here: Checkout, *changes: Change, name: str = "plan.json", environment: str = "production") -> str:
    """A plan in a file."""
    whole = replace(plan(*changes), where=replace(WHERE, environment=environment))
    (here.root / name).write_text(FORMATS["json"](document(whole), Style()))
    return name


def said(told: Told) -> str:
    """What was said to people, less what keeps a runner from obeying."""
    return "".join(line for line in told.out.splitlines(keepends=True) if not line.startswith("::"))


HOW = update("hr", field("name", "A", "B"))


def test_a_plan_is_commented_on_its_pull_request(here: Checkout, hub: Hub) -> None:
    told = here.run("comment", saved(here, HOW))

    assert (told.code, told.err) == (0, "")
    assert said(told) == "production, stack acme on #7: commented\n"
    (body,) = hub.bodies(7)
    assert body.startswith("<!-- reconciler: comment acme production run 100.1 -->\n")
    assert "assistant.hr" in body
    assert "https://github.example/acme/assistants/actions/runs/100" in body


def test_the_next_push_edits_the_same_comment(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    here.run("comment", saved(here, HOW))
    job(monkeypatch, hub, run=101)

    told = here.run("comment", saved(here, create("it")))

    assert said(told) == "production, stack acme on #7: edited\n"
    (body,) = hub.bodies(7)
    assert "assistant.it" in body
    assert "assistant.hr" not in body
    assert [method for method, _ in hub.writes()] == ["POST", "PATCH"]


def test_where_nothing_differs_nothing_is_written(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    here.run("comment", saved(here, HOW))
    job(monkeypatch, hub, run=101)
    hub.forget()

    told = here.run("comment", "plan.json")

    assert said(told) == "production, stack acme on #7: left alone, nothing differs\n"
    assert hub.writes() == []


def test_an_older_run_overwrites_nothing_and_says_so(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    run = hub.run("plan.yml", HEAD)
    job(monkeypatch, hub, run=run)
    here.run("comment", saved(here, HOW))
    job(monkeypatch, hub, run=99, GITHUB_RUN_ATTEMPT="3")

    told = here.run("comment", saved(here, create("it")))

    assert (told.code, said(told)) == (
        0,
        f"production, stack acme on #7: left alone, a newer run has commented ({run}.1)\n",
    )
    assert len(hub.writes()) == 1


@pytest.mark.parametrize("forged", ["9999999999999999999.1", "100.7", "1001.2"])
def test_a_run_that_there_is_none_of_freezes_no_comment(here: Checkout, hub: Hub, forged: str) -> None:
    """Whoever may edit the bot's comment can write any number into it."""
    assert hub.run("apply.yml", HEAD) == 1001
    here.run("comment", saved(here, HOW))
    (comment,) = hub.comments(7)
    comment["body"] = comment["body"].replace("run 100.1", f"run {forged}")

    told = here.run("comment", saved(here, create("it")))

    assert said(told) == "production, stack acme on #7: edited\n"
    assert hub.bodies(7)[0].startswith("<!-- reconciler: comment acme production run 100.1 -->\n")


def test_a_token_that_may_not_look_at_runs_believes_none(here: Checkout, hub: Hub) -> None:
    here.run("comment", saved(here, HOW))
    (comment,) = hub.comments(7)
    comment["body"] = comment["body"].replace("run 100.1", "run 101.1")
    hub.fail("GET", "/actions/runs/101", status=403, message="Resource not accessible by integration")

    assert said(here.run("comment", saved(here, create("it")))) == "production, stack acme on #7: edited\n"


def test_a_comment_names_the_commit_and_the_moment(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    event = here.root / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": HEAD}}}))
    job(monkeypatch, hub, GITHUB_EVENT_PATH=str(event))

    here.run("comment", saved(here, HOW))

    assert f"](<https://github.example/acme/assistants/blob/{HEAD}/assistants/" in hub.bodies(7)[0]
    foot = hub.bodies(7)[0].splitlines()[-1]
    page = f"https://github.example/acme/assistants/commit/{HEAD}"
    assert re.fullmatch(
        rf"Commit \[{HEAD[:12]}\]\(<{page}>\), \d{{4}}-\d\d-\d\d \d\d:\d\d UTC\."
        r" \[The run\].* has the complete output\.",
        foot,
    ), foot


@pytest.mark.parametrize("head", [None, 1, {"sha": 1}, {"sha": "main"}])
def test_what_is_no_commit_is_not_named(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch, head: Any) -> None:
    event = here.root / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": head}}))
    job(monkeypatch, hub, GITHUB_EVENT_PATH=str(event), GITHUB_SHA="")

    here.run("comment", saved(here, HOW))

    assert "Commit" not in hub.bodies(7)[0]


def both(here: Checkout) -> tuple[str, str]:
    """Plans of two environments that do the same."""
    return (
        saved(here, HOW, name="one.json", environment="staging"),
        saved(here, HOW, name="two.json", environment="production"),
    )


def test_two_environments_have_one_comment_in_which_the_same_is_told_once(here: Checkout, hub: Hub) -> None:
    told = here.run("comment", *both(here))

    assert said(told) == "staging, production, stack acme on #7: commented\n"
    (body,) = hub.bodies(7)
    assert body.startswith("<!-- reconciler: comment acme staging,production run 100.1 -->\n### ")
    assert body.count("#### In staging, production") == 1
    assert body.count("assistant.hr") == 1


def test_an_environment_that_could_not_be_planned_is_in_the_comment(here: Checkout, hub: Hub) -> None:
    lost = several("json", [Lost("production", "The server does not answer.", "wait")], Style())
    (here.root / "_failures.json").write_text(lost)
    one, _ = both(here)

    here.run("comment", "_failures.json", one)
    alone = said(here.run("comment", "_failures.json", "--dry-run"))

    (body,) = hub.bodies(7)
    assert body.startswith("<!-- reconciler: comment acme production,staging run 100.1 -->\n### No plan of production")
    assert "The server does not answer." in body
    assert alone.startswith("<!-- reconciler: comment - production run 100.1 -->\n### No plan of `production`\n")


def test_each_environment_is_carried_on_by_itself_in_the_one_comment(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.config(CONFIG)
    here.run("apply", "-e", "staging", "--auto-approve", "--json-into", "events.jsonl")
    staging, production = both(here)
    here.run("comment", staging, production)
    job(monkeypatch, hub, run=101)

    here.run("comment", staging, "--state", "applying")
    (first,) = hub.bodies(7)
    here.run("comment", staging, "--events", "events.jsonl")
    (second,) = hub.bodies(7)
    (here.root / "log.txt").write_text("Error: no\n")
    told = here.run("comment", "-e", "production", "--stack", "acme", "--state", "applying", "--failed", "log.txt")
    (third,) = hub.bodies(7)

    line = "<!-- reconciler: comment acme staging,production run 101.1 -->\n<!-- reconciler: part staging -->\n"
    assert first.startswith(f"{line}### Being applied\n\n**staging** · stack `acme`\n")
    assert second.startswith(f"{line}### Applied: 1 added\n")
    assert [body.count("**production**: not applied yet.") for body in (first, second, third)] == [1, 1, 0]
    assert said(told) == "production, stack acme on #7: edited\n"
    assert third.index("### Not applied") < third.index("### Applied: 1 added") < third.index("#### In staging")
    assert third.count("<details><summary>The plan</summary>") == 1


def test_the_next_plan_takes_the_place_of_all_of_it(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    staging, production = both(here)
    here.run("comment", production)
    job(monkeypatch, hub, run=101)
    here.run("comment", staging, production)
    (first,) = hub.bodies(7)
    job(monkeypatch, hub, run=102)
    (here.root / "log.txt").write_text("Error: no\n")
    here.run("comment", "-e", "staging", "-e", "production", "--stack", "acme", "--failed", "log.txt")
    (second,) = hub.bodies(7)

    assert first.startswith("<!-- reconciler: comment acme staging,production run 101.1 -->\n### ")
    assert second.startswith(
        "<!-- reconciler: comment acme staging,production run 102.1 -->\n### Could not be planned\n\n"
        "**staging, production** · stack `acme`\n"
    )


def test_a_failure_where_no_environment_is_said_is_about_all_of_them(here: Checkout, hub: Hub) -> None:
    here.config("stack: acme\nenvironments:\n  a: {provider: local, stack: a}\n  b: {provider: local, stack: b}\n")
    (here.root / "log.txt").write_text("Error: no\n")

    here.run("comment", "--failed", "log.txt")

    (body,) = hub.bodies(7)
    assert body.startswith("<!-- reconciler: comment a,b a,b run 100.1 -->\n### Could not be planned\n")


def test_a_failure_is_also_about_an_environment_that_has_an_error(here: Checkout, hub: Hub) -> None:
    here.config("stack: acme\nenvironments:\n  a: {provider: local, stack: a}\n  b: {provider: nope}\n")
    (here.root / "log.txt").write_text("Error: no\n")

    assert here.run("comment", "--failed", "log.txt").code == 0

    (body,) = hub.bodies(7)
    assert body.startswith("<!-- reconciler: comment a a,b run 100.1 -->\n### Could not be planned\n")


def test_what_is_no_plan_hides_no_other(here: Checkout, hub: Hub) -> None:
    (here.root / "broken.json").write_text("{}")
    (here.root / "bytes.json").write_bytes(b"\xff\xfe")

    told = here.run("comment", "broken.json", "absent.json", "bytes.json", saved(here, HOW))

    assert told.code == 1
    assert "broken.json is not a saved plan: it has no `format_version`" in told.err
    assert "absent.json." in told.err
    assert "bytes.json is not a saved plan: it is not UTF-8 text" in told.err
    assert len(hub.bodies(7)) == 1


def test_a_forged_comment_is_neither_taken_for_ours_nor_touched(here: Checkout, hub: Hub) -> None:
    line = "<!-- reconciler: comment acme production run 1.1 -->"
    forged = [
        hub.comment(7, f"{line}\nNo changes.", by="octocat"),
        hub.comment(7, f"as the bot says:\n{line}\nNo changes.", by=BOT),
        hub.comment(7, f"> {line}\n> No changes.", by=BOT),
        hub.comment(7, f"{line.replace('1.1', '999.1')}\nNo changes.", by="octocat"),
    ]
    before = {one["id"]: one["body"] for one in hub.comments(7)}

    told = here.run("comment", saved(here, HOW))

    assert said(told) == "production, stack acme on #7: commented\n"
    assert {id: body for id, body in _bodies(hub).items() if id in forged} == before


def _bodies(hub: Hub) -> dict[int, str]:
    return {one["id"]: one["body"] for one in hub.comments(7)}


def test_of_two_comments_that_raced_one_goes_on(here: Checkout, hub: Hub) -> None:
    text = "<!-- reconciler: comment acme production run 90.1 -->\nplan"
    first, second = hub.comment(7, text, by=BOT), hub.comment(7, text, by=BOT)

    here.run("comment", saved(here, HOW))

    assert _bodies(hub)[second] == DUPLICATE
    assert "assistant.hr" in _bodies(hub)[first]


@pytest.mark.parametrize("how", [{"status": 500}, {"drop": True, "after": True}])
def test_a_hosting_that_stumbles_gets_one_comment(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch, how: dict[str, object]
) -> None:
    monkeypatch.setattr("reconciler.github.http.WAITS", (0.0, 0.0))
    hub.fail("POST", "/comments", **how)

    assert here.run("comment", saved(here, HOW)).code == 0
    assert len(hub.bodies(7)) == 1


def test_a_comment_that_somebody_deletes_meanwhile_is_written_anew(here: Checkout, hub: Hub) -> None:
    here.run("comment", saved(here, HOW))
    (first,) = hub.comments(7, BOT)
    answer = hub.answer

    def deleting(asked: Asked) -> Any:
        if asked.method == "PATCH":
            hub.all_comments[7] = []
        return answer(asked)

    hub.answer = deleting  # type: ignore[method-assign]
    told = here.run("comment", saved(here, create("sales")))

    assert said(told) == "production, stack acme on #7: commented\n"
    (second,) = hub.comments(7, BOT)
    assert second["id"] != first["id"]


def test_a_server_that_does_not_say_who_wrote_a_comment_is_believed(here: Checkout, hub: Hub) -> None:
    answer = hub.answer
    hub.answer = lambda asked: {**answer(asked), "user": None} if asked.method == "POST" else answer(asked)  # type: ignore[method-assign]

    assert here.run("comment", saved(here, HOW)).code == 0


def test_a_merge_queue_s_job_is_about_its_pull_request(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = f"refs/heads/gh-readonly-queue/main/pr-7-{'b' * 40}"
    job(monkeypatch, hub, GITHUB_REF=ref, GITHUB_EVENT_NAME="merge_group")
    assert "on #7: commented" in here.run("comment", saved(here, HOW)).out

    job(monkeypatch, hub, GITHUB_REF=ref, GITHUB_EVENT_NAME="push")
    assert "There is no pull request" in here.run("comment", saved(here, HOW)).out


@pytest.mark.parametrize("number", [True, "7", -7, 0, None])
def test_a_number_that_is_none_is_not_asked_about(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch, number: object
) -> None:
    (here.root / "event.json").write_text(json.dumps({"pull_request": {"number": number}}))
    job(monkeypatch, hub, GITHUB_EVENT_PATH=str(here.root / "event.json"))

    assert "on #7: commented" in here.run("comment", saved(here, HOW)).out


# its life


def test_a_plan_is_carried_through_its_life(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    here.config(CONFIG)
    assert here.run("plan", "--out", "plan.json").code == 0
    here.run("comment", "plan.json")
    hub.merge(7, MERGE)
    job(monkeypatch, hub, run=105, GITHUB_REF="refs/heads/main", GITHUB_SHA=MERGE)

    here.run("comment", "plan.json", "--state", "applying")
    (applying,) = hub.bodies(7)
    assert here.run("apply", "plan.json", "--json-into", "events.jsonl").code == 0
    here.run("comment", "plan.json", "--events", "events.jsonl")
    (applied,) = hub.bodies(7)

    assert "### Being applied\n\n**staging** · stack `shop`" in applying
    assert "### Applied: 1 added\n\n**staging** · stack `shop`" in applied
    (id,) = here.live()
    assert f"| Created | `{id}` |" in applied
    assert [path.rpartition("/")[2] for method, path in hub.writes() if method == "POST"] == ["comments"]


def test_what_moved_is_commented_as_a_difference(here: Checkout, hub: Hub) -> None:
    here.config(CONFIG)
    here.run("apply", "--auto-approve")
    here.write(hr=HR.replace("HR Helper", "HR Help"))
    here.run("plan", "--out", "plan.json")
    (id,) = here.live()
    here.call("POST", f"/{id}", {"name": "Somebody was here"})

    assert here.run("apply", "plan.json", "--json-into", "events.jsonl").code == 1
    assert here.run("comment", "plan.json", "--events", "events.jsonl").code == 0

    (body,) = hub.bodies(7)
    assert "### Not applied: 1 refused\n\n**staging** · stack `shop`" in body
    assert "| Refused: it is no longer what was reviewed |" in body.replace("&#58;", ":")
    assert "<details open><summary><code>assistant.hr</code> changed since the review</summary>" in body
    assert "Somebody was here" in body


def test_throw_away_copies_are_shown_with_their_ids_and_when_they_go(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.config(CONFIG)
    place = ("-e", "staging", "--stack", "acme-pr-7")
    here.run("apply", *place, "--auto-approve", "--json-into", "events.jsonl")
    (id,) = here.live()

    here.run("comment", *place, "--events", "events.jsonl")
    (made,) = hub.bodies(7)
    job(monkeypatch, hub, run=101)
    destroy = ("--auto-approve", "--allow", "too-many-deletes", "--json-into", "events.jsonl")
    assert here.run("destroy", *place, *destroy).code == 0
    here.run("comment", *place, "--events", "events.jsonl")
    (gone,) = hub.bodies(7)

    assert made.startswith("<!-- reconciler: comment acme-pr-7 staging run 100.1 -->\n### Applied: 1 added\n")
    assert f"| Created | `{id}` |" in made
    assert "### Applied: 1 destroyed\n\n**staging** · stack `acme-pr-7`" in gone
    assert f"| Deleted | `{id}` |" in gone


def test_a_plan_that_failed_takes_the_place_of_the_one_before(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.config(CONFIG)
    here.run("plan", "--out", "plan.json")
    here.run("comment", "plan.json")
    job(monkeypatch, hub, run=101)
    (here.root / "log.txt").write_text("Error: model is missing\n")

    told = here.run("comment", "--failed", "log.txt")

    assert said(told) == "staging, stack shop on #7: edited\n"
    (body,) = hub.bodies(7)
    assert "### Could not be planned\n\n**staging** · stack `shop`\n\n```text\nError: model is missing\n```" in body
    assert "assistant.hr" not in body


def test_a_failure_that_nobody_knows_the_stack_of_finds_its_comment_and_is_found_again(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.config(CONFIG)
    here.run("plan", "--out", "plan.json")
    (here.root / "log.txt").write_text("Error: no configuration\n")
    here.config("stack: [\n")
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "staging")

    told = here.run("comment", "--failed", "log.txt")
    job(monkeypatch, hub, run=101)
    again = here.run("comment", "plan.json")

    assert said(told) == "staging on #7: commented\n"
    assert said(again) == "staging, stack shop on #7: edited\n"
    assert len(hub.bodies(7)) == 1


def test_an_apply_without_a_reviewed_plan_says_so(here: Checkout, hub: Hub) -> None:
    (here.root / "log.txt").write_text("Error: nobody has reviewed a plan\n")

    here.run("comment", "-e", "production", "--stack", "acme", "--state", "applying", "--failed", "log.txt")

    assert "### Not applied\n\n**production** · stack `acme`" in hub.bodies(7)[0]


# which pull request, and who


def test_the_pull_request_is_the_one_that_was_named(here: Checkout, hub: Hub) -> None:
    hub.pull(8)

    here.run("comment", saved(here, HOW), "--pull", "8")

    assert (len(hub.bodies(7)), len(hub.bodies(8))) == (0, 1)


def test_the_pull_request_is_the_event_s(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.pull(8)
    (here.root / "event.json").write_text(json.dumps({"pull_request": {"number": 8}}))
    job(monkeypatch, hub, GITHUB_EVENT_PATH=str(here.root / "event.json"))

    here.run("comment", saved(here, HOW))

    assert len(hub.bodies(8)) == 1


def test_the_pull_request_of_a_push_is_the_one_that_was_merged(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.pull(6, head=MERGE, merged="f" * 40)
    hub.merge(7, MERGE)
    (here.root / "event.json").write_text(json.dumps({"after": MERGE, "pull_request": None}))
    event = str(here.root / "event.json")
    job(monkeypatch, hub, GITHUB_REF="refs/heads/main", GITHUB_SHA=MERGE, GITHUB_EVENT_PATH=event)

    here.run("comment", saved(here, HOW))

    assert len(hub.bodies(7)) == 1


@pytest.mark.parametrize("sha", ["d" * 40, ""])
def test_where_there_is_no_pull_request_there_is_nothing_to_do(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch, sha: str
) -> None:
    job(monkeypatch, hub, GITHUB_REF="refs/heads/main", GITHUB_SHA=sha)

    told = here.run("comment", saved(here, HOW))

    assert (told.code, said(told)) == (0, "There is no pull request to comment on.\n")


def test_outside_of_actions_the_author_is_the_token_s_owner(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.tokens["mine"] = "octocat"
    monkeypatch.setenv("GITHUB_TOKEN", "mine")
    monkeypatch.delenv("GITHUB_ACTIONS")

    here.run("comment", saved(here, HOW))
    here.run("comment", saved(here, create("it")))

    assert len(hub.bodies(7, "octocat")) == 1


def test_where_a_token_is_nobody_s_the_remedy_is_to_say_who_writes(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS")

    told = here.run("comment", saved(here, HOW))

    assert told.code == 1
    assert "or name who writes here: --author LOGIN" in told.err


def test_an_app_of_one_s_own_is_named_by_author(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.tokens["app"] = "acme-bot[bot]"
    monkeypatch.setenv("GITHUB_TOKEN", "app")

    unnamed = here.run("comment", saved(here, HOW))
    named = here.run("comment", saved(here, create("it")), "--author", "acme-bot[bot]")

    assert unnamed.code == 1
    assert "The comment was written by acme-bot[bot], and is looked for among those of github-actions[bot]." in (
        unnamed.err
    )
    assert "--author 'acme-bot[bot]'" in unnamed.err
    assert named.code == 0
    assert len(hub.bodies(7, "acme-bot[bot]")) == 1


# what goes wrong


def test_without_a_token_there_is_a_remedy(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")

    told = here.run("comment", saved(here, HOW))

    assert told.code == 1
    assert "There is no token for GitHub." in told.err
    assert "GITHUB_TOKEN: ${{ github.token }}" in told.err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("GITHUB_REPOSITORY", "", "GITHUB_REPOSITORY is not a valid repository name."),
        ("GITHUB_REPOSITORY", "acme/../x", "GITHUB_REPOSITORY is not a valid"),
        ("GITHUB_API_URL", "ftp://x", "The address in GITHUB_API_URL must begin with https://"),
        ("GITHUB_API_URL", "http://api.example.com", "The token is never sent over plain http to another machine."),
        ("GITHUB_TOKEN", "a b", "The token in GITHUB_TOKEN contains characters that a header may not have."),
    ],
)
def test_what_is_wrong_with_the_job_is_said(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "")
    monkeypatch.setenv(name, value)

    told = here.run("comment", saved(here, HOW))

    assert told.code == 1
    assert said in told.err


def test_an_event_that_cannot_be_read_is_said(here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.root / "event.json").write_text("{")
    monkeypatch.setenv("GITHUB_EVENT_PATH", str(here.root / "event.json"))

    assert "GITHUB_EVENT_PATH cannot be read" in here.run("comment", saved(here, HOW)).err


# a run that is started again, and a pull request without manifests


def told_by_apply(here: Checkout, *outcomes: Outcome) -> str:
    """What an apply told, in a file."""
    whole = plan(*(one.task for one in outcomes if isinstance(one.task, Change)))
    events_ = [events.version(), *events.planned(whole), *map(events.ended, outcomes), events.closing(outcomes, "End.")]
    (here.root / "events.jsonl").write_text("".join(map(events.as_line, events_)))
    return "events.jsonl"


@pytest.mark.parametrize(
    ("history", "folder"), [("history", ""), ("history/teams/hr", "folders/teams/hr/"), ("history/hr", "folders/hr/")]
)
def test_an_apply_that_is_run_again_keeps_what_the_first_one_told(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch, history: str, folder: str
) -> None:
    run = hub.run("apply.yml", MERGE, event="push")
    job(monkeypatch, hub, run=run)
    first = told_by_apply(here, Done(create("it"), "asst_new"))
    here.run("comment", saved(here, create("it")), "--events", first, "--history", history)
    before = hub.bodies(7)[0].partition("\n")[2]
    own = (here.root / first).read_bytes()
    others = ("folders/teams/it/events.jsonl", "folders/teams/hr/events.jsonl") if folder else ()
    other = dict.fromkeys(others, own.replace(b"asst_new", b"asst_other"))
    hub.artifact(run, "history-1", {"state/history/x.jsonl": "{}", **other, f"{folder}events.jsonl": own})
    hub.artifact(run, "history-2", {"events.jsonl": "not looked at"})
    hub.artifact(run, "other-1", {"events.jsonl": "not looked at"})
    job(monkeypatch, hub, run=run, GITHUB_RUN_ATTEMPT="2")

    here.run("comment", "plan.json", "--state", "applying", "--history", history)
    assert "| ✅ | `assistant.it` | Created | `asst_new` |" in hub.bodies(7)[0]
    here.run("comment", "plan.json", "--events", told_by_apply(here), "--history", history)

    assert hub.bodies(7)[0].partition("\n")[2] == before
    assert "### Applied: 1 added" in before
    assert "asst_other" not in before


@pytest.mark.parametrize("how", ["gone", "forbidden"])
def test_what_an_earlier_attempt_told_and_nobody_has_any_more_hides_nothing(
    here: Checkout, hub: Hub, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    run = hub.run("apply.yml", MERGE, event="push")
    job(monkeypatch, hub, run=run, GITHUB_RUN_ATTEMPT="3")
    hub.artifact(run, "history-1", {"events.jsonl": "{}"}, expired=True)
    if how == "forbidden":
        hub.fail("GET", "/artifacts", status=403, message="Resource not accessible by integration")

    told = here.run("comment", saved(here, HOW), "--events", told_by_apply(here), "--history", "history")

    assert told.code == 0
    assert ("Warning: What earlier attempts did is not known: " in told.err) is (how == "forbidden")
    assert "### Nothing to do" in hub.bodies(7)[0]


def untouched(here: Checkout, *changes: Change, changed: bool = False, **members: Any) -> str:
    """A plan of a pull request that changes no manifest, in a file."""
    whole = plan(*changes, base=Base("origin/main", "abc", changed=changed), **members)
    (here.root / "plan.json").write_text(FORMATS["json"](document(whole), Style()))
    return "plan.json"


QUIET = "production, stack acme on #7: no comment, since no manifest changed and there was none before\n"


def test_a_pull_request_that_changes_no_manifest_gets_no_comment(here: Checkout, hub: Hub) -> None:
    assert said(here.run("comment", untouched(here))) == QUIET
    assert said(here.run("comment", "plan.json", "--state", "applying")) == QUIET
    assert said(here.run("comment", "plan.json", "--events", told_by_apply(here))) == QUIET
    assert hub.writes() == []


def test_where_a_comment_stood_it_is_carried_on(here: Checkout, hub: Hub) -> None:
    here.run("comment", saved(here, HOW))

    assert said(here.run("comment", untouched(here))) == "production, stack acme on #7: edited\n"


def test_what_there_is_to_tell_is_told_although_no_manifest_changed(here: Checkout, hub: Hub) -> None:
    (here.root / "empty.jsonl").touch()
    untouched(here)
    for arguments in (["--events", "empty.jsonl"], ["--failed", "empty.jsonl"]):
        assert said(here.run("comment", "plan.json", *arguments, "--dry-run")) != ""
        assert "commented" in said(here.run("comment", "plan.json", *arguments))
        hub.all_comments.clear()
    for plan_ in ({"changed": True}, {"objections": (lookalike("a"),)}):
        assert "commented" in said(here.run("comment", untouched(here, **plan_)))
        hub.all_comments.clear()
    assert "commented" in said(here.run("comment", untouched(here, HOW)))


# the labels that it names


LOOKS_LIKE = "reconciler/allow:possible-duplicate"


def objected(here: Checkout, **members: Any) -> str:
    """A plan in a file, with an objection that somebody may allow, and one that nobody may."""
    found = (lookalike("it", **members), Objection("unreliable-list", "rows twice", ""))
    whole = replace(plan(create("it"), objections=found), where=replace(WHERE, environment="production"))
    (here.root / "plan.json").write_text(FORMATS["json"](document(whole), Style()))
    return "plan.json"


def judged(here: Checkout, hub: Hub, **members: Any) -> str:
    """What labels allow, in a file: one label, as it is on the pull request."""
    at = hub.events[7][-1]["created_at"]
    one = {"label": LOOKS_LIKE, "by": "maintainer", "at": at, "environment": "production", "reason": "", "again": True}
    (here.root / "allowed.json").write_text(json.dumps([{**one, "allows": [], **members}]))
    return "allowed.json"


def test_the_label_that_a_comment_names_is_made(here: Checkout, hub: Hub) -> None:
    assert here.run("comment", objected(here)).code == 0

    assert LOOKS_LIKE in hub.bodies(7)[0]
    assert list(hub.all_labels) == [LOOKS_LIKE]


def test_a_label_that_does_not_count_any_more_is_taken_off_and_the_comment_says_so(here: Checkout, hub: Hub) -> None:
    hub.label(7, "bug")
    hub.label(7, LOOKS_LIKE)

    assert here.run("comment", objected(here), "--allowances", judged(here, hub)).code == 0

    assert [one["name"] for one in hub.all_issues[7]["labels"]] == ["bug"]
    assert (
        f"The label `{LOOKS_LIKE}`, set by `maintainer`, was removed: what it overrode has changed."
        " Review again, then set it again." in hub.bodies(7)[0]
    )


def test_a_label_that_somebody_set_anew_meanwhile_stays(here: Checkout, hub: Hub) -> None:
    hub.label(7, LOOKS_LIKE)
    file = judged(here, hub)
    hub.unlabel(7, LOOKS_LIKE)
    hub.label(7, LOOKS_LIKE)

    assert here.run("comment", objected(here), "--allowances", file).code == 0

    assert [one["name"] for one in hub.all_issues[7]["labels"]] == [LOOKS_LIKE]


def test_a_label_of_who_may_not_allow_stays_and_the_comment_says_why(here: Checkout, hub: Hub) -> None:
    hub.label(7, LOOKS_LIKE, by="octocat")
    file = judged(here, hub, by="octocat", reason="octocat set it, who may not write to this repository", again=False)

    assert here.run("comment", objected(here), "--allowances", file).code == 0

    assert [one["name"] for one in hub.all_issues[7]["labels"]] == [LOOKS_LIKE]
    assert f"The label `{LOOKS_LIKE}` does not count: octocat set it, who may not" in hub.bodies(7)[0]


def test_a_label_that_lets_its_objection_pass_stays(here: Checkout, hub: Hub) -> None:
    hub.label(7, LOOKS_LIKE)

    assert here.run("comment", objected(here, allowed=True), "--allowances", judged(here, hub)).code == 0

    assert [one["name"] for one in hub.all_issues[7]["labels"]] == [LOOKS_LIKE]
    assert "was removed" not in hub.bodies(7)[0]


def test_labels_that_cannot_be_made_hide_no_comment(here: Checkout, hub: Hub) -> None:
    hub.fail("POST", "/labels", status=403, message="Resource not accessible by integration")

    told = here.run("comment", objected(here))

    assert told.code == 0
    assert "Warning: The labels are unchanged: The token may not POST" in told.err
    assert len(hub.bodies(7)) == 1


def test_a_token_that_may_not_write_has_a_remedy(here: Checkout, hub: Hub) -> None:
    hub.read_only.add(hub.token)

    told = here.run("comment", saved(here, HOW))

    assert told.code == 1
    assert "permissions: {pull-requests: write}" in told.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "There is no plan to comment with."),
        (["--failed", "a", "--events", "b"], "--events and --failed are about one plan"),
        (["plan.json", "plan.json", "--events", "b"], "--events and --failed are about one plan"),
        (
            ["plan.json", "plan.json", "--state", "applying"],
            "Only a plan can be reported for several environments at once",
        ),
        (["--failed", "absent", "-e", "x", "--stack", "y"], "/absent."),
        (["--failed", "plan.json"], "No environment is selected."),
        (["--failed", "plan.json", "-e", "A B", "--stack", "y"], "This is not about a valid target"),
    ],
)
def test_wrong_usage_is_said(here: Checkout, hub: Hub, arguments: list[str], said: str) -> None:
    saved(here, HOW)

    told = here.run("comment", *arguments)

    assert told.code == 1
    assert said in told.err
    assert hub.requests == []


def test_a_dry_run_prints_it_and_asks_nobody(here: Checkout, hub: Hub) -> None:
    told = here.run("comment", saved(here, HOW), "--dry-run", "--url", "https://example.com/page")

    assert "<!-- reconciler: comment acme production run 100.1 -->\n" in told.out
    assert "https://example.com/page" in told.out
    assert hub.requests == []


def test_a_process_of_its_own_does_the_same(here: Checkout, hub: Hub) -> None:
    told = here.process("comment", saved(here, HOW), **hub.environ(pull=7))

    assert (told.code, said(told)) == (0, "production, stack acme on #7: commented\n")
    assert len(hub.bodies(7)) == 1
