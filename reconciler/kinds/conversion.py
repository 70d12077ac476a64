"""Converts a resource by the rules of its fields, and lists what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.canonical import Fields, Json, equal
from reconciler.kinds.agent import AGENT
from reconciler.kinds.carrying import Carried, FieldRule, FieldVerdict, lost_field
from reconciler.kinds.fields import Data
from reconciler.kinds.kind import Kind
from reconciler.kinds.to_agent import TO_AGENT
from reconciler.kinds.to_assistant import TO_ASSISTANT
from reconciler.kinds.to_responses import TO_RESPONSES
from reconciler.paths import Path, show, without

_RULES: Final[Mapping[str, Mapping[str, FieldRule]]] = {
    "agent": TO_AGENT,
    "responses": TO_RESPONSES,
    "assistant": TO_ASSISTANT,
}
"""By target, the rule of each field of what is carried there: an agent's for `assistant`, else an assistant's."""
_NO_RULE: Final = "what becomes of it there is not known here; look for it at the vendor"
_TOOLS: Final = ("tools", "tool_resources")


@dataclass(frozen=True, slots=True)
class Converted:
    """A body in the shape of its new API, and a word for each thing that could not be carried there."""

    body: Mapping[str, Json]
    unresolved: tuple[str, ...]


def converted(fields: Fields, kind: Kind, target: str = AGENT.name) -> Converted:
    """What becomes of an assistant: what the verdicts call lost is unresolved, and everything else is stated.

    For an `agent` the body is an agent's. For `responses` it is an assistant's, without what no request can say.
    """
    parts = carried(fields, kind, target)
    words = unresolved_words([part.verdict for part in parts])
    if target != AGENT.name:
        return Converted(kind.manifest(_less_lost(fields, kind, [part.verdict for part in parts])), words)
    normal: Data = {name: AGENT.default(name) for name in AGENT.fields}
    for part in parts:
        for path, value in part.placed.items():
            normal = _with_placed(normal, path, value)
    return Converted(AGENT.manifest(normal), words)


def _less_lost(fields: Fields, kind: Kind, verdicts: Iterable[FieldVerdict]) -> Data:
    kept: Data = {**fields}
    for name, *within in (each.path for each in verdicts if each.verdict == "lost"):
        left = without(kept[name], tuple(within)) if within else kind.default(name)
        kept[name] = kind.tidy(name, left)
    return kept


def carried(fields: Fields, kind: Kind, target: str) -> tuple[Carried, ...]:
    """What becomes of everything that the body states, in the order of the kind's fields."""
    rules = _RULES[target]
    stated = [name for name in kind.fields if not equal(fields[name], kind.default(name))]
    found = ((name, rules.get(name, lost_field(name, _NO_RULE))) for name in stated)
    return tuple(part for name, rule in found for part in rule(fields[name], fields))


def unresolved_words(verdicts: Iterable[FieldVerdict]) -> tuple[str, ...]:
    """What the `reconciler:` block calls what is lost: a tool and its resources by the type, the rest by its path."""
    return tuple(dict.fromkeys(_word(each.path) for each in verdicts if each.verdict == "lost"))


def _word(path: Path) -> str:
    is_tool = len(path) == 2 and path[0] in _TOOLS and path[1] != "functions"
    return path[1] if is_tool else show(path)


def _with_placed(into: Mapping[str, Json], path: Path, value: Json) -> Data:
    """The mapping with a value at a path."""
    if len(path) == 1:
        return {**into, path[0]: value}
    inner = into.get(path[0])
    return {**into, path[0]: _with_placed(inner if isinstance(inner, dict) else {}, path[1:], value)}
