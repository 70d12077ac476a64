"""What an import does with a live object where the repository has manifests already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.plan.importable import Candidates, Left
from reconciler.run.all_manifests import AllManifests
from reconciler.run.session import Session


@dataclass(frozen=True, slots=True)
class Matched:
    """The manifests that live objects were found to belong to, with what was written into them."""

    edited: Mapping[str, str] = field(default_factory=dict)
    """By path, the text of a file that exists as it is to be."""
    before: Mapping[str, str] = field(default_factory=dict)
    """The same files as they were read."""
    handled: frozenset[tuple[str, str]] = frozenset()
    """The identities of the objects that need no manifest of their own."""
    left: tuple[Left, ...] = ()
    lines: tuple[str, ...] = ()
    """What a person is shown of the matches."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By environment, the values that `reconciler.yaml` gets."""


def matched(
    session: Session, repository: AllManifests, found: Candidates, every: Candidates, pairs: Mapping[str, str]
) -> Matched:
    """Which manifests the objects belong to; `pairs` are the ids that a person gave to keys.

    `every` are all that are live, since a name is unambiguous only among those; `found` are those that were selected.
    """
    return Matched()
