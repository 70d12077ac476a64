"""Texts that stand for the references of a manifest while its body is made into something else, and are put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from reconciler.canonical import Json
from reconciler.manifests.parser import Manifest
from reconciler.manifests.references import Resolver
from reconciler.source import Node, OneLine, fields, plain

_BEGIN: Final = "\ufdd0"
_END: Final = "\ufdd1"
"""Characters that no real text contains."""
_SCHEMAS: Final = ("parameters", "schema")
_JOINT: Final = "\n\n"
_Steps: TypeAlias = tuple[str | int, ...]


class _EveryValue(dict[str, str]):
    """A stand-in for each value, whatever its name."""

    def __init__(self, stand_ins: StandIns) -> None:
        super().__init__()
        self._stand_ins = stand_ins

    def __contains__(self, name: object) -> bool:
        return True

    def __getitem__(self, name: str) -> str:
        return self._stand_ins.add({"value": name}, None)


@dataclass(slots=True)
class StandIns:
    """What stands for each reference of one manifest: a text for a text, a mapping of one member for a schema."""

    manifest: Manifest
    _texts: dict[str, str] = field(default_factory=dict)
    _references: dict[str, dict[str, Json]] = field(default_factory=dict)
    """By stand-in, the reference as it is written in this manifest."""
    _contents: dict[str, Json] = field(default_factory=dict)
    """By stand-in of a file, what is in it."""

    def body(self, node: Node) -> Node:
        """The fields of the manifest, or a patch of them, with a stand-in for each reference that may be kept."""
        attachments = {
            name: replace(content, value=self.add({"file": name}, content.value))
            if isinstance(content.value, str)
            else content
            for name, content in self.manifest.attachments.items()
        }
        return Resolver(attachments, _EveryValue(self), "").resolve(self._schemas_apart(node, ()))

    def add(self, reference: dict[str, Json], content: Json) -> str:
        """What stands for a reference, the same wherever it is written."""
        stand_in = self._texts.setdefault(repr(reference), f"{_BEGIN}{len(self._texts)}{_END}")
        self._references[stand_in] = reference
        self._contents[stand_in] = content
        return stand_in

    def put_back(self, value: Json, moved: Mapping[str, str]) -> Json:
        """The value with its references, each file under the path that it has now."""
        if isinstance(value, dict) and (only := self._only_schema(value)):
            return self._reference(only, moved)
        if isinstance(value, dict):
            return {key: self.put_back(inner, moved) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.put_back(inner, moved) for inner in value]
        parts = value.split(_JOINT) if isinstance(value, str) and value.startswith(_BEGIN) else []
        if not parts or any(part not in self._references for part in parts):
            return value
        references = [self._reference(part, moved) for part in parts]
        return references[0] if len(parts) == 1 else {"files": [each["file"] for each in references]}

    def real(self, value: Json, values: Mapping[str, str]) -> Json:
        """The value as it is where these values are; a stand-in for any other stays."""
        if isinstance(value, dict) and (only := self._only_schema(value)):
            return self._contents[only]
        if isinstance(value, dict):
            return {key: self.real(inner, values) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.real(inner, values) for inner in value]
        parts = value.split(_JOINT) if isinstance(value, str) and value.startswith(_BEGIN) else []
        if not parts or any(part not in self._references for part in parts):
            return value
        texts = [self._text(part, values) for part in parts]
        return texts[0] if len(parts) == 1 else _JOINT.join(text.strip("\r\n") for text in texts)

    def named(self, text: str) -> str:
        """The text with the name of each value and file in place of what stands for it."""
        for stand_in, reference in self._references.items():
            text = text.replace(stand_in, str(next(iter(reference.values()))))
        return text

    def _only_schema(self, value: Mapping[str, Json]) -> str | None:
        """The stand-in that a mapping is, if it is one."""
        only = next(iter(value), "") if len(value) == 1 else ""
        return only if only in self._references else None

    def _reference(self, stand_in: str, moved: Mapping[str, str]) -> dict[str, Json]:
        reference = self._references[stand_in]
        path = reference.get("file")
        return OneLine(reference) if path is None else OneLine(file=moved[str(path)])

    def _text(self, stand_in: str, values: Mapping[str, str]) -> str:
        name = self._references[stand_in].get("value")
        return str(self._contents[stand_in]) if name is None else values.get(str(name), stand_in)

    def _schemas_apart(self, node: Node, path: _Steps) -> Node:
        """The node with a stand-in for each file that is a schema; whatever else a data file is, it is written out."""
        if isinstance(node.value, tuple):
            inner = (self._schemas_apart(each, (*path, index)) for index, each in enumerate(node.value))
            return replace(node, value=tuple(inner))
        if not isinstance(node.value, dict) or path[:1] == ("metadata",):
            return node
        if path and path[-1] in _SCHEMAS:
            name = plain(node.value["file"]) if list(node.value) == ["file"] else None
            content = self.manifest.attachments.get(name) if isinstance(name, str) else None
            if content is None or not isinstance(content.value, dict):
                return node
            stand_in = self.add({"file": name}, plain(content))
            return replace(node, value={stand_in: Node(stand_in, node.place)})
        return replace(node, value={key: self._schemas_apart(each, (*path, key)) for key, each in fields(node).items()})
