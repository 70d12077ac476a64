"""Matches live objects to the manifests of a repository, and makes the edits that follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.authoring.all_manifests import AllManifests
from reconciler.authoring.match_files import MatchFiles, files_of, reasons_against
from reconciler.authoring.matchable import ManifestsHere, manifests_here
from reconciler.canonical import Absent
from reconciler.console.credentials import hidden
from reconciler.model import Address, Live, Marker
from reconciler.plan.guards import is_full
from reconciler.plan.importable import Candidates, Left
from reconciler.plan.matching import AmbiguousName, Matching, Pair, match
from reconciler.plan.ownership import is_ours
from reconciler.render.sentences import count
from reconciler.render.values import one_line
from reconciler.run.session import Session

_HIDDEN = "it holds a secret of this environment, which must not be written to a file"


@dataclass(frozen=True, slots=True)
class Matched:
    """The manifests that matched live objects, with their edited files."""

    edited: Mapping[str, str] = field(default_factory=dict)
    """By path, the new text of a file; a new file is not in `before`."""
    before: Mapping[str, str] = field(default_factory=dict)
    """The files that exist, as they were read."""
    handled: frozenset[tuple[str, str]] = frozenset()
    """The identities of the objects that need no new manifest."""
    left: tuple[Left, ...] = ()
    lines: tuple[str, ...] = ()
    """The lines that the output has for the matches."""
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By environment, the values that `reconciler.yaml` gets."""


def matched(
    session: Session, repository: AllManifests, found: Candidates, every: Candidates, pairs: Mapping[str, str]
) -> Matched:
    """Matches the objects to manifests; `pairs` are the ids that a person gave to keys.

    `every` are all that are live, since a name is unambiguous only among those; `found` are those that were selected.
    """
    here = manifests_here(session, repository)
    by_hand = here.by_hand(pairs, every)
    matching = match(
        here.matchable([*every.importable, *every.managed]), [*_nameable(every, by_hand, session)], by_hand
    )
    chosen = {one.identity for one in (*found.importable, *found.managed, *(each.live for each in found.left))}
    chosen -= {each.live.identity for each in every.left if each.live.id not in by_hand.values()}
    matches = {pair.address: pair.live for pair in matching.pairs if pair.live.identity in chosen}
    left = [each for each in _ambiguous(matching, session) if each.live.identity in chosen]
    secret = {address for address, one in matches.items() if hidden().deep(one, (Marker,)) is not one}
    left += [Left(matches.pop(address), _HIDDEN) for address in sorted(secret)]
    files = _files_that_hold(matches, left, here, repository)
    told = [pair for pair in matching.pairs if pair.address in matches and not _is_settled(pair, files)]
    return Matched(
        edited=files.edited,
        before=files.before,
        handled=frozenset(pair.live.identity for pair in told if pair.address in files.patches),
        left=tuple(left),
        lines=tuple(_match_lines(told, files)),
        values=files.values,
    )


def _nameable(every: Candidates, by_hand: Mapping[Address, str], session: Session) -> Iterator[Live]:
    """The objects that may match a manifest, and those that only make a name ambiguous."""
    yield from every.importable
    yield from (one for one in every.managed if not is_ours(one, session.where))
    for one in (each.live for each in every.left):
        if one.id in by_hand.values() or (one.marker is None and (is_full(one) or one.odd_marker)):
            yield one


def _files_that_hold(
    matches: dict[Address, Live], left: list[Left], here: ManifestsHere, repository: AllManifests
) -> MatchFiles:
    """The files of the matches; a match that cannot be written is left, with the reason."""
    literal: set[Address] = set()
    while True:
        files = files_of(matches, here, repository, literal)
        reasons = reasons_against(files, matches, here, repository)
        if not reasons:
            return files
        again = {address for address in reasons if address in files.spots}  # without a value it may be possible
        literal |= again
        refused = sorted(reasons.keys() - again)
        left += [Left(matches.pop(each), f"{each} is its manifest, and {reasons[each]}") for each in refused]


def _ambiguous(matching: Matching, session: Session) -> Iterator[Left]:
    """The choice that a person must make, with the command for it."""
    for each in matching.ambiguous:
        for one in each.live:
            yield Left(one, _way_out(each, session.where.environment))


def _way_out(each: AmbiguousName, where: str) -> str:
    kind = each.addresses[0].kind
    have = f"{count(len(each.addresses), 'manifest')} and {count(len(each.live), f'live {kind}')}"
    one = next((one for one in each.live if not is_full(one)), each.live[0])
    words = f"{each.addresses[0]}={one_line(one.id)}"
    return f"{have} have this name; pair them by hand: reconciler import -e {where} {words}"


def _is_settled(pair: Pair, files: MatchFiles) -> bool:
    """Whether the manifest already names the object and matches it."""
    return pair.by == "id" and files.patches.get(pair.address) == {} and not files.spots.get(pair.address)


def _match_lines(pairs: Sequence[Pair], files: MatchFiles) -> Iterator[str]:
    """Each match: the manifest, its object, by what it was found, and what differs."""
    rows = [
        (str(pair.address), f"{one_line(pair.live.id)} (by {pair.by})", _difference(pair.address, files))
        for pair in pairs
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for address, found, difference in rows:
        yield f"  {address:<{widths[0]}} = {found:<{widths[1]}}  {difference}"
    for name in sorted({name for values in files.values.values() for name in values}):
        having = sorted(environment for environment, values in files.values.items() if name in values)
        yield f"  value {one_line(name)} in reconciler.yaml: {', '.join(having)}"


def _difference(address: Address, files: MatchFiles) -> str:
    if address not in files.patches:
        return "a null that no patch can express: a separate manifest"
    fields = [name for name, value in files.patches[address].items() if not isinstance(value, Absent)]
    values = sorted(set(files.spots.get(address, {}).values()))
    said = [f"{count(len(fields), 'field')} as a patch"] if fields else []
    said += [f"{'value' if len(values) == 1 else 'values'} {', '.join(map(one_line, values))}"] if values else []
    return ", ".join(said) or "the same"
