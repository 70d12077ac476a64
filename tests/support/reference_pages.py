"""The pages of docs/reference, made from the code: `make golden` writes them, and a test compares."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import click

from reconciler.authoring.editor_schemas import schema_text
from reconciler.cli import COMMANDS, cli, module_of
from reconciler.diagnostics import CODES
from reconciler.plan.objections import NEVER_ALLOWED, OBJECTIONS
from reconciler.rules import RULES

Schema: TypeAlias = dict[str, Any]
DOCS = Path(__file__).resolve().parents[2] / "docs"
_COMMANDS_HEAD = """# Commands and options

What `reconciler COMMAND --help` prints, of every command. [Commands](../commands.md) explains them, with examples, and
the [exit codes](../commands.md#exit-codes). `make golden` makes this page from the code: do not edit it.
"""
_VARIABLES_HEAD = """# Environment variables

Every option can be set by a variable; the command line wins. A switch is `1` or `0`, and a list has spaces between its values:
`RECONCILER_BASE=origin/main`, `RECONCILER_ALLOW="possible-duplicate conflict"`. `make golden` makes this page from the code: do not
edit it.
"""  # noqa: E501  # a page
_VARIABLES_FOOT = """
[`api_key: {env: NAME}`](../servers.md#every-server-over-http) says which variable holds the key of an environment."""
_CODES_HEAD = """# Codes

Every code of an error, a warning and an objection. [Diagnostics](../diagnostics.md) has a section on each, with its
remedy. `make golden` makes this page from the code: do not edit it.
"""
_PLAN_HEAD = """# The plan as JSON

What `plan --format json` prints and `plan --out FILE` saves. Minor versions of `format_version` only add members.
[Commands](../commands.md#the-json-document) says more. `make golden` makes this page from the JSON Schema, which
`reconciler schema plan` prints: do not edit it.
"""
_TYPE_WORDS = {
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "array": "list",
    "object": "mapping",
}
_OTHER_VARIABLES = {
    "`RECONCILER_LOG=debug`": "one line per request on stderr: method, path, status, duration, request id; never keys"
    " or bodies",
    "`NO_COLOR`, `TERM=dumb`": "no color",
    "`CI`": "no color, and `local` is not used by default",
    "`GITHUB_ACTIONS`, `GITHUB_OUTPUT`, `GITHUB_STEP_SUMMARY`, `GITHUB_WORKSPACE`": "[a job of GitHub"
    " Actions](../commands.md#in-a-job-of-github-actions)",
    "`GITHUB_TOKEN`, `GITHUB_REPOSITORY` and other variables of a job": "where `comment`, `allowed`, `reviewed`,"
    " `reconcile --issue` and `destroy --closed-pulls` find the code host",
    "`OPENAI_API_KEY`, `OPENAI_BASE_URL`, `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID`": "what `reconciler.yaml` omits for an"
    " environment of provider `openai`",
}


def command_of(name: str) -> click.Command:
    """The command that a name on the command line runs."""
    command = importlib.import_module(module_of(name)).command
    assert isinstance(command, click.Command)
    return command


def options_of(command: click.Command) -> list[click.Option]:
    """The options that help shows."""
    return [parameter for parameter in command.params if isinstance(parameter, click.Option) and not parameter.hidden]


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def table(*rows: Iterable[str]) -> str:
    """A table of Markdown; the first row is its head."""
    head, *others = (tuple(row) for row in rows)
    lines = [head, ("---",) * len(head), *others]
    return "".join(f"| {' | '.join(row)} |\n" for row in lines).rstrip("\n")


# Commands


def _value_of(option: click.Option) -> str:
    """What an option is followed by."""
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return " " + r"\|".join(option.type.choices)
    return f" {option.metavar or ('N' if isinstance(option.type, click.IntRange) else option.name.upper())}"


def _words_of(option: click.Option) -> str:
    *short, long = option.opts
    return ", ".join(f"`{word}`" for word in (*short, long + _value_of(option), *option.secondary_opts))


def _escaped(text: str) -> str:
    """Text whose asterisks outside of code are asterisks."""
    return "".join(part if part[:1] == "`" else part.replace("*", r"\*") for part in re.split(r"(`[^`]*`)", text))


def _help_of(option: click.Option) -> str:
    text = _escaped(option.help or "").replace("|", r"\|")
    return f"{text} Default: `{option.default}`." if option.show_default else text


def _variable_of(option: click.Option) -> str:
    if option.name in ("environment", "environments"):
        return "`RECONCILER_ENVIRONMENT`"
    return f"`{option.envvar}`" if option.envvar else ""


def _paragraphs(command: click.Command) -> Iterator[str]:
    """The text of a command's help; what is not to be rewrapped as a block."""
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        text = " ".join(part.split())
        yield f"```\n{part[1:].strip()}\n```" if part.startswith("\b") else _escaped(text)


def _usage(name: str, command: click.Command) -> str:
    return " ".join(["reconciler", name, *command.collect_usage_pieces(click.Context(command))])


def explained_in() -> dict[str, str]:
    """By command, the link to the section of docs/commands.md that explains it."""
    headings = re.findall(r"^## (`reconciler (\w+).*)$", (DOCS / "commands.md").read_text(encoding="utf-8"), re.M)
    return {name: f"../commands.md#{slug(heading)}" for heading, name in headings}


def _options_table(command: click.Command) -> str:
    rows = ((_words_of(each), _help_of(each), _variable_of(each)) for each in options_of(command))
    return table(("option", "", "variable"), *rows)


def commands_page() -> str:
    """Every command with its usage, its help and its options."""
    links = explained_in()
    parts = [
        _COMMANDS_HEAD,
        " · ".join(f"[`{name}`](#reconciler-{name})" for name in COMMANDS),
        "\n## Options before the command\n",
        _options_table(cli),
    ]
    for name in COMMANDS:
        command = command_of(name)
        parts += [f"\n## `reconciler {name}`\n", f"```\n{_usage(name, command)}\n```\n"]
        parts += [f"{paragraph}\n" for paragraph in _paragraphs(command)]
        parts += [f"[What it does, with examples]({links[name]})\n"] if name in links else []
        parts += [_options_table(command)] if options_of(command) else []
    return "\n".join(parts) + "\n"


# Variables


def _by_variable() -> dict[str, dict[str, list[str]]]:
    """By variable and the option it sets, the commands that have it."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, command in [("", cli), *((name, command_of(name)) for name in COMMANDS)]:
        for option in options_of(command):
            if variable := _variable_of(option):
                found.setdefault(variable, {}).setdefault(f"`{option.opts[-1]}`", []).append(name)
    return found


def variables_page() -> str:
    """Every variable that is read."""
    rows = [(variable, ", ".join(found), _readers(found)) for variable, found in sorted(_by_variable().items())]
    parts = [
        _VARIABLES_HEAD,
        "## Options\n",
        table(("variable", "option", "commands"), *rows),
        "\n## Others\n",
        table(("variable", ""), *_OTHER_VARIABLES.items()),
        _VARIABLES_FOOT,
    ]
    return "\n".join(parts) + "\n"


def _readers(found: dict[str, list[str]]) -> str:
    """The commands whose options are set by a variable."""
    names = dict.fromkeys(name for each in found.values() for name in each)
    return ", ".join(f"`{name}`" if name else "before the command" for name in names)


# Codes


def _code_row(code: str, *words: str) -> tuple[str, ...]:
    return (f"[`{code}`](../diagnostics.md#{slug(code)})", *words)


def _severity_row(code: str, sentence: str) -> tuple[str, ...]:
    text, _, remark = sentence.partition(" (a warning")
    more = remark.partition(")")[0].lstrip(",: ")
    return _code_row(code, "warning" if remark else "error", f"{text.rstrip('.')}.{f' ({more})' if more else ''}")


def codes_page() -> str:
    """Every code that a message or an objection carries."""
    overridden = {code: "no" if code in NEVER_ALLOWED else "yes" for code in OBJECTIONS}
    parts = [
        _CODES_HEAD,
        "## Errors and warnings\n",
        "They are about files. An error stops `plan`, `apply` and `reconcile`; a warning stops nothing.\n",
        table(("code", "severity", ""), *(_severity_row(*each) for each in sorted(CODES.items()))),
        "\n## Rules\n",
        (
            "`validate` alone reports them, but for errors, which stop `plan`, `apply` and `reconcile` too. "
            "[Each can be silenced](../diagnostics.md#judgement).\n"
        ),
        table(
            ("code", "severity", ""),
            *(_code_row(rule.code, rule.severity, rule.sentence) for _, rule in sorted(RULES.items())),
        ),
        "\n## Objections\n",
        "They are about a plan. Each blocks the changes that it names, until `--allow CODE` or a label overrides it.\n",
        table(
            ("code", "", "can be overridden"),
            *(_code_row(code, text, overridden[code]) for code, text in sorted(OBJECTIONS.items())),
        ),
    ]
    return "\n".join(parts) + "\n"


# The plan as JSON


def _types_of(schema: Schema) -> str:
    """What a value may be, in words."""
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(word).strip(chr(34))}`" for word in schema["enum"])
    types = schema.get("type", "any")
    words = " or ".join(_TYPE_WORDS.get(each, each) for each in ([types] if isinstance(types, str) else types))
    return f"list of {_types_of(schema['items'])}s" if types == "array" and not _within(schema) else words


def _within(schema: Schema) -> Schema:
    """The mapping whose members are to be shown: of the value itself, or of each in a list."""
    inner = schema.get("items", schema)
    return inner if isinstance(inner, dict) and inner.get("properties") else {}


def _sections(path: str, schema: Schema, shown: list[tuple[Schema, str]]) -> Iterator[str]:
    """A table of the members of a mapping, and one for each mapping within it that was not shown before."""
    required, rows, below = schema.get("required", []), [], []
    for name, member in schema["properties"].items():
        words, inner = member.get("description", ""), _within(member)
        own = f"{path}.{name}".lstrip(".") + "[]" * ("items" in member)
        if inner:
            known = next((other for each, other in shown if each == inner["properties"]), "")
            if not known:
                shown.append((inner["properties"], own))
                below.append((own, inner))
            words += f" [Members](#{slug(known or own)})."
        rows.append(
            (f"`{name}`", _types_of(member), words.replace("|", r"\|"), "" if name in required else "not always")
        )
    if path:
        yield f"\n## `{path}`\n"
    yield table(("member", "type", ""), *rows)
    for own, inner in below:
        yield from _sections(own, inner, shown)


def plan_json_page() -> str:
    """Every member of the plan's JSON document."""
    return "\n".join([_PLAN_HEAD, *_sections("", json.loads(schema_text("plan")), [])]) + "\n"


PAGES = {
    "commands.md": commands_page,
    "variables.md": variables_page,
    "codes.md": codes_page,
    "plan-json.md": plan_json_page,
}
