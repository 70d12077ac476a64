"""Write the schemas that editors read, and the comments by which they are found."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import click

from reconciler import config
from reconciler.authoring.editor_schemas import (
    is_written_here,
    modeline,
    names,
    schema_files,
    schema_text,
    with_modelines,
)
from reconciler.authoring.file_changes import text_of, write_files
from reconciler.authoring.new_files import NewFiles
from reconciler.config import FILE
from reconciler.console.failure import Failure
from reconciler.console.output import stdout_style
from reconciler.diagnostics import did_you_mean, errors
from reconciler.manifests import reading
from reconciler.manifests.disk import YAML
from reconciler.render.sentences import count
from reconciler.render.values import one_line
from reconciler.run.session import load_config

_MARKDOWN = "editors read no schema for front matter"
_UNREAD = "it has errors, which `reconciler validate` shows"
_BESIDE = "a document begins beside its `---`; put it on a line of its own"


def print_schema(name: str) -> None:
    """Prints the schema of this name."""
    if name not in names():
        raise Failure(f"There is no schema `{name}`.", did_you_mean(name, names()))
    click.echo(schema_text(name), nl=False)


def write_schemas(folder: str, *, has_modelines: bool) -> None:
    """Writes the schemas, and modelines if they are wanted; never over a file that something else wrote."""
    folder = posixpath.normpath(folder)
    found = config.find(Path.cwd())
    root = found.parent if found is not None else Path.cwd()
    schemas = schema_files(folder)
    files = NewFiles(root)
    files.add(schemas)
    if foreign := [path for path, text in files.kept.items() if not is_written_here(text)]:
        remedy = "\n".join((*foreign, "nothing was written; move them, or name another folder: `--write FOLDER`"))
        raise Failure(f"{count(len(foreign), 'file')} not written by this command:", remedy)
    files.replace({path: schemas[path] for path in files.kept})
    texts, skipped = _with_modelines(folder) if has_modelines else ({}, {})
    files.replace(texts)
    write_files(root, files.texts, before=files.before)
    _print_written(files.texts, schemas, skipped)


def _print_written(changed: Iterable[str], schemas: Iterable[str], skipped: dict[str, str]) -> None:
    ours = set(schemas)
    for path in sorted(changed):
        click.echo(f"{one_line(path)}: {'written' if path in ours else 'modeline added'}")
    for path, why in sorted(skipped.items()):
        click.echo(f"{one_line(path)}: no modeline, because {why}", err=True)
    written = len(ours & set(changed))
    lines = len(set(changed) - ours)
    click.echo(f"{count(written, 'schema')} written, {count(lines, 'file')} with new modelines.")


def _with_modelines(folder: str) -> tuple[dict[str, str], dict[str, str]]:
    """The files that may have modelines, with their texts; and those that cannot have one, with the reason."""
    loaded = load_config(stdout_style(), anywhere=True)
    wanted: dict[str, list[tuple[int, str]]] = {}
    read = reading.read(loaded.root, loaded.manifests)
    for each in read.manifests:
        line = modeline(each.file, folder, kind=each.address.kind)
        wanted.setdefault(each.file, []).append((each.node.place.line, line))
    texts: dict[str, str] = {}
    skipped = {fault.place.file: _UNREAD for fault in errors(read.faults) if _is_yaml(fault.place.file)}
    skipped |= {file: _MARKDOWN for file in wanted if not _is_yaml(file)}
    if (loaded.root / FILE).exists():
        wanted[FILE] = [(1, modeline(FILE, folder))]
    for file in wanted.keys() - skipped.keys():
        text = with_modelines(text_of(loaded.root, file), wanted[file])
        if text is None:
            skipped[file] = _BESIDE
        else:
            texts[file] = text
    return texts, skipped


def _is_yaml(file: str) -> bool:
    return PurePosixPath(file).suffix.lower() in YAML
