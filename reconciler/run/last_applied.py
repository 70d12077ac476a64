"""Where the last applied value of a field may be known from: the runs recorded here, and Git at the marker's commit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

from reconciler.canonical import Fields
from reconciler.console.failure import Failure
from reconciler.kinds import KINDS
from reconciler.kinds.requests import object_of
from reconciler.model import Address, Change, Desired, Plan
from reconciler.plan.last_applied import with_last_applied
from reconciler.plan.run_record import Step
from reconciler.run.base_plan import desired_at
from reconciler.run.git import repository
from reconciler.run.records import readable_records
from reconciler.run.revision import state_of
from reconciler.run.session import Session

_RUNS = 20
"""So many recorded runs are read."""
_HEAD = "HEAD"
"""What is checked out: the manifest there may be the one that was applied, where the change of Git is not committed."""
_COMMITS = 5
"""So many commits are read."""


def showing_last_applied(session: Session, plan: Plan) -> Plan:
    """The plan whose conflicts tell what was applied last, where that is known here."""
    steps: list[Step] | None = None
    states: dict[str, tuple[Desired, ...]] = {}

    def bodies(change: Change) -> Iterator[Fields]:
        nonlocal steps
        if steps is None:
            steps = [step for record in readable_records(session, _RUNS) for step in reversed(record.steps)]
        for step in steps:
            if (step.kind, step.id) == (change.address.kind, change.id):
                yield KINDS[step.kind].read({**(step.before or {}), **step.patch})
        marker = change.live.marker if change.live is not None else None
        if marker is None:
            return
        yield from _request_at_head(session, change)
        address = Address(change.address.kind, marker.key)
        for commit in filter(None, ((marker.commit or "").partition("+")[0], _HEAD)):
            if commit not in states and len(states) < _COMMITS:
                states[commit] = _desired_at_commit(session, commit)
            yield from (desired.fields for desired in states.get(commit, ()) if desired.address == address)

    return with_last_applied(plan, bodies)


def _request_at_head(session: Session, change: Change) -> Iterator[Fields]:
    """What a folder of requests had when it was committed."""
    folder, git = session.environment.settings.owned_folder, repository(session.config.root)
    if folder is None or git is None:
        return
    with suppress(ValueError):
        request = json.loads(git.text("show", f"{_HEAD}:{git.inside}{folder}/{change.id}.json"))
        if isinstance(request, dict):
            yield KINDS[change.address.kind].read(object_of(request))


def _desired_at_commit(session: Session, commit: str) -> tuple[Desired, ...]:
    git = repository(session.config.root)
    if git is not None:
        with suppress(Failure), state_of(git, commit) as revision:
            return desired_at(revision, session)
    return ()
