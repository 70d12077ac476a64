"""`reconciler show`: a live assistant as its manifest would be, or a saved plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.github import ci_output_guard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model import Live
    from reconciler.render.several import Section
    from reconciler.run.session import Session


@click.command("show")
@click.argument("what", nargs=-1, required=True, metavar="KEY|ID|PLAN.json...")
@options.environment
@options.formats(*options.PLAN_FORMATS, help="How to show a plan; of an assistant, json is the raw object.")
@options.state_dir
@options.colour
def command(
    what: tuple[str, ...], environment: str | None, format: str, state_dir: str | None, color: bool | None
) -> int:
    """Show a live assistant as a manifest, or a saved plan.

    KEY names one of ours and ID any live one; what is printed can be saved as a manifest. PLAN.json is a file
    that `plan --out` wrote; it is shown without a server. Several such files are shown together.
    """
    from pathlib import Path

    if all(Path(one).exists() and not Path(one).is_dir() for one in what):
        return _plans(what, format, color)
    _refuse_what_is_not_there(what)
    if len(what) > 1:
        raise click.UsageError("Several saved plans can be shown together, but only one assistant at a time.")
    from reconciler.run.session import in_loop, open_session

    session = open_session(environment, colour=color, owns=False, state=state_dir)
    return in_loop(_live, session, what[0], format)


def _refuse_what_is_not_there(what: Sequence[str]) -> None:
    """Ends the command where a file is meant and there is none: no key has a slash, and few end like one."""
    from pathlib import Path

    from reconciler.console.failure import Failure

    for one in what:
        if ("/" in one or one.endswith(".json") or len(what) > 1) and not Path(one).exists():
            raise Failure(f"There is no file {Path(one).absolute()}.", "name a file that `plan --out` wrote")


def _plans(paths: Sequence[str], format: str, colour: bool | None) -> int:
    import sys

    from reconciler.console.output import style_of
    from reconciler.run.plan_request import show_documents

    found = [section for path in paths for section in _saved(path)]
    show_documents(found, format, style_of(sys.stdout, colour=colour))
    return 0


def _saved(path: str) -> Sequence[Section]:
    from reconciler.console.failure import Failure
    from reconciler.render import BadDocument
    from reconciler.render.several import read
    from reconciler.run.plan_request import plan_text

    remedy = "name a file that `plan --out` wrote"
    try:
        return read(plan_text(path))
    except (BadDocument, UnicodeDecodeError) as error:
        raise Failure(f"{path}: {error}", remedy) from error
    except OSError as error:
        raise Failure(f"{path} cannot be read: {error.strerror}.", remedy) from error


async def _live(session: Session, what: str, format: str) -> int:
    from reconciler.console.credentials import hidden
    from reconciler.kinds import KINDS
    from reconciler.model import Marker
    from reconciler.plan.ownership import is_ours
    from reconciler.render.manifest import as_manifest
    from reconciler.render.values import in_ascii
    from reconciler.run.plan_request import warn_of_lists

    async with session.provider() as provider:
        live = await session.live(provider)
        warn_of_lists(provider)
    found = _named(what, live, session)
    shown = hidden().deep(found, (Marker,))
    if shown is not found:
        click.echo(f"Note: {shown.id} holds a secret of this environment, which is not printed.", err=True)
    ci_output_guard.says_data()
    click.echo(f"# {session.title}, stack {session.where.stack}", err=True)
    if format == "json":
        click.echo(in_ascii(shown.raw, indent=2))
    else:
        warn_of_full_metadata(found)
        pins = {} if is_ours(found, session.where) else _pins(session, found)
        click.echo(as_manifest(shown, KINDS[found.kind], session.where, pins), nl=False)
    return 0


def _pins(session: Session, live: Live) -> dict[str, str]:
    """By environment, the other ids in the manifest that names this one; where none is known, that is said."""
    from reconciler.config import LOCAL
    from reconciler.manifests import parser, reading
    from reconciler.run.session import setting

    loaded, here = session.config, session.where.environment
    read = reading.read(loaded.root, [one for one in loaded.manifests if (loaded.root / one).is_dir()])
    desired = {
        name: {one.address: one for one in parser.parse(read.manifests, setting(loaded, environment)).desired}
        for name, environment in loaded.environments.items()
        if environment.provider != LOCAL
    }
    address = next((at for at, one in desired.get(here, {}).items() if one.id == live.id), None)
    if here not in desired:
        return {}
    there = {name: found.get(address) if address else None for name, found in desired.items() if name != here}
    pins = {name: one.id for name, one in there.items() if one is not None and one.id is not None}
    _warn_of_unpinned([name for name in there if name not in pins and not (address and there[name] is None)])
    return pins


def _warn_of_unpinned(names: Sequence[str]) -> None:
    """Says where the manifest that is printed would create another one."""
    if names:
        listed = ", ".join(f"`{name}`" for name in names)
        click.echo(
            f"Note: No id is known in {listed}: there this manifest creates another one."
            "\n  Add its id under `reconciler.id`, or write `environments: {NAME: false}` under `reconciler`.",
            err=True,
        )


def warn_of_full_metadata(live: Live) -> None:
    """Says what a manifest cannot mend: sixteen pairs leave no room for ours."""
    metadata = live.raw.get("metadata")
    if live.marker is None and isinstance(metadata, dict) and len(metadata) >= 16:
        click.echo(
            f"Note: {live.id} has {len(metadata)} metadata pairs, and adopting it needs one for the marker."
            "\n  Take one out where it is live before you adopt it.",
            err=True,
        )


def _named(what: str, live: Sequence[Live], session: Session) -> Live:
    """The one object of that id or, among ours, of that key."""
    from reconciler.console.failure import Failure
    from reconciler.diagnostics import did_you_mean
    from reconciler.plan.ownership import ours_by_address

    ours = ours_by_address(live, session.where)
    found = [one for one in live if one.id == what] or [one for a, one in ours if what in (a.key, str(a))]
    if not found:
        raise Failure(
            f"{session.title} has no {what!r}, and there is no such file.",
            did_you_mean(what, [address.key for address, _ in ours]) or "`reconciler status` lists what is live",
        )
    if len(found) > 1:
        raise Failure(f"{what} is the key of several objects: {', '.join(one.id for one in found)}.", "name one by id")
    return found[0]
