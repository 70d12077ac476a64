"""The docs are complete, their links and names exist, and their commands work."""

from __future__ import annotations

import ast
import inspect
import os
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import click
import pytest

from reconciler import config
from reconciler.cli import COMMANDS, cli
from reconciler.config.form import EnvironmentForm, FileForm, Form, LimitsForm, ReconcileForm
from reconciler.diagnostics import CODES
from reconciler.kinds import KINDS, ServerTraits
from reconciler.kinds.agent import AGENT, TOOLS
from reconciler.manifests.block import ReconcilerBlock
from reconciler.plan.objections import OBJECTIONS
from reconciler.providers import PROVIDERS
from reconciler.rules import RULES
from reconciler.source import parse, plain
from support import reference_pages
from support.followed_pages import Reader, blocks
from support.pictures import IMAGES, kept
from support.reference_pages import command_of, explained_in, options_of, slug

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
each_command = pytest.mark.parametrize("name", COMMANDS)


def _page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)


@each_command
def test_every_command_and_each_of_its_options_has_help(name: str) -> None:
    command = command_of(name)

    assert command.help
    assert [option.opts for option in options_of(command) if not option.help] == []


@each_command
def test_every_option_that_a_command_offers_does_something_there(name: str) -> None:
    """Its function reads what it is given; of what is handed over as one, `run/` reads each part."""
    command = command_of(name)
    function = inspect.unwrap(command.callback)  # type: ignore[arg-type]  # a command calls something
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {"format"}  # kept with the context
    if read & {"apply_options", "session_options"}:
        modules = (
            path.read_text(encoding="utf-8")
            for room in ("run", "authoring")
            for path in (ROOT / "reconciler" / room).glob("*.py")
        )
        read |= {name for module in modules for name in re.findall(r"options\.(\w+)", module)}

    assert [option.name for option in options_of(command) if option.expose_value and option.name not in read] == []


def test_every_command_has_a_section_and_what_is_said_of_its_options_is_true() -> None:
    """The generated reference has every option; the sections explain those that need more words, and name no others."""
    assert {*explained_in()} == {*COMMANDS}
    for part in _page("docs/commands.md").split("\n## ")[1:]:
        name = next(iter(re.findall(r"^`reconciler (\w+)", part)), None)
        commands = [command_of(name)] if name else [cli, *map(command_of, COMMANDS)]
        offered = {
            word for command in commands for each in options_of(command) for word in (*each.opts, *each.secondary_opts)
        }
        rows = "".join(re.findall(r"^\| (`-.+?) \| ", part, re.M))
        assert {*re.findall(r"(?<=`)--?[a-z-]+", rows)} <= offered, name


@pytest.mark.parametrize("name", reference_pages.PAGES)
def test_a_page_of_the_reference_is_made_from_the_code(name: str) -> None:
    path, text = ROOT / "docs" / "reference" / name, reference_pages.PAGES[name]()
    if os.environ.get("RECONCILER_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text, "run `make golden`"


@each_command
def test_the_reference_says_what_help_prints(name: str) -> None:
    command = command_of(name)
    with click.Context(command, info_name=f"reconciler {name}", terminal_width=100) as context:
        printed = re.sub(r"-\n\s+", "-", context.get_help())
    section = _page("docs/reference/commands.md").split(f"\n## `reconciler {name}`\n")[1].split("\n## ")[0]
    words = re.sub(r"[`\\|]|Default:.*", " ", section.partition("\n[What it does")[0].replace("```", "")).split()

    assert [word for word in words if word not in printed.replace("`", " ")] == []
    assert [each.opts for each in options_of(command) if not {*each.opts} <= {*re.findall(r"--?[\w-]+", printed)}] == []


def test_every_variable_that_the_code_reads_is_in_the_reference() -> None:
    page = _page("docs/reference/variables.md")
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "reconciler").rglob("*.py"))
    read = {*re.findall(r"environ(?:\.get\(|\[)\"([A-Z_]+)", source)}

    assert len(read) > 5
    assert [
        name
        for name in sorted(read)
        if f"`{name}" not in page
        and not re.match(r"GH_|GITHUB_|(ENVIRONMENT|PATH|RECONCILER_(ENABLED|\w+_KEY))$", name)
    ] == []


def test_the_table_of_commands_is_complete() -> None:
    table = _page("docs/commands.md").split("\n## `reconciler ")[0]

    assert sorted(re.findall(r"^\| \[`(\w+)`\]", table, re.M)) == sorted(COMMANDS)


def _texts() -> str:
    """Every text in the code; where a value is filled in stands NUL."""
    modules = (ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "reconciler").rglob("*.py"))
    nodes = [node for module in modules for node in ast.walk(module)]
    filled = [
        "".join(str(part.value) if isinstance(part, ast.Constant) else "\0" for part in node.values)
        for node in nodes
        if isinstance(node, ast.JoinedStr)
    ]
    plain = [str(node.value) for node in nodes if isinstance(node, ast.Constant)]
    return "\n".join(filled + plain)


def test_every_failure_that_is_documented_exists() -> None:
    table = _page("docs/diagnostics.md").split("\n## Failures\n")[1]
    messages = [part for row in re.findall(r"^\| (`.+`) \|", table, re.M) for part in re.findall(r"`([^`]+)`", row)]
    parts = {part for message in messages for part in re.split(r"… | …|: …|…", message) if not re.match(r"\d|$", part)}

    assert len(messages) > 20
    texts = _texts()
    assert [part for part in sorted(parts) if part not in texts] == []


def test_every_fault_and_every_objection_has_a_section() -> None:
    faults, objections = _page("docs/diagnostics.md").split("\n## Objections\n")

    assert sorted(re.findall(r"^#### `(.+)`$", faults, re.M)) == sorted([*CODES, *RULES])
    assert sorted(re.findall(r"^#### `(.+)`$", objections, re.M)) == sorted(OBJECTIONS)


def test_the_tables_of_codes_are_complete() -> None:
    codes = re.findall(r"^\| \[`([\w-]+)`\]", _page("docs/diagnostics.md"), re.M)

    assert sorted(codes) == sorted(OBJECTIONS)


@pytest.mark.parametrize("field", [*KINDS["assistant"].fields, *ReconcilerBlock.model_fields])
def test_every_field_of_a_manifest_is_documented(field: str) -> None:
    assert f"`{field}`" in _page("docs/manifest.md") or f"\n  {field}: " in _page("docs/manifest.md")


def test_every_field_and_tool_of_an_agent_is_documented_and_the_examples_are_valid() -> None:
    page = _page("docs/agents.md")
    text = "".join(re.findall(r"```yaml\n(.*?)```", page, re.S))
    body: Any = plain(parse(re.sub(r"\{file: [^}]+\}", "{type: object}", text), "a.yaml").documents[0])

    assert [field for field in AGENT.fields if f"\n| `{field}` |" not in page] == []
    for kind, tool in TOOLS.items():
        stated = {name for one in body["tools"] if one["type"] == kind for name in one}
        assert stated == {info.alias or name for name, info in tool.model_fields.items()}, kind
    assert AGENT.check({**body, "instructions": "Be kind."}, ServerTraits()).problems == ()


@pytest.mark.parametrize("form", [FileForm, EnvironmentForm, LimitsForm, ReconcileForm])
def test_every_field_of_the_configuration_is_documented(form: type[Form]) -> None:
    text = _page("docs/manifest.md").split("\n## `reconciler.yaml`\n")[1]

    assert [field for field in form.model_fields if not re.search(rf"(?<!\w){field}[`:]", text)] == []


def test_every_option_of_a_provider_is_documented_and_every_example_of_a_server_is_valid(tmp_path: Path) -> None:
    settings = {name: provider.settings for name, provider in PROVIDERS.items()}
    page = _page("docs/servers.md")
    examples = [content for _, language, content in blocks(page) if language == "yaml"]

    assert [n for each in settings.values() for n in each.model_fields if not re.search(rf"`{n}`.* \| ", page)] == []
    assert len(examples) > 2
    for example in examples:
        (tmp_path / "reconciler.yaml").write_text(example)
        loaded = config.load(tmp_path, providers=settings, kinds=tuple(KINDS))
        assert loaded.config is not None, loaded.faults
        assert loaded.config.broken == {}


def test_every_room_is_explained() -> None:
    modules = {path.stem if path.is_file() else f"{path.name}/" for path in (ROOT / "reconciler").iterdir()}
    modules -= {"__init__", "__main__", "__pycache__/", "py"}

    assert [name for name in sorted(modules) if f"`{name}`" not in _page("docs/architecture.md")] == []


def test_what_the_architecture_names_exists() -> None:
    names = re.findall(r"`((?:[a-z_]+\.)+\w+)`", _page("docs/architecture.md"))
    rooms = {path.stem for path in (ROOT / "reconciler").iterdir()}
    ours = sorted({name for name in names if name.partition(".")[0] in rooms and not name.endswith(".py")})

    assert len(ours) > 20
    for name in ours:
        assert pkgutil.resolve_name(f"reconciler.{name}"), name


def test_decisions_are_numbered_without_a_gap_and_dated() -> None:
    records = sorted((ROOT / "docs" / "decisions").iterdir())

    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for number, path in zip(count(1), records, strict=False):
        assert re.match(rf"# {number}\. .+\n\n\d{{4}}-\d\d-\d\d\n\n## Context\n", path.read_text(encoding="utf-8"))


def _links(page: Path) -> Iterator[tuple[str, str]]:
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" not in target:
            path, _, anchor = target.partition("#")
            yield path, anchor


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    for path, anchor in _links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in [slug(heading) for heading in _headings(target.read_text(encoding="utf-8"))], (
            anchor
        )


def test_the_index_leads_to_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / path).resolve() for path, _ in _links(index) if path}

    assert [
        str(page) for page in (ROOT / "docs").rglob("*.md") if not {page, *page.parents} & linked and page != index
    ] == []


def _quoted(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in text.splitlines())


def _unquoted(text: str) -> str:
    return re.sub(r"^> ?", "", text, flags=re.M)


_COMMENT = r"<!-- (reconciler plan [^\n]*) -->\n((?:>[^\n]*\n)*)"


@pytest.mark.needs("cat")
def test_everything_that_the_readme_shows_happens(tmp_path: Path) -> None:
    """Its files are written and its commands run, in order. The comment and the pictures are of the edit."""
    page = _page("README.md")
    comment = re.search(_COMMENT, page, re.S)
    assert comment
    steps = page[page.index("\n## Five minutes") : page.index("\n## How it works")]
    edited = steps.index("Applying it sends")
    with Reader(tmp_path) as reader:
        changes = {steps[:edited]: reader.follow(steps[:edited])}
        changes[comment[2]] = _quoted(reader.checked(comment[1], _unquoted(comment[2])))
        changes[steps[edited:]] = reader.follow(steps[edited:])
    drawn = [name for picture, printed in reader.pictures.items() for name in kept(picture, printed)]
    happened = page
    for shown, printed in changes.items():
        happened = happened.replace(shown, printed)
    if os.environ.get("RECONCILER_GOLDEN"):
        (ROOT / "README.md").write_text(happened, encoding="utf-8")
    else:
        assert happened == page, "look at what differs, then run `make golden`"
        assert drawn == [], "look at what differs, then run `make pictures`"


_TWO_ACCOUNTS = """<!-- https://assistants.example.com is http://127.0.0.1:8000 -->
<!-- https://staging.example.com is http://127.0.0.1:8001 -->
```console
$ reconciler serve --port 8000 --data production.db
…
$ reconciler serve --port 8001 --data staging.db
…
$ export ASSISTANTS_API_KEY=key-of-the-readme
$ export RECONCILER_AUTO_APPROVE=1
```
```sh
for server in https://assistants.example.com https://staging.example.com; do
  curl -sSf $server/v1/assistants -H 'OpenAI-Beta: assistants=v2' \\
    -H 'Content-Type: application/json' -d '{"name": "HR Helper", "model": "gpt-5.5"}'
done
```
"""


@pytest.mark.needs("curl")
def test_the_commands_of_the_readme_work_with_a_server(tmp_path: Path) -> None:
    text = _page("README.md").split("\n## Connect a server\n")[1].split("\n## ")[0]
    with Reader(tmp_path) as reader:
        reader.follow(_TWO_ACCOUNTS + text)


def test_every_picture_is_shown_light_and_dark_and_loads_nothing() -> None:
    drawn = {
        name for page in PAGES for name in re.findall("<!-- picture: ([a-z-]+) -->", page.read_text(encoding="utf-8"))
    }
    pairs = (f"{name}-{theme}.svg" for name in drawn for theme in ("dark", "light"))
    shown = [
        (page.parent / name).resolve()
        for page in PAGES
        for name in re.findall(r'src(?:set)?="([^"]+)"', page.read_text(encoding="utf-8"))
    ]

    assert sorted(pairs) == sorted(path.name for path in IMAGES.iterdir())
    assert sorted(shown) == sorted(IMAGES.iterdir())
    for path in IMAGES.iterdir():
        tags = set(re.findall(r"<(\w+)", path.read_text(encoding="utf-8")))
        assert tags == {"svg", "title", "rect", "g", "text"}, "a picture loads no font, style or other picture"


def test_the_readme_is_a_front_page() -> None:
    assert len(_page("README.md").splitlines()) < 200


def test_a_page_does_not_say_where_it_was_written() -> None:
    """No page names a folder of somebody's machine."""
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(?:home|root|tmp|work|Users)/", page.read_text(encoding="utf-8")), page
