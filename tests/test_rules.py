"""Every rule: what raises it, what does not, and each way to silence it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.rules import ADJUSTABLE, RULES
from reconciler.source.comments import comments
from support.checkout import Checkout
from support.judging import judged, shown
from support.repositories import REPOSITORIES

CONFIG = "version: 1\nstack: acme\nenvironments:\n  own: {provider: openai, base_url: 'https://llm.acme.test/v1'}\n"
A = "assistants/a.yaml"


@dataclass(frozen=True)
class Example:
    """Files that raise a rule at a location, and the same where it has nothing to say."""

    raises: Mapping[str, str] | str
    at: str
    quiet: Mapping[str, str] | str
    reference: int = 0
    """The line of the manifest that names the file in which it is raised."""
    severity: str = "warning"

    def files(self, files: Mapping[str, str] | str) -> dict[str, str]:
        """The files, with a configuration where they have none."""
        return {"reconciler.yaml": CONFIG, **({A: files} if isinstance(files, str) else files)}


KEY = "sk-proj-" + "Zq3R7v" + "T3BlbkFJ" + "x9Lm2Wp8Kd4Hs6Yt"
CONFLICT = "Be brief.\n<<<<<<< HEAD\nBe kind.\n=======\nBe strict.\n>>>>>>> branch\n"
PROMPT = "model: gpt-5.5\nname: A\ninstructions: {file: prompts/a.md}\n"
P = "assistants/prompts/a.md"
STRICT = (
    "model: gpt-5.5\nresponse_format:\n  type: json_schema\n  json_schema:\n    name: answer\n    strict: true\n"
    "    schema:\n      type: object\n      additionalProperties: false\n      required: [a]\n"
    "      properties:\n        a:\n          WORD: [{type: string}, {type: 'null'}]\n"
)
HOSTED = "version: 1\nstack: acme\nenvironments:\n  own: {provider: openai}\n"

FUNCTION = "model: gpt-5.5\ntools:\n- type: function\n  function:\n    name: look_up\n"
SEARCH = "model: gpt-5.5\ntools:\n- type: file_search\n"

EXAMPLES = {
    "temperature-and-top-p": Example(
        "model: acme-chat\ntemperature: 0.2\ntop_p: 0.5\n", f"{A}:3", "model: acme-chat\ntemperature: 0.2\ntop_p: 1\n"
    ),
    "search-without-store": Example(
        SEARCH, f"{A}:3", f"{SEARCH}tool_resources: {{file_search: {{vector_store_ids: [vs_1]}}}}\n"
    ),
    "strict-subset": Example(STRICT.replace("WORD", "oneOf"), f"{A}:13", STRICT.replace("WORD", "anyOf")),
    "possible-secret": Example(
        {A: PROMPT, P: f"Call it.\nThe key is {KEY}.\n"}, f"{P}:2", {A: PROMPT, P: "The key is sk-proj-....\n"}, 3
    ),
    "merge-markers": Example(
        {A: PROMPT, P: CONFLICT}, f"{P}:2", {A: PROMPT, P: CONFLICT.replace("<<<<<<< HEAD", "## Tone")}, 3
    ),
    "unknown-model": Example(
        {"reconciler.yaml": HOSTED, "agents/a.yaml": "name: A\nmodel: gpt-5.4-min\n"},
        "agents/a.yaml:2",
        {"reconciler.yaml": CONFIG, "agents/a.yaml": "name: A\nmodel: gpt-5.4-min\n"},
    ),
    "retired-model": Example("name: A\nmodel: gpt-4o\n", f"{A}:2", "model: gpt-5.5\n", severity="note"),
    "retired-api": Example({"reconciler.yaml": HOSTED, A: "model: gpt-5.5\n"}, "reconciler.yaml:4", "model: gpt-5.5\n"),
    "json-not-mentioned": Example(
        "model: gpt-5.5\nresponse_format: {type: json_object}\n",
        f"{A}:2",
        "model: gpt-5.5\nresponse_format: {type: json_object}\ninstructions: Answer in JSON.\n",
    ),
    "model-family": Example("model: gpt-5.5\ntemperature: 0.2\n", f"{A}:2", "model: acme\ntemperature: 0.2\n"),
    "undescribed-tool": Example(FUNCTION, f"{A}:5", f"{FUNCTION}    description: Finds an order.\n"),
}
"""By code."""


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_rule_is_raised_where_its_example_says(code: str, tmp_path: Path) -> None:
    example = EXAMPLES[code]
    severity = example.severity
    assert shown(judged(tmp_path, example.files(example.raises))) == [
        f"{example.at} {code}{'' if severity == 'warning' else f' ({severity})'}"
    ]


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_rule_says_nothing_of_what_is_right(code: str, tmp_path: Path) -> None:
    assert shown(judged(tmp_path, EXAMPLES[code].files(EXAMPLES[code].quiet))) == []


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_configuration_silences_a_rule_for_the_file_or_one_environment(code: str, tmp_path: Path) -> None:
    files = EXAMPLES[code].files(EXAMPLES[code].raises)
    config = files["reconciler.yaml"]
    files["reconciler.yaml"] = f"{config}rules: {{severity: {{{code}: allow}}}}\n"
    assert shown(judged(tmp_path, files)) == []
    files["reconciler.yaml"] = config.replace("own: {", f"own: {{rules: {{severity: {{{code}: error}}}}, ")
    assert {each.severity for each in judged(tmp_path, files)} == {"error"}


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_comment_silences_a_rule_on_its_line_above_it_or_for_the_manifest(code: str, tmp_path: Path) -> None:
    example = EXAMPLES[code]
    files = example.files(example.raises)
    file, _, line = example.at.partition(":")
    file, at = (A, example.reference) if example.reference else (file, int(line))
    lines = files[file].splitlines()
    comment = f"# reconciler: allow {code}"
    indent = " " * (len(lines[at - 1]) - len(lines[at - 1].lstrip(" -")))
    for placed in (
        [*lines[: at - 1], f"{lines[at - 1]} {comment}", *lines[at:]],
        [*lines[: at - 1], f"{indent}{comment} (a reason)", *lines[at - 1 :]],
        [comment, *lines] if file == A else [*lines[: at - 1], comment, "# because", "", *lines[at - 1 :]],
    ):
        assert shown(judged(tmp_path, {**files, file: "\n".join([*placed, ""])})) == [], placed


def test_every_rule_has_an_example() -> None:
    offline = {code for code, rule in RULES.items() if not rule.is_policy and not rule.is_online}
    assert offline - EXAMPLES.keys() == {"bad-allow", "unused-allow"}
    assert {rule.code for rule in RULES.values()} == RULES.keys() <= ADJUSTABLE


COMMENTS = {
    "a code that does not exist": ("# reconciler: allow retired-modle", "1 bad-allow", "did you mean `retired-model`?"),
    "no code": ("# reconciler: allow", "1 bad-allow", "write `# reconciler: allow CODE"),
    "codes without a comma": (
        "# reconciler: allow no-effect unused-file", "1 bad-allow", "write `# reconciler: allow CODE"
    ),
    "an error": ("# reconciler: allow unknown-field", "1 bad-allow", "remove this, and fix what is reported"),
    "what is not reported": ("# reconciler: allow no-effect", "1 unused-allow (note)", "remove it"),
}  # fmt: skip


@pytest.mark.parametrize("case", COMMENTS)
def test_a_comment_that_silences_nothing_is_reported(case: str, tmp_path: Path) -> None:
    comment, where, remedy = COMMENTS[case]
    found = judged(tmp_path, {"reconciler.yaml": CONFIG, A: f"{comment}\nmodel: gpt-5.5\n"})
    assert f"{A}:{where}" in shown(found)
    assert any(each.remedy.startswith(remedy) for each in found)
    quiet = f"{CONFIG}rules: {{severity: {{bad-allow: allow, unused-allow: allow}}}}\n"
    assert judged(tmp_path, {"reconciler.yaml": quiet}) == ()


def test_a_comment_is_about_its_own_document_alone(tmp_path: Path) -> None:
    one = "reconciler: {key: KEY}\nmodel: acme-chat\ntemperature: 0.2\ntop_p: 0.5\n"
    allow = "# reconciler: allow temperature-and-top-p\n"
    text = f"{allow}{one.replace('KEY', 'one')}---\n{one.replace('KEY', 'two')}"
    assert shown(judged(tmp_path, {"reconciler.yaml": CONFIG, A: text})) == [f"{A}:10 temperature-and-top-p"]
    text = f"{one.replace('KEY', 'one')}---\n{allow}{one.replace('KEY', 'two')}"
    assert shown(judged(tmp_path, {"reconciler.yaml": CONFIG, A: text})) == [f"{A}:4 temperature-and-top-p"]


def test_a_comment_may_follow_a_text_that_looks_like_one(tmp_path: Path) -> None:
    text = "model: acme\ntemperature: 0.2\nname: 'Team # 1' # reconciler: allow no-effect\ntop_p: 0.5\n"
    text += 'description: "# reconciler: allow x" # reconciler: allow no-effect\n'
    found = shown(judged(tmp_path, {"reconciler.yaml": CONFIG, A: text}))
    assert found == [f"{A}:3 unused-allow (note)", f"{A}:4 temperature-and-top-p", f"{A}:5 unused-allow (note)"]


def test_a_model_that_ends_is_silenced_in_the_manifest_that_says_so_alone(tmp_path: Path) -> None:
    files = {A: "model: gpt-4o\n", "assistants/b.yaml": "model: gpt-4o # reconciler: allow retired-model\n"}
    assert shown(judged(tmp_path, {"reconciler.yaml": CONFIG, **files})) == [f"{A}:1 retired-model (note)"]


def test_a_comment_may_name_several_codes(tmp_path: Path) -> None:
    both = "temperature: 0.2\ntop_p: 0.5\ntools: [{type: function, function: {name: f}}]\n"
    text = f"# reconciler: allow temperature-and-top-p , undescribed-tool\nmodel: acme\n{both}"
    assert shown(judged(tmp_path, {"reconciler.yaml": CONFIG, A: text})) == []


def test_what_looks_like_a_comment_in_a_text_is_none(tmp_path: Path) -> None:
    text = (
        "model: acme-chat\ninstructions: |\n  Be brief.\n  # reconciler: allow temperature-and-top-p\n"
        "temperature: 0.2\ntop_p: 0.5\nname: '# reconciler: allow temperature-and-top-p'\n"
    )
    assert shown(judged(tmp_path, {"reconciler.yaml": CONFIG, A: text})) == [f"{A}:6 temperature-and-top-p"]


def test_a_comment_may_stand_where_a_block_begins(tmp_path: Path) -> None:
    text = f"model: acme-chat\ninstructions: | # reconciler: allow merge-markers\n  Be brief.\n\n  Hi: {KEY}\n"
    found = shown(judged(tmp_path, {"reconciler.yaml": CONFIG, A: text.replace("merge-markers", "possible-secret")}))
    assert found == []
    assert f"{A}:2 unused-allow (note)" in shown(judged(tmp_path, {"reconciler.yaml": CONFIG, A: text}))


def test_a_comment_at_the_top_of_the_configuration_is_about_all_of_it(tmp_path: Path) -> None:
    config = CONFIG.replace("https://llm.acme.test/v1", "https://api.openai.com/v1")
    files = {"reconciler.yaml": config, A: "model: acme-chat\n"}
    assert [each.code for each in judged(tmp_path, files)] == ["retired-api"]
    files["reconciler.yaml"] = f"# reconciler: allow retired-api\n\n{config}"
    assert shown(judged(tmp_path, files)) == []


def test_front_matter_has_comments_and_the_text_below_has_none(tmp_path: Path) -> None:
    file, allow = "assistants/a.md", "# reconciler: allow temperature-and-top-p"
    body = "model: acme-chat\ntemperature: 0.2\ntop_p: 0.5\n---\n"
    assert shown(judged(tmp_path, {"reconciler.yaml": CONFIG, file: f"---\n{allow}\n{body}Hello\n"})) == []
    below = judged(tmp_path, {"reconciler.yaml": CONFIG, file: f"---\n{body}{allow}\nHello\n"})
    assert shown(below) == [f"{file}:4 temperature-and-top-p"]


ODD = {
    "another comment of ours": "# reconciler: refuse no-effect\nmodel: gpt-5.5\n",
    "a comment at the end": "model: gpt-5.5\n# reconciler: allow temperature-and-top-p",
    "an alias": "model: gpt-5.5\nname: &a A # reconciler: allow unused-file\ndescription: *a\nx-y: [*a, *a]\n",
    "a document that is no YAML": "model: gpt-5.5 # reconciler: allow unused-file\n---\nmodel: '\n",
    "nothing but a comment": "# reconciler: allow unused-file\n",
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_comment_does_no_harm(case: str, tmp_path: Path) -> None:
    found = shown(judged(tmp_path, {"reconciler.yaml": CONFIG, A: ODD[case]}))
    assert [one for one in found if "allow" in one and "unused-allow (note)" not in one] == []


def test_a_text_whose_front_matter_is_not_closed_has_no_comments() -> None:
    assert [*comments("---\n# reconciler: allow unused-file\n", "a.md", re.compile("# rec"), markdown=True)] == []


def test_an_environment_chooses_severities_of_its_own(tmp_path: Path) -> None:
    config = (
        f"{CONFIG}  other: {{provider: openai, base_url: 'https://b.acme.test', "
        "rules: {severity: {temperature-and-top-p: note}}}\nrules: {severity: {temperature-and-top-p: error}}\n"
    )
    files = {"reconciler.yaml": config, A: "model: acme-chat\ntemperature: 0.2\ntop_p: 0.5\n"}
    assert [each.severity for each in judged(tmp_path, files)] == ["error", "note"]
    assert [each.severity for each in judged(tmp_path, files, judging="errors")] == ["error"]
    assert judged(tmp_path, files, judging="none") == ()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    return Checkout(tmp_path, monkeypatch, capsys, a=FUNCTION)


def test_a_warning_is_of_validate_alone_and_an_error_stops_plan_and_apply(here: Checkout) -> None:
    here.config("environments: {local: {}}\n")
    warned = here.run("validate")
    assert (warned.code, warned.err.count("undescribed-tool (warning)")) == (0, 1)
    strict = here.run("validate", "--strict")
    assert (strict.code, strict.out, strict.err.splitlines()[-2]) == (1, "", "Error: Warnings found.")
    assert "undescribed-tool" not in here.run("plan").err
    here.config("environments: {local: {}}\nrules: {severity: {undescribed-tool: error}}\n")
    for command in (("validate",), ("plan",), ("apply", "--auto-approve"), ("reconcile",)):
        stopped = here.run(*command)
        assert (stopped.code, stopped.err.count(f"{A}:5:11: undescribed-tool: ")) == (1, 1), command
    assert here.run("status").code == 0


def test_a_note_is_no_warning(here: Checkout) -> None:
    here.write(a="# reconciler: allow undescribed-tool\nmodel: gpt-5.5\n")
    told = here.run("validate", "--strict")
    assert (told.code, "unused-allow (note)" in told.err) == (0, True)


def test_a_warning_that_plan_has_anyway_is_silenced_there_too(here: Checkout) -> None:
    here.write(a="model: gpt-5.5\ntemperature: 0.5\n")
    assert "model-family (warning)" in here.run("plan").err
    here.write(a="model: gpt-5.5\ntemperature: 0.5 # reconciler: allow model-family\n")
    assert here.run("plan").err == ""
    here.write(a="model: gpt-5.5\ntemperature: 0.5\n")
    here.config("environments: {local: {rules: {severity: {model-family: error}}}}\n")
    assert (here.run("plan").code, here.run("status").code) == (1, 0)


def test_an_environment_whose_patch_takes_the_store_away_has_none_to_search(tmp_path: Path) -> None:
    without = "reconciler: {environments: {own: {tool_resources: null}}}\n"
    store = "tool_resources: {file_search: {vector_store_ids: [vs_1]}}\n"
    found = judged(tmp_path, {"reconciler.yaml": CONFIG, A: SEARCH + store + without})
    assert shown(found) == [f"{A}:3 search-without-store"]
    ignoring = "reconciler: {ignore_changes: [tool_resources.file_search]}\n"
    assert shown(judged(tmp_path, {A: SEARCH + ignoring})) == []


@pytest.mark.parametrize("name", REPOSITORIES)
def test_nothing_is_said_of_a_repository_in_which_nothing_is_wrong(name: str, tmp_path: Path) -> None:
    assert shown(judged(tmp_path, REPOSITORIES[name])) == []


def test_nothing_is_said_of_the_examples_of_this_repository() -> None:
    assert shown(judged(Path(__file__).parent.parent, {})) == []
