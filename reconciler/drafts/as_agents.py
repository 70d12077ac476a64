"""The manifest of an assistant → the draft of an agent's manifest, for every environment.

Base and patches stay base and patches, and references stay references: what the two manifests share is changed in one
place. The rules are those of `kinds.conversion`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from reconciler.canonical import ABSENT, Absent, Fields, Json, equal
from reconciler.drafts.layout import Draft
from reconciler.drafts.stand_ins import StandIns
from reconciler.kinds import KINDS
from reconciler.kinds.conversion import Converted, converted
from reconciler.kinds.fields import Data
from reconciler.kinds.to_agent import agent_path
from reconciler.manifests.block import PATCHED
from reconciler.manifests.parser import Manifest
from reconciler.manifests.references import without_own
from reconciler.model import Address
from reconciler.paths import read, show
from reconciler.source import Node, fields, member, merge_patch, merged, plain

_ASSISTANT: Final = KINDS["assistant"]
_AGENT: Final = KINDS["agent"]


@dataclass(frozen=True, slots=True)
class AgentView:
    """An environment in which there are to be agents, as one manifest of an assistant concerns it."""

    name: str
    values: Mapping[str, str] = field(default_factory=dict)
    fields: Fields | None = None
    """What the assistant is there; None where it has an error there."""


@dataclass(frozen=True, slots=True)
class AgentDraft:
    """The draft of an agent's manifest, and a word for each thing that was lost anywhere."""

    draft: Draft
    unresolved: tuple[str, ...]


class UnpatchableError(Exception):
    """An environment differs from the base in a way that no patch can express."""


def agent_draft(
    manifest: Manifest, views: Sequence[AgentView], former_ids: Json, absent: Sequence[str], folder: str
) -> AgentDraft:
    """The draft for an assistant, to be written into the folder.

    `absent` are environments where the agent does not exist. Where one of the views differs from the base in a way that
    no patch can express, it raises an `UnpatchableError`.
    """
    return _Drafting(manifest, folder).draft(views, former_ids, absent)


class _Drafting:
    """The conversion of one manifest."""

    def __init__(self, manifest: Manifest, folder: str) -> None:
        self.manifest = manifest
        self.folder = folder
        self.own = _mapping(plain(own)) if (own := member(manifest.node, "reconciler")) else {}
        self.stand_ins = StandIns(manifest)
        self.base_node = self.stand_ins.body(without_own(manifest.node))
        self.base = self._converted(self.base_node)

    def draft(self, views: Sequence[AgentView], former_ids: Json, absent: Sequence[str]) -> AgentDraft:
        """The whole draft."""
        base_words = self._words(self.base, self.own)
        environments: dict[str, Json] = {}
        words = dict.fromkeys(base_words)
        for view in views:
            patch = self._patch_node(view.name)
            if patch is not None and patch.value is False:
                environments[view.name] = False
                continue
            here, there = self._in_view(view, patch)
            own = self._own_stated(_mapping(plain(patch)) if patch is not None else {})
            if own.get("ignore_changes") == [] and not self._own_stated(self.own).get("ignore_changes"):
                del own["ignore_changes"]
            there_words = self._words(there, {**self.own, **own})
            own.pop("unresolved", None)
            if there_words != base_words:
                own["unresolved"] = [*there_words]
            words |= dict.fromkeys(there_words)
            if here or own:
                environments[view.name] = {**here, **own}
        environments |= dict.fromkeys(absent, False)
        block = self._block(former_ids, base_words, environments)
        back = {name: self._put_back(value) for name, value in self.base.body.items()}
        body = {name: value for name, value in back.items() if not isinstance(value, Absent)}
        return AgentDraft(Draft(Address(_AGENT.name, self.manifest.address.key), body, block), tuple(words))

    def _block(self, former_ids: Json, words: Sequence[str], environments: Mapping[str, Json]) -> dict[str, Json]:
        stated: dict[str, Json] = {
            "former_ids": former_ids,
            **self._own_stated(self.own),
            "unresolved": [*words],
            "environments": {**environments},
        }
        return {name: value for name, value in stated.items() if value not in (None, [], {})}

    def _own_stated(self, stated: Mapping[str, Json]) -> dict[str, Json]:
        """What is stated of the block, with the paths to ignore that the agent has too."""
        own = {name: stated[name] for name in PATCHED if name in stated}
        if isinstance(ignored := own.get("ignore_changes"), list):
            paths = (agent_path(read(str(text))) for text in ignored)
            own["ignore_changes"] = [*dict.fromkeys(show(path) for path in paths if path)]
        return own

    def _patch_node(self, name: str) -> Node | None:
        return member(member(member(self.manifest.node, "reconciler"), "environments"), name)

    def _in_view(self, view: AgentView, patch: Node | None) -> tuple[dict[str, Json], Converted]:
        """The fields of a view's patch, and what the assistant becomes there."""
        node = self.base_node
        if patch is not None:
            stated = {key: each for key, each in fields(patch).items() if key not in PATCHED}
            node = merged(node, self.stand_ins.body(replace(patch, value=stated)))
        with_stand_ins = self._converted(node)
        real = None if view.fields is None else converted(view.fields, _ASSISTANT)
        names = dict.fromkeys((*self.base.body, *with_stand_ins.body, *(real.body if real is not None else ())))
        found: dict[str, Json] = {}
        for name in (name for name in _AGENT.fields if name in names):
            value = self._field_patch(name, with_stand_ins, real, view)
            if not isinstance(value, Absent):
                found[name] = value
        return found, with_stand_ins if real is None else real

    def _field_patch(self, name: str, there: Converted, real: Converted | None, view: AgentView) -> Json | Absent:
        """What the patch says of one field: with references, if what they stand for is what the field is there."""
        before = self.base.body.get(name, ABSENT)
        patch = _field_difference(name, before, there.body.get(name, ABSENT))
        if real is None or self._is_so(name, before, patch, real, view):
            return self._put_back(patch)
        return _field_difference(name, self._real(before, view), real.body.get(name, ABSENT))

    def _is_so(self, name: str, before: Json | Absent, patch: Json | Absent, real: Converted, view: AgentView) -> bool:
        """Whether the base with this patch is the converted assistant there."""
        found = _patched(self._real(before, view), self._real(patch, view))
        return equal(_normal(name, found), _normal(name, real.body.get(name, ABSENT)))

    def _real(self, value: Json | Absent, view: AgentView) -> Json | Absent:
        return value if isinstance(value, Absent) else self.stand_ins.real(value, view.values)

    def _converted(self, node: Node) -> Converted:
        return converted(_ASSISTANT.read(_mapping(plain(node))), _ASSISTANT)

    def _words(self, there: Converted, own: Mapping[str, Json]) -> tuple[str, ...]:
        """The unresolved words: those of the assistant's manifest, and what is lost."""
        before = own.get("unresolved")
        stated = [str(word) for word in before] if isinstance(before, list) else []
        return tuple(dict.fromkeys([*stated, *map(self.stand_ins.named, there.unresolved)]))

    def _put_back(self, value: Json | Absent) -> Json | Absent:
        if isinstance(value, Absent):
            return value
        here = posixpath.dirname(self.manifest.file)
        moved = {name: posixpath.relpath(posixpath.join(here, name), self.folder) for name in self.manifest.attachments}
        return self.stand_ins.put_back(value, moved)


def _mapping(value: Json) -> Data:
    return value if isinstance(value, dict) else {}


def _field_difference(name: str, before: Json | Absent, after: Json | Absent) -> Json | Absent:
    """What a merge patch says of a field; nothing where it stays."""
    if equal(before, after):
        return ABSENT
    if isinstance(after, Absent):
        return None
    patch = merge_patch(None if isinstance(before, Absent) else before, after)
    if patch is None:
        raise UnpatchableError(name)
    return patch


def _patched(before: Json | Absent, patch: Json | Absent) -> Json | Absent:
    """What a merge patch makes of a field."""
    if isinstance(patch, Absent):
        return before
    if patch is None:
        return ABSENT
    if not isinstance(patch, dict):
        return patch
    members: dict[str, Any] = {**before} if isinstance(before, dict) else {}
    after = {**members, **{key: _patched(members.get(key, ABSENT), inner) for key, inner in patch.items()}}
    return {key: inner for key, inner in after.items() if not isinstance(inner, Absent)}


def _normal(name: str, value: Json | Absent) -> Json:
    """The field of an agent in normal form."""
    return _AGENT.read({} if isinstance(value, Absent) else {name: value})[name]
