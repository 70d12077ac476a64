"""What the arguments of a command name where the server has not the API of its kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from reconciler.apply import journal
from reconciler.console.failure import Failure
from reconciler.model import Address
from reconciler.plan.guards import PlanContext, missing_apis
from reconciler.providers import ApiGone
from reconciler.run.session import Session


def stop_at_missing(
    words: Iterable[str], seen: Collection[Address], session: Session, gone: Mapping[str, ApiGone]
) -> None:
    """Ends the command where a word names nothing that is seen, and something of a kind whose API is missing."""
    names = {name for address in seen for name in (address.key, str(address))}
    unseen = [word for word in words if word not in names]
    if not gone or not unseen:
        return
    known = {address for address in _wanted_or_managed(session) if address.kind in gone}
    known |= {Address(kind, word.removeprefix(f"{kind}.")) for word in unseen for kind in gone if _is_of(kind, word)}
    meant = {address for address in known if address.key in unseen or str(address) in unseen}
    remedies = {kind: error.remedy for kind, error in gone.items()}
    for objection in missing_apis(meant, session.where, PlanContext(gone=remedies)):
        raise Failure(objection.message, objection.remedy)


def _wanted_or_managed(session: Session) -> set[Address]:
    """What manifests want, and what the run records say was left managed."""
    recorded = journal.left_managed(session.connection.state_dir / journal.FOLDER, session.where)
    return {*session.wanted(), *(address for address in recorded.values() if address is not None)}


def _is_of(kind: str, word: str) -> bool:
    return word.startswith(f"{kind}.")
