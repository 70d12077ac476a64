"""The manifests of a repository, as seen by an environment that has no ids, values or patches in them yet."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from reconciler.authoring.all_manifests import AllManifests
from reconciler.canonical import Json
from reconciler.config import LOCAL
from reconciler.console.failure import Failure
from reconciler.drafts.patches import AssumedValues, Beside
from reconciler.kinds import KINDS
from reconciler.manifests.parser import Manifest, ManifestContext, parse
from reconciler.manifests.references import Resolver, without_own
from reconciler.model import Address, Desired, Live
from reconciler.plan.importable import Candidates
from reconciler.plan.matching import Matchable
from reconciler.plan.ownership import by_address, is_ours, managed
from reconciler.run.addressing import address_named, meant
from reconciler.run.manifest_context import manifest_context
from reconciler.run.session import Session
from reconciler.source import merged, plain
from reconciler.source import parse as nodes_of

_ONE = "one live object has one manifest"


@dataclass(frozen=True, slots=True)
class ManifestHere:
    """A manifest, and what it asks for in the environment, or would ask for if it existed there."""

    manifest: Manifest
    desired: Desired


@dataclass(frozen=True, slots=True)
class ManifestsHere:
    """Every manifest that could be of a live object in an environment."""

    session: Session
    context: ManifestContext
    by_address: Mapping[Address, ManifestHere]

    @property
    def name(self) -> str:
        """The environment."""
        return self.context.name

    @property
    def of_text_ids(self) -> Collection[str]:
        """The environments that an id without an environment is for."""
        others = [name for name in self.context.environments if name != LOCAL]
        return others or self.context.environments

    def matchable(self, live: Collection[Live]) -> list[Matchable]:
        """By what each can be matched."""
        carried = {one.address for one in managed(live, self.session.where)}
        return [
            Matchable(address, _name(each.desired), each.desired.id, is_managed=address in carried)
            for address, each in self.by_address.items()
        ]

    def beside(self, address: Address, live: Live) -> Beside:
        """The manifest with its live object."""
        here = self.by_address[address]
        body = without_own(here.manifest.node)
        resolver = Resolver(here.manifest.attachments, self.context.values, self.name)
        written, resolved = plain(body), plain(resolver.resolve(body))
        return Beside(_as_fields(written), _as_fields(resolved), here.desired, live)

    def by_hand(self, pairs: Mapping[str, str], every: Candidates) -> dict[Address, str]:
        """The ids that a person gave to keys; ends the command where that cannot be."""
        live = [*every.importable, *every.managed, *(each.live for each in every.left)]
        reasons = {each.live.identity: each.reason for each in every.left}
        given: dict[Address, str] = {}
        for key, id in pairs.items():
            one = next(one for one in live if one.id == id)
            address = self._named(key, one)
            if one.identity in reasons and not is_ours(one, self.session.where):
                raise Failure(f"{id} cannot be the object of {address}: {reasons[one.identity]}.")
            self._require_free(address, one, live, is_left=one.identity in reasons)
            if id in given.values():
                raise Failure(f"{id} is given to several manifests.", _ONE)
            if address in given:
                raise Failure(f"{address} is paired with several live objects.", _ONE)
            given[address] = id
        return given

    def _named(self, key: str, one: Live) -> Address:
        of_kind = [address for address in self.by_address if address.kind == one.kind]
        address = address_named(key, of_kind, self.session.title)
        if address is not None:
            return address
        other = address_named(key, list(self.by_address), self.session.title)
        if other is not None:
            raise Failure(
                f"{one.id} is {KINDS[one.kind].with_article}, and {other} is not.",
                "pair it with a manifest of its kind",
            )
        raise Failure(f"No manifest is called {key!r}.", meant(key, of_kind))

    def _require_free(self, address: Address, one: Live, live: Collection[Live], *, is_left: bool) -> None:
        """Ends the command where the object has a manifest, or the manifest an object."""
        carriers = by_address(managed(live, self.session.where))
        holder = next((at for at, each in self.by_address.items() if each.desired.id == one.id and at != address), None)
        if is_ours(one, self.session.where) and one.address in self.by_address and not is_left:
            holder = one.address
        if holder is not None:
            raise Failure(f"{one.id} is the object of {holder} already.", _ONE)
        others = [each.id for each in carriers.get(address, ()) if each.id != one.id]
        if others:
            remedy = f"run `reconciler forget {address}` first"
            raise Failure(f"{address} has the object {others[0]} already.", remedy)


def manifests_here(session: Session, repository: AllManifests) -> ManifestsHere:
    """The manifests as the environment would have them."""
    context = manifest_context(session.config, session.environment)
    context = replace(context, values=AssumedValues(context.values))
    manifests = {each.node.place: each for each in repository.read.manifests}
    there = {each.place: each for each in parse(manifests.values(), context).desired}
    others = [_existing(each, context.name) for place, each in manifests.items() if place not in there]
    there |= {each.place: each for each in parse(others, context).desired}
    found = {each.address: ManifestHere(manifests[place], each) for place, each in there.items()}
    return ManifestsHere(session, context, dict(sorted(found.items())))


def _existing(manifest: Manifest, where: str) -> Manifest:
    """The manifest without its `false` for the environment."""
    text = json.dumps({"reconciler": {"environments": {where: None}}})
    return replace(manifest, node=merged(manifest.node, nodes_of(text, manifest.file, syntax="json").documents[0]))


def _name(desired: Desired) -> str | None:
    name = desired.fields.get("name")
    return name if isinstance(name, str) else None


def _as_fields(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
