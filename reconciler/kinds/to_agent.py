"""What becomes of an assistant's fields as an agent, which stays an object on a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.canonical import Fields, Json
from reconciler.kinds.agent import MOST_TOOL_BYTES, size_of_tools
from reconciler.kinds.carrying import (
    Carried,
    FieldRule,
    changed,
    changed_field,
    kept_field,
    lost,
    lost_field,
    members,
    same,
)
from reconciler.kinds.fields import Data
from reconciler.paths import Path

_LONGEST_NAME: Final = 128
_NO_SAMPLING: Final = "agents have no sampling parameters; say in the instructions how the answers should be"
_BY_MCP: Final = "agents do not have this tool; offer what it does through an `mcp` server or a function"
_NO_STRICT: Final = "agents have no strict functions; check the arguments where the function is carried out"
_ONE_FORMAT: Final = "the format of an agent has only its schema"
_NOTHING_TO_PASS: Final[Json] = {"type": "object", "properties": {}}


def _name_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    length = len(str(value))
    if length <= _LONGEST_NAME:
        yield same(("name",), value)
    else:
        yield lost(("name",), f"agents take {_LONGEST_NAME} characters and this has {length}; shorten it")


def _tool_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    if not isinstance(value, dict):
        yield lost(("tools",), "this is not a list of tools; look for what it means at the vendor")
        return
    functions = members(value.get("functions"))
    parts = [part for name, body in functions.items() for part in _function_parts(name, members(body))]
    placed = {path[-1]: function for part in parts for path, function in part.placed.items()}
    size = size_of_tools({"functions": placed})
    if size > MOST_TOOL_BYTES:
        text = f"agents take {MOST_TOOL_BYTES:,} bytes of tools and these are {size:,}; shorten them"
        parts = [lost(("tools", "functions"), text)]
    for name in value:
        yield from parts if name == "functions" else [lost(("tools", name), _BY_MCP)]


def _function_parts(name: str, body: Mapping[str, Json]) -> Iterator[Carried]:
    path: Path = ("tools", "functions", name)
    needed: Data = {"description": "", "parameters": _NOTHING_TO_PASS}
    missing = " and ".join(f"`{each}`" for each in needed if each not in body)
    stated: Data = {each: body.get(each, empty) for each, empty in needed.items()}
    text = "one level higher, beside `type: function`"
    yield changed(path, f"{text}; agents require its {missing}, stated as empty" if missing else text, {path: stated})
    for each in (each for each in body if each not in needed):
        yield lost((*path, each), _NO_STRICT if each == "strict" else f"functions of agents have no `{each}`")


def _resource_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    text = "goes with its tool; the vector stores and files stay"
    if not isinstance(value, dict):
        yield lost(("tool_resources",), text)
    for name in members(value):
        yield lost(("tool_resources", name), text)


def _format_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    path: Path = ("response_format",)
    stated = members(members(value).get("json_schema"))
    match members(value).get("type"):
        case "json_schema" if "schema" in stated:
            text = "becomes `text: {format: {type: json_schema, schema: …}}`"
            into: Json = {"type": "json_schema", "schema": stated["schema"]}
            yield changed(path, text, {("text", "format"): into})
            yield from (lost((*path, "json_schema", each), _ONE_FORMAT) for each in stated if each != "schema")
        case "json_schema":
            yield lost(path, "the format of an agent is a schema, and this one states none")
        case "text":
            text = "becomes `text: {format: {type: text}}`, which is the default"
            yield changed(path, text)
        case _:
            yield lost(path, "agents have no JSON mode; state a schema under `text.format`")


TO_AGENT: Final[Mapping[str, FieldRule]] = {
    "model": kept_field("model"),
    "name": _name_parts,
    "description": lost_field(
        "description", "agents have no description; write it as a comment, or keep it in `metadata`"
    ),
    "instructions": changed_field(
        "instructions", "the server appends them to base instructions that every agent has", ("instructions",)
    ),
    "tools": _tool_parts,
    "tool_resources": _resource_parts,
    "metadata": kept_field("metadata"),
    "temperature": lost_field("temperature", _NO_SAMPLING),
    "top_p": lost_field("top_p", _NO_SAMPLING),
    "response_format": _format_parts,
    "reasoning_effort": changed_field("reasoning_effort", "becomes `reasoning: {effort: …}`", ("reasoning", "effort")),
}
"""The rule of each field of an assistant."""


def agent_path(path: Path) -> Path | None:
    """Where what an assistant has at a path is in an agent; None where it is nowhere."""
    match path:
        case ("reasoning_effort",):
            return ("reasoning", "effort")
        case ("response_format",) | ("response_format", "type"):
            return ("text", "format", *path[1:])
        case ("response_format", "json_schema", *_):
            within = path[3:] if path[2:3] == ("schema",) else None
            return ("text", "format", "schema", *within) if within is not None else None
        case (("model" | "name" | "instructions" | "metadata"), *_) | ("tools",) | ("tools", "functions"):
            return path
        case ("tools", "functions", _) | ("tools", "functions", _, ("description" | "parameters"), *_):
            return path
    return None
