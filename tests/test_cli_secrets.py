"""No output says a key: not one that somebody wrote into an assistant, and not one that a server says back."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from reconciler.emulator import Settings
from support.checkout import Checkout, answering
from support.emulator_world import BETA, call
from support.github import Hub, github
from support.ports import Gate, on_port

pytestmark = pytest.mark.no_cover

KEY = 'sk-proj-A+b/c"d\\e<f>&g0123456789_-*`x='
BASIC = base64.b64encode(f"api:{KEY}".encode()).decode()
TEXTS = {
    "plain": KEY,
    "in backticks": f"`{KEY}`",
    "in the midst of markup": f"**[{KEY}](https://x.example/{KEY})** <b>{KEY}</b> ```{KEY}``` ~~{KEY}~~",
    "in a header": f"curl -H 'Authorization: Bearer {KEY}'",
    "in basic authorization": f"Authorization: Basic {BASIC}",
    "base64": base64.b64encode(KEY.encode()).decode(),
    "percent-encoded": f"https://x.example/?key={quote(KEY, safe='')}",
    "as JSON": json.dumps({"headers": {"Authorization": f"Bearer {KEY}"}}),
}
HR = "model: gpt-4o\nname: HR Helper\ninstructions: Be kind.\n"
FORMATS = ("text", "markdown", "json", "html", "github")
OUTPUTS: dict[str, Callable[[Checkout], str]] = {
    "a plan": lambda here: "".join(said(here, "plan", "--format", name) for name in FORMATS),
    "a saved plan": lambda here: saved(here) + "".join(said(here, "show", "plan.json", "--format", n) for n in FORMATS),
    "all environments": lambda here: "".join(said(here, "plan", "--all-environments", "--format", n) for n in FORMATS),
    "saved plans of all environments": lambda here: (
        said(here, "plan", "--all-environments", "--out", "plans")
        + "".join(path.read_text() for path in (here.root / "plans").iterdir())
        + said(here, "show", "plans/far.json", "plans/more.json", "--format", "markdown")
        + said(here, "comment", "plans/far.json", "plans/more.json", "--dry-run")
    ),
    "show": lambda here: said(here, "show", "hr"),
    "show as JSON": lambda here: said(here, "show", "hr", "--format", "json"),
    "status": lambda here: said(here, "status") + said(here, "status", "--format", "json"),
    "output": lambda here: "".join(said(here, "output", "--format", name) for name in ("text", "json", "env", "csv")),
    "an apply": lambda here: said(here, "apply", "--auto-approve"),
    "an apply as JSON": lambda here: said(here, "apply", "--auto-approve", "--json"),
    "what an apply leaves": lambda here: left(here),
    "the comment on a plan": lambda here: saved(here) + said(here, "comment", "plan.json", "--dry-run"),
    "the comment on an apply": lambda here: left(here) + said(here, "comment", "--events", "e.jsonl", "--dry-run"),
    "a pass": lambda here: said(here, "reconcile", "--no-issue"),
    "a rollback": lambda here: left(here) + said(here, "rollback", "--auto-approve"),
    "a destroy": lambda here: said(here, "destroy", "--stack", "acme", "--auto-approve", "--allow", "too-many-deletes"),
}


def said(here: Checkout, *arguments: str) -> str:
    """Everything that a command prints and leaves for the runner."""
    told = here.run(*arguments)
    return told.out + told.err + "".join(path.read_text() for path in here.root.glob("GITHUB_*"))


def saved(here: Checkout) -> str:
    here.run("plan", "--out", "plan.json")
    return (here.root / "plan.json").read_text()


def left(here: Checkout) -> str:
    """What an apply prints, its events, its record, and how the record is listed."""
    text = said(here, "apply", "--auto-approve", "--json-into", "e.jsonl")
    files = [here.root / "e.jsonl", *(here.root / ".reconciler" / "history").glob("*.jsonl")]
    return text + "".join(path.read_text() for path in files) + said(here, "history", "--format", "json")


def readings(text: str) -> Iterator[str]:
    """The text as it stands, and as a reader sees it: less markup, entities, escapes and colours."""
    yield text
    plain = html.unescape(re.sub(r"</?(?:ins|del|mark|span|b|i|code|pre|div|p|td)\b[^>]*>", "", text))
    yield plain
    yield re.sub(r"\\([^\w\s])", r"\1", plain)
    yield re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text)


def secrets_in(text: str) -> list[str]:
    """What of the key can be read in it, by pieces: no form is longer in one piece than the placeholder leaves."""
    codes = [base64.b64encode(b"x" * shift + KEY.encode()).decode()[4:-4] for shift in range(3)]
    pieces = [KEY, KEY[8:20], KEY[-16:], quote(KEY, safe="")[8:24], *(code[:16] for code in codes), "g0123456789"]
    return [piece for piece in pieces for reading in readings(text) if piece in reading]


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[Checkout, Gate]]:
    """A checkout that was applied to a server which wants the key."""
    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "far")
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(name, str(tmp_path / name))
    checkout = Checkout(tmp_path, monkeypatch, capsys, hr=HR)
    with on_port(Gate(Settings(require_key=KEY))) as gate:
        checkout.config(
            "stack: acme\nreconcile: {apply: [drift]}\nenvironments:\n"
            f"  far: {{provider: openai, base_url: '{gate.url}', api_key: {{env: ACME_API_KEY}}}}\n"
            f"  more: {{provider: openai, base_url: '{gate.url}', api_key: {{env: ACME_API_KEY}}, project: proj_b}}\n"
        )
        assert checkout.run("apply", "--auto-approve").code == 0
        yield checkout, gate


WAYS = {
    "a bearer token": "api_key: {env: ACME_API_KEY}",
    "a header of its own": "api_key: {env: ACME_API_KEY}, auth: {header: api-key}",
    "another header": "headers: {x-gate: {env: ACME_API_KEY}}",
    "the query": "query: {code: {env: ACME_API_KEY}}",
    "what a command prints": "api_key: {command: [/bin/cat, {folder}/key]}",
}
"""How a key travels, as it is stated."""


def stated(way: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What an environment states, once the key is where that says."""
    (folder / "key").write_text(KEY + "\n")
    monkeypatch.setenv("ACME_API_KEY", KEY)
    if "command" in way:
        monkeypatch.delenv("ACME_API_KEY")
    return WAYS[way].replace("{folder}", str(folder))


def dashboard(gate: Gate, body: Any = None) -> dict[str, Any]:
    """Somebody looks at the one assistant in the dashboard, or changes it."""
    headers = {**BETA, "Authorization": f"Bearer {KEY}"}
    (one,) = call(gate.emulator, "GET", "/v1/assistants", headers=headers).json()["data"]
    if body is None:
        return dict(one)
    answer = call(gate.emulator, "POST", f"/v1/assistants/{one['id']}", body, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def drifted(gate: Gate) -> dict[str, Any]:
    """The key stands in every field that takes a text, in every form."""
    metadata = dashboard(gate)["metadata"] | {"note": TEXTS["in a header"], KEY: "1"}
    text = "\n".join(f"{name}: {one}" for name, one in TEXTS.items())
    schema = {"type": "object", "properties": {"key": {"type": "string", "enum": [KEY, "other"], "description": text}}}
    function = {"name": "ask", "description": text, "parameters": schema}
    body = {"instructions": f"Be kind.\n{text}\n", "name": f"HR `{KEY}`", "description": TEXTS["percent-encoded"]}
    return dashboard(gate, {**body, "metadata": metadata, "tools": [{"type": "function", "function": function}]})


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_output_says_a_key_that_stands_in_an_assistant(here: tuple[Checkout, Gate], output: str) -> None:
    checkout, gate = here
    drifted(gate)

    text = OUTPUTS[output](checkout)

    assert text
    assert secrets_in(text) == []
    if output not in ("output", "an apply as JSON"):
        assert "the value of ACME_API_KEY" in text or "(a secret: " in text


@pytest.mark.parametrize("form", TEXTS)
def test_no_issue_says_a_key_that_a_pass_wrote_over_or_left(
    here: tuple[Checkout, Gate], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    checkout, gate = here
    dashboard(gate, {"instructions": f"Be rude.\n{TEXTS[form]}"})
    with github() as hub:
        for name, value in hub.environ().items():
            monkeypatch.setenv(name, value)
        checkout.run("reconcile")
        dashboard(gate, {"instructions": TEXTS[form]})
        checkout.write(hr=HR.replace("kind", "brief"))  # a conflict, which is left for people
        checkout.run("reconcile")
        text = issues(hub)

    assert "the value of ACME_API_KEY" in text
    assert secrets_in(text) == []


def issues(hub: Hub) -> str:
    comments = [one["body"] for comments in hub.all_comments.values() for one in comments]
    return "\n".join([*(f"{one['title']}\n{one['body']}" for one in hub.all_issues.values()), *comments])


@pytest.mark.parametrize("way", WAYS)
def test_no_output_says_a_key_that_travels_in_another_way(
    here: tuple[Checkout, Gate], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, way: str
) -> None:
    checkout, gate = here
    drifted(gate)
    gate.emulator.settings = Settings()
    line = stated(way, tmp_path_factory.mktemp("outside"), monkeypatch)
    checkout.config(
        "stack: acme\nreconcile: {apply: [drift]}\n"
        f"environments: {{far: {{provider: openai, base_url: '{gate.url}', {line}}}}}\n"
    )

    text = "".join(OUTPUTS[output](checkout) for output in ("a saved plan", "a pass", "what an apply leaves"))

    assert secrets_in(text) == []
    assert "(the value of far.api_key" in text if "command" in way else "(the value of ACME_API_KEY" in text


CASES = [
    ("a bearer token", 400, ["plan", "--format", "github"]),
    *((way, 401, ["apply", "--json", "--auto-approve"]) for way in WAYS),
    ("a bearer token", 404, ["status"]),
    ("a bearer token", 500, ["plan"]),
]


@pytest.mark.parametrize("lead", ["", "x" * 585], ids=["whole", "where it is cut"])
@pytest.mark.parametrize(("way", "status", "arguments"), CASES)
def test_no_failure_says_a_key_that_a_server_says_back(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path_factory: pytest.TempPathFactory,
    way: str,
    status: int,
    arguments: list[str],
    lead: str,
) -> None:
    line = stated(way, tmp_path_factory.mktemp("outside"), monkeypatch)
    checkout = Checkout(tmp_path, monkeypatch, capsys, hr=HR)
    monkeypatch.setattr("reconciler.providers.wire.ATTEMPTS", 1)
    error = dict.fromkeys(("message", "param", "code"), lead + " ".join(TEXTS.values()))
    with answering(status, json.dumps({"error": error}), **{"x-request-id": "req-" + quote(KEY)}) as there:
        checkout.config(f"stack: acme\nenvironments: {{far: {{provider: openai, base_url: '{there.url}', {line}}}}}\n")
        text = said(checkout, *arguments, "-e", "far")

    assert "the key" in text
    assert secrets_in(text) == []


def test_a_masked_plan_applies_and_is_done_already_the_next_time(here: tuple[Checkout, Gate]) -> None:
    checkout, gate = here
    drifted(gate)
    checkout.write(hr=manifest())
    assert secrets_in(saved(checkout)) == []

    applied = checkout.run("apply", "plan.json", "--allow", "conflict")
    again = checkout.run("apply", "plan.json")

    assert (applied.code, again.code) == (0, 0), applied.err + applied.out + again.err + again.out
    assert "Done already" in again.out
    assert dashboard(gate)["instructions"] == TEXTS["in the midst of markup"]  # what is sent is what Git says


def manifest() -> str:
    return f"model: gpt-4o\nname: HR Helper\ninstructions: {json.dumps(TEXTS['in the midst of markup'])}\n"


def test_a_key_in_a_manifest_is_warned_of_at_its_place_and_not_shown(here: tuple[Checkout, Gate]) -> None:
    checkout, _ = here
    checkout.write(hr=f"model: gpt-4o\nname: HR Helper\ninstructions: {{file: prompts/hr.md}}\nnope: |\n  {KEY}\n")
    (checkout.root / "assistants" / "prompts").mkdir()
    (checkout.root / "assistants" / "prompts" / "hr.md").write_text(f"Be kind.\nUse {KEY}.\n")

    told = checkout.run("validate")

    warning = "secret-in-file (warning): The file contains the value of ACME_API_KEY."
    assert f"assistants/prompts/hr.md:2:5: {warning}\n  2 | Use {'*' * len(KEY)}." in told.err
    assert f"assistants/hr.yaml:5:3: {warning}" in told.err
    assert secrets_in(told.out + told.err) == []


def test_a_rollback_puts_back_what_was_hidden_in_the_record(here: tuple[Checkout, Gate]) -> None:
    checkout, gate = here
    before = drifted(gate)

    assert checkout.run("apply", "--auto-approve").code == 0
    assert checkout.run("rollback", "--auto-approve").code == 0

    after = dashboard(gate)
    for name in ("name", "description", "tools"):
        assert after[name] == before[name]
    assert after["instructions"].rstrip() == before["instructions"].rstrip()
    assert after["metadata"]["note"] == before["metadata"]["note"]


def test_a_key_that_is_put_aside_by_show_is_told(here: tuple[Checkout, Gate]) -> None:
    checkout, gate = here
    quiet = checkout.run("show", "hr")
    drifted(gate)

    assert "Note: " not in quiet.err
    assert "holds a secret of this environment, which is not printed" in checkout.run("show", "hr").err


def test_plain_words_and_short_values_eat_nothing(here: tuple[Checkout, Gate], monkeypatch: pytest.MonkeyPatch) -> None:
    checkout, gate = here
    monkeypatch.setenv("SORT_KEY", "created_at")
    monkeypatch.setenv("SHORT_TOKEN", "Be rude")
    monkeypatch.setenv("LONG_PASSWORD", "correct-horse-battery-staple")
    monkeypatch.setenv("TLS_PRIVATE_KEY", "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----\n")
    dashboard(gate, {"instructions": "Be rude by created_at.\ncorrect-horse-battery-staple\nMIIEvQIBADANBgkqhkiG9w0"})

    out = checkout.run("plan").out

    assert "rude by created_at" in out
    assert "(the value of LONG_PASSWORD)" in out
    assert "(the value of TLS_PRIVATE_KEY (line 1))" in out
