"""Creates of what may be live already: objects that look the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.canonical import Absent, Json, digest, equal
from reconciler.kinds import KINDS
from reconciler.model import Address, Change, Live, Objection, Target
from reconciler.plan.marker import is_own
from reconciler.plan.ownership import Ownership, is_copy, is_ours, line_with_id, managed


def lookalikes(changes: Sequence[Change], ownership: Ownership, where: Target) -> dict[Address, list[Live]]:
    """By address of a create, what looks the same: of what is unmanaged, or about to go.

    What is unmanaged and has the key for its id looks the same too: where ids are names, there can be no second one.
    """
    creates = [(c.address, c.desired) for c in changes if c.action == "create" and c.desired is not None]
    if not creates:
        return {}
    leaving = [c.live for c in changes if c.action in ("delete", "forget", "rename") and c.live is not None]
    strangers = [live for live in ownership.unmanaged if _could_be_managed_here(live, where)]
    by_look: dict[str, list[Live]] = {}
    for live in (*leaving, *strangers):
        for look in _looks(live.kind, live.fields):
            by_look.setdefault(look, []).append(live)
    by_id = {Address(live.kind, live.id): live for live in ownership.unmanaged}
    found: dict[Address, list[Live]] = {}
    for address, desired in creates:
        named = {address.key: by_id[address]} if address in by_id else {}
        alike = named | {
            live.id: live for look in _looks(address.kind, desired.fields) for live in by_look.get(look, ())
        }
        if alike:
            found[address] = [alike[id] for id in sorted(alike)]
    return found


def possible_duplicates(
    changes: Sequence[Change], alike: Mapping[Address, Sequence[Live]], where: Target
) -> Iterator[Objection]:
    """The objections to creates that would probably make a second one of what looks the same."""
    takers = {change.id: change.address for change in changes if change.action == "rename"}
    for change in changes:
        if change.action == "create" and (same := alike.get(change.address)):
            yield _lookalike_objection(change, same, where, takers)


def _could_be_managed_here(live: Live, where: Target) -> bool:
    """Whether it has no marker, is a copy, or is of this stack in an environment that was renamed."""
    marker = live.marker
    return marker is None or is_copy(live, where) or marker.stack in where.stacks


def _looks(kind: str, fields: Mapping[str, Json]) -> Iterator[str]:
    """By what an object is recognized: all that it says, that without what is exchanged in it, its name.

    What a server may choose says nothing: one side of a pair has the server's choice, the other has none. Nor does
    metadata that other clients replace: what has lost its marker has lost the rest of it too.
    """
    mute = {"metadata"} if KINDS[kind].metadata_is_replaced else set()
    said = {name: KINDS[kind].less_chosen((name,), value) for name, value in fields.items() if name not in mute}
    known = {name: value for name, value in said.items() if not isinstance(value, Absent)}
    yield digest([kind, "form", known])
    lasting = {name: value for name, value in known.items() if name not in KINDS[kind].exchanged}
    if any(not equal(value, KINDS[kind].default(name)) for name, value in lasting.items()):
        yield digest([kind, "lasting", lasting])
    if fields.get("name") is not None:
        yield digest([kind, "name", fields["name"]])


def _lookalike_objection(
    change: Change, alike: Sequence[Live], where: Target, takers: Mapping[str | None, Address]
) -> Objection:
    ours = managed(alike, where)
    likeliest = next(iter([*ours, *(live for live in alike if live.marker is None), *alike]))
    listed = f"{', '.join(live.id for live in alike)} {'have' if len(alike) > 1 else 'has'}"
    message = f"A new {change.address.kind} is planned, but {listed} the same name or content."
    return Objection.to(
        change.address,
        "possible-duplicate",
        " ".join([message, *_other_owners(alike, where), *_lost_markers(likeliest)]),
        _if_the_same(likeliest, change, where, takers.get(likeliest.id)),
        *(live.address for live in ours),  # a rename that no manifest declares must not destroy its half
    )


def _other_owners(alike: Iterable[Live], where: Target) -> Iterator[str]:
    """Who manages what is not managed from here."""
    for live in alike:
        marker = live.marker
        if marker is None or is_ours(live, where):
            continue
        what = f"{live.id} is" if is_own(marker, live.id) else f"{live.id} is a copy of {marker.id}, which is"
        yield f"{what} managed as `{marker.key}` by the environment {marker.environment} of the stack {marker.stack}."


def _lost_markers(live: Live) -> Iterator[str]:
    """Why what is managed may look unmanaged."""
    if live.marker is None and KINDS[live.kind].metadata_is_replaced:
        yield f"If {live.id} was managed before, a client that replaced its metadata has erased the marker."


def _if_the_same(live: Live, change: Change, where: Target, taker: Address | None) -> str:
    """What to do where it is the same object: a line to paste. What another stack manages is never offered."""
    if taker is not None:
        return f"{taker} takes {live.id} by its `was` or `id`: remove that, or remove this manifest"
    file = change.place.file if change.place else "the manifest"
    if live.marker is None:
        return f"if it is the same one, write under `reconciler:` in {file}: {line_with_id(live, where)}"
    if is_ours(live, where):
        return f"if it was renamed, write under `reconciler:` in {file}: `was: [{live.marker.key}]`"
    return f"leave {live.id} to its owner; override this if a second one is wanted here"
