"""What may stand where an option or an argument is being typed: names from the folder, files, objection codes.

Each completer returns what begins with what is typed. Nothing is sent, and nothing is reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

Items: TypeAlias = list[CompletionItem]
Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], Items]
HARMLESS: Final = re.compile(r"[A-Za-z0-9._/:@=+,-]+")
"""A name that no shell acts on. The shell itself completes files that are called otherwise, and quotes them."""
_GLOB: Final = frozenset("*?[")


def environments(_context: click.Context, _parameter: click.Parameter, typed: str) -> Items:
    """The environments of the folder."""
    from reconciler.run.known_names import known_environments

    return _starting_with(typed, known_environments(Path.cwd()))


def keys(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """The keys of manifests; the addresses where a key has two kinds, or where no key begins so. Globs stay."""
    from reconciler.run.known_names import known_objects

    if _GLOB & set(typed):
        return []
    given = context.params.get(str(parameter.name)) or ()
    objects = [each for each in known_objects(Path.cwd()) if not {each.key, each.address} & set(given)]
    all_keys = [each.key for each in objects]
    by_key = {each.key if all_keys.count(each.key) == 1 else each.address: each.file for each in objects}
    by_address = {each.address: each.file for each in objects}
    return _starting_with(typed, by_key) or _starting_with(typed, by_address)


def keys_or_comparison(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """Keys, and in the first place two environments as `A..B`: the first, with the dots behind it, then the second."""
    from reconciler.run.known_names import known_environments

    if context.params.get(str(parameter.name)):
        return keys(context, parameter, typed)
    names = known_environments(Path.cwd())
    first, dots, _ = typed.partition("..")
    pairs = {f"{first}..{name}": text for name, text in names.items() if name != first}
    return _starting_with(typed, pairs if dots else {f"{name}..": text for name, text in names.items()}) + (
        keys(context, parameter, typed)
    )


def keys_or_files(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """Keys, and the files that may be saved plans; any file where a path is typed, or where no key begins so."""
    if "/" in typed or typed.startswith((".", "~")):
        return files(context, parameter, typed)
    plans = dict.fromkeys(
        sorted(name for path in Path.cwd().glob("*.json") if HARMLESS.fullmatch(name := path.name)), "file"
    )
    return [*keys(context, parameter, typed), *_starting_with(typed, plans)] or files(context, parameter, typed)


def runs(context: click.Context, _parameter: click.Parameter, typed: str) -> Items:
    """The runs that were recorded in the folder."""
    from reconciler.run.known_names import known_runs

    return _starting_with(typed, known_runs(Path.cwd(), context.params.get("state_dir")))


def stacks(context: click.Context, _parameter: click.Parameter, typed: str) -> Items:
    """The stacks of the runs that were recorded in the folder."""
    from reconciler.run.known_names import known_stacks

    return _starting_with(typed, known_stacks(Path.cwd(), context.params.get("state_dir")))


def workflows(_context: click.Context, _parameter: click.Parameter, typed: str) -> Items:
    """The workflows of the repository."""
    return _starting_with(typed, sorted(path.name for path in Path(".github/workflows").glob("*.y*ml")))


def runs_or_keys(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """The runs; keys where no run begins so, or where a commit is named to return to."""
    return ([] if context.params.get("to") else runs(context, parameter, typed)) or keys(context, parameter, typed)


def revisions(_context: click.Context, _parameter: click.Parameter, typed: str) -> Items:
    """The branches and tags of the repository."""
    from reconciler.run.known_names import known_revisions

    return _starting_with(typed, known_revisions(Path.cwd()))


def codes(context: click.Context, parameter: click.Parameter, typed: str) -> Items:
    """The objections that may be overridden."""
    from reconciler.plan.objections import NEVER_ALLOWED, OBJECTIONS

    given = context.params.get(str(parameter.name)) or ()
    return _starting_with(
        typed, {code: text for code, text in OBJECTIONS.items() if code not in {*NEVER_ALLOWED, *given}}
    )


def files(context: click.Context, _parameter: click.Parameter, typed: str) -> Items:
    """Any file: the shell itself knows them best, but for another folder than its own."""
    return _in_other_folder(typed) if _works_elsewhere(context) else [CompletionItem(typed, type="file")]


def folders(context: click.Context, _parameter: click.Parameter, typed: str) -> Items:
    """Any folder; the one to work in is seen from the shell's own."""
    if context.parent is None or not _works_elsewhere(context):
        return [CompletionItem(typed, type="dir")]
    return [item for item in _in_other_folder(typed) if item.value.endswith("/")]


def commands(_context: click.Context, _parameter: click.Parameter, typed: str) -> Items:
    """The commands."""
    from reconciler.cli import COMMANDS

    return _starting_with(typed, COMMANDS)


def schemas(_context: click.Context, _parameter: click.Parameter, typed: str) -> Items:
    """The names of the schemas."""
    from reconciler.authoring.editor_schemas import names

    return _starting_with(typed, names())


def _works_elsewhere(context: click.Context) -> bool:
    return context.find_root().get_parameter_source("chdir") is ParameterSource.COMMANDLINE


def _in_other_folder(typed: str) -> Items:
    folder, slash, name = typed.rpartition("/")
    start = Path(folder + slash).expanduser()
    paths = sorted(path for path in start.glob("*") if name.startswith(".") or not path.name.startswith("."))
    return _starting_with(typed, [f"{folder}{slash}{path.name}{'/' * path.is_dir()}" for path in paths])


BY_METAVAR: Final[Mapping[str, Completer]] = {
    "FILE": files,
    "DIR": folders,
    "FOLDER": folders,
    "REV": revisions,
    "COMMIT": revisions,
    "ENV": environments,
    "CODE": codes,
}
"""What completes an option whose value is called so in its help."""


def _starting_with(typed: str, values: Mapping[str, str] | Iterable[str]) -> Items:
    texts = values if isinstance(values, Mapping) else dict.fromkeys(values, "")
    found = ((value, text) for value, text in texts.items() if value.startswith(typed) and not value.startswith("-"))
    return [CompletionItem(value, help=text or None) for value, text in found]
