"""The output of `reconciler init`: the files as a tree, what was kept, and what to do next."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from reconciler.authoring.editor_schemas import FOLDER as SCHEMAS
from reconciler.authoring.init_questions import InitOptions
from reconciler.authoring.init_workflows import PlannedWorkflows
from reconciler.authoring.new_files import NewFiles
from reconciler.config import FILE, LOCAL, Config
from reconciler.drafts.first_files import KEY, in_turn
from reconciler.drafts.workflows import ACTION, WRITTEN, steps_on_github
from reconciler.render import Style
from reconciler.render.file_tree import file_tree
from reconciler.render.sentences import count, target_line
from reconciler.render.values import one_line
from reconciler.run.session import stated_target


@dataclass(frozen=True, slots=True)
class InitResult:
    """What was written, and what stays to be done."""

    config: Config
    folders: Sequence[str]
    """The folders below that share the configuration, and have the stacks."""
    files: NewFiles
    workflows: PlannedWorkflows | None
    is_new: bool
    """Whether the folder had no `reconciler.yaml`."""

    @property
    def has_manifests(self) -> bool:
        """Whether there are manifests, or other files where they would be."""
        folders = (self.config.root / folder for folder in self.config.manifests)
        return any(f"/{KEY}." in path for path in self.files.texts) or any(
            any(folder.iterdir()) for folder in folders if folder.is_dir()
        )


def print_result(result: InitResult, options: InitOptions, style: Style) -> None:
    """Prints where manifests are applied, what was written, and what to do next."""
    click.echo(f"{_stacks(result.config)}\n")
    if result.files.texts:
        words = {path: ("changed",) if path in result.files.before else () for path in sorted(result.files.texts)}
        click.echo("\n".join([*file_tree(words, style), ""]))
    click.echo(_done(result, options))
    click.echo("\nNext:")
    for command in _next_commands(result):
        click.echo(f"  {command}")
    if result.workflows is not None:
        click.echo("\nOn GitHub, once, in the settings of the repository:")
        for number, step in enumerate(steps_on_github(result.workflows.setup), 1):
            click.echo(f"  {number}. {step}")
    for note in _all_notes(result, options):
        click.echo("\n".join(map(one_line, note.split("\n"))), err=True)


def _stacks(loaded: Config) -> str:
    """Every environment with its address and its stack."""
    targets = (stated_target(each, loaded) for each in loaded.environments.values())
    return "\n".join(one_line(target_line(where)) for where in targets)


def _done(result: InitResult, options: InitOptions) -> str:
    verb = "would be " if options.dry_run else ""
    new, changed = len(result.files.texts) - len(result.files.before), len(result.files.before)
    parts = [
        f"{count(new, 'file')} {verb}written" if new else "",
        f"{count(changed, 'file')} {verb}changed" if changed else "",
    ]
    done = ", ".join(filter(None, parts))
    there = "" if result.is_new else f"This folder is initialized: {FILE} exists and stays as it is. "
    return f"{there}{done}." if done else f"{there}There is nothing to add."


def _all_notes(result: InitResult, options: InitOptions) -> Iterator[str]:
    """What was not done as it was asked for, and why."""
    for path, text in result.files.kept.items():
        yield f"Note: {path} exists with other content, and stays as it is.{_replaces(path, text)}"
    if result.workflows is not None:
        yield from _notes_of_workflows(result.workflows, result.files.kept)
    if not result.is_new:
        yield from _notes_of_stated(result.config, options)
    if options.workflows and result.workflows is None:
        yield "Note: No workflow was written, because this repository is on GitLab; docs/ci.md has a pipeline for it."


def _replaces(path: str, text: str) -> str:
    """What replaces a file that was kept, if this program wrote it."""
    if path.startswith(f"{SCHEMAS}/"):
        return " `reconciler schema --write` replaces it."
    return " To replace it, delete it and run this again." if WRITTEN in text else ""


def _notes_of_stated(loaded: Config, options: InitOptions) -> Iterator[str]:
    stacks = {each.stack for each in loaded.environments.values()}
    if options.stack is not None and options.stack not in stacks:
        yield f"Note: --stack {options.stack} has no effect: {FILE} names another one."
    for each in options.environments:
        if each.name not in loaded.environments:
            url = f", base_url: {each.url}" if each.url is not None else ""
            line = f"  {each.name}: {{provider: {each.provider}{url}, api_key: {{env: NAME}}}}"
            yield f"Note: {FILE} has no environment `{each.name}`; add it below `environments`:\n  {line}"


def _notes_of_workflows(workflows: PlannedWorkflows, kept: Mapping[str, str]) -> Iterator[str]:
    plan = workflows.setup.file("plan")
    if any(path.endswith(f"/{plan}") and "command: plan" not in text for path, text in kept.items()):
        yield f"Warning: {plan} does not plan, and the others need one that does: rename it, and run this again."
    if workflows.lacks_action and any(ACTION in kept.get(path, text) for path, text in workflows.texts.items()):
        yield (
            "Warning: The workflows do not run yet, because this installation does not know the address of its action."
            "\n  Replace OWNER and COMMIT in each line `uses: OWNER/…@COMMIT`, or run this again with both:"
            f"\n  reconciler init --workflows --action {ACTION}"
        )
    for name in workflows.left:
        yield f"Note: The workflows leave out {name}, a folder of this repository: see docs/responses.md#the-workflow."
    for name in workflows.signs_in:
        yield f"Note: A command prints the key of {name}: add the step that signs in to its jobs, before the action."


def _next_commands(result: InitResult) -> tuple[str, str, str]:
    """Three commands that work as printed."""
    chdir = click.get_current_context().find_root().params.get("chdir") or ""
    folder = posixpath.join(chdir, *result.folders[:1])
    program = f"reconciler -C {shlex.quote(folder)}" if folder else "reconciler"
    environments = result.config.environments.items()
    servers = in_turn([name for name, each in environments if each.settings.remote])
    is_needed = (
        servers and result.config.default_environment is None and result.config.environments[LOCAL].place is None
    )
    if result.has_manifests or result.folders or not servers:
        where = f" -e {servers[0]}" if is_needed else ""
        return f"{program} validate", f"{program} plan{where}", f"{program} apply{where}"
    name = servers[0]
    return f"{program} doctor -e {name}", f"{program} import -e {name}", f"{program} plan -e {name}"
