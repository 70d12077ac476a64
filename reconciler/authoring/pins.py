"""Write the ids of managed objects into their manifests, so that they are found without a marker as well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

from reconciler.authoring.file_changes import text_of, write_files
from reconciler.console.credentials import hidden
from reconciler.console.failure import Failure
from reconciler.model import Desired, Live, Plan, Target
from reconciler.plan.make import make_plan
from reconciler.plan.ownership import by_address, line_with_id, managed
from reconciler.render.sentences import count, target_line
from reconciler.render.values import one_line
from reconciler.run.addressing import addresses_named
from reconciler.run.planning import plan_context
from reconciler.run.session import Session, run_async, warn_of_lists
from reconciler.source import Edit, edited


@dataclass(frozen=True, slots=True)
class _Pin:
    """A manifest without an id, and the object that it is to name, if it is only one."""

    desired: Desired
    carriers: Sequence[Live]

    @property
    def file(self) -> str:
        return self.desired.place.file

    def remedy(self, where: Target) -> str:
        """What to do where the id cannot be written."""
        if len(self.carriers) > 1:
            return "several live objects have this address, and `reconciler plan` names them"
        return f"write under `reconciler:`: {one_line(line_with_id(self.carriers[0], where))}"


def write_pins(session: Session, word: str | None) -> int:
    """Writes the id of each managed object, or of those that are named, into its manifest, if that has none.

    What a run record knows to have lost its marker counts as managed. The exit code says whether every file was
    written.
    """
    if session.environment.settings.embedded or session.environment.borrowed:
        why = "the ids of a preview are in no manifest" if session.environment.borrowed else "its data is only here"
        raise Failure(f"No ids were written for {session.title}: {why}.", "pass -e NAME, without --stack")
    desired = session.desired()
    live, plan = run_async(_planned, session, desired)
    click.echo(f"# {target_line(session.where)}", err=True)
    pins = _missing_pins(session, desired, live, plan)
    if word is not None:
        known = {each.address for each in desired}
        chosen, _ = addresses_named((word,), known, session.title)
        pins = [pin for pin in pins if pin.desired.address in chosen]
    unwritten = [pin for file, some in sorted(_by_file(pins).items()) for pin in _write(session, file, some)]
    for pin in unwritten:
        remedy = pin.remedy(session.where)
        click.echo(f"{pin.desired.place}: the id of {pin.desired.address} was not written; {remedy}", err=True)
    click.echo(f"{count(len(pins) - len(unwritten), 'id')} written.")
    return 1 if unwritten else 0


async def _planned(session: Session, desired: Sequence[Desired]) -> tuple[tuple[Live, ...], Plan]:
    async with session.provider() as provider:
        live = await session.live(provider)
        warn_of_lists(provider)
        context = plan_context(session, provider, live, desired)
    return live, make_plan(desired, live, session.where, facts=context)


def _missing_pins(session: Session, desired: Iterable[Desired], live: Iterable[Live], plan: Plan) -> list[_Pin]:
    """Each manifest that names no id, and what has its address."""
    carriers = by_address(managed(live, session.where))
    for lost in (each for each in plan.lost if each.certain):
        carriers.setdefault(lost.address, []).append(lost.live)
    return [_Pin(each, carriers[each.address]) for each in desired if each.id is None and each.address in carriers]


def _by_file(pins: Iterable[_Pin]) -> dict[str, list[_Pin]]:
    files: dict[str, list[_Pin]] = {}
    for pin in pins:
        files.setdefault(pin.file, []).append(pin)
    return files


def _write(session: Session, file: str, pins: Iterable[_Pin]) -> Iterator[_Pin]:
    """Writes the ids into one file, the last document first: what stands before it keeps its place.

    Yields what cannot be written.
    """
    root = session.config.root
    text = before = text_of(root, file)
    keys = ("reconciler", "id", session.where.environment)
    for pin in sorted(pins, key=lambda one: one.desired.place.line, reverse=True):
        id = pin.carriers[0].id
        is_known = len(pin.carriers) == 1 and hidden().text(id) == id
        after = edited(text, file, pin.desired.place, [Edit(keys, id)]) if is_known else None
        if after is None:
            yield pin
        else:
            text = after
            click.echo(f"{file}: {pin.desired.address} {one_line(id)}")
    write_files(root, {file: text}, before={file: before})
