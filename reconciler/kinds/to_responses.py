"""What becomes of an assistant's fields in a request to the Responses API, which is configuration that a program sends.

The request itself is made elsewhere, from the same body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from reconciler.canonical import Fields, Json
from reconciler.kinds.carrying import Carried, FieldRule, changed, changed_field, kept_field, lost, members
from reconciler.paths import Path

_NOT_KNOWN: Final = "this tool is not known here; look for its successor at the vendor"


def _tool_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    resources = members(fields["tool_resources"])
    for name, tool in members(value).items():
        path: Path = ("tools", name)
        if name == "functions":
            text = "one level higher, beside `type: function`; `parameters` and `strict` are stated"
            yield from (changed((*path, function), text) for function in members(tool))
        elif name == "file_search":
            yield changed(path, "has its `vector_store_ids` and options in the tool itself")
            if name not in resources:
                text = "a request must name its vector stores; those of a thread were the thread's"
                yield changed((*path, "vector_store_ids"), text)
        elif name == "code_interpreter":
            yield changed(path, "has its files in the tool: `container: {type: auto, file_ids: […]}`")
        else:
            yield lost(path, _NOT_KNOWN)


def _resource_parts(value: Json, fields: Fields) -> Iterator[Carried]:
    for name in members(value):
        known = name in ("file_search", "code_interpreter")
        path: Path = ("tool_resources", name)
        yield changed(path, "moves into the tool") if known else lost(path, _NOT_KNOWN)


TO_RESPONSES: Final[Mapping[str, FieldRule]] = {
    "model": kept_field("model"),
    "name": changed_field("name", "a request has no name; it becomes the name of its file"),
    "description": changed_field("description", "a request has no description; it becomes a comment"),
    "instructions": kept_field("instructions"),
    "tools": _tool_parts,
    "tool_resources": _resource_parts,
    "metadata": kept_field("metadata"),
    "temperature": kept_field("temperature"),
    "top_p": kept_field("top_p"),
    "response_format": changed_field("response_format", "becomes `text: {format: …}`, flatter"),
    "reasoning_effort": changed_field("reasoning_effort", "becomes `reasoning: {effort: …}`"),
}
"""The rule of each field of an assistant."""
