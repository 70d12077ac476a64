"""Whether what is live was applied from a state of the manifests that the history of HEAD has held.

A commit that was applied from a branch is in no history once the branch is merged as one new commit; what it held is.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from reconciler.config import FILE
from reconciler.console.failure import Failure
from reconciler.diagnostics import Diagnostic
from reconciler.kinds import KINDS
from reconciler.manifests import reading
from reconciler.manifests.disk import MARKDOWN, YAML
from reconciler.manifests.search import DATA_FOLDERS
from reconciler.model import Address, Applies, Change, Desired, Live
from reconciler.plan.marker import is_left_by
from reconciler.run import checkout
from reconciler.run.base_plan import desired_at
from reconciler.run.git import Repository, repository
from reconciler.run.revision import state_of
from reconciler.run.session import Session

_COMMITS: Final = 10
"""The history is searched for what this many unknown commits held."""
_STATES: Final = 20
"""So many states of one assistant's files are read; of many assistants, and of further commits, fewer."""
_FEWEST: Final = 3


def outdated(
    session: Session, ours: Iterable[Live], desired: Sequence[Desired]
) -> tuple[frozenset[str], tuple[str, ...]]:
    """The ids of what was last applied from a state that is not in the history, and a note where that is not known."""
    by_commit: dict[str, list[Live]] = {}
    for live in ours:
        if live.marker is not None and live.marker.commit:
            by_commit.setdefault(live.marker.commit.partition("+")[0], []).append(live)
    absent, notes = checkout.absent_from_history(session.config.root, by_commit)
    git, known = repository(session.config.root), {each.address: each for each in desired}
    suspects = [(commit, lives) for commit in sorted(absent) if (lives := _not_left_by(known, by_commit[commit]))]
    places = {_address_in_marker(live) for _, lives in suspects for live in lives} & set(known)
    files = _files_of(session, {known[address].place.file for address in places}) if suspects else {}
    found: list[Live] = []
    for number, (commit, lives) in enumerate(suspects):
        if git is None or number >= _COMMITS:
            found += lives
            continue
        addresses = {_address_in_marker(live) for live in lives}
        needed = _needed_files(session, addresses, {at: files[known[at].place.file] for at in addresses & set(known)})
        found += _not_in_states(session, git, commit, lives, needed, max(_FEWEST, _STATES // (number + len(lives))))
    return frozenset(live.id for live in found), notes


def sources_of_edits(session: Session, changes: Iterable[Change], applies: Applies) -> dict[Address, str]:
    """By address, the pull request or commit of an edit that was never applied, where Git has it.

    Where only one change was applied, that is what HEAD is, and what remains was there before it.
    """
    git, until = repository(session.config.root), "HEAD^" if applies == "change" else "HEAD"
    edits = [
        (change.address, change.live.marker.commit.partition("+")[0], change.place.file)
        for change in changes
        if change.live is not None and change.live.marker is not None and change.live.marker.commit
        if change.place is not None and any(field.cause == "edit" for field in change.fields)
    ]
    if git is None or not 0 < len(edits) <= _COMMITS:
        return {}
    files = _files_of(session, {file for _, _, file in edits})
    sources = {address: checkout.last_change(git, since, until, files[file]) for address, since, file in edits}
    return {address: source for address, source in sources.items() if source is not None}


def _files_of(session: Session, manifests: Collection[str]) -> dict[str, list[str]]:
    """Each of the manifests with the files that it refers to, seen from the root."""
    files = {file: [file] for file in manifests}
    for manifest in reading.read(session.config.root, session.config.manifests).manifests:
        if manifest.file in files:
            folder = PurePosixPath(manifest.file).parent
            files[manifest.file] += [os.path.normpath(folder / written) for written in manifest.attachments]
    return files


def _not_left_by(known: Mapping[Address, Desired], lives: Iterable[Live]) -> list[Live]:
    """Those that an apply of a state of the manifests would not have left as they are."""

    def is_left(live: Live) -> bool:
        desired = known.get(_address_in_marker(live))
        return desired is not None and live.marker is not None and is_left_by(desired, live.marker, KINDS[live.kind])

    return [live for live in lives if not is_left(live)]


def _address_in_marker(live: Live) -> Address:
    return Address(live.kind, live.marker.key if live.marker is not None else "")


@dataclass(frozen=True, slots=True)
class _NeededFiles:
    """What is read of each state: the manifests in question, and what they may refer to."""

    paths: tuple[str, ...]
    """As they are now, seen from the root."""
    stems: frozenset[str]

    def is_named(self, path: PurePosixPath) -> bool:
        """Whether it is one of the manifests, or a file that they refer to now."""
        return str(path) in self.paths or path.stem in self.stems

    def is_part(self, path: PurePosixPath) -> bool:
        """Whether a manifest in question may refer to it, or be it."""
        return self.is_named(path) or path.suffix.lower() not in YAML or bool(DATA_FOLDERS & set(path.parts))

    def is_to_be_sound(self, fault: Diagnostic) -> bool:
        """Whether an error spoils the state: in Markdown of others it does not, which may be their prompt as well."""
        path = PurePosixPath(fault.place.file)
        return path.suffix.lower() != MARKDOWN or self.is_named(path)


def _needed_files(
    session: Session, addresses: Collection[Address], now: Mapping[Address, Sequence[str]]
) -> _NeededFiles:
    removed = any(address not in now for address in addresses)  # it was anywhere among the manifests
    folders = session.config.manifests if removed else ()
    named = {path for paths in now.values() for path in paths}
    return _NeededFiles(
        (FILE, *session.config.extends, *sorted({*named, *folders})), frozenset(address.key for address in addresses)
    )


def _not_in_states(
    session: Session, git: Repository, commit: str, lives: list[Live], needed: _NeededFiles, most: int
) -> list[Live]:
    """Those of the objects whose applied state is in none of the newest states of their files."""
    for state in checkout.states(git, commit, needed.paths, needed.stems, most):
        try:
            with state_of(git, state, needed.is_part) as revision:
                desired = desired_at(revision, session, counts=needed.is_to_be_sound)
        except Failure:  # a state that cannot be read holds nothing
            continue
        lives = _not_left_by({each.address: each for each in desired}, lives)
        if not lives:
            break
    return lives
