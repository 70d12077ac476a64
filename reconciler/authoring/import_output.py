"""The output of an import: the files as a tree, what was written, what was left and why, and the next step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.authoring.file_changes import write_files
from reconciler.authoring.import_folders import Folders
from reconciler.authoring.importing import Imported, ImportOptions
from reconciler.authoring.matching import Matched
from reconciler.kinds import KINDS
from reconciler.model import Live
from reconciler.plan.importable import Left
from reconciler.render.file_tree import file_tree
from reconciler.render.sentences import count
from reconciler.render.style import Style
from reconciler.render.values import one_line

SETTLE = "Next: settle each unresolved field, and take its word out of `reconciler.unresolved`."
_NAMED = 20
"""The most objects that are named for one reason."""
_LISTED = 3
"""The most items that a note names."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Everything that an import found and made."""

    title: str
    imported: Imported
    done: Matched
    folders: Folders
    managed: int
    """The number of objects that already have a manifest."""
    left: Sequence[Left]
    """What was not tried."""
    next: str
    """The command to run next."""

    @property
    def edited(self) -> dict[str, str]:
        """What is written beside the new manifests and their files."""
        return {**self.done.edited, **self.folders.edited}

    @property
    def before(self) -> dict[str, str]:
        """The files that exist and change, as they are."""
        return {**self.done.before, **self.folders.before}


def finish(result: ImportResult, root: Path, options: ImportOptions, style: Style) -> None:
    """Prints the files, writes them unless it is a dry run, and prints what was left."""
    imported, edited = result.imported, result.edited
    click.echo(f"{result.title}\n")
    for line in (*result.done.lines, *([""] if result.done.lines else [])):
        click.echo(line)
    _show_files(result, style)
    if not options.dry_run:
        write_files(root, {**imported.texts, **edited}, force=options.force, before=result.before)
    click.echo(_summary(result, options))
    if result.managed:
        click.echo(f"{result.managed} {'has' if result.managed == 1 else 'have'} a manifest already.")
    for line in _notes(result):
        click.echo(one_line(line), err=True)
    _print_left_objects((*result.left, *result.done.left, *imported.left))
    if any("unresolved" in item.own for item in imported.items.values()):
        click.echo(SETTLE)
    elif imported.texts or edited:
        click.echo(f"Next: {result.next}")


def note_other_members(lives: Iterable[Live], verb: str) -> None:
    """Prints a note about fields that manifests do not have, such as the `file_ids` of the first Assistants API."""
    found: dict[str, list[str]] = {}
    for live in lives:
        kind = KINDS[live.kind]
        for name in live.raw.keys() - {*kind.fields, *kind.set_by_server}:
            if live.raw[name] not in (None, "", [], {}):
                found.setdefault(name, []).append(live.id)
    for name, ids in sorted(found.items()):
        click.echo(f"Note: Manifests have no field `{one_line(name)}`; it {verb} {some_of(ids)}.", err=True)


def some_of(words: Sequence[str]) -> str:
    """The first of the words, and how many more there are."""
    more = f" and {len(words) - _LISTED} more" if len(words) > _LISTED else ""
    return ", ".join(map(one_line, words[:_LISTED])) + more


def _notes(result: ImportResult) -> Iterator[str]:
    """Notes and warnings about the files."""
    for address, item in result.imported.items.items():
        if isinstance(paths := item.own.get("unknown_members"), list):
            named = ", ".join(map(str, paths))
            yield f"Note: {address} keeps members that this version does not know: {named}."
        if isinstance(words := item.own.get("unresolved"), list):
            yield f"Note: {address} could not carry everything over; unresolved: {', '.join(map(str, words))}."
    for folder in result.folders.missing if result.imported.texts else ():
        yield f"Warning: `manifests` lists the folder {folder}, which does not exist: create it, or remove the entry."


def _show_files(result: ImportResult, style: Style) -> None:
    """Prints the files as a tree, each manifest with the name and the id of its object."""
    imported = result.imported
    words = {imported.files[address]: _name_and_id(item.live) for address, item in imported.items.items()}
    words |= dict.fromkeys(result.before, ("changed",))
    if files := {path: words.get(path, ()) for path in sorted({*imported.texts, *result.edited})}:
        click.echo("\n".join([*file_tree(files, style), ""]))


def _summary(result: ImportResult, options: ImportOptions) -> str:
    """`3 manifests and 2 other files written.`"""
    manifests = len(result.imported.files)
    new = len({*result.imported.texts, *result.edited} - result.before.keys()) - manifests
    parts = [
        count(manifests, "manifest") if manifests else "",
        count(new, "other file" if manifests else "new file") if new else "",
    ]
    verbs = "would be " if options.dry_run else ""
    written = f"{' and '.join(filter(None, parts))} {verbs}written" if any(parts) else ""
    changed = f"{count(len(result.before), 'file')} {verbs}changed" if result.before else ""
    return f"{', '.join(filter(None, (written, changed)))}." if written or changed else "There is nothing to import."


def _print_left_objects(left: Iterable[Left]) -> None:
    """Prints on standard error why objects were left, one line for a reason."""
    reasons: dict[str, list[Live]] = {}
    for each in left:
        reasons.setdefault(each.reason, []).append(each.live)
    for reason, objects in sorted(reasons.items()):
        were = "was" if len(objects) == 1 else "were"
        named = ", ".join(map(_named_object, objects[:_NAMED]))
        more = f" and {len(objects) - _NAMED} more" if len(objects) > _NAMED else ""
        click.echo(f"{len(objects)} {were} left: {named}{more}: {one_line(reason)}.", err=True)


def _named_object(live: Live) -> str:
    return f"{one_line(live.id)} ({one_line(live.name)})" if live.name else one_line(live.id)


def _name_and_id(live: Live) -> Sequence[str]:
    return tuple(word for word in (live.name, live.id) if word)
