"""A team's policy in reconciler.yaml: what it forbids, who may say otherwise, and which commands it stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.rules import RULES
from support.checkout import Checkout
from support.gits import git, repository
from support.judging import judged, shown

CONFIG = (
    "version: 1\nstack: acme\nenvironments:\n  staging: {provider: openai, base_url: 'https://s.acme.test/v1'}\n"
    "  production:\n    provider: openai\n    base_url: https://llm.acme.test/v1\n    rules: {models: [acme-chat-2]}\n"
)
A = "assistants/a.yaml"
GOOD = "model: acme-chat-2\nmetadata: {owner: people}\ninstructions: Be kind to competitors.\n"
TOOL = "model: m\ntools: [{type: function, function: {name: f, description: d, parameters: {properties: {a: {}}}}}]\n"

POLICIES = {
    "a model that no pattern matches": ("models: 'acme-*'", "model: gpt-5.5\n", "1:8 model-not-allowed"),
    "a key that is missing": ("metadata: [owner, tier]", GOOD, "2:1 metadata-required"),
    "a key without a value": ("metadata: owner", "model: acme-chat-2\n", "1:1 metadata-required"),
    "a word in the prompt": ("forbidden: [competitor, KIND  to]", GOOD, "3:18 forbidden-text"),
    "a word in a block": (
        "forbidden: [be kind]", "model: a\ninstructions: |\n  Mankind.\n  Be\n  kind.\n", "4:3 forbidden-text"
    ),
    "a word in a description": (
        "forbidden: [e-mail]",
        f"{GOOD}tools:\n- type: function\n  function:\n    name: send\n    description: Sends E-Mail.\n",
        "8:24 forbidden-text",
    ),
    "a word in a schema's enum": (
        "forbidden: [secret]",
        f"{GOOD}response_format:\n  type: json_schema\n  json_schema:\n    name: x\n    schema: {{enum: [secret]}}\n",
        "8:21 forbidden-text",
    ),
    "the name of a property": (
        "forbidden: [a]",
        TOOL,
        "2:88 forbidden-text",
    ),
    "an invisible character": (
        "forbidden: [be kind]", "model: a\ninstructions: Be k\u200bind.\n", "2:15 forbidden-text"
    ),
    "letters that look the same": (
        "forbidden: [don't für]", "model: a\ninstructions: ｄｏｎ’ｔ fu\u0308r\n", "2:15 forbidden-text"
    ),
    "capitals": ("forbidden: [Straße]", "model: a\ninstructions: STRASSE\n", "2:15 forbidden-text"),
    "a word that does not stand apart": (
        "forbidden: [競合]", "model: a\ninstructions: 我が競合他社\n", "2:17 forbidden-text"
    ),
    "an escape": ("forbidden: [be kind]", 'model: a\ninstructions: "Be\\x20kind."\n', "2:15 forbidden-text"),
    "a sign": ("forbidden: ['???']", GOOD.replace("competitors.", "all???"), "3:29 forbidden-text"),
    "a long prompt": ("largest_prompt: 22", GOOD, "3:1 prompt-too-large"),
}  # fmt: skip


@pytest.mark.parametrize("case", POLICIES)
def test_a_policy_is_an_error_that_no_comment_silences(case: str, tmp_path: Path) -> None:
    rule, text, where = POLICIES[case]
    line, code = where.split()
    config = CONFIG + f"rules: {{{rule}}}\n"
    found = judged(tmp_path, {"reconciler.yaml": config, A: text}, environment="staging")
    assert [(f"{each.place} {each.code}", each.severity) for each in found] == [(f"{A}:{line} {code}", "error")]
    assert judged(tmp_path, {A: text}, environment="staging", judging="errors") == found
    commented = judged(tmp_path, {A: f"# reconciler: allow {code}\n{text}"}, environment="staging")
    assert sorted(each.code for each in commented) == sorted(["bad-allow", code])
    milder = config.replace("rules: {" + rule, f"rules: {{severity: {{{code}: allow}}, {rule}")
    assert judged(tmp_path, {"reconciler.yaml": milder, A: text}, environment="staging") == ()


QUIET = {
    "a pattern that matches": "models: ['gpt-*', 'acme-chat-?']",
    "keys that are there": "metadata: [owner]",
    "a part of a word": "forbidden: [competitor, ind]",
    "what nobody sees": 'forbidden: ["\\u200b"]',
    "the name of a property": "forbidden: [people, metadata, model]",
    "a prompt that just fits": "largest_prompt: 23",
    "nothing": "",
}


@pytest.mark.parametrize("case", QUIET)
def test_what_a_policy_allows_is_not_reported(case: str, tmp_path: Path) -> None:
    files = {"reconciler.yaml": f"{CONFIG}rules: {{{QUIET[case]}}}\n", A: GOOD}
    assert shown(judged(tmp_path, files)) == []


def test_an_environment_has_models_of_its_own(tmp_path: Path) -> None:
    patch = "reconciler: {environments: {production: {model: acme-chat-1}}}\n"
    files = {"reconciler.yaml": f"{CONFIG}rules: {{models: [acme-chat-1]}}\n", A: GOOD + patch}
    assert [str(each.place) for each in judged(tmp_path, files)] == [f"{A}:1:8", f"{A}:4:49"]


def test_a_word_in_one_of_several_files_is_found_in_that_file(tmp_path: Path) -> None:
    files = {
        "reconciler.yaml": f"{CONFIG}rules: {{forbidden: [Never ever]}}\n",
        A: "model: acme-chat-2\nname: never ever\ninstructions: {files: [prompts/a.md, prompts/b.md]}\n",
        "assistants/prompts/a.md": "Be kind.\n",
        "assistants/prompts/b.md": "Be kind.\r\nYou never\r\never shout.\r\n",
    }
    assert [str(each.place) for each in judged(tmp_path, files, environment="staging")] == [
        "assistants/prompts/b.md:2:5"
    ]


WRONG = {
    "rules: {models: []}": "allowed here: none",
    "rules: {severity: {undescribed-tol: allow}}": "did you mean `undescribed-tool`?",
    "rules: {severity: {unknown-field: allow}}": "",
    "rules: {severity: {undescribed-tool: off}}": "This is not a severity.",
    "rules: {severity: {possible-secret: hint}}": "rules: {severity: {possible-secret: hint}}",
    "rules: {forbiden: [x]}": "did you mean `forbidden`?",
    "rules: {forbidden: ['']}": "write a word or a phrase, or leave it out",
    "rules: {largest_prompt: 0}": "write a whole number from 1 on",
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_setting_is_an_error_of_the_configuration(case: str, tmp_path: Path, here: Checkout) -> None:
    here.config(f"{CONFIG.removeprefix('version: 1').strip()}\n{case}\n")
    told = here.run("validate")
    assert (told.code, WRONG[case] in told.err) == (1, True), told.err


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, a=GOOD)


def test_a_policy_stops_what_would_apply_the_manifests_and_nothing_else(here: Checkout) -> None:
    here.config("environments: {local: {}}\n")
    assert here.run("apply", "--auto-approve").code == 0
    here.config("environments: {local: {}}\nrules: {forbidden: [kind]}\n")
    for command in (("validate",), ("plan",), ("plan", "--json"), ("apply", "--auto-approve"), ("reconcile",)):
        stopped = here.run(*command)
        assert (stopped.code, "forbidden-text: `rules.forbidden`" in stopped.err) == (1, True), command
    for command in (("status",), ("output",), ("doctor",), ("pull",)):
        assert "forbidden-text" not in here.run(*command).err, command


def test_a_pull_request_is_judged_by_the_policy_of_its_base(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(here.root.parent))
    here.config("environments: {local: {}}\nrules: {forbidden: [rude]}\n")
    git(repository(here.root), "switch", "-qc", "pull")
    here.config("environments: {local: {}}\n")
    here.write(a=GOOD.replace("kind", "rude"))
    assert (here.run("validate").code, here.run("plan", "-e", "local").code) == (0, 0)
    judged_by_base = here.run("plan", "-e", "local", "--base", "main")
    assert (judged_by_base.code, "a.yaml:3:18: forbidden-text" in judged_by_base.err) == (1, True)
    here.write(a=GOOD)
    told = " ".join(here.run("plan", "-e", "local", "--base", "main").out.split())
    assert "this change modifies `rules` of `local`. Until it is merged, the values of main are used." in told


def test_every_policy_is_tested() -> None:
    assert {where.split()[1] for _, _, where in POLICIES.values()} == {c for c, rule in RULES.items() if rule.is_policy}
