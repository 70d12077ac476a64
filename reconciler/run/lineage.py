"""Whether what is live was applied from a state of the manifests that the history of HEAD has held.

A commit that was applied from a branch is in no history once the branch is merged as one new commit; what it held is.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from reconciler.config import FILE
from reconciler.console.failure import Failure
from reconciler.kinds import KINDS
from reconciler.manifests import reading
from reconciler.manifests.disk import MANIFESTS
from reconciler.manifests.reading import DATA_FOLDERS
from reconciler.model import Address, Applies, Change, Desired, Live
from reconciler.plan.marker import is_left_by
from reconciler.run import checkout
from reconciler.run.base_plan import desired_at
from reconciler.run.git import Repository, repository
from reconciler.run.revision import state_of
from reconciler.run.session import Session

_COMMITS: Final = 10
"""Of so many unknown commits the history is searched for what they held."""
_STATES: Final = 20
"""So many states of one assistant's files are read; of many assistants, and of further commits, fewer."""
_FEWEST: Final = 3


def behind(
    session: Session, ours: Iterable[Live], desired: Sequence[Desired]
) -> tuple[frozenset[str], tuple[str, ...]]:
    """The ids of what was last applied from a state that is not in the history here, and what cannot be known."""
    by_commit: dict[str, list[Live]] = {}
    for one in ours:
        if one.marker is not None and one.marker.commit:
            by_commit.setdefault(one.marker.commit.partition("+")[0], []).append(one)
    absent, notes = checkout.behind(session.config.root, by_commit)
    git, known = repository(session.config.root), {one.address: one for one in desired}
    suspects = [(commit, unheld) for commit in sorted(absent) if (unheld := _unheld(by_commit[commit], known))]
    places = {_address(one) for _, lives in suspects for one in lives} & set(known)
    now = _files(session, {known[address].place.file for address in places}) if suspects else {}
    lost: list[Live] = []
    for number, (commit, lives) in enumerate(suspects):
        if git is None or number >= _COMMITS:
            lost += lives
            continue
        found = {address: now[known[address].place.file] for one in lives if (address := _address(one)) in known}
        needed = _needed(session, {_address(one) for one in lives}, found)
        lost += _searched(session, git, commit, lives, needed, max(_FEWEST, _STATES // (number + len(lives))))
    return frozenset(one.id for one in lost), notes


def brought(session: Session, changes: Iterable[Change], applies: Applies) -> dict[Address, str]:
    """By address, what brought an edit that was never applied, where Git tells: a pull request, or a commit.

    Where only one change was applied, that is what HEAD is, and what it left was there before.
    """
    git, until = repository(session.config.root), "HEAD^" if applies == "change" else "HEAD"
    edits = list(_edits(changes))
    if git is None or not 0 < len(edits) <= _COMMITS:
        return {}
    files = _files(session, {file for _, _, file in edits})
    found = {address: checkout.brought(git, since, until, files[file]) for address, since, file in edits}
    return {address: told for address, told in found.items() if told is not None}


def _edits(changes: Iterable[Change]) -> Iterator[tuple[Address, str, str]]:
    """What was edited in Git: where, since which commit, and in which manifest."""
    for change in changes:
        marker = change.live.marker if change.live is not None else None
        if marker is None or not marker.commit or change.place is None:
            continue
        if any(field.cause == "edit" for field in change.fields):
            yield change.address, marker.commit.partition("+")[0], change.place.file


def _files(session: Session, manifests: Collection[str]) -> dict[str, list[str]]:
    """Each of the manifests with the files that it refers to, seen from the root."""
    found = {file: [file] for file in manifests}
    for manifest in reading.read(session.config.root, session.config.manifests).manifests:
        if manifest.file in found:
            folder = PurePosixPath(manifest.file).parent
            found[manifest.file] += [os.path.normpath(folder / written) for written in manifest.attachments]
    return found


def _unheld(lives: Iterable[Live], known: Mapping[Address, Desired]) -> list[Live]:
    """Those of which a state of the manifests does not say what was applied."""
    return [one for one in lives if (found := known.get(_address(one))) is None or not _is_left_by(found, one)]


def _is_left_by(desired: Desired, live: Live) -> bool:
    return live.marker is not None and is_left_by(desired, live.marker, KINDS[live.kind])


def _address(live: Live) -> Address:
    return Address(live.kind, live.marker.key if live.marker is not None else "")


def _searched(
    session: Session, git: Repository, commit: str, lives: list[Live], needed: _Needed, most: int
) -> list[Live]:
    """Those of the objects whose applied state is in none of the newest states of their files."""
    for state in checkout.states(git, commit, needed.paths, needed.stems, most):
        try:
            with state_of(git, state, needed.is_part) as revision:
                found = desired_at(revision, session)
        except Failure:  # a state that cannot be read holds nothing
            continue
        lives = _unheld(lives, {one.address: one for one in found})
        if not lives:
            break
    return lives


@dataclass(frozen=True, slots=True)
class _Needed:
    """What is read of each state: the manifests in question, and what they may refer to."""

    paths: tuple[str, ...]
    """As they are now, seen from the root."""
    stems: frozenset[str]

    def is_part(self, path: PurePosixPath) -> bool:
        is_named = str(path) in self.paths or path.stem in self.stems
        return is_named or path.suffix.lower() not in MANIFESTS or bool(DATA_FOLDERS & set(path.parts))


def _needed(session: Session, addresses: Collection[Address], now: Mapping[Address, Sequence[str]]) -> _Needed:
    gone = any(address not in now for address in addresses)  # wherever among the manifests that was
    folders = session.config.manifests if gone else ()
    named = {path for paths in now.values() for path in paths}
    return _Needed((FILE, *sorted({*named, *folders})), frozenset(address.key for address in addresses))
