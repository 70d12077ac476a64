"""The schemas in the language server behind the common editors, and `reconciler schema`, which writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.authoring.editor_schemas import modeline, schema_files, with_modelines
from reconciler.source.front_matter import front_matter
from support.checkout import Checkout
from support.language_server import LanguageServer, language_server
from support.workflow import ROOT

MARKDOWN = """\
---
name: HR Helper
model: gpt-5.5
tools: [{type: file_search}]
reconciler:
  environments:
    staging: {model: gpt-5.4-mini}
---

You answer questions.
"""
ANCHORS = """\
model: gpt-5.5
tools:
  - type: function
    function: &common
      name: one
      strict: yes
      parameters: {type: object, properties: {}, required: [], additionalProperties: false}
  - type: function
    function: {<<: *common, name: two}
metadata: {team: "5"}
temperature: 0x1
"""
_DATA = {"functions", "schemas", "prompts"}
EXAMPLES = [
    each
    for folder in ("agents", "assistants")
    for each in sorted((ROOT / folder).rglob("*.yaml"))
    if not _DATA & set(each.parts)
]
CORRECT = {
    **{str(each.relative_to(ROOT)): each.read_text() for each in EXAMPLES},
    "reconciler.yaml": (ROOT / "reconciler.yaml").read_text(),
    "assistants/two.yaml": "model: a\nreconciler: {key: one}\n---\nmodel: b\nreconciler: {key: two}\n",
    "assistants/flow.yaml": '{"model": "a", "temperature": 1}\n',
    "assistants/anchors.yaml": ANCHORS,
    "agents/front.yaml": MARKDOWN[MARKDOWN.index("\n") + 1 : front_matter(MARKDOWN).end],
    "agents/byte-order-mark.yaml": "\ufeffmodel: gpt-5.5\r\nname: HR\r\n",
}
WRONG = {
    "assistants/wrong.yaml": """\
model: gpt-5.5
temprature: 1                 # Property temprature is not allowed.
temperature: "1"              # Incorrect type.
top_p: 1.5                    # Value is above the maximum of 1.
reasoning_effort: hgih        # Value is not accepted. Valid values: "none", "minimal"
name: no                      # Incorrect type.
instructions: {fil: a.md}     # Property fil is not allowed.
tools:
  - type: function
    function:
      name: a b               # Write 1 to 64 letters of A to Z
      stirct: true            # Property stirct is not allowed.
  - type: file_search
    file_search:
      max_num_results: 51     # Value is above the maximum of 50.
  - typ: function             # Missing property "type".
metadata: {team: 5}           # Incorrect type.
reconciler:
  on_removal: forget          # Value is not accepted. Valid values: "delete", "keep", "refuse"
  environments:
    staging: {temperature: 3} # Value is above the maximum of 2.
""",
    "assistants/no-model.yaml": 'name: HR                      # Missing property "model".\n',
    "assistants/second.yaml": """\
model: a
reconciler: {key: one}
---
model: b
reconciler: {kye: two}        # Property kye is not allowed.
""",
    "agents/wrong.yaml": """\
model: gpt-5.5
temperature: 1                # Property temperature is not allowed.
tools:
  - type: web_search
    mode: lvie                # Value is not accepted. Valid values: "disabled", "cached", "live"
  - type: mcp
    server_label: docs
    transport: {type: http}   # Missing property "server_url".
  - {type: function, name: a} # Missing property "description".
text: {format: {type: json_schema}}   # Missing property "schema".
""",
    "wrong/reconciler.yaml": """\
version: 2                    # Value must be 1.
stack: Acme                   # Write 1 to 64 of a-z
limits: {deletes: 200%}       # String does not match the pattern
environments:
  staging: {}                 # Missing property "provider".
  production:                 # Missing property "base_url".
    provider: foundry
    folder: dist              # Property folder is not allowed.
  requests:
    provider: openai
    api_key: sk-1             # Incorrect type.
""",
}
TYPED = {
    "assistants/typed.yaml": "\n",
    "assistants/typed-effort.yaml": "reasoning_effort: \n",
    "assistants/typed-reference.yaml": "instructions:\n  \n",
    "assistants/typed-function.yaml": "tools:\n  - type: function\n    function:\n      \n",
    "agents/typed-tool.yaml": "tools:\n  - type: \n",
    "agents/typed-search.yaml": "tools:\n  - type: web_search\n    \n",
    "agents/typed-patch.yaml": "reconciler:\n  environments:\n    staging:\n      \n",
    "typed/reconciler.yaml": "environments:\n  staging:\n    provider: \n",
    "typed/again/reconciler.yaml": "environments:\n  staging:\n    provider: openai\n    \n",
}


def in_editor(file: str, text: str) -> str:
    """The file with the modelines by which the server finds its schema."""
    own = "reconciler.yaml" if file.endswith("reconciler.yaml") else file
    comment = modeline(own).replace("=", f"={'../' * file.removesuffix(own).count('/')}")
    lines = text.split("\n")
    starts = [1, *(number + 1 for number, line in enumerate(lines, 1) if line == "---")]
    return with_modelines(text, [(line, comment) for line in starts]) or ""


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """A server that reads YAML as docs/editors.md says, with every file open."""
    root = tmp_path_factory.mktemp("editor")
    files = {file: in_editor(file, text) for file, text in {**CORRECT, **WRONG, **TYPED}.items()}
    for file, text in {**files, **schema_files()}.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(text.encode())
    with language_server(root, yamlVersion="1.1") as server:
        server.open(*files)
        yield server


def test_nothing_is_underlined_in_correct_files_of_each_kind_and_layout(editor: LanguageServer) -> None:
    assert {file: editor.underlined(file) for file in CORRECT} == {file: [] for file in CORRECT}


@pytest.mark.parametrize("file", WRONG)
def test_what_is_wrong_is_underlined_at_its_line_and_nothing_else(editor: LanguageServer, file: str) -> None:
    lines = in_editor(file, WRONG[file]).split("\n")
    expected = {number: line.partition("# ")[2] for number, line in enumerate(lines, 1) if " # " in line}
    found: dict[int, str] = {}
    for number, message in editor.underlined(file):
        found[number] = found.get(number, "") + message

    assert found.keys() == expected.keys()
    assert [(text, found[number]) for number, text in expected.items() if text not in found[number]] == []


@pytest.mark.parametrize(
    ("file", "offered"),
    [
        ("assistants/typed.yaml", {"model", "temperature", "tools", "reconciler"}),
        ("assistants/typed-effort.yaml", {"low", "medium", "high"}),
        ("assistants/typed-reference.yaml", {"file", "files", "value"}),
        ("assistants/typed-function.yaml", {"name", "strict", "parameters"}),
        ("agents/typed-tool.yaml", {"function", "mcp", "web_search"}),
        ("agents/typed-search.yaml", {"mode", "location", "allowed_domains"}),
        ("agents/typed-patch.yaml", {"model", "reasoning", "ignore_changes"}),
        ("typed/reconciler.yaml", {"openai", "foundry", "responses"}),
        ("typed/again/reconciler.yaml", {"base_url", "api_key", "values"}),
    ],
)
def test_fields_and_words_are_offered(editor: LanguageServer, file: str, offered: set[str]) -> None:
    text = in_editor(file, TYPED[file]).rstrip("\n").split("\n")
    last = text[-1] if TYPED[file].strip() else ""

    assert offered <= editor.completions(file, len(text) + (not TYPED[file].strip()), len(last) + 1).keys()


def test_the_description_is_shown_over_a_field(editor: LanguageServer) -> None:
    file = "assistants/wrong.yaml"

    assert "models that reason reject it" in editor.hover(file, 4, 3)
    assert "How many results a search returns at most." in editor.hover(file, 16, 9)
    assert "What becomes of the live object" in editor.hover(file, 20, 5)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    checkout = Checkout(tmp_path, monkeypatch, capsys, hr="\ufeffmodel: a\r\nname: HR\r\n")
    checkout.config("stack: acme\nenvironments: {local: {}}\n")
    return checkout


def test_a_schema_is_printed(here: Checkout) -> None:
    told = [here.run("schema", name) for name in ("assistant", "agent", "reconciler", "plan", "event")]

    assert {each.code for each in told} == {0}
    assert all("$comment" in each.data for each in told)
    assert "did you mean `assistant`?" in here.run("schema", "assistent").err
    assert "Name one schema" in here.run("schema").err


def test_what_is_written_is_replaced_and_a_foreign_file_is_not(here: Checkout) -> None:
    assert here.run("schema", "--write").out.endswith("3 schemas written, 0 files with new modelines.\n")
    own = here.root / ".schemas/agent.json"
    own.write_text(json.dumps({"$comment": json.loads(own.read_text())["$comment"], "type": "array"}))
    assert here.run("schema", "--write").out.startswith(".schemas/agent.json: written\n1 schema written")
    own.write_text("{}")

    told = here.run("schema", "--write")

    assert (told.code, own.read_text()) == (1, "{}")
    assert ".schemas/agent.json" in told.err
    assert here.run("schema", "--write", "assistants/editors").code == 0
    (here.root / "assistants/editors/own.json").write_text("{}")
    assert here.run("validate").err.count("unused-file") == 1
    assert here.run("schema", "--write", "../out").code == 1


def test_modelines_are_added_once_to_each_document_and_every_other_byte_is_kept(here: Checkout) -> None:
    here.write(
        two="model: a\nreconciler: {key: one}\n---\n# b\nmodel: b\nreconciler: {key: two, kind: agent}\n",
        own="# yaml-language-server: $schema=other.json\nmodel: a\n",
        broken="model: [a\n",
        program="#!/usr/bin/env editor\nmodel: a\n",
        beside="model: a\nreconciler: {key: x}\n--- {model: b, reconciler: {key: y}}\n",
    )
    files = here.root / "assistants"
    (files / "text.md").write_text("---\nmodel: a\n---\nHello\n")
    (files / "upper.YML").write_text("model: a\n")
    kept = {name: (files / name).read_bytes() for name in ("own.yaml", "beside.yaml", "broken.yaml", "text.md")}

    told = here.run("schema", "--modeline")

    line = "# yaml-language-server: $schema=../.schemas/assistant.json"
    assert (files / "hr.yaml").read_bytes() == f"\ufeff{line}\r\nmodel: a\r\nname: HR\r\n".encode()
    assert (files / "two.yaml").read_text().split("\n")[:5] == [
        line, "model: a", "reconciler: {key: one}", "---", line.replace("assistant", "agent"),
    ]  # fmt: skip
    assert (files / "upper.YML").read_text() == f"{line}\nmodel: a\n"
    assert (files / "program.yaml").read_text() == f"#!/usr/bin/env editor\n{line}\nmodel: a\n"
    assert (here.root / "reconciler.yaml").read_text().startswith("# yaml-language-server: $schema=.schemas/reconciler")
    assert {name: (files / name).read_bytes() for name in kept} == kept, told.err
    assert "text.md: no modeline" in told.err
    assert "beside.yaml: no modeline" in told.err
    assert "broken.yaml: no modeline, because it has errors" in told.err
    assert here.run("schema", "--modeline").out == "0 schemas written, 0 files with new modelines.\n"
    (files / "broken.yaml").unlink()
    assert here.run("validate").code == 0


def test_the_setting_of_the_page_finds_the_schemas_without_comments(tmp_path: Path) -> None:
    (text,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs/editors.md").read_text(), re.DOTALL)
    stated = {name.removeprefix("yaml."): value for name, value in json.loads(text).items()}
    files = {
        "agents/a.yaml": "model: a\nreasoning: {efort: low}\n",
        "assistants/deep/er/b.yaml": "model: a\n---\nmodel: b\ntemperature: 3\n",
        "reconciler.yaml": "version: 1\nstak: a\n",
    }
    for file, content in {**files, **schema_files()}.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(content)

    with language_server(tmp_path, **stated) as server:
        server.open(*files)
        found = {file: [line for line, _ in server.underlined(file)] for file in files}

    assert found == {"agents/a.yaml": [2], "assistants/deep/er/b.yaml": [4], "reconciler.yaml": [2]}
