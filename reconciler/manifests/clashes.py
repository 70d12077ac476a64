"""Clashes of two manifests: one address, id or former key in both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from reconciler.diagnostics import Diagnostic, Location
from reconciler.model import Address


class NamedManifest(Protocol):
    """The parts of a manifest that can clash with another."""

    address: Address
    key_known: bool
    key_place: Location

    @property
    def ids(self) -> Mapping[str, str]:
        """The live object that it names, by environment."""

    @property
    def former_keys(self) -> Sequence[str]:
        """The keys that it had before."""

    def own_place(self, *path: str | int, key: bool = False) -> Location:
        """Where something stands in its `reconciler:` block."""


def clashes(readers: Sequence[NamedManifest]) -> Iterator[Diagnostic]:
    """Everything that two of the manifests state."""
    yield from _clashing_names(readers)
    yield from _clashing_former_keys(readers)


def _clashing_names(readers: Sequence[NamedManifest]) -> Iterator[Diagnostic]:
    """An address or an id that two manifests state."""
    addresses: dict[Address, Location] = {}
    ids: dict[tuple[str, str], Location] = {}
    for reader in readers:
        if reader.key_known and (first := addresses.setdefault(reader.address, reader.key_place)) != reader.key_place:
            message = f"{reader.address} is also in {first}."
            yield Diagnostic(reader.key_place, "duplicate-address", message, "give one of them another key")
        for name, id in reader.ids.items():
            place = reader.own_place("id", name)
            if (first := ids.setdefault((name, id), place)) != place:
                message = f"{id} is also named in {first}."
                yield Diagnostic(place, "duplicate-id", message, "one live object has one manifest")


def _clashing_former_keys(readers: Sequence[NamedManifest]) -> Iterator[Diagnostic]:
    """A former key that another manifest has, or had too."""
    addresses = {reader.address: reader.key_place for reader in reversed(readers) if reader.key_known}
    claimed: dict[Address, Location] = {}
    for reader in readers:
        for index, key in enumerate(reader.former_keys):
            former, place = Address(reader.address.kind, key), reader.own_place("was", index)
            if former in addresses:
                message = f"`{key}` is the key of {addresses[former]}."
                yield Diagnostic(place, "was-in-use", message, "take it out of `was`")
            elif (first := claimed.setdefault(former, place)) != place:
                message = f"`{key}` is under `was` in {first} too."
                yield Diagnostic(place, "was-in-use", message, "take it out of one of them")
