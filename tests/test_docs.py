"""What the documents say is complete, leads somewhere, and happens when it is tried."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import click
import pytest

from reconciler.cli import COMMANDS, cli
from reconciler.config.form import EnvironmentForm, FileForm, Form, LimitsForm, ReconcileForm
from reconciler.diagnostics import CODES
from reconciler.kinds import KINDS
from reconciler.manifests.block import ReconcilerBlock
from reconciler.plan.guards import OBJECTIONS

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
each_command = pytest.mark.parametrize("name", COMMANDS)


def _page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _command(name: str) -> click.Command:
    found = importlib.import_module(f"reconciler.cli.{name}").command
    assert isinstance(found, click.Command)
    return found


def _options(command: click.Command) -> list[click.Option]:
    """Those that are offered."""
    return [parameter for parameter in command.params if isinstance(parameter, click.Option) and not parameter.hidden]


def _headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M)


def _section(name: str) -> str:
    """What docs/commands.md says of a command, and of the options that all share."""
    parts = re.split(r"^## ", _page("docs/commands.md"), flags=re.M)
    own = [part for part in parts if re.match(rf"`reconciler {name}\b", part)]
    assert len(own) == 1, f"docs/commands.md has a section on `{name}`"
    return own[0] + next(part for part in parts if part.startswith("Options"))


@each_command
def test_every_command_and_each_of_its_options_is_documented(name: str) -> None:
    text = _section(name)

    for option in _options(_command(name)):
        for word in (*option.opts, *option.secondary_opts):
            assert re.search(rf"`{re.escape(word)}\b", text), f"{name} {word}"


@each_command
def test_every_command_and_each_of_its_options_has_help(name: str) -> None:
    command = _command(name)

    assert command.help
    assert [option.opts for option in _options(command) if not option.help] == []


@each_command
def test_every_option_that_a_command_offers_does_something_there(name: str) -> None:
    """Its function reads what it is given; of what is handed over as one, its module reads each part."""
    command = _command(name)
    function = inspect.unwrap(command.callback)  # type: ignore[arg-type]  # a command calls something
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} | {"format"}  # kept with the context
    if "hand" in read:
        module = inspect.getsource(sys.modules[function.__module__])
        parts = {"timeout": "hand.timeout", "state_dir": "hand.state_dir", "color": "hand.colour"}
        by_manner = dict.fromkeys(("auto_approve", "parallelism", "input", "as_json", "json_into"), "ApplyOptions.by(")
        read |= {option for option, use in {**by_manner, **parts}.items() if use in module}

    assert [option.name for option in _options(command) if option.expose_value and option.name not in read] == []


def test_the_table_of_shared_options_says_which_commands_offer_them() -> None:
    offered = {name: {word for option in _options(_command(name)) for word in option.opts} for name in COMMANDS}
    shared = next(part for part in _page("docs/commands.md").split("\n## ") if part.startswith("Options"))
    for words, commands in re.findall(r"^\| (`-[^|]+) \| ([^|]+) \|", shared.partition("| commands |")[2], re.M):
        named = set(re.findall(r"`(\w+)`", commands))
        stated = set(COMMANDS) - named if commands.startswith("all but") else named
        option = re.findall(r"`(--[a-z-]+)", words.replace("`-e`, `", "`"))[0]
        assert {name for name in COMMANDS if option in offered[name]} == stated, option


@each_command
def test_every_variable_of_an_option_is_documented(name: str) -> None:
    variables = {str(option.envvar) for option in _options(_command(name)) if option.envvar}

    assert [variable for variable in sorted(variables) if f"`{variable}" not in _page("docs/commands.md")] == []


def test_the_options_before_a_command_are_documented() -> None:
    assert all(f"`{word}" in _page("docs/commands.md") for option in _options(cli) for word in option.opts)


def test_the_readme_names_every_command() -> None:
    assert all(f"`reconciler {name}" in _page("README.md") for name in COMMANDS)


def test_every_fault_and_every_objection_has_a_section() -> None:
    faults, objections = _page("docs/diagnostics.md").split("\n## Objections\n")

    assert sorted(re.findall(r"^#### `(.+)`$", faults, re.M)) == sorted(CODES)
    assert sorted(re.findall(r"^#### `(.+)`$", objections, re.M)) == sorted(OBJECTIONS)


def test_the_readme_names_every_objection() -> None:
    assert [code for code in OBJECTIONS if f"`{code}`" not in _page("README.md")] == []


@pytest.mark.parametrize("field", [*KINDS["assistant"].fields, *ReconcilerBlock.model_fields])
def test_every_field_of_a_manifest_is_documented(field: str) -> None:
    assert f"`{field}`" in _page("docs/manifest.md") or f"\n  {field}: " in _page("docs/manifest.md")


@pytest.mark.parametrize("form", [FileForm, EnvironmentForm, LimitsForm, ReconcileForm])
def test_every_field_of_the_configuration_is_documented(form: type[Form]) -> None:
    text = _page("docs/manifest.md").split("\n## `reconciler.yaml`\n")[1]

    assert [field for field in form.model_fields if not re.search(rf"(?<!\w){field}[`:]", text)] == []


def test_every_room_is_explained() -> None:
    modules = {path.stem if path.is_file() else f"{path.name}/" for path in (ROOT / "reconciler").iterdir()}
    modules -= {"__init__", "__main__", "__pycache__/", "py"}

    assert [name for name in sorted(modules) if f"`{name}`" not in _page("docs/architecture.md")] == []


def test_decisions_are_numbered_without_a_gap_and_dated() -> None:
    records = sorted((ROOT / "docs" / "decisions").iterdir())

    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for number, path in zip(count(1), records, strict=False):
        assert re.match(rf"# {number}\. .+\n\n\d{{4}}-\d\d-\d\d\n\n## Context\n", path.read_text(encoding="utf-8"))


def _slug(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


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
        assert not anchor or anchor in [_slug(one) for one in _headings(target.read_text(encoding="utf-8"))], anchor


def _blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """Every fenced block: the prose before it, its language, what is in it."""
    end = 0
    for match in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        yield text[end : match.start()], match[1], match[2]
        end = match.end()


def _pattern(told: str) -> re.Pattern[str]:
    """What was told, whatever the ids and durations; a line `…` stands for any lines."""
    lines = []
    for line in told.splitlines():
        exact = re.sub(r"asst_\w+", r"asst_\\w+", re.escape(line))
        lines.append("(?:.*\n)*?" if line == "…" else re.sub(r"\d\\\.\ds", r"\\d+\\.\\ds", exact) + "\n")
    return re.compile("".join(lines))


def _said(command: str, folder: Path) -> str:
    program, *words = shlex.split(command)
    assert program == "reconciler"
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", *words],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return done.stdout


def test_the_five_minutes_of_the_readme_happen_as_they_are_told(tmp_path: Path) -> None:
    story = _page("README.md").split("\n## Five minutes")[1].split("\n## ")[0]
    tried = 0
    for before, language, block in _blocks(story):
        if language == "console":
            for command, told in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block, re.M):
                said = _said(command, tmp_path)
                assert _pattern(told).fullmatch(said), f"$ {command}\n{said}"
                tried += 1
        else:
            path = tmp_path / re.findall(r"`(assistants/[\w./-]+)`", before)[-1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block, encoding="utf-8")
    assert tried >= 8


def test_a_page_does_not_say_where_it_was_written() -> None:
    """No page names a folder of somebody's machine."""
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(?:home|root|tmp|work|Users)/", page.read_text(encoding="utf-8")), page
