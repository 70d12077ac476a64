"""The records of runs: list them, and find the one to undo or to check."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

import click

from reconciler.apply import journal
from reconciler.config import Config
from reconciler.console.credentials import hidden, of_config
from reconciler.console.failure import Failure
from reconciler.console.output import stdout_style
from reconciler.diagnostics import did_you_mean
from reconciler.plan.recorded import recorded_changes
from reconciler.plan.run_record import BadRecord, RunRecord, is_of
from reconciler.render import recorded_run
from reconciler.render.history import as_dict, table
from reconciler.render.values import in_ascii, inert
from reconciler.run.lock import is_held, state_folder
from reconciler.run.options import SessionOptions
from reconciler.run.session import Session, load_config

_SUFFIX = ".jsonl"
_LISTED = 5
"""So many runs are named where several are meant."""


def print_history(options: SessionOptions, format_name: str) -> None:
    """Prints the recorded runs, the newest first, as a table or as JSON."""
    style = stdout_style(colour=options.colour)
    state = state_folder(load_config(style), options.state_dir)
    records = []
    for path in reversed(journal.paths(state / journal.FOLDER)):
        try:
            records.append(hidden().deep(journal.read(path)))
        except (BadRecord, OSError) as error:
            click.echo(f"Note: {inert(str(error))}", err=True)
    if format_name == "json":
        click.echo(in_ascii([as_dict(record) for record in records], indent=2))
    elif records:
        click.echo(table(records, style, running=is_held(state)), nl=False)
    else:
        click.echo("Nothing was applied from here yet.")


def print_run(run: str, options: SessionOptions, format_name: str) -> None:
    """Prints what a run did, field by field, as text or as JSON; of one recorded here, or in a file from elsewhere."""
    style = stdout_style(colour=options.colour)
    config = load_config(style)
    state = state_folder(config, options.state_dir)
    paths = journal.paths(state / journal.FOLDER)
    path = Path(run) if run.endswith(_SUFFIX) else _path_of(run, paths)
    try:
        record = hidden().deep(journal.read(path))
        changes = recorded_changes(record)
    except (BadRecord, OSError) as error:
        raise Failure(str(error), "`reconciler history` lists the runs that can be read") from error
    named = f"--from {shlex.quote(run)}" if run.endswith(_SUFFIX) else path.stem
    if options.state_dir is not None:
        named += f" --state-dir {shlex.quote(options.state_dir)}"
    undo = _way_to_undo(record, config, named)
    if format_name == "json":
        click.echo(in_ascii(recorded_run.data(record, changes, undo), indent=2))
        return
    running = not record.ended and path in paths[-1:] and is_held(state)
    click.echo(recorded_run.text(record, changes, undo, style, running=running), nl=False)


def _way_to_undo(record: RunRecord, config: Config, named: str) -> str:
    """The command that restores what was there before; nothing where nothing was changed, or of another stack."""
    where = record.head.where
    environment = config.environments.get(where.environment)
    failed = {result.address for result in record.results if result.outcome in ("failed", "stale")}
    changed = any(step.action != "mark" and step.address not in failed for step in record.steps)
    is_own = environment is None or where.stack in (environment.stack, *environment.former_stacks)
    return f"reconciler rollback {named}" if changed and is_own else ""


def record_to_undo(run: str | None, file: str | None, options: SessionOptions) -> RunRecord:
    """The record in the file, that of the named run, or that of the last run that changed anything."""
    config = load_config(stdout_style())
    secrets = of_config(config)
    try:
        if file is not None:
            return journal.read(Path(file), secrets)
        paths = journal.paths(state_folder(config, options.state_dir) / journal.FOLDER)
        if run is not None:
            return journal.read(_path_of(run, paths, "; to roll back a key, pass --to COMMIT"), secrets)
        for path in reversed(paths):
            record = journal.read(path, secrets)
            changed = any(step.action != "mark" for step in record.steps)
            if changed and options.environment in (None, record.head.where.environment):
                return record
    except (BadRecord, OSError) as error:
        raise Failure(str(error), "name another, of `reconciler history`") from error
    there = f" to {options.environment}" if options.environment else ""
    raise Failure(f"Nothing was applied{there} from here yet.", "name a record with --from FILE")


def _path_of(run: str, paths: Sequence[Path], otherwise: str = "") -> Path:
    """The record of the run: by its id, or by how only one id, or the part behind its dash, begins."""
    begun = [
        path for path in paths if run and any(part.startswith(run) for part in (path.stem, path.stem.partition("-")[2]))
    ]
    found = [path for path in paths if path.stem == run] or begun
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(path.stem for path in found[-_LISTED:])
        more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise Failure(f"{run!r} is the beginning of several runs: {listed}{more}.", "write more of its id")
    meant = did_you_mean(run, [path.stem for path in paths]) if paths else "no run is recorded here"
    raise Failure(f"There is no run {run!r}.", meant + otherwise)


def readable_records(session: Session, most: int | None = None) -> Iterator[RunRecord]:
    """The records of runs that can be read, the newest first."""
    secrets = of_config(session.config)
    for path in islice(reversed(journal.paths(session.connection.state_dir / journal.FOLDER)), most):
        with suppress(BadRecord, OSError):
            yield journal.read(path, secrets)


def newest_apply(session: Session, commit: str) -> RunRecord | None:
    """The newest apply of a commit to this target that was recorded here."""
    applies = (each for each in readable_records(session) if (each.head.command, each.head.commit) == ("apply", commit))
    return next((each for each in applies if is_of(each.head.where, session.where)), None)
