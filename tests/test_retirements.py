"""What ends: which environments it concerns, what is said of it, and where."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.diagnostics import Location
from reconciler.model import Desired, Target
from reconciler.plan.retirements import _APIS, _MODEL_ENDS, _MODELS, retirements
from support.checkout import Checkout, answering
from support.lives import wanted

DAY = "2026-11-27"
HOSTED = Target("acme", "production", provider="openai", base_url="https://api.openai.com/v1")
OWN = replace(HOSTED, base_url="http://llm.acme.test:8080/v1")


def _using(*models: str) -> list[Desired]:
    return [replace(wanted(f"k{n}", model=model), place=Location(f"a/{n}.yaml", 3)) for n, model in enumerate(models)]


def test_an_api_that_ended_is_reported_at_its_vendor_alone() -> None:
    hosted, *rest = retirements(_using("gpt-5.5"), HOSTED, DAY)
    assert hosted.code == "retired-api"
    assert hosted.message == "The hosted Assistants API at api.openai.com ended on 2026-08-26."
    assert hosted.is_of_vendor
    assert not rest
    assert retirements(_using("gpt-5.5"), HOSTED, "2026-08-25")[0].message.endswith("ends on 2026-08-26.")
    assert retirements(_using("gpt-5.5"), OWN, DAY) == ()
    foundry = replace(HOSTED, base_url="https://acme.services.ai.azure.com/api/projects/support")
    assert "ends on 2027-03-31" in retirements(_using("gpt-5.5"), foundry, DAY)[0].note
    assert retirements([], HOSTED, DAY) == ()


def test_a_model_is_reported_once_with_its_first_manifest() -> None:
    _, gone, soon = retirements(_using("o3", "o1", "o3"), HOSTED, DAY)
    assert gone.message == "The model `o1` was retired on 2026-10-23."
    assert gone.note.endswith("2026-10-23. Choose another model.")
    assert soon.message == "The model `o3` retires on 2026-12-11. 2 manifests name it."
    assert soon.place == Location("a/0.yaml", 3)
    assert soon.is_of_vendor


def test_another_server_may_have_another_date() -> None:
    (model,) = retirements(_using("o3", "llama-4", "o1"), OWN, DAY)
    assert not model.is_of_vendor
    assert model.message == "At OpenAI `o1` was retired on 2026-10-23, `o3` retires on 2026-12-11."
    assert model.remedy == "this server may have dates of its own"
    assert retirements(_using("o3"), OWN, DAY, deployments=["o3"]) == ()
    assert retirements(_using("o3"), replace(OWN, provider="local", base_url=".reconciler/local.db"), DAY) == ()


def test_what_the_server_says_of_a_model_is_taken_instead_of_the_table() -> None:
    dates = {"o3": None, "llama-4": "2026-12-01"}
    (model,) = retirements(_using("o3", "llama-4"), OWN, DAY, live_dates=dates)
    assert model.message == "The model `llama-4` retires on 2026-12-01."
    assert model.is_of_vendor


def test_every_end_that_the_official_package_documents_is_in_the_table() -> None:
    params = pytest.importorskip("openai.types.beta.assistant_create_params")
    pytest.importorskip("openai.types.beta.agent", reason="only newer packages have these dates")
    told = re.sub(r"\s+", " ", inspect.getsource(params)).partition("Deprecated values: - ")[2].partition('"""')[0]
    dated = re.findall(r'((?:"[^"]+",? )*"[^"]+"): Announced shutdown date: ([\d-]{10})', told)

    ends = {name: day for names, day in dated for name in re.findall('"([^"]+)"', names)}
    assert len(ends) > 50
    assert {name: _MODEL_ENDS.get(name) for name in ends} == ends


def test_the_page_for_people_has_every_date_of_the_table() -> None:
    page = Path("docs/sunset.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (`.*`) \| (\d{4}-\d\d-\d\d) \|$", page, re.M))
    assert {day: tuple(re.findall("`([^`]+)`", names)) for names, day in rows.items()} == _MODELS
    for api in _APIS:
        assert f"{api.name} ({', '.join(f'`{host}`' for host in api.hosts)}) | {api.ends} | {api.successors} |" in page


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, a="name: A\nmodel: o1\n")


def test_validate_warns_at_the_vendor_and_notes_elsewhere(here: Checkout) -> None:
    here.config(
        "stack: acme\nenvironments:\n  hosted: {provider: openai}\n"
        "  own: {provider: openai, base_url: 'http://127.0.0.1:9/v1'}\n"
    )
    result = here.run("validate")
    assert result.code == 0
    assert "retired-api (warning): The hosted Assistants API at api.openai.com ended on 2026-08-26." in result.err
    assert "assistants/a.yaml:2:8: retired-model (warning): The model `o1` was retired" in result.err
    assert "assistants/a.yaml:2:8: retired-model (note): At OpenAI `o1` was retired" in result.err
    assert "2 warnings, 1 note." in result.err
    assert "::notice file=assistants/a.yaml,line=2" in here.run("validate", "-e", "own", "--format", "github").err


def test_a_plan_has_the_dates_as_notes(here: Checkout) -> None:
    with answering(200, '{"object": "list", "data": [], "has_more": false}') as server:
        here.config(f"stack: acme\nenvironments:\n  own: {{provider: openai, base_url: '{server.url}'}}\n")
        plan = here.run("plan", "-e", "own")
    assert plan.code == 0
    assert "At OpenAI `o1` was retired on 2026-10-23. This server may have dates of its own." in plan.out
