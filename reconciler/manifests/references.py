"""`{file: …}`, `{files: […]}` and `{value: …}`: where they may stand, and what they become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from reconciler.canonical import Json
from reconciler.diagnostics import Diagnostic, Location, did_you_mean
from reconciler.source import Node, fields, items, member, node_of

FILE_KEYS = ("function", "parameters", "json_schema", "schema")
"""Keys below the top level whose value a file may hold."""
_SCHEMAS = ("parameters", "schema")
_FREE_KEYS = ("headers", "request_metadata")
_OWN = "reconciler"
_WORDS = ("value", "file", "files")
_NESTED = (dict, tuple)
_Steps: TypeAlias = tuple[str | int, ...]


def file_references(document: Node) -> tuple[tuple[str, Node], ...]:
    """Every file that a manifest names where it may, as written, with the node that names it."""
    spots = (spot for body in _bodies(document) for spot in _spots(body, (), inside=False))
    named = (node for spot in spots if spot.names_files and spot.allowed for node in _file_nodes(spot.node))
    return tuple((str(node.value), node) for node in named)


def taken_for_references(body: Mapping[str, Json]) -> tuple[_Steps, ...]:
    """Where a manifest would have references if it stated this data; less the schemas, which a file can hold."""
    spots = _spots(node_of(dict(body), Location("")), (), inside=False)
    return tuple(spot.path for spot in spots if spot.path[-1] not in _SCHEMAS)


def is_missing_value(fault: Diagnostic) -> bool:
    """Whether the error is of a `{value: …}` that an environment does not have."""
    return fault.code == "unknown-value" and fault.message.startswith("Environment `")


@dataclass(slots=True)
class Resolver:
    """Puts what references stand for in their place, and remembers what could not be put."""

    attachments: Mapping[str, Node]
    values: Mapping[str, str]
    environment: str
    faults: list[Diagnostic] = field(default_factory=list)
    missing: list[tuple[Node, Diagnostic]] = field(default_factory=list)
    """Stand-ins for values that the environment lacks; a patch may still replace them."""
    broken: list[Node] = field(default_factory=list)
    """Stand-ins for files that could not be read, which is reported elsewhere."""
    joined: list[tuple[Node, tuple[str, ...]]] = field(default_factory=list)
    """Texts that several files make up, with those files."""

    def resolve(self, body: Node) -> Node:
        """The body with every reference resolved."""
        replaced = {spot.path: self._resolved(spot) for spot in _spots(body, (), inside=False)}
        return _rebuilt(body, (), replaced) if replaced else body

    def unmet(self, body: Node) -> tuple[Diagnostic, ...]:
        """The values that the body, patched by now, still requires and that the environment lacks."""
        return tuple(fault for stand_in, fault in self.missing if _holds(body, [stand_in]))

    def sound(self, body: Node) -> Node:
        """The body without the fields that hold a stand-in."""
        stand_ins = [*self.broken, *(stand_in for stand_in, _ in self.missing)]
        if not stand_ins or not isinstance(body.value, dict):
            return body
        return replace(body, value={key: node for key, node in body.value.items() if not _holds(node, stand_ins)})

    def files_of(self, node: Node) -> tuple[str, ...]:
        """The files that a resolved value was read from."""
        return next((files for joined, files in self.joined if joined is node), (node.place.file,))

    def _resolved(self, spot: _Spot) -> Node:
        if not spot.names_files:
            return self._value(spot.node)
        if not spot.allowed:
            remedy = "a file may stand for a whole field, and at " + ", ".join(f"`{key}`" for key in FILE_KEYS)
            return self._fault(spot.node, "A file reference may not stand here.", remedy)
        named = _file_nodes(spot.node)
        if not named:
            remedy = "write `{file: path}` or `{files: [path, path]}`"
            return self._fault(spot.node, "This is not a file reference.", remedy)
        parts = [self.attachments.get(str(node.value)) for node in named]
        read = [part for part in parts if part is not None]
        if len(read) < len(parts):
            return self._stand_in(spot.node)
        for node, part in zip(named, read, strict=True):
            if isinstance(part.value, str) and not part.value.strip():
                message, remedy = f"`{node.value}` is empty, as if nothing were stated here.", "write the text into it"
                self.faults.append(Diagnostic(node.place, "bad-reference", message, remedy, "warning"))
        return self._inside(read[0], spot.path) if _only_key(spot.node) == "file" else self._joined(spot.node, read)

    def _inside(self, content: Node, path: _Steps) -> Node:
        """What a data file holds, with its values resolved; files do not nest."""
        replaced = {
            spot.path: self._value(spot.node)
            if not spot.names_files
            else self._fault(spot.node, "Referenced files cannot contain file references.", "write it out here")
            for spot in _spots(content, path, inside=True)
        }
        return _rebuilt(content, path, replaced) if replaced else content

    def _joined(self, node: Node, parts: list[Node]) -> Node:
        if not all(isinstance(part.value, str) for part in parts):
            return self._fault(node, "Only texts can be joined.", "name `.md` and `.txt` files under `files`")
        joined = Node("\n\n".join(str(part.value).strip("\r\n") for part in parts), node.place)
        self.joined.append((joined, tuple(part.place.file for part in parts)))
        return joined

    def _value(self, node: Node) -> Node:
        name = str(_only_member(node).value)
        if name in self.values:
            return Node(self.values[name], node.place)
        message = f"Environment `{self.environment}` has no value `{name}`."
        remedy = did_you_mean(name, self.values) or f"add it under `environments.{self.environment}.values`"
        stand_in = Node("", node.place)
        self.missing.append((stand_in, Diagnostic(_only_member(node).place, "unknown-value", message, remedy)))
        return stand_in

    def _fault(self, node: Node, message: str, remedy: str) -> Node:
        self.faults.append(Diagnostic(node.place, "bad-reference", message, remedy))
        return self._stand_in(node)

    def _stand_in(self, node: Node) -> Node:
        stand_in = Node("", node.place)  # no null: in a patch that would take the field away
        self.broken.append(stand_in)
        return stand_in


@dataclass(frozen=True, slots=True)
class _Spot:
    """A node that is a reference, and whether one of files may stand there."""

    node: Node
    path: _Steps
    names_files: bool
    allowed: bool


def _bodies(document: Node) -> Iterator[Node]:
    """The manifest's own fields, and each environment's patch of them."""
    if isinstance(document.value, dict):
        yield without_own(document)
        yield from fields(member(member(document, _OWN), "environments")).values()


def without_own(document: Node) -> Node:
    """The manifest less its `reconciler:` block."""
    if not isinstance(document.value, dict):
        return document
    return replace(document, value={key: node for key, node in document.value.items() if key != _OWN})


def reference_at(node: Node, path: _Steps, *, inside: bool) -> tuple[str, tuple[str, ...]] | None:
    """The word of the reference that a node at this path of a body is, with what it names; None where it is none.

    `inside` says that the node is in a file that a reference names. JSON Schemas hold no references: see `is_schema`.
    """
    spot = _spot(node, path, inside=inside)
    if spot is None or not spot.allowed:
        return None
    named = _file_nodes(node) if spot.names_files else [_only_member(node)]
    return str(_only_key(node)), tuple(str(each.value) for each in named)


def _spots(node: Node, path: _Steps, *, inside: bool) -> Iterator[_Spot]:
    """Every reference below a node; JSON Schemas and metadata's own mapping are data and hold none.

    Told by their paths: an alias of YAML has one node stand at many, and not be a reference at each.
    """
    if isinstance(node.value, tuple):
        for index, inner in enumerate(node.value):
            if isinstance(inner.value, _NESTED):
                yield from _spots(inner, (*path, index), inside=inside)
    if not isinstance(node.value, dict):
        return
    spot = _spot(node, path, inside=inside)
    if spot is not None:
        yield spot
    elif not is_schema(path):
        for key, inner in node.value.items():
            if isinstance(inner.value, _NESTED):
                yield from _spots(inner, (*path, key), inside=inside)


def _is_data(path: _Steps) -> bool:
    """Whether a mapping there has keys that people choose, so that `value` and `file` are names like any other."""
    return path in ((), ("metadata",)) or (path[0] != "metadata" and path[-1] in _FREE_KEYS)


def _spot(node: Node, path: _Steps, *, inside: bool) -> _Spot | None:
    word = _only_key(node)
    if word not in _WORDS or _is_data(path):
        return None
    in_metadata, in_schema = path[0] == "metadata", is_schema(path)
    may = not inside and may_hold_file(path)
    if word == "value":
        return None if in_schema else _Spot(node, path, names_files=False, allowed=True)
    if in_metadata or (in_schema and not may):
        return None
    # where one may stand, whatever is meant as a file reference is one
    is_reference = may or isinstance(_only_member(node).value, str | tuple)
    return _Spot(node, path, names_files=True, allowed=may) if is_reference else None


def is_schema(path: _Steps) -> bool:
    """Whether a JSON Schema stands at this path of a body: what it holds is data."""
    return path[-1:] != () and path[-1] in _SCHEMAS and path[0] != "metadata"


def may_hold_file(path: _Steps) -> bool:
    """Whether `{file: …}` may stand at a place of a manifest and is no data there."""
    return not _is_data(path) and path[0] != "metadata" and (len(path) == 1 or path[-1] in FILE_KEYS)


def may_hold_value(path: _Steps) -> bool:
    """Whether `{value: …}` may stand at a place of a manifest and is no data there."""
    within = any(is_schema(path[:length]) for length in range(1, len(path) + 1))
    return not _is_data(path) and not within


def _file_nodes(node: Node) -> list[Node]:
    only = _only_member(node)
    if _only_key(node) == "file":
        return [only] if isinstance(only.value, str) else []
    listed = items(only)
    return list(listed) if listed and all(isinstance(inner.value, str) for inner in listed) else []


def _only_key(node: Node) -> str | None:
    """The one key of a mapping with one, where it is a reference's; a value's name must be text."""
    if not isinstance(node.value, dict) or len(node.value) != 1:
        return None
    key, only = next(iter(node.value.items()))
    return None if key == "value" and not isinstance(only.value, str) else key


def _only_member(node: Node) -> Node:
    """The one member of a mapping with one."""
    return next(iter(node.value.values())) if isinstance(node.value, dict) else node


def _holds(node: Node, wanted: Sequence[Node]) -> bool:
    """Whether one of the wanted is the node, or within it."""
    if isinstance(node.value, dict | tuple):
        inner = node.value.values() if isinstance(node.value, dict) else node.value
        return any(_holds(child, wanted) for child in inner)
    return any(node is child for child in wanted)


def _rebuilt(node: Node, path: _Steps, replaced: Mapping[_Steps, Node]) -> Node:
    """The node with others in their place; where none is, the very same."""
    around = {place[:length] for place in replaced for length in range(len(place))}

    def rebuilt(node: Node, path: _Steps) -> Node:
        if path not in around:
            return replaced.get(path, node)
        if isinstance(node.value, dict):
            members = {key: rebuilt(inner, (*path, key)) for key, inner in node.value.items()}
            return replace(node, value=members)
        listed = tuple(rebuilt(inner, (*path, index)) for index, inner in enumerate(items(node)))
        return replace(node, value=listed)

    return rebuilt(node, path)
