"""Nodes → what is desired in one environment, or every reason why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from reconciler.diagnostics import Fault, Place, did_you_mean, in_order
from reconciler.kinds import KINDS, Kind, Terms
from reconciler.kinds.problems import Problem, from_pydantic
from reconciler.model import Address, Desired
from reconciler.paths import BadPath, Path, read
from reconciler.references import Resolver, without_own
from reconciler.source import Node, locate, plain

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
LOCAL = "local"
_PATCHED_OWN = ("ignore_changes", "on_removal")


class Document(Protocol):
    """A manifest as it was read: its nodes, and what the files it names hold."""

    @property
    def file(self) -> str: ...
    @property
    def stem(self) -> str: ...
    @property
    def node(self) -> Node: ...
    @property
    def alone(self) -> bool: ...
    @property
    def attachments(self) -> Mapping[str, Node]: ...


@dataclass(frozen=True, slots=True)
class Setting:
    """The environment in which manifests are read, as far as they can tell."""

    name: str = LOCAL
    environments: tuple[str, ...] = (LOCAL,)
    values: Mapping[str, str] = field(default_factory=dict)
    terms: Terms = field(default_factory=Terms)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the manifests ask for, and everything wrong with them."""

    desired: tuple[Desired, ...]
    faults: tuple[Fault, ...]


class _Own(BaseModel):
    """The `reconciler:` block."""

    model_config = ConfigDict(protected_namespaces=())

    key: str | None = None
    id: str | dict[str, str] | None = None
    was: list[str] | None = None
    on_removal: Literal["delete", "keep", "refuse"] | None = None
    ignore_changes: list[str] | None = None
    environments: dict[str, Any] | None = None


def parse(documents: Iterable[Document], setting: Setting) -> Parsed:
    """Every manifest that exists in the environment; with faults, what is desired is not to be trusted."""
    faults: list[Fault] = []
    readings = [_Reading(document, setting, faults.append) for document in documents]
    desired = [found for reading in readings for found in [reading.desired()] if found is not None]
    faults += _between(readings)
    return Parsed(tuple(sorted(desired, key=lambda d: d.address)), in_order(faults))


class _Reading:
    """One manifest on its way."""

    def __init__(self, document: Document, setting: Setting, report: Callable[[Fault], None]) -> None:
        self.document = document
        self.setting = setting
        self.report = report
        self.kind: Kind = KINDS["assistant"]
        self.own_node = _member(document.node, "reconciler")
        self.own = self._own()
        self.key, self.key_place = self._key()
        self.address = Address(self.kind.name, self.key)

    @property
    def place(self) -> Place:
        return self.document.node.place

    def desired(self) -> Desired | None:
        """What this manifest asks for here; None where it does not exist here or cannot be read."""
        if not isinstance(self.document.node.value, dict):
            self._say(self.place, "wrong-type", "A manifest is a mapping of fields.", "begin with `model: …`")
            return None
        resolver = Resolver(self.document.attachments, self.setting.values, self.setting.name)
        base = resolver.resolve(without_own(self.document.node))
        patches = {name: resolver.resolve(node) for name, node in self._environments()}
        for fault in resolver.faults:
            self.report(fault)
        patch = patches.get(self.setting.name)
        body, own = self._patched(base, patch)
        found = self._checked(body, resolver, own)
        return None if patch is not None and patch.value is False else found

    def _checked(self, body: Node, resolver: Resolver, own: _Own) -> Desired:
        for stand_in, fault in resolver.missing:
            if _holds(body, stand_in):
                self.report(fault)
        sound = _less_broken(body, [*resolver.broken, *(stand_in for stand_in, _ in resolver.missing)])
        data = plain(sound)
        checked = self.kind.check(data if isinstance(data, dict) else {}, self.setting.terms)
        whole = len(_fields(sound)) == len(_fields(body))
        for problem in checked.problems:
            if whole or problem.code not in ("missing-field", "resource-without-tool"):
                self._problem(problem, sound)
        return Desired(
            address=self.address,
            fields=checked.fields,
            place=self.place,
            left_to_server=checked.left_to_server,
            id=self._id(),
            was=tuple(own.was or ()),
            on_removal=own.on_removal or "delete",
            ignore=self._ignored(own),
        )

    def _own(self) -> _Own:
        if self.own_node is None or self.own_node.value is None:
            return _Own()
        data = plain(self.own_node)
        try:
            return _Own.model_validate(data, strict=True, extra="forbid")
        except ValidationError as error:
            problems = list(from_pydantic(error, _Own))
        for problem in problems:
            self._problem(problem, self.own_node)
        odd = {problem.loc[0] for problem in problems if problem.loc}
        sound = {key: value for key, value in data.items() if key not in odd} if isinstance(data, dict) else {}
        return _Own.model_validate(sound)

    def _key(self) -> tuple[str, Place]:
        if self.own.key is None:
            if not self.document.alone:
                message = "One of several documents in a file has to say what it is called."
                self._say(
                    self.place, "key-missing", message, "add `reconciler: {key: …}`, or give it a file of its own"
                )
            key, place, remedy = self.document.stem, self.place, "rename the file, or state `reconciler.key`"
        else:
            key, place, remedy = self.own.key, self._own_place("key"), "choose another"
        if not NAME.fullmatch(key):
            message = f"{key!r} is no key: 1 to 64 of a-z, 0-9, `.`, `_`, `-`, beginning with a letter or figure."
            self._say(place, "bad-key", message, remedy)
        return key, place

    def _environments(self) -> Iterator[tuple[str, Node]]:
        node = _member(self.own_node, "environments")
        for name, patch in _fields(node).items():
            place = node.keys.get(name, node.place) if node is not None else self.place
            if name not in self.setting.environments:
                remedy = did_you_mean(name, self.setting.environments)
                self._say(place, "unknown-environment", f"There is no environment `{name}`.", remedy)
            if isinstance(patch.value, dict) or patch.value is False:
                yield name, patch
            else:
                self._say(patch.place, "wrong-type", "A patch is a mapping of fields, or `false`.")

    def _patched(self, base: Node, patch: Node | None) -> tuple[Node, _Own]:
        """The fields and the block as this environment has them."""
        if patch is None or not isinstance(patch.value, dict):
            return base, self.own
        fields = {key: node for key, node in patch.value.items() if key not in _PATCHED_OWN}
        own = {key: plain(node) for key, node in patch.value.items() if key in _PATCHED_OWN}
        body = _merged(base, replace(patch, value=fields))
        try:
            patched = _Own.model_validate(own, strict=True, extra="forbid")
        except ValidationError as error:
            for problem in from_pydantic(error, _Own):
                self._problem(problem, patch)
            return body, self.own
        return body, self.own.model_copy(update={key: getattr(patched, key) for key in own})

    def _id(self) -> str | None:
        place, others = self._own_place("id"), [name for name in self.setting.environments if name != LOCAL]
        if isinstance(self.own.id, str):
            if len(others) > 1:
                remedy = f"write `id: {{{others[0]}: {self.own.id}}}`"
                self._say(place, "unknown-environment", "An id has to say in which environment it lives.", remedy)
            return self.own.id if not others or self.setting.name != LOCAL else None
        for name in self.own.id or ():
            if name not in self.setting.environments:
                remedy = did_you_mean(name, self.setting.environments)
                self._say(place, "unknown-environment", f"There is no environment `{name}`.", remedy)
        return (self.own.id or {}).get(self.setting.name)

    def _ignored(self, own: _Own) -> tuple[Path, ...]:
        found: list[Path] = []
        for text in own.ignore_changes or ():
            try:
                path = read(text)
            except BadPath:
                path = ("",)
            if path[0] not in self.kind.fields or path == ("metadata", "reconciler"):
                remedy = did_you_mean(path[0], self.kind.fields) if path[0] else 'write `field.member["odd name"]`'
                self._say(self._own_place("ignore_changes"), "bad-path", f"`{text}` is no path of a field.", remedy)
            found.append(path)
        return tuple(sorted(set(found)))

    def _own_place(self, field: str) -> Place:
        return locate(self.own_node, [field]) if self.own_node is not None else self.place

    def _problem(self, problem: Problem, within: Node) -> None:
        place = locate(within, problem.loc, key=problem.at_key)
        self.report(Fault(place, problem.code, problem.message, problem.remedy, problem.severity))

    def _say(self, place: Place, code: str, message: str, remedy: str = "") -> None:
        self.report(Fault(place, code, message, remedy))


def _between(readings: Iterable[_Reading]) -> Iterator[Fault]:
    """What two manifests cannot both have: an address, a former key, an id."""
    addresses: dict[Address, Place] = {}
    ids: dict[str, Place] = {}
    readings = list(readings)
    for reading in readings:
        if reading.address in addresses:
            message = f"{reading.address} is also in {addresses[reading.address]}."
            yield Fault(reading.key_place, "duplicate-address", message, "give one of them another key")
        addresses.setdefault(reading.address, reading.key_place)
        pinned = reading.own.id if isinstance(reading.own.id, str) else None
        mapped = reading.own.id.items() if isinstance(reading.own.id, dict) else ()
        for name in [*(f"{env} {id}" for env, id in mapped), *([f" {pinned}"] if pinned else [])]:
            if name in ids:
                message = f"{name.split()[-1]} is also named in {ids[name]}."
                yield Fault(reading._own_place("id"), "duplicate-id", message, "one live object has one manifest")
            ids.setdefault(name, reading.key_place)
    yield from _former_keys(readings, addresses)


def _former_keys(readings: Iterable[_Reading], addresses: Mapping[Address, Place]) -> Iterator[Fault]:
    claimed: dict[Address, Place] = {}
    for reading in readings:
        for key in reading.own.was or ():
            former = Address(reading.kind.name, key)
            taken = addresses.get(former) or claimed.get(former)
            if taken is not None:
                message = f"`{key}` is the key of {taken}."
                yield Fault(reading._own_place("was"), "was-in-use", message, "take it out of `was`")
            claimed.setdefault(former, reading.key_place)


def _member(node: Node | None, key: str) -> Node | None:
    return _fields(node).get(key)


def _fields(node: Node | None) -> dict[str, Node]:
    return node.value if node is not None and isinstance(node.value, dict) else {}


def _merged(base: Node, patch: Node) -> Node:
    """A JSON merge patch on nodes, so that everything keeps its place."""
    if not isinstance(patch.value, dict):
        return patch
    members = dict(_fields(base))
    for key, member in patch.value.items():
        if member.value is None:
            members.pop(key, None)
        else:
            members[key] = _merged(members.get(key, Node({}, member.place)), member)
    return Node(members, base.place, {**base.keys, **patch.keys})


def _holds(node: Node, wanted: Node) -> bool:
    if isinstance(node.value, dict):
        return any(_holds(member, wanted) for member in node.value.values())
    if isinstance(node.value, tuple):
        return any(_holds(member, wanted) for member in node.value)
    return node is wanted


def _less_broken(body: Node, broken: Sequence[Node]) -> Node:
    """The body without the fields that hold what could not be read."""
    if not broken:
        return body
    sound = {key: node for key, node in _fields(body).items() if not any(_holds(node, one) for one in broken)}
    return replace(body, value=sound)
