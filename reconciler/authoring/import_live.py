"""`reconciler import` from a server: what is live and has no manifest becomes one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

import click

from reconciler import config
from reconciler.authoring.all_manifests import AllManifests, opened
from reconciler.authoring.import_folders import first_configuration, first_stack, folders_for
from reconciler.authoring.import_output import ImportResult, finish, note_other_members
from reconciler.authoring.importing import ImportOptions, Item, import_objects
from reconciler.authoring.matching import Matched, matched
from reconciler.canonical import Json
from reconciler.config import FILE
from reconciler.console.configuration import current_configuration
from reconciler.console.failure import Failure
from reconciler.diagnostics import did_you_mean
from reconciler.kinds import KINDS
from reconciler.model import Live
from reconciler.plan import marker as markers
from reconciler.plan.guards import unreliable_list
from reconciler.plan.importable import Candidates, candidates
from reconciler.plan.ownership import is_ours
from reconciler.run.neighbors import stop_in_base
from reconciler.run.options import SessionOptions
from reconciler.run.session import Session, open_session, run_async


def import_live(session: Session, words: Sequence[str], options: ImportOptions) -> None:
    """Writes a manifest for every live object that has none, or for those that the words name."""
    stop_in_base(session.config)
    repository = opened(session.config, session.environment, session.style)
    unowned = config.unowned(session.config, session.environment)
    if unowned is not None and session.config.file is not None:
        click.echo(f"Warning: {unowned.message}\n  {unowned.remedy}", err=True)
    import_read(session, repository, run_async(_reliably_read, session), words, options)


def session_to_import_from(options: SessionOptions) -> Session:
    """The selected environment; in an empty folder, the failure names those that need no configuration."""
    try:
        return open_session(options, owns=False)
    except Failure as failure:
        loaded = current_configuration().config
        if loaded is None or loaded.environments or options.environment is not None:
            raise
        ways = " or ".join(f"`reconciler import -e {name}`" for name in loaded.implied)
        remedy = f"start with {ways}, which writes one; or run it in the repository, or pass its folder with `-C DIR`"
        raise Failure(failure.message, remedy) from failure


def import_read(
    session: Session, repository: AllManifests, live: Sequence[Live], words: Sequence[str], options: ImportOptions
) -> None:
    """The same, once the live objects were read."""
    pairs = _pairs(words, live)
    every = candidates(
        live,
        repository.parsed(session.where.environment).desired,
        session.where,
        absent=repository.parsed(session.where.environment).absent,
        pinned=repository.pinned_elsewhere(),
    )
    found = _selected(every, [word for word in words if not _is_pair(word, live)], pairs.values(), session.title)
    done = matched(session, repository, found, every, pairs) if repository.read.manifests or pairs else Matched()
    elsewhere = done.handled | {each.live.identity for each in done.left}
    items = [_item(one, session, repository) for one in found.importable if one.identity not in elsewhere]
    folders = folders_for(session.config, (item.live.kind for item in items), done.edited.get(FILE))
    imported = import_objects(repository, items, folders, options, done)
    folders = folders_for(session.config, (address.kind for address in imported.items), done.edited.get(FILE))
    stack = session.where.stack
    if session.config.file is None and imported.items and not session.environment.settings.embedded:
        stack = first_stack(session.config)
        folders = replace(folders, edited={FILE: first_configuration(session.config, session.environment, stack)})
    title, then = f"{session.title}, stack {stack}", f"reconciler plan -e {session.where.environment}"
    managed = [one for one in found.managed if one.identity not in done.handled]
    left = [each for each in found.left if each.live.identity not in done.handled]
    result = ImportResult(title, imported, done, folders, len(managed), left, then)
    note_other_members((item.live for item in imported.items.values()), "stays on the server in")
    finish(result, session.config.root, options, session.style)


async def _reliably_read(session: Session) -> tuple[Live, ...]:
    """Every live object; a list that contradicts itself ends the command, since missing objects would be lost."""
    async with session.provider() as provider:
        live = await session.live(provider)
    for note in session.stated_and_gone(provider):
        click.echo(f"Note: {note}", err=True)
    for kind, fault in sorted(provider.unreliable.items()):
        message = f"{session.title}: {unreliable_list(kind, fault)} Nothing was written."
        raise Failure(
            message, "fix the server's paging; if other programs create and delete there now, try again later"
        )
    return live


def _pairs(words: Sequence[str], live: Collection[Live]) -> dict[str, str]:
    """The id for each key that a person paired."""
    pairs: dict[str, str] = {}
    for key, id in (word.split("=", 1) for word in words if _is_pair(word, live)):
        if pairs.setdefault(key, id) != id:
            raise Failure(f"{key} is paired with several live objects.", "pair each manifest with one")
    return pairs


def _is_pair(word: str, live: Collection[Live]) -> bool:
    """Whether a word gives an id to a key."""
    return "=" in word and any(each.id == word.split("=", 1)[1] for each in live)


def _selected(every: Candidates, words: Sequence[str], ids: Collection[str], title: str) -> Candidates:
    """The objects that the words and ids name; all of them by default."""
    if not words and not ids:
        return every
    objects = [*every.importable, *every.managed, *(each.live for each in every.left)]
    chosen = {one.identity for one in objects if one.id in ids}
    for word in words:
        hits = [one for one in objects if word in _names_of(one)]
        hits = hits or [one for one in objects if any(fnmatchcase(name, word) for name in _names_of(one))]
        if not hits:
            known = {name for one in objects for name in _names_of(one)}
            remedy = _pair_meant(words, known) or did_you_mean(word, known)
            raise Failure(f"{title} has no agent or assistant called {word!r}.", remedy)
        chosen |= {one.identity for one in hits}
    return Candidates(
        importable=tuple(one for one in every.importable if one.identity in chosen),
        managed=tuple(one for one in every.managed if one.identity in chosen),
        left=tuple(each for each in every.left if each.live.identity in chosen),
    )


def _pair_meant(words: Sequence[str], known: Collection[str]) -> str:
    """How to pair a key with an id, where they stand apart as Terraform has them."""
    is_pair = len(words) == 2 and words[0] not in known and words[1] in known
    return f"to pair a manifest with an object, write `{words[0]}={words[1]}`" if is_pair else ""


def _names_of(one: Live) -> Iterator[str]:
    """The words that name an object: its id, its name, and its key and address if it has a marker."""
    yield one.id
    if one.name is not None:
        yield one.name
    if one.marker is not None:
        yield from (one.address.key, str(one.address))


def _item(live: Live, session: Session, repository: AllManifests) -> Item:
    """The object with the block for its environments; one with our marker needs no id."""
    absent: dict[str, Json] = dict.fromkeys(repository.others, False)
    elsewhere: dict[str, Json] = {"environments": absent} if absent else {}
    if live.marker is None or not is_ours(live, session.where):
        return Item(live, {"id": {session.where.environment: live.id}, **elsewhere})
    _, fields = markers.less_unstated(live, KINDS[live.kind])
    kept: dict[str, Json] = {"on_removal": live.marker.on_removal} if live.marker.on_removal != "delete" else {}
    return Item(replace(live, fields=fields), {**kept, **elsewhere}, key=live.marker.key)
