"""Nodes → what is desired in one environment, or every reason why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pydantic import ValidationError

from reconciler.diagnostics import Diagnostic, Location, did_you_mean, in_order
from reconciler.kinds import KINDS, Checked, Kind, ServerTraits
from reconciler.kinds.problems import Problem, from_pydantic
from reconciler.manifests.block import ReconcilerBlock
from reconciler.manifests.references import Resolver, without_own
from reconciler.model import NAME, Address, Desired
from reconciler.paths import BadPath, Path, read
from reconciler.source import Node, fields, locate, member, merged, plain

LOCAL = "local"
_PATCHED_OWN = ("ignore_changes", "on_removal")


class Document(Protocol):
    """A manifest as it was read, with what the files it names hold."""

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
class ManifestContext:
    """The environment in which manifests are read, as far as they can tell."""

    name: str = LOCAL
    environments: tuple[str, ...] = (LOCAL,)
    values: Mapping[str, str] = field(default_factory=dict)
    terms: ServerTraits = field(default_factory=ServerTraits)


@dataclass(frozen=True, slots=True)
class ParsedManifests:
    """What the manifests ask for, and everything wrong with them."""

    desired: tuple[Desired, ...]
    faults: tuple[Diagnostic, ...]


def parse(documents: Iterable[Document], setting: ManifestContext) -> ParsedManifests:
    """Every manifest that exists in the environment; with faults, what is desired is not to be trusted."""
    faults: list[Diagnostic] = []
    readings = [_ManifestReader(document, setting, faults.append) for document in documents]
    desired = [found for reading in readings for found in [reading.desired()] if found is not None]
    faults += _between(readings)
    return ParsedManifests(tuple(sorted(desired, key=lambda d: d.address)), in_order(faults))


class _ManifestReader:
    """One manifest on its way."""

    def __init__(self, document: Document, setting: ManifestContext, report: Callable[[Diagnostic], None]) -> None:
        self.document = document
        self.setting = setting
        self.report = report
        self.kind: Kind = KINDS["assistant"]
        self.own_node = member(document.node, "reconciler")
        self.own = self._own()
        self.key_known = self.own.key is not None or (document.alone and not self._states_key())
        self.key, self.key_place = self._key()
        self.address = Address(self.kind.name, self.key)
        self.ids = self._ids()
        self._judge_former_keys()

    @property
    def place(self) -> Location:
        return self.document.node.place

    def desired(self) -> Desired | None:
        """What this manifest asks for here; None where it does not exist here or cannot be read."""
        if not isinstance(self.document.node.value, dict):
            is_empty = self.document.node.value is None
            message = "This manifest is empty." if is_empty else "A manifest is a mapping of fields."
            self._say(self.place, "wrong-type", message, "begin with `model: …`")
            return None
        resolver = Resolver(self.document.attachments, self.setting.values, self.setting.name)
        base = resolver.resolve(without_own(self.document.node))
        patches = {name: resolver.resolve(node) for name, node in self._environments()}
        for fault in resolver.faults:
            self.report(fault)
        patch = patches.get(self.setting.name)
        body, own = self._patched(base, patch)
        exists = patch is None or patch.value is not False
        checked = self._checked(body, resolver, exists=exists)
        ignore = self._ignored(own, patch)
        if not exists:
            return None
        return Desired(
            address=self.address,
            fields=checked.fields,
            place=self.place,
            left_to_server=checked.left_to_server,
            id=self.ids.get(self.setting.name),
            was=tuple(self.own.was or ()),
            on_removal=own.on_removal or "delete",
            ignore=ignore,
        )

    def _checked(self, body: Node, resolver: Resolver, *, exists: bool) -> Checked:
        """The body's normal form; where it does not exist here, what only other environments state is no fault."""
        for fault in resolver.unmet(body) if exists else ():
            self.report(fault)
        sound = resolver.sound(body)
        data = plain(sound)
        unread = fields(body).keys() - fields(sound).keys() if exists else self.kind.fields
        checked = self.kind.check(data if isinstance(data, dict) else {}, self.setting.terms, unread)
        for problem in checked.problems:
            self._problem(problem, sound)
        return checked

    def _own(self) -> ReconcilerBlock:
        if self.own_node is None or self.own_node.value is None:
            return ReconcilerBlock()
        try:
            return ReconcilerBlock.model_validate(plain(self.own_node), strict=True, extra="forbid")
        except ValidationError as error:
            odd = {step for item in error.errors() for step in item["loc"][:1]}
            for problem in from_pydantic(error, ReconcilerBlock):
                self._problem(problem, self.own_node)
        sound = ReconcilerBlock.model_fields.keys() - odd
        return ReconcilerBlock.model_validate(
            {key: plain(node) for key, node in fields(self.own_node).items() if key in sound}
        )

    def _key(self) -> tuple[str, Location]:
        """What the manifest is called, and where it says so."""
        if self.own.key is not None:
            place = self.own_place("key")
            self._judge_key(self.own.key, place, "choose another")
            return self.own.key, place
        if self.key_known:
            self._judge_key(self.document.stem, self.place, "rename the file, or state `reconciler.key`")
        elif not self._states_key():
            message = "One of several documents in a file has to say what it is called."
            remedy = "add `reconciler: {key: …}`, or give it a file of its own"
            self._say(self.place, "key-missing", message, remedy)
        return self.document.stem, self.place

    def _states_key(self) -> bool:
        """Whether the block says what the key is, be it in a way that cannot be read."""
        stated = member(self.own_node, "key") if fields(self.own_node) else self.own_node
        return stated is not None and stated.value not in (None, {})

    def _judge_key(self, key: str, place: Location, remedy: str) -> None:
        if not NAME.fullmatch(key):
            message = f"{key!r} is not a key: 1 to 64 of a-z, 0-9, `.`, `_`, `-`, beginning with a letter or digit."
            self._say(place, "bad-key", message, remedy)

    def _environments(self) -> Iterator[tuple[str, Node]]:
        node = member(self.own_node, "environments")
        for name, patch in fields(node).items():
            place = node.keys.get(name, node.place) if node is not None else self.place
            if name not in self.setting.environments:
                remedy = did_you_mean(name, self.setting.environments)
                self._say(place, "unknown-environment", f"There is no environment `{name}`.", remedy)
            if isinstance(patch.value, dict) or patch.value is False:
                yield name, patch
            else:
                message = "A patch is a mapping of fields, or `false`."
                self._say(patch.place, "wrong-type", message, "write the fields that differ, or leave it out")

    def _patched(self, base: Node, patch: Node | None) -> tuple[Node, ReconcilerBlock]:
        """The fields and the block as this environment has them."""
        if patch is None or not isinstance(patch.value, dict):
            return base, self.own
        changed = {key: node for key, node in patch.value.items() if key not in _PATCHED_OWN}
        own = {key: plain(node) for key, node in patch.value.items() if key in _PATCHED_OWN}
        body = merged(base, replace(patch, value=changed))
        try:
            patched = ReconcilerBlock.model_validate(own, strict=True, extra="forbid")
        except ValidationError as error:
            for problem in from_pydantic(error, ReconcilerBlock):
                self._problem(problem, patch)
            return body, self.own
        return body, self.own.model_copy(update={key: getattr(patched, key) for key in own})

    def _ids(self) -> dict[str, str]:
        """The live object that this manifest names, by environment."""
        others = [name for name in self.setting.environments if name != LOCAL]
        if isinstance(self.own.id, str):
            if len(others) > 1 and self.own.id:
                remedy = f"write `id: {{{others[0]}: {self.own.id}}}`"
                message = "An id has to say in which environment it lives."
                self._say(self.own_place("id"), "unknown-environment", message, remedy)
            ids = dict.fromkeys(others or self.setting.environments, self.own.id)
        else:
            ids = self.own.id or {}
        for name, id in ids.items():
            if name not in self.setting.environments:
                remedy = did_you_mean(name, self.setting.environments)
                place = self.own_place("id", name, key=True)
                self._say(place, "unknown-environment", f"There is no environment `{name}`.", remedy)
            if not id:
                self._say(self.own_place("id", name), "too-small", "An id without a character.", "leave it out")
        return ids

    def _judge_former_keys(self) -> None:
        for index, key in enumerate(self.own.was or ()):
            if not NAME.fullmatch(key):
                message = f"{key!r} is not a key, so no manifest ever had it."
                self._say(self.own_place("was", index), "bad-key", message, "take it out of `was`")

    def _ignored(self, own: ReconcilerBlock, patch: Node | None) -> tuple[Path, ...]:
        block = self.own_node if own.ignore_changes is self.own.ignore_changes else patch
        within = block or self.document.node
        stated = enumerate(own.ignore_changes or ())
        found = {self._ignored_path(text, locate(within, ["ignore_changes", index])) for index, text in stated}
        return tuple(sorted(path for path in found if path))

    def _ignored_path(self, text: str, place: Location) -> Path:
        """The path; nothing where the text is none."""
        try:
            path = read(text)
        except BadPath:
            remedy = 'write `field.member["odd name"]`'
            self._say(place, "bad-path", f"`{text}` is not a path of a field.", remedy)
            return ()
        if path[0] not in self.kind.fields:
            remedy = did_you_mean(path[0], self.kind.fields)
            self._say(place, "bad-path", f"`{text}` is not a path of a field.", remedy)
        if path[:2] == ("metadata", "reconciler"):
            message = "The marker is never compared, so there is nothing to ignore."
            self._say(place, "bad-path", message, "leave it out")
        return path

    def own_place(self, *path: str | int, key: bool = False) -> Location:
        return locate(self.own_node or self.document.node, path, key=key)

    def _problem(self, problem: Problem, within: Node) -> None:
        place = locate(within, problem.loc, key=problem.at_key)
        self.report(Diagnostic(place, problem.code, problem.message, problem.remedy, problem.severity))

    def _say(self, place: Location, code: str, message: str, remedy: str = "") -> None:
        self.report(Diagnostic(place, code, message, remedy))


def _between(readings: Sequence[_ManifestReader]) -> Iterator[Diagnostic]:
    """What two manifests cannot both have: an address, a former key, an id."""
    addresses: dict[Address, Location] = {}
    ids: dict[tuple[str, str], Location] = {}
    for reading in readings:
        if reading.key_known and reading.address in addresses:
            message = f"{reading.address} is also in {addresses[reading.address]}."
            yield Diagnostic(reading.key_place, "duplicate-address", message, "give one of them another key")
        elif reading.key_known:
            addresses[reading.address] = reading.key_place
        for name, id in reading.ids.items():
            place = reading.own_place("id", name)
            if ids.setdefault((name, id), place) != place:
                message = f"{id} is also named in {ids[name, id]}."
                yield Diagnostic(place, "duplicate-id", message, "one live object has one manifest")
    yield from _former_keys(readings, addresses)


def _former_keys(readings: Iterable[_ManifestReader], addresses: Mapping[Address, Location]) -> Iterator[Diagnostic]:
    claimed: dict[Address, Location] = {}
    for reading in readings:
        for index, key in enumerate(reading.own.was or ()):
            former, place = Address(reading.kind.name, key), reading.own_place("was", index)
            taken = addresses.get(former)
            if taken is not None:
                yield Diagnostic(place, "was-in-use", f"`{key}` is the key of {taken}.", "take it out of `was`")
            elif claimed.setdefault(former, place) != place:
                message = f"`{key}` is under `was` in {claimed[former]} too."
                yield Diagnostic(place, "was-in-use", message, "take it out of one of them")
