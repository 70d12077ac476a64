"""Write the ids of managed objects into their manifests, so that they are found without a marker as well."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.console.credentials import hidden
from reconciler.console.failure import Failure
from reconciler.model import Desired, Live, Plan
from reconciler.plan.make import make_plan
from reconciler.plan.ownership import by_address, line_with_id, managed
from reconciler.render.sentences import count
from reconciler.render.values import one_line
from reconciler.run.addressing import addresses_named
from reconciler.run.planning import plan_context
from reconciler.run.session import Session, run_async, warn_of_lists
from reconciler.source import inserted

_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class _Pin:
    """A manifest without an id, and the object that it is to name."""

    desired: Desired
    live: Live

    @property
    def file(self) -> str:
        return self.desired.place.file


def write_pins(session: Session, word: str | None) -> int:
    """Writes the id of each managed object, or of those that are named, into its manifest, if that has none.

    What a run record knows to have lost its marker counts as managed. The exit code says whether every file was
    written.
    """
    if session.environment.settings.embedded or session.environment.borrowed:
        why = (
            "the ids of a preview are in no manifest" if session.environment.borrowed else "its ids are only known here"
        )
        raise Failure(f"No ids were written for {session.title}: {why}.", "pass -e NAME, without --stack")
    desired = session.desired()
    live, plan = run_async(_planned, session, desired)
    click.echo(f"# {session.title}, stack {session.where.stack}", err=True)
    pins = _missing_pins(session, desired, live, plan)
    if word is not None:
        known = {each.address for each in desired}
        chosen, _ = addresses_named((word,), known, session.title)
        pins = [pin for pin in pins if pin.desired.address in chosen]
    unwritten = [pin for file, some in sorted(_by_file(pins).items()) for pin in _write(session, file, some)]
    for pin in unwritten:
        line = f"write under `reconciler:`: {one_line(line_with_id(pin.live, session.where))}"
        click.echo(f"{pin.desired.place}: {pin.desired.address} was not written; {line}", err=True)
    click.echo(f"{count(len(pins) - len(unwritten), 'id')} written.")
    return 1 if unwritten else 0


async def _planned(session: Session, desired: Sequence[Desired]) -> tuple[tuple[Live, ...], Plan]:
    async with session.provider() as provider:
        live = await session.live(provider)
        warn_of_lists(provider)
        context = plan_context(session, provider, live, desired)
    return live, make_plan(desired, live, session.where, facts=context)


def _missing_pins(session: Session, desired: Iterable[Desired], live: Iterable[Live], plan: Plan) -> list[_Pin]:
    """Each manifest that names no id, and the one object that has its address."""
    carriers = by_address(managed(live, session.where))
    for lost in (each for each in plan.lost if each.certain):
        carriers.setdefault(lost.address, []).append(lost.live)
    without_id = [each for each in desired if each.id is None]
    return [_Pin(each, carriers[each.address][0]) for each in without_id if len(carriers.get(each.address, ())) == 1]


def _by_file(pins: Iterable[_Pin]) -> dict[str, list[_Pin]]:
    files: dict[str, list[_Pin]] = {}
    for pin in pins:
        files.setdefault(pin.file, []).append(pin)
    return files


def _write(session: Session, file: str, pins: Iterable[_Pin]) -> Iterator[_Pin]:
    """Writes the ids into one file, the last document first: what stands before it keeps its place.

    Yields what cannot be written.
    """
    path = (session.config.root / file).resolve()
    before = path.read_bytes().decode()
    text, mark = before.removeprefix(_BOM), _BOM if before.startswith(_BOM) else ""
    for pin in sorted(pins, key=lambda one: one.desired.place.line, reverse=True):
        id = pin.live.id
        keys = ("reconciler", "id", session.where.environment)
        edited = inserted(text, pin.desired.place, keys, id) if hidden().text(id) == id else None
        if edited is None:
            yield pin
        else:
            text = edited
            click.echo(f"{file}: {pin.desired.address} {one_line(id)}")
    if mark + text != before:
        _replace(path, mark + text)


def _replace(path: Path, text: str) -> None:
    """The file with another text, whole or not at all."""
    beside = path.with_name(f".{path.name}.writing")
    try:
        beside.write_bytes(text.encode())
        shutil.copymode(path, beside)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise Failure(f"Cannot write {path}: {error.strerror}.", "change its permissions") from error
