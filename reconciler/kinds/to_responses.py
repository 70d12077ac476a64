"""What becomes of an assistant's fields in a request to the Responses API, which is configuration that a program sends.

The request itself is made elsewhere, from the same body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.canonical import Fields, Json
from reconciler.kinds.carrying import Carried, FieldRule, changed, changed_field, kept_field, lost, members, same
from reconciler.kinds.requests import TOOLS
from reconciler.paths import Path

_NOT_KNOWN: Final = "this tool is not known here; look for its successor at the vendor"
_NO_STORE: Final = "a request must name its vector stores; it has no thread with its own"
_SEARCH: Final = "file_search"


def _tool_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    for name, tool in members(value).items():
        path: Path = ("tools", name)
        if name == "functions":
            text = "one level higher, beside `type: function`; `parameters` and `strict` are stated"
            yield from (changed((*path, function), text) for function in members(tool))
        elif name == _SEARCH and not _names_stores(fields):
            yield lost(path, _NO_STORE)
        elif name == _SEARCH:
            yield changed(path, "has its `vector_store_ids` and options in the tool itself")
        elif name == "code_interpreter":
            yield changed(path, "has its files in the tool: `container: {type: auto, file_ids: […]}`")
        else:
            yield same(path, tool) if name.partition("#")[0] in TOOLS else lost(path, _NOT_KNOWN)


def _resource_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    for name in members(value):
        is_placed = name == "code_interpreter" or (name == _SEARCH and _names_stores(fields))
        path: Path = ("tool_resources", name)
        yield changed(path, "moves into the tool") if is_placed else lost(path, "goes with its tool")


def _names_stores(fields: Fields) -> bool:
    return bool(members(members(fields["tool_resources"]).get(_SEARCH)).get("vector_store_ids"))


def _format_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    stated = members(value).get("json_schema")
    if isinstance(stated, dict) and not isinstance(stated.get("schema"), dict):
        yield lost(("response_format",), "a request must state the schema of its format; state one")
    else:
        yield changed(("response_format",), "becomes `text: {format: …}`, one level higher")


TO_RESPONSES: Final[Mapping[str, FieldRule]] = {
    "model": kept_field("model"),
    "name": changed_field("name", "a request has no name; the index beside the requests keeps it"),
    "description": changed_field("description", "a request has no description; the index beside the requests keeps it"),
    "instructions": kept_field("instructions"),
    "tools": _tool_parts,
    "tool_resources": _resource_parts,
    "metadata": kept_field("metadata"),
    "temperature": kept_field("temperature"),
    "top_p": kept_field("top_p"),
    "response_format": _format_parts,
    "reasoning_effort": changed_field("reasoning_effort", "becomes `reasoning: {effort: …}`"),
}
"""The rule of each field of an assistant."""
