"""A folder becomes a repository of manifests: every file is made and read back first, and then all are written."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from reconciler import config
from reconciler.authoring.all_manifests import AllManifests, existing
from reconciler.authoring.editor_schemas import FOLDER as SCHEMAS
from reconciler.authoring.editor_schemas import modeline, schema_files
from reconciler.authoring.file_changes import write_files
from reconciler.authoring.init_output import InitResult, print_result
from reconciler.authoring.init_questions import InitOptions
from reconciler.authoring.init_workflows import repository_workflows
from reconciler.authoring.new_files import NewFiles, text_or_none
from reconciler.authoring.surroundings import Surroundings
from reconciler.config import FILE, Config
from reconciler.config.values import DEFAULT_STACK
from reconciler.console.configuration import loaded_configuration, read_configuration
from reconciler.console.failure import Failure
from reconciler.diagnostics import Diagnostic, errors
from reconciler.drafts.agents_md import MarkerError, with_section
from reconciler.drafts.first_files import (
    IGNORED,
    FirstConfiguration,
    completed,
    example,
    in_turn,
    usual_kind,
    with_ignored,
)
from reconciler.kinds import KINDS
from reconciler.manifests import reading
from reconciler.model import NAME, NAME_RULE
from reconciler.providers.local import DATABASE
from reconciler.render import Style
from reconciler.run.git import repository
from reconciler.run.neighbors import extending_folders
from reconciler.run.session import stop_at_errors
from reconciler.source import fields

_NOTES: Final = "AGENTS.md"
_OWN_FOLDER: Final = "reconciler"
"""Where manifests are if the usual folder has other things."""


def initialize(options: InitOptions, around: Surroundings, style: Style) -> None:
    """Writes what the folder lacks and was asked for, and says what to do next."""
    files = NewFiles(around.folder)
    loaded = _stated_here(around, style)
    is_new = loaded is None
    if loaded is None:
        loaded = _begin(files, options, around, style)
    folders = _folders_below(loaded, around) if not is_new else ()
    if options.agents_md:
        files.change(_NOTES, lambda before: _with_notes(before, loaded, folders))
    planned = repository_workflows(loaded, folders, options, around) if options.workflows else None
    if planned is not None:
        files = files.seen_from(planned.top, around.inside)
        files.add(planned.texts, planned.without_action)
    if not options.dry_run:
        inside = f"{around.inside}/" if planned is not None and around.inside else ""
        write_files(files.root, files.texts, before=files.before, last=f"{inside}{FILE}")
    print_result(InitResult(loaded, folders, files, planned, is_new), options, style)


def _stated_here(around: Surroundings, style: Style) -> Config | None:
    """The configuration of a folder that is initialized; None for another."""
    if config.find(around.folder) != around.folder / FILE:
        return None
    found = loaded_configuration(around.folder)
    stop_at_errors(found.faults, found.sources, style, "nothing was written")
    if found.config is None:
        raise Failure("There is no configuration.")
    for faults in found.config.broken.values():
        stop_at_errors(faults, found.sources, style, "nothing was written")
    return found.config


def _folders_below(loaded: Config, around: Surroundings) -> tuple[str, ...]:
    """The folders below this one that share its configuration and have the stacks, as seen from here."""
    inside = f"{around.inside}/" if around.inside else ""
    return tuple(each.removeprefix(inside) for each in extending_folders(loaded) if each.startswith(inside))


def _begin(files: NewFiles, options: InitOptions, around: Surroundings, style: Style) -> Config:
    """Adds the first files of a folder; the configuration that they come to."""
    above = _file_above(options, around)
    stack = _new_stack(options, around)
    environments = completed(options.environments, stack) if options.environments else ()
    kind = options.kind or usual_kind(environments)
    folder, has_manifests = _manifest_folder(around.folder, kind)
    schemas = _schemas_of(above, around.folder)
    line = partial(modeline, folder=schemas)
    was_tried = has_manifests and (around.folder / ".reconciler" / DATABASE).exists()
    first = FirstConfiguration(stack, environments, above, folder, was_tried)
    loaded = _read_back(first.text(line), around.folder)
    files.add({FILE: first.text(line), **(schema_files() if schemas == SCHEMAS else {})})
    if not _is_ignored(around):
        files.change(".gitignore", with_ignored)
    if options.has_example is not False and not has_manifests:
        absent = [name for name, each in loaded.environments.items() if not each.settings.embedded]
        texts = example(folder or KINDS[kind].plural, options.layout or "yaml", absent, line)
        _read_example_back(loaded, texts, style)
        files.add(texts)
    return loaded


def _file_above(options: InitOptions, around: Surroundings) -> str | None:
    """The `reconciler.yaml` of a folder above in the same repository, which the new one extends."""
    above = config.find(around.folder)
    if above is not None and options.stack is None:
        remedy = f"for that one: `reconciler -C {above.parent} init`\nto begin another stack here, pass --stack NAME"
        raise Failure(f"This folder belongs to {above}.", remedy)
    is_shared = above is not None and around.top is not None and above.resolve().is_relative_to(around.top)
    return Path(os.path.relpath(above, around.folder)).as_posix() if above is not None and is_shared else None


def _schemas_of(above: str | None, root: Path) -> str:
    """The folder of editor schemas: that beside the file above, if there is one; else one of its own."""
    shared = posixpath.join(posixpath.dirname(above), SCHEMAS) if above is not None else SCHEMAS
    return shared if (root / shared).is_dir() else SCHEMAS


def _new_stack(options: InitOptions, around: Surroundings) -> str:
    if ".git" in around.folder.parts:
        raise Failure("This folder is a part of Git's own data.", "run it in the folder that has the `.git`")
    if (around.folder / "reconciler.yml").exists():
        raise Failure("reconciler.yml is not read.", f"rename it to {FILE}")
    stack = options.stack or around.stack
    if not NAME.fullmatch(stack) or stack == DEFAULT_STACK:
        remedy = f"use {NAME_RULE}, and not `{DEFAULT_STACK}`"
        raise Failure(f"{stack!r} is not a name for a stack.", remedy)
    return stack


def _manifest_folder(root: Path, kind: str) -> tuple[str | None, bool]:
    """The folder of manifests where the usual one has other things; and whether there are manifests already."""
    usual = KINDS[kind].plural
    there = [plural for plural in sorted(each.plural for each in KINDS.values()) if (root / plural).is_dir()]
    is_taken = (root / usual).exists() and usual not in there
    read = reading.read(root, there)
    if any("model" in fields(manifest.node) for manifest in read.manifests):
        return None, True
    foreign = bool(is_taken or read.manifests or errors(read.faults))
    return f"{_OWN_FOLDER}/{usual}" if foreign else None, False


def _read_back(text: str, root: Path) -> Config:
    """The configuration as a plan will read it; ends the command where an option leads to an error."""
    found = read_configuration(text, root)
    broken = found.config.broken.values() if found.config is not None else ()
    faults = [*errors(found.faults), *(fault for each in broken for fault in each)]
    if found.config is None or faults:
        raise Failure("This leads to an error; nothing was written.", "\n".join(map(_described, faults)))
    return found.config


def _described(fault: Diagnostic) -> str:
    return f"{fault.message} {fault.remedy}".strip()


def _read_example_back(loaded: Config, texts: Mapping[str, str], style: Style) -> None:
    """Ends the command where a plan would find an error in the example."""
    folders = dict.fromkeys((*existing(loaded, loaded.manifests), *(path.partition("/")[0] for path in texts)))
    manifests = AllManifests(loaded, None, reading.read(loaded.root, ())).with_files(texts, tuple(folders))
    faults = [fault for name in loaded.environments for fault in manifests.parsed(name).faults]
    stop_at_errors((*manifests.read.faults, *faults), texts, style, "nothing was written")


def _is_ignored(around: Surroundings) -> bool:
    """Whether Git ignores already what is kept beside the checkout."""
    if IGNORED in (text_or_none(around.folder, ".gitignore") or "").split():
        return True
    git = repository(around.folder)
    path = f"{git.inside}{IGNORED}" if git is not None else ""
    found = git.text("check-ignore", "--verbose", "--no-index", "--", path) if git is not None else ""
    return bool(found) and not found.startswith(path)  # that folder has a file of its own, once it is there


def _with_notes(before: str | None, loaded: Config, below: Sequence[str]) -> str:
    """`AGENTS.md` with the section; with `below`, manifests are in these folders, which share the configuration."""
    folders = " and ".join(f"`{folder}/`" for folder in below or _folders_of(loaded))
    where = f", in the folder of the team (`reconciler -C {shlex.quote(below[0])} …`)" if below else ""
    servers = in_turn([name for name, each in loaded.environments.items() if each.settings.remote])
    try:
        return with_section(before, folders, f" -e {servers[-1]}" if servers else "", where)
    except MarkerError as error:
        remedy = "remove what is left of the section with its markers, and run this again"
        raise Failure(f"{_NOTES} has the markers of the section, but not each once and in pairs.", remedy) from error


def _folders_of(loaded: Config) -> Iterator[str]:
    usual = {kind.plural for kind in KINDS.values()}
    yield from sorted(usual) if set(loaded.manifests) <= usual else loaded.manifests
