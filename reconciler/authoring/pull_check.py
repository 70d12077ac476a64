"""Whether the new files state the live values, and what else they change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.authoring.all_manifests import AllManifests
from reconciler.canonical import Json, equal
from reconciler.config import FILE
from reconciler.diagnostics import Diagnostic, Location, errors
from reconciler.drafts.origins import PlacedEdit
from reconciler.model import Address, Desired
from reconciler.paths import Path
from reconciler.source import Node, member

_ODD = "the files would not state the live value: write it by hand"


@dataclass(frozen=True, slots=True, eq=False)
class TakenField:
    """One field of one live object that is written, and how."""

    address: Address
    name: str
    paths: tuple[Path, ...]
    value: Json
    """What the manifest has to resolve to, in normal form."""
    place: Location
    edits: tuple[PlacedEdit, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        """The files that its edits are in."""
        return frozenset(each.at.file for each in self.edits)


def wrong_fields(
    before: AllManifests, after: AllManifests, environment: str, fields: Sequence[TakenField]
) -> dict[TakenField, str]:
    """The fields that would be read wrong, change another field of their object, or cause an error, and why."""
    found = _new_errors(before, after)
    here_last = sorted(found, key=lambda each: each[0] == environment)
    reasons = {fault: _reason(fault, name, environment) for name, fault in here_last}
    blamed = {each: why for fault, why in reasons.items() for each in _blamed(fault, after, fields)}
    if reasons:
        return blamed or dict.fromkeys(fields, next(iter(reasons.values())))
    now, then = _by_address(before, environment), _by_address(after, environment)
    return dict.fromkeys((each for each in fields if _is_odd(each, now, then, fields)), _ODD)


def _is_odd(
    field: TakenField, now: dict[Address, Desired], then: dict[Address, Desired], fields: Sequence[TakenField]
) -> bool:
    """Whether the field would be read wrong, or its edits change another field of the object."""
    became = then.get(field.address)
    if became is None or not equal(became.fields[field.name], field.value):
        return True
    taken = {each.name for each in fields if each.address == field.address}
    others = [name for name in _changed_fields(now[field.address], became) if name not in taken]
    return any(field.files & {FILE, *became.files.get(name, ())} for name in others)


def _changed_fields(one: Desired, other: Desired) -> list[str]:
    return [name for name, value in one.fields.items() if not equal(value, other.fields[name])]


def _new_errors(before: AllManifests, after: AllManifests) -> list[tuple[str, Diagnostic]]:
    """The errors that the new files cause in some environment."""
    known = {_fault_identity(fault) for _, fault in _all_faults(before)}
    return [(name, fault) for name, fault in _all_faults(after) if _fault_identity(fault) not in known]


def _all_faults(repository: AllManifests) -> Iterator[tuple[str, Diagnostic]]:
    """Every error with its environment; errors of files have none."""
    yield from (("", fault) for fault in errors(repository.read.faults))
    for name in (name for name in repository.names if name in repository.environments):
        yield from ((name, fault) for fault in errors(repository.parsed(name).faults))


def _fault_identity(fault: Diagnostic) -> tuple[str, str, str]:
    return fault.place.file, fault.code, fault.message


def _reason(fault: Diagnostic, name: str, environment: str) -> str:
    """Why a value cannot be written, and for another environment's error how it can."""
    if name in ("", environment):
        return f"no manifest can have it: {fault.message} {fault.remedy}".strip()
    return f"{name} cannot have it: {fault.message} Pass `--only {environment}`."


def _blamed(fault: Diagnostic, after: AllManifests, fields: Iterable[TakenField]) -> Collection[TakenField]:
    """The fields that an error is about: by its lines, else by name, else by file."""
    in_file = [each for each in fields if fault.place.file in {*each.files, each.place.file}]
    names = {
        name
        for each in after.read.manifests
        if each.file == fault.place.file
        for name in _steps_at(each.node, fault.place)
    }
    in_lines = [each for each in in_file if each.name in names]
    named = [each for each in in_file if each.name.replace("_", " ") in fault.message.replace("_", " ")]
    return in_lines or named or in_file


def _steps_at(node: Node, place: Location) -> Iterator[str]:
    """The keys on the path to a location in a document."""
    where = (place.line, place.column)
    begun = [(at.line, at.column, key) for key, at in node.keys.items() if (at.line, at.column) <= where]
    if begun and (node.place.line, node.place.column) <= where:
        key = max(begun)[2]
        yield key
        inner = member(node, key)
        if inner is not None:
            yield from _steps_at(inner, place)


def also_changed(
    before: AllManifests, after: AllManifests, environment: str, fields: Sequence[TakenField]
) -> tuple[str, ...]:
    """What else changes: other objects here, other fields of these, and any object in other environments."""
    taken = {(each.address, each.name) for each in fields}
    changed: list[str] = []
    elsewhere = (each for each in before.names if each != environment)
    for name in (environment, *elsewhere):
        now, then = _by_address(before, name), _by_address(after, name)
        for address in sorted(now.keys() & then.keys()):
            names = _changed_fields(now[address], then[address])
            if name != environment and names:
                changed.append(f"{address} in {name}")
            elif any((address, each) not in taken for each in names):
                changed.append(str(address))
    return tuple(changed)


def _by_address(repository: AllManifests, environment: str) -> dict[Address, Desired]:
    return {each.address: each for each in repository.parsed(environment).desired}
