"""What an import says: the files as a tree, what was left and why, and what to do next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import click

from reconciler.model import Live
from reconciler.plan.importable import Left
from reconciler.render.file_tree import file_tree
from reconciler.render.sentences import count
from reconciler.render.style import Style
from reconciler.render.values import one_line
from reconciler.run.importing import Imported, ImportOptions

_NAMED = 20
"""How many objects of one reason are named."""


def show_files(imported: Imported, edited: Collection[str], style: Style) -> None:
    """Prints the files as a tree, each manifest with the name and the id of its object."""
    words = {imported.files[address]: _name_and_id(item.live) for address, item in imported.items.items()}
    words |= dict.fromkeys(edited, ("changed",))
    if files := {path: words.get(path, ()) for path in sorted({*imported.texts, *edited})}:
        click.echo("\n".join([*file_tree(files, style), ""]))


def summary(imported: Imported, edited: Collection[str], options: ImportOptions) -> str:
    """`3 manifests and 2 other files written.`"""
    manifests, others = len(imported.files), len(imported.texts) - len(set(imported.files.values()))
    parts = [
        count(manifests, "manifest") if manifests else "",
        count(others, "other file") if others else "",
        f"{count(len(edited), 'change')} to files that exist" if edited else "",
    ]
    named = " and ".join(part for part in parts if part)
    return f"{named} {'would be ' if options.dry_run else ''}written." if named else "There is nothing to import."


def say_what_was_left(left: Iterable[Left]) -> None:
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
