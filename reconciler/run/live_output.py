"""Print what is live: one object as its manifest would be, or the ids of all that are managed."""

from __future__ import annotations

import time
from collections.abc import Sequence

import click

from reconciler.console.credentials import hidden
from reconciler.console.failure import Failure
from reconciler.diagnostics import nearest
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading
from reconciler.manifests.steps import Work
from reconciler.model import Address, Live, Marker
from reconciler.plan.guards import is_full
from reconciler.plan.make import make_plan
from reconciler.plan.objections import API_GONE
from reconciler.plan.other_stacks import OtherStack, of_folder
from reconciler.plan.other_stacks import other_stacks as stacks_on_server
from reconciler.plan.ownership import is_ours, managed
from reconciler.plan.status import standings
from reconciler.render import other_stacks
from reconciler.render import status as status_table
from reconciler.render.listing import LISTINGS, same_variable
from reconciler.render.manifest import as_manifest
from reconciler.render.sentences import target_line
from reconciler.render.values import in_ascii, one_line
from reconciler.run.addressing import address_named, meant
from reconciler.run.manifest_context import manifest_context
from reconciler.run.missing_apis import stop_at_missing
from reconciler.run.neighbors import folders_by_stack
from reconciler.run.overlap import opened_beside
from reconciler.run.planning import plan_context
from reconciler.run.records import readable_records
from reconciler.run.session import Session, run_async, warn_of_lists


def show_live(session: Session, word: str, format_name: str) -> None:
    """Prints the live object with this id or key as a manifest, or as raw JSON."""
    every, gone = run_async(session.read_live)
    if all(each.id != word for each in every):
        stop_at_missing([word], [each.address for each in managed(every, session.where)], session, gone)
    live = _live_named(word, every, session)
    shown = hidden().deep(live, (Marker,))
    if shown is not live:
        click.echo(f"Note: {shown.id} holds a secret of this environment, which is not printed.", err=True)
    click.echo(f"# {target_line(session.where)}", err=True)
    if format_name == "json":
        click.echo(in_ascii(shown.raw, indent=2))
        return
    _warn_of_full_metadata(live)
    pins = {} if is_ours(live, session.where) else _pins(session, live)
    click.echo(as_manifest(shown, KINDS[live.kind], session.where, pins), nl=False)


def _live_named(word: str, live: Sequence[Live], session: Session) -> Live:
    """The one object with this id; else among the managed ones with this key, else among all with this name."""
    ours = managed(live, session.where)
    known = [each.address for each in ours]
    found = [each for each in live if each.id == word]
    if not found:
        named = address_named(word, known, session.title)
        found = [each for each in ours if each.address == named]
    if len(found) > 1:
        raise Failure(
            f"{word} is the key of several objects: {', '.join(each.id for each in found)}.", "name one by id"
        )
    found = found or _with_name(word, live)
    if len(found) > 1:
        listed = ", ".join(_with_id(each, session) for each in found)
        raise Failure(f"{word!r} is the name of several objects in {session.title}: {listed}.", "name one by id")
    if not found:
        raise Failure(f"{session.title} has no {word!r}, and the file does not exist.", _meant_live(word, known, live))
    return found[0]


def _with_name(name: str, live: Sequence[Live]) -> list[Live]:
    """The objects of this name; without regard to case where none has it as it is written."""
    exactly = [each for each in live if each.name == name]
    return exactly or [each for each in live if each.name and each.name.casefold() == name.casefold()]


def _meant_live(word: str, known: Sequence[Address], live: Sequence[Live]) -> str:
    names = {one_line(each.name) for each in live if each.name}
    close = nearest(word, {*names, *(at.key for at in known)})
    if close in names:
        return f"did you mean `{close}`?"
    return meant(word, known) or "`reconciler status` lists what is live"


def _with_id(live: Live, session: Session) -> str:
    return f"{live.address} ({live.id})" if is_ours(live, session.where) else live.id


def _pins(session: Session, live: Live) -> dict[str, str]:
    """By environment, the other ids in the manifest that names this one; warns where none is known."""
    loaded, here = session.config, session.where.environment
    read = reading.read(loaded.root, [folder for folder in loaded.manifests if (loaded.root / folder).is_dir()])
    desired = {
        name: {
            each.address: each for each in parser.parse(read.manifests, manifest_context(loaded, environment)).desired
        }
        for name, environment in loaded.environments.items()
        if not environment.settings.embedded
    }
    if here not in desired:
        return {}
    address = next((at for at, each in desired[here].items() if each.id == live.id), None)
    there = {name: manifests.get(address) if address else None for name, manifests in desired.items() if name != here}
    pins = {name: each.id for name, each in there.items() if each is not None and each.id is not None}
    unknown = [name for name in there if name not in pins and not (address and there[name] is None)]
    if unknown:
        click.echo(
            f"Note: No id is known in {', '.join(f'`{name}`' for name in unknown)}: there this manifest creates another"
            " one.\n  Add its id under `reconciler.id`, or write `environments: {NAME: false}` under `reconciler`.",
            err=True,
        )
    return pins


def _warn_of_full_metadata(live: Live) -> None:
    """Warns of what a manifest cannot fix: sixteen pairs leave no room for the marker."""
    if is_full(live):
        click.echo(
            f"Note: {live.id} has {len(live.pairs)} metadata pairs, and adopting it needs one for the marker."
            "\n  Remove one on the server before you adopt it.",
            err=True,
        )


def print_ids(session: Session, key: str | None, format_name: str) -> None:
    """Prints the keys and ids of all managed objects in a format, or the id of one key."""
    every, gone = run_async(session.read_live)
    live = hidden().deep(every, (Marker,))
    click.echo(f"# {target_line(session.where)}", err=True)
    rows = [(each.address, each) for each in managed(live, session.where)]
    doubled = sorted({str(at) for number, (at, _) in enumerate(rows) if number and rows[number - 1][0] == at})
    if doubled:
        raise Failure(f"Several live objects carry one address: {', '.join(doubled)}.", "`reconciler plan` names them")
    former = hidden().deep(session.former_ids()) if key is None else {}
    every_id = [(at, each.id) for at, each in rows] + [(at, id) for at, ids in former.items() for id in ids]
    for address, id in every_id if format_name != "json" else ():
        if one_line(id) != id:  # more than an id to a terminal or to the runner of a CI
            message = f"The id of {address} cannot be printed safely: {one_line(id)}."
            raise Failure(message, "--json prints it harmlessly")
    if key is None:
        hides = [" and ".join(map(str, same)) for same in same_variable(rows, former)] if format_name == "env" else []
        if hides:
            raise Failure(f"One variable would stand for several: {'; '.join(hides)}.", "use --format json or csv")
        click.echo(LISTINGS[format_name](rows, former), nl=False)
        return
    known = [at for at, _ in rows]
    stop_at_missing([key], known, session, gone)
    named = address_named(key, known, session.title)
    if named is None:
        raise Failure(
            f"Nothing managed is called {key!r} in {session.title}.", meant(key, known, session.config.environments)
        )
    id = next(each.id for at, each in rows if at == named)
    click.echo(in_ascii(id) if format_name == "json" else id, nl=format_name != "raw")


async def print_status(session: Session, format_name: str, *, all_stacks: bool) -> None:
    """Prints every managed and unmanaged object with its state, as a table or as JSON.

    With `all_stacks` what each other stack manages stands apart, with what it is and how a preview is removed.
    """
    work = Work(session.desired_in_steps(may_lack=True))
    async with opened_beside(session, work) as (provider, live):
        desired = work.result
        warn_of_lists(provider)
        context = plan_context(session, provider, live, desired)
    plan = make_plan(desired, live, session.where, facts=context)
    for objection in (one for one in plan.objections if one.code == API_GONE):
        click.echo(f"Warning: {objection.message}\n  {objection.remedy}", err=True)
    rows = hidden().deep(standings(plan, live))
    stacks = hidden().deep(_other_stacks(session, live), (Marker,)) if all_stacks else ()
    if format_name == "json":
        listed = status_table.data([row for row in rows if not all_stacks or row.owner is None])
        click.echo(
            in_ascii({"objects": listed, "stacks": other_stacks.data(stacks)} if all_stacks else listed, indent=2)
        )
        return
    click.echo(f"{target_line(session.where)}\n")
    click.echo(status_table.table(rows, session.style, others=not all_stacks), nl=False)
    if all_stacks:
        click.echo(f"\n{other_stacks.text(stacks, time.time(), session.style)}", nl=False)


def _other_stacks(session: Session, live: Sequence[Live]) -> tuple[OtherStack, ...]:
    """Every other stack that manages something on the server, by what is known of it here."""
    known = session.config.environments
    configured = {name: (each.stack, *each.former_stacks) for name, each in known.items()}
    applied_here = {record.head.where.stack for record in readable_records(session)}
    found = stacks_on_server(live, session.where, configured, applied_here)
    unnamed = {stack.stack for stack in found if stack.origin in ("unknown", "applied-here")}
    folders = folders_by_stack(session.config, unnamed)
    return tuple(of_folder(stack, folders.get((stack.stack, stack.environment))) for stack in found)
