"""Take what changed on the server into the files of the repository."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import click

from reconciler.apply.context import fetch_each
from reconciler.authoring.all_manifests import opened
from reconciler.authoring.file_changes import text_of, write_files
from reconciler.authoring.pull_report import LIVE, PullReport, live_file
from reconciler.authoring.pulled_files import new_texts
from reconciler.console.credentials import hidden
from reconciler.console.failure import Failure
from reconciler.model import Address, Desired, Live, Plan
from reconciler.plan.guards import unreliable_list
from reconciler.plan.taken import Side, Taken, taken_from
from reconciler.providers import ObjectGone, Provider, ProviderError
from reconciler.render import pulled
from reconciler.run.git import repository as git_repository
from reconciler.run.missing_apis import stop_at_missing
from reconciler.run.planning import PlanRequest, known_addresses, requested_plan
from reconciler.run.session import REPORTED, Session, run_async
from reconciler.source.text_merge import merged_text

_SHARED_SECONDS = 60.0
"""The greatest age of a list, for servers without reads by id."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """What a pull takes, and how."""

    keys: tuple[str, ...] = ()
    take: Side | None = None
    only: bool = False
    dry_run: bool = False


def pull(session: Session, request: PullRequest, timeout: float | None = None) -> int:
    """Writes the live values to the files that state them; the exit code is 1 if something was left."""
    return copy_context().run(_write_live_values, session, request, timeout)


def _write_live_values(session: Session, request: PullRequest, timeout: float | None) -> int:
    REPORTED.set(set())  # the manifests are read twice
    root = session.config.root
    plan = run_async(_plan_of_live, session, request, timeout=timeout)
    repository = opened(session.config, session.environment, session.style)
    known = repository.parsed(session.environment.name).desired
    taken = taken_from(plan, known, request.take, merged_text)
    _require_as_planned(taken, {each.address: each for each in known})
    texts = new_texts(repository, session.environment.name, taken, only=request.only)
    beside = dict(_live_texts(session, taken))
    beside |= _ignoring(root, beside)
    report = PullReport(session, repository, plan, taken, texts, beside).text(
        is_written=not request.dry_run, is_only=request.only
    )
    if not request.dry_run:
        write_files(root, {**texts.texts, **beside}, before={**texts.before, **_texts_there(root, beside)})
    for line in pulled.lines(report, session.style):
        click.echo(line)
    return 1 if report.left else 0


async def _plan_of_live(session: Session, request: PullRequest) -> Plan:
    desired = session.desired()
    async with session.provider() as provider:
        live = await session.live(provider)
        _require_whole(provider)
        if request.keys:
            stop_at_missing(request.keys, known_addresses(session, desired, live), session, provider.gone)
        listed = requested_plan(session, provider, desired, live, PlanRequest(keys=request.keys))
        read = await _read_by_id(provider, [change.live for change in listed.changes if change.live is not None])
        now = [read.get(each.identity, each) for each in live]
        known = [each for each in now if each is not None]
        return requested_plan(session, provider, desired, known, PlanRequest(keys=request.keys))


async def _read_by_id(provider: Provider, listed: Iterable[Live]) -> dict[tuple[str, str], Live | None]:
    """Each object as it is now, or None if it was deleted: lists lag, and stale values must not reach Git."""
    read: dict[tuple[str, str], Live | None] = {}
    for identity, one in (await fetch_each(provider, [each.identity for each in listed], age=_SHARED_SECONDS)).items():
        if isinstance(one, ProviderError) and not isinstance(one, ObjectGone):
            raise one
        read[identity] = one if isinstance(one, Live) else None
    return read


def _require_whole(provider: Provider) -> None:
    for kind, fault in sorted(provider.unreliable.items()):
        raise Failure(unreliable_list(kind, fault), "nothing was written; rerun once the server's list is complete")


def _require_as_planned(taken: Iterable[Taken], known: Mapping[Address, Desired]) -> None:
    """Ends the command if the manifests changed after they were read for the plan."""
    if any(known.get(each.address) != each.desired for each in taken):
        raise Failure("The manifests changed while this command ran.", "nothing was written; run it again")


def _live_texts(session: Session, taken: Iterable[Taken]) -> Iterator[tuple[str, str]]:
    """By its path, the live text of each prompt whose edits overlap: it is not a manifest, and Git ignores it."""
    for one in taken:
        if one.overlap is not None and hidden().deep(one.overlap.before) == one.overlap.before:
            yield live_file(one, session.where.environment), f"{one.overlap.before}\n"


def _texts_there(root: Path, texts: Iterable[str]) -> dict[str, str]:
    """The content of these files, as far as they exist."""
    return {file: text_of(root, file) for file in texts if (root / file).exists()}


def _ignoring(root: Path, files: Collection[str]) -> dict[str, str]:
    """The `.gitignore` that makes Git ignore the files, where it does not yet."""
    git = git_repository(root)
    if git is None or not files or all(git.ask("check-ignore", "-q", f"{git.inside}{file}").ok for file in files):
        return {}
    folders = next(PurePosixPath(file).parents for file in files)
    nearest = next((folder for folder in folders if (root / folder / ".gitignore").is_file()), PurePosixPath("."))
    file = (nearest / ".gitignore").as_posix()
    text = text_of(root, file) if (root / file).exists() else ""
    return {file: text + ("" if text[-1:] in ("", "\n") else "\n") + f"*{LIVE}\n"}
