"""What becomes of an agent's fields as an assistant; nothing is carried there yet, so that only the verdicts count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.canonical import Fields, Json
from reconciler.kinds.carrying import Carried, FieldRule, changed, kept_field, lost, lost_field, members
from reconciler.paths import Path

_LONGEST_PROMPT: Final = 256_000
_MOST_TOOLS: Final = 128
_LONGEST_FUNCTION: Final = 64
_BY_FUNCTION: Final = "assistants do not have this tool; offer what it does through a function"


def _prompt_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    length = len(str(value))
    if length <= _LONGEST_PROMPT:
        yield changed(("instructions",), "assistants have no base instructions; state what those did")
    else:
        text = f"assistants take {_LONGEST_PROMPT:,} characters and this has {length:,}; shorten it"
        yield lost(("instructions",), text)


def _tool_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    functions = members(members(value).get("functions"))
    if len(functions) > _MOST_TOOLS:
        text = f"assistants take {_MOST_TOOLS} tools and these are {len(functions)} functions; drop some"
        yield lost(("tools",), text)
    for name, tool in members(value).items():
        if name == "functions":
            for function, body in functions.items():
                yield from _function_parts(("tools", name, function), members(body))
        elif name == "mcp":
            yield from (lost(("tools", name, label), _BY_FUNCTION) for label in members(tool))
        else:
            yield lost(("tools", name), _BY_FUNCTION)


def _function_parts(path: Path, body: Mapping[str, Json]) -> Iterator[Carried]:
    length = len(path[-1])
    if length <= _LONGEST_FUNCTION:
        yield changed(path, "one level deeper, under `function:`")
    else:
        text = f"names of functions have {_LONGEST_FUNCTION} characters at most and this has {length}; shorten it"
        yield lost(path, text)
    for name in ("defer_loading", "async"):
        if name in body:
            yield lost((*path, name), f"functions of assistants have no `{name}`; leave it out")


def _reasoning_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    for name in members(value):
        if name == "effort":
            yield changed(("reasoning", name), "becomes `reasoning_effort: …`")
        else:
            yield lost(("reasoning", name), "assistants show no summary of their reasoning")


def _answer_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    for name in members(value):
        if name == "format":
            text = "becomes `response_format: {type: json_schema, json_schema: {name: …, schema: …}}`; choose the name"
            yield changed(("text", name), text)
        else:
            text = "assistants have no such setting; say in the instructions how long answers should be"
            yield lost(("text", name), text)


TO_ASSISTANT: Final[Mapping[str, FieldRule]] = {
    "model": kept_field("model"),
    "name": kept_field("name"),
    "instructions": _prompt_parts,
    "tools": _tool_parts,
    "metadata": kept_field("metadata"),
    "reasoning": _reasoning_parts,
    "text": _answer_parts,
    "service_tier": lost_field("service_tier", "assistants have no service tier; leave it out"),
    "multi_agent": lost_field("multi_agent", "assistants have no subagents; leave it out"),
    "compaction": lost_field("compaction", "each run of an assistant states how its thread is truncated"),
    "experimental": lost_field("experimental", "assistants have nothing like it; leave it out"),
}
"""The rule of each field of an agent."""
