"""The recipes of CONTRIBUTING.md are true: a small example touches the files that they name, and then it works."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from subprocess import PIPE

import pytest

from support.checkout import plain
from support.forking import Process
from support.needing import PATIENCE

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = "name: HR Helper\nmodel: gpt-4o\n"


class Extended:
    """A copy of the package to which something was added, and a checkout in which it runs."""

    def __init__(self, folder: Path) -> None:
        self.source, self.here = folder / "source", folder / "here"
        shutil.copytree(ROOT / "reconciler", self.source / "reconciler")
        (self.here / "assistants").mkdir(parents=True)
        self.write("assistants/hr.yaml", MANIFEST)

    def write(self, name: str, text: str) -> None:
        (self.here / name).write_text(text, encoding="utf-8")

    def follow(self, recipe: str, **changes: str | dict[str, str]) -> None:
        """New files, and texts with what is added behind them: in the files that the recipe names, in its order."""
        section = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split(f"\n## {recipe}\n")[1].split("\n## ")[0]
        files = [name.replace("NAME", "example") for name in re.findall(r"^\d\. `(reconciler/[^`]+)`", section, re.M)]
        stems = [Path(name).stem.strip("_") for name in files]
        folders = [Path(name).parent.name for name in files]
        unique = [f"{of}_{stem}" if stems.count(stem) > 1 else stem for of, stem in zip(folders, stems, strict=True)]
        assert unique == list(changes)
        for name, change in zip(files, changes.values(), strict=True):
            path = self.source / name
            assert path.exists() == isinstance(change, dict)
            text = path.read_text(encoding="utf-8") if isinstance(change, dict) else change
            for before, added in change.items() if isinstance(change, dict) else ():
                assert text.count(before) == 1, before
                text = text.replace(before, before + added)
            path.write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        where = {"cwd": self.here, "env": plain(), "source": self.source}
        with Process(*arguments, **where, stdout=PIPE, stderr=PIPE) as process:
            out, err = process.communicate(PATIENCE)
        assert process.returncode == code, out + err
        return out + (err if code else "")


@pytest.fixture
def extended(tmp_path: Path) -> Extended:
    return Extended(tmp_path)


FORMAT = """
from reconciler.render.view import view


def render(document, style):
    plan = view(document)
    return "".join(f"{plan.environment}\\t{change.action}\\t{change.address}\\n" for change in plan.changes)
"""


def test_an_output_format_works_for_plans_saved_plans_and_several_environments(extended: Extended) -> None:
    extended.follow(
        "An output format",
        example=FORMAT,
        init={
            "from reconciler.render import document as _document\n": "from reconciler.render import example\n",
            "] = {\n": '    "rows": example.render,\n',
        },
        options={"PLAN_FORMATS = (": '"rows", '},
    )
    extended.write(
        "reconciler.yaml",
        "version: 1\nstack: acme\nenvironments:\n  local: {}\n"
        "  production: {provider: openai, base_url: 'http://127.0.0.1:9/v1'}\n",
    )
    row = "local\tcreate\tassistant.hr\n"

    assert extended.run("plan", "--format", "rows", "--out", "plan.json") == row
    assert extended.run("show", "plan.json", "--format", "rows") == row
    assert extended.run("show", "plan.json", "plan.json", "--format", "rows") == f"{row}\n{row}"
    both = ("plan", "--environment", "local", "--environment", "production", "--timeout", "1", "--format", "rows")
    shown = extended.run(*both, code=1)
    assert shown.startswith(row)
    assert "production" in shown


def test_a_field_is_validated_shown_sent_and_kept(extended: Extended) -> None:
    extended.follow(
        "A field",
        assistant={
            'before it answers; other models reject it."),\n    ] = None\n': (
                "    greeting: Annotated[Text | None, ValueLimits(longest=10), FieldRules()] = None\n"
            )
        },
        assistants={
            '    "name": Optional(Text(longest=256)),\n': '    "greeting": Optional(Text(longest=10)),\n',
        },
    )

    extended.write("assistants/hr.yaml", MANIFEST + "greeting: much too long\n")
    assert ":3:11: too-large: " in extended.run("validate", code=1)
    extended.write("assistants/hr.yaml", MANIFEST + "greeting: Hello.\n")
    assert re.search('[+] greeting +"Hello."', extended.run("plan"))
    extended.run("apply", "--auto-approve")
    assert "No changes." in extended.run("plan")
    assert json.loads(extended.run("show", "hr", "--json"))["greeting"] == "Hello."
    extended.write("assistants/hr.yaml", MANIFEST)
    (change,) = json.loads(extended.run("plan", "--json"))["changes"]
    assert change["patch"] == {"greeting": None}


TOOL = """class Example(FieldPart):
    type: Literal["example"]
    depth: Annotated[Number | None, ValueLimits(between=(1, 3))] = None


"""


def test_a_tool_type_is_validated_sent_and_kept(extended: Extended) -> None:
    extended.follow(
        "A tool type",
        assistant={
            'Field(description="Runs Python in a sandbox.")]\n\n\n': TOOL,
            "TOOLS: Final = {": '"example": Example, ',
            '    Annotated[CodeInterpreter, Tag(tag("code_interpreter"))]\n': (
                '    | Annotated[Example, Tag(tag("example"))]\n'
            ),
        },
        assistants={
            "TOOL = Variants(\n    {\n": '        "example": of_type(depth=Number(minimum=1, maximum=3)),\n',
        },
    )

    extended.write("assistants/hr.yaml", MANIFEST + "tools: [{type: example, depth: 9}]\n")
    assert ":3:32: too-large: " in extended.run("validate", code=1)
    extended.write("assistants/hr.yaml", MANIFEST + "tools: [{type: example, depth: 2}]\n")
    assert "tools.example" in extended.run("plan")
    extended.run("apply", "--auto-approve")
    assert "No changes." in extended.run("plan")


PROVIDER = """
import httpx

from reconciler.emulator import Emulator
from reconciler.kinds import ServerTraits
from reconciler.providers.http_settings import HttpSettings
from reconciler.providers.openai import local_server


class ExampleSettings(HttpSettings):
    region: str

    def target(self):
        return (*super().target(), self.region)


class Example:
    settings = ExampleSettings
    terms = ServerTraits()

    def open(self, connection, log):
        emulator = Emulator(connection.state_dir / "example.db")
        return local_server(httpx.ASGITransport(app=emulator), log, emulator.close)
"""


def test_a_provider_is_planned_and_applied_to(extended: Extended) -> None:
    extended.follow(
        "A provider",
        example=PROVIDER,
        init={
            "from reconciler.providers.local import LOCAL\n": "from reconciler.providers.example import Example\n",
            "PROVIDERS: dict[str, ProviderType] = {": '"example": Example(), ',
        },
    )
    extended.write(
        "reconciler.yaml",
        "version: 1\nstack: acme\nenvironments:\n"
        "  test: {provider: example, base_url: 'https://example.com/x', region: north}\n"
        "  other: {provider: example, base_url: 'https://example.com/x', region: south}\n"
        "  near: {provider: example, base_url: 'https://example.com/x', regoin: east}\n"
        "  far: {provider: openai, region: west}\n",
    )
    faults = extended.run("validate", code=1)
    assert "reconciler.yaml:6:64: unknown-field: There is no `regoin` here." in faults
    assert "did you mean `region`?" in faults
    assert "reconciler.yaml:7:27: config: The provider `openai` has no `region`." in faults
    assert "write `provider: example`" in faults

    extended.run("apply", "-e", "test", "--auto-approve")
    plan = extended.run("plan", "-e", "test")
    assert plan.startswith("test (example, https://example.com/x)")
    assert "No changes." in plan


COMMAND = '''
import click


@click.command
def command():
    """Say hello."""
    click.echo("Hello.")
    return 0
'''


def test_a_command_is_offered_and_runs(extended: Extended) -> None:
    extended.follow(
        "A command", example=COMMAND, init={"COMMANDS: dict[str, str] = {\n": '    "example": "Say hello.",\n'}
    )

    assert re.search("example +Say hello.", extended.run("--help"))
    assert extended.run("example") == "Hello.\n"


RULE = """
from reconciler.rules.rule import Rule, RuleFinding


def _small(resource, settings, sources):
    name = resource.text("name")
    if name is not None and name.value.islower():
        yield RuleFinding(name.place, "The name has no capital letter.", "write one")


EXAMPLE = Rule("small-name", "warning", "A name has no capital letter.", _small)
"""


def test_a_rule_is_reported_and_silenced(extended: Extended) -> None:
    registered = {
        "from reconciler.rules.allow_comments import AllowComments, ManifestText, allow_comments\n": (
            "from reconciler.rules.example import EXAMPLE\n"
        ),
        "        SAMPLING,\n": "        EXAMPLE,\n",
    }
    extended.follow("A rule of judgement", example=RULE, init=registered)
    extended.write("assistants/hr.yaml", "name: hr\nmodel: gpt-5.5\n")

    assert "assistants/hr.yaml:1:7: small-name (warning): The name has no capital letter." in extended.run(
        "validate", "--strict", code=1
    )
    extended.write("assistants/hr.yaml", "name: hr # reconciler: allow small-name\nmodel: gpt-5.5\n")
    extended.run("validate", "--strict")
    assert '"small-name"' in extended.run("schema", "reconciler")


KIND = """
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict

from reconciler.kinds.fields import FieldRules, Text, ValueLimits
from reconciler.kinds.kind import Kind
from reconciler.kinds.metadata import filled_pairs, metadata_problems


class ExampleBody(BaseModel):
    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model: Annotated[str | None, FieldRules(required=True)] = None
    name: Annotated[Text | None, ValueLimits(longest=64), FieldRules()] = None
    instructions: Annotated[Text | None, ValueLimits(longest=1000), FieldRules()] = None
    metadata: Annotated[dict[str, Any] | None, FieldRules(default={}, by_member=True, normal=filled_pairs)] = None


EXAMPLE = Kind(
    name="example",
    model=ExampleBody,
    form=1,
    api="Examples API",
    elsewhere={("tools",): "examples have no tools: leave it out"},
    rules=lambda body, traits, unjudged: metadata_problems(body.metadata or {}),
)
"""
SERVED = """
from dataclasses import replace

from reconciler.emulator.api import Api
from reconciler.emulator.shapes import METADATA, Members, Optional, Text, ordered

FIELDS = {
    "name": Optional(Text(longest=64)),
    "model": Text(may_be_empty=False),
    "instructions": Optional(Text(longest=1000)),
    "metadata": Optional(METADATA),
}
BODY = Members(members=FIELDS, required=("model",))


EXAMPLES = Api(
    name="examples",
    title="Examples API",
    noun="example",
    id_prefix="example_",
    beta="examples=v1",
    cursors=("after",),
    tells_updates=False,
    largest=1_000_000,
    tools=frozenset(),
    request=lambda settings, creating: BODY if creating else replace(BODY, required=()),
    create=lambda sent, settings, id: sent,
    modify=lambda before, sent, settings: {**before, **sent},
    echo=lambda kept, settings: ordered(kept, FIELDS),
)
"""


def test_a_kind_is_validated_planned_applied_and_shown_beside_the_others(extended: Extended) -> None:
    extended.follow(
        "A kind",
        kinds_example=KIND,
        init={
            "from reconciler.kinds.assistant import ASSISTANT\n": "from reconciler.kinds.example import EXAMPLE\n",
            "KINDS: dict[str, Kind] = {": '"example": EXAMPLE, ',
        },
        openai={
            "from reconciler.kinds.assistant import ASSISTANT\n": "from reconciler.kinds.example import EXAMPLE\n",
            "COLLECTIONS: dict[str, Collection] = {\n": (
                '    "example": Collection(EXAMPLE, "/examples", beta="examples=v1", metadata="replaced"),\n'
            ),
        },
        emulator_example=SERVED,
        apis={
            "from reconciler.emulator.assistants import ASSISTANTS\n": (
                "from reconciler.emulator.example import EXAMPLES\n"
            ),
            "for api in (AGENTS, ASSISTANTS": ", EXAMPLES",
        },
    )
    (extended.here / "examples").mkdir()
    extended.write("examples/hr.yaml", "model: m\nname: First\ntools: []\n")
    assert "examples have no tools: leave it out" in extended.run("validate", code=1)
    extended.write("examples/hr.yaml", "model: m\nname: First\n")
    applied = extended.run("apply", "--auto-approve")
    assert "+ assistant.hr will be created" in applied
    assert "+ example.hr will be created (examples/hr.yaml:1)" in applied
    assert "No changes." in extended.run("plan")
    assert json.loads(extended.run("output", "--format", "json"))["example"]["hr"]["name"] == "First"

    (extended.here / "examples" / "hr.yaml").rename(extended.here / "examples" / "people.yaml")
    extended.write("examples/people.yaml", "model: m\nname: First\ninstructions: Hi.\nreconciler: {was: [hr]}\n")
    extended.run("apply", "--auto-approve", "example.people")
    assert json.loads(extended.run("show", "example.people", "--json"))["instructions"] == "Hi."
