"""The edits that add an assistant to another environment, as a request.

It has the fields of the source environment, without those that a request cannot express.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from reconciler.canonical import ABSENT, Fields, Json
from reconciler.kinds import KINDS
from reconciler.kinds.conversion import Converted, converted
from reconciler.kinds.fields import Data
from reconciler.kinds.migration import verdicts
from reconciler.manifests.parser import Manifest
from reconciler.model import Desired
from reconciler.paths import Path
from reconciler.source import Edit, fields, member, plain

_ASSISTANT = KINDS["assistant"]
_BLOCK = "reconciler"


@dataclass(frozen=True, slots=True)
class AddedEnvironment:
    """An environment to be added, the one that it is made of, and all that there were before."""

    name: str
    source: str
    before: tuple[str, ...]
    is_new: bool
    """Whether no manifest knows it yet."""


def request_body(desired: Desired) -> Converted:
    """The assistant without what a request cannot express, and a word for each lost thing."""
    return converted(desired.fields, _ASSISTANT, "responses")


def entry_of(manifest: Manifest, environment: str) -> Json:
    """What the manifest says of an environment, as it is written; nothing where it says nothing."""
    node = member(member(member(manifest.node, _BLOCK), "environments"), environment)
    return plain(node) if node is not None else None


def edits_without(manifest: Manifest, added: AddedEnvironment) -> list[Edit]:
    """The edits of a manifest that is not to exist in the environment."""
    if not added.is_new:
        return []
    return [*_id_edits(manifest, added), Edit((_BLOCK, "environments", added.name), value=False)]


def edits_with(manifest: Manifest, desired: Desired, added: AddedEnvironment) -> list[Edit]:
    """The edits of a manifest that is to exist in the environment as it does in the source."""
    stated = entry_of(manifest, added.source)
    patch: Data = {**stated} if isinstance(stated, dict) else {}
    result = request_body(desired)
    if result.unresolved:
        lost = [each.path for each in verdicts(desired.fields, _ASSISTANT, "responses") if each.verdict == "lost"]
        patch |= _less_lost(manifest, patch, lost, desired.fields)
        patch["unresolved"] = [*dict.fromkeys((*_stated_words(manifest, patch), *result.unresolved))]
    others = [*_id_edits(manifest, added), *_former_edits(manifest, desired, added)]
    if patch:
        return [*others, Edit((_BLOCK, "environments", added.name), patch)]
    return others if entry_of(manifest, added.name) is None else [*others, _removal(manifest, added, others)]


def _removal(manifest: Manifest, added: AddedEnvironment, others: Collection[Edit]) -> Edit:
    """The edit that removes the entry of the environment, and mappings that it leaves empty."""
    block = member(manifest.node, _BLOCK)
    if len(fields(member(block, "environments"))) > 1:
        return Edit((_BLOCK, "environments", added.name), ABSENT)
    return Edit((_BLOCK,) if len(fields(block)) == 1 and not others else (_BLOCK, "environments"), ABSENT)


def _less_lost(manifest: Manifest, patch: Mapping[str, Json], lost: Collection[Path], there: Fields) -> Data:
    """The members of the patch that take away what is lost."""
    removed: Data = {path[0]: None for path in lost if len(path) == 1}
    tools = {path[1].partition("#")[0] for path in lost if path[0] == "tools" and len(path) == 2}
    if tools:
        listed = _stated_tools(manifest, patch)
        kept = [tool for tool in listed if not (isinstance(tool, dict) and tool.get("type") in tools)]
        removed["tools"] = kept or None
    resources = [path[1] for path in lost if path[0] == "tool_resources" and len(path) == 2]
    if resources:
        stated = patch.get("tool_resources")
        removed["tool_resources"] = {**(stated if isinstance(stated, dict) else {}), **dict.fromkeys(resources)}
    return removed


def _stated_tools(manifest: Manifest, patch: Mapping[str, Json]) -> list[Json]:
    """The tools as they are written, be it in a file."""
    node = member(manifest.node, "tools")
    stated = patch["tools"] if "tools" in patch else plain(node) if node is not None else None
    if isinstance(stated, dict) and isinstance(name := stated.get("file"), str):
        stated = plain(manifest.attachments[name])
    return stated if isinstance(stated, list) else []


def _stated_words(manifest: Manifest, patch: Mapping[str, Json]) -> list[str]:
    node = member(member(manifest.node, _BLOCK), "unresolved")
    words = patch["unresolved"] if "unresolved" in patch else plain(node) if node is not None else None
    return [str(word) for word in words] if isinstance(words, list) else []


def _id_edits(manifest: Manifest, added: AddedEnvironment) -> list[Edit]:
    """An id that names no environment has to name one, now that there are several."""
    node = member(member(manifest.node, _BLOCK), "id")
    is_plain = added.is_new and node is not None and isinstance(node.value, str)
    return [Edit((_BLOCK, "id"), {added.source: plain(node)})] if is_plain and node is not None else []


def _former_edits(manifest: Manifest, desired: Desired, added: AddedEnvironment) -> list[Edit]:
    """The ids that it has and had in the source are former ones in the new environment."""
    ids: list[Json] = [*dict.fromkeys((*([desired.id] if desired.id else []), *desired.former_ids))]
    node = member(member(manifest.node, _BLOCK), "former_ids")
    listed = plain(node) if node is not None else None
    if not desired.id and isinstance(listed, list):
        return []
    if isinstance(listed, list):
        return [Edit((_BLOCK, "former_ids"), {**{name: [*listed] for name in added.before}, added.name: ids})]
    value = ids[0] if len(ids) == 1 else ids
    return [Edit((_BLOCK, "former_ids", added.name), value)] if ids else []
