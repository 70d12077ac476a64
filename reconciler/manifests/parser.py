"""Nodes → what is desired in one environment, or every reason why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from reconciler.diagnostics import Diagnostic, Location, did_you_mean, in_order
from reconciler.kinds import KINDS, Checked, Kind, ServerTraits
from reconciler.kinds.problems import from_pydantic
from reconciler.manifests.block import PATCHED, ReconcilerBlock
from reconciler.manifests.clashes import clashes
from reconciler.manifests.references import Resolver, without_own
from reconciler.manifests.steps import Steps, Work
from reconciler.model import NAME, NAME_RULE, Address, Desired
from reconciler.paths import BadPath, Path, read, show
from reconciler.source import Node, fields, items, locate, member, merged, plain

LOCAL = "local"
_NO_BLOCK = ReconcilerBlock()


@dataclass(frozen=True, slots=True)
class Manifest:
    """One document of a manifest file, and what is in the files it refers to."""

    file: str
    stem: str
    node: Node
    alone: bool
    """Whether it is the only document of its file."""
    attachments: Mapping[str, Node] = field(default_factory=dict)
    """By the reference as written; one that cannot be read is not here, and has its error."""

    @property
    def address(self) -> Address:
        """What it is called, as far as it can be read."""
        own = fields(member(self.node, "reconciler"))
        stated = {name: own[name].value for name in ("kind", "key") if name in own}
        return Address(str(stated.get("kind") or kind_of(self.file).name), str(stated.get("key") or self.stem))

    @property
    def former_keys(self) -> tuple[str, ...]:
        """The keys that it had before."""
        was = member(member(self.node, "reconciler"), "was")
        return tuple(str(each.value) for each in items(was))


@dataclass(frozen=True, slots=True)
class ManifestContext:
    """The environment in which manifests are read, as far as they can tell."""

    name: str = LOCAL
    environments: tuple[str, ...] = (LOCAL,)
    values: Mapping[str, str] = field(default_factory=dict)
    terms: ServerTraits = field(default_factory=ServerTraits)
    kinds: Sequence[str] = ()
    """The kinds that exist there; every kind where none is stated."""


@dataclass(frozen=True, slots=True)
class ParsedManifests:
    """What the manifests ask for, and everything wrong with them."""

    desired: tuple[Desired, ...]
    faults: tuple[Diagnostic, ...]
    left_out: tuple[Address, ...] = ()
    """What the manifests are of whose kind does not exist in the environment."""
    absent: tuple[Address, ...] = field(default=(), compare=False)
    """What manifests say does not exist in the environment."""
    bodies: Mapping[Address, Node] = field(default_factory=dict, compare=False, repr=False)
    """The fields of what is desired, with the location of each: references resolved, the patch merged."""


def parse(manifests: Iterable[Manifest], context: ManifestContext) -> ParsedManifests:
    """Every manifest that exists in the environment; with errors, what is desired is not to be trusted."""
    return Work(parse_in_steps(manifests, context)).result


def parse_in_steps(manifests: Iterable[Manifest], context: ManifestContext) -> Steps[ParsedManifests]:
    """The same, manifest by manifest."""
    faults: list[Diagnostic] = []
    readers: list[_ManifestReader] = []
    for manifest in manifests:
        readers.append(_ManifestReader(manifest, context, faults.append))
        yield
    desired: list[Desired] = []
    for reader in readers:
        if (resource := reader.desired()) is not None:
            desired.append(resource)
        yield
    faults += clashes(readers)
    wanted = {resource.address for resource in desired}
    return ParsedManifests(
        desired=tuple(sorted(desired, key=lambda resource: resource.address)),
        faults=in_order(faults),
        left_out=tuple(sorted(reader.address for reader in readers if not reader.is_of_environment)),
        absent=tuple(sorted({each.address for each in readers if each.is_of_environment} - wanted)),
        bodies={reader.address: reader.body for reader in readers if reader.body is not None},
    )


def kind_of(file: str) -> Kind:
    """The kind of the manifests in a file: the nearest folder called like one decides, else they are assistants."""
    by_folder = {kind.plural: kind for kind in KINDS.values()}
    folders = reversed(file.split("/")[:-1])
    return next((by_folder[name] for name in folders if name in by_folder), KINDS["assistant"])


class _ManifestReader:
    """One manifest on its way."""

    def __init__(self, manifest: Manifest, context: ManifestContext, report: Callable[[Diagnostic], None]) -> None:
        self.node = manifest.node
        self.attachments = manifest.attachments
        self.context = context
        self.report = report
        self.own_node = member(self.node, "reconciler")
        self.own = self._own()
        self.kind = self._kind(manifest.file)
        stated = member(self.own_node, "key") if fields(self.own_node) else self.own_node
        states_key = stated is not None and stated.value not in (None, {})  # be it in a way that cannot be read
        self.key_known = self.own.key is not None or (manifest.alone and not states_key)
        self.key, self.key_place = self._key(manifest.stem, states_key=states_key)
        self.address = Address(self.kind.name, self.key)
        self.ids = self._ids()
        self.accepted = self._accepted()
        self.body: Node | None = None
        self._check_former_ids()
        for index, key in enumerate(self.former_keys):
            if not NAME.fullmatch(key):
                message = f"{key!r} is not a key, so no manifest ever had it."
                self._say(self.own_place("was", index), "bad-key", message, "take it out of `was`")

    @property
    def former_keys(self) -> tuple[str, ...]:
        """The keys that it had before."""
        return tuple(self.own.was or ())

    @property
    def is_of_environment(self) -> bool:
        """Whether the environment has the kind."""
        return not self.context.kinds or self.kind.name in self.context.kinds

    def desired(self) -> Desired | None:
        """What this manifest asks for here; None where it does not exist here or cannot be read."""
        if not isinstance(self.node.value, dict):
            message = "This manifest is empty." if self.node.value is None else "A manifest is a mapping of fields."
            self._say(self.node.place, "wrong-type", message, "begin with `model: …`")
            return None
        resolver = Resolver(self.attachments, self.context.values, self.context.name)
        base = resolver.resolve(without_own(self.node))
        patches = {name: resolver.resolve(node) for name, node in self._environments()}
        for fault in resolver.faults:
            self.report(fault)
        patch = patches.get(self.context.name)
        body, own = self._patched(base, patch)
        exists = self.is_of_environment and (patch is None or patch.value is not False)
        checked = self._checked(body, resolver, exists=exists)
        ignore = self._ignored(own, patch)
        if not exists:
            return None
        self._check_supported()
        self._check_resolved(own, patch)
        self.body = body
        return Desired(
            address=self.address,
            fields=checked.fields,
            place=self.node.place,
            left_to_server=checked.left_to_server,
            id=self.ids.get(self.context.name),
            was=self.former_keys,
            former_ids=self.own.former_ids_in(self.context.name),
            on_removal=own.on_removal or "delete",
            ignore=ignore,
            files={
                key: files
                for key, files in ((key, resolver.files_of(node)) for key, node in fields(body).items())
                if files != (self.node.place.file,)
            },
        )

    def _check_supported(self) -> None:
        supported, where = self.context.terms.kinds, self.context.name
        if supported and self.kind.name not in supported:
            place = self.own_place("kind") if self.own.kind is not None else self.node.place
            message = f"{self.kind.plural.capitalize()} are not supported by environment {where}."
            listed = f"`kinds: [{', '.join(sorted(supported))}]` under that environment"
            here = f"`reconciler: {{environments: {{{where}: false}}}}` here"
            self._say(place, "unsupported-kind", message, f"write {listed}, or {here}")

    def _checked(self, body: Node, resolver: Resolver, *, exists: bool) -> Checked:
        """The body's normal form; where it does not exist here, what only other environments state is no error."""
        for fault in resolver.unmet(body) if exists else ():
            self.report(fault)
        sound = resolver.sound(body)
        data = plain(sound)
        unread = fields(body).keys() - fields(sound).keys() if exists else self.kind.fields
        body_data = data if isinstance(data, dict) else {}
        terms = self.context.terms if exists else ServerTraits(families=self.context.terms.families)
        checked = self.kind.check(body_data, terms, unread, accepted=self.accepted)
        for problem in checked.problems:
            place = locate(sound, problem.loc, key=problem.at_key)
            remedy = self._kind_remedy(body) if problem.loc == ("kind",) else problem.remedy
            if problem.is_new and not remedy.startswith("did you mean"):
                remedy += f"; if the API has it, write `reconciler: {{unknown_members: [{show(problem.path)}]}}`"
            self.report(Diagnostic(place, problem.code, problem.message, remedy, problem.severity))
        return checked

    def _kind_remedy(self, body: Node) -> str:
        """Where the kind is stated, of a manifest that has it among its fields."""
        stated = str(plain(fields(body)["kind"]))
        if stated == self.kind.name:
            return f"leave it out: the kind of this manifest is `{stated}` already"
        kind = KINDS.get(stated, self.kind)
        how = f"to override it, write `reconciler: {{kind: {kind.name}}}`"
        return f"the folder decides the kind, such as `{kind.plural}/`; {how}"

    def _block(self, data: Any, node: Node) -> tuple[ReconcilerBlock | None, set[int | str]]:
        """The data as a block; else what is wrong is reported, and the fields that are."""
        try:
            return ReconcilerBlock.model_validate(data, strict=True, extra="forbid"), set()
        except ValidationError as error:
            for problem in from_pydantic(error, ReconcilerBlock):
                place = locate(node, problem.loc, key=problem.at_key)
                self._say(place, problem.code, problem.message, problem.remedy)
            return None, {step for item in error.errors() for step in item["loc"][:1]}

    def _own(self) -> ReconcilerBlock:
        if self.own_node is None or self.own_node.value is None:
            return _NO_BLOCK
        block, odd = self._block(plain(self.own_node), self.own_node)
        sound = ReconcilerBlock.model_fields.keys() - odd
        return block or ReconcilerBlock.model_validate(
            {key: plain(node) for key, node in fields(self.own_node).items() if key in sound}
        )

    def _kind(self, file: str) -> Kind:
        stated = self.own.kind
        if stated is None or stated in KINDS:
            return KINDS[stated] if stated is not None else kind_of(file)
        message, remedy = f"`{stated}` is not a kind.", did_you_mean(stated, KINDS)
        self._say(self.own_place("kind"), "unknown-value", message, remedy)
        return kind_of(file)

    def _key(self, stem: str, *, states_key: bool) -> tuple[str, Location]:
        """What the manifest is called, and where it says so."""
        key, place, remedy = stem, self.node.place, "rename the file, or state `reconciler.key`"
        if self.own.key is not None:
            key, place, remedy = self.own.key, self.own_place("key"), "choose another"
        if self.key_known and not NAME.fullmatch(key):
            message = f"{key!r} is not a key: {NAME_RULE}."
            self._say(place, "bad-key", message, remedy)
        elif not self.key_known and not states_key:
            message = "One of several documents in a file has to say what it is called."
            remedy = "add `reconciler: {key: …}`, or give it a file of its own"
            self._say(place, "key-missing", message, remedy)
        return key, place

    def _environments(self) -> Iterator[tuple[str, Node]]:
        node = member(self.own_node, "environments")
        for name, patch in fields(node).items():
            self._check_environment(name, node.keys.get(name, node.place) if node is not None else self.node.place)
            if isinstance(patch.value, dict) or patch.value is False:
                yield name, patch
            else:
                message = "A patch is a mapping of fields, or `false`."
                self._say(patch.place, "wrong-type", message, "write the fields that differ, or leave it out")

    def _check_environment(self, name: str, place: Location) -> None:
        if name not in self.context.environments:
            remedy = did_you_mean(name, self.context.environments)
            self._say(place, "unknown-environment", f"There is no environment `{name}`.", remedy)

    def _patched(self, base: Node, patch: Node | None) -> tuple[Node, ReconcilerBlock]:
        """The fields and the block as this environment has them."""
        if patch is None or not isinstance(patch.value, dict):
            return base, self.own
        changed = {key: node for key, node in patch.value.items() if key not in PATCHED}
        own = {key: plain(node) for key, node in patch.value.items() if key in PATCHED}
        body = merged(base, replace(patch, value=changed))
        patched, _ = self._block(own, patch)
        update = {key: getattr(patched, key) for key in own} if patched is not None else {}
        return body, self.own.model_copy(update=update) if update else self.own

    def _ids(self) -> dict[str, str]:
        """The live object that this manifest names, by environment."""
        others = [name for name in self.context.environments if name != LOCAL]
        if isinstance(self.own.id, str):
            if len(others) > 1 and self.own.id:
                remedy = f"write `id: {{{others[0]}: {self.own.id}}}`"
                message = "An id has to say in which environment it lives."
                self._say(self.own_place("id"), "unknown-environment", message, remedy)
            ids = dict.fromkeys(others or self.context.environments, self.own.id)
        else:
            ids = self.own.id or {}
        for name, id in ids.items():
            self._check_environment(name, self.own_place("id", name, key=True))
            if not id:
                self._say(self.own_place("id", name), "too-small", "An id without a character.", "leave it out")
        return ids

    def _check_former_ids(self) -> None:
        stated = self.own.former_ids
        for name in stated if isinstance(stated, dict) else ():
            self._check_environment(name, self.own_place("former_ids", name, key=True))
        for path, id in self.own.former_id_paths():
            if not id:
                self._say(self.own_place(*path), "too-small", "An id without a character.", "leave it out")

    def _check_resolved(self, own: ReconcilerBlock, patch: Node | None) -> None:
        """Reports what a migration left to a person, word by word."""
        within = self.own_node if own.unresolved is self.own.unresolved else patch
        for index, word in enumerate(own.unresolved or ()):
            message = f"`{word}` is unresolved: a migration could not carry it over."
            remedy = "settle it, then take the word out of `unresolved`"
            self._say(locate(within or self.node, ["unresolved", index]), "unresolved-field", message, remedy)

    def _ignored(self, own: ReconcilerBlock, patch: Node | None) -> tuple[Path, ...]:
        block = self.own_node if own.ignore_changes is self.own.ignore_changes else patch
        within = block or self.node
        stated = enumerate(own.ignore_changes or ())
        paths = {self._ignored_path(text, locate(within, ["ignore_changes", index])) for index, text in stated}
        return tuple(sorted(path for path in paths if path))

    def _accepted(self) -> tuple[Path, ...]:
        """The members within fields that are sent although nothing is known of them here."""
        stated = enumerate(self.own.unknown_members or ())
        return tuple(self._field_path(text, self.own_place("unknown_members", index)) for index, text in stated)

    def _ignored_path(self, text: str, place: Location) -> Path:
        """The path of what is left to the dashboard; nothing where the text is none."""
        path = self._field_path(text, place)
        if path[:2] == ("metadata", "reconciler"):
            message = "The marker is never compared, so there is nothing to ignore."
            self._say(place, "bad-path", message, "leave it out")
        return path

    def _field_path(self, text: str, place: Location) -> Path:
        """The path; nothing where the text is none."""
        not_a_path = f"`{text}` is not a path of a field."
        try:
            path = read(text)
        except BadPath:
            self._say(place, "bad-path", not_a_path, 'write `field.member["odd name"]`')
            return ()
        if path[0] not in self.kind.fields:
            self._say(place, "bad-path", not_a_path, did_you_mean(path[0], self.kind.fields))
        return path

    def own_place(self, *path: str | int, key: bool = False) -> Location:
        return locate(self.own_node or self.node, path, key=key)

    def _say(self, place: Location, code: str, message: str, remedy: str) -> None:
        self.report(Diagnostic(place, code, message, remedy))
