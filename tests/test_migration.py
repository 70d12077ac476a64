"""What becomes of a resource elsewhere: every field, by target, and what is recommended of assistants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openai.types.responses import response_create_params

from reconciler.kinds import KINDS
from reconciler.kinds.migration import TARGETS, VERDICTS, Assessment, assess, verdicts
from reconciler.model import Address
from reconciler.paths import show
from support.checkout import Checkout
from support.lives import wanted

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
FUNCTION = {"name": "look_up", "description": "Looks it up.", "parameters": SCHEMA}
EVERYTHING: dict[str, Any] = {
    "model": "gpt-4o",
    "name": "n" * 200,
    "description": "d",
    "instructions": "i",
    "temperature": 0.5,
    "top_p": 0.5,
    "reasoning_effort": "low",
    "metadata": {"team": "people"},
    "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA, "strict": False}},
    "tools": [
        {
            "type": "file_search",
            "file_search": {"ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.5}},
        },
        {"type": "code_interpreter"},
        {"type": "browser", "speed": 1},
        {"type": "function", "function": {**FUNCTION, "strict": True}},
    ],
    "tool_resources": {"code_interpreter": {"file_ids": ["file_1"]}, "browser": {"tabs": ["a"]}},
}


def _assessed(**body: Any) -> Assessment:
    resource = replace(wanted("a"), fields=KINDS["assistant"].read({"model": "m", **body}))
    (assessment,) = assess({"local": [resource]})
    return assessment


def _told(assessment: Assessment, target: str, verdict: str) -> dict[str, str]:
    return {show(each.path): each.text for each in assessment.targets[target] if each.verdict == verdict}


@pytest.mark.parametrize("target", TARGETS)
def test_every_field_has_a_verdict_and_every_change_and_loss_says_what_to_do(target: str) -> None:
    assessment = _assessed(**EVERYTHING)
    assert {each.path[0] for each in assessment.targets[target]} == {*KINDS["assistant"].fields}
    assert all(each.text for each in assessment.targets[target] if each.verdict != "same")


def test_what_an_agent_has_no_place_for_is_lost() -> None:
    lost = _told(_assessed(**EVERYTHING), "agent", "lost")
    assert [*lost] == [
        "name", "description", "tools.file_search", "tools.code_interpreter", "tools.browser",
        "tools.functions.look_up.strict", "tool_resources.code_interpreter", "tool_resources.browser",
        "temperature", "top_p", "response_format.json_schema.name",
    ]  # fmt: skip
    assert lost["name"] == "agents take 128 characters and this has 200; shorten it"


STORES = {"file_search": {"vector_store_ids": ["vs_1"]}}


def test_a_request_loses_tools_that_are_not_known_and_what_it_must_name_and_does_not() -> None:
    assessment = _assessed(**EVERYTHING)
    assert [*_told(assessment, "responses", "lost")] == ["tools.file_search", "tools.browser", "tool_resources.browser"]
    assert [*_told(assessment, "responses", "same")] == ["model", "instructions", "metadata", "temperature", "top_p"]
    assert "vector stores" in _told(assessment, "responses", "lost")["tools.file_search"]
    named = _assessed(response_format={"type": "json_schema", "json_schema": {"name": "s"}})
    assert [*_told(named, "responses", "lost")] == ["response_format"]
    assert "tools.web_search" in _told(_assessed(tools=[{"type": "web_search"}]), "responses", "same")


def test_a_search_that_names_its_stores_and_what_is_no_assistant() -> None:
    assessment = _assessed(tools=[{"type": "file_search"}], tool_resources=STORES)
    assert [*_told(assessment, "responses", "changed")] == ["tools.file_search", "tool_resources.file_search"]
    other = replace(wanted("a"), address=Address("other", "a"))
    assert assess({"local": [other]}) == ()


def test_fields_that_are_the_same_exist_there_in_the_official_package() -> None:
    reason = "openai 3.52 or newer has agents"
    agent = pytest.importorskip("openai.types.beta.agent_create_params", reason=reason).AgentCreateParams
    fields = {"agent": agent, "responses": response_create_params.ResponseCreateParamsBase}
    assessment = _assessed(**{**EVERYTHING, "name": "n"})
    for target, params in fields.items():
        assert {*_told(assessment, target, "same")} <= {*params.__annotations__}


@pytest.mark.parametrize(
    ("body", "target", "why"),
    [
        ({"instructions": "i"}, "agent", "neither loses anything, and it stays managed here"),
        ({"tools": [{"type": "file_search"}], "tool_resources": STORES}, "responses", "it loses nothing"),
        ({"temperature": 0, "tools": [{"type": "browser"}]}, "responses", "it loses less"),
        ({"tools": [{"type": "browser"}]}, "agent", "both lose as much, and it stays managed here"),
    ],
)
def test_what_loses_less_is_recommended(body: dict[str, Any], target: str, why: str) -> None:
    assert _assessed(**body).recommended == (target, why)


def test_response_formats_and_functions_as_an_agent_has_them() -> None:
    changed = _told(_assessed(response_format={"type": "text"}), "agent", "changed")
    assert changed == {"response_format": "becomes `text: {format: {type: text}}`, which is the default"}
    asked = _assessed(instructions="JSON", response_format={"type": "json_object"})
    assert "response_format" in _told(asked, "agent", "lost")
    bare = _assessed(tools=[{"type": "function", "function": {"name": "f"}}])
    (text,) = _told(bare, "agent", "changed").values()
    assert text.endswith("agents require its `description` and `parameters`, stated as empty")


def test_what_holds_in_one_environment_alone_says_so() -> None:
    both = {"staging": [wanted("a", temperature=0)], "production": [wanted("a")]}
    (assessment,) = assess(both)
    verdicts = {show(each.path): each.environments for each in assessment.targets["agent"]}
    assert verdicts == {"model": (), "temperature": ("staging",)}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, a="model: m\ntemperature: 0\n", b="model: m\nname: B\n")


def test_the_command_prints_text_markdown_and_json_and_sends_nothing(here: Checkout) -> None:
    text = here.run("migrate")
    assert text.code == 0
    assert "assistant.a  assistants/a.yaml\n  as an agent: 1 lost, 1 same\n    lost     temperature: agents" in text.out
    assert "Of 2 assistants, these lose nothing: 1 as an agent and 2 as a Responses request.\n" in text.out
    assert (
        "| `assistant.a` | 1 lost, 1 same | 2 same | a Responses request |"
        in here.run("migrate", "--format", "markdown").out
    )
    (only,) = here.run("migrate", "a", "--format", "json").data["assistants"]
    assert only["address"] == "assistant.a"
    assert only["recommended"] == {"target": "responses", "reason": "it loses nothing"}
    assert only["targets"]["agent"]["fields"][1]["path"] == ["temperature"]
    assert not (here.root / ".reconciler").exists()


def test_what_cannot_be_assessed_is_an_error_with_a_remedy(here: Checkout) -> None:
    assert (
        "Nothing is called 'c' in the manifests of assistants, which alone are assessed."
        in here.run("migrate", "c").err
    )
    here.write(a="model: [\n")
    assert here.run("migrate").code == 1
    for path in (here.root / "assistants").iterdir():
        path.unlink()
    for name in ("text", "markdown"):
        assert here.run("migrate", "--format", name).out.startswith("There is no assistant in the manifests")


AGENT: dict[str, Any] = {
    "name": "n",
    "instructions": "i",
    "tools": [
        {"type": "function", "name": "look_up", "description": "d", "parameters": SCHEMA, "async": True},
        {"type": "function", "name": "f" * 65, "description": "d", "parameters": SCHEMA, "defer_loading": True},
        {"type": "mcp", "server_label": "docs", "transport": {"type": "http", "server_url": "https://x.example.com"}},
        {"type": "tool_search"},
    ],
    "metadata": {"team": "people"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "text": {"format": {"type": "json_schema", "schema": SCHEMA}, "verbosity": "low"},
    "service_tier": "flex",
    "multi_agent": {"enabled": True},
    "compaction": {"async": True},
    "experimental": {"time_awareness": True},
}


def _back(**body: Any) -> dict[str, dict[str, str]]:
    """What becomes of an agent as an assistant: by verdict, the paths and what is told of each."""
    kind, told = KINDS["agent"], {verdict: dict[str, str]() for verdict in VERDICTS}
    for each in verdicts(kind.read({"model": "m", **body}), kind, "assistant"):
        told[each.verdict][show(each.path)] = each.text
    return told


def test_an_agent_as_an_assistant_loses_what_assistants_have_not() -> None:
    told = _back(**AGENT)
    assert [*told["same"]] == ["model", "name", "metadata"]
    assert [*told["changed"]] == ["instructions", "tools.functions.look_up", "reasoning.effort", "text.format"]
    assert [*told["lost"]] == [
        "tools.tool_search", "tools.functions.look_up.async", f"tools.functions.{'f' * 65}",
        f"tools.functions.{'f' * 65}.defer_loading", "tools.mcp.docs", "reasoning.summary", "text.verbosity",
        "service_tier", "multi_agent", "compaction", "experimental",
    ]  # fmt: skip
    assert all(text for verdict in ("changed", "lost") for text in told[verdict].values())
    assert {name.partition(".")[0] for names in told.values() for name in names} == {*KINDS["agent"].fields}


def test_what_is_too_much_for_an_assistant_says_how_much_it_takes() -> None:
    functions = [{"type": "function", "name": f"f{n}", "description": "d", "parameters": {}} for n in range(129)]
    lost = _back(instructions="i" * 256_001, tools=functions)["lost"]
    assert lost == {
        "instructions": "assistants take 256,000 characters and this has 256,001; shorten it",
        "tools": "assistants take 128 tools and these are 129 functions; drop some",
    }
