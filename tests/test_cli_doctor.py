"""`reconciler doctor`: what it says of servers that are fine, dead, or each odd in its own way, and of the rest."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from subprocess import PIPE
from typing import Any

import httpx
import pytest

from reconciler.emulator import Settings
from reconciler.providers import wire
from support.apis import Api, Apis
from support.checkout import Checkout, Told, plain
from support.forking import Process
from support.foundry import TOKEN, project
from support.github import Hub, github
from support.gits import commit, git, repository
from support.loopback import on_loopback
from support.needing import PATIENCE
from support.ports import Gate, on_port

pytestmark = pytest.mark.covered_elsewhere

NAME = "reconciler doctor, delete me"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, hr="model: gpt-5.4-mini\nname: HR Helper\n")


def configured(here: Checkout, url: str, more: str = "") -> None:
    here.config(f"stack: acme\nenvironments:\n  far: {{provider: openai, base_url: '{url}'{more}}}\n")


def examined(here: Checkout, answer: Callable[[httpx.Request], httpx.Response], *arguments: str) -> Told:
    with on_loopback(answer) as url:
        configured(here, url)
        return here.run("doctor", "-e", "far", "--json", *arguments)


def rows(told: Told, *areas: str) -> list[tuple[str, str]]:
    """What was found in these areas: health and text."""
    return [(each["health"], each["text"]) for each in told.data["findings"] if each["area"] in areas]


def with_models(apis: Apis, *models: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/models":
            return httpx.Response(200, json={"object": "list", "data": list(models)})
        return apis.answer(request)

    return answer


def some(name: str, number: int = 2, **settings: Any) -> Api:
    """An API with objects of nobody."""
    api = Api(name, **settings)
    for at in range(number):
        id = f"{api.noun}_old{at}"
        api.kept[id] = {"id": id, "object": api.noun, "created_at": at, "model": "gpt-5.4-mini", "metadata": {}}
    return api


# Only reading


def test_a_server_that_is_fine_is_said_to_be_and_nothing_is_written(here: Checkout) -> None:
    apis = Apis(some("agents"), some("assistants", 3))

    told = examined(here, with_models(apis, {"id": "gpt-5.4-mini"}))

    assert told.code == 0
    assert {request.method for request in apis.asked} == {"GET"}
    assert rows(told, "key", "manifests", "assistants", "models") == [
        ("ok", "None is sent: the variable OPENAI_API_KEY is not set."),
        ("ok", "No errors: 1 assistant."),
        ("ok", "The Assistants API answers and lists 3 assistants: 3 unmanaged."),
        ("ok", "The list comes in pages, of 100 at most."),
        ("ok", "The server offers the model in use."),
    ]
    assert told.data["counts"]["problem"] == 0
    assert told.data["settings"] is None


def test_a_dead_server_is_one_row_and_not_the_end(here: Checkout) -> None:
    configured(here, "http://127.0.0.1:9/v1")

    told = here.run("doctor", "-e", "far", "--timeout", "1")

    assert told.code == 1
    assert "manifests      ok       No errors: 1 assistant." in told.out
    assert "address        problem  Cannot reach the server" in told.out
    assert told.out.endswith("\n1 problem, 1 note.\n")
    assert max(map(len, told.out.splitlines())) <= 100


def test_a_server_with_one_api_and_what_to_write_down(here: Checkout) -> None:
    told = examined(here, Apis(some("assistants")).answer)

    assert told.code == 0
    assert [health for health, text in rows(told, "agents") if text.startswith("This server has no Agents API")] == [
        "note"
    ]
    assert told.data["settings"] == "environments:\n  far:\n    kinds: [assistant]\n"


@pytest.mark.covers
def test_an_api_that_manifests_need_and_the_server_has_not_is_a_problem(here: Checkout) -> None:
    told = examined(here, Apis(some("agents")).answer)

    assert told.code == 1
    assert rows(told, "assistants")[0][0] == "problem"
    assert told.data["cannot"] == ["Assistants cannot be planned or applied."]


@pytest.mark.parametrize(
    ("pages", "health", "text"),
    [
        ("none", "note", "The list has no pages: the server sends one answer of 2, and more cannot be asked for."),
        ("arrays", "note", "The list has no pages: the server sends an array of 2, and more cannot be asked for."),
    ],
)
def test_a_list_without_pages(here: Checkout, pages: Any, health: str, text: str) -> None:
    told = examined(here, Apis(some("agents"), some("assistants", pages=pages)).answer)

    assert (health, text) in rows(told, "assistants")


def test_a_list_that_is_too_short_to_tell_is_no_note(here: Checkout) -> None:
    told = examined(here, Apis(some("agents", 0), some("assistants", 1)).answer)

    assert rows(told, "agents", "assistants") == [
        ("ok", "The Agents API answers and lists 0 agents; whether in pages cannot be told yet."),
        (
            "ok",
            "The Assistants API answers and lists 1 assistant: 1 unmanaged; whether in pages cannot be told yet.",
        ),
    ]


def test_nothing_is_said_of_the_pages_of_the_embedded_server(here: Checkout) -> None:
    found = rows(here.run("doctor", "-e", "local", "--json"), "agents", "assistants")

    assert found == [
        ("ok", "The Agents API answers and lists 0 agents."),
        ("ok", "The Assistants API answers and lists 0 assistants."),
    ]


def test_a_list_that_contradicts_itself_is_a_problem(here: Checkout) -> None:
    row = {"id": "asst_1", "object": "assistant", "model": "gpt-5.4-mini", "metadata": {}}
    apis = Apis(some("agents"))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/assistants"):
            return httpx.Response(200, json={"object": "list", "data": [row, row], "has_more": False})
        return apis.answer(request)

    told = examined(here, answer)

    assert told.code == 1
    assert "The server's list of assistants is unreliable: its pages repeat asst_1" in rows(told, "assistants")[1][1]


def test_a_rejected_key_says_which_it_was_and_never_its_value(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-0123456789")

    told = examined(
        here, lambda request: httpx.Response(401, json={"error": {"message": "no sk-very-secret-0123456789"}})
    )

    assert told.code == 1
    assert [(health, text[:30]) for health, text in rows(told, "key", "address", "agents", "assistants")] == [
        ("ok", "It comes from the variable OPE"),
        ("ok", rows(told, "address")[0][1][:30]),
        ("problem", "The server rejects the key: 40"),
    ]
    assert "The key came from the variable OPENAI_API_KEY." in told.data["findings"][-1]["remedy"]
    assert "very-secret" not in told.out + told.err


def test_a_key_of_one_api_alone_is_rejected_there(here: Checkout) -> None:
    apis = Apis(some("agents"), some("assistants"))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/agents"):
            return httpx.Response(403, json={"error": {"message": "no scope"}}, headers={"x-request-id": "req_7"})
        return apis.answer(request)

    told = examined(here, answer)

    assert rows(told, "agents") == [("problem", "The Agents API rejects the key: 403: no scope [request req_7].")]
    assert rows(told, "assistants")[0][0] == "ok"


def test_a_web_page_is_said_once_with_what_to_do(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(seconds: float) -> None: ...

    monkeypatch.setattr(wire, "Clock", partial(wire.Clock, sleep=at_once))
    page = httpx.Response(200, text="<html>Sign in</html>", headers={"Content-Type": "text/html"})

    told = examined(here, lambda request: page)

    assert [text for health, text in rows(told, "address", "agents", "assistants") if health == "problem"] == [
        "The server answers with a web page (HTML) in place of JSON. Nothing else of the server could be looked at."
    ]


@pytest.mark.covers
def test_a_command_that_prints_no_key_is_about_the_key(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    configured(here, "https://assistants.example.com/v1", ", api_key: {command: ['false']}")
    told = here.run("doctor", "-e", "far", "--json")

    assert rows(told, "key")[0] == ("ok", "It comes from the command `false`.")
    assert rows(told, "key")[1][0] == "problem"
    assert rows(told, "address") == []
    monkeypatch.setenv("GITHUB_BASE_REF", "main")
    assert rows(here.run("doctor", "-e", "far", "--json"), "key") == [
        ("note", "The command of `api_key` is run for a pull request only as the base branch has it.")
    ]


def test_a_missing_key_leaves_the_rest_to_be_looked_at(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOPE", raising=False)
    configured(here, "https://assistants.example.com/v1", ", api_key: {env: NOPE}")

    told = here.run("doctor", "-e", "far", "--json")

    assert told.code == 1
    assert rows(told, "key", "manifests", "address") == [
        ("problem", "The variable NOPE is not set, and `far` requires a key."),
        ("ok", "No errors: 1 assistant."),
        ("note", "https://assistants.example.com/v1 was not asked."),
    ]


@pytest.mark.covers
def test_errors_in_files_are_counted_and_the_server_is_still_asked(here: Checkout) -> None:
    here.write(bad="model: [1]\n", worse="name: 1\n")

    told = examined(here, Apis(some("assistants"), some("agents")).answer)

    assert told.code == 1
    assert rows(told, "manifests") == [("problem", "3 errors, reported above.")]
    assert rows(told, "assistants")[0][0] == "ok"
    assert rows(here.run("doctor", "-e", "nowhere", "--json"), "configuration") == [
        ("problem", "1 error, reported above.")
    ]


def test_the_server_says_which_models_it_has_and_when_they_end(here: Checkout) -> None:
    here.write(other="model: gpt-4.1\n", third="model: o3\n")
    apis = Apis(some("assistants"), some("agents"))

    told = examined(here, with_models(apis, {"id": "gpt-5.4"}, {"id": "gpt-4.1", "shutdown_date": "2031-05-01"}))

    problems = [text for health, text in rows(told, "models") if health == "problem"]
    assert problems == [
        "`gpt-5.4-mini` (assistants/hr.yaml) is not offered by the server.",
        "`o3` (assistants/third.yaml) is not offered by the server.",
    ]
    assert rows(told, "retirements")[0] == (
        "note",
        "assistants/other.yaml: The model `gpt-4.1` retires on 2031-05-01.",
    )


def test_a_plan_and_an_apply_ask_for_the_dates_of_models_known_to_end_and_no_others(here: Checkout) -> None:
    apis = Apis(Api("assistants"), Api("agents"))
    answer = with_models(apis, {"id": "gpt-4.1", "shutdown_date": "2031-05-01"})
    asked: list[str] = []

    def heard(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return answer(request)

    with on_loopback(heard) as url:
        configured(here, url)
        here.run("plan", "-e", "far")
        assert "/v1/models" not in asked
        here.write(hr="model: gpt-4.1\n")
        assert "The model `gpt-4.1` retires on 2031-05-01." in here.run("plan", "-e", "far").out
        assert asked.count("/v1/models") == 1
        assert "The model `gpt-4.1` retires on 2031-05-01." in here.run("apply", "-e", "far", "--auto-approve").out


def test_git_is_looked_at(here: Checkout) -> None:
    assert rows(here.run("doctor", "--json"), "Git")[0][0] == "note"
    repository(here.root)
    here.write(hr="model: gpt-5.4-mini\n")

    found = rows(here.run("doctor", "--json"), "Git")

    assert [health for health, _ in found] == ["ok", "note"]
    assert found[0][1].endswith("with its history.")


def test_a_project_of_classic_agents_has_its_version_and_its_one_kind(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOUNDRY_TOKEN", TOKEN)
    with project() as there:
        given = f"provider: foundry, base_url: '{there.url}', api_key: {{env: FOUNDRY_TOKEN}}"
        given = f"stack: acme\nenvironments:\n  far: {{{given}"
        here.config(f"{given}}}\n")
        told = here.run("doctor", "-e", "far", "--json", "--write", "--auto-approve")
        here.config(f"{given}, query: {{api-version: '1999'}}}}\n")
        old = here.run("doctor", "-e", "far", "--json")

    assert told.code == 0, told.out
    assert rows(told, "api-version", "agents") == [("ok", "`v1` is sent with every request.")]
    assert there.agents == {}
    assert rows(old, "api-version") == [
        (
            "problem",
            (
                "The server requires one, and `1999` is sent: 400: The api-version query parameter is required."
                " (MissingApiVersionParameter)"
            ),
        )
    ]
    assert [health for health, _ in rows(old, "address")] == ["ok"]


def test_a_clone_that_is_shallow_is_told_how_to_be_whole(here: Checkout, tmp_path: Path) -> None:
    repository(here.root)
    commit(here.root)
    git(here.root, "clone", "-q", "--depth", "1", f"file://{here.root}", str(tmp_path / "clone"))

    told = here.run("--chdir", str(tmp_path / "clone"), "doctor", "--json")

    (found,) = [each for each in told.data["findings"] if each["area"] == "Git"]
    assert (found["health"], found["remedy"][:16]) == ("note", "`fetch-depth: 0`")


@pytest.mark.covers
def test_another_project_that_answers_and_a_stack_that_is_missing_are_problems(here: Checkout) -> None:
    apis = Apis(some("agents"), some("assistants"))

    def answer(request: httpx.Request) -> httpx.Response:
        found = apis.answer(request)
        found.headers["openai-project"] = "proj_b"
        return found

    with on_loopback(answer) as url:
        configured(here, url, ", project: proj_a")
        told = here.run("doctor", "-e", "far", "--json")
        here.config(
            f"environments:\n  far: {{provider: openai, base_url: '{url}', kinds: [agent]}}\n  bad: {{provider: no}}\n"
        )
        unnamed = here.run("doctor", "-e", "far", "--json")

    assert rows(told, "project") == [("problem", "The server answers for proj_b, not proj_a.")]
    assert rows(unnamed, "project") == [("ok", "The server answers for proj_b.")]
    assert [health for health, _ in rows(unnamed, "configuration")] == ["ok", "problem", "note"]
    assert rows(unnamed, "assistants") == []


# In a job of GitHub Actions

STRICT = [
    {
        "type": "pull_request",
        "parameters": {
            "required_approving_review_count": 1,
            "dismiss_stale_reviews_on_push": True,
            "require_last_push_approval": True,
            "require_code_owner_review": True,
        },
    },
    {
        "type": "required_status_checks",
        "parameters": {
            "required_status_checks": [{"context": "plan"}],
            "strict_required_status_checks_policy": True,
        },
    },
    {"type": "deletion"},
]


def in_job(here: Checkout, monkeypatch: pytest.MonkeyPatch, hub: Hub, *arguments: str, **more: str) -> Any:
    """What a job finds of itself."""
    for name, value in hub.environ(**more).items():
        monkeypatch.setenv(name, value)
    return rows(here.run("doctor", "-e", "local", "--json", *arguments), "GitHub")


@pytest.mark.covers
def test_a_job_says_what_it_sees_of_labels_runs_and_rules(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    with github() as hub:
        hub.pull(7, head="a" * 40)
        for name in ("conflict", "conflct", "unreliable-list", "duplicate@mars", "duplicate@local"):
            hub.label(7, f"reconciler/allow:{name}")
        hub.rules = STRICT
        found = in_job(here, monkeypatch, hub)

    assert found == [
        ("ok", "The job is for the event push, of this repository."),
        (
            "note",
            (
                "The label 'reconciler/allow:conflct' does nothing: there is no objection 'conflct' (did you mean"
                " `conflict`?)."
            ),
        ),
        (
            "note",
            (
                "The label 'reconciler/allow:unreliable-list' does nothing: the objection 'unreliable-list' cannot be"
                " overridden."
            ),
        ),
        ("note", "The label 'reconciler/allow:duplicate@mars' does nothing: there is no environment 'mars'."),
        ("ok", "2 labels reconciler/allow:… can be set. A comment creates those that it names."),
        ("ok", "The token may read pull requests and the runs of plan.yml; what it may write only writing shows."),
        ("ok", "The rules of main are as recommended."),
    ]


def test_a_job_says_which_rules_are_not_required(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    with github() as hub:
        assert in_job(here, monkeypatch, hub)[-1][1].startswith("No rules of main can be seen")
        hub.rules = [{"type": "pull_request", "parameters": {"required_approving_review_count": 0}}]
        health, text = in_job(here, monkeypatch, hub)[-1]

    assert health == "note"
    assert text.startswith("The rules of main that can be seen do not require: an approval; that a push dismisses")


@pytest.mark.covers
def test_a_job_that_may_not_look_says_which_permission_it_needs(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with github() as hub:
        hub.fail("GET", "/actions/workflows", times=1, status=403)
        hub.fail("GET", "/labels", times=1, status=404)
        found = in_job(here, monkeypatch, hub, GITHUB_EVENT_NAME="pull_request_target")
        monkeypatch.delenv("GITHUB_TOKEN")
        told = here.run("doctor", "-e", "local", "--json")

    assert [health for health, _ in found] == ["problem", "problem", "problem", "note"]
    assert [each["remedy"] for each in told.data["findings"] if "no token for GitHub" in each["text"]] != []
    assert told.code == 1


def test_a_job_for_a_fork_says_what_it_does_not_get(
    here: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"head": {}, "base": {}}}))
    with github() as hub:
        found = in_job(here, monkeypatch, hub, GITHUB_EVENT_PATH=str(tmp_path / "event.json"))

    assert found[0][0] == "note"
    assert "from a fork" in found[0][1]


# Trying


def trial(here: Checkout, api: Api) -> tuple[Told, list[tuple[str, str]]]:
    """What was found as its kind was tried, each up to the first period."""
    told = examined(here, Apis(api).answer, "--write", "--auto-approve")
    return told, [(health, text.partition(".")[0]) for health, text in rows(told, f"try {api.noun}")]


def said(noun: str = "assistant", **odd: str) -> list[tuple[str, str]]:
    """The steps of a trial that is fine, but for what is said otherwise."""
    fields = "tools" if noun == "agent" else "description, tools"
    fine = {
        "create": f"it is {noun}_1",
        "read": "by its id",
        "list": "at once",
        "modify": "only what is sent changes",
        "fields": f"{fields} are kept as sent",
        "metadata": "kept, and replaced by each modify",
        "clear": "null removes a text",
        "delete": f"{noun}_1 is gone",
    }
    return [("ok", f"{step}: {text}") for step, text in (fine | odd).items()]


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("assistants", {}, said()),
        ("assistants", {"metadata": "merged"}, said(metadata="kept and merged; null removes a pair")),
        ("assistants", {"pages": "arrays"}, said()),
        ("agents", {"effort": "medium"}, said("agent")),
    ],
    ids=["replaces", "merges", "arrays", "agents"],
)
def test_what_a_server_does_is_found_out_and_nothing_stays(
    here: Checkout, name: str, settings: Any, expected: Any
) -> None:
    (here.root / "agents").mkdir()
    (here.root / "agents" / "desk.yaml").write_text("model: gpt-5\n")
    here.config("manifests: [assistants, agents]\n")
    api = Api(name, **settings)

    _, found = trial(here, api)

    assert found == expected
    assert api.kept == {}
    assert {body.get("name") for body in api.bodies} == {NAME, None}


@pytest.mark.parametrize(
    ("settings", "step", "text"),
    [
        (Settings(modify="upsert"), "modify", "what is left out is reset, so everything is sent each time"),
        (Settings(metadata="merge-empty"), "metadata", "kept and merged; an empty text removes a pair"),
        (Settings(echo="sparse", metadata="replace", paging="none"), "metadata", "kept, and replaced by each modify"),
    ],
    ids=["upserts", "empty", "sparse"],
)
def test_the_embedded_server_in_its_odder_moods_is_found_out(
    here: Checkout, settings: Settings, step: str, text: str
) -> None:
    with on_port(Gate(settings)) as gate:
        configured(here, gate.url)
        told = here.run("doctor", "-e", "far", "--json", "--write", "--auto-approve", "--model", "gpt-5")
        assert gate.names() == []

    for kind in ("try assistant", "try agent"):
        assert {health for health, _ in rows(told, kind)} == {"ok"}, told.out
    assert ("ok", f"{step}: {text}.") in rows(told, "try assistant")


def test_a_server_that_drops_metadata_can_manage_nothing(here: Checkout) -> None:
    api = Api("assistants", metadata="dropped", keeps=frozenset({"name", "model", "instructions"}))

    told, found = trial(here, api)

    assert told.code == 1
    assert found[:2] == [("ok", "create: it is assistant_1"), ("problem", "metadata: dropped")]
    assert [text for health, text in found if health == "problem"][1:] == [
        "fields: `description` is not kept as it was sent",
        "fields: `tools` is not kept as it was sent",
    ]
    assert found[-1] == ("ok", "delete: assistant_1 is gone")
    assert told.data["cannot"][0].startswith("Assistants cannot be managed")
    assert api.kept == {}


@pytest.mark.covers
@pytest.mark.parametrize(
    ("metadata", "again"),
    [
        ("replaced", ("note", "create: not tried; assistant_1 is still there of an earlier trial")),
        ("dropped", ("problem", f"not tried: assistant_1 is still there, called `{NAME}`")),
    ],
)
def test_a_server_without_delete_says_so_before_and_keeps_one_at_most(
    here: Checkout, metadata: Any, again: tuple[str, str]
) -> None:
    api = Api("assistants", no_delete=(405, "Method Not Allowed"), metadata=metadata)

    told, found = trial(here, api)

    assert told.code == 1
    assert "The server says that it deletes no assistants: this one stays" in told.err
    assert found[-1] == ("problem", f"delete: assistant_1 is still there, called `{NAME}`")
    _, found = trial(here, api)
    assert found[0] == again
    assert list(api.kept) == ["assistant_1"]


def test_what_a_crash_left_is_cleared_up_and_the_real_stack_never_sees_it(here: Checkout) -> None:
    api = Api("assistants", no_delete=(405, "Method Not Allowed"))
    trial(here, api)
    api.no_delete = None
    with on_loopback(Apis(api).answer) as url:
        configured(here, url)
        assert "1 to add, 0 to change, 0 to destroy" in here.run("plan", "-e", "far").out
        read = here.run("doctor", "-e", "far", "--json")
        assert ("note", "assistant_1 is left of a `doctor --write`.") in rows(read, "assistants")
        assert (
            here.run(
                "destroy", "--stack", "reconciler-doctor", "-e", "far", "--auto-approve", "--allow", "too-many-deletes"
            ).code
            == 0
        )

    assert api.kept == {}


def test_without_a_model_nothing_is_tried_and_one_can_be_named(here: Checkout) -> None:
    (here.root / "assistants" / "hr.yaml").unlink()
    api = Api("assistants")
    told, found = trial(here, api)

    assert (told.code, found, api.bodies) == (1, [("problem", "No assistant names a model, so none is tried")], [])
    told = examined(here, Apis(api).answer, "--write", "--auto-approve", "--model", "m")
    assert told.code == 0
    assert api.bodies[0]["model"] == "m"


def test_a_server_that_forgets_nothing_is_found_out(here: Checkout) -> None:
    apis = Apis(Api("assistants", metadata="merged"))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            body = {name: value for name, value in json.loads(request.content).items() if value not in (None, "")}
            body["metadata"] = {name: value for name, value in body["metadata"].items() if value}
            request = httpx.Request("POST", request.url, headers=request.headers, json=body)
        return apis.answer(request)

    told = examined(here, answer, "--write", "--auto-approve")

    assert [text for health, text in rows(told, "try assistant") if health == "note"] == [
        "metadata: kept; a pair is never removed.",
        "clear: a text stays, whatever is sent.",
    ]
    assert len(told.data["cannot"]) == 2


def test_what_fails_in_the_middle_is_said_and_the_object_is_deleted(here: Checkout) -> None:
    apis = Apis(Api("assistants"))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST" and not request.url.path.endswith("/assistants"):
            return httpx.Response(403, json={"error": {"message": "read and create only"}})
        return apis.answer(request)

    told = examined(here, answer, "--write", "--auto-approve")

    assert told.code == 1
    assert [text for health, text in rows(told, "try assistant") if health == "problem"] == [
        f"{step}: 403: read and create only" for step in ("modify", "fields", "pairs", "clear")
    ]
    assert apis.apis["assistants"].kept == {}


@pytest.mark.parametrize("metadata", ["replaced", "dropped"])
def test_an_object_that_was_there_before_is_never_touched(here: Checkout, metadata: Any) -> None:
    """Some servers answer a create with another object: of the same name, or any."""
    apis = Apis(some("assistants", 2, metadata=metadata))
    before = dict(apis.apis["assistants"].kept)

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json=before["assistant_old1"])
        return apis.answer(request)

    told = examined(here, answer, "--write", "--auto-approve")

    assert rows(told, "try assistant") == [
        ("problem", "create: the server answered with assistant_old1, which is not what was sent; it was left alone.")
    ]
    assert apis.apis["assistants"].kept == before


def test_a_list_that_lags_is_waited_for(here: Checkout) -> None:
    apis, lists = Apis(Api("assistants")), []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and request.url.path.endswith("/assistants") and apis.apis["assistants"].kept:
            lists.append(request)
            if len(lists) == 1:
                return httpx.Response(200, json={"object": "list", "data": [], "has_more": False})
        return apis.answer(request)

    told = examined(here, answer, "--write", "--auto-approve")

    assert [text.partition(" 0.")[0] for health, text in rows(told, "try assistant") if health == "note"] == [
        "list: only after"
    ]


def test_what_a_create_made_is_deleted_although_the_time_is_up(here: Checkout) -> None:
    apis = Apis(Api("assistants"))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            time.sleep(2.2)
        return apis.answer(request)

    told = examined(here, answer, "--write", "--auto-approve", "--timeout", "2")

    assert rows(told, "try assistant") == [
        ("problem", "create: The server did not answer in time."),
        ("ok", "delete: assistant_1 is gone."),
    ]
    assert apis.apis["assistants"].kept == {}


def test_a_create_that_is_rejected_is_all_that_is_said(here: Checkout) -> None:
    apis = Apis(Api("assistants"))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(400, json={"error": {"message": "no such model"}})
        return apis.answer(request)

    told = examined(here, answer, "--write", "--auto-approve")

    assert rows(told, "try assistant") == [("problem", "create: 400: no such model")]


def test_nothing_is_tried_unless_somebody_says_yes(here: Checkout) -> None:
    api = Api("assistants")

    told = examined(here, Apis(api).answer, "--write")

    assert told.code == 1
    assert rows(told, "try")[0][1].startswith("Approval requires a terminal")
    assert api.bodies == []


@pytest.mark.covers
@pytest.mark.parametrize(("write", "cuts"), [(1, 1), (1, 2), (3, 2)])
def test_what_was_created_is_deleted_after_ctrl_c_in_the_middle(here: Checkout, write: int, cuts: int) -> None:
    """The writes are: a delete of nothing, a create, a modify; they arrive while the signal does."""
    with on_port(Gate(free=write)) as gate:
        configured(here, gate.url, ", kinds: [assistant]")
        arguments = ["doctor", "-e", "far", "--write", "--auto-approve", "--json"]
        with Process(*arguments, cwd=here.root, env=plain(), stdout=PIPE, stderr=PIPE) as process:
            gate.wait(write + 1)
            process.send_signal(signal.SIGINT)
            while "Interrupted" not in process.stderr.readline():  # type: ignore[union-attr]  # it is a pipe
                pass
            if cuts == 2:
                process.send_signal(signal.SIGINT)
            gate.open()
            out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err
        assert process.returncode == 130, (out, err)
        assert gate.names() == []

    assert json.loads(out)["findings"][-1]["text"].startswith("interrupted")


def test_ctrl_c_in_the_first_kind_leaves_the_next_alone(here: Checkout) -> None:
    with on_port(Gate(free=2)) as gate:
        configured(here, gate.url)
        arguments = ["doctor", "-e", "far", "--write", "--auto-approve", "--model", "gpt-5"]
        with Process(*arguments, cwd=here.root, env=plain(), stdout=PIPE, stderr=PIPE) as process:
            gate.wait(3)
            process.send_signal(signal.SIGTERM)
            while "Interrupted" not in process.stderr.readline():  # type: ignore[union-attr]  # it is a pipe
                pass
            gate.open()
            process.communicate(timeout=PATIENCE)

    assert process.returncode == 130
    assert gate.writes == ["DELETE", "DELETE", "POST", "DELETE"]
