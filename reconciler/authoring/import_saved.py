"""`reconciler import --from`: saved JSON becomes manifests, without a server or a key."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from reconciler.authoring.all_manifests import AllManifests, opened
from reconciler.authoring.converting import Goal, converted_item
from reconciler.authoring.import_folders import folders_for
from reconciler.authoring.import_output import ImportResult, finish, note_other_members, some_of
from reconciler.authoring.importing import ImportOptions, Item, import_objects
from reconciler.authoring.matching import Matched
from reconciler.authoring.responses_place import responses_place
from reconciler.canonical import Json
from reconciler.config import FILE, Config, Environment
from reconciler.console import credentials
from reconciler.console.failure import Failure, unreadable
from reconciler.console.output import stdout_style
from reconciler.diagnostics import Diagnostic
from reconciler.kinds import KINDS
from reconciler.kinds.headers import secret_headers
from reconciler.manifests.saved_objects import SavedObject, read_saved
from reconciler.model import Address, Desired, Live
from reconciler.paths import show
from reconciler.plan import marker as markers
from reconciler.plan.diff import differences
from reconciler.plan.importable import Left
from reconciler.plan.ownership import owner
from reconciler.providers.objects import live_object
from reconciler.render import Style
from reconciler.render.sentences import count, target_line
from reconciler.run.options import SessionOptions
from reconciler.run.session import choose_environment, load_config, stated_target, stop_at_errors

_STDIN = "-"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Becoming:
    """What saved assistants become; they stay assistants without a goal."""

    to: Goal | None = None
    strict: bool = False
    into: str | None = None
    """The environment for requests; else it is the only one, or one that is added."""


def import_saved(
    paths: Sequence[str], options: ImportOptions, session_options: SessionOptions, becoming: Becoming
) -> None:
    """Writes a manifest for each agent and assistant in the files, unless one has its id already.

    They exist in every environment, or in the one that is selected alone, as requests in the one for them.
    """
    style = stdout_style(colour=session_options.colour)
    loaded = load_config(style, anywhere=True)
    name = session_options.environment
    here = choose_environment(loaded, name, style, owns=False) if name is not None else None
    edits = Matched()
    if becoming.to == "responses":
        place = responses_place(loaded, here, becoming.into)
        loaded, here = place.config, place.environment
        edits = Matched(edited=place.edited, before=place.before)
    objects = _read(paths, style)
    repository = opened(loaded, here, style)
    lives = [_live(each) for each in _unknown(objects, repository, becoming)]
    _note_markers(lives)
    note_other_members(lives, "was left out of")
    items, left = _as_wanted([_item(live, repository) for live in lives], becoming)
    text = edits.edited.get(FILE)
    folders = folders_for(loaded, (item.live.kind for item in items), text)
    imported = import_objects(repository, items, folders, options, edits)
    edits = edits if imported.items else Matched()  # an environment for requests that nothing is in is not added
    folders = folders_for(loaded, (address.kind for address in imported.items), text)
    usual = here.name if here is not None else loaded.default_environment or next(iter(repository.others), None)
    then = f"reconciler plan -e {usual}" if usual is not None else "reconciler plan"
    title = _title_of(paths, loaded, here)
    result = ImportResult(title, imported, edits, folders, len(objects) - len(lives), left, then)
    finish(result, loaded.root, options, style)


def _unknown(objects: Sequence[SavedObject], repository: AllManifests, becoming: Becoming) -> list[SavedObject]:
    """The objects whose id is not in any manifest, as an id or a former one."""
    known = _known_ids(repository)
    kinds = ("agent",) if becoming.to == "agent" else ()
    return [
        each for each in objects if each.id is None or not known & {(kind, each.id) for kind in (each.kind, *kinds)}
    ]


def _as_wanted(items: Sequence[Item], becoming: Becoming) -> tuple[list[Item], list[Left]]:
    """The converted items, and those that cannot be converted."""
    to = becoming.to
    made = items if to is None else [converted_item(item, to, strict=becoming.strict) for item in items]
    return [each for each in made if isinstance(each, Item)], [each for each in made if isinstance(each, Left)]


def _read(paths: Sequence[str], style: Style) -> tuple[SavedObject, ...]:
    """Every object of the files, each once; problems are reported, and an error ends the command."""
    texts = {_shown(path): _text(path) for path in paths}
    files = [read_saved(text, name) for name, text in texts.items()]
    last: dict[tuple[str, str], SavedObject] = {}
    faults = [fault for file in files for fault in file.faults]
    for each in (each for file in files for each in file.objects):
        credentials.learn_found((f"{each.place}.{name}", text) for name, text in secret_headers(dict(each.raw)))
        identity = (each.kind, each.id or str(each.place))
        faults += _differing(last[identity], each) if identity in last else []
        last[identity] = each
    stop_at_errors(faults, texts, style, "nothing was written")
    return tuple(last.values())


def _shown(path: str) -> str:
    return "standard input" if path == _STDIN else path


def _text(path: str) -> str:
    """The text of a file, or of standard input; Windows may have written it as UTF-16."""
    try:
        raw = sys.stdin.buffer.read() if path == _STDIN else Path(path).read_bytes()
    except OSError as error:
        raise Failure(unreadable(path, error), "name files of JSON, or `-` for standard input") from error
    try:
        return raw.decode("utf-16" if raw.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failure(f"{_shown(path)} is not UTF-8: {error.reason}.", "save it as UTF-8") from error


def _differing(before: SavedObject, after: SavedObject) -> list[Diagnostic]:
    """The warning that an object was saved twice with differences; None if both are the same."""
    wanted = Desired(Address(after.kind, str(after.id)), _live(after).fields, after.place)
    paths = [show(each.path) for each in differences(wanted, _live(before), KINDS[after.kind])]
    if not paths:
        return []
    message = f"{after.id} is also in {before.place}, and differs in {some_of(paths)}."
    return [Diagnostic(after.place, "saved-twice", message, "the last one is imported", "warning")]


def _known_ids(repository: AllManifests) -> set[tuple[str, str]]:
    """The ids that manifests have or had in any environment, with their kinds."""
    every = [each for name in repository.names for each in repository.parsed(name).desired]
    return {(each.address.kind, id) for each in every for id in (each.id, *each.former_ids) if id is not None}


def _live(saved: SavedObject) -> Live:
    """The saved object; one without an id is identified by its location."""
    live = live_object(KINDS[saved.kind], {**saved.raw, "id": "-"})
    return replace(live, id=saved.id or str(saved.place), raw=saved.raw)


def _note_markers(lives: Iterable[Live]) -> None:
    """Prints a note that markers are not carried over, since the objects are created again."""
    owners = sorted({owner(each.marker) for each in lives if each.marker is not None})
    if owners:
        click.echo(f"Note: {count(len(owners), 'marker')} not carried over: {some_of(owners)}.", err=True)
    odd = sorted(each.id for each in lives if each.odd_marker)
    if odd:
        click.echo(f"Note: The metadata entry `reconciler` is reserved, and was left out of {some_of(odd)}.", err=True)


def _item(live: Live, repository: AllManifests) -> Item:
    """The object with its id as a former one, without what a server chose as far as its marker tells."""
    ids: dict[str, Json] = {"former_ids": [live.id]} if live.raw.get("id") == live.id else {}
    absent: dict[str, Json] = dict.fromkeys(repository.others, False) if repository.here is not None else {}
    fields = markers.less_unstated(live, KINDS[live.kind])[1] if live.marker is not None else live.fields
    return Item(replace(live, fields=fields, marker=None), {**ids, **({"environments": absent} if absent else {})})


def _title_of(paths: Sequence[str], loaded: Config, here: Environment | None) -> str:
    """Which environment the manifests are for, if only one, and which files they come from."""
    files = f"from {some_of([_shown(path) for path in paths])}"
    if here is None:
        return f"every environment, {files}"
    where = stated_target(here, loaded)
    return f"{target_line(where)}, {files}"
